"""How is the machine used: device and precision, deterministic operators, and memory that must suffice."""

import ctypes
import os
import warnings
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import torch
from torch import nn

from mvi_core.checks import expect_choice
from mvi_core.errors import MviError, MviWarning
from mvi_core.model.backbone import backbone
from mvi_core.names import N_SLICES

M_TRIM_THRESHOLD, M_MMAP_THRESHOLD = -1, -3  # glibc, malloc.h
KEPT_BYTES = 1 << 30
PRECISIONS = ("float32", "tf32", "bf16")
REMEDY = "Lower training.batch_patients, network.roi_px, network.width or network.blocks."
ACTIVATION_BYTES = 2 * 4 * 1.5  # each convolution's output and its normalised copy in float32; workspace, measured
UPDATE_BYTES = 4 * 4  # weight, gradient and two moments


@contextmanager
def reproducible():
    """Run on one thread with deterministic operators, then as before.

    Sums in another number of parts round differently, so that one thread is part of a bit-identical result;
    several trainings side by side use more cores. Large memory blocks stay with the process from then on, which
    changes no result. A GPU that lacks a deterministic operator warns instead of stopping.
    """
    if hasattr(libc := ctypes.CDLL(None), "mallopt"):  # saves page faults, about a quarter of a step
        libc.mallopt(M_TRIM_THRESHOLD, KEPT_BYTES)
        libc.mallopt(M_MMAP_THRESHOLD, KEPT_BYTES)
    threads, strict = torch.get_num_threads(), torch.are_deterministic_algorithms_enabled()
    fill = torch.utils.deterministic.fill_uninitialized_memory
    torch.set_num_threads(1)
    torch.use_deterministic_algorithms(True, warn_only=torch.cuda.is_available())
    torch.utils.deterministic.fill_uninitialized_memory = False  # a safety net against reading it, at 5 % of a step
    try:
        yield
    finally:
        torch.set_num_threads(threads)
        torch.use_deterministic_algorithms(strict)
        torch.utils.deterministic.fill_uninitialized_memory = fill


def torch_device(name):
    """Device by its name in the settings, ``"cpu"`` or ``"cuda"``; one that is not there is refused."""
    if expect_choice("device", name, ("cpu", "cuda")) == "cpu":
        return torch.device("cpu")
    if not torch.cuda.is_available():
        raise MviError("device must be usable here, got cuda, but torch sees no GPU. Set training.device to cpu.")
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")  # asked for by the deterministic matrix product
    return torch.device("cuda", int(os.environ.get("LOCAL_RANK", "0")))


def device_name(device):
    """Name of a GPU, for the record; None for the processor, which the record names by itself."""
    return torch.cuda.get_device_name(device) if device.type == "cuda" else None


@contextmanager
def arithmetic(device, precision):
    """Compute in one of `PRECISIONS` inside; float32 means float32 on a GPU too.

    Bf16 warns: in training mode the gradient of the paper's network at its first step had cosine 0.77 (one patient)
    and 0.64 (eight) with that in float64, at 64 px, where float32 had 0.9998.
    """
    if expect_choice("precision", precision, PRECISIONS) == "tf32" and device.type == "cpu":
        raise MviError("precision tf32 is for device cuda, got device cpu. Set training.precision to float32.")
    if precision == "bf16":
        warnings.warn(
            "bf16 turns the gradient far from that in float64 (cosine 0.6 to 0.8 at the first step). Compare results "
            "over several seeds with float32 before trusting it.", MviWarning, 2,
        )  # fmt: skip
    places = (torch.backends.cudnn.conv, torch.backends.cuda.matmul)
    before = [place.fp32_precision for place in places]
    for place in places:
        place.fp32_precision = "ieee" if precision == "float32" else "tf32"
    try:
        with torch.autocast(device.type, torch.bfloat16, enabled=precision == "bf16"):
            yield
    finally:
        for place, value in zip(places, before, strict=True):
            place.fp32_precision = value


@contextmanager
def enough_memory():
    """Turn a failed allocation into a sentence that says which setting to lower."""
    try:
        yield
    except (MemoryError, RuntimeError) as problem:
        if isinstance(problem, MemoryError | torch.OutOfMemoryError) or "allocate memory" in str(problem):
            raise MviError(f"Memory ran out in a training step, got none for the next tensor. {REMEDY}") from problem
        raise


def expect_memory(network, n_patients):
    """Refuse steps of so many patients, before the first, if they will not fit into the free memory."""
    device = network.roi_mean.device
    need, free = step_bytes(network, n_patients * network.n_sequences * N_SLICES), _free_bytes(device)
    if need > free:
        raise MviError(
            f"A training step of {n_patients} patient(s) needs about {need / 2**30:.1f} GiB, got "
            f"{free / 2**30:.1f} GiB free on {device}. {REMEDY}"
        )


def step_bytes(network, n_images):
    """Memory of a training step in bytes, about: what backward needs of each image, and four numbers a parameter."""
    outputs = []
    with torch.device("meta"):  # shapes without arithmetic
        twin = backbone(network.settings).eval()
        for module in twin.modules():
            if isinstance(module, nn.Conv2d):
                module.register_forward_hook(lambda module, inputs, output: outputs.append(output.numel()))
        twin(torch.empty(1, network.settings.input_channels, network.roi_px, network.roi_px))
    parameters = sum(parameter.numel() for parameter in network.parameters())
    return n_images * sum(outputs) * ACTIVATION_BYTES + parameters * UPDATE_BYTES


def one_ahead(items):
    """Items of an iterable, each made in a thread of its own while the one before is in use."""
    items = iter(items)
    with ThreadPoolExecutor(1) as thread:
        coming = thread.submit(next, items, None)
        while (item := coming.result()) is not None:
            coming = thread.submit(next, items, None)
            yield item


def _free_bytes(device):
    if device.type == "cuda":
        return torch.cuda.mem_get_info(device)[0]
    rows = Path("/proc/meminfo").read_text().splitlines() if Path("/proc/meminfo").exists() else ["MemAvailable 1e12"]
    return float(next(row for row in rows if row.startswith("MemAvailable")).split()[1]) * 1024

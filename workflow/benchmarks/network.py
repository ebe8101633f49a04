"""How fast is a training step, and how much memory does it take, beside the loop over all 27 slice combinations."""

import json
import os
import resource
import subprocess
import sys
import tempfile
from contextlib import nullcontext
from itertools import product
from pathlib import Path
from statistics import median

import numpy as np
import pandas as pd
import torch
from benchmarks.timing import cpu_seconds, line
from torch.nn import functional
from torch.utils.flop_counter import FlopCounterMode

from mvi_core.dataset.torch_dataset import roi_dataset
from mvi_core.model.cross_fit import ModelSettings, fit_network
from mvi_core.model.machine import reproducible
from mvi_core.model.network import MviNet, slice_combinations
from mvi_core.model.schedule import TrainSettings, make_optimiser
from mvi_core.model.training import combination_loss
from mvi_core.names import N_SLICES, PAPER_SEQUENCES, SEQUENCES

STEPS = 3  # timed in each process after the first
GEMM = 2048  # rows and columns of the matrix product that states the machine's rate
LIMIT_MIB = 4096  # of a full-size epoch of one patient
PLAIN_MIB = 2300  # memory of the plain loop at 96 px; it grows with the number of pixels and of combinations


def training_step(roi_px, *, rounds=2, n_combinations=27):
    """One patient, three sequences, the paper's network: forward, backward and update; each way in its own process."""
    share = n_combinations / 27
    needed = PLAIN_MIB * (roi_px / 96) ** 2 * share
    if _free_mib() < needed:
        return [f"training step, {roi_px} px: left out, because the plain loop needs {needed:.0f} MiB of free memory"]
    difference = _gradient_difference()
    assert difference < 1e-9, difference
    found = [[_in_process(way, roi_px, n_combinations) for way in ("plain", "shared")] for _ in range(rounds)]
    pairs = [pair for plain, shared in found for pair in zip(plain["seconds"], shared["seconds"], strict=True)]
    ratios = [slow / share / fast for slow, fast in pairs]
    memory = [plain["peak_mib"] / share / shared["peak_mib"] for plain, shared in found]
    rates = [rate for _, shared in found for rate in shared["gflops"]]
    shares = [share for _, shared in found for share in shared["shares"]]
    scaled = "" if share == 1 else f", {n_combinations} of 27 combinations, scaled up"
    about = f"plain loop{scaled}: 81 evaluations of the whole backbone; gradient within {difference:.0e} in float64"
    peak = f"plain loop{scaled}; ours {found[0][1]['peak_mib']:.0f} MiB above the start of the step"
    return [
        line(f"training step, {roi_px} px", ratios, "x", about),
        line(f"peak memory of it, {roi_px} px", memory, "x", peak),
        line(f"its arithmetic, {roi_px} px", shares, "%", _about_rate(rates)),
    ]


def full_size_epoch():
    """Train the paper's network for one epoch on one patient, three sequences at 320 px, in a process of its own."""
    found = _in_process("epoch", 320, 27)
    assert found["peak_mib"] < LIMIT_MIB, found
    about = f"largest memory of the whole process; allowed {LIMIT_MIB} MiB; {found['seconds'][0]:.0f} s of CPU time"
    return [line("one patient, one epoch, 320 px", [found["peak_mib"]], "MiB", about)]


def _about_rate(rates):
    return (
        f"forward and backward reach {median(rates):.0f} GFLOP/s in float32, as a share of a matrix product of "
        f"{GEMM} x {GEMM} in the same process and thread"
    )


def _epoch():
    """One epoch as a study runs it: dataset, draws, checkpoint and all."""
    draw = np.random.default_rng(1)
    patients = pd.DataFrame({"patient_id": ["P1"], "enrolment": ["2015"], "mvi_grade": ["M1"]})
    places = product(patients.patient_id, map(str, SEQUENCES), range(N_SLICES))
    index = pd.DataFrame(places, columns=["patient_id", "sequence", "slice_index"])
    index = index.assign(row0=0, row1=100, col0=0, col1=100)
    rois = draw.normal(size=(1, len(SEQUENCES), N_SLICES, 320, 320)).astype(np.float16)
    dataset = roi_dataset(rois, index, patients, sequences=PAPER_SEQUENCES)
    settings = ModelSettings(training=TrainSettings(epochs=1))
    with tempfile.TemporaryDirectory() as folder:
        batches = dataset.training_batches(seed=1, batch_patients=1)
        seconds = cpu_seconds(lambda: fit_network(batches, settings=settings, seed=1, checkpoints=Path(folder)))
    return {"seconds": [seconds], "peak_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024}


def _gradient_difference():
    """Relative difference of the two ways' gradients: the whole network in float64, on small images."""
    gradients = []
    for way in ("plain", "shared"):
        network, rois, grade = _patient(32)
        network.double()
        _loss(way, network, rois.double(), grade, 27).backward()
        gradients.append(torch.cat([parameter.grad.flatten() for parameter in network.parameters()]))
    return float((gradients[0] - gradients[1]).norm() / gradients[0].norm())


def _in_process(way, roi_px, n_combinations):
    words = [sys.executable, __file__, way, str(roi_px), str(n_combinations)]
    path = os.environ | {"PYTHONPATH": str(Path(__file__).parents[1])}
    return json.loads(subprocess.run(words, stdout=subprocess.PIPE, check=True, env=path).stdout)


def _measure(way, roi_px, n_combinations):
    """Steps of one way in this process: CPU seconds of all but the first, and memory above the start in MiB."""
    torch.set_num_threads(1)
    if way == "epoch":
        return _epoch()
    network, rois, grade = _patient(roi_px)
    if way == "plain":
        network.to(memory_format=torch.contiguous_format)
    optimiser = make_optimiser(network.parameters(), TrainSettings())

    def gradient():
        optimiser.zero_grad()
        _loss(way, network, rois, grade, n_combinations).backward()

    def step():
        gradient()
        optimiser.step()

    with reproducible() if way == "shared" else nullcontext():
        Path("/proc/self/clear_refs").write_text("5")  # Linux: forget the largest memory so far
        before = _status("VmRSS")
        step()
        seconds = [cpu_seconds(step) for _ in range(STEPS)]
        found = {"seconds": seconds, "peak_mib": (_status("VmHWM") - before) / 1024}
        return found | (_rates(gradient) if way == "shared" else {})


def _rates(gradient):
    """GFLOP/s of forward and backward, and their share of the matrix product's beside it, in percent."""
    with FlopCounterMode(display=False) as counter:
        gradient()
    operations = counter.get_total_flops() / 1e9
    square = torch.randn(GEMM, GEMM)
    pairs = [(cpu_seconds(gradient), cpu_seconds(lambda: square @ square)) for _ in range(2 * STEPS)]
    gflops = [operations / ours for ours, _ in pairs]
    product_rates = [2 * GEMM**3 / 1e9 / theirs for _, theirs in pairs]
    return {"gflops": gflops, "shares": [100 * a / b for a, b in zip(gflops, product_rates, strict=True)]}


def _patient(roi_px):
    draw = torch.Generator().manual_seed(1)
    network = MviNet(3, roi_px, generator=draw)
    return network, torch.randn(1, 3, 3, roi_px, roi_px, generator=draw), torch.tensor([1])


def _loss(way, network, rois, grade, n_combinations):
    if way == "shared":
        return combination_loss(network(rois), grade)
    chosen = slice_combinations(3)[:n_combinations]  # (C, 3)
    branches = [rois[0, s, chosen[:, s]].unsqueeze(1) for s in range(3)]  # 3 times (C, 1, H, W)
    features = network.backbone(torch.cat(branches)).chunk(3)  # in one pass, so that batch statistics are the same
    return functional.cross_entropy(network.classifier(torch.cat(features, dim=1)), grade.repeat(len(chosen)))


def _free_mib():
    rows = Path("/proc/meminfo").read_text().splitlines()
    return int(next(row for row in rows if row.startswith("MemAvailable")).split()[1]) / 1024


def _status(key):
    """Memory of this process in KiB: ``VmRSS`` now, ``VmHWM`` at its largest."""
    rows = Path("/proc/self/status").read_text().splitlines()
    return int(next(row for row in rows if row.startswith(key)).split()[1])


if __name__ == "__main__":
    print(json.dumps(_measure(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))))

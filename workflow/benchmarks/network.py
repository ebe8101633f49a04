"""How fast is a training step, and how much memory does it take, beside the loop over all 27 slice combinations."""

import json
import os
import subprocess
import sys
from contextlib import nullcontext
from pathlib import Path

import torch
from benchmarks.timing import cpu_seconds, line
from torch.nn import functional

from mvi_core.model.machine import reproducible
from mvi_core.model.network import MviNet, slice_combinations
from mvi_core.model.schedule import TrainSettings, make_optimiser
from mvi_core.model.training import combination_loss

STEPS = 2  # timed in each process after the first
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
    scaled = "" if share == 1 else f", {n_combinations} of 27 combinations, scaled up"
    about = f"plain loop{scaled}: 81 evaluations of the whole backbone; gradient within {difference:.0e} in float64"
    peak = f"plain loop{scaled}; ours {found[0][1]['peak_mib']:.0f} MiB above the start of the step"
    return [
        line(f"training step, {roi_px} px", ratios, "x", about),
        line(f"peak memory of it, {roi_px} px", memory, "x", peak),
    ]


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
    network, rois, grade = _patient(roi_px)
    if way == "plain":
        network.to(memory_format=torch.contiguous_format)
    optimiser = make_optimiser(network.parameters(), TrainSettings())

    def step():
        optimiser.zero_grad()
        _loss(way, network, rois, grade, n_combinations).backward()
        optimiser.step()

    with reproducible() if way == "shared" else nullcontext():
        Path("/proc/self/clear_refs").write_text("5")  # Linux: forget the largest memory so far
        before = _status("VmRSS")
        step()
        seconds = [cpu_seconds(step) for _ in range(STEPS)]
    return {"seconds": seconds, "peak_mib": (_status("VmHWM") - before) / 1024}


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

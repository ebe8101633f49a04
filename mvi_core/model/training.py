"""How are the weights found: one reproducible, resumable loop over epochs, its loss over all slice combinations."""

import ctypes
import math
import time
from contextlib import contextmanager
from dataclasses import asdict, dataclass

import pandas as pd
import torch
from torch.nn import functional

from mvi_core.errors import ConvergenceError, MviError
from mvi_core.model.checkpoint import load_training, save_training

START_DIVISOR = 25  # one-cycle: first rate is the largest divided by this
WARM_UP = 0.3  # one-cycle: share of the steps with a rising rate
MOMENTUM = 0.9  # of the stochastic gradient descent alternative
M_TRIM_THRESHOLD, M_MMAP_THRESHOLD = -1, -3  # glibc, malloc.h
KEPT_BYTES = 1 << 30


@dataclass(frozen=True)
class TrainSettings:
    """How a network is trained; the paper states none of these.

    Parameters
    ----------
    epochs : int
    batch_patients : int
        Largest number of patients a step; each brings all its slices.
    learning_rate : float
        The largest of the schedule.
    optimiser : str
        ``"adamw"`` or ``"sgd"``.
    weight_decay : float
    schedule : str
        ``"one_cycle"``, ``"cosine"`` or ``"constant"``.
    """

    epochs: int = 14
    batch_patients: int = 8
    learning_rate: float = 0.003
    optimiser: str = "adamw"
    weight_decay: float = 0.01
    schedule: str = "one_cycle"


def combination_loss(logits, grades):
    """Mean cross-entropy over patients and slice combinations; a patient's grade labels all of them.

    Parameters
    ----------
    logits : torch.Tensor, shape (B, C, K)
    grades : torch.Tensor of int64, shape (B,)

    Returns
    -------
    torch.Tensor
        A scalar.

    Examples
    --------
    >>> round(combination_loss(torch.zeros(2, 27, 3), torch.tensor([0, 2])).item(), 4)  # log 3
    1.0986
    """
    n_combinations = logits.shape[1]
    return functional.cross_entropy(logits.flatten(0, 1), grades.repeat_interleave(n_combinations))


def learning_rate(step, n_steps, settings):
    """Rate of one step.

    Parameters
    ----------
    step, n_steps : int
        Steps count from 0.
    settings : TrainSettings

    Returns
    -------
    float

    Examples
    --------
    >>> settings = TrainSettings(learning_rate=1.0, schedule="cosine")
    >>> [round(learning_rate(step, 4, settings), 2) for step in range(4)]
    [1.0, 0.85, 0.5, 0.15]
    """
    peak, done = settings.learning_rate, step / n_steps
    if settings.schedule == "constant":
        return peak
    if settings.schedule == "cosine":
        return peak * (1 + math.cos(math.pi * done)) / 2
    if settings.schedule == "one_cycle":
        if done < WARM_UP:
            low = peak / START_DIVISOR
            return low + (peak - low) * (1 - math.cos(math.pi * done / WARM_UP)) / 2
        return peak * (1 + math.cos(math.pi * (done - WARM_UP) / (1 - WARM_UP))) / 2
    raise MviError(f"schedule must be one_cycle, cosine or constant, got {settings.schedule}. Correct the setting.")


def train(network, batches, *, settings, checkpoint=None, progress=None):
    """Train a network in place; the same batches and weights give bit-identical results on one machine.

    Parameters
    ----------
    network : MviNet
        Its weights are the start, unless a checkpoint is there.
    batches : object
        ``len(batches)`` steps an epoch; ``batches.epoch(k)`` yields patients, ROIs (B, S, N, H, W) and grades
        (B,); ``batches.fingerprint()`` tells data apart. See `dataset.torch_dataset.TrainingBatches`.
    settings : TrainSettings
    checkpoint : str or pathlib.Path, optional
        Written after every epoch; if it exists, training goes on after its last epoch.
    progress : callable, optional
        Called after every epoch with epoch (from 1), number of epochs, loss, seconds left.

    Returns
    -------
    pandas.DataFrame
        Columns ``epoch``, ``loss`` (mean over its steps), ``learning_rate`` (of the last step).

    Raises
    ------
    ConvergenceError
        If the loss is no longer finite.
    ManifestError
        If the checkpoint was made from other data or settings.
    """
    optimiser = _optimiser(network, settings)
    origin = {"data": batches.fingerprint(), "training": asdict(settings), "network": repr(network.settings)}
    history = load_training(checkpoint, network, optimiser, origin=origin) if checkpoint else []
    with _reproducible():
        for epoch in range(len(history), settings.epochs):
            started = time.perf_counter()
            rate, loss = _epoch(network, optimiser, batches, epoch, settings)
            history.append({"epoch": epoch + 1, "loss": loss, "learning_rate": rate})
            if checkpoint:
                save_training(checkpoint, network, optimiser, origin=origin, history=history)
            if progress:
                left = (time.perf_counter() - started) * (settings.epochs - epoch - 1)
                progress(epoch + 1, settings.epochs, loss, left)
    network.eval()
    return pd.DataFrame(history)


def _epoch(network, optimiser, batches, epoch, settings):
    network.train()
    losses, n_steps = [], len(batches) * settings.epochs
    for number, (patients, rois, grades) in enumerate(batches.epoch(epoch)):
        rate = learning_rate(epoch * len(batches) + number, n_steps, settings)
        for group in optimiser.param_groups:
            group["lr"] = rate
        loss = combination_loss(network(rois), grades)
        if not torch.isfinite(loss):
            raise ConvergenceError(
                f"Training loss must stay finite, got {loss.item()} in epoch {epoch + 1} with patients "
                f"{', '.join(patients)}. Lower learning_rate (now {settings.learning_rate:g}) or look at their ROIs."
            )
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        losses.append(loss.item())
    return rate, math.fsum(losses) / len(losses)


def _optimiser(network, settings):
    if settings.optimiser == "adamw":
        return torch.optim.AdamW(network.parameters(), weight_decay=settings.weight_decay)
    if settings.optimiser == "sgd":
        return torch.optim.SGD(network.parameters(), momentum=MOMENTUM, weight_decay=settings.weight_decay)
    raise MviError(f"optimiser must be adamw or sgd, got {settings.optimiser}. Correct the setting.")


@contextmanager
def _reproducible():
    """Run on one thread with deterministic operators, then as before; large memory blocks are kept for reuse."""
    if hasattr(libc := ctypes.CDLL(None), "mallopt"):  # saves page faults, about a quarter of a step
        libc.mallopt(M_TRIM_THRESHOLD, KEPT_BYTES)
        libc.mallopt(M_MMAP_THRESHOLD, KEPT_BYTES)
    threads, strict = torch.get_num_threads(), torch.are_deterministic_algorithms_enabled()
    torch.set_num_threads(1)
    torch.use_deterministic_algorithms(True)
    try:
        yield
    finally:
        torch.set_num_threads(threads)
        torch.use_deterministic_algorithms(strict)

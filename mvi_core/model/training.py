"""How are the weights found: one reproducible, resumable loop over epochs, its loss over all slice combinations."""

import hashlib
import math
import time

import pandas as pd
import torch
from torch.nn import functional

from mvi_core.errors import ConvergenceError
from mvi_core.model.checkpoint import load_training, save_training
from mvi_core.model.machine import arithmetic, enough_memory, expect_memory, one_ahead, reproducible
from mvi_core.model.network import choose_combinations
from mvi_core.model.parallel import expect_same, mean_over_processes, share, spread
from mvi_core.model.schedule import class_weights, learning_rate, make_optimiser


def combination_loss(logits, grades, weights=None):
    """Mean cross-entropy over patients and slice combinations, of logits (B, C, K), and grades (B,) that label them.

    ``weights`` (K,) are those of the grades; the mean is then a weighted one.

    Examples
    --------
    >>> round(combination_loss(torch.zeros(2, 27, 3), torch.tensor([0, 2])).item(), 4)  # log 3
    1.0986
    """
    n_combinations = logits.shape[1]
    return functional.cross_entropy(logits.flatten(0, 1), grades.repeat_interleave(n_combinations), weight=weights)


def train(network, batches, *, settings, checkpoint=None, progress=None):
    """Train a network in place; the same batches and weights give bit-identical results on one machine.

    ``len(batches)`` is the number of steps an epoch; ``batches.epoch(k)`` yields patients, ROIs (B, S, N, H, W) and
    grades (B,); ``batches.grades`` are those of all training patients, ``batches.fingerprint()`` tells data apart. See
    `dataset.torch_dataset.TrainingBatches`. A checkpoint is written after every epoch, and training goes on from one
    that is there; ``progress`` is called after every epoch with epoch (from 1), number of epochs, loss, seconds left.

    Columns ``epoch``, ``loss`` (mean over its steps), ``learning_rate`` (of the last step). A `ConvergenceError` says
    if the loss is no longer finite, a `ManifestError` if the checkpoint was made from other data or settings.
    """
    optimiser = make_optimiser(network.parameters(), settings)
    origin = training_origin(network, batches, settings)
    history = load_training(checkpoint, network, optimiser, origin=origin) if checkpoint else []
    expect_same("The number of finished epochs", len(history))
    expect_memory(network, math.ceil(len(batches.grades) / len(batches) / share()[1]))
    several, alone = spread(network), share()[0] == 0
    with reproducible(), arithmetic(network.roi_mean.device, settings.precision), enough_memory():
        for epoch in range(len(history), settings.epochs):
            started = time.perf_counter()
            rate, loss = _epoch(several, optimiser, batches, epoch, settings)
            history.append({"epoch": epoch + 1, "loss": loss, "learning_rate": rate})
            if checkpoint and alone:
                save_training(checkpoint, network, optimiser, origin=origin, history=history)
            if progress and alone:
                left = (time.perf_counter() - started) * (settings.epochs - epoch - 1)
                progress(epoch + 1, settings.epochs, loss, left)
    network.eval()
    return pd.DataFrame(history, columns=["epoch", "loss", "learning_rate"])


def training_origin(network, batches, settings):
    """Tell what a training is made from, by name; equal origins end in equal weights on one machine."""
    first = torch.cat([parameter.detach().flatten() for parameter in network.parameters()]).cpu()
    weights = hashlib.sha256(first.numpy().data).hexdigest()
    shape = repr((network.n_sequences, network.roi_px, network.settings))
    return {"data": batches.fingerprint(), "network": shape, "settings": repr(settings), "first weights": weights}


def _epoch(network, optimiser, batches, epoch, settings):
    network.train()
    losses, n_steps = [], len(batches) * settings.epochs
    made = batches.epoch(epoch)
    for number, (patients, rois, grades) in enumerate(one_ahead(made) if settings.device == "cuda" else made):
        step = epoch * len(batches) + number
        rate = learning_rate(step, n_steps, settings)
        for group in optimiser.param_groups:
            group["lr"] = rate
        part, loss = _loss(network, rois, grades, class_weights(batches.grades, settings.class_weights), step)
        if not torch.isfinite(loss):
            raise ConvergenceError(
                f"Training loss must stay finite, got {loss.item()} in epoch {epoch + 1} with patients "
                f"{', '.join(patients)}. Lower learning_rate (now {settings.learning_rate:g}) or look at their ROIs."
            )
        optimiser.zero_grad()
        part.backward()
        optimiser.step()
        losses.append(loss.item())
    return rate, math.fsum(losses) / len(losses)


def _loss(network, rois, grades, weights, step):
    """Loss to go back from, and its value over all processes."""
    logits = network(rois, choose_combinations(*rois.shape[1:3], seed=step))
    logits = logits.float() if logits.dtype == torch.bfloat16 else logits
    weights = None if weights is None else weights.to(logits)
    mine = combination_loss(logits, grades, weights)
    return mean_over_processes(mine, mine.new_tensor(len(grades)) if weights is None else weights[grades].sum())

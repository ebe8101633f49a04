"""How far does each step go: the training settings, the optimiser, and the learning rate over the steps."""

import math
from dataclasses import dataclass

import torch

from mvi_core.checks import expect_choice
from mvi_core.names import GRADES

START_DIVISOR = 25  # one-cycle: first rate is the largest divided by this
WARM_UP = 0.3  # one-cycle: share of the steps with a rising rate
N_GRADES = len(GRADES)
MOMENTUM = 0.9  # of the stochastic gradient descent alternative


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
    class_weights : str
        Weight of a patient in the loss: ``"none"``, or ``"balanced"``, in inverse proportion to the patients of the
        same grade.
    sampling : str
        Patients of an epoch: ``"plain"``, each once, or ``"balanced"``, as many of each grade; see
        `dataset.torch_dataset.TrainingBatches`.
    device : str
        ``"cpu"`` or ``"cuda"``.
    precision : str
        ``"float32"``; ``"tf32"`` on a GPU; ``"bf16"``, see `machine.arithmetic`.
    """

    epochs: int = 14
    batch_patients: int = 8
    learning_rate: float = 0.003
    optimiser: str = "adamw"
    weight_decay: float = 0.01
    schedule: str = "one_cycle"
    class_weights: str = "none"
    sampling: str = "plain"
    device: str = "cpu"
    precision: str = "float32"


def make_optimiser(parameters, settings):
    """Build the optimiser of the settings; its rate is set at every step."""
    if expect_choice("optimiser", settings.optimiser, ("adamw", "sgd")) == "adamw":
        return torch.optim.AdamW(parameters, weight_decay=settings.weight_decay, fused=True)
    return torch.optim.SGD(parameters, momentum=MOMENTUM, weight_decay=settings.weight_decay)


def learning_rate(step, n_steps, settings):
    """Rate of one of ``n_steps`` steps, which count from 0.

    Examples
    --------
    >>> settings = TrainSettings(learning_rate=1.0, schedule="cosine")
    >>> [round(learning_rate(step, 4, settings), 2) for step in range(4)]
    [1.0, 0.85, 0.5, 0.15]
    """
    expect_choice("schedule", settings.schedule, ("one_cycle", "cosine", "constant"))
    peak, done = settings.learning_rate, step / n_steps
    if settings.schedule == "constant":
        return peak
    if settings.schedule == "cosine":
        return peak * (1 + math.cos(math.pi * done)) / 2
    if done < WARM_UP:
        low = peak / START_DIVISOR
        return low + (peak - low) * (1 - math.cos(math.pi * done / WARM_UP)) / 2
    return peak * (1 + math.cos(math.pi * (done - WARM_UP) / (1 - WARM_UP))) / 2


def class_weights(grades, choice, n_grades=N_GRADES):
    """Weight of each grade in the loss, with mean 1 over the patients; None where there are none to weigh.

    Examples
    --------
    >>> class_weights(torch.tensor([0, 0, 0, 1]), "balanced", 2).tolist()
    [0.6666666865348816, 2.0]
    """
    if expect_choice("class_weights", choice, ("none", "balanced")) == "none":
        return None
    counts = torch.bincount(grades, minlength=n_grades)
    return torch.where(counts > 0, len(grades) / ((counts > 0).sum() * counts.clamp_min(1)), 0.0)

"""How far does each step go: the training settings, the optimiser, and the learning rate over the steps."""

import math
from dataclasses import dataclass

import torch

from mvi_core.errors import MviError

START_DIVISOR = 25  # one-cycle: first rate is the largest divided by this
WARM_UP = 0.3  # one-cycle: share of the steps with a rising rate
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
    """

    epochs: int = 14
    batch_patients: int = 8
    learning_rate: float = 0.003
    optimiser: str = "adamw"
    weight_decay: float = 0.01
    schedule: str = "one_cycle"


def make_optimiser(parameters, settings):
    """Build the optimiser of the settings; its rate is set at every step.

    Parameters
    ----------
    parameters : iterable of torch.nn.Parameter
    settings : TrainSettings

    Returns
    -------
    torch.optim.Optimizer

    Raises
    ------
    MviError
        If the optimiser is unknown.
    """
    if settings.optimiser == "adamw":
        return torch.optim.AdamW(parameters, weight_decay=settings.weight_decay, fused=True)
    if settings.optimiser == "sgd":
        return torch.optim.SGD(parameters, momentum=MOMENTUM, weight_decay=settings.weight_decay)
    raise MviError(f"optimiser must be adamw or sgd, got {settings.optimiser}. Correct the setting.")


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

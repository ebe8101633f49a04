"""What stands on the sheet of a nomogram: its scales, as numbers that any program can draw."""

from dataclasses import dataclass

import numpy as np
from scipy.special import logit

from mvi_core.errors import MviError
from mvi_core.stats.logistic import INTERCEPT

MAX_POINTS = 100.0  # of the predictor with the widest span; paper, Fig. 4A
RISK_TICKS = (0.01, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99)


@dataclass(frozen=True, eq=False)
class Axis:
    """Scale of one predictor.

    Attributes
    ----------
    variable : str
        Predictor, or factor made of several columns.
    ticks : tuple
        Displayed values, lowest first, or the levels of a factor.
    log_odds : tuple of float
        Contribution to the log odds at each tick.
    points : tuple of float
        Points at each tick, from 0.
    coefficient : float or None
        Log odds per unit; None for a factor, which has its ticks only.
    """

    variable: str
    ticks: tuple
    log_odds: tuple
    points: tuple
    coefficient: float | None


@dataclass(frozen=True, eq=False)
class Nomogram:
    """All scales of a nomogram.

    Attributes
    ----------
    axes : tuple of Axis
        One scale per predictor.
    intercept : float
        Intercept of the model.
    points_per_unit : float
        Points per unit of log odds.
    log_odds_at_zero : float
        Log odds of a patient with zero points.
    total_ticks : tuple of float
        Displayed total points.
    risk_ticks : tuple of tuple of float
        Displayed risks, each with its total points.
    covariance : numpy.ndarray or None
        Of the coefficients, intercept first; None for a published formula.
    n : int or None
        Patients behind the model.
    """

    axes: tuple
    intercept: float
    points_per_unit: float
    log_odds_at_zero: float
    total_ticks: tuple
    risk_ticks: tuple
    covariance: np.ndarray | None
    n: int | None

    def to_dict(self):
        """Plain numbers and lists for ``nomogram.json``: enough to draw it and to calculate risk and interval."""
        axes = [
            {"variable": axis.variable, "coefficient": axis.coefficient}
            | {name: [_plain(value) for value in getattr(axis, name)] for name in ("ticks", "log_odds", "points")}
            for axis in self.axes
        ]
        return {
            "intercept": float(self.intercept),
            "coefficients": {axis.variable: axis.coefficient for axis in self.axes},
            "ranges": {axis["variable"]: [min(axis["ticks"]), max(axis["ticks"])] for axis in axes},
            "covariance": None if self.covariance is None else self.covariance.tolist(),
            "covariance_order": [INTERCEPT, *(axis.variable for axis in self.axes)],
            "points_per_unit": self.points_per_unit,
            "log_odds_at_zero": self.log_odds_at_zero,
            "axes": axes,
            "total_ticks": list(self.total_ticks),
            "risk_ticks": [list(pair) for pair in self.risk_ticks],
            "n": self.n,
        }


def nomogram_of(intercept, scales, *, covariance, n):
    """Nomogram of an intercept and ``{variable: (ticks, log odds at them, log odds per unit or None)}``."""
    spans = {name: max(log_odds) - min(log_odds) for name, (_, log_odds, _) in scales.items()}
    widest = max(spans.values(), default=0.0)
    if widest <= 0:
        raise MviError("No predictor changes the risk over its displayed range, so no points exist. Widen the ranges.")
    per_unit = MAX_POINTS / widest
    axes = tuple(
        Axis(name, ticks, log_odds, tuple((value - min(log_odds)) * per_unit for value in log_odds), coefficient)
        for name, (ticks, log_odds, coefficient) in scales.items()
    )
    zero = intercept + sum(min(axis.log_odds) for axis in axes)
    most = sum(spans.values()) * per_unit
    totals = {tick: (logit(tick) - zero) * per_unit for tick in RISK_TICKS}
    risk_ticks = tuple((tick, float(total)) for tick, total in totals.items() if 0 <= total <= most)
    return Nomogram(axes, float(intercept), float(per_unit), float(zero), pretty(0.0, most), risk_ticks, covariance, n)


def pretty(low, high, n=10):
    """About ``n`` round values that cover a range, as R's ``pretty``.

    Parameters
    ----------
    low, high : float
        Ends of the range, low below high.
    n : int
        Wanted number of steps.

    Returns
    -------
    tuple of float

    Examples
    --------
    >>> pretty(26.3, 78.4)
    (25.0, 30.0, 35.0, 40.0, 45.0, 50.0, 55.0, 60.0, 65.0, 70.0, 75.0, 80.0)
    """
    cell = (high - low) / n
    base = 10.0 ** np.floor(np.log10(cell))
    unit = base
    for factor, bias in ((2, 1.5), (5, 2.75), (10, 1.5)):  # R_pretty: move up when within h * (U - cell)
        if factor * base - cell < bias * (cell - unit):
            unit = factor * base
    first, last = np.floor(low / unit + 1e-7), np.ceil(high / unit - 1e-7)
    return tuple(float(np.round(step * unit, 12)) for step in np.arange(first, last + 1))


def _plain(value):
    return float(value) if isinstance(value, int | float | np.number) else str(value)

"""How does a clinician read the model off a sheet of paper: points per finding, and the risk of their sum."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.special import expit, logit

from mvi_core.errors import MviError
from mvi_core.stats.estimate import Estimate, critical_value
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
            {"variable": axis.variable, "coefficient": axis.coefficient, "low": _plain(min(axis.ticks)), "high": _plain(max(axis.ticks))}
            | {name: [_plain(value) for value in getattr(axis, name)] for name in ("ticks", "log_odds", "points")}
            for axis in self.axes
        ]
        return {
            "intercept": float(self.intercept),
            "coefficients": {axis.variable: axis.coefficient for axis in self.axes},
            "ranges": {axis["variable"]: [axis["low"], axis["high"]] for axis in axes},
            "covariance": None if self.covariance is None else self.covariance.tolist(),
            "covariance_order": [INTERCEPT, *(axis.variable for axis in self.axes)],
            "points_per_unit": self.points_per_unit,
            "log_odds_at_zero": self.log_odds_at_zero,
            "axes": axes,
            "total_ticks": list(self.total_ticks),
            "risk_ticks": [list(pair) for pair in self.risk_ticks],
            "n": self.n,
        }


def nomogram(fit, *, ranges=None, factors=None):
    r"""Nomogram of a logistic model, with points as R's rms computes them.

    With :math:`c_v(x)` the contribution of predictor :math:`v` to the log odds over its displayed values,
    :math:`points_v(x) = 100\,(c_v(x) - \min c_v) / \max_u (\max c_u - \min c_u)`.

    Parameters
    ----------
    fit : LogisticFit
        A fit with finite coefficients.
    ranges : dict of str to sequence of float, optional
        Displayed values of a predictor. Default: both values of a binary one, else ten or so round values that
        cover the data (R's ``pretty``).
    factors : dict of str to pandas.DataFrame, optional
        Predictors made of several columns (levels of a factor): index the levels, columns those of the fit.

    Returns
    -------
    Nomogram

    Raises
    ------
    MviError
        If the fit is infinite, or a range or factor does not belong to it.

    Notes
    -----
    Points depend on the displayed ranges, probabilities do not.

    References
    ----------
    Harrell, Regression Modeling Strategies, 2015, doi:10.1007/978-3-319-19425-7.
    """
    if not fit.converged:
        raise MviError(f"The fit has no finite coefficient for {', '.join(fit.separated)}. Refit with method='firth'.")
    ranges, factors = ranges or {}, factors or {}
    beta = dict(zip([INTERCEPT, *fit.variables], fit.coefficients, strict=True))
    grouped = {column for table in factors.values() for column in table}
    unknown = (set(ranges) | grouped) - set(fit.variables)
    if unknown:
        raise MviError(f"The fit has no predictor {', '.join(sorted(unknown))}; it has {', '.join(fit.variables)}. Correct the name.")
    scales = {}
    for name in fit.variables:
        if name not in grouped:
            ticks = tuple(sorted(map(float, ranges.get(name, _displayed(fit.ranges[name])))))
            scales[name] = (ticks, tuple(beta[name] * tick for tick in ticks), beta[name])
    for name, table in factors.items():
        scales[name] = (tuple(table.index), tuple(table.to_numpy(float) @ [beta[column] for column in table]), None)
    return _assemble(beta[INTERCEPT], scales, covariance=None if factors else fit.covariance, n=fit.n)


def published_nomogram(*, intercept, coefficients):
    """Nomogram of a printed formula whose predictors are 0 or 1.

    Parameters
    ----------
    intercept : float
        Log odds of a patient with no finding.
    coefficients : dict of str to float
        Log odds of each finding.

    Returns
    -------
    Nomogram

    Examples
    --------
    >>> paper = published_nomogram(intercept=-3.51, coefficients={"afp_gt_20": 1.53, "dl_mvi": 3.58})
    >>> round(points(paper, {"afp_gt_20": 1, "dl_mvi": 0}), 1)
    42.7
    """
    scales = {name: ((0.0, 1.0), (0.0, float(value)), float(value)) for name, value in coefficients.items()}
    return _assemble(float(intercept), scales, covariance=None, n=None)


def points(nomogram, values):
    """Total points of one patient.

    Parameters
    ----------
    nomogram : Nomogram
        The sheet.
    values : dict of str to float
        Value of each predictor, within its displayed range; the level of a factor.

    Returns
    -------
    float

    Raises
    ------
    MviError
        If a value is absent, unknown, or outside the displayed range.
    """
    return (_log_odds(nomogram, values) - nomogram.log_odds_at_zero) * nomogram.points_per_unit


def probability(nomogram, total):
    """Risk that belongs to total points.

    Parameters
    ----------
    nomogram : Nomogram
        The sheet.
    total : float
        Total points, from 0 to the most that the sheet can give.

    Returns
    -------
    float

    Raises
    ------
    MviError
        If the total is out of reach.
    """
    most = sum(max(axis.points) for axis in nomogram.axes)
    if not -1e-9 <= total <= most + 1e-9:
        raise MviError(f"total points must lie from 0 to {most:.1f}, got {total:g}. Add up the points of each predictor once.")
    return float(expit(nomogram.log_odds_at_zero + total / nomogram.points_per_unit))


def risk(nomogram, values, *, level=0.95):
    """Risk of one patient with its Wald interval, made on the log-odds scale.

    Parameters
    ----------
    nomogram : Nomogram
        Made from a fit without factors, so that its covariance is known.
    values : dict of str to float
        Value of each predictor, within its displayed range.
    level : float
        Confidence level, strictly between 0 and 1.

    Returns
    -------
    Estimate

    Raises
    ------
    MviError
        If the nomogram has no covariance (a published formula), or a value is absent or out of range.
    """
    log_odds = _log_odds(nomogram, values)
    if nomogram.covariance is None:
        raise MviError("This nomogram has no covariance, so its risk has no interval. Use probability(points(...)).")
    row = np.array([1.0, *(float(values[axis.variable]) for axis in nomogram.axes)])
    margin = critical_value(level) * np.sqrt(row @ nomogram.covariance @ row)
    ends = expit([log_odds, log_odds - margin, log_odds + margin])
    return Estimate(*map(float, ends), level, "logistic model, Wald interval on the log-odds scale", nomogram.n)


def _assemble(intercept, scales, *, covariance, n):
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


def _displayed(observed):
    return observed if len(observed) == 2 and set(observed) == {0.0, 1.0} else pretty(*observed)


def _log_odds(nomogram, values):
    """Log odds of one patient, after refusing what the sheet does not show."""
    names = [axis.variable for axis in nomogram.axes]
    if set(values) != set(names):
        raise MviError(f"values must name {', '.join(names)}, got {', '.join(map(str, values))}. Give one value for each.")
    total = nomogram.intercept
    for axis in nomogram.axes:
        value = values[axis.variable]
        if axis.coefficient is None:
            if value not in axis.ticks:
                raise MviError(f"{axis.variable} must be one of {list(axis.ticks)}, got {value!r}. Choose a level shown.")
            total += axis.log_odds[axis.ticks.index(value)]
        elif min(axis.ticks) <= value <= max(axis.ticks):
            total += axis.coefficient * value
        else:
            raise MviError(
                f"{axis.variable} must lie from {min(axis.ticks):g} to {max(axis.ticks):g}, got {value!r}. "
                "The model has seen nothing beyond."
            )
    return float(total)


def _plain(value):
    return float(value) if isinstance(value, int | float | np.number) else str(value)

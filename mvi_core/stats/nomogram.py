"""How does a clinician read the model off a sheet of paper: points per finding, and the risk of their sum."""

import numpy as np
from scipy.special import expit

from mvi_core.errors import MviError
from mvi_core.stats.estimate import Estimate, critical_value
from mvi_core.stats.logistic import INTERCEPT
from mvi_core.stats.nomogram_scales import nomogram_of, pretty

FEW_VALUES = 10  # distinct values up to which a predictor shows those, not round ones; R's datadist


def nomogram(fit, *, ranges=None, factors=None):
    r"""Nomogram of a logistic model, with points as R's rms computes them.

    With :math:`c_v(x)` the contribution of predictor :math:`v` to the log odds over its displayed values,
    :math:`points_v(x) = 100\,(c_v(x) - \min c_v) / \max_u (\max c_u - \min c_u)`.

    Parameters
    ----------
    fit : LogisticFit
        A fit with finite coefficients.
    ranges : dict of str to sequence of float, optional
        Displayed values of a predictor. Default: its distinct values if at most ten, else round values that cover
        the data (R's ``pretty``).
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
        raise MviError(f"The fit has no predictor {', '.join(sorted(unknown))}. It has {', '.join(fit.variables)}.")
    scales = {}
    for name in fit.variables:
        if name not in grouped:
            ticks = tuple(sorted(map(float, ranges.get(name, _displayed(fit.observed[name])))))
            scales[name] = (ticks, tuple(beta[name] * tick for tick in ticks), beta[name])
    for name, table in factors.items():
        scales[name] = (tuple(table.index), tuple(table.to_numpy(float) @ [beta[column] for column in table]), None)
    return nomogram_of(beta[INTERCEPT], scales, covariance=None if factors else fit.covariance, n=fit.n)


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
    return nomogram_of(float(intercept), scales, covariance=None, n=None)


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
        raise MviError(
            f"total points must lie from 0 to {most:.1f}, got {total:g}. Add up the points of each predictor once."
        )
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


def _displayed(observed):
    """Values a scale shows: the distinct ones if they are few, else round ones that cover them."""
    return observed if len(observed) <= FEW_VALUES else pretty(observed[0], observed[-1])


def _log_odds(nomogram, values):
    """Log odds of one patient, after refusing what the sheet does not show."""
    names = [axis.variable for axis in nomogram.axes]
    if set(values) != set(names):
        raise MviError(
            f"values must name {', '.join(names)}, got {', '.join(map(str, values))}. Give one value for each."
        )
    total = nomogram.intercept
    for axis in nomogram.axes:
        value = values[axis.variable]
        if axis.coefficient is None:
            if value not in axis.ticks:
                raise MviError(
                    f"{axis.variable} must be one of {list(axis.ticks)}, got {value!r}. Choose a level shown."
                )
            total += axis.log_odds[axis.ticks.index(value)]
        elif min(axis.ticks) <= value <= max(axis.ticks):
            total += axis.coefficient * value
        else:
            raise MviError(
                f"{axis.variable} must lie from {min(axis.ticks):g} to {max(axis.ticks):g}, got {value!r}. "
                "The model has seen nothing beyond."
            )
    return float(total)

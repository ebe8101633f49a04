"""How does a clinician read the model off a sheet of paper: points per finding, and the risk of their sum."""

import numpy as np
from scipy.special import expit

from mvi_core.errors import MviError
from mvi_core.stats.estimate import Estimate, critical_value
from mvi_core.stats.logistic import INTERCEPT
from mvi_core.stats.nomogram_scales import design_rows, nomogram_of, pretty
from mvi_core.stats.splines import spline_names

FEW_VALUES = 10  # distinct values up to which a predictor shows those, not round ones; R's datadist
FINE = 401  # values over which the reach of a curved predictor is searched


def nomogram(fit, *, ranges=None, factors=None, splines=None):
    r"""Nomogram of a logistic model, with points as R's rms computes them.

    With :math:`c_v(x)` the contribution of predictor :math:`v` to the log odds at its displayed values,
    :math:`points_v(x) = 100\,(c_v(x) - \min c_v) / \max_u (\max c_u - \min c_u)`.

    Parameters
    ----------
    fit : LogisticFit
        A fit with finite coefficients, without interactions.
    ranges : dict of str to sequence of float, optional
        Displayed values of a predictor. Default: its distinct values if at most ten, else round values that cover
        the data (R's ``pretty``).
    factors : dict of str to pandas.DataFrame, optional
        Predictors made of several columns (levels of a factor): index the levels, columns those of the fit.
    splines : dict of str to sequence of float, optional
        Knots of the predictors that act on a curve; the fit holds their `spline_columns`.

    Notes
    -----
    Points depend on the displayed values, probabilities do not.
    Harrell, Regression Modeling Strategies, 2015, doi:10.1007/978-3-319-19425-7.

    Examples
    --------
    >>> import pandas as pd
    >>> from mvi_core.stats.logistic import fit_logistic
    >>> sheet = nomogram(fit_logistic(pd.DataFrame({"a": [0, 0, 0, 1, 1, 1]}), [0, 0, 1, 0, 1, 1]))
    >>> round(points(sheet, {"a": 1}), 6), round(risk(sheet, {"a": 1}).value, 4)
    (100.0, 0.6667)
    """
    if not fit.converged:
        raise MviError(f"The fit has no finite coefficient for {', '.join(fit.separated)}. Refit with method='firth'.")
    ranges, factors, splines = ranges or {}, factors or {}, splines or {}
    columns = {name: list(table) for name, table in factors.items()}
    columns |= {name: spline_names(name, knots) for name, knots in splines.items()}
    owner = {column: name for name, parts in columns.items() for column in parts}
    unknown = ((set(ranges) - set(factors)) | set(owner)) - set(fit.variables)
    if unknown:
        raise MviError(f"The fit has no predictor {', '.join(sorted(unknown))}. It has {', '.join(fit.variables)}.")
    scales = []
    for name in dict.fromkeys(owner.get(variable, variable) for variable in fit.variables):
        ticks = factors[name].index if name in factors else sorted(ranges.get(name, _displayed(fit.observed.get(name))))
        levels = factors[name].to_numpy(float) if name in factors else None
        scales.append(
            (name, tuple(ticks), columns.get(name, [name]), levels, splines.get(name), fit.observed.get(name))
        )
    beta = dict(zip([INTERCEPT, *fit.variables], fit.coefficients, strict=True))
    return nomogram_of(beta, scales, covariance=dict(zip(beta, fit.covariance, strict=True)), n=fit.n)


def published_nomogram(*, intercept, coefficients):
    """Nomogram of a printed formula whose predictors are 0 or 1; it has no covariance, so its risks have no interval.

    ``intercept`` is the log odds of a patient with no finding, ``coefficients`` that of each finding, by name.

    Examples
    --------
    >>> paper = published_nomogram(intercept=-3.51, coefficients={"afp_gt_20": 1.53, "dl_mvi": 3.58})
    >>> round(points(paper, {"afp_gt_20": 1, "dl_mvi": 0}), 1)
    42.7
    """
    scales = [(name, (0.0, 1.0), [name], None, None, (0.0, 1.0)) for name in coefficients]
    return nomogram_of({INTERCEPT: intercept, **coefficients}, scales, covariance=None, n=None)


def points(nomogram, values):
    """Total points of one patient, given by the value of each predictor, or the level of a factor.

    Values lie within the range that the model has seen.

    Examples
    --------
    >>> points(published_nomogram(intercept=-1, coefficients={"a": 1.0, "b": -0.5}), {"a": 1, "b": 0})
    150.0
    """
    return float((_row(nomogram, values) @ _beta(nomogram) - nomogram.log_odds_at_zero) * nomogram.points_per_unit)


def probability(nomogram, total):
    """Risk that belongs to total points that the sheet can give, mostly from 0.

    Examples
    --------
    >>> probability(published_nomogram(intercept=-1, coefficients={"a": 1.0}), 100)
    0.5
    """
    reach = np.sum([_reach(nomogram, axis) for axis in nomogram.axes], axis=0)
    low, high = (nomogram.intercept + reach - nomogram.log_odds_at_zero) * nomogram.points_per_unit
    if not low - 1e-9 <= total <= high + 1e-9:
        raise MviError(
            f"total points must lie from {abs(low):.0f} to {high:.1f}, got {total:g}. Add up each predictor once."
        )
    return float(expit(nomogram.log_odds_at_zero + total / nomogram.points_per_unit))


def risk(nomogram, values, *, level=0.95):
    """Risk of one patient, given as for `points`, with its Wald interval, made on the log-odds scale.

    The nomogram was made from a fit, so that its covariance is known.

    Examples
    --------
    >>> import pandas as pd
    >>> from mvi_core.stats.logistic import fit_logistic
    >>> sheet = nomogram(fit_logistic(pd.DataFrame({"a": [0, 0, 0, 1, 1, 1]}), [0, 0, 1, 0, 1, 1]))
    >>> found = risk(sheet, {"a": 1})  # 2 of 3; log odds of 2 with SE sqrt(1/2 + 1)
    >>> round(found.value, 4), round(found.low, 4), round(found.high, 4)
    (0.6667, 0.1535, 0.9566)
    """
    row = _row(nomogram, values)
    if nomogram.covariance is None:
        raise MviError("This nomogram has no covariance, so its risk has no interval. Use probability(points(...)).")
    log_odds, margin = row @ _beta(nomogram), critical_value(level) * np.sqrt(row @ nomogram.covariance @ row)
    ends = expit([log_odds, log_odds - margin, log_odds + margin])
    return Estimate(*map(float, ends), level, "logistic model, Wald interval on the log-odds scale", nomogram.n)


def _displayed(observed):
    """Values a scale shows: the distinct ones if they are few, else round ones that cover them."""
    return observed if observed is None or len(observed) <= FEW_VALUES else pretty(observed[0], observed[-1])


def _beta(nomogram):
    """Coefficients in the order of the covariance."""
    return np.array([nomogram.intercept, *nomogram.coefficients.values()])


def _reach(nomogram, axis):
    """Lowest and highest contribution to the log odds that an axis can give."""
    values = axis.ticks if axis.knots is None else np.linspace(axis.ticks[0], axis.ticks[-1], FINE)
    given = design_rows(axis, values) @ [nomogram.coefficients[column] for column in axis.columns]
    return given.min(), given.max()


def _row(nomogram, values):
    """Design row of one patient, intercept first, after refusing what the sheet does not show."""
    names = [axis.variable for axis in nomogram.axes]
    if set(values) != set(names):
        raise MviError(
            f"values must name {', '.join(names)}, got {', '.join(map(str, values))}. Give one value for each."
        )
    row = [np.ones(1)]
    for axis in nomogram.axes:
        value = values[axis.variable]
        if axis.kind == "factor" and value not in axis.ticks:
            raise MviError(f"{axis.variable} must be one of {list(axis.ticks)}, got {value!r}. Choose a level shown.")
        if axis.limits and not axis.limits[0] <= value <= axis.limits[1]:
            low, high = axis.limits
            raise MviError(
                f"{axis.variable} must lie from {low:g} to {high:g}, got {value!r}. The model has seen no other."
            )
        row.append(design_rows(axis, [value])[0])
    return np.concatenate(row)

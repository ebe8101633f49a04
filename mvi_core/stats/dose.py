"""Is a cut-off the right shape: a measurement as yes/no, as a line and as a curve, in the same patients."""

import numpy as np
import pandas as pd

from mvi_core.checks import binary, same_length
from mvi_core.errors import MviError
from mvi_core.stats.discrimination import auc, auc_difference
from mvi_core.stats.estimate import outcome_and_scores, same_patients, wilson
from mvi_core.stats.likelihood import likelihood_ratio_test
from mvi_core.stats.logistic import fit_logistic, predict, predict_interval
from mvi_core.stats.splines import spline_columns, spline_knots

N_KNOTS, GRID = 4, 121


def shape_models(values, mvi_present, *, cutoff):
    """Compare the shapes in which a measurement may go with MVI, on its binary logarithm.

    Parameters
    ----------
    values : array-like of float, shape (n_patients,)
        Above 0, complete.
    mvi_present : array-like of 0/1, shape (n_patients,)
    cutoff : float
        Values above it are 1 in the yes/no model.

    Returns
    -------
    pandas.DataFrame
        ``model`` (``cut-off``, ``line``, ``curve``, ``curve and cut-off``), ``df``, ``aic``, ``chi2`` against no
        predictor, ``auc, auc_low, auc_high`` (DeLong, in these patients); ``step_p``: likelihood-ratio test of the row
        against the simpler model it holds (curve against line, curve and cut-off against curve).

    Notes
    -----
    The curve is a restricted cubic spline with knots at the 5th, 35th, 65th and 95th percentile.

    Examples
    --------
    >>> rng = np.random.default_rng(1)
    >>> afp = np.exp(rng.normal(3, 2, 300))
    >>> table = shape_models(afp, rng.random(300) < 1 / (1 + 20 / afp), cutoff=20)  # truly a line
    >>> table.sort_values("aic")["model"].iloc[0]
    'line'
    """
    outcome, values = _above_0(values, mvi_present)
    designs = _designs(values, cutoff)
    fits = {name: fit_logistic(design, outcome) for name, design in designs.items()}
    rows = []
    for name, fit in fits.items():
        area = auc(outcome, predict(fit, designs[name]))
        ends = {"auc": area.value, "auc_low": area.low, "auc_high": area.high}
        rows.append({"model": name, "df": len(fit.variables), "aic": fit.aic, "chi2": fit.likelihood_ratio} | ends)
    steps = {"curve": "line", "curve and cut-off": "curve"}
    tests = {name: likelihood_ratio_test(fits[of], fits[name])["p_value"].iloc[0] for name, of in steps.items()}
    table = pd.DataFrame(rows)
    return table.assign(step_p=table["model"].map(tests))


def shape_curve(values, mvi_present, *, cutoff, level=0.95):
    """Probability of MVI along a measurement, by the curve with its Wald band and by the cut-off.

    Returns ``value, curve, ci_low, ci_high, step`` from the 2nd to the 98th percentile, evenly spaced on the logarithm.

    Examples
    --------
    >>> afp = [1, 2, 4, 8, 16, 32, 64, 128, 256, 512] * 4
    >>> curve = shape_curve(afp, [0, 0, 1, 0, 0, 1, 1, 0, 1, 1] * 4, cutoff=20)
    >>> curve.groupby(curve["value"] > 20)["step"].first().round(6).tolist()
    [0.2, 0.8]
    """
    outcome, values = _above_0(values, mvi_present)
    designs = _designs(values, cutoff)
    grid = np.geomspace(*np.quantile(values, [0.02, 0.98]), GRID)
    knots = spline_knots(np.log2(values), N_KNOTS)
    band = predict_interval(
        fit_logistic(designs["curve"], outcome), spline_columns(np.log2(grid), knots, name="log2"), level=level
    )
    step = predict(fit_logistic(designs["cut-off"], outcome), pd.DataFrame({"above": (grid > cutoff).astype(float)}))
    return band.rename(columns={"risk": "curve"}).assign(value=grid, step=step)


def observed_shares(values, mvi_present, *, n_groups=8):
    """Share with MVI in groups of about equal size along a measurement, with Wilson's interval.

    Returns ``value`` (median of the group), ``n, observed, ci_low, ci_high``; equal values stay together.

    Examples
    --------
    >>> observed_shares([1, 2, 3, 4], [0, 0, 1, 1], n_groups=2)[["value", "n", "observed"]].values.tolist()
    [[1.5, 2.0, 0.0], [3.5, 2.0, 1.0]]
    """
    outcome, values = outcome_and_scores(mvi_present, both=False, values=values)
    table, rows = pd.DataFrame({"value": values, "mvi": outcome}), []
    group = pd.qcut(table["value"], n_groups, labels=False, duplicates="drop").fillna(0)  # all values equal: one group
    for _, part in table.groupby(group):
        share = wilson(int(part["mvi"].sum()), len(part))
        rows.append((part["value"].median(), len(part), share.value, share.low, share.high))
    return pd.DataFrame(rows, columns=["value", "n", "observed", "ci_low", "ci_high"])


def gains(predictors, mvi_present, added, bases):
    """Tell what one predictor adds to each of several models, in the patients who have all of that model.

    Parameters
    ----------
    predictors : pandas.DataFrame, shape (n_patients, n_predictors)
    mvi_present : array-like of 0/1, shape (n_patients,)
    added : str
        Column that is added.
    bases : mapping of str to list of str
        Name of a model and its columns.

    Returns
    -------
    pandas.DataFrame
        ``base, n, events``; ``odds_ratio, ci_low, ci_high`` of the added predictor, adjusted (Wald); ``chi2, p_value``
        (likelihood ratio); ``auc_without, auc_with`` and ``difference, difference_low, difference_high`` (DeLong), in
        the patients of the fit.

    Examples
    --------
    >>> frame = pd.DataFrame({"grade": [0, 1] * 40, "afp": [0, 0, 1, 1] * 20})
    >>> table = gains(frame, [0, 0, 0, 1, 1, 0, 1, 1] * 10, "afp", {"grade": ["grade"]})
    >>> table[["n", "odds_ratio"]].round(3).values.tolist()
    [[80.0, 9.0]]
    """
    outcome, rows = binary("mvi_present", mvi_present), []
    same_length(predictors=predictors, mvi_present=outcome)
    same_patients(predictors=predictors[added], mvi_present=mvi_present)
    for name, columns in bases.items():
        frame = predictors[[*columns, added]].reset_index(drop=True).dropna()
        y = outcome[frame.index]
        without, with_it = fit_logistic(frame[columns], y), fit_logistic(frame, y)
        risks = predict(with_it, frame), predict(without, frame)
        gain, _ = auc_difference(y, *risks)
        test = likelihood_ratio_test(without, with_it).iloc[0]
        effect = with_it.table.set_index("variable").loc[added, ["odds_ratio", "ci_low", "ci_high"]].to_dict()
        areas = {"auc_without": auc(y, risks[1]).value, "auc_with": auc(y, risks[0]).value, "difference": gain.value}
        ends = {"difference_low": gain.low, "difference_high": gain.high}
        told = {"chi2": test["statistic"], "p_value": test["p_value"]}
        rows.append({"base": name, "n": len(y), "events": int(y.sum())} | effect | told | areas | ends)
    return pd.DataFrame(rows)


def _above_0(values, mvi_present):
    outcome, known = outcome_and_scores(mvi_present, values=values)
    if (known <= 0).any():
        raise MviError(f"values must be above 0 for their logarithm, {(known <= 0).sum()} are not. Leave these out.")
    return outcome, known


def _designs(values, cutoff):
    log2 = pd.Series(np.log2(values))
    above = pd.DataFrame({"above": (values > cutoff).astype(float)})
    curve = spline_columns(log2, spline_knots(log2, N_KNOTS), name="log2")
    return {"cut-off": above, "line": log2.to_frame("log2"), "curve": curve, "curve and cut-off": curve.join(above)}

"""How well does a model that was not made from these patients rank them, hit their risk, and help to decide."""

import math

import pandas as pd

from mvi_core.checks import binary
from mvi_core.stats.calibration import calibration_summary
from mvi_core.stats.decision import decision_curve
from mvi_core.stats.discrimination import auc
from mvi_core.stats.estimate import estimate_table, outcome_and_scores
from mvi_core.stats.logistic import fit_logistic

CLIP = 1e-6  # a risk of exactly 0 or 1 is moved here for the calibration


def external_performance(mvi_present, risk, *, threshold, n_bootstrap, rng):
    """Judge a model in patients whom it was not made from: AUC, calibration, and net benefit at a threshold.

    Parameters
    ----------
    mvi_present : array-like of 0/1, shape (n_patients,)
    risk : array-like of float, shape (n_patients,)
        Predicted probability of MVI.
    threshold : float
        Threshold probability of the net benefit.
    n_bootstrap : int
    rng : numpy.random.Generator

    Returns
    -------
    pandas.DataFrame
        ``metric, value, ci_low, ci_high, n, method``; rows ``auc``, ``intercept`` (in the large, 0 is ideal), ``slope``
        (1 is ideal), ``net_benefit`` and ``treat_all``.

    Examples
    --------
    >>> import numpy as np
    >>> told = {"threshold": 0.3, "n_bootstrap": 20, "rng": np.random.default_rng(1)}
    >>> table = external_performance([0, 0, 1, 0, 1, 1], [0.1, 0.2, 0.3, 0.6, 0.7, 0.9], **told)
    >>> table["metric"].tolist()
    ['auc', 'intercept', 'slope', 'net_benefit', 'treat_all']
    >>> table["value"].round(3).tolist()[-2:]  # 3/6 - 1/6 * 3/7; 1/2 - 1/2 * 3/7
    [0.429, 0.286]
    """
    drawn = {"n_bootstrap": n_bootstrap, "rng": rng}
    curve = decision_curve(mvi_present, risk, [threshold], **drawn).iloc[0]
    beyond = min(risk) <= 0 or max(risk) >= 1
    calibrated = calibration_summary(mvi_present, risk, clip=CLIP if beyond else None, **drawn)
    benefit = {"value": curve["net_benefit"], "ci_low": curve["ci_low"], "ci_high": curve["ci_high"]}
    benefit |= {"metric": "net_benefit", "n": len(risk), "method": f"at {threshold:g}, bootstrap"}
    everybody = {"metric": "treat_all", "value": curve["treat_all"], "n": len(risk), "method": f"at {threshold:g}"}
    parts = [
        estimate_table({"auc": auc(mvi_present, risk)}),
        calibrated[calibrated["metric"].isin(["intercept", "slope"])],
        pd.DataFrame([benefit, everybody]),
    ]
    return pd.concat(parts, ignore_index=True)


def printed_slope(finding, mvi_present, *, coefficient):
    """Tell how much of a printed coefficient these patients show: their own log odds ratio divided by it.

    Parameters
    ----------
    finding : array-like of 0/1, shape (n_patients,)
    mvi_present : array-like of 0/1, shape (n_patients,)
    coefficient : float
        Printed log odds ratio of the finding.

    Returns
    -------
    pandas.DataFrame
        Rows ``auc`` of the finding alone and ``slope`` (1 where the printed effect holds), as `external_performance`.

    Examples
    --------
    >>> table = printed_slope([0] * 100 + [1] * 100, [0] * 60 + [1] * 40 + [0] * 40 + [1] * 60, coefficient=0.5)
    >>> round(float(table["value"].iloc[1]), 4)  # log(1.5 * 1.5) / 0.5
    1.6219
    """
    outcome, exposed = outcome_and_scores(mvi_present, check=binary, finding=finding)
    fit = fit_logistic(pd.DataFrame({"finding": exposed}), outcome, method="auto")
    effect = fit.table.iloc[1]
    ends = (effect["coefficient"], *map(math.log, (effect["ci_low"], effect["ci_high"])))
    slope = dict(zip(("value", "ci_low", "ci_high"), (end / coefficient for end in ends), strict=True))
    method = fit.method if fit.separated else "logistic regression, Wald interval"
    row = {"metric": "slope", **slope, "n": len(outcome), "method": method}
    return pd.concat([estimate_table({"auc": auc(outcome, exposed)}), pd.DataFrame([row])], ignore_index=True)

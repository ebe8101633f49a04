"""Does a printed formula of one yes/no predictor hold in other patients, with nothing refitted."""

from dataclasses import replace

import pandas as pd
from scipy.special import expit

from mvi_core.checks import binary
from mvi_core.stats.calibration import calibration_summary
from mvi_core.stats.discrimination import auc
from mvi_core.stats.estimate import Estimate, estimate_table, outcome_and_scores, wilson


def fixed_formula(finding, mvi_present, intercept, coefficient, *, rng, n_bootstrap=1000):
    r"""Discrimination and calibration of :math:`logit\,p = a + b\,x` as it is.

    Parameters
    ----------
    finding : array-like of 0/1, shape (n_patients,)
    mvi_present : array-like of 0/1, shape (n_patients,)
    intercept, coefficient : float
        Of the printed formula, on the log-odds scale.
    rng, n_bootstrap
        As in `calibration_summary`.

    Returns
    -------
    pandas.DataFrame
        Rows of `calibration_summary`, with ``auc`` (DeLong) and ``recalibrated``, the intercept that would give the
        observed number with the coefficient kept: printed intercept plus calibration in the large.

    Examples
    --------
    >>> import numpy as np
    >>> told = {"rng": np.random.default_rng(0), "n_bootstrap": 50}
    >>> table = fixed_formula([0, 0, 0, 0, 1, 1, 1, 1], [0, 0, 0, 1, 0, 1, 1, 1], 0.0, 2.197, **told)
    >>> found = table.set_index("metric")["value"]
    >>> found[["auc", "slope"]].round(3).tolist(), bool(found["recalibrated"] == found["intercept"])  # log 9 / 2.197
    ([0.75, 1.0], True)
    """
    outcome, exposed = outcome_and_scores(mvi_present, check=binary, finding=finding)
    risk = expit(intercept + coefficient * exposed)
    table = calibration_summary(outcome, risk, rng=rng, n_bootstrap=n_bootstrap)
    row = table.set_index("metric").loc["intercept"]
    shift = Estimate(*row[["value", "ci_low", "ci_high"]], 0.95, row["method"], int(row["n"]))
    moved = replace(shift, value=shift.value + intercept, low=shift.low + intercept, high=shift.high + intercept)
    added = estimate_table({"auc": auc(outcome, risk), "recalibrated": moved})
    return pd.concat([table, added], ignore_index=True)


def risk_rows(finding, mvi_present, models, *, levels):
    """Observed share with MVI at each level of a yes/no finding, beside what formulas say of it.

    ``models`` maps a name to intercept and coefficient, ``levels`` names 0 and 1. Columns ``level, n, observed, ci_low,
    ci_high`` (Wilson) and one for each model.

    Examples
    --------
    >>> table = risk_rows([0, 0, 1, 1], [0, 1, 1, 1], {"flat": (0.0, 0.0)}, levels=("low", "high"))
    >>> table[["level", "observed", "flat"]].values.tolist()
    [['low', 0.5, 0.5], ['high', 1.0, 0.5]]
    """
    (outcome, x), rows = outcome_and_scores(mvi_present, check=binary, both=False, finding=finding), []
    for value, level in enumerate(levels):
        share = wilson(int(outcome[x == value].sum()), int((x == value).sum()))
        says = {name: float(expit(a + b * value)) for name, (a, b) in models.items()}
        ends = {"n": share.n, "observed": share.value, "ci_low": share.low, "ci_high": share.high}
        rows.append({"level": level} | ends | says)
    return pd.DataFrame(rows)

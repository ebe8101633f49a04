"""Does a predictor do the same in subgroups of patients: AUC, odds ratio, interaction; hidden where few patients."""

import numpy as np
import pandas as pd
from scipy import stats

from mvi_core.checks import binary, both_classes, finite, same_length
from mvi_core.errors import MviError
from mvi_core.stats.discrimination import auc
from mvi_core.stats.estimate import same_patients
from mvi_core.stats.likelihood import maximise
from mvi_core.stats.logistic import fit_logistic

FEWEST_EVENTS = 5  # patients of either outcome below which a subgroup's results are not shown
ALL = "all patients"
COLUMNS = (
    "variable", "level", "n", "present", "auc", "auc_low", "auc_high", "odds_ratio", "ci_low", "ci_high",
    "p_interaction", "fewest", "method",
)  # fmt: skip


def subgroup_table(marker, mvi_present, groups, *, fewest_events=FEWEST_EVENTS, level=0.95):
    """AUC and odds ratio of a predictor in each subgroup, with a test that the odds ratio is the same in all.

    Parameters
    ----------
    marker : array-like of float, shape (n_patients,)
        The predictor, 0/1 or a score, higher where MVI is more likely; complete.
    mvi_present : array-like of 0/1, shape (n_patients,)
    groups : pandas.DataFrame, shape (n_patients, n_variables)
        Subgroup of each patient, one column a variable: 0/1, text or ``Categorical``. A missing value leaves the
        patient out of that variable's subgroups.
    fewest_events : int
        Results of a subgroup with fewer patients with, or without, MVI are masked.
    level : float

    Returns
    -------
    pandas.DataFrame
        First all patients, then the subgroups in the order given, never ranked: ``variable, level, n, present, auc,
        auc_low, auc_high`` (DeLong), ``odds_ratio, ci_low, ci_high`` (per unit; Wald, or Firth with profile ends
        where the predictor separates the outcome), ``p_interaction`` (in a variable's first row: likelihood ratio
        of predictor times subgroup, masked subgroups left out), ``fewest`` (the smallest cell above 0 of a 0/1
        predictor and MVI, which n, present and the AUC give back) and ``method``, which says why a result is missing.
        ``attrs`` hold ``n_tests`` (interaction tests made) and ``n_masked`` (subgroups).

    Notes
    -----
    A difference between subgroups is a claim about the interaction, not about one interval that covers 1 beside
    another that does not; of twenty such tests one falls below 0.05 by chance. Wang et al. 2007,
    doi:10.1056/NEJMsr077003.

    Examples
    --------
    >>> told = pd.DataFrame({"sex": ["male"] * 40 + ["female"] * 12})
    >>> table = subgroup_table([0, 1] * 26, [0, 1, 1, 1] * 10 + [0] * 12, told)
    >>> table[["level", "n", "present", "odds_ratio"]].round(2).fillna("-").values.tolist()
    [['all patients', 52, 30, 5.33], ['female', 12, 0, '-'], ['male', 40, 30, 41.0]]

    Women are masked; among men the predictor separates, so Firth's odds ratio stands there, (20.5 / 0.5) / 1.
    """
    values, outcome = finite("marker", marker), binary("mvi_present", mvi_present)
    same_length(marker=values, mvi_present=outcome, groups=groups)
    same_patients(marker=marker, mvi_present=mvi_present, groups=groups.iloc[:, 0])
    both_classes("mvi_present", outcome)
    if np.ptp(values) == 0:
        raise MviError(f"marker is {values[0]:g} in all {len(values)} patients, so it has no effect. Choose another.")
    rows = [_row(ALL, ALL, values, outcome, fewest_events, level)]
    n_tests = 0
    for name, column in groups.items():
        codes, levels = pd.factorize(column, sort=True)
        parts = [
            _row(name, _text(text), values[codes == k], outcome[codes == k], fewest_events, level)
            for k, text in enumerate(levels)
        ]
        shown = np.isin(codes, [k for k, part in enumerate(parts) if np.isfinite(part["odds_ratio"])])
        p_value = _interaction(values[shown], outcome[shown], codes[shown])
        n_tests += np.isfinite(p_value)
        rows += [part | {"p_interaction": p_value if k == 0 else np.nan} for k, part in enumerate(parts)]
    table = pd.DataFrame(rows, columns=list(COLUMNS))
    table.attrs |= {"n_tests": int(n_tests), "n_masked": int(table["method"].str.startswith("masked").sum())}
    return table


def _row(name, text, values, outcome, fewest_events, level):
    """Count a subgroup, and give its results where they may be shown."""
    row = {"variable": name, "level": text, "n": len(outcome), "present": int(outcome.sum())}
    hidden = dict.fromkeys(COLUMNS[4:-1], np.nan)
    if set(np.unique(values)) <= {0, 1}:
        cells = np.bincount((2 * values + outcome).astype(int))
        hidden["fewest"] = int(cells[cells > 0].min())
    if min(row["present"], row["n"] - row["present"]) < fewest_events:
        return row | hidden | {"method": f"masked: fewer than {fewest_events} patients with or without MVI"}
    if np.ptp(values) == 0:
        return row | hidden | {"method": "the predictor does not vary here"}
    area = auc(outcome, values, level=level)
    fit = fit_logistic(pd.DataFrame({"marker": values}), outcome, level=level, method="auto")
    effect = fit.table.loc[1, ["odds_ratio", "ci_low", "ci_high"]].to_dict()
    areas = {"auc": area.value, "auc_low": area.low, "auc_high": area.high}
    return row | hidden | areas | effect | {"method": f"{area.method}; {fit.method}"}


def _interaction(values, outcome, codes):
    """Likelihood-ratio p of the interaction of predictor and subgroup; NaN with fewer than two subgroups."""
    kept = np.unique(codes)
    if len(kept) < 2:
        return np.nan
    score = (values - values.mean()) / values.std()
    dummies = (codes[:, None] == kept).astype(float)
    same, own = np.column_stack([dummies, score]), np.column_stack([dummies, dummies * score[:, None]])
    fits = [maximise(design, outcome, np.zeros(design.shape[1]), tolerance=1e-12)[1] for design in (same, own)]
    return float(stats.chi2.sf(max(2 * (fits[1] - fits[0]), 0.0), len(kept) - 1))


def _text(value):
    return f"{value:g}" if isinstance(value, float) else str(value)

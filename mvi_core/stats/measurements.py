"""How does a measurement differ between patients with and without MVI: medians, quartiles and every usual test."""

import warnings
from types import SimpleNamespace

import numpy as np
import pandas as pd
from scipy import stats

from mvi_core.checks import binary, both_classes, same_length
from mvi_core.errors import MviError
from mvi_core.stats.design import numbers
from mvi_core.stats.estimate import same_patients
from mvi_core.stats.logistic import fit_logistic

QUARTILES = {"spss": "weibull", "r": "linear"}  # types 6 and 7 of Hyndman and Fan, doi:10.2307/2684934
QUARTILE_TYPES = {"spss": "6 (SPSS)", "r": "7 (R, numpy)"}
TESTS = {
    "mann_whitney": "Mann-Whitney test without continuity correction (SPSS)",
    "mann_whitney_corrected": "Mann-Whitney test with continuity correction (R, scipy)",
    "welch": "Welch's t test (R)",
    "pooled": "Student's t test with pooled variance (scipy)",
    "wald": "Wald test of the odds ratio per unit",
    "likelihood_ratio": "likelihood-ratio test of the odds ratio per unit",
}
SPREAD_TESTS = {
    "levene": "Levene's test of equal variances about the mean (SPSS)",
    "brown_forsythe": "Levene's test about the median (scipy, R's car)",
}


def measurement_tests(values, mvi_present):
    """Every usual test of a measurement between patients with and without MVI: ``test, statistic, p_value, method``.

    Mann-Whitney without and with continuity correction (U of the patients with MVI), Welch's and the pooled t (present
    less absent), Levene's test about the mean and the median. Missing values are left out; each class needs two
    patients with a value.

    Notes
    -----
    SPSS prints both t tests and Levene's about the mean, which its users take to choose between them; R's ``t.test`` is
    Welch's. Software that takes Levene's test about the median can choose the other row.

    Examples
    --------
    >>> table = measurement_tests([1, 2, 3, 4, 9, 8], [0, 0, 0, 1, 1, 1]).set_index("test")  # U = 9 of 9 pairs
    >>> table.loc[["mann_whitney", "welch", "pooled", "levene"], "p_value"].round(4).tolist()
    [0.0495, 0.0675, 0.0376, 0.1161]
    """
    absent, present = _groups(values, mvi_present)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # of a class in which all values are equal
        answers = _answers(absent, present)
    words, rows = TESTS | SPREAD_TESTS, []
    for name, answer in answers.items():
        word = words[name] if np.isfinite(answer.pvalue) else "undefined: all values of each class are equal"
        rows.append((name, float(answer.statistic), float(answer.pvalue), word))
    return pd.DataFrame(rows, columns=["test", "statistic", "p_value", "method"])


def _answers(absent, present):
    """Answers of scipy by test; no t test where neither class varies, as in R."""
    answers = {
        "mann_whitney": stats.mannwhitneyu(present, absent, method="asymptotic", use_continuity=False),
        "mann_whitney_corrected": stats.mannwhitneyu(present, absent, method="asymptotic", use_continuity=True),
        "welch": stats.ttest_ind(present, absent, equal_var=False),
        "pooled": stats.ttest_ind(present, absent),
        "levene": stats.levene(absent, present, center="mean"),
        "brown_forsythe": stats.levene(absent, present, center="median"),
    }
    if np.ptp(absent) == 0 and np.ptp(present) == 0:
        none = SimpleNamespace(statistic=np.nan, pvalue=np.nan)
        answers |= dict.fromkeys(("welch", "pooled", *SPREAD_TESTS), none)
    return answers


def continuous_row(values, mvi_present, *, level=0.95, quartiles="spss", test="mann_whitney"):
    """Median and quartiles of a measurement by MVI, with its odds ratio per unit.

    Parameters
    ----------
    values : pandas.Series of float, shape (n_patients,)
        The measurement, named; missing values are left out and counted.
    mvi_present : array-like of 0/1, shape (n_patients,)
    level : float
    quartiles : {"spss", "r"}
        Quantile type 6 (SPSS, the paper) or 7 (R, numpy).
    test : {"mann_whitney", "mann_whitney_corrected", "welch", "pooled", "wald", "likelihood_ratio"}
        The p value. The last two belong to the interval of the odds ratio (profile for the likelihood ratio); the
        others compare the groups and may contradict it.

    Returns
    -------
    pandas.DataFrame
        One row: the columns of `univariable_table` (level ``"per unit"``, counts of patients with a value, odds
        ratio and interval per unit, p value), then n_missing; median, q1, q3 of each group; and smd, the standardised
        mean difference. ``attrs["method"]`` names interval, test and quartiles.

    Notes
    -----
    In the paper 185 patients with MVI have quartiles 4.5-9.25 cm. Type 7 would return one observed size
    there, type 6 the mean of two; sizes printed to 0.1 cm give 9.25 only under type 6.
    The standardised mean difference is present less absent, in units of the root mean of both variances; its sign is
    kept, and it is of means also where medians stand beside it (as in R's tableone).

    Examples
    --------
    >>> size = pd.Series([2.0, 3.0, 5.0, 4.0, 4.0, 6.0, 7.0, 9.0], name="size_cm")
    >>> row = continuous_row(size, [0, 0, 0, 0, 1, 1, 1, 1]).iloc[0]
    >>> row[["absent_median", "present_q1", "present_q3", "smd"]].astype(float).round(3).tolist()
    [3.5, 4.5, 8.5, 1.732]
    """
    if quartiles not in QUARTILES or test not in TESTS:
        raise MviError(
            f"continuous_row knows the quartiles spss, r and the tests {', '.join(TESTS)}, got {quartiles!r}, "
            f"{test!r}. Choose one of these."
        )
    groups = dict(zip(("absent", "present"), _groups(values, mvi_present), strict=True))
    interval = "profile" if test == "likelihood_ratio" else "wald"
    fit = fit_logistic(values.to_frame(), mvi_present, level=level, method="auto", interval=interval)
    effect = fit.table.iloc[1]
    row = {"variable": values.name, "level": "per unit", "n": fit.n}
    row |= {name: len(group) for name, group in groups.items()} | effect[["odds_ratio", "ci_low", "ci_high"]].to_dict()
    tests = measurement_tests(values, mvi_present).set_index("test")["p_value"]
    row |= {"p_value": tests.get(test, effect["p_value"]), "n_missing": fit.n_missing}
    for name, group in groups.items():
        for end, share in (("q1", 0.25), ("median", 0.5), ("q3", 0.75)):
            row[f"{name}_{end}"] = np.quantile(group, share, method=QUARTILES[quartiles])
    variances = [np.var(group, ddof=1) for group in groups.values()]
    with np.errstate(divide="ignore"):  # infinite where no class varies
        row["smd"] = (groups["present"].mean() - groups["absent"].mean()) / np.sqrt(np.mean(variances))
    table = pd.DataFrame([row])
    words = {"wald": "Wald", "profile": "profile-likelihood"}[interval] if not fit.separated else "profile-likelihood"
    method = f"{fit.method.split(', ')[0]}, {words} interval per unit, {TESTS[test]}"
    table.attrs["method"] = f"{method}, quartiles of type {QUARTILE_TYPES[quartiles]}"
    return table


def _groups(values, mvi_present):
    """Known values of the patients without and with MVI."""
    outcome = binary("mvi_present", mvi_present)
    same_length(values=values, mvi_present=outcome)
    same_patients(values=values, mvi_present=mvi_present)
    measured = numbers(pd.DataFrame({"values": np.asarray(values, dtype=object)}))["values"].to_numpy()
    known = ~np.isnan(measured)
    if known.any():
        both_classes("mvi_present of patients with a value", outcome[known])
    absent, present = (measured[known & (outcome == k)] for k in (0, 1))
    if min(len(absent), len(present)) < 2 or np.ptp(measured[known]) == 0:
        name = getattr(values, "name", None) or "The measurement"
        raise MviError(
            f"{name} has {len(absent)} values without and {len(present)} with MVI, two different ones are needed in "
            "each class. Leave it out."
        )
    return absent, present

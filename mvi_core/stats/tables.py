"""What does the table of patients say: counts, odds ratios and p values, by the paper's test or another named one."""

import warnings

import numpy as np
import pandas as pd
from scipy import stats

from mvi_core.checks import binary, both_classes, same_length
from mvi_core.errors import MviError, SeparationWarning
from mvi_core.stats.estimate import critical_value, same_patients
from mvi_core.stats.exact import fisher_exact
from mvi_core.stats.logistic import fit_logistic

TABLE_COLUMNS = ("variable", "level", "n", "absent", "present", "odds_ratio", "ci_low", "ci_high", "p_value")
TESTS = {
    "pearson": "Woolf interval, Pearson chi-square without Yates' correction",
    "yates": "Woolf interval, chi-square with Yates' correction",
    "wald": "Woolf (Wald) interval, Wald test",
    "fisher": "conditional odds ratio with exact interval, Fisher's exact test",
    "likelihood_ratio": "profile-likelihood interval, likelihood-ratio test",
}
MISSING = "missing"


def univariable_table(predictors, mvi_present, *, level=0.95, test="pearson", labels=None):
    """Table 1 of the paper: counts by MVI, odds ratio and p value of each level of each predictor.

    Parameters
    ----------
    predictors : pandas.DataFrame, shape (n_patients, n_predictors)
        0/1 columns, text, or ``Categorical`` columns, whose first category is the reference.
    mvi_present : array-like of 0/1, shape (n_patients,)
    level : float
    test : {"pearson", "yates", "wald", "fisher", "likelihood_ratio"}
        The default gives every p value that the paper prints for its 17 categorical rows.
    labels : dict of str to sequence of str, optional
        Printed names of the levels of a predictor, reference first.

    Returns
    -------
    pandas.DataFrame
        ``variable, level, n, absent, present, odds_ratio, ci_low, ci_high, p_value``; one row a level,
        the reference with odds ratio 1. With more than two levels each row compares with the reference, and
        the reference row holds the p value of the whole predictor. Missing values have a row of counts,
        level ``"missing"``. What does not exist is NaN. ``attrs["method"]`` names interval and test.

    Warns
    -----
    SeparationWarning
        If a cell is zero: the odds ratio is 0 or infinite and its interval the exact (Fisher) one.

    Notes
    -----
    Woolf's interval is the Wald interval of a univariable logistic regression (SPSS). Pearson's p may fall
    below 0.05 where this interval covers 1; ``"wald"``, ``"fisher"`` and ``"likelihood_ratio"`` keep both together.

    Examples
    --------
    >>> afp = pd.DataFrame({"afp_gt_20": [0] * 144 + [1] * 177})
    >>> table = univariable_table(afp, [0] * 84 + [1] * 60 + [0] * 52 + [1] * 125)
    >>> table[["absent", "present", "odds_ratio"]].round(3).to_numpy().tolist()
    [[84.0, 60.0, 1.0], [52.0, 125.0, 3.365]]
    """
    critical_value(level)
    if test not in TESTS:
        raise MviError(f"univariable_table knows the tests {', '.join(TESTS)}, got {test!r}. Choose one of these.")
    outcome = _outcome(predictors, mvi_present)
    rows = [
        row
        for name, column in predictors.items()
        for row in _factor_rows(name, column, outcome, level=level, test=test, labels=(labels or {}).get(name))
    ]
    table = pd.DataFrame(rows, columns=list(TABLE_COLUMNS))
    table.attrs["method"] = TESTS[test]
    return table


def multivariable_table(predictors, mvi_present, *, level=0.95, method="auto", interval=None):
    """Odds ratios of predictors adjusted for each other: the paper's Table 3.

    Arguments as in `fit_logistic`. The default is the paper's maximum likelihood with Wald intervals, and Firth's
    penalised likelihood with profile intervals where the predictors separate the outcome. ``variable, odds_ratio,
    ci_low, ci_high, p_value, coefficient, se`` without the intercept; ``attrs`` hold method (names estimator, interval,
    test and what separates), n, n_missing, events and events_per_variable.

    Examples
    --------
    >>> known = pd.DataFrame({"afp": [0, 1] * 30, "dl": [0] * 20 + [1] * 40})
    >>> table = multivariable_table(known, [0] * 20 + [0, 0, 1, 1] * 10)  # nobody with dl = 0 has MVI
    >>> table.attrs["method"].split(",")[0]
    'Firth penalised likelihood (intercept and dl separate the outcome)'
    """
    fit = fit_logistic(predictors, mvi_present, level=level, method=method, interval=interval)
    table = fit.table.iloc[1:].reset_index(drop=True)
    table.attrs |= {name: getattr(fit, name) for name in ("method", "n", "n_missing", "events", "events_per_variable")}
    return table


def variance_inflation(fit, predictors):
    """How much each coefficient's variance grows because predictors, those that were fitted, overlap.

    variable; vif, from regressing each predictor on the others by least squares (SPSS); vif_model, from the covariance
    of the fit (R's rms and car). Both are 1 where a predictor shares nothing with the others.

    Examples
    --------
    >>> known = pd.DataFrame({"a": [0, 0, 1, 1] * 5, "b": [0, 1, 0, 1] * 5})
    >>> fit = fit_logistic(known, [0, 1, 1, 0, 1, 1, 0, 1, 1, 0] * 2)
    >>> variance_inflation(fit, known)["vif"].round(6).tolist()
    [1.0, 1.0]
    """
    complete = predictors[list(fit.variables)].dropna().to_numpy(dtype=float)
    table = {"variable": fit.variables}
    for name, matrix in (("vif", np.atleast_2d(np.cov(complete, rowvar=False))), ("vif_model", fit.covariance[1:, 1:])):
        table[name] = np.diag(matrix) * np.diag(np.linalg.inv(matrix))
    return pd.DataFrame(table)


def _outcome(predictors, mvi_present):
    outcome = binary("mvi_present", mvi_present)
    same_length(predictors=predictors, mvi_present=outcome)
    for _, column in predictors.items():
        same_patients(predictors=column, mvi_present=mvi_present)
    both_classes("mvi_present", outcome)
    return outcome


def _factor_rows(name, column, outcome, *, level, test, labels):
    factor = column if isinstance(column.dtype, pd.CategoricalDtype) else column.astype("category")
    codes = factor.cat.remove_unused_categories().cat.codes.to_numpy()
    names = [_text(value) for value in factor.cat.remove_unused_categories().cat.categories]
    if len(names) < 2:
        raise MviError(f"{name} has {len(names)} level(s) in {len(column)} patients, none to compare. Leave it out.")
    counts = np.array([[np.sum((codes == i) & (outcome == k)) for k in (0, 1)] for i in range(len(names))])
    both_classes(f"mvi_present of patients with {name}", outcome[codes >= 0])
    whole = _p_value(counts, test) if len(names) > 2 else np.nan
    pairs = [counts[[0, i]] for i in range(1, len(counts))]
    rows = [(*counts[0], 1.0, np.nan, np.nan, whole)]
    rows += [(*pair[1], *_odds_ratio(name, pair, level, test), _p_value(pair, test)) for pair in pairs]
    if labels is not None and len(labels) != len(names):
        raise MviError(f"{name} has levels {names}, got labels {list(labels)}. Give one label per level.")
    rows = [(name, label, row[0] + row[1], *row) for label, row in zip(labels or names, rows, strict=True)]
    if (codes < 0).any():
        lost = [int(np.sum((codes < 0) & (outcome == k))) for k in (0, 1)]
        rows.append((name, MISSING, sum(lost), *lost, np.nan, np.nan, np.nan, np.nan))
    return rows


def _text(value):
    return f"{value:g}" if isinstance(value, float) else str(value)


def _odds_ratio(name, pair, level, test):
    """Odds ratio of the second row against the first, with its interval."""
    (a, b), (c, d) = pair
    if not pair.all():
        message = f"{name} has an empty cell {pair.tolist()}: no finite odds ratio, the exact interval is given."
        warnings.warn(f"{message} Consider Firth's method.", SeparationWarning, stacklevel=5)
    if test == "fisher" or not pair.all():
        exact = stats.contingency.odds_ratio(pair[::-1, ::-1], kind="conditional")
        return (exact.statistic, *exact.confidence_interval(level))
    if test == "likelihood_ratio":
        x, y = np.repeat([0, 0, 1, 1], pair.ravel()), np.repeat([0, 1, 0, 1], pair.ravel())
        fit = fit_logistic(pd.DataFrame({name: x}), y, level=level, interval="profile")
        return tuple(fit.table.loc[1, ["odds_ratio", "ci_low", "ci_high"]])
    centre, margin = np.log(a * d / (b * c)), critical_value(level) * np.sqrt((1 / pair).sum())
    return tuple(np.exp([centre, centre - margin, centre + margin]))


def _p_value(counts, test):
    if not counts.sum(axis=0).all():
        return np.nan  # all patients of these levels share one outcome
    if test == "fisher" or (test == "wald" and not counts.all()):
        return fisher_exact(counts)
    if test == "wald":
        return _wald_p(counts)
    kind = "log-likelihood" if test == "likelihood_ratio" else "pearson"
    return stats.chi2_contingency(counts, correction=test == "yates", lambda_=kind).pvalue


def _wald_p(counts):
    """Wald test that all levels share the odds of the first."""
    variances = (1 / counts).sum(axis=1)
    contrast = np.log(counts[1:, 1] / counts[1:, 0]) - np.log(counts[0, 1] / counts[0, 0])
    covariance = np.diag(variances[1:]) + variances[0]
    return stats.chi2.sf(contrast @ np.linalg.solve(covariance, contrast), len(contrast))

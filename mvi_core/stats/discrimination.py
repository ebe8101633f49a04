"""How well does a risk or a class tell patients with MVI from patients without: AUC, ROC, and the 2 x 2 table."""

import numpy as np
import pandas as pd
from scipy.special import ndtr
from sklearn.metrics import confusion_matrix, roc_curve

from mvi_core import checks
from mvi_core.errors import MviError
from mvi_core.names import GRADES
from mvi_core.stats.confusion import compound, one_against_rest, quadratic_kappa, shares
from mvi_core.stats.delong import TINY, auc_interval, auc_variance, placements
from mvi_core.stats.estimate import estimate_table, outcome_and_scores, same_patients, undefined, wald, wilson
from mvi_core.stats.resampling import percentile_interval


def auc(mvi_present, risk, *, level=0.95):
    """Area under the ROC curve with DeLong's interval, cut at 0 and 1.

    The area is the share of pairs, a patient with MVI and one without, in which the former has the higher
    risk; ties count one half. The direction is never turned round.
    DeLong 1988, doi:10.2307/2531595; Sun and Xu 2014, doi:10.1109/LSP.2014.2337313; Newcombe 2006, method 5,
    doi:10.1002/sim.2324.

    Returns
    -------
    Estimate
        ``method`` is ``DeLong``, or ``Newcombe score`` with the reason where DeLong's standard error is
        zero (complete separation, all risks equal) or a class has one patient only.

    Examples
    --------
    >>> auc([0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8]).value
    0.75
    """
    outcome, score = outcome_and_scores(mvi_present, risk=risk)
    value, by_present, by_absent = placements(outcome, score)
    return auc_interval(value, auc_variance(by_present, by_absent), len(by_present), len(by_absent), level=level)


def auc_difference(mvi_present, risk_a, risk_b, *, level=0.95):
    """Difference of two areas in the same patients with DeLong's interval and two-sided p.

    Parameters
    ----------
    mvi_present : array-like of bool, shape (n_patients,)
        Histologic MVI; at least two patients of each class.
    risk_a, risk_b : array-like of float, shape (n_patients,)
        Two scores of the same patients, in the same order.
    level : float

    Returns
    -------
    difference, p_value : Estimate, float
        Area of ``risk_a`` minus area of ``risk_b``; two-sided, normal reference, 1 where both rank alike.

    Raises
    ------
    MviError
        If the difference has no variance, or a class one patient (use the bootstrap).

    Examples
    --------
    >>> difference, p_value = auc_difference([0, 0, 1, 1], [1, 2, 3, 4], [1, 3, 2, 4])
    >>> difference.value, round(p_value, 3)
    (0.25, 0.48)
    """
    outcome, *scores = outcome_and_scores(mvi_present, risk_a=risk_a, risk_b=risk_b)
    (area_a, present_a, absent_a), (area_b, present_b, absent_b) = (placements(outcome, s) for s in scores)
    value, variance = area_a - area_b, auc_variance(present_a - present_b, absent_a - absent_b)
    if np.isnan(variance) or (variance <= TINY and abs(value) > 1e-12):
        counts = f"{len(present_a)} present, {len(absent_a)} absent"
        raise MviError(f"A difference of {value:.3g} between areas has no DeLong variance ({counts}). Bootstrap it.")
    variance = max(variance, 0.0)
    p_value = 1.0 if variance <= TINY else float(2 * ndtr(-abs(value) / np.sqrt(variance)))
    return wald(value, np.sqrt(variance), level=level, method="DeLong paired", n=len(outcome), limits=(-1, 1)), p_value


def roc_table(mvi_present, risk):
    """Sensitivity and specificity at every observed risk, none left out; arguments as in `auc`.

    Columns ``cutoff`` (positive is ``risk >= cutoff``; descending, the first is ``inf``: nobody positive),
    ``sensitivity``, ``specificity``.

    Examples
    --------
    >>> roc_table([0, 1, 1], [0.2, 0.2, 0.7]).values.tolist()
    [[inf, 0.0, 1.0], [0.7, 0.5, 1.0], [0.2, 1.0, 0.0]]
    """
    outcome, score = outcome_and_scores(mvi_present, risk=risk)
    false_positive, sensitivity, cutoff = roc_curve(outcome, score, drop_intermediate=False)
    return pd.DataFrame({"cutoff": cutoff, "sensitivity": sensitivity, "specificity": 1 - false_positive})


def youden(mvi_present, risk):
    """Every cutoff at which sensitivity + specificity - 1 is largest, ties included; arguments as in `auc`.

    One row per tied optimum: ``cutoff`` (an observed value; positive is ``risk >= cutoff``), ``cutoff_midpoint``
    (half-way to the next lower value, as pROC and SPSS print it; the same patients are positive), ``sensitivity``,
    ``specificity``, ``youden``.

    Examples
    --------
    >>> youden([0, 0, 1, 1], [0.1, 0.3, 0.2, 0.9])[["cutoff", "cutoff_midpoint", "youden"]].round(2).values.tolist()
    [[0.9, 0.6, 0.5], [0.2, 0.15, 0.5]]
    """
    table = roc_table(mvi_present, risk)
    below = np.append(table["cutoff"].to_numpy()[1:], -np.inf)
    table.insert(1, "cutoff_midpoint", np.where(np.isinf(table["cutoff"]), np.inf, (table["cutoff"] + below) / 2))
    index = table["sensitivity"] + table["specificity"] - 1
    return table.assign(youden=index)[index >= index.max() - 1e-12].reset_index(drop=True)


def binary_metrics(mvi_present, predicted, *, rng, n_bootstrap=2000, level=0.95):
    """Metrics of a yes/no prediction: shares with Wilson's interval, the others with a bootstrap interval.

    Parameters
    ----------
    mvi_present, predicted : array-like of bool, shape (n_patients,)
        Histologic MVI, of which both classes must occur; and predicted MVI.
    rng : numpy.random.Generator
        Source of the resamples behind F1, balanced accuracy and MCC.
    n_bootstrap, level : int, float

    Returns
    -------
    pandas.DataFrame
        Rows ``accuracy, sensitivity, specificity, precision, npv, f1, balanced_accuracy, mcc``; columns
        ``metric, value, ci_low, ci_high, n, method``. ``n`` is the denominator of a share. A share without
        patients has value NaN and method ``undefined: ...``; MCC is 0 where all are predicted alike (as in
        scikit-learn; Chicco and Jurman 2020, doi:10.1186/s12864-019-6413-7).

    Examples
    --------
    >>> table = binary_metrics([1, 1, 1, 0, 0], [1, 1, 0, 0, 1], rng=np.random.default_rng(0))
    >>> table.set_index("metric").value[["accuracy", "precision", "f1", "mcc"]].round(3).tolist()
    [0.6, 0.667, 0.667, 0.167]
    """
    outcome, positive = outcome_and_scores(mvi_present, check=checks.binary, predicted=predicted)
    n = len(outcome)
    cells = confusion_matrix(outcome, positive, labels=[1, 0])  # rows: truth, columns: prediction
    drawn = rng.multinomial(n, cells.ravel() / n, size=n_bootstrap).reshape(-1, 2, 2)
    values, replicates = compound(cells), compound(drawn)
    others = {name: percentile_interval(values[name], replicates[name], level=level, n=n) for name in values}
    return estimate_table(shares(cells, level=level) | others)


def grade_metrics(grade, grade_predicted, *, rng, n_bootstrap=2000, level=0.95):
    """Metrics of a predicted MVI grade, ``M0``, ``M1`` or ``M2``: overall, and each grade against the others.

    At least two true grades occur; the rest as in `binary_metrics`, behind quadratic kappa and F1. Columns ``grade``
    and those of `binary_metrics`; ``all`` has accuracy and ``quadratic_kappa``, a grade the rest.

    Examples
    --------
    >>> grade_metrics(["M0", "M1"], ["M0", "M2"], rng=np.random.default_rng(0))["value"][0]  # accuracy
    np.float64(0.5)
    """
    same_patients(grade=grade, grade_predicted=grade_predicted)
    truth, guess = (_grades(name, g) for name, g in (("grade", grade), ("grade_predicted", grade_predicted)))
    n = checks.same_length(grade=truth, grade_predicted=guess)
    matrix = confusion_matrix(truth, guess, labels=list(GRADES))
    if np.count_nonzero(matrix.sum(axis=1)) < 2:
        raise MviError(f"grade holds {truth[0]} only ({n} patients). At least two grades are needed here.")
    drawn = rng.multinomial(n, matrix.ravel() / n, size=n_bootstrap).reshape(-1, *matrix.shape)
    kappa = percentile_interval(quadratic_kappa(matrix), quadratic_kappa(drawn), level=level, n=n)
    overall = {"accuracy": wilson(np.trace(matrix), n, level=level), "quadratic_kappa": kappa}
    tables = {"all": estimate_table(overall)}
    for k, name in enumerate(GRADES):
        cells, f1 = one_against_rest(matrix, k), undefined(f"no patient of grade {name}", level=level)
        if cells[0].any():
            replicates = compound(one_against_rest(drawn, k))["f1"]
            f1 = percentile_interval(compound(cells)["f1"], replicates, level=level, n=n)
        tables[str(name)] = estimate_table(shares(cells, level=level) | {"f1": f1})
    return pd.concat(tables, names=["grade", None]).reset_index(level="grade").reset_index(drop=True)


def _grades(name, values):
    """Grades as a list of text, each one of M0, M1, M2."""
    grades = [str(value) for value in values]
    wrong = sorted(set(grades) - set(GRADES)) or ["nothing"] * (not grades)
    if wrong:
        raise MviError(f"{name} must hold M0, M1 or M2, got {wrong[0]}. Leave out patients without a grade.")
    return grades

"""For which patients is a classifier sure: sets of grades with a promised coverage, and accuracy among the surest."""

import numpy as np
import pandas as pd

from mvi_core import checks
from mvi_core.errors import MviError
from mvi_core.names import GRADES
from mvi_core.stats.estimate import critical_value, same_patients, wilson
from mvi_core.stats.resampling import percentile_interval, resample_counts


def conformal_p_values(probability, *, calibration, grade):
    r"""How well each grade would fit each patient, among calibration patients who have that grade.

    With :math:`s_c = 1 - p_c` how strange grade :math:`c` looks, and :math:`n_c` calibration patients of the grade,
    :math:`\pi_c = (\#\{i : s_{c,i} \ge s_c\} + 1) / (n_c + 1)`.
    Vovk, Gammerman and Shafer, Algorithmic Learning in a Random World, 2022, doi:10.1007/978-3-031-06649-8.

    Parameters
    ----------
    probability : pandas.DataFrame of float, shape (n_patients, 3)
        Predicted probability of M0, M1 and M2, in this order.
    calibration : pandas.DataFrame of float, shape (n_calibration, 3)
        The same for patients whose grade is known and whom the network has not been trained on.
    grade : array-like of str, shape (n_calibration,)
        Their grades; each must occur.

    Returns
    -------
    pandas.DataFrame of float, shape (n_patients, 3)
        Columns ``M0``, ``M1``, ``M2``; above 0, at most 1.

    Examples
    --------
    >>> known = pd.DataFrame([[0.9, 0.1, 0], [0.6, 0.3, 0.1], [0.2, 0.7, 0.1], [0.1, 0.1, 0.8]])
    >>> new = pd.DataFrame([[0.7, 0.3, 0.0]])
    >>> conformal_p_values(new, calibration=known, grade=["M0", "M0", "M1", "M2"]).round(3).values.tolist()
    [[0.667, 0.5, 0.5]]
    """
    return stored_p_values(probability, own_grade_probabilities(calibration, grade))


def own_grade_probabilities(calibration, grade):
    """Return all that conformal sets need of the calibration patients: the sorted probabilities of their own grade.

    Arguments are those of `conformal_p_values`; a mapping of each grade to float of shape (n_c,), with no order of
    patients left in it, so that a model can carry it.

    Examples
    --------
    >>> known = pd.DataFrame([[0.9, 0.1, 0], [0.6, 0.3, 0.1], [0.2, 0.7, 0.1], [0.1, 0.1, 0.8]])
    >>> {grade: own.tolist() for grade, own in own_grade_probabilities(known, ["M0", "M0", "M1", "M2"]).items()}
    {'M0': [0.6, 0.9], 'M1': [0.7], 'M2': [0.8]}
    """
    known = _probabilities("calibration", calibration)
    same_patients(calibration=calibration.iloc[:, 0], grade=grade)
    truth = _grades(grade, calibration=known)
    return {str(name): np.sort(known[truth == name, place]) for place, name in enumerate(GRADES)}


def stored_p_values(probability, own):
    """How well each grade would fit each patient, from what `own_grade_probabilities` kept.

    Examples
    --------
    >>> own = {"M0": [0.6, 0.9], "M1": [0.7], "M2": [0.8]}
    >>> stored_p_values(pd.DataFrame([[0.7, 0.3, 0.0]]), own).round(3).values.tolist()  # as `conformal_p_values` shows
    [[0.667, 0.5, 0.5]]
    """
    new, told = _probabilities("probability", probability), {}
    for place, name in enumerate(GRADES):
        scores = np.asarray(own.get(str(name), ()))
        if not scores.size:
            raise MviError(f"No calibration patient has grade {name}, so nothing can be said of it. Add some.")
        told[str(name)] = (np.searchsorted(scores, new[:, place], side="right") + 1) / (len(scores) + 1)
    return pd.DataFrame(told, index=probability.index)


def fold_p_values(probability, grade, fold):
    """Judge the patients of each fold by those of the others, as `conformal_p_values`.

    ``probability`` and ``grade`` are of one set of patients, as ``calibration`` and ``grade`` there; ``fold``
    (n_patients,) has at least two values.

    Examples
    --------
    >>> same = pd.DataFrame([[0.8, 0.1, 0.1], [0.1, 0.8, 0.1], [0.1, 0.1, 0.8]] * 2)
    >>> fold_p_values(same, ["M0", "M1", "M2"] * 2, [1, 1, 1, 2, 2, 2]).values[0].tolist()
    [1.0, 0.5, 0.5]
    """
    truth, labels = _grades(grade, probability=probability), pd.factorize(np.asarray(fold))[0]
    checks.same_length(probability=probability, fold=labels)
    same_patients(probability=probability.iloc[:, 0], grade=grade, fold=fold)
    if labels.min(initial=0) < 0 or labels.max(initial=0) < 1:
        raise MviError("fold must say for each patient which of two folds or more it is in. Fill it in.")
    parts = [
        conformal_p_values(
            probability[labels == one], calibration=probability[labels != one], grade=truth[labels != one]
        )
        for one in np.unique(labels)
    ]
    return pd.concat(parts).iloc[np.argsort(np.argsort(labels, kind="stable"))]


def conformal_sets(p_values, *, level):
    """Grades that cannot be ruled out for each patient: a bool for each of the p values of `conformal_p_values`.

    A new patient's own grade is in the set with at least probability ``level``, for patients of each grade apart, if
    the calibration patients and the new ones come from one distribution. A set may be empty, which says that no grade
    fits.

    Examples
    --------
    >>> conformal_sets(pd.DataFrame({"M0": [0.7], "M1": [0.1], "M2": [0.05]}), level=0.9).values.tolist()
    [[True, False, False]]
    """
    critical_value(level)
    return p_values > round(1 - level, 12)


def set_coverage(sets, grade, *, level=0.95):
    """How often the sets of `conformal_sets` hold the true grade, and how large they are.

    Rows ``all`` and each grade that occurs: ``grade, n, coverage, ci_low, ci_high`` (Wilson's interval of this
    ``level``), ``mean_size, share_single, share_empty``.

    Examples
    --------
    >>> sets = pd.DataFrame({"M0": [True, True], "M1": [True, False], "M2": [False, False]})
    >>> set_coverage(sets, ["M1", "M1"])[["grade", "n", "coverage", "mean_size"]].values.tolist()
    [['all', 2, 0.5, 1.5], ['M1', 2, 0.5, 1.5]]
    """
    same_patients(sets=sets.iloc[:, 0], grade=grade)
    truth, size = _grades(grade, sets=sets), sets.sum(axis=1).to_numpy()
    holds, rows = np.column_stack([sets[name] & (truth == name) for name in GRADES]).any(axis=1), []
    for name in ("all", *map(str, GRADES)):
        among = (truth == name) | (name == "all")
        if among.any():
            e = wilson(int(holds[among].sum()), int(among.sum()), level=level)
            shape = size[among].mean(), (size[among] == 1).mean(), (size[among] == 0).mean()
            rows.append((name, e.n, e.value, e.low, e.high, *shape))
    columns = ["grade", "n", "coverage", "ci_low", "ci_high", "mean_size", "share_single", "share_empty"]
    return pd.DataFrame(rows, columns=columns)


def risk_coverage(correct, confidence, *, level=0.95):
    """Accuracy among the patients of whom the classifier is surest, from the surest few to everybody.

    ``correct`` (n_patients,) says whether the prediction was right; ``confidence`` is any score that is higher where
    the classifier is surer; patients with equal scores are kept together. One row per distinct confidence, descending:
    ``confidence`` (kept from here on), ``n, share_kept, accuracy, ci_low, ci_high``.

    Examples
    --------
    >>> risk_coverage([1, 0, 1], [0.9, 0.6, 0.6])[["n", "share_kept", "accuracy"]].round(2).values.tolist()
    [[1.0, 0.33, 1.0], [3.0, 1.0, 0.67]]
    """
    right, score = _right_and_score(correct, confidence)
    ends = np.append(np.flatnonzero(np.diff(score)), len(score) - 1)
    rows = []
    for k, hits in zip(ends + 1, right.cumsum()[ends], strict=True):
        e = wilson(int(hits), int(k), level=level)
        rows.append((score[k - 1], k, k / len(score), e.value, e.low, e.high))
    return pd.DataFrame(rows, columns=["confidence", "n", "share_kept", "accuracy", "ci_low", "ci_high"])


def risk_coverage_area(correct, confidence, *, n_bootstrap, rng, level=0.95):
    """Area under the curve of `risk_coverage`: the mean, over all :math:`k`, of the error among the :math:`k` surest.

    Equal to the error rate where the confidence says nothing, lower where it tells right from wrong. Patients with
    equal confidence count in every order alike. Geifman, Uziel and El-Yaniv 2019, doi:10.48550/arXiv.1805.08206.

    Examples
    --------
    >>> area = risk_coverage_area([1, 1, 0], [0.9, 0.8, 0.1], n_bootstrap=40, rng=np.random.default_rng(0))
    >>> round(area.value, 4)  # errors of 0, 0 and 1/3
    0.1111
    """
    right, score = _right_and_score(correct, confidence)
    counts = resample_counts(len(score), n_bootstrap, rng=rng).astype(int)
    drawn = [_area(np.repeat(right, row), np.repeat(score, row)) for row in counts]
    return percentile_interval(_area(right, score), drawn, level=level, n=len(score))


def _area(right, score):
    """Mean error among the surest, of scores in descending order; a tie shares its errors evenly."""
    starts = np.flatnonzero(np.append(True, np.diff(score) < 0))
    sizes = np.diff(np.append(starts, len(score)))
    errors = np.repeat(np.add.reduceat(1.0 - right, starts) / sizes, sizes)
    return float((errors.cumsum() / np.arange(1, len(score) + 1)).mean())


def _right_and_score(correct, confidence):
    """Check both; from the surest down, so that no result depends on the order of patients."""
    same_patients(correct=correct, confidence=confidence)
    right, score = checks.binary("correct", correct), checks.finite("confidence", confidence)
    checks.same_length(correct=right, confidence=score)
    order = np.lexsort((right, -score))
    return right[order], score[order]


def _grades(grade, **beside):
    """Check grades of as many patients as the table beside them has."""
    truth = np.array([checks.expect_choice("grade", str(one), GRADES) for one in grade])
    checks.same_length(grade=truth, **beside)
    return truth


def _probabilities(name, values):
    """Check a table of class probabilities, (n, 3)."""
    table = checks.expect_shape(name, np.asarray(values), ("n", len(GRADES)))
    table = checks.probability(name, table.ravel()).reshape(table.shape)
    if np.abs(table.sum(axis=1) - 1).max(initial=0) > 1e-3:
        raise MviError(f"{name} must sum to 1 in each patient. Pass the columns of M0, M1 and M2, in this order.")
    return table

"""What does a table of true against predicted classes say: shares, F1, balanced accuracy, MCC and kappa."""

import numpy as np

from mvi_core.stats.estimate import undefined, wilson


def shares(cells, *, level):
    """Accuracy, sensitivity, specificity, precision and npv of ``[[tp, fn], [fp, tn]]``, each with Wilson's interval.

    An `Estimate` by name; one without patients is ``undefined: ...``.

    Examples
    --------
    >>> found = shares(np.array([[8, 2], [1, 9]]), level=0.95)
    >>> [found[name].value for name in ("accuracy", "sensitivity", "specificity")]
    [0.85, 0.8, 0.9]
    """
    (tp, fn), (fp, tn) = cells.tolist()
    counts = {
        "accuracy": (tp + tn, tp + tn + fp + fn, "no patient"),
        "sensitivity": (tp, tp + fn, "no patient of the class"),
        "specificity": (tn, tn + fp, "no patient outside the class"),
        "precision": (tp, tp + fp, "no patient predicted positive"),
        "npv": (tn, tn + fn, "no patient predicted negative"),
    }
    return {m: wilson(k, n, level=level) if n else undefined(why, level=level) for m, (k, n, why) in counts.items()}


def compound(cells):
    """F1, balanced accuracy and MCC of many tables ``[[tp, fn], [fp, tn]]``, (..., 2, 2), by name.

    NaN where a true class is missing; MCC 0 where a predicted one is.

    Examples
    --------
    >>> found = compound(np.array([[8, 2], [2, 8]]))
    >>> [round(float(found[name]), 3) for name in ("f1", "balanced_accuracy", "mcc")]
    [0.8, 0.8, 0.6]
    """
    cells = np.asarray(cells, dtype=float)
    (tp, fn), (fp, tn) = np.moveaxis(cells, (-2, -1), (0, 1))
    both = np.where((tp + fn > 0) & (fp + tn > 0), 1.0, np.nan)
    balanced = (_ratio(tp, tp + fn) + _ratio(tn, tn + fp)) / 2
    mcc = _ratio(tp * tn - fp * fn, np.sqrt((tp + fp) * (tp + fn) * (tn + fp) * (tn + fn)))
    return {"f1": _ratio(2 * tp, 2 * tp + fp + fn) * both, "balanced_accuracy": balanced * both, "mcc": mcc * both}


def quadratic_kappa(matrix):
    """Cohen's kappa with quadratic weights of many tables of true (rows) and predicted grades, (..., K, K).

    NaN where all patients have, and are given, one and the same grade.

    Examples
    --------
    >>> round(float(quadratic_kappa(np.array([[1, 0, 0], [0, 1, 0], [0, 0, 1]]))), 3)
    1.0
    """
    matrix = np.asarray(matrix, dtype=float)
    distance = np.arange(matrix.shape[-1])
    weights = (distance[:, None] - distance) ** 2
    expected = matrix.sum(-1)[..., :, None] * matrix.sum(-2)[..., None, :] / matrix.sum((-2, -1))[..., None, None]
    chance = (weights * expected).sum((-2, -1))
    return np.where(chance > 0, 1 - _ratio((weights * matrix).sum((-2, -1)), chance), np.nan)


def one_against_rest(matrix, k):
    """Tables ``[[tp, fn], [fp, tn]]``, (..., 2, 2), of the grade at position ``k`` against the others.

    Examples
    --------
    >>> one_against_rest(np.array([[5, 1, 0], [2, 3, 0], [0, 0, 4]]), 0).tolist()
    [[5, 1], [2, 7]]
    """
    tp, of_grade, called = matrix[..., k, k], matrix.sum(-1)[..., k], matrix.sum(-2)[..., k]
    tn = matrix.sum((-2, -1)) - of_grade - called + tp
    return np.stack([tp, of_grade - tp, called - tp, tn], axis=-1).reshape(*np.shape(tp), 2, 2)


def _ratio(numerator, denominator):
    """Quotient, 0 where the denominator is 0."""
    return np.divide(numerator, denominator, out=np.zeros(np.shape(numerator)), where=denominator > 0)

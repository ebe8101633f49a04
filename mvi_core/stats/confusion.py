"""What does a table of true against predicted classes say: shares, F1, balanced accuracy, MCC and kappa."""

import numpy as np

from mvi_core.stats.estimate import undefined, wilson


def shares(cells, *, level):
    """Five shares of a 2 x 2 table, each with Wilson's interval.

    Parameters
    ----------
    cells : numpy.ndarray of int, shape (2, 2)
        Counts ``[[tp, fn], [fp, tn]]``.
    level : float
        Confidence level, strictly between 0 and 1.

    Returns
    -------
    dict of str to Estimate
        ``accuracy, sensitivity, specificity, precision, npv``; one without patients is ``undefined: ...``.

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
    """F1, balanced accuracy and Matthews correlation of many 2 x 2 tables.

    Parameters
    ----------
    cells : numpy.ndarray of int, shape (..., 2, 2)
        Counts ``[[tp, fn], [fp, tn]]``.

    Returns
    -------
    dict of str to numpy.ndarray of float, shape (...)
        ``f1, balanced_accuracy, mcc``; NaN where a true class is missing, MCC 0 where a predicted one is.

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
    """Cohen's kappa with quadratic weights of many K x K tables.

    Parameters
    ----------
    matrix : numpy.ndarray of int, shape (..., K, K)
        Counts; rows are true grades in order, columns predicted ones.

    Returns
    -------
    numpy.ndarray of float, shape (...)
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
    """Table of grade ``k`` against the other grades.

    Parameters
    ----------
    matrix : numpy.ndarray of int, shape (..., K, K)
        Counts; rows are true grades, columns predicted ones.
    k : int
        Position of the grade.

    Returns
    -------
    numpy.ndarray of int, shape (..., 2, 2)
        Counts ``[[tp, fn], [fp, tn]]``.

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

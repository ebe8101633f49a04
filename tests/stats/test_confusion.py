import numpy as np
import pytest
from sklearn import metrics

from mvi_core.stats.confusion import compound, one_against_rest, quadratic_kappa, shares


def test_kappa_of_many_tables_equals_scikit_learn_one_by_one():
    """scikit-learn: cohen_kappa_score(truth, called, weights="quadratic")."""
    rng = np.random.default_rng(0)
    tables = rng.integers(1, 9, size=(4, 3, 3))
    for table, kappa in zip(tables, quadratic_kappa(tables), strict=True):
        truth, called = np.repeat(np.indices((3, 3)).reshape(2, -1), table.ravel(), axis=1)
        assert kappa == pytest.approx(metrics.cohen_kappa_score(truth, called, weights="quadratic"), rel=1e-12)


def test_kappa_does_not_exist_where_all_share_one_grade():
    assert np.isnan(quadratic_kappa(np.diag([5, 0, 0])))
    assert quadratic_kappa(np.diag([5, 0, 1])) == 1


def test_one_grade_against_the_rest_by_hand():
    table = np.array([[5, 1, 0], [2, 3, 1], [0, 1, 4]])
    assert one_against_rest(table, 1).tolist() == [[3, 3], [2, 9]]


def test_compound_metrics_by_hand_and_conventions():
    """tp 2, fn 1, fp 1, tn 1: F1 4/6; (2/3 + 1/2) / 2; MCC (2 - 1) / sqrt(3 * 3 * 2 * 2). Nobody positive: MCC 0."""
    values = compound([[[2, 1], [1, 1]], [[0, 3], [0, 2]], [[2, 1], [0, 0]]])
    assert values["f1"].tolist() == pytest.approx([2 / 3, 0, np.nan], nan_ok=True)
    assert values["balanced_accuracy"].tolist() == pytest.approx([7 / 12, 0.5, np.nan], nan_ok=True)
    assert values["mcc"].tolist() == pytest.approx([1 / 6, 0, np.nan], nan_ok=True)


def test_a_share_of_nobody_is_undefined_in_words():
    found = shares(np.array([[0, 3], [0, 2]]), level=0.95)
    assert found["precision"].method == "undefined: no patient predicted positive"
    assert (found["npv"].value, found["npv"].n) == (0.4, 5)

"""Fair shares against worked examples, gains that must be there or must be zero, and sentences for wrong input."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import spearmanr
from sklearn.metrics import roc_auc_score

from mvi_core.errors import MviError
from mvi_core.stats.contribution import added_gains, mean_table, rank_correlation, replacement_gains, shapley


def drawn(seed=0):
    return np.random.default_rng(seed)


def test_the_glove_game_has_its_textbook_shares():
    """One left glove (a), two right ones (b, c); a pair is worth 1: shares 2/3, 1/6, 1/6 (Osborne and Rubinstein)."""
    worth = {"a": 0, "b": 0, "c": 0, "a+b": 1, "a+c": 1, "b+c": 0, "a+b+c": 1}
    shares = shapley(pd.DataFrame({"worth": worth}), empty=0)["worth"]
    assert shares.to_dict() == pytest.approx({"a": 2 / 3, "b": 1 / 6, "c": 1 / 6})


@given(st.lists(st.floats(-1, 1), min_size=7, max_size=7), st.floats(-1, 1))
def test_shares_add_up_and_ignore_the_order_of_sets_and_names(values, empty):
    names = ["a", "b", "c", "a+b", "a+c", "b+c", "a+b+c"]
    table = pd.DataFrame({"x": values}, index=names)
    shares = shapley(table, empty)["x"]
    assert shares.sum() == pytest.approx(values[-1] - empty, abs=1e-12)
    turned = table.iloc[::-1].rename(lambda name: "+".join(reversed(name.split("+"))))
    assert shapley(turned, empty)["x"].to_dict() == pytest.approx(shares.to_dict(), abs=1e-12)


def test_a_part_that_adds_nothing_anywhere_gets_nothing():
    table = pd.DataFrame({"x": {"a": 0.7, "b": 0.5, "a+b": 0.7}})
    assert shapley(table, 0.5)["x"].to_dict() == pytest.approx({"a": 0.2, "b": 0.0})


@pytest.mark.parametrize("names", [["a", "b"], ["a", "b", "a+b", "b+a"], ["a", "a+b"]])
def test_a_missing_or_repeated_set_is_refused(names):
    with pytest.raises(MviError, match="needs each of the 3 sets of 2 parts once"):
        shapley(pd.DataFrame({"x": 0.5}, index=names), 0.5)


def test_gains_over_pairs_use_only_pairs_that_are_there():
    """b is added to a (0.6 to 0.9) and to a+c (0.7 to 0.8); c is added to a and to a+b."""
    values = pd.Series({"a": 0.6, "a+b": 0.9, "a+c": 0.7, "a+b+c": 0.8})
    table = added_gains(values).set_index("part")
    assert table.loc["b"].tolist() == pytest.approx([2, 0.2, 0.1, 0.3])
    assert table.loc["c"].tolist() == pytest.approx([2, 0.0, -0.1, 0.1])
    assert table.loc["a", "n_pairs"] == 0 and np.isnan(table.loc["a", "gain"])


def replaced(n=200, seed=0):
    """T1 drifts so far that it carries nothing; T2 does not drift at all."""
    rng = drawn(seed)
    outcome = np.arange(n) % 2
    sign, drift, other = outcome + rng.normal(0, 1, n), rng.normal(0, 1, n), outcome + rng.normal(0, 1, n)
    scores = {"": drift + other, "T1": sign + other, "T2": drift + other, "T1+T2": sign + other}
    risk = pd.DataFrame({name: 1 / (1 + np.exp(1 - score)) for name, score in scores.items()})
    return outcome, risk, (risk > 0.5).astype(int)


def test_the_drifting_part_gains_the_difference_of_areas_and_the_other_exactly_nothing():
    """scikit-learn: roc_auc_score after less roc_auc_score before."""
    outcome, risk, call = replaced()
    table = replacement_gains(outcome, risk, call, n_bootstrap=200, rng=drawn()).set_index(["metric", "kind", "part"])
    expected = roc_auc_score(outcome, risk["T1"]) - roc_auc_score(outcome, risk[""])
    for kind in ("alone", "share"):
        gain = table.loc[("auc", kind, "T1")]
        assert gain["gain"] == pytest.approx(expected) and 0 < gain["ci_low"] < expected < gain["ci_high"]
        assert table.loc[("auc", kind, "T2"), ["gain", "ci_low", "ci_high"]].tolist() == [0, 0, 0]
    right = (call["T1"] == outcome).mean() - (call[""] == outcome).mean()
    assert table.loc[("accuracy", "alone", "T1"), "gain"] == pytest.approx(right)
    assert table.loc[("auc", "alone", "T1+T2"), "gain"] == pytest.approx(expected) and (table["n"] == 200).all()


def test_one_class_or_patients_that_do_not_match_are_refused():
    outcome, risk, call = replaced(20)
    with pytest.raises(MviError, match="one class only"):
        replacement_gains(np.ones(20), risk, call, n_bootstrap=40, rng=drawn())
    with pytest.raises(MviError, match="one entry per patient"):
        replacement_gains(outcome[:10], risk, call, n_bootstrap=40, rng=drawn())


def test_the_interval_of_a_mean_is_about_that_of_the_normal_theory_and_ignores_order():
    """Normal theory: mean +/- 1.96 sd / sqrt(n)."""
    table = pd.DataFrame({"group": "a", "x": drawn(3).normal(5, 2, 400)})
    (row,) = mean_table(table, ["group"], "x", n_bootstrap=2000, rng=drawn()).itertuples()
    assert row.value == pytest.approx(table["x"].mean())
    half = 1.96 * table["x"].std() / 20
    assert row.ci_high - row.value == pytest.approx(half, rel=0.1) and row.value - row.ci_low == pytest.approx(
        half, rel=0.1
    )
    shuffled = mean_table(table.sample(frac=1, random_state=1), ["group"], "x", n_bootstrap=2000, rng=drawn())
    assert shuffled.loc[0, ["ci_low", "ci_high"]].tolist() == pytest.approx([row.ci_low, row.ci_high])


def test_a_missing_value_is_refused():
    with pytest.raises(MviError, match="must be finite"):
        mean_table(pd.DataFrame({"g": ["a", "a"], "x": [1, np.nan]}), ["g"], "x", n_bootstrap=40, rng=drawn())


def test_rank_correlation_is_that_of_scipy_with_ties():
    """scipy.stats.spearmanr on each pair of flattened maps."""
    first, second = (drawn(seed).integers(0, 6, (4, 5, 5)) for seed in (1, 2))
    expected = [spearmanr(a.ravel(), b.ravel()).statistic for a, b in zip(first, second, strict=True)]
    assert rank_correlation(first, second) == pytest.approx(expected)


def test_a_constant_map_agrees_with_nothing():
    assert rank_correlation(np.ones((1, 4)), [[1, 2, 3, 4]]).tolist() == [0]

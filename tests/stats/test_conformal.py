"""Witnesses: crepes for the sets; every order of tied patients, written out, for the area under risk and coverage."""

from itertools import pairwise, permutations

import numpy as np
import pandas as pd
import pytest
from crepes import ConformalClassifier
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binom

from mvi_core.errors import MviError
from mvi_core.stats.conformal import (
    conformal_p_values,
    conformal_sets,
    fold_p_values,
    risk_coverage,
    risk_coverage_area,
    set_coverage,
)

GRADES = ("M0", "M1", "M2")


def patients(n, *, seed, drift=0.0, step=None):
    """Patients with a grade and three probabilities that tell something of it."""
    rng = np.random.default_rng(seed)
    grade = rng.choice(3, size=n, p=[0.45, 0.35, 0.2])
    score = rng.normal(size=(n, 3)) + 1.2 * np.eye(3)[grade] + drift * np.array([0, 1, 0])
    share = np.exp(score) / np.exp(score).sum(axis=1, keepdims=True)
    if step:  # coarse probabilities, so that scores tie
        share = np.round(share / step) * step
        share[:, 2] = 1 - share[:, :2].sum(axis=1)
    return pd.DataFrame(share.clip(0, 1), columns=list(GRADES)), pd.Series(np.array(GRADES)[grade])


@pytest.mark.parametrize("step", [None, 0.125])
def test_class_conditional_p_values_equal_crepes_with_and_without_ties(step):
    """crepes 0.9: a ConformalClassifier per grade, fitted to that grade's scores, smoothing=False."""
    (known, grade), (new, _) = patients(150, seed=1, step=step), patients(80, seed=2, step=step)
    found = conformal_p_values(new, calibration=known, grade=grade)
    for place, name in enumerate(GRADES):
        own = (1 - known.to_numpy()[:, place])[(grade == name).to_numpy()]
        crepes = ConformalClassifier().fit(own)
        expected = crepes.predict_p((1 - new.to_numpy())[:, [place]], smoothing=False)
        np.testing.assert_allclose(found[name], expected[:, 0], rtol=1e-12)


def test_sets_cover_each_grade_as_promised_where_nothing_drifts_and_fail_where_it_does():
    """80 studies of 150 + 200 patients; SE of a mean coverage is at most 0.01."""
    promised, held, drifted = 0.9, [], []
    for seed in range(80):
        known, grade = patients(150, seed=seed)
        for drift, kept in ((0.0, held), (2.0, drifted)):
            new, truth = patients(200, seed=10_000 + seed, drift=drift)
            sets = conformal_sets(conformal_p_values(new, calibration=known, grade=grade), level=promised)
            kept.append(set_coverage(sets, truth).set_index("grade")["coverage"])
    means, drifted = pd.DataFrame(held).mean(), pd.DataFrame(drifted).mean()
    assert (means[list(GRADES)] > promised - 0.02).all() and (means[list(GRADES)] < promised + 0.05).all()
    assert drifted["M0"] < 0.75 and drifted["M1"] > 0.95


def test_a_grade_with_few_calibration_patients_is_never_ruled_out():
    """With n calibration patients the smallest p is 1/(n + 1): 8 of them cannot rule a grade out at 90 %."""
    known, grade = patients(200, seed=3)
    few = (grade != "M2") | (grade.where(grade == "M2").notna().cumsum() <= 8)
    sets = conformal_sets(
        conformal_p_values(known, calibration=known[few].reset_index(drop=True), grade=grade[few].to_numpy()), level=0.9
    )
    assert (grade[few] == "M2").sum() == 8 and sets["M2"].all()


def test_coverage_is_counted_by_hand_with_sizes_and_wilson_intervals():
    """R: prop.test(2, 3, correct = FALSE)$conf.int is 0.2076596 0.9385081."""
    sets = pd.DataFrame({"M0": [1, 1, 0, 0], "M1": [0, 1, 0, 0], "M2": [0, 0, 0, 1]}).astype(bool)
    table = set_coverage(sets, ["M0", "M1", "M0", "M2"]).set_index("grade")
    assert table.loc["M0", ["n", "coverage", "mean_size", "share_single", "share_empty"]].tolist() == [
        2,
        0.5,
        0.5,
        0.5,
        0.5,
    ]
    assert table.loc["all", ["n", "coverage", "mean_size"]].tolist() == [4, 0.75, 1]
    rest = set_coverage(sets[:3], ["M0", "M1", "M0"]).set_index("grade")
    assert rest.loc["all", ["ci_low", "ci_high"]].tolist() == pytest.approx([0.2076596, 0.9385081], abs=1e-7)
    assert list(rest.index) == ["all", "M0", "M1"]


def test_higher_levels_give_larger_sets_and_patients_keep_their_index():
    known, grade = patients(150, seed=4)
    new = patients(40, seed=5)[0].set_index(pd.Index([f"S{i}" for i in range(40)], name="patient_id"))
    p_values = conformal_p_values(new, calibration=known, grade=grade)
    assert p_values.index.equals(new.index)
    small, large = (conformal_sets(p_values, level=level) for level in (0.8, 0.95))
    assert (large | ~small).all(axis=None) and large.to_numpy().sum() > small.to_numpy().sum()


def test_each_fold_is_judged_by_the_others_only():
    """The definition, written out; a patient's own probability never enters the count."""
    known, grade = patients(90, seed=8)
    fold = np.arange(90) % 3
    found = fold_p_values(known, grade, fold)
    for one in range(90):
        for place, name in enumerate(GRADES):
            others = known.loc[(fold != fold[one]) & (grade == name).to_numpy()].iloc[:, place]
            expected = ((others <= known.iloc[one, place]).sum() + 1) / (len(others) + 1)
            assert found.iloc[one, place] == pytest.approx(expected, rel=1e-12)
    with pytest.raises(MviError, match="two folds or more"):
        fold_p_values(known, grade, np.zeros(90))


def test_the_area_equals_the_mean_over_every_order_of_tied_patients():
    correct, confidence = [1, 0, 1, 0, 1], [0.9, 0.6, 0.6, 0.6, 0.2]
    orders = [o for o in permutations(range(5)) if all(confidence[a] >= confidence[b] for a, b in pairwise(o))]
    areas = [np.mean([np.mean([1 - correct[i] for i in o[:k]]) for k in range(1, 6)]) for o in orders]
    found = risk_coverage_area(correct, confidence, n_bootstrap=100, rng=np.random.default_rng(0))
    assert len(orders) == 6 and found.value == pytest.approx(np.mean(areas), rel=1e-12)
    assert found.low <= found.value <= found.high


def test_the_interval_of_the_area_holds_the_truth_as_often_as_it_says():
    """Confidence is the chance of being right, uniform on (0.5, 1): the surest q err in q / 4, on average 1 / 8."""
    rng, inside = np.random.default_rng(7), 0
    for _ in range(60):
        chance = rng.uniform(0.5, 1, size=150)
        e = risk_coverage_area(rng.random(150) < chance, chance, n_bootstrap=150, rng=rng)
        inside += e.low <= 0.125 <= e.high
    assert inside >= binom.ppf(1e-4, 60, 0.93)


def test_the_last_row_of_the_curve_is_the_plain_accuracy():
    rng = np.random.default_rng(2)
    correct, confidence = rng.random(60) < 0.7, rng.integers(0, 9, 60)
    curve = risk_coverage(correct, confidence)
    assert curve["confidence"].is_monotonic_decreasing and len(curve) == len(np.unique(confidence))
    assert curve.iloc[-1][["n", "share_kept", "accuracy"]].tolist() == [60, 1, correct.mean()]
    for row in curve.itertuples():
        assert row.accuracy == pytest.approx(correct[confidence >= row.confidence].mean())


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.tuples(st.booleans(), st.integers(0, 5)), min_size=2, max_size=25), st.randoms(use_true_random=False)
)
def test_order_and_monotone_changes_of_confidence_change_nothing(rows, random):
    correct, confidence = (np.array(column) for column in zip(*rows, strict=True))
    order = np.array(random.sample(range(len(rows)), len(rows)))
    told = [
        risk_coverage_area(correct[o], change(confidence[o]), n_bootstrap=40, rng=np.random.default_rng(0))
        for o, change in ((np.arange(len(rows)), np.array), (order, np.exp))
    ]
    assert told[0] == told[1] and 0 <= told[0].low <= told[0].high <= 1
    curve = risk_coverage(correct, confidence)
    np.testing.assert_allclose(curve["accuracy"], risk_coverage(correct[order], confidence[order])["accuracy"])


def frame(*rows):
    return pd.DataFrame(rows, columns=list(GRADES))


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: conformal_p_values(frame([0.9, 0.1, 0]), calibration=frame([1, 0, 0]), grade=["M0"]), "has grade M1"),
        (lambda: conformal_p_values(frame([1, 0, 0]), calibration=frame([0.2, 0, 0]), grade=["M0"]), "sum to 1"),
        (lambda: conformal_p_values(frame([1, 0, 0]), calibration=frame([np.nan, 0, 0]), grade=["M0"]), "finite"),
        (lambda: conformal_p_values(frame([1, 0, 0]), calibration=frame([1, 0, 0]), grade=["M9"]), "must be one of M0"),
        (lambda: conformal_p_values(frame([1, 0, 0]), calibration=frame([1, 0, 0]), grade=2 * ["M0"]), "one entry per"),
        (lambda: conformal_sets(frame([1, 1, 1]), level=95), "level must lie"),
        (lambda: set_coverage(frame([True, False, False]), ["none"]), "must be one of M0"),
        (lambda: risk_coverage([1, 2], [0.1, 0.2]), "0 and 1|must hold"),
        (lambda: risk_coverage([1, 0], [0.1, np.nan]), "finite"),
        (lambda: risk_coverage_area([1], [0.1], n_bootstrap=40, rng=np.random.default_rng(0)), "2 patients"),
    ],
)  # fmt: skip
def test_wrong_input_gets_one_clear_sentence(call, words):
    with pytest.raises(MviError, match=words):
        call()

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import metrics

from mvi_core.errors import MviError
from mvi_core.stats.discrimination import auc, auc_difference, binary_metrics, grade_metrics, roc_table, youden

REFERENCE = Path(__file__).parents[1] / "reference"
ANSWERS = json.loads((REFERENCE / "roc_asah.json").read_text(encoding="utf-8"))
ASAH = pd.read_csv(REFERENCE / "roc_asah.csv")
MARKERS = ["s100b", "ndka", "wfns"]

patients = st.lists(st.tuples(st.integers(0, 1), st.integers(0, 6)), min_size=1, max_size=40)


def drawn(seed=0):
    return np.random.default_rng(seed)


def marker(name):
    return -ASAH["s100b"] if name == "minus_s100b" else ASAH[name]


@pytest.mark.parametrize("name", [*MARKERS, "minus_s100b"])
@pytest.mark.parametrize(("level", "key"), [(0.95, "ci"), (0.9, "ci90")])
def test_auc_and_delong_interval_equal_proc_and_the_direction_is_never_turned(name, level, key):
    """R: ci.auc(roc(outcome, x, levels = 0:1, direction = "<"), conf.level = ...); roc_reference.R."""
    estimate = auc(ASAH["outcome"], marker(name), level=level)
    assert [estimate.low, estimate.value, estimate.high] == pytest.approx(ANSWERS[name][key], rel=1e-9)
    assert (estimate.method, estimate.n) == ("DeLong", 113)


def test_the_standard_error_of_wfns_is_delongs_not_that_of_spss():
    """SPSS prints .0398 (another nonparametric formula), Hanley and McNeil's is .0438, DeLong's .0383."""
    estimate = auc(ASAH["outcome"], ASAH["wfns"])
    assert (estimate.value - estimate.low) / 1.959964 == pytest.approx(0.0383, abs=5e-5)


@pytest.mark.parametrize(("a", "b"), [("s100b", "ndka"), ("wfns", "s100b")])
def test_paired_delong_test_equals_proc(a, b):
    """R: roc.test(roc_a, roc_b, method = "delong", paired = TRUE)."""
    estimate, p_value = auc_difference(ASAH["outcome"], ASAH[a], ASAH[b])
    answer = ANSWERS[f"{a}_{b}"]
    assert p_value == pytest.approx(answer["p"], rel=1e-8)
    assert [estimate.low, estimate.high] == pytest.approx(answer["ci"], rel=1e-8)
    assert estimate.value == pytest.approx(ANSWERS[a]["auc"] - ANSWERS[b]["auc"], rel=1e-9)


@pytest.mark.parametrize("name", MARKERS)
def test_youden_gives_the_cutoff_of_proc_and_spss_as_midpoint_and_an_observed_one(name):
    """R: coords(roc, "best"): s100b .205, wfns 3.5; scikit-learn and we ourselves name the observed .22 and 4."""
    best = youden(ASAH["outcome"], ASAH[name])
    assert best["cutoff_midpoint"].tolist() == pytest.approx([row["threshold"] for row in ANSWERS[name]["best"]])
    assert best["sensitivity"].tolist() == pytest.approx([row["sensitivity"] for row in ANSWERS[name]["best"]])
    assert best["cutoff"].isin(ASAH[name]).all()
    if name != "ndka":
        assert best["cutoff"].tolist() == [{"s100b": 0.22, "wfns": 4}[name]]


@pytest.mark.parametrize("name", MARKERS)
def test_roc_table_holds_every_point_of_proc_and_starts_at_infinity(name):
    """R: roc(...)$sensitivities, specificities; the default drop_intermediate of scikit-learn leaves points out."""
    table = roc_table(ASAH["outcome"], ASAH[name])
    assert len(table) == ANSWERS[name]["n_points"] == ASAH[name].nunique() + 1
    assert table["cutoff"].iloc[0] == np.inf and table["cutoff"].is_monotonic_decreasing
    assert table["sensitivity"].tolist() == pytest.approx(ANSWERS[name]["sensitivities"][::-1])
    assert table["specificity"].tolist() == pytest.approx(ANSWERS[name]["specificities"][::-1])


def test_all_ties_for_the_best_youden_index_are_found():
    """By hand: J is 1/2 at 0.9 (one of two found, no false alarm) and at 0.2 (both found, one of two)."""
    best = youden([0, 0, 1, 1], [0.1, 0.3, 0.2, 0.9])
    assert best["cutoff"].tolist() == [0.9, 0.2] and best["youden"].tolist() == [0.5, 0.5]


@pytest.mark.parametrize(
    ("key", "value", "m", "n"), [("perfect_12_9", 1, 12, 9), ("zero_3_4", 0, 3, 4), ("half_5_8", 0.5, 5, 8)]
)
def test_auc_with_zero_delong_variance_gets_newcombes_score_interval(key, value, m, n):
    """R: uniroot of (a - x)^2 = z^2 V(x), V with Newcombe's (2006) method 5; pROC prints the empty interval 1-1."""
    score = {0: np.r_[np.zeros(m), np.ones(n)], 0.5: np.ones(m + n), 1: np.r_[np.ones(m), np.zeros(n)]}[value]
    estimate = auc(np.r_[np.ones(m), np.zeros(n)], score)
    assert estimate.value == value and estimate.method == "Newcombe score (DeLong SE is zero)"
    assert [estimate.low, estimate.high] == pytest.approx(ANSWERS["newcombe"][key], abs=1e-9)


def test_auc_of_one_patient_a_class_is_wilsons_interval_of_one_trial():
    """With one pair the score interval of the area is Wilson's for 1 of 1: 1 / (1 + z^2) = 0.2065."""
    estimate = auc([0, 1], [0.2, 0.7])
    assert estimate.low == pytest.approx(ANSWERS["wilson"]["1_1"][0], rel=1e-9)
    assert estimate.method == "Newcombe score (one patient in a class)"


def test_delong_interval_is_cut_at_one():
    estimate = auc([0, 0, 0, 1, 1, 1], [1, 2, 4, 3, 5, 6])
    assert estimate.value == pytest.approx(8 / 9) and estimate.high == 1 and estimate.method == "DeLong"


@settings(max_examples=60, deadline=None)
@given(patients, st.randoms(use_true_random=False))
def test_auc_keeps_its_invariants_or_refuses_in_words(rows, random):
    outcome, score = (np.array(column) for column in zip(*rows, strict=True))
    if outcome.min() == outcome.max():
        with pytest.raises(MviError, match="one class only"):
            auc(outcome, score)
        return
    estimate = auc(outcome, score)
    order = np.array(random.sample(range(len(rows)), len(rows)))
    for other in (auc(outcome[order], score[order]), auc(outcome, np.exp(score)), auc(1 - outcome, -score)):
        assert other.method == estimate.method
        np.testing.assert_allclose(
            [other.value, other.low, other.high], [estimate.value, estimate.low, estimate.high], rtol=0, atol=1e-9
        )
    assert estimate.value == pytest.approx(metrics.roc_auc_score(outcome, score), abs=1e-12)
    assert 0 <= estimate.low <= estimate.value <= estimate.high <= 1
    table = roc_table(outcome, score)
    area = np.trapezoid(table["sensitivity"], 1 - table["specificity"])
    assert area == pytest.approx(estimate.value, abs=1e-12)
    assert len(table) == len(set(score)) + 1


def test_difference_of_the_same_ranking_is_zero_with_p_one_and_swaps_sign_otherwise():
    outcome = ASAH["outcome"]
    estimate, p_value = auc_difference(outcome, ASAH["s100b"], np.log(ASAH["s100b"] + 1))
    assert (estimate.value, estimate.low, estimate.high, p_value) == (0, 0, 0, 1)
    one, other = (
        auc_difference(outcome, ASAH["wfns"], ASAH["ndka"]),
        auc_difference(outcome, ASAH["ndka"], ASAH["wfns"]),
    )
    assert one[0].low == pytest.approx(-other[0].high) and one[1] == pytest.approx(other[1])


@pytest.mark.parametrize(
    ("outcome", "a", "b"), [([0, 1, 1], [1, 2, 3], [1, 0, 2]), ([0, 0, 1, 1], [1, 1, 2, 2], [5, 5, 5, 5])]
)
def test_a_difference_without_variance_is_refused(outcome, a, b):
    with pytest.raises(MviError, match="no DeLong variance"):
        auc_difference(outcome, a, b)


@pytest.mark.parametrize("function", [auc, roc_table, youden])
@pytest.mark.parametrize(
    ("outcome", "score", "message"),
    [
        ([0, 0], [1, 2], "one class only"),
        ([0, 1], [1, np.nan], "must be finite"),
        ([0, 2], [1, 2], "0 or 1 only"),
        ([0, 1, 1], [1, 2], "one entry per patient"),
        ([], [], "non-empty"),
        (pd.Series([0, 1], index=["a", "b"]), pd.Series([1, 2], index=["b", "a"]), "Join both by patient_id"),
    ],
)
def test_wrong_input_gets_one_clear_sentence(function, outcome, score, message):
    with pytest.raises(MviError, match=message):
        function(outcome, score)


def test_binary_metrics_equal_scikit_learn():
    """scikit-learn 1.9: accuracy_score, recall_score, precision_score, f1_score, matthews_corrcoef, ..."""
    truth, called = ASAH["outcome"], (ASAH["s100b"] >= 0.22).astype(int)
    table = binary_metrics(truth, called, rng=drawn()).set_index("metric")
    expected = {
        "accuracy": metrics.accuracy_score(truth, called),
        "sensitivity": metrics.recall_score(truth, called),
        "specificity": metrics.recall_score(truth, called, pos_label=0),
        "precision": metrics.precision_score(truth, called),
        "npv": metrics.precision_score(truth, called, pos_label=0),
        "f1": metrics.f1_score(truth, called),
        "balanced_accuracy": metrics.balanced_accuracy_score(truth, called),
        "mcc": metrics.matthews_corrcoef(truth, called),
    }
    assert table["value"].to_dict() == pytest.approx(expected, rel=1e-12)
    assert (table["ci_low"] < table["value"]).all() and (table["value"] < table["ci_high"]).all()
    assert table.loc["sensitivity", "n"] == truth.sum() and table.loc["f1", "n"] == 113
    assert table.loc["sensitivity", "method"] == "Wilson"


def test_bootstrap_of_the_table_equals_a_patient_bootstrap_within_monte_carlo_error():
    """Quantiles of f1_score over 2,000 resamples of patients drawn by numpy; SE of a quantile about 0.005."""
    truth, called = ASAH["outcome"].to_numpy(), (ASAH["s100b"] >= 0.22).to_numpy()
    rng, loop = drawn(5), []
    for _ in range(2000):
        i = rng.integers(0, 113, 113)
        tp, wrong = (truth[i] & called[i]).sum(), (truth[i] != called[i]).sum()
        loop.append(2 * tp / (2 * tp + wrong))
    table = binary_metrics(truth, called, rng=drawn(), n_bootstrap=10_000).set_index("metric")
    assert table.loc["f1", ["ci_low", "ci_high"]].tolist() == pytest.approx(np.quantile(loop, [0.025, 0.975]), abs=0.02)


@pytest.mark.parametrize(("guess", "share"), [(0, "precision"), (1, "npv")])
def test_the_majority_class_baseline_names_its_undefined_share_and_has_no_correlation(guess, share):
    table = binary_metrics([0, 0, 1, 0, 1], [guess] * 5, rng=drawn()).set_index("metric")
    assert table.loc[share, "method"].startswith("undefined: no patient predicted") and table.loc[share, "n"] == 0
    assert table.loc["mcc", "value"] == 0 and table.loc["balanced_accuracy", "value"] == 0.5
    assert table.drop(share)[["value", "ci_low", "ci_high"]].notna().all(axis=None)


@settings(max_examples=30, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 1), st.integers(0, 1)), min_size=4, max_size=30), st.randoms())
def test_binary_metrics_ignore_order_swap_with_the_labels_or_refuse(rows, random):
    truth, called = np.array(rows).T
    if truth.min() == truth.max():
        with pytest.raises(MviError, match="one class only"):
            binary_metrics(truth, called, rng=drawn())
        return
    table = binary_metrics(truth, called, rng=drawn())
    order = np.array(random.sample(range(len(rows)), len(rows)))
    pd.testing.assert_frame_equal(table, binary_metrics(truth[order], called[order], rng=drawn()))
    value = table.set_index("metric")["value"]
    swapped = binary_metrics(1 - truth, 1 - called, rng=drawn()).set_index("metric")["value"]
    np.testing.assert_allclose(
        swapped[["accuracy", "specificity", "sensitivity", "npv", "precision", "mcc"]],
        value[["accuracy", "sensitivity", "specificity", "precision", "npv", "mcc"]],
        atol=1e-12,
    )


def test_grade_metrics_equal_scikit_learn():
    """scikit-learn: cohen_kappa_score(weights="quadratic"), precision_recall_fscore_support by class."""
    rng = drawn(2)
    truth = rng.choice(["M0", "M1", "M2"], 172, p=[0.5, 0.35, 0.15])
    called = np.where(rng.random(172) < 0.6, truth, rng.choice(["M0", "M1", "M2"], 172))
    table = grade_metrics(truth, called, rng=drawn()).set_index(["grade", "metric"])
    value = table["value"]
    assert value["all", "quadratic_kappa"] == pytest.approx(
        metrics.cohen_kappa_score(truth, called, weights="quadratic")
    )
    assert value["all", "accuracy"] == pytest.approx(metrics.accuracy_score(truth, called))
    precision, recall, f1, support = metrics.precision_recall_fscore_support(truth, called)
    for k, grade in enumerate(["M0", "M1", "M2"]):
        expected = [precision[k], recall[k], f1[k]]
        assert [value[grade, metric] for metric in ("precision", "sensitivity", "f1")] == pytest.approx(expected)
        assert table.loc[(grade, "sensitivity"), "n"] == support[k]
    assert table[["value", "ci_low", "ci_high"]].notna().all(axis=None)


def test_an_absent_grade_is_named_and_one_grade_or_an_unknown_one_is_refused():
    table = grade_metrics(["M0", "M1", "M0", "M1"], ["M0", "M2", "M1", "M1"], rng=drawn()).set_index(
        ["grade", "metric"]
    )
    assert table.loc[("M2", "f1"), "method"] == "undefined: no patient of grade M2"
    assert table.loc[("M2", "sensitivity"), "method"].startswith("undefined")
    with pytest.raises(MviError, match="M1 only"):
        grade_metrics(["M1", "M1"], ["M0", "M1"], rng=drawn())
    with pytest.raises(MviError, match="got M3"):
        grade_metrics(["M0", "M1"], ["M0", "M3"], rng=drawn())
    with pytest.raises(MviError, match="got nan"):
        grade_metrics(["M0", np.nan], ["M0", "M1"], rng=drawn())

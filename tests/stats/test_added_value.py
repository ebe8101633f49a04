"""Witness: R (tests/reference/added_value_reference.R: Hmisc::improveProb, pROC, definitions by hand) and its csv."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from mvi_core.errors import MviError
from mvi_core.stats.added_value import reclassification, shuffled_gain
from mvi_core.stats.decision import net_benefit
from mvi_core.stats.discrimination import auc_difference
from mvi_core.stats.likelihood import likelihood_ratio_test
from mvi_core.stats.logistic import fit_logistic

REFERENCE = Path(__file__).parents[1] / "reference"
R = pd.read_csv(REFERENCE / "added_value_reference.csv").set_index("quantity")["value"]


@pytest.fixture(scope="module")
def patients():
    return pd.read_csv(REFERENCE / "added_value_patients.csv")


@pytest.fixture(scope="module")
def table(patients):
    risks = {"risk_without": patients["without"], "risk_with": patients["with"]}
    rng = np.random.default_rng(7)
    return reclassification(patients["y"], **risks, thresholds=[0.3, 0.5], n_bootstrap=4000, rng=rng).set_index(
        "metric"
    )


@pytest.mark.parametrize("metric", [name for name in R.index if name.startswith(("nri", "idi", "net_benefit"))])
def test_every_measure_of_reclassification_equals_that_of_r(table, metric):
    assert table.loc[metric, "value"] == pytest.approx(R[metric], rel=1e-10, abs=1e-12)


@pytest.mark.parametrize("metric", ["nri", "idi"])
def test_bootstrap_intervals_have_the_width_of_the_normal_ones_of_r(table, metric):
    """Hmisc::improveProb gives SE .1928 and .01282; 4,000 resamples know a width to 5 %."""
    width = table.loc[metric, "ci_high"] - table.loc[metric, "ci_low"]
    assert width == pytest.approx(2 * 1.96 * R[f"se_{metric}"], rel=0.08)
    assert table.loc[metric, "method"] == "bootstrap percentile, 4000 of 4000 resamples"


def test_parts_sum_to_the_whole_and_nothing_happens_where_nobody_crosses(table):
    for name in ("nri", "idi", "nri_at_0.3"):
        parts = table.loc[[f"{name}_present", f"{name}_absent"], "value"]
        assert parts.sum() == pytest.approx(table.loc[name, "value"], abs=1e-12)
    assert (
        table.loc[["nri_at_0.5", "net_benefit_at_0.5"], ["value", "ci_low", "ci_high"]].to_numpy().tolist()
        == [[0.0] * 3] * 2
    )


def test_difference_of_net_benefits_is_that_of_decision_curves(patients, table):
    ours = [net_benefit(patients["y"], patients[name], 0.3) for name in ("with", "without")]
    assert table.loc["net_benefit_at_0.3", "value"] == pytest.approx(ours[0] - ours[1], abs=1e-15)


def test_auc_difference_and_likelihood_ratio_of_the_same_models_equal_those_of_r(patients):
    gain, p_value = auc_difference(patients["y"], patients["with"], patients["without"])
    assert gain.value == pytest.approx(R["auc_difference"], abs=1e-12)
    assert p_value == pytest.approx(R["auc_p"], rel=1e-8)
    fits = [fit_logistic(patients[names], patients["y"]) for names in (["wfns"], ["wfns", "s100b"])]
    assert likelihood_ratio_test(*fits)["p_value"][0] == pytest.approx(R["lr_p"], rel=1e-8)


def test_a_shuffled_predictor_gains_as_in_r_although_it_carries_nothing(patients):
    """R: sample() and glm(), 4,000 times: mean category-free NRI +0.118, above zero in 78 %; 4 Monte Carlo errors."""
    many = 2000
    told = {"n_shuffles": many, "rng": np.random.default_rng(5)}
    table = shuffled_gain(patients[["wfns", "s100b"]], patients["y"], "s100b", **told).set_index("metric")
    error = {name: 4 * R[f"shuffled_{name}_sd"] * np.sqrt(1 / many + 1 / 4000) for name in ("nri", "idi")}
    for name in ("nri", "idi"):
        assert table.loc[name, "shuffled_mean"] == pytest.approx(R[f"shuffled_{name}_mean"], abs=error[name])
    assert table.loc["nri", "shuffled_high"] == pytest.approx(R["shuffled_nri_high"], abs=2 * error["nri"])
    assert table.loc["nri", "share_above_zero"] == pytest.approx(R["shuffled_above"], abs=0.045)
    assert table.loc["idi", "observed"] == pytest.approx(R["idi"], abs=2e-4)  # R rounded the risks to four digits
    assert (table["n_shuffles"] == many).all()


def test_noise_raises_the_nri_and_permutation_does_not_fall_for_it():
    """Hilden and Gerds 2014: useless predictors gain. Permutation p values of 80 such studies are uniform."""
    rng = np.random.default_rng(11)
    nri, p_values = [], []
    for _ in range(80):
        frame = pd.DataFrame(rng.normal(size=(80, 2)), columns=["known", "noise"])
        y = (rng.random(80) < 1 / (1 + np.exp(-frame["known"]))).astype(int)
        table = shuffled_gain(frame, y, "noise", n_shuffles=60, rng=rng).set_index("metric")
        nri.append(table.loc["nri", "observed"])
        p_values.append(table.loc["nri", "p_value"])
    assert np.mean(nri) > 0.1
    assert stats.kstest(p_values, "uniform").pvalue > 0.001


def test_a_predictor_that_matters_is_told_from_chance():
    rng = np.random.default_rng(2)
    frame = pd.DataFrame(rng.normal(size=(300, 2)), columns=["known", "strong"])
    y = (rng.random(300) < 1 / (1 + np.exp(-frame.sum(axis=1)))).astype(int)
    table = shuffled_gain(frame, y, "strong", n_shuffles=199, rng=rng)
    assert (table["p_value"] == 1 / 200).all()


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 10_000))
def test_order_of_patients_and_direction_of_comparison(seed):
    rng = np.random.default_rng(seed)
    y, a, b = np.r_[0, 1, rng.integers(0, 2, 30)], rng.random(32).round(2), rng.random(32).round(2)
    order = rng.permutation(32)
    told = {"thresholds": [0.4], "n_bootstrap": 60}
    one, two = (
        reclassification(y[i], a[i], b[i], rng=np.random.default_rng(0), **told) for i in (np.arange(32), order)
    )
    pd.testing.assert_frame_equal(one, two)
    back = reclassification(y, b, a, rng=np.random.default_rng(0), **told)
    np.testing.assert_allclose(back["value"], -one["value"], atol=1e-12)
    same = reclassification(y, a, a, rng=np.random.default_rng(0), **told)
    assert (same[["value", "ci_low", "ci_high"]] == 0).all(axis=None)


def test_what_cannot_be_compared_is_one_clear_sentence():
    told = {"n_bootstrap": 40, "rng": np.random.default_rng(0)}
    with pytest.raises(MviError, match="one class only"):
        reclassification([0, 0], [0.1, 0.2], [0.1, 0.2], thresholds=[0.5], **told)
    with pytest.raises(MviError, match="thresholds must lie"):
        reclassification([0, 1], [0.1, 0.2], [0.1, 0.2], thresholds=[4], **told)
    with pytest.raises(MviError, match="risk_with must lie from 0 to 1"):
        reclassification([0, 1], [0.1, 0.2], [0.1, 2], thresholds=[0.5], **told)
    frame = pd.DataFrame({"a": [0, 1] * 10, "b": [0, 0, 1, 1] * 5, "c": [0] * 10 + [1] * 10})
    told = {"n_shuffles": 20, "rng": np.random.default_rng(0)}
    with pytest.raises(MviError, match="need 'z' and another"):
        shuffled_gain(frame, [0, 1] * 10, "z", **told)
    with pytest.raises(MviError, match="separated by c"):
        shuffled_gain(frame, frame["c"], "c", **told)


def test_incomplete_patients_are_left_out():
    rng = np.random.default_rng(3)
    frame = pd.DataFrame(rng.normal(size=(60, 2)), columns=["a", "b"])
    y = rng.integers(0, 2, 60)
    holed = frame.mask(np.eye(60, 2, dtype=bool))
    told = {"n_shuffles": 30}
    one = shuffled_gain(holed, y, "b", rng=np.random.default_rng(1), **told)
    two = shuffled_gain(frame[2:], y[2:], "b", rng=np.random.default_rng(1), **told)
    pd.testing.assert_frame_equal(one, two)
    assert (one["n"] == 58).all()

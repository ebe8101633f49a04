import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mvi_core.errors import MviError
from mvi_core.stats.calibration import calibration_curve, calibration_summary, hosmer_lemeshow
from mvi_core.stats.estimate import critical_value

REFERENCE = Path(__file__).parents[1] / "reference"
ANSWERS = json.loads((REFERENCE / "calibration_r.json").read_text(encoding="utf-8"))
DATA = {name: table for name, table in pd.read_csv(REFERENCE / "calibration_data.csv").groupby("set")}
SETS = ["pima", "birthwt", "tied"]


def drawn(seed=0):
    return np.random.default_rng(seed)


def summary(name, **options):
    options = {"rng": drawn(), "n_bootstrap": 40} | options
    return calibration_summary(DATA[name]["y"], DATA[name]["p"], **options).set_index("metric")


@pytest.mark.parametrize("name", SETS)
def test_every_measure_equals_r(name):
    """R: glm(y ~ 1 + offset(qlogis(p))), glm(y ~ qlogis(p)), lowess(iter = 0), quantile(); calibration_reference.R."""
    value, answer = summary(name)["value"], ANSWERS[name]
    metrics = ["intercept", "slope", "brier", "scaled_brier", "expected_observed", "ici", "e50", "e90", "e_max"]
    assert value.index.tolist() == metrics
    np.testing.assert_allclose(value[metrics], [answer[metric] for metric in metrics], rtol=1e-7, atol=1e-11)


@pytest.mark.parametrize("name", SETS)
def test_measures_equal_val_prob_of_rms_where_it_means_the_same(name):
    """R: rms::val.prob(p, y). Eavg is the ICI; its Intercept is the joint one, not calibration in the large."""
    value, theirs = summary(name)["value"], ANSWERS[name]["val_prob"]
    ours = [value[metric] for metric in ("slope", "brier", "ici", "e90", "e_max")]
    assert ours == pytest.approx([theirs[name] for name in ("Slope", "Brier", "Eavg", "E90", "Emax")], rel=1e-5)
    assert theirs["Intercept"] == pytest.approx(ANSWERS[name]["joint_intercept"], rel=1e-5, abs=1e-7)


def test_calibration_in_the_large_is_the_offset_fit_not_the_joint_intercept():
    """The two are -0.145 and -0.057 here: the slope is 1.19, and the joint intercept depends on it."""
    assert summary("tied")["value"]["intercept"] == pytest.approx(-0.1449, abs=1e-4)
    assert ANSWERS["tied"]["val_prob"]["Intercept"] == pytest.approx(-0.0573, abs=1e-4)


@pytest.mark.parametrize("metric", ["intercept", "slope"])
def test_intervals_of_intercept_and_slope_are_wald_with_the_standard_error_of_r(metric):
    row, answer = summary("pima", level=0.9).loc[metric], ANSWERS["pima"]
    half = critical_value(0.9) * answer[f"{metric}_se"]
    assert [row["ci_low"], row["ci_high"]] == pytest.approx([answer[metric] - half, answer[metric] + half], rel=1e-6)


def test_the_slope_of_a_model_in_its_own_patients_is_one():
    value = summary("birthwt")["value"]
    assert (value["slope"], value["intercept"], value["expected_observed"]) == pytest.approx((1, 0, 1), abs=1e-7)


def test_ici_is_not_inflated_by_robustness_iterations():
    """statsmodels' default it=3 takes the rarer outcome for outliers (.127 for .0069 in one data set)."""
    from statsmodels.nonparametric.smoothers_lowess import lowess

    y, p = DATA["pima"]["y"].to_numpy(), DATA["pima"]["p"].to_numpy()
    robust = np.mean(np.abs(p - lowess(y, p, frac=2 / 3, return_sorted=False)))
    assert summary("pima")["value"]["ici"] < robust / 2


@pytest.mark.parametrize("name", SETS)
def test_hosmer_lemeshow_equals_r_with_ties_kept_together(name):
    """R: cut(p, unique(c(-Inf, quantile(p, 1:9 / 10), Inf))); sum((O - E)^2 / (E (1 - E / n))), pchisq."""
    answer = ANSWERS[name]
    for external, key in ((False, "hl_p_development"), (True, "hl_p_external")):
        test = hosmer_lemeshow(DATA[name]["y"], DATA[name]["p"], external=external)
        assert (test.chi2, test.p_value) == pytest.approx((answer["hl"], answer[key]), rel=1e-8)
        assert test.df == len(answer["hl_n"]) - 2 * (not external)
    assert test.groups["n"].tolist() == answer["hl_n"]
    assert test.groups["observed"].tolist() == answer["hl_observed"]
    assert test.groups["expected"].tolist() == pytest.approx(answer["hl_expected"], rel=1e-9)
    assert "ties kept together" in test.rule and test.rule.startswith(str(len(answer["hl_n"])))


def test_equal_risks_are_never_split_over_two_groups():
    test = hosmer_lemeshow(DATA["tied"]["y"], DATA["tied"]["p"], external=True)
    assert (test.groups["low"].to_numpy()[1:] > test.groups["high"].to_numpy()[:-1]).all()
    assert len(test.groups) < 10


def test_hosmer_lemeshow_refuses_too_few_groups_and_certain_risks():
    with pytest.raises(MviError, match="only 1 groups"):
        hosmer_lemeshow([0, 1, 1], [0.3, 0.3, 0.3], external=False)
    with pytest.raises(MviError, match="risks of 0 and 1"):
        hosmer_lemeshow([0, 1, 1, 0], [0, 0, 1, 1], external=True)


def test_grouped_points_hold_wilson_intervals_and_the_smooth_curve_lies_in_its_band():
    curve = calibration_curve(DATA["pima"]["y"], DATA["pima"]["p"], rng=drawn(), n_bootstrap=100)
    grouped, smooth = (curve[curve["kind"] == kind] for kind in ("grouped", "smooth"))
    assert grouped["n"].sum() == 332 and len(grouped) == 10 and len(smooth) == 101
    assert (grouped["observed"] * grouped["n"]).tolist() == pytest.approx(ANSWERS["pima"]["hl_observed"])
    assert (smooth["ci_low"] <= smooth["observed"] + 1e-9).mean() > 0.95
    assert (smooth["observed"] <= smooth["ci_high"] + 1e-9).mean() > 0.95
    theirs = np.interp(smooth["risk"], ANSWERS["pima"]["lowess_x"], ANSWERS["pima"]["lowess_y"])
    np.testing.assert_allclose(smooth["observed"], theirs, atol=1e-9)


def test_risks_of_exactly_0_or_1_are_an_error_or_moved_by_a_stated_rule():
    outcome, risk = [0, 1, 1, 0, 1, 0], [0.0, 1.0, 0.7, 0.4, 0.3, 0.6]
    with pytest.raises(MviError, match="exactly 0 or 1 for 2 of 6"):
        calibration_summary(outcome, risk, rng=drawn())
    table = calibration_summary(outcome, risk, rng=drawn(), n_bootstrap=60, clip=0.01).set_index("metric")
    assert table.loc["slope", "method"].endswith("2 risks moved to 0.01 from 0 or 1")
    assert table.loc["brier", "value"] == pytest.approx(np.mean([0, 0, 0.09, 0.16, 0.49, 0.36]))
    with pytest.raises(MviError, match=r"between 0 and 0\.5"):
        calibration_summary(outcome, risk, rng=drawn(), clip=0.5)


def test_a_slope_that_does_not_exist_says_why():
    separated = calibration_summary([0, 0, 1, 1], [0.1, 0.2, 0.2, 0.9], rng=drawn(), n_bootstrap=60).set_index("metric")
    assert "separate the classes" in separated.loc["slope", "method"]
    constant = calibration_summary([0, 1, 0, 0], [0.3] * 4, rng=drawn(), n_bootstrap=60).set_index("metric")
    assert "all risks are equal" in constant.loc["slope", "method"]
    assert constant.loc["intercept", "value"] == pytest.approx(np.log(0.25 / 0.75) - np.log(0.3 / 0.7))
    assert constant.loc["ici", "value"] == pytest.approx(0.05)
    others = constant.drop("slope")[["value", "ci_low", "ci_high"]]
    assert others.notna().all(axis=None)


@pytest.mark.parametrize(
    ("outcome", "risk", "message"),
    [
        ([1, 1, 1], [0.2, 0.3, 0.4], "one class only"),
        ([0, 1, 1], [0.2, np.nan, 0.4], "must be finite"),
        ([0, 1, 1], [0.2, 1.3, 0.4], "not scores or logits"),
        ([0, 1], [0.2, 0.3, 0.4], "one entry per patient"),
        (pd.Series([0, 1], index=["a", "b"]), pd.Series([0.2, 0.3], index=["b", "a"]), "Join both by patient_id"),
    ],
)
def test_wrong_input_gets_one_clear_sentence(outcome, risk, message):
    for call in (
        lambda: calibration_summary(outcome, risk, rng=drawn()),
        lambda: calibration_curve(outcome, risk, rng=drawn()),
        lambda: hosmer_lemeshow(outcome, risk, external=True),
    ):
        with pytest.raises(MviError, match=message):
            call()


@settings(max_examples=12, deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 1), st.integers(1, 99)), min_size=6, max_size=25),
    st.randoms(use_true_random=False),
)
def test_summary_ignores_order_mirrors_with_the_labels_and_leaves_no_silent_gap(rows, random):
    outcome, percent = (np.array(column) for column in zip(*rows, strict=True))
    if outcome.min() == outcome.max():
        return
    options = {"n_bootstrap": 100}  # a lone patient of a class is in two of three resamples
    first = calibration_summary(outcome, percent / 100, rng=drawn(), **options)
    order = np.array(random.sample(range(len(rows)), len(rows)))
    pd.testing.assert_frame_equal(
        first, calibration_summary(outcome[order], percent[order] / 100, rng=drawn(), **options)
    )
    gaps = first["value"].isna() | first["ci_low"].isna()
    assert (gaps == first["method"].str.startswith("undefined:")).all()
    mirrored = calibration_summary(1 - outcome, (100 - percent) / 100, rng=drawn(), **options).set_index("metric")
    value = first.set_index("metric")["value"]
    assert mirrored["value"]["intercept"] == pytest.approx(-value["intercept"], abs=1e-6)
    for metric in ("slope", "brier", "scaled_brier", "ici", "e90"):
        assert mirrored["value"][metric] == pytest.approx(value[metric], rel=1e-6, abs=1e-9, nan_ok=True)

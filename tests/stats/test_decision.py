from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lifelines import KaplanMeierFitter
from scipy.stats import binomtest

from mvi_core.errors import MviError
from mvi_core.stats.decision import THRESHOLDS, against_treat_all, decision_curve, net_benefit, survival_net_benefit

REFERENCE = Path(__file__).parents[1] / "reference"
PATIENTS = pd.read_csv(REFERENCE / "decision_patients.csv")
DCURVES = pd.read_csv(REFERENCE / "decision_dcurves.csv")
FOLLOWED = pd.read_csv(REFERENCE / "decision_survival_patients.csv")
DCURVES_SURVIVAL = pd.read_csv(REFERENCE / "decision_survival_dcurves.csv")
PAPER_CELLS = {(0, 0): (37, 1), (0, 1): (47, 59), (1, 0): (31, 5), (1, 1): (21, 120)}  # without and with MVI


def drawn(seed=0):
    return np.random.default_rng(seed)


def test_net_benefit_and_both_defaults_equal_dcurves_at_99_thresholds():
    """Python dcurves 1.1.7: dca(..., thresholds=[i / 100 ...]) on its 750 example patients; decision_reference.py."""
    curve = decision_curve(PATIENTS["cancer"], PATIENTS["cancerpredmarker"], n_bootstrap=40, rng=drawn())
    np.testing.assert_allclose(curve["threshold"], DCURVES["threshold"], rtol=1e-15)
    np.testing.assert_allclose(curve["net_benefit"], DCURVES["net_benefit"], rtol=0, atol=1e-12)
    np.testing.assert_allclose(curve["treat_all"], DCURVES["treat_all"], rtol=0, atol=1e-12)
    assert (curve["treat_none"] == 0).all()


def test_interventions_avoided_are_per_100_patients():
    """dcurves' net_intervention_avoided is per patient; papers print it per 100."""
    curve = decision_curve(PATIENTS["cancer"], PATIENTS["cancerpredmarker"], n_bootstrap=40, rng=drawn())
    np.testing.assert_allclose(curve["interventions_avoided"], 100 * DCURVES["avoided_per_patient"], atol=1e-9)


def test_thresholds_are_the_decimals_that_predictions_are_written_in():
    """np.arange(.01, 1, .01) differs from i / 100 at 25 of 99, and lies above it at 23."""
    stepped = np.arange(0.01, 1, 0.01)
    assert [f"{cut:.17g}" for cut in THRESHOLDS] == [f"{float(f'0.{i:02d}'):.17g}" for i in range(1, 100)]
    assert np.count_nonzero(stepped != THRESHOLDS) == 25 and np.count_nonzero(stepped > THRESHOLDS) == 23


def test_a_prediction_equal_to_the_threshold_is_positive():
    """By hand, nine of ten risks exactly 0.06: net benefit .5 - .4 * .06 / .94; 0 at numpy's 0.060000000000000005."""
    outcome, risk = [1] * 5 + [0] * 5, [0.06] * 9 + [0.01]
    assert net_benefit(outcome, risk, THRESHOLDS[5]) == pytest.approx(0.5 - 0.4 * 0.06 / 0.94, rel=1e-12)
    assert net_benefit(outcome, risk, np.arange(0.01, 1, 0.01)[5]) == 0


def test_intervals_agree_with_a_plain_loop_over_resamples():
    """The percentile interval of net_benefit() in 1,500 resamples; SE of a quantile about 0.001."""
    outcome, risk = PATIENTS["cancer"].to_numpy(), PATIENTS["cancerpredmarker"].to_numpy()
    rng = drawn(9)
    loop = [net_benefit(outcome[i], risk[i], 0.1) for i in rng.integers(0, 750, size=(1500, 750))]
    curve = decision_curve(outcome, risk, [0.1], n_bootstrap=5000, rng=drawn())
    assert curve[["ci_low", "ci_high"]].values[0] == pytest.approx(np.quantile(loop, [0.025, 0.975]), abs=0.004)


def test_avoided_interventions_exceed_zero_just_where_the_model_beats_treating_all():
    curve = decision_curve(PATIENTS["cancer"], PATIENTS["cancerpredmarker"], n_bootstrap=40, rng=drawn())
    gain = curve["net_benefit"] - curve["treat_all"]
    np.testing.assert_allclose(curve["interventions_avoided"], 100 * gain * (1 / curve["threshold"] - 1), atol=1e-9)
    assert (curve["avoided_low"] <= curve["interventions_avoided"] + 1e-9).all()


@settings(max_examples=50, deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 1), st.integers(0, 100)), min_size=2, max_size=30),
    st.randoms(use_true_random=False),
)
def test_curve_ignores_order_and_stays_below_prevalence(rows, random):
    outcome, percent = (np.array(column) for column in zip(*rows, strict=True))
    cuts = [0.01, 0.25, 0.5, 0.99]
    first = decision_curve(outcome, percent / 100, cuts, n_bootstrap=40, rng=drawn())
    order = np.array(random.sample(range(len(rows)), len(rows)))
    again = decision_curve(outcome[order], percent[order] / 100, cuts, n_bootstrap=40, rng=drawn())
    pd.testing.assert_frame_equal(first, again)
    assert (first["net_benefit"] <= outcome.mean() + 1e-12).all()
    single = [net_benefit(outcome, percent / 100, cut) for cut in cuts]
    np.testing.assert_allclose(first["net_benefit"], single, atol=1e-12)
    assert first[["net_benefit", "ci_low", "ci_high", "avoided_low", "avoided_high"]].notna().all(axis=None)


def test_treating_all_is_a_model_that_gives_everybody_risk_one_and_none_gives_zero():
    outcome = [1, 0, 0, 1, 0]
    curve = decision_curve(outcome, [1] * 5, n_bootstrap=40, rng=drawn())
    np.testing.assert_allclose(curve["net_benefit"], curve["treat_all"])
    assert (decision_curve(outcome, [0] * 5, n_bootstrap=40, rng=drawn())["net_benefit"] == 0).all()


def test_one_patient_has_a_net_benefit_but_no_interval():
    assert net_benefit([1], [0.7], 0.5) == 1 and net_benefit([0], [0.7], 0.5) == -1
    with pytest.raises(MviError, match="2 patients"):
        decision_curve([1], [0.7], n_bootstrap=40, rng=drawn())


@pytest.mark.parametrize(
    ("outcome", "risk", "threshold", "message"),
    [
        ([0, 1], [0.1, 0.2], 0, "strictly between"),
        ([0, 1], [0.1, 0.2], 6, r"Pass 0\.06 for 6 %"),
        ([0, 1], [0.1, 0.2], np.nan, "must be finite"),
        ([0, 1], [0.1, 2.2], 0.5, "not scores or logits"),
        ([0, np.nan], [0.1, 0.2], 0.5, "must be finite"),
        ([0, 1, 1], [0.1, 0.2], 0.5, "one entry per patient"),
    ],
)
def test_wrong_input_gets_one_clear_sentence(outcome, risk, threshold, message):
    with pytest.raises(MviError, match=message):
        net_benefit(outcome, risk, threshold)


def test_the_gain_over_treating_all_is_the_difference_of_the_net_benefits_with_an_exact_test_of_one_family():
    """scipy's exact interval of k/m excludes the threshold just where twice the smaller tail is below 0.05."""
    outcome, risk = PATIENTS["cancer"].to_numpy(), PATIENTS["cancerpredmarker"].to_numpy()
    table, curve = against_treat_all(outcome, risk), decision_curve(outcome, risk, n_bootstrap=40, rng=drawn())
    np.testing.assert_allclose(table["difference"], curve["net_benefit"] - curve["treat_all"], atol=1e-12)
    outside = (table["ci_low"] > 0) | (table["ci_high"] < 0)
    assert (outside == (table["p_value"] < 0.05)).all() and outside.any() and not outside.all()
    row = table.iloc[3]
    ends = binomtest(int(row["n_spared_mvi"]), int(row["n_spared"])).proportion_ci()
    assert row["n_spared"] / 750 * (0.04 - ends.high) / 0.96 == pytest.approx(row["ci_low"], rel=1e-12)


def test_the_papers_gain_at_four_percent_rests_on_one_patient_of_38():
    """By hand from the four printed cells: (38/321)(.04 - 1/38)/.96, and 2 (.96^38 + 38 (.04) .96^37), which is 1."""
    risks = {(0, 0): 0.029, (0, 1): 0.517, (1, 0): 0.121, (1, 1): 0.832}
    outcome = np.concatenate([np.repeat([0, 1], counts) for counts in PAPER_CELLS.values()])
    risk = np.concatenate([np.full(sum(counts), risks[cell]) for cell, counts in PAPER_CELLS.items()])
    row = against_treat_all(outcome, risk, [0.04]).iloc[0]
    assert (row["n_spared"], row["n_spared_mvi"]) == (38, 1) and row["p_value"] == 1
    assert row["difference"] == pytest.approx(38 / 321 * (0.04 - 1 / 38) / 0.96, rel=1e-12)
    assert row["ci_low"] < 0 < row["ci_high"]
    nobody = against_treat_all(outcome, risk, [0.02]).iloc[0]
    assert nobody[["difference", "ci_low", "ci_high", "p_value"]].tolist() == [0, 0, 0, 1]


def survival_curve(months, event, risk, cuts=THRESHOLDS, horizon=1.5, n_bootstrap=40, seed=0):
    return survival_net_benefit(months, event, risk, cuts, horizon=horizon, n_bootstrap=n_bootstrap, rng=drawn(seed))


def test_survival_net_benefit_equals_dcurves_where_that_has_a_value():
    """Python dcurves 1.1.7: dca(..., time=1.5, time_to_outcome_col="ttcancer") on its 750 patients."""
    curve = survival_curve(FOLLOWED["ttcancer"], FOLLOWED["cancer"], FOLLOWED["cancerpredmarker"])
    known = DCURVES_SURVIVAL["net_benefit"].notna()
    np.testing.assert_allclose(curve["treat_all"], DCURVES_SURVIVAL["treat_all"], rtol=1e-10)
    for ours, theirs in (("net_benefit", "net_benefit"), ("interventions_avoided", "avoided_per_patient")):
        factor = 100 if ours == "interventions_avoided" else 1
        np.testing.assert_allclose(curve[ours][known], factor * DCURVES_SURVIVAL[theirs][known], rtol=1e-9, atol=1e-12)


def test_survival_net_benefit_carries_a_short_follow_up_forward_where_dcurves_gives_nan():
    """lifelines' Kaplan-Meier of the patients above the threshold, at its last step before the horizon."""
    curve = survival_curve(FOLLOWED["ttcancer"], FOLLOWED["cancer"], FOLLOWED["cancerpredmarker"])
    gaps = np.flatnonzero(DCURVES_SURVIVAL["net_benefit"].isna())
    assert len(gaps) == 43 and curve["net_benefit"].notna().all()
    for place in gaps[::6]:
        cut = THRESHOLDS[place]
        above = FOLLOWED[FOLLOWED["cancerpredmarker"] >= cut]
        alive = KaplanMeierFitter().fit(above["ttcancer"], above["cancer"]).survival_function_.iloc[-1, 0]
        expected = len(above) / 750 * (1 - alive - alive * cut / (1 - cut))
        assert curve["net_benefit"][place] == pytest.approx(expected, rel=1e-9)


def test_without_censoring_the_survival_curve_is_the_binary_one_with_its_interval():
    outcome, risk = PATIENTS["cancer"].to_numpy()[:200], PATIENTS["cancerpredmarker"].to_numpy()[:200]
    months = np.where(outcome == 1, 6.0, 24.0)
    ours = survival_curve(months, outcome, risk, [0.05, 0.2], horizon=12, n_bootstrap=1000)
    plain = decision_curve(outcome, risk, [0.05, 0.2], n_bootstrap=1000, rng=drawn())
    assert list(ours) == list(plain)
    for name in ("net_benefit", "treat_all", "interventions_avoided"):
        np.testing.assert_allclose(ours[name], plain[name], atol=1e-12)
    np.testing.assert_allclose(ours[["ci_low", "ci_high"]], plain[["ci_low", "ci_high"]], atol=0.01)


def test_survival_net_benefit_ignores_the_order_of_patients_and_refuses_an_unseen_horizon():
    few = FOLLOWED[:80].assign(ttcancer=FOLLOWED["ttcancer"].round(1))
    turned = few.sample(frac=1, random_state=3)
    first, again = (
        survival_curve(t["ttcancer"], t["cancer"], t["cancerpredmarker"], [0.1, 0.5]) for t in (few, turned)
    )
    pd.testing.assert_frame_equal(first, again)
    none = survival_curve([1.0, 2.0, 3.0], [0, 0, 0], [0.9, 0.5, 0.1], [0.5])
    assert none["net_benefit"][0] == pytest.approx(-2 / 3) and none["treat_all"][0] == pytest.approx(-1)
    with pytest.raises(MviError, match="horizon must lie within the follow-up"):
        survival_curve([1.0, 2.0], [0, 1], [0.1, 0.2], horizon=9)

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mvi_core.errors import MviError
from mvi_core.stats.decision import THRESHOLDS, decision_curve, net_benefit

REFERENCE = Path(__file__).parents[1] / "reference"
PATIENTS = pd.read_csv(REFERENCE / "decision_patients.csv")
DCURVES = pd.read_csv(REFERENCE / "decision_dcurves.csv")


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

"""Witness of every number from R (riskRegression, survival): tests/reference/survival_accuracy_reference.R and csv."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from sklearn.metrics import brier_score_loss, roc_auc_score

from mvi_core.errors import MviError
from mvi_core.stats.concordance import concordance, uno_concordance
from mvi_core.stats.survival_accuracy import auc_at, brier_at, survival_accuracy

REFERENCE = Path(__file__).parents[1] / "reference"
HORIZONS = [12, 24, 36, 60]
patients = st.lists(st.tuples(st.integers(0, 9), st.integers(0, 1), st.integers(0, 4)), min_size=4, max_size=30)


def answers(case, quantity):
    table = pd.read_csv(REFERENCE / "survival_accuracy_reference.csv")
    return table[(table["case"] == case) & (table["quantity"] == quantity)]["value"].to_numpy()


@pytest.fixture(scope="module")
def gbsg():
    return pd.read_csv(REFERENCE / "survival_gbsg.csv")


@pytest.fixture(scope="module")
def half(gbsg):
    """Patients whom the model has not seen; coarse months, so that events and losses share times."""
    return gbsg[gbsg["half"] == "validation"].reset_index(drop=True)


@pytest.mark.parametrize("at", [24, 60])
def test_auc_and_brier_score_equal_riskregression(half, at):
    """R: Score(list(risk), Surv(months, event) ~ 1, times = at, cens.model = "km"); nodes hold many ties."""
    assert auc_at(half["months"], half["event"], half[f"risk_{at}"], at) == pytest.approx(
        answers(f"gbsg_{at}", "auc")[0], rel=1e-8
    )
    assert auc_at(half["months"], half["event"], half["nodes"], at) == pytest.approx(
        answers(f"gbsg_{at}", "auc_nodes")[0], rel=1e-8
    )
    assert brier_at(half["months"], half["event"], half[f"risk_{at}"], at) == pytest.approx(
        answers(f"gbsg_{at}", "brier")[0], rel=1e-8
    )


@pytest.mark.parametrize("at", [24, 60])
def test_scores_beside_those_of_everybody_alike_equal_riskregression(half, at):
    """R: Score(..., summary = "ipa"): the Null model, and IPA; se is the influence function's, ours the bootstrap's."""
    rng = np.random.default_rng(3)
    found = survival_accuracy(half["months"], half["event"], half[f"risk_{at}"], at=at, n_bootstrap=2000, rng=rng)
    table = found.set_index("metric")
    for metric in ("brier_null", "scaled_brier"):
        assert table.loc[metric, "value"] == pytest.approx(answers(f"gbsg_{at}", metric)[0], rel=1e-8)
    for metric in ("auc", "brier"):
        value, error = answers(f"gbsg_{at}", metric)
        width = (table.loc[metric, "ci_high"] - table.loc[metric, "ci_low"]) / 2 / 1.959963984540054
        assert table.loc[metric, "value"] == pytest.approx(value, rel=1e-8)
        assert width == pytest.approx(error, rel=0.15)  # 2,000 resamples: 2 %; the rest is that weights move with them
    assert table["n"].unique().tolist() == [343]


def test_brier_scores_at_four_horizons_are_those_of_r(half):
    path = [brier_at(half["months"], half["event"], half[f"risk_{at}"], at) for at in HORIZONS]
    assert path == pytest.approx(answers("gbsg", "brier_path"), rel=1e-8)


def test_an_event_comes_before_a_loss_in_the_same_month():
    """By hand: the loss at 2 halves G after the event at 2 had left, so that event weighs 1 and the control 2."""
    months, event = [2, 2, 5], [1, 0, 0]
    assert brier_at(months, event, [0.4, 0.9, 0.5], 3) == pytest.approx((0.6**2 + 2 * 0.5**2) / 3)


@pytest.mark.parametrize("until", [24, 60, 1_000_000])
def test_uno_c_and_its_error_equal_those_of_r_and_depend_on_the_horizon(half, until):
    """R: concordance(Surv ~ risk, timewt = "n/G2", ymax = until, reverse = TRUE); .737, .687 and .671."""
    estimate = uno_concordance(half["months"], half["event"], half["risk_60"], until=until)
    value, error = answers(f"gbsg_{until}", "uno")
    assert estimate.value == pytest.approx(value, rel=1e-8)
    assert (estimate.high - estimate.value) / 1.959963984540054 == pytest.approx(error, rel=1e-8)
    assert f"to {until:g} months" in estimate.method and "the same patients" in estimate.method


def test_weights_of_the_development_set_give_another_c_and_say_so(gbsg, half):
    other = gbsg[gbsg["half"] == "development"]
    weights = other["months"], other["event"]
    estimate = uno_concordance(half["months"], half["event"], half["risk_60"], until=60, weights_from=weights)
    own = uno_concordance(half["months"], half["event"], half["risk_60"], until=60)
    assert estimate.value == pytest.approx(0.6855129570307107) and abs(own.value - estimate.value) > 1e-3
    assert "343 other patients" in estimate.method
    same = uno_concordance(
        half["months"], half["event"], half["risk_60"], until=60, weights_from=(half["months"], half["event"])
    )
    assert same.value == own.value


def test_harrell_c_of_the_same_risks_equals_r(half):
    estimate = concordance(half["months"], half["event"], half["risk_60"])
    value, error = answers("gbsg", "harrell")
    assert (estimate.value, (estimate.high - estimate.value) / 1.959963984540054) == pytest.approx((value, error))


@settings(max_examples=60, deadline=None)
@given(patients, st.integers(0, 8))
def test_without_losses_the_scores_are_those_of_any_binary_outcome(rows, at):
    """scikit-learn: roc_auc_score and brier_score_loss of event by the horizon."""
    months, _, score = np.array(rows).T
    outcome = months <= at
    assume(0 < outcome.sum() < len(outcome))
    event, risk = np.ones(len(months)), score / 4
    assert auc_at(months, event, risk, at) == pytest.approx(roc_auc_score(outcome, risk))
    assert brier_at(months, event, risk, at) == pytest.approx(brier_score_loss(outcome, risk))
    assert uno_concordance(months, event, risk, until=99).value == pytest.approx(concordance(months, event, risk).value)


@settings(max_examples=60, deadline=None)
@given(patients, st.integers(1, 8), st.randoms(use_true_random=False))
def test_order_of_patients_and_a_monotone_change_of_risk_move_nothing(rows, at, random):
    shuffled = random.sample(rows, len(rows))
    (months, event, score), (later, ended, moved) = np.array(rows).T, np.array(shuffled).T
    try:
        value = auc_at(months, event, score, at)
    except MviError as problem:
        assert "choose a horizon" in str(problem)
        return
    assert 0 <= value <= 1
    assert auc_at(later, ended, np.exp(moved), at) == pytest.approx(value)
    assert auc_at(months, event, -score, at) == pytest.approx(1 - value)
    assert auc_at(months, event, 0 * score, at) == pytest.approx(0.5)
    assert brier_at(later, ended, moved / 4, at) == pytest.approx(brier_at(months, event, score / 4, at))
    assert brier_at(months, event, 0 * score, at) >= 0


def test_the_order_of_patients_moves_no_bootstrap_interval(half):
    shuffled = half.sample(frac=1, random_state=1)
    first, second = (
        survival_accuracy(t["months"], t["event"], t["risk_24"], at=24, n_bootstrap=50, rng=np.random.default_rng(5))
        for t in (half, shuffled)
    )
    pd.testing.assert_frame_equal(first, second)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: auc_at([1, 2, 3], [0, 0, 0], [1, 2, 3], 2), "0 patients had the event and 1 were followed longer"),
        (lambda: auc_at([1, 2, 3], [1, 1, 1], [1, 2, 3], 9), "3 patients had the event and 0 were followed longer"),
        (lambda: brier_at([5.0], [1], [0.5], 2), "choose a horizon"),
        (lambda: brier_at([1, 5], [1, 0], [0.5, 1.5], 2), "from 0 to 1"),
        (lambda: auc_at([1, 5], [1, 0], [0.5, np.nan], 2), "finite"),
        (lambda: auc_at([], [], [], 2), "non-empty"),
        (lambda: brier_at(pd.Series([1, 5]), pd.Series([1, 0]), pd.Series([0.5, 1], index=[1, 0]), 2), "indexes"),
        (lambda: uno_concordance([1, 2], [0, 0], [1, 2], until=9), "no comparable pair"),
        (lambda: uno_concordance([3, 9], [1, 0], [1, 2], until=9, weights_from=([1, 2], [1, 0])), "earlier horizon"),
    ],
)
def test_what_cannot_be_judged_is_one_clear_sentence(call, words):
    with pytest.raises(MviError, match=words):
        call()

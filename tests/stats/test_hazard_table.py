"""Tables of hazard ratios and cross-fitted risks; witness lifelines, and fits that equal R's in test_cox.py."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from lifelines import CoxPHFitter

from mvi_core.errors import MviError
from mvi_core.stats.concordance import concordance
from mvi_core.stats.cox import cox, log_hazard
from mvi_core.stats.hazard_table import hazard_ratios
from mvi_core.stats.survival_models import compare_models, cross_fitted_risk

REFERENCE = Path(__file__).parents[1] / "reference"
NAMES = ["lev5fu", "obstruct", "node4"]


@pytest.fixture(scope="module")
def colon():
    return pd.read_csv(REFERENCE / "survival_colon.csv")


def test_each_model_equals_lifelines(colon):
    table = hazard_ratios(colon[NAMES], colon["days"], colon["event"]).set_index(["model", "variable"])
    for names, model in (([NAMES[1]], "alone"), (NAMES, "adjusted")):
        frame = colon[[*names, "days", "event"]]
        theirs = CoxPHFitter().fit(frame, "days", "event", fit_options={"precision": 1e-12}).summary
        ours = table.loc[model].loc[names]
        np.testing.assert_allclose(ours["hazard_ratio"], theirs["exp(coef)"], rtol=1e-6)
        np.testing.assert_allclose(ours["ci_low"], theirs["exp(coef) lower 95%"], rtol=1e-6)
        np.testing.assert_allclose(ours["p_value"], theirs["p"], rtol=1e-6)


def test_a_predictor_without_events_is_said_to_have_no_answer_and_stops_no_table(colon):
    safe = colon[NAMES].assign(safe=(colon["event"] == 0).astype(float), same=1.0)
    table = hazard_ratios(safe, colon["days"], colon["event"])
    alone = table[table["model"] == "alone"].set_index("variable")
    assert "infinite" in alone.loc["safe", "method"] and "one value" in alone.loc["same", "method"]
    assert alone.loc[["safe", "same"], "hazard_ratio"].isna().all() and alone.loc[NAMES, "hazard_ratio"].notna().all()
    assert table[table["model"] == "adjusted"]["method"].str.startswith("undefined: ").all()


@pytest.mark.parametrize(("months", "event"), [([3.0], [1]), ([1.0, 2, 3, 4], [0, 0, 0, 0])])
def test_one_patient_or_no_event_gives_rows_that_say_so(months, event):
    table = hazard_ratios(pd.DataFrame({"x": np.arange(len(months), dtype=float)}), months, event)
    assert table["method"].str.startswith("undefined: ").all() and table["hazard_ratio"].isna().all()


def test_bad_times_stop_the_table(colon):
    with pytest.raises(MviError, match="negative"):
        hazard_ratios(colon[NAMES], -colon["days"], colon["event"])


def test_missing_values_are_left_out_model_by_model(colon):
    holes = colon[NAMES].assign(obstruct=colon["obstruct"].where(colon.index > 9))
    table = hazard_ratios(holes, colon["days"], colon["event"])
    assert (
        table["n_missing"].tolist() == [0, 10, 0, 10, 10, 10] and (table["n"] + table["n_missing"] == len(colon)).all()
    )


def test_a_patient_does_not_shape_the_own_risk(colon):
    """Other times of one patient, in the same fold, leave the own risk; those of the other folds move."""
    few = colon.iloc[:200].reset_index(drop=True)
    later = few["days"].where(few.index != 7, 5)
    first, again = (
        cross_fitted_risk(few[NAMES], days, few["event"], times=[365], n_folds=5, rng=np.random.default_rng(0))[:, 0]
        for days in (few["days"], later)
    )
    assert first[7] == again[7]
    assert (first != again).mean() > 0.5


def test_chance_predictors_do_not_shine_on_patients_that_the_model_has_not_seen(colon):
    """Twenty columns of noise: apparent C is high, cross-fitted C is near one half."""
    rng, few = np.random.default_rng(4), colon.iloc[:150].reset_index(drop=True)
    noise = pd.DataFrame(rng.normal(size=(150, 20)), columns=[f"noise_{k}" for k in range(20)])
    apparent = concordance(few["days"], few["event"], log_hazard(cox(noise, few["days"], few["event"]), noise)).value
    unseen = cross_fitted_risk(noise, few["days"], few["event"], times=[1095], n_folds=5, rng=rng)[:, 0]
    assert apparent > 0.62 and abs(concordance(few["days"], few["event"], unseen).value - 0.5) < 0.08


def test_risks_rise_with_the_horizon_and_keep_to_probabilities(colon):
    risk = cross_fitted_risk(
        colon[NAMES], colon["days"], colon["event"], times=[200, 365, 1095], n_folds=5, rng=np.random.default_rng(1)
    )
    assert (np.diff(risk, axis=1) > 0).all() and risk.min() > 0 and risk.max() < 1


@pytest.mark.parametrize("n_folds", [1, 10_000])
def test_a_number_of_folds_that_cannot_be_dealt_is_one_clear_sentence(colon, n_folds):
    with pytest.raises(MviError, match="n_folds must lie from 2"):
        cross_fitted_risk(
            colon[NAMES], colon["days"], colon["event"], times=[365], n_folds=n_folds, rng=np.random.default_rng(1)
        )

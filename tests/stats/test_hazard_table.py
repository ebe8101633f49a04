"""Tables of hazard ratios; witness lifelines, and fits that equal R's in test_cox.py."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from lifelines import CoxPHFitter

from mvi_core.errors import MviError
from mvi_core.stats.hazard_table import hazard_ratios
from mvi_core.stats.proportional_hazards import proportional_hazards_test

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
    assert "infinite" in alone.loc["safe", "method"] and "is constant" in alone.loc["same", "method"]
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


def test_drift_of_each_row_is_the_score_test_of_its_model(colon):
    """proportional_hazards_test equals R's cox.zph in test_cox.py."""
    table = hazard_ratios(colon[NAMES], colon["days"], colon["event"])
    whole = proportional_hazards_test(colon[NAMES], colon["days"], colon["event"])
    assert table[table["model"] == "adjusted"]["drift_p"].tolist() == whole["p_value"].tolist()[:-1]
    single = proportional_hazards_test(colon[["obstruct"]], colon["days"], colon["event"])
    assert table.iloc[1]["drift_p"] == single["p_value"][0]

"""Models of survival judged in seen and unseen patients; witness: their parts, which equal R's in other tests."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from mvi_core.errors import MviError
from mvi_core.stats.concordance import concordance, uno_concordance
from mvi_core.stats.cox import cox, log_hazard, predicted_survival
from mvi_core.stats.survival_accuracy import auc_at, brier_at
from mvi_core.stats.survival_models import compare_models

REFERENCE = Path(__file__).parents[1] / "reference"
NAMES = ["lev5fu", "obstruct", "node4"]
TIMES = [365, 1095]


@pytest.fixture(scope="module")
def colon():
    return pd.read_csv(REFERENCE / "survival_colon.csv")


def unseen(x, days, event, *, times, n_folds, rng):
    """Cross-fitted risks of one model."""
    follow_up = pd.DataFrame({"months": days, "event": event})
    return compare_models({"x": x}, follow_up, times=times, n_folds=n_folds, n_bootstrap=40, rng=rng)[1]["x"]


@pytest.fixture(scope="module")
def compared(colon):
    designs = {"all": colon[NAMES], "nodes": colon[["node4"]]}
    follow_up = colon[["days", "event"]].set_axis(["months", "event"], axis=1)
    settings = {"n_folds": 5, "n_bootstrap": 40, "rng": np.random.default_rng(2)}
    return compare_models(designs, follow_up, times=TIMES, **settings)


def test_the_table_of_models_holds_the_scores_of_its_risks(colon, compared):
    """Each score alone equals R in test_survival_accuracy.py; apparent risks come from one fit to everybody."""
    accuracy, risks = compared
    table = accuracy.set_index(["model", "patients", "months", "metric"])["value"]
    fit = cox(colon[NAMES], colon["days"], colon["event"])
    seen = 1 - predicted_survival(fit, colon, TIMES)[:, 1]
    for patients, risk in (("apparent", seen), ("cross-fitted", risks["all"][:, 1])):
        row, told = table["all", patients, 1095], (colon["days"], colon["event"], risk)
        assert row["auc"] == pytest.approx(auc_at(*told, 1095)) and row["brier"] == pytest.approx(brier_at(*told, 1095))
        assert row["c_harrell"] == pytest.approx(concordance(*told).value)
        assert row["c_uno"] == pytest.approx(uno_concordance(*told, until=1095).value)
    assert set(accuracy["model"]) == {"all", "nodes"} and len(accuracy) == 2 * 2 * 2 * 6


def test_unseen_patients_are_never_judged_better_than_by_much(compared):
    table = compared[0].pivot(index=["model", "months", "metric"], columns="patients", values="value")
    worse = table.xs("auc", level="metric")
    assert (worse["cross-fitted"] < worse["apparent"] + 0.01).all()


def test_a_patient_does_not_shape_the_own_risk(colon):
    """With as many parts as patients, each risk is that of the model of all the others, fitted by hand."""
    few = colon[colon["event"] == 1].iloc[:30].reset_index(drop=True)
    risk = unseen(few[NAMES], few["days"], few["event"], times=[365], n_folds=30, rng=np.random.default_rng(0))[:, 0]
    for patient in (0, 7, 29):
        others = few.drop(index=patient)
        fit = cox(others[NAMES], others["days"], others["event"])
        assert risk[patient] == pytest.approx(1 - predicted_survival(fit, few.loc[[patient]], [365])[0, 0], rel=1e-9)


def test_each_part_has_its_share_of_early_and_late_events(colon):
    """Else parts rich in events are foretold low: of noise the pooled AUC would fall far below one half."""
    rng, few = np.random.default_rng(8), colon.iloc[:300].reset_index(drop=True)
    found = []
    for _ in range(6):
        noise = pd.DataFrame({"noise": rng.normal(size=300)})
        risk = unseen(noise, few["days"], few["event"], times=[365], n_folds=5, rng=rng)[:, 0]
        found.append(auc_at(few["days"], few["event"], risk, 365))
    assert 0.44 < np.mean(found) < 0.56


def test_chance_predictors_do_not_shine_on_patients_that_the_model_has_not_seen(colon):
    """Twenty columns of noise: apparent C is high, cross-fitted C is near one half."""
    rng, few = np.random.default_rng(4), colon.iloc[:150].reset_index(drop=True)
    noise = pd.DataFrame(rng.normal(size=(150, 20)), columns=[f"noise_{k}" for k in range(20)])
    apparent = concordance(few["days"], few["event"], log_hazard(cox(noise, few["days"], few["event"]), noise)).value
    unseen_risk = unseen(noise, few["days"], few["event"], times=[1095], n_folds=5, rng=rng)[:, 0]
    assert apparent > 0.62 and abs(concordance(few["days"], few["event"], unseen_risk).value - 0.5) < 0.08


def test_risks_rise_with_the_horizon_and_keep_to_probabilities(colon):
    risk = unseen(
        colon[NAMES], colon["days"], colon["event"], times=[200, 365, 1095], n_folds=5, rng=np.random.default_rng(1)
    )
    assert (np.diff(risk, axis=1) > 0).all() and risk.min() > 0 and risk.max() < 1


@pytest.mark.parametrize("n_folds", [1, 10_000])
def test_a_number_of_folds_that_cannot_be_dealt_is_one_clear_sentence(colon, n_folds):
    with pytest.raises(MviError, match="n_folds must lie from 2"):
        unseen(colon[NAMES], colon["days"], colon["event"], times=[365], n_folds=n_folds, rng=np.random.default_rng(1))

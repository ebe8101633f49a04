"""Witness: R's glm with rms::rcspline.eval, on the real tables (tests/study/test_real_patients.py); invariants here."""

import numpy as np
import pandas as pd
import pytest

from mvi_core.stats.dose import gains, observed_shares, shape_curve, shape_models
from mvi_core.stats.logistic import fit_logistic
from mvi_core.stats.tables import univariable_table


@pytest.fixture(scope="module")
def made():
    rng = np.random.default_rng(2)
    afp = np.exp(rng.normal(3, 2, 500))
    return afp, (rng.random(500) < np.where(afp > 20, 0.6, 0.3)).astype(int)


def test_a_planted_step_is_told_from_a_line_and_a_planted_line_from_a_step(made):
    afp, mvi = made
    table = shape_models(afp, mvi, cutoff=20).set_index("model")
    assert table["aic"].idxmin() == "cut-off"
    line = (np.random.default_rng(3).random(500) < 1 / (1 + np.exp(-(np.log2(afp) - 4.3)))).astype(int)
    other = shape_models(afp, line, cutoff=20).set_index("model")
    assert other.loc["line", "aic"] < other.loc["cut-off", "aic"] - 10
    assert other.loc["curve", "step_p"] > 0.001


def test_the_cut_off_model_is_the_two_by_two_table(made):
    afp, mvi = made
    curve = shape_curve(afp, mvi, cutoff=20)
    shares = [mvi[afp <= 20].mean(), mvi[afp > 20].mean()]
    assert curve.groupby(curve["value"] > 20)["step"].first().tolist() == pytest.approx(shares)
    assert (curve["ci_low"] < curve["curve"]).all() and (curve["curve"] < curve["ci_high"]).all()
    assert curve["value"].is_monotonic_increasing


def test_nested_models_never_fit_worse(made):
    table = shape_models(*made, cutoff=20).set_index("model")["chi2"]
    assert table["line"] <= table["curve"] <= table["curve and cut-off"]
    assert table["cut-off"] <= table["curve and cut-off"]


def test_observed_shares_count_every_patient_once(made):
    groups = observed_shares(*made, n_groups=8)
    assert groups["n"].sum() == 500
    assert (groups["n"] * groups["observed"]).sum() == pytest.approx(made[1].sum())
    assert groups["value"].is_monotonic_increasing


def test_what_is_added_to_nothing_but_noise_is_its_own_effect(made):
    afp, mvi = made
    noise = np.random.default_rng(9).normal(size=500)
    frame = pd.DataFrame({"afp": (afp > 20).astype(float), "noise": noise})
    frame.iloc[:7, 1] = np.nan
    row = gains(frame, mvi, "afp", {"noise": ["noise"]}).iloc[0]
    assert row["n"] == 493
    fit = fit_logistic(frame, mvi)
    assert row["odds_ratio"] == pytest.approx(fit.table.set_index("variable").loc["afp", "odds_ratio"])
    crude = univariable_table(frame[["afp"]].iloc[7:], mvi[7:]).loc[1, "odds_ratio"]
    assert row["odds_ratio"] == pytest.approx(crude, rel=0.03)
    assert row["auc_with"] - row["auc_without"] == pytest.approx(row["difference"])

"""Witness of every number from R: tests/reference/logistic_reference.R (glm, car, rms, brglm2) and its csv."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from statsmodels.discrete.discrete_model import Logit

from mvi_core.errors import MviError, SeparationWarning
from mvi_core.stats.likelihood import likelihood_ratio_test
from mvi_core.stats.logistic import fit_logistic, predict, predict_interval
from mvi_core.stats.tables import variance_inflation

REFERENCE = Path(__file__).parents[1] / "reference"
PREDICTORS = ["age", "lwt", "smoke", "ht", "ui"]


def answers(case, quantity):
    table = pd.read_csv(REFERENCE / "logistic_reference.csv")
    return table[(table["case"] == case) & (table["quantity"] == quantity)]["value"].to_numpy()


@pytest.fixture(scope="module")
def birthwt():
    return pd.read_csv(REFERENCE / "logistic_birthwt.csv")


@pytest.fixture(scope="module")
def endometrial():
    return pd.read_csv(REFERENCE / "logistic_endometrial.csv")


@pytest.fixture(scope="module")
def fit(birthwt):
    return fit_logistic(birthwt[PREDICTORS], birthwt["low"])


def test_coefficients_errors_and_wald_tests_equal_those_of_r(fit):
    np.testing.assert_allclose(fit.coefficients, answers("birthwt", "coefficient"), rtol=1e-9)
    np.testing.assert_allclose(fit.table["se"], answers("birthwt", "se"), rtol=1e-9)
    np.testing.assert_allclose(fit.table["p_value"], answers("birthwt", "p_wald"), rtol=1e-8)
    np.testing.assert_allclose(np.log(fit.table["ci_low"]), answers("birthwt", "wald_low"), rtol=1e-8)
    np.testing.assert_allclose(np.log(fit.table["ci_high"]), answers("birthwt", "wald_high"), rtol=1e-8)
    assert "Wald" in fit.method
    assert fit.converged


def test_likelihood_and_aic_equal_those_of_r(fit):
    np.testing.assert_allclose(
        [fit.loglik, fit.aic], [*answers("birthwt", "loglik"), *answers("birthwt", "aic")], rtol=1e-12
    )


def test_profile_ends_are_exact_where_r_interpolates(birthwt):
    """MASS::confint, the usual reference, interpolates and is up to 1e-4 away from the roots solved in R."""
    fit = fit_logistic(birthwt[PREDICTORS], birthwt["low"], interval="profile")
    np.testing.assert_allclose(np.log(fit.table["ci_low"]), answers("birthwt", "profile_low"), rtol=1e-7)
    np.testing.assert_allclose(np.log(fit.table["ci_high"]), answers("birthwt", "profile_high"), rtol=1e-7)
    np.testing.assert_allclose(np.log(fit.table["ci_low"]), answers("birthwt", "mass_low"), atol=2e-4)
    np.testing.assert_allclose(fit.table["p_value"][1:], answers("birthwt", "p_lr"), rtol=1e-9)
    assert "profile" in fit.method


def test_interval_and_p_value_are_of_one_family(birthwt):
    for interval in ("wald", "profile"):
        table = fit_logistic(birthwt[PREDICTORS], birthwt["low"], interval=interval).table
        covers_one = (table["ci_low"] <= 1) & (table["ci_high"] >= 1)
        assert (covers_one == (table["p_value"] >= 0.05)).all()


def test_nested_models_compare_as_in_r(birthwt, fit):
    smaller = fit_logistic(birthwt[["age", "lwt"]], birthwt["low"])
    test = likelihood_ratio_test(smaller, fit)
    assert test["statistic"][0] == pytest.approx(answers("birthwt", "lr_chisq")[0], rel=1e-10)
    assert test["p_value"][0] == pytest.approx(answers("birthwt", "lr_p")[0], rel=1e-9)
    with pytest.raises(MviError, match="nested"):
        likelihood_ratio_test(fit, smaller)


def test_both_variance_inflations_equal_car_and_rms(birthwt, fit):
    table = variance_inflation(fit, birthwt)
    np.testing.assert_allclose(table["vif"], answers("birthwt", "vif"), rtol=1e-9)
    np.testing.assert_allclose(table["vif_model"], answers("birthwt", "vif_model"), rtol=1e-6)


def test_predicted_risk_and_its_error_equal_those_of_r(birthwt, fit):
    table = predict_interval(fit, birthwt.iloc[:3])
    log_odds = np.log(table["risk"] / (1 - table["risk"]))
    high = np.log(table["ci_high"] / (1 - table["ci_high"]))
    np.testing.assert_allclose(log_odds, answers("birthwt", "lp_first"), rtol=1e-9)
    np.testing.assert_allclose((high - log_odds) / 1.959963984540054, answers("birthwt", "lp_se_first"), rtol=1e-8)
    np.testing.assert_allclose(predict(fit, birthwt.iloc[:3]), table["risk"], rtol=1e-14)


def test_no_penalty_is_hidden_in_the_fit(birthwt, fit):
    """scikit-learn's LogisticRegression() gives 1.243 for ht; R 1.8933."""
    assert fit.table.set_index("variable").loc["ht", "coefficient"] == pytest.approx(1.89327417, rel=1e-8)


def test_firth_equals_brglm2_with_exact_penalised_profile(endometrial):
    """R: glm(..., method = "brglmFit", type = "AS_mean"); profile ends by optim and uniroot."""
    fit = fit_logistic(endometrial[["NV", "PI", "EH"]], endometrial["HG"], method="firth")
    np.testing.assert_allclose(fit.coefficients, answers("endometrial", "firth_coefficient"), rtol=1e-8)
    np.testing.assert_allclose(fit.table["se"], answers("endometrial", "firth_se"), rtol=1e-8)
    np.testing.assert_allclose(np.log(fit.table["ci_low"]), answers("endometrial", "firth_low"), rtol=1e-6)
    np.testing.assert_allclose(np.log(fit.table["ci_high"]), answers("endometrial", "firth_high"), rtol=1e-6)
    np.testing.assert_allclose(fit.table["p_value"], answers("endometrial", "firth_p_lr"), rtol=1e-6)
    assert fit.separated == ("NV",)
    assert fit.converged


def test_separation_is_infinite_with_a_warning_not_a_large_number(endometrial):
    """statsmodels' GLM says 22.2, converged, p .999 without a warning; the likelihood-ratio p is .0022 (R)."""
    with pytest.warns(SeparationWarning, match="NV"):
        fit = fit_logistic(endometrial[["NV", "PI", "EH"]], endometrial["HG"])
    table = fit.table.set_index("variable")
    assert not fit.converged
    assert np.isinf(table.loc["NV", ["odds_ratio", "ci_high", "se"]].astype(float)).all()
    assert table.loc["NV", "ci_low"] == pytest.approx(np.exp(answers("endometrial", "ml_profile_low_NV")[0]), rel=1e-6)
    assert table.loc["NV", "p_value"] == pytest.approx(answers("endometrial", "ml_p_lr_NV")[0], rel=1e-6)
    assert table.loc["EH", "coefficient"] == pytest.approx(answers("endometrial", "ml_coefficient_EH")[0], rel=1e-6)
    with pytest.raises(MviError, match="firth"):
        predict(fit, endometrial)


def test_complete_separation_leaves_other_predictors_open():
    """Any effect of z fits perfectly once a separates, so its interval is everything and its p value 1."""
    frame = pd.DataFrame({"a": [0, 0, 0, 0, 1, 1, 1, 1], "z": [3, 1, 2, 5, 2, 4, 1, 7]})
    with pytest.warns(SeparationWarning):
        table = fit_logistic(frame, frame["a"]).table.set_index("variable")
    assert table.loc["z", ["ci_low", "ci_high", "p_value"]].tolist() == pytest.approx([0, np.inf, 1])
    assert table.loc["a", "ci_low"] > 1
    assert fit_logistic(frame, frame["a"], method="firth").converged


def test_missing_rows_are_counted(birthwt):
    holed = birthwt[PREDICTORS].astype(float)
    holed.iloc[:7, 0] = np.nan
    fit = fit_logistic(holed, birthwt["low"])
    assert (fit.n, fit.n_missing, fit.events) == (182, 7, int(birthwt["low"][7:].sum()))
    np.testing.assert_allclose(fit.coefficients, fit_logistic(holed[7:], birthwt["low"][7:]).coefficients, rtol=1e-12)
    assert fit.events_per_variable == min(fit.events, 182 - fit.events) / 5
    with pytest.raises(MviError, match="7 incomplete"):
        predict(fit, holed)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda x: x.assign(smoke=1), "smoke has one value"),
        (lambda x: x.assign(twice=2 * x["age"] - x["ht"]), "twice is a linear combination"),
        (lambda x: x.assign(age="old"), "numbers"),
        (lambda x: x.assign(age=np.inf), "infinity in age"),
        (lambda x: x[[]], "distinct names"),
        (lambda x: x.assign(age=np.nan), "0 of 189 patients are complete"),
    ],
)
def test_predictors_that_cannot_be_used_are_named(birthwt, change, words):
    with pytest.raises(MviError, match=words):
        fit_logistic(change(birthwt[PREDICTORS]), birthwt["low"])


def test_one_patient_one_class_and_unknown_options_are_refused(birthwt):
    with pytest.raises(MviError, match="too few"):
        fit_logistic(birthwt[["age"]][:1], [1])
    with pytest.raises(MviError, match="one class only"):
        fit_logistic(birthwt[["age"]], np.ones(189))
    with pytest.raises(MviError, match="firth"):
        fit_logistic(birthwt[["age"]], birthwt["low"], method="lasso")
    with pytest.raises(MviError, match="level"):
        fit_logistic(birthwt[["age"]], birthwt["low"], level=95)


def test_patients_joined_by_position_are_refused(birthwt):
    with pytest.raises(MviError, match="indexes"):
        fit_logistic(birthwt[["age"]], birthwt["low"][::-1])


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10_000), st.sampled_from(["ml", "firth"]))
def test_order_scale_and_coding_change_nothing_that_they_should_not(seed, method):
    rng = np.random.default_rng(seed)
    x = pd.DataFrame({"a": rng.integers(0, 2, 90), "b": rng.normal(size=90)})
    y = (rng.random(90) < 0.3 + 0.3 * x["a"]).astype(int)
    fit = fit_logistic(x, y, method=method, interval="wald")
    order = rng.permutation(90)
    np.testing.assert_allclose(
        fit_logistic(x.iloc[order], y.iloc[order], method=method, interval="wald").coefficients,
        fit.coefficients,
        atol=1e-8,
    )
    scaled = fit_logistic(x.assign(b=1000 * x["b"] + 5), y, method=method, interval="wald")
    assert 1000 * scaled.coefficients[2] == pytest.approx(fit.coefficients[2], rel=1e-6, abs=1e-9)
    turned = fit_logistic(x, 1 - y, method=method, interval="wald")
    np.testing.assert_allclose(turned.coefficients, -fit.coefficients, atol=1e-8)


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 10_000))
def test_maximum_likelihood_equals_statsmodels(seed):
    rng = np.random.default_rng(seed)
    x = pd.DataFrame(rng.normal(size=(120, 3)), columns=list("abc"))
    y = (rng.random(120) < 1 / (1 + np.exp(-x["a"]))).astype(int)
    theirs = Logit(y.to_numpy(), np.column_stack([np.ones(120), x])).fit(disp=0, tol=1e-12)
    np.testing.assert_allclose(fit_logistic(x, y).coefficients, theirs.params, rtol=1e-12)


def test_input_is_not_changed(birthwt):
    before = birthwt.copy()
    fit_logistic(birthwt[PREDICTORS], birthwt["low"])
    pd.testing.assert_frame_equal(before, birthwt)

"""Witness of every number from R: tests/reference/logistic_reference.R (glm, car, rms, brglm2) and its csv."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import optimize, stats
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from statsmodels.discrete.discrete_model import Logit

from mvi_core.errors import MviError, SeparationWarning
from mvi_core.stats.likelihood import likelihood_ratio_test
from mvi_core.stats.logistic import fit_logistic, predict, predict_interval
from mvi_core.stats.tables import variance_inflation

REFERENCE = Path(__file__).parents[1] / "reference"
PACKAGE = Path(__file__).parents[2] / "mvi_core"
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


def test_schwarz_criterion_likelihood_ratio_and_r_squared_equal_those_of_r():
    """R: BIC(glm) 331.52; statsmodels' GLMResults.bic was of another form before 0.15 (minus a thousand and more)."""
    pbc, more = pd.read_csv(REFERENCE / "logistic_pbc.csv"), pd.read_csv(REFERENCE / "tables_more.csv")
    fit, r = (
        fit_logistic(pbc.drop(columns="died"), pbc["died"]),
        more[more["case"] == "pbc"].set_index("quantity")["value"],
    )
    found = [fit.bic, fit.aic, fit.likelihood_ratio, fit.r_squared]
    assert found == pytest.approx([r["bic"], r["aic"], r["lr"], r["cox_snell"]], rel=1e-9)
    table = variance_inflation(fit, pbc)
    np.testing.assert_allclose(table["vif"], r["vif"], rtol=1e-9)
    np.testing.assert_allclose(table["vif_model"], r["vif_model"], rtol=1e-6)
    assert table.loc[1, "vif"] > table.loc[1, "vif_model"] + 0.2  # albumin: 1.27 by least squares, 1.05 by the model


def test_inflation_needs_no_constant_column_and_no_scale(birthwt, fit):
    """statsmodels 0.14's function without a constant column gave 23-62 where the answer is about 1.1."""
    shifted = birthwt[PREDICTORS].assign(age=birthwt["age"] + 1000, lwt=birthwt["lwt"] / 1000)
    np.testing.assert_allclose(
        variance_inflation(fit_logistic(shifted, birthwt["low"]), shifted)["vif"], answers("birthwt", "vif"), rtol=1e-7
    )


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


def test_the_penalty_that_others_hide_shows_in_the_slope_and_not_in_the_auc(birthwt, fit):
    """scikit-learn's default on the same columns: ht 1.24 for 1.89, AUC within .01, calibration slope 1.2."""
    theirs = LogisticRegression(max_iter=10_000).fit(birthwt[PREDICTORS], birthwt["low"])
    risk, their_risk = predict(fit, birthwt), theirs.predict_proba(birthwt[PREDICTORS])[:, 1]
    areas = [roc_auc_score(birthwt["low"], values) for values in (risk, their_risk)]
    assert areas[0] == pytest.approx(areas[1], abs=0.01)
    log_odds = pd.DataFrame({"lp": np.log(their_risk / (1 - their_risk))})
    assert fit_logistic(log_odds, birthwt["low"]).coefficients[1] > 1.1
    ours = pd.DataFrame({"lp": np.log(risk / (1 - risk))})
    assert fit_logistic(ours, birthwt["low"]).coefficients[1] == pytest.approx(1, abs=1e-8)


def test_glmnets_penalty_is_scikit_learns_on_population_standardised_columns():
    """R: glmnet(lambda = .05): C = 1 / (n lambda), X over its population SD. The package itself makes no such fit."""
    pima, more = pd.read_csv(REFERENCE / "stepwise_pima.csv"), pd.read_csv(REFERENCE / "tables_more.csv")
    x, y = pima.drop(columns="y"), pima["y"]
    scale = x.std(ddof=0)
    lasso = LogisticRegression(l1_ratio=1, C=1 / (len(x) * 0.05), solver="saga", tol=1e-10, max_iter=50_000)
    coefficients = lasso.fit((x - x.mean()) / scale, y).coef_[0] / scale
    theirs = more[(more["case"] == "pima") & (more["quantity"] == "lasso_0.05")]["value"].to_numpy()[1:]
    np.testing.assert_allclose(coefficients, theirs, atol=1e-6)
    sources = [path.read_text(encoding="utf-8") for path in PACKAGE.rglob("*.py")]
    assert not any("import LogisticRegression" in text for text in sources)


@pytest.mark.parametrize("name", ["C", "Q", "I", "np", "age:lwt", "1 + age"])
def test_a_predictor_may_have_any_name(birthwt, fit, name):
    """patsy would read C, Q and I as its own functions; no formula is parsed here."""
    renamed = fit_logistic(birthwt[PREDICTORS].rename(columns={"age": name}), birthwt["low"])
    assert renamed.variables[0] == name
    np.testing.assert_allclose(renamed.coefficients, fit.coefficients, rtol=1e-12)


def test_firth_never_gives_a_silent_nan(endometrial):
    """firthmodels' p values became NaN at tight tolerances; ours exist for every coefficient and both families."""
    for interval in ("wald", "profile"):
        table = fit_logistic(
            endometrial[["NV", "PI", "EH"]], endometrial["HG"], method="firth", interval=interval
        ).table
        assert np.isfinite(table.drop(columns="variable")).all(axis=None)
    profile = table.set_index("variable")
    assert profile.loc["NV", "p_value"] == pytest.approx(0.0091, abs=5e-5)
    assert profile.loc["NV", "se"] == pytest.approx(1.551, abs=5e-4)  # logistf from 1.24 and firthmodels print 1.465


def test_penalised_ends_are_finite_where_a_measurement_separates_completely():
    """Witness: scipy maximises the penalised likelihood over the intercept; at both ends it has fallen by 3.84 / 2."""
    x, y = np.arange(20.0), (np.arange(20) > 9).astype(int)
    fit = fit_logistic(pd.DataFrame({"x": x}), y, method="firth")

    def penalised(beta):
        eta = beta[0] + beta[1] * (x - 9.5)
        weight = 1 / (2 + np.exp(eta) + np.exp(-eta))
        matrix = np.array([[weight.sum(), weight @ x], [weight @ x, weight @ x**2]])
        return y @ eta - np.logaddexp(0, eta).sum() + np.log(np.linalg.det(matrix)) / 2

    for end in np.log(fit.table.loc[1, ["ci_low", "ci_high"]].to_numpy(float)):
        best = optimize.minimize_scalar(lambda a, end=end: -penalised([a, end]), bounds=(-5, 5), method="bounded")
        assert 2 * (fit.loglik + best.fun) == pytest.approx(3.841459, rel=1e-5)


def test_automatic_choice_is_firth_just_where_something_separates(birthwt, endometrial, fit):
    auto = fit_logistic(endometrial[["NV", "PI", "EH"]], endometrial["HG"], method="auto")
    firth = fit_logistic(endometrial[["NV", "PI", "EH"]], endometrial["HG"], method="firth")
    pd.testing.assert_frame_equal(auto.table, firth.table)
    assert (
        auto.method
        == firth.method
        == ("Firth penalised likelihood (NV separates the outcome), profile interval, likelihood-ratio test")
    )
    pd.testing.assert_frame_equal(fit_logistic(birthwt[PREDICTORS], birthwt["low"], method="auto").table, fit.table)


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
        (lambda x: x.assign(smoke=1), "smoke is constant"),
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


@pytest.mark.parametrize("options", [{}, {"interval": "profile"}, {"method": "firth"}])
def test_the_unit_of_a_predictor_changes_no_result(birthwt, options):
    known, unit = birthwt[["lwt", "ht"]].astype(float), 1e8  # such as copies of a virus in one millilitre
    plain = fit_logistic(known, birthwt["low"], **options)
    other = fit_logistic(known.assign(lwt=known["lwt"] * unit), birthwt["low"], **options)
    same = ["odds_ratio", "ci_low", "ci_high", "p_value", "coefficient", "se"]
    np.testing.assert_allclose(other.table.loc[[0, 2], same], plain.table.loc[[0, 2], same], rtol=1e-8)
    np.testing.assert_allclose(other.table.loc[1, "se"] * unit, plain.table.loc[1, "se"], rtol=1e-8)
    np.testing.assert_allclose(predict(other, known.assign(lwt=known["lwt"] * unit)), predict(plain, known), rtol=1e-8)
    low, level = plain.loglik - other.loglik, np.log(unit) * ("method" in options)  # the unit moves Firth's penalty
    np.testing.assert_allclose(-low, level, atol=1e-7)


def test_a_year_is_a_predictor_and_its_origin_changes_no_slope(birthwt):
    # R: coef(summary(glm(low ~ I(2016 + ht) + I(2016 + age), binomial, MASS::birthwt)))[2:3, 1:2]: as of ht + age
    known = birthwt[["ht", "age"]].astype(float)
    plain, moved = (fit_logistic(known + origin, birthwt["low"]).table for origin in (0, 2016))
    for name in ("coefficient", "se", "p_value"):
        np.testing.assert_allclose(moved.loc[1:, name], plain.loc[1:, name], rtol=1e-7)


def test_the_near_end_of_an_infinite_odds_ratio_is_finite_however_narrow_the_gap():
    """Witness: the likelihood maximised over the intercept alone by scipy falls by 3.84 there; 0 was printed."""
    x, y = np.array([-2, -1.5, -1, 0, 0.1, 1, 1.5, 2]), np.array([0, 0, 0, 0, 1, 1, 1, 1])
    with pytest.warns(SeparationWarning):
        row = fit_logistic(pd.DataFrame({"x": x}), y).table.iloc[1]

    def fall(slope):
        loss = lambda a: np.logaddexp(0, a + slope * x).sum() - y @ (a + slope * x)  # noqa: E731
        return 2 * optimize.minimize_scalar(loss, bounds=(-50, 50), method="bounded", options={"xatol": 1e-10}).fun

    assert fall(np.log(row["ci_low"])) == pytest.approx(stats.chi2.ppf(0.95, 1), abs=1e-6)
    assert row["ci_high"] == np.inf


def test_a_firth_fit_of_a_small_separated_cohort_settles():
    # R: coef(glm(y ~ a + b, binomial, method = "brglmFit")) of brglm2 0.9, made data; 500 steps did not suffice
    a = [0, 1, 1, 1, 0, 1, 0, 0, 1, 0, 0, 1, 1, 1, 0]
    b = [-0.6, 1.3, -0.7, 0.3, 1.6, 1.3, -0.7, -1.3, -0.8, 1.1, 0.6, -0.7, 0.4, 0.4, -2.5]
    y = [1, 1, 1, 1, 1, 1, 0, 0, 0, 1, 1, 1, 1, 1, 0]
    fit = fit_logistic(pd.DataFrame({"a": a, "b": b}), y, method="firth")
    np.testing.assert_allclose(fit.coefficients, [0.8959592352, 0.9411090260, 1.6948803506], rtol=1e-6)

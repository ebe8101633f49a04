"""Witness of every number from R's survival package: tests/reference/survival_reference.R and its csv."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lifelines import CoxPHFitter
from lifelines.statistics import proportional_hazard_test as lifelines_test
from lifelines.utils import concordance_index
from statsmodels.duration.hazard_regression import PHReg

from mvi_core.errors import ConvergenceError, MviError
from mvi_core.stats.concordance import concordance
from mvi_core.stats.cox import cox, log_hazard, predicted_survival
from mvi_core.stats.likelihood import likelihood_ratio_test
from mvi_core.stats.proportional_hazards import proportional_hazards_test

REFERENCE = Path(__file__).parents[1] / "reference"
PREDICTORS = ["female", "age", "ph_ecog"]
COLON = ["lev", "lev5fu", "obstruct", "adhere", "node4"]


def answers(case, quantity, file="survival_reference.csv"):
    table = pd.read_csv(REFERENCE / file)
    return table[(table["case"] == case) & (table["quantity"] == quantity)]["value"].to_numpy()


def more(case, quantity):
    return answers(case, quantity, "survival_accuracy_reference.csv")


@pytest.fixture(scope="module")
def colon():
    return pd.read_csv(REFERENCE / "survival_colon.csv")


@pytest.fixture(scope="module")
def lung():
    table = pd.read_csv(REFERENCE / "survival_lung.csv")
    return table.assign(female=table["sex"] - 1)


@pytest.fixture(scope="module")
def veteran():
    table = pd.read_csv(REFERENCE / "survival_veteran.csv")
    kinds = {"small": "smallcell", "adeno": "adeno", "large": "large"}
    return table.assign(**{name: (table["celltype"] == kind).astype(float) for name, kind in kinds.items()})


@pytest.mark.parametrize("ties", ["efron", "breslow"])
def test_regression_equals_coxph_under_heavy_ties(lung, ties):
    """R: coxph(..., ties = ...) on coarse months; Breslow, as in SPSS, is 2.7 % away from Efron."""
    fit = cox(lung[PREDICTORS], lung["months"], lung["event"], ties=ties)
    for column, quantity in (("coefficient", "coefficient"), ("se", "se"), ("p_value", "p")):
        np.testing.assert_allclose(fit.table[column], answers(ties, quantity), rtol=1e-10)
    np.testing.assert_allclose(
        np.log(fit.table[["ci_low", "ci_high"]]).T.to_numpy(), [answers(ties, "low"), answers(ties, "high")], rtol=1e-10
    )
    assert fit.loglik == pytest.approx(answers(ties, "loglik")[0], rel=1e-12)
    assert (fit.n, fit.n_missing, fit.events) == (227, 1, 164)
    assert ties in fit.method.lower()


def test_efron_equals_lifelines_and_breslow_equals_statsmodels(lung):
    complete = lung.dropna()
    lifelines = CoxPHFitter().fit(
        complete[[*PREDICTORS, "months", "event"]], "months", "event", fit_options={"precision": 1e-12}
    )
    np.testing.assert_allclose(
        cox(complete[PREDICTORS], complete["months"], complete["event"]).coefficients, lifelines.params_, rtol=1e-8
    )
    breslow = PHReg(complete["months"], complete[PREDICTORS], complete["event"], ties="breslow").fit(disp=0)
    np.testing.assert_allclose(
        cox(complete[PREDICTORS], complete["months"], complete["event"], ties="breslow").coefficients,
        breslow.params,
        rtol=1e-6,
    )


@pytest.mark.parametrize("ties", ["efron", "breslow"])
def test_proportional_hazards_test_equals_cox_zph(lung, ties):
    table = proportional_hazards_test(lung[PREDICTORS], lung["months"], lung["event"], ties=ties)
    np.testing.assert_allclose(table["statistic"], answers(ties, "zph_chisq"), rtol=1e-8)
    np.testing.assert_allclose(table["p_value"], answers(ties, "zph_p"), rtol=1e-8)
    assert table["variable"].tolist() == [*PREDICTORS, "GLOBAL"]
    assert table["df"].tolist() == [1, 1, 1, 3]


@pytest.mark.parametrize("transform", ["km", "rank", "identity"])
def test_verdicts_on_the_veteran_trial_are_those_of_r_not_of_the_old_approximation(veteran, transform):
    """R: cox.zph(fit, transform = ...). lifelines: small cell .855 (R .046), age .020 (R .17)."""
    names = ["trt", "karno", "age", "small", "adeno", "large"]
    table = proportional_hazards_test(veteran[names], veteran["days"], veteran["event"], transform=transform)
    np.testing.assert_allclose(table["statistic"], answers(f"zph_{transform}", "chisq"), rtol=1e-6)
    np.testing.assert_allclose(table["p_value"], answers(f"zph_{transform}", "p"), rtol=1e-6)


def test_coefficients_on_the_colon_trial_do_not_stop_early(colon):
    """R: coxph(..., eps = 1e-14). lifelines at its default precision is 1e-5 to 1e-4 away and does not say so."""
    fit = cox(colon[COLON], colon["days"], colon["event"])
    np.testing.assert_allclose(fit.coefficients, more("colon", "coefficient"), rtol=1e-8)
    np.testing.assert_allclose(fit.table["se"], more("colon", "se"), rtol=1e-8)
    assert fit.loglik == pytest.approx(more("colon", "loglik")[1], rel=1e-12)


def test_further_predictors_are_tested_by_the_likelihood_ratio_as_in_r(colon):
    """R: anova(coxph(~ lev + lev5fu), coxph(~ lev + lev5fu + obstruct + adhere + node4))."""
    small, large = (cox(colon[names], colon["days"], colon["event"]) for names in (COLON[:2], COLON))
    found = likelihood_ratio_test(small, large).loc[0, ["statistic", "df", "p_value"]]
    np.testing.assert_allclose(found.astype(float), more("colon", "likelihood_ratio"), rtol=1e-8)
    with pytest.raises(MviError, match="nested"):
        likelihood_ratio_test(large, small)


@pytest.mark.parametrize("transform", ["km", "rank", "identity"])
def test_obstruction_keeps_the_verdict_of_r_on_the_colon_trial(colon, transform):
    """R: cox.zph(fit, transform = "rank") gives .135 for obstruct; lifelines calls it a violation."""
    table = proportional_hazards_test(colon[COLON], colon["days"], colon["event"], transform=transform)
    np.testing.assert_allclose(table["statistic"], more(f"colon_{transform}", "chisq"), rtol=1e-6)
    np.testing.assert_allclose(table["p_value"], more(f"colon_{transform}", "p"), rtol=1e-6)


def test_the_old_approximation_would_have_flipped_that_verdict(colon):
    fitter = CoxPHFitter().fit(colon[[*COLON, "days", "event"]], "days", "event", fit_options={"precision": 1e-12})
    theirs = lifelines_test(fitter, colon[[*COLON, "days", "event"]], time_transform="rank").summary
    assert theirs.loc["obstruct", "p"] < 0.05 < more("colon_rank", "p")[2]


@pytest.mark.parametrize("ties", ["efron", "breslow"])
def test_baseline_hazard_at_zero_follows_the_ties_of_the_coefficients(lung, ties):
    """R: basehaz(fit, centered = FALSE) at 3, 6, 12 and 24 coarse months; both rules side by side."""
    fit = cox(lung[PREDICTORS], lung["months"], lung["event"], ties=ties)
    hazard = fit.baseline.set_index("months")["hazard"].loc[[3, 6, 12, 24]]
    np.testing.assert_allclose(hazard, more(ties, "baseline"), rtol=1e-8)


@pytest.mark.parametrize("ties", ["efron", "breslow"])
def test_predicted_survival_is_the_step_of_r_between_events(lung, ties):
    """R: summary(survfit(fit, newdata = l[1:3, ]), times = c(6, 12.5, 20))$surv."""
    fit = cox(lung[PREDICTORS], lung["months"], lung["event"], ties=ties)
    first = lung.dropna().iloc[:3]
    found = predicted_survival(fit, first, [6, 12.5, 20])
    np.testing.assert_allclose(found.ravel(), more(ties, "predicted"), rtol=1e-8)
    assert (
        predicted_survival(fit, first, [12, 12.99])[:, 0] == predicted_survival(fit, first, [12, 12.99])[:, 1]
    ).all()


def test_lifelines_draws_a_line_where_the_curve_has_a_step(lung):
    """A trap: predict_survival_function(times=) of lifelines interpolates, so half a month later survival is lower."""
    complete = lung.dropna()[[*PREDICTORS, "months", "event"]]
    fitter = CoxPHFitter().fit(complete, "months", "event", fit_options={"precision": 1e-12})
    theirs = fitter.predict_survival_function(complete.iloc[:1], times=[12, 12.5]).to_numpy().ravel()
    assert theirs[1] < theirs[0] - 1e-3
    fit = cox(complete[PREDICTORS], complete["months"], complete["event"])
    assert np.ptp(predicted_survival(fit, complete.iloc[:1], [12, 12.5])) == 0


def test_the_linear_predictor_is_not_centred(lung):
    """R centres 0/1 columns nowhere, lifelines everywhere; here nothing: coefficients times values."""
    fit = cox(lung[PREDICTORS], lung["months"], lung["event"])
    complete = lung.dropna()
    np.testing.assert_allclose(log_hazard(fit, complete), complete[PREDICTORS] @ fit.coefficients, rtol=1e-12)
    shifted = cox(lung[PREDICTORS].assign(age=lung["age"] - 60), lung["months"], lung["event"])
    later = complete.assign(age=complete["age"] - 60)
    np.testing.assert_allclose(
        predicted_survival(shifted, later, [12]), predicted_survival(fit, complete, [12]), rtol=1e-8
    )


def test_c_index_and_its_error_equal_those_of_r(lung):
    """R: concordance(fit)$concordance and sqrt(concordance(fit)$var)."""
    complete = lung.dropna()
    fit = cox(complete[PREDICTORS], complete["months"], complete["event"])
    for score, key in ((complete[PREDICTORS] @ fit.coefficients, "c_index"), (complete["age"], "c_index_age")):
        estimate = concordance(complete["months"], complete["event"], score)
        found = estimate.value, (estimate.high - estimate.value) / 1.959963984540054
        assert found == pytest.approx(answers("lung", key), rel=1e-8)
    theirs = concordance_index(complete["months"], -complete["age"], complete["event"])
    assert estimate.value == pytest.approx(theirs, rel=1e-12)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda x: cox(x[["age"]], x["days"], x["event"] * 0), "needs an event"),
        (lambda x: cox(x[["age"]].assign(age=60), x["days"], x["event"]), "age is constant"),
        (lambda x: cox(x[["age"]], x["days"], x["event"], ties="exact"), "breslow"),
        (lambda x: cox(x[["age"]][:1], x["days"][:1], x["event"][:1]), "too few"),
        (lambda x: cox(x[["age"]], -x["days"], x["event"]), "negative"),
        (lambda x: log_hazard(cox(x[["age"]], x["days"], x["event"]), x[["sex"]]), "must hold age"),
        (
            lambda x: predicted_survival(cox(x[["age"]], x["days"], x["event"]), x.assign(age=np.nan), [9]),
            "must hold age",
        ),
        (lambda x: predicted_survival(cox(x[["age"]], x["days"], x["event"]), x, [5000]), "within the follow-up"),
        (lambda x: proportional_hazards_test(x[["age"]], x["days"], x["event"], transform="log"), "rank"),
        (lambda x: concordance(x["days"], x["event"] * 0, x["age"]), "no comparable pair"),
        (lambda x: concordance([3.0], [1], [2.0]), "no comparable pair"),
    ],
)
def test_bad_input_is_one_clear_sentence(lung, call, words):
    with pytest.raises(MviError, match=words):
        call(lung)


def test_infinite_hazard_ratio_is_an_error_not_a_number(lung):
    """R only warns: 'Loglik converged before variable; beta may be infinite'."""
    safe = (lung["event"] == 0).astype(float)
    with pytest.raises(ConvergenceError, match="infinite"):
        cox(lung[["age"]].assign(safe=safe), lung["days"], lung["event"])


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10_000), st.sampled_from(["efron", "breslow"]))
def test_order_unit_and_monotone_time_change_nothing(seed, ties):
    rng = np.random.default_rng(seed)
    x = pd.DataFrame({"a": rng.integers(0, 2, 60).astype(float), "b": rng.normal(size=60)})
    x.loc[:1, "a"] = [0, 1]
    months, event = rng.integers(1, 15, 60), rng.integers(0, 2, 60)
    event[:2] = 1
    fit = cox(x, months, event, ties=ties)
    order = rng.permutation(60)
    np.testing.assert_allclose(
        cox(x.iloc[order].reset_index(drop=True), months[order], event[order], ties=ties).coefficients,
        fit.coefficients,
        atol=1e-9,
    )
    np.testing.assert_allclose(cox(x, np.exp(months / 5), event, ties=ties).coefficients, fit.coefficients, atol=1e-9)
    assert cox(x.assign(b=12 * x["b"] + 3), months, event, ties=ties).coefficients[1] * 12 == pytest.approx(
        fit.coefficients[1], abs=1e-9
    )


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 1), st.integers(0, 5)), min_size=2, max_size=25))
def test_reversed_risk_mirrors_c_and_equal_risks_give_one_half(rows):
    months, event, risk = np.array(rows).T
    try:
        estimate = concordance(months, event, risk)
    except MviError:
        return
    assert concordance(months, event, -risk).value == pytest.approx(1 - estimate.value)
    assert concordance(months, event, np.exp(risk)).value == estimate.value
    assert concordance(months, event, 0 * risk).value == 0.5
    assert 0 <= estimate.low <= estimate.value <= estimate.high <= 1


@pytest.mark.parametrize(
    ("exposed", "event"),
    [
        ([0, 0, 0, 0, 1], [0, 0, 0, 0, 1]),  # R: coxph gives 0, "Ran out of iterations and did not converge"
        ([0] * 50 + [1] + [0] * 149, [1] * 50 + [0] + [1] * 149),  # R: "Loglik converged before variable 1"
    ],
)
def test_a_hazard_ratio_that_no_event_tells_is_refused(exposed, event):
    with pytest.raises(ConvergenceError, match="hazard ratio of exposed is infinite, zero or unknown"):
        cox(pd.DataFrame({"exposed": exposed}), np.arange(1.0, len(event) + 1), event)


def test_no_drift_is_tested_where_all_events_fall_at_one_time():
    with pytest.raises(MviError, match=r"the events \(1\) fall at one time"):
        proportional_hazards_test(pd.DataFrame({"age": [50, 60, 55, 70]}), [1, 2, 3, 4], [0, 1, 0, 0])

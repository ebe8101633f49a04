"""Witness of every number from R's survival package: tests/reference/survival_reference.R and its csv."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lifelines import KaplanMeierFitter
from lifelines.statistics import multivariate_logrank_test

from mvi_core.errors import MviError
from mvi_core.stats.kaplan_meier import kaplan_meier, survival_at
from mvi_core.stats.log_rank import WEIGHTS, log_rank
from mvi_core.stats.survival import (
    at_risk_table,
    median_follow_up,
    median_survival,
    readable_until,
    restricted_mean,
    restricted_mean_difference,
)

REFERENCE = Path(__file__).parents[1] / "reference"
TIMES = (100, 310, 500, 800)
follow_up = st.lists(st.tuples(st.integers(0, 12), st.integers(0, 1)), min_size=1, max_size=25)


def answers(case, quantity, file="survival_reference.csv"):
    table = pd.read_csv(REFERENCE / file)
    return table[(table["case"] == case) & (table["quantity"] == quantity)]["value"].to_numpy()


def more(case, quantity):
    return answers(case, quantity, "survival_accuracy_reference.csv")


def at(curve, times):
    return curve.iloc[[np.searchsorted(curve["months"], time, side="right") - 1 for time in times]]


@pytest.fixture(scope="module")
def lung():
    return pd.read_csv(REFERENCE / "survival_lung.csv")


@pytest.fixture(scope="module")
def colon():
    return pd.read_csv(REFERENCE / "survival_colon.csv")


@pytest.fixture(scope="module")
def veteran():
    return pd.read_csv(REFERENCE / "survival_veteran.csv")


@pytest.mark.parametrize("interval", ["log-log", "log", "plain"])
def test_curve_intervals_and_median_equal_those_of_r(lung, interval):
    """R: survfit(..., conf.type = ...). Its default is log, that of lifelines log-log: .503 or .491 at 310 days."""
    men = lung[lung["sex"] == 1]
    found = at(kaplan_meier(men["days"], men["event"], interval=interval), TIMES)
    for column, quantity in (("survival", "survival"), ("ci_low", "low"), ("ci_high", "high")):
        np.testing.assert_allclose(found[column], answers(interval, quantity), rtol=1e-12)
    median = median_survival(men["days"], men["event"], interval=interval)
    assert [median.value, median.low, median.high] == answers(interval, "median").tolist()
    assert interval in median.method


def test_curve_and_default_interval_equal_lifelines(lung):
    fitter = KaplanMeierFitter().fit(lung["days"], lung["event"])
    curve = kaplan_meier(lung["days"], lung["event"])
    np.testing.assert_allclose(curve["survival"], fitter.survival_function_.iloc[:, 0], rtol=1e-12)
    inner = (curve["survival"] > 0) & (curve["survival"] < 1)
    np.testing.assert_allclose(
        curve["ci_low"][inner], fitter.confidence_interval_.iloc[:, 0][inner.to_numpy()], rtol=1e-10
    )
    np.testing.assert_array_equal(curve["at_risk"], fitter.event_table["at_risk"])


def test_median_on_a_flat_stretch_follows_r_or_spss_by_name(veteran):
    """R takes the middle of the stretch (52.5; toy 2.5), SPSS and lifelines its first time (52; toy 2)."""
    arm = veteran[veteran["trt"] == 2]
    middle = median_survival(arm["days"], arm["event"], rule="midpoint")
    assert [middle.value, middle.low, middle.high] == answers("veteran2", "median").tolist()
    assert median_survival(arm["days"], arm["event"]).value == 52
    assert median_survival([1, 2, 3, 4], [1, 1, 1, 1], rule="midpoint").value == answers("toy", "median")[0]
    assert median_survival([1, 2, 3, 4], [1, 1, 1, 1]).value == 2


def test_median_that_is_not_reached_is_infinite(lung):
    estimate = median_survival([1, 2, 3, 4], [1, 0, 0, 0])
    assert (estimate.value, estimate.high) == (np.inf, np.inf)
    assert median_survival([5, 6], [0, 0]).low == np.inf


def test_reverse_kaplan_meier_follow_up_equals_r(lung):
    estimate = median_follow_up(lung["days"], lung["event"])
    assert [estimate.value, estimate.low, estimate.high] == answers("lung", "follow_up").tolist()
    assert "reverse" in estimate.method


@pytest.mark.parametrize("until", [365, 700])
def test_restricted_mean_has_the_error_of_the_mean(lung, until):
    """R: survival:::survmean. The root of lifelines' variance is the spread between patients, eleven times as large."""
    estimate = restricted_mean(lung["days"], lung["event"], until=until)
    value, error = answers("lung", f"rmean_{until}")
    assert estimate.value == pytest.approx(value, rel=1e-12)
    assert (estimate.high - estimate.value) / 1.959963984540054 == pytest.approx(error, rel=1e-10)


def test_restricted_mean_beyond_the_follow_up_is_refused(lung):
    with pytest.raises(MviError, match="within the follow-up"):
        restricted_mean(lung["days"], lung["event"], until=5000)
    assert restricted_mean([1, 2], [1, 1], until=10).value == 1.5


def test_at_risk_counts_patients_whose_time_is_the_tick(lung):
    """R: summary(survfit)$n.risk, T >= t: 79 at 12 coarse months; lifelines' figure counts T > t: fewer."""
    table = at_risk_table(lung["months"], lung["event"], [0, 6, 12, 18, 24], group=lung["sex"])
    np.testing.assert_array_equal(table.groupby("months")["at_risk"].sum(), answers("lung", "at_risk"))
    assert (lung["months"] > 12).sum() < 79
    whole = at_risk_table(lung["months"], lung["event"], [40])
    assert (whole["events"] + whole["censored"]).tolist() == [228]


def test_log_rank_equals_survdiff_and_lifelines(lung, veteran):
    """R: survdiff(Surv(days, event) ~ sex), ~ celltype (4 groups), ~ trt + strata(celltype)."""
    assert log_rank(lung["days"], lung["event"], lung["sex"])["statistic"][0] == pytest.approx(
        answers("logrank_sex", "chisq")[0], rel=1e-12
    )
    four = log_rank(veteran["days"], veteran["event"], veteran["celltype"])
    assert four["p_value"][0] == pytest.approx(answers("logrank_celltype", "p")[0], rel=1e-10)
    theirs = multivariate_logrank_test(veteran["days"], veteran["celltype"], veteran["event"])
    assert four["statistic"][0] == pytest.approx(theirs.test_statistic, rel=1e-10)
    stratified = log_rank(veteran["days"], veteran["event"], veteran["trt"], strata=veteran["celltype"])
    assert stratified["statistic"][0] == pytest.approx(answers("logrank_stratified", "chisq")[0], rel=1e-12)
    assert (four["df"][0], stratified["df"][0]) == (3, 1)


@pytest.mark.parametrize("interval", ["log", "log-log"])
def test_the_lower_end_of_a_median_depends_on_the_scale_of_the_interval(colon, interval):
    """R: survfit(..., subset = rx == "Obs", conf.type = ...): 1656 with its default log, 1530 with log-log."""
    arm = colon[colon["rx"] == "Obs"]
    median = median_survival(arm["days"], arm["event"], interval=interval)
    assert [median.value, median.low, median.high] == more(f"colon_{interval}", "median").tolist()


def test_weighted_log_rank_tests_equal_survdiff_and_lifelines(lung, colon):
    """R: survdiff(..., rho = 1) is Peto and Peto's with survival before the time; lifelines calls another one peto."""
    found = {w: log_rank(colon["days"], colon["event"], colon["obstruct"], weight=w)["statistic"][0] for w in WEIGHTS}
    assert [found["log-rank"], found["peto"]] == pytest.approx(
        [more("colon", f"rho_{k}")[0] for k in (0, 1)], rel=1e-10
    )
    assert log_rank(lung["days"], lung["event"], lung["sex"], weight="peto")["statistic"][0] == pytest.approx(
        more("lung", "rho_1")[0], rel=1e-10
    )

    def theirs(**choice):
        test = multivariate_logrank_test(colon["days"], colon["obstruct"], colon["event"], **choice)
        return test.test_statistic

    assert found["gehan"] == pytest.approx(theirs(weightings="wilcoxon"), rel=1e-8)
    assert found["tarone-ware"] == pytest.approx(theirs(weightings="tarone-ware"), rel=1e-8)
    assert found["peto"] == pytest.approx(theirs(weightings="fleming-harrington", p=1, q=0), rel=1e-8)
    assert found["peto"] != pytest.approx(theirs(weightings="peto"), rel=1e-4)


def test_difference_in_restricted_mean_adds_the_variances(lung):
    """R: survival:::survmean(survfit(~ sex), rmean = 700), women less men."""
    value, error = more("lung", "rmean_difference")
    gain = restricted_mean_difference(lung["days"], lung["event"], lung["sex"], until=700)
    assert gain.value == pytest.approx(value, rel=1e-12)
    assert (gain.high - gain.low) / 2 / 1.959963984540054 == pytest.approx(error, rel=1e-10)
    assert gain.method.startswith("restricted mean to 700 months, 2 less 1")


def test_survival_between_two_events_is_the_step_not_a_line(lung):
    """R: summary(survfit(...), times) gives the step that holds at each time."""
    men = lung[lung["sex"] == 1]
    found = survival_at(kaplan_meier(men["days"], men["event"]), TIMES)
    np.testing.assert_allclose(found["survival"], answers("log-log", "survival"), rtol=1e-12)
    toy = survival_at(kaplan_meier([2, 4], [1, 1]), [0, 1.99, 2, 3.9, 4, 99])
    assert toy["survival"].tolist() == [1, 1, 0.5, 0.5, 0, 0] and toy["months"].tolist() == [0, 1.99, 2, 3.9, 4, 99]


def test_the_readable_stretch_ends_where_few_are_left(lung):
    table = at_risk_table(lung["months"], lung["event"], range(0, 36, 6), group=lung["sex"])
    assert readable_until(table) == 18  # 228 at the start; 39 at 18 months, 16 at 24
    assert readable_until(table, share=1) == 0


def test_one_patient_and_no_event_have_a_curve():
    curve = kaplan_meier([5.0], [1])
    assert curve.iloc[-1][["survival", "ci_low", "ci_high"]].tolist() == [0, 0, 1]
    assert kaplan_meier([5.0, 7.0], [0, 0])[["survival", "ci_low", "ci_high"]].to_numpy().tolist() == [[1, 1, 1]] * 3
    assert kaplan_meier([0.0, 2.0], [1, 0])["survival"].tolist() == [0.5, 0.5]


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: kaplan_meier([-1, 2], [1, 0]), "negative"),
        (lambda: kaplan_meier([], []), "non-empty"),
        (lambda: kaplan_meier([1, np.nan], [1, 0]), "finite"),
        (lambda: kaplan_meier([1, 2], [1, 2]), "0 or 1"),
        (lambda: kaplan_meier([1, 2], [1, 0], interval="exact"), "log-log"),
        (lambda: kaplan_meier([1, 2], [1]), "one entry per patient"),
        (lambda: median_survival([1, 2], [1, 0], rule="last"), "midpoint"),
        (lambda: survival_at(kaplan_meier([1, 2], [1, 0]), [2.5]), "within the follow-up"),
        (lambda: survival_at(kaplan_meier([1, 2], [1, 0]), [-1]), "within the follow-up"),
        (lambda: restricted_mean_difference([1, 2], [1, 0], [1, 1], until=1), "two groups, got 1"),
        (lambda: restricted_mean_difference([1, 9], [0, 0], [1, 2], until=5), "within the follow-up"),
        (lambda: log_rank([1, 2], [1, 0], [1, 2], weight="wilcoxon"), "gehan"),
        (lambda: log_rank([1, 2], [1, 0], [1, 2], strata=[None, 1]), "1 patients without stratum"),
        (lambda: log_rank([1, 2], [1, 0], [1, 1]), "two groups"),
        (lambda: log_rank([1, 2], [0, 0], [0, 1]), "0 events"),
        (lambda: log_rank([1, 2], [0, 1], [0, 1]), "no event while two groups"),
        (lambda: log_rank([1, 2], [1, 0], [None, "a"]), "group is missing"),
    ],
)
def test_bad_follow_up_is_one_clear_sentence(call, words):
    with pytest.raises(MviError, match=words):
        call()


@settings(max_examples=60, deadline=None)
@given(follow_up, st.sampled_from(["log-log", "log", "plain"]))
def test_curve_falls_within_its_interval_and_ignores_order_and_unit(rows, interval):
    months, event = np.array(rows, dtype=float).T
    curve = kaplan_meier(months, event, interval=interval)
    assert (curve["survival"].diff().dropna() <= 1e-12).all()
    assert (curve["ci_low"] <= curve["survival"] + 1e-12).all()
    assert (curve["ci_high"] >= curve["survival"] - 1e-12).all()
    assert curve.notna().all(axis=None)
    assert curve["events"].sum() + curve["censored"].sum() == len(rows)
    turned = kaplan_meier(months[::-1] * 30, event[::-1], interval=interval)
    np.testing.assert_allclose(turned["survival"], curve["survival"], rtol=1e-12)


@settings(max_examples=40, deadline=None)
@given(follow_up)
def test_without_censoring_the_restricted_mean_is_the_mean(rows):
    months = np.array([time + 1.0 for time, _ in rows])
    estimate = restricted_mean(months, np.ones(len(rows)), until=months.max())
    assert estimate.value == pytest.approx(months.mean())
    assert (estimate.high - estimate.value) <= 1.96 * months.std() / np.sqrt(len(rows)) + 1e-9


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 1), st.integers(0, 2)), min_size=4, max_size=30))
def test_names_of_groups_do_not_change_the_log_rank_test(rows):
    months, event, group = np.array(rows).T
    try:
        first = log_rank(months, event, group)
    except MviError:
        return
    other = log_rank(months, event, np.array(["c", "a", "b"])[group])
    assert first["statistic"][0] == pytest.approx(other["statistic"][0], abs=1e-9)
    assert 0 <= first["p_value"][0] <= 1


def test_a_curve_that_ends_at_one_half_has_its_midpoint_up_to_the_last_time():
    # R: quantile(survfit(Surv(c(1, 2, 5, 9), c(1, 1, 0, 0)) ~ 1), 0.5)$quantile is 5.5
    assert median_survival([1, 2, 5, 9], [1, 1, 0, 0], rule="midpoint").value == 5.5
    assert median_survival([1, 2, 5, 9], [1, 1, 0, 0]).value == 2

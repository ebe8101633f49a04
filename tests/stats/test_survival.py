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
from mvi_core.stats.survival import (
    at_risk_table,
    kaplan_meier,
    log_rank,
    median_follow_up,
    median_survival,
    restricted_mean,
    survival_table,
)

REFERENCE = Path(__file__).parents[1] / "reference"
TIMES = (100, 310, 500, 800)
follow_up = st.lists(st.tuples(st.integers(0, 12), st.integers(0, 1)), min_size=1, max_size=25)


def answers(case, quantity):
    table = pd.read_csv(REFERENCE / "survival_reference.csv")
    return table[(table["case"] == case) & (table["quantity"] == quantity)]["value"].to_numpy()


def at(curve, times):
    return curve.iloc[[np.searchsorted(curve["months"], time, side="right") - 1 for time in times]]


@pytest.fixture(scope="module")
def lung():
    return pd.read_csv(REFERENCE / "survival_lung.csv")


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


def test_survival_table_stacks_the_groups(lung):
    table = survival_table(lung["days"], lung["event"], lung["sex"], endpoint="os", group_by="sex")
    assert table.columns.tolist() == [
        "endpoint", "group_by", "group", "months", "at_risk", "events", "censored", "survival", "ci_low", "ci_high",
    ]  # fmt: skip
    assert table.groupby("group")["events"].sum().tolist() == [112, 53]
    assert table["at_risk"].max() == 138


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

"""Landmark analysis and competing risks; witness R (survival, cmprsk, prodlim): survival_accuracy_reference.R."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mvi_core.errors import MviError
from mvi_core.stats.competing import cumulative_incidence, first_event, incidence_by_group
from mvi_core.stats.kaplan_meier import kaplan_meier
from mvi_core.stats.landmark import after_landmark, landmark_panels
from mvi_core.stats.log_rank import log_rank
from mvi_core.stats.survival import median_survival

REFERENCE = Path(__file__).parents[1] / "reference"
TIMES = [1000, 2000, 3000, 4000]


def answers(case, quantity):
    table = pd.read_csv(REFERENCE / "survival_accuracy_reference.csv")
    return table[(table["case"] == case) & (table["quantity"] == quantity)]["value"].to_numpy()


@pytest.fixture(scope="module")
def lung():
    return pd.read_csv(REFERENCE / "survival_lung.csv")


@pytest.fixture(scope="module")
def pbc():
    return pd.read_csv(REFERENCE / "survival_pbc.csv")


def test_survival_after_a_landmark_equals_that_of_r(lung):
    """R: lung[lung$time > 180, ] with time - 180, then survdiff and survfit(conf.type = "log-log")."""
    later = after_landmark(lung["days"], lung["event"], at=180)
    assert len(later) == answers("landmark", "n")[0]
    found = log_rank(later["months"], later["event"], lung.loc[later.index, "sex"])
    assert found["statistic"][0] == pytest.approx(answers("landmark", "chisq")[0], rel=1e-10)
    median = median_survival(later["months"], later["event"])
    assert [median.value, median.low, median.high] == answers("landmark", "median").tolist()


def test_a_landmark_keeps_the_names_of_patients_and_leaves_the_input(lung):
    months = lung["days"].set_axis([f"P{k}" for k in range(len(lung))])
    later = after_landmark(months, lung["event"].set_axis(months.index), at=365)
    assert later.index[0] == months.index[np.flatnonzero(lung["days"] > 365)[0]]
    assert months.equals(lung["days"].set_axis(months.index)) and (later["months"] > 0).all()


@pytest.mark.parametrize("cause", [1, 2])
def test_cumulative_incidence_equals_cuminc_prodlim_and_survfit(pbc, cause):
    """R: cmprsk::cuminc (another variance, 0.2 to 1 % wider), prodlim, survfit(conf.type = "log-log")."""
    table = cumulative_incidence(pbc["days"], pbc["cause"]).query("cause == @cause")
    rows = table.iloc[[np.searchsorted(table["months"], time, side="right") - 1 for time in TIMES]]
    for case in (f"pbc_{cause}", f"prodlim_{cause}", f"survfit_{cause}"):
        np.testing.assert_allclose(rows["incidence"], answers(case, "incidence"), rtol=1e-8)
    np.testing.assert_allclose(rows["error"], answers(f"survfit_{cause}", "error"), rtol=1e-8)
    np.testing.assert_allclose(rows["error"], answers(f"prodlim_{cause}", "error"), rtol=1e-8)
    np.testing.assert_allclose(rows["error"], answers(f"pbc_{cause}", "error"), rtol=0.011)
    np.testing.assert_allclose(rows["ci_low"], answers(f"survfit_{cause}", "low"), rtol=1e-8)
    np.testing.assert_allclose(rows["ci_high"], answers(f"survfit_{cause}", "high"), rtol=1e-8)


def test_one_minus_kaplan_meier_overstates_a_competing_event(pbc):
    """With deaths censored, the share transplanted by the end would seem half as large again."""
    incidence = cumulative_incidence(pbc["days"], pbc["cause"]).query("cause == 1")["incidence"].max()
    apparent = 1 - kaplan_meier(pbc["days"], pbc["cause"] == 1)["survival"].min()
    assert incidence == pytest.approx(answers("survfit_1", "incidence")[-1], rel=0.2) and apparent > 1.3 * incidence


def test_each_group_has_its_own_incidence_and_the_naive_one_beside_it(pbc):
    """R: 1 - survfit(Surv(days, cause == 1) ~ 1) of women is the naive curve; cuminc the other."""
    table = incidence_by_group(pbc["days"], pbc["cause"], pbc["female"], names={1: "transplant", 2: "death"})
    women = pbc[pbc["female"] == 1]
    alone = cumulative_incidence(women["days"], women["cause"]).query("cause == 2")
    rows = table.query("group == 1 and event == 'death'")
    np.testing.assert_allclose(rows["incidence"], alone["incidence"], rtol=1e-12)
    np.testing.assert_allclose(rows["naive"], 1 - kaplan_meier(women["days"], women["cause"] == 2)["survival"])
    assert (table["naive"] >= table["incidence"] - 1e-12).all()
    with pytest.raises(MviError, match="No patient has one of the events"):
        incidence_by_group([1, 2], [0, 0], ["a", "b"])


def test_panels_from_the_landmark_leave_out_who_is_unknown_then():
    """By hand, landmark 24: A recurs early and lives on, B is lost to recurrence early, C recurs late, D dies early."""
    table = pd.DataFrame(
        {
            "rfs_months": [10.0, 12, 30, 20], "rfs_event": [1, 0, 1, 1],
            "os_months": [50.0, 40, 60, 20], "os_event": [1, 1, 0, 1], "mvi_present": [1, 0, 1, 0],
        },
        index=list("ABCD"),
    )  # fmt: skip
    panels = landmark_panels(table, at=24)
    early, late = panels["os", "early"], panels["rfs", "mvi_present"]
    assert early["group"].to_dict() == {"A": "early recurrence present", "C": "early recurrence absent"}
    assert early["months"].to_dict() == {"A": 26, "C": 36}
    assert late.to_dict("index") == {"C": {"months": 6, "event": 1, "group": "MVI present"}}


def test_a_death_that_ends_recurrence_free_survival_is_no_recurrence():
    assert first_event([10, 20, 30, 5], [1, 1, 0, 1], [25, 20, 30, 5], [1, 1, 0, 0]).tolist() == [1, 2, 0, 1]


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 2)), min_size=1, max_size=30))
def test_incidences_of_all_causes_and_event_free_survival_sum_to_one(rows):
    months, cause = np.array(rows).T
    table = cumulative_incidence(months, cause)
    assert table.notna().all(axis=None) and (table["ci_low"] <= table["incidence"] + 1e-12).all()
    assert (table["ci_high"] >= table["incidence"] - 1e-12).all() and table["ci_high"].le(1 + 1e-12).all()
    free = kaplan_meier(months, cause > 0)
    together = table.groupby("months")["incidence"].sum()
    np.testing.assert_allclose(together.to_numpy() + free["survival"].to_numpy(), 1, atol=1e-12)


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 1)), min_size=1, max_size=30), st.integers(0, 8))
def test_what_lies_before_and_after_a_landmark_is_everybody(rows, at):
    months, event = np.array(rows).T
    left = int((months > at).sum())
    if not left:
        with pytest.raises(MviError, match="beyond the landmark"):
            after_landmark(months, event, at=at)
        return
    later = after_landmark(months, event, at=at)
    assert len(later) == left and (later["months"] > 0).all()
    assert later["event"].sum() + event[months <= at].sum() == event.sum()


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: cumulative_incidence([1, 2], [0, -1]), "0, 1, 2"),
        (lambda: cumulative_incidence([1, 2], [0, 1.5]), "0, 1, 2"),
        (lambda: cumulative_incidence([1, np.nan], [0, 1]), "finite"),
        (lambda: cumulative_incidence([-1, 2], [0, 1]), "negative"),
        (lambda: first_event([10], [1], [5], [1]), "die before"),
        (lambda: first_event([10, 11], [1, 1], [12], [1]), "one entry per patient"),
    ],
)
def test_bad_follow_up_is_one_clear_sentence(call, words):
    with pytest.raises(MviError, match=words):
        call()

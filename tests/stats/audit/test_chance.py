import numpy as np
import pytest
from lifelines import KaplanMeierFitter
from scipy import stats

from mvi_core.errors import MviError
from mvi_core.stats.audit.chance import _largest_of, baseline_check, repetition_check
from mvi_core.stats.audit.follow_up import _least_lost, _most_events_above_half, _survival_floor, median_check
from mvi_core.stats.audit.sample_size import sample_size_check
from mvi_core.stats.sample_size import largest_r_squared, r_squared_from_auc, required_n

ENROLMENT = [{"n": 149, "months": [60, 72]}, {"n": 172, "months": [24, 36]}]
TABLE_2 = ["92.11", "66.67", "84.21", "74.56", "77.19", "85.96", "87.72", "81.58"]


def cohort_with(deaths, lost):
    """149 and 172 patients: losses first, then all deaths among the first group, the rest to the end of follow-up."""
    months = [10.0] * lost + list(np.linspace(40, 59.5, deaths)) + [66.0] * (149 - lost - deaths) + [30.0] * 172
    return np.array(months), np.array([0] * lost + [1] * deaths + [0] * (321 - lost - deaths))


def test_the_bound_on_the_losses_is_sharp():
    """Witness: lifelines' Kaplan-Meier median of the extremal cohort, with 21 and with 20 losses among 64 deaths."""
    assert _least_lost(149, 64) == 21
    for lost, reached in ((21, True), (20, False)):
        months, event = cohort_with(64, lost)
        curve = KaplanMeierFitter().fit(months, event)
        assert (curve.median_survival_time_ == pytest.approx(59.5)) == reached
        assert curve.survival_function_at_times(59.5).iloc[0] == pytest.approx(_survival_floor(149, 64, lost=lost))


@pytest.mark.parametrize("seed", range(20))
def test_no_cohort_falls_below_the_floor(seed):
    """Witness: lifelines on random cohorts with random events and losses."""
    rng = np.random.default_rng(seed)
    planned = np.r_[rng.uniform(60, 72, 149), rng.uniform(24, 36, 172)]
    times = rng.exponential(rng.uniform(40, 200), 321)
    leaving = np.where(rng.random(321) < 0.1, rng.uniform(0, 72, 321), np.inf)
    end = np.minimum(planned, leaving)
    months, event = np.minimum(times, end), times <= end
    until = 59.5
    lost = int(((leaving < until) & ~event)[:149].sum())
    curve = KaplanMeierFitter().fit(months, event).survival_function_at_times(until).iloc[0]
    assert curve >= _survival_floor(149, int((event & (months <= until)).sum()), lost=lost) - 1e-12


def test_the_most_events_that_leave_the_median_unreached_are_all_early_ones():
    """Witness: lifelines on 136 patients with 67 and with 68 events before any censoring."""
    for events, finite in ((_most_events_above_half(136), False), (_most_events_above_half(136) + 1, True)):
        event = np.r_[np.ones(events), np.zeros(136 - events)]
        curve = KaplanMeierFitter().fit(np.r_[np.arange(1, events + 1), np.full(136 - events, 70)], event)
        assert np.isfinite(curve.median_survival_time_) == finite


def medians(months):
    return [{"group": "all", "n": 321, "months": months}, {"group": "without", "n": 136, "months": "not reached"}]


def test_a_median_beyond_all_follow_up_is_caught():
    assert median_check("OS", 64, medians("74.2"), enrolment=ENROLMENT).verdict == "cannot be reproduced"


def test_too_few_events_force_losses_and_many_do_not():
    forced = median_check("OS", 64, medians("59.5"), enrolment=ENROLMENT)
    assert forced.verdict == "reproduced under a stated assumption"
    assert forced.evidence.loc[0, "least_lost"] == 21
    free = median_check("OS", 180, medians("59.5"), enrolment=[{"n": 321, "months": [60, 72]}])
    assert free.verdict == "reproduced"


def test_the_distribution_of_the_best_is_exact():
    """Witness: simulation of 200,000 sets of eight; the tolerance is four Monte Carlo standard errors."""
    rng = np.random.default_rng(8)
    for sd in (0.0, 0.03):
        best = _largest_of(0.8, 114, 8, sd=sd)
        assert best.sum() == pytest.approx(1, abs=1e-9)
        share = np.clip(0.8 + sd * rng.standard_normal((200_000, 8)), 0, 1)
        drawn = rng.binomial(114, share).max(axis=1)
        assert best @ np.arange(115) == pytest.approx(drawn.mean(), abs=4 * drawn.std() / np.sqrt(len(drawn)) + 0.01)


def test_two_runs_give_the_noise():
    verdict = repetition_check("Table 2", TABLE_2, ["92.11", "87.72"], n=114)
    value = verdict.evidence.set_index("quantity")["value"]
    assert value["difference of the repeats, patients"] == 5
    assert value["run-to-run SD, points"] == pytest.approx(4.39 / np.sqrt(2))
    counts = np.array([105, 76, 96, 85, 88, 98, 100, 93])
    homogeneous = stats.chi2_contingency([counts, 114 - counts], correction=False).pvalue
    assert value["p of equal accuracies (Pearson)"] == pytest.approx(homogeneous)
    assert repetition_check("x", TABLE_2, ["92.11", "92.11"], n=114).verdict == "reproduced"


def test_simple_rules_are_counted_from_the_table():
    """Witness: by hand, AFP alone: (125 + 84) / 321 = 65.1 % right, precision 125 / 177, recall 125 / 185."""
    table = baseline_check("all", (136, 185), rules={"AFP": (52, 125)}).evidence.set_index("rule")
    assert table.loc["AFP alone", "accuracy"] == pytest.approx(100 * 209 / 321)
    assert table.loc["AFP alone", "precision"] == pytest.approx(100 * 125 / 177)
    assert table.loc["AFP alone", "recall"] == pytest.approx(100 * 125 / 185)
    assert table.loc["always the outcome", "accuracy"] == pytest.approx(100 * 185 / 321)


def test_a_model_below_always_present_is_said_to_be_so():
    model = {"accuracy": "68.69", "f1": "76.34"}
    assert baseline_check("external", (33, 66), model=model).verdict == "cannot be reproduced"
    better = {"accuracy": "88.69", "f1": "90.00"}
    assert baseline_check("external", (33, 66), model=better).verdict == "reproduced under a stated assumption"
    with pytest.raises(MviError, match="with and without"):
        baseline_check("external", (0, 66))


def test_the_published_example_of_the_sample_size_paper_is_met():
    """Witness: Riley et al., BMJ 2020;368:m441, pre-eclampsia box: 24 parameters, R2 0.288, prevalence 0.174: 662.

    R: pmsampsize(type = "b", csrsquared = 0.288, parameters = 24, prevalence = 0.174)
    """
    assert max(required_n(24, 0.174, r_squared=0.288).values()) == 662


def test_r_squared_from_auc_equals_a_simulation():
    """Witness: two million simulated patients with normal scores, as the method of Riley et al. 2021 prescribes."""
    rng = np.random.default_rng(3)
    outcome = rng.random(2_000_000) < 0.576
    distance = np.sqrt(2) * stats.norm.ppf(0.824)
    score = rng.standard_normal(outcome.size) + distance * outcome
    logit = np.log(0.576 / 0.424) + distance * score - distance**2 / 2
    risk = 1 / (1 + np.exp(-logit))
    gain = np.mean(np.where(outcome, np.log(risk / 0.576), np.log((1 - risk) / 0.424)))
    assert r_squared_from_auc(0.824, 0.576) == pytest.approx(1 - np.exp(-2 * gain), abs=0.002)


def test_more_parameters_need_more_patients():
    evidence = sample_size_check(321, 185, {"five": 5, "eighteen": 18}, auc=0.824).evidence
    assert (evidence.loc[evidence["model"] == "eighteen", "n_shrinkage"].to_numpy() > 400).all()
    assert largest_r_squared(0.5) == pytest.approx(0.75)
    with pytest.raises(MviError, match="between 0 and"):
        required_n(5, 0.5, r_squared=0.8)


def test_what_cannot_be_repeats_or_events_is_refused_by_name():
    with pytest.raises(MviError, match="two repeats"):
        repetition_check("x", ["80", "190"], ["80", "190"], n=10)
    with pytest.raises(MviError, match="fewer than the patients enrolled, got 101"):
        median_check("OS", 101, [{"group": "all", "months": "30"}], enrolment=[{"n": 100, "months": [36, 48]}])

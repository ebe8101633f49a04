"""Witnesses: printed examples of Riley, Pate and co-workers, those of pmsampsize and pmvalsampsize, simulation."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from mvi_core.errors import MviError
from mvi_core.stats.batched import auc_many, fit_many
from mvi_core.stats.sample_size import (
    development_size,
    expected_shrinkage,
    largest_r_squared,
    r_squared_from_auc,
    required_n,
    required_n_multinomial,
)
from mvi_core.stats.validation_size import validation_size


@pytest.mark.parametrize(
    ("parameters", "prevalence", "r_squared", "printed"),
    [(24, 0.174, 0.288, (623, 668, 221)), (36, 0.174, 0.288, (934, 1002, 221)), (24, 0.25, 0.288, (623, 583, 289))],
)
def test_development_criteria_meet_the_examples_of_pmsampsize(parameters, prevalence, r_squared, printed):
    """R package pmsampsize 1.1.3, tests 4.1, 4.3, 4.4: type = "b", rsquared, parameters, prevalence.

    It rounds the largest R-squared to two decimals and the second shrinkage to three, which moves that size by up to
    1.3 %; Riley et al. 2020 (BMJ 2020;368:m441, doi:10.1136/bmj.m441) print 623, 662 and 221 for the first.
    """
    sizes = tuple(required_n(parameters, prevalence, r_squared=r_squared).values())
    assert (sizes[0], sizes[2]) == (printed[0], printed[2])
    assert sizes[1] == pytest.approx(printed[1], rel=0.013)


def test_bmj_example_is_met_to_the_patient():
    assert required_n(24, 0.174, r_squared=0.288) == {"shrinkage": 623, "optimism": 662, "mean risk": 221}


def test_multinomial_criteria_meet_the_example_of_pate_and_co_workers():
    """R package multsampsize (Pate et al. 2023, doi:10.1177/09622802231151220), ovarian tumours: 13,136 patients.

    17 parameters, 2557, 186, 176, 467 and 120 patients, pairwise AUC as below. The package simulates the R-squared of
    each AUC with one seed, so the sizes agree to 1 %.
    """
    counts = [2557, 186, 176, 467, 120]
    areas = [0.85, 0.92, 0.99, 0.95, 0.75, 0.95, 0.87, 0.87, 0.71, 0.82]
    pairs = [(a, b) for i, a in enumerate(counts) for b in counts[i + 1 :]]
    r_squared = [r_squared_from_auc(area, b / (a + b)) for area, (a, b) in zip(areas, pairs, strict=True)]
    sizes = required_n_multinomial(17, counts, r_squared=r_squared)
    assert max(sizes.values()) == sizes["shrinkage"] == pytest.approx(13136, rel=0.01)


def test_multinomial_criteria_of_two_classes_are_the_binary_ones_but_for_the_mean_risk():
    """With two classes the interval of each share is widened for two shares (Bonferroni)."""
    binary = required_n(6, 0.3, r_squared=0.15 * largest_r_squared(0.3))
    both = required_n_multinomial(6, [700, 300])
    assert (both["shrinkage"], both["optimism"]) == (binary["shrinkage"], binary["optimism"])
    assert both["mean risk"] == np.ceil(stats.norm.isf(0.0125) ** 2 * 0.21 / 0.05**2)


@settings(max_examples=50, deadline=None)
@given(st.integers(1, 60), st.floats(0.05, 0.95), st.floats(0.02, 0.98))
def test_expected_shrinkage_is_the_inverse_of_the_first_criterion(parameters, prevalence, share):
    r_squared = share * min(largest_r_squared(prevalence), 0.9)
    n = required_n(parameters, prevalence, r_squared=r_squared)["shrinkage"]
    assert expected_shrinkage(n, parameters, r_squared) >= 0.9 - 1e-9
    if n > 1:
        assert expected_shrinkage(n - 1, parameters, r_squared) < 0.9
    assert expected_shrinkage(10**9, parameters, r_squared) > 0.999


def test_expected_shrinkage_is_the_slope_that_refitted_models_show_in_new_patients():
    """Witness: 300 models of 10 parameters, each fitted to 300 simulated patients, judged on the true log odds.

    The slope of the truth on the fitted log odds is the shrinkage; the tolerance is four Monte Carlo errors.
    """
    rng = np.random.default_rng(9)
    beta, n, many = np.r_[0.0, np.full(10, 0.25)], 300, 300
    x = np.concatenate([np.ones((many, n, 1)), rng.normal(size=(many, n, 10))], axis=2)
    y = (rng.random((many, n)) < 1 / (1 + np.exp(-(x @ beta)))).astype(float)
    fitted, _, worked = fit_many(x, 1 - y, y)
    slope = (fitted[:, 1:] @ beta[1:]) / (fitted[:, 1:] ** 2).sum(axis=1)  # of independent standard predictors
    new = rng.normal(size=(200_000, 10)) @ beta[1:]
    risk = 1 / (1 + np.exp(-new))
    r_squared = 1 - np.exp(-2 * (np.mean(risk * np.log(risk) + (1 - risk) * np.log(1 - risk)) + np.log(2)))
    expected = expected_shrinkage(n, 10, r_squared)
    assert worked.all()
    assert slope.mean() == pytest.approx(expected, abs=4 * slope.std() / np.sqrt(many) + 0.02)


def test_table_says_what_is_needed_and_what_there_is():
    table = development_size(321, 185, {"five": 5, "eighteen": 18}, anticipated={"low": 0.1, "high": 0.3})
    five, eighteen = table[table["model"] == "five"], table[table["model"] == "eighteen"]
    assert table["n_required"].equals(table[["n_shrinkage", "n_optimism", "n_mean_risk"]].max(axis=1))
    assert five["events_per_parameter"].tolist() == pytest.approx([136 / 5] * 2)
    assert (eighteen["shrinkage"].to_numpy() < five["shrinkage"].to_numpy()).all()
    assert table["mean_risk_margin"].iloc[0] == pytest.approx(1.96 * np.sqrt(185 * 136 / 321**3), rel=1e-12)
    enough = table["n_shrinkage"] <= 321
    assert (enough == (table["shrinkage"] >= 0.9)).all()
    assert ((table["n_optimism"] <= 321) == (table["optimism"] <= 0.05)).all()


def quantiles(distribution):
    """Log odds of 200,000 patients at the middle of equal shares of a distribution of log odds or of risks."""
    values = distribution.ppf((np.arange(200_000) + 0.5) / 200_000)
    return values if distribution.support()[1] > 1 else np.log(values / (1 - values))


WIDE = {"O/E": 1.0, "calibration slope": 0.2, "AUC": 0.1}
NORMAL = {"prevalence": 0.018, "auc": 0.8, "threshold": 0.1, "log_odds": quantiles(stats.norm(-5, 2.5)), "widths": WIDE}
TWO_PEAKS = {**NORMAL, "log_odds": quantiles(stats.beta(0.5, 0.5))}
REAL = {"prevalence": 0.43, "auc": 0.8, "threshold": 0.3, "log_odds": quantiles(stats.beta(1.33, 1.75))}


@pytest.mark.parametrize(
    ("given_", "printed"), [(NORMAL, [905, 4544, 4252]), (TWO_PEAKS, [905, 1644, 4252]), (REAL, [510, 2136, 308, 281])]
)
def test_validation_sizes_meet_the_examples_of_pmvalsampsize(given_, printed):
    """Python package pmvalsampsize 0.2.1 (Riley et al. 2021, doi:10.1002/sim.9025), a million simulated patients.

    pmvalsampsize(type="b", prevalence=0.018, cstatistic=0.8, lpnormal=(-5, 2.5), oeciwidth=1): 905, 4544, 4252;
    lpbeta=(0.5, 0.5): 905, 1644, 4252. pmvalsampsize(type="b", prevalence=0.43, cstatistic=0.8, lpbeta=(1.33, 1.75),
    threshold=0.3): 510, 2136, 308, net benefit 281. It finds O/E's error by steps of 1e-4, and rounds and simulates
    the others: 1 % apart; the AUC is equal to the patient.
    """
    table = validation_size(500, **given_).set_index("measure")
    assert table["n_required"].tolist() == pytest.approx(printed, rel=0.01)
    assert table.loc["AUC", "n_required"] == printed[2]


def test_expected_width_of_the_needed_patients_is_the_wanted_one():
    for row in validation_size(300, 0.55, auc=0.75, threshold=0.2).itertuples():
        again = validation_size(row.n_required, 0.55, auc=0.75, threshold=0.2).set_index("measure").loc[row.measure]
        assert again["expected_width"] == pytest.approx(row.wanted_width, rel=5e-3)
        assert again["expected_width"] <= row.wanted_width + 1e-12


def test_expected_widths_are_those_of_repeated_validations():
    """Witness: the spread of each measure over 400 validations of 400 patients; tolerance 4 Monte Carlo errors."""
    rng = np.random.default_rng(4)
    log_odds = rng.normal(0.4, 1.1, size=(400, 400))
    risk = 1 / (1 + np.exp(-log_odds))
    y = (rng.random(risk.shape) < risk).astype(float)
    design = np.stack([np.ones_like(log_odds), log_odds], axis=2)
    slope = fit_many(design, 1 - y, y)[0][:, 1]
    area = auc_many(risk, 1 - y, y)
    prevalence = float(np.mean(1 / (1 + np.exp(-quantiles(stats.norm(0.4, 1.1))))))
    act, w = risk >= 0.3, 0.3 / 0.7
    benefit = (act * np.where(y == 1, 1, -w)).mean(axis=1) / y.mean(axis=1)
    table = validation_size(
        400, prevalence, auc=float(area.mean()), threshold=0.3, log_odds=quantiles(stats.norm(0.4, 1.1))
    ).set_index("measure")["expected_width"]
    for measure, drawn in (("calibration slope", slope), ("AUC", area), ("standardised net benefit", benefit)):
        assert table[measure] == pytest.approx(2 * 1.96 * drawn.std(), rel=4 / np.sqrt(2 * 400)), measure


@pytest.mark.parametrize("r_squared", [-0.1, 0.0, 0.8, 1.0])
def test_an_impossible_r_squared_is_refused(r_squared):
    with pytest.raises(MviError, match="r_squared must lie between"):
        required_n(5, 0.5, r_squared=r_squared)


@pytest.mark.parametrize(
    "ask",
    [
        lambda: r_squared_from_auc(1.2, 0.3),
        lambda: r_squared_from_auc(0.8, 0.0),
        lambda: required_n(0, 0.3, r_squared=0.1),
        lambda: required_n(5, 0.3, r_squared=0.1, margin=0.0),
        lambda: validation_size(0, 0.3, auc=0.8, threshold=0.1),
        lambda: validation_size(100, 0.3, auc=0.8, threshold=1.0),
        lambda: validation_size(100, 0.0, auc=0.8, threshold=0.1),
        lambda: validation_size(100, 0.3, auc=1.0, threshold=0.1),
    ],
)
def test_numbers_without_a_meaning_are_refused_where_nan_or_a_division_by_zero_came_out(ask):
    with pytest.raises(MviError, match="must lie between"):
        ask()


@settings(max_examples=30, deadline=None)
@given(st.floats(0.55, 0.95), st.floats(0.05, 0.95))
def test_r_squared_grows_with_the_auc_and_is_the_same_for_the_mirrored_outcome(auc, prevalence):
    value = r_squared_from_auc(auc, prevalence)
    assert 0 < value < largest_r_squared(prevalence)
    assert r_squared_from_auc(auc + 0.02, prevalence) > value
    assert r_squared_from_auc(auc, 1 - prevalence) == pytest.approx(value, rel=1e-6)


def test_one_patient_more_never_hurts():
    widths = pd.concat([validation_size(n, 0.5, auc=0.8, threshold=0.2)["expected_width"] for n in (100, 101)], axis=1)
    assert (widths.iloc[:, 1] < widths.iloc[:, 0]).all()

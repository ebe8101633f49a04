"""Witness: R on a skewed measurement (tests/reference/tables_more_reference.R) and on pbc (tables_reference.R)."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mvi_core.errors import MviError
from mvi_core.stats.measurements import SPREAD_TESTS, TESTS, continuous_row, measurement_tests

REFERENCE = Path(__file__).parents[1] / "reference"
NDKA = pd.read_csv(REFERENCE / "tables_more.csv").set_index(["case", "quantity"])["value"].sort_index(kind="stable")


@pytest.fixture(scope="module")
def asah():
    return pd.read_csv(REFERENCE / "roc_asah.csv")


@pytest.mark.parametrize("test", ["mann_whitney", "mann_whitney_corrected", "welch", "pooled", *SPREAD_TESTS])
def test_every_test_of_two_groups_equals_that_of_r(asah, test):
    """wilcox.test without and with correction .04843 and .04877; t.test Welch .199, pooled .0928; car::leveneTest."""
    table = measurement_tests(asah["ndka"], asah["outcome"]).set_index("test")
    assert table.loc[test, "p_value"] == pytest.approx(NDKA["ndka", test].item(), rel=1e-9)
    assert table.loc[test, "method"] == (TESTS | SPREAD_TESTS)[test]


def test_the_pair_of_t_tests_differs_by_a_factor_and_levene_chooses_between_them(asah):
    """SPSS (Levene about the mean, .018) reads Welch's row, .199; about the median (.124) one would read .093."""
    p = measurement_tests(asah["ndka"], asah["outcome"]).set_index("test")["p_value"]
    assert p["levene"] < 0.05 < p["brown_forsythe"]
    assert p["welch"] / p["pooled"] > 2
    assert measurement_tests(asah["ndka"], asah["outcome"])["statistic"][2] == pytest.approx(
        NDKA["ndka", "t_welch"].item()
    )


@pytest.mark.parametrize("test", list(TESTS))
def test_p_value_of_the_row_is_that_of_the_named_test(asah, test):
    row = continuous_row(asah["ndka"], asah["outcome"], test=test)
    assert row.loc[0, "p_value"] == pytest.approx(NDKA["ndka", test].item(), rel=1e-7)
    assert TESTS[test] in row.attrs["method"]
    covers = row.loc[0, "ci_low"] <= 1 <= row.loc[0, "ci_high"]
    assert covers == (row.loc[0, "p_value"] >= 0.05) or test not in ("wald", "likelihood_ratio")


@pytest.mark.parametrize(("quartiles", "number", "third"), [("spss", 6, 21.75), ("r", 7, 21.57)])
def test_quartiles_follow_spss_or_r(asah, quartiles, number, third):
    """The third quartile of the patients with the outcome differs in print: 21.75 (type 6) and 21.57 (type 7)."""
    row = continuous_row(asah["ndka"], asah["outcome"], quartiles=quartiles)
    for group, name in enumerate(("absent", "present")):
        found = row.loc[0, [f"{name}_{part}" for part in ("q1", "median", "q3")]].tolist()
        assert found == pytest.approx(NDKA[f"ndka_{group}", f"q_type{number}"].tolist(), rel=1e-12)
    assert round(row.loc[0, "present_q3"], 2) == third
    assert f"quartiles of type {number}" in row.attrs["method"]


def test_standardised_difference_is_of_means_and_keeps_its_sign(asah):
    """R by definition: .2858, although medians stand in the row; turned round it is negative."""
    row, turned = (continuous_row(asah["ndka"], y) for y in (asah["outcome"], 1 - asah["outcome"]))
    assert row.loc[0, "smd"] == pytest.approx(NDKA["ndka", "smd"].item(), rel=1e-10)
    assert turned.loc[0, "smd"] == -row.loc[0, "smd"]


def test_printed_upper_quartile_of_size_needs_spss_quartiles():
    """Paper: 185 patients, third quartile 9.25 cm. Type 7 returns an observed size, and sizes have one decimal."""
    sizes = pd.Series(np.r_[np.linspace(2, 9, 139).round(1), np.full(46, 9.5), np.full(136, 4.0)], name="size_cm")
    outcome = np.repeat([1, 0], [185, 136])
    with_noise = sizes.where(outcome == 1, np.resize([3.0, 4.0, 6.0], 321))
    assert continuous_row(with_noise, outcome).loc[0, "present_q3"] == 9.25
    assert continuous_row(with_noise, outcome, quartiles="r").loc[0, "present_q3"] == 9.0


def test_odds_ratio_per_unit_equals_that_of_r_and_missing_values_are_counted():
    pbc = pd.read_csv(REFERENCE / "tables_pbc.csv")
    answers = pd.read_csv(REFERENCE / "tables_reference.csv").query("case == 'protime'").set_index("quantity")["value"]
    row = continuous_row(pbc["protime"], pbc["died"]).loc[0]
    ends = answers[["odds_ratio", "low", "high"]].tolist()
    assert row[["odds_ratio", "ci_low", "ci_high"]].tolist() == pytest.approx(ends, rel=1e-7)
    holed = continuous_row(pbc["protime"].where(pbc.index > 2), pbc["died"]).loc[0]
    assert (holed["n_missing"], holed["n"]) == (3, len(pbc) - 3)
    assert holed["p_value"] == continuous_row(pbc["protime"][3:], pbc["died"][3:]).loc[0, "p_value"]


def test_a_measurement_that_separates_the_groups_has_firths_odds_ratio():
    size = pd.Series(np.arange(20.0), name="size_cm")
    row = continuous_row(size, size > 9)
    assert np.isfinite(row[["odds_ratio", "ci_low", "ci_high"]].to_numpy(float)).all()
    assert row.attrs["method"].startswith("Firth penalised likelihood (intercept and size_cm separate the outcome)")


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 10_000))
def test_order_turned_outcome_and_monotone_change_of_scale(seed):
    rng = np.random.default_rng(seed)
    x, y = pd.Series(rng.gamma(2, size=40), name="x").round(1), np.r_[0, 0, 1, 1, rng.integers(0, 2, 36)]
    tests = measurement_tests(x, y).set_index("test")
    order = rng.permutation(40)
    pd.testing.assert_frame_equal(tests, measurement_tests(x[order], y[order]).set_index("test"), rtol=1e-9)
    turned = measurement_tests(x, 1 - y).set_index("test")
    np.testing.assert_allclose(turned["p_value"], tests["p_value"], rtol=1e-9)
    ranked = measurement_tests(np.exp(x), y).set_index("test")
    for name in ("mann_whitney", "mann_whitney_corrected"):
        assert ranked.loc[name, "p_value"] == pytest.approx(tests.loc[name, "p_value"], rel=1e-9)


def test_what_cannot_be_compared_is_one_clear_sentence(asah):
    x, y = asah["ndka"], asah["outcome"]
    for values, outcome, words in (
        (x * 0 + 3, y, "two different ones"),
        (x.where(y == 1), y, "one class only"),
        (x.where((y == 1) | (x.index < 1)), y, "1 values without"),
        (x * np.nan, y, "0 values without"),
        (x, y + 1, "0 or 1"),
    ):
        with pytest.raises(MviError, match=words):
            continuous_row(values, outcome)
    with pytest.raises(MviError, match="knows the quartiles"):
        continuous_row(x, y, quartiles="sas")
    with pytest.raises(MviError, match="knows the quartiles"):
        continuous_row(x, y, test="levene")

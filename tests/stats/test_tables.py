"""Witnesses: the paper's Table 1 as printed, and R (tests/reference/tables_reference.R and its csv)."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from mvi_core.errors import MviError, SeparationWarning
from mvi_core.stats.exact import fisher_exact
from mvi_core.stats.tables import TABLE_COLUMNS, TESTS, multivariable_table, univariable_table

REFERENCE = Path(__file__).parents[1] / "reference"
# Paper, Table 1: absent and present of the reference row, of the level, then odds ratio, interval and p as printed.
PRINTED = """
age_gt_50       33  58 103 127  0.702 0.425 1.157  0.164
sex_female     115 158  21  27  0.936 0.504 1.738  0.834
afp_gt_20       84  60  52 125  3.365 2.118 5.347  <0.001
ascites        130 171   6  14  1.774 0.664 4.741  0.248
hepatitis       33  44 103 141  1.027 0.612 1.723  0.921
cirrhosis       41  43  95 142  1.425 0.864 2.351  0.164
alt_gt_40      108 121  28  64  2.040 1.220 3.412  0.006
ast_gt_40      111 115  25  70  2.703 1.597 4.573  <0.001
ggt_gt_50       73  78  63 107  1.590 1.018 2.482  0.041
tb_gt_19       116 158  20  27  0.991 0.530 1.853  0.978
cb_gt_6_8      107 137  29  48  1.293 0.764 2.187  0.338
alb_gt_40       40  51  96 134  1.095 0.671 1.787  0.717
plt_gt_100      19  21 117 164  1.268 0.653 2.464  0.483
inr_gt_1        84  96  52  89  1.498 0.955 2.349  0.078
pt_gt_12       105 136  31  49  1.220 0.728 2.046  0.45
encapsulation   88 106  48  79  1.366 0.865 2.157  0.18
edmondson_3_4   77  64  59 121  2.467 1.566 3.888  <0.001
"""
ROWS = [line.split() for line in PRINTED.strip().splitlines()]


def answers(case, quantity):
    table = pd.read_csv(REFERENCE / "tables_reference.csv")
    return table[(table["case"] == case) & (table["quantity"] == quantity)]["value"].to_numpy()


def as_printed(value, printed):
    if printed.startswith("<"):
        return value < float(printed[1:])
    return f"{value:.{len(printed.split('.')[1])}f}" == printed


def patients(rows):
    """0/1 columns with the printed counts, absent patients first."""
    columns = {}
    for name, *counts in (row[:5] for row in rows):
        a, b, c, d = map(int, counts)
        columns[name] = np.repeat([0, 1, 0, 1], [a, c, b, d])
    return pd.DataFrame(columns), np.repeat([0, 1], [136, 185])


@pytest.fixture(scope="module")
def pbc():
    return pd.read_csv(REFERENCE / "tables_pbc.csv")


def test_every_digit_of_the_17_categorical_rows_of_table_1():
    """Pearson's chi-square without correction gives all 17 printed p values; the interval is Woolf's (Wald)."""
    predictors, mvi_present = patients(ROWS)
    table = univariable_table(predictors, mvi_present)
    assert tuple(table.columns) == TABLE_COLUMNS
    for (name, *_, odds_ratio, low, high, p), (_, row) in zip(ROWS, table.iloc[1::2].iterrows(), strict=True):
        found = (row["odds_ratio"], row["ci_low"], row["ci_high"], row["p_value"])
        for value, printed in zip(found, (odds_ratio, low, high, p), strict=True):
            assert as_printed(value, printed), (name, value, printed)


@pytest.mark.parametrize(("test", "n_wrong"), [("wald", 7), ("yates", 14), ("fisher", 13), ("likelihood_ratio", 5)])
def test_no_other_test_gives_the_printed_p_values(test, n_wrong):
    """The Wald p of age is 0.165, printed 0.164; of ascites 0.253, printed 0.248."""
    predictors, mvi_present = patients(ROWS)
    table = univariable_table(predictors, mvi_present, test=test)
    wrong = [row[0] for row, p in zip(ROWS, table["p_value"][1::2], strict=True) if not as_printed(p, row[8])]
    assert len(wrong) == n_wrong, wrong


@pytest.mark.parametrize("name", ["ascites", "hepato", "male"])
def test_two_by_two_tests_and_intervals_equal_those_of_r(pbc, name):
    for test in TESTS:
        row = univariable_table(pbc[[name]], pbc["died"], test=test).iloc[1]
        assert row["p_value"] == pytest.approx(answers(name, f"p_{test}")[0], rel=1e-6), test
        if test in ("pearson", "yates", "wald"):
            ends = [answers(name, part)[0] for part in ("odds_ratio", "low", "high")]
            assert row[["odds_ratio", "ci_low", "ci_high"]].tolist() == pytest.approx(ends, rel=1e-6)


@pytest.mark.parametrize("name", ["ascites", "hepato", "male"])
def test_default_is_the_uncorrected_chi_square_and_not_scipys_default(pbc, name):
    """R: chisq.test(table, correct = FALSE). scipy's chi2_contingency, and chisq.test without the option, are Yates."""
    table = univariable_table(pbc[[name]], pbc["died"])
    assert table["p_value"][1] == pytest.approx(answers(name, "p_pearson")[0], rel=1e-6)
    scipys = stats.chi2_contingency(pd.crosstab(pbc[name], pbc["died"])).pvalue
    assert scipys == pytest.approx(answers(name, "p_yates")[0], rel=1e-6)
    assert scipys > 1.2 * table["p_value"][1]
    assert "without Yates" in table.attrs["method"]


@pytest.mark.parametrize("test", ["wald", "fisher", "likelihood_ratio"])
def test_interval_and_p_value_of_one_family_never_contradict_each_other(pbc, test):
    """ "p > .05 but the interval excludes 1" is what users of mixed families report."""
    for name in ("ascites", "hepato", "male"):
        row = univariable_table(pbc[[name]], pbc["died"], test=test).iloc[1]
        assert (row["ci_low"] <= 1 <= row["ci_high"]) == (row["p_value"] >= 0.05)


@pytest.mark.parametrize("name", ["ascites", "hepato", "male"])
def test_fisher_gives_the_exact_root_where_r_stops_early(pbc, name):
    """R's fisher.test stops its root search at 1e-4; the reference solves the same equation to the end."""
    row = univariable_table(pbc[[name]], pbc["died"], test="fisher").iloc[1]
    assert row["odds_ratio"] == pytest.approx(answers(name, "conditional")[0], rel=1e-6)
    assert row["odds_ratio"] == pytest.approx(answers(name, "R_printed")[0], rel=1e-3)
    ends = [answers(name, "exact_low")[0], answers(name, "exact_high")[0]]
    assert row[["ci_low", "ci_high"]].tolist() == pytest.approx(ends, rel=1e-6)


def test_factor_with_three_levels_has_a_whole_p_value_and_pairwise_rows(pbc):
    table = univariable_table(pbc[["edema"]], pbc["died"], test="fisher", labels={"edema": ["none", "some", "much"]})
    assert table["level"].tolist() == ["none", "some", "much"]
    assert table.loc[0, "p_value"] == pytest.approx(answers("edema", "p_fisher")[0], rel=1e-8)
    pearson = univariable_table(pbc[["edema"]], pbc["died"])
    assert pearson.loc[0, "p_value"] == pytest.approx(answers("edema", "p_pearson")[0], rel=1e-10)
    assert univariable_table(pbc[["edema"]], pbc["died"], test="wald").loc[0, "p_value"] == pytest.approx(
        answers("edema", "p_wald")[0], rel=1e-6
    )


@pytest.mark.parametrize("name", ["race", "ftv"])
def test_larger_tables_have_fishers_p_value_of_r_each_time(name):
    """scipy's fisher_exact simulates here: .0787, then .0758. R: fisher.test(table(race, low))."""
    counts = pd.read_csv(REFERENCE / f"tables_{name}.csv").to_numpy()
    assert fisher_exact(counts) == pytest.approx(answers(name, "p_fisher")[0], rel=1e-8)
    assert fisher_exact(counts) == fisher_exact(counts)


@settings(max_examples=50, deadline=None)
@given(st.lists(st.integers(0, 12), min_size=4, max_size=4).filter(lambda c: c[0] + c[1] and c[2] + c[3]))
def test_fisher_of_two_by_two_equals_scipy_and_is_symmetric(cells):
    counts = np.reshape(cells, (2, 2))
    assert fisher_exact(counts) == pytest.approx(stats.fisher_exact(counts).pvalue, rel=1e-7)
    assert fisher_exact(counts.T[::-1]) == pytest.approx(fisher_exact(counts), rel=1e-9)


def test_tables_too_large_to_enumerate_are_refused():
    with pytest.raises(MviError, match="two million"):
        fisher_exact(np.full((6, 6), 40))


def test_missing_values_have_a_row_of_their_own(pbc):
    holed = pbc[["hepato"]].astype(float)
    holed.iloc[:5] = np.nan
    table = univariable_table(holed, pbc["died"])
    assert table["level"].tolist() == ["0", "1", "missing"]
    assert table["n"].sum() == len(pbc)
    np.testing.assert_allclose(
        table.iloc[:2, 2:].astype(float), univariable_table(holed[5:], pbc["died"][5:]).iloc[:, 2:].astype(float)
    )


@pytest.mark.parametrize("test", list(TESTS))
def test_empty_cell_warns_and_gives_the_exact_interval(test):
    x, y = pd.DataFrame({"rare": [0] * 20 + [1] * 5}), np.r_[np.tile([0, 1], 10), np.ones(5)]
    with pytest.warns(SeparationWarning, match="rare"):
        row = univariable_table(x, y, test=test).iloc[1]
    assert row["odds_ratio"] == row["ci_high"] == np.inf
    assert 0 < row["ci_low"] < np.inf
    assert 0 < row["p_value"] < 1


def test_odds_ratio_offers_wald_and_profile_ends_by_name(pbc):
    """R: confint.default 5.58-315.1, exact profile roots 8.643-755.4; MASS::confint interpolates (8.645-755.9)."""
    more = pd.read_csv(REFERENCE / "tables_more.csv").query("case == 'ascites'").set_index("quantity")["value"]
    for test, name in (("wald", "wald"), ("likelihood_ratio", "profile")):
        table = univariable_table(pbc[["ascites"]], pbc["died"], test=test)
        ends = table.loc[1, ["ci_low", "ci_high"]].tolist()
        assert ends == pytest.approx(more[name].tolist(), rel=1e-7)
        assert name.split("-")[0].lower() in table.attrs["method"].lower()
    assert ends == pytest.approx(more["mass"].tolist(), rel=1e-3)
    assert ends != pytest.approx(more["mass"].tolist(), rel=1e-4)


def test_multivariable_table_turns_to_firth_by_itself_and_says_why():
    """2 x 2 with an empty cell: Firth's odds ratio adds one half to each cell, (10.5 * 20.5) / (0.5 * 10.5)."""
    x, y = pd.DataFrame({"dl": np.repeat([0, 1, 1], [20, 10, 10])}), np.repeat([0, 0, 1], [20, 10, 10])
    table = multivariable_table(x, y)
    assert table["odds_ratio"][0] == pytest.approx(41, rel=1e-8)
    assert "Firth penalised likelihood (intercept and dl separate the outcome), profile" in table.attrs["method"]
    assert np.isfinite(table[["ci_low", "ci_high", "p_value"]]).all(axis=None)
    overlapping = np.r_[1, y[1:]]
    for_wald = multivariable_table(x, overlapping)
    assert for_wald.attrs["method"] == "maximum likelihood, Wald interval and test"
    pd.testing.assert_frame_equal(for_wald, multivariable_table(x, overlapping, method="ml"))


def test_multivariable_table_is_table_3_with_its_numbers_of_patients():
    _, mvi_present = patients(ROWS)
    columns = pd.DataFrame(np.random.default_rng(3).integers(0, 2, (321, 2)), columns=["alt_gt_40", "afp_gt_20"])
    table = multivariable_table(columns, mvi_present)
    assert table.columns.tolist() == ["variable", "odds_ratio", "ci_low", "ci_high", "p_value", "coefficient", "se"]
    assert table.attrs["n"] == 321
    assert table.attrs["events_per_variable"] == 68


def test_bad_input_is_one_clear_sentence(pbc):
    with pytest.raises(MviError, match="1 level"):
        univariable_table(pbc[["hepato"]].assign(hepato=1), pbc["died"])
    with pytest.raises(MviError, match="one class only"):
        univariable_table(pbc[["hepato"]], np.zeros(len(pbc)))
    with pytest.raises(MviError, match="knows the tests"):
        univariable_table(pbc[["hepato"]], pbc["died"], test="chi2")
    with pytest.raises(MviError, match="one label per level"):
        univariable_table(pbc[["hepato"]], pbc["died"], labels={"hepato": ["yes"]})
    with pytest.raises(MviError, match="0 or 1"):
        univariable_table(pbc[["hepato"]], pbc["died"] + 1)


@settings(max_examples=30, deadline=None)
@given(st.lists(st.integers(1, 60), min_size=4, max_size=4))
def test_swapping_outcome_or_levels_inverts_the_odds_ratio(cells):
    x = pd.DataFrame({"x": np.repeat([0, 0, 1, 1], cells)})
    y = np.repeat([0, 1, 0, 1], cells)
    row = univariable_table(x, y).iloc[1]
    for other in (univariable_table(1 - x, y).iloc[1], univariable_table(x, 1 - y).iloc[1]):
        assert other["odds_ratio"] * row["odds_ratio"] == pytest.approx(1)
        assert other["ci_low"] * row["ci_high"] == pytest.approx(1)
        assert other["p_value"] == pytest.approx(row["p_value"])

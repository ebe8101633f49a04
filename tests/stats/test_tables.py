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
from mvi_core.stats.tables import TABLE_COLUMNS, TESTS, continuous_row, multivariable_table, univariable_table

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


def test_quartiles_and_rank_test_of_a_measurement_follow_spss_or_r(pbc):
    for quartiles, number in (("spss", 6), ("r", 7)):
        row = continuous_row(pbc["protime"], pbc["died"], quartiles=quartiles).iloc[0]
        for group, name in enumerate(("absent", "present")):
            found = row[[f"{name}_{part}" for part in ("q1", "median", "q3")]].tolist()
            assert found == pytest.approx(answers(f"protime_{group}", f"q_type{number}"), rel=1e-12)
    for continuity, name in ((True, "continuity"), (False, "spss")):
        p = continuous_row(pbc["protime"], pbc["died"], continuity=continuity).loc[0, "p_value"]
        assert p == pytest.approx(answers("protime", f"p_{name}")[0], rel=1e-8)
    ends = [answers("protime", part)[0] for part in ("odds_ratio", "low", "high")]
    assert row[["odds_ratio", "ci_low", "ci_high"]].tolist() == pytest.approx(ends, rel=1e-7)


def test_printed_upper_quartile_of_size_needs_spss_quartiles():
    """Paper: 185 patients, third quartile 9.25 cm. Type 7 returns an observed size, and sizes have one decimal."""
    sizes = pd.Series(np.r_[np.linspace(2, 9, 139).round(1), np.full(46, 9.5), np.full(136, 4.0)], name="size_cm")
    outcome = np.repeat([1, 0], [185, 136])
    with_noise = sizes.where(outcome == 1, np.resize([3.0, 4.0, 6.0], 321))
    assert continuous_row(with_noise, outcome).loc[0, "present_q3"] == 9.25
    assert continuous_row(with_noise, outcome, quartiles="r").loc[0, "present_q3"] == 9.0


def test_missing_values_have_a_row_of_their_own(pbc):
    holed = pbc[["hepato"]].astype(float)
    holed.iloc[:5] = np.nan
    table = univariable_table(holed, pbc["died"])
    assert table["level"].tolist() == ["0", "1", "missing"]
    assert table["n"].sum() == len(pbc)
    np.testing.assert_allclose(
        table.iloc[:2, 2:].astype(float), univariable_table(holed[5:], pbc["died"][5:]).iloc[:, 2:].astype(float)
    )
    assert continuous_row(pbc["protime"].where(pbc.index > 2), pbc["died"]).loc[0, "n_missing"] == 3


@pytest.mark.parametrize("test", list(TESTS))
def test_empty_cell_warns_and_gives_the_exact_interval(test):
    x, y = pd.DataFrame({"rare": [0] * 20 + [1] * 5}), np.r_[np.tile([0, 1], 10), np.ones(5)]
    with pytest.warns(SeparationWarning, match="rare"):
        row = univariable_table(x, y, test=test).iloc[1]
    assert row["odds_ratio"] == row["ci_high"] == np.inf
    assert 0 < row["ci_low"] < np.inf
    assert 0 < row["p_value"] < 1


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

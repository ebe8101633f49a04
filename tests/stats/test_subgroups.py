"""Witness: R (tests/reference/added_value_reference.R: glm, anova, pROC) and its csv."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mvi_core.errors import MviError
from mvi_core.stats.subgroups import subgroup_table

REFERENCE = Path(__file__).parents[1] / "reference"
R = pd.read_csv(REFERENCE / "added_value_reference.csv").set_index("quantity")["value"]


@pytest.fixture(scope="module")
def patients():
    return pd.read_csv(REFERENCE / "subgroups_patients.csv")


@pytest.mark.parametrize("marker", ["marker", "score"])
@pytest.mark.parametrize("group", ["female", "age"])
def test_each_subgroup_and_each_interaction_equals_r(patients, marker, group):
    table = subgroup_table(patients[marker], patients["y"], patients[[group]])
    parts = table[table["variable"] == group]
    assert parts["p_interaction"].iloc[0] == pytest.approx(R[f"interaction_{group}_{marker}"], rel=1e-7)
    assert parts["p_interaction"].iloc[1:].isna().all()
    for row in parts.itertuples():
        expected = {name: R[f"{name}_{group}_{row.level}_{marker}"] for name in ("or", "low", "auc", "auc_low")}
        found = {"or": row.odds_ratio, "low": row.ci_low, "auc": row.auc, "auc_low": row.auc_low}
        assert found == pytest.approx(expected, rel=1e-7)


def test_subgroups_stand_in_the_order_given_and_tests_are_counted(patients):
    table = subgroup_table(patients["marker"], patients["y"], patients[["female", "age"]])
    assert table["variable"].tolist() == ["all patients", "female", "female", "age", "age", "age"]
    assert table["n"].tolist()[0] == 113 == table["n"][1:3].sum() == table["n"][3:].sum()
    assert table.attrs == {"n_tests": 2, "n_masked": 0}


def test_few_events_are_masked_and_do_not_enter_the_interaction(patients):
    rare = patients.assign(age=patients["age"].where(patients.index > 2, 9))
    table = subgroup_table(rare["marker"], rare["y"], rare[["age"]])
    last = table.iloc[-1]
    assert last["level"] == "9"
    assert last["method"] == "masked: fewer than 5 patients with or without MVI"
    assert last[["auc", "auc_low", "odds_ratio", "ci_low", "ci_high"]].isna().all()
    without = subgroup_table(*(rare[3:][name] for name in ("marker", "y")), rare[3:][["age"]])
    assert table["p_interaction"].iloc[1] == pytest.approx(without["p_interaction"].iloc[1], rel=1e-12)
    assert table.attrs["n_masked"] == 1
    every = subgroup_table(rare["marker"], rare["y"], rare[["age"]], fewest_events=60)
    assert every["odds_ratio"].isna().all()
    assert every.attrs == {"n_tests": 0, "n_masked": 5}


def test_a_subgroup_that_the_marker_separates_has_firths_odds_ratio_without_a_warning():
    """(20.5 / 0.5) / (10.5 / 10.5) = 41: Firth's estimate of one 2 x 2 table adds one half to each cell."""
    group = pd.DataFrame({"sex": ["male"] * 40 + ["female"] * 40})
    marker, y = np.tile([0, 1], 40), np.r_[np.tile([0, 1, 1, 1], 10), np.tile([0, 0, 1, 1], 10)]
    row = subgroup_table(marker, y, group).set_index("level").loc["male"]
    assert row["odds_ratio"] == pytest.approx(41, rel=1e-8)
    assert row["method"].startswith("DeLong; Firth penalised likelihood")
    assert np.isfinite(row["ci_low"]) and 0 < subgroup_table(marker, y, group)["p_interaction"].iloc[1] < 0.01


def test_marker_that_does_not_vary_in_a_subgroup_says_so(patients):
    table = subgroup_table(patients["marker"], patients["y"], patients[["marker"]])
    assert table["method"].iloc[1:].tolist() == ["the predictor does not vary here"] * 2
    assert table["p_interaction"].isna().all()
    with pytest.raises(MviError, match="marker is 1 in all"):
        subgroup_table(np.ones(113), patients["y"], patients[["age"]])


def test_missing_groups_leave_patients_out_of_that_variable_only(patients):
    holed = patients[["female", "age"]].astype(float)
    holed.iloc[:10, 0] = np.nan
    table = subgroup_table(patients["marker"], patients["y"], holed)
    assert table.loc[table["variable"] == "female", "n"].sum() == 103
    assert table.loc[table["variable"] == "age", "n"].sum() == 113


@settings(max_examples=8, deadline=None)
@given(st.integers(0, 10_000))
def test_order_of_patients_names_of_levels_and_scale_change_nothing(seed):
    rng = np.random.default_rng(seed)
    group = pd.Series(rng.choice(["a", "b"], 120))
    marker = rng.normal(size=120)
    y = (rng.random(120) < 1 / (1 + np.exp(-marker))).astype(int)
    order = rng.permutation(120)
    table = subgroup_table(marker, y, group.to_frame("g"))
    other = subgroup_table(marker[order], y[order], group.iloc[order].to_frame("g"))
    pd.testing.assert_frame_equal(table, other, rtol=1e-7)
    scaled = subgroup_table(10 * marker + 3, y, group.map({"a": 0.5, "b": 2.0}).to_frame("g"))
    np.testing.assert_allclose(scaled["p_interaction"], table["p_interaction"], rtol=1e-6)
    np.testing.assert_allclose(np.log(scaled["odds_ratio"]) * 10, np.log(table["odds_ratio"]), rtol=1e-6)

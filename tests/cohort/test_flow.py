import numpy as np
import pandas as pd

from mvi_core.cohort.flow import exclusion_flow, missing_table, quality_table


def test_a_patient_counts_at_the_first_step_that_removes_it():
    rows = pd.DataFrame({"a": [1, 1, 0, 0], "b": [1, 0, 1, 0]}, index=[5, 6, 7, 8])
    kept, flow = exclusion_flow(rows, [("a", rows["a"] == 1, "ra"), ("b", rows["b"] == 1, "rb")], start="all")
    assert kept.index.tolist() == [8]
    assert flow["n_excluded"].tolist() == [0, 2, 1]
    assert flow["n_left"].tolist() == [4, 2, 1]
    assert flow["reason"].tolist() == ["", "ra", "rb"]


def test_excluded_and_left_add_up_to_the_start():
    rng = np.random.default_rng(1)
    rows = pd.DataFrame(rng.random((200, 3)))
    kept, flow = exclusion_flow(rows, [(str(i), rows[i] < 0.3, "") for i in range(3)], start="all")
    assert flow["n_excluded"].sum() + len(kept) == 200


def test_missing_values_are_counted_for_each_column_but_the_identifier():
    table = missing_table(pd.DataFrame({"patient_id": ["a", "b"], "x": [1.0, None], "y": [None, None]}))
    assert table.to_dict("list") == {"column": ["x", "y"], "n_missing": [1, 2], "n": [2, 2]}


def test_a_rule_that_met_no_row_is_not_listed():
    none, two = pd.Series([False, False]), pd.Series([True, True])
    table = quality_table([("x", "r", none, "kept"), ("y", "r", two, "removed"), ("z", "r", two, "converted")])
    assert table.drop(columns="rule").to_numpy().tolist() == [["y", 2, 0, 2], ["z", 2, 2, 0]]
    assert list(quality_table().columns) == ["column", "rule", "n_rows", "n_converted", "n_set_missing"]

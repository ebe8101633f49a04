"""Witness: R's add1 (Rao) and drop1 (LRT), tests/reference/tables_more_reference.R, under SPSS's rules."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mvi_core.errors import MviError
from mvi_core.stats.stepwise import stepwise

REFERENCE = Path(__file__).parents[1] / "reference"
STEPS = pd.read_csv(REFERENCE / "stepwise_reference.csv")


def data(case):
    table = pd.read_csv(REFERENCE / f"stepwise_{case}.csv")
    return table.drop(columns="y"), table["y"]


@pytest.mark.parametrize(("case", "direction"), [("pima", "forward"), ("pima", "backward"), ("made", "forward")])
def test_every_step_and_its_statistic_equals_r(case, direction):
    """In the made-up case the forward method takes back the predictor that it took first."""
    expected = STEPS[(STEPS["case"] == case) & (STEPS["direction"] == direction)]
    steps = stepwise(*data(case), direction=direction)
    assert steps[["action", "variable"]].to_numpy().tolist() == expected[["action", "variable"]].to_numpy().tolist()
    np.testing.assert_allclose(steps["statistic"], expected["statistic"], rtol=1e-7)
    np.testing.assert_allclose(steps["p_value"], expected["p"], rtol=1e-6)
    assert set(steps["test"]) <= {"score", "likelihood ratio"}


def test_both_methods_name_what_is_kept():
    x, y = data("made")
    assert stepwise(x, y, direction="forward").attrs["kept"] == ["a", "b"]
    assert stepwise(x, y).attrs["kept"] == ["a", "b"]
    assert stepwise(x, y, p_enter=0.9, p_remove=0.95).attrs["kept"] == ["a", "b", "c", "e"]
    assert "SPSS" in stepwise(x, y).attrs["method"]


def test_nothing_enters_and_nothing_stays_where_nothing_is_to_be_found():
    rng = np.random.default_rng(0)
    x, y = pd.DataFrame({"a": rng.integers(0, 2, 200)}), np.tile([0, 1], 100)
    steps = stepwise(x, y, direction="forward")
    assert steps.empty
    assert steps.attrs["kept"] == []
    assert stepwise(x, y).attrs["kept"] == []


def test_a_predictor_that_separates_is_kept_without_a_warning():
    x = pd.DataFrame({"perfect": np.repeat([0, 1], 30), "coin": np.tile([0, 1], 30)})
    for direction in ("forward", "backward"):
        assert "perfect" in stepwise(x, x["perfect"], direction=direction).attrs["kept"]


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 10_000))
def test_order_of_patients_and_scale_change_nothing(seed):
    rng = np.random.default_rng(seed)
    x = pd.DataFrame(rng.normal(size=(120, 3)), columns=list("abc"))
    y = (rng.random(120) < 1 / (1 + np.exp(-x["a"]))).astype(int)
    order = rng.permutation(120)
    steps, other = stepwise(x, y), stepwise(100 * x.iloc[order] + 7, y.iloc[order])
    assert steps["variable"].tolist() == other["variable"].tolist()
    np.testing.assert_allclose(steps["statistic"], other["statistic"], rtol=1e-6, atol=1e-8)


def test_incomplete_patients_are_left_out_of_every_step():
    x, y = data("pima")
    holed = x.astype(float)
    holed.iloc[:9, 2] = np.nan
    steps = stepwise(holed, y)
    assert steps.attrs["n"] == len(x) - 9
    pd.testing.assert_frame_equal(steps, stepwise(x[9:], y[9:]), rtol=1e-9)


@pytest.mark.parametrize(
    "wrong",
    [{"direction": "both"}, {"p_enter": 0.2}, {"p_enter": 0}, {"p_remove": 1.0}, {"p_enter": 5, "p_remove": 10}],
)
def test_options_that_would_go_round_for_ever_are_refused(wrong):
    with pytest.raises(MviError, match="stepwise needs"):
        stepwise(*data("made"), **wrong)


def test_a_method_that_takes_no_step_joins_another_table_in_silence():
    x, y = data("made")
    none = stepwise(x[["c"]], y, direction="forward", p_enter=1e-30, p_remove=1e-29)
    both = pd.concat({"forward": none, "backward": stepwise(x, y)})
    assert none.empty and both["p_value"].dtype == float and both["step"].dtype == int

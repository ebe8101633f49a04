import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mvi_core.errors import MviError
from mvi_core.stats.estimate import Estimate, critical_value, estimate_table, same_patients, undefined, wald, wilson

ANSWERS = json.loads((Path(__file__).parents[1] / "reference" / "roc_asah.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize("counts", ["8_10", "0_7", "7_7", "90_321", "1_1"])
def test_wilson_equals_prop_test_without_continuity_correction(counts):
    """R: prop.test(k, n, correct = FALSE)$conf.int (tests/reference/roc_reference.R)."""
    estimate = wilson(*map(int, counts.split("_")))
    assert [estimate.low, estimate.high] == pytest.approx(ANSWERS["wilson"][counts], rel=1e-9, abs=1e-12)


@given(st.integers(1, 500).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_wilson_holds_its_value_stays_inside_and_mirrors(counts):
    k, n = counts
    estimate, mirrored = wilson(k, n), wilson(n - k, n)
    assert 0 <= estimate.low <= estimate.value <= estimate.high <= 1
    assert estimate.low == pytest.approx(1 - mirrored.high, abs=1e-12)


@pytest.mark.parametrize(("k", "n"), [(1, 0), (-1, 5), (6, 5), (0.5, 5)])
def test_wilson_refuses_what_is_no_count(k, n):
    with pytest.raises(MviError, match="Pass counts"):
        wilson(k, n)


@pytest.mark.parametrize("level", [0, 1, 95, -0.5, float("nan")])
def test_a_level_that_is_no_level_is_refused_everywhere(level):
    with pytest.raises(MviError, match=r"0\.95"):
        Estimate(1, 0, 2, level, "x", 3)
    with pytest.raises(MviError, match=r"0\.95"):
        wilson(1, 2, level=level)


def test_wald_interval_is_cut_at_the_limits_and_95_percent_is_1_959964():
    assert critical_value(0.95) == pytest.approx(1.959963984540054, rel=1e-14)
    estimate = wald(0.02, 0.1, level=0.95, method="normal", n=5, limits=(0, 1))
    assert (estimate.low, estimate.high) == (0, pytest.approx(0.02 + 0.1959963984540054))


def test_a_table_of_estimates_keeps_order_and_says_what_is_undefined():
    table = estimate_table({"b": wilson(1, 2), "a": undefined("nobody", level=0.9)})
    assert list(table.columns) == ["metric", "value", "ci_low", "ci_high", "n", "method"]
    assert table["metric"].tolist() == ["b", "a"]
    assert table["method"].tolist() == ["Wilson", "undefined: nobody"] and np.isnan(table["value"][1])


def test_columns_of_different_patients_are_not_joined_by_position():
    here = pd.Series([0, 1], index=pd.Index(["P1", "P2"], name="patient_id"))
    same_patients(a=here, b=here + 1, c=[1, 2])
    with pytest.raises(MviError, match="Join both by patient_id"):
        same_patients(a=here, b=here[::-1])
    with pytest.raises(MviError, match="P1 more than once"):
        same_patients(a=here.loc[["P1", "P1"]])

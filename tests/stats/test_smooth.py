import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from statsmodels.nonparametric.smoothers_lowess import lowess as statsmodels_lowess

from mvi_core.stats.smooth import lowess

ANSWERS = json.loads((Path(__file__).parents[1] / "reference" / "calibration_r.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize("name", ["pima", "birthwt", "tied"])
def test_lowess_equals_r(name):
    """R: lowess(p, y, f = 2/3, iter = 0, delta = 0.01 * diff(range(p))); calibration_reference.R."""
    table = pd.read_csv(Path(__file__).parents[1] / "reference" / "calibration_data.csv").query("set == @name")
    table = table.sort_values("p", kind="stable")
    smooth = lowess(table["p"].to_numpy(), table["y"].to_numpy(dtype=float))
    np.testing.assert_allclose(smooth, ANSWERS[name]["lowess_y"], rtol=1e-9, atol=1e-12)


def test_lowess_equals_statsmodels_where_risks_differ():
    """statsmodels: lowess(y, x, frac=2/3, it=0, delta=0.01 * range); its weights are rounded to about 1e-7."""
    rng = np.random.default_rng(0)
    x = np.sort(rng.random(150))
    y = (rng.random(150) < x).astype(float)
    theirs = statsmodels_lowess(y, x, frac=2 / 3, it=0, delta=0.01 * (x[-1] - x[0]), return_sorted=False)
    np.testing.assert_allclose(lowess(x, y), theirs, atol=1e-6)


def test_where_two_thirds_share_one_risk_the_curve_is_their_mean_as_in_r():
    """R: lowess(c(rep(.02, 80), seq(.1, .9, length.out = 20)), ...); statsmodels divides by zero there."""
    heavy = ANSWERS["heavy"]
    np.testing.assert_allclose(lowess(np.array(heavy["x"]), np.array(heavy["y"])), heavy["lowess"], atol=1e-12)
    assert lowess(np.array(heavy["x"]), np.array(heavy["y"]))[0] == pytest.approx(0.2)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.floats(0, 1, width=32), st.integers(0, 1)), min_size=2, max_size=40))
def test_lowess_is_finite_and_keeps_straight_lines(rows):
    x, y = (np.array(column, dtype=float) for column in zip(*sorted(rows), strict=True))
    assert np.isfinite(lowess(x, y)).all()
    np.testing.assert_allclose(lowess(x, np.full(len(x), 0.25)), 0.25, atol=1e-9)

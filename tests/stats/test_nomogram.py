"""Witness: rms::nomogram on pbc, linear, with a factor and with splines (tests/reference/nomogram_reference.R)."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mvi_core.errors import MviError, SeparationWarning
from mvi_core.stats.logistic import fit_logistic, predict_interval
from mvi_core.stats.nomogram import nomogram, points, probability, published_nomogram, risk
from mvi_core.stats.nomogram_scales import pretty
from mvi_core.stats.splines import spline_columns, spline_knots

REFERENCE = Path(__file__).parents[1] / "reference"
PREDICTORS = ["hepato", "albumin", "age", "protime"]


def answers(case):
    table = pd.read_csv(REFERENCE / "nomogram_reference.csv")
    return {axis: part for axis, part in table[table["case"] == case].groupby("axis")}


@pytest.fixture(scope="module")
def pbc():
    return pd.read_csv(REFERENCE / "nomogram_pbc.csv")


@pytest.fixture(scope="module")
def fit(pbc):
    return fit_logistic(pbc[PREDICTORS], pbc["died"])


@pytest.fixture(scope="module")
def sheet(fit):
    return nomogram(fit)


@pytest.fixture(scope="module")
def paper():
    return published_nomogram(intercept=-3.51, coefficients={"afp_gt_20": 1.53, "dl_mvi": 3.58})


def test_every_tick_has_the_points_of_rms(sheet):
    """R: nomogram(lrm(died ~ hepato + albumin + age + protime)); displayed ranges are pretty(range, 10)."""
    expected = answers("linear")
    for axis in sheet.axes:
        np.testing.assert_allclose(axis.ticks, expected[axis.variable]["x"], rtol=1e-12)
        np.testing.assert_allclose(axis.points, expected[axis.variable]["points"], atol=1e-6)
    assert sheet.total_ticks[-1] >= sum(
        max(axis.points) for axis in sheet.axes
    )  # rms stops where its data stop, at 120


def test_total_points_give_the_log_odds_of_rms(sheet):
    """R: $lp of the nomogram holds displayed log odds and the total points where they stand."""
    scale = answers("linear")["lp"]
    found = [probability(sheet, total) for total in scale["points"]]
    np.testing.assert_allclose(np.log(found) - np.log1p(-np.array(found)), scale["x"], atol=1e-7)


def test_factor_may_be_anything_but_monotone(pbc):
    """R: lrm(died ~ factor(edema) + albumin)."""
    levels = pd.DataFrame({"edema_05": [0, 1, 0], "edema_1": [0, 0, 1]}, index=[0.0, 0.5, 1.0])
    columns = pbc[["albumin"]].assign(edema_05=pbc["edema"] == 0.5, edema_1=pbc["edema"] == 1)
    sheet = nomogram(fit_logistic(columns, pbc["died"]), factors={"edema": levels})
    expected = answers("factor")
    for axis in sheet.axes:
        np.testing.assert_allclose(axis.points, expected[axis.variable]["points"], atol=1e-6)
    some, none = (points(sheet, {"albumin": 4.5, "edema": level}) for level in (0.5, 0.0))
    assert some - none == pytest.approx(expected["edema"]["points"].iloc[1], abs=1e-6)
    with pytest.raises(MviError, match="edema must be one of"):
        points(sheet, {"albumin": 3.5, "edema": 0.7})
    fit = fit_logistic(columns, pbc["died"])
    for edema, row in levels.iterrows():
        expected = predict_interval(fit, pd.DataFrame({"albumin": [3.5], **{name: [row[name]] for name in levels}}))
        found = risk(sheet, {"albumin": 3.5, "edema": edema})
        assert [found.value, found.low, found.high] == pytest.approx(expected.iloc[0].tolist(), rel=1e-12)


@pytest.fixture(scope="module")
def curved(pbc):
    """Age on a spline of four knots, albumin on one of three; the knots where rms puts them."""
    knots = {"age": spline_knots(pbc["age"], 4), "albumin": spline_knots(pbc["albumin"], 3)}
    columns = [spline_columns(pbc[name], knots[name], name=name) for name in knots]
    return nomogram(fit_logistic(pd.concat([*columns, pbc[["hepato"]]], axis=1), pbc["died"]), splines=knots,
                    ranges={"age": np.arange(25, 81, 5), "albumin": np.arange(18, 50, 2) / 10})  # fmt: skip


def test_splines_have_the_points_the_risk_and_the_standard_error_of_rms(curved):
    """R: lrm(died ~ rcs(age, 4) + rcs(albumin, 3) + hepato), its nomogram and predict(..., se.fit = TRUE)."""
    expected = answers("spline")
    for axis in curved.axes:
        np.testing.assert_allclose(axis.points, expected[axis.variable]["points"], atol=1e-6)
    patients = zip((35, 50.5, 71), (2.5, 3.4, 4.1), (0, 1, 1), expected["risk"].itertuples(), strict=True)
    for age, albumin, hepato, answer in patients:
        values = {"age": age, "albumin": albumin, "hepato": hepato}
        estimate = risk(curved, values)
        assert estimate.value == pytest.approx(answer.x, abs=1e-7)
        assert probability(curved, points(curved, values)) == pytest.approx(answer.x, abs=1e-7)
        width = np.log(estimate.high / (1 - estimate.high)) - np.log(estimate.low / (1 - estimate.low))
        assert width / (2 * 1.959963984540054) == pytest.approx(answer.points, rel=1e-6)


def test_a_curve_may_go_below_its_lowest_displayed_point_and_still_has_a_risk(curved):
    """Albumin's lowest tick is 3.8 (0 points, as in rms); the curve is a little lower beside it."""
    values = {"age": 26.5, "albumin": 3.73, "hepato": 0}
    assert points(curved, values) < points(curved, values | {"albumin": 3.8})
    assert probability(curved, points(curved, values)) == pytest.approx(risk(curved, values).value, rel=1e-12)
    with pytest.raises(MviError, match="total points must lie from"):
        probability(curved, -5)


@pytest.mark.parametrize("n_knots", [3, 4, 5, 6, 7])
def test_knots_stand_where_rms_puts_them(n_knots):
    """R: attr(rcspline.eval(pbc$bili, nk, norm = 2), "knots"); with 60 patients the fifth from either end."""
    bilirubin = pd.read_csv(REFERENCE / "nomogram_bili.csv")["bili"]
    np.testing.assert_allclose(
        spline_knots(bilirubin, n_knots), answers(f"knots{n_knots}")["bili_knots"]["x"], atol=3e-3
    )
    np.testing.assert_allclose(spline_knots(bilirubin[:60], 4), answers("few")["knots"]["x"], rtol=1e-12)


def test_the_basis_is_that_of_rms_with_its_normalisation():
    """R: rcspline.eval(x, knots = c(0.6, 1.1, 2.4, 9), norm = 2)."""
    columns = spline_columns([0.5, 1, 3, 8, 20], (0.6, 1.1, 2.4, 9), name="bili")
    assert list(columns) == ["bili", "bili'", "bili''"]
    for j in (1, 2):
        np.testing.assert_allclose(columns["bili" + "'" * j], answers(f"basis{j}")["bili"]["points"], rtol=1e-9)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: spline_knots([1, 2, 3], 9), "n_knots must be one of 3, 4, 5, 6, 7"),
        (lambda: spline_knots([1] * 200, 3), "leave no 3 rising knots"),
        (lambda: spline_knots(range(8), 3), r"too few values \(8\)"),  # the fifth lowest lies above the fifth highest
        (lambda: spline_columns([1], (3, 2, 1), name="x"), "three ascending values"),
    ],
)
def test_impossible_knots_are_refused(call, words):
    with pytest.raises(MviError, match=words):
        call()


@settings(max_examples=40, deadline=None)
@given(st.lists(st.floats(-50, 50), min_size=3, max_size=6, unique=True).map(sorted), st.floats(0.1, 40))
def test_a_restricted_spline_is_straight_beyond_its_outer_knots(knots, step):
    if min(np.diff(knots)) < 0.01:
        return
    for start in (knots[0] - 3 * step, knots[-1]):
        values = spline_columns(start + step * np.arange(4), knots, name="x").to_numpy()
        bend = np.abs(np.diff(values, 2, axis=0)).max()
        assert bend <= 1e-6 * max(1, np.abs(values).max() * (np.ptp(knots) / min(np.diff(knots))) ** 2)


def test_points_lead_to_the_risk_of_the_model_with_its_interval(pbc, fit, sheet):
    table = predict_interval(fit, pbc)
    for row in range(0, 300, 37):
        values = pbc.loc[row, PREDICTORS].to_dict()
        estimate = risk(sheet, values)
        assert probability(sheet, points(sheet, values)) == pytest.approx(table["risk"][row], rel=1e-12)
        assert [estimate.value, estimate.low, estimate.high] == pytest.approx(table.iloc[row].tolist(), rel=1e-12)


def test_displayed_range_changes_points_but_never_the_risk(pbc, fit, sheet):
    """Minimum to maximum instead of pretty ranges: other points, same probabilities."""
    narrow = nomogram(fit, ranges={name: (pbc[name].min(), pbc[name].max()) for name in PREDICTORS})
    values = pbc.loc[5, PREDICTORS].to_dict()
    assert points(narrow, values) != pytest.approx(points(sheet, values), abs=0.5)
    assert risk(narrow, values).value == pytest.approx(risk(sheet, values).value, rel=1e-12)


def test_the_papers_nomogram_has_its_printed_points(paper):
    """Paper, Results: AFP about 42.5 points, DL-MVI 100; by its own coefficients 100 x 1.53 / 3.58 = 42.74."""
    assert points(paper, {"afp_gt_20": 1, "dl_mvi": 0}) == pytest.approx(100 * 1.53 / 3.58)
    assert points(paper, {"afp_gt_20": 0, "dl_mvi": 1}) == pytest.approx(100)
    assert points(paper, {"afp_gt_20": 0, "dl_mvi": 0}) == 0
    assert probability(paper, points(paper, {"afp_gt_20": 1, "dl_mvi": 1})) == pytest.approx(1 / (1 + np.exp(-1.6)))
    with pytest.raises(MviError, match="no covariance"):
        risk(paper, {"afp_gt_20": 1, "dl_mvi": 1})


def test_json_is_enough_to_calculate_risk_and_interval(sheet, pbc):
    """What the calculator page does in JavaScript, from the file alone."""
    told = json.loads(json.dumps(sheet.to_dict()))
    values = pbc.loc[9, PREDICTORS].to_dict()
    row = np.array([1.0, *(values[name] for name in told["covariance_order"][1:])])
    log_odds = told["intercept"] + sum(told["coefficients"][name] * value for name, value in values.items())
    margin = 1.959963984540054 * np.sqrt(row @ np.array(told["covariance"]) @ row)
    estimate = risk(sheet, values)
    assert 1 / (1 + np.exp(-log_odds)) == pytest.approx(estimate.value, rel=1e-12)
    assert 1 / (1 + np.exp(-log_odds - margin)) == pytest.approx(estimate.high, rel=1e-12)
    assert told["ranges"]["hepato"] == [0, 1]


def test_json_of_a_published_formula_has_no_covariance(paper):
    told = json.loads(json.dumps(paper.to_dict()))
    assert told["covariance"] is None
    assert [pair[0] for pair in told["risk_ticks"]] == [0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8]


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"hepato": 1, "albumin": 9, "age": 50, "protime": 10}, "albumin must lie from 1.96 to 4.64"),
        ({"hepato": 1, "albumin": np.nan, "age": 50, "protime": 10}, "albumin must lie"),
        ({"hepato": 1, "albumin": 3, "age": 50}, "must name"),
        ({"hepato": 1, "albumin": 3, "age": 50, "protime": 10, "x": 1}, "must name"),
    ],
)
def test_values_beyond_the_sheet_are_refused(sheet, values, words):
    with pytest.raises(MviError, match=words):
        points(sheet, values)


def test_sheets_that_cannot_be_drawn_are_refused(fit, sheet):
    with pytest.raises(MviError, match="no predictor bilirubin"):
        nomogram(fit, ranges={"bilirubin": (1, 2)})
    with pytest.raises(MviError, match="no points exist"):
        published_nomogram(intercept=0, coefficients={"a": 0.0})
    with pytest.raises(MviError, match="total points"):
        probability(sheet, 1000)
    frame = pd.DataFrame({"a": [0, 0, 1, 1, 0], "b": [1, 2, 3, 5, 1]})
    with pytest.warns(SeparationWarning):
        separated = fit_logistic(frame[["b"]], frame["a"])
    with pytest.raises(MviError, match="firth"):
        nomogram(separated)


@settings(max_examples=60, deadline=None)
@given(
    st.floats(-4, 4),
    st.dictionaries(st.sampled_from("abcd"), st.floats(-4, 4).filter(lambda v: abs(v) > 1e-3), min_size=1),
)
def test_points_run_from_0_to_100_and_keep_the_order_of_risks(intercept, coefficients):
    sheet = published_nomogram(intercept=intercept, coefficients=coefficients)
    assert max(max(axis.points) for axis in sheet.axes) == pytest.approx(100)
    assert all(min(axis.points) == 0 for axis in sheet.axes)
    ones, zeros = ({name: value for name in coefficients} for value in (1, 0))
    for values in (ones, zeros):
        log_odds = intercept + sum(coefficients[name] * values[name] for name in coefficients)
        assert probability(sheet, points(sheet, values)) == pytest.approx(1 / (1 + np.exp(-log_odds)))


def test_round_ticks_equal_r():
    """R: pretty(c(1.96, 4.64), 10); pretty(c(0.3, 28), 10); pretty(c(-3, 7.7), 10); pretty(c(11, 333), 10)."""
    assert pretty(1.96, 4.64) == pytest.approx(np.arange(18, 49, 2) / 10)
    assert pretty(0.3, 28) == pytest.approx(np.arange(0, 29, 2))
    assert pretty(-3, 7.7) == pytest.approx(np.arange(-3, 9))
    assert pretty(11, 333) == pytest.approx(np.arange(0, 351, 50))

"""Does the calculator in the page say what Python says? The form in Chromium, beside `stats.nomogram.risk`."""

import itertools
import json
import re
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from mvi_core.report.calculator import calculator_form
from mvi_core.stats.logistic import fit_logistic
from mvi_core.stats.nomogram import nomogram, points, probability, published_nomogram, risk
from mvi_core.stats.splines import spline_columns, spline_knots

ROOT = Path(__file__).parents[2]
SCRIPT = ROOT / "book" / "_static" / "scripts" / "nomogram.js"
PAGE = SimpleNamespace(spec=SimpleNamespace(id="paper", kind="reconstructed"))
LABELS = {"age": "Age (years)", "hepato": "Large <liver> & spleen"}
GRID = {  # levels of a choice by their place
    "age": (26.5, 33.1, 50, 77.77),
    "albumin": (2, 3.4, 4.6),
    "hepato": (0, 1),
    "edema": (0, 1, 2),
}


@pytest.fixture(scope="module")
def sheet():
    """Every kind of predictor: a spline, a measurement, a yes/no finding and a factor."""
    pbc = pd.read_csv(ROOT / "tests" / "reference" / "nomogram_pbc.csv")
    knots = spline_knots(pbc["age"], 4)
    columns = spline_columns(pbc["age"], knots, name="age").join(pbc[["albumin", "hepato"]])
    columns = columns.assign(half=pbc["edema"] == 0.5, full=pbc["edema"] == 1)
    levels = pd.DataFrame({"half": [0, 1, 0], "full": [0, 0, 1]}, index=["none", "some", "much"])
    return nomogram(fit_logistic(columns, pbc["died"]), splines={"age": knots}, factors={"edema": levels})


def form(sheet, **words):
    return calculator_form(PAGE, sheet.to_dict(), LABELS, words, "MVI")


def test_every_control_has_a_label_and_the_answer_is_announced(sheet):
    text = form(sheet, hepato=("no", "yes"))
    ids = re.findall(r'<(?:input|select) id="([^"]+)"', text)
    assert re.findall(r'<label for="([^"]+)"', text) == ids and len(ids) == 4
    assert '<output aria-live="polite"' in text and "<fieldset><legend" in text and "<noscript>" in text
    assert "Research use only" in text and "Reconstructed patients" in text
    assert "Large &lt;liver&gt; &amp; spleen</label>" in text


def test_the_form_holds_no_handler_and_asks_nothing_of_the_network(sheet):
    both = form(sheet) + SCRIPT.read_text(encoding="utf-8")
    assert not re.search(r"\son\w+=|https?:|fetch\(|XMLHttpRequest|import\(|eval\(", both)
    data = re.search(r'<script type="application/json">(.*?)</script>', form(sheet)).group(1)
    assert json.loads(data)["labels"]["hepato"] == LABELS["hepato"] and "<" not in data


def give(tab, *values):
    """Fill the controls in order; what the answer then says, and its numbers."""
    for control, value in zip(tab.locator("form :is(select, input)").all(), values, strict=True):
        if control.evaluate("item => item.tagName") == "SELECT":
            control.select_option(str(value))
        else:
            control.fill(str(value))
    output = tab.locator("output")
    numbers = output.evaluate("item => ({...item.dataset})")
    return output.inner_text(), {name: float(number) for name, number in numbers.items()}


@pytest.mark.browser
def test_every_answer_on_a_grid_equals_python(opened, sheet):
    tab = opened(form(sheet, hepato=("no", "yes")), "nomogram.js")
    for combination in itertools.product(*GRID.values()):
        values = dict(zip(GRID, combination, strict=True))
        words, found = give(tab, *combination)
        values["edema"] = ("none", "some", "much")[values["edema"]]
        expected = risk(sheet, values)
        ours = [expected.value, expected.low, expected.high, points(sheet, values)]
        np.testing.assert_allclose(
            [found[key] for key in ("probability", "low", "high", "points")], ours, rtol=0, atol=1e-9
        )
        assert f"{100 * expected.value:.1f} %" in words and "95 % CI" in words and "Research use only" in words


@pytest.mark.browser
def test_a_value_that_was_never_fitted_is_refused_with_a_sentence(opened, sheet):
    tab = opened(form(sheet), "nomogram.js")
    words, found = give(tab, 12, 3.4, 1, 0)
    assert words == "Age (years) must lie from 26.2779 to 78.4394: the model has seen no other patients." and not found
    assert tab.locator("input").first.get_attribute("aria-invalid") == "true"
    words, found = give(tab, 50, 3.4, 0.5, 0)
    assert found and tab.locator("input").first.get_attribute("aria-invalid") == "false"


@pytest.mark.browser
def test_nothing_is_said_before_everything_is_given(opened, sheet):
    tab = opened(form(sheet), "nomogram.js")
    assert tab.locator("output").inner_text() == "Still to give: Age (years), albumin, Large <liver> & spleen, edema."


@pytest.mark.browser
def test_the_printed_formula_has_a_probability_and_no_interval(opened):
    paper = published_nomogram(intercept=-3.51, coefficients={"afp_gt_20": 1.53, "dl_mvi": 3.58})
    words = ("absent", "present")
    tab = opened(
        calculator_form(PAGE, paper.to_dict(), {}, {"afp_gt_20": words, "dl_mvi": words}, "MVI"), "nomogram.js"
    )
    for afp, dl_mvi in itertools.product((0, 1), repeat=2):
        said, found = give(tab, afp, dl_mvi)
        expected = probability(paper, points(paper, {"afp_gt_20": afp, "dl_mvi": dl_mvi}))
        assert found["probability"] == pytest.approx(expected, abs=1e-9) and "no interval" in said


@pytest.mark.browser
def test_the_keyboard_alone_is_enough(opened, sheet):
    tab = opened(form(sheet, hepato=("no", "yes")), "nomogram.js")
    for typed in ("50", "3.4", "yes", "some"):
        tab.keyboard.press("Tab")
        tab.keyboard.type(typed)
    assert tab.locator("output").get_attribute("data-probability")


@pytest.mark.browser
def test_without_scripts_the_reader_is_sent_to_the_drawing(opened, sheet):
    tab = opened(form(sheet), "nomogram.js", java_script_enabled=False)
    assert "nomogram beneath gives the same answer" in tab.locator("noscript").inner_text()
    assert not tab.locator("form").is_visible()

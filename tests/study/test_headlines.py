"""Every number that a page says stands in one file, as said and in full digits."""

import nbformat
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mvi_core.errors import StaleResultError
from mvi_core.headlines import gather, number_of, write_report
from mvi_core.pages import run_page
from mvi_core.report import estimate_text, interval_text
from mvi_core.results import read_result
from mvi_core.stats.estimate import Estimate

PUBLISHING = """
from mvi_core.report import publish
from mvi_core.stats.estimate import Estimate
publish("auc", Estimate(0.82361, 0.78, 0.87, 0.95, "DeLong", 321))
publish("n_patients", 321)
publish("paper_auc", "0.824")
publish("most", "T1 before T1V")
"""


EXECUTED = {}  # the page is run once for all tests


@pytest.fixture
def said(project):
    page = project / "notebooks/01_count.py"
    page.write_text(page.read_text() + "\n# %%" + PUBLISHING)
    target = project / "book/notebooks/ward/01_count.ipynb"
    if not EXECUTED:
        EXECUTED["page"] = run_page("01_count", "ward").read_text()
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(EXECUTED["page"])
    return project


def test_an_estimate_is_reported_in_full_digits_with_interval_patients_and_place(said):
    number = next(entry for entry in gather()["numbers"] if entry["id"] == "ward/01_count/auc")
    assert number["text"] == "0.82 (95 % CI 0.78–0.87; n = 321)"
    parts = {key: number[key] for key in ("value", "low", "high", "level", "method", "n")}
    assert parts == {"value": 0.82361, "low": 0.78, "high": 0.87, "level": 0.95, "method": "DeLong", "n": 321}
    assert (number["cohort"], number["kind"], number["page"]) == ("ward", "own", "01_count")
    assert number["place"] == "notebooks/ward/01_count.html"


def test_a_printed_number_says_that_it_is_printed_and_words_are_kept_as_words(said):
    report = gather()
    source = {entry["id"].split("/")[-1]: entry["source"] for entry in report["numbers"]}
    assert source == {"auc": "computed", "n_patients": "computed", "paper_auc": "printed"}
    assert [entry["text"] for entry in report["statements"]] == ["T1 before T1V"]


def test_what_the_book_shows_is_what_the_report_says(said):
    """The book glues the text of the output; the report holds the same text."""
    notebook = nbformat.read(said / "book/notebooks/ward/01_count.ipynb", as_version=4)
    outputs = [output for cell in notebook.cells if cell.cell_type == "code" for output in cell.outputs]
    shown = {
        output.metadata["scrapbook"]["name"]: output.data["application/papermill.record/text/plain"].strip("'")
        for output in outputs
        if "scrapbook" in output.get("metadata", {})
    }
    report = gather()
    assert shown == {entry["id"].split("/")[-1]: entry["text"] for entry in report["numbers"] + report["statements"]}


def test_the_report_is_a_result_with_a_record_and_grows_stale_with_its_pages(said):
    write_report()
    assert read_result(".", "report.json") == gather()
    (said / "book/notebooks/ward/01_count.ipynb").write_text(EXECUTED["page"] + " ")
    with pytest.raises(StaleResultError, match=r"made from another version of book/notebooks/ward/01_count\.ipynb"):
        read_result(".", "report.json")


def test_a_page_that_was_not_made_leaves_no_number(project):
    assert gather()["numbers"] == []


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("77.2 (69.8–83.2) %", {"value": 77.2, "low": 69.8, "high": 83.2, "unit": "%"}),
        ("81.7 (37.8–not reached)", {"value": 81.7, "low": 37.8}),
        ("AFP, odds ratio 3.37 (2.12–5.35)", {"value": 3.37, "low": 2.12, "high": 5.35}),
        ("9 of 16", {"value": 9.0, "n": 16}),
        ("< 0.001", {"value": 0.001, "sign": "<"}),
        ("−0.50", {"value": -0.5}),
        ("2,214,595", {"value": 2214595.0}),
        ("6 to 7", {}),
        ("not reached (not reached–not reached)", {}),
        ("77.2 % and 81.9 %", {}),
        ("", {}),
    ],
)
def test_a_number_is_read_as_the_house_style_says_it(text, parts):
    assert number_of(text) == parts


@given(st.lists(st.floats(-1, 1), min_size=3, max_size=3), st.integers(1, 10**6), st.booleans())
def test_what_the_house_style_writes_is_read_back(values, n, percent):
    low, value, high = sorted(values)
    read = number_of(estimate_text(Estimate(value, low, high, 0.95, "any", n), percent=percent))
    factor = 100 if percent else 1
    assert read["n"] == n and read["level"] == 0.95
    assert np.allclose(
        [read[key] for key in ("value", "low", "high")], np.multiply([value, low, high], factor), atol=0.006
    )
    ends = {"low", "high"} if low < high else set()  # an interval of no width is none
    assert number_of(interval_text(value, low, high)).keys() == {"value", *ends}

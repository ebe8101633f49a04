"""A page runs whole or not at all, for cohorts that support it, with parameters that exist."""

import nbformat
import pytest

from mvi_core.errors import CohortError, PageError
from mvi_core.pages import find_page, plan, run_page, study_cohorts
from mvi_core.study import load_study


def test_a_page_is_planned_for_the_cohorts_that_support_it(project):
    reasons = {(item.page.name, item.cohort): item.reason for item in plan(load_study())}
    assert reasons[("02_follow", "ward")] is None
    assert "no follow-up" in reasons[("02_follow", "clinic")]


def test_a_page_left_out_by_the_settings_says_why(project):
    path = project / "config/study.yaml"
    path.write_text(path.read_text() + "leave_out: {ward: {01_count: counted elsewhere}}\n")
    reasons = {(item.page.name, item.cohort): item.reason for item in plan(load_study())}
    assert reasons[("01_count", "ward")] == "counted elsewhere"
    assert reasons[("01_count", "clinic")] is None


def test_a_cohort_can_be_added_by_the_environment(project, monkeypatch):
    monkeypatch.setenv("MVI_COHORT", "another")
    assert study_cohorts(load_study()) == ["ward", "clinic", "another"]


def test_an_executed_page_names_its_cohort_and_no_folder(project):
    path = run_page("01", "ward", overrides={"seed": 2})
    notebook = nbformat.read(path, as_version=4)
    *_, cell, beneath, foot = notebook.cells
    figure = cell.metadata["mystnb"]["figure"]
    assert figure["caption"] == "A figure. *Cohort: A made-up ward (own).*"
    assert figure["name"] == "fig-count-ward"
    assert cell.outputs == []
    assert beneath.outputs[0]["text"] == "ward 2\n"
    assert beneath.metadata["tags"] == ["remove-input"]
    assert "papermill 01_count.ipynb 01_count_executed.ipynb -k python3 \\\n  -p cohort ward" in foot.source
    assert "MVI_STUDY=config/study.yaml" in foot.source  # a profile of its own name
    assert str(project) not in path.read_text()
    assert [item.name for item in path.parent.iterdir()] == ["01_count.ipynb"]


def test_a_failing_cell_leaves_no_page_and_is_told_in_one_sentence(project):
    with pytest.raises(PageError, match=r"01_count for cohort ward stopped in cell 3: ValueError: an unlucky seed"):
        run_page("01_count", "ward", overrides={"seed": 13})
    assert not list((project / "book/notebooks").rglob("*.ipynb"))


def test_an_unknown_parameter_stops_the_run(project):
    with pytest.raises(PageError, match=r"no parameter 'sed'. Its parameters are cohort, seed"):
        run_page("01_count", "ward", overrides={"sed": 2})


def test_an_unknown_page_cohort_or_analysis_is_told(project):
    with pytest.raises(PageError, match=r"no page '99'. Choose one of 01_count, 02_follow"):
        find_page("99")
    with pytest.raises(CohortError, match="unknown"):
        run_page("01_count", "nowhere")
    with pytest.raises(PageError, match="left out for cohort clinic: the cohort has no follow-up"):
        run_page("02_follow", "clinic")

"""A page runs whole or not at all, for cohorts that support it, with parameters that exist."""

import shutil
from pathlib import Path

import nbformat
import pytest
import yaml

from mvi_core.errors import CohortError, PageError
from mvi_core.headlines import gather
from mvi_core.pages import find_page, load_pages, plan, run_page, study_cohorts
from mvi_core.results import read_record
from mvi_core.study import load_study, overridden, setting

ROOT = Path(__file__).parents[2]


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


def settings_that_pages_read():
    pages = yaml.safe_load((ROOT / "config/pages.yaml").read_text(encoding="utf-8"))["pages"]
    return sorted({key for page in pages for key in page["parameters"].values()})


@pytest.mark.parametrize("key", settings_that_pages_read())
def test_a_number_changed_in_the_settings_reaches_every_page_that_reads_it_and_no_other(monkeypatch, key):
    """Snakemake runs a page again when these parameters change: they are the ``params`` of its rule."""
    monkeypatch.setenv("MVI_ROOT", str(ROOT))
    monkeypatch.delenv("MVI_STUDY", raising=False)
    study = load_study()
    before = {(item.page.name, item.cohort): item.parameters for item in plan(study)}
    after = {(item.page.name, item.cohort): item.parameters for item in plan(overridden(study, {key: 987}))}
    readers = {page.name: [name for name, read in page.parameters.items() if read == key] for page in load_pages()}
    assert any(readers.values()) and setting(study, key) != 987
    for place, parameters in after.items():
        assert parameters == before[place] | dict.fromkeys(readers[place[0]], 987), place


def test_a_number_changed_in_the_settings_changes_prose_foot_and_report_of_its_page(project):
    page, settings = project / "notebooks/01_count.py", project / "config/study.yaml"
    page.write_text(page.read_text() + '\n# %%\nfrom mvi_core.report import publish\n\npublish("seed", seed)\n')
    shown = []
    for number in (1, 2):
        settings.write_text(settings.read_text().replace("resampling: 1", f"resampling: {number}"))
        notebook = nbformat.read(run_page("01_count", "ward"), as_version=4)
        (entry,) = gather()["numbers"]
        glued = [
            output
            for cell in notebook.cells
            for output in cell.get("outputs", [])
            if "scrapbook" in output.get("metadata", {})
        ]
        shown.append((entry["value"], glued[0].data["application/papermill.record/text/plain"]))
        assert f"-p seed {number}" in notebook.cells[-1].source
    assert shown == [(1, "'1'"), (2, "'2'")]


TOO_FEW = 'from mvi_core.errors import MviError\nif seed == 14:\n    raise MviError("Eight patients are too few.")'


def test_a_chapter_that_an_own_cohort_cannot_carry_says_so_and_takes_those_that_rest_on_it_along(project, capsys):
    notebook = project / "notebooks/01_count.py"
    notebook.write_text(notebook.read_text() + TOO_FEW + "\n")
    shutil.copy(notebook, project / "notebooks/02_follow.py")
    pages = project / "config/pages.yaml"
    text = pages.read_text().replace(
        "reads: [], writes: [], parameters: {seed", "reads: [], writes: [n.csv], parameters: {seed"
    )
    pages.write_text(text.replace("needs: [survival], reads: []", "needs: [], reads: [n.csv]"))
    for name, reason in (
        ("01", "Eight patients are too few."),
        ("02", "It reads n.csv, which these patients do not give"),
    ):
        told = run_page(name, "ward", overrides={"seed": 14}).read_text()
        assert reason in told and "**Left out.**" in told and "A made-up ward" in told
    assert read_record("ward", "n.csv")["parameters"] == {"left_out": "Eight patients are too few."}
    assert "02_follow for ward is left out: It reads n.csv" in capsys.readouterr().err


def test_a_fault_of_the_code_or_of_another_cohort_is_no_reason_to_leave_a_chapter_out(project):
    notebook = project / "notebooks/01_count.py"
    notebook.write_text(notebook.read_text() + TOO_FEW + "\n")
    path = project / "data_manifest/cohorts/ward.yaml"
    path.write_text(path.read_text().replace("kind: own", "kind: real"))
    with pytest.raises(PageError, match="Eight patients"):
        run_page("01", "ward", overrides={"seed": 14})


MORE = """
- {name: 03_people, question: "Who?", needs: [], people: it must be measured, reads: [], writes: [], parameters: {}}
- {name: 04_size, question: "How large?", needs: [], predictors: [size_cm], reads: [], writes: [], parameters: {}}
- {name: 05_both, question: "Both?", needs: [], reads: [a.csv, ../clinic/a.csv], writes: [], parameters: {}}
- {name: 06_all, question: "All?", needs: [], reads: ["../*/a.csv"], writes: [], parameters: {}}
"""


@pytest.fixture
def more(project):
    """Further pages: for people, for cohorts with a predictor, and one that reads another cohort too."""
    path = project / "config/pages.yaml"
    path.write_text(path.read_text() + MORE)
    return project


def reasons(cohort):
    return {item.page.name: item.reason for item in plan(load_study()) if item.cohort == cohort}


def test_a_page_for_people_is_left_out_for_rebuilt_patients(more):
    assert reasons("ward")["03_people"] is None
    path = more / "data_manifest/cohorts/ward.yaml"
    path.write_text(path.read_text().replace("kind: own", "kind: reconstructed"))
    assert reasons("ward")["03_people"] == "made for real patients only: it must be measured"


def test_a_page_needs_the_predictors_that_it_names(more):
    assert reasons("ward")["04_size"] == "the cohort has no Surgical size"
    path = more / "data_manifest/cohorts/ward.yaml"
    path.write_text(path.read_text().replace("predictors: [afp_gt_20]", "predictors: [afp_gt_20, size_cm]", 1))
    assert reasons("ward")["04_size"] is None


def test_a_page_that_compares_is_left_out_where_the_other_cohort_is_not_here(more):
    assert find_page("05").others == ["clinic"]
    assert reasons("ward")["05_both"] is None
    (more / "data_manifest/cohorts/clinic.csv").unlink()
    assert reasons("ward")["05_both"] == "it needs cohort clinic too, whose data are not here"


def test_a_page_that_reads_every_cohort_needs_no_certain_one(more):
    assert find_page("06").others == []
    (more / "data_manifest/cohorts/clinic.csv").unlink()
    assert reasons("ward")["06_all"] is None


def test_a_small_cohort_carries_only_the_pages_that_it_names(more):
    path = more / "data_manifest/cohorts/ward.yaml"
    path.write_text(path.read_text() + "only: {pages: [01_count], because: so few patients carry no statistics}\n")
    found = reasons("ward")
    assert found["01_count"] is None
    assert found["02_follow"] == "so few patients carry no statistics"
    path.write_text(path.read_text().replace("pages: [01_count], ", ""))
    with pytest.raises(CohortError, match="'only' must hold"):
        reasons("ward")

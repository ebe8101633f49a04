"""What the book hands out never holds a row of a real patient, and what it links is there."""

import re
import shutil
from pathlib import Path

import matplotlib
import matplotlib.pyplot as plt
import pandas as pd
import pytest

from mvi_core.cohort.spec import load_spec
from mvi_core.errors import PageError
from mvi_core.names import PATIENT_ID
from mvi_core.report import OpenPage, show_figure, show_table
from mvi_core.report.downloads import COUNTS_ONLY, copy_downloads, download_link, may_be_offered, source_link
from mvi_core.results import write_result
from mvi_core.study import load_study

ROOT = Path(__file__).parents[2]
PATIENT_ROWS = ("patients.csv", "analysis.csv", "predictions.csv", "features.csv", "rois_index.csv", "embedding.csv")
TABLE = pd.DataFrame({"n": [3]})


@pytest.fixture
def phantom(project):
    """Cohort of simulated patients beside the own ones."""
    for name in ("phantom", "clca-2024"):
        shutil.copy(ROOT / f"data_manifest/cohorts/{name}.yaml", project / "data_manifest/cohorts")
    return project


def made(cohort, name, frame=TABLE):
    write_result(cohort, name, frame)
    return load_study().results / cohort / name


def page_of(cohort):
    return OpenPage("01_count", load_spec(cohort), load_study())


@pytest.mark.parametrize("cohort", ["ward", "clca-2024"])
@pytest.mark.parametrize("name", PATIENT_ROWS)
def test_a_table_of_people_is_never_offered(phantom, cohort, name):
    assert not may_be_offered(made(cohort, name))
    assert download_link(made(cohort, name), "words") == "words"


@pytest.mark.parametrize("cohort", ["ward", "clca-2024"])
def test_what_is_not_named_of_people_stays_at_home(phantom, cohort):
    for name in ("survival.csv", "roc.csv", "something_new.csv", "table1.xlsx.csv"):
        assert not may_be_offered(made(cohort, name))
    assert not may_be_offered(load_study().results / cohort / "training" / "table1.csv")


def test_a_counting_table_that_holds_patients_after_all_is_not_offered(phantom):
    assert may_be_offered(made("ward", "table1.csv"))
    assert not may_be_offered(made("ward", "table1.csv", pd.DataFrame({PATIENT_ID: ["1"], "n": [3]})))


def test_of_people_a_picture_is_offered_but_no_vector_figure(phantom):
    folder = load_study().results / "clca-2024/figures/09_nomogram"
    assert may_be_offered(folder / "figure_1.png") and not may_be_offered(folder / "figure_1.svg")


def test_a_source_that_is_no_cohort_is_treated_as_people(phantom):
    """The real slice of chapter 03 is signed with a name that no cohort has."""
    folder = load_study().results / "one-slice"
    assert may_be_offered(folder / "figures/03_images/figure_1.png")
    assert not may_be_offered(folder / "figures/03_images/figure_1.svg")
    assert not may_be_offered(made("one-slice", "roc.csv"))


def test_simulated_patients_are_offered_but_not_weights_or_images(phantom):
    assert may_be_offered(made("phantom", "embedding.csv"))
    assert not may_be_offered(load_study().results / "phantom/model/model.safetensors")
    assert not may_be_offered(load_study().results / "phantom/images/x.dcm")


def test_no_path_leads_out_of_the_results(phantom):
    assert not may_be_offered((load_study().results / ".." / "data_manifest" / "files.csv").resolve())


def test_no_result_of_people_that_the_study_writes_holds_patients_and_is_offered():
    """On the results of the last run, where there is one."""
    tables = [path for cohort in ("clca-2024", "tcga-lihc") for path in (ROOT / "results" / cohort).glob("*.csv")]
    offered = [path for path in tables if path.name in COUNTS_ONLY]
    for path in offered:
        frame = pd.read_csv(path)
        assert PATIENT_ID not in frame and not any("date" in column for column in frame), path
    assert not {path.name for path in offered} & set(PATIENT_ROWS)


def test_a_figure_is_stored_for_print_with_text_as_text_and_the_same_bytes(phantom):
    texts = []
    for _ in range(2):
        figure, axes = plt.subplots()
        axes.plot([0, 1], label="risk")
        axes.set_xlabel("months")
        with matplotlib.rc_context({"svg.fonttype": "none", "svg.hashsalt": "mvi"}):
            text = show_figure(page_of("phantom"), figure, alt="a").data
        folder = load_study().results / "phantom/figures/01_count"
        texts.append([(folder / f"figure_1.{suffix}").read_bytes() for suffix in ("svg", "png")])
    assert texts[0] == texts[1]
    assert b">months</text>" in texts[0][0] and b"<dc:date>" not in texts[0][0]
    assert text.count("download>") == 2 and "PNG, 300 dpi" in text


def test_the_figures_of_a_page_are_numbered_in_their_order(phantom):
    page = page_of("ward")
    found = [re.findall(r"figure_\d\.\w+", show_figure(page, plt.figure(), alt="a").data) for _ in range(2)]
    assert found == [["figure_1.png"], ["figure_2.png"]]


def test_a_table_goes_with_latex_and_docx_unless_it_lists_people(phantom):
    assert [name for name in ("LaTeX", "Word") if name in show_table(page_of("ward"), TABLE, "N.").data]
    assert "LaTeX" not in show_table(page_of("ward"), pd.DataFrame({PATIENT_ID: ["1"]}), "N.").data
    assert sorted(path.name for path in (load_study().results / "ward/tables/01_count").iterdir()) == [
        "table_1.docx", "table_1.tex",
    ]  # fmt: skip


def test_every_linked_file_is_copied_into_the_book_and_no_other(phantom, tmp_path):
    made("phantom", "shift.csv")
    made("phantom", "patients.csv")
    site = tmp_path / "site"
    (site / "notebooks/phantom").mkdir(parents=True)
    link = download_link(load_study().results / "phantom/shift.csv", "shift")
    (site / "notebooks/phantom/page.html").write_text(link)
    copy_downloads(site)
    assert [path.name for path in (site / "downloads").rglob("*.*")] == ["shift.csv"]


@pytest.mark.parametrize("name", ["ward/patients.csv", "ward/table1.csv", "../data_manifest/files.csv"])
def test_a_link_to_rows_of_people_to_nothing_or_out_of_the_results_stops_the_book(phantom, tmp_path, name):
    made("ward", "patients.csv")
    (tmp_path / "site").mkdir()
    (tmp_path / "site" / "page.html").write_text(f'<a href="../../downloads/{name}">x</a>')
    with pytest.raises(PageError, match="missing or holds rows of patients"):
        copy_downloads(tmp_path / "site")


def test_the_source_of_a_page_is_shown_and_no_other_file_of_the_project(phantom, tmp_path):
    site = tmp_path / "site"
    site.mkdir()
    (site / "page.html").write_text(source_link("notebooks/01_count.py"))
    copy_downloads(site)
    copied = site / "source/notebooks/01_count.py.txt"
    assert copied.read_text() == (phantom / "notebooks/01_count.py").read_text()
    for name in ("data_manifest/files.csv", "notebooks/../config/study.yaml", "notebooks/none.py"):
        (site / "page.html").write_text(source_link(name))
        with pytest.raises(PageError, match="no file of notebooks or workflow"):
            copy_downloads(site)

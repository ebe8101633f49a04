"""The book holds what its cohorts support, and says what it leaves out and why."""

import shutil
from pathlib import Path

import pandas as pd
import pytest
import yaml

from mvi_core.contents import READING, TUTORIAL, cohort_lines, contents, data_page, summary_lines, write_contents
from mvi_core.pages import load_pages
from mvi_core.reference import dictionary_page
from mvi_core.results import write_result

REAL = Path(__file__).parents[2] / "data_manifest/cohorts/clca-2024.yaml"


@pytest.fixture
def with_real_data_absent(project, monkeypatch):
    monkeypatch.delenv("MVI_DATA", raising=False)
    shutil.copy(REAL, project / "data_manifest/cohorts")
    settings = project / "config/study.yaml"
    settings.write_text(settings.read_text().replace("[ward, clinic]", "[ward, clinic, clca-2024]"))
    return project


def pages_of(table):
    return [chapter["file"] for part in table["parts"] for chapter in part["chapters"]]


def test_the_table_of_contents_leaves_out_what_a_cohort_cannot_support(project):
    pages = pages_of(contents())
    assert {"notebooks/ward/01_count", "notebooks/ward/02_follow", "notebooks/clinic/01_count"} <= set(pages)
    assert "notebooks/clinic/02_follow" not in pages
    assert pages[0] == "paper_and_us" and pages[-1] == "notebooks/api/figures"


def test_a_page_of_an_own_cohort_is_titled_by_number_question_and_cohort(project):
    titles = {chapter["file"]: chapter.get("title") for part in contents()["parts"] for chapter in part["chapters"]}
    assert titles["notebooks/ward/02_follow"] == "02 How long? (A made-up ward)"


def test_people_have_a_part_of_their_own_and_a_part_without_pages_does_not_appear(project):
    captions = [part["caption"] for part in contents()["parts"]]
    assert captions == ["The question", "Your cohort: A made-up ward", "Reference", "For those who build on it", "Code"]


def test_the_data_page_says_why_a_page_is_left_out(project):
    _, ward, clinic = data_page().split("\n## ")
    assert "Left out: *How long?* (02_follow): the cohort has no follow-up that supports survival analysis" in clinic
    assert "Left out" not in ward


def test_the_data_page_names_licence_and_citation_of_every_cohort(project):
    text = data_page()
    assert text.count("- Licence: none") == text.count("- Cite: none") == 2


def test_absent_real_data_are_left_out_with_the_remedy(with_real_data_absent):
    assert not [page for page in pages_of(contents()) if "clca" in page]
    section = data_page().split("\n## CLCA 2024")[1]
    assert "**Left out of this build:**" in section and "`make data`" in section and "MVI_DATA" in section
    (line,) = [line for line in cohort_lines() if "not here" in line]
    assert "make data" in line


def test_the_terminal_lists_pages_and_reasons_of_every_cohort(project):
    lines = "\n".join(cohort_lines())
    assert "pages 01_count, 02_follow" in lines
    assert "without 02_follow: the cohort has no follow-up" in lines


def test_what_is_written_is_what_was_computed(project):
    write_contents()
    assert yaml.safe_load((project / "book/_toc.yml").read_text()) == contents()
    assert (project / "book/notebooks/data.md").read_text() == data_page()
    assert (project / "book/notebooks/dictionary.md").read_text() == dictionary_page()
    assert {path.name for path in (project / "book").rglob(".*")} == set()


def test_the_summary_says_each_claim_once_with_the_answer_of_every_cohort(project):
    assert not summary_lines()
    answers = [("phantom", "phantom", "64.0", "lower"), ("real", "tcga-lihc", "61.0", "agrees")]
    rows = [("68.69% are right", kind, name, "x.html", found, said) for kind, name, found, said in answers]
    rows.append(("It gains", "", "", "", "no such patients in this build", "not answered"))
    columns = ["claim", "kind", "cohort", "place", "found", "verdict"]
    write_result(".", "verdicts.csv", pd.DataFrame(rows, columns=columns))
    claim, first, second, other, unanswered, warning = summary_lines()
    assert (claim, other) == ("68.69% are right", "It gains")
    assert first.split() == ["phantom", "phantom", "64.0", "lower"]
    assert second.split() == ["real", "tcga-lihc", "61.0", "agrees"]
    assert unanswered.split("  ")[-1] == "not answered" and "no findings" in warning


def test_every_chapter_has_a_place_in_the_readers_order(monkeypatch):
    monkeypatch.setenv("MVI_ROOT", str(REAL.parents[2]))
    placed = [name for names in READING.values() for name in names]
    assert sorted(page.name for page in load_pages()) == sorted([*placed, TUTORIAL])


def test_pages_that_compare_real_cohorts_stand_in_a_part_of_their_own_after_the_cohorts(monkeypatch, tmp_path):
    monkeypatch.setenv("MVI_ROOT", str(REAL.parents[2]))
    monkeypatch.delenv("MVI_STUDY", raising=False)
    monkeypatch.delenv("MVI_COHORT", raising=False)
    for module in ("mvi_core.pages", "mvi_core.contents"):
        monkeypatch.setattr(f"{module}.unavailable", lambda _: None)
    parts = {part["caption"]: part["chapters"] for part in contents()["parts"]}
    order = [caption for caption in parts if caption.startswith("Real patients")]
    assert order[-1] == "Real patients: does the paper hold?"
    assert [row["title"][:2] for row in parts[order[-1]]] == ["31", "27", "33"]
    assert not any("CLCA" in row["title"] for row in parts[order[-1]])
    assert [row["title"][:2] for row in parts["Real patients: LiverHccSeg"]] == ["01", "03"]

"""A reviewer's checklist is complete, and an item whose result is missing is not met."""

import re

import pytest

from mvi_core.cohort.spec import load_spec
from mvi_core.pages import load_pages
from mvi_core.report import OpenPage, count_checklist, fill_checklist, read_checklist, show_checklist
from mvi_core.report.checklist import MET, PAPER_WORDS, UNMET, WORDS
from mvi_core.results import result_path
from mvi_core.study import load_study

NOTHING = {"numbers": [], "statements": []}
LISTS = ["tripod_ai", "claim_2024"]
# Numbers with their sub-items, from the published tables.
SUB_ITEMS = {
    3: "abc",
    5: "ab",
    6: "abc",
    8: "abc",
    9: "abc",
    12: "abcdefg",
    18: "abcdef",
    20: "abc",
    23: "ab",
    27: "abc",
}
DEVELOPMENT, EVALUATION = {"9a", "12a", "12b", "12c", "15", "22", "27a", "27b"}, {"12f", "12g", "20c", "24"}


def everything(items):
    needs = [need.strip() for text in items["needs"] for need in text.split(";") if need.strip()]
    ids = [need if need.count("/") == 2 else f"{need}/n" for need in needs]
    return {"numbers": [{"id": name, "text": "7"} for name in ids], "statements": []}, needs


def test_tripod_ai_has_its_27_items_and_their_parts():
    items = read_checklist("tripod_ai")
    assert list(items["item"]) == [f"{n}{part}" for n in range(1, 28) for part in SUB_ITEMS.get(n, [""])]
    assert set(items.query("applies == 'D'")["item"]) == DEVELOPMENT
    assert set(items.query("applies == 'E'")["item"]) == EVALUATION


def test_claim_has_its_44_items():
    assert list(read_checklist("claim_2024")["item"]) == [str(n) for n in range(1, 45)]


@pytest.mark.parametrize("name", LISTS)
def test_every_row_uses_the_words_and_gives_a_place_or_a_reason(name):
    for row in read_checklist(name).to_dict("records"):
        assert row["paper"] in PAPER_WORDS and row["book"] in WORDS, row
        assert row["place"] if row["book"] == MET else row["reason"], row


@pytest.mark.parametrize("name", LISTS)
def test_the_chapter_that_meets_an_item_is_among_its_needs(name):
    for row in read_checklist(name).to_dict("records"):
        if "/" in row["place"] and not row["place"].startswith(("notebooks/", "paper/20_reporting")):
            assert any(f"{need.strip()}/".startswith(f"{row['place']}/") for need in row["needs"].split(";")), row


@pytest.mark.parametrize("name", LISTS)
def test_every_result_that_an_item_needs_is_written_by_the_study(name):
    written = {result for page in load_pages() for result in page.writes} | {
        "model/MODEL_CARD.md", "model/model.safetensors", "training.csv", "flow.csv", "quality.csv",
        "predictions_mean.csv",
    }  # fmt: skip
    _, needs = everything(read_checklist(name))
    files = {need.partition("/")[2] for need in needs if "." in need}
    assert files <= written


@pytest.mark.parametrize("name", LISTS)
def test_without_any_result_only_what_needs_none_is_met(project, name):
    items = _items(name, project)
    filled = fill_checklist(items, NOTHING)
    needy = filled[filled["needs"] != ""]
    assert set(needy["status"]) == {UNMET}
    assert needy["why"].str.startswith("missing in this run: ").all()
    assert (filled.loc[filled["needs"] == "", "status"] == filled.loc[filled["needs"] == "", "book"]).all()


@pytest.mark.parametrize("name", LISTS)
def test_one_missing_result_makes_its_item_unmet_and_is_named(project, name):
    items = _items(name, project)
    report, needs = everything(items)
    for need in (need for need in needs if "." in need):
        path = result_path(*need.split("/", 1))
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    filled = fill_checklist(items, report)
    assert (filled["status"] == filled["book"]).all()
    lost = next(need for need in needs if "." in need)
    result_path(*lost.split("/", 1)).unlink()
    hit = fill_checklist(items, report).query("status != book")
    assert len(hit) and hit["why"].str.contains(re.escape(lost)).all() and set(hit["status"]) == {UNMET}


def test_the_counts_add_up_to_the_items(project):
    items = _items("claim_2024", project)
    counts = count_checklist(fill_checklist(items, NOTHING))
    assert counts.groupby("who")["n"].sum().to_dict() == {"paper": 44, "this book": 44}


def test_an_unmet_item_stays_in_the_table_with_its_reason_and_no_link(project):
    items = _items("tripod_ai", project)
    page = OpenPage("01_count", load_spec("ward"), load_study())
    text = show_checklist(page, fill_checklist(items, NOTHING), "Items.").data
    assert text.count('<th scope="row">') == 52
    row = re.search(r'<tr class="not-met"><th scope="row">23a.*?</tr>', text)[0]
    assert "missing in this run: paper/performance.csv" in row and "<a" not in row


def _items(name, project):
    import shutil
    from pathlib import Path

    source = Path(__file__).parents[2] / "data_manifest/checklists"
    shutil.copytree(source, project / "data_manifest/checklists", dirs_exist_ok=True)
    return read_checklist(name)

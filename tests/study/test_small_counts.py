"""A small count planted in a made-up own cohort is nowhere in what its book shows or hands out."""

import re
import shutil
import zipfile
from pathlib import Path

import nbformat
import numpy as np
import pandas as pd
import pytest

from mvi_core.cohort.reconstruct import reconstruct_patients
from mvi_core.pages import run_page
from mvi_core.report import characteristics
from mvi_core.report.downloads import copy_downloads
from mvi_core.results import write_result
from mvi_core.stats.tables import univariable_table

ROOT = Path(__file__).parents[2]
REFUSED = ("08_table3", "09_nomogram", "17_added_value")  # their models hold the variable
PAGES = ("02_table1", "22_subgroups", *REFUSED)
PLANTED = (97, 3)  # patients without and with MVI whose hepatitis is absent
COHORT = """
id: ward
title: A made-up ward
kind: own
summary: Made-up patients.
source: {reader: table, path: ward.csv}
analyses: {mvi_grade: true, images: false, survival: false, dl_mvi: false, enrolment: false}
predictors: [age_gt_50, afp_gt_20, hepatitis]
multivariable: [hepatitis, afp_gt_20]
licence: none
citation: none
"""
OTHERS = (39, 182)  # those whose hepatitis is present: 136 and 185 have MVI absent and present


@pytest.fixture(scope="module")
def book(tmp_path_factory):
    """Executed pages of an own cohort, and the folder with what they offer."""
    root = tmp_path_factory.mktemp("planted")
    for name in ("config", "data_manifest", "notebooks", "workflow"):
        shutil.copytree(ROOT / name, root / name)
    for name in ("_config.yml", "CITATION.cff"):
        shutil.copy(ROOT / name, root)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MVI_ROOT", str(root))
        patch.setenv("MVI_STUDY", "config/smoke.yaml")
        patch.setenv("PYTHONPATH", str(ROOT))
        write_cohort(root)
        pages = {name: run_page(name, "ward").read_text(encoding="utf-8") for name in PAGES}
        site = root / "site"
        site.mkdir()
        (site / "pages.html").write_text("".join(map(shown, pages.values())), encoding="utf-8")
        copy_downloads(site)
    return pages, site / "downloads" / "ward"


def write_cohort(root):
    patients = reconstruct_patients().drop(columns="dl_mvi")
    mvi = patients["mvi_present"].astype(int)
    rank = patients.groupby(mvi).cumcount()
    patients["hepatitis"] = (rank >= mvi.map(dict(enumerate(PLANTED)))).astype(float)
    (root / "data_manifest/cohorts/ward.yaml").write_text(COHORT)
    patients.to_csv(root / "data_manifest/cohorts/ward.csv", index=False)
    for name in ("patients.csv", "analysis.csv"):
        write_result("ward", name, patients)


def shown(page):
    """All that a page says: its outputs, and the words around them."""
    notebook = nbformat.reads(page, as_version=4)
    said = [cell.source for cell in notebook.cells if cell.cell_type == "markdown"]
    for output in (output for cell in notebook.cells for output in cell.get("outputs", [])):
        said += [str(value) for value in output.get("data", {}).values()] + [str(output.get("text", ""))]
        said += [str(output.get("metadata", ""))]
    return "\n".join(said)


def offered(folder):
    """Text of every file that can be read as text; of a docx its document."""
    texts = {path: path.read_text(encoding="utf-8") for path in folder.rglob("*") if path.suffix in (".csv", ".tex")}
    for path in folder.rglob("*.docx"):
        with zipfile.ZipFile(path) as archive:
            texts[path] = re.sub("<[^>]+>", " ", archive.read("word/document.xml").decode())
    return texts


def tells():
    """Every text that a book without masking would hold of the planted count: shares, odds ratio, interval, p."""
    columns = {"hepatitis": np.repeat([0, 0, 1, 1], [*PLANTED, *OTHERS])}
    table = univariable_table(pd.DataFrame(columns), np.repeat([0, 1, 0, 1], [*PLANTED, *OTHERS]))
    printed = characteristics(table, pd.DataFrame(), labels={"hepatitis": "Hepatic virus infection"}, digits=3)
    cells = [text for text in printed[["MVI absent", "MVI present"]].to_numpy().ravel()]
    effect = table.iloc[1][["odds_ratio", "ci_low", "ci_high"]]
    return [re.search(r"\(.*\)", cell)[0] for cell in cells] + [f"{number:.2f}" for number in effect]


@pytest.mark.parametrize("text", tells())
def test_no_page_and_no_file_tells_what_gives_the_count_back(book, text):
    pages, folder = book
    files = offered(folder)
    assert {path.suffix for path in files} == {".csv", ".tex", ".docx"}
    for where, said in [*pages.items(), *files.items()]:
        assert text not in said.replace("\\%", "%"), where


def test_what_stands_there_instead_says_masked(book):
    pages, folder = book
    table = pd.read_csv(folder / "table1.csv").query("variable == 'hepatitis'")
    assert table[["absent", "present"]].to_numpy().tolist() == [["masked"] * 2] * 2
    assert table["odds_ratio"].tolist()[0] == 1 and table["odds_ratio"].isna().tolist() == [False, True]
    assert pd.read_csv(folder / "p_values.csv").query("variable == 'hepatitis'")["p_value"].isna().all()
    rows = pd.read_csv(folder / "subgroups.csv").query("variable == 'hepatitis'")
    assert len(rows) == 2 and (rows["present"] == "masked").all() and rows["auc"].isna().all()
    assert "Masked: a count of 1 to 4 patients" in pages["02_table1"]
    assert all(
        "masked" in text for path, text in offered(folder / "tables/02_table1").items() if "table_1" in path.name
    )


@pytest.mark.parametrize("name", REFUSED)
def test_a_chapter_whose_model_would_give_the_count_back_says_so(book, name):
    assert "hold a count of 1 to 4 patients" in book[0][name]


def test_the_other_variables_are_shown(book):
    table = pd.read_csv(book[1] / "table1.csv").query("variable != 'hepatitis'")
    assert table["odds_ratio"].notna().all() and "masked" not in table.to_string()

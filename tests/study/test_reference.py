"""Do the pages for those who build say what files and code say, and the provenance page what the run recorded?"""

import json
import re
from pathlib import Path

import pandas as pd
import pytest
import yaml

from mvi_core import reference
from mvi_core.cohort.spec import ALL_KEYS, ANALYSES
from mvi_core.pages import run_page
from mvi_core.results import write_result

ROOT = Path(__file__).parents[2]


def rows(text, heading=None):
    """Cells of the tables of Markdown, beneath a heading if one is given."""
    text = text.split(f"## {heading}\n")[1].split("\n## ")[0] if heading else text
    lines = [line for line in text.splitlines() if line.startswith("| ")]
    return [[cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]] for line in lines][2:]


def test_the_dictionary_page_names_every_column_once_with_its_meaning():
    table = pd.read_csv(ROOT / "data_manifest/dictionary.csv", dtype=str, keep_default_na=False)
    shown = rows(reference.dictionary_page())
    assert [row[:2] for row in shown] == [[f"`{row.column}`", row.meaning] for row in table.itertuples()]
    spans = {row[0].strip("`"): row[4] for row in shown}
    assert spans["age_years"] == "0 to 120" and spans["sex"] == "male / female"


def test_the_format_page_names_every_key_that_a_description_may_have():
    page = reference.format_page()
    assert {row[0].strip("`") for row in rows(page, "Keys")} == set(ALL_KEYS)
    assert all(row[2] for row in rows(page, "Keys") if row[0] in ("`source`", "`planted`", "`notes`"))
    assert [row[0].strip("`") for row in rows(page, "What a cohort supports")] == list(ANALYSES)
    example = re.search(r"```yaml\n(.*?)```", page, re.DOTALL)[1]
    assert yaml.safe_load(example)["id"] == "tcga-lihc"


def test_the_citation_is_that_of_the_file():
    told = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    page = reference.cite_page()
    assert told["title"] in page and f"https://doi.org/{told['references'][0]['doi']}" in page
    assert yaml.safe_load(re.search(r"```yaml\n(.*?)```", page, re.DOTALL)[1]) == told


@pytest.fixture
def finished(project):
    """The small project after its page has run and a training has been recorded."""
    pages = (project / "config/pages.yaml").read_text().replace("writes: []", "writes: [count.csv]", 1)
    (project / "config/pages.yaml").write_text(pages)
    write_result("ward", "count.csv", pd.DataFrame({"n": [1]}), parameters={})
    write_result("ward", "double.csv", pd.DataFrame({"n": [2]}), inputs=["count.csv"])
    told = {"seconds": 12.5, "device": "one core"}
    write_result("ward", "training/T1_r0.csv", pd.DataFrame({"n": [2]}), parameters=told)
    run_page("01_count", "ward")
    return project


def test_the_provenance_page_says_what_was_recorded(finished):
    page = reference.provenance_page()
    ((link, cohort, _, seconds, _, given),) = rows(page, "Pages")
    assert (link, cohort, given) == ("[01_count](ward/01_count.ipynb)", "ward", "seed 1")
    metadata = json.loads((finished / "book/notebooks/ward/01_count.ipynb").read_text())["metadata"]
    assert float(seconds) == round(metadata["papermill"]["duration"], 1)
    assert rows(page, "Trainings") == [["ward", "T1_r0", "one core", "12.5"]]
    record = json.loads((finished / "results/ward/count.json").read_text())
    assert rows(page, "Results")[0][:2] == ["ward/count.csv", record["sha256"][:16]]
    files = pd.read_csv(ROOT / "data_manifest/files.csv", dtype=str)
    assert rows(page, "Files that were fetched") == files[["path", "sha256", "bytes"]].to_numpy().tolist()
    assert [row[0] for row in rows(page, "Cohorts")] == ["ward", "clinic"]
    assert str(finished) not in page


def test_a_page_without_a_run_is_no_page_of_the_provenance(project):
    assert rows(reference.provenance_page(), "Pages") == []

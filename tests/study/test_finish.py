"""The foot of a page holds the very command that made it."""

import shlex
from pathlib import Path

import pytest
import yaml
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output
from papermill.cli import _resolve_type

from mvi_core.finish import finish, rerun_lines
from mvi_core.pages import plan
from mvi_core.study import load_study

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("settings", ["study", "smoke"])
def test_papermill_reads_every_parameter_of_the_command_as_the_run_had_it(monkeypatch, settings):
    monkeypatch.setenv("MVI_ROOT", str(ROOT))
    monkeypatch.setenv("MVI_STUDY", f"config/{settings}.yaml")
    for item in plan(load_study()):
        parameters = {"cohort": item.cohort, **item.parameters}
        words = shlex.split(rerun_lines(item.page.name, parameters)[1].replace("\\\n", ""))
        given = {}
        for place in (place for place, word in enumerate(words) if word == "-y"):
            given |= yaml.safe_load(words[place + 1])
        given |= {words[place + 1]: _resolve_type(words[place + 2]) for place, word in enumerate(words) if word == "-p"}
        assert given == parameters, item.page.name


def test_the_command_names_the_settings_unless_they_are_the_books(project):
    convert, run = rerun_lines("01_count", {"cohort": "a ward"})
    assert convert == "jupytext --to ipynb --set-kernel python3 notebooks/01_count.py -o 01_count.ipynb"
    assert run.startswith("MVI_STUDY=config/study.yaml \\\n  papermill") and run.endswith("-p cohort 'a ward'")
    settings = project / "config/study.yaml"
    settings.write_text(settings.read_text().replace("profile: test", "profile: book"))
    assert rerun_lines("01_count", {})[1].startswith("papermill 01_count.ipynb")


def test_what_a_page_says_of_its_figure_becomes_alternative_text_and_the_end_of_the_caption(project):
    figure = new_output(
        "display_data", {"image/png": ""}, metadata={"mvi_figure": {"alt": "AUC 0.82", "n": "n = 321."}}
    )
    metadata = {"mystnb": {"figure": {"caption": "ROC curve.", "name": "fig-roc"}}}
    cells = [new_markdown_cell("# How many?"), new_code_cell("show()", outputs=[figure], metadata=metadata)]
    finish(notebook := new_notebook(cells=cells), "ward")
    cell = notebook.cells[1]
    assert cell.metadata["mystnb"]["image"]["alt"] == "AUC 0.82"
    assert cell.metadata["mystnb"]["figure"]["caption"] == "ROC curve. n = 321. *Cohort: A made-up ward (own).*"
    assert "mvi_figure" not in cell.outputs[0].metadata


def test_the_banner_stands_beneath_the_title_and_parameters_only_in_the_foot(project):
    banner = new_output("display_data", {"text/html": '<div class="cohort-banner own">'})
    cells = [
        new_markdown_cell("# How many?\nPaper: Table 1."),
        new_code_cell("seed = 3", metadata={"tags": ["injected-parameters"]}),
        new_code_cell("page = open_page()", outputs=[banner, new_output("stream", text="n = 6")]),
    ]
    notebook = new_notebook(cells=cells, metadata={"papermill": {"parameters": {"seed": 3}}})
    finish(notebook, "ward")
    title, head, sources, parameters, opened, foot = notebook.cells
    assert (title.source, sources.source) == ("# How many?", "{.sources}\nPaper: Table 1.")
    assert head.outputs == [banner] and head.metadata["tags"] == ["remove-input"]
    assert "remove-cell" in parameters.metadata["tags"] and "-p seed 3" in foot.source
    assert [output["text"] for output in opened.outputs] == ["n = 6"]

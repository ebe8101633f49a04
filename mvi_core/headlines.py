"""Which numbers does the book say: those of every page, with interval, patients and place, in one file."""

import ast
import os
import re

from mvi_core.cohort.spec import load_spec
from mvi_core.pages import executed_path, plan
from mvi_core.report.words import NUMBER
from mvi_core.results import commit, write_result
from mvi_core.study import load_study

REPORT = "report.json"  # in results/, beside the folders of the cohorts
SCHEMA = 1  # version of the layout, which the Data page documents
NUMERAL = r"[-\u2212]?\d[\d,]*(?:\.\d+)?"
INTERVAL = (
    rf" \((?:(?P<level>\d+) % CI )?(?P<low>{NUMERAL})(?:\u2013| to )(?P<high>{NUMERAL}|not reached)(?: %)?"
    r"(?:; n = (?P<n>\d+))?\)\s?(?P<after>%)?"
)
SAID = re.compile(
    rf"(?:\D+, odds ratio )?(?P<sign>[<>] ?)?(?P<value>{NUMERAL})\s?(?P<unit>%|months?|years?|mm)?"
    rf"(?: of (?P<total>\d+))?(?:{INTERVAL})?"
)


def gather():
    """Every number and sentence that the pages publish, as the Data page documents them."""
    study = load_study()
    said = [entry for item in _pages(study) for entry in _of_page(item, study)]
    return {
        "schema": SCHEMA,
        "profile": study.profile,
        "commit": commit(),
        "numbers": [entry for entry in said if entry["value"] is not None],
        "statements": [{key: entry[key] for key in PLACE} for entry in said if entry["value"] is None],
    }


def write_report():
    """Write ``results/report.json``, with its record."""
    study = load_study()
    paths = [executed_path(study, item.page, item.cohort) for item in _pages(study)]
    inputs = [os.path.relpath(path, study.results) for path in paths if path.is_file()]
    write_result(".", REPORT, gather(), inputs=inputs)


def number_of(text):
    """Parts of a number as the house style says it, a percentage as one; nothing of words that are no number.

    Examples
    --------
    >>> number_of("82.4 % (78.0–87.0)")
    {'value': 82.4, 'unit': '%', 'low': 78.0, 'high': 87.0}
    >>> number_of("T1 at 77 %")
    {}
    """
    found = SAID.fullmatch(text.strip())
    parts = {key: part.strip() for key, part in found.groupdict().items() if part} if found else {}
    if "after" in parts:
        parts["unit"] = parts.pop("after")
    if "level" in parts:
        parts["level"] = float(parts["level"]) / 100
    if "total" in parts or "n" in parts:
        parts["n"] = int(parts.pop("total", None) or parts["n"])
    numbers = {key: float(parts[key].replace(",", "").replace("\u2212", "-")) for key in ("value", "low", "high")
               if parts.get(key, "not reached") != "not reached"}  # fmt: skip
    return {key: part for key, part in (parts | numbers).items() if part != "not reached"}


PLACE = ("id", "text", "cohort", "kind", "page", "place", "results", "commit", "source")
EMPTY = dict.fromkeys(("value", "low", "high", "level", "method", "n", "unit", "sign"))


def _of_page(item, study):
    import nbformat

    path = executed_path(study, item.page, item.cohort)
    if not path.is_file():
        return
    notebook = nbformat.read(path, as_version=4)
    outputs = [output for cell in notebook.cells if cell.cell_type == "code" for output in cell.outputs]
    for output in outputs:
        metadata = output.get("metadata", {})
        if key := metadata.get("scrapbook", {}).get("name"):
            (text,) = map(ast.literal_eval, output["data"].values())
            yield {
                "id": f"{item.cohort}/{item.page.name}/{key}",
                "text": text,
                **EMPTY,
                **number_of(text),
                **metadata.get(NUMBER, {}),
                "source": "printed" if key.startswith("paper_") else "computed",
                "cohort": item.cohort,
                "kind": str(load_spec(item.cohort).kind),
                "page": item.page.name,
                "place": f"notebooks/{item.cohort}/{item.page.name}.html",
                "results": [f"results/{item.cohort}/{name}" for name in item.page.writes],
                "commit": notebook.metadata.get("mvi", {}).get("commit", commit()),
            }


def _pages(study):
    """Pages of the study, without those that read the report themselves."""
    planned = [item for item in plan(study) if item.reason is None]
    return [item for item in planned if not any(name.endswith(REPORT) for name in item.page.reads)]

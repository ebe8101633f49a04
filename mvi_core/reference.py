"""What do those who build on the study look up: columns, the format of a cohort, how to cite, what made the book."""

import ast
import json
from importlib.metadata import version
from pathlib import Path

import pandas as pd
import yaml

import mvi_core
from mvi_core.cohort.spec import ANALYSES, READERS, load_spec
from mvi_core.names import CohortKind
from mvi_core.pages import executed_path, plan, study_cohorts
from mvi_core.results import VERSIONED, atomic_write, commit, read_record, result_path
from mvi_core.study import load_study

DICTIONARY = {"column": "Column", "meaning": "Meaning", "type": "Type", "unit": "Unit", "range": "Range or levels",
              "coding": "Coding", "paper_table": "Paper"}  # fmt: skip
EXAMPLE = "tcga-lihc.yaml"  # the description that the format page shows


def write_reference():
    """Write the pages that need no finished run, where the book expects them."""
    folder = load_study().executed
    for name, text in {"dictionary": dictionary_page(), "cohort_format": format_page(), "cite": cite_page()}.items():
        atomic_write(folder / f"{name}.md", text)


def write_provenance():
    """Write the provenance page of a finished run."""
    atomic_write(load_study().executed / "provenance.md", provenance_page())


def dictionary_page():
    """Every column of a patient table as MyST Markdown, from ``data_manifest/dictionary.csv``."""
    table = pd.read_csv(_manifest() / "dictionary.csv", dtype=str, keep_default_na=False)
    ends = [f"{low} to {high}" if low or high else "" for low, high in table[["low", "high"]].to_numpy()]
    table["range"] = [" / ".join(levels.split("|")) or span for levels, span in zip(table["levels"], ends, strict=True)]
    table["column"] = "`" + table["column"] + "`"
    words = (
        "One row a patient, one column a value. An empty cell is a missing value; a column that you lack is left out."
    )
    source = "Made from `data_manifest/dictionary.csv`, against which every table is checked when it is read."
    shown = table[list(DICTIONARY)].rename(columns=DICTIONARY)
    return f"# What does each column of a patient table mean?\n\n{words} {source}\n\n{_markdown(shown)}\n"


def format_page():
    """Keys of a cohort's description as MyST Markdown, from the code that reads it, with one that is shipped."""
    tree = ast.parse((Path(mvi_core.__file__).parent / "cohort" / "spec.py").read_text(encoding="utf-8"))
    source = (Path(mvi_core.__file__).parent / "cohort" / "spec.py").read_text(encoding="utf-8").splitlines()
    fields = next(node for node in tree.body if isinstance(node, ast.ClassDef) and node.name == "CohortSpec").body
    rows = [(f"`{node.target.id}`", ast.unparse(node.annotation), source[node.lineno - 1].partition("#:")[2].strip())
            for node in fields if isinstance(node, ast.AnnAssign) and node.target.id != "folder"]  # fmt: skip
    keys = _markdown(pd.DataFrame(rows, columns=["Key", "Type", "Meaning"]))
    allowed = [(f"`{name}`", ", ".join(_yaml_word(value) for value in values)) for name, values in ANALYSES.items()]
    analyses = _markdown(pd.DataFrame(allowed, columns=["Analysis", "May be"]))
    example = next((_manifest() / "cohorts").glob(EXAMPLE), sorted((_manifest() / "cohorts").glob("*.yaml"))[0])
    return (
        "# How is a cohort described?\n\n"
        "A cohort is one YAML file in `data_manifest/cohorts/`, named as its `id`, and the data that it points to. Its "
        f"`kind` is one of {', '.join(CohortKind)}; the reader of its source one of {', '.join(READERS)}, and yours is "
        "`table`: a CSV file beside the description, with the columns of [the dictionary](dictionary.md). Every fault "
        "is listed in one run (`mvi cohorts`).\n\n"
        f"## Keys\n\n{keys}\n\n## What a cohort supports\n\nA page that needs what a cohort lacks is left out, with "
        f"the reason on the [data page](data.md).\n\n{analyses}\n\n"
        f"## A description that is used\n\n```yaml\n{example.read_text(encoding='utf-8')}```\n"
    )


def cite_page():
    """How to cite book, package and paper as MyST Markdown, from ``CITATION.cff``."""
    cff = (load_study().root / "CITATION.cff").read_text(encoding="utf-8")
    told = yaml.safe_load(cff)
    names = ", ".join(
        author.get("name") or f"{author['family-names']} {author['given-names']}" for author in told["authors"]
    )
    papers = [
        f"- {paper['authors'][0]['family-names']} {paper['authors'][0]['given-names']} et al. {paper['title']}. "
        f"*{paper['journal']}* {paper['year']};{paper['volume']}:{paper['start']}. "
        f"[doi:{paper['doi']}](https://doi.org/{paper['doi']})"
        for paper in told["references"]
    ]
    return (
        f"# How do you cite it?\n\n{told['message']}\n\n- {names}. {told['title']}. Version {told['version']}, commit "
        f"{commit()}. {told['license']} licence.\n" + "\n".join(papers) + "\n\nThe real cohorts ask to be cited as the "
        f"[data page](data.md) says. For programs:\n\n```yaml\n{cff}```\n"
    )


def provenance_page():
    """Say what made this book, as MyST Markdown: commit, versions, data, devices, and the time of each page."""
    study = load_study()
    planned = [item for item in plan(study) if item.reason is None]
    pages = [row for row in map(_page_row, planned) if row]
    results = [row for item in planned for name in item.page.writes if (row := _result_row(item, name))]
    names = (*VERSIONED, "scipy", "statsmodels", "lifelines", "jupyter-book", "papermill", "snakemake")
    versions = pd.DataFrame([(name, version(name)) for name in names], columns=["Package", "Version"])
    data = pd.read_csv(_manifest() / "files.csv", dtype=str, keep_default_na=False)
    cohorts = [(spec.id, spec.kind, spec.title, spec.licence) for spec in map(load_spec, study_cohorts(study))]
    pages = pd.DataFrame(pages, columns=["Page", "Cohort", "Run on", "Seconds", "Commit", "Parameters"])
    parts = {
        "Cohorts": pd.DataFrame(cohorts, columns=["Id", "Kind", "Title", "Licence"]),
        "Files that were fetched": data[["path", "sha256", "bytes"]].set_axis(["File", "sha256", "Bytes"], axis=1),
        "Versions": versions,
        "Trainings": pd.DataFrame(_trainings(study), columns=["Cohort", "Model", "Device", "Seconds"]),
        "Pages": pages,
        "Results": pd.DataFrame(results, columns=["Result", "sha256", "Commit", "Made from"]),
    }
    total = f"{pages['Seconds'].sum() / 60:.1f} minutes of page time, one after the other"
    head = (
        f"# What made this book?\n\nCommit `{commit()}`, profile `{study.profile}`; {len(pages)} pages, {total}; "
        f"{len(results)} results of pages. Each result has a record beside it in `results/`, which this page was made "
        "from, and is refused when an input has changed since. A commit with `+` had changes that were not committed.\n"
    )
    return head + "".join(f"\n## {name}\n\n{_markdown(table)}\n" for name, table in parts.items())


def _page_row(item):
    path = executed_path(load_study(), item.page, item.cohort)
    if not path.is_file():
        return None
    told = json.loads(path.read_text(encoding="utf-8"))["metadata"]
    run = told.get("papermill", {})
    given = ", ".join(f"{name} {value}" for name, value in run.get("parameters", {}).items() if name != "cohort")
    link = f"[{item.page.name}]({item.cohort}/{item.page.name}.ipynb)"
    made = told.get("mvi", {}).get("commit", "")
    return link, item.cohort, str(run.get("start_time", ""))[:10], round(run.get("duration") or 0, 1), made, given


def _result_row(item, name):
    if not result_path(item.cohort, name).is_file():
        return None
    record = read_record(item.cohort, name)
    inputs = ", ".join(f"{Path(path).name} {digest[:8]}" for path, digest in record["inputs"].items())
    return f"{item.cohort}/{name}", record["sha256"][:16], record["commit"], inputs


def _trainings(study):
    """Device and seconds of each training that the results know."""
    for cohort in study_cohorts(study):
        for path in sorted(result_path(cohort, "training").glob("*.json")):
            told = json.loads(path.read_text(encoding="utf-8"))["parameters"]
            if not path.stem.endswith("_epochs") and "seconds" in told:
                yield cohort, path.stem, told.get("device", ""), told["seconds"]


def _manifest():
    return load_study().root / "data_manifest"


def _yaml_word(value):
    return f"`{yaml.safe_dump(value).splitlines()[0]}`"


def _markdown(table):
    """Table of Markdown; a bar in a cell is escaped."""
    rows = [list(table), ["---"] * table.shape[1], *table.astype(str).to_numpy().tolist()]
    return "\n".join(
        "| " + " | ".join(cell.replace("|", "\\|").replace("\n", " ") for cell in row) + " |" for row in rows
    )

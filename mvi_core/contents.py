"""What does the book contain: its table of contents, its Data page, and the summary after a run."""

import ast
from pathlib import Path

import yaml

import mvi_core
from mvi_core.cohort.spec import cohort_ids, load_spec, own_folders, unavailable
from mvi_core.finish import API_PACKAGES
from mvi_core.first_page import VERDICTS
from mvi_core.names import CohortKind
from mvi_core.pages import load_pages, plan, plan_page, study_cohorts
from mvi_core.report.page import model_words
from mvi_core.results import read_result, result_path
from mvi_core.study import load_study

QUESTION = ("paper_and_us", "notebooks/data")
REFERENCE = ("reproduce", "own_cohort", "glossary", "limits", "references")
BUILDERS = (
    "design", "notebooks/phantom/34_package", "notebooks/dictionary", "notebooks/cohort_format", "notebooks/provenance",
    "notebooks/cite", "contribute", "changelog",
)  # fmt: skip
TUTORIAL = "34_package"
PEOPLE = {CohortKind.REAL: "Real patients", CohortKind.OWN: "Your cohort"}
REBUILT = {CohortKind.RECONSTRUCTED: "Rebuilt from print", CohortKind.PHANTOM: "Phantom"}
READING = {  # a reader's order, whatever the numbers of the pages say; what is not named stands last
    "the patients": ("01_cohort", "02_table1", "28_afp_more", "32_grades", "29_missing"),
    "images and network": ("03_images", "26_faults", "13_network", "04_table2", "16_subsets", "15_attention"),
    "how good is it": (
        "05_external", "06_shift", "14_leakage", "08_table3", "17_added_value", "24_internal", "22_subgroups",
        "18_certainty", "25_side_by_side",
    ),
    "in the clinic": ("09_nomogram", "07_survival", "30_endpoints", "21_recurrence"),
    "the paper audited": (
        "10_paper_and_us", "11_solutions", "23_formula", "19_study_size", "12_other_paper", "20_reporting",
    ),
    "does the paper hold": ("31_readings", "27_afp_elsewhere", "33_fixed_formula"),
}  # fmt: skip


def contents():
    """Table of contents in the form that Jupyter Book reads, without the pages that a cohort cannot have."""
    parts = [("The question", [{"file": name} for name in QUESTION])]
    here = [item for item in plan(load_study()) if item.reason is None]
    for planned in _reading_order([item for item in here if item.page.name != TUTORIAL]):
        caption = _caption(planned)
        if parts[-1][0] != caption:
            parts.append((caption, []))
        chapter = f"notebooks/{planned.cohort}/{planned.page.name}"
        parts[-1][1].append({"file": chapter, "title": _title(planned)})
    parts.append(("Reference", [{"file": name} for name in REFERENCE]))
    made = {f"notebooks/{item.cohort}/{item.page.name}" for item in here}
    builders = [name for name in BUILDERS if not name.endswith(TUTORIAL) or name in made]
    parts.append(("For those who build on it", [{"file": name} for name in builders]))
    parts.append(("Code", [{"file": f"notebooks/api/{name}"} for name in API_PACKAGES]))
    return {
        "format": "jb-book",
        "root": "intro",
        "parts": [{"caption": name, "chapters": rows} for name, rows in parts],
    }


def data_page():
    """MyST Markdown of the Data page: each cohort with source, licence and citation, and what is left out, why."""
    study = load_study()
    lines = ["# Data: whose numbers are these?", "", _INTRODUCTION, ""]
    for spec in map(load_spec, study_cohorts(study)):
        lines += _cohort_section(spec, study)
    return "\n".join([*lines, "```{include} ../offered.md\n```"]) + "\n"


def api_page(package):
    """MyST Markdown of the reference of one of ``API_PACKAGES``, which the book fills from the docstrings."""
    folder = Path(mvi_core.__file__).parent.joinpath(*package.split("."))
    words = ast.get_docstring(ast.parse((folder / "__init__.py").read_text(encoding="utf-8")))
    lines = [f"# `mvi_core.{package}`", "", words, "", "Every example below is executed by `make test`.", ""]
    for path in sorted(path for path in folder.glob("*.py") if path.stem != "__init__"):
        name = f"mvi_core.{package}.{path.stem}"
        lines += [f"## {path.stem}", "", f"```{{eval-rst}}\n.. automodule:: {name}\n   :members:\n```", ""]
    return "\n".join(lines)


def cohort_lines():
    """One line a cohort and one a page that it cannot have, for the terminal."""
    lines = []
    for spec in map(load_spec, (*cohort_ids(), *own_folders())):
        lines.append(f"{spec.id:12} {spec.kind:14} {spec.title}")
        if reason := unavailable(spec):
            lines.append(f"             not here: {reason}")
            continue
        pages = [plan_page(page, spec, load_study()) for page in load_pages()]
        lines.append("             pages " + ", ".join(item.page.name for item in pages if not item.reason))
        lines += [f"             without {item.page.name}: {item.reason}" for item in pages if item.reason]
    return lines


def summary_lines():
    """Verdicts of the first page, line by line, for the terminal; nothing of them where none were made."""
    study, lines = load_study(), []
    if result_path(".", VERDICTS).is_file():
        for claim, part in read_result(".", VERDICTS).fillna("").groupby("claim", sort=False):
            lines.append(claim)
            lines += [f"  {row.kind:14}{row.cohort:14}{row.found:32}{row.verdict}" for row in part.itertuples()]
        lines.append("Reconstructed and phantom patients are made from the print; their numbers are no findings.")
    site = study.root / "_build" / "html" / "index.html"
    return [*lines, f"Open {site}"] if site.is_file() else lines


def write_contents():
    """Write the table of contents, the Data page, what builders look up and the pages of the code, for the book."""
    from mvi_core.reference import write_reference
    from mvi_core.results import atomic_write

    study = load_study()
    atomic_write(study.work / "book" / "_toc.yml", yaml.safe_dump(contents(), sort_keys=False))
    atomic_write(study.executed / "data.md", data_page())
    write_reference()
    for package in API_PACKAGES:
        atomic_write(study.executed / "api" / f"{package}.md", api_page(package))


_INTRODUCTION = (
    "No patient of the paper is public. Every page of this book therefore says at its top which cohort made it: "
    "**reconstructed** pseudo-patients carry the printed numbers and nothing else, **phantom** images carry effects "
    "that we planted, **real** patients come from public tables, and your **own** cohort can stand beside them. "
    "Only the last two can teach anything about patients."
)


def _reading_order(planned):
    """Pages by kind of cohort, then in a reader's order; pages of people by cohort."""
    kinds, names = list(CohortKind), [name for part in READING.values() for name in part]

    def place(item):
        kind, name = load_spec(item.cohort).kind, item.page.name
        whose = "~" if _together(item) else item.cohort  # what compares cohorts stands after each of them
        return kinds.index(kind), whose if kind in PEOPLE else "", names.index(name) if name in names else 99

    return sorted(planned, key=place)


def _together(planned):
    return bool(planned.page.others) and load_spec(planned.cohort).kind in PEOPLE


def _caption(planned):
    spec = load_spec(planned.cohort)
    if _together(planned):
        return "Real patients: does the paper hold?"
    if spec.kind in PEOPLE:
        return f"{PEOPLE[spec.kind]}: {spec.title}"
    part = next((part for part, names in READING.items() if planned.page.name in names), "more")
    return f"{REBUILT[spec.kind]}: {part}"


def _title(planned):
    spec, number = load_spec(planned.cohort), planned.page.name.split("_")[0]
    alone = spec.kind in PEOPLE and not _together(planned)
    return f"{number} {planned.page.question}" + (f" ({spec.title})" if alone else "")


def _cohort_section(spec, study):
    lines = [f"## {spec.title}", "", f"*{str(spec.kind).capitalize()} cohort* `{spec.id}`. {spec.summary}", ""]
    lines += [f"- {note}" for note in (*spec.notes, model_words(spec)) if note]
    lines += [f"- Licence: {spec.licence}", f"- Cite: {spec.citation}"]
    if reason := unavailable(spec):
        return [*lines, f"- **Left out of this build:** {reason}", ""]
    left_out = [item for item in (plan_page(page, spec, study) for page in load_pages()) if item.reason]
    reasons = [f"- Left out: *{item.page.question}* ({item.page.name}): {item.reason}" for item in left_out]
    folded = [f":::{{dropdown}} Chapters without this cohort: {len(reasons)}", *reasons, ":::"] if reasons else []
    return [*lines, "", *folded, ""]

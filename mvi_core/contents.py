"""What does the book contain: its table of contents, its Data page, and the summary after a run."""

import yaml

from mvi_core.cohort.spec import cohort_ids, load_spec, unavailable
from mvi_core.errors import MviError
from mvi_core.names import CohortKind
from mvi_core.pages import load_pages, plan, plan_page, study_cohorts
from mvi_core.results import read_result
from mvi_core.study import load_study

PARTS = {
    CohortKind.RECONSTRUCTED: "The printed study, rebuilt",
    CohortKind.PHANTOM: "Images and network",
    CohortKind.REAL: "Real patients",
    CohortKind.OWN: "Your cohort",
}
FRONT = ("paper_and_us", "notebooks/data")
BACK = ("reproduce", "glossary", "limits", "references")


def contents():
    """Table of contents in the form that Jupyter Book reads.

    Returns
    -------
    dict
        Pages that are left out for a cohort do not appear.
    """
    parts = [{"caption": "The question", "chapters": [{"file": name} for name in FRONT]}]
    shown = [planned for planned in plan(load_study()) if planned.reason is None]
    for kind, caption in PARTS.items():
        chapters = [
            {"file": f"notebooks/{planned.cohort}/{planned.page.name}", "title": _title(planned, kind)}
            for planned in shown
            if load_spec(planned.cohort).kind == kind
        ]
        if chapters:
            parts.append({"caption": caption, "chapters": chapters})
    parts.append({"caption": "Reference", "chapters": [{"file": name} for name in BACK]})
    return {"format": "jb-book", "root": "intro", "parts": parts}


def data_page():
    """Text of the Data page: each cohort with source, licence and citation, and what is left out, why.

    Returns
    -------
    str
        MyST Markdown.
    """
    study = load_study()
    lines = ["# Data: whose numbers are these?", "", _INTRODUCTION, ""]
    for spec in map(load_spec, study_cohorts(study)):
        lines += _cohort_section(spec, study)
    return "\n".join(lines) + "\n"


def cohort_lines():
    """One line a cohort and one a page that it cannot have, for the terminal.

    Returns
    -------
    list of str
    """
    lines = []
    for spec in map(load_spec, cohort_ids()):
        lines.append(f"{spec.id:12} {spec.kind:14} {spec.title}")
        if reason := unavailable(spec):
            lines.append(f"             not here: {reason}")
            continue
        pages = [plan_page(page, spec, load_study()) for page in load_pages()]
        lines.append("             pages " + ", ".join(item.page.name for item in pages if not item.reason))
        lines += [f"             without {item.page.name}: {item.reason}" for item in pages if item.reason]
    return lines


def summary_lines():
    """Headline results beside the print, for the terminal.

    Returns
    -------
    list of str
    """
    from mvi_core.report import paper_value

    study = load_study()
    lines = [f"{'result':<44}{'paper prints':>14}{'paper':>16}{'phantom':>16}", "-" * 90]
    for label, printed, name, query, column in _HEADLINES:
        cells = [_headline(cohort, name, query, column) for cohort in ("paper", "phantom")]
        lines.append(f"{label:<44}{paper_value(printed):>14}{cells[0]:>16}{cells[1]:>16}")
    lines += [
        "-" * 90,
        "paper: pseudo-patients rebuilt from the printed numbers; phantom: simulated images. Neither is a finding.",
    ]
    site = study.root / "_build" / "html" / "index.html"
    return [*lines, f"Open {site}"] if site.is_file() else lines


def write_contents():
    """Write the table of contents and the Data page where the book expects them."""
    from mvi_core.results import atomic_write

    study = load_study()
    atomic_write(study.work / "book" / "_toc.yml", yaml.safe_dump(contents(), sort_keys=False))
    atomic_write(study.executed / "data.md", data_page())


_INTRODUCTION = (
    "No patient of the paper is public. Every page of this book therefore says at its top which cohort made it: "
    "**reconstructed** pseudo-patients carry the printed numbers and nothing else, **phantom** images carry effects "
    "that we planted, **real** patients come from public tables, and your **own** cohort can stand beside them. "
    "Only the last two can teach anything about patients."
)
_AFP = "variable == 'afp_gt_20' and odds_ratio != 1"
_THREE = "sequences == 'T1+T1V+T1D' and repeat == 0"
_HEADLINES = (
    ("AFP > 20 ng/mL, univariable odds ratio", "table1_afp_or", "table1.csv", _AFP, "odds_ratio"),
    (
        "AFP > 20 ng/mL, multivariable odds ratio",
        "table3_afp_or",
        "table3.csv",
        "variable == 'afp_gt_20'",
        "odds_ratio",
    ),
    ("DL-MVI, multivariable odds ratio", "table3_dl_mvi_or", "table3.csv", "variable == 'dl_mvi'", "odds_ratio"),
    ("T1 + T1V + T1D, accuracy in 2015", "table2_t1_t1d_t1v_accuracy", "table2.csv", _THREE, "accuracy"),
    ("accuracy in 2018", "external_accuracy", "external.csv", "metric == 'accuracy'", "value"),
    ("AUC of AFP + DL-MVI", "model_auc", "performance.csv", "metric == 'auc'", "value"),
)


def _title(planned, kind):
    number, question = planned.page.name.split("_")[0], planned.page.question
    return f"{number} {question}" + (
        f" ({load_spec(planned.cohort).title})" if kind in (CohortKind.REAL, CohortKind.OWN) else ""
    )


def _cohort_section(spec, study):
    lines = [f"## {spec.title}", "", f"*{str(spec.kind).capitalize()} cohort* `{spec.id}`. {spec.summary}", ""]
    lines += [f"- {note}" for note in spec.notes]
    lines += [f"- Licence: {spec.licence}", f"- Cite: {spec.citation}"]
    if reason := unavailable(spec):
        return [*lines, f"- **Left out of this build:** {reason}", ""]
    left_out = [item for item in (plan_page(page, spec, study) for page in load_pages()) if item.reason]
    lines += [f"- Left out: *{item.page.question}* ({item.page.name}): {item.reason}" for item in left_out]
    return [*lines, ""]


def _headline(cohort, name, query, column):
    try:
        found = read_result(cohort, name).query(query)[column]
    except MviError:
        return "–"
    if found.empty:
        return "–"
    number = float(found.iloc[0])
    return f"{100 * number:.2f}%" if "accuracy" in (column, query.split("'")[1]) else f"{number:.3f}"

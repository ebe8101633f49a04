"""Which pages does the book have, which cohort can support which, and how is one executed."""

import ast
import os
import sys
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

import yaml

from mvi_core.cohort.predictors import find_predictor
from mvi_core.cohort.spec import COHORT_VARIABLE, load_spec, unavailable
from mvi_core.errors import PageError
from mvi_core.names import SEQUENCES, CohortKind
from mvi_core.results import atomic_write, read_record, result_path, write_result
from mvi_core.study import load_study, setting

PEOPLE = (CohortKind.REAL, CohortKind.OWN)
TOO_FEW = ("MviError", "ConvergenceError")  # what statistics say of data that do not carry them
ANALYSIS_WORDS = {
    "images": "no images",
    "survival": "no follow-up that supports survival analysis",
    "enrolment": "no enrolment years",
    "trained": "no network of its own (the model is frozen)",
    "external": "no patients whom its network has not seen in training",
    "years": "no two enrolment years with a network of their own",
    "all_sequences": "not all six sequences",
    "mvi_grade": "no MVI grade",
    "dl_mvi": "no DL-MVI",
}


@dataclass(frozen=True)
class Page:
    """One page of the book, as ``config/pages.yaml`` describes it."""

    name: str
    question: str
    needs: list
    reads: list
    writes: list
    parameters: dict
    cohorts: dict = field(default_factory=dict)
    people: str = ""  #: why it is for real and own patients only; empty where it is for all
    predictors: list = field(default_factory=list)  #: that the cohort must have

    @property
    def others(self):
        """Ids of further cohorts whose results the page reads, in order; ``*``, every cohort that is here, is none."""
        places = [name.split("/") for name in self.reads if "*" not in name]
        return list(dict.fromkeys(parts[1] for parts in places if parts[0] == ".." and len(parts) == 3))


@dataclass(frozen=True)
class PlannedPage:
    """One page for one cohort; ``reason`` says why it is left out, or is None."""

    page: Page
    cohort: str
    parameters: dict
    reason: str | None


def load_pages():
    """Pages of the book in reading order: tuple of `Page`."""
    path = load_study().root / "config" / "pages.yaml"
    rows = yaml.safe_load(path.read_text(encoding="utf-8"))["pages"]
    return tuple(Page(**row) for row in rows)


def find_page(name):
    """Page of a full name or its number: ``02_table1`` or ``02``; a `PageError` lists those that exist."""
    pages = load_pages()
    for page in pages:
        if name in (page.name, page.name.split("_")[0]):
            return page
    known = ", ".join(page.name for page in pages)
    raise PageError(f"There is no page '{name}'. Choose one of {known}.")


def study_cohorts(study):
    """Ids of the cohorts of the study, those named in the environment variable ``MVI_COHORT`` included."""
    extra = [Path(word).resolve().name if os.sep in word else word for word in _named_cohorts()]
    return list(dict.fromkeys([*study.settings["cohorts"], *extra]))


def plan(study):
    """Every page for every cohort of the study, with the reason where it is left out: list of `PlannedPage`."""
    specs = [load_spec(cohort) for cohort in study_cohorts(study)]
    return [plan_page(page, spec, study) for spec in specs for page in load_pages()]


def plan_page(page, spec, study):
    """One `Page` for one cohort (`CohortSpec`): its parameters from the settings, or why it is left out."""
    parameters = {name: setting(study, key) for name, key in page.parameters.items()}
    return PlannedPage(page, spec.id, parameters, unavailable(spec) or _unsupported(page, spec, study))


def run_page(name, cohort, *, overrides=None, study=None):
    """Execute one page, by name or number, for one cohort, whole or not at all; the path of the executed notebook.

    ``overrides`` replace notebook parameters of the settings. A `PageError` says that the page or a parameter is
    unknown, that the cohort cannot support the page, or which cell failed.
    """
    study = study or load_study()
    planned = plan_page(find_page(name), load_spec(cohort), study)
    if planned.reason:
        raise PageError(f"Page {planned.page.name} is left out for cohort {cohort}: {planned.reason}")
    if reason := _rests_on_nothing(planned):
        return _left_out(planned, study, reason)
    parameters = {"cohort": cohort, **planned.parameters, **(overrides or {})}
    import jupytext  # here: the workflow plans pages without it

    notebook = jupytext.read(study.root / "notebooks" / f"{planned.page.name}.py")
    notebook.metadata["kernelspec"] = {"name": "python3", "language": "python", "display_name": "Python 3"}
    known = _parameter_names(notebook)
    if unknown := [name for name in parameters if name not in known]:
        listed = ", ".join(sorted(known))
        raise PageError(f"Page {planned.page.name} has no parameter '{unknown[0]}'. Its parameters are {listed}.")
    return _execute(notebook, parameters, planned, study)


def executed_path(study, page, cohort):
    """Where the executed notebook of a `Page` lies."""
    return study.executed / cohort / f"{page.name}.ipynb"


def _named_cohorts():
    return os.environ.get(COHORT_VARIABLE, "").split()


def _unsupported(page, spec, study):
    if page.cohorts and spec.id not in page.cohorts:
        (only, why), *_ = page.cohorts.items()
        return f"made for cohort {only} only: {why}"
    if page.people and spec.kind not in PEOPLE:
        return f"made for real patients only: {page.people}"
    if spec.only and page.name not in spec.only["pages"]:
        return spec.only["because"]
    skipped = study.settings.get("leave_out", {}).get(spec.id, {})
    if page.name in skipped:
        return skipped[page.name]
    lacking = [ANALYSIS_WORDS[need] for need in page.needs if not _supports(spec)[need]]
    lacking += [f"no {find_predictor(name).label}" for name in page.predictors if name not in spec.predictors]
    if lacking:
        return f"the cohort has {' and '.join(lacking)}"
    absent = [other for other in page.others if other not in study_cohorts(study) or unavailable(load_spec(other))]
    return f"it needs cohort {absent[0]} too, whose data are not here" if absent else None


def _supports(spec):
    """Tell what a cohort has: the analyses of its description, and what follows from them."""
    images, frozen = spec.analyses["images"], spec.frozen
    enrolment = bool(spec.analyses["enrolment"])
    return {**spec.analyses, "trained": images and not frozen, "external": images and (frozen or enrolment),
            "years": images and enrolment and not frozen, "all_sequences": spec.sequences == SEQUENCES}  # fmt: skip


def _parameter_names(notebook):
    cell = next(cell for cell in notebook.cells if "parameters" in cell.metadata.get("tags", []))
    nodes = [node for node in ast.walk(ast.parse(cell.source)) if isinstance(node, ast.Assign | ast.AnnAssign)]
    return {(node.targets[0] if isinstance(node, ast.Assign) else node.target).id for node in nodes}


def _execute(notebook, parameters, planned, study):
    import nbformat
    import papermill

    from mvi_core.finish import finish

    target = executed_path(study, planned.page, planned.cohort)
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target.parent) as folder, tempfile.TemporaryDirectory() as sockets:
        source, output = Path(folder) / "source.ipynb", Path(folder) / target.name
        nbformat.write(notebook, source)
        try:
            papermill.execute_notebook(
                source, output, parameters=parameters, kernel_name="python3", language="python", progress_bar=False,
                cwd=study.root, log_output=False, config=_own_sockets(sockets),
            )  # fmt: skip
        except papermill.PapermillExecutionError as problem:
            if _is_own(planned) and problem.ename in TOO_FEW:
                return _left_out(planned, study, str(problem.evalue))
            where = f"Page {planned.page.name} for cohort {planned.cohort} stopped in cell {problem.exec_count}"
            raise PageError(f"{where}: {problem.ename}: {problem.evalue}") from problem
        executed = nbformat.read(output, as_version=4)
        finish(executed, planned.cohort)
        nbformat.write(executed, output)
        output.replace(target)
    return target


def _is_own(planned):
    return load_spec(planned.cohort).kind == CohortKind.OWN


def _rests_on_nothing(planned):
    """Why a page of an own cohort cannot be made: a chapter before it could not; None where all is there."""
    for name in planned.page.reads if _is_own(planned) else ():
        path = result_path(planned.cohort, name)
        if path.is_file() and (reason := read_record(planned.cohort, name)["parameters"].get("left_out")):
            return f"It reads {name}, which these patients do not give: {reason}"
    return None


def _left_out(planned, study, reason):
    """Write the page of a chapter that these patients, mostly too few, cannot fill: it says why."""
    import nbformat
    import pandas as pd

    from mvi_core.report.page import banner

    for name in planned.page.writes:
        empty = pd.DataFrame(columns=["left_out"]) if name.endswith(".csv") else {}
        write_result(planned.cohort, name, empty, parameters={"left_out": reason})
    title = f"# {planned.page.question}\n\n{banner(load_spec(planned.cohort), study.profile)}"
    words = f"**Left out.** The data of this cohort do not carry this chapter. {reason}"
    cells = [nbformat.v4.new_markdown_cell(text, id=f"cell-{place}") for place, text in enumerate((title, words))]
    target = executed_path(study, planned.page, planned.cohort)
    atomic_write(target, nbformat.writes(nbformat.v4.new_notebook(cells=cells)))
    print(f"mvi: {planned.page.name} for {planned.cohort} is left out: {reason}", file=sys.stderr)
    return target


def _own_sockets(folder):
    """Kernel settings without network ports, for which kernels started side by side would race."""
    from traitlets.config import Config

    return Config(KernelManager={"transport": "ipc", "ip": f"{folder}/kernel"})

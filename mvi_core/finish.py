"""What is changed in an executed notebook before the book takes it: captions, order of cells, how to rerun the page."""

import ast
import html
import json
import re
import shlex
from pathlib import Path

from nbformat.v4 import new_code_cell, new_markdown_cell

from mvi_core.cohort.spec import load_spec
from mvi_core.report.page import SAID
from mvi_core.results import commit
from mvi_core.study import STUDY_VARIABLE, load_study

WARNED_FROM = re.compile(
    r"^/\S+\.py:\d+: ", re.MULTILINE
)  # where a warning came from, on the machine that ran the page
API_PACKAGES = ("cohort", "dataset", "model", "stats", "stats.audit", "report", "figures")  # one API page each

HIDDEN = {"tags": ["remove-input"]}


def finish(notebook, cohort):
    """Name the cohort in captions and labels, give each figure a cell of its own, say how to rerun the page.

    The executed ``notebook`` is changed in place, and the machine's paths are dropped.
    """
    spec = load_spec(cohort)
    run = notebook.metadata.get("papermill", {})
    run.pop("input_path", None)
    page = Path(run.pop("output_path", "page.ipynb")).stem
    cells = []
    for cell in notebook.cells:
        cell.metadata.pop("papermill", None)
        cells.append(cell)
        for output in cell.get("outputs", ()):
            if output.output_type == "stream":
                output.text = WARNED_FROM.sub("", output.text)
        settings = cell.metadata.get("mystnb", {})
        if figure := settings.get("figure"):
            said = _said_of_the_figure(cell)
            settings["image"] = {"alt": said["alt"]}
            words, mark, other = figure["caption"].partition(" *Cohort:")  # a figure of somebody else says so itself
            cohort = f"{mark}{other}" if mark else f" *Cohort: {spec.title} ({spec.kind}).*"
            figure["caption"] = f"{words.rstrip()} {said['n']}".rstrip() + cohort
            figure["name"] = re.sub(r"[^a-z0-9-]", "-", f"{figure['name']}-{spec.id}")
            cells += _beneath(cell)
    used = sorted({name for cell in cells if cell.cell_type == "code" for name in _modules(cell.source)})
    notebook.cells = [*_head(cells), _foot(page, run, used)]
    notebook.metadata["mvi"] = {"page": page, "cohort": cohort, "commit": commit()}


def rerun_lines(page, parameters):
    """Commands that run a page alone from the project folder, with the parameters of a run."""
    study = load_study()
    given = [shlex.join(_given(name, value)) for name, value in parameters.items()]
    settings = [] if study.profile == "book" else [f"{STUDY_VARIABLE}={study.path.relative_to(study.root)}"]
    return [
        f"jupytext --to ipynb --set-kernel python3 notebooks/{page}.py -o {page}.ipynb",
        " \\\n  ".join([*settings, f"papermill {page}.ipynb {page}_executed.ipynb -k python3", *given]),
    ]


def _given(name, value):
    """Words by which papermill takes a parameter: a list or a mapping as YAML."""
    listed = isinstance(value, list | tuple | dict)
    return ["-y", f"{name}: {json.dumps(value)}"] if listed else ["-p", name, str(value)]


def _foot(page, run, used):
    """Cell at the foot of a page: when, in what time and with which commands it was made, and with what code."""
    said = f"{str(run.get('start_time', ''))[:10]} in {run.get('duration') or 0:.0f} s, commit {commit()}"
    lines = html.escape("\n".join(rerun_lines(page, run.get("parameters", {}))))
    code = ", ".join(f'<a href="../api/{_api_page(name)}.html#module-mvi_core.{name}">{name}</a>' for name in used)
    return new_markdown_cell(
        f'<details class="provenance"><summary>Run on {said}. Run it yourself</summary>'
        f"<p>From the project folder, after <code>make book</code>; the last words are the parameters of this run:</p>"
        f"<pre>{lines}</pre><p>What it calls, with examples: {code or 'no package code'}.</p></details>",
        id=f"rerun-{page[:40]}".replace("_", "-"),
    )


def _modules(source):
    """Modules of the API pages that a cell imports, without the package's name."""
    nodes = [node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.ImportFrom) and node.module]
    names = [name for node in nodes for name in (node.module, *(f"{node.module}.{item.name}" for item in node.names))]
    folder = Path(__file__).parent
    inside = [name.removeprefix("mvi_core.") for name in names if _api_page(name.removeprefix("mvi_core."))]
    return [name for name in inside if folder.joinpath(*name.split(".")).with_suffix(".py").is_file()]


def _api_page(module):
    """Return the API page on which a module stands: that of the longest package it lies in."""
    return max((name for name in API_PACKAGES if module.startswith(f"{name}.")), key=len, default="")


def _head(cells):
    """Cells with the banner straight beneath the title; the foot says the parameters that were put in.

    The paper's section and the files, which stand beneath the title in the source, get a style of their own.
    """
    for cell in cells:
        if "injected-parameters" in cell.metadata.get("tags", []):
            cell.metadata["tags"].append("remove-cell")
    shown = [(cell, output) for cell in cells for output in cell.get("outputs", []) if "cohort-banner" in str(output)]
    title, _, rest = cells[0].source.partition("\n")
    head = [new_markdown_cell(title, id="title")]
    for cell, output in shown:
        cell.outputs.remove(output)
        head.append(new_code_cell("# which cohort made this page", outputs=[output], metadata=HIDDEN))
    sources = [new_markdown_cell(f"{{.sources}}\n{rest.strip()}", id="sources")] if rest.strip() else []
    return [*head, *sources, *cells[1:]]


def _said_of_the_figure(cell):
    """Take out what `show_figure` says of the figure of a cell, for its caption and its alternative text."""
    said = [output.metadata.pop(SAID) for output in cell.outputs if SAID in output.get("metadata", {})]
    return said[0] if said else {"alt": "", "n": ""}


def _beneath(cell):
    """Cell for what stands under a figure, with a source, since MyST-NB drops empty cells and wraps every output."""
    beneath = [output for output in cell.outputs if "image/png" not in output.get("data", {})]
    cell.outputs = [output for output in cell.outputs if output not in beneath]
    if not beneath:
        return []
    return [new_code_cell("# what made the figure above", outputs=beneath, metadata=HIDDEN)]

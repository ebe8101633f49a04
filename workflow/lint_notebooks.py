"""Do the notebooks keep the house rules: one parameters cell, short cells, no hidden code, signed figures."""

import ast
import re
import sys
from pathlib import Path

import jupytext

ROOT = Path(__file__).parent.parent
MOST_LINES, MOST_LINES_CELL, MOST_LOOP_LINES = 80, 15, 3
TYPED_NUMBER = re.compile(r"(?<![\w`{§.])\d+[.,]?\d*\s?(%|months|patients)")
ENDING = ("## Answer", "**What it is worth.**", "**What this page cannot show.**")
WORDS = re.compile(r"\s*$|#|alt \+?= ")  # blank, comment, or what a figure says to those who cannot see it
ESCAPE = re.compile(r"pip install|[\"']/\w+/|^\s*[%!]", re.MULTILINE)


def faults_of(path):
    """Faults of one notebook, each a sentence."""
    notebook = jupytext.read(path)
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    yield from _layout(path, notebook, code)
    lengths = [sum(1 for line in cell.source.splitlines() if not WORDS.match(line)) for cell in code]
    if sum(lengths) > MOST_LINES:
        yield f"{sum(lengths)} lines of code, at most {MOST_LINES}"
    for number, (cell, length) in enumerate(zip(code, lengths, strict=True), start=1):
        if length > MOST_LINES_CELL:
            yield f"code cell {number} has {length} lines, at most {MOST_LINES_CELL}"
        yield from (f"code cell {number} {fault}" for fault in _cell(cell))
    for cell in notebook.cells:
        if cell.cell_type == "markdown" and (found := TYPED_NUMBER.search(re.sub(r"`[^`]*`", "", cell.source))):
            yield f"prose types the number '{found[0]}'; publish it and glue it"


def _layout(path, notebook, code):
    first = notebook.cells[0]
    if first.cell_type != "markdown" or not re.match(r"# .+\?", first.source):
        yield "the first cell must be a title that asks a question"
    tagged = [cell for cell in code if "parameters" in cell.metadata.get("tags", [])]
    if len(tagged) != 1 or tagged[0] is not code[0]:
        yield "the first code cell, and no other, must be tagged parameters"
    for node in ast.walk(ast.parse(tagged[0].source if tagged else "")):
        if isinstance(node, ast.Assign | ast.AnnAssign) and not _is_literal(node.value):
            yield f"the parameters cell computes '{ast.unparse(node.value)}'; plain literals only"
    words = "\n".join(cell.source for cell in notebook.cells if cell.cell_type == "markdown")
    places = [words.find(part) for part in ENDING]
    if min(places) < 0 or places != sorted(places):
        yield f"the page must end with {', '.join(ENDING)}, in this order"
    if path.read_text(encoding="utf-8").startswith("# ---"):
        yield "no header: the runner adds the kernel"


def _is_literal(node):
    try:
        ast.literal_eval(node)
    except ValueError:
        return False
    return True


def _cell(cell):
    if ESCAPE.search(cell.source):
        yield "installs something, names an absolute path or runs a magic"
        return  # a magic is no Python
    for node in ast.walk(ast.parse(cell.source)):
        if isinstance(node, ast.FunctionDef | ast.ClassDef | ast.Try | ast.Lambda):
            yield f"holds a {type(node).__name__}; move it to mvi_core with a test"
        if isinstance(node, ast.For | ast.While) and node.end_lineno - node.lineno + 1 > MOST_LOOP_LINES:
            yield f"holds a loop of more than {MOST_LOOP_LINES} lines; move it to mvi_core with a test"
        if isinstance(node, ast.Call) and ast.unparse(node.func).endswith("show_figure"):
            yield from _figure(cell, node)


def _figure(cell, call):
    if not cell.metadata.get("mystnb", {}).get("figure", {}).get("caption"):
        yield "shows a figure without caption"
    told = {keyword.arg: keyword.value for keyword in call.keywords}.get("alt", ast.Constant(""))
    if not any(isinstance(node, ast.Name) for node in ast.walk(told)):
        yield "shows a figure whose alt text says no number of the run"
    if "figures.stamp(" not in cell.source:
        yield "shows a figure that is not stamped with the kind of cohort"


def main():
    """Print every fault; exit status 1 if there is one."""
    found = [f"{path.name}: {fault}" for path in sorted((ROOT / "notebooks").glob("*.py")) for fault in faults_of(path)]
    print("\n".join(found) or "notebooks keep the rules")
    return bool(found)


if __name__ == "__main__":
    sys.exit(main())

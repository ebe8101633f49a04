"""What is changed in an executed notebook before the book takes it: captions, order of cells, paths of the machine."""

import re

from nbformat.v4 import new_code_cell

from mvi_core.cohort.spec import load_spec


def finish(notebook, cohort):
    """Name the cohort in captions and labels, give each figure a cell of its own, drop the machine's paths.

    Parameters
    ----------
    notebook : nbformat.NotebookNode
        Executed; it is changed in place.
    cohort : str
        Cohort id.
    """
    spec = load_spec(cohort)
    for key in ("input_path", "output_path"):
        notebook.metadata.get("papermill", {}).pop(key, None)
    cells = []
    for cell in notebook.cells:
        cell.metadata.pop("papermill", None)
        cells.append(cell)
        figure = cell.metadata.get("mystnb", {}).get("figure")
        if figure:
            if "Cohort:" not in figure["caption"]:  # a figure of somebody else says so itself
                figure["caption"] = f"{figure['caption'].rstrip()} *Cohort: {spec.title} ({spec.kind}).*"
            figure["name"] = re.sub(r"[^a-z0-9-]", "-", f"{figure['name']}-{spec.id}")
            cells += _beneath(cell)
    notebook.cells = _banner_first(cells)


def _banner_first(cells):
    """Cells with the parameters of the run below the cell that shows the banner."""
    injected = next((cell for cell in cells if "injected-parameters" in cell.metadata.get("tags", [])), None)
    if injected is None:
        return cells
    cells = [cell for cell in cells if cell is not injected]
    place = next((row for row, cell in enumerate(cells) if "open_page(" in cell.source), 1)
    return [*cells[: place + 1], injected, *cells[place + 1 :]]


def _beneath(cell):
    """Cell for what stands under a figure, with a source, since MyST-NB drops empty cells and wraps every output."""
    beneath = [output for output in cell.outputs if "image/png" not in output.get("data", {})]
    cell.outputs = [output for output in cell.outputs if output not in beneath]
    if not beneath:
        return []
    return [new_code_cell("# what made the figure above", outputs=beneath, metadata={"tags": ["remove-input"]})]

"""What does ``mvi check`` say of a cohort of one's own: findings, chapters, and a contact sheet of every box."""

import hashlib
import html
import json
import os
import re
from collections import Counter
from dataclasses import asdict, replace

import numpy as np
import pandas as pd

from mvi_core.cohort.folder import find_cohort
from mvi_core.cohort.own import read_door
from mvi_core.cohort.predictors import predictor_table
from mvi_core.cohort.spec import COHORT_VARIABLE, load_spec, own_folders
from mvi_core.cohort.study_table import Finding
from mvi_core.cohort.table import typed_patients
from mvi_core.contents import plan_page
from mvi_core.errors import CohortError, MviError
from mvi_core.names import DL_MVI
from mvi_core.pages import load_pages
from mvi_core.results import atomic_write, csv_text
from mvi_core.stats.doubts import doubts
from mvi_core.study import load_study
from mvi_core.verbs.progress import bar

SHOWN_WARNINGS = 5  # of one kind
SHEET_ROWS = 12  # patients on a page of the contact sheet


def check_cohort(folder):
    """Check a cohort folder, by id or path; give what was found, and by page why it cannot be made, or None.

    Writes ``check.json``, ``pseudonyms.csv``, ``contact_sheet.html`` and its pictures into the folder. A description
    that cannot be read is a finding like any other, and ends the check.
    """
    from mvi_core.dataset.folder_check import FolderCheck, check_folder

    folder = find_cohort(folder)
    if own_folders().get(folder.id) != folder.path:  # a folder elsewhere: known to all that this command starts
        os.environ[COHORT_VARIABLE] = f"{os.environ.get(COHORT_VARIABLE, '')} {folder.path}"
    try:
        spec = load_spec(folder.id)
    except MviError as problem:
        return FolderCheck((Finding("error", "", "", "cohort.yaml", str(problem)),), (), (), {}, {}, 0), {}
    with bar("series", "series") as progress:
        found = check_folder(folder, spec, progress=progress)
    found = replace(found, findings=(*found.findings, *_of_statistics(folder, spec)))
    _write_names(folder, found)
    if spec.analyses["images"]:
        write_contact_sheet(folder, spec, found)
    study = load_study()
    return found, {page.name: plan_page(page, spec, study).reason for page in load_pages()}


def _of_statistics(folder, spec):
    """Tell what will limit or spoil the statistics; nothing where the table has faults, which are told elsewhere."""
    terms = [name for name in spec.multivariable if name != DL_MVI]
    try:
        patients, faults = typed_patients(read_door(spec, folder.key)[0], spec)
        if faults or not terms:
            return []
        events = patients[["rfs_event", "os_event"]] if spec.analyses["survival"] else ()
        told = doubts(predictor_table(patients, terms), patients["mvi_present"], events=events)
    except MviError as problem:
        return [] if isinstance(problem, CohortError) else [Finding("error", "", "", "patients.csv", str(problem))]
    return [Finding("warning", "", "", "patients.csv", *words) for words in told]


def report_lines(found, chapters, *, as_json=False):
    """Lines of a report, for people or as JSON; and whether nothing must be mended.

    ``found`` has findings, ``good`` and ``dropped`` patients; ``chapters`` says by page why it cannot be made, or None.
    """
    sound = not found.errors
    if as_json:
        findings = [asdict(one) for one in found.findings]
        patients = {"usable": list(found.good), "not_usable": list(found.dropped)}
        content = {"sound": sound, "findings": findings, "patients": patients, "chapters": chapters}
        return [json.dumps(content, indent=1)], sound
    lines = [one.encode("utf-8", "backslashreplace").decode() for one in _told(found.findings)]
    lines += [f"chapter {name}: {f'left out, {why}' if why else 'can be made'}" for name, why in chapters.items()]
    n_errors, n_patients = len(found.errors), len(found.good) + len(found.dropped)
    counts = f"{n_errors} error(s), {len(found.findings) - n_errors} warning(s)"
    return [*lines, f"{counts}; {len(found.good)} of {n_patients} patients can be used."], sound


def _told(findings):
    """Every error, and of each kind of warning the first few with the number of the others."""
    kinds = Counter()
    for one in findings:
        kind = one.severity == "warning" and (
            one.remedy,
            re.sub(r"\bP[0-9a-f]{10}\b|\bsequence \w+|\d+", "", one.message),
        )
        kinds[kind] += 1
        if not kind or kinds[kind] <= SHOWN_WARNINGS:
            yield str(one)
    for (remedy, _), count in ((kind, count) for kind, count in kinds.items() if kind):
        if count > SHOWN_WARNINGS:
            yield f"warning: {count - SHOWN_WARNINGS} more of a kind (`--json` names them all): {remedy}".strip()


def write_contact_sheet(folder, spec, found):
    """Write one row a patient and one column a sequence, every box drawn, under pseudonyms, as pictures and a page."""
    sequences = list(map(str, spec.sequences))
    patients, sheet = [*found.good, *found.dropped], folder.path / "contact_sheet.html"
    shown = [[key, fact["state"], fact["box"]] for key, fact in sorted(found.facts.items())]
    state = hashlib.sha256(json.dumps([patients, shown]).encode()).hexdigest()
    if sheet.is_file() and state in sheet.read_text(encoding="utf-8"):
        return  # nothing that it shows has changed
    for old in folder.path.glob("contact_sheet_*.png"):
        old.unlink()
    pages = [patients[start : start + SHEET_ROWS] for start in range(0, len(patients), SHEET_ROWS)]
    parts = []
    for number, page in enumerate(pages, start=1):
        name = f"contact_sheet_{number:02d}.png"
        n_boxes = _draw(folder, spec, found, page, folder.path / name)
        words = f"Page {number} of {len(pages)}: {len(page)} patients, {', '.join(sequences)}, {n_boxes} boxes drawn"
        parts.append(f'<h2>{words}</h2>\n<img src="{name}" alt="{words}: one row a patient, one column a sequence">')
    title, name = html.escape(f"{spec.title}: every box that was drawn"), html.escape(spec.id)
    atomic_write(sheet, _SHEET.format(title=title, name=name, parts="\n".join(parts), state=state))


_SHEET = """<!doctype html>
<html lang="en"><meta charset="utf-8"><title>{title}</title>
<style>body{{font-family:sans-serif;max-width:60em;margin:auto}}img{{width:100%}}</style>
<h1>{title}</h1>
<p>One slice of each series in use, with the box of <code>rois.csv</code>. A dark tile: no series, or one that could not
be read. No frame: no box. Made by <code>mvi check {name}</code>; it stays in this folder.</p>
{parts}
<!-- {state} -->
</html>
"""


def _draw(folder, spec, found, page, path):
    """Draw one page of the contact sheet; the number of boxes on it."""
    import matplotlib.pyplot as plt

    from mvi_core import figures
    from mvi_core.dataset.folder_check import TILE_PX, tile_path

    mosaic, boxes = np.zeros((len(page) * TILE_PX, len(spec.sequences) * TILE_PX), np.uint8), []
    for row, who in enumerate(page):
        for column, sequence in enumerate(spec.sequences):
            key, at = (who, str(sequence)), np.array([row, column]) * TILE_PX
            if key not in found.facts or not tile_path(folder, key).is_file():
                continue
            mosaic[at[0] : at[0] + TILE_PX, at[1] : at[1] + TILE_PX] = np.load(tile_path(folder, key))
            if found.facts[key]["box"]:
                boxes.append(np.add(found.facts[key]["box"], [*at, *at]))
    height = 0.8 + 1.15 * len(page)
    figure, axes = plt.subplots(figsize=(8, height), layout="constrained")
    figures.contact_sheet(mosaic, axes, boxes=boxes, rows=page, columns=list(map(str, spec.sequences)))
    figures.stamp(axes, str(spec.kind))
    unfinished = path.with_name(f".{path.name}")
    figure.savefig(unfinished, format="png", dpi=130, bbox_inches="tight")
    plt.close(figure)
    unfinished.replace(path)
    return len(boxes)


def _write_names(folder, found):
    """Write who is who, for the person who holds the folder."""
    table = pd.DataFrame(list(found.names.items()), columns=["pseudonym", "patient_id"])
    atomic_write(folder.path / "pseudonyms.csv", csv_text(table))
    (folder.path / "pseudonyms.csv").chmod(0o600)

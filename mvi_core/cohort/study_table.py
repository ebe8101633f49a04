"""Which patients does a study's manifest name, where do their series lie, and which rows are wrong."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path, PurePosixPath

import numpy as np
import pandas as pd

from mvi_core.cohort.dictionary import dictionary
from mvi_core.cohort.plain_yaml import read_yaml
from mvi_core.cohort.table import EVENT_PAIRS, ID_PATTERN, ROW, cell_faults, id_faults, read_table
from mvi_core.errors import CohortError
from mvi_core.names import PATIENT_ID, SEQUENCES

OTHER_NAMES = {"age": "age_years"}
OTHER_WORDS = {
    "mvi_grade": {"0": "M0", "1": "M1", "2": "M2"},
    "sex": {"m": "male", "f": "female", "M": "male", "F": "female"},
}
FREE = ("center", "notes", "surgery_date")
DIRS = {f"{str(name).lower()}_dir": str(name) for name in SEQUENCES}
DATE = re.compile(r"(19|20)\d\d-\d\d-\d\d", re.ASCII)
MAX_TABLE_BYTES = 64 * 2**20


@dataclass(frozen=True)
class Finding:
    """One thing that is wrong ("error") or doubtful ("warning") in a study's data, and how to mend it."""

    severity: str
    patient: str  #: pseudonym; empty where the whole cohort is concerned
    series: str
    place: str  #: file, or row of a table
    message: str
    remedy: str = ""

    def __str__(self):
        where = " ".join(part for part in (self.patient and f"patient {self.patient}", self.series, self.place) if part)
        where = where.replace("\n", r"\n")  # a name must not write a line of its own
        text = f"{self.severity}: {where}: {self.message} {self.remedy}".strip()
        return "".join(one if one.isprintable() or one == "\n" else ascii(one)[1:-1] for one in text)


@dataclass(frozen=True)
class StudyRow:
    """One patient of a manifest: pseudonym, row, and the folder of each sequence."""

    patient_id: str
    row: int
    folders: Mapping


def read_manifest(root):
    """Patients and findings of ``manifest.csv`` (or ``manifest.yaml``, where there is one) in a study's folder.

    Columns are those of the data dictionary and ``<sequence>_dir``, the folder of each sequence below `root`. Every
    row is looked at, so that one run tells all faults.

    Returns
    -------
    tuple
        Of `StudyRow`, for rows with a usable identifier; and of `Finding`.
    """
    root = Path(root)
    path = root / "manifest.yaml"
    path = path if path.exists() else root / "manifest.csv"
    try:
        frame = _frame(path)
    except CohortError as problem:
        return (), (Finding("error", "", "", path.name, str(problem)),)
    names = {row: str(frame[PATIENT_ID][row]) for row in frame.index} if PATIENT_ID in frame else {}
    found = [_of_row(text, names, path.name) for text in _cells(frame)] + list(_columns(frame, path.name))
    rows = []
    for row, name in names.items():
        folders, faults = _folders(frame.loc[row], root.resolve())
        found += [Finding("error", name, series, f"{path.name} row {row}", *words) for series, words in faults]
        if ID_PATTERN.fullmatch(name) and pd.notna(frame[PATIENT_ID][row]):  # others have a fault, and name no file
            rows.append(StudyRow(name, row, folders))
    return tuple(rows), tuple(found)


def _frame(path):
    if path.is_symlink() or not path.is_file() or path.stat().st_size > MAX_TABLE_BYTES:
        raise CohortError(
            f"{path.name} is missing, a link, or larger than {MAX_TABLE_BYTES} bytes. Put the file there."
        )
    frame = _from_texts(read_yaml(path, as_text=True), path.name) if path.suffix == ".yaml" else read_table(path)
    header = [OTHER_NAMES.get(name.strip().lower(), name.strip().lower()) for name in frame.columns]
    if twice := sorted({name for name in header if header.count(name) > 1}):
        raise CohortError(f"{path.name}: column '{twice[0]}' is a duplicate. Keep one of the two.")
    frame = frame.set_axis(header, axis=1)
    words = {
        name: frame[name].map(lambda cell, of=of: of.get(cell, cell))
        for name, of in OTHER_WORDS.items()
        if name in frame
    }
    return frame.assign(**words)


def _from_texts(content, name):
    patients = content.get("patients") if isinstance(content, dict) else None
    if not isinstance(patients, list) or not patients or not all(isinstance(one, dict) for one in patients):
        raise CohortError(f"{name} must hold `patients:` with one `key: value` block for each. Compare the template.")
    frame = pd.DataFrame(patients, dtype=object)
    if not frame.map(lambda cell: isinstance(cell, str) or cell is np.nan).to_numpy(bool).all():
        raise CohortError(f"{name}: a value is no plain text or number. Write one value for each key.")
    frame.index = pd.Index(range(2, len(frame) + 2), name=ROW)
    return frame.mask(frame == "")


def _cells(frame):
    known = dictionary().index
    faults = list(id_faults(frame[PATIENT_ID])) if PATIENT_ID in frame else []
    typed = {}
    for name in frame.columns.intersection(known):
        typed[name], found = cell_faults(frame[name], dictionary().loc[name])
        faults += found
    if "mvi_grade" in frame:
        empty = frame.index[frame["mvi_grade"].isna()]
        faults += [f"row {row}, mvi_grade: empty label, expected one of M0, M1, M2. Fill it in." for row in empty]
    for row, cell in frame.get("surgery_date", pd.Series(dtype=object)).dropna().items():
        if not _is_past_date(cell):
            faults.append(f"row {row}, surgery_date: expected a past date as 2015-03-31. Write year, month, day.")
    for months, event in EVENT_PAIRS:
        if {months, event} <= set(frame):
            half = frame.index[frame[months].isna() != frame[event].isna()]
            faults += [f"row {row}, {months} and {event}: one is empty. Fill in both or neither." for row in half]
    if {"os_months", "rfs_months"} <= set(typed):
        short = frame.index[typed["os_months"] < typed["rfs_months"]]
        faults += [f"row {row}, os_months is below rfs_months. Correct one of the two." for row in short]
    return faults


def _is_past_date(cell):
    try:
        return bool(DATE.fullmatch(cell)) and date.fromisoformat(cell) <= date.today()
    except ValueError:  # 30 February
        return False


def _of_row(text, names, place):
    first = re.match(r"rows? (\d+)", text)
    return Finding("error", names.get(int(first[1]), "") if first else "", "", place, text)


def _columns(frame, place):
    for name in (PATIENT_ID, "mvi_grade", *DIRS):
        if name not in frame and not (name == "mvi_grade" and "mvi_present" in frame):
            yield Finding("error", "", "", place, f"required column '{name}' is missing.", "Add it.")
    for name in frame.columns:
        if name not in dictionary().index and name not in FREE and name not in DIRS:
            shown = name if re.fullmatch(r"[a-z0-9_]{1,40}", name) else f"of {len(name)} characters"
            twin = "" if not _tells_label(frame, name) else " Its values tell the label (leak)."
            yield Finding("warning", "", "", place, f"unknown column {shown} is ignored.{twin}", "Remove it.")


def _tells_label(frame, name):
    label = frame.get("mvi_grade", frame.get("mvi_present"))
    return label is not None and label.nunique() > 1 and bool((label.groupby(frame[name]).nunique() == 1).all())


def _folders(cells, root):
    """Folder of each sequence by name, and (sequence, (message, remedy)) for each path that may not be followed."""
    folders, faults = {}, []
    for column, series in DIRS.items():
        text = cells.get(column)
        if not isinstance(text, str):
            faults.append((series, (f"no folder is given ({column} is empty).", "Name it, or leave the patient out.")))
            continue
        path = PurePosixPath(text.replace("\\", "/"))
        if ".." in path.parts or path.is_absolute() or ":" in text or "\0" in text:
            faults.append((series, (f"{column} leads outside the data root (absolute, '..' or an address).", _BELOW)))
            continue
        folder = root / path
        if _follows_link(folder, root):
            faults.append((series, (f"{column} is a link, perhaps to outside the data root, or too long.", _BELOW)))
        elif folder in folders.values():
            faults.append((series, (f"{column} is the same folder as that of another sequence.", "Give each its own.")))
        else:
            folders[series] = folder
    return folders, faults


def _follows_link(folder, root):
    below = [one for one in (folder, *folder.parents) if one.is_relative_to(root) and one != root]
    try:
        return not folder.resolve().is_relative_to(root) or any(one.is_symlink() for one in below)
    except (OSError, RuntimeError):  # a loop of links; no name that a file can have
        return True


_BELOW = "Copy the series below the root and name its folder from there."

"""Is a patient table what it claims to be: the door for every cohort's rows."""

import csv
import io
import re
import unicodedata

import pandas as pd

from mvi_core.cohort.dictionary import dictionary
from mvi_core.cohort.enrolment import ENROLMENT_PATTERN
from mvi_core.cohort.spec import description_path, did_you_mean, numbered
from mvi_core.errors import CohortError
from mvi_core.names import DL_MVI, ENROLMENT, PATIENT_COLUMNS, PATIENT_ID, SURVIVAL_COLUMNS

ROW = "row"  # name of an index that holds row numbers as a spreadsheet shows them; the header is row 1
TEXT_TYPES = ("id", "category")
NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?")
COMMA_NUMBER = re.compile(r"[+-]?\d+,\d+")
THOUSANDS = re.compile(r"[+-]?[1-9]\d{0,2},\d{3}")
DATE = re.compile(r"\d{1,4}[-/.]\d{1,2}[-/.]\d{1,4}")
ID_PATTERN = re.compile(r"\w(?:[\w .-]{0,62}\w)?")
SHOWN_WORDS = {"yes", "no", "na", "n/a", "nan", "none", "null", "unknown", "male", "female", "m", "f", "true", "false",
               "positive", "negative", "absent", "present", "dead", "alive", "-", "+", "."}  # fmt: skip
EVENT_PAIRS = (("os_months", "os_event"), ("rfs_months", "rfs_event"))


def read_table(path):
    """Cells of a patient table as text, without guessing: a CSV file as a table indexed by row number (``row``).

    UTF-8 with or without byte-order mark; comma separated with decimal point, or semicolon or tab separated with
    decimal point or comma, which becomes a point. Nothing becomes missing but the empty cell; ``NA`` and leading zeros
    stay.

    Raises
    ------
    CohortError
        If there is no such file, or it has another encoding, a stray quote, a row of another length, a column twice,
        or commas that may be decimal commas or thousands.
    """
    text = _decode(path)
    first = text.partition("\n")[0]
    delimiter = next((one for one in ";\t" if one in first), ",")
    try:
        reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
        lines = [(reader.line_num, [cell.strip() for cell in line]) for line in reader]
    except csv.Error as problem:
        where = f"{path.name}, line {reader.line_num}"
        raise CohortError(f"{where}: {problem}. Close or remove the quote in this row.") from problem
    lines = {number: line for number, line in lines if any(line)}
    if len(lines) < 2:
        raise CohortError(
            f"{path.name} is empty: it holds no patient. The first row names the columns, each other a patient."
        )
    header = next(iter(lines.values()))
    twice = sorted({name for name in header if header.count(name) > 1})
    faults = [f"column '{name}' stands {header.count(name)} times. Keep one." for name in twice]
    faults += _swallowed(lines, delimiter)
    uneven = {number: len(line) for number, line in lines.items() if len(line) != len(header)}
    remedy = "Look for a stray or missing separator."
    faults += [f"row {number}: {n} cells, expected {len(header)}. {remedy}" for number, n in uneven.items()]
    _raise(path.name, faults)
    frame = pd.DataFrame.from_dict(lines, orient="index", columns=header, dtype=object).rename_axis(ROW).iloc[1:]
    if delimiter != ",":
        frame = _decimal_points(frame, path.name)
    return frame.mask(frame == "")


def validate_patients(frame, spec):
    """Patient table with the package's columns and types, or the list of everything wrong with it.

    Parameters
    ----------
    frame : pandas.DataFrame
        One row a patient; texts or numbers. Needs ``patient_id`` and ``mvi_grade`` or ``mvi_present``.
    spec : CohortSpec
        What the cohort supports: grade, survival, enrolment, DL-MVI as a column.

    Returns
    -------
    pandas.DataFrame
        ``PATIENT_COLUMNS`` (and ``dl_mvi`` where the cohort has it as a column) in order: texts as str,
        ``mvi_present`` as int, other numbers as float, missing as NaN.

    Raises
    ------
    CohortError
        With one numbered line for each fault: row, column, found, expected, remedy.
    """
    typed, faults = typed_patients(frame, spec)
    _raise(f"Cohort '{spec.id}'", faults)
    return typed.astype({"mvi_present": int}).reset_index(drop=True)


def typed_patients(frame, spec):
    """Patient table with the package's types, indexed by row number, and its faults; a faulty cell is missing."""
    columns = (*PATIENT_COLUMNS, DL_MVI) if spec.analyses["dl_mvi"] == "column" else PATIENT_COLUMNS
    rows = frame.index if frame.index.name == ROW else range(2, len(frame) + 2)
    faults = _column_faults(frame, columns, spec)
    table = frame.reindex(columns=columns).set_axis(pd.Index(rows, name=ROW))
    typed = {}
    for name in columns:
        typed[name], found = cell_faults(table[name], dictionary().loc[name])
        faults += found
    typed = pd.DataFrame(typed)
    faults += id_faults(typed[PATIENT_ID])
    typed, found = _labels(typed, table.isna(), spec)
    faults += found if {"mvi_grade", "mvi_present"} & set(frame) else []
    return typed, faults + _survival_faults(typed, table.isna())


def _decode(path):
    if not path.is_file():
        raise CohortError(f"{path.name} does not exist, or is no regular file. Give the path of a CSV file.")
    raw = path.read_bytes()
    if b"\0" in raw:
        raise CohortError(
            f"{path.name} holds NUL bytes (UTF-16 or a damaged file), expected UTF-8. Save it as 'CSV UTF-8'."
        )
    try:
        return raw.decode("utf-8-sig").replace("\r\n", "\n").replace("\r", "\n")
    except UnicodeDecodeError as problem:
        line = raw[: problem.start].count(b"\n") + 1
        raise CohortError(
            f"{path.name}, line {line}: not UTF-8 (perhaps Latin-1). Save it as 'CSV UTF-8'."
        ) from problem


def _swallowed(lines, delimiter):
    """Faults of rows with a quote that closes in a later row: what lies between became one cell."""
    for number, line in lines.items():
        whole = len(line) - 1  # separators of a row
        if whole > 4 and any("\n" in cell and cell.count(delimiter) in range(whole, 10**6, whole) for cell in line):
            yield f"row {number}: a cell holds a whole row. Close or remove a quote before it."


def _decimal_points(frame, name):
    others = frame.drop(columns=PATIENT_ID, errors="ignore")
    cells = others.to_numpy().ravel()
    commas = [cell for cell in cells if COMMA_NUMBER.fullmatch(cell)]
    points = [cell for cell in cells if NUMBER.fullmatch(cell) and "." in cell]
    if commas and (points or all(THOUSANDS.fullmatch(cell) for cell in commas)):
        raise CohortError(
            f"{name}: '{commas[0]}' may hold a decimal comma or a thousands comma. Write numbers with a decimal point."
        )
    swapped = others.map(lambda cell: cell.replace(",", ".") if COMMA_NUMBER.fullmatch(cell) else cell)
    return frame.assign(**swapped)


def _column_faults(frame, columns, spec):
    unknown = [(number, name) for number, name in enumerate(frame, start=1) if name not in columns]
    faults = [
        f"column {number}, {_shown(name)}, is unknown{did_you_mean(name, columns)}. Rename or remove it."
        for number, name in unknown
    ]
    needed = {
        "mvi_grade": spec.analyses["mvi_grade"],
        ENROLMENT: spec.analyses["enrolment"],
        DL_MVI: spec.analyses["dl_mvi"] == "column",
        **dict.fromkeys(SURVIVAL_COLUMNS, spec.analyses["survival"]),
    }
    lacking = [name for name, wanted in needed.items() if wanted and name not in frame]
    off = f"Add it, or switch its analysis off in {description_path(spec).name}."
    faults += [f"column '{name}' is missing. {off}" for name in lacking]
    if PATIENT_ID not in frame:
        faults.append("column 'patient_id' is missing. Give every patient a pseudonym.")
    if not {"mvi_grade", "mvi_present"} & set(frame):
        faults.append("columns 'mvi_grade' and 'mvi_present' are both missing. Add one of them.")
    return faults


def cell_faults(column, entry):
    """Column as its type, and the faults of single cells; a faulty cell becomes missing."""
    levels = entry["levels"].split("|") if entry["levels"] else []
    expected = "one of " + ", ".join(levels)
    if entry["type"] in TEXT_TYPES:
        texts = values = column.dropna().map(str).astype(object)
        good = texts.isin(levels) if levels else texts.notna()
        if column.name == ENROLMENT:
            good, expected = texts.map(lambda cell: bool(ENROLMENT_PATTERN.fullmatch(cell))), "a year such as 2015"
    else:
        texts = column.dropna().map(lambda cell: cell if isinstance(cell, str) else f"{float(cell):.17g}")
        values = texts.where(texts.map(lambda cell: bool(NUMBER.fullmatch(cell)))).astype(float)
        good = (
            values.isin([float(level) for level in levels]) if levels else values.between(entry["low"], entry["high"])
        )
        expected = expected if levels else f"{entry['low']:g} to {entry['high']:g} {entry['unit']}".strip()
    faults = [_cell_fault(row, column.name, texts[row], expected) for row in texts.index[~good]]
    return values[good].reindex(column.index), faults


def as_number(cell):
    """Float that a cell holds; a ValueError where it is none, as for ``1_4``, which Python would read as 14."""
    if not NUMBER.fullmatch(str(cell)):
        raise ValueError
    return float(cell)


def _cell_fault(row, name, cell, expected):
    remedy = "Correct it, or leave the cell empty."
    if re.fullmatch(r"[<>≤≥]\s*[\d.,]+", cell):
        remedy = "Write the limit itself as the number and say so in the notes, or leave the cell empty."
    elif DATE.fullmatch(cell):
        remedy = "Dates are not read: write the time as a number."
    return f"row {row}, {name}: {_shown(cell)}, expected {expected}. {remedy}"


def _shown(cell):
    """Cell as a message may show it; free text, which may be a name, is not repeated."""
    coded = re.fullmatch(r"(?=.*[\d_])[\w<>≤≥=~.,:/+%-]{1,20}", str(cell))
    return f"'{cell}'" if coded or str(cell).lower() in SHOWN_WORDS else f"a text of {len(str(cell))} characters"


def id_faults(ids):
    """Sentences on identifiers that are empty, malformed, or stand twice in whatever writing."""
    faults = [f"row {row}, {PATIENT_ID}: empty. Give every patient a pseudonym." for row in ids.index[ids.isna()]]
    first = {}
    for row, name in ids.dropna().items():
        where = f"{PATIENT_ID}: {ascii(name)[:40]}"
        if not ID_PATTERN.fullmatch(name):
            faults.append(f"row {row}, {where}, expected up to 64 letters, digits, ' ', '.', '_' or '-'. Rename it.")
        key = "".join(unicodedata.normalize("NFKC", name).casefold().split())
        if key in first:
            faults.append(f"rows {first[key]} and {row}, {where}: the same patient twice. Keep one row a patient.")
        first.setdefault(key, row)
    return faults


def _labels(typed, empty, spec):
    """Table with MVI presence filled in from the grade, and the faults of the two labels."""
    grade, present = typed["mvi_grade"], typed["mvi_present"]
    from_grade = grade.map({"M0": 0.0, "M1": 1.0, "M2": 1.0}).astype(float)
    faults = [
        f"row {row}, mvi_grade {grade[row]} and mvi_present {present[row]:g}: they contradict each other. Correct one."
        for row in typed.index[from_grade.notna() & present.notna() & (from_grade != present)]
    ]
    bare = typed.index[empty["mvi_grade"] & empty["mvi_present"]]
    faults += [f"row {row}, mvi_present: empty, expected 0 or 1. Leave out patients without a label." for row in bare]
    if spec.analyses["mvi_grade"]:
        lacking = typed.index[empty["mvi_grade"] & ~empty["mvi_present"]]
        faults += [f"row {row}, mvi_grade: empty, expected one of M0, M1, M2. Fill it in." for row in lacking]
    return typed.assign(mvi_present=present.fillna(from_grade)), faults


def _survival_faults(typed, empty):
    faults = []
    for months, event in EVENT_PAIRS:
        half = typed.index[empty[months] != empty[event]]
        faults += [f"row {row}, {months} and {event}: one of them is empty. Fill in both or neither." for row in half]
    for row in typed.index[typed["os_months"] < typed["rfs_months"]]:
        found = f"os_months {typed['os_months'][row]:g} is below rfs_months {typed['rfs_months'][row]:g}"
        faults.append(f"row {row}, {found}, expected OS at least as long as RFS. Correct one of the two.")
    return faults


def _raise(where, faults):
    if faults:
        raise CohortError(f"{where}: {len(faults)} fault(s) in the patient table.\n{numbered(faults)}")

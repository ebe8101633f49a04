"""Where do a hospital's own patients lie: the cohort folder, its tables, and the pseudonyms that may leave it."""

import hmac
import json
import os
import re
import secrets
import shutil
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd

from mvi_core.cohort.dictionary import dictionary
from mvi_core.cohort.predictors import PREDICTORS
from mvi_core.cohort.spec import COHORTS_VARIABLE, ID_PATTERN, cohort_ids, did_you_mean, own_folders
from mvi_core.cohort.study_table import Finding
from mvi_core.cohort.table import ROW, read_table
from mvi_core.errors import CohortError, ManifestError
from mvi_core.manifest import project_root
from mvi_core.names import DL_MVI, PATIENT_ID, SEQUENCES
from mvi_core.results import atomic_write

SERIES_COLUMNS = (
    "series", PATIENT_ID, "sequence", "use", "confidence", "reason", "n_slices", "rows", "columns", "spacing_mm",
    "seconds_after_contrast", "set_aside",
)  # fmt: skip
FILES_COLUMNS = ("series", "path", "frame")
ROI_COLUMNS = (PATIENT_ID, "sequence", "slice_index", "row0", "col0", "row1", "col1")
KEY_FILE = "pseudonym.key"
KEY_BYTES = 32
_LEVELS = {"sequence": tuple(map(str, SEQUENCES)), "use": ("yes", "no"), "confidence": ("high", "medium", "low")}
_IMAGES_ROOT = re.compile(r"(?m)^(images:[^\n]*\n(?:[ \t#][^\n]*\n)*?[ \t]+root:[ ]*)[^#\n]*")
_OUTSIDE = re.compile(r"^/|^[A-Za-z]:|://|\\|(?:^|[/!])\.\.(?:/|$)")
_WHOLE = re.compile(r"\d{1,6}(\.0+)?")


@dataclass(frozen=True)
class CohortFolder:
    """Folder of one own cohort."""

    path: Path
    id: str  #: the folder's name
    key: bytes = field(repr=False)  #: makes the pseudonyms; never leaves the folder

    def pseudonym(self, identifier):
        """Pseudonym of one of this cohort's patients, see `pseudonym`."""
        return pseudonym(self.key, identifier)


def pseudonym(key, identifier):
    """Keyed pseudonym of a patient: P and ten hexadecimal digits, the same for the same key (bytes) and identifier.

    HMAC-SHA256, so that nobody without the key can try identifiers one by one.

    >>> pseudonym(b"key", " 0042 ") == pseudonym(b"key", "0042")
    True
    >>> len(pseudonym(b"key", "0042"))
    11
    """
    return "P" + hmac.new(key, str(identifier).strip().encode(), "sha256").hexdigest()[:10]


def cohorts_root():
    """Folder of the cohort folders: that of the variable ``MVI_COHORTS``, else ``cohorts`` below the project."""
    if named := os.environ.get(COHORTS_VARIABLE):
        return Path(named).resolve()
    try:
        return project_root() / "cohorts"
    except ManifestError:
        return Path.cwd() / "cohorts"


def own_cohorts():
    """Sorted identifiers of the cohort folders that are known, see `own_folders`: tuple of str."""
    return tuple(sorted(own_folders()))


def new_cohort(name):
    """Make the folder of a new cohort, with everything in it that a person fills in; whole or not at all.

    Parameters
    ----------
    name : str
        Identifier of the cohort and name of its folder: up to 40 lower-case letters, digits and ``-``.

    Returns
    -------
    CohortFolder

    Raises
    ------
    CohortError
        If the name breaks that form, is a cohort of the book, or the folder exists.
    """
    if not ID_PATTERN.fullmatch(str(name)):
        raise CohortError(
            f"A cohort's name is up to 40 lower-case letters, digits and '-', got {ascii(name)[:42]}. "
            "Choose another, such as my-hospital."
        )
    if name in cohort_ids():
        raise CohortError(f"Cohort '{name}' is one of the book's own. Choose another name.")
    path = cohorts_root() / name
    if path.exists() or path.is_symlink():
        raise CohortError(f"The folder cohorts/{name} is already there. Go on with `mvi scan {name}`, or move it away.")
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = Path(tempfile.mkdtemp(prefix=f".{name}-", dir=path.parent))  # mode 0700
    try:
        _fill(unfinished, name)
        unfinished.rename(path)
    except BaseException:
        shutil.rmtree(unfinished, ignore_errors=True)
        raise
    return find_cohort(name)


def find_cohort(name):
    """Folder of an own cohort.

    Parameters
    ----------
    name : str or path
        Identifier of a folder that `own_cohorts` lists, or a path to such a folder.

    Returns
    -------
    CohortFolder

    Raises
    ------
    CohortError
        If there is none, or its key is missing or damaged.
    """
    path = own_folders().get(str(name)) or Path(name).resolve()
    if not (path / "cohort.yaml").is_file():
        near = did_you_mean(Path(name).name, own_cohorts())
        raise CohortError(f"There is no cohort folder '{Path(name).name[:40]}'{near or '.'} Make one with `mvi new`.")
    if not ID_PATTERN.fullmatch(path.name):
        raise CohortError("A cohort folder's name is up to 40 lower-case letters, digits and '-'. Rename the folder.")
    return CohortFolder(path, path.name, _key(path))


def set_images_root(folder, root):
    """Write the folder of DICOM into ``images.root`` of ``cohort.yaml``; every other line stays as it is."""
    path = folder.path / "cohort.yaml"
    text = path.read_text(encoding="utf-8")
    named = json.dumps(str(Path(root).resolve()), ensure_ascii=False)  # a text in quotation marks is YAML too
    changed, n_changed = _IMAGES_ROOT.subn(lambda found: f"{found[1]}{named} ", text, count=1)
    atomic_write(path, changed if n_changed else f"{text.rstrip()}\nimages:\n  root: {named}\n")


def read_series_table(folder):
    """Series that were found and decided on, from ``series.csv``.

    Parameters
    ----------
    folder : CohortFolder

    Returns
    -------
    tuple
        The rows without a fault: `pandas.DataFrame` of texts, columns ``SERIES_COLUMNS``, empty text where nothing
        stands, indexed by row number. And `Finding`, one for each fault.
    """
    frame, found = _cells(folder.path / "series.csv", SERIES_COLUMNS, "Run `mvi scan`.")
    faults = {row: _series_fault(cells) for row, cells in zip(frame.index, frame.to_dict("records"), strict=True)}
    used = frame[(frame["use"] == "yes") & ~frame.index.isin([row for row, fault in faults.items() if fault])]
    for row in used.index[used.duplicated([PATIENT_ID, "sequence"], keep=False)]:
        words = "two series of this patient and sequence have use yes."
        faults[row] = (words, "Leave yes at the right one and write no at the other.")
    for row in frame.index[frame.duplicated("series", keep="first")]:
        faults[row] = ("its series stands in an earlier row too.", "Remove one of the two rows.")
    return _good(folder.pseudonym, "series.csv", frame, faults, found)


def read_files_table(folder):
    """Files of each series volume, from ``files.csv``; columns ``FILES_COLUMNS``, see `read_series_table`."""
    frame, found = _cells(folder.path / "files.csv", FILES_COLUMNS, "Run `mvi scan`.")
    bad = (frame["path"] == "") | ~frame["frame"].str.fullmatch(r"\d*")
    faults = {row: ("path is empty, or frame is no whole number.", "Run `mvi scan` again.") for row in frame.index[bad]}
    for row in frame.index[frame["path"].str.contains(_OUTSIDE)]:
        faults[row] = ("path leads outside images.root ('..', absolute or an address).", "Run `mvi scan` again.")
    return _good(folder.pseudonym, "files.csv", frame, faults, found)


def read_rois_table(folder):
    """Boxes in half-open pixels from ``rois.csv``; ``ROI_COLUMNS``, numbers as int; see `read_series_table`."""
    return read_boxes(folder.path / "rois.csv", folder.pseudonym)


def read_boxes(path, pseudonym=str):
    """Boxes from a table at any path, as `read_rois_table`; findings name patients by their ``pseudonym``."""
    frame, found = _cells(path, ROI_COLUMNS, "Run `mvi rois`, or fill it in.")
    faults = {row: _roi_fault(cells) for row, cells in zip(frame.index, frame.to_dict("records"), strict=True)}
    for row in frame.index[frame.duplicated(list(ROI_COLUMNS[:3]), keep="first")]:
        faults[row] = ("an earlier row holds a box of the same slice.", "Keep one of the two.")
    good, found = _good(pseudonym, path.name, frame, faults, found)
    return good.astype({name: float for name in ROI_COLUMNS[2:]}).astype({n: int for n in ROI_COLUMNS[2:]}), found


def _fill(path, name):
    template = project_root() / "data_manifest" / "template"
    predictors = "\n".join(f"  - {one.name:<14} # {one.label}: {one.level}" for one in PREDICTORS)
    for file in ("cohort.yaml", "README.md"):
        text = (template / file).read_text(encoding="utf-8").format(id=name, predictors=predictors)
        (path / file).write_text(text, encoding="utf-8")
    columns = [column for column in dictionary().index if column != DL_MVI]
    (path / "patients.csv").write_text(",".join(columns) + "\n", encoding="utf-8")
    (path / "rois.csv").write_text(",".join(ROI_COLUMNS) + "\n", encoding="utf-8")
    shutil.copyfile(project_root() / "data_manifest" / "dictionary.csv", path / "dictionary.csv")
    (path / ".gitignore").write_text("*\n", encoding="utf-8")
    (path / "masks").mkdir()
    key = path / KEY_FILE
    key.touch(mode=0o600)
    key.write_text(secrets.token_hex(KEY_BYTES) + "\n", encoding="ascii")


def _key(path):
    try:
        key = bytes.fromhex((path / KEY_FILE).read_text(encoding="ascii").strip())
    except (OSError, ValueError):
        key = b""
    if len(key) != KEY_BYTES:
        raise CohortError(
            f"{path.name}/{KEY_FILE} is missing or damaged, so the patients' pseudonyms are lost. Put your copy back."
        )
    return key


def _cells(path, columns, remedy):
    """Cells of a table as text, and the finding that says why there are none."""
    name, empty = path.name, pd.DataFrame(columns=list(columns), dtype=str).rename_axis(ROW)
    if path.is_symlink() or not path.is_file():
        return empty, [Finding("error", "", "", name, "the table is missing, or a link.", remedy)]
    try:
        if _is_bare(path):
            return empty, []
        frame = read_table(path)
    except CohortError as problem:
        return empty, [Finding("error", "", "", name, str(problem))]
    if lacking := [column for column in columns if column not in frame]:
        return empty, [Finding("error", "", "", name, f"column {', '.join(lacking)} is missing.", remedy)]
    return frame[list(columns)].fillna("").astype(str), []


def _is_bare(path):
    """Tell whether a table holds its header and nothing else."""
    with path.open("rb") as stream:
        head = stream.readline(), stream.read(1000)
    return bool(head[0].strip()) and not head[1].strip(b" \t\r\n;,")


def _series_fault(cells):
    for name, levels in _LEVELS.items():
        if cells[name] not in (*levels, "") or (name == "use" and not cells[name]):
            return f"{name} must be one of {', '.join(levels)}.", "Correct the cell."
    if cells["use"] == "yes" and not cells["sequence"]:
        return "use is yes and sequence is empty.", "Write the sequence, or use no."
    named = cells["series"] and (cells[PATIENT_ID] or cells["use"] == "no")
    return None if named else ("series or patient_id is empty.", "Scan again.")


def _roi_fault(cells):
    if cells["sequence"] not in _LEVELS["sequence"]:
        return f"sequence must be one of {', '.join(SEQUENCES)}.", "Correct the cell."
    for name in ROI_COLUMNS[2:]:
        if not _WHOLE.fullmatch(cells[name]):
            return f"{name} must be a whole number from 0.", "Correct the cell; boxes are half-open pixels."
    return None if cells[PATIENT_ID] else ("patient_id is empty.", "Fill it in.")


def _good(pseudonym, name, frame, faults, found):
    """Rows without a fault, and the findings with the pseudonym of the row's patient."""
    faults = {row: fault for row, fault in faults.items() if fault}
    for row, words in faults.items():
        who = pseudonym(frame.at[row, PATIENT_ID]) if frame.get(PATIENT_ID, {}).get(row) else ""
        found.append(Finding("error", who, "", f"{name} row {row}", *words))
    return frame[~frame.index.isin(list(faults))], tuple(found)

"""What lies in a folder of DICOM: every series found, with what it probably is, written for a person to review."""

import hmac
import re
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from os import cpu_count
from pathlib import Path

import pandas as pd

from mvi_core.cohort.folder import FILES_COLUMNS, SERIES_COLUMNS, read_series_table
from mvi_core.cohort.table import ID_PATTERN
from mvi_core.dataset.scan_header import read_heads, walk
from mvi_core.dataset.scan_rules import propose
from mvi_core.dataset.scan_split import volumes
from mvi_core.errors import CohortError, DicomError, ManifestError
from mvi_core.names import PATIENT_ID
from mvi_core.results import SPREADSHEET_FORMULA, atomic_write

CHUNK = 200  # files a process reads at a time
ENOUGH = 2000  # files from which more than one process is worth its start
MAX_TOLD = 20
PROPOSED = ".proposed.csv"  # what the last scan proposed: where series.csv differs, a person decided
UNREAD = "not_read.csv"  # files that could not be read, and why
DECIDED = ("sequence", "use")


@dataclass(frozen=True, eq=False)
class Scan:
    """What a scan found."""

    series: pd.DataFrame  #: as in ``series.csv``
    files: pd.DataFrame  #: as in ``files.csv``
    told: tuple  #: sentences on what was not read, without identifiers
    n_files: int


def scan_folder(folder, images, *, afresh=False, progress=None):
    """Read the headers below a folder, propose a sequence for each volume, and write ``series.csv`` and ``files.csv``.

    Parameters
    ----------
    folder : CohortFolder
    images : path
        Folder of DICOM in any order and with any names, also in zip archives.
    afresh : bool
        Forget the person's decisions (``sequence`` and ``use``) in an earlier ``series.csv``; else they are kept.
    progress : callable, optional
        Called with the number of files read and of all.

    Returns
    -------
    Scan

    Raises
    ------
    CohortError
        If the earlier ``series.csv`` has faults.
    ManifestError
        If there is no such folder, or no DICOM file in it.
    """
    root = Path(images)
    if not root.is_dir():
        raise ManifestError("There is no such folder of DICOM. Give the folder that holds the export, or its archives.")
    places, packed = walk(root.resolve())
    heads, faults, n_other = _read(root.resolve(), places, progress)
    faults += packed
    if not heads:
        raise ManifestError(f"None of the {len(places)} files is a readable DICOM file. Give the folder of the export.")
    found, n_copies = volumes(heads)
    proposals = propose(found)
    names = [_name(folder, one) for one in proposals]
    rows = [_row(name, one) for name, one in zip(names, proposals, strict=True)]
    series = pd.DataFrame(rows, columns=list(SERIES_COLUMNS)).sort_values([PATIENT_ID, "series"], ignore_index=True)
    proposed = series[["series", *DECIDED]].to_csv(index=False, lineterminator="\n")
    told = _counts([words for _, words in faults], n_other, n_copies)
    studies = {(one.volume.first.patient_id, one.volume.first.study) for one in proposals if one.sequence}
    n_several = sum(count > 1 for count in Counter(patient for patient, _ in studies).values())
    if n_several:
        told.append(f"{n_several} patient(s) have images of several studies. Look which one is that before resection.")
    if not afresh:
        series, n_kept = _kept(folder, series)
        told += [f"{n_kept} decision(s) of your series.csv are kept (--afresh forgets them)."] if n_kept else []
    lines = [
        (name, _plain(head.path), head.frame or "")
        for name, one in zip(names, proposals, strict=True)
        for head in one.volume.heads
    ]
    files = pd.DataFrame(lines, columns=list(FILES_COLUMNS)).sort_values(["series", "path", "frame"], ignore_index=True)
    unread = pd.DataFrame([(_plain(path), words) for path, words in faults], columns=["path", "reason"])
    for name, table in ((UNREAD, unread), ("files.csv", files), ("series.csv", series)):
        atomic_write(folder.path / name, table.to_csv(index=False, lineterminator="\n"))
    atomic_write(folder.path / PROPOSED, proposed)
    return Scan(series, files, tuple(told), len(places))


def _read(root, places, progress):
    """Heads of all files, sentences on those that cannot be read, and the number of files that are no DICOM."""
    parts = [places[start : start + CHUNK] for start in range(0, len(places), CHUNK)]
    if len(places) < ENOUGH or (cpu_count() or 1) < 2:
        return _gathered(map(partial(_read_part, root), parts), len(places), progress)
    with ProcessPoolExecutor(cpu_count()) as pool:
        return _gathered(pool.map(partial(_read_part, root), parts), len(places), progress)


def _read_part(root, places):
    heads, faults, n_other = [], [], 0
    for path, size in places:
        try:
            found = read_heads(root, path, size)
        except DicomError as problem:
            faults.append((path, str(problem)))
            continue
        heads += found
        n_other += not found
    return heads, faults, n_other, len(places)


def _gathered(parts, n_files, progress):
    heads, faults, n_other, done = [], [], 0, 0
    for some, wrong, other, n_read in parts:
        heads, faults, n_other, done = heads + some, faults + wrong, n_other + other, done + n_read
        if progress is not None:
            progress(done, n_files)
    return heads, faults, n_other


def _name(folder, proposal):
    """Name of a volume, the same at every scan: a keyed digest of its series and part."""
    head = proposal.volume.first
    of = "/".join((head.patient_id, head.study, head.series, proposal.volume.part))
    return "S" + hmac.new(folder.key, of.encode("utf-8", "replace"), "sha256").hexdigest()[:10]


def _row(name, proposal):
    volume, head = proposal.volume, proposal.volume.first
    usable = bool(ID_PATTERN.fullmatch(head.patient_id))
    aside = proposal.set_aside
    if head.patient_id and not usable:
        aside = "PatientID (0010,0020) is not of up to 64 letters, digits, ' ', '.', '_' or '-'"
    spacing = volume.spacing_mm
    return (
        name, head.patient_id if usable else "", "" if aside else proposal.sequence,
        "yes" if proposal.use and not aside else "no", "" if aside else proposal.confidence,
        "" if aside else proposal.reason, len(volume.heads), *(int(head.numbers.get(key, 0)) for key in _SIZE),
        " x ".join(f"{one:.3f}" for one in spacing) if spacing else "",
        "" if proposal.seconds is None else f"{proposal.seconds:g}", aside,
    )  # fmt: skip


_SIZE = ("Rows", "Columns")


def _kept(folder, series):
    """Series with the decisions that a person wrote into ``series.csv``, and their number."""
    if not all((folder.path / name).is_file() for name in ("series.csv", PROPOSED)):
        return series, 0
    before, found = read_series_table(folder)
    if found:
        raise CohortError("\n".join(map(str, found)) + "\nMend series.csv, or scan with --afresh.")
    proposed = pd.read_csv(folder.path / PROPOSED, dtype=str, keep_default_na=False).set_index("series")
    before = before.set_index("series")[list(DECIDED)]
    changed = before[(before != proposed.reindex(before.index)).any(axis=1)]
    kept = series["series"].isin(changed.index)
    series.loc[kept, list(DECIDED)] = changed.loc[series.loc[kept, "series"]].to_numpy()
    series.loc[kept, "reason"] = "as decided in series.csv; " + series.loc[kept, "reason"].astype(str)
    return series, int(kept.sum())


def _plain(path):
    """Path that no spreadsheet takes for a formula."""
    return f"./{path}" if path.startswith(SPREADSHEET_FORMULA) else path


def _counts(faults, n_other, n_copies):
    kinds = {}
    for words in faults:
        kind = re.sub(r"\d+|\([0-9A-Fa-f]{4},\s?[0-9A-Fa-f]{4}\)", "N", words)
        kinds[kind] = (words, kinds.get(kind, (words, 0))[1] + 1)
    told = [f"{count} file(s) not read ({UNREAD}): {words}" for words, count in list(kinds.values())[:MAX_TOLD]]
    told += [f"{n_other} file(s) are no DICOM file and passed over."] if n_other else []
    return told + ([f"{n_copies} file(s) are copies of others and left out."] if n_copies else [])

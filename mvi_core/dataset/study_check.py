"""What is wrong with a study's data, all of it in one run: manifest, series, boxes and masks of every patient."""

from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from mvi_core.cohort.folder import ROI_COLUMNS
from mvi_core.cohort.study_table import DIRS, Finding, read_manifest
from mvi_core.cohort.table import as_number, read_table
from mvi_core.dataset.between_series import exchanged, odd_sequences, other_people, same_pixels, shared_person
from mvi_core.dataset.dicom import read_series
from mvi_core.dataset.dicom_file import token
from mvi_core.dataset.masks import read_mask
from mvi_core.dataset.roi import RoiBox, expect_inside
from mvi_core.errors import CohortError, DicomError, RoiError
from mvi_core.names import N_SLICES

EDGE_NAMES = {"x0": "col0", "y0": "row0", "x1": "col1", "y1": "row1", "series": "sequence"}
MIN_ROI_PX = 4  # sides below this hold no texture
MASK_ENDINGS = ("nii", "nii.gz")
AIR = 0.05  # of the image's 99th percentile


@dataclass(frozen=True)
class StudyCheck:
    """Findings of a whole study; the patients that may be used, and those that may not."""

    findings: tuple
    good: tuple
    dropped: tuple

    @property
    def errors(self):
        """Findings that must be mended."""
        return tuple(one for one in self.findings if one.severity == "error")


def check_study(root, keep=None):
    """Read everything that a study's manifest names and collect what is wrong, over all patients.

    Parameters
    ----------
    root : path
        Folder with ``manifest.csv``, ``rois.csv``, ``masks/`` and the series.
    keep : callable, optional
        Called with patient, sequence and `Volume` for each series that could be read; later findings may still drop
        the patient, so what is kept counts only for those in ``good``.

    Returns
    -------
    StudyCheck
        A patient with an error of its own is in ``dropped``; an error without a patient concerns the cohort.
    """
    root = Path(root)
    patients, found = read_manifest(root)
    found, seen = list(found), {}
    boxes, faults = _boxes(root, {one.patient_id for one in patients})
    found += faults
    for patient in patients:
        for series, folder in patient.folders.items():
            where = f"{patient.patient_id}/{series}"
            try:
                volume = read_series(folder, where=where)
            except (DicomError, OSError) as problem:
                found.append(Finding("error", patient.patient_id, series, "", _words(problem)))
                continue
            seen[patient.patient_id, series] = volume.tokens | {"shape": volume.pixels.shape}
            found += series_remarks(patient.patient_id, series, volume)
            found += roi_findings(patient.patient_id, series, volume, boxes.get((patient.patient_id, series)))
            found += _mask_findings(root, patient.patient_id, series, volume, boxes)
            if keep is not None:
                keep(patient.patient_id, series, volume)
        found += _missing_boxes(patient, boxes)
    names = [one.patient_id for one in patients]
    misplaced = other_people(seen, names)
    found += [*misplaced, *shared_person(seen), *same_pixels(seen, {(one.patient, one.series) for one in misplaced})]
    found += [*odd_sequences(seen), *exchanged(seen)]
    found += _unused_masks(root, patients)
    faulty = {one.patient for one in found if one.severity == "error"}
    return StudyCheck(tuple(found), tuple(n for n in names if n not in faulty), tuple(n for n in names if n in faulty))


def _words(problem):
    return str(problem) if isinstance(problem, DicomError) else "a file could not be read. Copy the series again."


def series_remarks(patient, series, volume):
    """Tell the remarks on a volume: those of one kind once, with the first file and the number of the others."""
    kinds = defaultdict(list)
    for sentence, remedy in volume.remarks:
        kinds[remedy].append(sentence)
    for remedy, sentences in kinds.items():
        more = f" and {len(sentences) - 1} more files" if len(sentences) > 1 else ""
        yield Finding("warning", patient, series, "", f"{sentences[0]}{more}.", remedy)


def _boxes(root, patients):
    """Boxes by patient and sequence as (row, slice, cells), and the findings of the table alone."""
    path, found, boxes = root / "rois.csv", [], {}
    if path.is_symlink() or not path.is_file():
        return {}, [Finding("error", "", "", "rois.csv", "the table is missing.", "Put it beside the manifest.")]
    try:
        frame = read_table(path)
    except CohortError as problem:
        return {}, [Finding("error", "", "", "rois.csv", str(problem))]
    header = [EDGE_NAMES.get(name.strip().lower(), name.strip().lower()) for name in frame.columns]
    frame = frame.set_axis(header, axis=1)
    if lacking := [name for name in ROI_COLUMNS if header.count(name) != 1]:
        return {}, [
            Finding("error", "", "", "rois.csv", f"column {lacking[0]} is missing or stands twice.", "Mend it.")
        ]
    taken = {}
    for row, cells in frame.iterrows():
        patient, series = str(cells["patient_id"]), str(cells["sequence"])
        place = f"rois.csv row {row}"
        if patient not in patients:
            words = f"patient {patient[:40]!a} is not in the manifest (unknown)."
            found.append(Finding("error", "", "", place, words, "Correct the name, or remove the row."))
        elif series not in DIRS.values():
            words = f"sequence {series[:20]!a} is none of {', '.join(DIRS.values())}."
            found.append(Finding("error", patient, "", place, words, "Correct the name, or remove the row."))
        elif (first := taken.setdefault((patient, series, cells["slice_index"]), row)) != row:
            words = f"a duplicate: row {first} holds a box of the same slice."
            found.append(Finding("error", patient, series, place, words, "Keep one."))
        else:
            boxes.setdefault((patient, series), []).append((row, cells))
    return boxes, found


def roi_findings(patient, series, volume, drawn):
    """List findings on the drawn boxes, (row number, cells of the row) each, of one series."""
    found, largest = [], max((_side(cells) for _, cells in drawn or ()), default=0)
    for row, cells in drawn or ():
        place = f"rois.csv row {row}"
        try:
            remarks = _one_box(cells, volume, middle=_side(cells) == largest)
            found += [Finding("warning", patient, series, place, *words) for words in remarks]
        except (RoiError, ValueError, TypeError) as problem:
            words = str(problem) if isinstance(problem, RoiError) else "slice_index and edges must be whole numbers."
            found.append(Finding("error", patient, series, place, words, "Mend the row."))
    return found


def _side(cells):
    """Longer side of a row's box, 0 where it has none: the largest is the middle of the three slices."""
    try:
        row0, col0, row1, col1 = _edges(cells)
    except (TypeError, ValueError):
        return 0.0
    return max(row1 - row0, col1 - col0)


def _edges(cells):
    return [as_number(cells[name]) for name in ROI_COLUMNS[3:]]


def _one_box(cells, volume, *, middle):
    """Remarks on one box; a `RoiError` where it cannot be used."""
    box = RoiBox(*_edges(cells))
    expect_inside(box, volume.pixels.shape[1:], spacing_mm=volume.spacing_mm[1:])
    slices, at = len(volume.pixels), as_number(cells["slice_index"])
    if not at.is_integer() or not 0 <= at < slices:
        raise RoiError(f"slice_index {at:g} is outside the range 0 to {slices - 1}. Slices count from 0 upwards.")
    if slices < N_SLICES:
        raise RoiError(f"the series has {slices} slices, three are needed. Export the whole series.")
    at, named = int(at), cells.get("sop_instance_uid")
    if isinstance(named, str) and token(named) != volume.tokens["instances"][at]:
        raise RoiError("slice_index and sop_instance_uid disagree: they name different slices. Correct one of them.")
    image = volume.pixels[at]
    if middle and at in (0, slices - 1):
        yield "the slice is at the edge of the series: no neighbour on one side.", "Check slice_index."
    if min(box.height, box.width) < MIN_ROI_PX:
        yield f"the box is small: {box.height} x {box.width} pixels.", "Check its unit and edges."
    inside = image[box.row0 : box.row1, box.col0 : box.col1]
    if np.median(inside) - image.min() <= AIR * (np.percentile(image, 99) - image.min()):
        yield "the box lies in background (air): its signal is low.", "Check the box and the slice."


def _missing_boxes(patient, boxes):
    for series in patient.folders:
        if (patient.patient_id, series) not in boxes:
            yield Finding("error", patient.patient_id, series, "rois.csv", "no ROI: its box is missing.", "Draw it.")


def _mask_findings(root, patient, series, volume, boxes):
    paths = [root / "masks" / f"{patient}_{series}.{ending}" for ending in MASK_ENDINGS]
    paths = [path for path in paths if path.exists() or path.is_symlink()]
    if len(paths) > 1:
        yield Finding("error", patient, series, paths[0].name, "there are two mask files.", "Keep the right one.")
    for path in paths:
        try:
            mask, remarks = read_mask(path, volume, path.name)
            expect_same_lesion(mask, boxes.get((patient, series), ()), path.name)
        except RoiError as problem:
            yield Finding("error", patient, series, path.name, str(problem))
            continue
        yield from (Finding("warning", patient, series, path.name, *words) for words in remarks)


def expect_same_lesion(mask, drawn, where):
    """Refuse a mask (slice, row, column) that marks nothing inside a drawn box, with a `RoiError`."""
    for _, cells in drawn:
        try:
            box = RoiBox(*_edges(cells))
            marked = mask[int(as_number(cells["slice_index"]))]
        except (RoiError, ValueError, TypeError, IndexError):
            continue  # the box has a finding of its own
        if not marked[box.row0 : box.row1, box.col0 : box.col1].any():
            raise RoiError(f"{where} marks nothing inside the drawn box: the affine or the box is wrong. Compare them.")


def _unused_masks(root, patients):
    """Masks that belong to no series of the manifest and would be passed over."""
    folder = root / "masks"
    if not folder.is_dir():
        return []
    known = {f"{one.patient_id}_{series}.{end}" for one in patients for series in one.folders for end in MASK_ENDINGS}
    names = sorted(path.name for path in folder.iterdir() if not path.name.startswith(".") and path.name not in known)
    words, remedy = "the mask belongs to no series of the manifest.", "Name it <patient>_<sequence>.nii.gz."
    return [Finding("warning", "", "", f"masks/{name}", words, remedy) for name in names]

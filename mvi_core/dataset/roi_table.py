"""How do masks, overlays and measured boxes become ``rois.csv``: half-open pixels on the very series in use."""

import math
from pathlib import Path

import pandas as pd

from mvi_core.cohort.folder import ROI_COLUMNS, read_rois_table
from mvi_core.cohort.study_table import Finding
from mvi_core.cohort.table import as_number, read_table
from mvi_core.dataset.roi import RoiBox, expect_inside
from mvi_core.dataset.roi_sources import lesion_mask, overlay_mask, triplet_boxes
from mvi_core.errors import CohortError, DicomError, RoiError
from mvi_core.names import PATIENT_ID, SEQUENCES
from mvi_core.results import atomic_write

MASK_ENDINGS = (".nii.gz", ".nii", ".dcm")
EDGES = ROI_COLUMNS[3:]
MM = tuple(f"{name}_mm" for name in EDGES)


def mask_paths(folder):
    """Mask files of a cohort folder by (patient_id, sequence), and findings on names that say neither."""
    found, told = {}, []
    known = {f"{sequence}{ending}": str(sequence) for sequence in SEQUENCES for ending in MASK_ENDINGS}
    if any(path.is_file() for path in folder.path.glob("masks/[!.]*")):
        words = "a file lies in no patient's folder and is passed over."
        told.append(Finding("warning", "", "", "masks", words, "Move it to masks/<patient_id>/T1.nii.gz."))
    for path in sorted(folder.path.glob("masks/*/[!.]*")):
        who = folder.pseudonym(path.parent.name)
        key = path.parent.name, known.get(path.name)
        if key[1] is None:
            words = "a file is named after no sequence."
            told.append(Finding("warning", who, "", "masks", words, "Name it T1.nii.gz, T1A.nii.gz and so on."))
        elif key in found:
            words = f"there are two mask files of {key[1]}."
            told.append(Finding("error", who, key[1], "masks", words, "Keep the right one."))
        else:
            found[key] = path
    return found, told


def make_rois(folder, images, *, table=None, overlay=False, share=None, progress=None):
    """Boxes from masks, overlays or a table, written into ``rois.csv`` in place of earlier ones of the same series.

    Parameters
    ----------
    folder : CohortFolder
    images : OwnImages
    table : path, optional
        Boxes ``patient_id, sequence, slice_index, row0, col0, row1, col1`` in pixels, or ``row0_mm`` and so on in
        millimetres from the outer edge of the first pixel; half-open. A millimetre box becomes the pixels it touches.
    overlay : bool
        Take lesions drawn as DICOM overlays.
    share : str, optional
        Sequence whose mask serves those of the same frame of reference that have none of their own.
    progress : callable, optional
        Called with the number of series done and of all.

    Returns
    -------
    rows : pandas.DataFrame
        ``ROI_COLUMNS``, the boxes made now.
    findings : tuple of Finding
        A series with an error gets no box.

    Raises
    ------
    CohortError
        If the table cannot be read, or ``rois.csv`` has faults.
    """
    before, found = read_rois_table(folder)
    if found:
        raise CohortError("\n".join(map(str, found)))
    names = {folder.pseudonym(name): name for name in images.names}
    masks, told = mask_paths(folder)
    told += [
        Finding("warning", folder.pseudonym(name), "", "masks", "the patient has no series in use.", "Scan, or rename.")
        for name in sorted({name for name, _ in masks} - set(names.values()))
    ]
    drawn = _table(Path(table)) if table else None
    rows, done = [], []
    told += _foreign(drawn, images.series, folder.pseudonym) if table else []
    wanted = list(images.series[[PATIENT_ID, "sequence"]].itertuples(index=False, name=None))
    for number, (who, sequence) in enumerate(wanted, start=1):
        try:
            if drawn is not None:
                boxes, remarks = _measured(drawn, images, names[who], who, sequence)
            elif overlay:
                places = images.places(who, sequence)
                mask, remarks = overlay_mask(places, images.volume(who, sequence), f"patient {who}, {sequence}")
                boxes = triplet_boxes(mask, f"patient {who}, {sequence}")
            else:
                boxes, remarks = _masked(masks, images, names[who], who, sequence, share)
        except (RoiError, DicomError) as problem:
            told.append(Finding("error", who, sequence, "", str(problem)))
            boxes, remarks = {}, []
            done.append((names[who], sequence))
        told += [Finding("warning", who, sequence, "", *words) for words in remarks]
        rows += [(names[who], sequence, index, *box.edges) for index, box in boxes.items()]
        if progress is not None:
            progress(number, len(wanted))
    made = pd.DataFrame(rows, columns=list(ROI_COLUMNS))
    replaced = {*made[[PATIENT_ID, "sequence"]].itertuples(index=False, name=None), *done}
    kept = [key not in replaced for key in before[[PATIENT_ID, "sequence"]].itertuples(index=False, name=None)]
    frame = pd.concat([before[kept], made]).sort_values(list(ROI_COLUMNS[:3]))
    atomic_write(folder.path / "rois.csv", frame.to_csv(index=False, lineterminator="\n"))
    return made, tuple(told)


def _masked(masks, images, name, who, sequence, share):
    own, lent = masks.get((name, sequence)), masks.get((name, share))
    if own is None and (lent is None or sequence == share):
        return {}, []
    volume, remarks = images.volume(who, sequence), []
    if own is None:
        frames = {one.tokens["FrameOfReferenceUID"] for one in (volume, images.volume(who, share))}
        if len(frames) > 1:
            raise RoiError(f"patient {who}: {sequence} and {share} have two frames of reference. Draw its own mask.")
        remarks.append((f"the mask of {share} is used.", "Look at the contact sheet: did the patient move?"))
    where = f"masks/{who}/{(own or lent).name}"
    mask, more = lesion_mask(own or lent, volume, where)
    return triplet_boxes(mask, where), [*remarks, *more]


def _foreign(drawn, series, pseudonym):
    """Warnings on rows of a table of boxes that belong to no series in use."""
    used = set(series[[PATIENT_ID, "sequence"]].itertuples(index=False, name=None))
    for row, name, sequence in drawn[[PATIENT_ID, "sequence"]].fillna("").itertuples(name=None):
        if (pseudonym(name), sequence) not in used:
            words = "the box belongs to no series in use.", "Correct patient or sequence."
            yield Finding("warning", pseudonym(name), "", f"row {row} of the table", *words)


def _table(path):
    frame = read_table(path)
    for edges in (EDGES, MM):
        if {PATIENT_ID, "sequence", "slice_index", *edges} <= set(frame):
            return frame
    raise CohortError(
        f"{path.name} needs the columns {', '.join(ROI_COLUMNS)}, in half-open pixels, or {', '.join(MM)}. Rename them."
    )


def _measured(drawn, images, name, who, sequence):
    """Boxes of one series from a table, in pixels, by slice."""
    mine = drawn[(drawn[PATIENT_ID] == name) & (drawn["sequence"] == sequence)]
    boxes = {}
    if not len(mine):
        return {}, []
    volume = images.volume(who, sequence)
    for row, cells in mine.iterrows():
        where = f"row {row} of the table"
        try:
            index = as_number(cells["slice_index"])
            edges = _edges(cells, volume.spacing_mm[1:])
        except (TypeError, ValueError, OverflowError) as problem:
            raise RoiError(f"{where}: slice_index and edges must be numbers. Correct the row.") from problem
        if not index.is_integer() or not 0 <= index < len(volume.pixels) or index in boxes:
            last = len(volume.pixels) - 1
            words = f"slice_index is no whole number from 0 to {last}, or stands twice"
            raise RoiError(f"{where}: {words}. Slices count from 0 upwards.")
        boxes[int(index)] = expect_inside(RoiBox(*edges), volume.pixels.shape[1:], where, volume.spacing_mm[1:])
    return boxes, []


def _edges(cells, spacing_mm):
    """Edges of a row in pixels: as written, or all pixels that a box in millimetres touches."""
    if MM[0] not in cells:
        return [as_number(cells[key]) for key in EDGES]
    low, high = (math.floor, math.ceil)
    return [
        one(round(as_number(cells[key]) / mm, 6))
        for one, key, mm in zip((low, low, high, high), MM, (*spacing_mm, *spacing_mm), strict=True)
    ]

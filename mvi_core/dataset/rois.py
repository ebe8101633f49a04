"""Which lesion images does a cohort have: series read back, cropped and resized once into one file."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from safetensors import SafetensorError
from safetensors.numpy import load_file, save_file

from mvi_core.cohort.table import ID_PATTERN
from mvi_core.dataset.dicom import read_series
from mvi_core.dataset.roi import RoiBox, crop, enlarge, expect_inside, resize
from mvi_core.dataset.triplets import box_diameter, triplet_at_largest
from mvi_core.errors import DicomError, ManifestError, RoiError
from mvi_core.names import MARGIN_PX, N_SLICES, SEQUENCES

INDEX_COLUMNS = (
    "patient_id", "sequence", "slice_index", "row0", "col0", "row1", "col1", "height", "width", "spacing_mm",
)  # fmt: skip
_EDGES = ["row0", "col0", "row1", "col1"]


@dataclass(frozen=True, eq=False)
class RoiStep:
    """One step from image to network input, for a figure.

    Attributes
    ----------
    title : str
        What was done.
    image : numpy.ndarray of float32, shape (rows, columns)
    boxes : tuple of RoiBox
        Boxes to draw on this image: the drawn one, then the enlarged one.
    """

    title: str
    image: np.ndarray
    boxes: tuple[RoiBox, ...]


def build_roi_cache(source, rois, cache, *, roi_px, sequences=SEQUENCES, skip_bad=False, progress=None):
    """Lesion ROIs of all patients in one file, with the largest margin, so that smaller margins are parts of it.

    For each patient and sequence the series is read, the three consecutive slices at the largest box are taken, each is
    cropped to its own box (where none was drawn: the box of the largest slice) enlarged by the largest margin at each
    side, clamped at the image border, and resized to `roi_px` x `roi_px`. Each sequence has boxes of its own in its own
    pixels, so that phases which do not share a geometry need no resampling. Intensities stay as the scanner stored them
    (after rescale): each image keeps its own scale, and normalisation is left to the training, which may look at
    training patients only.

    Parameters
    ----------
    source : path or callable
        Folder with ``<patient_id>/<sequence>/``; or what gives the `Volume` of a patient and sequence, both str.
    rois : pandas.DataFrame
        Columns ``patient_id``, ``sequence``, ``slice_index``, ``row0``, ``col0``, ``row1``, ``col1``: one row for each
        slice with a drawn box.
    cache : path
        Receives tensor ``rois``, float16, shape (P, 6, 3, roi_px, roi_px); written whole or not at all.
    roi_px : int
    sequences : collection of str
        Those that the patients have; NaN stands in the place of the others, which no dataset accepts.
    skip_bad : bool
        Leave out patients with a fault and go on with the others, whose values do not depend on it.
    progress : callable, optional
        Called after each patient with the number done and the number of all.

    Returns
    -------
    pandas.DataFrame
        Columns ``INDEX_COLUMNS``, one row for each patient, sequence and slice in the order of the tensor. The box is
        that of the crop before its resize, in pixels of its image; ``height`` and ``width`` are its size and
        ``spacing_mm`` is the pixel spacing. ``attrs["left_out"]`` maps patients to their faults, `MviError` objects.

    Raises
    ------
    RoiError
        If a patient lacks the boxes of a sequence, a slice has two boxes, or a box lies outside its image.
    DicomError
        If a series cannot be read rightly. One error tells the faults of all patients.
    """
    _expect_columns(rois)
    read = (
        source if callable(source) else lambda patient_id, sequence: read_series(Path(source) / patient_id / sequence)
    )
    crops, index, left_out = [], [], {}
    by_patient = dict(list(rois.groupby("patient_id", sort=False)))
    for number, (patient_id, drawn) in enumerate(by_patient.items()):
        images, rows, faults = _of_patient(patient_id, drawn, read, sequences, roi_px)
        if faults:
            left_out[patient_id] = faults
        else:
            crops.append(images)
            index += rows
        if progress is not None:
            progress(number + 1, len(by_patient))
    if left_out and not (skip_bad and crops):
        faults = [fault for found in left_out.values() for fault in found]
        raise type(faults[0])("\n".join(map(str, faults)))
    table = pd.DataFrame(index, columns=list(INDEX_COLUMNS))
    _write_cache(Path(cache), np.stack(crops), table)
    table.attrs["left_out"] = left_out
    return table


def _of_patient(patient_id, drawn, read, sequences, roi_px):
    """Crops (6, 3, roi_px, roi_px), index rows, and faults of one patient."""
    images = np.full((len(SEQUENCES), N_SLICES, roi_px, roi_px), np.nan, dtype=np.float16)
    rows, faults = [], _box_faults(patient_id, drawn, sequences)
    for place, sequence in enumerate([] if faults else SEQUENCES):
        if sequence not in sequences:
            rows += [(patient_id, str(sequence), *[np.nan] * 8)] * N_SLICES
            continue
        where = f"ROI of patient {patient_id}, sequence {sequence}"
        try:
            volume = read(patient_id, str(sequence))
            chosen = _triplet(volume, _boxes(drawn[drawn["sequence"] == sequence]), where)
            for third, (slice_index, box) in enumerate(chosen):
                images[place, third] = _storable(resize(crop(volume.pixels[slice_index], box), roi_px), where)
                spacing = volume.spacing_mm[1]
                rows.append((patient_id, str(sequence), slice_index, *box.edges, box.height, box.width, spacing))
        except (DicomError, RoiError) as problem:
            faults.append(problem)
    return images, rows, faults


def _write_cache(cache, tensor, table):
    cache.parent.mkdir(parents=True, exist_ok=True)
    unfinished = cache.with_name(f".{cache.name}.part")
    save_file({"rois": tensor}, unfinished, metadata={"margin_px": str(MARGIN_PX[1])})  # one key: order is not kept
    unfinished.replace(cache)
    table.to_csv(unfinished, index=False)
    unfinished.replace(index_path(cache))


def index_path(cache):
    """Index table of a ROI cache: beside it, ``rois_index.csv`` for ``rois.safetensors``."""
    return Path(cache).with_name(f"{Path(cache).stem}_index.csv")


def read_roi_cache(cache):
    """ROIs, float16 of shape (P, 6, 3, roi_px, roi_px), and their index, from a cache made by `build_roi_cache`.

    Raises
    ------
    ManifestError
        If a file is missing or broken, or the two do not belong together.
    """
    cache = Path(cache)
    if not cache.is_file() or not index_path(cache).is_file():
        raise ManifestError(f"ROI cache {cache.name} or its index is missing. Build it with `make book`.")
    try:
        rois = load_file(cache)["rois"]
    except (SafetensorError, KeyError) as problem:
        raise ManifestError(f"ROI cache {cache.name} is broken. Delete it and build it again.") from problem
    index = pd.read_csv(
        index_path(cache), dtype={"patient_id": str, "enrolment": str}, keep_default_na=False, na_values=[""]
    )
    if (
        rois.shape[:3] != (index["patient_id"].nunique(), len(SEQUENCES), N_SLICES)
        or len(index) != rois[..., 0, 0].size
    ):
        raise ManifestError(
            f"ROI cache {cache.name} has shape {rois.shape} and its index {len(index)} rows. Build both again."
        )
    return rois, index


def lesion_roi_steps(image, box, *, roi_px, margin_px=MARGIN_PX[1]):
    """Each step from a slice to what the network receives, for the figure of chapter 03.

    Parameters
    ----------
    image : numpy.ndarray, shape (rows, columns)
    box : RoiBox
        The box as drawn.
    roi_px : int
    margin_px : int or sequence of 4 int
        Pixels added at top, left, bottom, right.

    Returns
    -------
    tuple of RoiStep
        Slice with the drawn box, slice with the enlarged box, crop, resized crop.
    """
    larger = enlarge(box, margin_px, image.shape)
    part = crop(image, larger)
    return (
        RoiStep("Slice and drawn box", image, (box,)),
        RoiStep("Box enlarged at each side", image, (box, larger)),
        RoiStep(f"Crop, {larger.height} x {larger.width} px", part, ()),
        RoiStep(f"Resized, {roi_px} x {roi_px} px", resize(part, roi_px), ()),
    )


def _expect_columns(rois):
    lacking = [column for column in ("patient_id", "sequence", "slice_index", *_EDGES) if column not in rois]
    if lacking or not len(rois):
        raise RoiError(
            f"The ROI table lacks {', '.join(lacking) or 'rows'}. Compare it with data_manifest/dictionary.csv."
        )
    for patient_id in rois["patient_id"].unique():
        if not ID_PATTERN.fullmatch(str(patient_id)):  # it names a folder, and must not lead out of another
            raise RoiError(f"patient_id {ascii(patient_id)[:40]} holds more than letters, digits and '._-'. Rename it.")


def _box_faults(patient_id, drawn, sequences):
    """List what is wrong with the boxes of one patient, before any image is read."""
    faults, found = [], set(drawn["sequence"])
    for sequence, slice_index in drawn.loc[
        drawn.duplicated(["sequence", "slice_index"]), ["sequence", "slice_index"]
    ].values:
        faults.append(
            RoiError(f"Patient {patient_id}, sequence {sequence}: slice {slice_index} has two boxes. Keep one.")
        )
    missing = [str(sequence) for sequence in SEQUENCES if sequence in sequences and sequence not in found]
    unknown = len(found - set(SEQUENCES))
    if missing or unknown:
        wanted = ", ".join(str(sequence) for sequence in SEQUENCES if sequence in sequences)
        faults.append(
            RoiError(
                f"Patient {patient_id} must have boxes in {wanted}. Missing: {', '.join(missing) or 'none'}; "
                f"unknown: {unknown}. Complete rois.csv."
            )
        )
    return faults


def _boxes(rows):
    return {int(row.slice_index): RoiBox(*(getattr(row, edge) for edge in _EDGES)) for row in rows.itertuples()}


def _triplet(volume, boxes, where):
    shape, spacing = volume.pixels.shape[1:], volume.spacing_mm[1:]
    for box in boxes.values():
        expect_inside(box, shape, where, spacing)
    indices = triplet_at_largest({i: box_diameter(box) for i, box in boxes.items()}, len(volume.pixels), where)
    largest = max((i for i in indices if i in boxes), key=lambda i: box_diameter(boxes[i]))
    return [(i, enlarge(boxes.get(i, boxes[largest]), MARGIN_PX[1], shape)) for i in indices]


def _storable(image, where):
    if np.abs(image).max() > np.finfo(np.float16).max:
        raise RoiError(
            f"{where}: values reach {np.abs(image).max():.0f}, beyond 65504. Divide the series by its largest value."
        )
    return image

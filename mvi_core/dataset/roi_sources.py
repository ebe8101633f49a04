"""Where does a drawing mark the lesion: NIfTI, DICOM SEG, RTSTRUCT or overlay, brought to the voxels of its image.

Every source becomes marked places in millimetres. The image's voxel is marked where its centre lies in the drawing, so
that a box holds the same pixels whatever the grid, the order or the direction in which the drawing was stored.
"""

import re
from collections import defaultdict
from itertools import combinations

import numpy as np
from scipy import ndimage

from mvi_core.dataset.dicom_file import token
from mvi_core.dataset.dicom_header import read_dataset
from mvi_core.dataset.masks import LPS, MAX_VOXELS, covers, is_grid, load_nifti
from mvi_core.dataset.roi import from_mask, overlay_lesion_mask
from mvi_core.dataset.triplets import box_diameter, largest_diameter, triplet_at_largest
from mvi_core.errors import DicomError, RoiError

LESION_WORDS = re.compile(
    r"tumou?r|lesion|hcc|mass|neoplas|carcinom|target|gtv|roi|herd|laesion|zhongliu", re.IGNORECASE
)
VOLUME_RATIO = (0.5, 2.0)  # of the drawing's volume on the image's grid to its own; outside, the grids do not fit
CLOSED = ("CLOSED_PLANAR", "CLOSEDPLANAR_XOR")
OFF_PLANE = 0.5  # of a slice step, between a contour and the nearest slice
FULL = 0.5  # share of a fractional segmentation from which a voxel counts
OVERLAY_GROUP = 0x6000


def lesion_mask(path, volume, where):
    """Lesion of a mask file as bool in the grid of a volume (slice, row, column), and remarks.

    A drawing on another grid is brought to the image's voxels by physical coordinates (nearest voxel), which is said.
    It is refused where it cannot belong to the image: it has the image's matrix and another geometry, lies outside of
    the image, names another frame of reference, or grows or shrinks beyond `VOLUME_RATIO`.

    Parameters
    ----------
    path : Path
        ``.nii``, ``.nii.gz``, or ``.dcm`` with a DICOM SEG or RTSTRUCT.
    volume : Volume
    where : str
        Patient, sequence and file, for messages.

    Returns
    -------
    tuple
        Mask, and (sentence, remedy) for each remark.

    Raises
    ------
    RoiError
        If the file cannot be read, marks nothing or several things, or does not belong to the image.
    """
    if path.suffix != ".dcm":
        mask, remarks = _from_nifti(path, volume, where)
    else:
        mask, remarks = _from_dicom(path, volume, where)
    n_islands = ndimage.label(mask, structure=np.ones((3, 3, 3)))[1]
    if n_islands > 1:
        remarks = [*remarks, (f"{where} has {n_islands} islands (not connected).", "Keep one lesion.")]
    return mask, remarks


def overlay_mask(places, volume, where):
    """Lesion drawn as a ring in overlay group 6000 of the image's own files, as `lesion_mask` returns it.

    ``places`` are the files of the series; see `mvi_core.dataset.roi.overlay_lesion_mask` for what counts as a ring.
    """
    mask, order = np.zeros(volume.pixels.shape, bool), {one: i for i, one in enumerate(volume.tokens["instances"])}
    for place in places:
        try:
            data = read_dataset(place, where)
            if (OVERLAY_GROUP, 0x3000) not in data:
                continue
            ring = data.overlay_array(OVERLAY_GROUP).astype(bool)
        except DicomError as problem:
            raise RoiError(str(problem)) from problem
        except Exception as problem:
            raise RoiError(f"{where}: an overlay cannot be read. Export the drawing as a mask.") from problem
        at = order.get(token(data.SOPInstanceUID))
        if at is None or ring.shape != mask.shape[1:]:
            raise RoiError(f"{where}: an overlay has another matrix than its image. Export the drawing as a mask.")
        mask[at] = overlay_lesion_mask(ring)
    if not mask.any():
        raise RoiError(f"{where}: no slice has a drawn overlay. Draw one, or use a mask.")
    return mask, []


def triplet_boxes(mask, where):
    """Boxes of the three consecutive slices at the lesion's largest diameter, by slice index: dict of `RoiBox`.

    Only the middle one is given where boxes alone would choose other slices than the drawing does; it then holds for
    all three.

    >>> mask = np.zeros((5, 8, 8), bool)
    >>> mask[1:4, 2:5, 2:5] = mask[2, 2:6, 2:6] = True
    >>> [(index, box.edges) for index, box in triplet_boxes(mask, "").items()]
    [(1, (2, 2, 5, 5)), (2, (2, 2, 6, 6)), (3, (2, 2, 5, 5))]
    """
    marked = np.flatnonzero(mask.any(axis=(1, 2)))
    diameters = {int(index): largest_diameter(mask[index]) for index in marked}
    chosen = triplet_at_largest(diameters, len(mask), where)
    boxes = {index: from_mask(mask[index]) for index in chosen if index in diameters}
    again = triplet_at_largest({index: box_diameter(box) for index, box in boxes.items()}, len(mask), where)
    if again == chosen:
        return boxes
    middle = max(boxes, key=lambda index: (diameters[index], -abs(index - chosen[1])))
    return {middle: boxes[middle]}


def _from_nifti(path, volume, where):
    values, affine, remarks = load_nifti(path, where)
    if not np.isfinite(values).all():
        raise RoiError(f"{where} holds NaN or infinite values. Save it as a mask of 0 and 1.")
    labels = np.unique(values)
    if not labels[labels != 0].size:
        raise RoiError(f"{where} is empty: no voxel is marked. Draw the lesion, or remove the file.")
    if labels[labels != 0].size > 1:
        raise RoiError(f"{where} holds {labels[labels != 0].size} labels. Save one lesion, as 0 and one other value.")
    mask, more = _placed(values != 0, LPS @ affine, volume, where)
    return mask, [*remarks, *more]


def _placed(marked, affine_lps, volume, where):
    """Bring marked voxels of any grid to the grid of the image, by the place of the image's voxel centres."""
    to_image = np.linalg.inv(volume.affine_lps) @ affine_lps
    turn, shape = to_image[:3, :3], volume.pixels.shape
    if abs(np.linalg.det(affine_lps[:3, :3])) < 1e-9:
        raise RoiError(f"{where} has voxels of no size (affine). Save it from the image it was drawn on.")
    same_voxels = is_grid(to_image, marked.shape)
    fits = same_voxels and covers(to_image, marked.shape, shape)
    if not fits and sorted(marked.shape) == sorted(shape):
        raise RoiError(
            f"{where} has the image's matrix and another geometry (affine). Save it again from this very series."
        )
    places = np.argwhere(marked) @ turn.T + to_image[:3, 3]
    reach = np.abs(turn).sum(axis=1) / 2  # half a voxel of the drawing: one at the border may overlap it
    low, high = places.min(axis=0), places.max(axis=0)
    if (low < -0.5 - reach).any() or (high > np.array(shape) - 0.5 + reach).any():
        raise RoiError(f"{where}: its lesion lies outside the image (geometry). Draw it on this very series.")
    low = np.clip(np.floor(low - reach).astype(int), 0, shape)
    high = np.clip(np.ceil(high + reach).astype(int) + 1, 0, shape)
    mask = np.zeros(shape, bool)
    grid = np.stack(np.meshgrid(*map(np.arange, low, high), indexing="ij"), -1)
    back = np.linalg.inv(to_image)
    nearest = np.rint(grid @ back[:3, :3].T + back[:3, 3] - 1e-6).astype(int)
    inside = ((nearest >= 0) & (nearest < marked.shape)).all(axis=-1)
    found = np.zeros(inside.shape, bool)
    found[inside] = marked[tuple(nearest[inside].T)]
    mask[tuple(map(slice, low, high))] = found
    ratio = found.sum() / (len(places) * abs(np.linalg.det(turn)))
    if not VOLUME_RATIO[0] <= ratio <= VOLUME_RATIO[1]:
        raise RoiError(
            f"{where}: on the image's voxels the lesion has {ratio:.2f} times its volume, so the two grids do not fit. "
            "Draw it on this very series."
        )
    if same_voxels:
        return mask, []
    return mask, [
        (f"{where} was drawn on another grid and brought to the nearest voxels.", "Look at the contact sheet.")
    ]


def _from_dicom(path, volume, where):
    try:
        data = read_dataset(path, where)
        kind = data.get("Modality")
        if kind == "SEG":
            _expect_frame(data.get("FrameOfReferenceUID"), volume, where)
            return _placed(*_segmented(data, where), volume, where)
        if kind == "RTSTRUCT":
            return _contoured(data, volume, where), []
    except RoiError:
        raise
    except DicomError as problem:
        raise RoiError(str(problem)) from problem
    except Exception as problem:  # nested elements can be malformed in any way
        raise RoiError(f"{where} cannot be read as DICOM SEG or RTSTRUCT. Export the mask again.") from problem
    raise RoiError(f"{where} is no DICOM SEG or RTSTRUCT. Export the lesion as one of these, or as NIfTI.")


def _expect_frame(frame, volume, where):
    if frame and token(frame) != volume.tokens["FrameOfReferenceUID"]:
        raise RoiError(f"{where} was drawn in another frame of reference than its image. Draw it on this series.")


def _segmented(data, where):
    """Read marked voxels (slice, row, column) of a DICOM SEG, and their affine to LPS millimetres."""
    names = {int(one.SegmentNumber): str(one.get("SegmentLabel", "")) for one in data.SegmentSequence}
    wanted = _lesion_of(names, where, "segments")
    frames, shared = list(data.PerFrameFunctionalGroupsSequence), data.SharedFunctionalGroupsSequence[0]
    rows, columns = int(data.Rows), int(data.Columns)
    if not 0 < rows * columns * len(frames) <= MAX_VOXELS:
        raise RoiError(f"{where} has {rows * columns * len(frames)} voxels, more than {MAX_VOXELS}. Crop it.")
    drawn = _drawn(data, frames, shared, wanted)
    kept = np.flatnonzero(drawn.any(axis=(1, 2)))
    if not kept.size:
        raise RoiError(f"{where} is empty: no voxel is marked. Draw the lesion, or remove the file.")
    turns = [_group(frames[i], shared, "PlaneOrientationSequence").ImageOrientationPatient for i in kept]
    row_cosine, column_cosine = np.array(turns[0], float).reshape(2, 3)
    measures = _group(frames[0], shared, "PixelMeasuresSequence")
    normal = np.cross(row_cosine, column_cosine)
    places = np.array([_group(frames[i], shared, "PlanePositionSequence").ImagePositionPatient for i in kept], float)
    heights = places @ normal
    gaps = np.diff(np.unique(np.round(heights, 3)))
    step = float(gaps.min()) if gaps.size else float(measures.get("SpacingBetweenSlices") or measures.SliceThickness)
    levels = np.rint((heights - heights.min()) / step).astype(int)
    row_mm, column_mm = (float(one) for one in measures.PixelSpacing)
    aside = places - places[0] - np.outer(heights - heights[0], normal)
    off = max(np.abs((heights - heights.min()) / step - levels).max(), np.abs(aside).max() / min(row_mm, column_mm))
    turned = np.abs(np.array(turns, float) - np.array(turns[0], float)).max() > 1e-3
    if off > OFF_PLANE / 5 or turned or len(set(levels)) < len(levels) or np.ptp(levels) >= MAX_VOXELS:
        words = "its frames are unevenly spaced, twice at one place, or not behind one another"
        raise RoiError(f"{where}: {words}. Export the mask from the image it was drawn on.")
    marked = np.zeros((int(levels.max()) + 1, rows, columns), bool)
    for level, i in zip(levels, kept, strict=True):
        marked[level] |= drawn[i]
    affine = np.eye(4)
    affine[:3, 0], affine[:3, 1], affine[:3, 2] = normal * step, column_cosine * row_mm, row_cosine * column_mm
    affine[:3, 3] = places[np.argmin(heights)]
    return marked, affine


def _drawn(data, frames, shared, wanted):
    """Pixels of a segment in every frame: bool (frame, row, column)."""
    pixels = data.pixel_array.reshape(len(frames), int(data.Rows), int(data.Columns))
    if data.SegmentationType == "LABELMAP":
        return pixels == wanted
    full = 1 if data.SegmentationType == "BINARY" else FULL * float(data.MaximumFractionalValue)
    numbers = [_group(one, shared, "SegmentIdentificationSequence").ReferencedSegmentNumber for one in frames]
    return (pixels >= full) & (np.array(numbers, int) == wanted)[:, None, None]


def _group(frame, shared, name):
    return (frame.get(name) or shared.get(name))[0]


def _lesion_of(names, where, what):
    """Key of the only entry, or of the only one whose name says lesion; names are not repeated in messages."""
    found = [key for key, name in names.items() if len(names) == 1 or LESION_WORDS.search(name)]
    if len(found) != 1:
        raise RoiError(
            f"{where} holds {len(names)} {what}, and {len(found)} named as a lesion. Export the lesion alone."
        )
    return found[0]


def _contoured(data, volume, where):
    """Mask of the closed planar contours of an RTSTRUCT: voxel centres inside; a contour in another cuts a hole."""
    structures = {int(one.ROINumber): one for one in data.StructureSetROISequence}
    names = {number: str(one.get("ROIName", "")) for number, one in structures.items()}
    wanted = _lesion_of(names, where, "structures")
    frame = structures[wanted].get("ReferencedFrameOfReferenceUID") or data.get("FrameOfReferenceUID")
    _expect_frame(frame, volume, where)
    back, mask = np.linalg.inv(volume.affine_lps), np.zeros(volume.pixels.shape, bool)
    items = [one.get("ContourSequence", ()) for one in data.ROIContourSequence if one.ReferencedROINumber == wanted]
    slices = defaultdict(list)
    for contour in (one for item in items for one in item if one.ContourGeometricType != "POINT"):
        if contour.ContourGeometricType not in CLOSED:
            raise RoiError(f"{where} holds an open contour. Close it, or export the lesion as a mask.")
        places = np.array(contour.ContourData, float).reshape(-1, 3) @ back[:3, :3].T + back[:3, 3]
        level = round(float(places[:, 0].mean()))
        beyond = (places[:, 1:] < -1.5).any() or (places[:, 1:] > np.array(mask.shape[1:]) + 0.5).any()
        if np.abs(places[:, 0] - level).max() > OFF_PLANE or not 0 <= level < len(mask) or beyond:
            raise RoiError(f"{where}: a contour lies between the image's slices or outside. Draw it on this series.")
        slices[level].append(_inside(places[:, 1:], mask.shape[1:]))
    for level, drawn in slices.items():
        for one, other in combinations(drawn, 2):
            common = (one & other).sum()
            if common and (common < min(one.sum(), other.sum()) or np.array_equal(one, other)):
                raise RoiError(f"{where}: two contours of a slice overlap. Draw the lesion once.")
        mask[level] = np.logical_xor.reduce(drawn)
    if not mask.any():
        raise RoiError(f"{where} is empty: no voxel lies in its contours. Draw the lesion, or remove the file.")
    return mask


def _inside(outline, shape):
    """Pixels (rows, columns) whose centre a closed outline of (row, column) points encloses, by the even-odd rule."""
    rows, columns = np.ogrid[: shape[0], : shape[1]]
    inside = np.zeros(shape, bool)
    for (row0, column0), (row1, column1) in zip(outline, np.roll(outline, -1, axis=0), strict=True):
        if row0 != row1:
            crosses = (row0 > rows) != (row1 > rows)
            inside ^= crosses & (columns < (column1 - column0) * (rows - row0) / (row1 - row0) + column0)
    return inside

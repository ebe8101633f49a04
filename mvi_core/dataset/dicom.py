"""Which image do these DICOM files hold: one MR series as a volume ordered by geometry, with nobody's name in it."""

import hashlib
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
from pydicom.data import get_testdata_file

from mvi_core.dataset.dicom_file import ALIKE, CONCATENATED, COSINE_TOLERANCE, SHARED, read_slices, token
from mvi_core.dataset.dicom_header import label_of, read_dataset
from mvi_core.dataset.scan_rules import named_weight
from mvi_core.errors import DicomError

MAX_FILES = 2000  # of one series
SHOWN_FAULTS = 5
MIN_WIPED_ROWS = 4
PHASE_SECONDS = 5  # slices of one 3D volume are acquired together, phases further apart
OVERLAY_GROUP = 0x6000
POSITION_TOLERANCE = 0.05  # of the slice step, and not below 0.05 mm
_JUNK = {"dicomdir", "thumbs.db", "desktop.ini", "lockfile", "version", "@eadir", "__macosx"}


@dataclass(frozen=True, eq=False)
class Volume:
    """An MR series as an array with its place in the patient.

    ``pixels`` (n_slices, rows, columns) holds float32 after rescale; slices ascend along the normal, row cosine x
    column cosine. ``affine_lps`` (4, 4) maps (slice, row, column, 1) to millimetres in the DICOM patient system (left,
    posterior, superior).
    """

    pixels: np.ndarray
    affine_lps: np.ndarray
    spacing_mm: tuple[float, float, float]  #: distance between slices, rows and columns
    meta: dict  #: acquisition attributes by DICOM keyword, where all slices agree; no identifying attribute
    remarks: tuple = ()  #: what is valid but doubtful: (sentence that names the file, remedy)
    tokens: dict = field(default_factory=dict)  #: keyed digests of identifiers and pixels, to compare within one run


def read_series(source, *, where=None):
    """Volume of one MR series, read from a folder or a list of files in any order.

    Slices are ordered by ``ImagePositionPatient (0020,0032)`` along the slice normal, never by file name or
    ``InstanceNumber (0020,0013)``. Stored values are masked to ``BitsStored (0028,0101)``, signed by
    ``PixelRepresentation (0028,0103)``, padding other than 0 becomes the lowest real value, ``MONOCHROME1`` is inverted
    within its stored range, and each slice's own rescale slope and intercept are applied.

    Parameters
    ----------
    source : path or list
        A folder that holds one series and nothing else (hidden files and DICOMDIR are passed over), or its files. Each
        item of a list is a path, a file in an archive (``images.zip!study/1.dcm``), or, of an enhanced multi-frame
        file, a pair (path, number of a frame from 1); without a number all its frames are read.
    where : str, optional
        Patient and sequence for messages, in place of the folder's name, which may hold a person's name. The files
        of a list are then named by their numbers in it.

    Returns
    -------
    Volume

    Raises
    ------
    DicomError
        If the files are not one complete series of parallel, evenly spaced slices that can be decoded.
        The message names every faulty file, and never quotes an identifying value.
    """
    slices = _read_all(_series_files(source, where), where, numbered=isinstance(source, list))
    where = where or slices[0].label.rpartition("/")[0] or "series"
    slices, remarks = _without_copies(slices)
    _expect_one_series(where, slices)
    ordered, step = _ordered(where, slices)
    volume = _volume(ordered, step)
    found = [one for look in (_twins, _wiped, _odd_scales, _unlike) for one in look(ordered)]
    return replace(volume, remarks=(*volume.remarks, *remarks, *found))


def _read_all(files, where, *, numbered):
    names = [f"file {i} of {len(files)}" if numbered else path.name for i, path in enumerate(files, 1)]
    slices, faults = [], {}
    for name, (path, frames) in zip(names, files.items(), strict=True):
        try:
            slices += read_slices(path, where and f"{where}/{name}", frames)
        except DicomError as problem:
            faults[name] = str(problem)
    if faults:
        others = list(faults)[SHOWN_FAULTS:]
        more = f"\n{len(others)} more files of this series are faulty. Mend {', '.join(others)} too." if others else ""
        raise DicomError("\n".join(list(faults.values())[:SHOWN_FAULTS]) + more)
    parts = slices[0].shared[CONCATENATED]
    if parts not in ("absent", len(files)) and not any(files.values()):  # of chosen frames some files may do
        remedy = "Copy the others too, and nothing else."
        raise DicomError(f"{slices[0].label} is one of {parts} files of a concatenation, found {len(files)}. {remedy}")
    return slices


def _without_copies(slices):
    """Slices without files that are the same instance, place and pixels a second time, and a remark for each."""
    kept, remarks = {}, []
    for one in slices:
        twin = kept.setdefault((one.instance, one.frame), one)
        same = twin is not one and np.array_equal(one.pixels, twin.pixels) and np.allclose(one.position, twin.position)
        if same:
            remarks.append((f"{one.label} is a duplicate of {twin.label}, left out", "Remove the copy."))
        elif twin is not one:
            kept[one.label] = one
    return list(kept.values()), remarks


def _odd_scales(ordered):
    """Tell of one slice alone with another scale; a scale of its own in every slice is what Philips writes."""
    slopes = [one.slope for one in ordered]
    for one in ordered:
        if len(slopes) > 3 and slopes.count(one.slope) == 1 and len(set(slopes)) == 2:
            yield (
                f"{one.label} alone has another RescaleSlope or RescaleIntercept, applied",
                "Check it; export it again.",
            )


def _unlike(ordered):
    """Tell of attributes that one volume has once and these slices have twice: echoes, components, people mixed."""
    for key in ALIKE:
        first, *others = ordered
        for other in others:
            if not _alike(first.shared[key], other.shared[key]):
                yield f"{other.label} differs from {first.label} in {key}", f"Check that all slices are of one {key}."
                break
    usual = np.median([one.clock for one in ordered])
    for one in ordered:
        if one.meta.get("MRAcquisitionType") == "3D" and abs(one.clock - usual) > PHASE_SECONDS:
            yield (
                f"{one.label} was acquired at another time than most slices of its 3D volume",
                "Look for its own phase.",
            )


def _alike(one, other):
    if isinstance(one, float) and isinstance(other, float):
        return bool(np.isclose(one, other, rtol=0.01))
    return token(one) == token(other)


def _twins(ordered):
    seen = {}
    for one in ordered:
        twin = seen.setdefault(hashlib.blake2b(one.pixels.tobytes()).digest(), one)
        if twin is not one and one.pixels.min() < one.pixels.max():
            yield f"{one.label} has identical pixels to {twin.label}", "Copy or export the series again."


def _wiped(ordered):
    """Tell of a slice with rows of one value where all other slices have an image: what a broken copy fills in."""
    flat = np.array([one.pixels.min(axis=1) == one.pixels.max(axis=1) for one in ordered])
    for one, rows in zip(ordered, flat & (flat.sum(axis=0) == 1), strict=True):
        if len(ordered) > 2 and MIN_WIPED_ROWS <= rows.sum() < len(rows):
            yield f"{one.label} is blank in {rows.sum()} rows, unlike the other slices", "Copy the series again."


def real_liver_slice():
    """Real contrast-enhanced liver slice that pydicom's wheel carries, and its overlay.

    ``examples_overlay.dcm``: Siemens Avanto 1.5 T, VIBE, 300 x 484 pixels of 0.723 mm, one slice. Nothing is fetched.

    The overlay (300, 484), of bool, is group 6000: a hand-drawn ring and annotation text, see
    `mvi_core.dataset.roi.overlay_lesion_mask`.

    >>> volume, overlay = real_liver_slice()
    >>> volume.pixels.shape, overlay.shape
    ((1, 300, 484), (300, 484))
    """
    path = Path(get_testdata_file("examples_overlay.dcm", download=False))
    (only,) = read_slices(path)
    overlay = read_dataset(path, only.label).overlay_array(OVERLAY_GROUP).astype(bool)
    return _volume([only], only.meta["SliceThickness"]), overlay


def _series_files(source, where=None):
    """Files of a series: path to the numbers of the wanted frames, or to None for all of them."""
    folder = Path(source) if isinstance(source, str | Path) else None
    shown = where or (label_of(folder) if folder else "The list")
    if folder is not None and not folder.is_dir():
        raise DicomError(f"{shown} is missing or is no folder. Name the folder of one series.")
    files = {}
    for item in source if folder is None else sorted(folder.iterdir()):
        path, frame = item if isinstance(item, tuple) else (item, None)
        files.setdefault(Path(path), []).append(frame)
    named = [path for path in files if not path.name.startswith(".") and path.name.lower() not in _JUNK]
    if not named:
        raise DicomError(f"{shown} is empty: it holds no file. Name the folder of one series.")
    if len(named) > MAX_FILES:
        raise DicomError(f"{shown} holds {len(named)} files, over {MAX_FILES}. Pass one series.")
    return {path: None if None in files[path] else files[path] for path in named}


def _expect_one_series(where, slices):
    for key, plural in SHARED.items():
        first = slices[0].shared[key]
        for other in slices[1:]:
            if other.shared[key] != first:
                raise DicomError(
                    f"{where} mixes two {plural}: {other.label} differs from {slices[0].label} in {key}. "
                    "Put each series into its own folder."
                )
    first, seen = slices[0], {}
    for one in slices:
        at, twin = f"{where}: {one.label}", seen.setdefault((one.instance, one.frame), one)
        if twin is not one:
            raise DicomError(f"{at} and {twin.label} have one SOPInstanceUID. Keep the right one of them.")
        if one.pixels.shape != first.pixels.shape:
            raise DicomError(f"{at} has another matrix than {first.label}. Separate the series.")
        if not np.allclose(one.spacing, first.spacing, rtol=1e-3):
            raise DicomError(f"{at} has another PixelSpacing than {first.label}. Separate the series.")
        if np.abs(one.cosines - first.cosines).max() > COSINE_TOLERANCE:
            raise DicomError(
                f"{at} is oriented unlike {first.label} (ImageOrientationPatient). Take the localiser out."
            )


def _ordered(where, slices):
    normal = np.cross(*slices[0].cosines)
    heights = np.array([one.position @ normal for one in slices])
    order = np.argsort(heights, kind="stable")
    ordered, heights = [slices[i] for i in order], heights[order]
    if len(ordered) == 1:
        return ordered, _thickness(slices[0])
    gaps = np.diff(heights)
    step = float(np.median(gaps[gaps > 0.01])) if (gaps > 0.01).any() else 0.0
    tolerance = max(POSITION_TOLERANCE * step, 0.05)
    twice = np.flatnonzero(gaps < min(tolerance, 0.5 * step) if step else gaps < tolerance)
    if twice.size:
        raise DicomError(
            f"{where}: {ordered[twice[0] + 1].label} lies at the same position as {ordered[twice[0]].label} "
            f"({twice.size} such pairs). Remove copies; split time points or echoes into their own series (mvi scan)."
        )
    for at in np.flatnonzero(np.abs(gaps - step) > tolerance):
        n_missing = round(gaps[at] / step) - 1
        what = f"{n_missing} slice(s) missing" if n_missing > 0 else "uneven spacing"
        raise DicomError(
            f"{where}: {what} between slice {at} ({ordered[at].label}) and slice {at + 1} ({ordered[at + 1].label}): "
            f"gap {gaps[at]:.2f} mm, expected {step:.2f} mm. Copy the series again, completely."
        )
    _expect_straight(where, ordered, normal, tolerance)
    return ordered, step


def _expect_straight(where, ordered, normal, tolerance):
    """Refuse a slice that is shifted in its plane against its neighbours, and a stack that leans (gantry tilt)."""
    positions = np.array([one.position for one in ordered])
    sideways = np.diff(positions - np.outer(positions @ normal, normal), axis=0)
    jumps = np.linalg.norm(sideways - np.median(sideways, axis=0), axis=1)
    at = int(jumps.argmax())
    if jumps[at] > tolerance:
        raise DicomError(
            f"{where}: {ordered[at + 1].label} is shifted sideways against {ordered[at].label} by {jumps[at]:.2f} mm, "
            "though its position fits along the normal. Export the series again."
        )
    if np.linalg.norm(sideways.sum(axis=0)) > tolerance * len(sideways):
        raise DicomError(f"{where}: the slices are shifted sideways against each other (tilted). Resample them first.")


def _thickness(only):
    """Distance in mm that a slice without neighbours stands for."""
    try:
        step = abs(float(only.meta.get("SpacingBetweenSlices") or only.meta.get("SliceThickness") or 0))
    except ValueError:
        step = 0
    if not 0 < step < np.inf:
        raise DicomError(f"{only.label}: SliceThickness is missing or no number. Export it again.")
    return step


def _volume(ordered, step):
    first = ordered[0]
    row_mm, column_mm = first.spacing
    normal = np.cross(*first.cosines)
    stride = (ordered[-1].position - first.position) / (len(ordered) - 1) if len(ordered) > 1 else normal * step
    affine = np.eye(4)
    affine[:3, 0], affine[:3, 1], affine[:3, 2] = stride, first.cosines[1] * row_mm, first.cosines[0] * column_mm
    affine[:3, 3] = first.position
    meta = {key: value for key, value in first.meta.items() if all(one.meta.get(key) == value for one in ordered)}
    kept = ("PatientID", "StudyInstanceUID", "SeriesInstanceUID", "FrameOfReferenceUID")
    tokens = {key: token(first.shared[key]) for key in kept}
    person = [str(first.shared[key]) for key in ("PatientName", "PatientBirthDate")]
    tokens["name and birth date"] = token("absent" if "absent" in person else person)
    tokens["weight"] = named_weight(first.shared)
    tokens["clock"] = float(np.min([one.clock for one in ordered]))
    tokens["instances"] = tuple(one.instance for one in ordered)
    pixels = np.stack([one.pixels for one in ordered])
    tokens["pixels"] = hashlib.blake2b(pixels, digest_size=16).hexdigest()
    remarks = tuple(remark for one in ordered for remark in one.remarks)
    return Volume(pixels, affine, (float(step), row_mm, column_mm), meta, remarks, tokens)

"""What does one DICOM file hold: its pixels as values, its place in space, and the attributes that may be kept."""

import hashlib
import secrets
import warnings
from dataclasses import dataclass, replace

import numpy as np
import pydicom

from mvi_core.dataset.decode import is_lossy
from mvi_core.dataset.dicom_frames import classic_frames, is_enhanced
from mvi_core.dataset.dicom_header import label_of, numbers, read_dataset, value
from mvi_core.dataset.dicom_mosaic import tiles
from mvi_core.dataset.dicom_pixels import scaled, stored_words
from mvi_core.errors import DicomError

_KEY = secrets.token_bytes(32)  # of this run: identifiers are compared, never kept
CLOCK_START = secrets.randbelow(10**6)  # s; of this run, so that nobody learns the time of day
COSINE_TOLERANCE = 1e-3
MIN_SPACING_MM, MAX_SPACING_MM = 0.01, 100  # beyond lie other units
PROGRAMS = (b"MZ", b"\x7fELF", b"#!", b"\xca\xfe\xba\xbe", b"\xcf\xfa\xed\xfe")  # CVE-2019-11687

# Acquisition attributes that may leave this module: numbers and coded strings. Free text (descriptions, contrast
# agent), dates, times, device and person attributes stay behind (PS3.15, table E.1-1).
ACQUISITION_KEYWORDS = (
    "Modality", "ScanningSequence", "SequenceVariant", "ScanOptions", "MRAcquisitionType", "MagneticFieldStrength",
    "SliceThickness", "SpacingBetweenSlices", "RepetitionTime", "EchoTime", "InversionTime", "FlipAngle",
    "EchoTrainLength", "NumberOfAverages", "PixelBandwidth", "TriggerTime", "DiffusionBValue", "PatientPosition",
)  # fmt: skip
SHARED = {  # what the slices of a series have in common, by keyword: the plural for messages
    "PatientID": "patients", "StudyInstanceUID": "studies", "SeriesInstanceUID": "series",
    "FrameOfReferenceUID": "frames of reference", "Modality": "modalities",
    "PhotometricInterpretation": "photometric interpretations",
    "PixelRepresentation": "pixel representations (signed and unsigned)",
}  # fmt: skip
# What they have in common too where nothing went wrong; some programs write one of them slice by slice.
ALIKE = (
    "PatientName", "PatientBirthDate", "PatientSex", "SeriesDescription", "SOPClassUID", "ImageType", "EchoTime",
    "ComplexImageComponent", "TemporalPositionIdentifier", "DiffusionBValue",
)  # fmt: skip
CONCATENATED = "InConcatenationTotalNumber"  # files that one enhanced object was split into
MR_CLASSES = "1.2.840.10008.5.1.4.1.1.4"  # MR Image Storage; of the enhanced ones a point and a number follow
STORAGE = "1.2.840.10008.5.1.4.1.1."


@dataclass(frozen=True, eq=False)
class Slice:
    """One slice: values after rescale, position and cosines in LPS mm, what its series must share, kept attributes."""

    label: str
    pixels: np.ndarray
    position: np.ndarray
    cosines: np.ndarray
    spacing: tuple[float, float]
    instance: str
    shared: dict
    meta: dict
    remarks: tuple = ()  # what a person should know: (sentence, remedy)
    slope: tuple = (1.0, 0.0)
    frame: int = 0  # number in an enhanced file, from 1
    clock: float = np.nan  # seconds of acquisition from a moment that is drawn for each run: an order, no time of day


def token(text):
    """Digest of an identifier under a key of this run: equal for equal identifiers, and nothing else can be told."""
    return hashlib.blake2b(str(text).strip().casefold().encode(), key=_KEY, digest_size=16).hexdigest()


def read_slices(place, label=None, frames=None):
    """Slices of one file: the only one of a classic file, or the wanted frames of an enhanced one, in stored order.

    Parameters
    ----------
    place : path
        File, or file in an archive, ``images.zip!study/1.dcm``.
    label : str, optional
        Name for messages; the last parts of the path by default.
    frames : sequence of int, optional
        Numbers of the wanted frames, from 1; all by default.

    Returns
    -------
    list of Slice

    Raises
    ------
    DicomError
        If one of them cannot be had.
    """
    label = label or label_of(place)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # pydicom's remarks quote raw header values
        data = read_dataset(place, label)
        if value(data, label, "Modality", "absent") != "MR":
            raise DicomError(f"{label} is no MR image (Modality (0008,0060), a secondary capture?). Take it out.")
        heads = classic_frames(data, label, frames)
        indices = range(len(heads)) if frames is None else [number - 1 for number in frames]
        words = stored_words(data, label, indices)
        counted = [index + 1 if is_enhanced(data) else 0 for index in indices]
        slices = [_slice(head, one, label, number) for head, one, number in zip(heads, words, counted, strict=True)]
        if "MOSAIC" in str(_plain(data, label, "ImageType")).upper():
            slices = _tiled(slices[0], tiles(data, label))
        slices[0] = replace(slices[0], remarks=(*slices[0].remarks, *_file_remarks(data, label)))
    return slices


def _file_remarks(data, label):
    if (getattr(data, "preamble", None) or b"").startswith(PROGRAMS):
        yield f"{label} begins as a program does (preamble)", "Ask where the file comes from."
    flag = str(value(data, label, "LossyImageCompression", "00"))
    if flag == "01" or is_lossy(data.file_meta.TransferSyntaxUID, data.PixelData):
        yield f"{label} went through lossy compression", "Export the original, without loss."


def _tiled(whole, places):
    unused = np.ones(whole.pixels.shape, bool)
    for row, column, height, width, _ in places:
        unused[row : row + height, column : column + width] = False
    if len(np.unique(whole.pixels[unused])) > 1:
        raise DicomError(
            f"{whole.label} is a mosaic with more slices than its header counts. Export it as enhanced MR."
        )
    return [_tile(whole, *place, number) for number, place in enumerate(places, start=1)]


def _tile(whole, row, column, height, width, shift, number):
    pixels = whole.pixels[row : row + height, column : column + width]
    label, position = f"{whole.label} tile {number}", whole.position + shift
    return replace(whole, label=label, pixels=pixels, position=position, frame=number)


def _slice(data, words, file, frame):
    label = f"{file} frame {frame}" if frame else file
    pixels, slope, stray = scaled(words, data, label)
    cosines = numbers(data, label, "ImageOrientationPatient", 6).reshape(2, 3)
    if np.abs(cosines @ cosines.T - np.eye(2)).max() > COSINE_TOLERANCE:
        raise DicomError(f"{label}: ImageOrientationPatient is no pair of perpendicular unit vectors. Export it again.")
    spacing = numbers(data, label, "PixelSpacing", 2)
    if not MIN_SPACING_MM <= spacing.min() <= spacing.max() <= MAX_SPACING_MM:
        allowed = f"{MIN_SPACING_MM} to {MAX_SPACING_MM} mm"
        raise DicomError(f"{label}: PixelSpacing must be positive and in millimetres, {allowed}. Export it again.")
    position = numbers(data, label, "ImagePositionPatient", 3)
    shared = {key: value(data, label, key, "absent") for key in (*SHARED, *ALIKE, CONCATENATED)}
    if shared["SeriesInstanceUID"] == "absent" or not isinstance(shared["SeriesInstanceUID"], str):
        raise DicomError(f"{label}: SeriesInstanceUID is missing or no single value. Export it again.")
    meta = {key: _plain(data, label, key) for key in ACQUISITION_KEYWORDS}
    kept = {key: found for key, found in meta.items() if found != ""}
    remarks = tuple(_remarks(data, label, pixels, stray))
    instance = token(value(data, label, "SOPInstanceUID", label))
    place, clock = (position, cosines, tuple(spacing.tolist())), _clock(data, label)
    return Slice(label, pixels, *place, instance, shared, kept, remarks, slope, frame, clock)


def _clock(data, label):
    moment = str(value(data, label, "AcquisitionDateTime", ""))[8:]
    text = str(value(data, label, "AcquisitionTime", moment)).replace(":", "")
    try:
        return CLOCK_START + 3600 * int(text[:2]) + 60 * int(text[2:4]) + float(text[4:13].partition("+")[0] or 0)
    except ValueError:
        return np.nan


def _remarks(data, label, pixels, stray):
    if stray:
        words = f"{label} sets bits outside BitsStored, left out: bytes exchanged, or BitsStored or HighBit wrong?"
        yield words, "Look at the image; export it again."
    kind = str(value(data, label, "SOPClassUID", MR_CLASSES))
    if kind.startswith(STORAGE) and kind != MR_CLASSES and not kind.startswith(f"{MR_CLASSES}."):
        yield f"{label} is stored as another kind of image than MR (SOPClassUID)", "Use the original MR images."
    if str(value(data, label, "BurnedInAnnotation", "NO")) == "YES":
        yield f"{label} has burned-in text (BurnedInAnnotation), perhaps a name", "Look at it; export it without text."
    if "DERIVED" in _plain(data, label, "ImageType").upper():
        yield f"{label} is a derived image (ImageType)", "Check that it is no subtraction; use the original."
    if value(data, label, "PhotometricInterpretation") == "MONOCHROME1":
        yield f"{label} is MONOCHROME1: its values were inverted", "Check that bright tissue is bright."
    if pixels.min() == pixels.max():
        yield f"{label} is blank: one constant value", "Copy or export the series again."


def _plain(data, label, keyword):
    found = value(data, label, keyword, "")
    if isinstance(found, list | pydicom.multival.MultiValue):
        return "\\".join(str(item) for item in found)
    try:
        return found if isinstance(found, str) else float(found)
    except (TypeError, ValueError) as problem:
        raise DicomError(f"{label}: {keyword} is neither text nor a number. Export the file again.") from problem

"""What does one DICOM file hold: its pixels as values, its place in space, and the attributes that may be kept."""

import hashlib
import secrets
import stat
import warnings
import zlib
from dataclasses import dataclass
from io import BytesIO

import numpy as np
import pydicom
from pydicom.dataset import FileMetaDataset
from pydicom.filereader import read_dataset as parse
from pydicom.filereader import read_partial
from pydicom.pixels import get_decoder
from pydicom.uid import UID, DeflatedExplicitVRLittleEndian, ExplicitVRLittleEndian

from mvi_core.errors import DicomError

MAX_FILE_BYTES = 64 * 2**20  # one classic slice is below 1 MiB; a larger file is no slice of a liver MR
META_START = 132  # bytes before group 2: preamble and DICM
MAX_ROWS = 4096
FLOAT32_EXACT = 2**24  # whole numbers up to here are the same as float32
_KEY = secrets.token_bytes(32)  # of this run: identifiers are compared, never kept
PLAIN = "Explicit VR Little Endian"  # the transfer syntax that every tool can write
COSINE_TOLERANCE = 1e-3

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


def token(text):
    """Digest of an identifier under a key of this run: equal for equal identifiers, and nothing else can be told."""
    return hashlib.blake2b(str(text).strip().casefold().encode(), key=_KEY, digest_size=16).hexdigest()


def label_of(path):
    """File as its last three path parts, for messages."""
    return "/".join(path.parts[-3:])


def read_dataset(path, label):
    """Dataset of one regular DICOM Part 10 file below the size limit; it still holds identifying attributes."""
    info = path.lstat() if path.is_symlink() or path.exists() else None
    if info is None or not stat.S_ISREG(info.st_mode):
        raise DicomError(f"{label} is missing or is no regular file (a link, pipe or folder). Copy the file itself.")
    if info.st_size > MAX_FILE_BYTES:
        raise DicomError(f"{label} has {info.st_size} bytes, more than {MAX_FILE_BYTES}. Export single-frame slices.")
    raw = path.read_bytes()
    if not raw:
        raise DicomError(f"{label} is empty (0 bytes), no DICOM file. Copy or export it again.")
    try:
        return _parsed(raw, label)
    except DicomError:
        raise
    except Exception as problem:  # RecursionError of nested sequences included
        raise DicomError(f"{label} cannot be read as DICOM. Copy or export it again.") from problem


def _parsed(raw, label):
    if DeflatedExplicitVRLittleEndian.encode() in raw[:2048]:
        return _inflated(raw, label)
    data = read_partial(BytesIO(raw), stop_when=_element_check(len(raw), label))
    syntax = UID(data.file_meta.get("TransferSyntaxUID", ""))
    if not syntax.is_transfer_syntax:
        raise DicomError(f"{label} names no known TransferSyntaxUID (0002,0010). Export it again as DICOM Part 10.")
    return data


def _inflated(raw, label):
    """Dataset of a deflated file, inflated to at most the size that a file may have."""
    start = META_START + 12 + int.from_bytes(raw[META_START + 8 : META_START + 12], "little")  # (0002,0000)
    meta = FileMetaDataset(parse(BytesIO(raw[META_START:start]), False, True))
    inflater = zlib.decompressobj(-zlib.MAX_WBITS)
    plain = inflater.decompress(raw[start:], MAX_FILE_BYTES)
    if inflater.unconsumed_tail:
        raise DicomError(f"{label} inflates beyond {MAX_FILE_BYTES} bytes. Export it as {PLAIN}.")
    elements = parse(BytesIO(plain), False, True, stop_when=_element_check(len(plain), label))
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    return pydicom.FileDataset(None, elements, file_meta=meta)


def _element_check(size, label):
    """Look at each element before its value is read: order, and a length that the file can hold."""
    last = 0

    def check(tag, _vr, length):
        nonlocal last
        if tag <= last:
            remedy = "Two programs would read two different images. Export it again."
            raise DicomError(f"{label}: element {tag} stands twice or out of order. {remedy}")
        if length != 0xFFFFFFFF and length > size:
            found = f"{label}: element {tag} claims {length} bytes, more than the file holds"
            raise DicomError(f"{found} (truncated, or a wrong length). Copy or export it again.")
        last = int(tag)
        return False

    return check


def _value(data, label, keyword, default=None):
    try:
        value = data.get(keyword)
    except Exception as problem:
        raise DicomError(f"{label}: {keyword} has a malformed value. Export the file again.") from problem
    if value is None or value == "":
        if default is None:
            raise DicomError(f"{label}: {keyword} is missing. Export the original MR slices, with their geometry.")
        return default
    return value


def _numbers(data, label, keyword, count, default=None):
    value = _value(data, label, keyword, default)
    try:
        numbers = np.atleast_1d(np.asarray(value, dtype=float))
    except (TypeError, ValueError) as problem:
        raise DicomError(f"{label}: {keyword} is not a number. Export the file again.") from problem
    if numbers.shape != (count,) or not np.isfinite(numbers).all():
        raise DicomError(f"{label}: {keyword} must be {count} finite number(s), got {numbers.size}. Export it again.")
    return numbers


def read_slice(path, label=None):
    """Pixels, geometry and kept attributes of one classic single-frame file; a `DicomError` if one cannot be had."""
    label = label or label_of(path)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # pydicom's remarks quote raw header values
        data = read_dataset(path, label)
        if int(_numbers(data, label, "NumberOfFrames", 1, 1)[0]) != 1:
            raise DicomError(f"{label} is multi-frame. Convert the series to classic single-frame MR files first.")
        pixels, slope = _pixels(data, label)
        cosines = _numbers(data, label, "ImageOrientationPatient", 6).reshape(2, 3)
        if np.abs(cosines @ cosines.T - np.eye(2)).max() > COSINE_TOLERANCE:
            raise DicomError(
                f"{label}: ImageOrientationPatient is no pair of perpendicular unit vectors. Export it again."
            )
        spacing = _numbers(data, label, "PixelSpacing", 2)
        if spacing.min() <= 0:
            raise DicomError(f"{label}: PixelSpacing must be positive. Export the file again.")
        position = _numbers(data, label, "ImagePositionPatient", 3)
        shared = {key: _value(data, label, key, "absent") for key in SHARED}
        if shared["Modality"] != "MR":
            raise DicomError(f"{label} is no MR image (Modality (0008,0060)). Take it out of the folder.")
        if shared["SeriesInstanceUID"] == "absent":
            raise DicomError(f"{label}: SeriesInstanceUID is missing, so its series is unknown. Export it again.")
        meta = {key: _plain(data, label, key) for key in ACQUISITION_KEYWORDS}
        remarks = tuple(_remarks(data, label, pixels))
        instance = token(_value(data, label, "SOPInstanceUID", label))
    kept = {key: value for key, value in meta.items() if value != ""}
    spacing = tuple(spacing.tolist())
    return Slice(label, pixels, position, cosines, spacing, instance, shared, kept, remarks, slope)


def _remarks(data, label, pixels):
    if str(_value(data, label, "LossyImageCompression", "00")) == "01":
        yield f"{label} went through lossy compression", "Export the original, without loss."
    if str(_value(data, label, "BurnedInAnnotation", "NO")) == "YES":
        yield f"{label} has burned-in text (BurnedInAnnotation), perhaps a name", "Look at it; export it without text."
    if "DERIVED" in _plain(data, label, "ImageType").upper():
        yield f"{label} is a derived image (ImageType)", "Check that it is no subtraction; use the original."
    if _value(data, label, "PhotometricInterpretation") == "MONOCHROME1":
        yield f"{label} is MONOCHROME1: its values were inverted", "Check that bright tissue is bright."
    if pixels.min() == pixels.max():
        yield f"{label} is blank: one constant value", "Copy or export the series again."


def _plain(data, label, keyword):
    value = _value(data, label, keyword, "")
    if isinstance(value, list | pydicom.multival.MultiValue):
        return "\\".join(str(item) for item in value)
    return value if isinstance(value, str) else float(value)


def _pixels(data, label):
    rows, columns = (int(_numbers(data, label, key, 1)[0]) for key in ("Rows", "Columns"))
    allocated, stored = (int(_numbers(data, label, key, 1)[0]) for key in ("BitsAllocated", "BitsStored"))
    if not (0 < rows <= MAX_ROWS and 0 < columns <= MAX_ROWS):
        raise DicomError(f"{label}: {rows} x {columns} pixels, expected 1 to {MAX_ROWS} each. Export the file again.")
    samples = int(_numbers(data, label, "SamplesPerPixel", 1, 1)[0])
    if samples != 1:
        raise DicomError(f"{label} is not grey-scale: SamplesPerPixel is {samples} (RGB). Use the original MR images.")
    if allocated not in (8, 16, 32) or not 0 < stored <= allocated:
        found = f"BitsAllocated {allocated}, BitsStored {stored}"
        raise DicomError(f"{label} is not grey-scale of 8, 16 or 32 bits: {found}. Use the original MR images.")
    if "PixelData" not in data:
        raise DicomError(f"{label} holds no PixelData (7FE0,0010). Leave files without an image out of the folder.")
    raw = _decoded(data, label, (rows, columns), allocated)
    if raw.shape != (rows, columns) or raw.dtype.kind not in "iu":
        raise DicomError(f"{label}: decoded pixels do not fit Rows and Columns. Export the file again.")
    values = _stored_values(raw, data, label, allocated, stored)
    slope = _numbers(data, label, "RescaleSlope", 1, 1)[0]
    intercept = _numbers(data, label, "RescaleIntercept", 1, 0)[0]
    with np.errstate(over="ignore", invalid="ignore"):
        scaled = (values * slope + intercept).astype(np.float32)
    if slope == 0 or not np.isfinite(scaled).all():
        raise DicomError(f"{label}: RescaleSlope and RescaleIntercept give no usable values. Export the file again.")
    if allocated == 32 and np.abs(scaled).max() > FLOAT32_EXACT:
        raise DicomError(f"{label}: values beyond {FLOAT32_EXACT} would lose digits. Export the file with 16 bits.")
    return scaled, (float(slope), float(intercept))


def _decoded(data, label, shape, allocated):
    """Words as stored, before bits outside BitsStored are taken off."""
    syntax, n_bytes = data.file_meta.TransferSyntaxUID, shape[0] * shape[1] * allocated // 8
    if not syntax.is_compressed and len(data.PixelData) not in (n_bytes, n_bytes + n_bytes % 2):
        found = f"{label}: PixelData has {len(data.PixelData)} bytes, expected {n_bytes}"
        raise DicomError(f"{found} (truncated, or a wrong length). Copy or export the file again.")
    if not syntax.is_compressed and (allocated > 8 or syntax.is_little_endian):  # pydicom would cut left-aligned words
        words = f"{'<' if syntax.is_little_endian else '>'}u{allocated // 8}"
        return np.frombuffer(data.PixelData[:n_bytes], words).reshape(shape)
    try:
        decoder = get_decoder(syntax)
    except NotImplementedError as problem:
        raise DicomError(f"{label}: {syntax.name} is not read here. Export it as {PLAIN}.") from problem
    if not decoder.is_available:
        needed = decoder.missing_dependencies[-1].partition(" - ")[2].removeprefix("requires ")
        missing = f"{label} is compressed ({syntax.name}) and no decoder is installed."
        raise DicomError(f"{missing} Install {needed}, or export it as {PLAIN}.")
    try:
        return data.pixel_array
    except Exception as problem:
        raise DicomError(f"{label}: its pixels cannot be decoded. Export it again.") from problem


def _stored_values(raw, data, label, allocated, stored):
    high = int(_numbers(data, label, "HighBit", 1, stored - 1)[0])
    signed = int(_numbers(data, label, "PixelRepresentation", 1)[0])
    if not stored - 1 <= high < allocated or signed not in (0, 1):
        raise DicomError(f"{label}: HighBit or PixelRepresentation contradicts BitsStored. Export the file again.")
    values = (raw.astype(np.int64) >> (high - stored + 1)) & (2**stored - 1)  # overlay bits fall away
    if signed:
        values = np.where(values >= 2 ** (stored - 1), values - 2**stored, values)
    values = _without_padding(values, data, label)
    photometric = _value(data, label, "PhotometricInterpretation")
    if photometric == "MONOCHROME1":
        return (-1 if signed else 2**stored - 1) - values
    if photometric != "MONOCHROME2":
        raise DicomError(f"{label} is no grey-scale image (PhotometricInterpretation). Use the original MR images.")
    return values


def _without_padding(values, data, label):
    if _value(data, label, "PixelPaddingValue", "absent") == "absent":
        return values
    first = _numbers(data, label, "PixelPaddingValue", 1)[0]
    last = _numbers(data, label, "PixelPaddingRangeLimit", 1, first)[0]
    padded = (values >= min(first, last)) & (values <= max(first, last))
    return values if padded.all() else np.where(padded, values[~padded].min(), values)

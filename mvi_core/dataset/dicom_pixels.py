"""Which values do the pixels of a DICOM file mean: words as stored, then sign, bits, padding, inversion and scale."""

import numpy as np
from pydicom.pixels import get_decoder

from mvi_core.dataset.decode import decode
from mvi_core.dataset.dicom_frames import n_frames
from mvi_core.dataset.dicom_header import PLAIN, numbers, value
from mvi_core.errors import DicomError

MAX_ROWS = 4096
MAX_VOXELS = 2**28  # of the frames read from one file
FLOAT32_EXACT = 2**24  # whole numbers up to here are the same as float32
JPEG_END = b"\xff\xd9"  # of every JPEG, JPEG-LS and JPEG 2000 stream; decoders fill in what is missing before it
RLE = "1.2.840.10008.1.2.5"


def stored_words(data, label, frames):
    """Words of some frames, counted from 0, before bits outside BitsStored are taken off: (n_frames, rows, columns)."""
    if "FloatPixelData" in data or "DoubleFloatPixelData" in data:  # of a Parametric Map, never of an MR image
        raise DicomError(f"{label} holds FloatPixelData, which no MR image has. Export the original with PixelData.")
    if not isinstance(value(data, label, "PixelData", ""), bytes):  # absent, or present and empty
        raise DicomError(f"{label} holds no PixelData (7FE0,0010). Leave files without an image out of the folder.")
    rows, columns, allocated, _ = _layout(data, label)
    if len(frames) * rows * columns > MAX_VOXELS:
        raise DicomError(f"{label} holds more than {MAX_VOXELS} pixels. Read fewer of its frames at a time.")
    raw = _words(data, label, (rows, columns), allocated, frames)
    if raw.shape != (len(frames), rows, columns) or raw.dtype.kind not in "iu":
        raise DicomError(f"{label}: decoded pixels do not fit Rows and Columns. Export the file again.")
    return raw


def scaled(raw, data, label):
    """Values of one frame's words as float32, its slope and intercept, and whether bits without a meaning were set."""
    _, _, allocated, stored = _layout(data, label)
    if "ModalityLUTSequence" in data:
        raise DicomError(f"{label} has a ModalityLUTSequence, which no MR image has. Export it with RescaleSlope.")
    values, stray = _stored_values(raw, data, label, allocated, stored)
    slope = numbers(data, label, "RescaleSlope", 1, 1)[0]
    intercept = numbers(data, label, "RescaleIntercept", 1, 0)[0]
    with np.errstate(over="ignore", invalid="ignore"):
        result = (values * slope + intercept).astype(np.float32)
    wiped = result.min() == result.max() and values.min() < values.max()
    if slope == 0 or wiped or not np.isfinite(result).all():
        raise DicomError(f"{label}: RescaleSlope and RescaleIntercept give no usable values. Export the file again.")
    if allocated == 32 and np.abs(result).max() > FLOAT32_EXACT:
        raise DicomError(f"{label}: values beyond {FLOAT32_EXACT} would lose digits. Export the file with 16 bits.")
    return result, (float(slope), float(intercept)), stray


def _layout(data, label):
    """Rows, columns, bits allocated and bits stored."""
    rows, columns = (int(numbers(data, label, key, 1)[0]) for key in ("Rows", "Columns"))
    allocated, stored = (int(numbers(data, label, key, 1)[0]) for key in ("BitsAllocated", "BitsStored"))
    if not (0 < rows <= MAX_ROWS and 0 < columns <= MAX_ROWS):
        raise DicomError(f"{label}: {rows} x {columns} pixels, expected 1 to {MAX_ROWS} each. Export the file again.")
    samples = int(numbers(data, label, "SamplesPerPixel", 1, 1)[0])
    if samples != 1:
        raise DicomError(f"{label} is not grey-scale: SamplesPerPixel is {samples} (RGB). Use the original MR images.")
    if allocated not in (8, 16, 32) or not 0 < stored <= allocated:
        found = f"BitsAllocated {allocated}, BitsStored {stored}"
        raise DicomError(f"{label} is not grey-scale of 8, 16 or 32 bits: {found}. Use the original MR images.")
    return rows, columns, allocated, stored


def _words(data, label, shape, allocated, frames):
    syntax, stream = data.file_meta.TransferSyntaxUID, data.PixelData
    count = n_frames(data, label)
    n_bytes = shape[0] * shape[1] * allocated // 8
    if syntax.is_compressed:
        return _decompressed(data, label, shape, allocated, frames)
    if len(stream) not in (count * n_bytes, count * n_bytes + count * n_bytes % 2):
        found = f"{label}: PixelData has {len(stream)} bytes, expected {count * n_bytes}"
        raise DicomError(f"{found} (truncated, or a wrong length). Copy or export the file again.")
    if allocated == 8 and not syntax.is_little_endian and data["PixelData"].VR == "OW":  # bytes lie swapped in words
        stream = np.frombuffer(stream[: len(stream) // 2 * 2], "<u2").byteswap().tobytes()
    kind = f"{'<' if syntax.is_little_endian else '>'}u{allocated // 8}"
    words = np.frombuffer(stream, kind, count * shape[0] * shape[1])
    return words.reshape(count, *shape)[list(frames)]


def _decompressed(data, label, shape, allocated, frames):
    syntax = data.file_meta.TransferSyntaxUID
    try:
        decoder = get_decoder(syntax)
    except NotImplementedError as problem:
        raise DicomError(f"{label}: {syntax.name} is not read here. Export it as {PLAIN}.") from problem
    if not decoder.is_available:
        needed = decoder.missing_dependencies[-1].partition(" - ")[2].removeprefix("requires ")
        missing = f"{label} is compressed ({syntax.name}) and no decoder is installed."
        raise DicomError(f"{missing} Install {needed}, or export it as {PLAIN}.")
    options = {
        "rows": shape[0],
        "columns": shape[1],
        "samples_per_pixel": 1,
        "bits_allocated": allocated,
        "bits_stored": int(numbers(data, label, "BitsStored", 1)[0]),
        "pixel_representation": int(numbers(data, label, "PixelRepresentation", 1)[0]),
        "photometric_interpretation": str(value(data, label, "PhotometricInterpretation")),
        "number_of_frames": n_frames(data, label),
        "pixel_keyword": "PixelData",
    }
    if syntax != RLE and JPEG_END not in data.PixelData[-64:]:
        raise DicomError(f"{label}: its compressed stream ends too early (truncated). Copy or export it again.")
    try:
        return decode(data.PixelData, syntax, frames=frames, options=options)
    except DicomError as problem:
        raise DicomError(f"{label}: {problem}. Copy or export it again, as {PLAIN} if that is possible.") from problem


def _stored_values(raw, data, label, allocated, stored):
    high = int(numbers(data, label, "HighBit", 1, stored - 1)[0])
    signed = int(numbers(data, label, "PixelRepresentation", 1)[0])
    if not stored - 1 <= high < allocated or signed not in (0, 1):
        raise DicomError(f"{label}: HighBit or PixelRepresentation contradicts BitsStored. Export the file again.")
    words, shift = raw.astype(np.int64), high - stored + 1
    values = (words >> shift) & (2**stored - 1)  # overlay bits fall away
    if signed:
        values = np.where(values >= 2 ** (stored - 1), values - 2**stored, values)
    above = words >> (high + 1)
    above[(values < 0) & (above == 2 ** (allocated - high - 1) - 1)] = 0  # bits that repeat the sign
    stray = bool(above.any() or (words & (2**shift - 1)).any()) and not _overlays(data)
    values = _without_padding(values, data, label)
    photometric = value(data, label, "PhotometricInterpretation")
    if photometric == "MONOCHROME1":
        return (-1 if signed else 2**stored - 1) - values, stray
    if photometric != "MONOCHROME2":
        raise DicomError(f"{label} is no grey-scale image (PhotometricInterpretation). Use the original MR images.")
    return values, stray


def _overlays(data):
    """Tell whether a dataset names overlays in the bits that its pixels leave free, OverlayBitPosition (60xx,0102)."""
    return any((group, 0x0102) in data for group in range(0x6000, 0x6020, 2))


def _without_padding(values, data, label):
    if value(data, label, "PixelPaddingValue", "absent") == "absent":
        return values
    first = numbers(data, label, "PixelPaddingValue", 1)[0]
    last = numbers(data, label, "PixelPaddingRangeLimit", 1, first)[0]
    if first == last == values.min() == 0 and value(data, label, "PhotometricInterpretation") == "MONOCHROME2":
        return values  # no signal already
    padded = (values >= min(first, last)) & (values <= max(first, last))
    return values if padded.all() else np.where(padded, values[~padded].min(), values)

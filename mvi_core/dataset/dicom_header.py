"""Which attributes does a DICOM file hold: its bytes within bounds, its elements checked before they are believed."""

import stat
import zlib
from io import BytesIO
from pathlib import Path

import numpy as np
import pydicom
from pydicom.dataset import FileMetaDataset
from pydicom.filereader import read_dataset as parse
from pydicom.filereader import read_partial
from pydicom.uid import UID, DeflatedExplicitVRLittleEndian, ExplicitVRLittleEndian

from mvi_core.dataset.archive import read_member, split_member
from mvi_core.errors import DicomError, ManifestError

MAX_FILE_BYTES = 2**29  # an enhanced file of a dynamic liver MR has some 100 MiB, a classic slice below 1 MiB
MAX_INFLATED_BYTES = 2**28
META_START = 132  # bytes before group 2: preamble and DICM
PLAIN = "Explicit VR Little Endian"  # the transfer syntax that every tool can write
PACKED = {b"PK\x03\x04": "a zip archive", b"\x1f\x8b": "packed by gzip"}


def label_of(place):
    """File as its last three path parts, for messages."""
    return "/".join(Path(place).parts[-3:])


def read_dataset(path, label):
    """Dataset of one regular DICOM Part 10 file below the size limit; it still holds identifying attributes.

    ``path`` may also name a file in an archive, ``images.zip!study/1.dcm``.
    """
    raw = _bytes(path, label)
    if not raw:
        raise DicomError(f"{label} is empty (0 bytes), no DICOM file. Copy or export it again.")
    for start, kind in PACKED.items():
        if raw.startswith(start) and raw[128:META_START] != b"DICM":  # a preamble may hold anything
            raise DicomError(f"{label} is {kind}, no DICOM file. Unpack it first.")
    if raw[128:META_START] != b"DICM":
        remedy = "Take it out of the folder, or export it again as DICOM Part 10."
        raise DicomError(f"{label} is no DICOM file: its mark (DICM) is missing. {remedy}")
    try:
        return _parsed(raw, label)
    except DicomError:
        raise
    except Exception as problem:  # RecursionError of nested sequences included
        raise DicomError(f"{label} cannot be read as DICOM. Copy or export it again.") from problem


def _bytes(place, label):
    path, member = split_member(place)
    if member is not None:
        try:
            return read_member(path, member, limit=MAX_FILE_BYTES)
        except ManifestError as problem:
            raise DicomError(str(problem)) from problem
    info = path.lstat() if path.is_symlink() or path.exists() else None
    if info is None or not stat.S_ISREG(info.st_mode):
        raise DicomError(f"{label} is missing or is no regular file (a link, pipe or folder). Copy the file itself.")
    if info.st_size > MAX_FILE_BYTES:
        raise DicomError(f"{label} has {info.st_size} bytes, more than {MAX_FILE_BYTES}. Export single-frame slices.")
    return path.read_bytes()


def _parsed(raw, label):
    if DeflatedExplicitVRLittleEndian.encode() in raw[:2048]:
        return _inflated(raw, label)
    stream = BytesIO(raw)
    data = read_partial(stream, stop_when=_element_check(stream, len(raw), label))
    if not len(data):
        raise DicomError(
            f"{label} is cut short (truncated) or damaged: no element can be read. Copy or export it again."
        )
    syntax = UID(data.file_meta.get("TransferSyntaxUID", ""))
    if not syntax.is_transfer_syntax:
        raise DicomError(f"{label} names no known TransferSyntaxUID (0002,0010). Export it again as DICOM Part 10.")
    return data


def _inflated(raw, label):
    """Dataset of a deflated file, inflated to at most the size that a file may have."""
    start = META_START + 12 + int.from_bytes(raw[META_START + 8 : META_START + 12], "little")  # (0002,0000)
    meta = FileMetaDataset(parse(BytesIO(raw[META_START:start]), False, True))
    inflater = zlib.decompressobj(-zlib.MAX_WBITS)
    plain = inflater.decompress(raw[start:], MAX_INFLATED_BYTES)
    if inflater.unconsumed_tail:
        raise DicomError(f"{label} inflates beyond {MAX_INFLATED_BYTES} bytes. Export it as {PLAIN}.")
    if not inflater.eof:
        raise DicomError(f"{label} is cut short: its deflated stream has no end (truncated). Copy or export it again.")
    stream = BytesIO(plain)
    elements = parse(stream, False, True, stop_when=_element_check(stream, len(plain), label))
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    return pydicom.FileDataset(None, elements, file_meta=meta)


def _element_check(stream, size, label):
    """Look at each element before its value is read: order, and a length that the rest of the file can hold."""
    last = 0

    def check(tag, _vr, length):
        nonlocal last
        if tag == 0:
            return True  # zeros after the last element
        if tag <= last:
            remedy = "Two programs would read two different images. Export it again."
            raise DicomError(f"{label}: element {tag} stands twice or out of order. {remedy}")
        rest = size - stream.tell()
        if length != 0xFFFFFFFF and length > rest:
            found = f"{label}: element {tag} claims {length} bytes, and {rest} follow in the file"
            raise DicomError(f"{found} (truncated, or a wrong length). Copy or export it again.")
        last = int(tag)
        return False

    return check


def value(data, label, keyword, default=None):
    """Value of an attribute, or the default; a `DicomError` names one that is missing or malformed."""
    try:
        found = data.get(keyword)
    except Exception as problem:
        raise DicomError(f"{label}: {keyword} has a malformed value. Export the file again.") from problem
    if found is None or found == "":
        if default is None:
            raise DicomError(f"{label}: {keyword} is missing. Export the original MR slices, with their geometry.")
        return default
    return found


def numbers(data, label, keyword, count, default=None):
    """Exactly `count` finite numbers of an attribute as an array; a `DicomError` otherwise."""
    given = value(data, label, keyword, default)
    if "_" in str(given) or not str(given).isascii():  # Python takes 1_0 and digits of other scripts for numbers
        raise DicomError(f"{label}: {keyword} is not a number. Export the file again.")
    try:
        found = np.atleast_1d(np.asarray(given, dtype=float))
    except (TypeError, ValueError) as problem:
        raise DicomError(f"{label}: {keyword} is not a number. Export the file again.") from problem
    if found.shape != (count,) or not np.isfinite(found).all():
        raise DicomError(f"{label}: {keyword} must be {count} finite number(s), got {found.size}. Export it again.")
    return found

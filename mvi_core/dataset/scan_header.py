"""Which DICOM files lie below a folder, and what do their headers say: a walk that reads no pixels."""

import io
import os
import re
import stat
import unicodedata
import warnings
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from pydicom.datadict import tag_for_keyword
from pydicom.filereader import read_partial
from pydicom.uid import DeflatedExplicitVRLittleEndian, EnhancedMRImageStorage, MRImageStorage

from mvi_core.dataset.archive import SEPARATOR, members, read_member
from mvi_core.dataset.dicom_frames import SHARED_GROUPS, classic_frames, is_enhanced
from mvi_core.dataset.dicom_header import MAX_FILE_BYTES, META_START, read_dataset
from mvi_core.errors import DicomError, ManifestError

PIXELS = 0x7FE00008  # float, double and plain pixel data begin here
NUMBERS = (
    "EchoTime",
    "RepetitionTime",
    "InversionTime",
    "FlipAngle",
    "TriggerTime",
    "DiffusionBValue",
    "Rows",
    "Columns",
)
CODES = ("ImageType", "ScanningSequence", "SequenceVariant", "ScanOptions", "MRAcquisitionType", "Modality")
WORDS = ("SeriesDescription", "ProtocolName", "SequenceName", "PulseSequenceName")
CLOCKS = ("AcquisitionTime", "ContentTime", "ContrastBolusStartTime")
PACKED = (".zip", ".7z", ".rar", ".tar", ".tar.gz", ".tgz")
B_VALUES = (0x0019100C, 0x00431039, 0x00651009)  # private: Siemens, GE, UIH
GE_B_VALUE_OFFSET = 10**9
KEYWORDS = (
    *NUMBERS, *CODES, *WORDS, *CLOCKS, "SOPClassUID", "SOPInstanceUID", "PatientID", "StudyInstanceUID",
    "SeriesInstanceUID", "AcquisitionDateTime", "AcquisitionNumber", "TemporalPositionIdentifier", "InstanceNumber",
    "ImagePositionPatient", "ImageOrientationPatient", "PixelSpacing", "NumberOfFrames", "ContrastBolusAgent",
    "FrameOfReferenceUID", "SharedFunctionalGroupsSequence", "PerFrameFunctionalGroupsSequence",
)  # fmt: skip
_TAGS = [*(tag_for_keyword(keyword) for keyword in KEYWORDS), *B_VALUES]
_DAY = 86400


@dataclass(frozen=True, eq=False)
class Head:
    """What one slice's header says, of what a proposal needs; identifiers stay in memory."""

    path: str  #: below the root, with forward slashes; ``archive.zip!member`` in an archive
    frame: int  #: number of the frame in an enhanced file; 0 of a classic file
    size: int  #: bytes of the file
    patient_id: str
    study: str
    series: str
    instance: str
    words: tuple  #: of the description, in small letters; never written
    codes: dict  #: keyword to tuple of str
    numbers: dict  #: keyword to float, where there is one
    times: dict  #: by which repeats of a position can be told apart
    place: tuple | None  #: position (3), cosines (6), spacing (2) in mm; None where one is missing
    contrast: bool  #: a contrast agent is named


def walk(root):
    """Files below a folder, or members of zip archives there, in the order of their names: (path, size) each.

    Links, hidden files, and what is no regular file are passed over; an archive that is not opened is told.

    Returns
    -------
    tuple
        List of (path below the root, size in bytes); list of (path, why it is not read) of archives.
    """
    root, found, told = Path(root), [], []
    for folder, names, files in os.walk(root, followlinks=False):
        names[:] = sorted(name for name in names if not name.startswith("."))
        for name in sorted(files):
            path = Path(folder) / name
            info = path.lstat()
            if name.startswith(".") or name == "DICOMDIR" or not stat.S_ISREG(info.st_mode):
                continue
            below = path.relative_to(root).as_posix()
            if path.suffix != ".zip":
                found.append((below, info.st_size))
                continue
            try:
                found += [(f"{below}{SEPARATOR}{member}", size) for member, size in sorted(members(path).items())]
            except ManifestError as problem:
                told.append((below, str(problem).replace(path.name, "the archive")))
    packed = [name for name, _ in found if name.lower().endswith(PACKED)]
    told += [(name, "an archive of this kind, or within another, is not opened. Unpack it.") for name in packed]
    return [one for one in found if one[0] not in set(packed)], told


def read_heads(root, path, size):
    """Headers of the slices in one file: a tuple of `Head`, empty for what is no DICOM file.

    Raises
    ------
    DicomError
        If it is a DICOM file that cannot be read; the message says why, without the file's name.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # pydicom's remarks quote raw header values
        data = _dataset(Path(root), path, size)
        if data is None:
            return ()
        if not data.get("SeriesInstanceUID") or not data.get("SOPInstanceUID"):
            raise DicomError("its header is cut short, or names no series. Copy or export it again.")
        heads = classic_frames(data, "the file") if SHARED_GROUPS in data or is_enhanced(data) else [data]
        enhanced = is_enhanced(data)
        try:
            return tuple(_head(one, path, number if enhanced else 0, size) for number, one in enumerate(heads, 1))
        except DicomError:
            raise
        except Exception as problem:  # any element can be malformed in any way
            raise DicomError("a value of its header is malformed. Export it again.") from problem


def _dataset(root, path, size):
    archive, separator, member = path.partition(f".zip{SEPARATOR}")
    if size > MAX_FILE_BYTES:
        raise DicomError(f"it has {size} bytes, more than {MAX_FILE_BYTES}. Export single-frame slices.")
    try:
        if separator:
            stream = io.BytesIO(read_member(root / f"{archive}.zip", member, limit=MAX_FILE_BYTES))
        else:
            stream = (root / path).open("rb")
    except (ManifestError, OSError) as problem:
        raise DicomError("it cannot be read. Copy or pack it again.") from problem
    with stream:
        start = stream.read(2048)
        if start[128:META_START] != b"DICM":
            return None
        if DeflatedExplicitVRLittleEndian.encode() in start:
            return read_dataset(root / path, "the file")
        stream.seek(0)
        try:
            return read_partial(stream, stop_when=_before_pixels(size), specific_tags=_TAGS)
        except DicomError:
            raise
        except Exception as problem:
            raise DicomError("its header cannot be read as DICOM. Copy or export it again.") from problem


def _before_pixels(size):
    def check(tag, _vr, length):
        if tag < PIXELS and length != 0xFFFFFFFF and length > size:
            raise DicomError(f"element {tag} claims more bytes than the file holds. Copy or export it again.")
        return tag >= PIXELS

    return check


def _head(data, path, frame, size):
    codes = {keyword: _codes(data.get(keyword)) for keyword in CODES}
    storage = data.get("SOPClassUID")
    codes["SOPClass"] = ("mr",) if storage in (MRImageStorage, EnhancedMRImageStorage) else ("secondary",)
    numbers = {keyword: value for keyword in NUMBERS if (value := _number(data.get(keyword))) is not None}
    if "DiffusionBValue" not in numbers and (b_value := _private_b_value(data)) is not None:
        numbers["DiffusionBValue"] = b_value
    return Head(
        path, frame, size, str(data.get("PatientID") or "").strip(), str(data.get("StudyInstanceUID") or ""),
        str(data.get("SeriesInstanceUID") or ""), str(data.get("SOPInstanceUID") or path),
        description_words(data), codes, numbers, _times(data), _place(data), bool(data.get("ContrastBolusAgent")),
    )  # fmt: skip


def _codes(value):
    values = [] if value is None else [value] if isinstance(value, str) else list(value)
    return tuple(str(one).strip().upper() for one in values)


def _number(value):
    try:
        number = float(value)
    except (TypeError, ValueError):
        return None
    return number if np.isfinite(number) else None


def _private_b_value(data):
    for tag in B_VALUES:
        if tag in data:
            value = data[tag].value
            if isinstance(value, bytes):
                value = value.decode("ascii", "ignore").split("\\")[0]
            elif not isinstance(value, str | int | float) and np.ndim(value):
                value = value[0]
            if (number := _number(value)) is not None:
                return number % GE_B_VALUE_OFFSET
    return None


def description_words(data):
    """Words of the description: small letters without accents, split at all else but digits; Chinese stays as it is."""
    text = " ".join(str(data.get(keyword) or "") for keyword in WORDS)
    plain = "".join(one for one in unicodedata.normalize("NFKD", text) if one.isascii() or "\u4e00" <= one <= "\u9fff")
    return tuple(dict.fromkeys(re.findall(r"[a-z0-9]+|[\u4e00-\u9fff]+", plain.lower())))


def _times(data):
    """Seconds of the day by clock, and the numbers that count time points."""
    times = {keyword: _clock(data.get(keyword)) for keyword in CLOCKS}
    if stamp := str(data.get("AcquisitionDateTime") or ""):
        times["AcquisitionTime"] = times["AcquisitionTime"] or _clock(stamp[8:].partition("+")[0].partition("-")[0])
    for keyword in ("TemporalPositionIdentifier", "AcquisitionNumber", "InstanceNumber", "TriggerTime"):
        times[keyword] = _number(data.get(keyword))
    return {keyword: value for keyword, value in times.items() if value is not None}


def _clock(value):
    found = re.fullmatch(r"(\d\d):?(\d\d):?(\d\d)?(\.\d+)?", str(value or "").strip())
    if found is None:
        return None
    seconds = int(found[1]) * 3600 + int(found[2]) * 60 + int(found[3] or 0) + float(found[4] or 0)
    return seconds if seconds < _DAY else None


def _place(data):
    values = [data.get(key) for key in ("ImagePositionPatient", "ImageOrientationPatient", "PixelSpacing")]
    try:
        place = tuple(tuple(float(one) for one in value) for value in values)
    except (TypeError, ValueError):
        return None
    sound = tuple(map(len, place)) == (3, 6, 2) and np.isfinite(np.concatenate(place)).all()
    return place if sound else None

"""Classes of faults on other victims, places and encodings than the corpus has: told with a remedy, or equal."""

import codecs
import gzip
import re
import sys
from itertools import product
from pathlib import Path

import nibabel as nib
import numpy as np
import pydicom
import pytest
from pydicom.dataset import Dataset
from pydicom.uid import (
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ImplicitVRLittleEndian,
    RLELossless,
)

sys.path.insert(0, str(Path(__file__).parent))
from synthetic import N_SLICES, change, write_study

from mvi_core.dataset.study_check import check_study
from mvi_core.names import SEQUENCES

VICTIM, OTHER = "P2", "P1"
OUTSIDE = "outside the data root"
LPS_OF_MASK = np.diag([-1.0, -1.0, 1.0, 1.0])


@pytest.fixture(scope="module")
def clean(tmp_path_factory):
    """The study without a fault, its volumes, and what a case changes of it."""
    root = write_study(tmp_path_factory.mktemp("clean"))
    kept = {}
    assert check_study(root, lambda *series: kept.setdefault(series[:2], series[2].pixels)).findings == ()
    return root, kept


@pytest.fixture
def study(clean, tmp_path):
    """A copy by hard links; a test replaces files and never writes into one."""
    for path in sorted(clean[0].rglob("*")):
        new = tmp_path / path.relative_to(clean[0])
        new.mkdir() if path.is_dir() else new.write_bytes(path.read_bytes())
    return tmp_path


def judge(study, clean, words, *, errors=True):
    """One run: the words are found in a finding that names place and remedy; the other patient's volumes are equal."""
    kept = {}
    check = check_study(study, lambda *series: kept.setdefault(series[:2], series[2].pixels))
    text = "\n".join(str(one) for one in check.findings)
    assert "Secret" not in text
    if words is None:
        assert not check.errors, text
        assert set(kept) == set(clean[1])
    else:
        assert re.search(words, text, re.IGNORECASE), text
        assert bool(check.errors) == errors, text
    for key, pixels in clean[1].items():
        if key in kept and (words is None or key[0] != VICTIM):
            np.testing.assert_array_equal(kept[key], pixels)
    for one in check.findings:
        assert one.patient or one.place, f"names no patient and no file: {one}"
        assert one.remedy or re.search(r"\. [A-Z][^.]* .*\.$", one.message), f"no remedy: {one}"
    return check


def rewrite(path, before, after, count=1):
    text = path.read_text()
    assert before in text
    path.write_text(text.replace(before, after, count))


def slice_path(study, series="T1V", index=3):
    return study / "dicom" / VICTIM / series / f"{index}.dcm"


# --- one file of a series ---------------------------------------------------------------------------------------------


def cut(path, keep):
    raw = path.read_bytes()
    path.write_bytes(raw[: int(len(raw) * keep)] if keep < 1 else raw[: -int(keep)])


def patched(path, before, after):
    raw = path.read_bytes()
    assert raw.count(before) >= 1
    path.write_bytes(raw.replace(before, after, 1))


def element(group, number, vr, length, value=b""):
    head = group.to_bytes(2, "little") + number.to_bytes(2, "little") + vr
    return head + (length.to_bytes(2, "little") if vr != b"OB" else bytes(2) + length.to_bytes(4, "little")) + value


BROKEN_FILES = {
    "cut in the pixels": (lambda p: cut(p, 0.5), "trunc|length|bytes"),
    "two bytes too many claimed": (
        lambda p: patched(p, b"OW\0\0\0\x20", b"OW\0\0\x02\x20"),
        "claims 8194 bytes, and 8192 f",
    ),
    "cut by two bytes": (lambda p: cut(p, 2), "trunc|length|bytes"),
    "cut in the header": (lambda p: cut(p, 200 / 9000), "DICOM|missing|trunc"),
    "cut in the preamble": (lambda p: cut(p, 0.005), "no DICOM file"),
    "zero bytes": (lambda p: p.write_bytes(b""), "empty"),
    "only zeros": (lambda p: p.write_bytes(bytes(9000)), "no DICOM file"),
    "a login page": (lambda p: p.write_bytes(b"<!DOCTYPE html><html>login</html>" * 99), "no DICOM file"),
    "a gzip": (lambda p: p.write_bytes(gzip.compress(p.read_bytes())), "gzip.*unpack"),
    "a zip": (lambda p: p.write_bytes(b"PK\x03\x04" + p.read_bytes()), "zip.*unpack"),
    "no DICM": (lambda p: patched(p, b"DICM", b"XXXX"), "no DICOM file"),
    "another Rows": (lambda p: change(p, Rows=32), "bytes|matrix"),
    "Rows and Columns exchanged": (lambda p: change(p, Rows=32, Columns=128), "matrix"),
    "Rows absent": (lambda p: change(p, Rows=None), "Rows is missing"),
    "no PixelData": (lambda p: change(p, PixelData=None), "PixelData"),
    "huge Rows": (lambda p: change(p, Rows=65535, Columns=65535), "65535 x 65535"),
    "text in PixelSpacing": (lambda p: patched(p, b"1.25\\1.25", b"1,25\\1,25"), "PixelSpacing"),
    "NaN in the position": (lambda p: change(p, ImagePositionPatient=["nan", "0", "9"]), "ImagePositionPatient"),
    "infinite position": (lambda p: change(p, ImagePositionPatient=["1e999", "0", "9"]), "ImagePositionPatient"),
    "two numbers in the position": (lambda p: change(p, ImagePositionPatient=["0", "0"]), "ImagePositionPatient"),
    "no position": (lambda p: change(p, ImagePositionPatient=None), "ImagePositionPatient is missing"),
    "empty orientation": (lambda p: change(p, ImageOrientationPatient=None), "ImageOrientationPatient is missing"),
    "skew orientation": (lambda p: change(p, ImageOrientationPatient=[1, 0.3, 0, 0, 1, 0]), "ImageOrientationPatient"),
    "turned slice": (lambda p: change(p, ImageOrientationPatient=[0, 1, 0, 0, 0, 1]), "oriented unlike"),
    "negative spacing": (lambda p: change(p, PixelSpacing=[-1.25, 1.25]), "PixelSpacing must be positive"),
    "other spacing": (lambda p: change(p, PixelSpacing=[1.25, 1.2]), "another PixelSpacing"),
    "signed": (lambda p: change(p, PixelRepresentation=1), "signed"),
    "inverted": (lambda p: change(p, PhotometricInterpretation="MONOCHROME1"), "photometric"),
    "colour": (lambda p: change(p, SamplesPerPixel=3, PhotometricInterpretation="RGB"), "grey-scale"),
    "palette": (lambda p: change(p, PhotometricInterpretation="PALETTE COLOR"), "photometric"),
    "slope zero": (lambda p: change(p, RescaleSlope=0, RescaleIntercept=0), "RescaleSlope"),
    "slope beyond float": (lambda p: change(p, RescaleSlope="1e300", RescaleIntercept=0), "RescaleSlope"),
    "slope NaN": (lambda p: change(p, RescaleSlope="nan", RescaleIntercept=0), "RescaleSlope"),
    "slope that wipes the image": (lambda p: change(p, RescaleSlope="1e-320", RescaleIntercept=0), "RescaleSlope"),
    "an intercept that swallows it": (lambda p: change(p, RescaleSlope=1, RescaleIntercept="1e30"), "RescaleSlope"),
    "a look-up table": (lambda p: change(p, ModalityLUTSequence=[Dataset()]), "ModalityLUTSequence"),
    "float pixels": (lambda p: change(p, PixelData=None, FloatPixelData=bytes(16384)), "FloatPixelData"),
    "float pixels too": (lambda p: change(p, FloatPixelData=bytes(16384)), "FloatPixelData"),
    "17 bits of 16": (lambda p: change(p, BitsStored=17, HighBit=16), "BitsStored"),
    "HighBit below": (lambda p: change(p, BitsStored=12, HighBit=3), "HighBit"),
    "a CT slice": (lambda p: change(p, Modality="CT"), "Modality"),
    "another patient": (lambda p: change(p, PatientID="P77"), "patients"),
    "another series": (lambda p: change(p, SeriesInstanceUID="1.9"), "series"),
    "another study": (lambda p: change(p, StudyInstanceUID="1.9"), "studies"),
    "foreign frame of reference": (lambda p: change(p, FrameOfReferenceUID="1.9"), "frames of reference"),
    "a neighbour's identifier": (lambda p: change(p, SOPInstanceUID="1.2.12.1"), "one SOPInstanceUID"),
    "at a neighbour's place": (lambda p: change(p, ImagePositionPatient=[0, 0, 6]), "same position"),
    "one millimetre off": (lambda p: change(p, ImagePositionPatient=[0, 0, 10]), "uneven spacing"),
    "shifted sideways": (lambda p: change(p, ImagePositionPatient=[0, 40, 9]), r"3\.dcm is shifted sideways"),
    "shifted by a third of a pixel": (lambda p: change(p, ImagePositionPatient=[0.4, 0, 9]), r"3\.dcm is shifted"),
    "spacing in metres": (lambda p: change(p, PixelSpacing=["0.00125", "0.00125"]), "PixelSpacing must be .* millim"),
    "spacing in micrometres": (lambda p: change(p, PixelSpacing=[1250, 1250]), "PixelSpacing must be .* millimetres"),
    "a number of Python's": (lambda p: patched(p, b"1.25\\1.25", b"1_25\\1.25"), "PixelSpacing is not"),
    "absent": (lambda p: p.unlink(), "missing between"),
    "a link": (lambda p: (p.rename(p.with_suffix(".bak")), p.symlink_to(p.with_suffix(".bak"))), "link"),
    "a folder": (lambda p: (p.unlink(), p.mkdir()), "folder"),
    "an unknown syntax": (lambda p: relabelled(p, "1.2.840.10008.1.2.9999"), "TransferSyntaxUID"),
    "a video syntax": (lambda p: relabelled(p, "1.2.840.10008.1.2.4.102"), "not read here|decod|frames|compressed"),
    "JPEG in name only": (lambda p: relabelled(p, "1.2.840.10008.1.2.4.70"), "compressed|decoded"),
    "RLE in name only": (lambda p: relabelled(p, RLELossless), "decoded"),
    "implicit in name only": (lambda p: relabelled(p, ImplicitVRLittleEndian), "DICOM|out of order|missing|claims"),
    "an element twice": (lambda p: doubled(p), "twice or out of order"),
    "4 GiB claimed": (lambda p: p.write_bytes(p.read_bytes() + b"\xfc\xff\xfc\xffOB\0\0\xf0\xff\xff\xff"), "claims"),
    "deflate cut": (lambda p: (saved(p, DeflatedExplicitVRLittleEndian), cut(p, 0.7)), "trunc|DICOM|missing"),
    "RLE cut": (lambda p: (saved(p, RLELossless), cut(p, 0.7)), "decoded|DICOM|trunc|claims"),
}


def relabelled(path, syntax):
    data = pydicom.dcmread(path)
    raw = path.read_bytes()
    before = data.file_meta.TransferSyntaxUID.encode()
    at = raw.index(before)
    size = int.from_bytes(raw[at - 2 : at], "little")
    after = syntax.encode() + b"\0" * (len(syntax) % 2)
    raw = raw[: at - 2] + len(after).to_bytes(2, "little") + after + raw[at + size :]
    length = int.from_bytes(raw[140:144], "little") + len(after) - size
    path.write_bytes(raw[:140] + length.to_bytes(4, "little") + raw[144:])


def doubled(path):
    raw = path.read_bytes()
    at = raw.index(b"\x28\x00\x10\x00US")
    path.write_bytes(raw[: at + 10] + element(0x28, 0x10, b"US", 2, b"\x20\x00") + raw[at + 10 :])


def saved(path, syntax):
    read, data = pydicom.dcmread(path), Dataset()
    for one in read:
        data.add(one)
    data.file_meta = read.file_meta
    if syntax == RLELossless:
        data.compress(RLELossless)
    elif syntax == ExplicitVRBigEndian:
        data.PixelData = np.frombuffer(data.PixelData, "<u2").astype(">u2").tobytes()
    data.file_meta.TransferSyntaxUID = syntax
    order = {"implicit_vr": syntax == ImplicitVRLittleEndian, "little_endian": syntax != ExplicitVRBigEndian}
    pydicom.dcmwrite(path, data, enforce_file_format=True, **order)


@pytest.mark.filterwarnings("ignore:Invalid value for VR DS")
@pytest.mark.parametrize("name", BROKEN_FILES)
def test_a_broken_file_is_told_by_name_and_only_its_patient_dropped(study, clean, name):
    spoil, words = BROKEN_FILES[name]
    spoil(slice_path(study))
    check = judge(study, clean, words)
    assert check.good == (OTHER,) and check.dropped == (VICTIM,)
    assert "T1V" in str(check.errors[0])


def test_every_broken_file_of_a_series_is_named(study, clean):
    for index in range(N_SLICES):
        for name in (f"{index}.dcm", f"copy of {index}.dcm"):
            (slice_path(study).parent / name).write_bytes(b"")
    text = str(judge(study, clean, "is empty").errors[0])
    assert all(f"{name}{index}.dcm" in text for index in range(N_SLICES) for name in ("", "copy of "))


# --- what is valid is read, equal to the bit --------------------------------------------------------------------------


def with_icon(path):
    data, icon = pydicom.dcmread(path), Dataset()
    icon.Rows = icon.Columns = 2
    icon.BitsAllocated = icon.BitsStored = 8
    icon.PixelData = b"1234"
    data.IconImageSequence = [icon]
    data.save_as(path)


def deep(path, levels):
    data, inner = pydicom.dcmread(path), Dataset()
    for _ in range(levels):
        outer = Dataset()
        outer.ReferencedSeriesSequence = [inner]
        inner = outer
    data.ReferencedSeriesSequence = [inner]
    data.save_as(path)


def overlaid(path):
    data = pydicom.dcmread(path)
    words = np.frombuffer(data.PixelData, "<u2") | np.uint16(0x8000)
    data.PixelData, data.BitsStored, data.HighBit = words.tobytes(), 12, 11
    data.save_as(path)


VALID = {
    "implicit": lambda p: saved(p, ImplicitVRLittleEndian),
    "big endian": lambda p: saved(p, ExplicitVRBigEndian),
    "deflated": lambda p: saved(p, DeflatedExplicitVRLittleEndian),
    "RLE": lambda p: saved(p, RLELossless),
    "zeros after the end": lambda p: p.write_bytes(p.read_bytes() + bytes(512)),
    "padding element": lambda p: p.write_bytes(p.read_bytes() + b"\xfc\xff\xfc\xffOB\0\0\x04\0\0\0\0\0\0\0"),
    "an icon": with_icon,
    "nested sequences": lambda p: deep(p, 20),
    "overlay bits": overlaid,
    "another name": lambda p: p.rename(p.with_name("Überraschung (1)")),
    "jitter": lambda p: change(p, ImagePositionPatient=["1e-9", "0", "9.0000001"]),
    "no InstanceNumber": lambda p: change(p, InstanceNumber=None),
    "thickness that contradicts": lambda p: change(p, SliceThickness=5),
    "hostile text": lambda p: change(p, StudyDescription="<script>\x1b[31mSecret\n=cmd|'/c'!A1"),
    "TIFF preamble": lambda p: p.write_bytes(b"II*\0" + p.read_bytes()[4:]),
    "gzip preamble": lambda p: p.write_bytes(b"\x1f\x8b\x08\0" + p.read_bytes()[4:]),
}


@pytest.mark.parametrize("name", VALID)
def test_what_is_valid_is_read_equal(study, clean, name):
    for index in range(N_SLICES) if name in ("overlay bits",) else (3,):
        VALID[name](slice_path(study, index=index))
    judge(study, clean, None)


@pytest.mark.parametrize(
    "junk", [".DS_Store", "._1.dcm", "Thumbs.db", "thumbs.db", "DICOMDIR", "desktop.ini", "LOCKFILE"]
)
def test_known_junk_is_passed_over(study, clean, junk):
    (slice_path(study).parent / junk).write_bytes(b"junk")
    judge(study, clean, None)


WARNED = {
    "lossy": (dict(LossyImageCompression="01"), "lossy"),
    "derived": (dict(ImageType=["DERIVED", "SECONDARY", "SUBTRACTION"]), "derived"),
    "burned in": (dict(BurnedInAnnotation="YES"), "burned-in"),
    "another scale": (dict(RescaleSlope=3, RescaleIntercept=0), "alone has another RescaleSlope"),
    "blank": (dict(PixelData=bytes(8192)), "blank"),
    "blank in its lower half": (dict(PixelData=bytes(range(256)) * 16 + bytes(4096)), "blank in 32 rows"),
    "another echo": (dict(EchoTime="4.8"), "EchoTime"),
    "a phase image": (dict(ImageType=["ORIGINAL", "PRIMARY", "P"]), "ImageType"),
    "another time point": (dict(TemporalPositionIdentifier=2), "TemporalPositionIdentifier"),
    "another b value": (dict(DiffusionBValue=800.0), "DiffusionBValue"),
    "another name": (dict(PatientName="Secret^Other"), "PatientName"),
    "another birth date": (dict(PatientBirthDate="19700101"), "PatientBirthDate"),
    "another description": (dict(SeriesDescription="Secret delayed"), "SeriesDescription"),
    "a secondary capture": (dict(SOPClassUID="1.2.840.10008.5.1.4.1.1.7"), "SOPClassUID"),
    "too few bits": (dict(BitsStored=8, HighBit=7), "bits outside BitsStored"),
    "shifted in name only": (dict(BitsStored=12, HighBit=15), "bits outside BitsStored"),
    "exchanged bytes": (dict(BitsStored=12, HighBit=11, PixelData=bytes([1, 16]) * 4095 + b"12"), "bits outside"),
}


@pytest.mark.parametrize("name", WARNED)
def test_a_doubtful_slice_is_a_warning_that_names_it(study, clean, name):
    values, words = WARNED[name]
    change(slice_path(study), **values)
    judge(study, clean, rf"{VICTIM}/T1V/3.dcm.*{words}", errors=False)


def test_a_slice_with_the_pixels_of_another_is_a_warning_wherever_it_lies(study, clean):
    change(slice_path(study, index=4), PixelData=pydicom.dcmread(slice_path(study, index=1)).PixelData)
    judge(study, clean, rf"{VICTIM}/T1V/4.dcm has identical pixels to {VICTIM}/T1V/1.dcm", errors=False)


@pytest.mark.parametrize("name", ["overlay", "sign"])
def test_bits_above_the_stored_ones_that_mean_something_are_no_remark(study, name):
    path = slice_path(study)
    words = np.frombuffer(pydicom.dcmread(path).PixelData, "<u2") | np.uint16(0xF800 if name == "sign" else 0x8000)
    change(path, BitsStored=12, HighBit=11, PixelData=words.tobytes())
    for index in range(N_SLICES):
        change(slice_path(study, index=index), PixelRepresentation=int(name == "sign"))
    if name == "overlay":
        data = pydicom.dcmread(path)
        data.add_new(0x60000102, "US", 15)
        data.save_as(path)
    assert check_study(study).findings == ()


def test_a_program_in_the_preamble_is_a_warning(study, clean):
    path = slice_path(study)
    path.write_bytes(b"MZ\x90" + path.read_bytes()[3:])
    judge(study, clean, "begins as a program", errors=False)


def test_exchanged_phases_are_a_warning_that_names_both(study, clean):
    rewrite(study / "manifest.csv", "dicom/P2/T1A,dicom/P2/T1V", "dicom/P2/T1V,dicom/P2/T1A")
    judge(study, clean, "patient P2 T1A and T1V: T1V was acquired before T1A", errors=False)


# --- tables -----------------------------------------------------------------------------------------------------------


def encoded(path, encoding, mark=b""):
    path.write_bytes(mark + path.read_text().encode(encoding))


TABLES = {
    ("manifest.csv", "BOM"): (lambda p: encoded(p, "utf-8", codecs.BOM_UTF8), None),
    ("manifest.csv", "semicolons"): (lambda p: p.write_text(p.read_text().replace(",", ";")), None),
    ("manifest.csv", "old Mac lines"): (lambda p: p.write_text(p.read_text().replace("\n", "\r")), None),
    ("manifest.csv", "blank lines"): (lambda p: p.write_text(p.read_text().replace("\n", "\r\n\r\n") + "\n\n"), None),
    ("manifest.csv", "quoted"): (lambda p: p.write_text(re.sub(r"[^,\n]+", r'"\g<0>"', p.read_text())), None),
    ("manifest.csv", "capitals"): (lambda p: rewrite(p, "patient_id,mvi_grade", "Patient_ID,MVI_Grade"), None),
    ("manifest.csv", "UTF-16"): (lambda p: encoded(p, "utf-16"), "manifest.*UTF-8"),
    ("manifest.csv", "UTF-16 without mark"): (lambda p: encoded(p, "utf-16-le"), "manifest.*UTF-8"),
    ("manifest.csv", "Latin-1"): (lambda p: (rewrite(p, "P2,", "Pü2,"), encoded(p, "latin-1")), "line 3: not UTF-8"),
    ("manifest.csv", "tabs"): (lambda p: p.write_text(p.read_text().replace(",", "\t")), None),
    ("manifest.csv", "bars"): (lambda p: p.write_text(p.read_text().replace(",", "|")), "manifest.csv: .*'patient_id'"),
    ("manifest.csv", "NUL"): (lambda p: p.write_bytes(p.read_bytes().replace(b"P2,", b"P\0002,")), "NUL"),
    ("manifest.csv", "empty"): (lambda p: p.write_bytes(b""), "empty"),
    ("manifest.csv", "header only"): (lambda p: p.write_text(p.read_text().partition("\n")[0]), "no patient"),
    ("manifest.csv", "long row"): (lambda p: rewrite(p, "P2,M1", "P2,M1,1"), "row 3: 9 cells"),
    ("manifest.csv", "stray quote"): (lambda p: rewrite(p, "P2,", '"P2,'), "line 3"),
    ("manifest.csv", "column twice"): (lambda p: rewrite(p, "t2_dir", "t1_dir"), "t1_dir"),
    ("manifest.csv", "patient twice"): (lambda p: rewrite(p, "P2,M1", "P1,M1"), "rows 2 and 3"),
    ("manifest.csv", "patient in full width"): (lambda p: rewrite(p, "P2,M1", "Ｐ1,M1"), "rows 2 and 3"),
    ("manifest.csv", "empty id"): (lambda p: rewrite(p, "P2,M1", ",M1"), "row 3, patient_id: empty"),
    ("manifest.csv", "path as id"): (lambda p: rewrite(p, "P2,M1", "../P2,M1"), "row 3, patient_id"),
    ("manifest.csv", "formula as id"): (lambda p: rewrite(p, "P2,M1", "=1+1,M1"), "row 3, patient_id"),
    ("manifest.csv", "line as id"): (lambda p: rewrite(p, "P2,M1", '"P2\nerror: forged",M1'), r"P2\\nerror: forged"),
    ("manifest.csv", "endless id"): (lambda p: rewrite(p, "P2,M1", "P" * 300 + ",M1"), "row 3, patient_id"),
    ("manifest.csv", "way out as id"): (lambda p: rewrite(p, "P2,M1", "../../x,M1"), "row 3, patient_id"),
    ("manifest.csv", "30 February"): (lambda p: dated(p, "2015-02-30"), "row 3, surgery_date"),
    ("manifest.csv", "a date to come"): (lambda p: dated(p, "2094-02-03"), "row 3, surgery_date"),
    ("manifest.csv", "leap day"): (lambda p: dated(p, "2016-02-29"), None),
    ("manifest.csv", "endless path"): (lambda p: rewrite(p, "dicom/P2/T2", "a" * 5000), "row 3: t2_dir"),
    ("manifest.csv", "label in half"): (lambda p: rewrite(p, "P2,M1", "P2,0.5"), "row 3, mvi_grade"),
    ("manifest.csv", "label empty"): (lambda p: rewrite(p, "P2,M1", "P2,"), "row 3, mvi_grade: empty"),
    ("manifest.csv", "hidden way out"): (
        lambda p: rewrite(p, "dicom/P2/T2", "dicom/P2/../../../x"),
        OUTSIDE,
    ),
    ("manifest.csv", "Windows way out"): (
        lambda p: rewrite(p, "dicom/P2/T2", "dicom\\..\\..\\x"),
        OUTSIDE,
    ),
    ("manifest.csv", "drive"): (lambda p: rewrite(p, "dicom/P2/T2", "C:\\dicom"), OUTSIDE),
    ("manifest.csv", "share"): (lambda p: rewrite(p, "dicom/P2/T2", "//server/dicom"), OUTSIDE),
    ("manifest.csv", "address"): (lambda p: rewrite(p, "dicom/P2/T2", "https://a.b/c"), OUTSIDE),
    ("manifest.csv", "file"): (lambda p: rewrite(p, "dicom/P2/T2", "rois.csv"), "P2/T2.*no folder"),
    ("manifest.csv", "no such folder"): (lambda p: rewrite(p, "dicom/P2/T2", "dicom/P2/t2"), "P2/T2.*missing"),
    ("manifest.csv", "shared folder"): (lambda p: rewrite(p, "dicom/P2/T2", "dicom/P2/T1"), "same folder"),
    ("manifest.csv", "the other's folder"): (lambda p: rewrite(p, "dicom/P2/T2", "dicom/P1/T2"), "identical pixels"),
    ("manifest.csv", "no folder"): (lambda p: rewrite(p, "dicom/P2/T2", ""), "t2_dir is empty"),
    ("rois.csv", "BOM"): (lambda p: encoded(p, "utf-8", codecs.BOM_UTF8), None),
    ("rois.csv", "semicolons"): (lambda p: p.write_text(p.read_text().replace(",", ";")), None),
    ("rois.csv", "UTF-16"): (lambda p: encoded(p, "utf-16"), "rois.csv.*UTF-8"),
    ("rois.csv", "absent"): (lambda p: p.unlink(), "rois.csv.*missing"),
    ("rois.csv", "a link"): (lambda p: (p.rename(p.with_suffix(".x")), p.symlink_to(p.with_suffix(".x"))), "rois.csv"),
    ("rois.csv", "outside"): (
        lambda p: rewrite(p, "P2,T2,2,10,12,30,34", "P2,T2,2,10,12,30,65"),
        "row1 .65. is beyond",
    ),
    ("rois.csv", "negative"): (lambda p: rewrite(p, "P2,T2,2,10", "P2,T2,2,-10"), "before pixel 0"),
    ("rois.csv", "reversed"): (lambda p: rewrite(p, "P2,T2,2,10,12,30,34", "P2,T2,2,30,12,10,34"), "reversed"),
    ("rois.csv", "no area"): (lambda p: rewrite(p, "P2,T2,2,10,12,30,34", "P2,T2,2,10,12,10,34"), "empty"),
    ("rois.csv", "text"): (lambda p: rewrite(p, "P2,T2,2,10", "P2,T2,2,ten"), "whole numbers"),
    ("rois.csv", "infinite"): (lambda p: rewrite(p, "P2,T2,2,10", "P2,T2,inf,10"), "rois.csv row 1"),
    ("rois.csv", "empty cell"): (lambda p: rewrite(p, "P2,T2,2,10", "P2,T2,,10"), "rois.csv row 1"),
    ("rois.csv", "half pixels"): (lambda p: rewrite(p, "P2,T2,2,10", "P2,T2,2,10.5"), "whole pixel"),
    ("rois.csv", "Python's number"): (lambda p: rewrite(p, "P2,T2,2,10", "P2,T2,2,1_0"), "whole numbers"),
    ("rois.csv", "one too far"): (lambda p: rewrite(p, "P2,T2,2", "P2,T2,5"), "outside the range 0 to 4"),
    ("rois.csv", "minus one"): (lambda p: rewrite(p, "P2,T2,2", "P2,T2,-1"), "outside the range"),
    ("rois.csv", "nobody"): (lambda p: rewrite(p, "P2,T2,2", "P3,T2,2"), "not in the manifest"),
    ("rois.csv", "no sequence"): (lambda p: rewrite(p, "P2,T2,2", "P2,T9,2"), "P2 rois.csv row 1.*'T9' is none of"),
    ("rois.csv", "missing"): (lambda p: rewrite(p, "P2,T2,2,10,12,30,34\n", ""), "P2 T2.*no ROI"),
    ("rois.csv", "twice"): (lambda p: p.write_text(p.read_text() + "\nP2,T2,2,10,12,30,34"), "duplicate"),
}


def dated(path, day):
    lines = path.read_text().splitlines()
    path.write_text("\n".join(f"{line},{after}" for line, after in zip(lines, ("surgery_date", "", day), strict=True)))


@pytest.mark.parametrize(("table", "name"), TABLES)
def test_a_table_is_read_whatever_its_writing_or_told_by_row(study, clean, table, name):
    spoil, words = TABLES[table, name]
    spoil(study / table)
    judge(study, clean, words)


@pytest.mark.parametrize("text", ["P1", "NA", "007", "1e5", "TRUE", "2015-03-01", "None"])
def test_an_identifier_is_a_text_from_end_to_end(study, clean, text):
    for table in ("manifest.csv", "rois.csv"):
        path = study / table
        path.write_text(re.sub(rf"^{OTHER},", f"{text},", path.read_text(), flags=re.MULTILINE))
    for path in (study / "dicom" / OTHER).glob("*/*.dcm"):
        change(path, PatientID=text)
    check = check_study(study)
    assert check.good == (text, VICTIM), [str(one) for one in check.findings]


# --- links, masks -----------------------------------------------------------------------------------------------------


def test_a_series_folder_that_is_a_link_is_refused_wherever_it_leads(study, clean, tmp_path_factory):
    folder, outside = slice_path(study).parent, tmp_path_factory.mktemp("outside") / "T1V"
    folder.rename(outside)
    folder.symlink_to(outside)
    judge(study, clean, "manifest.csv row 3: t1v_dir is a link")


def test_a_series_folder_that_is_a_link_onto_itself_is_refused(study, clean):
    folder = slice_path(study).parent
    folder.rename(folder.with_name("moved"))
    folder.symlink_to(folder.name)
    judge(study, clean, "manifest.csv row 3: t1v_dir is a link")


def mask_of(study, series, change=None, affine=None, name=None):
    values = np.zeros((64, 64, N_SLICES), np.float32)
    values[10:30, 12:34, 1:4] = 1
    values = values if change is None else change(values)
    image = nib.Nifti1Image(values, LPS_OF_MASK @ np.diag([1.25, 1.25, 3, 1]) if affine is None else affine)
    (study / "masks").mkdir(exist_ok=True)
    path = study / "masks" / (name or f"{VICTIM}_{series}.nii.gz")
    path.write_bytes(gzip.compress(image.to_bytes(), 1) if path.suffix == ".gz" else image.to_bytes())
    return path


GRID = LPS_OF_MASK @ np.diag([1.25, 1.25, 3, 1])
MASKS = {
    "as drawn": ({}, None),
    "as whole numbers": (dict(change=lambda m: m.astype(np.int16)), None),
    "empty": (dict(change=lambda m: m * 0), "empty"),
    "label 2": (dict(change=lambda m: m * 2), "labels"),
    "two labels": (dict(change=lambda m: np.where(m.cumsum(0) > 9, 2 * m, m)), "labels"),
    "fractions": (dict(change=lambda m: m * 0.5), "labels"),
    "NaN": (dict(change=lambda m: np.where(m == 0, np.nan, m)), "NaN"),
    "infinite": (dict(change=lambda m: np.where(m == 0, -np.inf, m)), "infinite"),
    "one slice short": (dict(change=lambda m: m[..., :-1]), "align"),
    "one row more": (dict(change=lambda m: np.pad(m, ((0, 1), (0, 0), (0, 0)))), "align"),
    "two axes": (dict(change=lambda m: m[..., 2]), "axes"),
    "one millimetre off": (dict(affine=GRID + np.eye(4)[:, [3, 3, 3, 0]] * [0, 0, 0, 1.0]), "align"),
    "half a slice off": (dict(affine=GRID + np.array([[0, 0, 0, 0]] * 2 + [[0, 0, 0, 1.5]] + [[0] * 4])), "align"),
    "other spacing": (dict(affine=GRID @ np.diag([1.1, 1.1, 1, 1])), "align"),
    "left and right exchanged": (dict(affine=np.diag([-1.0, 1, 1, 1]) @ GRID), "align"),
    "identity": (dict(affine=np.eye(4)), "align"),
}


@pytest.mark.parametrize(("name", "series"), [*product(MASKS, ("T1", "DWI"))])
def test_a_mask_is_used_or_told(study, clean, name, series):
    made, words = MASKS[name]
    mask_of(study, series, **made)
    judge(study, clean, words and f"patient {VICTIM} {series} {VICTIM}_{series}.nii.gz: .*{words}")


def test_two_masks_of_one_series_are_told(study, clean):
    mask_of(study, "T1")
    mask_of(study, "T1", name=f"{VICTIM}_T1.nii")
    judge(study, clean, "P2 T1 P2_T1.nii: there are two mask files")


def test_a_qform_beside_the_sform_is_told_where_it_disagrees(study, clean):
    path = mask_of(study, "T1", name=f"{VICTIM}_T1.nii")
    image = nib.load(path)
    image.set_qform(image.affine, code=1)
    path.write_bytes(image.to_bytes())
    judge(study, clean, None)
    image.set_qform(image.affine + np.eye(4)[:, [3, 3, 3, 0]] * [0, 0, 0, 20.0], code=1)
    path.write_bytes(image.to_bytes())
    judge(study, clean, "P2_T1.nii: its qform and sform disagree", errors=False)


def test_a_mask_whose_header_is_that_of_a_pair_of_files_is_told(study, clean):
    path = mask_of(study, "T1", name=f"{VICTIM}_T1.nii")
    path.write_bytes(path.read_bytes().replace(b"n+1\0", b"ni1\0", 1))
    judge(study, clean, "P2_T1.nii has no header of a NIfTI file")


@pytest.mark.parametrize("keep", [0.2, 0.9])
def test_a_mask_cut_short_is_told(study, clean, keep):
    cut(mask_of(study, "T1"), keep)
    judge(study, clean, "truncated or corrupt")


def test_a_mask_that_unpacks_without_end_is_told_and_not_unpacked(study, clean):
    path = mask_of(study, "T1")
    path.write_bytes(gzip.compress(gzip.decompress(path.read_bytes()) + bytes(2**25), 9))
    judge(study, clean, "P2_T1.nii.gz unpacks to more than a mask of this image can hold")


@pytest.mark.parametrize("name", [f"{VICTIM}_T9.nii.gz", "P9_T1.nii", f"{VICTIM}-T1.nii.gz", "notes.txt"])
def test_a_mask_of_nobody_is_a_warning(study, clean, name):
    (mask_of(study, "T1", name=name) if "nii" in name else study / "rois.csv").exists()
    (study / "masks").mkdir(exist_ok=True)
    (study / "masks" / name).touch()
    judge(study, clean, f"masks/{name}: the mask belongs to no series", errors=False)


@pytest.mark.parametrize("sequence", [str(name) for name in SEQUENCES])
def test_a_gap_is_found_in_every_sequence(study, clean, sequence):
    slice_path(study, sequence, index=1).unlink()
    judge(study, clean, f"{VICTIM}/{sequence}: 1 slice")

"""Enhanced multi-frame files read as classic ones, compressed pixels in a process of their own, files in archives."""

import struct
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import pydicom
import pytest
from pydicom.data import get_testdata_file
from pydicom.dataset import Dataset
from pydicom.uid import RLELossless

from mvi_core.dataset import decode
from mvi_core.dataset.dicom import read_series
from mvi_core.errors import DicomError

sys.path.insert(0, str(Path(__file__).parent.parent / "faults"))
from synthetic import change, slice_of

ORDER = (2, 0, 3, 1)  # place of each frame along the normal
N_TIMES = 2


def item(**values):
    """Return a dataset with these attributes."""
    made = Dataset()
    for keyword, value in values.items():
        setattr(made, keyword, value)
    return made


@pytest.fixture
def enhanced(tmp_path):
    """Four places, two time points: eight frames in one file, each with a scale of its own."""
    pixels = np.arange(8 * 64 * 64).reshape(8, 64, 64) % 4000
    data = slice_of(pixels[0])
    data.SOPInstanceUID = data.file_meta.MediaStorageSOPInstanceUID = "1.2.3"
    data.SeriesInstanceUID, data.PatientID, data.NumberOfFrames = "1.2", "P1", 8
    data.PixelData = pixels.astype("<u2").tobytes()
    measures = item(PixelSpacing=[0.5, 0.75], SliceThickness=2)
    plane = item(ImageOrientationPatient=[1, 0, 0, 0, 1, 0])
    data.SharedFunctionalGroupsSequence = [item(PixelMeasuresSequence=[measures], PlaneOrientationSequence=[plane])]
    for keyword in ("ImageOrientationPatient", "PixelSpacing", "SliceThickness"):
        delattr(data, keyword)
    data.PerFrameFunctionalGroupsSequence = [
        item(
            PlanePositionSequence=[item(ImagePositionPatient=[0, 0, 2 * ORDER[number % 4]])],
            PixelValueTransformationSequence=[item(RescaleSlope=number + 1, RescaleIntercept=-number)],
            FrameContentSequence=[item(TemporalPositionIndex=number // 4 + 1)],
            MREchoSequence=[item(EffectiveEchoTime=2.5)],
        )
        for number in range(8)
    ]
    path = tmp_path / "enhanced.dcm"
    data.save_as(path, enforce_file_format=True)
    return path, pixels


@pytest.mark.parametrize("time", [0, 1])
def test_frames_of_one_time_point_are_ordered_by_place_and_scaled_each_by_its_own(enhanced, time):
    path, pixels = enhanced
    volume = read_series([(path, 4 * time + number) for number in (3, 1, 4, 2)])
    stored = [4 * time + ORDER.index(place) for place in range(4)]
    np.testing.assert_array_equal(volume.pixels, [pixels[n] * (n + 1) - n for n in stored])
    assert volume.spacing_mm == (2.0, 0.5, 0.75) and volume.meta["EchoTime"] == 2.5


def test_both_time_points_together_are_refused(enhanced):
    with pytest.raises(DicomError, match=r"frame 6 lies at the same position as .*frame 2 "):
        read_series([enhanced[0]])


def test_a_concatenation_is_read_from_all_of_its_files_and_from_no_fewer(enhanced):
    data = pydicom.dcmread(enhanced[0])
    data.InConcatenationTotalNumber, data.NumberOfFrames, frames = 2, 2, data.PerFrameFunctionalGroupsSequence
    paths = [enhanced[0].with_name(f"{number}.dcm") for number in range(2)]
    for number, path in enumerate(paths):
        data.SOPInstanceUID = data.file_meta.MediaStorageSOPInstanceUID = f"1.2.3.{number}"
        data.PerFrameFunctionalGroupsSequence = frames[2 * number : 2 * number + 2]
        data.PixelData = enhanced[1][2 * number : 2 * number + 2].astype("<u2").tobytes()
        data.save_as(path)
    assert len(read_series(paths).pixels) == 4
    with pytest.raises(DicomError, match=r"0\.dcm frame 1 is one of 2 files of a concatenation, found 1"):
        read_series(paths[:1])


def csa(**values):
    """Siemens' private header of texts: magic, count, then name, multiplicity, VR and items of each (nibabel, CSA2)."""
    header = b"SV10\4\3\2\1" + struct.pack("<II", len(values), 77)
    for name, texts in values.items():
        header += struct.pack("<64si4s3i", name.encode(), len(texts), b"FD", 0, 6, 77)
        for text in [*texts, *[""] * (6 - len(texts))]:
            header += struct.pack("<4i", *[len(text)] * 4) + text.encode() + b"\0" * (-len(text) % 4)
    return header


@pytest.fixture
def mosaic(tmp_path):
    """Three of four tiles of 32 x 32, each with its number as value, 3 mm apart."""
    data = slice_of(np.kron([[1, 2], [3, 0]], np.ones((32, 32))) * (1 + np.arange(64) % 32))
    data.SOPInstanceUID = data.file_meta.MediaStorageSOPInstanceUID = "1.2.3"
    data.SeriesInstanceUID, data.ImagePositionPatient = "1.2", [0, 0, 7]
    data.ImageType, data.SpacingBetweenSlices = ["ORIGINAL", "PRIMARY", "M", "MOSAIC"], 3
    data.add_new(0x00290010, "LO", "SIEMENS CSA HEADER")
    header = csa(NumberOfImagesInMosaic=["3"], SliceNormalVector=["0", "0", "1"])
    data.add_new(0x00291010, "OB", header)
    data.save_as(tmp_path / "mosaic.dcm", enforce_file_format=True)
    return tmp_path / "mosaic.dcm"


def test_a_mosaic_is_read_tile_by_tile(mosaic):
    volume = read_series([mosaic])
    np.testing.assert_array_equal(volume.pixels[:, 0, 0], [1, 2, 3])
    np.testing.assert_allclose(volume.affine_lps[:3, 3], [16 * 1.25, 16 * 1.25, 7])
    assert volume.spacing_mm[0] == 3 and volume.remarks == ()


def test_a_mosaic_with_more_tiles_than_its_header_counts_is_refused(mosaic):
    words = np.frombuffer(pydicom.dcmread(mosaic).PixelData, "<u2").copy()
    words[-5] = 9
    change(mosaic, PixelData=words.tobytes())
    with pytest.raises(DicomError, match="mosaic with more slices than its header counts"):
        read_series([mosaic])


def test_compressed_frames_give_the_same_pixels(enhanced):
    frames = [(enhanced[0], number) for number in (5, 6, 7, 8)]
    before = read_series(frames).pixels
    data = pydicom.dcmread(enhanced[0])
    data.compress(RLELossless, generate_instance_uid=False)
    data.save_as(enhanced[0])
    np.testing.assert_array_equal(read_series(frames).pixels, before)


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({"NumberOfFrames": 7}, "7 frames and attributes for 8"),
        ({"NumberOfFrames": 0}, "has 0 frames"),
        ({"NumberOfFrames": 2**31 - 1}, "has 2147483647 frames, expected 1 to"),
        ({"PerFrameFunctionalGroupsSequence": None}, "multi-frame without a geometry for each frame"),
        ({"SharedFunctionalGroupsSequence": None}, "ImageOrientationPatient is missing"),
    ],
)
def test_functional_groups_that_do_not_fit_are_told(enhanced, values, sentence):
    change(enhanced[0], **values)
    for source in ([(enhanced[0], 1)], [enhanced[0]]):
        with pytest.raises(DicomError, match=sentence):
            read_series(source)


def test_a_frame_that_is_not_there_is_told(enhanced):
    with pytest.raises(DicomError, match="frame 9 is not there"):
        read_series([(enhanced[0], 9)])


def test_a_series_in_an_archive_is_read_as_from_its_folder(enhanced, tmp_path):
    frames = [(enhanced[0], number) for number in range(1, 5)]
    archive = tmp_path / "images.zip"
    with zipfile.ZipFile(archive, "w") as packed:
        packed.write(enhanced[0], "study/e.dcm")
    inside = [(f"{archive}!study/e.dcm", number) for number in range(1, 5)]
    np.testing.assert_array_equal(read_series(inside).pixels, read_series(frames).pixels)
    with pytest.raises(DicomError, match="holds no such file"):
        read_series([f"{archive}!study/other.dcm"])


COMPRESSED = ("MR_small_RLE.dcm", "MR_small_jpeg_ls_lossless.dcm", "MR_small_jp2klossless.dcm")


@pytest.mark.parametrize("name", COMPRESSED[1:])
def test_a_stream_of_another_size_than_the_header_says_is_an_error(name, tmp_path):
    data = pydicom.dcmread(get_testdata_file(name, download=False))
    data.Rows, data.Columns = 32, 128
    data.save_as(tmp_path / "folded.dcm")
    with pytest.raises(DicomError, match=r"folded\.dcm: its pixels cannot be decoded"):
        read_series([tmp_path / "folded.dcm"])


def test_frames_whose_offsets_are_out_of_order_are_an_error(enhanced):
    data = pydicom.dcmread(enhanced[0])
    data.compress(RLELossless, generate_instance_uid=False)
    table = np.frombuffer(data.PixelData, "<u4", 8, offset=8)
    data.PixelData = data.PixelData[:8] + table[[0, 2, 1, 3, 4, 5, 6, 7]].tobytes() + data.PixelData[40:]
    data.save_as(enhanced[0])
    with pytest.raises(DicomError, match="its pixels cannot be decoded"):
        read_series([(enhanced[0], 1)])


@pytest.mark.parametrize(
    ("name", "lossy"),
    [
        ("MR_small", False),
        *((name.removesuffix(".dcm"), False) for name in COMPRESSED),
        ("JPEGLSNearLossless_16", True),
        ("JPGExtended", True),
        ("JPEG2000", True),
    ],
)
def test_a_lossy_coding_is_known_by_its_stream(name, lossy):
    """Witness: pydicom's test files are named by how they were made; JPEG2000.dcm has the irreversible wavelet."""
    data = pydicom.dcmread(get_testdata_file(f"{name}.dcm", download=False))
    assert decode.is_lossy(data.file_meta.TransferSyntaxUID, data.PixelData) == lossy


@pytest.mark.parametrize("code", ["import os; os.abort()", "import time; time.sleep(60)"])
def test_a_codec_that_crashes_or_hangs_is_an_error_and_the_next_image_is_read(code, monkeypatch):
    path = get_testdata_file(COMPRESSED[1], download=False)
    pipes = dict.fromkeys(("stdin", "stdout", "stderr"), subprocess.PIPE)
    with subprocess.Popen([sys.executable, "-c", code], **pipes) as broken, monkeypatch.context() as patch:
        patch.setattr(decode, "MAX_SECONDS", 0.3)
        patch.setattr(decode, "_worker", lambda _: broken)
        patch.setattr(decode._worker, "cache_clear", lambda: None, raising=False)
        with pytest.raises(DicomError, match=r"jpeg_ls_lossless.dcm: its compressed pixels stopped the decoder"):
            read_series([path])
    assert read_series([path]).pixels.shape == (1, 64, 64)


@pytest.mark.parametrize("name", COMPRESSED)
@pytest.mark.parametrize("keep", [0.3, 0.95])
def test_a_compressed_stream_that_ends_too_early_is_an_error(name, keep, tmp_path):
    """The encapsulation stays whole, so that only the decoder, or the missing end of the stream, can tell."""
    data = pydicom.dcmread(get_testdata_file(name, download=False))
    frame = next(pydicom.encaps.generate_frames(data.PixelData, number_of_frames=1))
    data.PixelData = pydicom.encaps.encapsulate([frame[: int(len(frame) * keep) // 2 * 2]])
    data.save_as(tmp_path / "cut.dcm")
    with pytest.raises(DicomError, match=r"cut\.dcm: its (pixels|compressed)"):
        read_series([tmp_path / "cut.dcm"])

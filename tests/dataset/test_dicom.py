"""Reading MR series: order by geometry, values by the standard, and a sentence for everything that is wrong."""

import warnings

import numpy as np
import pydicom
import pytest
from pydicom.data import get_testdata_file
from pydicom.dataelem import DataElement
from pydicom.uid import DeflatedExplicitVRLittleEndian, RLELossless

from mvi_core.dataset import dicom_header
from mvi_core.dataset.dicom import read_series, real_liver_slice
from mvi_core.errors import DicomError

N_SLICES, STEP_MM = 6, 2.5


def stored(index):
    return (np.arange(64 * 64).reshape(64, 64) % 1000 + 1000 * index).astype(np.uint16)


@pytest.fixture
def series(tmp_path):
    """Six slices written from pydicom's MR_small, names and InstanceNumber against the geometry."""
    folder = tmp_path / "P001" / "T1"
    folder.mkdir(parents=True)
    for index in range(N_SLICES):
        data = pydicom.dcmread(get_testdata_file("MR_small.dcm", download=False))
        data.PatientName, data.PatientID, data.InstitutionName = "Secret^Name", "SECRET-ID", "Secret Hospital"
        data.SOPInstanceUID = data.file_meta.MediaStorageSOPInstanceUID = f"1.2.3.{index}"
        data.FrameOfReferenceUID = "1.2.4"
        data.ImageOrientationPatient = [1, 0, 0, 0, 1, 0]
        data.ImagePositionPatient = [-10, -20, 5 + STEP_MM * index]
        data.InstanceNumber = 100 - index
        data.BitsStored, data.HighBit, data.PixelRepresentation = 16, 15, 0
        data.RescaleSlope, data.RescaleIntercept = 2, -3
        for keyword in ("SmallestImagePixelValue", "LargestImagePixelValue", "PixelPaddingValue"):
            if keyword in data:
                delattr(data, keyword)
        data.PixelData = stored(index).tobytes()
        data.save_as(folder / f"{(index * 5) % N_SLICES}.dcm")
    return folder


def change(folder, index, **values):
    for path in folder.iterdir():
        data = pydicom.dcmread(path)
        if index is None or data.SOPInstanceUID == f"1.2.3.{index}":
            for keyword, value in values.items():
                if value is None:
                    delattr(data, keyword)
                elif isinstance(value, DataElement):
                    data.add(value)
                else:
                    setattr(data, keyword, value)
            data.save_as(path)
            if index is not None:
                return path
    return None


def path_of(folder, index):
    return next(path for path in folder.iterdir() if pydicom.dcmread(path).SOPInstanceUID == f"1.2.3.{index}")


def test_slices_ascend_along_the_normal_whatever_names_and_instance_numbers_say(series):
    volume = read_series(series)
    assert volume.pixels.dtype == np.float32
    np.testing.assert_array_equal(volume.pixels, [stored(index) * 2.0 - 3.0 for index in range(N_SLICES)])
    assert volume.spacing_mm[0] == pytest.approx(STEP_MM)


def test_the_order_of_a_file_list_does_not_matter(series):
    files = sorted(series.iterdir())
    np.testing.assert_array_equal(read_series(files[::-1]).pixels, read_series(files).pixels)


def test_the_affine_maps_indices_to_the_positions_in_the_files(series):
    volume = read_series(series)
    spacing = volume.spacing_mm
    np.testing.assert_allclose(volume.affine_lps @ [3, 0, 0, 1], [-10, -20, 5 + 3 * STEP_MM, 1])
    np.testing.assert_allclose(volume.affine_lps @ [0, 2, 7, 1], [-10 + 7 * spacing[2], -20 + 2 * spacing[1], 5, 1])


def test_jitter_of_positions_is_tolerated(series):
    change(series, 2, ImagePositionPatient=[-10.0000001, -20, 5 + 2 * STEP_MM + 1e-4])
    assert read_series(series).pixels.shape == (N_SLICES, 64, 64)


def test_no_identifying_value_is_kept(series):
    volume = read_series(series)
    assert "Secret" not in repr(volume.meta) and "SECRET" not in repr(volume.meta)
    assert not {"PatientID", "PatientName", "InstitutionName", "StudyDate", "SeriesInstanceUID"} & set(volume.meta)
    assert volume.meta["Modality"] == "MR"


def test_rescale_is_applied_slice_by_slice(series):
    change(series, 4, RescaleSlope=5, RescaleIntercept=0)
    volume = read_series(series)
    np.testing.assert_array_equal(volume.pixels[4], stored(4) * 5.0)
    np.testing.assert_array_equal(volume.pixels[3], stored(3) * 2.0 - 3.0)


def test_signed_pixels_keep_their_sign(series):
    change(series, None, PixelRepresentation=1, RescaleSlope=1, RescaleIntercept=0)
    change(series, 0, PixelData=np.full((64, 64), -7, dtype="<i2").tobytes())
    assert (read_series(series).pixels[0] == -7).all()


def test_bits_above_bits_stored_are_no_signal(series):
    change(series, None, BitsStored=12, HighBit=11, RescaleSlope=1, RescaleIntercept=0)
    marked = (stored(0) % 4096) | (np.arange(64 * 64).reshape(64, 64) % 2 * 0x8000).astype(np.uint16)
    change(series, 0, PixelData=marked.tobytes())
    np.testing.assert_array_equal(read_series(series).pixels[0], stored(0) % 4096)


def test_left_aligned_words_give_the_same_values(series):
    change(series, None, BitsStored=12, HighBit=15, RescaleSlope=1, RescaleIntercept=0)
    change(series, 0, PixelData=((stored(5) % 4096) << 4).astype("<u2").tobytes())
    np.testing.assert_array_equal(read_series(series).pixels[0], stored(5) % 4096)


def test_monochrome1_is_inverted_within_its_stored_range(series):
    change(series, None, PhotometricInterpretation="MONOCHROME1", RescaleSlope=1, RescaleIntercept=0)
    np.testing.assert_array_equal(read_series(series).pixels[1], 65535.0 - stored(1))


def test_padding_becomes_the_lowest_real_value(series):
    change(series, None, PixelPaddingValue=DataElement(0x00280120, "US", 1000), RescaleSlope=1, RescaleIntercept=0)
    pixels = read_series(series).pixels[1]
    assert pixels.min() == 1001 and (pixels[stored(1) == 1000] == 1001).all()
    change(series, None, PixelPaddingValue=DataElement(0x00280120, "US", 0))
    np.testing.assert_array_equal(read_series(series).pixels[0], stored(0))


@pytest.mark.parametrize("name", ["MR_small_RLE", "MR_small_bigendian", "MR_small_implicit", "MR_small_jp2klossless"])
def test_transfer_syntaxes_give_the_same_pixels(name):
    """Witness: pydicom's own test files, one image in several transfer syntaxes."""
    plain = read_series([get_testdata_file("MR_small.dcm", download=False)])
    np.testing.assert_array_equal(read_series([get_testdata_file(f"{name}.dcm", download=False)]).pixels, plain.pixels)


def test_a_recompressed_series_reads_the_same(series):
    before = read_series(series).pixels
    for path in series.iterdir():
        data = pydicom.dcmread(path)
        data.compress(RLELossless)
        data.save_as(path)
    np.testing.assert_array_equal(read_series(series).pixels, before)


def deflated(series):
    for path in series.iterdir():
        data = pydicom.dcmread(path)
        data.file_meta.TransferSyntaxUID = DeflatedExplicitVRLittleEndian
        data.save_as(path)
    return series


def test_a_deflated_series_reads_the_same(series):
    plain = read_series(series).pixels
    np.testing.assert_array_equal(read_series(deflated(series)).pixels, plain)


def test_a_deflated_file_may_not_inflate_beyond_the_limit(series, monkeypatch):
    monkeypatch.setattr(dicom_header, "MAX_INFLATED_BYTES", 8000)  # a slice has 8,192 bytes of pixels
    with pytest.raises(DicomError, match="inflates beyond 8000 bytes"):
        read_series(deflated(series))


def test_a_missing_decoder_is_named():
    path = get_testdata_file("MR_small_jpeg_ls_lossless.dcm", download=False)
    if pydicom.pixels.get_decoder(pydicom.dcmread(path).file_meta.TransferSyntaxUID).is_available:
        pytest.skip("a JPEG-LS decoder is installed")
    with pytest.raises(DicomError, match=r"no decoder is installed. Install .*pyjpegls"):
        read_series([path])


def test_a_missing_inner_slice_is_named_with_its_place(series):
    path_of(series, 3).unlink()
    with pytest.raises(
        DicomError, match=r"P001/T1: 1 slice\(s\) missing between slice 2 .* gap 5.00 mm, expected 2.50"
    ):
        read_series(series)


def test_two_time_points_under_one_identifier_are_refused(series):
    for index in range(N_SLICES):
        data = pydicom.dcmread(path_of(series, index))
        data.SOPInstanceUID = f"1.2.3.{index}.9"
        data.save_as(series / f"late{index}.dcm")
    with pytest.raises(DicomError, match=r"same position .*6 such pairs.*split time points"):
        read_series(series)


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({"SeriesInstanceUID": "1.2.9"}, "mixes two series"),
        ({"PatientID": "SECRET-OTHER"}, "mixes two patients"),
        ({"FrameOfReferenceUID": "1.2.8"}, "frames of reference"),
        ({"PixelRepresentation": 1}, "signed and unsigned"),
        ({"PhotometricInterpretation": "MONOCHROME1"}, "photometric"),
        ({"ImageOrientationPatient": [1, 0, 0, 0, 0, -1]}, "oriented unlike"),
        ({"PixelSpacing": [0.5, 0.5]}, "another PixelSpacing"),
        ({"ImagePositionPatient": [-10, -20, 13.6]}, "uneven spacing"),
        ({"Rows": 32, "Columns": 128}, "another matrix"),
        ({"Rows": 65}, "expected 8320"),
        ({"Rows": 0}, "0 x 64 pixels"),
        ({"PixelData": stored(0).tobytes()[:-2]}, "8190 bytes, expected 8192"),
        ({"PixelData": stored(0).tobytes() + bytes(64)}, "8256 bytes, expected 8192"),
        ({"PixelData": None}, "holds no PixelData"),
        ({"ImagePositionPatient": None}, "ImagePositionPatient is missing"),
        ({"PixelSpacing": None}, "PixelSpacing is missing"),
        ({"PixelSpacing": [0, 1]}, "must be positive"),
        ({"RescaleSlope": 0}, "RescaleSlope"),
        ({"RescaleSlope": 1e300}, "RescaleSlope"),
        ({"ImageOrientationPatient": [1, 0, 0, 1, 0, 0]}, "perpendicular"),
        ({"SamplesPerPixel": 3}, "grey-scale"),
        ({"BitsStored": 17}, "grey-scale"),
        ({"HighBit": 3}, "HighBit"),
        ({"Modality": "CT"}, "no MR image"),
        ({"NumberOfFrames": 2}, "multi-frame"),
        ({"SeriesInstanceUID": None}, "SeriesInstanceUID is missing"),
    ],
)
def test_one_odd_slice_is_refused_by_name_and_nobody_is_named(series, values, sentence):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # pydicom remarks on the values written here
        path = change(series, 3, **values)
    with pytest.raises(DicomError, match=sentence) as caught:
        read_series(series)
    assert path.name in str(caught.value) or "T1: " in str(caught.value)
    assert "ecret" not in str(caught.value) and "SECRET" not in str(caught.value)


def test_two_files_with_one_instance_identifier_are_refused(series):
    change(series, 3, SOPInstanceUID="1.2.3.4")
    with pytest.raises(DicomError, match="have one SOPInstanceUID"):
        read_series(series)


def test_the_affine_follows_a_stack_that_leans_within_the_tolerance(series):
    for index in range(N_SLICES):
        change(series, index, ImagePositionPatient=[-10 + 0.1 * index, -20, 5 + STEP_MM * index])
    np.testing.assert_allclose(read_series(series).affine_lps @ [5, 0, 0, 1], [-9.5, -20, 5 + 5 * STEP_MM, 1])


def test_tilted_stacks_are_refused(series):
    for index in range(N_SLICES):
        change(series, index, ImagePositionPatient=[-10 + index, -20, 5 + STEP_MM * index])
    with pytest.raises(DicomError, match="shifted sideways"):
        read_series(series)


def test_files_that_are_no_dicom_are_named(series):
    (series / "report.html").write_text("<html>log in</html>")
    with pytest.raises(DicomError, match=r"T1/report\.html is no DICOM file"):
        read_series(series)


def test_hidden_files_and_dicomdir_are_passed_over(series):
    (series / ".DS_Store").write_bytes(b"x")
    (series / "DICOMDIR").write_bytes(b"x")
    assert len(read_series(series).pixels) == N_SLICES


def test_links_and_pipes_are_refused_without_being_opened(series):
    (series / "link.dcm").symlink_to(path_of(series, 0))
    with pytest.raises(DicomError, match=r"link.dcm is missing or is no regular file"):
        read_series(series)


def test_an_empty_folder_is_refused(tmp_path):
    with pytest.raises(DicomError, match="holds no file"):
        read_series(tmp_path)


def test_a_truncated_file_is_named(series):
    path = path_of(series, 2)
    path.write_bytes(path.read_bytes()[:-300])
    with pytest.raises(DicomError, match=path.name):
        read_series(series)


def test_the_real_slice_comes_with_its_overlay_and_without_its_people():
    volume, overlay = real_liver_slice()
    assert volume.pixels.shape == (1, 300, 484) and overlay.shape == (300, 484)
    assert volume.spacing_mm == pytest.approx((4.0, 0.7231405, 0.7231405))
    assert all(isinstance(value, float) or len(value) < 12 for value in volume.meta.values())

"""Real files of four vendors: each folder is read rightly, or refused with the sentence that fits it.

Witness: pydicom's pixels with the rescale of each file, in the order of the positions, and nibabel's own reader of
enhanced files. The files are public and not committed; ``MVI_DATA`` names the folder that holds ``dicom/``.
"""

import gzip
import os
import warnings
from pathlib import Path

import numpy as np
import pydicom
import pytest

from mvi_core.dataset.dicom import read_series
from mvi_core.dataset.dicom_frames import classic_frames
from mvi_core.errors import DicomError

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # nibabel says that its DICOM reader is experimental; here it is a second opinion
    from nibabel.nicom import dicomwrappers

pytestmark = pytest.mark.real_data
NO_DICOM, NO_MR, PHASES = "is no DICOM file", "is no MR image", r"same position .*split time points"
GE, NIH, SEGMENTED = "dcm_qa_ge_multiphase", "dcm_qa_nih/20180918Si", "dcmqi/segmentations"
FOLDERS = {  # folder: shape of its only series, or the sentence
    "dcm_qa_ge_T1_axial": (40, 256, 256),
    f"{GE}/2_fMRI_Multiphase_Des": rf"{PHASES}",
    f"{GE}/5_fMRI_Multiphase_Des_VariableDelays1s": PHASES,
    "dcm_qa_philips_EPI_asc": PHASES,
    "dcm_qa_ts": PHASES,
    "dcm_qa_enh/Siemens/XA10": PHASES,
    "dcm_qa_enh/Philips": PHASES,
    "dcm_qa_uih_SaveBySlc": "ImagePositionPatient is missing",
    f"{NIH}/mr_0003": rf"README-Series.txt {NO_DICOM}",
    f"{NIH}/mr_0004": rf"README-Series.txt {NO_DICOM}",
    f"{NIH}/mr_0005": rf"README-Series.txt {NO_DICOM}",
    f"{NIH}/mr_0006": rf"README-Series.txt {NO_DICOM}",
    f"{SEGMENTED}/23x38x3/image": NO_MR,
    f"{SEGMENTED}/23x38x3/multiframe": NO_MR,
    f"{SEGMENTED}/23x38x3/seg": NO_MR,
    f"{SEGMENTED}/23x38x3/nrrd": NO_DICOM,
    f"{SEGMENTED}/23x38x3/screenshots": NO_DICOM,
    f"{SEGMENTED}/24x38x3/image": NO_MR,
    f"{SEGMENTED}/24x38x3/multiframe": NO_MR,
    f"{SEGMENTED}/24x38x3/seg": NO_MR,
    f"{SEGMENTED}/24x38x3/nrrd": NO_DICOM,
    f"{SEGMENTED}/24x38x3/screenshots": NO_DICOM,
    f"{SEGMENTED}/ct-3slice": NO_MR,
    "totalsegmentator_mr": "packed by gzip",
}
SINGLE = {  # files that lie together and are no series
    "nibabel/0.dcm": "mosaic whose header contradicts its size",
    "nibabel/1.dcm": "mosaic whose header contradicts its size",
    "nibabel/csa_slice_norm.dcm": "holds no PixelData",
    "nibabel/decimal_rescale.dcm": "SeriesInstanceUID is missing",
    "nibabel/philips_mprage.dcm.gz": "packed by gzip",
    "nibabel/siemens_dwi_0.dcm.gz": "packed by gzip",
    "nibabel/siemens_dwi_1000.dcm.gz": "packed by gzip",
    "nibabel/slicethickness_empty_string.dcm": "SliceThickness is missing",
    "pydicom_test_files/CT_small.dcm": NO_MR,
    "pydicom_test_files/ExplVR_LitEndNoMeta.dcm": NO_DICOM,
    "pydicom_test_files/MR_small.dcm": (1, 64, 64),
    "pydicom_test_files/MR_small_RLE.dcm": (1, 64, 64),
    "pydicom_test_files/MR_small_bigendian.dcm": (1, 64, 64),
    "pydicom_test_files/MR_small_expb.dcm": (1, 64, 64),
    "pydicom_test_files/MR_small_implicit.dcm": (1, 64, 64),
    "pydicom_test_files/MR_small_jp2klossless.dcm": (1, 64, 64),
    "pydicom_test_files/MR_small_jpeg_ls_lossless.dcm": (1, 64, 64),
    "pydicom_test_files/MR_small_padded.dcm": "8320 bytes, expected 8192",
    "pydicom_test_files/MR_truncated.dcm": "claims 8192 bytes, and 8130 follow",
    "pydicom_test_files/badVR.dcm": NO_MR,
    "pydicom_test_files/empty_charset_LEI.dcm": NO_MR,
    "pydicom_test_files/examples_overlay.dcm": (1, 300, 484),
    "pydicom_test_files/liver_1frame.dcm": NO_MR,
    "pydicom_test_files/meta_missing_tsyntax.dcm": "TransferSyntaxUID",
    "pydicom_test_files/no_meta.dcm": NO_DICOM,
    "pydicom_test_files/reportsi.dcm": NO_MR,
    "pydicom_test_files/rtstruct.dcm": NO_DICOM,
    "pydicom_test_files/zipMR.gz": "packed by gzip",
}
PARTS = {  # what the sentence asks for: one series at a time, by the files of one time point
    f"{GE}/2_fMRI_Multiphase_Des": ("TemporalPositionIdentifier", 10, (10, 64, 64)),
    f"{GE}/5_fMRI_Multiphase_Des_VariableDelays1s": ("TemporalPositionIdentifier", 10, (10, 64, 64)),
    "dcm_qa_philips_EPI_asc": ("TemporalPositionIdentifier", 3, (9, 64, 64)),
}


@pytest.fixture(scope="module")
def root():
    """Folder of the real files."""
    folder = Path(os.environ.get("MVI_DATA", "")) / "dicom"
    if not os.environ.get("MVI_DATA") or not folder.is_dir():
        pytest.skip("MVI_DATA names no folder that holds dicom/")
    return folder


@pytest.fixture(autouse=True)
def quiet():
    """The witnesses warn of real headers."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def witness(paths):
    """Stack of pydicom's pixels after rescale, in the order of the positions along the normal."""
    slices = []
    for path in paths:
        data = pydicom.dcmread(path)
        normal = np.cross(data.ImageOrientationPatient[:3], data.ImageOrientationPatient[3:])
        slope, intercept = float(data.get("RescaleSlope", 1)), float(data.get("RescaleIntercept", 0))
        slices.append((float(normal @ np.array(data.ImagePositionPatient)), data.pixel_array * slope + intercept))
    return np.stack([pixels for _, pixels in sorted(slices, key=lambda one: one[0])])


@pytest.mark.parametrize("folder", FOLDERS)
def test_a_folder_is_read_as_the_witness_reads_it_or_refused(root, folder):
    expected, paths = FOLDERS[folder], sorted((root / folder).iterdir())
    if isinstance(expected, str):
        with pytest.raises(DicomError, match=expected):
            read_series(root / folder)
    else:
        volume = read_series(root / folder)
        assert volume.pixels.shape == expected
        np.testing.assert_allclose(volume.pixels, witness(paths), rtol=1e-6)


def test_the_table_names_every_folder_of_files(root):
    together = {str(Path(name).parent) for name in SINGLE}
    found = {str(path.parent.relative_to(root)) for path in root.rglob("*") if path.is_file() and path.parent != root}
    assert found - together - {SEGMENTED, NIH} == set(FOLDERS)


@pytest.mark.parametrize("name", SINGLE)
def test_a_file_is_read_as_the_witness_reads_it_or_refused(root, name):
    expected = SINGLE[name]
    if isinstance(expected, str):
        with pytest.raises(DicomError, match=expected):
            read_series([root / name])
    else:
        volume = read_series([root / name])
        assert volume.pixels.shape == expected
        np.testing.assert_allclose(volume.pixels, witness([root / name]), rtol=1e-6)


def test_the_table_names_every_single_file(root):
    folders = {Path(name).parent for name in SINGLE}
    assert {str(path.relative_to(root)) for name in folders for path in (root / name).iterdir()} == set(SINGLE)


def test_nine_transfer_syntaxes_give_one_image(root):
    """Explicit, implicit, big endian, RLE, JPEG lossless (two), JPEG-LS (two), JPEG 2000."""
    paths = sorted((root / "dcm_qa_ts").iterdir())
    same_as_nibabel(paths[0], (35, 64, 64))
    plain, *others = (read_series([path]).pixels for path in paths)
    assert len(others) == 8
    for one in others:
        np.testing.assert_array_equal(one, plain)


@pytest.mark.parametrize("folder", PARTS)
def test_time_points_under_one_identifier_are_read_one_by_one(root, folder):
    keyword, n_parts, shape = PARTS[folder]
    parts = {}
    for path in sorted((root / folder).iterdir()):
        parts.setdefault(pydicom.dcmread(path, stop_before_pixels=True)[keyword].value, []).append(path)
    assert len(parts) == n_parts
    for paths in parts.values():
        volume = read_series(paths[::-1])
        assert volume.pixels.shape == shape
        np.testing.assert_allclose(volume.pixels, witness(paths), rtol=1e-6)


def of_nibabel(data):
    """Pixels and affine of nibabel's reader, (slice, row, column), both turned to ascend along the normal."""
    wrapper = dicomwrappers.wrapper_from_data(data)
    pixels, affine = np.moveaxis(np.asarray(wrapper.get_data(), dtype=float), 2, 0), wrapper.affine[:, [2, 0, 1, 3]]
    normal = np.cross(affine[:3, 2], affine[:3, 1])
    if normal @ affine[:3, 0] < 0:
        affine[:3, 3] += affine[:3, 0] * (len(pixels) - 1)
        affine[:, 0], pixels = -affine[:, 0], pixels[::-1]
    return pixels, affine


def same_as_nibabel(path, shape, atol=1e-3):
    """One file, a volume in itself: shape, values and geometry."""
    volume, (pixels, affine) = read_series([path]), of_nibabel(pydicom.dcmread(path))
    assert volume.pixels.shape == shape
    np.testing.assert_allclose(volume.pixels, pixels, rtol=1e-6)
    np.testing.assert_allclose(volume.affine_lps, affine, atol=atol)


@pytest.mark.parametrize("number", range(1, 5))
def test_a_siemens_enhanced_file_is_read_as_nibabel_reads_it(root, number):
    same_as_nibabel(root / f"dcm_qa_enh/Siemens/XA10/6_{number}.dcm", (6, 64, 64))


def test_a_philips_enhanced_volume_is_read_as_nibabel_reads_it(root, tmp_path):
    """176 frames; the packed file is refused above, and read here after it was unpacked."""
    path = tmp_path / "mprage.dcm"
    path.write_bytes(gzip.decompress((root / "nibabel/philips_mprage.dcm.gz").read_bytes()))
    same_as_nibabel(path, (176, 256, 256), atol=1e-2)


def test_each_frame_of_a_philips_field_map_has_the_scale_of_its_own_kind(root):
    """Magnitude and field in Hz under one identifier, each with its own Pixel Value Transformation."""
    path = root / "dcm_qa_enh/Philips/IM_0027_fMAP.dcm"
    data = pydicom.dcmread(path)
    kinds = {}
    for number, frame in enumerate(classic_frames(data, "file"), start=1):
        kinds.setdefault(frame.ImageType[3], []).append(number)
    assert {kind: len(numbers) for kind, numbers in kinds.items()} == {"M": 32, "FIELD_MAP": 32}
    for numbers in kinds.values():
        volume = read_series([(path, number) for number in reversed(numbers)])
        groups = [data.PerFrameFunctionalGroupsSequence[number - 1] for number in numbers]
        scales = [group.PixelValueTransformationSequence[0] for group in groups]
        expected = [
            data.pixel_array[number - 1] * float(scale.RescaleSlope) + float(scale.RescaleIntercept)
            for number, scale in zip(numbers, scales, strict=True)
        ]
        heights = [float(group.PlanePositionSequence[0].ImagePositionPatient[2]) for group in groups]
        np.testing.assert_allclose(volume.pixels, np.array(expected)[np.argsort(heights)], rtol=1e-5)


@pytest.mark.parametrize("number", range(3, 7))
def test_a_siemens_mosaic_is_read_tile_by_tile_as_nibabel_reads_it(root, number):
    """Two repetitions a folder, each a mosaic of five tiles."""
    for path in sorted((root / NIH / f"mr_000{number}").glob("*.dcm")):
        same_as_nibabel(path, (5, 72, 72))


def test_a_mosaic_of_diffusion_is_read_and_two_of_them_in_one_series_are_refused(root, tmp_path):
    paths = [tmp_path / f"siemens_dwi_{b}.dcm" for b in (0, 1000)]
    for path in paths:
        path.write_bytes(gzip.decompress((root / "nibabel" / f"{path.name}.gz").read_bytes()))
        same_as_nibabel(path, (48, 128, 128))
    with pytest.raises(DicomError, match=PHASES):
        read_series(paths)

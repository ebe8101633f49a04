"""One lesion, drawn in every form that a hospital has: each gives the box that the image's own voxels give."""

import gzip
import os
from copy import deepcopy
from pathlib import Path

import nibabel as nib
import numpy as np
import pydicom
import pytest
from pydicom.data import get_testdata_file
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian

from mvi_core.dataset.dicom import Volume
from mvi_core.dataset.dicom_file import token
from mvi_core.dataset.roi import from_mask
from mvi_core.dataset.roi_sources import lesion_mask, overlay_mask, triplet_boxes
from mvi_core.errors import RoiError

RAS = np.diag([-1.0, -1.0, 1.0, 1.0])
SHAPE, FRAME = (9, 40, 50), "1.2.3"
DATA = os.environ.get("MVI_DATA", "")


def oblique(degrees):
    """Affine (slice, row, column) to LPS of a stack tilted about the left-right axis."""
    angle = np.deg2rad(degrees)
    row, column = np.array([1.0, 0, 0]), np.array([0, np.cos(angle), np.sin(angle)])
    affine = np.eye(4)
    affine[:3, 0], affine[:3, 1], affine[:3, 2] = np.cross(row, column) * 4, column * 1.5, row * 1.2
    affine[:3, 3] = (-30, -40, 12)
    return affine


@pytest.fixture(params=[0, 15], ids=["axial", "oblique"])
def volume(request):
    tokens = {"FrameOfReferenceUID": token(FRAME), "instances": ()}
    return Volume(np.zeros(SHAPE, np.float32), oblique(request.param), (4.0, 1.5, 1.2), {}, (), tokens)


@pytest.fixture
def lesion():
    z, y, x = np.ogrid[: SHAPE[0], : SHAPE[1], : SHAPE[2]]
    return ((z - 4) * 4 / 11) ** 2 + ((y - 18) * 1.5 / 12) ** 2 + ((x - 26) * 1.2 / 15) ** 2 <= 1


def nifti(path, mask, affine_lps):
    """Save a mask (slice, row, column) as (column, row, slice)."""
    stored = np.ascontiguousarray(mask.transpose(2, 1, 0).astype(np.uint8))
    nib.save(nib.Nifti1Image(stored, RAS @ affine_lps[:, [2, 1, 0, 3]]), path)
    return path


def boxes(path, volume):
    return {index: box.edges for index, box in triplet_boxes(lesion_mask(path, volume, "x")[0], "x").items()}


def truth(lesion):
    return {index: from_mask(lesion[index]).edges for index in (3, 4, 5)}


@pytest.mark.parametrize("axis", [0, 1, 2])
def test_a_mask_stored_the_other_way_round_gives_the_same_boxes(volume, lesion, tmp_path, axis):
    turn = np.eye(4)
    turn[axis, axis], turn[axis, 3] = -1, SHAPE[axis] - 1
    path = nifti(tmp_path / "m.nii.gz", np.flip(lesion, axis), volume.affine_lps @ turn)
    assert boxes(path, volume) == truth(lesion)
    assert lesion_mask(path, volume, "x")[1] == []


def test_axes_in_another_order_give_the_same_boxes(volume, lesion, tmp_path):
    order = [1, 0, 2]
    affine = volume.affine_lps.copy()
    affine[:, :3] = affine[:, order]
    assert boxes(nifti(tmp_path / "m.nii", lesion.transpose(order), affine), volume) == truth(lesion)


def test_a_finer_grid_gives_the_same_boxes_and_is_told(volume, lesion, tmp_path):
    fine = np.kron(lesion, np.ones((1, 3, 3), bool))
    scale = np.diag([1, 1 / 3, 1 / 3, 1.0])
    scale[1:3, 3] = -1 / 3  # the first small voxel lies a third before the centre of the large one
    path = nifti(tmp_path / "m.nii.gz", fine, volume.affine_lps @ scale)
    mask, remarks = lesion_mask(path, volume, "x")
    np.testing.assert_array_equal(mask, lesion)
    assert "another grid" in remarks[0][0]


def test_a_part_of_the_grid_gives_the_same_boxes(volume, lesion, tmp_path):
    shift = np.eye(4)
    shift[:3, 3] = (1, 5, 10)
    path = nifti(tmp_path / "m.nii.gz", lesion[1:8, 5:35, 10:45], volume.affine_lps @ shift)
    assert boxes(path, volume) == truth(lesion)


def test_a_turned_grid_gives_the_same_boxes_within_a_pixel(volume, tmp_path):
    """A ball of 12 mm, on a grid of 1 mm that is turned by 30 degrees about every axis, and on the image itself."""
    centre, angle = (volume.affine_lps @ [4, 18, 26, 1])[:3], np.deg2rad(30)
    turn = np.eye(3)
    for i, j in ((0, 1), (1, 2), (0, 2)):
        step = np.eye(3)
        step[[i, i, j, j], [i, j, i, j]] = np.cos(angle), -np.sin(angle), np.sin(angle), np.cos(angle)
        turn = turn @ step
    affine = np.eye(4)
    affine[:3, :3], affine[:3, 3] = turn, centre - turn @ [20, 20, 20]
    z, y, x = np.ogrid[:41, :41, :41]
    path = nifti(tmp_path / "m.nii.gz", (z - 20) ** 2 + (y - 20) ** 2 + (x - 20) ** 2 <= 144, affine)
    voxels = np.moveaxis(np.indices(SHAPE), 0, -1) @ volume.affine_lps[:3, :3].T + volume.affine_lps[:3, 3]
    ball = ((voxels - centre) ** 2).sum(axis=-1) <= 144
    found = boxes(path, volume)
    assert list(found) == [3, 4, 5]
    for index in found:
        assert np.abs(np.subtract(found[index], from_mask(ball[index]).edges)).max() <= 1


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (lambda affine: affine + _shift(7), "another geometry"),
        (lambda affine: affine + _shift(affine[:3, 0]), "another geometry"),  # by one whole slice
        (lambda affine: affine @ np.diag([1, 1.2, 1, 1]), "another geometry"),
    ],
)
def test_the_same_matrix_with_another_geometry_is_refused(volume, lesion, tmp_path, change, sentence):
    path = nifti(tmp_path / "m.nii.gz", lesion, change(volume.affine_lps))
    with pytest.raises(RoiError, match=sentence):
        lesion_mask(path, volume, "x")


def _shift(mm):
    shift = np.zeros((4, 4))
    shift[:3, 3] = mm
    return shift


def test_a_lesion_outside_the_image_and_a_grid_that_changes_its_size_are_refused(volume, lesion, tmp_path):
    with pytest.raises(RoiError, match="lies outside the image"):
        lesion_mask(nifti(tmp_path / "m.nii", lesion[1:8], volume.affine_lps + _shift(500)), volume, "x")
    coarse = np.diag([1, 1, 1, 1.0])
    thin = np.zeros((3, 40, 50), bool)
    thin[1, 10:20, 10:20] = True
    coarse[0, 0], coarse[0, 3] = 0.1, 3.3  # slices of a tenth of the image's, none on a centre of it
    with pytest.raises(RoiError, match="do not fit"):
        lesion_mask(nifti(tmp_path / "m.nii", thin, volume.affine_lps @ coarse), volume, "x")


def test_several_labels_and_an_empty_mask_are_refused(volume, lesion, tmp_path):
    path = nifti(tmp_path / "m.nii", lesion.astype(int) + np.roll(lesion, 9, 2), volume.affine_lps)
    with pytest.raises(RoiError, match="2 labels"):
        lesion_mask(path, volume, "x")
    with pytest.raises(RoiError, match="empty"):
        lesion_mask(nifti(path, lesion & False, volume.affine_lps), volume, "x")


def _dicom(kind):
    data = Dataset()
    data.file_meta = FileMetaDataset()
    data.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    data.SOPClassUID, data.SOPInstanceUID, data.Modality, data.FrameOfReferenceUID = "1.9", "1.8", kind, FRAME
    return data


def _item(**values):
    item = Dataset()
    for keyword, value in values.items():
        setattr(item, keyword, value)
    return item


def seg(path, mask, affine, *, labels=("Tumor",), kind="BINARY"):
    """DICOM SEG of the slices that hold something, the last first, as dcmqi and highdicom write it."""
    data = _dicom("SEG")
    frames = [index for index in range(len(mask))[::-1] if mask[index].any()]
    row_mm, column_mm = (np.linalg.norm(affine[:3, i]) for i in (1, 2))
    data.SegmentSequence = [_item(SegmentNumber=n, SegmentLabel=name) for n, name in enumerate(labels, 1)]
    cosines = [*(affine[:3, 2] / column_mm), *(affine[:3, 1] / row_mm)]
    data.SharedFunctionalGroupsSequence = [
        _item(
            PlaneOrientationSequence=[_item(ImageOrientationPatient=[f"{one:.8f}" for one in cosines])],
            PixelMeasuresSequence=[_item(PixelSpacing=[f"{row_mm:.6f}", f"{column_mm:.6f}"], SliceThickness="4")],
        )
    ]
    data.PerFrameFunctionalGroupsSequence = [
        _item(
            PlanePositionSequence=[_item(ImagePositionPatient=[f"{one:.6f}" for one in (affine @ [i, 0, 0, 1])[:3]])],
            SegmentIdentificationSequence=[_item(ReferencedSegmentNumber=len(labels))],
        )
        for i in frames
    ]
    data.NumberOfFrames, (data.Rows, data.Columns), data.SegmentationType = len(frames), mask.shape[1:], kind
    data.SamplesPerPixel, data.PhotometricInterpretation, data.PixelRepresentation = 1, "MONOCHROME2", 0
    data.BitsAllocated, data.BitsStored, data.HighBit = (1, 1, 0) if kind == "BINARY" else (8, 8, 7)
    pixels = mask[frames].astype(np.uint8)
    data.MaximumFractionalValue = 200
    raw = np.packbits(pixels.ravel(), bitorder="little") if kind == "BINARY" else pixels * 190
    data.PixelData = raw.tobytes() + bytes(raw.size % 2)
    data["PixelData"].VR = "OB"
    data.save_as(path, enforce_file_format=True)
    return path


@pytest.mark.parametrize("kind", ["BINARY", "FRACTIONAL"])
def test_a_dicom_segmentation_gives_the_same_boxes(volume, lesion, tmp_path, kind):
    path = seg(tmp_path / "m.dcm", lesion, volume.affine_lps, kind=kind)
    assert boxes(path, volume) == truth(lesion)


def test_of_several_segments_the_lesion_is_taken_and_an_unnamed_one_is_refused(volume, lesion, tmp_path):
    path = seg(tmp_path / "m.dcm", lesion, volume.affine_lps, labels=("Liver", "HCC lesion"))
    assert boxes(path, volume) == truth(lesion)
    with pytest.raises(RoiError, match="2 segments, and 0 named"):
        lesion_mask(seg(path, lesion, volume.affine_lps, labels=("Liver", "Secretname")), volume, "x")


def test_a_drawing_in_another_frame_of_reference_is_refused(volume, lesion, tmp_path):
    path = seg(tmp_path / "m.dcm", lesion, volume.affine_lps)
    data = pydicom.dcmread(path)
    data.FrameOfReferenceUID = "1.2.99"
    data.save_as(path)
    with pytest.raises(RoiError, match="another frame of reference"):
        lesion_mask(path, volume, "x")


def _place(frame, by=0.0):
    return [float(one) for one in np.add(frame.PlanePositionSequence[0].ImagePositionPatient, [by, 0, 0])]


BADLY_PLACED = {
    "twice at one place": lambda first, second: {"PlanePositionSequence": first.PlanePositionSequence},
    "ten columns aside": lambda first, second: {
        "PlanePositionSequence": [_item(ImagePositionPatient=_place(second, 12.0))]
    },
    "turned round": lambda first, second: {
        "PlaneOrientationSequence": [_item(ImageOrientationPatient=[-1, 0, 0, 0, 1, 0])]
    },
}


@pytest.mark.parametrize("change", BADLY_PLACED)
def test_frames_of_a_segmentation_that_do_not_stand_behind_one_another_are_refused(volume, lesion, tmp_path, change):
    path = seg(tmp_path / "m.dcm", lesion, volume.affine_lps)
    data = pydicom.dcmread(path)
    first, second, *_ = data.PerFrameFunctionalGroupsSequence
    second.update(_item(**BADLY_PLACED[change](first, second)))
    data.save_as(path)
    with pytest.raises(RoiError, match="twice at one place, or not behind one another"):
        lesion_mask(path, volume, "x")


def rtstruct(path, volume, lesion, change=None):
    """RTSTRUCT with an ellipse around the lesion in five slices, changed before it is written."""
    data = _dicom("RTSTRUCT")
    contours = []
    for index in (2, 3, 4, 5, 6):
        rows, columns = np.nonzero(lesion[index])
        span, middle = np.ptp(rows) + 1, rows.min() + np.ptp(rows) / 2
        wide, centre = np.ptp(columns) + 1, columns.min() + np.ptp(columns) / 2
        turn = np.linspace(0, 2 * np.pi, 60, endpoint=False)
        points = [index + 0 * turn, middle + span / 2 * np.sin(turn), centre + wide / 2 * np.cos(turn), 1 + 0 * turn]
        places = (volume.affine_lps @ points)[:3].T.ravel()
        contours.append(_item(ContourGeometricType="CLOSED_PLANAR", ContourData=[f"{one:.4f}" for one in places]))
    data.StructureSetROISequence = [
        _item(ROINumber=number, ROIName=name, ReferencedFrameOfReferenceUID=FRAME)
        for number, name in ((1, "Liver"), (2, "GTV"))
    ]
    data.ROIContourSequence = [_item(ReferencedROINumber=2, ContourSequence=contours)]
    if change is not None:
        change(data)
    data.save_as(path, enforce_file_format=True)
    return path


def test_contours_in_millimetres_give_the_same_boxes_within_a_pixel(volume, lesion, tmp_path):
    found = boxes(rtstruct(tmp_path / "m.dcm", volume, lesion), volume)
    assert list(found) == [3, 4, 5]
    assert max(np.abs(np.subtract(found[i], truth(lesion)[i])).max() for i in found) <= 1


def _contours(data):
    return data.ROIContourSequence[0].ContourSequence


def _shifted(data, by):
    for one in _contours(data):
        one.ContourData = [f"{value:.4f}" for value in np.array(one.ContourData, float) + np.tile([by, 0, 0], 60)]


CONTOURS = {
    "one twice": (lambda d: _contours(d).append(deepcopy(_contours(d)[2])), "overlap"),
    "an open one": (lambda d: setattr(_contours(d)[0], "ContourGeometricType", "OPEN_PLANAR"), "open contour"),
    "half outside": (lambda d: _shifted(d, -31.0), "between the image's slices or outside"),
    "drawn elsewhere": (
        lambda d: setattr(d.StructureSetROISequence[1], "ReferencedFrameOfReferenceUID", "1.2.99"),
        "another frame of reference",
    ),
}


@pytest.mark.parametrize("name", CONTOURS)
def test_contours_that_would_lose_a_part_of_the_lesion_are_refused(volume, lesion, tmp_path, name):
    change, words = CONTOURS[name]
    with pytest.raises(RoiError, match=words):
        lesion_mask(rtstruct(tmp_path / "m.dcm", volume, lesion, change), volume, "x")


def test_the_frame_of_reference_is_that_of_the_structure_and_its_parts_are_joined(volume, lesion, tmp_path):
    whole = lesion_mask(rtstruct(tmp_path / "m.dcm", volume, lesion), volume, "x")[0]

    def divided(data):
        data.FrameOfReferenceUID = "1.2.99"
        part = _contours(data).pop()
        data.ROIContourSequence.append(_item(ReferencedROINumber=2, ContourSequence=[part]))

    again = lesion_mask(rtstruct(tmp_path / "n.dcm", volume, lesion, divided), volume, "x")[0]
    np.testing.assert_array_equal(again, whole)


def test_a_file_that_is_no_drawing_is_refused(volume, tmp_path):
    path = tmp_path / "m.dcm"
    path.write_bytes(Path(get_testdata_file("MR_small.dcm", download=False)).read_bytes())
    with pytest.raises(RoiError, match="no DICOM SEG or RTSTRUCT"):
        lesion_mask(path, volume, "x")


def test_a_real_overlay_is_found_in_its_file():
    """The ring of pydicom's liver slice: rows 139 to 173, columns 46 to 80 (see its description)."""
    path = Path(get_testdata_file("examples_overlay.dcm", download=False))
    data = pydicom.dcmread(path)
    tokens = {"FrameOfReferenceUID": "", "instances": (token(data.SOPInstanceUID),)}
    volume = Volume(np.zeros((1, 300, 484), np.float32), np.eye(4), (3.0, 0.7, 0.7), {}, (), tokens)
    mask, _ = overlay_mask([path], volume, "x")
    assert from_mask(mask[0]).edges == (139, 46, 174, 81)


def test_the_middle_alone_stands_where_boxes_would_choose_other_slices():
    mask = np.zeros((6, 40, 40), bool)
    mask[2, 5:25, 5:25] = np.eye(20, dtype=bool) | np.eye(20, k=1, dtype=bool)  # the longest diagonal, a shorter box
    mask[3, 5:6, 5:27] = True
    assert [*triplet_boxes(mask, "x")] == [2]


def _witness(path):
    """Voxels of a NRRD file that dcmqi made from the same segmentation."""
    header, _, raw = path.read_bytes().partition(b"\n\n")
    fields = dict(line.split(": ", 1) for line in header.decode().splitlines() if ": " in line)
    kind = {"unsigned char": "u1", "short": "<i2", "unsigned short": "<u2", "signed char": "i1", "int": "<i4"}
    return np.frombuffer(gzip.decompress(raw), kind[fields["type"]]).reshape(
        [int(n) for n in fields["sizes"].split()][::-1]
    )


@pytest.mark.real_data
def test_dcmqi_marks_as_many_voxels_of_a_real_liver():
    if not DATA:
        pytest.skip("MVI_DATA names no folder with the real DICOM files")
    folder = Path(DATA) / "dicom" / "dcmqi" / "segmentations"
    heads = [pydicom.dcmread(path) for path in (folder / "ct-3slice").iterdir()]
    heads.sort(key=lambda head: float(head.ImagePositionPatient[2]))
    first, affine = heads[0], np.eye(4)
    row_mm, column_mm = map(float, first.PixelSpacing)
    affine[:3, 0] = np.subtract(heads[1].ImagePositionPatient, first.ImagePositionPatient).astype(float)
    affine[:3, 1], affine[:3, 2], affine[:3, 3] = (0, row_mm, 0), (column_mm, 0, 0), first.ImagePositionPatient
    tokens = {"FrameOfReferenceUID": token(pydicom.dcmread(folder / "liver.dcm").FrameOfReferenceUID), "instances": ()}
    pixels = np.zeros((3, first.Rows, first.Columns), np.float32)
    volume = Volume(pixels, affine, (affine[2, 0], row_mm, column_mm), {}, (), tokens)
    mask, _ = lesion_mask(folder / "liver.dcm", volume, "x")
    np.testing.assert_array_equal(mask, _witness(folder / "liver_seg.nrrd") > 0)


@pytest.mark.real_data
def test_a_real_organ_of_a_real_mr_gives_the_box_of_its_own_voxels(tmp_path):
    if not DATA:
        pytest.skip("MVI_DATA names no folder with the real NIfTI files")
    folder = Path(DATA) / "dicom" / "totalsegmentator_mr"
    image, labels = (nib.load(folder / name) for name in ("example_mr_sm.nii.gz", "example_seg_mr.nii.gz"))
    affine = (RAS @ image.affine)[:, [2, 1, 0, 3]]
    volume = Volume(np.zeros(image.shape[::-1], np.float32), affine, (1.0, 1.0, 1.0), {}, (), {})
    liver = np.asarray(labels.dataobj) == 5
    path = tmp_path / "m.nii.gz"
    nib.save(nib.as_closest_canonical(nib.Nifti1Image(liver.astype(np.uint8), labels.affine)), path)
    mask, _ = lesion_mask(path, volume, "x")
    np.testing.assert_array_equal(mask, liver.transpose(2, 1, 0))

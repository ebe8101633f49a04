"""The ROI cache: the right slices, the right pixels, whole or not at all."""

import numpy as np
import pandas as pd
import pytest

from mvi_core.dataset.dicom import read_series, real_liver_slice
from mvi_core.dataset.phantom import write_phantom
from mvi_core.dataset.roi import RoiBox, resize
from mvi_core.dataset.rois import INDEX_COLUMNS, build_roi_cache, index_path, lesion_roi_steps, read_roi_cache
from mvi_core.errors import DicomError, ManifestError, RoiError
from mvi_core.names import SEQUENCES

PATIENTS = pd.DataFrame(
    {"patient_id": ["P2", "P1"], "enrolment": ["2015", "2018"], "mvi_grade": ["M0", "M2"], "size_cm": [1.1, 5.0]}
)


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    folder = tmp_path_factory.mktemp("study")
    boxes = write_phantom(PATIENTS, folder / "dicom", seed=3)
    build_roi_cache(folder / "dicom", boxes, folder / "rois.safetensors", roi_px=24)
    return folder, boxes


def test_the_cache_holds_patients_sequences_and_slices_in_the_order_of_the_index(study):
    rois, index = read_roi_cache(study[0] / "rois.safetensors")
    assert rois.shape == (2, 6, 3, 24, 24) and rois.dtype == np.float16
    assert tuple(index.columns) == INDEX_COLUMNS and len(index) == 36
    assert index["patient_id"].tolist() == ["P2"] * 18 + ["P1"] * 18
    assert index["sequence"].tolist() == [str(sequence) for sequence in SEQUENCES for _ in range(3)] * 2
    assert (
        index["slice_index"].to_numpy().reshape(-1, 3) == index["slice_index"].to_numpy()[::3, None] + [0, 1, 2]
    ).all()


def test_each_crop_is_the_box_of_its_slice_with_ten_pixels_more(study):
    folder, boxes = study
    rois, index = read_roi_cache(folder / "rois.safetensors")
    for place, row in enumerate(index.itertuples()):
        drawn = boxes[(boxes["patient_id"] == row.patient_id) & (boxes["sequence"] == row.sequence)]
        own = drawn[drawn["slice_index"] == row.slice_index]
        pixels = read_series(folder / "dicom" / row.patient_id / row.sequence).pixels
        if len(own):
            assert (row.row0, row.col1) == (max(own.row0.item() - 10, 0), min(own.col1.item() + 10, pixels.shape[2]))
        expected = resize(pixels[row.slice_index, row.row0 : row.row1, row.col0 : row.col1], 24)
        np.testing.assert_allclose(rois.reshape(36, 24, 24)[place], expected, rtol=1e-3)
        assert (row.height, row.width) == (row.row1 - row.row0, row.col1 - row.col0)


def test_the_largest_slice_is_in_the_middle_or_at_an_end_of_the_series(study):
    folder, boxes = study
    _, index = read_roi_cache(folder / "rois.safetensors")
    side = np.maximum(boxes["row1"] - boxes["row0"], boxes["col1"] - boxes["col0"])
    most = side.groupby([boxes["patient_id"], boxes["sequence"]]).max()
    for (patient_id, sequence), rows in index.groupby(["patient_id", "sequence"]):
        found = boxes[(boxes["patient_id"] == patient_id) & (boxes["sequence"] == sequence)]
        kept = found[found["slice_index"].isin(rows["slice_index"])]
        assert side[kept.index].max() == most[patient_id, sequence]


def test_a_slice_without_a_box_takes_the_box_of_the_largest(study, tmp_path):
    folder, boxes = study
    one = boxes[boxes["patient_id"] == "P1"].groupby("sequence").head(1)
    index = build_roi_cache(folder / "dicom", one, tmp_path / "rois.safetensors", roi_px=8)
    assert index.groupby("sequence")[["row0", "col0", "row1", "col1"]].nunique().to_numpy().max() == 1


def test_building_again_gives_the_same_bytes_and_leaves_no_part(study, tmp_path):
    folder, boxes = study
    build_roi_cache(folder / "dicom", boxes, tmp_path / "rois.safetensors", roi_px=24)
    assert (tmp_path / "rois.safetensors").read_bytes() == (folder / "rois.safetensors").read_bytes()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["rois.safetensors", "rois_index.csv"]


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (lambda t: t[t["sequence"] != "DWI"], r"must have boxes in .*Missing: DWI"),
        (lambda t: pd.concat([t, t.iloc[[0]]]), "has two boxes"),
        (lambda t: t.drop(columns="row0"), "lacks row0"),
        (lambda t: t.iloc[:0], "lacks rows"),
        (lambda t: t.assign(row1=500), r"patient P2, sequence T1: row1 \(500\) is beyond the image height \(160\)"),
        (lambda t: t.assign(slice_index=t["slice_index"] + 7), r"slice_index .* is not between 0 and 4"),
        (lambda t: t.assign(sequence=t["sequence"].replace("T2", "T2w")), "Missing: T2; unknown: 1"),
    ],
)
def test_boxes_that_do_not_fit_are_refused_and_nothing_is_written(study, tmp_path, change, sentence):
    with pytest.raises(RoiError, match=sentence):
        build_roi_cache(study[0] / "dicom", change(study[1]), tmp_path / "rois.safetensors", roi_px=8)
    assert not list(tmp_path.iterdir())


def test_boxes_without_images_are_refused(study, tmp_path):
    with pytest.raises(DicomError, match="P9"):
        build_roi_cache(study[0] / "dicom", study[1].assign(patient_id="P9").drop_duplicates(
            ["sequence", "slice_index"]), tmp_path / "rois.safetensors", roi_px=8)  # fmt: skip


@pytest.mark.parametrize("name", ["rois.safetensors", "rois_index.csv"])
def test_a_missing_half_of_a_cache_is_named(study, tmp_path, name):
    for path in (study[0] / "rois.safetensors", index_path(study[0] / "rois.safetensors")):
        if path.name != name:
            (tmp_path / path.name).write_bytes(path.read_bytes())
    with pytest.raises(ManifestError, match="missing"):
        read_roi_cache(tmp_path / "rois.safetensors")


@pytest.mark.parametrize("cut", [4, 200, 2000])
def test_a_cut_cache_is_refused(study, tmp_path, cut):
    (tmp_path / "rois.safetensors").write_bytes((study[0] / "rois.safetensors").read_bytes()[:cut])
    (tmp_path / "rois_index.csv").write_bytes((study[0] / "rois_index.csv").read_bytes())
    with pytest.raises(ManifestError, match="broken"):
        read_roi_cache(tmp_path / "rois.safetensors")


def test_a_foreign_index_is_refused(study, tmp_path):
    (tmp_path / "rois.safetensors").write_bytes((study[0] / "rois.safetensors").read_bytes())
    read_roi_cache(study[0] / "rois.safetensors")[1].iloc[:18].to_csv(tmp_path / "rois_index.csv", index=False)
    with pytest.raises(ManifestError, match="Build both again"):
        read_roi_cache(tmp_path / "rois.safetensors")


def test_the_steps_of_the_real_lesion_end_at_the_size_of_the_paper():
    volume, _ = real_liver_slice()
    drawn, enlarged, part, resized = lesion_roi_steps(volume.pixels[0], RoiBox(139, 46, 174, 81), roi_px=320)
    assert drawn.boxes == (RoiBox(139, 46, 174, 81),) and enlarged.boxes[1] == RoiBox(129, 36, 184, 91)
    assert part.image.shape == (55, 55) and resized.image.shape == (320, 320)
    assert part.title == "Crop, 55 x 55 px" and not resized.boxes


def test_all_faulty_patients_are_told_and_with_skip_bad_the_others_are_bit_equal(study, tmp_path):
    """Witness: the cache of the sound patient alone."""
    folder, boxes = study
    others = pd.concat([boxes, boxes.assign(patient_id="P9"), boxes[:1].assign(patient_id="P8")])
    others = others.drop_duplicates(["patient_id", "sequence", "slice_index"])
    others.loc[(others["patient_id"] == "P2") & (others["sequence"] == "T2"), "row1"] = 500
    with pytest.raises(RoiError) as told:
        build_roi_cache(folder / "dicom", others, tmp_path / "all.safetensors", roi_px=24)
    assert all(
        words in str(told.value) for words in ("patient P2, sequence T2", "P9/DWI", "Patient P8 must have boxes")
    )
    assert not list(tmp_path.iterdir())
    found = build_roi_cache(folder / "dicom", others, tmp_path / "all.safetensors", roi_px=24, skip_bad=True)
    build_roi_cache(folder / "dicom", boxes[boxes["patient_id"] == "P1"], tmp_path / "one.safetensors", roi_px=24)
    assert set(found.attrs["left_out"]) == {"P2", "P8", "P9"} and set(found["patient_id"]) == {"P1"}
    assert (tmp_path / "all.safetensors").read_bytes() == (tmp_path / "one.safetensors").read_bytes()


def test_nothing_is_written_when_every_patient_is_faulty(study, tmp_path):
    bad = study[1].assign(row1=500)
    with pytest.raises(RoiError, match="patient P1"):
        build_roi_cache(study[0] / "dicom", bad, tmp_path / "rois.safetensors", roi_px=8, skip_bad=True)
    assert not list(tmp_path.iterdir())


def test_sequences_that_the_cohort_lacks_are_not_asked_for_and_not_used(study, tmp_path):
    folder, boxes = study
    three = boxes[boxes["sequence"].isin(["T1", "T1V", "T1D"])]
    build_roi_cache(folder / "dicom", three, tmp_path / "r.safetensors", roi_px=24, sequences=("T1", "T1V", "T1D"))
    (few, _), (full, _) = (read_roi_cache(path / "r.safetensors" if path == tmp_path else path / "rois.safetensors")
                           for path in (tmp_path, folder))  # fmt: skip
    np.testing.assert_array_equal(few[:, [0, 2, 3]], full[:, [0, 2, 3]])
    assert np.isnan(few[:, [1, 4, 5]]).all()

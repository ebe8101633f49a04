"""LiverHccSeg on small files of its layout: exams, phases, boxes, and chapters 01 and 03 on a made archive.

The layout is that of nifti_and_segms.zip of Zenodo record 8179129; its real patients are never read here.
"""

import gzip
import hashlib
import re
import shutil
import zipfile
from pathlib import Path

import nbformat
import nibabel as nib
import numpy as np
import pandas as pd
import pytest

from mvi_core import report, results
from mvi_core.cohort.liverhccseg import exams, read_liverhccseg
from mvi_core.cohort.load import load_cohort
from mvi_core.dataset.liverhccseg import lesion_boxes, phase_volume
from mvi_core.errors import ManifestError, RoiError
from mvi_core.pages import plan, run_page
from mvi_core.results import read_result, result_path
from mvi_core.steps import ensure_tables, segmented
from mvi_core.study import load_study

ROOT = Path(__file__).parents[2]
SHAPE = (24, 20, 8)  # left-right, back-front, foot-head
AFFINE = np.diag([2.0, 1.5, 4.0, 1.0])  # RAS
AFFINE[:3, 3] = (-20, -14, 6)
PHASES = {"art": 1, "art_pre": 2, "art_pv": 3, "art_del": 4}


def packed(values, affine=AFFINE):
    image = nib.Nifti1Image(np.asarray(values, dtype=np.float32), affine)
    image.header["sform_code"] = 1
    return image


def exam_files(rng, *, lesions=((6, 7, 4, 3),), turn=None):
    """Files of one exam: phases with the tumour brighter, masks of both readers; ``turn`` stores them turned."""
    box = [np.zeros(SHAPE) for _ in lesions]
    for mask, (i, j, k, half) in zip(box, lesions, strict=True):
        mask[i - half : i + half, j - half : j + half, k - 1 : k + 2] = 1
    marked = np.maximum.reduce(box) if box else np.zeros(SHAPE)
    files = {name: rng.uniform(10, 20, SHAPE) + 100 * factor * marked for name, factor in PHASES.items()}
    files |= {"pre": rng.uniform(10, 20, (24, 20, 6)), "rater1_liver": np.ones(SHAPE)}
    for number, mask in enumerate(box, start=1):
        files |= {f"rater1_tumor{number}": mask, f"rater2_tumor{number}": np.roll(mask, 1, axis=0)}
    images = {name: packed(values) for name, values in files.items()}
    return {name: image.as_reoriented(turn) if turn is not None else image for name, image in images.items()}


def write_archive(path, patients):
    """Zip of ``{(patient, date): files}`` in the layout of the record."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for (patient, date), files in patients.items():
            for name, image in files.items():
                packed_image = gzip.compress(image.to_bytes(), mtime=0)
                archive.writestr(f"nifti_and_segms/{patient}/{date}/{name}.nii.gz", packed_image)
    return path


@pytest.fixture
def archive(tmp_path):
    rng = np.random.default_rng(5)
    turned = nib.orientations.axcodes2ornt(("P", "S", "R"))  # stored in another order and direction
    inwards = nib.orientations.ornt_transform(nib.orientations.axcodes2ornt(("R", "A", "S")), turned)
    return write_archive(
        tmp_path / "nifti_and_segms.zip",
        {
            ("TCGA-AA-0001", "02-21-2000"): exam_files(rng),
            ("TCGA-AA-0002", "12-01-1999"): exam_files(rng, turn=inwards),
            ("TCGA-AA-0003", "03-04-2001"): exam_files(rng, lesions=((6, 7, 4, 2), (15, 11, 3, 4))),
            ("TCGA-AA-0004", "03-04-2001"): exam_files(rng, lesions=()),
            ("TCGA-AA-0005", "03-04-2002"): exam_files(rng),
            ("TCGA-AA-0005", "11-04-2001"): exam_files(rng, lesions=()),
        },
    )


def boxes_of(archive, patient):
    return lesion_boxes(archive, exams(archive)[patient], patient)


def test_an_exam_with_every_phase_and_a_tumour_is_chosen_and_dates_are_dropped(archive):
    found = exams(archive)
    assert list(found) == [f"TCGA-AA-000{k}" for k in range(1, 6)]
    assert "03-04-2002" in found["TCGA-AA-0005"]["art"]
    assert "rater1_tumor1" not in found["TCGA-AA-0004"]


def test_phases_are_in_the_order_of_space_however_they_were_stored(archive):
    found = exams(archive)
    for patient in ("TCGA-AA-0001", "TCGA-AA-0002"):
        volume = phase_volume(archive, found[patient], "T1A", "here")
        assert volume.pixels.shape == (8, 20, 24)  # slices, rows, columns
        assert volume.spacing_mm == pytest.approx((4.0, 1.5, 2.0))
        steps = volume.affine_lps[:3, :3]
        assert (steps[2, 0], steps[1, 1], steps[0, 2]) == pytest.approx((4.0, 1.5, 2.0))  # up, back, left
        bright = np.argwhere(volume.pixels > 60)
        centre = volume.affine_lps @ [*bright.mean(axis=0), 1]
        expected = AFFINE @ [5.5, 6.5, 4, 1] * [-1, -1, 1, 1]  # of the made lesion, RAS to LPS
        assert centre == pytest.approx(expected)


def test_each_sequence_is_its_phase(archive):
    found = exams(archive)["TCGA-AA-0001"]
    tops = {name: phase_volume(archive, found, name, "here").pixels.max() for name in ("T1", "T1A", "T1V", "T1D")}
    assert {name: round(top / 100) for name, top in tops.items()} == {"T1A": 1, "T1": 2, "T1V": 3, "T1D": 4}


def test_boxes_enclose_the_largest_tumour_of_the_first_reader_in_every_phase(archive):
    for patient, size, slices in (("TCGA-AA-0001", 6, {3, 4, 5}), ("TCGA-AA-0003", 8, {2, 3, 4})):
        boxes = boxes_of(archive, patient)
        assert set(boxes["sequence"]) == {"T1", "T1A", "T1V", "T1D"}
        assert set(boxes["slice_index"]) == slices
        assert ((boxes["row1"] - boxes["row0"]) == size).all() and ((boxes["col1"] - boxes["col0"]) == size).all()
        volume = phase_volume(archive, exams(archive)[patient], "T1V", "here")
        for row in boxes[boxes["sequence"] == "T1V"].itertuples():
            inside = volume.pixels[row.slice_index, row.row0 : row.row1, row.col0 : row.col1]
            assert inside.min() > 100


def test_a_phase_off_the_arterial_grid_or_absent_is_refused_without_a_date(archive, tmp_path):
    rng = np.random.default_rng(6)
    files = exam_files(rng)
    shifted = AFFINE.copy()
    shifted[0, 3] += 3
    files["art_pv"] = packed(np.ones(SHAPE), shifted)
    off = write_archive(tmp_path / "off.zip", {("TCGA-AA-0001", "02-21-2000"): files})
    with pytest.raises(RoiError, match="patient P, sequence T1V: it does not lie on the grid") as told:
        phase_volume(off, exams(off)["TCGA-AA-0001"], "T1V", "patient P, sequence T1V")
    assert "2000" not in str(told.value)
    lacking = {name: member for name, member in exams(off)["TCGA-AA-0001"].items() if name != "art_del"}
    with pytest.raises(RoiError, match=r"the exam has no art_del.nii.gz"):
        phase_volume(off, lacking, "T1D", "here")


def test_a_broken_archive_and_another_layout_are_told(tmp_path):
    (tmp_path / "cut.zip").write_bytes(b"PK\x03\x04 not whole")
    with pytest.raises(ManifestError, match=r"cut.zip is no whole zip archive. Fetch it again"):
        exams(tmp_path / "cut.zip")
    with zipfile.ZipFile(tmp_path / "other.zip", "w") as other:
        other.writestr("images/1.nii.gz", b"")
    with pytest.raises(ManifestError, match="expected the layout of LiverHccSeg"):
        exams(tmp_path / "other.zip")


ROW = {
    "AGE": "60", "SEX": "Male", "YEAR_OF_INITIAL_PATHOLOGIC_DIAGNOSIS": "2000",
    "HISTOLOGICAL_DIAGNOSIS": "Hepatocellular Carcinoma", "HISTORY_NEOADJUVANT_TRTYN": "No",
    "DEFINITIVE_SURGICAL_PROCEDURE": "Lobectomy", "AFP_AT_PROCUREMENT": "5",
    "HISTORY_HEPATO_CARCINOMA_RISK_FACTORS": "Hepatitis C", "ISHAK_FIBROSIS_SCORE": "[Not Available]", "GRADE": "G3",
    "PLATELET_COUNT_PRERESECTION": "200", "PROTHROMBIN_TIME_INR_AT_PROCUREMENT": "1.1",
    "PROTHROMBIN_TIME_NORM_RANGE_UPPER": "1.2", "SERUM_ALBUMIN_PRERESECTION": "4.1",
    "SERUM_ALBUMIN_NORM_RANGE_UPPER": "5", "BILIRUBIN_TOTAL": "1", "BILIRUBIN_TOTAL_NORM_RANGE_UPPER": "1.2",
    "OS_STATUS": "0:LIVING", "OS_MONTHS": "20", "DFS_STATUS": "0:DiseaseFree", "DFS_MONTHS": "20",
}  # fmt: skip


@pytest.fixture
def table(tmp_path):
    """Clinical table of the five made patients and one without images."""
    invasion = ["None", "Micro", "Micro", "None", "Macro", "None"]
    rows = [ROW | {"PATIENT_ID": f"TCGA-AA-000{k}", "VASCULAR_INVASION": word} for k, word in enumerate(invasion, 1)]
    path = tmp_path / "data_clinical_patient.txt"
    path.write_text("#Words\n" + pd.DataFrame(rows).to_csv(sep="\t", index=False))
    return path


def test_the_flow_counts_patients_without_a_tumour_and_with_macrovascular_invasion(archive, table):
    patients, flow, _ = read_liverhccseg(archive, table)
    assert patients["patient_id"].tolist() == ["TCGA-AA-0001", "TCGA-AA-0002", "TCGA-AA-0003"]
    assert patients["mvi_present"].tolist() == [0, 1, 1]
    assert flow["n_left"].iloc[0] == 5
    left = flow.set_index("step")["n_excluded"]
    assert (left["No tumour drawn"], left["Macrovascular invasion"]) == (1, 1)


@pytest.fixture
def project(tmp_path, monkeypatch, archive, table):
    """Project whose manifest records the made archive and table, with the real notebooks and settings."""
    root = tmp_path / "project"
    for folder in ("data_manifest", "notebooks", "config"):
        shutil.copytree(ROOT / folder, root / folder)
    shutil.copy(ROOT / "_config.yml", root)
    files = pd.read_csv(root / "data_manifest" / "files.csv", dtype=str, keep_default_na=False).set_index("id")
    for name, path in (("liverhccseg_images", archive), ("tcga_patients", table)):
        raw = path.read_bytes()
        files.loc[name, ["sha256", "bytes"]] = [hashlib.sha256(raw).hexdigest(), str(len(raw))]
        place = root / "data" / files.loc[name, "path"]
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(raw)
    files.reset_index().to_csv(root / "data_manifest" / "files.csv", index=False)
    settings = (root / "config" / "smoke.yaml").read_text()
    (root / "config" / "study.yaml").write_text(settings.replace("tcga-lihc]", "liverhccseg]").replace("_smoke", "."))
    monkeypatch.setenv("MVI_ROOT", str(root))
    for name in ("MVI_DATA", "MVI_STUDY", "MVI_COHORT"):
        monkeypatch.delenv(name, raising=False)
    for cached in (results.commit, report.paper_values):
        cached.cache_clear()
    return root


def test_only_chapters_01_and_03_are_planned_and_others_say_why(project):
    planned = {item.page.name: item.reason for item in plan(load_study()) if item.cohort == "liverhccseg"}
    assert [name for name, reason in planned.items() if reason is None] == ["01_cohort", "03_images"]
    assert "so few patients carry no statistics" in planned["02_table1"]


def test_without_the_archive_the_cohort_says_how_to_get_it(project):
    (project / "data" / "nifti_and_segms.zip").unlink()
    reasons = {item.reason for item in plan(load_study()) if item.cohort == "liverhccseg"}
    assert len(reasons) == 1
    assert re.search(r"Fetch it with `(mvi fetch liverhccseg|make data)`", reasons.pop())


def test_lesion_images_are_made_from_phases_and_masks_and_an_unusable_patient_is_listed(project):
    archive = project / "data" / "nifti_and_segms.zip"
    ensure_tables("liverhccseg")
    segmented("liverhccseg")
    index = pd.read_csv(result_path("liverhccseg", "rois_index.csv"))
    assert load_cohort("liverhccseg", seed=1).patients["patient_id"].tolist() == index["patient_id"].unique().tolist()
    assert index.dropna(subset="row0").groupby("sequence").size().to_dict() == {"T1": 9, "T1A": 9, "T1D": 9, "T1V": 9}
    assert read_result("liverhccseg", "left_out.csv").empty
    rng = np.random.default_rng(9)
    files = exam_files(rng)
    del files["art_del"]
    good = {("TCGA-AA-0001", "02-21-2000"): exam_files(rng), ("TCGA-AA-0002", "02-21-2000"): files}
    raw = write_archive(archive, good).read_bytes()
    manifest = project / "data_manifest" / "files.csv"
    rows = pd.read_csv(manifest, dtype=str, keep_default_na=False).set_index("id")
    rows.loc["liverhccseg_images", "sha256"] = hashlib.sha256(raw).hexdigest()
    rows.reset_index().to_csv(manifest, index=False)
    result_path("liverhccseg", "patients.csv").unlink()
    ensure_tables("liverhccseg")
    segmented("liverhccseg")
    left_out = read_result("liverhccseg", "left_out.csv")
    assert left_out["patient_id"].tolist() == ["TCGA-AA-0002"]
    assert "has no art_del.nii.gz" in left_out["reason"].iloc[0]


def test_chapters_01_and_03_run_on_the_made_patients(project):
    ensure_tables("liverhccseg")
    segmented("liverhccseg")
    for page in ("01_cohort", "03_images"):
        text = run_page(page, "liverhccseg").read_text()
        notebook = nbformat.reads(text, as_version=4)
        shown = "".join(str(cell.get("outputs", "")) for cell in notebook.cells)
        assert "LiverHccSeg" in shown
        for date in ("02-21-2000", "12-01-1999", "03-04-2001"):
            assert date not in text
    figures = sorted(path.name for path in result_path("liverhccseg", "figures/03_images").glob("*.png"))
    assert figures == ["figure_2.png", "figure_3.png"]  # the first is of the slice that pydicom ships

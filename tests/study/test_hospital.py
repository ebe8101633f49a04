"""The path of a new user: an export, a spreadsheet and masks go from `mvi new` to a clean `mvi check`, by commands."""

import json
import os
import re
import shutil
import time
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pydicom
import pytest

from mvi_core.cli import main
from mvi_core.cohort.folder import find_cohort
from mvi_core.cohort.spec import load_spec
from mvi_core.cohort.study_table import Finding
from mvi_core.dataset.own import own_images
from mvi_core.verbs.check import check_cohort, report_lines
from tests.hospital import make_hospital, move_in, telling_predictors


@pytest.fixture(scope="module")
def hospital(tmp_path_factory):
    return make_hospital(tmp_path_factory.mktemp("hospital"), 5, seed=24)


@pytest.fixture(scope="module")
def walked(hospital, tmp_path_factory):
    """Cohort folder after every step up to the check, and what the steps printed."""
    root = tmp_path_factory.mktemp("cohorts")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MVI_COHORTS", str(root))
        assert main(["new", "my-hospital"]) == 0
        move_in(hospital, root / "my-hospital")
        _answer(root / "my-hospital", telling_predictors(hospital.patients))
        assert main(["scan", "my-hospital", str(hospital.dicom)]) == 0
        assert main(["rois", "my-hospital"]) == 0
        assert main(["check", "my-hospital"]) == 0
    return root / "my-hospital"


@pytest.fixture
def cohort(walked, tmp_path, monkeypatch):
    shutil.copytree(walked, tmp_path / "my-hospital")
    monkeypatch.setenv("MVI_COHORTS", str(tmp_path))
    return tmp_path / "my-hospital"


def _answer(cohort, predictors):
    """Answer the questions of cohort.yaml: follow-up is there, and these predictors."""
    path = cohort / "cohort.yaml"
    lines = path.read_text().splitlines()
    kept = [line for line in lines if not line.startswith("  - ") or line.split()[1] in predictors]
    text = "\n".join(kept).replace("survival: false", "survival: true")
    path.write_text(text + "\n")


def check(capsys, *options):
    status = main(["check", "my-hospital", *options])
    return status, capsys.readouterr().out


def change(path, old, new):
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))


def test_the_whole_path_ends_without_an_error_and_with_the_chapters(cohort, hospital, capsys):
    status, told = check(capsys)
    assert status == 0 and "0 error(s)" in told and "5 of 5 patients can be used." in told
    assert "warning: patients.csv: the rarer class has 2 patient(s): too few events" in told
    assert "chapter 02_table1: can be made" in told and "chapter 07_survival: can be made" in told
    seen = told + "".join(path.read_text() for path in (cohort / "contact_sheet.html", cohort / "check.json"))
    assert not [secret for secret in hospital.secrets if secret in seen]
    assert (cohort / "contact_sheet_01.png").read_bytes().startswith(b"\x89PNG")


def test_boxes_are_those_of_the_simulation(cohort, hospital):
    made = pd.read_csv(cohort / "rois.csv", dtype={"patient_id": str})
    both = made.merge(hospital.boxes, on=list(made.columns))
    assert len(made) == len(both) and made.groupby(["patient_id", "sequence"]).size().between(1, 3).all()
    assert made.groupby(["patient_id", "sequence"]).ngroups == 30


def test_images_are_read_as_they_were_simulated(cohort, hospital):
    """The lesion is brighter than the liver around it in T2, in every patient, as the simulation makes it."""
    images = own_images(load_spec("my-hospital"))
    for row in images.boxes[images.boxes["sequence"] == "T2"].drop_duplicates("patient_id").itertuples():
        image = images.volume(row.patient_id, "T2").pixels[row.slice_index]
        assert np.median(image[row.row0 : row.row1, row.col0 : row.col1]) > np.median(image[image > image.mean()])


def test_only_what_changed_is_read_again_and_the_report_is_the_same(cohort, capsys):
    (cohort / "check.json").unlink()
    whole = check_cohort("my-hospital")[0]
    again = check_cohort("my-hospital")[0]
    assert (whole.n_read, again.n_read) == (30, 0) and again.findings == whole.findings
    change(cohort / "rois.csv", ",T1,", ",T1A,")
    assert 1 <= check_cohort("my-hospital")[0].n_read <= 2
    (cohort / "check.json").write_text('{"series": 3}')
    assert check_cohort("my-hospital")[0].n_read == 30


def test_every_error_is_told_and_of_one_kind_of_warning_the_first_five():
    names = [f"P{'abcdef123'[n] * 10}" for n in range(9)]
    words = [f"patient {one}, sequence T{n}/file {n} of 9 is derived." for n, one in enumerate(names)]
    small = [Finding("warning", one, f"T{n}", "", words[n], "Check it.") for n, one in enumerate(names)]
    errors = [Finding("error", f"P{n}", "T1", "", "no box.", "Draw it.") for n in range(9)]
    found = SimpleNamespace(findings=(*errors, *small), errors=errors, good=(), dropped=())
    lines, sound = report_lines(found, {})
    assert not sound and sum(line.startswith("error") for line in lines) == 9
    assert sum("is derived" in line for line in lines) == 5 and any("4 more of a kind" in line for line in lines)
    assert lines[-1] == "9 error(s), 9 warning(s); 0 of 0 patients can be used."


def test_a_changed_file_is_read_again(cohort, hospital, tmp_path, capsys):
    shutil.copytree(hospital.dicom, tmp_path / "images")
    assert main(["scan", "my-hospital", str(tmp_path / "images")]) == 0
    assert check(capsys)[0] == 0
    series = pd.read_csv(cohort / "series.csv", dtype=str, keep_default_na=False)
    files = pd.read_csv(cohort / "files.csv", dtype=str, keep_default_na=False)
    used = series[(series["use"] == "yes") & (series["sequence"] == "T2")]["series"]
    paths = files[files["series"].isin(used) & ~files["path"].str.contains("zip")]["path"]
    path = tmp_path / "images" / paths.iloc[0]
    path.write_bytes(path.read_bytes()[:-500])
    os.utime(path, ns=(1, 1))
    status, told = check(capsys)
    assert status == 1 and "truncated" in told and "4 of 5 patients can be used" in told
    mine = files.loc[files["series"] == files["series"][paths.index[0]], "path"].tolist()
    assert f"T2/file {mine.index(paths.iloc[0]) + 1} of {len(mine)}: " in told and path.name not in told


@pytest.mark.parametrize(
    ("file", "old", "new", "sentence"),
    [
        ("patients.csv", ";male;", ";mlae;", "expected one of male, female"),
        ("patients.csv", "patient_id;", "id;", "patient_id"),
        ("patients.csv", ";sex;", ";Geschlecht;", "column 4, a text of 10 characters, is unknown"),
        (
            "patients.csv",
            ";mvi_grade;",
            ";Grad;",
            "'mvi_grade' is missing. Add it, or switch its analysis off in cohort.yaml",
        ),
        ("cohort.yaml", "kind: own", "kind: mine", "'kind' must be one of"),
        ("cohort.yaml", "[afp_gt_20,", "[afp_gt_21,", "did you mean afp_gt_20"),
        ("series.csv", ",T2,yes,", ",T2,no,", "no series in use, 1 candidate(s)"),
        ("rois.csv", ",T1D,", ",T9,", "sequence must be one of"),
        ("files.csv", "export", "../export", "leads outside"),
    ],
)
def test_a_fault_in_any_table_is_told_and_ends_with_one(cohort, capsys, file, old, new, sentence):
    change(cohort / file, old, new)
    status, told = check(capsys)
    assert status == 1 and sentence in told


def test_people_who_stand_in_one_table_only_are_told_with_the_leading_zeros_that_excel_cut(cohort, capsys):
    path = cohort / "patients.csv"
    first = path.read_text(encoding="utf-8-sig").splitlines()[1].partition(";")[0]
    change(path, first, first.lstrip("0"))
    status, told = check(capsys)
    assert status == 1 and "none of the images has this patient_id" in told
    assert "Leading zeros differ" in told and first not in told


def test_a_mask_that_lies_elsewhere_than_the_box_is_told(cohort, capsys):
    boxes = pd.read_csv(cohort / "rois.csv", dtype={"patient_id": str})
    here = (boxes["patient_id"] == boxes["patient_id"][0]) & (boxes["sequence"] == "T2")
    boxes.loc[here, ["row0", "row1", "col0", "col1"]] = [2, 6, 50, 55]
    boxes.to_csv(cohort / "rois.csv", index=False)
    assert "marks nothing inside the drawn box" in check(capsys)[1]


def test_exchanged_identifiers_in_series_csv_are_found_in_the_files(cohort, capsys):
    path = cohort / "series.csv"
    series = pd.read_csv(path, dtype=str, keep_default_na=False)
    one, two = series["patient_id"].unique()[:2]
    rows = series["sequence"] == "T2"
    series.loc[rows, "patient_id"] = series.loc[rows, "patient_id"].replace({one: two, two: one})
    series.to_csv(path, index=False)
    status, told = check(capsys)
    assert status == 1 and told.count("PatientID is another patient's") == 2


def test_phases_and_weightings_exchanged_in_series_csv_are_told(cohort, capsys):
    path = cohort / "series.csv"
    series = pd.read_csv(path, dtype=str, keep_default_na=False)
    patient = series["patient_id"].unique()[0]
    exchange = {"T1A": "T1D", "T1D": "T1A", "T2": "DWI", "DWI": "T2"}
    rows = series["patient_id"] == patient
    series.loc[rows, "sequence"] = series.loc[rows, "sequence"].replace(exchange)
    series.to_csv(path, index=False)
    told = check(capsys)[1]
    assert "T1V was acquired before T1A: phases exchanged or swapped?" in told
    assert "its description names DWI: exchanged or swapped?" in told


def test_what_is_remembered_tells_people_apart_and_names_nobody(cohort, capsys):
    check(capsys)
    text = (cohort / "check.json").read_text()
    owners = {name: {} for name in ("StudyInstanceUID", "SeriesInstanceUID", "name and birth date")}
    for key, fact in json.loads(text)["series"].items():
        for name, owner in owners.items():
            owner.setdefault(fact[name], set()).add(key.partition("/")[0])
    assert all({len(people) for people in owner.values()} == {1} for owner in owners.values())
    assert "Canary" not in text and "0517" not in re.sub(r"[0-9a-f]{32,}", "", text)


def test_series_and_tables_saved_by_a_spreadsheet_with_semicolons_are_read(cohort, capsys):
    for name in ("series.csv", "rois.csv"):
        frame = pd.read_csv(cohort / name, dtype=str, keep_default_na=False)
        text = frame.to_csv(index=False, sep=";", lineterminator="\r\n")
        (cohort / name).write_bytes(text.encode("utf-8-sig"))
    assert check(capsys)[0] == 0


def test_boxes_in_millimetres_and_pixels_give_the_same_rows(cohort, hospital, tmp_path, capsys):
    before = pd.read_csv(cohort / "rois.csv", dtype=str)
    table = before.copy()
    for sequence, mm in (("DWI", 6.25), ("T1", 5.0)):
        rows = table["sequence"] == sequence
        for name in ("row0", "col0", "row1", "col1"):
            table.loc[rows, f"{name}_mm"] = (table.loc[rows, name].astype(float) * mm).map("{:g}".format)
    table = table[table["sequence"].isin(["DWI", "T1"])].drop(columns=["row0", "col0", "row1", "col1"])
    table.to_csv(tmp_path / "mm.csv", index=False, sep=";", decimal=",")
    assert main(["rois", "my-hospital", "--table", str(tmp_path / "mm.csv")]) == 0
    pd.testing.assert_frame_equal(pd.read_csv(cohort / "rois.csv", dtype=str), before)


def test_one_mask_serves_the_phases_that_share_a_frame_of_reference(cohort, capsys):
    before = pd.read_csv(cohort / "rois.csv", dtype=str)
    for path in cohort.glob("masks/*/T1A.nii.gz"):
        path.unlink()
    (cohort / "rois.csv").write_text("patient_id,sequence,slice_index,row0,col0,row1,col1\n")
    assert main(["rois", "my-hospital", "--share", "T1V"]) == 0
    assert "the mask of T1V is used" in capsys.readouterr().out
    after = pd.read_csv(cohort / "rois.csv", dtype=str)
    lent, own = (frame[frame["sequence"] == name] for frame, name in ((after, "T1A"), (before, "T1V")))
    pd.testing.assert_frame_equal(
        lent.drop(columns="sequence").reset_index(drop=True), own.drop(columns="sequence").reset_index(drop=True)
    )


def test_a_faulty_mask_gets_no_box_and_the_others_do(cohort, capsys):
    path = sorted(cohort.glob("masks/*/T2.nii.gz"))[0]
    path.write_bytes(path.read_bytes()[:100])
    assert main(["rois", "my-hospital"]) == 1
    assert "cannot be read: truncated or corrupt" in capsys.readouterr().out
    assert len(pd.read_csv(cohort / "rois.csv").groupby(["patient_id", "sequence"])) == 29
    assert check(capsys)[0] == 1


def test_masks_and_names_that_fit_nobody_are_told(cohort, capsys):
    (cohort / "masks" / "stranger").mkdir()
    (cohort / "masks" / "stranger" / "T2.nii.gz").write_bytes(b"")
    (cohort / "masks" / "stranger" / "tumour.nii.gz").write_bytes(b"")
    main(["rois", "my-hospital"])
    told = capsys.readouterr().out
    assert "named after no sequence" in told and "has no series in use" in told and "stranger" not in told
    assert "lies in no patient's folder" not in told
    (cohort / "masks" / "stranger_T2.nii.gz").write_bytes(b"")
    main(["rois", "my-hospital"])
    told = capsys.readouterr().out
    assert "masks: a file lies in no patient's folder" in told and "stranger" not in told


def test_boxes_of_a_table_that_fit_nobody_or_overflow_are_told(cohort, tmp_path, capsys):
    known = pd.read_csv(cohort / "rois.csv", dtype=str)["patient_id"][0]
    head = "patient_id,sequence,slice_index,row0_mm,col0_mm,row1_mm,col1_mm"
    lines = [head, f"{known.lstrip('0')},T1,2,50,50,90,90", f"{known},t1,2,50,50,90,90", f"{known},T2,2,50,50,1e400,90"]
    (tmp_path / "mm.csv").write_text("\n".join(lines))
    assert main(["rois", "my-hospital", "--table", str(tmp_path / "mm.csv")]) == 1
    told = capsys.readouterr().out
    for row in (2, 3):
        assert f"row {row} of the table: the box belongs to no series in use" in told
    assert "row 4 of the table: slice_index and edges must be numbers" in told and known not in told


def test_an_unknown_sequence_to_share_is_refused(cohort, capsys):
    with pytest.raises(SystemExit):
        main(["rois", "my-hospital", "--share", "T9"])
    assert "invalid choice: 'T9'" in capsys.readouterr().err


def test_everybody_whom_a_message_names_stands_in_the_list_of_pseudonyms(cohort, capsys):
    lines = (cohort / "patients.csv").read_text(encoding="utf-8-sig").splitlines()
    (cohort / "patients.csv").write_text("\n".join(lines[:-1]))
    named = re.search(r"not in patients.csv \((P\w+)\)", check(capsys)[1])[1]
    assert f"{named},{lines[-1].partition(';')[0]}" in (cohort / "pseudonyms.csv").read_text()


def test_a_cohort_is_also_found_by_the_path_of_its_folder(cohort, monkeypatch, capsys):
    monkeypatch.delenv("MVI_COHORTS")
    monkeypatch.setenv("MVI_COHORT", "")
    assert main(["check", str(cohort)]) == 0


def test_without_images_the_tables_alone_are_checked(cohort, capsys):
    path = cohort / "cohort.yaml"
    change(path, "images: true", "images: false")
    change(path, "dl_mvi: network", "dl_mvi: false")
    change(path, "[afp_gt_20, dl_mvi]", "[afp_gt_20]")
    (cohort / "series.csv").unlink()
    status, told = check(capsys)
    assert status == 0 and "5 of 5 patients can be used" in told


def test_two_patients_with_one_image_are_told(cohort, hospital, tmp_path, capsys):
    """The same pixels under two identifiers: one person twice."""
    shutil.copytree(hospital.dicom, tmp_path / "images")
    loose = [path for path in (tmp_path / "images").rglob("*") if path.is_file() and path.suffix == ""]
    heads = [(path, pydicom.dcmread(path)) for path in loose]
    first = heads[0][1].PatientID
    other = next(data.PatientID for _, data in heads if data.PatientID != first)
    for path, data in heads:
        if data.PatientID == other:
            path.unlink()
    for path, data in [(path, data) for path, data in heads if data.PatientID == first]:
        data.PatientID, data.StudyInstanceUID = other, data.StudyInstanceUID[:-3] + "111"
        data.SOPInstanceUID, data.SeriesInstanceUID = f"{data.SOPInstanceUID}.1", f"{data.SeriesInstanceUID}.1"
        data.save_as(path.with_name(path.name + "x"))
    assert main(["scan", "my-hospital", str(tmp_path / "images")]) == 0
    status, told = check(capsys)
    assert status == 1 and "hold identical pixels" in told


def test_the_tables_of_a_thousand_patients_are_checked_in_seconds(tmp_path, monkeypatch):
    monkeypatch.setenv("MVI_COHORTS", str(tmp_path))
    assert _thousand(tmp_path) < 30  # seconds; measured: see CHANGELOG


def _thousand(root):
    from mvi_core.cohort.folder_tables import check_patients, check_tables
    from mvi_core.cohort.reconstruct import reconstruct_patients
    from mvi_core.names import SEQUENCES

    assert main(["new", "large"]) == 0
    _answer(root / "large", ["age_gt_50", "afp_gt_20"])
    people = pd.concat([reconstruct_patients()] * 4, ignore_index=True).drop(columns="dl_mvi").head(1000)
    people["patient_id"] = [f"{number:07d}" for number in range(1000)]
    people.to_csv(root / "large" / "patients.csv", index=False, sep=";", decimal=",")
    keys = [(name, str(sequence)) for name in people["patient_id"] for sequence in SEQUENCES]
    ids = [f"S{number}" for number in range(len(keys))]
    series = pd.DataFrame(keys, columns=["patient_id", "sequence"]).assign(series=ids, use="yes", confidence="high")
    rest = ["reason", "n_slices", "rows", "columns", "spacing_mm", "seconds_after_contrast", "set_aside"]
    series.reindex(columns=[*series, *rest]).to_csv(root / "large" / "series.csv", index=False)
    files = pd.DataFrame({"series": np.repeat(ids, 30), "frame": ""})
    files["path"] = [f"a/{number}.dcm" for number in range(len(files))]
    files.to_csv(root / "large" / "files.csv", index=False)
    boxes = pd.DataFrame(keys, columns=["patient_id", "sequence"])
    boxes.assign(slice_index=2, row0=1, col0=1, row1=9, col1=9).to_csv(root / "large" / "rois.csv", index=False)
    started, folder = time.perf_counter(), find_cohort("large")
    patients, found = check_patients(folder, load_spec("large"))
    _, more = check_tables(folder, load_spec("large"), patients)
    assert len(patients) == 1000 and [str(one) for one in (*found, *more)] == []
    return time.perf_counter() - started

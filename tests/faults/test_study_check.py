"""Checking a whole study: one run tells all faults, names patient and place, and the clean study has none."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from mvi_core.cli import main
from mvi_core.dataset.dicom import read_series
from mvi_core.dataset.study_check import check_study

sys.path.insert(0, str(Path(__file__).parent))
from adapter import load
from synthetic import change, write_study

HERE = Path(__file__).parent


@pytest.fixture
def study(tmp_path):
    """Two patients, six series of five slices, whose identifiers are those of the manifest."""
    return write_study(tmp_path)


def told(root):
    return "\n".join(str(one) for one in check_study(root).findings)


def test_the_clean_study_has_no_finding_and_keeps_every_volume(study):
    kept = {}
    check = check_study(study, lambda patient, series, volume: kept.setdefault((patient, series), volume))
    assert check.findings == () and check.good == ("P1", "P2") and len(kept) == 12
    np.testing.assert_array_equal(kept["P1", "T1"].pixels, read_series(study / "dicom" / "P1" / "T1").pixels)


def test_one_run_tells_all_faults_and_drops_only_the_faulty_patient(study):
    (study / "dicom" / "P2" / "T1" / "1.dcm").write_bytes(b"")
    (study / "dicom" / "P2" / "T2" / "1.dcm").unlink()
    check = check_study(study)
    assert check.good == ("P1",) and check.dropped == ("P2",)
    assert "P2/T1/1.dcm is empty" in told(study) and "missing between slice" in told(study)
    assert "Secret" not in told(study)


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({"PixelData": bytes(8192)}, "P1/T1/2.dcm is blank"),
        ({"RescaleSlope": 2, "RescaleIntercept": 0}, "2.dcm alone has another RescaleSlope"),
        ({"LossyImageCompression": "01"}, "lossy"),
        ({"BurnedInAnnotation": "YES"}, "burned-in"),
        ({"PhotometricInterpretation": "MONOCHROME1"}, "photometric"),
        ({"PixelRepresentation": 1}, "signed and unsigned"),
        ({"FrameOfReferenceUID": "1.9"}, "frames of reference"),
    ],
)
def test_one_odd_slice_is_told(study, values, sentence):
    change(study / "dicom" / "P1" / "T1" / "2.dcm", **values)
    assert sentence in told(study)


def test_exchanged_patients_and_one_person_under_two_names_are_told(study):
    text = (study / "manifest.csv").read_text()
    swapped = text.replace("dicom/P1", "dicom/X").replace("dicom/P2", "dicom/P1").replace("dicom/X", "dicom/P2")
    (study / "manifest.csv").write_text(swapped)
    assert "PatientID is that of patient P2" in told(study)
    (study / "manifest.csv").write_text(text.replace("dicom/P2/T1,", "dicom/P1/T1,"))
    assert "P1/T1 and P2/T1 hold identical pixels" in told(study)
    assert check_study(study).good == ("P1",)


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({"StudyInstanceUID": "1.4.0"}, "same DICOM StudyInstanceUID: one person"),
        ({"SeriesInstanceUID": "1.3.0"}, "same DICOM SeriesInstanceUID: one person"),
        ({"PatientBirthDate": "19700101"}, "same DICOM name and birth date: one person"),
    ],
)
def test_what_belongs_to_one_person_in_two_patients_is_a_warning_without_its_value(study, values, sentence):
    for path in study.glob("dicom/P[12]/T1/*.dcm"):
        change(path, **values)
    check = check_study(study)
    assert f"patients P1 and P2 have the {sentence}" in told(study) and not check.errors
    assert not any(value in told(study) for value in (*values.values(), "Secret"))


def test_a_description_that_names_another_sequence_is_a_warning_without_its_words(study):
    for path in study.glob("dicom/P1/T2/*.dcm"):
        change(path, SeriesDescription="ep2d_diff_Secret")
    assert "patient P1 T2: its description names DWI: exchanged or swapped?" in told(study)
    assert "Secret" not in told(study)


def test_a_slice_of_another_phase_is_a_warning(study):
    for path in study.glob("dicom/P1/T1V/*.dcm"):
        change(path, MRAcquisitionType="3D", AcquisitionTime="100500" if path.name == "2.dcm" else "100320")
    assert "P1/T1V/2.dcm was acquired at another time than most slices" in told(study)


def test_a_phase_with_fewer_slices_than_the_others_is_a_warning(study):
    (study / "dicom/P1/T1/4.dcm").unlink()
    assert "patient P1 T1: its matrix size (slices, rows, columns) differs" in told(study)


@pytest.mark.parametrize(
    ("before", "after", "sentence"),
    [
        ("P1,T1,2,10", "P1,T1,-1,10", "rois.csv row 2: slice_index -1 is outside the range"),
        ("P1,T1,2,10,12,30,34", "P1,T1,2,30,12,10,34", "empty or reversed"),
        ("P1,T1,2,10,12,30,34", "P1,T1,2,10,12,90,34", "beyond the image"),
        ("P1,T1,2,", "P9,T1,2,", "not in the manifest"),
        ("P1,T1,2,", "P1,T1A,2,", "duplicate"),
    ],
)
def test_a_wrong_box_is_told_by_row(study, before, after, sentence):
    path = study / "rois.csv"
    path.write_text(path.read_text().replace(before, after, 1))
    assert sentence in told(study)


@pytest.mark.parametrize("path", ["../other/T1", "/etc", "dicom/x/../../../y", "https://a.b/c"])
def test_a_path_out_of_the_root_is_refused(study, path):
    manifest = study / "manifest.csv"
    manifest.write_text(manifest.read_text().replace("dicom/P1/T1,", f"{path},"))
    assert "manifest.csv row 2: t1_dir leads outside the data root" in told(study)


@pytest.mark.parametrize(
    ("row", "status", "words"), [("", 0, "AUC 0.900000, n = 20"), ("S99,0,0.5\n", 1, "S99"), ("S1,0,1.5\n", 1, "")]
)
def test_the_corpus_adapter_reads_a_patient_table_and_its_predictions(tmp_path, capsys, row, status, words):
    """Ten with invasion, eight of them at 0.7 and two at 0.2 as the ten without: (80 + 20 / 2) of 100 pairs."""
    head = "patient_id,mvi_grade,age,sex,afp_ng_ml,alt_u_l,ast_u_l,ggt_u_l,rfs_months,rfs_event,os_months,os_event\n"
    rows = [
        f"S{i},{i % 2},{40 + i},M,{5 + i % 7},{30 + i % 5},{20 + i % 3},{90 + i},{12 + i},{i % 2},{20 + i},0"
        for i in range(20)
    ]
    (tmp_path / "clinical.csv").write_text(head + "\n".join(rows) + "\n")
    risks = [f"S{i},{i % 5},{0.7 if i % 2 and i < 16 else 0.2}" for i in range(20)]
    (tmp_path / "predictions.csv").write_text("patient_id,fold,p_mvi\n" + "\n".join(risks) + "\n" + row)
    assert load(tmp_path, tmp_path / "out") == status
    assert words in capsys.readouterr().out


@pytest.mark.parametrize("run", ["load", "load --fuzz", "partial --partial"])
def test_the_fault_corpus_is_judged_without_a_failure(run):
    """All cases, the mutated series, and the cases of one patient with the switch that goes on without that patient."""
    corpus = os.environ.get("MVI_FAULTS")
    if not corpus:
        pytest.skip("MVI_FAULTS names no unpacked fault corpus with its judge.py")
    name, *flags = run.split()
    command = [
        sys.executable,
        f"{corpus}/judge.py",
        "--corpus",
        corpus,
        "--py",
        f"{HERE / 'adapter.py'}:{name}",
        *flags,
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-2000:]


def test_the_command_tells_every_finding_counts_them_and_ends_with_one(study, capsys):
    assert main(["check", str(study)]) == 0
    assert capsys.readouterr().out == "0 error(s), 0 warning(s); 2 of 2 patients can be used.\n"
    (study / "dicom/P2/T1/0.dcm").write_bytes(b"")
    assert main(["check", str(study)]) == 1
    *findings, count = capsys.readouterr().out.splitlines()
    assert any("patient P2 T1" in line and "empty (0 bytes)" in line for line in findings)
    assert count == f"{len(findings)} error(s), 0 warning(s); 1 of 2 patients can be used."


def test_the_command_says_which_folder_is_not_there(tmp_path, capsys):
    assert main(["check", str(tmp_path / "nowhere")]) == 2
    assert "There is no folder nowhere." in capsys.readouterr().err


def test_a_name_with_control_characters_cannot_write_to_the_terminal(study):
    path = study / "rois.csv"
    path.write_text(path.read_text() + '\n"P9\x1b[31m\nerror: forged",T1,2,10,12,30,34')
    (study / "masks").mkdir()
    (study / "masks" / "x\x1b]0;title\x07.nii").touch()
    assert "\x1b" not in told(study) and "\x07" not in told(study)
    assert not [line for line in told(study).splitlines() if line.startswith("error: forged")]

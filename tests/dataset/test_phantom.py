"""The phantom study: valid files, the same bytes each time, boxes where lesions are, effects where planted."""

import hashlib
import itertools

import numpy as np
import pandas as pd
import pydicom
import pytest

from mvi_core.cohort.spec import load_spec
from mvi_core.dataset.dicom import read_series
from mvi_core.dataset.phantom import ROI_COLUMNS, write_phantom
from mvi_core.dataset.phantom_image import DRIFT, GRADE_STEP, SIGN_EFFECT, plan_patient, planted, render
from mvi_core.errors import CohortError
from mvi_core.names import PAPER_SEQUENCES, SEQUENCES

PATIENTS = pd.DataFrame(
    {
        "patient_id": ["P1", "P2", "P3", "P4"],
        "enrolment": ["2015", "2015", "2018", "2018"],
        "mvi_grade": ["M0", "M2", "M1", "M0"],
        "size_cm": [1.2, 8.0, 3.1, 17.0],
    }
)


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    folder = tmp_path_factory.mktemp("images")
    return folder, write_phantom(PATIENTS, folder, seed=7)


def digest(folder):
    paths = sorted(path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in paths}


def signs(n_patients, grade):
    rows = [
        {"patient_id": f"{grade}{k}", "enrolment": "2015", "mvi_grade": grade, "size_cm": 4} for k in range(n_patients)
    ]
    plans = [plan_patient(row, seed=1, n_slices=5).signs for row in rows]
    return pd.DataFrame([{str(key): value for key, value in plan.items()} for plan in plans])


def test_every_patient_has_six_series_that_the_reader_accepts(study):
    folder, _ = study
    for patient_id, sequence in itertools.product(PATIENTS["patient_id"], SEQUENCES):
        volume = read_series(folder / patient_id / sequence)
        side = 128 if sequence == "DWI" else 160
        assert volume.pixels.shape == (5, side, side) and volume.pixels.max() > 50
        assert volume.spacing_mm == pytest.approx(
            (7.2, 2.5, 2.5) if sequence == "DWI" else (volume.spacing_mm[0], 2, 2)
        )
        assert volume.meta["Modality"] == "MR"


def test_a_patient_does_not_depend_on_the_others_nor_on_their_order(study, tmp_path):
    folder, boxes = study
    again = write_phantom(PATIENTS.iloc[[2, 0]], tmp_path, seed=7)
    assert {f"P3/{key}": value for key, value in digest(tmp_path / "P3").items()}.items() <= digest(folder).items()
    pd.testing.assert_frame_equal(
        again[again["patient_id"] == "P1"].reset_index(drop=True),
        boxes[boxes["patient_id"] == "P1"].reset_index(drop=True),
    )


def test_another_seed_gives_other_images(study, tmp_path):
    write_phantom(PATIENTS.iloc[[0]], tmp_path, seed=8)
    assert not set(digest(tmp_path).values()) & set(digest(study[0]).values())


def test_files_are_whole_dicom_with_unique_identifiers_and_nobody_in_them(study):
    seen = set()
    for path in study[0].rglob("*.dcm"):
        data = pydicom.dcmread(path)
        assert data.PatientName == "" and data.PatientBirthDate == "" and "InstitutionName" not in data
        assert data.SOPInstanceUID.is_valid and data.SOPInstanceUID == data.file_meta.MediaStorageSOPInstanceUID
        assert len(data.PixelData) == 2 * data.Rows * data.Columns and path.stem == data.SOPInstanceUID.split(".")[-1]
        seen.add(data.SOPInstanceUID)
    assert len(seen) == len(PATIENTS) * len(SEQUENCES) * 5


def test_names_and_instance_numbers_do_not_give_the_order_away(study):
    paths = sorted((study[0] / "P2" / "T1").iterdir())
    heights = [float(pydicom.dcmread(path).ImagePositionPatient[2]) for path in paths]
    numbers = [int(pydicom.dcmread(path).InstanceNumber) for path in paths]
    assert np.corrcoef(heights, numbers)[0, 1] == pytest.approx(-1)
    orders = []
    for patient_id, sequence in itertools.product(PATIENTS["patient_id"], SEQUENCES):
        paths = sorted((study[0] / patient_id / sequence).iterdir())
        orders.append(np.argsort([float(pydicom.dcmread(path).ImagePositionPatient[2]) for path in paths]).tolist())
    assert sum(order == sorted(order) for order in orders) < len(orders) / 4


def test_boxes_are_tight_and_as_large_as_the_lesion(study):
    _, boxes = study
    assert tuple(boxes.columns) == ROI_COLUMNS
    largest = boxes[boxes["sequence"] == "T2"].assign(side=lambda t: np.maximum(t.row1 - t.row0, t.col1 - t.col0) * 2.0)
    side_mm = largest.groupby("patient_id")["side"].max()
    assert side_mm["P1"] == pytest.approx(12, abs=4)
    assert side_mm["P2"] == pytest.approx(80, abs=8)
    assert side_mm["P4"] == pytest.approx(130, abs=12)  # clipped at 13 cm, as documented


def test_a_small_lesion_is_drawn_only_where_it_is_seen(study):
    counts = study[1].groupby(["patient_id", "sequence"]).size()
    assert counts["P1", "T2"] < 5 and counts["P2", "T1"] == 5 and counts.min() >= 1


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"patient_id": "../out"}, "plain folder name"),
        ({"mvi_grade": np.nan}, "Patient P1: the phantom needs mvi_grade"),
        ({"size_cm": 0.0}, "size_cm above 0"),
    ],
)
def test_patients_that_cannot_be_simulated_are_refused_before_anything_is_written(tmp_path, change, sentence):
    with pytest.raises(CohortError, match=sentence):
        write_phantom(PATIENTS.iloc[[0]].assign(**change), tmp_path / "images", seed=7)
    assert not (tmp_path / "images").exists()


def test_too_few_slices_are_refused(tmp_path):
    with pytest.raises(CohortError, match="at least 5 slices, got 3"):
        write_phantom(PATIENTS, tmp_path, seed=7, n_slices=3)


def test_signs_have_the_planted_distance_and_correlation():
    """Witness: the planted constants; 400 patients a grade, so means are known to about 0.05."""
    absent, present = signs(400, "M0"), signs(400, "M2")
    for sequence, effect in SIGN_EFFECT.items():
        assert present[sequence].mean() - absent[sequence].mean() == pytest.approx(GRADE_STEP["M2"] * effect, abs=0.25)
        assert absent[sequence].std() == pytest.approx(1, abs=0.12)
    within = pd.concat([absent, present - present.mean()])[list(map(str, PAPER_SEQUENCES))].corr().to_numpy()
    assert within[np.triu_indices(3, 1)] == pytest.approx(planted()["planted"]["sign_correlation"], abs=0.1)


@pytest.mark.parametrize("sequence", SEQUENCES)
def test_only_the_sequences_named_drift_between_the_years(sequence):
    images = {}
    for year in ("2015", "2018"):
        row = {"patient_id": "P", "enrolment": year, "mvi_grade": "M1", "size_cm": 4.0}
        plan = plan_patient(row, seed=1, n_slices=5)
        images[year], _ = render(plan, sequence, heights_mm=np.zeros(5), matrix=64, pixel_mm=5.0)
    assert np.array_equal(images["2015"], images["2018"]) == (sequence not in DRIFT)


def test_the_cohort_description_lists_what_was_planted():
    numbers, description = planted(), load_spec("phantom")
    assert numbers["planted"] == description.planted and numbers["drift"] == description.drift
    assert numbers["planted"]["sign_effect"]["DWI"] == 0 and set(numbers["drift"]) == {"T1", "T1D"}


def test_progress_counts_patients(tmp_path):
    told = []
    write_phantom(PATIENTS.iloc[:2], tmp_path, seed=7, matrix=64, pixel_mm=5.0, progress=lambda *now: told.append(now))
    assert told == [(1, 2), (2, 2)]

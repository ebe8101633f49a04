import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mvi_core.cohort.load import choose_patients, load_cohort
from mvi_core.errors import CohortError, ManifestError, SeparationWarning
from mvi_core.names import DL_MVI, PATIENT_COLUMNS


def table(n, *, graded=True):
    grade = [("M0", "M1", "M2")[i % 3] if graded else None for i in range(n)]
    return pd.DataFrame(
        {
            "patient_id": [f"P{i:03d}" for i in range(n)],
            "enrolment": [("2015", "2018")[i % 2] for i in range(n)],
            "mvi_grade": grade,
            "mvi_present": [int(i % 3 > 0) for i in range(n)],
        }
    )


def test_an_own_cohort_loads_from_a_description_and_a_table(project):
    project("patients.csv", "patient_id,mvi_present,afp_ng_ml\nNA,0,20\n007,1,400\nx,1,3\ny,0,50\n")
    cohort = load_cohort("clinic", seed=1)
    assert cohort.patients["patient_id"].tolist() == ["NA", "007", "x", "y"]
    assert tuple(cohort.patients.columns) == PATIENT_COLUMNS
    assert cohort.flow["n_left"].tolist() == [4]
    assert cohort.quality.empty


def test_a_predictor_equal_to_the_label_warns_when_the_cohort_is_loaded(project):
    project("patients.csv", "patient_id,mvi_present,afp_ng_ml\nA,0,2\nB,1,400\nC,1,30\nD,0,5\n")
    with pytest.warns(SeparationWarning, match="Check that it was not made from the label"):
        load_cohort("clinic", seed=1)


def test_a_measurement_of_the_model_that_tells_the_label_far_beyond_chance_is_refused(project, description):
    sizes = [f"P{i},{i % 2},{'3' if i % 4 else '30'},{5 + i % 2 if i else 6}" for i in range(60)]  # one patient off
    project("patients.csv", "\n".join(["patient_id,mvi_present,afp_ng_ml,size_cm", *sizes]) + "\n")
    load_cohort("clinic", seed=1)
    project("clinic.yaml", description.replace("multivariable: [afp_gt_20]", "multivariable: [afp_gt_20, size_cm]"))
    with pytest.raises(CohortError, match=r"'size_cm' separates .* \(59 of 60 patients\), far beyond chance"):
        load_cohort("clinic", seed=1)


def test_the_paper_and_phantom_cohorts_hold_the_same_patients():
    paper, phantom = load_cohort("paper", seed=2022), load_cohort("phantom", seed=2022)
    assert len(paper.patients) == 321
    assert tuple(paper.patients.columns) == (*PATIENT_COLUMNS, DL_MVI)
    pd.testing.assert_frame_equal(paper.patients.drop(columns=DL_MVI), phantom.patients)


def test_a_small_run_keeps_the_shares_and_says_so_in_the_flow():
    cohort = load_cohort("phantom", seed=2022, limit=60)
    assert len(cohort.patients) == 60
    assert cohort.flow.iloc[-1][["n_excluded", "n_left"]].tolist() == [261, 60]
    assert abs(cohort.patients["mvi_present"].mean() - 185 / 321) < 0.05


def test_the_subset_does_not_depend_on_the_order_of_patients():
    patients = table(90)
    chosen = set(choose_patients(patients, 20, seed=3)["patient_id"])
    shuffled = patients.sample(frac=1, random_state=4)
    assert set(choose_patients(shuffled, 20, seed=3)["patient_id"]) == chosen
    assert set(choose_patients(patients, 20, seed=5)["patient_id"]) != chosen


@settings(max_examples=30, deadline=None)
@given(st.integers(1, 70), st.booleans())
def test_a_subset_has_the_size_asked_for_and_keeps_every_share(n_patients, graded):
    patients = table(60, graded=graded)
    chosen = choose_patients(patients, n_patients, seed=1)
    assert len(chosen) == min(n_patients, 60)
    assert chosen["patient_id"].is_unique
    for stratum, group in patients.groupby(["mvi_present", "enrolment"]):
        kept = chosen[(chosen["mvi_present"] == stratum[0]) & (chosen["enrolment"] == stratum[1])]
        assert abs(len(kept) - min(n_patients, 60) * len(group) / 60) <= 2


def test_a_subset_of_nobody_is_refused():
    with pytest.raises(CohortError, match="at least 1, got 0"):
        choose_patients(table(5), 0, seed=1)


def test_a_real_cohort_without_its_files_says_how_to_get_them(project, description):
    text = description.replace("id: clinic", "id: clca-2024").replace(
        "reader: table, path: patients.csv", "reader: clca"
    )
    project("clca-2024.yaml", text)
    with pytest.raises(ManifestError, match="Fetch it with `make data`, or set MVI_DATA"):
        load_cohort("clca-2024", seed=1)

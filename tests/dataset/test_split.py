"""Folds are by patient, balanced by grade, and the same for the same seed and patients."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mvi_core.dataset.split import check_disjoint, check_split, patient_folds
from mvi_core.errors import SplitError


def _patients(grades):
    return pd.DataFrame({"patient_id": [f"P{n:03d}" for n in range(len(grades))], "mvi_grade": list(grades)})


def _folds(patients, n_folds=5, seed=0):
    return patient_folds(patients, n_folds=n_folds, rng=np.random.default_rng(seed))


@settings(max_examples=50, deadline=None)
@given(st.lists(st.sampled_from(["M0", "M1", "M2"]), min_size=6, max_size=60), st.integers(2, 6), st.integers(0, 99))
def test_each_patient_has_one_fold_and_folds_are_balanced_in_total_and_by_grade(grades, n_folds, seed):
    patients = _patients(grades)
    folds = _folds(patients, n_folds, seed)
    assert folds.patient_id.tolist() == patients.patient_id.tolist()
    assert np.ptp(folds.fold.value_counts().reindex(range(n_folds), fill_value=0)) <= 1
    counts = pd.crosstab(patients.mvi_grade.to_numpy(), folds.fold).reindex(columns=range(n_folds), fill_value=0)
    assert (np.ptp(counts.to_numpy(), axis=1) <= 1).all()


@settings(max_examples=20, deadline=None)
@given(st.permutations(range(20)))
def test_the_order_of_the_rows_changes_no_fold(order):
    patients = _patients(["M0", "M1", "M2", "M0"] * 5)
    assert _folds(patients.iloc[order]).equals(_folds(patients))


def test_another_seed_gives_other_folds():
    patients = _patients(["M0", "M1", "M2", "M0"] * 5)
    assert not _folds(patients, seed=1).equals(_folds(patients, seed=0))


def test_a_patient_in_two_rows_is_refused_by_name():
    patients = _patients(["M0", "M1", "M2"])
    with pytest.raises(SplitError, match=r"each patient once; listed again: P001"):
        _folds(pd.concat([patients, patients.iloc[[1]]]), 2)


def test_a_patient_without_grade_is_refused_by_name():
    with pytest.raises(SplitError, match=r"1 have none: P002"):
        _folds(_patients(["M0", "M1", None]), 2)


@pytest.mark.parametrize("n_folds", [0, 1, 4])
def test_folds_must_lie_from_2_to_the_number_of_patients(n_folds):
    with pytest.raises(SplitError, match="n_folds must lie from 2 to the number of patients"):
        _folds(_patients(["M0", "M1", "M2"]), n_folds)


def test_shared_patients_are_named_but_not_without_end():
    ids = [f"P{n}" for n in range(9)]
    with pytest.raises(
        SplitError, match=r"9 patients stand in training and test set: P0, P1, P2, P3, P4, \.\.\.\. Split"
    ):
        check_disjoint(ids, ids)


@pytest.mark.parametrize(("train", "test"), [([], ["a"]), (["a"], [])])
def test_an_empty_side_is_refused(train, test):
    with pytest.raises(SplitError, match="needs patients on both sides"):
        check_disjoint(train, test)


def test_disjoint_sets_pass():
    check_disjoint(["a", "b"], ["c"])


def test_a_split_of_the_patients_passes_and_says_nothing():
    patients = _patients(["M0", "M1", "M2"])
    assert check_split(_folds(patients, 3).assign(part="development"), patients) is None


def test_a_split_of_other_patients_is_refused():
    patients = _patients(["M0", "M1", "M2", "M0"])
    with pytest.raises(SplitError, match=r"missing: P003; unknown: P000\. Make the split again"):
        check_split(_folds(patients.iloc[:3], 3), patients.iloc[1:])


def test_a_patient_in_development_and_in_the_later_year_is_refused():
    split = pd.DataFrame({"patient_id": ["a", "b", "a"], "part": ["development", "development", "external"]})
    with pytest.raises(SplitError, match="each patient once; listed again: a"):
        check_split(split, split[["patient_id"]].drop_duplicates())


@pytest.mark.parametrize("column", ["slice_index", "combination", "sequence"])
def test_a_split_of_slices_is_refused_even_if_each_patient_stands_in_one_row(column):
    patients = _patients(["M0", "M1"])
    with pytest.raises(SplitError, match=rf"lists patients, got rows by {column}\. Slices of a patient stay together"):
        check_split(_folds(patients, 2).assign(**{column: 0}), patients)

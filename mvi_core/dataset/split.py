"""Who trains and who tests: folds of patients, stratified by grade, and the refusal of anybody who stands in two."""

import numpy as np
import pandas as pd

from mvi_core.errors import SplitError

N_NAMED = 5  # patients named in a message
OF_SLICES = ("slice_index", "combination", "sequence")  # columns that a list of patients does not have


def patient_folds(patients, *, n_folds, rng):
    """Fold of each patient, stratified by MVI grade.

    Within a grade patients are shuffled and dealt to the folds in turn; the next grade goes on where the last
    one stopped, so that folds differ by at most one patient, in total and in each grade.

    Parameters
    ----------
    patients : pandas.DataFrame
        With columns ``patient_id`` and ``mvi_grade``; one row per patient.
    n_folds : int
        At least 2, and at most the number of patients.
    rng : numpy.random.Generator
        Decides the shuffle; the order of the rows does not.

    Returns
    -------
    pandas.DataFrame
        Columns ``patient_id`` and ``fold`` (0 to ``n_folds - 1``), sorted by patient.

    Raises
    ------
    SplitError
        If a patient stands in two rows, lacks a grade, or there are fewer patients than folds.

    Examples
    --------
    >>> table = pd.DataFrame({"patient_id": list("abcd"), "mvi_grade": ["M0", "M0", "M1", "M1"]})
    >>> folds = patient_folds(table, n_folds=2, rng=np.random.default_rng(0))
    >>> folds.merge(table).groupby(["mvi_grade", "fold"]).size().tolist()
    [1, 1, 1, 1]
    """
    _check_patients(patients, n_folds)
    ordered = patients.sort_values("patient_id")
    dealt = [
        rng.permutation(ordered.patient_id[ordered.mvi_grade == grade].to_numpy(dtype=object))
        for grade in sorted(ordered.mvi_grade.unique())
    ]
    folds = pd.DataFrame({"patient_id": np.concatenate(dealt), "fold": np.arange(len(patients)) % n_folds})
    return folds.sort_values("patient_id", ignore_index=True)


def check_disjoint(train_ids, test_ids):
    """Refuse patients who stand in a training and in a test set.

    Parameters
    ----------
    train_ids, test_ids : iterable of str
        Patients of either set; several cohorts or pre-training patients are simply added.

    Raises
    ------
    SplitError
        If one patient stands in both, or if either set is empty.

    Examples
    --------
    >>> check_disjoint(["a", "b"], ["b"])
    Traceback (most recent call last):
        ...
    mvi_core.errors.SplitError: 1 patient stands in training and test set: b. Split by patient, then list slices.
    """
    train_ids, test_ids = set(train_ids), set(test_ids)
    if not train_ids or not test_ids:
        raise SplitError(
            f"A split needs patients on both sides, got {len(train_ids)} to train and {len(test_ids)} to test. "
            "Check the fold or enrolment year."
        )
    shared = sorted(train_ids & test_ids)
    if shared:
        plural = "1 patient stands" if len(shared) == 1 else f"{len(shared)} patients stand"
        raise SplitError(f"{plural} in training and test set: {_names(shared)}. Split by patient, then list slices.")


def check_split(split, patients):
    """Refuse a stored split that is not a list of the cohort's patients, each in one part only.

    Parameters
    ----------
    split : pandas.DataFrame
        Columns ``patient_id``, ``part`` (``development`` or ``external``) and ``fold`` (empty for external patients).
    patients : pandas.DataFrame
        With column ``patient_id``.

    Raises
    ------
    SplitError
        If the split lists slices, a patient twice (in two folds or parts), an unknown one, or leaves one out.

    Examples
    --------
    >>> split = pd.DataFrame({"patient_id": ["a", "b", "a"], "part": "development", "fold": [0, 1, 1]})
    >>> check_split(split, pd.DataFrame({"patient_id": ["a", "b"]}))
    Traceback (most recent call last):
        ...
    mvi_core.errors.SplitError: A split lists each patient once; listed again: a. Keep one row per patient.
    """
    if sliced := [name for name in OF_SLICES if name in split]:
        raise SplitError(f"A split lists patients, got rows by {sliced[0]}. Slices of a patient stay together.")
    _refuse_twice(split.patient_id)
    listed, present = set(split.patient_id), set(patients.patient_id)
    if listed != present:
        raise SplitError(
            f"A split must list the patients of the cohort; missing: {_names(sorted(present - listed))}; unknown: "
            f"{_names(sorted(listed - present))}. Make the split again."
        )


def _check_patients(patients, n_folds):
    _refuse_twice(patients.patient_id)
    ungraded = patients.patient_id[patients.mvi_grade.isna()].tolist()
    if ungraded:
        raise SplitError(
            f"Stratified folds need an mvi_grade of every patient; {len(ungraded)} have none: {_names(ungraded)}. "
            "Leave them out first, and say how many."
        )
    if not 2 <= n_folds <= len(patients):
        raise SplitError(
            f"n_folds must lie from 2 to the number of patients ({len(patients)}), got {n_folds}. Choose fewer folds."
        )


def _refuse_twice(patient_ids):
    twice = sorted(patient_ids[patient_ids.duplicated()].unique())
    if twice:
        raise SplitError(f"A split lists each patient once; listed again: {_names(twice)}. Keep one row per patient.")


def _names(patient_ids):
    more = ", ..." if len(patient_ids) > N_NAMED else ""
    return ", ".join(map(str, patient_ids[:N_NAMED])) + more if patient_ids else "nobody"

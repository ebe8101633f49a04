"""The control cohorts answer as they must, at a small size: leaks lift a score, and honest protocols do not."""

import numpy as np
import pandas as pd
import pytest
import torch
from sklearn.metrics import roc_auc_score

from mvi_core.dataset.phantom_control import control_patients, control_rois, read_controls
from mvi_core.dataset.split import patient_folds
from mvi_core.dataset.torch_dataset import roi_dataset
from mvi_core.errors import SplitError
from mvi_core.model.cross_fit import model_settings
from mvi_core.model.network import slice_combinations
from mvi_core.model.protocols import PROTOCOLS, _rounds, ladder

SETTINGS = model_settings({"width": 8, "blocks": [1, 1]}, {"epochs": 6, "batch_patients": 8, "learning_rate": 0.01})
GRADES = ["M0", "M1", "M0", "M2"]


def made(name, n_patients):
    """Patients, both datasets and folds of a control cohort; one sequence of 24 px, 60 and 60 patients."""
    rng = np.random.default_rng(3)
    people = pd.DataFrame(
        {
            "patient_id": [f"P{k:03d}" for k in range(n_patients)],
            "enrolment": np.repeat(["2015", "2018"], n_patients // 2),
            "mvi_grade": np.resize(GRADES, n_patients),
            "size_cm": rng.uniform(2.5, 9, n_patients),
        }
    )
    people = control_patients(people, read_controls()[name], rng=rng)
    effect = {"T1": read_controls()[name]["sign_effect"].get("T1", 0.0)}
    made = control_rois(people, sign_effect=effect, sequences=["T1"], seed=3, roi_px=24, matrix=64, pixel_mm=5.0)
    years = [people[people["enrolment"] == year] for year in ("2015", "2018")]
    folds = patient_folds(years[0], n_folds=2, rng=rng)
    return people, [roi_dataset(*made, year, sequences=["T1"]) for year in years], folds


def areas(name, protocols):
    people, sets, folds = made(name, 120)
    scores = ladder(*sets, folds, settings=SETTINGS, seed=1, protocols=protocols)
    means = scores.groupby(["protocol", "patient_id"], as_index=False)["dl_risk"].mean().merge(people, on="patient_id")
    return {key: roc_auc_score(part["mvi_present"], part["dl_risk"]) for key, part in means.groupby("protocol")}


def test_a_sign_that_nobody_can_miss_is_found_by_patient_and_in_the_later_year():
    found = areas("control-trivial", ("in-sample", "by patient"))
    assert found["by patient"] > 0.95 and found["later year"] > 0.95, found


def test_a_telling_scanner_fools_the_split_by_patient_but_not_the_later_year():
    found = areas("control-shortcut", ("in-sample", "by patient"))
    assert found["by patient"] > 0.75, found
    assert 0.3 < found["later year"] < 0.7, found  # standard error 0.075


def test_permuted_labels_are_found_by_leaky_protocols_only():
    found = areas("control-null", ("in-sample", "by slice", "by patient"))
    assert 0.3 < found["by patient"] < 0.7 and 0.3 < found["later year"] < 0.7, found
    for leak in ("in-sample", "by slice"):
        assert found[leak] > found["by patient"] + 0.05, found


@pytest.mark.parametrize("n_sequences", [1, 2, 3])
def test_every_protocol_judges_each_patient_once_a_combination_and_leaves_out_what_it_says(n_sequences):
    folds = pd.DataFrame({"patient_id": list("abcdef"), "fold": [0, 1, 2, 0, 1, 2]})
    every = {tuple(row) for row in slice_combinations(n_sequences).tolist()}
    for protocol in PROTOCOLS[:4]:
        rounds = _rounds(protocol, folds, n_sequences)
        judged = [
            (name, tuple(row)) for each in rounds for name in each.test_ids for row in each.test_combinations.tolist()
        ]
        assert len(judged) == len(set(judged))
        assert {name for name, _ in judged} == set("abcdef")
        if protocol != "by slice":
            assert {row for _, row in judged} == every
        for each in rounds:
            seen = {tuple(each.slices[k] for k in row) for row in each.train_combinations.tolist()}
            tested = {tuple(row) for row in each.test_combinations.tolist()}
            if protocol == "by combination":
                assert not seen & tested and len(seen) == 2 * len(tested)
                assert n_sequences == 1 or {k for row in seen for k in row} == {0, 1, 2}
            if protocol == "by slice":
                assert not {k for row in seen for k in row} & {k for row in tested for k in row}
            if protocol == "by patient":
                assert not set(each.train_ids) & set(each.test_ids)


def test_training_sees_no_slice_that_its_round_leaves_out():
    """Slice 2 of everybody but the first patient turns to noise; the model of slices 0 and 1 stays bit-identical."""
    _, (development, external), folds = made("control-null", 24)
    mean, sd = development.intensity_scale()
    noisy = development.select(development.patient_ids)
    noisy.rois[1:, :, 2] = torch.randn(noisy.rois[1:, :, 2].shape).to(noisy.rois.dtype)
    for dataset in (development, noisy):
        object.__setattr__(dataset, "select", lambda ids, of=dataset: _with_scale(of, ids, (mean, sd)))
    plain, other = (
        ladder(each, external, folds, settings=SETTINGS, seed=1, protocols=("by slice",)).query("patient_id == 'P000'")
        for each in (development, noisy)
    )
    same = plain["dl_risk"].to_numpy() == other["dl_risk"].to_numpy()
    assert dict(zip(plain["combination"], same, strict=True)) == {0: False, 1: False, 2: True}


def _with_scale(dataset, patient_ids, scale):
    """Some patients of a dataset, under an intensity scale that is given: it is not at stake in this file."""
    chosen = type(dataset).select(dataset, patient_ids)
    object.__setattr__(chosen, "intensity_scale", lambda: scale)
    return chosen


def test_an_external_patient_of_the_development_set_is_refused():
    _, (development, _), folds = made("control-null", 24)
    with pytest.raises(SplitError, match="stand in training and test set"):
        ladder(development, development, folds, settings=SETTINGS, seed=1)

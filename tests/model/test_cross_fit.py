"""A planted sign is found out of fold, an absent one is not, and no model predicts patients that it saw."""

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from mvi_core.dataset.split import patient_folds
from mvi_core.errors import MviError, SplitError
from mvi_core.model.cross_fit import EXTERNAL, OUT_OF_FOLD, cross_fit, fit_final, model_settings


def _aucs(predictions, patients):
    joined = predictions.merge(patients[["patient_id", "mvi_grade"]], on="patient_id")
    return {scoring: roc_auc_score(rows.mvi_grade != "M0", rows.dl_risk) for scoring, rows in joined.groupby("scoring")}


def _folds(patients, n_folds=3):
    return patient_folds(patients, n_folds=n_folds, rng=np.random.default_rng(1))


def test_a_large_planted_sign_is_found_out_of_fold(planted, small_settings):
    patients, dataset = planted(48, effect=2.0)
    predictions, history = cross_fit(dataset, _folds(patients), settings=small_settings(epochs=8), seed=1)
    aucs = _aucs(predictions, patients)
    assert min(aucs.values()) > 0.95, aucs
    assert history.groupby("fold").size().tolist() == [8, 8, 8]


def test_permuted_grades_are_not_found(planted, small_settings):
    patients, _ = planted(48, effect=1.0)
    shuffled = np.random.default_rng(3).permutation(patients.mvi_grade)
    _, dataset = planted(48, effect=1.0)
    permuted = patients.assign(mvi_grade=shuffled)
    codes = permuted.mvi_grade.str[1].astype(int).to_numpy()
    dataset.grades[:] = dataset.grades.new_tensor(codes)
    predictions, _ = cross_fit(dataset, _folds(permuted), settings=small_settings(epochs=6), seed=1)
    for auc in _aucs(predictions, permuted).values():
        assert 0.3 < auc < 0.7  # standard error 0.09


def test_a_sequence_without_the_sign_carries_nothing(planted, small_settings):
    patients, dataset = planted(48, effect=1.0, sequences=("DWI",))
    predictions, _ = cross_fit(dataset, _folds(patients), settings=small_settings(epochs=6), seed=1)
    assert _aucs(predictions, patients)["mean"] < 0.7


def test_every_patient_is_predicted_once_per_scoring_in_the_own_fold(planted, small_settings):
    patients, dataset = planted(12, effect=1.0)
    folds = _folds(patients)
    predictions, _ = cross_fit(dataset, folds, settings=small_settings(epochs=1), seed=1)
    assert predictions.groupby("scoring").patient_id.apply(sorted).tolist() == 2 * [patients.patient_id.tolist()]
    assert (predictions.merge(folds, on="patient_id").eval("fold_x == fold_y")).all()
    assert set(predictions.split) == {OUT_OF_FOLD}
    np.testing.assert_allclose(predictions[["p_m0", "p_m1", "p_m2"]].sum(axis=1), 1, atol=1e-6)


def test_the_order_of_patients_changes_no_prediction(planted, small_settings):
    patients, dataset = planted(12, effect=1.0)
    turned = dataset.select(patients.patient_id[::-1].tolist())
    ahead, back = (
        cross_fit(each, _folds(table), settings=small_settings(epochs=1), seed=1)[0]
        for each, table in ((dataset, patients), (turned, patients[::-1]))
    )
    assert ahead.equals(back)


def test_an_interrupted_cross_fit_goes_on_and_ends_the_same(planted, small_settings, tmp_path):
    patients, dataset = planted(12, effect=1.0)
    arguments = {"settings": small_settings(epochs=2), "seed": 1}
    whole, _ = cross_fit(dataset, _folds(patients), **arguments)

    def stop(done, total, loss, seconds_left):
        assert total == 6
        if done == 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        cross_fit(dataset, _folds(patients), **arguments, checkpoints=tmp_path, progress=stop)
    done = []
    resumed, _ = cross_fit(
        dataset, _folds(patients), **arguments, checkpoints=tmp_path, progress=lambda *state: done.append(state[0])
    )
    assert resumed.equals(whole)
    assert done == [4, 5, 6]


def test_the_final_model_predicts_external_patients_only(planted, small_settings):
    _, development = planted(12, effect=1.0)
    _, external = planted(9, effect=1.0, seed=1, prefix="E")
    network, predictions, history = fit_final(development, external, settings=small_settings(epochs=1), seed=1)
    assert set(predictions.patient_id) == set(external.patient_ids)
    assert set(predictions.split) == {EXTERNAL}
    assert len(history) == 1
    assert not network.training


def test_an_external_patient_who_was_trained_on_is_refused(planted, small_settings):
    _, development = planted(12, effect=1.0)
    with pytest.raises(SplitError, match=r"1 patient stands in training and test set: S003"):
        fit_final(development, development.select(["S003"]), settings=small_settings(), seed=1)


def test_a_misspelt_setting_is_refused():
    with pytest.raises(MviError, match=r"Section training holds an unknown setting epoch\. Known: epochs, "):
        model_settings({"roi_px": 32, "width": 8}, {"epoch": 3})

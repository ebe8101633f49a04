"""A planted sign is found out of fold, an absent one is not, and no model predicts patients that it saw."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from sklearn.metrics import roc_auc_score

from mvi_core.dataset.split import patient_folds
from mvi_core.errors import MviError, SplitError
from mvi_core.model.checkpoint import save_network
from mvi_core.model.cross_fit import (
    EXTERNAL,
    OUT_OF_FOLD,
    cross_fit,
    fit_final,
    fit_network,
    in_sample,
    model_settings,
    new_network,
    read_start,
)
from mvi_core.model.prediction import patient_digests


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


def test_images_of_held_out_patients_change_no_training(planted, small_settings):
    """Not the normalisation either: all but one patient of fold 0 get other images, the weights stay bit-identical."""
    patients, dataset = planted(12, effect=1.0)
    folds = _folds(patients)
    held_out = folds.patient_id[folds.fold == 0].tolist()
    _, changed = planted(12, effect=1.0)
    changed.rois[np.isin(changed.patient_ids, held_out[1:])] += 100
    (plain, history), (other, altered) = (
        cross_fit(each, folds, settings=small_settings(epochs=2), seed=1) for each in (dataset, changed)
    )
    assert history[history.fold == 0].equals(altered[altered.fold == 0])
    assert not history[history.fold == 1].equals(altered[altered.fold == 1])  # there they are trained on
    same, moved = (table.patient_id == held_out[0] for table in (plain, other))
    assert plain[same].reset_index(drop=True).equals(other[moved].reset_index(drop=True))


def test_in_sample_predictions_carry_a_name_that_tables_refuse(planted, small_settings):
    _, development = planted(12, effect=1.0)
    _, external = planted(9, effect=1.0, seed=1, prefix="E")
    network, predictions, _ = fit_final(development, external, settings=small_settings(epochs=1), seed=1)
    inside = in_sample(network, development)
    assert set(inside.split) == {"development (in-sample)"} and set(predictions.split) == {EXTERNAL}
    assert set(inside.patient_id) == set(development.patient_ids)


@pytest.fixture
def pretrained(planted, small_settings, tmp_path):
    """Weights that patients E000 to E008 have trained, stored with their record."""
    _, seen = planted(9, effect=1.0, seed=1, prefix="E")
    settings = small_settings(epochs=1)
    batches = seen.training_batches(seed=1, batch_patients=8)
    network, _ = fit_network(batches, settings=settings, seed=1)
    sequences = ("T1", "T1V", "T1D")
    save_network(
        tmp_path / "m.safetensors", network, sequences=sequences, notes={"trained_on": settings.trained_on(seen)}
    )
    save_network(tmp_path / "silent.safetensors", network, sequences=sequences)
    return tmp_path, seen, network


def test_pre_training_is_refused_where_it_saw_a_patient_who_is_judged(planted, small_settings, pretrained):
    folder, seen, _ = pretrained
    patients, dataset = planted(12, effect=1.0)
    settings = replace(small_settings(epochs=1), start=read_start(folder / "m.safetensors"))
    with pytest.raises(SplitError, match=r"seen 9 of the patients in training, first E000"):
        fit_final(dataset, seen, settings=settings, seed=1)
    shared = patients.assign(patient_id=["E004", *patients.patient_id[1:]])
    renamed = replace(dataset, patient_ids=shared.patient_id.to_numpy())
    with pytest.raises(SplitError, match=r"seen 1 of the patients in training, first E004"):
        cross_fit(renamed, _folds(shared), settings=settings, seed=1)


def test_pre_training_on_others_is_used_and_recorded(planted, small_settings, pretrained):
    folder, seen, network = pretrained
    _, dataset = planted(12, effect=1.0)
    settings = replace(small_settings(epochs=1), start=read_start(folder / "m.safetensors"))
    start = new_network(dataset.training_batches(seed=1, batch_patients=8), settings=settings, seed=1)
    assert torch.equal(start.classifier.weight, network.classifier.weight)
    assert torch.equal(start.roi_mean, dataset.intensity_scale()[0])  # of the new training patients
    assert set(settings.trained_on(dataset)) == set(patient_digests([*dataset.patient_ids, *seen.patient_ids]))


def test_pre_training_that_does_not_say_whom_it_saw_is_refused(pretrained):
    with pytest.raises(SplitError, match="does not say which patients"):
        read_start(pretrained[0] / "silent.safetensors")


def test_pre_training_of_another_network_is_refused(planted, small_settings, pretrained):
    _, two = planted(12, effect=1.0, sequences=("T1", "T1V"))
    settings = replace(small_settings(epochs=1), start=read_start(pretrained[0] / "m.safetensors"))
    with pytest.raises(MviError, match="of another network"):
        new_network(two.training_batches(seed=1, batch_patients=8), settings=settings, seed=1)

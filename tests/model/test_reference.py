"""Images unlike those of the training are told apart; witness: drift that the phantom planted, and scikit-learn."""

import numpy as np
import pandas as pd
import pytest
from sklearn.covariance import LedoitWolf

from mvi_core.cohort.reconstruct import reconstruct_patients
from mvi_core.dataset.phantom_control import control_rois
from mvi_core.dataset.torch_dataset import roi_dataset
from mvi_core.errors import ManifestError
from mvi_core.model.cross_fit import fit_network, model_settings
from mvi_core.model.embedding import slice_features
from mvi_core.model.reference import FAR, calibration_of, fit_reference, load_reference, outside, save_reference
from mvi_core.names import PAPER_SEQUENCES

EFFECT = dict.fromkeys(("T1", "T1V", "T1D"), 1.0)
OWN = {"M0": np.array([0.2, 0.9]), "M1": np.array([0.4]), "M2": np.array([0.1, 0.3, 0.5])}


@pytest.fixture(scope="module")
def features():
    """Features of 100 training patients, of 40 others, and of these 40 after the scanner drifted."""
    people = reconstruct_patients().query("enrolment == '2015'").head(140).assign(drawn_grade=lambda t: t["mvi_grade"])
    sizes = {"roi_px": 24, "matrix": 64, "pixel_mm": 5.0}
    sets = []
    for year in ("2015", "2018"):
        shown = people.assign(scanner_year=year)
        rois, index = control_rois(shown, sign_effect=EFFECT, sequences=PAPER_SEQUENCES, seed=3, **sizes)
        sets.append(roi_dataset(rois, index, shown, sequences=PAPER_SEQUENCES))
    training, same = (sets[0].select(part) for part in np.split(sets[0].patient_ids, [100]))
    settings = model_settings(
        {"width": 8, "blocks": [1, 1]}, {"epochs": 4, "batch_patients": 8, "learning_rate": 0.005}
    )
    network, _ = fit_network(training.training_batches(seed=1, batch_patients=8), settings=settings, seed=1)
    parts = (training, same, sets[1].select(same.patient_ids))
    return tuple(slice_features(network, part.plain_rois()) for part in parts)


def test_drifted_images_lie_outside_and_others_mostly_do_not(features):
    training, same, drifted = features
    reference = fit_reference(training, OWN)
    assert (outside(drifted, reference)["joined"] >= FAR).mean() > 0.9
    assert (outside(same, reference)["joined"] >= FAR).mean() < 0.25


def test_only_the_sequence_that_drifted_lies_outside(features):
    training, same, drifted = features
    mixed = same.copy()
    mixed[:, 0] = drifted[:, 0]
    told = outside(mixed, fit_reference(training, OWN))
    assert (told["0"] >= FAR).mean() > 0.9
    assert (told["1"] >= FAR).mean() < 0.25


def test_the_distance_is_that_of_scikit_learn():
    rng = np.random.default_rng(4)
    training, new = rng.normal(size=(50, 2, 5)), rng.normal(size=(8, 2, 5))
    block = training[:, 1]
    scaled = (block - block.mean(0)) / block.std(0)
    fit = LedoitWolf(assume_centered=True).fit(scaled)
    theirs = np.sqrt(fit.mahalanobis((new[:, 1] - block.mean(0)) / block.std(0)))
    reference = fit_reference(training, OWN)
    nearer = np.array([(reference["1.distances"] < distance).mean() for distance in theirs])
    np.testing.assert_allclose(outside(new, reference)["1"], nearer)


def test_a_feature_that_never_varies_harms_nobody():
    training = np.random.default_rng(5).normal(size=(30, 1, 4))
    training[:, :, 2] = 0
    told = outside(training[:3], fit_reference(training, OWN))
    assert np.isfinite(told["joined"]).all() and (told["joined"] < 1).any()


def test_the_order_of_the_training_patients_barely_matters_and_scale_not_at_all(features):
    training, same, _ = features
    plain = outside(same, fit_reference(training, OWN))["joined"]
    np.testing.assert_allclose(outside(7 * same, fit_reference(7 * training, OWN))["joined"], plain, atol=0.02)


def test_a_reference_reads_back_and_a_model_without_one_has_none(features, tmp_path):
    reference = fit_reference(features[0], OWN)
    assert load_reference(tmp_path) is None
    save_reference(tmp_path, reference)
    again = load_reference(tmp_path)
    assert calibration_of(again).keys() == OWN.keys()
    np.testing.assert_allclose(calibration_of(again)["M2"], OWN["M2"], rtol=1e-6)
    np.testing.assert_allclose(
        outside(features[1], again)["joined"], outside(features[1], reference)["joined"], atol=0.04
    )
    (tmp_path / "reference.safetensors").write_bytes(b"no")
    with pytest.raises(ManifestError, match=r"reference\.safetensors is not a whole file"):
        load_reference(tmp_path)


def test_stored_calibration_gives_the_same_sets_as_the_patients_themselves():
    from mvi_core.stats.conformal import conformal_p_values, own_grade_probabilities, stored_p_values

    rng = np.random.default_rng(6)
    known, new = (pd.DataFrame(rng.dirichlet([2, 1, 1], n)) for n in (40, 9))
    grade = np.array(["M0", "M1", "M2"])[rng.integers(3, size=40)]
    expected = conformal_p_values(new, calibration=known, grade=grade)
    pd.testing.assert_frame_equal(stored_p_values(new, own_grade_probabilities(known, grade)), expected)

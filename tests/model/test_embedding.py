"""Features are those that the classifier sees, and the map is a function of features and seed."""

import numpy as np
import pytest
import torch

from mvi_core.errors import MviError
from mvi_core.model.backbone import NetworkSettings
from mvi_core.model.embedding import feature_table, slice_features, tsne_map
from mvi_core.model.network import MviNet


def test_features_are_those_of_the_first_slices():
    network = MviNet(2, 16, NetworkSettings(width=8, blocks=(1, 1)), generator=torch.Generator().manual_seed(0)).eval()
    rois = torch.randn(5, 2, 3, 16, 16, generator=torch.Generator().manual_seed(1))
    features = slice_features(network, [rois[:3], rois[3:]])
    assert features.shape == (5, 2, 64)
    logits = features.reshape(5, -1) @ network.classifier.weight.detach().numpy().T
    with torch.no_grad():
        np.testing.assert_allclose(logits + network.classifier.bias.numpy(), network(rois)[:, 0].numpy(), atol=1e-5)


def test_table_names_patient_and_sequence_of_every_row():
    table = feature_table(np.arange(12.0).reshape(2, 2, 3), ["a", "b"], ["T1", "T2"])
    assert table.columns.tolist() == ["patient_id", "sequence", "f000", "f001", "f002"]
    assert table.loc[2].tolist() == ["b", "T1", 6.0, 7.0, 8.0]


@pytest.fixture(scope="module")
def two_groups():
    rng = np.random.default_rng(0)
    features = rng.normal(size=(40, 1, 10))
    features[20:] += 6
    return features, [f"P{number}" for number in range(40)]


def test_two_groups_far_apart_stay_apart_on_the_map(two_groups):
    features, ids = two_groups
    place = tsne_map(features, ids, ["T1"], perplexity=5, seed=0)[["x", "y"]].to_numpy()
    distance = np.linalg.norm(place[:, None] - place[None], axis=-1) + np.diag(np.full(40, np.inf))
    assert ((distance.argmin(axis=1) < 20) == (np.arange(40) < 20)).all()


def test_the_same_seed_gives_the_same_map_and_inputs_stay(two_groups):
    features, ids = two_groups
    before = features.copy()
    first, again = (tsne_map(features, ids, ["T1"], perplexity=5, seed=0) for _ in range(2))
    assert first.equals(again)
    assert first.columns.tolist() == ["patient_id", "sequence", "x", "y"]
    np.testing.assert_array_equal(features, before)


def test_too_few_patients_for_the_perplexity_is_refused(two_groups):
    features, ids = two_groups
    with pytest.raises(MviError, match=r"perplexity must be below the number of patients \(40\), got 40"):
        tsne_map(features, ids, ["T1"], perplexity=40, seed=0)

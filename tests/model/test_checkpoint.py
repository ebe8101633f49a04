"""A stored network comes back exactly, or is refused with a sentence."""

import json
import os
import pickle

import pytest
import torch

from mvi_core.errors import ManifestError
from mvi_core.model.backbone import NetworkSettings
from mvi_core.model.checkpoint import load_network, load_tensors, save_network, save_tensors
from mvi_core.model.network import MviNet

SEQUENCES = ("T1", "T1V")


@pytest.fixture
def network():
    made = MviNet(2, 16, NetworkSettings(width=8, blocks=(1, 1)), generator=torch.Generator().manual_seed(0))
    made.set_intensity_scale([1.0, 2.0], [3.0, 4.0])
    return made.eval()


@pytest.fixture
def stored(network, tmp_path):
    path = tmp_path / "model.safetensors"
    save_network(path, network, sequences=SEQUENCES, notes={"seed": 1})
    return path


def test_a_network_comes_back_with_the_same_predictions(network, stored):
    again, description = load_network(stored)
    rois = torch.randn(2, 2, 3, 16, 16, generator=torch.Generator().manual_seed(1))
    assert torch.equal(again(rois), network(rois))
    assert description["sequences"] == ["T1", "T1V"]
    assert description["notes"] == {"seed": 1}
    assert json.loads(stored.with_suffix(".json").read_text()) == description


def test_the_same_network_makes_the_same_bytes(network, stored, tmp_path):
    save_network(tmp_path / "again.safetensors", network, sequences=SEQUENCES, notes={"seed": 1})
    assert (tmp_path / "again.safetensors").read_bytes() == stored.read_bytes()


@pytest.mark.parametrize("share", [0, 0.1, 0.5, 0.99])
def test_a_cut_file_is_refused(stored, share):
    whole = stored.read_bytes()
    stored.write_bytes(whole[: int(share * len(whole))])
    with pytest.raises(ManifestError, match=r"model\.safetensors is not a whole file of this package"):
        load_network(stored)


def test_a_pickle_is_never_opened(tmp_path):
    class Bomb:
        def __reduce__(self):
            return pytest.fail, ("a pickle was run",)

    path = tmp_path / "model.safetensors"
    path.write_bytes(pickle.dumps(Bomb()))
    with pytest.raises(ManifestError, match="not a whole file"):
        load_network(path)


def test_a_missing_file_and_a_pipe_are_refused(tmp_path):
    os.mkfifo(tmp_path / "pipe.safetensors")
    for name in ("none.safetensors", "pipe.safetensors"):
        with pytest.raises(ManifestError, match="not a whole file"):
            load_network(tmp_path / name)


def test_weights_that_are_not_finite_are_refused(network, stored):
    network.classifier.bias.data[0] = float("nan")
    save_network(stored, network, sequences=SEQUENCES)
    with pytest.raises(ManifestError, match=r"not finite, first in classifier\.bias"):
        load_network(stored)


def test_tensors_of_another_shape_are_refused(stored):
    tensors, description = load_tensors(stored)
    save_tensors(stored, tensors, description | {"sequences": ["T1", "T1V", "T1D"]})
    with pytest.raises(ManifestError, match="does not hold the network that it describes"):
        load_network(stored)


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("classifier.bias", lambda tensor: tensor.round().int()),
        ("classifier.bias", lambda tensor: tensor.double()),
        ("backbone.1.running_var", lambda tensor: -tensor),
        ("roi_sd", lambda tensor: 0 * tensor),
    ],
)
def test_tensors_of_another_type_or_without_spread_are_refused(stored, name, change):
    tensors, description = load_tensors(stored)
    save_tensors(stored, tensors | {name: change(tensors[name])}, description)
    with pytest.raises(ManifestError, match=f"does not hold the network that it describes: tensor {name} holds"):
        load_network(stored)


@pytest.mark.parametrize(
    "change",
    [{"sequences": ["T1", "T1"]}, {"sequences": ["T1", "T9"]}, {"sequences": "T1"}, {"notes": []}, {"roi_px": True}],
)
def test_a_description_that_describes_no_network_is_refused(stored, change):
    tensors, description = load_tensors(stored)
    save_tensors(stored, tensors, description | change)
    with pytest.raises(ManifestError, match="does not hold the network that it describes"):
        load_network(stored)


def test_a_foreign_safetensors_file_is_refused(tmp_path):
    from safetensors.torch import save_file

    save_file({"a": torch.zeros(1)}, tmp_path / "foreign.safetensors")
    with pytest.raises(ManifestError, match="not a whole file of this package"):
        load_network(tmp_path / "foreign.safetensors")


def test_a_failed_write_leaves_the_old_file(network, stored, monkeypatch):
    before = stored.read_bytes()
    monkeypatch.setattr("os.fsync", lambda _: (_ for _ in ()).throw(OSError("disk full")))
    with pytest.raises(OSError, match="disk full"):
        save_network(stored, network, sequences=SEQUENCES, notes={"seed": 2})
    assert stored.read_bytes() == before

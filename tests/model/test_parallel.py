"""Two processes train as one would, with draws, statistics and loss of all patients, and go on where they stopped."""

import os
import socket
import traceback

import pytest
import torch
from torch import distributed

from mvi_core.errors import MviError
from mvi_core.model.checkpoint import load_tensors, save_tensors
from mvi_core.model.cross_fit import _batches, model_settings, new_network
from mvi_core.model.parallel import processes, share
from mvi_core.model.training import train

TRAININGS = {
    "plain": ({"epochs": 2}, torch.float64),
    "balanced": ({"epochs": 2, "class_weights": "balanced", "sampling": "balanced"}, torch.float64),
    "float32": ({"epochs": 1}, torch.float32),
}


def _train(folder, dataset):
    """Each training once, and a stopped one again; weights and losses by name, written by the first process."""
    for name, (training, dtype) in TRAININGS.items():
        settings = model_settings(
            {"width": 8, "blocks": [1, 1]}, {"batch_patients": 5, "learning_rate": 0.01, **training}
        )
        for checkpoint in (None, folder / "training.safetensors") if name == "plain" else (None,):
            batches = _batches(dataset, settings.training, seed=3)
            if checkpoint:
                with pytest.raises(KeyboardInterrupt):
                    _fit(settings, batches, dtype, checkpoint, stop=True)
                if share()[1] > 1:
                    distributed.barrier()  # as a new start would: the first process has written
            network, losses = _fit(settings, batches, dtype, checkpoint, stop=False)
            if share()[0] == 0:
                notes = {"losses": losses.loss.tolist()}
                save_tensors(folder / f"{name}{'_resumed' * bool(checkpoint)}.out", network.state_dict(), notes)


def _fit(settings, batches, dtype, checkpoint, *, stop):
    network = new_network(batches, settings=settings, seed=1).to(dtype)
    if stop:
        network.register_forward_pre_hook(_interrupt_at(len(batches)))
    return network, train(network, batches, settings=settings.training, checkpoint=checkpoint)


def _interrupt_at(step):
    calls = []

    def hook(*_):
        calls.append(0)
        if len(calls) > step:
            raise KeyboardInterrupt

    return hook


@pytest.fixture(scope="module")
def alone_and_together(planted, tmp_path_factory):
    alone, together = tmp_path_factory.mktemp("alone"), tmp_path_factory.mktemp("together")
    _, dataset = planted(12, effect=1.0)
    _train(alone, dataset)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
    children = [_start(rank, port, together, dataset) for rank in range(2)]
    assert [os.waitpid(child, 0)[1] for child in children] == [0, 0], (together / "problem").read_text()
    return alone, together


def _start(rank, port, folder, dataset):
    """A process with the environment that torchrun gives it."""
    if child := os.fork():
        return child
    os.environ |= {"RANK": str(rank), "WORLD_SIZE": "2", "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": port}
    try:
        with processes(torch.device("cpu")):
            _train(folder, dataset)
    except BaseException:
        (folder / "problem").write_text(traceback.format_exc())
        os._exit(1)
    os._exit(0)


@pytest.mark.parametrize(
    "name, tolerance", [("plain", 1e-10), ("balanced", 1e-10), ("plain_resumed", 1e-10), ("float32", 1e-3)]
)
def test_two_processes_end_with_the_losses_and_weights_of_one(alone_and_together, name, tolerance):
    (one, loss), (two, loss_of_two) = (load_tensors(folder / f"{name}.out") for folder in alone_and_together)
    assert loss_of_two["losses"] == pytest.approx(loss["losses"], rel=tolerance)
    if tolerance < 1e-6:  # in float32 the optimiser divides rounding errors by themselves
        for key, tensor in one.items():
            torch.testing.assert_close(two[key], tensor, rtol=tolerance, atol=tolerance)


def test_a_resumed_pair_ends_as_an_uninterrupted_one(alone_and_together):
    whole, resumed = (load_tensors(alone_and_together[1] / f"plain{end}.out")[0] for end in ("", "_resumed"))
    for key, tensor in whole.items():
        assert torch.equal(resumed[key], tensor), key


def test_two_processes_share_each_batch_with_the_draws_of_one(planted):
    _, dataset = planted(12, effect=1.0)
    options = {"seed": 3, "batch_patients": 5, "sampling": "balanced"}
    whole = list(dataset.training_batches(**options).epoch(1))
    parts = [list(dataset.training_batches(**options, share=(rank, 2)).epoch(1)) for rank in range(2)]
    for (ids, rois, _), first, second in zip(whole, *parts, strict=True):
        assert first[0].tolist() == ids[::2].tolist()
        assert second[0].tolist() == ids[1::2].tolist()
        assert torch.equal(first[1], rois[::2])
        assert torch.equal(second[1], rois[1::2])


def test_a_batch_too_small_for_the_processes_is_refused(planted):
    with pytest.raises(MviError, match=r"a patient for each of 4 processes, got 3\. Raise training\.batch_patients"):
        planted(12, effect=1.0)[1].training_batches(seed=1, batch_patients=3, share=(0, 4))


def test_one_process_is_alone_without_torchrun():
    with processes(torch.device("cpu")) as writes:
        assert writes
        assert share() == (0, 1)

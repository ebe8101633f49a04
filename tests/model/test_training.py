"""Training is reproducible, survives its own death, and stops when it diverges."""

import os
import random
import signal
import time

import pytest
import torch

from mvi_core.errors import ConvergenceError, ManifestError, MviError
from mvi_core.model.cross_fit import fit_network
from mvi_core.model.network import MviNet
from mvi_core.model.schedule import TrainSettings, learning_rate
from mvi_core.model.training import combination_loss, train


@pytest.fixture(scope="module")
def batches(planted):
    return planted(12, effect=1.0)[1].training_batches(seed=5, batch_patients=6)


def _fit(batches, settings, **options):
    return fit_network(batches, settings=settings, seed=3, **options)


def _assert_identical(network, other):
    for (name, ours), theirs in zip(network.state_dict().items(), other.state_dict().values(), strict=True):
        assert torch.equal(ours, theirs), name


def test_same_seed_gives_bit_identical_weights_and_losses(batches, small_settings):
    (first, losses), (again, losses_again) = (_fit(batches, small_settings()) for _ in range(2))
    _assert_identical(first, again)
    assert losses.equals(losses_again)


def test_another_seed_gives_other_weights(batches, small_settings):
    first, _ = _fit(batches, small_settings(epochs=1))
    other, _ = fit_network(batches, settings=small_settings(epochs=1), seed=4)
    assert not torch.equal(first.classifier.weight, other.classifier.weight)


def test_loss_falls_on_a_planted_sign(batches, small_settings):
    losses = _fit(batches, small_settings(epochs=8))[1].loss
    assert losses.iloc[-1] < 0.6 * losses.iloc[0]


@pytest.mark.parametrize("optimiser", ["adamw", "sgd"])
@pytest.mark.parametrize("epochs_before", [1, 2])
def test_interrupted_training_ends_bit_identical(batches, small_settings, tmp_path, optimiser, epochs_before):
    settings = small_settings(optimiser=optimiser)
    whole, losses = _fit(batches, settings)

    def stop(epoch, n_epochs, loss, seconds_left):
        if epoch == epochs_before:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        _fit(batches, settings, checkpoints=tmp_path, progress=stop)
    resumed, losses_resumed = _fit(batches, settings, checkpoints=tmp_path)
    _assert_identical(whole, resumed)
    assert losses.equals(losses_resumed)


def test_killed_at_20_random_moments_and_resumed_ends_bit_identical(batches, small_settings, tmp_path):
    settings, moments = small_settings(epochs=6), random.Random(0)
    started = time.monotonic()
    whole, _ = _fit(batches, settings)
    length = time.monotonic() - started
    for _ in range(20):
        child = os.fork()
        if child == 0:
            _fit(batches, settings, checkpoints=tmp_path)
            os._exit(0)
        time.sleep(moments.uniform(0, 0.3 * length))
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
    resumed, _ = _fit(batches, settings, checkpoints=tmp_path)
    _assert_identical(whole, resumed)
    assert not list(tmp_path.glob("*.part"))


def test_finished_training_is_not_repeated(batches, small_settings, tmp_path):
    _fit(batches, small_settings(), checkpoints=tmp_path)
    calls = []
    _fit(batches, small_settings(), checkpoints=tmp_path, progress=lambda *state: calls.append(state))
    assert calls == []


def test_other_settings_begin_anew_beside_the_old_checkpoint(batches, small_settings, tmp_path):
    _fit(batches, small_settings(epochs=1), checkpoints=tmp_path)
    _, losses = _fit(batches, small_settings(epochs=2), checkpoints=tmp_path)
    assert len(losses) == 2
    assert len(list(tmp_path.glob("*.safetensors"))) == 2


def test_a_checkpoint_of_other_data_is_refused(batches, planted, small_settings, tmp_path):
    settings, path = small_settings(epochs=1), tmp_path / "run.safetensors"

    def network():
        return MviNet(3, 24, settings.network, generator=torch.Generator().manual_seed(0))

    train(network(), batches, settings=settings.training, checkpoint=path)
    other = planted(12, effect=1.0, seed=1)[1].training_batches(seed=5, batch_patients=6)
    with pytest.raises(ManifestError, match="was made from other data"):
        train(network(), other, settings=settings.training, checkpoint=path)


def test_a_loss_that_is_not_finite_stops_naming_epoch_and_patients(batches, small_settings):
    class Broken:
        roi_px, intensity_scale, grades = batches.roi_px, batches.intensity_scale, batches.grades
        fingerprint = batches.fingerprint

        def __len__(self):
            return 1

        def epoch(self, epoch):
            patients, rois, grades = next(iter(batches.epoch(epoch)))
            yield patients, rois * (1 if epoch == 0 else float("inf")), grades

    with pytest.raises(ConvergenceError, match=r"got nan in epoch 2 with patients S0\d\d, .*Lower learning_rate"):
        _fit(Broken(), small_settings())


def test_progress_counts_epochs_and_torch_is_left_as_it_was(batches, small_settings):
    threads, states = torch.get_num_threads(), []
    _fit(batches, small_settings(), progress=lambda *state: states.append(state))
    assert [(epoch, of) for epoch, of, _, _ in states] == [(1, 3), (2, 3), (3, 3)]
    assert states[-1][3] == 0
    assert torch.get_num_threads() == threads
    assert not torch.are_deterministic_algorithms_enabled()


def test_cosine_rate_is_that_of_torch():
    """Outside witness: torch.optim.lr_scheduler.CosineAnnealingLR with T_max = number of steps."""
    optimiser = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=0.5)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, T_max=10)
    theirs = []
    for _ in range(10):
        theirs.append(schedule.get_last_lr()[0])
        optimiser.step()
        schedule.step()
    settings = TrainSettings(learning_rate=0.5, schedule="cosine")
    assert [learning_rate(step, 10, settings) for step in range(10)] == pytest.approx(theirs)


def test_one_cycle_rises_to_its_peak_at_30_percent_and_falls_to_zero():
    rates = [learning_rate(step, 1000, TrainSettings(learning_rate=1.0)) for step in range(1000)]
    assert rates[0] == pytest.approx(1 / 25)
    assert rates[300] == max(rates) == 1.0
    assert rates[:301] == sorted(rates[:301])
    assert rates[300:] == sorted(rates[300:], reverse=True)
    assert rates[-1] < 1e-5


@pytest.mark.parametrize("wrong", [{"optimiser": "adam"}, {"schedule": "linear"}])
def test_an_unknown_name_in_the_settings_is_refused(batches, small_settings, wrong):
    with pytest.raises(MviError, match=r"must be .*, got (adam|linear)"):
        _fit(batches, small_settings(**wrong))


def test_loss_is_the_mean_over_combinations_of_the_cross_entropy():
    logits = torch.tensor([[[0.0, 0.0, 0.0], [2.0, 0.0, 0.0]]])
    by_hand = (torch.log(torch.tensor(3.0)) + torch.log(1 + 2 * torch.exp(torch.tensor(-2.0)))) / 2
    torch.testing.assert_close(combination_loss(logits, torch.tensor([0])), by_hand)

"""What a machine lacks is said in a sentence: a GPU, a precision, memory."""

import os
import resource

import pytest
import torch

from mvi_core.errors import MviError, MviWarning
from mvi_core.model import machine
from mvi_core.model.backbone import NetworkSettings
from mvi_core.model.cross_fit import fit_network
from mvi_core.model.machine import arithmetic, enough_memory, one_ahead, step_bytes, torch_device
from mvi_core.model.network import MviNet
from mvi_core.model.training import combination_loss

CPU = torch.device("cpu")


@pytest.fixture(scope="module")
def batches(planted):
    return planted(6, effect=1.0)[1].training_batches(seed=5, batch_patients=6)


@pytest.mark.skipif(torch.cuda.is_available(), reason="a GPU is there")
def test_an_absent_gpu_is_refused_with_what_to_do():
    with pytest.raises(MviError, match=r"got cuda, but torch sees no GPU\. Set training\.device to cpu"):
        torch_device("cuda")


def test_an_unknown_device_or_precision_is_refused(batches, small_settings):
    with pytest.raises(MviError, match="device must be one of cpu, cuda, got tpu"):
        fit_network(batches, settings=small_settings(device="tpu"), seed=1)
    with pytest.raises(MviError, match="precision must be one of float32, tf32, bf16, got half"):
        fit_network(batches, settings=small_settings(precision="half"), seed=1)
    with pytest.raises(MviError, match=r"tf32 is for device cuda, got device cpu"):
        fit_network(batches, settings=small_settings(precision="tf32"), seed=1)


def test_bf16_trains_and_warns_of_its_gradients(batches, small_settings):
    with pytest.warns(MviWarning, match=r"bf16 turns the gradient far from that in float64"):
        network, losses = fit_network(batches, settings=small_settings(precision="bf16"), seed=1)
    assert losses.loss.notna().all()
    assert network.classifier.weight.dtype == torch.float32
    exact, _ = fit_network(batches, settings=small_settings(), seed=1)
    assert not torch.equal(network.classifier.weight, exact.classifier.weight)


def test_precision_is_left_as_it_was():
    before = torch.backends.cudnn.conv.fp32_precision
    with arithmetic(CPU, "float32"):
        assert torch.backends.cudnn.conv.fp32_precision == "ieee"
    assert torch.backends.cudnn.conv.fp32_precision == before


def test_a_step_beyond_the_free_memory_is_refused_before_it_starts(batches, small_settings, monkeypatch):
    monkeypatch.setattr(machine, "_free_bytes", lambda device: 2**20)
    with pytest.raises(MviError, match=r"6 patient\(s\) needs about .* GiB free on cpu\. Lower training\.batch_pat"):
        fit_network(batches, settings=small_settings(), seed=1)


def test_a_failed_allocation_names_the_settings_to_lower():
    with (
        pytest.raises(MviError, match=r"Memory ran out .* Lower training\.batch_patients, network\.roi_px"),
        enough_memory(),
    ):
        torch.empty(10**15)
    with pytest.raises(RuntimeError, match="something else"), enough_memory():
        raise RuntimeError("something else")


def test_the_predicted_memory_bounds_a_step_of_the_papers_network():
    """A child process takes one step of one patient; its largest memory grows by what was predicted, or less."""
    read, write = os.pipe()
    if (child := os.fork()) == 0:
        network = MviNet(3, 64, generator=torch.Generator().manual_seed(0)).train()
        rois = torch.randn(1, 3, 3, 64, 64)
        with machine.reproducible():
            before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
            combination_loss(network(rois), torch.tensor([1])).backward()
            used = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) * 1024
        os.write(write, str(used / step_bytes(network, 9)).encode())
        os._exit(0)
    os.waitpid(child, 0)
    assert 0 <= float(os.read(read, 100)) < 1.3


def test_predicted_memory_grows_with_pixels_and_patients():
    small, large = (step_bytes(MviNet(3, px, NetworkSettings(width=8, blocks=(1, 1))), 9) for px in (32, 64))
    assert 3.5 < large / small < 4
    network = MviNet(3, 320)
    assert 2.3 < step_bytes(network, 9) / 2**30 < 2.8  # measured: 2.6 GiB
    assert step_bytes(network, 72) > 7.5 * step_bytes(network, 9)


def test_items_made_ahead_come_in_order_and_an_error_comes_through():
    assert list(one_ahead(range(1, 5))) == [1, 2, 3, 4]

    def broken():
        yield 1
        raise MviError("broken")

    with pytest.raises(MviError, match="broken"):
        list(one_ahead(broken()))

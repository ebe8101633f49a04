"""The network is the paper's, and its shared pass is the plain loop."""

import pytest
import torch
from torch.nn import functional

from mvi_core.errors import MviError
from mvi_core.model.backbone import NetworkSettings
from mvi_core.model.network import MOST_COMBINATIONS, MviNet, choose_combinations, slice_combinations
from mvi_core.model.training import combination_loss

SMALL = NetworkSettings(width=8, blocks=(1, 1))


def _network(n_sequences=3, settings=SMALL, roi_px=32, dtype=torch.float32):
    return MviNet(n_sequences, roi_px, settings, generator=torch.Generator().manual_seed(1)).to(dtype)


def _rois(n_patients=2, n_sequences=3, roi_px=32, dtype=torch.float32):
    generator = torch.Generator().manual_seed(2)
    return torch.randn(n_patients, n_sequences, 3, roi_px, roi_px, generator=generator, dtype=dtype)


def _plain_loop(network, rois, grades):
    """Loss of the obvious way: every combination is an input of its own, 81 backbone evaluations a patient."""
    combinations = slice_combinations(3)  # (27, 3)
    branches = [rois[:, s, combinations[:, s]].flatten(0, 1).unsqueeze(1) for s in range(3)]  # 3 times (B*27, 1, H, W)
    if network.settings.branch_statistics == "apart":
        features = [network.backbone(branch) for branch in branches]
    else:
        features = network.backbone(torch.cat(branches)).chunk(3)
    logits = functional.linear(torch.cat(features, dim=1), network.classifier.weight, network.classifier.bias)
    return functional.cross_entropy(logits, grades.repeat_interleave(27))


@pytest.mark.parametrize("branch_statistics", ["together", "apart"])
def test_loss_and_gradient_equal_those_of_the_plain_loop_over_27_combinations(branch_statistics):
    """Outside witness: `_plain_loop`, in float64, with batch normalisation in training mode."""
    settings = NetworkSettings(width=8, blocks=(2, 1), branch_statistics=branch_statistics)
    shared, plain = (_network(settings=settings, dtype=torch.float64) for _ in range(2))
    rois, grades = _rois(dtype=torch.float64), torch.tensor([0, 2])
    losses = combination_loss(shared(rois), grades), _plain_loop(plain, rois, grades)
    for loss in losses:
        loss.backward()
    assert abs(losses[0] - losses[1]) / losses[1] < 1e-12
    for (name, ours), theirs in zip(shared.named_parameters(), plain.parameters(), strict=True):
        assert (ours.grad - theirs.grad).norm() <= 1e-10 * theirs.grad.norm() + 1e-15, name


def test_running_variance_differs_from_the_plain_loop_by_its_sample_size_correction_only():
    shared, plain = (_network(dtype=torch.float64) for _ in range(2))
    rois, grades = _rois(dtype=torch.float64), torch.tensor([0, 2])
    shared(rois)
    _plain_loop(plain, rois, grades)
    pixels = 16 * 16  # after the stem
    first = [
        (network.backbone[1].running_var - 0.9) * (n - 1) / n
        for network, n in ((shared, 2 * 9 * pixels), (plain, 2 * 81 * pixels))
    ]
    torch.testing.assert_close(*first, rtol=1e-12, atol=0)
    torch.testing.assert_close(shared.backbone[1].running_mean, plain.backbone[1].running_mean, rtol=1e-12, atol=1e-15)


def test_paper_size_has_512_features_and_the_parameters_counted_by_hand():
    """By hand: stem 64*49 + 2*64; a bottleneck has conv 1x1, 3x3, 1x1 and two numbers per normalised channel."""
    stem = 64 * 49 + 2 * 64
    stage_1 = (64 * 64 + 9 * 64 * 64 + 64 * 256 + 64 * 256 + 2 * (64 + 64 + 256 + 256)) + 5 * (
        256 * 64 + 9 * 64 * 64 + 64 * 256 + 2 * (64 + 64 + 256)
    )
    stage_2 = (256 * 128 + 9 * 128 * 128 + 128 * 512 + 256 * 512 + 2 * (128 + 128 + 512 + 512)) + 5 * (
        512 * 128 + 9 * 128 * 128 + 128 * 512 + 2 * (128 + 128 + 512)
    )
    network = MviNet(3, 320)
    assert sum(p.numel() for p in network.parameters()) == stem + stage_1 + stage_2 + 3 * 512 * 3 + 3 == 2_214_595
    assert network.classifier.in_features == 3 * 512


def test_first_slices_alone_give_the_logits_of_the_first_combination():
    network, rois = _network().eval(), _rois()
    torch.testing.assert_close(network(rois[:, :, :1])[:, 0], network(rois)[:, 0])


def test_chosen_combinations_are_rows_of_all():
    network, rois = _network().eval(), _rois()
    rows = torch.tensor([0, 5, 26])
    torch.testing.assert_close(network(rois, slice_combinations(3)[rows]), network(rois)[:, rows])


def test_six_sequences_give_729_combinations_from_18_slices():
    network, seen = _network(6), []
    network.backbone[0].register_forward_hook(lambda module, inputs, output: seen.append(len(inputs[0])))
    assert network(_rois(1, 6)).shape == (1, 729, 3)
    assert seen == [18]


def test_the_order_of_patients_changes_nothing_at_inference():
    network, rois = _network().eval(), _rois(4)
    order = torch.tensor([2, 0, 3, 1])
    torch.testing.assert_close(network(rois[order]), network(rois)[order])


def test_group_normalisation_keeps_patients_apart_even_while_training():
    network, rois = _network(settings=NetworkSettings(width=8, blocks=(1, 1), normalisation="group")).train(), _rois(3)
    torch.testing.assert_close(network(rois)[:1], network(rois[:1]), rtol=1e-4, atol=1e-5)


def test_intensity_scale_is_part_of_the_network():
    network, rois = _network().eval(), _rois()
    before = network(rois)
    network.set_intensity_scale([3.0, 4.0, 5.0], [2.0, 2.0, 2.0])
    moved = rois * 2 + torch.tensor([3.0, 4.0, 5.0]).view(1, 3, 1, 1, 1)
    torch.testing.assert_close(network(moved), before, rtol=1e-4, atol=1e-5)
    assert "roi_mean" in network.state_dict()


def test_same_generator_same_first_weights_whatever_was_drawn_before():
    first = _network()
    torch.rand(7)
    torch.testing.assert_close(first.state_dict(), _network().state_dict(), rtol=0, atol=0)


def test_another_number_of_sequences_or_size_is_refused_with_both_shapes():
    with pytest.raises(MviError, match=r"rois must have shape \(B, 3, N, 32, 32\), got \(2, 6, 3, 32, 32\)"):
        _network()(_rois(2, 6))


def test_unknown_normalisation_is_refused():
    with pytest.raises(MviError, match="normalisation must be one of batch, group, got layer"):
        MviNet(3, 32, NetworkSettings(normalisation="layer"))


def _every_combination(network, rois, grades):
    """Loss by listing: each combination of slices as an input of its own."""
    slices = slice_combinations(rois.shape[1], rois.shape[2])  # (C, S)
    chosen = torch.stack([rois[:, s, slices[:, s]] for s in range(rois.shape[1])], dim=2)  # (B, C, S, H, W)
    images = chosen.flatten(0, 2).unsqueeze(1)  # (B*C*S, 1, H, W)
    features = network.backbone(images).unflatten(0, (-1, rois.shape[1])).flatten(1)  # (B*C, S*F)
    return functional.cross_entropy(network.classifier(features), grades.repeat_interleave(len(slices)))


@pytest.mark.parametrize("n_sequences, n_slices", [(6, 3), (2, 5), (1, 3), (4, 1)])
def test_loss_and_gradient_of_any_number_of_sequences_and_slices_equal_enumeration(n_sequences, n_slices):
    """Outside witness: `_every_combination`; six sequences of three slices are 729 combinations of 18 images."""
    shared, listed = (_network(n_sequences, dtype=torch.float64, roi_px=16) for _ in range(2))
    rois = torch.randn(1, n_sequences, n_slices, 16, 16, generator=torch.Generator().manual_seed(1)).double()
    grades = torch.tensor([1])
    losses = combination_loss(shared(rois), grades), _every_combination(listed, rois, grades)
    for loss in losses:
        loss.backward()
    assert abs(losses[0] - losses[1]) / losses[1] < 1e-12
    for (name, ours), theirs in zip(shared.named_parameters(), listed.parameters(), strict=True):
        assert (ours.grad - theirs.grad).norm() <= 1e-10 * theirs.grad.norm() + 1e-14, name


def test_too_many_combinations_are_sampled_evenly_by_seed_and_never_listed():
    """46,656 combinations of six slices: the mean over the sample comes near that over all."""
    rows = choose_combinations(6, 6, seed=3)
    assert rows.shape == (MOST_COMBINATIONS, 6)
    assert rows[0].tolist() == [0] * 6
    assert all(column.bincount().diff().abs().max() <= 1 for column in rows.T)
    assert torch.equal(rows, choose_combinations(6, 6, seed=3))
    assert not torch.equal(rows, choose_combinations(6, 6, seed=4))
    network = _network(6, roi_px=16).eval()
    rois = torch.randn(1, 6, 6, 16, 16, generator=torch.Generator().manual_seed(1))
    with torch.no_grad():
        assert network(rois).shape == (1, MOST_COMBINATIONS, 3)
        sampled = combination_loss(network(rois), torch.tensor([1]))
        whole = combination_loss(network(rois, slice_combinations(6, 6)), torch.tensor([1]))
    torch.testing.assert_close(sampled, whole, rtol=0.01, atol=0)


def test_a_product_that_no_memory_could_list_is_still_trained():
    network = _network(6, roi_px=16).train()
    logits = network(torch.randn(1, 6, 12, 16, 16, generator=torch.Generator().manual_seed(1)))  # of 3 million
    assert logits.shape == (1, MOST_COMBINATIONS, 3)
    assert torch.isfinite(combination_loss(logits, torch.tensor([0])))

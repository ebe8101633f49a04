"""Maps add up to what they explain, find what decides, and do not survive new weights; both ways of training agree."""

import copy

import numpy as np
import pytest
import torch
from torch import nn

from mvi_core.model.attention import integrated_gradients, log_odds, randomised
from mvi_core.model.backbone import NetworkSettings
from mvi_core.model.embedding import replaced_risks, slice_features
from mvi_core.model.network import MviNet
from mvi_core.model.prediction import grade_probabilities
from mvi_core.model.sharing import sharing_differences

SMALL = NetworkSettings(width=8, blocks=(1, 1))


def seeded(seed):
    return torch.Generator().manual_seed(seed)


@pytest.fixture
def network():
    return MviNet(2, 16, SMALL, generator=seeded(0)).eval()


@pytest.fixture
def rois():
    return torch.randn(5, 2, 3, 16, 16, generator=seeded(1))


class Linear(nn.Module):
    """Log-odds that are a weighted sum of the pixels of the first slices; integrated gradients are then w * x."""

    def __init__(self, weight):
        super().__init__()
        self.weight, self.roi_mean = weight, torch.zeros(2)

    def forward(self, rois):
        score = (rois[:, :, 0] * self.weight).sum((1, 2, 3))
        return torch.stack([torch.zeros_like(score), score, torch.full_like(score, -1e9)], dim=1)[:, None]


def test_log_odds_are_those_of_the_predicted_probabilities(network, rois):
    chance = grade_probabilities(network, [rois])["first"]
    with torch.no_grad():
        found = log_odds(network, rois).numpy()
    np.testing.assert_allclose(found, np.log(chance[:, 1:].sum(axis=1) / chance[:, 0]), atol=1e-5)


def test_the_shares_of_a_linear_score_are_weight_times_pixel(rois):
    weight = torch.randn(2, 16, 16, generator=seeded(2))
    shares, gap = integrated_gradients(Linear(weight), rois, n_steps=1)
    torch.testing.assert_close(shares, rois[:, :, 0] * weight)
    assert gap.abs().max() < 1e-3


def test_shares_add_up_to_the_change_of_the_log_odds_the_better_the_finer_the_steps(network, rois):
    with torch.no_grad():
        network.classifier.weight *= 200  # far from linear
    coarse, fine = (integrated_gradients(network, rois, n_steps=n)[1].abs().mean() for n in (2, 64))
    with torch.no_grad():
        change = log_odds(network, rois) - log_odds(network, torch.zeros_like(rois))
    assert fine < 0.05 * change.abs().mean() and fine < coarse / 4


def test_only_first_slices_count_and_the_images_stay_as_they_are(network, rois):
    before = rois.clone()
    shares, _ = integrated_gradients(network, rois, n_steps=2)
    other = rois.clone()
    other[:, :, 1:] = 7
    torch.testing.assert_close(integrated_gradients(network, other, n_steps=2)[0], shares)
    assert torch.equal(rois, before)


def test_new_weights_share_nothing_with_the_old_and_keep_the_scale_of_the_images(network, rois):
    network.set_intensity_scale([3.0, 4.0], [2.0, 5.0])
    before = copy.deepcopy(network.state_dict())
    twin = randomised(network, [rois], seed=5)
    assert all(torch.equal(value, before[name]) for name, value in network.state_dict().items())
    assert not twin.training and twin.roi_mean.tolist() == [3.0, 4.0]
    old, new = (torch.cat([p.flatten() for p in net.backbone[0].parameters()]) for net in (network, twin))
    assert abs(torch.corrcoef(torch.stack([old, new]))[0, 1]) < 0.2
    with torch.no_grad():
        assert twin(rois).std() > 0 and torch.isfinite(twin(rois)).all()
    again = randomised(network, [rois], seed=5)
    assert all(torch.equal(a, b) for a, b in zip(twin.parameters(), again.parameters(), strict=True))


def test_replacing_nothing_or_all_gives_the_networks_own_risks(network, rois):
    other = torch.randn(rois.shape, generator=seeded(3))
    features = [slice_features(network, [images]) for images in (rois, other)]
    table = replaced_risks(network, *features, ["T1", "T2"])
    assert table["replaced"].unique().tolist() == ["", "T2", "T1", "T1+T2"]
    mixed = torch.stack([other[:, 0], rois[:, 1]], dim=1)
    for name, images in (("", rois), ("T1+T2", other), ("T1", mixed)):
        chance = grade_probabilities(network, [images])["first"]
        part = table[table["replaced"] == name]
        np.testing.assert_allclose(part["dl_risk"], chance[:, 1:].sum(axis=1), atol=1e-6)
        assert part["dl_mvi"].tolist() == (chance.argmax(axis=1) > 0).astype(int).tolist()


@pytest.mark.parametrize("statistics", ["together", "apart"])
def test_a_pass_per_slice_trains_as_a_pass_per_combination(statistics):
    """Nine slices stand in 27 combinations, nine times each: a ninth of the arithmetic, variances n / (n - 1) apart."""
    settings = NetworkSettings(width=8, blocks=(1, 1), branch_statistics=statistics)
    network = MviNet(3, 16, settings, generator=seeded(0)).double()
    rois = torch.randn(1, 3, 3, 16, 16, generator=seeded(4)).double()
    found = sharing_differences(network, rois, torch.tensor([2]))
    assert found["loss"] < 1e-12 and found["gradient"] < 1e-10
    assert found["arithmetic"] == pytest.approx(9, rel=0.01)
    sequences = 9 if statistics == "together" else 3
    low, high = (n / (n - 1) * (9 * n - 1) / (9 * n) for n in (sequences * 8**2, sequences * 2**2))
    assert found["variance_low"] == pytest.approx(low, abs=1e-9)
    assert found["variance_high"] == pytest.approx(high, abs=1e-9)

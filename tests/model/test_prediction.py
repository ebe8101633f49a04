"""Scores of a patient are what the two scorings say, and nothing else."""

from itertools import product
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from mvi_core.errors import MviError, SplitError
from mvi_core.model.backbone import NetworkSettings
from mvi_core.model.network import MviNet
from mvi_core.model.prediction import COLUMNS, grade_probabilities, patient_digests, prediction_table, refuse_seen
from mvi_core.names import PREDICTION_COLUMNS


@pytest.fixture(scope="module")
def network():
    made = MviNet(3, 16, NetworkSettings(width=8, blocks=(1, 1)), generator=torch.Generator().manual_seed(0))
    torch.nn.init.normal_(made.classifier.weight, generator=torch.Generator().manual_seed(1))
    return made.eval()


@pytest.fixture(scope="module")
def rois():
    return torch.randn(5, 3, 3, 16, 16, generator=torch.Generator().manual_seed(2))


def test_first_scoring_uses_the_first_slices_only(network, rois):
    changed = rois.clone()
    changed[:, :, 1:] = 0
    before, after = (grade_probabilities(network, [images]) for images in (rois, changed))
    np.testing.assert_allclose(before["first"], after["first"], atol=1e-6)
    assert not np.allclose(before["mean"], after["mean"], atol=1e-6)


def test_mean_scoring_is_the_mean_over_a_plain_loop_of_27_inputs(network, rois):
    """Outside witness: each combination as a patient of one slice per sequence."""
    with torch.no_grad():
        loop = [
            network(torch.stack([rois[:, s, [k]] for s, k in enumerate(slices)], dim=1))[:, 0].softmax(-1)
            for slices in product(range(3), repeat=3)
        ]
    np.testing.assert_allclose(
        grade_probabilities(network, [rois])["mean"], torch.stack(loop).mean(0).numpy(), atol=1e-5
    )


def test_batches_change_nothing(network, rois):
    whole, parts = grade_probabilities(network, [rois]), grade_probabilities(network, [rois[:2], rois[2:]])
    for scoring in whole:
        np.testing.assert_allclose(whole[scoring], parts[scoring], atol=1e-6)


def test_training_mode_is_refused(rois):
    with pytest.raises(MviError, match=r"evaluation mode, got training mode\. Call network\.eval"):
        grade_probabilities(MviNet(3, 16, NetworkSettings(width=8, blocks=(1, 1))), [rois])


def test_table_has_risk_grade_and_decision():
    dataset = SimpleNamespace(patient_ids=np.array(["a", "b", "c"]), enrolment=np.array(["2015", "2015", "2018"]))
    chance = np.array([[0.4, 0.3, 0.3], [0.3, 0.5, 0.2], [0.1, 0.2, 0.7]])
    table = prediction_table(dataset, {"first": chance, "mean": chance, "calls": chance}, split="external")
    assert tuple(table.columns) == COLUMNS
    assert COLUMNS[: len(PREDICTION_COLUMNS)] == PREDICTION_COLUMNS
    first = table[table.scoring == "first"]
    assert first.dl_risk.tolist() == pytest.approx([0.6, 0.7, 0.9])
    assert first.dl_grade.tolist() == ["M0", "M1", "M2"]
    assert first.dl_mvi.tolist() == [0, 1, 1]  # the most probable grade decides, not a risk above one half
    assert table.fold.isna().all()


def test_calls_are_the_shares_of_a_plain_loop_over_combinations(network, rois):
    with torch.no_grad():
        loop = [
            network(torch.stack([rois[:, s, [k]] for s, k in enumerate(slices)], dim=1))[:, 0].argmax(-1)
            for slices in product(range(3), repeat=3)
        ]
    counts = torch.nn.functional.one_hot(torch.stack(loop, dim=1), 3).sum(dim=1)
    np.testing.assert_allclose(grade_probabilities(network, [rois])["calls"], counts.numpy() / 27, atol=1e-12)


def test_a_record_of_patients_names_nobody_and_refuses_those_it_saw():
    record = patient_digests(["Smith", "P2"])
    assert "Smith" not in str(record) and record == patient_digests(["P2", "Smith"])
    refuse_seen(record, ["P3"])
    with pytest.raises(SplitError, match=r"seen 1 of the patients in training, first P2; judge them on others"):
        refuse_seen(record, ["P3", "P2"])

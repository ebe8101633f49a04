"""Batches hold the right patients, depend on seed and epoch alone, and take their scale from training patients."""

import numpy as np
import pandas as pd
import pytest
import torch

from mvi_core.dataset.augment import AugmentSettings
from mvi_core.dataset.torch_dataset import roi_dataset
from mvi_core.errors import CohortError, MviError, MviWarning, RoiError, SplitError
from mvi_core.names import SEQUENCES

N = 10
IDS = [f"P{number:02d}" for number in range(N)]
PLAIN = AugmentSettings(flip_probability=0, scale=(1, 1), noise_sd=0, margin_px=(10, 10), plain_margin_px=10)


def _patients():
    return pd.DataFrame({"patient_id": IDS, "enrolment": "2015", "mvi_grade": ["M0", "M1"] * (N // 2)})


def _index(ids=IDS):
    rows = [(name, str(s), k, 2, 52, 4, 44) for name in ids for s in SEQUENCES for k in range(3)]
    return pd.DataFrame(rows, columns=["patient_id", "sequence", "slice_index", "row0", "row1", "col0", "col1"])


def _rois():
    """Each ROI is constant: patient + sequence / 10."""
    level = np.arange(N)[:, None] + np.arange(6)[None] / 10
    return np.broadcast_to(level[:, :, None, None, None], (N, 6, 3, 8, 8)).astype(np.float16)


def _dataset(rois=None, patients=None, sequences=("T1", "T1V"), augment=PLAIN):
    rois, patients = _rois() if rois is None else rois, _patients() if patients is None else patients
    return roi_dataset(rois, _index(), patients, sequences=sequences, augment=augment)


def _seen(dataset, epoch=0, seed=1, batch_patients=4):
    return list(dataset.training_batches(seed=seed, batch_patients=batch_patients).epoch(epoch))


def test_patients_keep_their_images_grades_and_crop_sizes_in_any_order():
    dataset = _dataset(patients=_patients()[::-1])
    assert dataset.patient_ids.tolist() == IDS[::-1]
    assert dataset.rois[0, :, 0, 0, 0].tolist() == pytest.approx([9.0, 9.2], abs=0.01)  # T1 and T1V of the last
    assert dataset.grades[:2].tolist() == [1, 0]
    assert dataset.crop_px[0, 0, 0].tolist() == [50, 40]


def test_an_epoch_shows_every_patient_once_with_the_own_image():
    for patient_ids, rois, grades in _seen(_dataset()):
        assert rois[:, 0, 0, 0, 0].tolist() == [IDS.index(name) for name in patient_ids]
        assert grades.tolist() == [IDS.index(name) % 2 for name in patient_ids]
    assert sorted(np.concatenate([batch[0] for batch in _seen(_dataset())])) == IDS


def test_batches_of_an_epoch_differ_by_at_most_one_patient():
    assert [len(batch[0]) for batch in _seen(_dataset())] == [4, 3, 3]


def test_order_of_rows_and_earlier_epochs_change_no_batch():
    straight = _seen(_dataset(augment=AugmentSettings()), epoch=3)
    turned = _dataset(patients=_patients()[::-1], augment=AugmentSettings()).training_batches(seed=1, batch_patients=4)
    list(turned.epoch(0))
    for ours, theirs in zip(straight, turned.epoch(3), strict=True):
        assert ours[0].tolist() == theirs[0].tolist()
        assert torch.equal(ours[1], theirs[1])


def test_epochs_and_seeds_shuffle_and_vary_differently():
    first = np.concatenate([batch[0] for batch in _seen(_dataset())]).tolist()
    assert first != np.concatenate([batch[0] for batch in _seen(_dataset(), epoch=1)]).tolist()
    assert first != np.concatenate([batch[0] for batch in _seen(_dataset(), seed=2)]).tolist()


def test_intensity_scale_is_that_of_training_patients_only():
    seen, _ = _dataset().part(IDS[:5], IDS[5:])
    mean, sd = seen.intensity_scale()
    assert mean.tolist() == pytest.approx([2.0, 2.2], abs=0.01)
    assert sd[0].item() == pytest.approx(np.std(range(5)), abs=0.01)


def test_a_blank_sequence_warns_and_keeps_finite_values():
    rois = _rois().copy()
    rois[:, 0] = 7
    with pytest.warns(MviWarning, match="Every ROI of T1 is blank in 10 patients"):
        mean, sd = _dataset(rois).intensity_scale()
    assert (mean[0], sd[0]) == (7, 1)


def test_a_patient_on_both_sides_is_refused():
    with pytest.raises(SplitError, match="P04"):
        _dataset().part(IDS[:5], IDS[4:])


def test_the_fingerprint_tells_data_apart_but_not_copies():
    changed = _rois().copy()
    changed[3, 0, 0, 0, 0] += 1
    prints = [each.fingerprint() for each in (_dataset(), _dataset(), _dataset(changed), _dataset(sequences=["T1"]))]
    assert prints[0] == prints[1]
    assert len(set(prints)) == 3


def test_plain_rois_are_all_patients_in_order():
    assert torch.cat(list(_dataset().plain_rois()))[:, 0, 0, 0, 0].tolist() == list(range(N))


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        ({"patients": _patients().assign(mvi_grade="present")}, CohortError, r"10 patient\(s\) have no MVI grade"),
        ({"patients": pd.concat([_patients()] * 2)}, CohortError, r"stand in two rows: P00, P01"),
        ({"patients": _patients().assign(patient_id=["X", *IDS[1:]])}, RoiError, r"no ROIs in the cache: X"),
        ({"sequences": ["T1", "T3"]}, CohortError, r"sequences must name .*, got T1, T3"),
        ({"sequences": ["T1", "T1"]}, CohortError, r"at most once, got T1, T1"),
        ({"sequences": []}, CohortError, r"got none"),
        ({"rois": _rois()[:9]}, MviError, r"rois must have shape \(10, 6, 3, H, W\), got \(9, 6, 3, 8, 8\)"),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_refused_with_a_sentence(change, error, message):
    with pytest.raises(error, match=message):
        _dataset(**change)


def test_intensities_that_are_not_finite_are_refused_by_patient():
    rois = _rois().copy()
    rois[6, 0, 1, 2, 2] = np.inf
    with pytest.raises(RoiError, match=r"not finite: P06\. Build the ROI cache again"):
        _dataset(rois)

"""A draw is decided by seed, patient and epoch alone, and does to the image what it says."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch.nn import functional

from mvi_core.dataset.augment import (
    AugmentSettings,
    apply_augmentation,
    draw_augmentation,
    no_augmentation,
    patient_generator,
    stack_draws,
)
from mvi_core.dataset.roi import RoiBox, crop, enlarge, resize

SHAPE = (2, 1, 3)  # patients, sequences, slices
STILL = AugmentSettings(plain_margin_px=10)  # the whole cached crop


def _rois(size=24):
    return torch.randn(*SHAPE, size, size, generator=torch.Generator().manual_seed(0))


def _apply(rois, draw, height=60, width=40):
    crop_px = np.broadcast_to([float(height), float(width)], (*rois.shape[:3], 2))
    return apply_augmentation(rois, draw, crop_px=crop_px, sequence_sd=torch.ones(rois.shape[1]))


def _draw(seed=1, patient="P1", epoch=0, settings=None):
    return draw_augmentation(patient_generator(seed, patient, epoch), settings or AugmentSettings())


def _equal(first, second):
    return all(np.array_equal(value, getattr(second, name)) for name, value in vars(first).items())


def test_a_draw_is_the_same_at_every_visit_and_differs_by_seed_patient_and_epoch():
    assert _equal(_draw(), _draw())
    for other in (_draw(seed=2), _draw(patient="P2"), _draw(epoch=1)):
        assert not np.array_equal(_draw().margin_px, other.margin_px)


def test_a_draw_of_a_sequence_does_not_depend_on_its_company():
    assert _equal(_draw().select([4]), _draw().select([0, 4]).select([1]))


def test_draws_stay_in_their_ranges_and_reach_them():
    draws = stack_draws([_draw(patient=f"P{number}") for number in range(200)])
    assert set(np.unique(draws.margin_px)) == {5, 6, 7, 8, 9, 10}
    assert 0.9 <= draws.scale.min() < 0.905 < 1.095 < draws.scale.max() <= 1.1
    assert 0 <= draws.noise_sd.min() < 0.005 < 0.095 < draws.noise_sd.max() <= 0.1
    assert abs(draws.flip.mean() - 0.5) < 0.02
    assert len(np.unique(draws.noise_seed)) == draws.noise_seed.size


def test_no_augmentation_with_the_full_margin_returns_the_crop():
    rois = _rois()
    torch.testing.assert_close(_apply(rois, no_augmentation(SHAPE, STILL)), rois)


@pytest.mark.parametrize(("axis", "dimension"), [(0, -2), (1, -1)])
def test_a_flip_is_a_flip(axis, dimension):
    rois, still = _rois(), no_augmentation(SHAPE, STILL)
    flip = still.flip.copy()
    flip[..., axis] = True
    torch.testing.assert_close(_apply(rois, replace(still, flip=flip)), rois.flip(dimension))


def test_a_smaller_margin_is_the_smaller_crop_of_the_image():
    """Outside witness: the ROI cut anew from the image with that margin at each side and resized by itself.

    A smooth image, so that the two resizes in a row cost little.
    """
    row, column = np.mgrid[0:100, 0:90].astype(np.float32)
    image = np.sin(row / 9) + np.cos(column / 7)
    box, size, margins = RoiBox(30, 25, 66, 57), 64, {"top": 5, "bottom": 8, "left": 10, "right": 6}
    cached = crop(image, enlarge(box, 10, image.shape))
    wanted = crop(image, enlarge(box, [margins[side] for side in ("top", "left", "bottom", "right")], image.shape))
    draw = no_augmentation((1, 1, 1), STILL)
    draw = replace(draw, margin_px=np.array(list(margins.values()), float).reshape(1, 1, 1, 4))
    ours = _apply(torch.from_numpy(resize(cached, size))[None, None, None], draw, *cached.shape)
    np.testing.assert_allclose(ours[0, 0, 0].numpy(), resize(wanted, size), atol=0.03)


def test_sampling_is_that_of_affine_grid():
    """Outside witness: torch's affine_grid with the same zoom and shift."""
    rois, draw = _rois(), no_augmentation(SHAPE, STILL)
    margin = np.broadcast_to([4.0, 10.0, 10.0, 6.0], (*SHAPE, 4))  # 6 of 60 px off the top, 4 of 40 px off the right
    ours = _apply(rois, replace(draw, margin_px=margin, scale=np.full(SHAPE, 1.25)))
    theta = torch.tensor([[[0.9 / 1.25, 0, -0.1], [0, 0.9 / 1.25, 0.1]]]).expand(6, 2, 3)
    images = rois.flatten(0, 2).unsqueeze(1)
    grid = functional.affine_grid(theta, list(images.shape), align_corners=False)
    theirs = functional.grid_sample(images, grid, padding_mode="border", align_corners=False)
    torch.testing.assert_close(ours.flatten(0, 2).unsqueeze(1), theirs, rtol=1e-4, atol=1e-5)


def test_noise_has_the_drawn_size_in_units_of_the_sequence_and_its_own_seed():
    rois, still = torch.zeros(1, 2, 3, 64, 64), no_augmentation((1, 2, 3), STILL)
    draw = replace(still, noise_sd=np.full((1, 2, 3), 0.1), noise_seed=np.arange(6).reshape(1, 2, 3))
    noisy = apply_augmentation(rois, draw, crop_px=np.full((1, 2, 3, 2), 50.0), sequence_sd=torch.tensor([1.0, 20.0]))
    np.testing.assert_allclose(noisy.std(dim=(-1, -2))[0], [[0.1] * 3, [2.0] * 3], rtol=0.05)
    assert abs(np.corrcoef(noisy[0].reshape(6, -1).numpy())[0, 1:]).max() < 0.06


def test_batches_change_nothing_and_the_input_stays():
    rois = _rois()
    before = rois.clone()
    draw = stack_draws([_draw(patient=name).select([0]) for name in ("P1", "P2")])
    whole = _apply(rois, draw)
    second = _apply(rois[1:], stack_draws([_draw(patient="P2").select([0])]))
    torch.testing.assert_close(whole[1:], second)
    torch.testing.assert_close(rois, before, rtol=0, atol=0)

"""Which variations of a ROI does training see: flips, scaling, noise and margin, drawn first and applied second."""

import hashlib
from dataclasses import dataclass

import numpy as np
import torch
from torch.nn import functional

from mvi_core.names import MARGIN_PX, N_SLICES, SEQUENCES

CACHE_MARGIN_PX = MARGIN_PX[1]  # the cached crop is enlarged by the largest margin
SIDES = ("top", "bottom", "left", "right")


@dataclass(frozen=True)
class AugmentSettings:
    """Range of each variation; the paper names the kinds but no numbers, besides the margin.

    Parameters
    ----------
    flip_probability : float
        Of a flip along the rows, and of one along the columns, independently.
    scale : tuple of float
        Range of the zoom factor; 1 leaves the size, above 1 enlarges the lesion.
    noise_sd : float
        Largest standard deviation of the Gaussian noise, in standard deviations of the sequence.
    margin_px : tuple of int
        Smallest and largest enlargement at each side (paper, Methods, step 1: 5 to 10 px), at most 10.
    plain_margin_px : float
        Enlargement where nothing is drawn, at inference; the middle of the range.
    """

    flip_probability: float = 0.5
    scale: tuple[float, float] = (0.9, 1.1)
    noise_sd: float = 0.1
    margin_px: tuple[int, int] = MARGIN_PX
    plain_margin_px: float = sum(MARGIN_PX) / 2


@dataclass(frozen=True)
class Draw:
    """Variations of some ROIs, recorded before any is applied.

    Parameters
    ----------
    flip : numpy.ndarray of bool, shape (..., 2)
        Along rows, along columns.
    scale : numpy.ndarray of float, shape (...)
    noise_sd : numpy.ndarray of float, shape (...)
        In standard deviations of the sequence.
    noise_seed : numpy.ndarray of int64, shape (...)
        Seeds the noise image of a ROI, so that the record stays small.
    margin_px : numpy.ndarray of float, shape (..., 4)
        Enlargement at the top, bottom, left and right.
    """

    flip: np.ndarray
    scale: np.ndarray
    noise_sd: np.ndarray
    noise_seed: np.ndarray
    margin_px: np.ndarray

    def select(self, sequence_index):
        """Draw of some sequences only, given by their positions in `names.SEQUENCES`."""
        return Draw(**{name: value[sequence_index] for name, value in vars(self).items()})


def patient_generator(seed, patient_id, epoch):
    """Make the generator of one patient in one epoch; neither order, batch nor worker enters it."""
    key = hashlib.sha256(f"{seed}/{patient_id}/{epoch}".encode()).digest()
    return np.random.Generator(np.random.Philox(key=int.from_bytes(key[:16])))


def draw_augmentation(rng, settings, *, n_slices=N_SLICES):
    """Variations of every ROI of one patient.

    All six sequences are drawn, also those that a model does not use, so that the draw of a sequence does not
    depend on its company.

    Parameters
    ----------
    rng : numpy.random.Generator
        Usually of `patient_generator`.
    settings : AugmentSettings
    n_slices : int

    Returns
    -------
    Draw
        Leading shape (6, n_slices): each ROI has its own draw.
    """
    shape = (len(SEQUENCES), n_slices)
    low, high = settings.margin_px
    return Draw(
        flip=rng.random((*shape, 2)) < settings.flip_probability,
        scale=rng.uniform(*settings.scale, shape),
        noise_sd=rng.uniform(0, settings.noise_sd, shape),
        noise_seed=rng.integers(2**62, size=shape),
        margin_px=rng.integers(low, high, size=(*shape, len(SIDES)), endpoint=True).astype(float),
    )


def no_augmentation(shape, settings):
    """Draw of a leading shape, (patients, sequences, slices), that changes nothing but the margin, for inference."""
    return Draw(
        flip=np.zeros((*shape, 2), bool),
        scale=np.ones(shape),
        noise_sd=np.zeros(shape),
        noise_seed=np.zeros(shape, np.int64),
        margin_px=np.full((*shape, len(SIDES)), settings.plain_margin_px),
    )


def stack_draws(draws):
    """Several draws as one, with a new first axis."""
    return Draw(**{name: np.stack([getattr(draw, name) for draw in draws]) for name in vars(draws[0])})


def apply_augmentation(rois, draw, *, crop_px, sequence_sd):
    """ROIs with a draw applied, all in one pass.

    Parameters
    ----------
    rois : torch.Tensor of float, shape (B, S, N, H, W)
        Cached crops with a margin of 10 px; left as they are.
    draw : Draw
        Leading shape (B, S, N).
    crop_px : numpy.ndarray of float, shape (B, S, N, 2)
        Height and width of the cached crop in pixels of its image, before the resize; gives margins their size.
    sequence_sd : torch.Tensor, shape (S,)
        Intensity standard deviation of each sequence in training patients, the unit of the noise.

    Returns
    -------
    torch.Tensor, shape (B, S, N, H, W)

    Notes
    -----
    The zoom acts about the centre of the enlarged ROI; where it leaves the crop, the border value is repeated.
    """
    shape = rois.shape
    images = rois.flatten(0, 2).unsqueeze(1)  # (B*S*N, 1, H, W)
    grid = _grid(draw, crop_px, rois)  # (B*S*N, H, W, 2)
    varied = functional.grid_sample(images, grid, padding_mode="border", align_corners=False).view(shape)
    if not draw.noise_sd.any():
        return varied
    noise_sd = torch.as_tensor(draw.noise_sd, dtype=rois.dtype, device=rois.device)  # (B, S, N)
    noise_sd = noise_sd * sequence_sd[:, None].to(rois.device)
    return varied + noise_sd[..., None, None] * _noise(draw.noise_seed, varied)


def _grid(draw, crop_px, rois):
    """Where each output pixel is read, x before y, the crop reaching from -1 to 1; faster than `affine_grid`."""
    cut = (CACHE_MARGIN_PX - draw.margin_px) / np.repeat(crop_px, 2, axis=-1)  # (..., 4) share of the crop
    before, after = cut[..., 0::2], cut[..., 1::2]  # (..., 2) of y and x
    half = (1 - before - after) / draw.scale[..., None] * np.where(draw.flip, -1, 1)
    axes = []
    for axis, length in enumerate(rois.shape[-2:]):
        centres = (2 * np.arange(length) + 1) / length - 1  # of output pixels
        places = half[..., [axis]] * centres + (before - after)[..., [axis]]
        axes.append(torch.as_tensor(places.reshape(-1, length), dtype=rois.dtype, device=rois.device))
    y, x = axes  # (n, H), (n, W)
    full = (len(y), *rois.shape[-2:])
    return torch.stack([x[:, None, :].expand(full), y[:, :, None].expand(full)], dim=-1)  # (n, H, W, 2)


def _noise(seeds, like):
    """Drawn on the CPU whatever the device, so that the draw is the same."""
    generator, noise = torch.Generator(), torch.empty(like.shape, dtype=like.dtype)
    for image, seed in zip(noise.flatten(0, 2), seeds.ravel().tolist(), strict=True):
        image.normal_(generator=generator.manual_seed(seed))
    return noise.to(like.device)

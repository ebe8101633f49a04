"""How would a simulated patient look without the drift of the scanner, and where in the lesion image is the lesion."""

import numpy as np
from scipy import ndimage

from mvi_core.dataset.phantom import SETTINGS
from mvi_core.dataset.phantom_image import plan_patient, render
from mvi_core.dataset.roi import RoiBox, crop, resize
from mvi_core.names import DEVELOPMENT_YEAR, SEQUENCES, MrSequence

RIM_MM, BAND_MM = 3.0, 10.0  # half width of the rim; outer edge of the peritumoural band, as far as its signs reach
REGIONS = ("tumour", "rim", "peritumoural", "farther out")


def render_again(patients, index, *, seed, grid, roi_px, drift=False):
    """Lesion images of simulated patients, drawn again from the same random numbers, and the share of lesion in them.

    Parameters
    ----------
    patients : pandas.DataFrame
        Columns ``patient_id``, ``enrolment``, ``mvi_grade``, ``size_cm``, as when they were first simulated.
    index : pandas.DataFrame
        Index of their ROI cache; the sequences and crops in it are made, in the order of `patients`.
    seed : int
        As when they were first simulated.
    grid : tuple (int, int, float)
        Slices of a series, rows and columns, pixel spacing in mm, as when they were first simulated.
    roi_px : int
    drift : bool
        Keep the drift of the later scanner settings: then the images are those of the cache, value by value.

    Returns
    -------
    rois, lesion : numpy.ndarray of float16, shape (P, S, 3, roi_px, roi_px)
        Intensities, and from 0 to 1 the share of each pixel that is lesion; sequences in the order of the index.
    """
    crops = {name: part for name, part in index.groupby("patient_id", sort=False)}
    made = [_patient(row, crops[row["patient_id"]], seed, grid, roi_px, drift) for row in patients.to_dict("records")]
    return tuple(np.stack(part).astype(np.float16) for part in zip(*made, strict=True))


def regions(lesion, pixel_mm):
    """Region of each pixel, by its distance from the margin of the lesion.

    Parameters
    ----------
    lesion : numpy.ndarray of float, shape (P, S, H, W)
        Share of each pixel that is lesion.
    pixel_mm : numpy.ndarray of float, shape (P, S, 2)
        Height and width of a pixel, mm.

    Returns
    -------
    numpy.ndarray of int8, shape (P, S, H, W)
        Positions in ``REGIONS``: farther inside than 3 mm, within 3 mm of the margin, outside up to 10 mm, beyond.

    Examples
    --------
    >>> row = np.array([[[[1, 1, 1, 1, 0, 0, 0, 0]]]], dtype=float)
    >>> regions(row, np.full((1, 1, 2), 2.0))[0, 0, 0].tolist()
    [0, 0, 1, 1, 1, 1, 2, 2]
    """
    place = np.empty(lesion.shape, dtype=np.int8)
    for at in np.ndindex(lesion.shape[:2]):
        inside, size = lesion[at] > 0.5, tuple(pixel_mm[at])  # distances below are to the first pixel beyond the margin
        depth = ndimage.distance_transform_edt(inside, sampling=size) - ndimage.distance_transform_edt(
            ~inside, sampling=size
        )
        outside = np.where(depth < 0, -depth, 0) - np.mean(size) / 2
        place[at] = np.select([depth - np.mean(size) / 2 > RIM_MM, outside <= RIM_MM, outside <= BAND_MM], [0, 1, 2], 3)
    return place


def _patient(patient, crops, seed, grid, roi_px, drift):
    n_slices, rows, spacing = grid
    settings = patient if drift else patient | {"enrolment": DEVELOPMENT_YEAR}
    plan = plan_patient(settings, seed=seed, n_slices=n_slices)
    largest, off_centre = plan.rng.integers(1, n_slices - 1, 3), plan.rng.uniform(-0.3, 0.3, 3)
    wanted = {name: part for name, part in crops.groupby("sequence", sort=False)}
    images, lesions = {}, {}
    for place, sequence in enumerate(SEQUENCES[: 1 + max(SEQUENCES.index(name) for name in wanted)]):
        stack, share = max(place - 3, 0), 0.8 if sequence is MrSequence.DWI else 1.0
        heights = (np.arange(n_slices) - largest[stack] + off_centre[stack]) * SETTINGS[sequence]["step_mm"]
        drawn = render(plan, sequence, heights_mm=heights, matrix=round(rows * share), pixel_mm=spacing / share)
        if sequence in wanted:
            boxes = [
                (row.slice_index, RoiBox(row.row0, row.col0, row.row1, row.col1))
                for row in wanted[sequence].itertuples()
            ]
            images[sequence], lesions[sequence] = (
                [resize(crop(stack[at].astype(np.float32), box), roi_px) for at, box in boxes] for stack in drawn
            )
    return tuple(np.stack([part[name] for name in wanted]) for part in (images, lesions))

"""Which three slices show the tumour at its largest: the consecutive slices that represent a patient."""

import numpy as np
from scipy.spatial.distance import pdist

from mvi_core.errors import RoiError
from mvi_core.names import N_SLICES


def largest_diameter(mask):
    """Largest distance, in pixels, between two pixel corners of a mask (rows, columns); 0 where nothing is marked.

    >>> largest_diameter([[0, 1, 1, 1], [0, 0, 0, 0]]) == 10**0.5
    True
    """
    rows, columns = np.nonzero(np.asarray(mask, dtype=bool))
    if not rows.size:
        return 0.0
    first = np.unique(rows, return_index=True)[1]
    last = np.append(first[1:], rows.size) - 1  # outermost pixels of each row carry the farthest corners
    sides = [(first, 0, 0), (first, 1, 0), (last, 0, 1), (last, 1, 1)]  # pixels, then down and right to the corner
    corners = np.concatenate([np.stack([rows[i] + down, columns[i] + right], axis=1) for i, down, right in sides])
    return float(pdist(corners).max())


def box_diameter(box):
    """Longer side of a box, in pixels: the diameter that a reader who drew a tight box measured."""
    return float(max(box.height, box.width))


def triplet_at_largest(diameters, n_slices, where="series"):
    """Three consecutive slices centred on the largest in-plane diameter (paper, Methods, step 2).

    Of equal diameters the middle one counts (of an even number the lower middle).

    Parameters
    ----------
    diameters : dict of int to float
        In-plane diameter by slice index, for the slices that show the lesion.
    n_slices : int
        Slices of the series.
    where : str
        Patient and sequence, for messages.

    Returns
    -------
    tuple of int
        Three ascending slice indices. At an end of the series the triplet is moved inwards, so that it stays inside.

    Raises
    ------
    RoiError
        If no slice shows the lesion, an index lies outside the series, or the series has fewer than three slices.

    Examples
    --------
    >>> triplet_at_largest({1: 10, 2: 18, 3: 12}, 5)
    (1, 2, 3)
    >>> triplet_at_largest({0: 18, 1: 10}, 5)
    (0, 1, 2)
    """
    if n_slices < N_SLICES:
        raise RoiError(f"{where} has {n_slices} slices, at least {N_SLICES} are needed. Export the whole series.")
    shown = {index: diameter for index, diameter in diameters.items() if diameter > 0}
    if not shown:
        raise RoiError(f"{where}: no slice shows the lesion. Draw its box in rois.csv.")
    if outside := [index for index in shown if not 0 <= index < n_slices]:
        raise RoiError(
            f"{where}: slice_index {outside[0]} is not between 0 and {n_slices - 1}. "
            "Slices count from 0, ascending along the slice normal."
        )
    most = max(shown.values())
    largest = sorted(index for index, diameter in shown.items() if diameter == most)
    first = min(max(largest[(len(largest) - 1) // 2] - 1, 0), n_slices - N_SLICES)
    return tuple(range(first, first + N_SLICES))

"""Three consecutive slices at the largest diameter."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.spatial.distance import pdist

from mvi_core.dataset.roi import RoiBox
from mvi_core.dataset.triplets import box_diameter, largest_diameter, triplet_at_largest
from mvi_core.errors import RoiError


@given(st.dictionaries(st.integers(0, 11), st.floats(0.5, 90), min_size=1), st.integers(12, 20))
def test_a_triplet_is_three_consecutive_slices_that_hold_the_largest(diameters, n_slices):
    first, second, third = triplet_at_largest(diameters, n_slices)
    assert (second - first, third - second) == (1, 1) and first >= 0 and third < n_slices
    assert max(diameters.values()) in [diameters.get(index) for index in (first, second, third)]


@pytest.mark.parametrize(
    ("diameters", "triplet"),
    [({4: 9.0}, (2, 3, 4)), ({0: 9.0}, (0, 1, 2)), ({1: 5, 2: 9, 3: 9, 4: 9}, (2, 3, 4)), ({2: 9, 3: 9}, (1, 2, 3))],
)
def test_the_triplet_is_centred_and_moved_inwards_at_the_ends(diameters, triplet):
    assert triplet_at_largest(diameters, 5) == triplet


@pytest.mark.parametrize(
    ("diameters", "n_slices", "sentence"),
    [
        ({0: 5.0}, 2, "has 2 slices, at least 3"),
        ({}, 5, "no slice shows the lesion"),
        ({1: 0.0}, 5, "no slice shows the lesion"),
        ({5: 3.0}, 5, "slice_index 5 is not between 0 and 4. Slices count from 0"),
        ({-1: 3.0}, 5, "slice_index -1"),
    ],
)
def test_impossible_triplets_are_refused(diameters, n_slices, sentence):
    with pytest.raises(RoiError, match=f"P1.*{sentence}"):
        triplet_at_largest(diameters, n_slices, "P1, T1")


def test_the_diameter_of_a_mask_is_the_largest_distance_between_pixel_corners():
    """Witness: all distances between all corners of all pixels."""
    mask = np.random.default_rng(5).random((12, 15)) > 0.8
    at = np.argwhere(mask)
    corners = np.concatenate([at + np.array(step) for step in ((0, 0), (0, 1), (1, 0), (1, 1))])
    assert largest_diameter(mask) == pytest.approx(pdist(corners).max())
    assert largest_diameter(np.zeros((3, 3))) == 0


def test_the_diameter_of_a_box_is_its_longer_side():
    assert box_diameter(RoiBox(0, 0, 4, 9)) == 9

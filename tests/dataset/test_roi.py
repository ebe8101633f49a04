"""Lesion boxes: half-open, inside the image, enlarged up to its border, cropped and resized."""

import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mvi_core.dataset.dicom import real_liver_slice
from mvi_core.dataset.roi import RoiBox, crop, enlarge, expect_inside, from_mask, overlay_lesion_mask, resize
from mvi_core.errors import RoiError

SHAPE = (60, 80)
boxes = st.builds(
    lambda row, column, height, width: RoiBox(row, column, row + height, column + width),
    st.integers(0, 39), st.integers(0, 59), st.integers(1, 20), st.integers(1, 20),
)  # fmt: skip


@given(boxes)
def test_the_box_of_a_filled_box_is_the_box(box):
    mask = np.zeros(SHAPE, dtype=bool)
    mask[box.row0 : box.row1, box.col0 : box.col1] = True
    assert from_mask(mask) == box


@given(boxes, st.tuples(*[st.integers(0, 30)] * 4))
def test_an_enlarged_box_holds_the_box_and_stays_in_the_image(box, margins):
    larger = enlarge(box, margins, SHAPE)
    assert 0 <= larger.row0 <= box.row0 and box.row1 <= larger.row1 <= SHAPE[0]
    assert 0 <= larger.col0 <= box.col0 and box.col1 <= larger.col1 <= SHAPE[1]
    assert crop(np.zeros(SHAPE), larger).shape == (larger.height, larger.width)


def test_margins_go_top_left_bottom_right():
    assert enlarge(RoiBox(20, 20, 30, 30), (5, 6, 7, 8), SHAPE).edges == (15, 14, 37, 38)


def test_a_crop_is_a_copy():
    image = np.zeros(SHAPE)
    crop(image, RoiBox(0, 0, 5, 5))[:] = 1
    assert not image.any()


@pytest.mark.parametrize(
    ("edges", "sentence"),
    [
        ((10, 10, 10, 20), "empty or reversed"),
        ((20, 10, 10, 20), "empty or reversed"),
        ((-1, 0, 5, 5), "starts before pixel 0"),
        ((1.5, 0, 5, 5), "whole pixel. Divide millimetres"),
        ((0, 0, float("nan"), 5), "whole pixel"),
    ],
)
def test_impossible_boxes_are_refused(edges, sentence):
    with pytest.raises(RoiError, match=sentence):
        RoiBox(*edges)


@pytest.mark.parametrize(
    ("edges", "sentence"),
    [
        ((10, 10, 61, 20), r"Patient P1: row1 \(61\) is beyond the image height \(60\). Check the box in rois.csv"),
        ((10, 10, 20, 81), r"col1 \(81\) is beyond the image width \(80\)"),
        ((10, 10, 70, 20), "Rows and columns look exchanged"),
        ((60, 60, 100, 120), "would fit as millimetres"),
    ],
)
def test_boxes_beyond_the_image_are_refused_with_a_hint(edges, sentence):
    with pytest.raises(RoiError, match=sentence):
        expect_inside(RoiBox(*edges), SHAPE, "Patient P1", (2.0, 2.0))


def test_negative_margins_are_refused():
    with pytest.raises(RoiError, match="never shrunk"):
        enlarge(RoiBox(5, 5, 9, 9), -1, SHAPE)


def test_an_empty_mask_has_no_box():
    with pytest.raises(RoiError, match="marked pixels"):
        from_mask(np.zeros((4, 4)))


def test_resize_keeps_a_constant_and_the_mean_of_halves():
    """Witness by hand: shrinking 4 x 4 to 2 x 2 with antialiasing keeps left-right symmetry around the mean."""
    assert np.allclose(resize(np.full((7, 13), 3.0), 5), 3.0)
    halves = np.repeat([[0.0, 0.0, 8.0, 8.0]], 4, axis=0)
    small = resize(halves, 2)
    assert small.mean() == pytest.approx(4.0) and small.dtype == np.float32
    assert small[0, 0] == pytest.approx(8 - small[0, 1])


def test_enlarging_agrees_with_an_independent_bilinear_interpolation():
    """Witness: scipy.ndimage.map_coordinates at the same sample points (pixel centres, edge values repeated)."""
    from scipy.ndimage import map_coordinates

    image = np.random.default_rng(3).normal(size=(9, 11))
    at = [(np.arange(32) + 0.5) * size / 32 - 0.5 for size in image.shape]
    expected = map_coordinates(image, np.meshgrid(*at, indexing="ij"), order=1, mode="nearest")
    np.testing.assert_allclose(resize(image, 32), expected, atol=1e-5)


def test_the_drawn_lesion_of_the_real_slice_is_found_among_the_text():
    """Witness: rows 139-173, columns 46-80, 25.3 mm, as listed in the description of the file set."""
    volume, overlay = real_liver_slice()
    lesion = overlay_lesion_mask(overlay)
    box = from_mask(lesion)
    assert box == RoiBox(139, 46, 174, 81)
    assert box.height * volume.spacing_mm[1] == pytest.approx(25.3, abs=0.05)
    assert lesion[156, 63] and not (overlay & lesion).all() and lesion.sum() > overlay.sum()


def test_text_alone_is_no_lesion():
    text = np.zeros((40, 40), dtype=bool)
    text[5:10, 5:9] = True
    text[6:9, 6:8] = False
    with pytest.raises(RoiError, match="closed ring"):
        overlay_lesion_mask(text)


def test_importing_boxes_costs_no_torch():
    code = "import sys, mvi_core.dataset.rois, mvi_core.dataset.phantom; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0

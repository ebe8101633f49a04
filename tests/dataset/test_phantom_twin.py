"""Drawn again, a phantom's images are those of the cache; without drift only the drifting sequences differ."""

import numpy as np
import pandas as pd
import pytest

from mvi_core.dataset.phantom import write_phantom
from mvi_core.dataset.phantom_image import DRIFT
from mvi_core.dataset.phantom_twin import REGIONS, regions, render_again
from mvi_core.dataset.rois import build_roi_cache, read_roi_cache

GRID, ROI = (5, 96, 3.3), 32
PATIENTS = pd.DataFrame(
    {"patient_id": ["A1", "B2"], "enrolment": ["2018", "2015"], "mvi_grade": ["M2", "M0"], "size_cm": [4.0, 3.0]}
)


@pytest.fixture(scope="module")
def cache(tmp_path_factory):
    folder = tmp_path_factory.mktemp("phantom")
    boxes = write_phantom(PATIENTS, folder / "dicom", seed=3, n_slices=GRID[0], matrix=GRID[1], pixel_mm=GRID[2])
    build_roi_cache(folder / "dicom", boxes, folder / "rois.safetensors", roi_px=ROI)
    return read_roi_cache(folder / "rois.safetensors")


def test_with_drift_every_sequence_is_that_of_the_cache_value_by_value(cache):
    rois, index = cache
    again, lesion = render_again(PATIENTS, index, seed=3, grid=GRID, roi_px=ROI, drift=True)
    np.testing.assert_array_equal(again, rois)
    assert lesion.min() == 0 and lesion.max() == 1
    middle = lesion[..., ROI // 2, ROI // 2]
    assert middle.mean() > 0.9  # the lesion lies in the middle of its crop


def test_without_drift_only_the_drifting_sequences_of_later_patients_differ(cache):
    rois, index = cache
    still, _ = render_again(PATIENTS, index, seed=3, grid=GRID, roi_px=ROI)
    names = index["sequence"].unique().tolist()
    differs = [name for s, name in enumerate(names) if not np.array_equal(still[0, s], rois[0, s])]
    assert differs == [str(name) for name in names if name in DRIFT]
    np.testing.assert_array_equal(still[1], rois[1])


def test_a_part_of_the_sequences_is_the_same_part_of_all(cache):
    rois, index = cache
    some, _ = render_again(
        PATIENTS, index[index["sequence"].isin(["T1", "T1D"])], seed=3, grid=GRID, roi_px=ROI, drift=True
    )
    np.testing.assert_array_equal(some, rois[:, [0, 3]])


def test_regions_follow_the_distance_from_the_margin_in_mm():
    """A disc of radius 10 mm: 3 mm to either side of its edge is rim, then up to 20 mm from its centre, then beyond."""
    row, column = np.mgrid[-30:31, -30:31]
    away = np.hypot(row, column)
    place = regions((away < 10)[None, None].astype(float), np.ones((1, 1, 2)))[0, 0]
    for region, low, high in (("tumour", 0, 6), ("rim", 8, 12), ("peritumoural", 14, 19), ("farther out", 22, 30)):
        assert (place[(away >= low) & (away <= high)] == REGIONS.index(region)).all()
    coarse = regions((away < 10)[None, None].astype(float), np.full((1, 1, 2), 2.0))[0, 0]
    assert (coarse == 0).sum() > (place == 0).sum()  # twice the size, so more of it lies deeper than 3 mm

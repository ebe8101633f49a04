"""Which simulated cohorts have a known answer to a leak: a sign nobody can miss, none at all, or a telling scanner."""

import numpy as np
import pandas as pd
import yaml

from mvi_core.dataset.phantom_image import plan_patient, render
from mvi_core.dataset.roi import crop, enlarge, from_mask, resize
from mvi_core.errors import CohortError
from mvi_core.manifest import project_root
from mvi_core.names import DEVELOPMENT_YEAR, ENROLMENT, EXTERNAL_YEAR, MARGIN_PX, N_SLICES, SEQUENCES, MrSequence

STEP_MM = 3.0  # between slices, as in the phantom's T1 series
SCANNERS = ("one", "by_year", "tells_grade")
TELLING = 0.9  # share of development patients whose scanner goes with their grade, where it tells


def read_controls():
    """Read the descriptions of the control cohorts, by id, from ``data_manifest/controls.yaml``."""
    return yaml.safe_load((project_root() / "data_manifest" / "controls.yaml").read_text(encoding="utf-8"))


def control_patients(patients, control, *, rng):
    """Patients of a control cohort: what their images show, and what they are labelled with.

    Parameters
    ----------
    patients : pandas.DataFrame
        Columns ``patient_id``, ``enrolment``, ``mvi_grade``, ``size_cm``, one row a patient of the phantom.
    control : mapping
        ``labels`` and ``size``: ``kept`` or ``permuted`` (within the year); ``scanner``: ``one``, ``by_year``, or
        ``tells_grade``. ``data_manifest/controls.yaml`` says what each means.
    rng : numpy.random.Generator

    Returns
    -------
    pandas.DataFrame
        The same columns, where ``mvi_grade`` and ``mvi_present`` are the label, with ``drawn_grade`` (of the planted
        sign) and ``scanner_year``.

    Raises
    ------
    CohortError
        If the description holds another word.
    """
    for key, allowed in (("labels", ("kept", "permuted")), ("size", ("kept", "permuted")), ("scanner", SCANNERS)):
        if control.get(key) not in allowed:
            raise CohortError(f"Control cohort: {key} must be {' or '.join(allowed)}, got {control.get(key)!r}.")
    made = patients.sort_values("patient_id", ignore_index=True).assign(scanner_year=DEVELOPMENT_YEAR)
    made["drawn_grade"] = made["mvi_grade"]
    for key, column in (("labels", "mvi_grade"), ("size", "size_cm")):
        if control[key] == "permuted":
            made[column] = made.groupby(ENROLMENT)[column].transform(lambda values: rng.permutation(values.to_numpy()))
    if control["scanner"] == "by_year":
        made["scanner_year"] = made[ENROLMENT]
    if control["scanner"] == "tells_grade":
        follows = np.where(made[ENROLMENT] == DEVELOPMENT_YEAR, TELLING, 0.5)
        late = (made["mvi_grade"] != "M0") == (rng.random(len(made)) < follows)
        made["scanner_year"] = np.where(late, EXTERNAL_YEAR, DEVELOPMENT_YEAR)
    return made.assign(mvi_present=(made["mvi_grade"] != "M0").astype(int))


def control_rois(patients, *, sign_effect, sequences, seed, roi_px, matrix, pixel_mm):
    """Lesion images of a control cohort, in memory: rendered, cropped and resized as the ROI cache does it.

    Parameters
    ----------
    patients : pandas.DataFrame
        As `control_patients` returns them.
    sign_effect : mapping of str to float
        Strength of the planted sign by sequence, as in the phantom; one that is not named carries none.
    sequences : sequence of str
        Only these are rendered; the others stay 0.
    seed, roi_px, matrix : int
        Seed of the images; side of a ROI and of an image, pixels.
    pixel_mm : float

    Returns
    -------
    rois : numpy.ndarray of float16, shape (P, 6, 3, roi_px, roi_px)
    index : pandas.DataFrame
        As `rois.build_roi_cache` returns it, without the columns that a dataset does not read.
    """
    effect = {MrSequence(name): strength for name, strength in sign_effect.items()}
    rois = np.zeros((len(patients), len(SEQUENCES), N_SLICES, roi_px, roi_px), dtype=np.float16)
    edges = np.zeros((*rois.shape[:3], 4), dtype=int)
    heights = (np.arange(N_SLICES) - 1) * STEP_MM
    drawn = patients.drop(columns="mvi_grade").rename(columns={"drawn_grade": "mvi_grade"})
    for number, patient in enumerate(drawn.to_dict("records")):
        plan = plan_patient(patient, seed=seed, n_slices=N_SLICES, sign_effect=effect)
        for place in (SEQUENCES.index(name) for name in sequences):
            pixels, lesion = render(plan, SEQUENCES[place], heights_mm=heights, matrix=matrix, pixel_mm=pixel_mm)
            for third, (image, mask) in enumerate(zip(pixels, lesion, strict=True)):
                box = enlarge(from_mask(mask if mask.any() else lesion[1]), MARGIN_PX[1], image.shape)
                rois[number, place, third] = resize(crop(image, box), roi_px)
                edges[number, place, third] = box.edges
    index = pd.DataFrame(edges.reshape(-1, 4), columns=["row0", "col0", "row1", "col1"])
    return rois, index.assign(patient_id=np.repeat(patients["patient_id"].to_numpy(), len(SEQUENCES) * N_SLICES))

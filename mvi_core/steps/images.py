"""How do the images of a study reach the network: DICOM files simulated, read back, cropped once."""

import pandas as pd

from mvi_core.results import read_result, record_result, result_path, write_result
from mvi_core.steps.progress import counter
from mvi_core.study import load_study, setting


def simulate(cohort, part):
    """DICOM files of one share, counted from 0, of a phantom's patients, then their ROI table."""
    from mvi_core.dataset.phantom import write_phantom

    study = load_study()
    settings = setting(study, "phantom")
    share = read_result(cohort, "patients.csv").iloc[part :: settings["parts"]]
    sizes = {name: settings[name] for name in ("n_slices", "matrix", "pixel_mm")}
    seed = setting(study, "seeds.phantom")
    folder = result_path(cohort, "images/dicom")
    boxes = write_phantom(share, folder, seed=seed, progress=counter(f"simulate {cohort} part {part}"), **sizes)
    write_result(cohort, f"images/rois_{part}.csv", boxes, parameters={"seed": seed, **sizes}, inputs=["patients.csv"])


def rois(cohort):
    """Lesion images of every patient, read back from DICOM, cropped and resized once."""
    from mvi_core.dataset.rois import build_roi_cache

    study = load_study()
    names = [f"images/rois_{part}.csv" for part in range(setting(study, "phantom.parts"))]
    boxes = pd.concat([read_result(cohort, name) for name in names], ignore_index=True)
    roi_px = setting(study, "network.roi_px")
    cache = result_path(cohort, "rois.safetensors")
    build_roi_cache(
        result_path(cohort, "images/dicom"), boxes, cache, roi_px=roi_px, progress=counter(f"rois {cohort}")
    )
    for path in (cache, result_path(cohort, "rois_index.csv")):
        record_result(path, parameters={"roi_px": roi_px}, inputs=[result_path(cohort, name) for name in names])

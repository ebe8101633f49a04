"""How do the images of a study reach the network: DICOM files simulated, read back, cropped once."""

from functools import partial

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


def segmented(cohort):
    """Lesion images of patients whose tumour was drawn in a public archive; who cannot be used is listed, with why."""
    from mvi_core.cohort.liverhccseg import exams
    from mvi_core.cohort.spec import load_spec
    from mvi_core.dataset.liverhccseg import lesion_boxes
    from mvi_core.dataset.own import cohort_volume
    from mvi_core.dataset.rois import build_roi_cache
    from mvi_core.errors import RoiError
    from mvi_core.manifest import locate

    spec, archive, faults, boxes = load_spec(cohort), locate("liverhccseg_images"), {}, []
    files = exams(archive)
    for patient in read_result(cohort, "patients.csv")["patient_id"]:
        try:
            boxes.append(lesion_boxes(archive, files[patient], patient))
        except RoiError as problem:
            faults[patient] = [problem]
    if not boxes:
        raise RoiError("\n".join(str(fault) for found in faults.values() for fault in found))
    cache, roi_px = result_path(cohort, "rois.safetensors"), setting(load_study(), "network.roi_px")
    wanted = {"roi_px": roi_px, "sequences": spec.sequences, "skip_bad": True}
    read, say = partial(cohort_volume, spec), counter(f"images of {cohort}")
    index = build_roi_cache(read, pd.concat(boxes, ignore_index=True), cache, progress=say, **wanted)
    faults |= index.attrs["left_out"]
    rows = [(patient, str(fault)) for patient, found in faults.items() for fault in found]
    for path in (cache, result_path(cohort, "rois_index.csv")):
        record_result(path, parameters={"roi_px": roi_px}, inputs=[result_path(cohort, "patients.csv")])
    left_out = pd.DataFrame(rows, columns=["patient_id", "reason"])
    write_result(cohort, "left_out.csv", left_out, inputs=["patients.csv"])


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

"""What does the workflow do with a user's own images: read them once, and let a frozen model judge them."""

from mvi_core.cohort.folder import find_cohort
from mvi_core.cohort.own import admitted, left_out_table, model_folder, read_door, write_left_out
from mvi_core.cohort.spec import load_spec
from mvi_core.errors import CohortError, DicomError, MviError, RoiError
from mvi_core.names import PATIENT_ID
from mvi_core.results import read_result, record_result, result_path, write_result
from mvi_core.steps.progress import counter
from mvi_core.study import load_study, setting


def admit(cohort):
    """Lesion images of every patient of an own cohort; all faults of images and table in one error, before training.

    With ``skip_bad`` faulty patients are left out and the others go on, bit-equal.
    """
    from mvi_core.dataset.own import own_images
    from mvi_core.dataset.rois import build_roi_cache

    spec = load_spec(cohort)
    key = find_cohort(spec.folder).key
    rows, _ = read_door(spec, key)
    images, cache = own_images(spec), result_path(cohort, "rois.safetensors")
    boxes = images.boxes[images.boxes[PATIENT_ID].isin(rows[PATIENT_ID])]
    wanted = {"roi_px": _roi_px(spec), "sequences": spec.sequences, "skip_bad": spec.skip_bad}
    problems, faults = [], _without_box(rows, boxes)
    if faults and not spec.skip_bad:
        problems += [str(fault) for found in faults.values() for fault in found]
    try:
        index = build_roi_cache(images.volume, boxes, cache, progress=counter(f"images of {cohort}"), **wanted)
        faults |= index.attrs["left_out"]
    except (DicomError, RoiError) as problem:
        problems.append(str(problem))
    left_out = left_out_table(faults)
    try:
        _, _, everybody = admitted(spec, key, left_out)
    except CohortError as problem:
        problems.append(str(problem))
    if problems:
        cache.unlink(missing_ok=True)
        raise CohortError("\n".join(problems))
    write_left_out(cohort, everybody)
    for path in (cache, result_path(cohort, "rois_index.csv")):
        record_result(path, parameters={name: str(value) for name, value in wanted.items()})
    write_result(cohort, "left_out.csv", left_out.drop(columns="reason"))


def apply(cohort):
    """Let a frozen model judge every patient of an own cohort, and tell how far their images lie from its own."""
    import pandas as pd

    from mvi_core.dataset.rois import read_roi_cache
    from mvi_core.dataset.torch_dataset import roi_dataset
    from mvi_core.model.checkpoint import load_network
    from mvi_core.model.embedding import slice_features
    from mvi_core.model.prediction import grade_probabilities, prediction_table, refuse_seen
    from mvi_core.model.reference import load_reference, outside

    spec = load_spec(cohort)
    folder = model_folder(spec)
    network, description = load_network(folder / "model.safetensors")
    people = read_result(cohort, "patients.csv")
    refuse_seen(description["notes"].get("trained_on", ()), people[PATIENT_ID])
    known = people.assign(mvi_grade=people["mvi_grade"].fillna("M0"))  # a dataset asks for one; nothing here reads it
    crops, index = read_roi_cache(result_path(cohort, "rois.safetensors"))
    dataset = roi_dataset(crops, index, known, sequences=description["sequences"])
    table = prediction_table(dataset, grade_probabilities(network, dataset.plain_rois(1)), split="external")
    inputs = ["patients.csv", "rois.safetensors"]
    for scoring, result in (("mean", "predictions_mean.csv"), ("first", "predictions.csv")):
        rows = table[table["scoring"] == scoring].drop(columns="scoring")
        write_result(cohort, result, rows, parameters={"model": folder.name, "scoring": scoring}, inputs=inputs)
    reference, told = load_reference(folder), {PATIENT_ID: dataset.patient_ids}
    if reference:
        told |= outside(slice_features(network, dataset.plain_rois(1)), reference)
    names = {str(place): str(name) for place, name in enumerate(description["sequences"])}
    write_result(cohort, "outside.csv", pd.DataFrame(told).rename(columns=names), inputs=inputs)


def _roi_px(spec):
    """Side of the lesion images: that of the frozen model, else that of the settings."""
    if not spec.frozen:
        return setting(load_study(), "network.roi_px")
    from mvi_core.model.checkpoint import load_network

    return load_network(model_folder(spec) / "model.safetensors")[1]["roi_px"]


def _without_box(rows, boxes):
    """Faults of patients for whom no box was drawn."""
    lacking = rows.loc[~rows[PATIENT_ID].isin(boxes[PATIENT_ID]), PATIENT_ID].dropna()
    remedy = "Draw boxes (rois.csv) or masks (`mvi rois`), or take the patient out of patients.csv."
    return {name: [MviError(f"patient {name}: no box in rois.csv. {remedy}")] for name in lacking}

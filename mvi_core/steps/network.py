"""Which trainings does the workflow run: out of fold for each set of sequences, then the final model."""

import shutil
import time

import numpy as np
import pandas as pd

from mvi_core.cohort.enrolment import development_and_external
from mvi_core.cohort.spec import load_spec
from mvi_core.names import PAPER_SEQUENCES
from mvi_core.results import read_result, result_path, write_result
from mvi_core.steps.leakage import development_folds
from mvi_core.steps.progress import epochs
from mvi_core.study import ablation_sets, load_study, overridden, setting

SCORING_RESULTS = {"mean": "predictions_mean.csv", "first": "predictions.csv"}


def train(cohort, sequences, repeat):
    """Out-of-fold predictions of the development patients for one set of sequences, joined with ``+``.

    Another repeat has other weights, draws and folds.
    """
    from mvi_core.model.machine import device_name, torch_device
    from mvi_core.model.parallel import processes

    device = torch_device(load_study().settings["training"].get("device", "cpu"))
    started, checkpoints = time.monotonic(), result_path(cohort, f"training/checkpoints/{sequences}_r{repeat}")
    with processes(device) as writes:  # several under torchrun
        predictions, history, parameters = out_of_fold(cohort, sequences, repeat, checkpoints=checkpoints)
    if not writes:
        return
    parameters |= {"seconds": round(time.monotonic() - started, 1), "device": device_name(device)}
    label = {"sequences": sequences, "repeat": repeat}
    inputs = ["patients.csv", "rois.safetensors", f"splits/r{repeat}.csv"]
    for name, frame in ((f"{sequences}_r{repeat}_epochs.csv", history), (f"{sequences}_r{repeat}.csv", predictions)):
        write_result(cohort, f"training/{name}", frame.assign(**label), parameters=parameters, inputs=inputs)
    shutil.rmtree(checkpoints, ignore_errors=True)


def out_of_fold(cohort, sequences, repeat=0, *, overrides=None, checkpoints=None):
    """Cross-fitted predictions of the development patients, with some settings of the study replaced.

    ``overrides`` are values by path: sections ``network``, ``training`` and ``augment`` hold the fields of
    `model.backbone.NetworkSettings`, `model.schedule.TrainSettings` and `dataset.augment.AugmentSettings`, as in
    ``{"augment.noise_sd": 0.0}``. From ``checkpoints``, a folder, an interrupted call goes on where it stopped; other
    settings never go on from these.

    Returns predictions and history as `model.cross_fit.cross_fit` does, and all that decided them, for the record.
    """
    from mvi_core.model.cross_fit import cross_fit

    study = overridden(load_study(), overrides or {})
    seed = setting(study, "seeds.training") + repeat
    development, _ = _by_year(cohort)
    dataset = _dataset(study, cohort, development, sequences.split("+"))
    folds = development_folds(cohort, repeat)
    say = epochs(" ".join([f"train {sequences} repeat {repeat}", *(f"{k}={v}" for k, v in (overrides or {}).items())]))
    found = cross_fit(dataset, folds, settings=_model_settings(study), seed=seed, checkpoints=checkpoints, progress=say)
    sections = {name: study.settings[name] for name in ("network", "training", "augment") if name in study.settings}
    return *found, {"sequences": sequences, "repeat": repeat, "seed": seed, **sections}


def ablation(cohort):
    """All sets of sequences in one table: predictions, and losses by epoch."""
    sets = ablation_sets(load_study(), load_spec(cohort).sequences)
    for result, suffix in (("ablation.csv", ""), ("training.csv", "_epochs")):
        inputs = [f"training/{row['sequences']}_r{row['repeat']}{suffix}.csv" for row in sets]
        frames = [
            read_result(cohort, name).assign(printed=row.get("printed")) for name, row in zip(inputs, sets, strict=True)
        ]
        write_result(cohort, result, pd.concat(frames, ignore_index=True), inputs=inputs)


def final(cohort):
    """Model trained on every development patient, applied once to the external ones."""
    from mvi_core.model.checkpoint import save_network
    from mvi_core.model.cross_fit import fit_final, in_sample
    from mvi_core.model.embedding import feature_table, slice_features

    study = load_study()
    seed = setting(study, "seeds.training")
    sets = [_dataset(study, cohort, people, PAPER_SEQUENCES) for people in _by_year(cohort) if len(people)]
    settings = _model_settings(study)
    network, predicted, _ = fit_final(*sets, settings=settings, seed=seed, progress=epochs("final model"))
    name = "training/" + "+".join(PAPER_SEQUENCES) + "_r0.csv"
    predictions = pd.concat([read_result(cohort, name), predicted], ignore_index=True)
    features = [slice_features(network, people.plain_rois()) for people in sets]
    ids = np.concatenate([people.patient_ids for people in sets])
    spec = load_spec(cohort)
    notes = {"trained_on": settings.trained_on(sets[0]), "cohort": spec.title, "kind": str(spec.kind)}
    save_network(result_path(cohort, "model/model.safetensors"), network, sequences=PAPER_SEQUENCES, notes=notes)
    inputs = ["patients.csv", "rois.safetensors", name]
    _keep_doubts(cohort, sets, features, predictions, notes)
    table = feature_table(np.concatenate(features), ids, PAPER_SEQUENCES)
    write_result(cohort, "features.csv", table, parameters={"seed": seed}, inputs=inputs)
    inside = in_sample(network, sets[0])  # had by this name only, never joined to the patients
    write_result(cohort, "predictions_in_sample.csv", inside, parameters={"seed": seed}, inputs=inputs[:2])
    for scoring, result in SCORING_RESULTS.items():  # the paper's first slice; ours, the mean over combinations
        rows = predictions[predictions["scoring"] == scoring].drop(columns="scoring")
        write_result(cohort, result, rows, parameters={"seed": seed, "scoring": scoring}, inputs=inputs)


def _keep_doubts(cohort, sets, features, predictions, notes):
    """Store what the model must doubt by, and how far the external patients' images lie from those of its training."""
    from mvi_core.model.reference import fit_reference, outside, save_reference

    reference = fit_reference(features[0], _own_grade(predictions, sets[0]))
    save_reference(result_path(cohort, "model"), reference, notes=notes)
    far = outside(features[1], reference) if len(sets) > 1 else {}
    names = {str(place): str(sequence) for place, sequence in enumerate(PAPER_SEQUENCES)}
    away = pd.DataFrame({"patient_id": sets[-1].patient_ids if far else [], **far}).rename(columns=names)
    write_result(cohort, "outside.csv", away, inputs=["patients.csv", "rois.safetensors"])


def _own_grade(predictions, development):
    """How sure the networks that had not seen them were of the development patients' own grades."""
    from mvi_core.names import GRADES
    from mvi_core.stats.conformal import own_grade_probabilities

    rows = predictions[predictions["scoring"] == "first"].set_index("patient_id").loc[development.patient_ids]
    grades = [str(GRADES[grade]) for grade in development.grades.tolist()]
    return own_grade_probabilities(rows[["p_m0", "p_m1", "p_m2"]], grades)


def _by_year(cohort):
    return development_and_external(read_result(cohort, "patients.csv"))


def _dataset(study, cohort, people, sequences):
    from mvi_core.checks import settings_from
    from mvi_core.dataset.augment import AugmentSettings
    from mvi_core.dataset.rois import read_roi_cache
    from mvi_core.dataset.torch_dataset import roi_dataset

    crops, index = read_roi_cache(result_path(cohort, "rois.safetensors"))
    augment = settings_from(AugmentSettings, study.settings.get("augment", {}), name="augment")
    return roi_dataset(crops, index, people, sequences=sequences, augment=augment)


def _model_settings(study):
    from dataclasses import replace

    from mvi_core.model.cross_fit import model_settings, read_start

    pretrained = study.settings.get("pretrained")  # a model.safetensors whose record lists its patients
    settings = model_settings(setting(study, "network"), setting(study, "training"))
    return replace(settings, start=read_start(study.root / pretrained)) if pretrained else settings

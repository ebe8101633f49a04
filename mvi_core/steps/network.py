"""Which trainings does the workflow run: out of fold for each set of sequences, then the final model."""

import shutil

import numpy as np
import pandas as pd

from mvi_core.names import DEVELOPMENT_YEAR, ENROLMENT, EXTERNAL_YEAR, PAPER_SEQUENCES
from mvi_core.results import read_result, result_path, write_result
from mvi_core.steps.progress import epochs
from mvi_core.study import load_study, setting

SCORING_RESULTS = {"mean": "predictions_mean.csv", "first": "predictions.csv"}


def train(cohort, sequences, repeat):
    """Out-of-fold predictions of the development patients for one set of sequences.

    Parameters
    ----------
    cohort : str
    sequences : str
        Joined with ``+``.
    repeat : int
        Another repeat has other weights, draws and folds.
    """
    from mvi_core.dataset.split import patient_folds
    from mvi_core.model.cross_fit import cross_fit

    study = load_study()
    seed = setting(study, "seeds.training") + repeat
    development, _ = _by_year(cohort)
    dataset = _dataset(cohort, development, sequences.split("+"))
    folds = patient_folds(development, n_folds=setting(study, "training.n_folds"), rng=np.random.default_rng(seed))
    say = epochs(f"train {sequences} repeat {repeat}")
    checkpoints = result_path(cohort, f"training/checkpoints/{sequences}_r{repeat}")
    predictions, history = cross_fit(
        dataset, folds, settings=_model_settings(), seed=seed, checkpoints=checkpoints, progress=say
    )
    label = {"sequences": sequences, "repeat": repeat}
    parameters = {**label, "seed": seed, "network": setting(study, "network"), "training": setting(study, "training")}
    inputs = ["patients.csv", "rois.safetensors"]
    for name, frame in (("_epochs", history), ("", predictions)):
        write_result(
            cohort,
            f"training/{sequences}_r{repeat}{name}.csv",
            frame.assign(**label),
            parameters=parameters,
            inputs=inputs,
        )
    shutil.rmtree(checkpoints, ignore_errors=True)


def ablation(cohort):
    """All sets of sequences in one table: predictions, and losses by epoch.

    Parameters
    ----------
    cohort : str
    """
    sets = setting(load_study(), "ablation")
    for result, suffix in (("ablation.csv", ""), ("training.csv", "_epochs")):
        inputs = [f"training/{row['sequences']}_r{row['repeat']}{suffix}.csv" for row in sets]
        frames = [
            read_result(cohort, name).assign(printed=row.get("printed")) for name, row in zip(inputs, sets, strict=True)
        ]
        write_result(cohort, result, pd.concat(frames, ignore_index=True), inputs=inputs)


def final(cohort):
    """Model trained on every development patient, applied once to the external ones.

    Parameters
    ----------
    cohort : str
    """
    from mvi_core.model.checkpoint import save_network
    from mvi_core.model.cross_fit import fit_final
    from mvi_core.model.embedding import feature_table, slice_features

    development, external = _by_year(cohort)
    seed = setting(load_study(), "seeds.training")
    sets = [_dataset(cohort, people, PAPER_SEQUENCES) for people in (development, external)]
    network, predicted, _ = fit_final(*sets, settings=_model_settings(), seed=seed, progress=epochs("final model"))
    name = "training/" + "+".join(PAPER_SEQUENCES) + "_r0.csv"
    predictions = pd.concat([read_result(cohort, name), predicted], ignore_index=True)
    features = [slice_features(network, people.plain_rois()) for people in sets]
    ids = np.concatenate([people.patient_ids for people in sets])
    save_network(result_path(cohort, "model/model.safetensors"), network, sequences=PAPER_SEQUENCES)
    inputs = ["patients.csv", "rois.safetensors", name]
    table = feature_table(np.concatenate(features), ids, PAPER_SEQUENCES)
    write_result(cohort, "features.csv", table, parameters={"seed": seed}, inputs=inputs)
    for scoring, result in SCORING_RESULTS.items():  # the paper's first slice; ours, the mean over combinations
        rows = predictions[predictions["scoring"] == scoring].drop(columns="scoring")
        write_result(cohort, result, rows, parameters={"seed": seed, "scoring": scoring}, inputs=inputs)


def _by_year(cohort):
    people = read_result(cohort, "patients.csv")
    return tuple(people[people[ENROLMENT] == year] for year in (DEVELOPMENT_YEAR, EXTERNAL_YEAR))


def _dataset(cohort, people, sequences):
    from mvi_core.dataset.rois import read_roi_cache
    from mvi_core.dataset.torch_dataset import roi_dataset

    crops, index = read_roi_cache(result_path(cohort, "rois.safetensors"))
    return roi_dataset(crops, index, people, sequences=sequences)


def _model_settings():
    from mvi_core.model.cross_fit import model_settings

    return model_settings(setting(load_study(), "network"), setting(load_study(), "training"))

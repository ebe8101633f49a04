"""What does the workflow do between the pages: each step reads results, calls the package once, writes results."""

import re
import shutil
import subprocess
import sys
import time

import numpy as np
import pandas as pd

from mvi_core.cohort.load import load_cohort
from mvi_core.cohort.spec import load_spec
from mvi_core.errors import CohortError, SplitError
from mvi_core.names import DEVELOPMENT_YEAR, DL_MVI, ENROLMENT, EXTERNAL_YEAR, PAPER_SEQUENCES, PATIENT_ID
from mvi_core.results import atomic_write, read_result, record_result, result_path, write_result
from mvi_core.study import load_study, setting

SCORING_RESULTS = {"mean": "predictions_mean.csv", "first": "predictions.csv"}
SAY_EVERY = 5  # seconds between two progress lines


def patients(cohort):
    """Patient table, exclusion flow and quality table of a cohort.

    Parameters
    ----------
    cohort : str
    """
    study = load_study()
    limit = setting(study, "phantom.limit") if load_spec(cohort).analyses["images"] else None
    seed = setting(study, "seeds.cohort")
    loaded = load_cohort(cohort, seed=seed, limit=limit)
    for name, frame in (("quality", loaded.quality), ("flow", loaded.flow), ("patients", loaded.patients)):
        write_result(cohort, f"{name}.csv", frame, parameters={"seed": seed, "limit": limit})


def simulate(cohort, part):
    """DICOM files of one share of a phantom's patients, then their ROI table.

    Parameters
    ----------
    cohort : str
    part : int
        Number of the share, from 0.
    """
    from mvi_core.dataset.phantom import write_phantom

    study = load_study()
    settings = setting(study, "phantom")
    share = read_result(cohort, "patients.csv").iloc[part :: settings["parts"]]
    sizes = {name: settings[name] for name in ("n_slices", "matrix", "pixel_mm")}
    seed = setting(study, "seeds.phantom")
    folder = result_path(cohort, "images/dicom")
    boxes = write_phantom(share, folder, seed=seed, progress=_counter(f"simulate {cohort} part {part}"), **sizes)
    write_result(cohort, f"images/rois_{part}.csv", boxes, parameters={"seed": seed, **sizes}, inputs=["patients.csv"])


def rois(cohort):
    """Lesion images of every patient, read back from DICOM, cropped and resized once.

    Parameters
    ----------
    cohort : str
    """
    from mvi_core.dataset.rois import build_roi_cache

    study = load_study()
    names = [f"images/rois_{part}.csv" for part in range(setting(study, "phantom.parts"))]
    boxes = pd.concat([read_result(cohort, name) for name in names], ignore_index=True)
    roi_px = setting(study, "network.roi_px")
    cache = result_path(cohort, "rois.safetensors")
    build_roi_cache(
        result_path(cohort, "images/dicom"), boxes, cache, roi_px=roi_px, progress=_counter(f"rois {cohort}")
    )
    for path in (cache, result_path(cohort, "rois_index.csv")):
        record_result(path, parameters={"roi_px": roi_px}, inputs=[result_path(cohort, name) for name in names])


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
    say = _epochs(f"train {sequences} repeat {repeat}")
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
    network, predicted, _ = fit_final(*sets, settings=_model_settings(), seed=seed, progress=_epochs("final model"))
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


def analysis(cohort):
    """Patient table joined with DL-MVI: out of fold for development patients, never in-sample.

    Parameters
    ----------
    cohort : str

    Raises
    ------
    SplitError
        If a development patient's prediction is not out of fold.
    CohortError
        If a patient has no prediction.
    """
    people = read_result(cohort, "patients.csv")
    inputs = ["patients.csv"]
    if load_spec(cohort).analyses["dl_mvi"] == "network":
        inputs.append("predictions.csv")
        people = _join(people.drop(columns=DL_MVI, errors="ignore"), read_result(cohort, "predictions.csv"))
    write_result(cohort, "analysis.csv", people, inputs=inputs)


def contents():
    """Table of contents and Data page of the book."""
    from mvi_core.contents import write_contents

    write_contents()


def html():
    """Render the book and put it in place only when it is whole."""
    root = load_study().root
    part = root / "_build" / "part"
    shutil.rmtree(part, ignore_errors=True)
    words = [
        "jupyter-book",
        "build",
        "book",
        "--config",
        "_config.yml",
        "--path-output",
        str(part),
        "--all",
        "-W",
        "-n",
        "--keep-going",
    ]
    built = subprocess.run(words, cwd=root, capture_output=True, text=True, check=False)
    said = re.sub(r"\x1b\[[0-9;]*m", "", built.stdout + built.stderr)  # without colours
    atomic_write(root / "_build" / "html.log", said)
    if built.returncode:
        problems = [line for line in said.splitlines() if "WARNING" in line or "ERROR" in line]
        listed = "\n".join(f"mvi: {line}" for line in problems[:20] or ["see _build/html.log"])
        sys.exit(f"mvi: the book did not render\n{listed}")
    shutil.rmtree(root / "_build" / "html", ignore_errors=True)
    (part / "_build" / "html").rename(root / "_build" / "html")
    shutil.rmtree(part)


def ensure_tables(cohort):
    """Make a cohort's patient and analysis tables where they are missing and need no images.

    Parameters
    ----------
    cohort : str
    """
    if not result_path(cohort, "patients.csv").is_file():
        patients(cohort)
    if not result_path(cohort, "analysis.csv").is_file() and load_spec(cohort).analyses["dl_mvi"] != "network":
        analysis(cohort)


def _join(people, predictions):
    joined = people.merge(
        predictions[[PATIENT_ID, "split", "dl_risk", DL_MVI]], on=PATIENT_ID, how="left", validate="one_to_one"
    )
    lacking = joined.loc[joined[DL_MVI].isna(), PATIENT_ID]
    if len(lacking):
        raise CohortError(
            f"{len(lacking)} patients have no prediction, first {lacking.iloc[0]}. Run `make book` to predict them."
        )
    split, later = joined["split"].fillna(""), joined[ENROLMENT] != DEVELOPMENT_YEAR  # the cohort's year, not theirs
    inside = joined.loc[~split.str.contains("out-of-fold") & ~(later & (split == "external")), PATIENT_ID]
    if len(inside):
        raise SplitError(
            f"{len(inside)} patients carry in-sample predictions, first {inside.iloc[0]}. "
            "Use the out-of-fold predictions of `mvi step train`."
        )
    return joined


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


def _epochs(label):
    say = _speaker()

    def report(epoch, n_epochs, loss, seconds_left):
        say(f"{label}: epoch {epoch} of {n_epochs}, loss {loss:.3f}, {seconds_left:.0f} s left", last=epoch == n_epochs)

    return report


def _counter(label):
    say = _speaker()

    def report(done, total):
        say(f"{label}: patient {done} of {total}", last=done == total)

    return report


def _speaker():
    spoken = [time.monotonic()]

    def say(text, *, last):
        if last or time.monotonic() - spoken[0] >= SAY_EVERY:
            spoken[0] = time.monotonic()
            print(f"mvi: {text}", file=sys.stderr, flush=True)

    return say

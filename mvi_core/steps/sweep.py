"""How much do the silent choices and the sets of sequences matter: trainings too dear for the book, then stored."""

import shutil
import time
from itertools import combinations

import pandas as pd

from mvi_core.names import PAPER_SEQUENCES, SEQUENCES
from mvi_core.results import read_record, read_result, result_path, write_result, write_stored
from mvi_core.steps.network import out_of_fold
from mvi_core.study import load_study, setting

DEFAULT_SET = "+".join(PAPER_SEQUENCES)
DEFAULT_REPEATS = 5  # trainings of the default, whose spread is the yardstick of every choice
CHOICE_REPEATS = 2  # trainings of each alternative
SUBSET_REPEATS = 1  # trainings of each set of sequences
SUBSETS = tuple("+".join(chosen) for size in range(1, 7) for chosen in combinations(SEQUENCES, size))


def choice_names():
    """List the settings that replace one silent choice each, by the name of their files."""
    from mvi_core.model.choices import variants

    return {
        "+".join(f"{key}={value}".replace(" ", "") for key, value in chosen.items()): chosen for _, chosen in variants()
    }


def choice(cohort, part, repeat):
    """Out-of-fold predictions with one silent choice made otherwise.

    ``part``: number of the alternative, in the order of `model.choices.variants`. ``repeat``: as in `network.train`.
    """
    name, overrides = list(choice_names().items())[part]
    started, checkpoints = time.monotonic(), result_path(cohort, f"choices/checkpoints/{name}_r{repeat}")
    found, _, parameters = out_of_fold(cohort, DEFAULT_SET, repeat, overrides=overrides, checkpoints=checkpoints)
    parameters |= {"seconds": time.monotonic() - started}
    inputs = ["patients.csv", "rois.safetensors"]
    write_result(cohort, f"choices/{name}_r{repeat}.csv", found, parameters=parameters, inputs=inputs)
    shutil.rmtree(checkpoints, ignore_errors=True)


def choices(cohort):
    """Store how good the network is with each silent choice made otherwise, beside the default's repeats."""
    from mvi_core.model.choices import variants

    names = [("ours", "default", f"training/{DEFAULT_SET}_r{r}.csv", r) for r in range(DEFAULT_REPEATS)]
    for (label, _), name in zip(variants(), choice_names(), strict=True):
        names += [(label, name, f"choices/{name}_r{r}.csv", r) for r in range(CHOICE_REPEATS)]
    _store("choices.csv", cohort, {file: {"choice": c, "setting": s, "repeat": r} for c, s, file, r in names})


def subsets(cohort):
    """Store how good each set of sequences is, in every repeat."""
    folder = result_path(cohort, "training")
    names = {}
    for subset in SUBSETS:
        for path in sorted(folder.glob(f"{subset}_r*[0-9].csv")):
            names[f"training/{path.name}"] = {"sequences": subset, "repeat": int(path.stem.rpartition("_r")[2])}
    _store("ablation_full.csv" if load_study().profile == "full" else "subsets.csv", cohort, names)


def _store(stored, cohort, names):
    """Write the performance of every training that is there, under both scorings, as a stored table."""
    from mvi_core.stats.discrimination import auc

    truth = read_result(cohort, "patients.csv").set_index("patient_id")[["mvi_present", "mvi_grade"]]
    rows, seconds, devices = [], [], set()
    for name, label in names.items():
        if not result_path(cohort, name).is_file():
            continue
        made = read_record(cohort, name)["parameters"]
        seconds.append(made.get("seconds"))
        devices |= {made["device"]} if made.get("device") else set()
        for scoring, part in read_result(cohort, name).join(truth, on="patient_id").groupby("scoring"):
            n_correct = int((part["dl_mvi"] == part["mvi_present"]).sum())
            n_grade = int((part["dl_grade"] == part["mvi_grade"]).sum())
            area = auc(part["mvi_present"], part["dl_risk"]).value
            counts = {"n_patients": len(part), "n_correct": n_correct, "n_grade": n_grade}
            rows.append({**label, "scoring": scoring, **counts, "accuracy": n_correct / len(part), "auc": area})
    took = pd.Series(seconds, dtype=float).dropna()  # of those that were timed
    settings = {key: setting(load_study(), key) for key in ("network", "training", "seeds.training")}
    write_stored(
        stored,
        pd.DataFrame(rows),
        parameters={"cohort": cohort, "trainings": len(seconds), "timed": len(took), **settings},
        seconds=took.sum(),
        device=", ".join(sorted(devices)) or None,
        inputs=[result_path(cohort, item) for item in ("patients.csv", "rois.safetensors")],
    )

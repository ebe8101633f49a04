"""Make the tables that are too dear for the book and stored instead: silent choices, sets of sequences, null seeds.

``python workflow/stored.py choice --cohort phantom --part 0 --repeat 0`` trains with one silent choice made otherwise;
``choices`` and ``subsets`` store what has been trained so far; ``null_seeds`` and ``faults`` do all their work. See
data_manifest/stored/README.md.
"""

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from itertools import combinations
from pathlib import Path

import numpy as np
import pandas as pd

from mvi_core.model.choices import variants
from mvi_core.names import PAPER_SEQUENCES, SEQUENCES
from mvi_core.results import read_record, read_result, result_path, write_result, write_stored
from mvi_core.steps.leakage import by_patient, climb
from mvi_core.steps.network import out_of_fold
from mvi_core.study import load_study, setting

DEFAULT_SET = "+".join(PAPER_SEQUENCES)
DEFAULT_REPEATS = 5  # trainings of the default, whose spread is the yardstick of every choice
CHOICE_REPEATS = 2  # trainings of each alternative
SUBSET_REPEATS = 1  # trainings of each set of sequences
SUBSETS = tuple("+".join(chosen) for size in range(1, 7) for chosen in combinations(SEQUENCES, size))
FAULT_RUNS = {"cases": "load", "mutated series": "load --fuzz", "one patient left out": "partial --partial"}
REMEDY = re.compile(r"\. [A-Z][^.]*[^.\s]")  # a second sentence, which says what to do
NULL_PROTOCOLS = ("in-sample", "by patient")  # and the later year, which the in-sample model answers


def choice_names():
    """List the settings that replace one silent choice each, by the name of their files."""
    return {
        "+".join(f"{key}={value}".replace(" ", "") for key, value in chosen.items()): chosen for _, chosen in variants()
    }


def choice(cohort, part, repeat):
    """Out-of-fold predictions with one silent choice made otherwise: number ``part`` of `variants`."""
    name, overrides = list(choice_names().items())[part]
    started, checkpoints = time.monotonic(), result_path(cohort, f"choices/checkpoints/{name}_r{repeat}")
    found, _, parameters = out_of_fold(cohort, DEFAULT_SET, repeat, overrides=overrides, checkpoints=checkpoints)
    parameters |= {"seconds": time.monotonic() - started}
    inputs = ["patients.csv", "rois.safetensors"]
    write_result(cohort, f"choices/{name}_r{repeat}.csv", found, parameters=parameters, inputs=inputs)
    shutil.rmtree(checkpoints, ignore_errors=True)


def choices(cohort):
    """Store how good the network is with each silent choice made otherwise, beside the default's repeats."""
    names = [("ours", "default", f"training/{DEFAULT_SET}_r{r}.csv", r) for r in range(DEFAULT_REPEATS)]
    for (label, _), name in zip(variants(), choice_names(), strict=True):
        names += [(label, name, f"choices/{name}_r{r}.csv", r) for r in range(CHOICE_REPEATS)]
    _store("choices.csv", cohort, {file: {"choice": c, "setting": s, "repeat": r} for c, s, file, r in names})


def subsets(cohort):
    """Store how good each set of sequences is, in every repeat; under the profile ``full`` as ``ablation_full.csv``."""
    folder = result_path(cohort, "training")
    names = {}
    for subset in SUBSETS:
        for path in sorted(folder.glob(f"{subset}_r*[0-9].csv")):
            names[f"training/{path.name}"] = {"sequences": subset, "repeat": int(path.stem.rpartition("_r")[2])}
    _store("ablation_full.csv" if load_study().profile == "full" else "subsets.csv", cohort, names)


def null_seeds():
    """Store how often the interval of an honest score covers one half where the labels are chance, seed by seed."""
    from mvi_core.stats.clusters import patient_bootstrap

    started, study, rows = time.monotonic(), load_study(), []
    first, n_seeds = setting(study, "seeds.leakage"), setting(study, "leakage.null_seeds")
    n_bootstrap = setting(study, "resampling.n_bootstrap")
    for seed in range(first, first + n_seeds):
        people, _, scores = climb("control-null", seed, protocols=NULL_PROTOCOLS)
        for protocol, part in by_patient(people, scores).groupby("protocol", sort=False):
            rng = np.random.default_rng(seed)
            found = patient_bootstrap(part, "auc", n_bootstrap=n_bootstrap, rng=rng)
            rows.append((seed, protocol, found.value, found.low, found.high, found.n))
    table = pd.DataFrame(rows, columns=["seed", "protocol", "value", "ci_low", "ci_high", "n"])
    made = {"cohort": "control-null", "n_bootstrap": n_bootstrap, **setting(study, "leakage")}
    controls = study.root / "data_manifest/controls.yaml"
    write_stored("null_seeds.csv", table, parameters=made, seconds=time.monotonic() - started, inputs=[controls])


def faults():
    """Store how the reader fares on a corpus of broken studies: one row a case, with the judge's verdict.

    The environment variable MVI_FAULTS names the folder of the corpus, with its ``judge.py``.
    """
    started, corpus, rows = time.monotonic(), Path(os.environ.get("MVI_FAULTS", ".")), []
    adapter = load_study().root / "tests/faults/adapter.py"
    for part, run in FAULT_RUNS.items():
        name, *flags = run.split()
        with tempfile.TemporaryDirectory() as work:
            command = [sys.executable, corpus / "judge.py", "--corpus", corpus, "--py", f"{adapter}:{name}", *flags]
            subprocess.run([*command, "--work", work, "--report", f"{work}/report.json", "--quiet"], check=False)
            for case in json.loads(Path(work, "report.json").read_text(encoding="utf-8")):
                said = Path(work, f"{case['id']}.log").read_text(encoding="utf-8", errors="replace")
                rows.append(_judged(part, case, said))
    inputs = [corpus / "faults.json", corpus / "judge.py", adapter]
    made = {"cohort": "synthetic faults", "runs": FAULT_RUNS}
    write_stored("faults.csv", pd.DataFrame(rows), parameters=made, seconds=time.monotonic() - started, inputs=inputs)


def _judged(part, case, said):
    """Row of a case: what was expected, the verdict, and of its errors how many there are and how many say a remedy."""
    errors = [text for text in re.split(r"^(?=error: |warning: |dropped: )", said, flags=re.M) if text[:6] == "error:"]
    return {
        "part": part,
        "stage": case["stage"],
        "case": case["id"],
        "expected": case["expect"],
        "verdict": case["class"],
        "passed": int(case["pass"]),
        "leaks": len(case["leaks"]),
        "errors": len(errors),
        "with_remedy": sum(bool(REMEDY.search(text)) for text in errors),
        "seconds": case["seconds"],
        "peak_mb": case["peak_mb"],
    }


def main():
    """Run one of the functions above by its name."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("table", choices=["choice", "choices", "subsets", "null_seeds", "faults"])
    parser.add_argument("--cohort")
    parser.add_argument("--part", type=int)
    parser.add_argument("--repeat", type=int)
    given = {name: value for name, value in vars(parser.parse_args()).items() if value is not None}
    globals()[given.pop("table")](**given)


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


if __name__ == "__main__":
    main()

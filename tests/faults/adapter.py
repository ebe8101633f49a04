"""Adapter of the fault corpus: reads one broken cohort with the package, says what is wrong, leaves the volumes."""

import argparse
import shutil
import sys
import urllib.parse
from pathlib import Path
from types import SimpleNamespace

import numpy as np

from mvi_core.cohort.predictions import join_predictions
from mvi_core.cohort.spec import ANALYSES
from mvi_core.cohort.study_table import OTHER_NAMES, OTHER_WORDS, Finding
from mvi_core.cohort.table import read_table, validate_patients
from mvi_core.dataset.archive import members, read_member
from mvi_core.dataset.dicom import read_series
from mvi_core.dataset.study_check import check_study
from mvi_core.errors import MviError
from mvi_core.model.checkpoint import load_network
from mvi_core.stats.discrimination import auc
from mvi_core.stats.doubts import doubts

ARTEFACTS = (".safetensors", ".zip", ".npy", ".npz", ".pt", ".pth", ".pkl", ".ckpt", ".tar", ".gz", ".json")
MEASURED = ("age_years", "afp_ng_ml", "alt_u_l", "ast_u_l", "ggt_u_l")


def _save(out, patient, series, volume):
    folder = Path(out) / "volumes" / urllib.parse.quote(patient, safe="")
    folder.mkdir(parents=True, exist_ok=True)
    np.savez(folder / f"{series}.npz", voxels=volume.pixels, affine_lps=volume.affine_lps)


def _series_alone(case, out):
    """A cohort without manifest: each ``dicom/<patient>/<series>``."""
    findings = []
    for folder in sorted(Path(case).glob("dicom/*/*")):
        patient, series = folder.parts[-2:]
        try:
            volume = read_series(folder, where=f"{patient}/{series}")
        except MviError as problem:
            findings.append(Finding("error", patient, series, "", str(problem)))
            continue
        findings += [Finding("warning", patient, series, "", *words) for words in volume.remarks]
        _save(out, patient, series, volume)
    return findings, ()


def _statistics(case):
    """A patient table and predictions: what stops the analysis, and what makes it doubtful."""
    try:
        patients = _patients(Path(case) / "clinical.csv")
        table = join_predictions(patients, read_table(Path(case) / "predictions.csv"), ["p_mvi"], risk="p_mvi")
        predictors, risk = patients[list(MEASURED)], table["p_mvi"].astype(float)
        warned = doubts(predictors, table["mvi_present"], risk, events=patients[["rfs_event", "os_event"]])
    except MviError as problem:
        return [Finding("error", "", "", "clinical.csv and predictions.csv", str(problem))]
    print(f"AUC {auc(table['mvi_present'], risk).value:.6f}, n = {len(table)}")
    return [Finding("warning", "", "", "clinical.csv", *words) for words in warned]


def _patients(path):
    """Through the door of an own cohort, with the corpus' words for sex, grade and age in the package's."""
    frame = read_table(path).rename(columns=OTHER_NAMES)
    for name, words in OTHER_WORDS.items():
        frame[name] = frame[name].map(lambda cell, words=words: words.get(cell, cell))
    analyses = dict.fromkeys(ANALYSES, False) | {"mvi_grade": True, "survival": True}
    return validate_patients(frame, SimpleNamespace(id="case", analyses=analyses, folder=path.parent))


def _artefact(path):
    """A stored network, or an archive that someone offers."""
    try:
        if path.suffix != ".zip":
            load_network(path)
        for name in members(path) if path.suffix == ".zip" else ():
            read_member(path, name)
    except MviError as problem:
        return [Finding("error", "", "", path.name, str(problem))]
    return []


def _findings(case, out):
    case = Path(case)
    if (case / "clinical.csv").exists():
        return _statistics(case), ()
    if artefacts := [path for path in case.iterdir() if path.suffix in ARTEFACTS]:
        return [finding for path in artefacts for finding in _artefact(path)], ()
    if (case / "manifest.csv").exists() or (case / "manifest.yaml").exists():
        check = check_study(case, lambda *series: _save(out, *series))
        return check.findings, check.dropped
    return _series_alone(case, out)


def load(case, out, info=None, *, skip_bad=False):
    """Exit status for one case."""
    findings, dropped = _findings(case, out)
    for finding in findings:
        print(str(finding).encode("utf-8", "backslashreplace").decode())
    errors = [one for one in findings if one.severity == "error"]
    if skip_bad and all(one.patient for one in errors):
        for patient in dropped:
            print(f"dropped: patient {patient}")
            shutil.rmtree(Path(out) / "volumes" / urllib.parse.quote(patient, safe=""), ignore_errors=True)
        return 0
    if errors:
        shutil.rmtree(Path(out) / "volumes", ignore_errors=True)
    return 1 if errors else 0


def partial(case, out, info=None):
    """The same with the switch that goes on without faulty patients."""
    return load(case, out, info, skip_bad=True)


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("case"), parser.add_argument("out")
    parser.add_argument("--skip-bad", action="store_true")
    given = parser.parse_args()
    sys.exit(load(given.case, given.out, skip_bad=given.skip_bad))

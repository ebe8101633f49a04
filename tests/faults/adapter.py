"""Adapter of the fault corpus: reads one broken cohort with the package, says what is wrong, leaves the volumes."""

import argparse
import shutil
import sys
import urllib.parse
from pathlib import Path

import numpy as np

from mvi_core.cohort.study_table import Finding
from mvi_core.dataset.dicom import read_series
from mvi_core.dataset.study_check import check_study
from mvi_core.errors import MviError


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


def load(case, out, info=None, *, skip_bad=False):
    """Exit status for one case."""
    if (Path(case) / "manifest.csv").exists() or (Path(case) / "manifest.yaml").exists():
        check = check_study(case, lambda *series: _save(out, *series))
        findings, dropped = check.findings, check.dropped
    else:
        findings, dropped = _series_alone(case, out)
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

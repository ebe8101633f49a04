import os
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
DESCRIPTION = """\
id: clinic
title: Our clinic
kind: own
summary: Patients of a clinic.
source: {reader: table, path: patients.csv}
analyses: {mvi_grade: false, images: false, survival: false, dl_mvi: false, enrolment: false}
predictors: [afp_gt_20]
multivariable: [afp_gt_20]
licence: none
citation: none
"""


@pytest.fixture
def description():
    """Text of a sound description of the cohort `clinic`."""
    return DESCRIPTION


@pytest.fixture
def clinical(monkeypatch):
    """Folder with the real tables, taken from MVI_DATA or ../shared/data; the test is skipped without it."""
    folder = ROOT / (os.environ.get("MVI_DATA") or "../shared/data")
    if not (folder / "clinical" / "lihc_tcga").is_dir():
        pytest.skip("the real tables are not here: set MVI_DATA to a folder that holds them")
    monkeypatch.setenv("MVI_ROOT", str(ROOT))
    monkeypatch.setenv("MVI_DATA", str(folder))
    return folder / "clinical"


@pytest.fixture
def project(tmp_path, monkeypatch):
    """Project folder of its own with one cohort, `clinic`; returns a function that writes its files."""
    cohorts = tmp_path / "data_manifest" / "cohorts"
    cohorts.mkdir(parents=True)
    (tmp_path / "_config.yml").touch()
    for name in ("dictionary.csv", "files.csv"):
        (tmp_path / "data_manifest" / name).write_bytes((ROOT / "data_manifest" / name).read_bytes())
    monkeypatch.setenv("MVI_ROOT", str(tmp_path))
    monkeypatch.delenv("MVI_DATA", raising=False)

    def write(name, text):
        path = cohorts / name
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return path

    write("clinic.yaml", DESCRIPTION)
    return write

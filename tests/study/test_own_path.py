"""The path of a new user: an export of a hospital becomes pages, and new patients get theirs; no code is edited."""

import json
import shutil
from pathlib import Path

import nbformat
import numpy as np
import pandas as pd
import pytest
import torch
import yaml

from mvi_core import steps
from mvi_core.cli import main
from mvi_core.cohort.spec import load_spec
from mvi_core.model.backbone import NetworkSettings
from mvi_core.model.checkpoint import save_network
from mvi_core.model.network import MviNet
from mvi_core.model.reference import fit_reference, save_reference
from mvi_core.pages import plan
from mvi_core.report.leaks import refuse_leaks
from mvi_core.results import result_path
from mvi_core.study import load_study
from tests.hospital import make_hospital, move_in

ROOT = Path(__file__).parents[2]
PAGES = ("01_cohort", "02_table1", "03_images", "05_external", "08_table3")
OWN_GRADE = {"M0": [0.5], "M1": [0.4], "M2": [0.3]}


@pytest.fixture
def study(tmp_path, monkeypatch):
    """A copy of the project's texts with the smoke settings, for results and cohorts of its own."""
    for name in ("config", "data_manifest", "notebooks"):
        shutil.copytree(ROOT / name, tmp_path / name)
    shutil.copy(ROOT / "_config.yml", tmp_path)
    monkeypatch.setenv("MVI_ROOT", str(tmp_path))
    monkeypatch.setenv("MVI_STUDY", "config/smoke.yaml")
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    return tmp_path


def save_model(folder):
    network = MviNet(3, 32, NetworkSettings(width=8, blocks=(1, 1)), generator=torch.Generator().manual_seed(1))
    notes = {"cohort": "Phantom cohort", "kind": "phantom", "trained_on": []}
    save_network(folder / "model.safetensors", network, sequences=("T1", "T1V", "T1D"), notes=notes)
    save_reference(folder, fit_reference(np.random.default_rng(1).normal(size=(20, 3, 64)), OWN_GRADE))


def answer_questions(path):
    """Answer the questions of ``cohort.yaml`` as a person does: a model of their own, and the predictors they have."""
    described = yaml.safe_load(path.read_text())
    described["images"]["model_path"] = "model"
    described["predictors"] = ["age_gt_50", "afp_gt_20", "cirrhosis"]
    path.write_text(yaml.safe_dump(described, sort_keys=False))


@pytest.mark.slow
def test_an_export_of_a_hospital_becomes_pages_and_new_patients_get_theirs(study, tmp_path_factory, capsys):
    hospital = make_hospital(tmp_path_factory.mktemp("export"), 24, matrix=64)
    assert main(["new", "our-ward"]) == 0
    folder = study / "cohorts/our-ward"
    move_in(hospital, folder)
    save_model(folder / "model")
    assert main(["scan", "our-ward", str(hospital.dicom)]) == 0
    answer_questions(folder / "cohort.yaml")
    assert main(["rois", "our-ward"]) == 0
    assert main(["check", "our-ward"]) == 0
    for step in (steps.admit, steps.patients, steps.apply, steps.baselines, steps.analysis):
        step("our-ward")
    made = {item.page.name for item in plan_of("our-ward") if item.reason is None}
    assert set(PAGES) <= made and not {"04_table2", "07_survival", "13_network"} & made
    for name in PAGES:
        assert main(["run", name, "--cohort", "our-ward"]) == 0
    page = nbformat.read(study / "_smoke/book/notebooks/our-ward/05_external.ipynb", as_version=4)
    assert "on real patients its numbers mean nothing" in json.dumps(page)
    report = study / "pages"
    words = ["--model", str(folder / "model"), "--out", str(study / "new.csv"), "--report", str(report)]
    assert main(["predict", "--cohort", "our-ward", *words]) == 0
    assert len(list(report.iterdir())) == 24 == pd.read_csv(study / "new.csv")["patient_id"].nunique()
    said = capsys.readouterr()
    assert not [secret for secret in hospital.secrets if len(secret) > 6 and secret in said.out + said.err]
    assert refuse_leaks(["our-ward"], [study / "_smoke", report]) > 50
    assert result_path("our-ward", "flow.csv").is_file()


def plan_of(cohort):
    from mvi_core.pages import load_pages, plan_page

    assert plan(load_study())
    return [plan_page(page, load_spec(cohort), load_study()) for page in load_pages()]

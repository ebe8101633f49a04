"""A project folder of two small cohorts, for everything that moves files."""

import shutil
from pathlib import Path

import pytest

from mvi_core import report, results

ROOT = Path(__file__).parents[2]
COHORT = """
id: {id}
title: A made-up ward
kind: own
summary: Six made-up patients.
source: {{reader: table, path: {id}.csv}}
analyses: {{mvi_grade: true, images: false, survival: {survival}, dl_mvi: false, enrolment: false}}
predictors: [afp_gt_20]
multivariable: [afp_gt_20]
licence: none
citation: none
"""
SETTINGS = (
    "profile: test\nwork: .\ncohorts: [ward, clinic]\nseeds: {cohort: 1, resampling: 1}\nphantom: {limit: null}\n"
)
PAGES = """
pages:
- {name: 01_count, question: "How many?", needs: [], reads: [], writes: [], parameters: {seed: seeds.resampling}}
- {name: 02_follow, question: "How long?", needs: [survival], reads: [], writes: [], parameters: {}}
"""
NOTEBOOK = """# %% [markdown]
# # How many?
# %% tags=["parameters", "remove-cell"]
cohort = "ward"  # cohort id
seed: int = 1  # seeds nothing
# %% mystnb={"figure": {"caption": "A figure.", "name": "fig-count"}}
print(cohort, seed)
if seed == 13:
    raise ValueError("an unlucky seed")
"""


@pytest.fixture
def project(tmp_path, monkeypatch):
    """Folder of a small project; the package finds it through MVI_ROOT."""
    for folder in ("data_manifest/cohorts", "config", "notebooks", "book"):
        (tmp_path / folder).mkdir(parents=True)
    (tmp_path / "_config.yml").write_text("title: test\n")
    (tmp_path / "config/study.yaml").write_text(SETTINGS)
    (tmp_path / "config/pages.yaml").write_text(PAGES)
    (tmp_path / "notebooks/01_count.py").write_text(NOTEBOOK)
    for name, survival in (("ward", "true"), ("clinic", "false")):
        (tmp_path / f"data_manifest/cohorts/{name}.yaml").write_text(COHORT.format(id=name, survival=survival))
        (tmp_path / f"data_manifest/cohorts/{name}.csv").write_text("patient_id\n1\n")
    for name in ("files.csv", "dictionary.csv", "paper_values.csv"):
        shutil.copy(ROOT / "data_manifest" / name, tmp_path / "data_manifest" / name)
    shutil.copy(ROOT / "CITATION.cff", tmp_path)
    monkeypatch.setenv("MVI_ROOT", str(tmp_path))
    for variable in ("MVI_STUDY", "MVI_COHORT"):
        monkeypatch.delenv(variable, raising=False)
    for cached in (results.commit, report.paper_values):
        cached.cache_clear()
    return tmp_path

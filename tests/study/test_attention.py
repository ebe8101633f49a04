"""Twins differ by the drift alone, replaced sequences change what they replace, and maps add up, region by region."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from safetensors.numpy import load_file

from mvi_core import steps
from mvi_core.dataset.phantom_twin import REGIONS
from mvi_core.model.backbone import NetworkSettings
from mvi_core.model.checkpoint import save_network
from mvi_core.model.network import MviNet
from mvi_core.names import PAPER_SEQUENCES
from mvi_core.results import read_result, result_path, write_result
from mvi_core.steps.attention import _by_region, _datasets

ROOT = Path(__file__).parents[2]
PHANTOM = "phantom: {limit: null, parts: 1, n_slices: 5, matrix: 64, pixel_mm: 5.0}\n"
SIZES = "network: {roi_px: 24, width: 8, blocks: [1, 1]}\ntraining: {epochs: 1, batch_patients: 3, n_folds: 2}\n"


@pytest.fixture
def seen(project):
    """Six simulated patients of an own cohort, and a small network that was never trained."""
    settings = project / "config/study.yaml"
    text = settings.read_text().replace("phantom: {limit: null}\n", PHANTOM + SIZES)
    settings.write_text(text.replace("seeds: {", "seeds: {phantom: 3, training: 4, "))
    people = pd.DataFrame({"patient_id": [f"P{k}" for k in range(6)], "enrolment": ["2015", "2018"] * 3})
    people = people.assign(mvi_grade=["M0", "M0", "M1", "M1", "M2", "M2"], size_cm=[2.0, 3.0, 4.0, 3.0, 4.0, 2.0])
    people["mvi_present"] = (people["mvi_grade"] != "M0").astype(int)
    write_result("ward", "patients.csv", people)
    steps.simulate("ward", 0)
    steps.rois("ward")
    development, _ = _datasets("ward")
    network = MviNet(3, 24, NetworkSettings(width=8, blocks=(1, 1)), generator=torch.Generator().manual_seed(0))
    network.set_intensity_scale(*development.intensity_scale())
    path = result_path("ward", "model/model.safetensors")
    save_network(path, network.eval(), sequences=PAPER_SEQUENCES, notes={"trained_on": []})
    return project


def test_what_replaces_a_sequence_changes_the_risk_and_nothing_replaced_leaves_it(seen):
    steps.replaced("ward")
    table = read_result("ward", "replaced.csv").fillna({"replaced": ""})
    assert set(table["remedy"]) == {"mean and SD matched"}  # of an own cohort nothing can be drawn again
    assert table.groupby("replaced").size().to_dict() == dict.fromkeys(table["replaced"].unique(), 3)
    assert table["replaced"].nunique() == 8 and table["dl_risk"].between(0, 1).all()
    wide = table.pivot(index="patient_id", columns="replaced", values="dl_risk")
    assert (wide["T1+T1V+T1D"] - wide[""]).abs().max() > 1e-6
    features = read_result("ward", "features_replaced.csv")
    assert features.groupby("sequence").size().to_dict() == {"T1": 6, "T1V": 6, "T1D": 6}


def test_a_phantom_is_drawn_again_without_drift_and_its_maps_add_up(seen):
    path = seen / "data_manifest/cohorts/ward.yaml"
    path.write_text(path.read_text().replace("kind: own", "kind: phantom"))
    steps.twins("ward")
    twins = load_file(result_path("ward", "twins.safetensors"))
    assert twins["rois"].shape == twins["lesion"].shape == (3, 3, 3, 24, 24)
    assert 0 <= twins["lesion"].min() < twins["lesion"].max() <= 1
    _, external = _datasets("ward")
    assert abs(twins["rois"] - external.rois.numpy()).max() > 0  # the drift
    steps.replaced("ward")
    assert set(read_result("ward", "replaced.csv")["remedy"]) == {"mean and SD matched", "drawn without drift"}
    steps.attention("ward")
    table = read_result("ward", "attention.csv")
    assert len(table) == 3 * 3 * 3 * len(REGIONS)  # networks, patients, sequences
    sums = table.groupby(["network", "patient_id", "sequence"])[["share", "area"]].sum()
    np.testing.assert_allclose(sums, 1, atol=1e-5)
    agreement = table.groupby("network")["agreement"].mean()
    assert agreement["trained"] == pytest.approx(1) and agreement["weights drawn anew"] < 0.99
    maps = load_file(result_path("ward", "attention_maps.safetensors"))
    assert set(maps) == {"trained", "trained_again", "weights_drawn_anew", "image", "lesion"}


def test_a_map_that_looks_at_one_region_has_its_whole_share_there():
    place = np.zeros((1, 3, 2, 2), dtype=np.int8)
    place[..., 0, :] = 1  # the upper half is rim
    shares = torch.tensor([[[[0.5, -1.5], [0, 0]]] * 3])
    table = _by_region({"trained": (shares, torch.zeros(1))}, place, ["P1"]).set_index("region")
    assert set(table.loc["rim", "share"]) == {1} and set(table.loc["tumour", "share"]) == {0}
    assert set(table.loc["rim", "area"]) == {0.5}


def test_chapter_6_is_made_of_a_cohort_without_drift_free_twins(project, monkeypatch):
    rng, ids = np.random.default_rng(0), [f"P{k:03d}" for k in range(90)]
    years, grades = np.repeat(["2015", "2018"], 45), np.resize(["M0", "M1", "M2"], 90)
    people = pd.DataFrame({"patient_id": ids, "enrolment": years, "mvi_grade": grades})
    write_result("ward", "patients.csv", people.assign(mvi_present=(grades != "M0").astype(int)))
    for name, drift in (("features.csv", 3.0), ("features_replaced.csv", 0.0)):
        blocks = [rng.normal(drift * (years == "2018")[:, None], 1, (90, 4)) for _ in PAPER_SEQUENCES]
        tables = [pd.DataFrame(block, columns=["f000", "f001", "f002", "f003"]) for block in blocks]
        named = [t.assign(patient_id=ids, sequence=str(s)) for t, s in zip(tables, PAPER_SEQUENCES, strict=True)]
        extra = {"remedy": "mean and SD matched"} if "replaced" in name else {}
        write_result("ward", name, pd.concat(named).assign(**extra))
    sets = ["", "T1", "T1V", "T1D", "T1+T1V", "T1+T1D", "T1V+T1D", "T1+T1V+T1D"]
    later = [pd.DataFrame({"patient_id": ids[45:], "replaced": each, "dl_risk": rng.random(45)}) for each in sets]
    table = pd.concat(later).assign(dl_mvi=lambda rows: (rows["dl_risk"] >= 0.5).astype(int))
    write_result("ward", "replaced.csv", table.assign(remedy="mean and SD matched"))
    source = (ROOT / "notebooks/06_shift.py").read_text(encoding="utf-8")
    for before, after in (
        ('cohort = "phantom"', 'cohort = "ward"'),
        ("= 2000 ", "= 20 "),
        ("= 200 ", "= 3 "),
        ("= 30 ", "= 5 "),
    ):
        assert before in source
        source = source.replace(before, after, 1)
    monkeypatch.setattr("mvi_core.report.page._store_figure", lambda page, figure: [])  # seconds of drawing
    exec(compile(source, "06_shift.py", "exec"), {})
    shift = read_result("ward", "shift.csv").groupby("images")["domain_auc"].mean()
    assert shift["as scanned"] > 0.95 and shift["mean and SD matched"] < 0.75
    assert set(read_result("ward", "drift_cost.csv")["remedy"]) == {"mean and SD matched"}

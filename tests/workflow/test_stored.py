"""A sweep stores what has been trained so far, each training counted by hand, and says what its time is worth."""

import shutil
from pathlib import Path

import pandas as pd
import pytest

from mvi_core.results import read_stored, result_path, write_result

ROOT = Path(__file__).parents[2]
TRUTH = pd.DataFrame({"patient_id": list("abcd"), "mvi_present": [0, 0, 1, 1], "mvi_grade": ["M0", "M0", "M1", "M2"]})


def predictions(risks):
    """Calls by the risk, never grade M2, under both scorings."""
    grade = ["M1" if risk >= 0.5 else "M0" for risk in risks]
    once = TRUTH[["patient_id"]].assign(dl_risk=risks, dl_mvi=[int(risk >= 0.5) for risk in risks], dl_grade=grade)
    return pd.concat([once.assign(scoring="first"), once.assign(scoring="mean")])


@pytest.fixture
def stored(script, tmp_path, monkeypatch):
    for folder in ("data_manifest/stored", "config"):
        (tmp_path / folder).mkdir(parents=True)
    shutil.copy(ROOT / "data_manifest/silent_choices.csv", tmp_path / "data_manifest")
    (tmp_path / "_config.yml").write_text("title: test\n")
    settings = "profile: test\nwork: .\ncohorts: [phantom]\nseeds: {training: 1}\nnetwork: {}\ntraining: {}\n"
    (tmp_path / "config/study.yaml").write_text(settings)
    monkeypatch.setenv("MVI_ROOT", str(tmp_path))
    monkeypatch.delenv("MVI_STUDY", raising=False)
    write_result("phantom", "patients.csv", TRUTH)
    result_path("phantom", "rois.safetensors").write_text("images")
    return script("stored")


def test_each_training_that_is_there_is_counted_and_the_others_are_left_out(stored):
    made = {"seconds": 90.0, "device": "abacus"}
    write_result("phantom", "training/T1_r0.csv", predictions([0.1, 0.6, 0.4, 0.9]), parameters=made)
    write_result("phantom", "training/T1+T2_r1.csv", predictions([0.1, 0.2, 0.8, 0.9]))
    stored.subsets("phantom")
    table, record = read_stored("subsets.csv")
    first = table[table["scoring"] == "first"].set_index("sequences")
    assert first["repeat"].to_dict() == {"T1": 0, "T1+T2": 1}
    assert first.loc["T1", ["n_correct", "n_grade", "accuracy"]].tolist() == [2, 1, 0.5]  # grade M2 is never called
    assert first["auc"].to_dict() == {"T1": 0.75, "T1+T2": 1.0}
    assert (record["seconds"], record["device"]) == (90.0, "abacus")
    assert (record["parameters"]["trainings"], record["parameters"]["timed"]) == (2, 1)
    assert set(record["inputs"]) == {"patients.csv", "rois.safetensors"}


def test_a_choice_made_otherwise_stands_beside_the_default(stored):
    name = next(iter(stored.choice_names()))
    write_result("phantom", f"training/{stored.DEFAULT_SET}_r3.csv", predictions([0.1, 0.2, 0.8, 0.9]))
    write_result("phantom", f"choices/{name}_r0.csv", predictions([0.1, 0.6, 0.4, 0.9]))
    stored.choices("phantom")
    table = read_stored("choices.csv")[0].query("scoring == 'first'")
    assert table[["choice", "setting", "repeat"]].to_numpy().tolist() == [
        ["ours", "default", 3],
        ["Input channels", "network.input_channels=3", 0],
    ]


def test_every_choice_has_a_file_of_its_own_and_every_set_stands_once(stored):
    names = list(stored.choice_names())
    assert len(names) == len(set(names)) and not [name for name in names if " " in name or "/" in name]
    assert len(stored.SUBSETS) == len(set(stored.SUBSETS)) == 2**6 - 1
    assert stored.DEFAULT_SET in stored.SUBSETS


def test_the_training_of_a_choice_gets_its_setting_and_leaves_no_checkpoints(stored, monkeypatch):
    asked = []

    def trained(cohort, sequences, repeat, *, overrides, checkpoints):
        asked.append((cohort, sequences, repeat, overrides))
        checkpoints.mkdir(parents=True)
        return predictions([0.1, 0.6, 0.4, 0.9]), None, {"seed": 2}

    monkeypatch.setattr(stored, "out_of_fold", trained)
    stored.choice("phantom", 1, 0)
    assert asked == [("phantom", "T1+T1V+T1D", 0, {"network.stem_stride": 1})]
    assert result_path("phantom", "choices/network.stem_stride=1_r0.csv").is_file()
    assert not list(result_path("phantom", "choices/checkpoints").iterdir())

"""Own cohorts: pseudonyms at the door, every fault told before training, the others bit-equal, a frozen model."""

import os
import shutil

import numpy as np
import pandas as pd
import pytest
import torch

from mvi_core import steps
from mvi_core.cohort.folder import find_cohort
from mvi_core.cohort.load import load_cohort
from mvi_core.cohort.own import LEFT_OUT_COLUMNS, write_left_out
from mvi_core.cohort.spec import load_spec
from mvi_core.dataset.rois import read_roi_cache
from mvi_core.errors import CohortError, SplitError
from mvi_core.model.backbone import NetworkSettings
from mvi_core.model.checkpoint import save_network
from mvi_core.model.network import MviNet
from mvi_core.model.prediction import patient_digests
from mvi_core.model.reference import fit_reference, save_reference
from mvi_core.report.page import banner, model_words
from mvi_core.results import read_result, result_path
from mvi_core.verbs import RESEARCH_ONLY, predict
from tests.scanned import DESCRIPTION, PERSON, make_scanned

GRADED = {"M0": [0.5], "M1": [0.4], "M2": [0.3]}


def save_model(folder, trained_on=(), kind="phantom"):
    network = MviNet(3, 16, NetworkSettings(width=8, blocks=(1, 1)), generator=torch.Generator().manual_seed(1))
    notes = {"cohort": "Phantom cohort", "kind": kind, "trained_on": patient_digests(trained_on)}
    save_network(folder / "model.safetensors", network, sequences=("T1", "T1V", "T1D"), notes=notes)
    save_reference(folder, fit_reference(np.random.default_rng(1).normal(size=(20, 3, 64)), GRADED))


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """Six patients as a hospital has them, with a model of three sequences beside them."""
    folder = tmp_path_factory.mktemp("made") / "ward-7"
    images = {"root": "images", "model": "frozen", "model_path": "model"}
    make_scanned(folder, 6, matrix=32, changes={"images": images, "predictors": ["afp_gt_20", "cirrhosis"]})
    table = pd.read_csv(folder / "patients.csv")
    table.assign(afp_ng_ml=[5.0, 500.0] * 3, cirrhosis=[0, 1] * 3).to_csv(folder / "patients.csv", index=False)
    save_model(folder / "model")
    return folder


@pytest.fixture
def ward(project, made, monkeypatch):
    """Identifier of a copy of that cohort, in a project of its own."""
    shutil.copytree(made, project / "cohorts/ward-7")
    settings = project / "config/study.yaml"
    settings.write_text(settings.read_text() + "network: {roi_px: 16}\ntraining: {n_folds: 2}\n")
    return project / "cohorts/ward-7"


def change(path, old, new):
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))


def admitted():
    for step in (steps.admit, steps.patients, steps.apply, steps.analysis):
        step("ward-7")
    return read_result("ward-7", "analysis.csv").set_index("patient_id")


def test_patients_come_in_under_pseudonyms_with_a_frozen_models_predictions(ward):
    table = admitted()
    assert len(table) == 6 and table.index.str.fullmatch(r"P[0-9a-f]{10}").all()
    assert set(table["enrolment"]) == {"external"} and set(table["split"]) == {"external"}
    assert read_result("ward-7", "flow.csv")["n_excluded"].sum() == 0
    assert set(read_result("ward-7", "outside.csv")) == {"patient_id", "T1", "T1V", "T1D", "joined"}
    written = b"".join(path.read_bytes() for path in result_path("ward-7", ".").rglob("*") if path.is_file())
    assert not [value for value in (*PERSON.values(), "HN-47") if value.encode() in written]


def test_the_banner_says_that_a_phantoms_model_means_nothing_on_patients(ward):
    said = model_words(load_spec("ward-7"))
    assert "trained on: Phantom cohort (phantom)" in said and "mean nothing" in said
    assert said in banner(load_spec("ward-7"), "book")
    save_model(ward / "model", kind="real")
    assert "mean nothing" not in model_words(load_spec("ward-7"))
    assert model_words(load_spec("ward")) == ""


def break_images(ward):
    victim = next((ward / "images/HN-4724/T2").iterdir())
    victim.write_bytes(victim.read_bytes()[:300])
    change(ward / "patients.csv", "HN-4737,2019,", "HN-4737,2019,9")
    boxes = pd.read_csv(ward / "rois.csv")
    boxes[boxes["patient_id"] != "HN-4750"].to_csv(ward / "rois.csv", index=False)


def test_all_faults_of_images_and_table_are_told_at_once_and_nothing_is_made(ward):
    break_images(ward)
    with pytest.raises(CohortError) as told:
        steps.admit("ward-7")
    said = str(told.value)
    assert "sequence T2" in said and "age_years" in said and "no box in rois.csv" in said
    assert "HN-47" not in said and "Quillfeather" not in said
    assert not result_path("ward-7", "rois.safetensors").exists()
    assert not result_path("ward-7", "left_out.csv").exists()


@pytest.mark.parametrize("how", ["description", "environment"])
def test_with_skip_bad_the_others_are_bit_equal_and_the_dropped_are_counted(ward, monkeypatch, how):
    whole = admitted()
    crops, index = read_roi_cache(result_path("ward-7", "rois.safetensors"))
    break_images(ward)
    if how == "environment":
        monkeypatch.setenv("MVI_SKIP_BAD", "1")
    else:
        with (ward / "cohort.yaml").open("a") as file:
            file.write("skip_bad: true\n")
    left = admitted()
    assert len(left) == 3
    pd.testing.assert_frame_equal(left, whole.loc[left.index], check_exact=True)
    again, rows = read_roi_cache(result_path("ward-7", "rois.safetensors"))
    kept = index["patient_id"].drop_duplicates().isin(left.index).to_numpy()
    alike = rows["patient_id"].drop_duplicates().isin(left.index).to_numpy()
    np.testing.assert_array_equal(again[alike], crops[kept])
    flow = read_result("ward-7", "flow.csv")
    assert flow["n_excluded"].tolist() == [0, 1, 1, 1] and flow["n_left"].iloc[-1] == 3
    assert flow["reason"].str.contains("a series cannot be read|no box was drawn|left_out.csv").sum() == 3
    told = pd.read_csv(ward / "left_out.csv")
    assert set(told["patient_id"]) == {"HN-4724", "HN-4737", "HN-4750"}
    assert set(told["stage"]) == {"a series cannot be read", "table", "no box was drawn"}


def test_an_identifier_that_a_spreadsheet_would_run_is_defused_in_the_list_of_those_left_out(ward):
    change(ward / "patients.csv", "HN-4711", "=HN()")
    who = find_cohort(ward).pseudonym("=HN()")
    write_left_out("ward-7", pd.DataFrame([(who, "table", "empty")], columns=list(LEFT_OUT_COLUMNS)))
    assert f"\n'=HN(),table,empty,{who}\n" in (ward / "left_out.csv").read_text()


def test_nobody_left_is_told(ward):
    with (ward / "cohort.yaml").open("a") as file:
        file.write("skip_bad: true\n")
    change(ward / "cohort.yaml", "images: true", "images: false")
    change(ward / "cohort.yaml", "dl_mvi: network", "dl_mvi: false")
    pd.read_csv(ward / "patients.csv").assign(age_years=999).to_csv(ward / "patients.csv", index=False)
    with pytest.raises(CohortError, match="no patient is left"):
        load_cohort("ward-7", seed=1)


def test_a_predictor_with_one_value_is_refused_before_anything_is_fitted(ward):
    table = pd.read_csv(ward / "patients.csv").assign(cirrhosis=1)
    table.to_csv(ward / "patients.csv", index=False)
    steps.admit("ward-7")
    with pytest.raises(CohortError, match="'cirrhosis' has 1 value"):
        steps.patients("ward-7")


def test_a_frozen_model_never_judges_those_whom_it_has_seen(ward):
    seen = admitted().index[:1]
    save_model(ward / "model", trained_on=seen)
    with pytest.raises(SplitError, match="seen 1 of the patients"):
        steps.apply("ward-7")


def test_a_cohort_can_be_named_by_its_path(made, project, monkeypatch):
    monkeypatch.setenv("MVI_COHORT", f"ward {made}")
    assert load_spec("ward-7").folder == made
    from mvi_core.pages import study_cohorts
    from mvi_core.study import load_study

    assert study_cohorts(load_study()) == ["ward", "clinic", "ward-7"]


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("model: frozen", "model: molten", "images.model must be frozen or trained"),
        ("  root: images\n", "", "images.root must name the folder"),
        ("  root: images\n", "  rot: images\n", "images.rot is unknown; did you mean root"),
        ("dl_mvi: network", "dl_mvi: false", "analyses.dl_mvi must be network"),
        ("  root: images\n", "  root: images\n  sequences: [T1, T9]\n", "T9 is no sequence"),
        ("  root: images\n", "  root: images\n  sequences: [T1, T1V]\n", "lacks T1D"),
        ("kind: own", "kind: own\nskip_bad: perhaps", "'skip_bad' must be true or false"),
    ],
)
def test_a_wrong_description_of_images_is_told(ward, old, new, words):
    change(ward / "cohort.yaml", old, new)
    with pytest.raises(CohortError, match=words):
        load_spec("ward-7")


def test_years_of_any_kind_make_development_and_external(ward):
    changes = {**DESCRIPTION["analyses"], "enrolment": True}
    change(ward / "cohort.yaml", "enrolment: false", "enrolment: true")
    change(ward / "cohort.yaml", "model: frozen", "model: trained")
    assert changes["enrolment"]
    steps.admit("ward-7")
    steps.patients("ward-7")
    people = read_result("ward-7", "patients.csv")
    from mvi_core.cohort.enrolment import development_and_external

    parts = development_and_external(people)
    assert [set(part["enrolment"]) for part in parts] == [{"2016"}, {"2019"}]
    assert sum(map(len, parts)) == len(people)


def test_new_patients_get_a_table_and_a_page_each_without_an_identity(ward, tmp_path):
    said = predict("ward-7", model=ward / "model", out=tmp_path / "new.csv", report=tmp_path / "pages")
    assert said == f"new.csv: 6 patient(s), model of T1+T1V+T1D. {RESEARCH_ONLY}"
    table = pd.read_csv(tmp_path / "new.csv")
    pages = sorted((tmp_path / "pages").iterdir())
    assert {path.stem for path in pages} == set(table["patient_id"])
    ends = table[["risk_low", "dl_risk", "risk_high"]]
    assert (ends["risk_low"] <= ends["dl_risk"] + 1e-12).all() and (ends["dl_risk"] <= ends["risk_high"] + 1e-12).all()
    for path in pages:
        text = path.read_text()
        assert RESEARCH_ONLY in text and "of a real patient its numbers mean nothing" in text
        assert '<html lang="en">' in text and 'alt="' in text and 'src="data:image/png' in text
        assert "http" not in text and "<script" not in text
        assert not [value for value in (*PERSON.values(), "HN-47", os.sep + "cohorts") if value in text]
        outside = table.set_index("patient_id")["outside"][path.stem].iloc[0]
        assert ("lie outside what the model has seen" in text) == (outside == "yes")


def test_a_folder_of_series_with_pseudonyms_serves_as_well(ward, tmp_path):
    """Witness: the same patients by way of the cohort folder."""
    predict("ward-7", model=ward / "model", out=tmp_path / "one.csv")
    source = (ward / "images", ward / "rois.csv")
    predict(source, model=ward / "model", out=tmp_path / "two.csv", patients=ward / "patients.csv")
    one, two = (pd.read_csv(tmp_path / name).sort_values(["scoring", "dl_risk"]) for name in ("one.csv", "two.csv"))
    np.testing.assert_allclose(one["dl_risk"], two["dl_risk"], rtol=1e-6)
    assert two["patient_id"].str.startswith("HN-").all()

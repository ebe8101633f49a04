"""``mvi predict`` turns images and boxes into probabilities; ``mvi audit`` turns printed numbers into verdicts."""

import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
import yaml

from mvi_core.dataset.phantom import write_phantom
from mvi_core.errors import MviError, SplitError
from mvi_core.model.backbone import NetworkSettings
from mvi_core.model.checkpoint import save_network
from mvi_core.model.network import MviNet
from mvi_core.model.prediction import patient_digests
from mvi_core.names import SEQUENCES
from mvi_core.stats.audit.verdict import VERDICTS
from mvi_core.verbs import RESEARCH_ONLY, audit_lines, predict

EXAMPLE = Path(__file__).parents[2] / "data_manifest/audit_example.yaml"
ROI_PX = 16
WORDS = tuple(f"{verdict.upper()}: " for verdict in VERDICTS)


@pytest.fixture(scope="module")
def ward(tmp_path_factory):
    """Three phantom patients as DICOM with boxes, and an untrained model of three sequences."""
    folder = tmp_path_factory.mktemp("ward")
    people = pd.DataFrame(
        {"patient_id": ["007", "b-2", "P3"], "enrolment": "2015", "mvi_grade": ["M0", "M1", "M2"], "size_cm": [3, 4, 5]}
    )
    boxes = write_phantom(people, folder / "images", seed=1, matrix=64, pixel_mm=5.0)
    boxes.to_csv(folder / "rois.csv", index=False)
    network = MviNet(3, ROI_PX, NetworkSettings(width=8, blocks=(1, 1)), generator=torch.Generator().manual_seed(1))
    save_network(folder / "model/model.safetensors", network, sequences=("T1", "T1V", "T1D"))
    return folder


def applied(ward, out, boxes="rois.csv"):
    said = predict((str(ward / "images"), str(ward / boxes)), model=str(ward / "model"), out=str(out))
    return said, pd.read_csv(out, dtype={"patient_id": str})


def test_predictions_are_probabilities_of_every_patient_and_scoring(ward, tmp_path):
    said, table = applied(ward, tmp_path / "deep/out.csv")
    assert said == f"out.csv: 3 patient(s), model of T1+T1V+T1D. {RESEARCH_ONLY}"
    people = ["007", "b-2", "P3"]
    assert table.groupby("scoring")["patient_id"].agg(list).to_dict() == {"first": people, "mean": people}
    chance = table[["p_m0", "p_m1", "p_m2"]]
    np.testing.assert_allclose(chance.sum(axis=1), 1, rtol=1e-12)
    np.testing.assert_allclose(table["dl_risk"], 1 - table["p_m0"], rtol=1e-9)
    assert table["dl_mvi"].tolist() == (chance.to_numpy().argmax(axis=1) > 0).astype(int).tolist()
    assert set(table["use"]) == {RESEARCH_ONLY} and set(table["split"]) == {"new"}


def test_a_patient_whom_the_model_has_seen_in_training_is_refused(ward, tmp_path):
    network = MviNet(3, ROI_PX, NetworkSettings(width=8, blocks=(1, 1)), generator=torch.Generator().manual_seed(1))
    notes = {"trained_on": patient_digests(["b-2", "X"])}
    save_network(tmp_path / "model.safetensors", network, sequences=("T1", "T1V", "T1D"), notes=notes)
    with pytest.raises(SplitError, match="seen 1 of the patients in training, first b-2"):
        predict((str(ward / "images"), str(ward / "rois.csv")), model=str(tmp_path), out=str(tmp_path / "out.csv"))
    assert not (tmp_path / "out.csv").exists()


def test_a_patient_is_predicted_alike_alone_and_with_others(ward, tmp_path):
    _, together = applied(ward, tmp_path / "all.csv")
    boxes = pd.read_csv(ward / "rois.csv", dtype={"patient_id": str})
    boxes[boxes["patient_id"] == "b-2"].to_csv(ward / "one.csv", index=False)
    _, alone = applied(ward, tmp_path / "one.csv", boxes="one.csv")
    expected = together[together["patient_id"] == "b-2"].reset_index(drop=True)
    pd.testing.assert_frame_equal(alone, expected, rtol=1e-5)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (None, "wrong.csv: the table is missing"),
        ("", "wrong.csv is empty"),
        ("patient_id,sequence,slice_index,row0,col0,row1,col1\n", "lacks rows"),
        ('patient_id\n"007', "wrong.csv, line 2"),
        ("patient_id,sequence,slice_index,row0,col0,row1,col1\n"
         + "".join(f"007,{s},2,x,10,30,30\n" for s in SEQUENCES), "wrong.csv row 2: row0 must be"),
        ("patient_id,sequence,slice_index,row0,col0,row1,col1\n"
         + "".join(f"007,{s},,10,10,30,30\n" for s in SEQUENCES), "wrong.csv row 2: slice_index must be"),
        ("patient_id,sequence,slice_index,row0,col0,row1,col1\n"
         + "".join(f"007,{s},2,10.5,10,30,30\n" for s in SEQUENCES), "row0 must be a whole number"),
        ("patient_id,sequence,slice_index,row0,col0,row1,col1\n"
         + "".join(f"007,{s},2,1_0,10,30,30\n" for s in SEQUENCES), "row0 must be a whole number"),
        ("patient_id,sequence,slice_index,row0,col0,row1,col1\n"
         + "007,T1,2,10,10,30,30\n" * 2, "row 3: an earlier row holds a box of the same slice"),
        ("patient_id,patient_id\n007,007\n", "column 'patient_id' stands 2 times"),

        ("patient_id,row0\n007,1\n", "column sequence, slice_index, .* is missing"),
        ("patient_id,sequence,slice_index,row0,col0,row1,col1\n007,T1,2,10,10,30,30\n", "Missing: T1V, T1D"),
        ("patient_id,sequence,slice_index,row0,col0,row1,col1\n"
         + "".join(f"ghost,{s},2,10,10,30,30\n" for s in SEQUENCES), "ghost"),
        ("patient_id,sequence,slice_index,row0,col0,row1,col1\n"
         + "".join(f"007,{s},2,10,10,900,30\n" for s in SEQUENCES), "007"),
    ],
)  # fmt: skip
def test_a_box_table_that_cannot_be_used_is_told_and_nothing_is_written(ward, tmp_path, text, message):
    path = tmp_path / "wrong.csv"
    if text is not None:
        path.write_text(text)
    with pytest.raises(MviError, match=message):
        predict((str(ward / "images"), str(path)), model=str(ward / "model"), out=str(tmp_path / "out.csv"))
    assert not (tmp_path / "out.csv").exists()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (None, "none.csv does not exist"),
        ("id,afp_ng_ml\n007,5\n", "no column 'patient_id'"),
        ("patient_id,afp_ng_ml\n007,5\n007,50\n", "rows 2 and 3, patient_id"),
        ("patient_id,afp_ng_ml\n007,>1210\n", "row 2, afp_ng_ml: '>1210'"),
        ("patient_id,afp_ng_ml\n007,-9\n", "row 2, afp_ng_ml: '-9'"),
        ("patient_id,afp_ng_ml\n7,5\n", "No patient of the table has a box"),
    ],
)
def test_a_patient_table_that_cannot_be_used_is_told_and_nothing_is_written(ward, tmp_path, text, message):
    path, told = tmp_path / "none.csv", {"model": str(ward / "model"), "out": str(tmp_path / "out.csv")}
    if text is not None:
        path.write_text(text)
    with pytest.raises(MviError, match=message):
        predict((str(ward / "images"), str(ward / "rois.csv")), patients=path, **told)
    assert not (tmp_path / "out.csv").exists()


@pytest.mark.parametrize("text", ["", "[]", '{"axes": []}', "[" * 100_000, "\udcff"])
def test_a_broken_nomogram_beside_the_model_is_told(ward, tmp_path, text):
    shutil.copytree(ward / "model", tmp_path / "model")
    (tmp_path / "nomogram.json").write_bytes(text.encode("utf-8", "surrogateescape"))
    with pytest.raises(MviError, match=r"nomogram.json beside the model is no nomogram"):
        source = str(ward / "images"), str(ward / "rois.csv")
        predict(source, model=str(tmp_path / "model"), out=str(tmp_path / "out.csv"))


def test_a_model_that_is_not_there_is_told(ward, tmp_path):
    with pytest.raises(MviError, match=r"model.safetensors is not a whole file"):
        predict((str(ward / "images"), str(ward / "rois.csv")), model=str(tmp_path), out=str(tmp_path / "out.csv"))


def test_the_example_paper_gets_verdicts_and_no_value_is_left_unused():
    lines = audit_lines(EXAMPLE)
    assert len(lines) > 15 and all(line.startswith(WORDS) for line in lines)
    assert not [line for line in lines if line.startswith("CANNOT")]


def test_a_changed_digit_and_an_unknown_section_of_the_example_are_told(tmp_path):
    paper = yaml.safe_load(EXAMPLE.read_text())
    kept = {"fractions": [{"name": "infection", "k": 172, "n": 400, "percent": "44.0%"}], "sums": paper["sums"]}
    path = tmp_path / "paper.yaml"
    path.write_text(yaml.safe_dump({**kept, "colours": "blue"}))
    lines = audit_lines(path)
    assert [line for line in lines if line.startswith("CANNOT BE REPRODUCED") and "infection" in line]
    (unused,) = [line for line in lines if line.startswith("NOT USED")]
    assert "colours: not a section" in unused


@pytest.mark.parametrize(
    "content", [None, "a: [", "- a list", "", "\udcff", "sums: {}\nsums: {}\n", "note: 2015-02-30\n", "note: *sums\n"]
)
def test_a_paper_that_cannot_be_read_is_told(tmp_path, content):
    path = tmp_path / "paper.yaml"
    if content is not None:
        path.write_bytes(content.encode("utf-8", "surrogateescape"))
    with pytest.raises(MviError, match="audit_example"):
        audit_lines(path)

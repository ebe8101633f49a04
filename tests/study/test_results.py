"""Results are whole or absent, and refused when stale."""

import json

import pandas as pd
import pytest

from mvi_core.errors import ManifestError, StaleResultError
from mvi_core.results import (
    atomic_write,
    is_stored,
    read_record,
    read_result,
    read_stored,
    result_path,
    write_result,
    write_stored,
)

TABLE = pd.DataFrame({"patient_id": ["007", "NA"], "value": [1.5, None]})


def test_a_table_comes_back_as_it_was_written(project):
    write_result("ward", "table.csv", TABLE, parameters={"seed": 3})
    pd.testing.assert_frame_equal(read_result("ward", "table.csv"), TABLE)
    assert read_record("ward", "table.csv")["parameters"] == {"seed": 3}


def test_a_mapping_comes_back_as_it_was_written(project):
    write_result("ward", "nomogram.json", {"b": [1, 2.5], "a": "x"})
    assert read_result("ward", "nomogram.json") == {"b": [1, 2.5], "a": "x"}


def test_a_stored_table_names_the_commit_before_it_changed_the_checkout(project, monkeypatch):
    stored = project / "data_manifest/stored/sweep.csv"
    monkeypatch.setattr("mvi_core.results.commit", lambda: "0a1b2c+" if stored.exists() else "0a1b2c")
    write_stored("sweep.csv", TABLE, parameters={}, seconds=1)
    assert read_stored("sweep.csv")[1]["commit"] == "0a1b2c"


def test_a_missing_result_says_how_to_make_it(project):
    with pytest.raises(ManifestError, match=r"ward/roc.csv does not exist yet. Run `make book`"):
        read_result("ward", "roc.csv")


def test_a_result_edited_by_hand_is_refused(project):
    write_result("ward", "table.csv", TABLE)
    path = result_path("ward", "table.csv")
    path.write_text(path.read_text() + "008,2\n")
    with pytest.raises(StaleResultError, match="not the file its record describes"):
        read_result("ward", "table.csv")


def test_a_result_without_record_is_refused(project):
    write_result("ward", "table.csv", TABLE)
    path = result_path("ward", "table.csv")
    path.with_suffix(".json").unlink()
    with pytest.raises(StaleResultError, match="no record"):
        read_result("ward", "table.csv")


def test_a_result_of_changed_inputs_is_refused(project):
    write_result("ward", "patients.csv", TABLE)
    write_result("clinic", "table.csv", TABLE, inputs=["../ward/patients.csv"])
    assert len(read_result("clinic", "table.csv")) == 2
    write_result("ward", "patients.csv", TABLE.iloc[:1])
    with pytest.raises(StaleResultError, match=r"another version of results/ward/patients.csv"):
        read_result("clinic", "table.csv")


@pytest.mark.parametrize("cell", ["=1+1", "+cmd", "@SUM(A1)", "-2+3"])
def test_a_cell_that_a_spreadsheet_would_run_is_defused(project, cell):
    write_result("ward", "table.csv", pd.DataFrame({"note": [cell]}))
    assert read_result("ward", "table.csv")["note"].tolist() == ["'" + cell]


def test_an_interrupted_write_leaves_the_old_file_and_no_litter(project, monkeypatch):
    write_result("ward", "table.csv", TABLE)
    path = result_path("ward", "table.csv")
    before = path.read_bytes()
    monkeypatch.setattr("mvi_core.results.os.fsync", lambda _: (_ for _ in ()).throw(KeyboardInterrupt))
    with pytest.raises(KeyboardInterrupt):
        atomic_write(path, "half")
    assert path.read_bytes() == before
    assert not list(path.parent.glob(".*"))


def test_the_record_names_no_folder_of_this_machine(project):
    write_result("ward", "patients.csv", TABLE)
    write_result("ward", "table.csv", TABLE, inputs=["patients.csv"])
    record = result_path("ward", "table.json").read_text()
    assert str(project) not in record
    assert list(json.loads(record)["inputs"]) == ["results/ward/patients.csv"]


def test_a_stored_table_comes_back_with_where_it_comes_from(project):
    source = project / "data_manifest/dictionary.csv"
    path = write_stored(
        "sweep.csv", TABLE, parameters={"seeds": [1, 2]}, seconds=3.14159, device="abacus", inputs=[source]
    )
    assert path == project / "data_manifest/stored/sweep.csv"
    table, record = read_stored("sweep.csv")
    pd.testing.assert_frame_equal(table, TABLE)
    assert record["parameters"] == {"seeds": [1, 2]}
    assert (record["seconds"], record["device"], record["rows"], record["profile"]) == (3.1, "abacus", 2, "test")
    assert list(record["inputs"]) == ["dictionary.csv"]
    assert record["versions"]["torch"]
    assert str(project) not in path.with_suffix(".json").read_text()


def test_a_stored_table_edited_by_hand_is_refused(project):
    path = write_stored("sweep.csv", TABLE, parameters={}, seconds=1)
    path.write_text(path.read_text() + "008,2\n")
    with pytest.raises(StaleResultError, match=r"Stored table sweep.csv is not the file its record describes"):
        read_stored("sweep.csv")


def test_a_stored_table_without_record_or_never_made_is_refused(project):
    assert not is_stored("sweep.csv")
    with pytest.raises(ManifestError, match=r"Stored table sweep.csv was never made"):
        read_stored("sweep.csv")
    write_stored("sweep.csv", TABLE, parameters={}, seconds=1).with_suffix(".json").unlink()
    assert is_stored("sweep.csv")
    with pytest.raises(StaleResultError, match="has no record"):
        read_stored("sweep.csv")

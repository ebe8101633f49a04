"""The cohort folder of a user: made whole, found again, its tables read with every fault by row."""

import stat

import pytest
import yaml

from mvi_core.cohort.dictionary import dictionary
from mvi_core.cohort.folder import (
    find_cohort,
    new_cohort,
    own_cohorts,
    pseudonym,
    read_files_table,
    read_rois_table,
    read_series_table,
)
from mvi_core.errors import CohortError

SERIES_HEAD = (
    "series,patient_id,sequence,use,confidence,reason,n_slices,rows,columns,spacing_mm,seconds_after_contrast,set_aside"
)


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv("MVI_COHORTS", str(tmp_path))
    return new_cohort("my-hospital")


def test_a_new_folder_holds_what_a_person_fills_in(folder):
    names = {path.name for path in folder.path.iterdir()}
    assert names == {
        "cohort.yaml", "patients.csv", "rois.csv", "dictionary.csv", "README.md", "pseudonym.key", ".gitignore",
        "masks",
    }  # fmt: skip
    assert stat.S_IMODE((folder.path / "pseudonym.key").stat().st_mode) == 0o600
    content = yaml.safe_load((folder.path / "cohort.yaml").read_text())
    assert content["id"] == "my-hospital" and content["source"] == {"reader": "folder"} and content["kind"] == "own"
    header = (folder.path / "patients.csv").read_text().strip().split(",")
    assert set(header) <= set(dictionary().index) and header[0] == "patient_id"
    assert find_cohort("my-hospital") == find_cohort(folder.path) == folder and own_cohorts() == ("my-hospital",)
    assert repr(folder.key) not in repr(folder)


def test_two_folders_have_two_keys(folder):
    assert new_cohort("other").key != folder.key


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("my-hospital", "already there"),
        ("paper", "one of the book's own"),
        ("../x", "lower-case"),
        ("A B", "lower-case"),
    ],
)
def test_a_folder_that_exists_and_a_bad_name_are_refused(folder, name, sentence):
    with pytest.raises(CohortError, match=sentence):
        new_cohort(name)


def test_a_folder_that_is_not_there_is_told_with_the_nearest_name(folder):
    with pytest.raises(CohortError, match="did you mean my-hospital"):
        find_cohort("my-hospitl")


def test_a_lost_key_is_told_and_never_made_anew(folder):
    (folder.path / "pseudonym.key").write_text("00")
    with pytest.raises(CohortError, match="Put your copy back"):
        find_cohort("my-hospital")


def test_a_pseudonym_is_the_keyed_digest_that_openssl_makes():
    """``printf 0042 | openssl dgst -sha256 -hmac key`` begins with c9808e9b22."""
    assert pseudonym(b"key", " 0042") == "Pc9808e9b22"


def test_the_tables_of_a_new_folder_are_empty_and_not_faulty(folder):
    frame, found = read_rois_table(folder)
    assert frame.empty and found == ()
    assert "Run `mvi scan`" in str(read_series_table(folder)[1][0])


def test_every_fault_of_series_csv_is_told_by_row_and_pseudonym(folder):
    rows = [
        "S1,0042,T1,yes,high,r,5,64,64,3 x 1 x 1,,",
        "S2,0042,T1,yes,high,r,5,64,64,3 x 1 x 1,,",
        "S3,0042,T9,no,high,r,5,64,64,3 x 1 x 1,,",
        "S4,0042,,yes,low,r,5,64,64,3 x 1 x 1,,",
        "S5,0042,T2,no,low,r,5,64,64,3 x 1 x 1,,",
    ]
    (folder.path / "series.csv").write_text("\n".join([SERIES_HEAD, *rows]))
    frame, found = read_series_table(folder)
    assert frame["series"].tolist() == ["S5"] and frame["patient_id"].tolist() == ["0042"]
    told = "\n".join(map(str, found))
    assert all(f"series.csv row {row}" in told for row in (2, 3, 4, 5)) and "row 6" not in told
    assert folder.pseudonym("0042") in told and "0042" not in told


def test_a_table_saved_by_a_spreadsheet_is_read(folder):
    lines = [SERIES_HEAD, 'S5,0042,T2,yes,low,"a; b",5,64,64,3 x 1 x 1,,']
    text = "\r\n".join(lines).replace(",", ";")
    (folder.path / "series.csv").write_bytes(b"\xef\xbb\xbf" + text.encode())
    frame, found = read_series_table(folder)
    assert found == () and frame["reason"].tolist() == ["a; b"]


def test_boxes_come_as_whole_numbers_and_faults_by_row(folder):
    head = "patient_id,sequence,slice_index,row0,col0,row1,col1"
    rows = ["0042,T1,2,10,12,30,34", "0042,T1,2,10,12,30,34", "0042,T2,1.5,10,12,30,34", "0042,T9,1,1,1,2,2"]
    (folder.path / "rois.csv").write_text("\n".join([head, *rows]))
    frame, found = read_rois_table(folder)
    assert frame.iloc[0].tolist() == ["0042", "T1", 2, 10, 12, 30, 34] and len(frame) == 1 and len(found) == 3


def test_files_are_read_with_their_frame(folder):
    (folder.path / "files.csv").write_text("series,path,frame\nS1,a.zip!b/1.dcm,\nS1,c.dcm,3\nS1,,\n")
    frame, found = read_files_table(folder)
    assert frame["path"].tolist() == ["a.zip!b/1.dcm", "c.dcm"] and "row 4" in str(found[0])

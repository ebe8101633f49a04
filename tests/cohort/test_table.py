import os

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mvi_core.cohort.dictionary import dictionary
from mvi_core.cohort.predictors import PREDICTORS
from mvi_core.cohort.spec import load_spec
from mvi_core.cohort.table import read_table, validate_patients
from mvi_core.errors import CohortError
from mvi_core.names import DL_MVI, PATIENT_COLUMNS

HEADER = "patient_id,age_years,sex,afp_ng_ml,mvi_present,os_months,os_event,rfs_months,rfs_event"
GOOD = "P1,61,male,12.5,0,30,0,30,0"


@pytest.fixture
def read(project, tmp_path):
    def reader(text):
        return validate_patients(read_table(project("patients.csv", text)), load_spec("clinic"))

    return reader


def message_of(read, text):
    with pytest.raises(CohortError) as caught:
        read(text)
    return str(caught.value)


def test_the_dictionary_describes_every_column_in_order_and_every_cutoff():
    table = dictionary()
    assert tuple(table.index) == (*PATIENT_COLUMNS, DL_MVI)
    assert table["meaning"].str.len().min() > 2
    for predictor in PREDICTORS:
        entry = table.loc[predictor.column]
        expected = {"number": f"above {predictor.cutoff}", "category": str(predictor.cutoff), "ordinal": "3 or 4"}
        if entry["type"] != "binary":
            assert entry["coding"] == f"predictor: {expected[entry['type']]}".replace("1.0", "1")
        assert entry["paper_table"] == "Table 1"


def test_a_plain_table_keeps_its_values_and_gets_all_columns(read):
    patients = read(f"{HEADER}\n{GOOD}\n")
    assert tuple(patients.columns) == PATIENT_COLUMNS
    assert patients.loc[0, ["patient_id", "age_years", "sex", "afp_ng_ml", "mvi_present"]].tolist() == [
        "P1",
        61,
        "male",
        12.5,
        0,
    ]
    assert patients["size_cm"].isna().all()
    assert patients["mvi_present"].dtype == int
    assert patients["os_event"].dtype == float


@pytest.mark.parametrize(
    "text",
    [
        b"\xef\xbb\xbf" + f"{HEADER}\n{GOOD}\n".encode(),
        f"{HEADER}\r\n{GOOD}\r\n",
        f"{HEADER}\n{GOOD}",
        f"{HEADER}\n\n{GOOD}\n,,,,,,,,\n",
        f"{HEADER}\n{GOOD}\n".replace(",", ";"),
        f"{HEADER}\n{GOOD}\n".replace(",", ";").replace("12.5", "12,5"),
        f"{HEADER}\n{GOOD}\n".replace(",", "\t").replace("12.5", "12,5"),
        '"patient_id","age_years","mvi_present","afp_ng_ml"\n"P1","61","0","12.5"\n',
    ],
)
def test_the_usual_dialects_give_the_same_table(read, text):
    patients = read(text)
    assert patients.loc[0, ["patient_id", "age_years", "mvi_present", "afp_ng_ml"]].tolist() == ["P1", 61, 0, 12.5]


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("patient_id;mvi_present;afp_ng_ml\nP1;0;1,210\n", "decimal comma or a thousands comma"),
        ("patient_id;mvi_present;afp_ng_ml;inr\nP1;0;12,5;1.1\n", "decimal comma or a thousands comma"),
        (f"{HEADER}\n{GOOD}\n".encode("utf-16"), "NUL bytes"),
        ("patient_id,mvi_present,sex\nP1,0,m\u00e4nnlich\n".encode("latin-1"), "line 2: not UTF-8"),
        ('patient_id,mvi_present\nP1,0\nP2,"1\n', "line 3"),
        ('patient_id,mvi_present\nP1,0\nP"2,1" x"\nP3,"1"x\n', "line 4"),
        (f'{HEADER}\nP1,"{GOOD[3:]}\nP2,61",{GOOD[6:]}\n', "row 3: a cell holds a whole row"),
        (f'{HEADER}\nP1,61,"{GOOD[6:]}\nP2,{GOOD[3:]}\nP3,61,male",{GOOD[11:]}\n', "row 4: a cell holds a whole row"),
        ("patient_id,mvi_present\nP1,0\nP2\n", "row 3: 1 cells, expected 2"),
        ("patient_id,mvi_present\nP1,0,7\n", "row 2: 3 cells, expected 2"),
        ("patient_id,mvi_present,inr,inr\nP1,0,1,2\n", "column 'inr' stands 2 times"),
        ("", "holds no patient"),
        ("patient_id,mvi_present\n", "holds no patient"),
    ],
)
def test_a_file_that_could_be_misread_is_refused(read, text, word):
    assert word in message_of(read, text)


def test_what_is_no_file_is_refused_and_never_waited_for(tmp_path):
    os.mkfifo(tmp_path / "pipe.csv")
    for name in ("pipe.csv", "none.csv", "."):
        with pytest.raises(CohortError, match="does not exist, or is no regular file"):
            read_table(tmp_path / name)


def test_identifiers_are_text_end_to_end(read):
    patients = read("patient_id,mvi_present\nNA,0\n007,1\n7,0\n1e5,1\nNone,0\n")
    assert patients["patient_id"].tolist() == ["NA", "007", "7", "1e5", "None"]


@pytest.mark.parametrize("twin", ["p1", "P 1", "\uff301", "P1"])
def test_the_same_patient_twice_is_refused_with_both_rows(read, twin):
    assert "rows 2 and 4, patient_id" in message_of(read, f"patient_id,mvi_present\nP1,0\nP2,1\n{twin},1\n")


@pytest.mark.parametrize("name", ["../x", "a/b", "=1+1", "<b>x</b>", ".hidden", "a\\b", "x\x07", "@x", "x" * 65])
def test_an_identifier_that_could_be_a_path_or_a_formula_is_refused(read, name):
    message = message_of(read, f"patient_id,mvi_present\n{name},0\n")
    assert "row 2, patient_id" in message
    assert "\x07" not in message


@pytest.mark.parametrize(
    ("column", "cell", "words"),
    [
        ("mvi_present", "2", ["'2', expected one of 0, 1"]),
        ("mvi_present", "yes", ["'yes', expected one of 0, 1"]),
        ("mvi_present", "", ["mvi_present: empty"]),
        ("sex", "m", ["'m', expected one of male, female"]),
        ("age_years", "-3", ["expected 0 to 120 years"]),
        ("age_years", "610", ["expected 0 to 120 years"]),
        ("age_years", "inf", ["expected 0 to 120 years"]),
        ("age_years", "NA", ["'NA', expected", "leave the cell empty"]),
        ("afp_ng_ml", ">1210", ["'>1210'", "Write the limit itself"]),
        ("afp_ng_ml", "1 210", ["expected 0 to"]),
        ("afp_ng_ml", "12/05/2015", ["Dates are not read"]),
        ("afp_ng_ml", "0x10", ["'0x10'"]),
        ("afp_ng_ml", "9" * 30, ["expected 0 to"]),
        ("afp_ng_ml", "1_000", ["'1_000'"]),
        ("os_months", "2015-03-01", ["Dates are not read"]),
        ("os_months", "-1", ["expected 0 to 600 months"]),
        ("os_event", "2", ["'2', expected one of 0, 1"]),
        ("os_months", "29", ["os_months 29 is below rfs_months 30"]),
        ("os_event", "", ["os_months and os_event: one of them is empty"]),
    ],
)
def test_an_impossible_value_is_named_with_row_column_and_remedy(read, column, cell, words):
    values = dict(zip(HEADER.split(","), GOOD.split(","), strict=True)) | {column: cell}
    message = message_of(read, f"{HEADER}\n{GOOD.replace('P1', 'P0')}\n" + ",".join(values.values()) + "\n")
    assert "1 fault(s)" in message
    assert "row 3, " in message
    assert all(word in message for word in words), message


def test_every_fault_is_listed_in_one_run(read):
    rows = ["P1,61,male,>9,0,30,0,30,0", "P1,200,x,1,3,30,2,30,0", ",61,male,1,1,10,0,30,0"]
    message = message_of(read, "\n".join([HEADER, *rows]))
    assert "8 fault(s)" in message
    numbers = [line.split(".")[0] for line in message.splitlines()[1:]]
    assert numbers == [str(number) for number in range(1, 9)]


def test_free_text_that_may_be_a_name_is_not_repeated(read):
    message = message_of(read, "patient_id,mvi_present,sex,Wang Xiaoming\nP1,0,Zhang Wei,x\n")
    assert "Zhang" not in message
    assert "Wang" not in message
    assert "a text of 9 characters" in message


def test_an_unknown_column_offers_the_nearest_name(read):
    assert "did you mean afp_ng_ml?" in message_of(read, "patient_id,mvi_present,afp_ngml\nP1,0,3\n")


@pytest.mark.parametrize(
    ("analysis", "column"),
    [
        ("mvi_grade: true", "mvi_grade"),
        ("survival: true", "os_months"),
        ("enrolment: true", "enrolment"),
        ("dl_mvi: column", "dl_mvi"),
    ],
)
def test_a_column_that_the_description_promises_is_required(project, read, description, analysis, column):
    name = analysis.split(":")[0]
    project("clinic.yaml", description.replace(f"{name}: false", analysis))
    assert f"column '{column}' is missing" in message_of(read, "patient_id,mvi_present\nP1,0\n")


def test_columns_without_which_nothing_works_are_required(read):
    message = message_of(read, "patient,age_years\nP1,50\n")
    assert "did you mean patient_id?" in message
    assert "'mvi_grade' and 'mvi_present' are both missing" in message


def test_mvi_presence_follows_from_the_grade_and_may_not_contradict_it(project, read, description):
    project("clinic.yaml", description.replace("mvi_grade: false", "mvi_grade: true"))
    assert read("patient_id,mvi_grade\nP1,M0\nP2,M1\nP3,M2\n")["mvi_present"].tolist() == [0, 1, 1]
    assert "they contradict each other" in message_of(read, "patient_id,mvi_grade,mvi_present\nP1,M0,1\n")
    assert "row 3, mvi_grade: empty" in message_of(read, "patient_id,mvi_grade,mvi_present\nP1,M0,0\nP2,,1\n")
    assert "expected one of M0, M1, M2" in message_of(read, "patient_id,mvi_grade\nP1,m1\n")


def test_a_frame_of_numbers_passes_unchanged_and_is_not_modified(project):
    frame = pd.DataFrame({"patient_id": ["P1", "P2"], "mvi_present": [0, 1], "afp_ng_ml": [np.nan, 20.0]})
    before = frame.copy()
    patients = validate_patients(frame, load_spec("clinic"))
    pd.testing.assert_frame_equal(frame, before)
    assert patients["afp_ng_ml"].tolist()[1] == 20.0


def test_a_written_table_reads_back_equal(project, read, tmp_path):
    first = read(f"{HEADER}\n{GOOD}\nP2,40,female,,1,,,,\n")
    again = read(first.to_csv(index=False))
    pd.testing.assert_frame_equal(first, again)


@settings(max_examples=40, deadline=None)
@given(st.lists(st.text(max_size=12), min_size=2, max_size=6), st.text(max_size=12))
def test_no_text_makes_the_door_fail_other_than_by_a_named_fault(cells, header):
    """Whatever stands in the cells, the answer is a table or a CohortError."""
    frame = pd.DataFrame({"patient_id": ["P1"] * len(cells), "mvi_present": cells, header or "sex": cells})
    with pytest.raises(CohortError) as caught:
        validate_patients(frame, load_spec("paper"))
    assert "fault(s)" in str(caught.value)

import csv
import math

import pandas as pd
import pytest

from mvi_core.cohort.load import load_cohort
from mvi_core.cohort.tcga import read_tcga

NA = "[Not Available]"
ROW = {
    "PATIENT_ID": "T1", "AGE": "60", "SEX": "Male", "YEAR_OF_INITIAL_PATHOLOGIC_DIAGNOSIS": "2010",
    "HISTOLOGICAL_DIAGNOSIS": "Hepatocellular Carcinoma", "HISTORY_NEOADJUVANT_TRTYN": "No",
    "DEFINITIVE_SURGICAL_PROCEDURE": "Lobectomy", "VASCULAR_INVASION": "Micro", "AFP_AT_PROCUREMENT": "5",
    "HISTORY_HEPATO_CARCINOMA_RISK_FACTORS": "Other|Hepatitis C", "ISHAK_FIBROSIS_SCORE": NA, "GRADE": "G3",
    "PLATELET_COUNT_PRERESECTION": "200", "PLATELET_NORM_RANGE_UPPER": "400",
    "PROTHROMBIN_TIME_INR_AT_PROCUREMENT": "1.1", "PROTHROMBIN_TIME_NORM_RANGE_UPPER": "1.2",
    "SERUM_ALBUMIN_PRERESECTION": "4.1", "SERUM_ALBUMIN_NORM_RANGE_UPPER": "5",
    "BILIRUBIN_TOTAL": "1", "BILIRUBIN_TOTAL_NORM_RANGE_UPPER": "1.2",
    "OS_STATUS": "0:LIVING", "OS_MONTHS": "20", "DFS_STATUS": "0:DiseaseFree", "DFS_MONTHS": "20",
}  # fmt: skip


@pytest.fixture
def read(tmp_path):
    """Reads the given rows through a file in the layout of the source."""

    def reader(*changes):
        rows = pd.DataFrame([ROW | {"PATIENT_ID": f"T{i}"} | change for i, change in enumerate(changes)])
        (tmp_path / "patients.txt").write_text("#Words\tof\n" + rows.to_csv(sep="\t", index=False))
        return read_tcga(tmp_path / "patients.txt")

    return reader


def one(read, column, **change):
    patients, _, quality = read(change)
    return patients[column].iloc[0], quality


def test_the_label_none_is_a_label_and_every_exclusion_is_counted(read):
    changes = [
        {"VASCULAR_INVASION": "None"},
        {"VASCULAR_INVASION": "Micro"},
        {"VASCULAR_INVASION": "Macro"},
        {"VASCULAR_INVASION": NA},
        {"AGE": NA, "YEAR_OF_INITIAL_PATHOLOGIC_DIAGNOSIS": NA, "OS_MONTHS": NA},
        {"HISTOLOGICAL_DIAGNOSIS": "Fibrolamellar Carcinoma"},
        {"HISTORY_NEOADJUVANT_TRTYN": "Yes"},
        {"DEFINITIVE_SURGICAL_PROCEDURE": "Total Hepatectomy with Transplant"},
    ]
    patients, flow, _ = read(*changes)
    assert patients["mvi_present"].tolist() == [0, 1]
    assert flow["n_excluded"].tolist() == [0, 1, 1, 1, 1, 1, 1]


@pytest.mark.parametrize("spelling", [NA, "[Unknown]", "[Discrepancy]", "[Not Applicable]", "NA", ""])
def test_every_spelling_of_missing_is_missing(read, spelling):
    columns = (
        "AFP_AT_PROCUREMENT",
        "GRADE",
        "HISTORY_HEPATO_CARCINOMA_RISK_FACTORS",
        "BILIRUBIN_TOTAL",
        "SERUM_ALBUMIN_PRERESECTION",
    )
    patients, _, _ = read(dict.fromkeys(columns, spelling))
    assert patients[["afp_ng_ml", "edmondson", "hepatitis", "tb_umol_l", "alb_g_l"]].isna().all(axis=None)


@pytest.mark.parametrize(
    ("value", "upper", "umol"), [("1", "1.2", 17.104), ("19", "17", 19), ("0.5", NA, 8.552), (NA, "21", None)]
)
def test_bilirubin_follows_the_unit_of_its_own_range(read, value, upper, umol):
    found, _ = one(read, "tb_umol_l", BILIRUBIN_TOTAL=value, BILIRUBIN_TOTAL_NORM_RANGE_UPPER=upper)
    assert math.isnan(found) if umol is None else found == pytest.approx(umol)


@pytest.mark.parametrize(
    ("value", "upper", "grams"),
    [
        ("4.1", "5", 41),
        ("44", "50", 44),
        ("5200", "5100", 52),
        ("3.6", NA, 36),
        ("0.4", "0.5", None),
        ("8", "5.1", None),
    ],
)
def test_albumin_follows_the_unit_of_its_own_range_or_is_set_missing(read, value, upper, grams):
    found, quality = one(read, "alb_g_l", SERUM_ALBUMIN_PRERESECTION=value, SERUM_ALBUMIN_NORM_RANGE_UPPER=upper)
    assert math.isnan(found) if grams is None else found == pytest.approx(grams)
    assert quality.loc[quality["column"] == "alb_g_l", "n_set_missing"].sum() == (grams is None)


@pytest.mark.parametrize(
    ("value", "count"), [("200", 200), ("257000", 257), ("450000", 450), ("225", 225), ("4", None)]
)
def test_platelets_per_microlitre_are_converted_and_another_quantity_is_set_missing(read, value, count):
    found, quality = one(read, "plt_10e9_l", PLATELET_COUNT_PRERESECTION=value)
    assert math.isnan(found) if count is None else found == count
    assert quality.loc[quality["column"] == "plt_10e9_l", "n_set_missing"].sum() == (count is None)


@pytest.mark.parametrize(
    ("value", "upper", "inr", "seconds"),
    [
        ("1.1", "1.2", 1.1, None),
        ("10.4", "11.5", None, 10.4),
        ("2.0", "3", 2.0, None),
        ("1.3", NA, 1.3, None),
        ("12", NA, None, 12),
        ("6.9", "1", None, None),
        ("36.4", "12", None, None),
        ("19", "15", None, 19),
    ],
)
def test_seconds_in_the_inr_column_become_a_prothrombin_time(read, value, upper, inr, seconds):
    change = {"PROTHROMBIN_TIME_INR_AT_PROCUREMENT": value, "PROTHROMBIN_TIME_NORM_RANGE_UPPER": upper}
    patients, _, _ = read(change)
    for column, expected in (("inr", inr), ("pt_s", seconds)):
        found = patients[column].iloc[0]
        assert math.isnan(found) if expected is None else found == expected


def test_cirrhosis_is_ishak_5_or_6_and_hepatitis_is_b_or_c(read):
    scores = [
        "0 - No Fibrosis",
        "3,4 - Fibrous Speta",
        "5 - Nodular Formation and Incomplete Cirrhosis",
        "6 - Established Cirrhosis",
        NA,
    ]
    cirrhosis = read(*({"ISHAK_FIBROSIS_SCORE": score} for score in scores))[0]["cirrhosis"].tolist()
    assert cirrhosis[:4] == [0, 0, 1, 1]
    assert math.isnan(cirrhosis[4])
    risks = ["Hepatitis B|Other", "Alcohol consumption|Hepatitis C", "No History of Primary Risk Factors"]
    found = read(*({"HISTORY_HEPATO_CARCINOMA_RISK_FACTORS": risk} for risk in risks))[0]["hepatitis"]
    assert found.tolist() == [1, 1, 0]


def test_death_without_recurrence_ends_rfs_and_zero_follow_up_is_missing(read):
    patients, _, _ = read(
        {"OS_STATUS": "1:DECEASED", "OS_MONTHS": "7", "DFS_STATUS": NA, "DFS_MONTHS": NA},
        {"OS_MONTHS": "0", "DFS_MONTHS": "0"},
        {"OS_MONTHS": "0", "DFS_STATUS": "1:Recurred/Progressed", "DFS_MONTHS": "3.35"},
        {"OS_STATUS": "1:DECEASED", "OS_MONTHS": "0"},
    )
    assert patients.loc[0, ["os_months", "os_event", "rfs_months", "rfs_event"]].tolist() == [7, 1, 7, 1]
    assert patients.loc[1, ["os_months", "os_event", "rfs_months", "rfs_event"]].isna().all()
    assert math.isnan(patients.loc[2, "os_months"])
    assert patients.loc[2, ["rfs_months", "rfs_event"]].tolist() == [3.35, 1]
    assert patients.loc[3, ["os_months", "os_event"]].tolist() == [0, 1]


@pytest.mark.real_data
def test_the_real_cohort_has_the_known_counts(clinical):
    """By ``cut -f30 data_clinical_patient.txt | sort | uniq -c``: None 210, Micro 94, Macro 17, not available 56."""
    cohort = load_cohort("tcga-lihc", seed=1)
    assert cohort.flow["n_left"].tolist() == [377, 376, 366, 364, 363, 346, 290]
    assert cohort.patients["mvi_present"].value_counts().to_dict() == {0: 202, 1: 88}
    assert cohort.patients["mvi_grade"].isna().all()
    assert (cohort.patients["os_months"].dropna() > 0).all()


@pytest.mark.real_data
def test_the_real_afp_table_equals_a_count_without_pandas(clinical):
    with (clinical / "lihc_tcga" / "data_clinical_patient.txt").open(encoding="utf-8") as stream:
        rows = list(csv.DictReader((line for line in stream if not line.startswith("#")), delimiter="\t"))
    patients = load_cohort("tcga-lihc", seed=1).patients
    kept = set(patients["patient_id"])
    for word, present in (("None", 0), ("Micro", 1)):
        values = [
            row["AFP_AT_PROCUREMENT"] for row in rows if row["PATIENT_ID"] in kept and row["VASCULAR_INVASION"] == word
        ]
        known = [float(value) for value in values if value != NA]
        found = patients.loc[patients["mvi_present"] == present, "afp_ng_ml"].dropna()
        assert (len(known), sum(value > 20 for value in known)) == (len(found), int((found > 20).sum()))


@pytest.mark.real_data
def test_pandas_defaults_would_lose_every_patient_without_invasion(clinical):
    path = clinical / "lihc_tcga" / "data_clinical_patient.txt"
    wrong = pd.read_csv(path, sep="\t", comment="#")
    assert (wrong["VASCULAR_INVASION"] == "None").sum() == 0
    assert (load_cohort("tcga-lihc", seed=1).patients["mvi_present"] == 0).sum() == 202


@pytest.mark.real_data
def test_laboratory_values_of_the_real_rows_are_on_one_scale(clinical):
    cohort = load_cohort("tcga-lihc", seed=1)
    ranges = {"inr": (0.7, 2), "pt_s": (8, 20), "plt_10e9_l": (50, 700), "alb_g_l": (10, 65), "tb_umol_l": (1, 250)}
    for column, (low, high) in ranges.items():
        assert cohort.patients[column].dropna().between(low, high).all(), column
    removed = cohort.quality.groupby("column")["n_set_missing"].sum()
    assert removed[["alb_g_l", "inr", "plt_10e9_l", "pt_s", "tb_umol_l"]].tolist() == [12, 1, 1, 1, 0]


@pytest.mark.real_data
def test_the_habits_of_the_source_are_those_that_the_reader_handles(clinical):
    """Spellings of missing, zero times, AJCC editions and the redacted patient, counted without pandas."""
    with (clinical / "lihc_tcga" / "data_clinical_patient.txt").open(encoding="utf-8") as stream:
        rows = list(csv.DictReader((line for line in stream if not line.startswith("#")), delimiter="\t"))
    bracketed = {cell for row in rows for cell in row.values() if cell.startswith("[")}
    assert bracketed == {NA, "[Not Applicable]", "[Unknown]", "[Discrepancy]"}
    assert len({row["PATIENT_ID"] for row in rows}) == len(rows) == 377
    assert {row["AJCC_STAGING_EDITION"] for row in rows} == {"4th", "5th", "6th", "7th"}
    redacted = [row for row in rows if {row["AGE"], row["OS_MONTHS"]} == {NA}]
    patients = load_cohort("tcga-lihc", seed=1).patients
    kept = set(patients["patient_id"])
    assert len(redacted) == 1
    assert redacted[0]["PATIENT_ID"] not in kept
    zero = [
        row for row in rows if row["PATIENT_ID"] in kept and row["OS_STATUS"][0] == "0" and float(row["OS_MONTHS"]) == 0
    ]
    lost = patients.loc[patients["os_months"].isna(), "patient_id"]
    assert {row["PATIENT_ID"] for row in zero} == set(lost)
    assert len(lost) == 3
    assert "ajcc_t" not in patients

"""Careless readings and definitions of end points on made rows in the layout of the sources."""

import pandas as pd
import pytest

from mvi_core.cohort.endpoints import ENDPOINTS, read_endpoints
from mvi_core.cohort.misreadings import clca_misreadings, leaks, tcga_misreadings
from mvi_core.stats.misread import beside_misread

NA = "[Not Available]"
SAMPLE = {
    "HBV": "Yes", "HBSAG": "+", "HCV": "No", "CIRRHOSIS_OR_FIBROSIS": "Cirrhosis", "EDMONDSON": "Level II", "MVI": "M0",
    "AFP": "3.2", "TUMOR_SIZE": "4*3", "BCLC": "A",
}  # fmt: skip
ROW = {
    "AGE": "60", "SEX": "Male", "YEAR_OF_INITIAL_PATHOLOGIC_DIAGNOSIS": "2010",
    "HISTOLOGICAL_DIAGNOSIS": "Hepatocellular Carcinoma", "HISTORY_NEOADJUVANT_TRTYN": "No",
    "DEFINITIVE_SURGICAL_PROCEDURE": "Lobectomy", "VASCULAR_INVASION": "Micro", "AFP_AT_PROCUREMENT": "5",
    "HISTORY_HEPATO_CARCINOMA_RISK_FACTORS": "Hepatitis C", "ISHAK_FIBROSIS_SCORE": NA, "GRADE": "G3",
    "PLATELET_COUNT_PRERESECTION": "200", "PROTHROMBIN_TIME_INR_AT_PROCUREMENT": "1.1",
    "PROTHROMBIN_TIME_NORM_RANGE_UPPER": "1.2", "SERUM_ALBUMIN_PRERESECTION": "4.1", "RESIDUAL_TUMOR": "R0",
    "SERUM_ALBUMIN_NORM_RANGE_UPPER": "5", "BILIRUBIN_TOTAL": "1", "BILIRUBIN_TOTAL_NORM_RANGE_UPPER": "1.2",
    "AJCC_TUMOR_PATHOLOGIC_PT": "T1", "NEW_TUMOR_EVENT_AFTER_INITIAL_TREATMENT": "YES",
    "OS_STATUS": "0:LIVING", "OS_MONTHS": "20", "DFS_STATUS": "0:DiseaseFree", "DFS_MONTHS": "18",
}  # fmt: skip


def write(path, rows):
    path.write_text("#Words\n" + pd.DataFrame(rows).to_csv(sep="\t", index=False))
    return path


@pytest.fixture
def tcga(tmp_path):
    """Write rows of TCGA-LIHC, numbered from 0; returns the path."""
    return lambda *changes: write(
        tmp_path / "tcga.txt", [ROW | {"PATIENT_ID": f"T{k}"} | change for k, change in enumerate(changes)]
    )


@pytest.fixture
def clca(tmp_path):
    """Write rows of CLCA 2024, numbered from 0; returns both paths."""

    def make(*changes):
        rows = [SAMPLE | {"PATIENT_ID": f"C{k}"} | change for k, change in enumerate(changes)]
        people = [{"PATIENT_ID": row["PATIENT_ID"], "AGE": "55", "SEX": "Male"} for row in rows]
        return write(tmp_path / "patients.txt", people), write(tmp_path / "samples.txt", rows)

    return make


def test_a_censored_afp_taken_for_missing_loses_the_patients_above_the_limit(clca):
    high = [{"AFP": ">1210", "MVI": "M2"}] * 3 + [{"AFP": "50", "MVI": "M1"}] * 2 + [{"AFP": "50"}] * 2
    table = beside_misread(clca_misreadings(*clca(*high, *[{"MVI": "M1"}] * 2, *[{}] * 4)))
    row = table.iloc[0]
    assert (row["n"], row["wrong_n"]) == (13, 10)
    assert row["odds_ratio"] == pytest.approx(5 * 4 / (2 * 2))
    assert row["wrong_odds_ratio"] == pytest.approx(2 * 4 / (2 * 2))


def test_each_habit_of_tcga_is_misread_on_its_own(tcga):
    def both(change):
        return [change | {"VASCULAR_INVASION": word} for word in ("None", "Micro")]

    changes = [
        *both({"AFP_AT_PROCUREMENT": "50"}), *both({"AFP_AT_PROCUREMENT": NA}), *both({}),
        *both({"PROTHROMBIN_TIME_INR_AT_PROCUREMENT": "11", "PROTHROMBIN_TIME_NORM_RANGE_UPPER": "12"}),
        *both({"PROTHROMBIN_TIME_INR_AT_PROCUREMENT": "0.9"}),
        *both({"SERUM_ALBUMIN_PRERESECTION": "44", "SERUM_ALBUMIN_NORM_RANGE_UPPER": "50"}),
        *both({"SERUM_ALBUMIN_PRERESECTION": "3.1"}), *both({"BILIRUBIN_TOTAL": "3"}),
        *both({"PLATELET_COUNT_PRERESECTION": "90000"}),
        {"VASCULAR_INVASION": NA}, {"VASCULAR_INVASION": "Macro"},
    ]  # fmt: skip
    found = {reading.wrong: reading for reading in tcga_misreadings(tcga(*changes))}
    right = found["'None' taken for missing"].right
    assert right["mvi"].tolist() == [0, 1] * 9
    assert found["'None' taken for missing"].mistaken["mvi"].eq(1).all()
    everybody = found["whatever is not 'Micro' taken for absent"].mistaken
    assert len(everybody) == 20
    assert everybody["mvi"].sum() == 9
    zeros = found["missing taken for 0 ng/mL"]
    assert (zeros.right["value"].isna().sum(), zeros.mistaken["value"].isna().sum()) == (2, 0)
    seconds = found["seconds taken for an INR"]
    assert seconds.right["value"].isna().sum() == 2
    assert seconds.mistaken["value"].tolist()[6:10] == [1, 1, 0, 0]
    assert found["g/dL held against 40 g/L"].right["value"].sum() == 16
    assert found["g/dL held against 40 g/L"].mistaken["value"].sum() == 2
    assert found["mg/dL held against 19 µmol/L"].right["value"].sum() == 2
    assert found["mg/dL held against 19 µmol/L"].mistaken["value"].sum() == 0
    counts = found["counts per µL held against 100 × 10⁹/L"]
    assert counts.right["value"].eq(0).sum() == 2
    assert counts.mistaken["value"].eq(1).all()


def test_stages_that_contain_the_label_show_how_far_they_tell_it(clca, tcga):
    stages = [{"BCLC": "C", "MVI": "M1"}] * 3 + [{"BCLC": "A"}, {"BCLC": "B"}, {"BCLC": "C", "MVI": "NA"}]
    _, samples = clca(*stages)
    table = tcga(*[{"AJCC_TUMOR_PATHOLOGIC_PT": "T2a"}] * 2, *[{"VASCULAR_INVASION": "None"}] * 2)
    found = leaks(samples, table)
    assert found[["Column", "Patients", "Separation"]].values.tolist() == [
        ["BCLC stage", 5, "1.000"],
        ["AJCC T", 4, "1.000"],
    ]
    assert found["Refused because"].str.contains("already contains the label").all()


def test_every_definition_counts_whom_it_says(tcga):
    died = {"OS_STATUS": "1:DECEASED", "OS_MONTHS": "7", "DFS_STATUS": NA, "DFS_MONTHS": NA}
    recurred = {"DFS_STATUS": "1:Recurred/Progressed", "DFS_MONTHS": "3"}
    path = tcga(
        {}, died, recurred, recurred | {"NEW_TUMOR_EVENT_AFTER_INITIAL_TREATMENT": "NO"},
        recurred | {"RESIDUAL_TUMOR": "R1"}, {"OS_MONTHS": "0", "DFS_MONTHS": "0"},
    )  # fmt: skip
    table = read_endpoints(path)
    counts = table.groupby("endpoint", sort=False)["event"].agg(["size", "sum"])
    assert counts.index.tolist() == list(ENDPOINTS)
    assert counts.to_numpy().astype(int).tolist() == [[5, 1], [5, 4], [5, 3], [4, 3], [4, 3], [4, 3]]
    censored = table[(table["endpoint"] == "recurrence, deaths censored") & (table["patient_id"] == "T1")]
    assert censored[["months", "event"]].values.tolist() == [[7, 0]]

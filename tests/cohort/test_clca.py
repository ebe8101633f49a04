import csv
import math

import pandas as pd
import pytest

from mvi_core.cohort.clca import _largest_diameter, read_clca, read_source
from mvi_core.cohort.load import load_cohort
from mvi_core.cohort.predictors import predictor_table, refuse_leaks
from mvi_core.errors import CohortError
from mvi_core.names import PATIENT_COLUMNS

SAMPLE = {
    "PATIENT_ID": "C1", "HBV": "Yes", "HBSAG": "+", "HCV": "No", "CIRRHOSIS_OR_FIBROSIS": "Cirrhosis",
    "EDMONDSON": "Level II", "MVI": "M1", "AFP": "3.2", "TUMOR_SIZE": "4*3", "BCLC": "C",
}  # fmt: skip


@pytest.fixture
def read(tmp_path):
    """Reads the given tumour rows through files in the layout of the source."""

    def reader(*changes):
        samples = pd.DataFrame([SAMPLE | {"PATIENT_ID": f"C{i}"} | change for i, change in enumerate(changes)])
        patients = samples[["PATIENT_ID"]].assign(AGE="55", SEX="Male")
        for name, frame in (("patients", patients), ("samples", samples)):
            text = "#Words\tof\n#STRING\tNUMBER\n" + frame.to_csv(sep="\t", index=False)
            (tmp_path / f"{name}.txt").write_text(text)
        return read_clca(tmp_path / "patients.txt", tmp_path / "samples.txt")

    return reader


@pytest.fixture
def raw(clinical):
    """Rows of the real tumour table, read without pandas."""
    with (clinical / "hcc_clca_2024" / "data_clinical_sample.txt").open(encoding="utf-8") as stream:
        return list(csv.DictReader((line for line in stream if not line.startswith("#")), delimiter="\t"))


@pytest.mark.parametrize(
    ("text", "diameter"),
    [
        ("4.3*3.6", 4.3),
        ("7.4*6.2/8*4.5/3.2*3", 8.0),
        ("dmax=1.2_4", 4.0),
        ("9.4*7.3/dmax=0.3~0.7", 9.4),
        ("0.8*0.8/dmax=1", 1.0),
        ("14*10.3/dmax=NA", 14.0),
        ("5.5*5/dmanx=1.2", 5.5),
        ("8*7/dmax=2/dmax=1/others dmax=0.3-1.0", 8.0),
    ],
)
def test_the_size_is_the_largest_diameter_of_any_lesion(text, diameter):
    assert _largest_diameter(text) == diameter


def test_a_size_without_a_number_is_missing():
    assert math.isnan(_largest_diameter("NA"))


def test_afp_above_the_assay_limit_is_the_limit_and_above_the_cutoff(read):
    patients, _, quality = read({"AFP": ">1210"}, {"AFP": ">60500"}, {"AFP": "20"}, {"AFP": "NA"})
    assert patients["afp_ng_ml"].tolist()[:3] == [1210, 60500, 20]
    assert predictor_table(patients, ["afp_gt_20"])["afp_gt_20"].tolist()[:3] == [1, 1, 0]
    assert math.isnan(patients["afp_ng_ml"].iloc[3])
    assert quality.loc[quality["column"] == "afp_ng_ml", "n_converted"].tolist() == [2]


def test_patients_without_a_grade_are_left_out_and_counted(read):
    patients, flow, _ = read({"MVI": "M0"}, {"MVI": "NA"}, {"MVI": "M2"})
    assert patients["mvi_grade"].tolist() == ["M0", "M2"]
    assert patients["mvi_present"].tolist() == [0, 1]
    assert flow["n_left"].tolist() == [3, 2]


def test_infection_is_antigen_or_hepatitis_c_and_unknown_stays_unknown(read):
    changes = [
        {"HBSAG": "+", "HCV": "NA"},
        {"HBSAG": "-", "HCV": "Yes"},
        {"HBSAG": "-", "HCV": "No"},
        {"HBSAG": "-", "HCV": "NA"},
    ]
    infected = read(*changes)[0]["hepatitis"].tolist()
    assert infected[:3] == [1, 1, 0]
    assert math.isnan(infected[3])


def test_fibrosis_is_no_cirrhosis(read):
    patients, _, _ = read(*({"CIRRHOSIS_OR_FIBROSIS": word} for word in ("Cirrhosis", "Fibrosis", "Normal")))
    assert patients["cirrhosis"].tolist() == [1, 0, 0]


def test_two_rows_of_one_patient_are_refused(read, tmp_path):
    with pytest.raises(pd.errors.MergeError):
        read({"PATIENT_ID": "C1"}, {"PATIENT_ID": "C1"})


def test_bclc_stage_never_enters_the_patient_table(read):
    assert set(read({})[0].columns) < set(PATIENT_COLUMNS)


@pytest.mark.real_data
def test_the_real_cohort_has_the_known_counts(clinical):
    """Counts by ``cut -f17 data_clinical_sample.txt | sort | uniq -c``: M0 203, M1 154, M2 127, NA 10."""
    cohort = load_cohort("clca-2024", seed=1)
    assert cohort.flow["n_left"].tolist() == [494, 484]
    assert cohort.patients["mvi_grade"].value_counts().to_dict() == {"M0": 203, "M1": 154, "M2": 127}
    assert (
        cohort.patients[["age_years", "sex", "afp_ng_ml", "hepatitis", "cirrhosis", "size_cm", "edmondson"]]
        .notna()
        .all(axis=None)
    )
    assert cohort.patients[["os_months", "os_event", "rfs_months", "rfs_event"]].isna().all(axis=None)


@pytest.mark.real_data
def test_the_real_afp_table_equals_a_count_without_pandas(clinical, raw):
    expected = {(present, high): 0 for present in (0, 1) for high in (0, 1)}
    for row in raw:
        if row["MVI"] != "NA":
            high = row["AFP"].startswith(">") or float(row["AFP"]) > 20
            expected[int(row["MVI"] != "M0"), int(high)] += 1
    patients = load_cohort("clca-2024", seed=1).patients
    high = predictor_table(patients, ["afp_gt_20"])["afp_gt_20"].to_numpy()
    found = {key: int(((patients["mvi_present"] == key[0]) & (high == key[1])).sum()) for key in expected}
    assert found == expected
    assert sum(row["AFP"].startswith(">") for row in raw) == 102


@pytest.mark.real_data
def test_every_real_size_is_read(clinical, raw):
    sizes = [_largest_diameter(row["TUMOR_SIZE"]) for row in raw]
    assert min(sizes) == 1.0
    assert max(sizes) == 22.8
    assert not any(math.isnan(size) for size in sizes)


@pytest.mark.real_data
def test_bclc_stage_of_the_real_rows_is_refused_as_a_leak(clinical):
    rows = read_source(clinical / "hcc_clca_2024" / "data_clinical_sample.txt")
    rows = rows[rows["MVI"] != "NA"]
    stage_c = pd.DataFrame({"bclc": (rows["BCLC"] == "C").astype(float)})
    with pytest.raises(CohortError, match=r"\(484 of 484 patients\) and cannot be a predictor: BCLC stage C"):
        refuse_leaks(stage_c, (rows["MVI"] != "M0").astype(int))

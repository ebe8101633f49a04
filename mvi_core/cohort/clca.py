"""How does the table of the Chinese Liver Cancer Atlas become the study's patient table."""

import re

import pandas as pd

from mvi_core.cohort.flow import exclusion_flow, quality_table
from mvi_core.names import GRADES

MISSING = ("", "NA")  # spellings of a missing value in this source
CENSORED = re.compile(r">\s*(\d+(?:\.\d+)?)")  # AFP above the limit of the assay
EDMONDSON = {"Level I": 1.0, "Level II": 2.0, "Level III": 3.0, "Level IV": 4.0}


def read_source(path):
    """Table of a cBioPortal study as text; nothing is taken for missing, neither the label ``None`` nor ``NA``."""
    return pd.read_csv(path, sep="\t", comment="#", dtype=str, keep_default_na=False, na_values=[])


def read_clca(patients_path, samples_path):
    """Patients of CLCA 2024 with a graded MVI, in the columns of the patient table; with flow and quality table.

    Read from ``data_clinical_patient.txt`` and ``data_clinical_sample.txt`` of the study ``hcc_clca_2024``. There is no
    survival, because patients without recurrence have no follow-up time.

    AFP above the limit of the assay (``>1210``) is stored as the limit: above every cut-off in use, but a
    lower bound, not a measurement. Size is the largest diameter of the largest lesion. Virus infection is
    HBsAg or hepatitis C; antibodies alone are not. BCLC stage is not taken over: it contains the label.
    """
    rows = read_source(patients_path).merge(read_source(samples_path), on="PATIENT_ID", validate="one_to_one")
    steps = [("MVI not graded", ~rows["MVI"].isin(GRADES), "the label is needed")]
    rows, flow = exclusion_flow(rows, steps, start="Patients with resected HCC in the source")
    infected = (rows["HBSAG"] == "+") | (rows["HCV"] == "Yes")
    unknown = ~infected & (rows["HBSAG"].isin(MISSING) | rows["HCV"].isin(MISSING))
    patients = pd.DataFrame(
        {
            "patient_id": rows["PATIENT_ID"],
            "age_years": pd.to_numeric(rows["AGE"]),
            "sex": rows["SEX"].str.lower(),
            "afp_ng_ml": rows["AFP"].map(_afp),
            "hepatitis": infected.astype(float).mask(unknown),
            "cirrhosis": (rows["CIRRHOSIS_OR_FIBROSIS"] == "Cirrhosis").astype(float),
            "size_cm": rows["TUMOR_SIZE"].map(_largest_diameter),
            "edmondson": rows["EDMONDSON"].map(EDMONDSON),
            "mvi_grade": rows["MVI"],
            "mvi_present": (rows["MVI"] != "M0").astype(int),
        }
    )
    capped, several = rows["AFP"].str.startswith(">"), rows["TUMOR_SIZE"].str.contains("[/=]")
    antibody = (rows["HBV"] == "Yes") & (rows["HBSAG"] == "-")
    fibrosis = rows["CIRRHOSIS_OR_FIBROSIS"] == "Fibrosis"
    lines = [
        ("afp_ng_ml", "above the limit of the assay: the limit is stored", capped, "converted"),
        ("size_cm", "several lesions or a range: the largest diameter is stored", several, "converted"),
        ("hepatitis", "hepatitis B in the source without HBsAg: hepatitis C decides", antibody, "converted"),
        ("cirrhosis", "fibrosis: counted as no cirrhosis", fibrosis, "converted"),
        ("edmondson", "grade 'NA' in the source", patients["edmondson"].isna(), "removed"),
    ]
    return patients, flow, quality_table(lines)


def _largest_diameter(text):
    """Largest number, in cm, in the free text of a tumour size; NaN where there is none.

    >>> _largest_diameter("7.4*6.2/8*4.5/3.2*3"), _largest_diameter("dmax=1.2_4"), _largest_diameter("NA")
    (8.0, 4.0, nan)
    """
    return max((float(number) for number in re.findall(r"\d+(?:\.\d+)?", text)), default=float("nan"))


def _afp(text):
    if text in MISSING:
        return float("nan")
    censored = CENSORED.fullmatch(text)
    return float(censored[1] if censored else text)

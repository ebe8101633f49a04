"""How does the clinical table of TCGA-LIHC become the study's patient table."""

import numpy as np
import pandas as pd

from mvi_core.cohort.clca import read_source
from mvi_core.cohort.flow import exclusion_flow, quality_table

MISSING = ("", "NA", "[Not Available]", "[Not Applicable]", "[Unknown]", "[Discrepancy]")
LABEL = {"None": 0, "Micro": 1}  # vascular invasion; the text None is a label here, not a missing value
GRADE = {"G1": 1.0, "G2": 2.0, "G3": 3.0, "G4": 4.0}
ISHAK_CIRRHOSIS = ("5", "6")  # 5 incomplete, 6 established cirrhosis
UMOL_PER_MG_DL = 17.104  # bilirubin: 10 dL/L / 584.66 g/mol
INR_UPPER = 3.0  # normal upper limits of an INR are 1 to 3, those of a prothrombin time above 10 s
SAME_SCALE = 3.0  # a prothrombin result above three times its own upper limit is taken for another quantity
MG_DL_UPPER = 10.0  # normal upper limits of bilirubin are 0.8 to 2 mg/dL, or 15 to 21 µmol/L
COUNT_PER_UL = 10_000.0  # platelets from this number on are counted per µL
PLATELETS = (10.0, 2000.0)  # 10^9/L; a count outside is another quantity
ALBUMIN_UNITS = (  # own upper limit from, to; factor to g/L; the rule in words
    (1.0, 10.0, 10.0, "own range in g/dL, or none: multiplied by 10"),
    (20.0, 100.0, 1.0, "own range in g/L: taken as it is"),
    (1000.0, 10000.0, 0.01, "own range in mg/dL: divided by 100"),
)
ALBUMIN = (10.0, 65.0)  # g/L


def read_tcga(path, *, lesions=None):
    """Patients of TCGA-LIHC with no or microvascular invasion, in the columns of the patient table; flow, quality.

    Read from ``data_clinical_patient.txt`` of the study ``lihc_tcga`` (Firehose Legacy). The paper's criteria are
    applied as far as the table has them: hepatocellular carcinoma alone, no treatment before surgery, hepatic
    resection, no macrovascular invasion, vascular invasion recorded.

    The grade is the four-step grade G1-G4 of the pathology report, stored as ``edmondson``; it follows
    Edmondson and Steiner but was not read centrally. Times run from diagnosis. RFS: the source gives
    recurrence or progression, and no entry for patients who died without it; such a death counts as an
    event at the time of death, as in the paper. The sample table is not used; there two patients have two rows.

    ``lesions`` keeps some patients only: a mapping of their identifiers to whether a tumour was drawn in their images.
    """
    rows, flow = included(read_source(path), lesions=lesions)
    lines = []
    survival = _survival(rows, lines)
    inr, seconds = _prothrombin(rows, lines)
    patients = pd.DataFrame(
        {
            "patient_id": rows["PATIENT_ID"],
            "age_years": _number(rows["AGE"]),
            "sex": rows["SEX"].str.lower(),
            "afp_ng_ml": _number(rows["AFP_AT_PROCUREMENT"]),
            "hepatitis": _flag(rows["HISTORY_HEPATO_CARCINOMA_RISK_FACTORS"], "Hepatitis [BC]"),
            "cirrhosis": _flag(rows["ISHAK_FIBROSIS_SCORE"].str[0], "|".join(ISHAK_CIRRHOSIS)),
            "tb_umol_l": _bilirubin(rows, lines),
            "alb_g_l": _albumin(rows, lines),
            "plt_10e9_l": _platelets(rows, lines),
            "inr": inr,
            "pt_s": seconds,
            "edmondson": rows["GRADE"].map(GRADE),
            "mvi_present": rows["VASCULAR_INVASION"].map(LABEL),
        }
    )
    return patients.join(survival), flow, quality_table(lines)


def included(rows, *, lesions=None):
    """Rows of the source that belong to the study, every spelling of missing made missing, and the exclusion flow."""
    rows, start, first = rows.mask(rows.isin(MISSING)), "Patients of TCGA-LIHC in the source", []
    if lesions is not None:
        rows = rows[rows["PATIENT_ID"].isin(list(lesions))]
        start = "Patients of TCGA-LIHC with multiphasic MR in the archive"
        first = [("No tumour drawn", ~rows["PATIENT_ID"].map(lesions).astype(bool), "a lesion image needs a box")]
    return exclusion_flow(rows, [*first, *_steps(rows)], start=start)


def _steps(rows):
    invasion, surgery = rows["VASCULAR_INVASION"], rows["DEFINITIVE_SURGICAL_PROCEDURE"]
    redacted = rows[["AGE", "YEAR_OF_INITIAL_PATHOLOGIC_DIAGNOSIS", "OS_MONTHS"]].isna().all(axis=1)
    other = rows["HISTOLOGICAL_DIAGNOSIS"] != "Hepatocellular Carcinoma"
    treated = rows["HISTORY_NEOADJUVANT_TRTYN"] != "No"
    unknown = ~invasion.isin([*LABEL, "Macro"])
    return [
        ("Redacted", redacted, "age, year of diagnosis and follow-up are withdrawn at the source"),
        ("Not hepatocellular carcinoma alone", other, "paper: HCC confirmed by pathology"),
        ("Treated before surgery", treated, "paper: no anti-tumour therapy before surgery"),
        ("Transplanted", surgery.str.contains("Transplant", na=False), "paper: hepatic resection"),
        ("Macrovascular invasion", invasion == "Macro", "paper: no macroscopic vascular invasion"),
        ("Vascular invasion not recorded", unknown, "the label is needed"),
    ]


def _number(texts):
    return pd.to_numeric(texts).astype(float)


def _flag(texts, pattern):
    return texts.str.contains(pattern, na=False).astype(float).mask(texts.isna())


def _bilirubin(rows, lines):
    value, upper = (
        _number(rows["BILIRUBIN_TOTAL"]),
        _number(rows["BILIRUBIN_TOTAL_NORM_RANGE_UPPER"]),
    )
    in_mg = value.notna() & ~(upper >= MG_DL_UPPER)
    lines += [
        ("tb_umol_l", "own range in mg/dL, or none: multiplied by 17.104", in_mg, "converted"),
        ("tb_umol_l", "own upper limit of 10 or more: µmol/L, taken as it is", value.notna() & ~in_mg, "kept"),
    ]
    return value.where(~in_mg, value * UMOL_PER_MG_DL)


def _albumin(rows, lines):
    value = _number(rows["SERUM_ALBUMIN_PRERESECTION"])
    upper = _number(rows["SERUM_ALBUMIN_NORM_RANGE_UPPER"]).fillna(ALBUMIN_UNITS[0][0])
    grams = pd.Series(np.nan, index=rows.index)
    for low, high, factor, rule in ALBUMIN_UNITS:
        here = value.notna() & upper.between(low, high)
        grams = grams.mask(here, value * factor)
        lines.append(("alb_g_l", rule, here, "kept" if factor == 1 else "converted"))
    coarse = value.notna() & grams.isna()
    impossible = grams.notna() & ~grams.between(*ALBUMIN)
    lines += [
        ("alb_g_l", "own range 0.3 to 0.5: one digit, no side of 40 g/L can be told", coarse, "removed"),
        ("alb_g_l", "outside 10 to 65 g/L after conversion", impossible, "removed"),
    ]
    return grams.mask(impossible)


def _platelets(rows, lines):
    value = _number(rows["PLATELET_COUNT_PRERESECTION"])
    per_ul = value >= COUNT_PER_UL
    count = value.where(~per_ul, value / 1000)
    impossible = count.notna() & ~count.between(*PLATELETS)
    lines += [
        ("plt_10e9_l", "10,000 or more: counted per µL, divided by 1000", per_ul, "converted"),
        ("plt_10e9_l", "outside 10 to 2000 x 10^9/L: another quantity", impossible, "removed"),
    ]
    return count.mask(impossible)


def _prothrombin(rows, lines):
    value = _number(rows["PROTHROMBIN_TIME_INR_AT_PROCUREMENT"])
    upper = _number(rows["PROTHROMBIN_TIME_NORM_RANGE_UPPER"]).fillna(value)  # no range: the value decides
    seconds, implausible = value.notna() & (upper > INR_UPPER), value > SAME_SCALE * upper
    lines += [
        ("pt_s", "own upper limit above 3: seconds, moved out of INR", seconds, "converted"),
        ("inr", "own upper limit of 3 or less: INR", value.notna() & ~seconds, "kept"),
        ("inr", "above three times its own upper limit", implausible & ~seconds, "removed"),
        ("pt_s", "above three times its own upper limit", implausible & seconds, "removed"),
    ]
    value = value.mask(implausible)
    return value.mask(seconds), value.where(seconds)


def _survival(rows, lines):
    table = pd.DataFrame(
        {
            "os_months": _number(rows["OS_MONTHS"]),
            "os_event": rows["OS_STATUS"].str[0].astype(float),
            "rfs_months": _number(rows["DFS_MONTHS"]),
            "rfs_event": rows["DFS_STATUS"].str[0].astype(float),
        }
    )
    died = table["rfs_event"].isna() & (table["os_event"] == 1)
    lines.append(("rfs_event", "died, no recurrence recorded: event at the time of death", died, "converted"))
    table.loc[died, ["rfs_months", "rfs_event"]] = table.loc[died, ["os_months", "os_event"]].to_numpy()
    for months, event in (("os_months", "os_event"), ("rfs_months", "rfs_event")):
        none = (table[months] == 0) & (table[event] == 0)
        lines.append((months, "0 months without an event: no follow-up", none, "removed"))
        table.loc[none, [months, event]] = np.nan
    return table

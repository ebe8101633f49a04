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
ALBUMIN_UNITS = (
    (1.0, 10.0, 10.0),
    (20.0, 100.0, 1.0),
    (1000.0, 10000.0, 0.01),
)  # limits of the range's upper end, factor to g/L
ALBUMIN = (10.0, 65.0)  # g/L


def read_tcga(path):
    """Patients of TCGA-LIHC with no or microvascular invasion, in the columns of the patient table.

    The paper's criteria are applied as far as the table has them: hepatocellular carcinoma alone, no
    treatment before surgery, hepatic resection, no macrovascular invasion, vascular invasion recorded.

    Parameters
    ----------
    path : pathlib.Path
        ``data_clinical_patient.txt`` of the study ``lihc_tcga`` (Firehose Legacy).

    Returns
    -------
    patients, flow, quality : pandas.DataFrame
        Patient table, exclusion flow, and rules that changed values.

    Notes
    -----
    The grade is the four-step grade G1-G4 of the pathology report, stored as ``edmondson``; it follows
    Edmondson and Steiner but was not read centrally. Times run from diagnosis. RFS: the source gives
    recurrence or progression, and no entry for patients who died without it; such a death counts as an
    event at the time of death, as in the paper. The sample table is not used; there two patients have two rows.
    """
    rows = read_source(path)
    rows = rows.mask(rows.isin(MISSING))
    rows, flow = exclusion_flow(rows, _steps(rows), start="Patients of TCGA-LIHC in the source")
    lines = []
    survival = _survival(rows, lines)
    inr, seconds = _prothrombin(rows, lines)
    patients = pd.DataFrame(
        {
            "patient_id": rows["PATIENT_ID"],
            "age_years": pd.to_numeric(rows["AGE"]),
            "sex": rows["SEX"].str.lower(),
            "afp_ng_ml": pd.to_numeric(rows["AFP_AT_PROCUREMENT"]),
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


def _steps(rows):
    invasion = rows["VASCULAR_INVASION"]
    redacted = (
        rows[["AGE", "DAYS_TO_INITIAL_PATHOLOGIC_DIAGNOSIS", "YEAR_OF_INITIAL_PATHOLOGIC_DIAGNOSIS"]].isna().all(axis=1)
    )
    return [
        ("Redacted", redacted, "age, date of diagnosis and follow-up were withdrawn at the source"),
        ("Not hepatocellular carcinoma alone", rows["HISTOLOGICAL_DIAGNOSIS"] != "Hepatocellular Carcinoma",
         "paper: pathological confirmation of HCC; here mixed and fibrolamellar carcinoma"),
        ("Treated before surgery", rows["HISTORY_NEOADJUVANT_TRTYN"] != "No", "paper: no anti-tumour therapy before surgery"),
        ("Transplanted", rows["DEFINITIVE_SURGICAL_PROCEDURE"].str.contains("Transplant", na=False), "paper: hepatic resection"),
        ("Macrovascular invasion", invasion == "Macro", "paper: no macroscopic vascular invasion"),
        ("Vascular invasion not recorded", ~invasion.isin([*LABEL, "Macro"]), "the label is needed"),
    ]  # fmt: skip


def _flag(texts, pattern):
    return texts.str.contains(pattern, na=False).astype(float).mask(texts.isna())


def _numbers(rows, value, upper):
    return pd.to_numeric(rows[value]), pd.to_numeric(rows[upper])


def _line(lines, column, rule, concerned, *, converted=None, removed=None):
    counts = [int(np.sum(part)) if part is not None else 0 for part in (concerned, converted, removed)]
    lines.append((column, rule, *counts))


def _bilirubin(rows, lines):
    value, upper = _numbers(rows, "BILIRUBIN_TOTAL", "BILIRUBIN_TOTAL_NORM_RANGE_UPPER")
    in_mg = value.notna() & ~(upper >= MG_DL_UPPER)
    _line(lines, "tb_umol_l", "own range in mg/dL, or none: multiplied by 17.104", in_mg, converted=in_mg)
    _line(lines, "tb_umol_l", "own upper limit of 10 or more: already in µmol/L", value.notna() & ~in_mg)
    return value.where(~in_mg, value * UMOL_PER_MG_DL)


def _albumin(rows, lines):
    value, upper = _numbers(rows, "SERUM_ALBUMIN_PRERESECTION", "SERUM_ALBUMIN_NORM_RANGE_UPPER")
    factor = pd.Series(np.nan, index=rows.index).mask(upper.isna(), ALBUMIN_UNITS[0][2])  # without a range: g/dL
    for low, high, to_g_l in ALBUMIN_UNITS:
        factor = factor.mask(upper.between(low, high), to_g_l)
    unknown = value.notna() & factor.isna()
    grams = value * factor
    impossible = grams.notna() & ~grams.between(*ALBUMIN)
    _line(
        lines,
        "alb_g_l",
        "own range in g/dL, or none: multiplied by 10",
        value.notna() & (factor == 10),
        converted=value.notna() & (factor == 10),
    )
    _line(
        lines,
        "alb_g_l",
        "own range in mg/dL: divided by 100",
        value.notna() & (factor == 0.01),
        converted=value.notna() & (factor == 0.01),
    )
    _line(lines, "alb_g_l", "own range in g/L: taken as it is", value.notna() & (factor == 1))
    _line(lines, "alb_g_l", "own range of 0.3 to 0.5: one digit cannot be placed at 40 g/L", unknown, removed=unknown)
    _line(lines, "alb_g_l", "outside 10 to 65 g/L after conversion", impossible, removed=impossible)
    return grams.mask(impossible)


def _platelets(rows, lines):
    value, _ = _numbers(rows, "PLATELET_COUNT_PRERESECTION", "PLATELET_NORM_RANGE_UPPER")
    per_ul = value >= COUNT_PER_UL
    count = value.where(~per_ul, value / 1000)
    impossible = count.notna() & ~count.between(*PLATELETS)
    _line(lines, "plt_10e9_l", "10,000 or more: counted per µL, divided by 1000", per_ul, converted=per_ul)
    _line(lines, "plt_10e9_l", "outside 10 to 2000 x 10^9/L: another quantity", impossible, removed=impossible)
    return count.mask(impossible)


def _prothrombin(rows, lines):
    value, upper = _numbers(rows, "PROTHROMBIN_TIME_INR_AT_PROCUREMENT", "PROTHROMBIN_TIME_NORM_RANGE_UPPER")
    in_seconds = upper.fillna(value) > INR_UPPER  # without a range the value itself decides
    implausible = value > SAME_SCALE * upper
    _line(
        lines,
        "pt_s",
        "own upper limit above 3: seconds, moved from INR to prothrombin time",
        value.notna() & in_seconds,
        converted=value.notna() & in_seconds,
    )
    _line(lines, "inr", "own upper limit of 3 or less: INR", value.notna() & ~in_seconds)
    _line(
        lines,
        "inr",
        "above three times the own upper limit",
        implausible & ~in_seconds,
        removed=implausible & ~in_seconds,
    )
    _line(
        lines,
        "pt_s",
        "above three times the own upper limit",
        implausible & in_seconds,
        removed=implausible & in_seconds,
    )
    value = value.mask(implausible)
    return value.mask(in_seconds), value.where(in_seconds)


def _survival(rows, lines):
    os_months, rfs_months = pd.to_numeric(rows["OS_MONTHS"]), pd.to_numeric(rows["DFS_MONTHS"])
    os_event = rows["OS_STATUS"].str[0].astype(float)
    rfs_event = rows["DFS_STATUS"].str[0].astype(float)
    died_first = rfs_event.isna() & (os_event == 1)
    rfs_months, rfs_event = rfs_months.where(~died_first, os_months), rfs_event.mask(died_first, 1.0)
    table = pd.DataFrame(
        {"os_months": os_months, "os_event": os_event, "rfs_months": rfs_months, "rfs_event": rfs_event}
    )
    _line(
        lines,
        "rfs_event",
        "died without a recorded recurrence: event at the time of death",
        died_first,
        converted=died_first,
    )
    for kind in ("os", "rfs"):
        none = (table[f"{kind}_months"] == 0) & (table[f"{kind}_event"] == 0)
        _line(lines, f"{kind}_months", "0 months without an event: no follow-up", none, removed=none)
        table.loc[none, [f"{kind}_months", f"{kind}_event"]] = np.nan
    return table

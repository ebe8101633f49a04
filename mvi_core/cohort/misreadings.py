"""What would a careless reading of a public table have done: each trap with the right and the usual wrong column."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from mvi_core.cohort.clca import read_clca, read_source
from mvi_core.cohort.predictors import DEFINED_WITH_OUTCOME, find_predictor, predictor_table, separation
from mvi_core.cohort.tcga import included, read_tcga
from mvi_core.names import GRADES

COLUMNS = {  # of TCGA-LIHC: predictor, column of the source, what its units are, how they are misread
    "inr_gt_1": (
        "PROTHROMBIN_TIME_INR_AT_PROCUREMENT", "seconds beside INR in one column", "seconds taken for an INR",
    ),
    "alb_gt_40": ("SERUM_ALBUMIN_PRERESECTION", "g/dL beside g/L", "g/dL held against 40 g/L"),
    "tb_gt_19": ("BILIRUBIN_TOTAL", "mg/dL beside µmol/L", "mg/dL held against 19 µmol/L"),
    "plt_gt_100": ("PLATELET_COUNT_PRERESECTION", "per µL beside 10⁹/L", "counts per µL held against 100 × 10⁹/L"),
}  # fmt: skip


@dataclass(frozen=True, eq=False)
class Misreading:
    """One trap: a yes/no predictor and the label as they are, and as a careless reading has them."""

    source: str  #: title of the cohort
    trap: str  #: what stands in the table
    wrong: str  #: how it is misread
    variable: str  #: predictor whose odds ratio is asked for
    right: pd.DataFrame  #: ``value`` (0, 1, missing) and ``mvi`` (0, 1), one row a patient
    mistaken: pd.DataFrame  #: the same as misread


def clca_misreadings(patients_path, samples_path):
    """Misreadings of the two tables of CLCA 2024: a value above the limit of the assay taken for missing."""
    rows = read_source(samples_path).set_index("PATIENT_ID")
    patients, _, _ = read_clca(patients_path, samples_path)
    afp = rows.loc[patients["patient_id"], "AFP"]
    right, mistaken = _pair(patients, "afp_gt_20", pd.to_numeric(afp, errors="coerce"))
    return [Misreading("CLCA 2024", "AFP '>1210' is text", "text taken for missing", "afp_gt_20", right, mistaken)]


def tcga_misreadings(path):
    """Misreadings of the patient table of TCGA-LIHC: the label None, missing values as numbers, mixed units."""
    source = read_source(path)
    rows = included(source)[0].set_index("PATIENT_ID")
    patients, _, _ = read_tcga(path)
    right, zeros = _pair(patients, "afp_gt_20", pd.to_numeric(rows["AFP_AT_PROCUREMENT"]).fillna(0.0))
    none = right.assign(mvi=right["mvi"].where(right["mvi"] == 1)).dropna(subset="mvi")
    found = [
        ("label 'None' means no invasion", "'None' taken for missing", "afp_gt_20", right, none),
        ("label '[Not Available]', and 'Macro'", "whatever is not 'Micro' taken for absent", "afp_gt_20", right,
         _not_micro(source)),
        ("AFP '[Not Available]'", "missing taken for 0 ng/mL", "afp_gt_20", right, zeros),
    ]  # fmt: skip
    for name, (column, trap, wrong) in COLUMNS.items():
        found.append((trap, wrong, name, *_pair(patients, name, pd.to_numeric(rows[column]))))
    return [Misreading("TCGA-LIHC", *parts) for parts in found]


def _pair(patients, name, values):
    """Predictor with the label, from the patient table and from misread values in its order."""
    right = predictor_table(patients, [name])[name].to_frame("value").assign(mvi=patients["mvi_present"].to_numpy())
    values = values.to_numpy()
    above = np.where(np.isnan(values), np.nan, values > find_predictor(name).cutoff)
    return right, right.assign(value=above)


def _not_micro(source):
    afp = pd.to_numeric(source["AFP_AT_PROCUREMENT"], errors="coerce")
    mvi = (source["VASCULAR_INVASION"] == "Micro").astype(int)
    return pd.DataFrame({"value": (afp > 20).astype(float).mask(afp.isna()), "mvi": mvi})


def leaks(samples_path, patients_path):
    """Columns of both sources that were defined with the label: how far they separate it, and why they are refused.

    Returns ``Source``, ``Column``, ``Patients``, ``Separation`` (text) and ``Refused because``.
    """
    clca = read_source(samples_path)
    clca = clca[clca["MVI"].isin(GRADES)]
    tcga = included(read_source(patients_path))[0].rename(columns={"AJCC_TUMOR_PATHOLOGIC_PT": "T"})
    cases = [
        ("CLCA 2024", "BCLC stage", "bclc", clca["BCLC"], clca["MVI"] != "M0"),
        (
            "TCGA-LIHC",
            "AJCC T",
            "ajcc_t",
            tcga["T"].str[:2],
            tcga["VASCULAR_INVASION"] != "None",
        ),
    ]
    rows = []
    for source, words, name, values, mvi in cases:
        known = values.notna() & (values != "")
        share = separation(values[known], mvi[known])
        rows.append((source, words, int(known.sum()), f"{share:.3f}", DEFINED_WITH_OUTCOME[name]))
    return pd.DataFrame(rows, columns=["Source", "Column", "Patients", "Separation", "Refused because"])

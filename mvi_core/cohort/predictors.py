"""Which yes/no predictors does the paper make from the patient table, and which may never be one."""

import warnings
from dataclasses import dataclass

import numpy as np
import pandas as pd

from mvi_core.errors import CohortError, SeparationWarning
from mvi_core.names import DL_MVI, PATIENT_ID

NEAR_PERFECT = 0.95  # sensitivity + specificity - 1 from which a predictor counts as the label in disguise


@dataclass(frozen=True)
class Predictor:
    """A yes/no predictor of the paper's Table 1, or a further term of a model."""

    name: str
    column: str  #: of the patient table
    label: str  #: in print
    reference: str  #: what 0 means, in print
    level: str  #: what 1 means, in print
    cutoff: float | str | None  #: 1 is above this number, or this text; None stands for the column itself, per unit


PREDICTORS = (  # paper, Table 1, in its order
    Predictor("age_gt_50", "age_years", "Age", "≤ 50 years", "> 50 years", 50),
    Predictor("sex_female", "sex", "Sex", "Male", "Female", "female"),
    Predictor("afp_gt_20", "afp_ng_ml", "AFP", "≤ 20 ng/mL", "> 20 ng/mL", 20),
    Predictor("ascites", "ascites", "Ascites", "Absent", "Present", 0),
    Predictor("hepatitis", "hepatitis", "Hepatic virus infection", "Absent", "Present (HBV/HCV)", 0),
    Predictor("cirrhosis", "cirrhosis", "Cirrhosis", "Absent", "Present", 0),
    Predictor("alt_gt_40", "alt_u_l", "ALT", "≤ 40 U/L", "> 40 U/L", 40),
    Predictor("ast_gt_40", "ast_u_l", "AST", "≤ 40 U/L", "> 40 U/L", 40),
    Predictor("ggt_gt_50", "ggt_u_l", "GGT", "≤ 50 U/L", "> 50 U/L", 50),
    Predictor("tb_gt_19", "tb_umol_l", "TB", "≤ 19 μmol/L", "> 19 μmol/L", 19),
    Predictor("cb_gt_6_8", "cb_umol_l", "CB", "≤ 6.8 μmol/L", "> 6.8 μmol/L", 6.8),
    Predictor("alb_gt_40", "alb_g_l", "ALB", "≤ 40 g/L", "> 40 g/L", 40),
    Predictor("plt_gt_100", "plt_10e9_l", "PLT", "≤ 100 × 10⁹/L", "> 100 × 10⁹/L", 100),
    Predictor("inr_gt_1", "inr", "INR", "≤ 1.0", "> 1.0", 1.0),
    Predictor("pt_gt_12", "pt_s", "PT", "≤ 12 s", "> 12 s", 12),
    Predictor("encapsulation", "encapsulation", "Tumor encapsulation", "Incomplete", "Complete", 0),
    Predictor("edmondson_3_4", "edmondson", "Edmondson–Steiner grade", "I–II", "III–IV", 2),
)
FURTHER_TERMS = (  # of multivariable models only
    Predictor("size_cm", "size_cm", "Surgical size", "", "per cm", None),
    Predictor(DL_MVI, DL_MVI, "DL-MVI", "Absent", "Present", 0),
)
TERMS = {predictor.name: predictor for predictor in (*PREDICTORS, *FURTHER_TERMS)}
MODEL_TERMS = tuple(TERMS)
DEFINED_WITH_OUTCOME = {
    "mvi_grade": "it is the histologic label",
    "mvi_present": "it is the histologic label",
    "bclc": "BCLC stage C is given for vascular invasion, so the stage already contains the label",
    "ajcc_t": "AJCC T2 is given for vascular invasion, so the stage already contains the label",
}


def predictor_table(patients, names=None):
    """Predictors of each patient as 0, 1 or missing.

    Parameters
    ----------
    patients : pandas.DataFrame
        Patient table.
    names : iterable of str, optional
        Predictors wanted, also ``"dl_mvi"`` and ``"size_cm"`` (the size itself, in cm); the 17 of Table 1 by default.

    Returns
    -------
    pandas.DataFrame of float
        One column a predictor, indexed by ``patient_id``; a value equal to the cut-off is 0.

    Raises
    ------
    CohortError
        If a name is no predictor, or the table lacks its column.

    Examples
    --------
    >>> patients = pd.DataFrame({"patient_id": ["P1", "P2", "P3"], "afp_ng_ml": [20.0, 20.1, np.nan]})
    >>> predictor_table(patients, ["afp_gt_20"])["afp_gt_20"].tolist()
    [0.0, 1.0, nan]
    """
    names = [predictor.name for predictor in PREDICTORS] if names is None else list(names)
    columns = {name: _column(patients, find_predictor(name)) for name in names}
    return pd.DataFrame(columns, index=pd.Index(patients[PATIENT_ID], name=PATIENT_ID), dtype=float)


def find_predictor(name):
    """Look up a `Predictor` of Table 1 or a further term of a model by its name, such as ``"afp_gt_20"``."""
    if name not in TERMS:
        raise CohortError(f"Predictor '{name}' is unknown. The predictors are {', '.join(MODEL_TERMS)}.")
    return TERMS[name]


def refuse_leaks(predictors, mvi_present):
    """Stop when a predictor that is defined with the outcome separates it.

    A yes/no predictor separates when :math:`|sensitivity + specificity - 1|` is at least 0.95 among the
    patients who have it. One that is not known to be defined with the outcome gives a warning instead,
    because a perfect predictor can also be chance in few patients.

    Parameters
    ----------
    predictors : pandas.DataFrame
        0, 1 or missing; one column a predictor. Other columns (a size) are passed over.
    mvi_present : array-like of int, shape (n_patients,)
        Histologic MVI, 0 or 1.

    Raises
    ------
    CohortError
        If such a predictor separates patients with from patients without MVI.

    Examples
    --------
    >>> refuse_leaks(pd.DataFrame({"afp_gt_20": [0.0, 1.0, 1.0, 1.0]}), [0, 0, 1, 1])
    """
    outcome = np.asarray(mvi_present, dtype=float)
    for name, column in predictors.items():
        values = column.to_numpy(dtype=float)
        known = ~np.isnan(values)
        if not _separates(values[known], outcome[known]):
            continue
        n_agreeing = max(np.sum(values[known] == outcome[known]), np.sum(values[known] != outcome[known]))
        counted = f"'{name}' separates MVI absent from present ({n_agreeing} of {known.sum()} patients)"
        if reason := DEFINED_WITH_OUTCOME.get(name):
            raise CohortError(f"{counted} and cannot be a predictor: {reason}. Leave it out of the model.")
        warnings.warn(f"{counted}. Check that it was not made from the label.", SeparationWarning, stacklevel=2)


def _column(patients, predictor):
    name, cutoff = predictor.name, predictor.cutoff
    if predictor.column not in patients:
        raise CohortError(
            f"Predictor '{name}' needs column '{predictor.column}', which the patient table lacks. "
            f"Add the column, or leave '{name}' out."
        )
    values = patients[predictor.column]
    if cutoff is None:
        return values.to_numpy(dtype=float)
    level = values == cutoff if isinstance(cutoff, str) else values.astype(float) > cutoff
    return np.where(values.isna(), np.nan, level.astype(float))


def _separates(values, outcome):
    if not np.isin(values, (0.0, 1.0)).all() or not 0 < outcome.sum() < len(outcome):
        return False
    return abs(values[outcome == 1].mean() - values[outcome == 0].mean()) >= NEAR_PERFECT

"""Which yes/no predictors does the paper make from the patient table, and which may never be one."""

import warnings
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import stats

from mvi_core.errors import CohortError, SeparationWarning
from mvi_core.names import DL_MVI, PATIENT_ID

NEAR_PERFECT = 0.95  # separation from which a predictor counts as the label in disguise
BY_CHANCE = 1e-6  # Fisher's p below which such a separation is no chance


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
    Predictor("encapsulation", "encapsulation", "Tumour encapsulation", "Incomplete", "Complete", 0),
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


def separation(values, mvi_present):
    """Measure how far a column tells patients with from patients without MVI: 0 not at all, 1 completely.

    Of numbers, the largest distance between the two distribution functions (Kolmogorov-Smirnov), which for a yes/no
    predictor is :math:`|sensitivity + specificity - 1|`; of text, such as stages, the total variation distance. Missing
    values are passed over; it is 0 where only one kind of patient is left.

    Examples
    --------
    >>> separation([0.0, 1.0, 1.0, 1.0], [0, 0, 1, 1]), separation(["A", "B", "C", "C"], [0, 0, 1, 1])
    (0.5, 1.0)
    """
    table = pd.DataFrame({"value": np.asarray(values), "mvi": np.asarray(mvi_present, dtype=float)}).dropna()
    with_it, without = (table.loc[table["mvi"] == kind, "value"] for kind in (1, 0))
    if not len(with_it) or not len(without):
        return 0.0
    if pd.api.types.is_numeric_dtype(table["value"]):
        cuts = np.unique(table["value"])
        below = [np.searchsorted(np.sort(part), cuts, side="right") / len(part) for part in (with_it, without)]
        return float(np.abs(below[0] - below[1]).max())
    shares = [part.value_counts(normalize=True) for part in (with_it, without)]
    return float(shares[0].sub(shares[1], fill_value=0).abs().sum() / 2)


def refuse_leaks(predictors, mvi_present):
    """Stop when a predictor separates patients with from patients without MVI, completely or nearly.

    A predictor separates from a `separation` of 0.95 on. One that is known to be defined with the outcome is refused,
    and so is any other whose separation cannot be chance (Fisher's p below 1e-6 at the best cut). In few
    patients, and of DL-MVI, which may be as good as that, it is a warning.

    Parameters
    ----------
    predictors : pandas.DataFrame
        Numbers or missing; one column a predictor.
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
        if separation(values, outcome) < NEAR_PERFECT:
            continue
        table = _best_cut(values[known], outcome[known])
        counted = f"'{name}' separates MVI absent from present ({int(np.trace(table))} of {known.sum()} patients)"
        if reason := DEFINED_WITH_OUTCOME.get(name):
            raise CohortError(f"{counted} and cannot be a predictor: {reason}. Leave it out of the model.")
        if name != DL_MVI and stats.fisher_exact(table).pvalue < BY_CHANCE:
            raise CohortError(
                f"{counted}, far beyond chance, as no finding before the operation does: it was made with the "
                "label, or after it. Leave it out of the model."
            )
        warnings.warn(f"{counted}. Check that it was not made from the label.", SeparationWarning, stacklevel=2)


def _best_cut(values, outcome):
    """Patients by side of the cut that separates best and by outcome, (2, 2), agreeing ones on the diagonal."""
    cuts = np.unique(values)[:-1]
    best = max(cuts, key=lambda cut: abs((values[outcome == 1] > cut).mean() - (values[outcome == 0] > cut).mean()))
    above = values > best
    table = np.array([[np.sum((above == side) & (outcome == kind)) for kind in (0, 1)] for side in (False, True)])
    return table if np.trace(table) * 2 >= table.sum() else table[::-1]


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

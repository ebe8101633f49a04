"""What is everything called: sequences, grades, columns and the constants that the paper fixes."""

from enum import StrEnum


class MrSequence(StrEnum):
    """An MR acquisition of the study, in the order of the paper (Methods, MR imaging acquisition)."""

    T1 = "T1"
    T1A = "T1A"
    T1V = "T1V"
    T1D = "T1D"
    T2 = "T2"
    DWI = "DWI"


class MviGrade(StrEnum):
    """Histologic grade of microvascular invasion (paper, Methods, Histopathology)."""

    M0 = "M0"
    M1 = "M1"
    M2 = "M2"


class CohortKind(StrEnum):
    """Where the patients of a cohort come from; every page, table and figure says it."""

    RECONSTRUCTED = "reconstructed"
    PHANTOM = "phantom"
    REAL = "real"
    OWN = "own"


SEQUENCES = tuple(MrSequence)
GRADES = tuple(MviGrade)
PAPER_SEQUENCES = (MrSequence.T1, MrSequence.T1V, MrSequence.T1D)  # paper, Results, multi-sequences

DEVELOPMENT_YEAR = "2015"  # 149 patients
EXTERNAL_YEAR = "2018"  # 172 patients

ROI_SIZE = 320  # px; paper, Methods, step 1
MARGIN_PX = (5, 10)  # px at every boundary; paper, Methods, step 1
N_SLICES = 3  # consecutive slices at the largest diameter; paper, Methods, step 2

# Columns of the patient table, in order. Meanings, units and coding: data_manifest/dictionary.csv.
PATIENT_ID = "patient_id"
ENROLMENT = "enrolment"
CLINICAL_COLUMNS = (
    "age_years", "sex", "afp_ng_ml", "ascites", "hepatitis", "cirrhosis", "alt_u_l", "ast_u_l",
    "ggt_u_l", "tb_umol_l", "cb_umol_l", "alb_g_l", "plt_10e9_l", "inr", "pt_s", "size_cm",
    "encapsulation", "edmondson",
)  # fmt: skip
OUTCOME_COLUMNS = ("mvi_grade", "mvi_present")
SURVIVAL_COLUMNS = ("os_months", "os_event", "rfs_months", "rfs_event")
DL_MVI = "dl_mvi"
PATIENT_COLUMNS = (PATIENT_ID, ENROLMENT, *CLINICAL_COLUMNS, *OUTCOME_COLUMNS, *SURVIVAL_COLUMNS)
PREDICTION_COLUMNS = (
    PATIENT_ID, ENROLMENT, "split", "p_m0", "p_m1", "p_m2", "dl_risk", "dl_mvi",
)  # fmt: skip

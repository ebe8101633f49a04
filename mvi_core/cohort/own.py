"""Who is in a user's own cohort: pseudonyms put in at the door, every fault told, and who is left out, why."""

import re
import unicodedata

import pandas as pd

from mvi_core.cohort.enrolment import DEVELOPMENT, EXTERNAL
from mvi_core.cohort.flow import exclusion_flow
from mvi_core.cohort.folder import find_cohort, pseudonym
from mvi_core.cohort.predictors import predictor_table
from mvi_core.cohort.spec import load_spec, numbered, table_path
from mvi_core.cohort.table import read_table, typed_patients
from mvi_core.errors import CohortError, DicomError, RoiError
from mvi_core.names import DL_MVI, ENROLMENT, PATIENT_ID
from mvi_core.results import atomic_write, csv_text, result_path

ROWS = re.compile(r"rows? (\d+)(?: and (\d+))?")
LEFT_OUT_COLUMNS = (PATIENT_ID, "stage", "reason")
STAGES = {DicomError: "a series cannot be read", RoiError: "a series or box is missing, or they do not fit"}


def read_door(spec, key):
    """Cells of an own cohort's table, by row, with a pseudonym in the place of every identifier; and its faults.

    Parameters
    ----------
    spec : CohortSpec
    key : bytes
        Of the cohort's pseudonyms.

    Returns
    -------
    rows : pandas.DataFrame of str
    faults : list of str
        Sentences that begin with the row or the column; none quotes an identifier.
    """
    rows = read_table(table_path(spec))
    if PATIENT_ID not in rows:
        raise CohortError(f"Cohort '{spec.id}': {table_path(spec).name} has no column '{PATIENT_ID}'. Add it.")
    names, faults, first = rows[PATIENT_ID], [], {}
    faults += [f"row {row}, {PATIENT_ID}: empty. Write the hospital's identifier." for row in rows.index[names.isna()]]
    for row, name in names.dropna().items():
        alike = "".join(unicodedata.normalize("NFKC", name).casefold().split())
        if alike in first:
            faults.append(
                f"rows {first[alike]} and {row}, {PATIENT_ID}: the same patient twice. Keep one row a patient."
            )
        first.setdefault(alike, row)
    masked = names.map(lambda name: pseudonym(key, name), na_action="ignore")
    return rows.assign(**{PATIENT_ID: masked}), faults


def admitted(spec, key, left_out):
    """Patients of an own cohort, the flow of exclusions, and what is wrong with the others.

    Parameters
    ----------
    spec : CohortSpec
        Where ``skip_bad`` is set faulty patients are left out and counted; else the first fault stops the run.
    key : bytes
    left_out : pandas.DataFrame
        Columns ``patient_id`` (pseudonym), ``stage`` and ``reason``: patients whose images cannot be used.

    Returns
    -------
    patients, flow, left_out : pandas.DataFrame
        Typed patients without fault; lines of `exclusion_flow`; everybody who was left out, with stage and reason.

    Raises
    ------
    CohortError
        With every fault of the table, or where nobody is left.
    """
    rows, faults = read_door(spec, key)
    typed, more = typed_patients(rows, spec)
    faults += [fault for fault in more if not re.match(rf"rows? \d+( and \d+)?, {PATIENT_ID}", fault)]
    if spec.analyses["enrolment"] and not spec.frozen and ENROLMENT in rows:
        faults += [f"row {row}, {ENROLMENT}: empty. Write the year." for row in rows.index[rows[ENROLMENT].isna()]]
    by_row = {row: [] for row in rows.index}
    for fault in faults:
        for row in ROWS.match(fault).groups() if ROWS.match(fault) else ():
            by_row.get(int(row or 0), []).append(fault)
    of_cohort = [fault for fault in faults if not ROWS.match(fault)]
    if of_cohort or (faults and not spec.skip_bad):
        raise CohortError(f"Cohort '{spec.id}': {len(faults)} fault(s) in the patient table.\n{numbered(faults)}")
    wrong = pd.Series({row: bool(found) for row, found in by_row.items()})
    steps = [("Faulty row in the table", wrong, "skip_bad: left out, listed in left_out.csv")] if wrong.any() else []
    for stage in dict.fromkeys(left_out["stage"]):
        gone = typed[PATIENT_ID].isin(left_out.loc[left_out["stage"] == stage, PATIENT_ID])
        steps.append(("Images that cannot be used", gone, f"{stage} (skip_bad: left out, listed in left_out.csv)"))
    kept, flow = exclusion_flow(typed, steps, start=spec.source.get("start", "Patients of the table"))
    told = [(typed[PATIENT_ID][row], "table", fault) for row, found in by_row.items() for fault in found]
    everybody = pd.concat([pd.DataFrame(told, columns=list(LEFT_OUT_COLUMNS)), left_out], ignore_index=True)
    if kept.empty:
        raise CohortError(f"Cohort '{spec.id}': no patient is left.\n{numbered(everybody['reason'])}")
    return _labelled(kept, spec), flow, everybody


def refuse_dull(patients, spec):
    """Refuse predictors that no model can use, because every patient has the same value or none: a `CohortError`."""
    names = [name for name in dict.fromkeys((*spec.predictors, *spec.multivariable)) if name != DL_MVI]
    table = predictor_table(patients, names)
    counts = table[names].nunique()
    if dull := [f"'{name}' has {counts[name]} value(s) in all patients" for name in names if counts[name] < 2]:
        remedy = f"Take it out of predictors and multivariable in the description of cohort '{spec.id}'."
        raise CohortError(f"{'; '.join(dull)}. {remedy}")


def _labelled(kept, spec):
    """Patients with their part in ``enrolment``: all external to a frozen model, all development without years."""
    patients = kept.astype({"mvi_present": int}).reset_index(drop=True)
    if spec.frozen or not spec.analyses["enrolment"]:
        part = EXTERNAL if spec.frozen else DEVELOPMENT if spec.analyses["images"] else None
        patients[ENROLMENT] = part
    return patients


def left_out_table(faults):
    """Table of `LEFT_OUT_COLUMNS` from a mapping of patients to faults of their images (`MviError`)."""
    rows = [
        (patient, STAGES.get(type(fault), "no box was drawn"), str(fault))
        for patient, found in faults.items()
        for fault in found
    ]
    return pd.DataFrame(rows, columns=list(LEFT_OUT_COLUMNS))


def write_left_out(cohort, left_out):
    """Write who was left out and why to the cohort's own folder, under the hospital's identifiers."""
    spec = load_spec(cohort)
    folder = find_cohort(spec.folder)
    names = read_table(table_path(spec))[PATIENT_ID].dropna()
    known = {pseudonym(folder.key, name): name for name in names}
    told = left_out.assign(**{PATIENT_ID: left_out[PATIENT_ID].map(known), "pseudonym": left_out[PATIENT_ID]})
    atomic_write(folder.path / "left_out.csv", csv_text(told))


def model_folder(spec):
    """Folder of the model that judges a cohort: named in its description, else that of the study's phantom."""
    named = spec.images.get("model_path")
    return (spec.folder / named).resolve() if named else result_path("phantom", "model")

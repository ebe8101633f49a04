"""Do the tables of a cohort folder hold what its description says, and do they belong together: every fault told."""

import re
import warnings

from mvi_core.cohort.folder import read_files_table, read_rois_table, read_series_table
from mvi_core.cohort.own import read_door, refuse_dull
from mvi_core.cohort.predictors import predictor_table, refuse_leaks
from mvi_core.cohort.spec import table_path
from mvi_core.cohort.study_table import Finding
from mvi_core.cohort.table import read_table, typed_patients
from mvi_core.errors import CohortError, MviError
from mvi_core.names import DL_MVI, PATIENT_ID, SURVIVAL_COLUMNS

TOLD_PATIENTS = 5
DESCRIPTION, SERIES = "cohort.yaml", "series.csv"


def check_patients(folder, spec):
    """Patients of ``patients.csv``, the hospital's identifier by pseudonym; and a list of `Finding` on the table."""
    try:
        rows, faults = read_door(spec, folder.key)
    except MviError as problem:
        return {}, [Finding("error", "", "", "patients.csv", str(problem))]
    typed, more = typed_patients(rows, spec)
    faults += [one for one in more if not re.match(rf"rows? \d+( and \d+)?, {PATIENT_ID}", one)]
    who = rows[PATIENT_ID].fillna("")
    found = [Finding("error", who.get(_row(one), ""), "", "patients.csv", one) for one in faults]
    found += _of_predictors(typed, spec) if not faults else []
    if not spec.analyses["survival"] and set(SURVIVAL_COLUMNS) <= set(rows) and rows["os_months"].notna().any():
        words = "patients.csv holds follow-up, and analyses.survival is false."
        found.append(Finding("warning", "", "", DESCRIPTION, words, "Set it to true, or leave the columns out."))
    names = read_table(table_path(spec))[PATIENT_ID].dropna()
    return {folder.pseudonym(name): name for name in names}, found


def check_tables(folder, spec, patients):
    """Rows without fault of ``series.csv``, ``files.csv`` and ``rois.csv``, as `folder` reads them; and findings.

    ``patients`` as `check_patients` returns them. What is not there for a patient, what is there for nobody, and what a
    person has to decide is told by patient and sequence.
    """
    tables = [read(folder) for read in (read_series_table, read_files_table, read_rois_table)]
    (series, *_), found = [table for table, _ in tables], [one for _, faults in tables for one in faults]
    used = series[series["use"] == "yes"]
    unknown = int(((series["sequence"] == "") & (series["set_aside"] == "")).sum())
    if unknown:
        words = f"{unknown} series are not known to the rules."
        found.append(Finding("warning", "", "", SERIES, words, "Write their sequence, or leave them out."))
    for row in used.index[used["confidence"] == "low"]:
        where = folder.pseudonym(used.at[row, PATIENT_ID]), used.at[row, "sequence"], f"{SERIES} row {row}"
        found.append(Finding("warning", *where, "proposed with low confidence, and in use.", "Look at it."))
    found += _without_patient(folder, tables, patients)
    mine = dict(list(series.groupby(PATIENT_ID)))
    drawn = tables[2][0].groupby(PATIENT_ID)["sequence"].agg(set).to_dict()
    for who, name in patients.items():
        found += _of_patient(who, spec, mine.get(name), drawn.get(name, ()))
    return [table for table, _ in tables], found


def _of_predictors(typed, spec):
    """Tell of predictors without use, and of those that are the label in disguise or nearly so."""
    found, names = [], [name for name in spec.predictors if name != DL_MVI]
    with warnings.catch_warnings(record=True) as doubts:
        warnings.simplefilter("always")
        for check in (
            lambda: refuse_dull(typed, spec),
            lambda: refuse_leaks(predictor_table(typed, names), typed["mvi_present"]),
        ):
            try:
                check()
            except CohortError as problem:
                found.append(Finding("error", "", "", DESCRIPTION, str(problem)))
    return [*found, *(Finding("warning", "", "", DESCRIPTION, str(doubt.message)) for doubt in doubts)]


def _row(sentence):
    first = re.match(r"rows? (\d+)", sentence)
    return int(first[1]) if first else 0


def _without_patient(folder, tables, patients):
    """Tell of people in series.csv and rois.csv who are not in patients.csv."""
    known = set(patients.values())
    for (table, _), name in ((tables[0], SERIES), (tables[2], "rois.csv")):
        others = sorted(set(table[PATIENT_ID]) - known - {""})
        if others:
            shown = ", ".join(folder.pseudonym(one) for one in others[:TOLD_PATIENTS])
            zeros = {one.lstrip("0") for one in others} & {one.lstrip("0") for one in known}
            hint = " Leading zeros differ: a spreadsheet may have cut them." if zeros else ""
            words = f"{len(others)} patients are not in patients.csv ({shown}) and left out.{hint}"
            yield Finding("warning", "", "", name, words, "Add their rows, or correct patient_id.")


def _of_patient(who, spec, mine, drawn):
    """Tell what one patient lacks: a series in use, or a box, for each sequence."""
    if mine is None:
        words = "no series: none of the images has this patient_id (PatientID)."
        yield Finding("error", who, "", SERIES, words, "Scan the patient's images, or correct patient_id.")
        return
    used = set(mine.loc[mine["use"] == "yes", "sequence"])
    for sequence in map(str, spec.sequences):
        if sequence not in used:
            count = int((mine["sequence"] == sequence).sum())
            remedy = "Decide: write yes at one." if count else "Find it in series.csv and write its sequence and yes."
            yield Finding("error", who, sequence, SERIES, f"no series in use, {count} candidate(s).", remedy)
        elif sequence not in drawn:
            yield Finding("error", who, sequence, "rois.csv", "no box.", "Draw it, or run `mvi rois` with a mask.")

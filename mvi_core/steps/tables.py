"""Which tables of patients does the workflow make before the pages."""

from mvi_core.cohort.enrolment import development_and_external
from mvi_core.cohort.load import load_cohort
from mvi_core.cohort.predictions import join_predictions
from mvi_core.cohort.spec import load_spec
from mvi_core.errors import SplitError
from mvi_core.names import DL_MVI, PATIENT_ID
from mvi_core.results import read_result, result_path, write_result
from mvi_core.study import load_study, setting


def patients(cohort):
    """Patient table, exclusion flow and quality table of a cohort."""
    study = load_study()
    limit = setting(study, "phantom.limit") if load_spec(cohort).source["reader"] == "phantom" else None
    seed = setting(study, "seeds.cohort")
    loaded = load_cohort(cohort, seed=seed, limit=limit)
    for name, frame in (("quality", loaded.quality), ("flow", loaded.flow), ("patients", loaded.patients)):
        write_result(cohort, f"{name}.csv", frame, parameters={"seed": seed, "limit": limit})


def analysis(cohort):
    """Patient table joined with DL-MVI: out of fold for development patients, never in-sample (else a `SplitError`)."""
    people = read_result(cohort, "patients.csv")
    inputs = ["patients.csv"]
    if load_spec(cohort).analyses["dl_mvi"] == "network":
        inputs.append("predictions.csv")
        people = _join(people.drop(columns=DL_MVI, errors="ignore"), read_result(cohort, "predictions.csv"))
    write_result(cohort, "analysis.csv", people, inputs=inputs)


def ensure_tables(cohort):
    """Make a cohort's patient and analysis tables where they are missing and need no images."""
    if not result_path(cohort, "patients.csv").is_file():
        patients(cohort)
    if not result_path(cohort, "analysis.csv").is_file() and load_spec(cohort).analyses["dl_mvi"] != "network":
        analysis(cohort)


def _join(people, predictions):
    joined = join_predictions(people, predictions, ["split", "dl_risk", DL_MVI], risk="dl_risk")
    external = development_and_external(people)[1][PATIENT_ID]  # by the cohort's enrolment, not by theirs
    split, later = joined["split"].fillna(""), joined[PATIENT_ID].isin(external)
    inside = joined.loc[~split.str.contains("out-of-fold") & ~(later & (split == "external")), PATIENT_ID]
    if len(inside):
        raise SplitError(
            f"{len(inside)} patients carry in-sample predictions, first {inside.iloc[0]}. "
            "Use the out-of-fold predictions of `mvi step train`."
        )
    return joined

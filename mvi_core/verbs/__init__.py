"""What do ``mvi predict``, ``mvi check`` and ``mvi audit`` do: one call into the package each, with files around it."""

import tempfile
from pathlib import Path

import pandas as pd
import yaml

from mvi_core.cohort.folder import own_cohorts
from mvi_core.errors import ManifestError, MviError
from mvi_core.report import paper_values
from mvi_core.results import atomic_write, csv_text

RESEARCH_ONLY = "Research use only: not for diagnosis, not for treatment."


def predict(images, boxes, *, model, out):
    """Apply a trained model to DICOM series, write one row a patient, and say so in a sentence.

    ``images``: folder of series, ``<patient>/<sequence>/*.dcm``, six sequences a patient. ``boxes``: table
    ``patient_id, sequence, slice_index, row0, col0, row1, col1``: half-open boxes in pixels, slices counted from 0
    along the slice normal. ``model``: folder with ``model.safetensors``. ``out``: table to write: grade probabilities,
    ``dl_risk`` and ``dl_mvi`` by scoring, and what it may be used for.

    Raises
    ------
    MviError
        If the model, a series or a box cannot be used; the message names it.
    """
    from mvi_core.dataset.rois import build_roi_cache, read_roi_cache
    from mvi_core.dataset.torch_dataset import roi_dataset
    from mvi_core.model.checkpoint import load_network
    from mvi_core.model.prediction import grade_probabilities, prediction_table, refuse_seen

    network, description = load_network(Path(model) / "model.safetensors")
    drawn = _table(boxes)
    refuse_seen(description["notes"].get("trained_on", ()), drawn["patient_id"].unique())
    with tempfile.TemporaryDirectory() as folder:
        cache = Path(folder) / "rois.safetensors"
        build_roi_cache(images, drawn, cache, roi_px=description["roi_px"])
        crops, index = read_roi_cache(cache)
    people = pd.DataFrame({"patient_id": index["patient_id"].drop_duplicates(), "enrolment": ""})
    people["mvi_grade"] = "M0"  # unknown; a dataset asks for one, and prediction never reads it
    dataset = roi_dataset(crops, index, people, sequences=description["sequences"])
    table = prediction_table(dataset, grade_probabilities(network, dataset.plain_rois()), split="new")
    table = table.drop(columns=["enrolment", "fold"]).assign(use=RESEARCH_ONLY)
    atomic_write(Path(out), csv_text(table))
    return f"{Path(out).name}: {len(people)} patient(s), model of {'+'.join(description['sequences'])}. {RESEARCH_ONLY}"


def check_lines(folder, *, as_json=False):
    """List the findings of a cohort or a study's folder, a line each, and what can be used; and whether all is well."""
    from mvi_core.dataset.study_check import check_study
    from mvi_core.verbs.check import check_cohort, report_lines

    if not (Path(folder) / "cohort.yaml").is_file() and Path(folder).is_dir():
        found = check_study(folder)
        return report_lines(found, {}, as_json=as_json)
    if folder not in own_cohorts() and not Path(folder).is_dir():
        remedy = "Give a cohort made by `mvi new`, or the folder that holds manifest.csv."
        raise ManifestError(f"There is no folder {Path(folder).name}. {remedy}")
    return report_lines(*check_cohort(folder), as_json=as_json)


def audit_lines(paper=None):
    """Verdicts, a line each, on the numbers of a YAML file, or of Sun et al. 2022; then the values not used."""
    from mvi_core.stats.audit.paper import audit_paper
    from mvi_core.stats.audit.sun2022 import run_audit

    if paper is None:
        verdicts, messages = run_audit(paper_values().reset_index()), ()
    else:
        audit = audit_paper(_yaml(paper))
        verdicts, messages = audit.verdicts, audit.messages
    lines = [f"{item.verdict.upper()}: {item.check}. {item.statement}" for item in verdicts]
    return [*lines, *(f"NOT USED: {message}" for message in messages)]


def _table(path):
    if not Path(path).is_file():
        raise ManifestError(f"Box table {Path(path).name} does not exist. Give the path of a rois.csv.")
    types = {"patient_id": str, "slice_index": int, **dict.fromkeys(("row0", "col0", "row1", "col1"), float)}
    try:
        return pd.read_csv(path, dtype=types, keep_default_na=False, na_values=[""])
    except ValueError as problem:
        raise ManifestError(
            f"Box table {Path(path).name} cannot be read ({str(problem).strip()}). Save it as CSV with whole pixels."
        ) from problem


def _yaml(path):
    try:
        return yaml.safe_load(Path(path).read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as problem:
        raise MviError(f"{Path(path).name} is no readable YAML ({problem}). See audit_example.yaml.") from problem

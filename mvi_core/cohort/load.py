"""Who are the patients of a cohort: one table, whatever the source."""

import hashlib
from dataclasses import dataclass

import pandas as pd

from mvi_core.cohort.clca import read_clca
from mvi_core.cohort.flow import FLOW_COLUMNS, exclusion_flow, quality_table
from mvi_core.cohort.folder import find_cohort
from mvi_core.cohort.liverhccseg import read_liverhccseg
from mvi_core.cohort.own import admitted, left_out_table, refuse_dull
from mvi_core.cohort.predictors import predictor_table, refuse_leaks
from mvi_core.cohort.reconstruct import reconstruct_patients
from mvi_core.cohort.spec import CohortSpec, load_spec, table_path
from mvi_core.cohort.table import read_table, validate_patients
from mvi_core.cohort.tcga import read_tcga
from mvi_core.errors import CohortError
from mvi_core.manifest import locate
from mvi_core.names import DL_MVI, ENROLMENT, PATIENT_ID
from mvi_core.results import read_result


@dataclass(frozen=True)
class Cohort:
    """Patients of a cohort, with how they came to be these."""

    spec: CohortSpec
    patients: pd.DataFrame  #: texts as str, ``mvi_present`` as int, every other number as float, missing as NaN
    flow: pd.DataFrame  #: of exclusions, see `exclusion_flow`
    quality: pd.DataFrame  #: values changed or set missing, see `quality_table`


def load_cohort(cohort, *, seed, limit=None):
    """Patients of a cohort, validated.

    Parameters
    ----------
    cohort : str
        Cohort id in ``data_manifest/cohorts``.
    seed : int
        Seeds the reconstruction (``paper``, ``phantom``) and the choice of a subset.
    limit : int, optional
        At most this many patients, stratified by MVI and enrolment; for smoke runs.

    Returns
    -------
    Cohort

    Raises
    ------
    CohortError
        If the cohort is unknown, a value is impossible (all faults are listed), or a predictor contains the label.
    ManifestError
        If a file is missing or is not the recorded one.
    """
    spec = load_spec(cohort)
    if spec.source["reader"] == "folder":
        return _own(spec)
    rows, flow, quality = _read(spec, seed)
    patients = validate_patients(rows, spec)
    _refuse_leaks(patients, spec)
    if limit is not None and limit < len(patients):
        patients = choose_patients(patients, limit, seed=seed)
        excluded = int(flow["n_left"].iloc[-1]) - len(patients)
        line = ("Not in the subset", excluded, len(patients), "small run: stratified by MVI and enrolment")
        flow = pd.concat([flow, pd.DataFrame([line], columns=FLOW_COLUMNS)], ignore_index=True)
    return Cohort(spec, patients, flow, quality)


def _own(spec):
    """Patients of a cohort folder, under pseudonyms, without those whose images `mvi step admit` left out."""
    left_out = left_out_table({})
    if spec.analyses["images"]:
        left_out = read_result(spec.id, "left_out.csv").assign(reason="")
    patients, flow, _ = admitted(spec, find_cohort(spec.folder).key, left_out)
    refuse_dull(patients, spec)
    _refuse_leaks(patients, spec)
    return Cohort(spec, patients, flow, quality_table())


def _refuse_leaks(patients, spec):
    """Refuse every predictor, of Table 1 or of the model, that contains the label; DL-MVI is judged elsewhere."""
    names = [name for name in dict.fromkeys([*spec.predictors, *spec.multivariable]) if name != DL_MVI]
    refuse_leaks(predictor_table(patients, names), patients["mvi_present"])


def choose_patients(patients, n_patients, *, seed):
    """Stratified subset of patients, the same for any order of the table.

    Each stratum of MVI grade (or presence) and enrolment keeps its share of the `n_patients`, at least 1, rounded by
    the largest remainder; inside a stratum those with the smallest seeded hash of the identifier are kept.
    """
    if n_patients < 1:
        raise CohortError(f"The number of patients must be at least 1, got {n_patients}. Raise the limit.")
    label = patients["mvi_grade"].fillna(patients["mvi_present"].astype(str)) + "/" + patients[ENROLMENT].fillna("")
    shares = label.value_counts().sort_index() * n_patients / len(patients)
    sizes = shares.astype(int)
    remainder = (shares - sizes).sort_values(ascending=False, kind="stable").index
    sizes[remainder[: n_patients - sizes.sum()]] += 1
    rank = patients[PATIENT_ID].map(lambda name: hashlib.sha256(f"{seed}/{name}".encode()).hexdigest())
    place = rank.groupby(label).rank(method="first")
    return patients[place <= label.map(sizes)].reset_index(drop=True)


def _read(spec, seed):
    reader = spec.source["reader"]
    if reader == "clca":
        return read_clca(locate("clca_patients"), locate("clca_samples"))
    if reader == "tcga":
        return read_tcga(locate("tcga_patients"))
    if reader == "liverhccseg":
        return read_liverhccseg(locate("liverhccseg_images"), locate("tcga_patients"))
    rows = read_table(table_path(spec)) if reader == "table" else reconstruct_patients(seed)
    if reader == "phantom":
        rows = rows.drop(columns=DL_MVI)  # the network makes it from the images
    _, flow = exclusion_flow(rows, (), start=spec.source.get("start", "Patients of the table"))
    return rows, flow, quality_table()

"""What do ``mvi predict``, ``mvi check`` and ``mvi audit`` do: one call into the package each, with files around it."""

import io
from pathlib import Path

from mvi_core.cohort.dictionary import dictionary
from mvi_core.cohort.folder import find_cohort, own_cohorts, read_boxes
from mvi_core.cohort.own import ROWS, read_door
from mvi_core.cohort.plain_yaml import read_yaml
from mvi_core.cohort.spec import load_spec, numbered
from mvi_core.cohort.table import cell_faults, id_faults, read_table
from mvi_core.errors import CohortError, ManifestError, RoiError
from mvi_core.names import PATIENT_ID
from mvi_core.report import paper_values
from mvi_core.report.patient import RESEARCH_ONLY, judge, patient_page
from mvi_core.results import atomic_write, csv_text

AFP_COLUMN = "afp_ng_ml"


def predict(source, *, model, out, report=None, patients=None):
    """Apply a trained model to DICOM series, write one row a patient, and say so in a sentence.

    Parameters
    ----------
    source : str, or pair of path
        An own cohort, by id or path of its folder, as `mvi scan` left it: its patients appear under pseudonyms. Or a
        folder of series, ``<patient>/<sequence>/*.dcm``, and a table of half-open boxes in pixels, ``patient_id,
        sequence, slice_index, row0, col0, row1, col1``, slices counted from 0 along the slice normal. Only the model's
        sequences are read.
    model : path
        Folder with ``model.safetensors``; beside it ``reference.safetensors``, and ``../nomogram.json``.
    out : path
        Table to write: by scoring grade probabilities, ``dl_risk``, ``dl_mvi``; grades that cannot be ruled out, the
        share of the training images that lie nearer, nomogram; and what it may be used for.
    report : path, optional
        Folder for one page (HTML) a patient.
    patients : path, optional
        Table with ``patient_id`` and ``afp_ng_ml``, for the nomogram; that of the cohort by default.

    Raises
    ------
    MviError
        If the model, a series or a box cannot be used; the message names it.
    """
    from mvi_core.dataset.dicom import read_series
    from mvi_core.dataset.own import own_images
    from mvi_core.model.checkpoint import load_network

    load_network(Path(model) / "model.safetensors")  # a missing model is told before anything is read
    if isinstance(source, str):
        spec = load_spec(source)
        images = own_images(spec)
        read, drawn = images.volume, images.boxes
        clinical = _clinical(*read_door(spec, find_cohort(spec.folder).key), skip_bad=spec.skip_bad)
    else:
        folder, boxes = source
        drawn = _boxes(boxes)
        clinical = _clinical(read_table(Path(patients))) if patients else None

        def read(patient_id, sequence):
            return read_series(Path(folder) / patient_id / sequence, where=f"{patient_id}/{sequence}")

    if clinical is not None and not clinical[PATIENT_ID].isin(drawn[PATIENT_ID]).any():
        raise CohortError("No patient of the table has a box, so their patient_id differ. Write both alike.")
    judged = judge(read, drawn, Path(model))
    table = judged.table(clinical)
    if report:
        _write_pages(Path(report), judged, table, read)
    atomic_write(Path(out), csv_text(table))
    n, names = table["patient_id"].nunique(), "+".join(judged.sequences)
    return f"{Path(out).name}: {n} patient(s), model of {names}. {RESEARCH_ONLY}"


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
        audit = audit_paper(read_yaml(Path(paper), remedy="See audit_example.yaml."))
        verdicts, messages = audit.verdicts, audit.messages
    lines = [f"{item.verdict.upper()}: {item.check}. {item.statement}" for item in verdicts]
    return [*lines, *(f"NOT USED: {message}" for message in messages)]


def _write_pages(folder, judged, table, read):
    """Write one page a patient, ``<patient_id>.html``, complete in itself."""
    for name, row in table[table["scoring"] == "first"].set_index(PATIENT_ID).iterrows():
        atomic_write(folder / f"{name}.html", patient_page(name, row, _picture(name, judged, read), judged))


def _picture(name, judged, read):
    """Slice with box and crop of each sequence as PNG bytes, without any text of the files."""
    import matplotlib.pyplot as plt

    from mvi_core import figures
    from mvi_core.dataset.roi import RoiBox, crop

    n = len(judged.sequences)
    figure, axes = plt.subplots(2, n, figsize=(2.3 * n, 4.7), layout="constrained", squeeze=False)
    for column, sequence in zip(axes.T, judged.sequences, strict=True):
        rows = judged.index[(judged.index[PATIENT_ID] == name) & (judged.index["sequence"] == sequence)]
        middle = rows.iloc[1]
        box = RoiBox(*(int(middle[edge]) for edge in ("row0", "col0", "row1", "col1")))
        image = read(name, sequence).pixels[int(middle["slice_index"])]
        figures.roi_steps([image, crop(image, box)], column, titles=[sequence, "crop"], boxes=[(box,), ()])
    stream = io.BytesIO()
    figure.savefig(stream, format="png", dpi=110, metadata={"Software": None})
    plt.close(figure)
    return stream.getvalue()


def _clinical(rows, faults=(), *, skip_bad=False):
    """Rows of a patient table for the nomogram: each patient once, with an AFP that is a number or empty."""
    if PATIENT_ID not in rows:
        raise CohortError(f"The patient table has no column '{PATIENT_ID}'. Add it.")
    faults = [*(faults or id_faults(rows[PATIENT_ID]))]
    if AFP_COLUMN in rows:
        faults += cell_faults(rows[AFP_COLUMN], dictionary().loc[AFP_COLUMN])[1]
    if faults and not skip_bad:
        raise CohortError(f"The patient table has {len(faults)} fault(s).\n{numbered(faults)}")
    wrong = {int(row) for fault in faults for row in ROWS.match(fault).groups() if row}
    return rows.drop(index=list(wrong))


def _boxes(path):
    drawn, found = read_boxes(Path(path).resolve())
    if found:
        raise RoiError("\n".join(map(str, found)))
    return drawn

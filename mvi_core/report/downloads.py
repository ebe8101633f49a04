"""What may a reader take from the book: results, figures and tables, but of people only what counts them."""

import re
import shutil
from urllib.parse import unquote

from mvi_core.cohort.spec import cohort_ids, load_spec
from mvi_core.errors import PageError
from mvi_core.names import PATIENT_ID
from mvi_core.report.masking import PEOPLE
from mvi_core.study import load_study

# Results of people that a book may hand out: each row counts or summarises patients. Whatever is not named stays at
# home, such as survival.csv and roc.csv, in which a row can be the time or the risk of one patient, and
# calibration.csv and net_benefit.csv, whose rows give back the few patients with MVI in a narrow band of risk.
COUNTS_ONLY = frozenset({
    "added_value.csv", "afp_added.csv", "afp_models.csv", "brant.csv", "effects.csv", "endpoints.csv", "extremes.csv",
    "fixed_model.csv", "fixed_risks.csv", "grade_cuts.csv", "grade_models.csv", "grade_shares.csv", "imputed.csv",
    "pooled.csv", "readings.csv", "flow.csv", "follow_up.csv", "grades_size.csv",
    "hazard_ratios.csv", "measurements.csv", "missing.csv", "nomogram.json", "optimism.csv",
    "p_values.csv", "performance.csv", "quality.csv", "recurrence_models.csv", "selection.csv", "shuffled.csv",
    "size.csv", "study_size.csv", "subgroups.csv", "survival_contrasts.csv", "survival_months.csv",
    "survival_summary.csv", "table1.csv", "table3.csv", "table3_methods.csv", "validation_size.csv",
})  # fmt: skip
WHOLE_STUDY = ("report.json", "summary.csv", "verdicts.csv")
SIMULATED = (".csv", ".json", ".md", ".svg", ".png", ".tex", ".docx")
LINK = re.compile(r'href="(?:\.\./)*downloads/([^"#?]+)"')
SOURCE = re.compile(r'href="(?:\.\./)*source/([^"#?]+)\.txt"')
SOURCES = ("notebooks", "workflow")  # folders whose text files a page may show


def may_be_offered(path):
    """Whether the book may hand out a file of ``results/``.

    Of reconstructed and simulated patients every table and figure; of real and own patients the tables of
    ``COUNTS_ONLY`` without a column of patients, and pictures, but no vector figure, which holds exact coordinates.
    """
    results = load_study().results
    if not path.is_relative_to(results):
        return False
    cohort, *rest = path.relative_to(results).parts
    if not rest:
        return cohort in WHOLE_STUDY
    if cohort in cohort_ids() and load_spec(cohort).kind not in PEOPLE:  # what is no cohort may be people
        return path.suffix in SIMULATED
    if rest[0] in ("figures", "tables"):
        return path.suffix in (".png", ".tex", ".docx")
    return rest[0] in COUNTS_ONLY and len(rest) == 1 and not _names_patients(path)


def download_link(path, words):
    """HTML link from a page of a cohort to a file of ``results/``; the bare words where it may not be offered."""
    if not path.is_file() or not may_be_offered(path):
        return words
    return f'<a href="../../downloads/{path.relative_to(load_study().results).as_posix()}" download>{words}</a>'


def source_link(name, words=None):
    """HTML link from a page of a cohort to a text file of the project, which the book carries as ``source/*.txt``."""
    return f'<a href="../../source/{name}.txt">{words or name}</a>'


def copy_downloads(site):
    """Put every file that a page of a rendered book offers where its link leads; `PageError` if one may not go out."""
    pages = [page.read_text(encoding="utf-8") for page in sorted(site.rglob("*.html"))]
    for name in sorted({unquote(name) for page in pages for name in SOURCE.findall(page)}):
        _copy_source(name, site / "source" / f"{name}.txt")
    for name in sorted({unquote(name) for page in pages for name in LINK.findall(page)}):
        source = (load_study().results / name).resolve()
        if not source.is_file() or not may_be_offered(source):
            raise PageError(
                f"A page offers results/{name}, which is missing or holds rows of patients. "
                "Run the page again (`mvi run`), or take the link away."
            )
        target = site / "downloads" / name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source, target)


def _copy_source(name, target):
    root = load_study().root
    source = (root / name).resolve()
    if not source.is_file() or source.relative_to(root.resolve()).parts[0] not in SOURCES:
        raise PageError(f"A page shows {name}, which is no file of {' or '.join(SOURCES)}. Take the link away.")
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(source, target)


def _names_patients(path):
    with path.open(encoding="utf-8") as file:
        return path.suffix == ".csv" and PATIENT_ID in file.readline().strip().split(",")

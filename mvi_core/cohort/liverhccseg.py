"""Which patients of TCGA-LIHC have multiphasic MR with a drawn tumour: LiverHccSeg, joined with the clinical table."""

import re
import zipfile

from mvi_core.cohort.tcga import read_tcga
from mvi_core.errors import ManifestError

ROOT = "nifti_and_segms"
EXAM = re.compile(rf"{ROOT}/(TCGA-\w\w-\w{{4}})/(\d\d)-(\d\d)-(\d{{4}})/(\w+)\.nii\.gz")  # patient, date, file
PHASES = {"T1": "art_pre", "T1A": "art", "T1V": "art_pv", "T1D": "art_del"}  # all on the grid of the arterial phase
LESION = re.compile(r"rater1_tumor\w*")  # one file a lesion; the second reader's are not used


def read_liverhccseg(archive, table):
    """Patients of LiverHccSeg with a drawn tumour and recorded invasion, in the columns of the patient table.

    ``archive`` is ``nifti_and_segms.zip`` of Zenodo record 8179129, ``table`` the clinical table of ``lihc_tcga``,
    whose reading, with flow and quality table, is that of `read_tcga`.
    """
    return read_tcga(table, lesions={name: has_lesion(files) for name, files in exams(archive).items()})


def exams(archive):
    """Files of one exam of each patient of the archive: mapping of patient to mapping of file to member.

    Of several exams the earliest with every phase and a tumour mask counts, else the earliest. A file is named by its
    stem, such as ``art_pv``; the date of an exam is dropped.

    Raises
    ------
    ManifestError
        If it is no zip archive, or holds no exam in the known layout.
    """
    try:
        with zipfile.ZipFile(archive) as opened:
            names = opened.namelist()
    except (OSError, zipfile.BadZipFile) as problem:
        raise ManifestError(f"{archive.name} is no whole zip archive. Fetch it again.") from problem
    found = {}
    for name in names:
        if match := EXAM.fullmatch(name):
            patient, month, day, year, file = match.groups()
            found.setdefault(patient, {}).setdefault((year, month, day), {})[file] = name
    if not found:
        raise ManifestError(
            f"{archive.name} holds no {ROOT}/PATIENT/DATE/*.nii.gz (expected the layout of LiverHccSeg v1.1). "
            "Fetch it again."
        )
    chosen = {}
    for patient, dated in sorted(found.items()):
        ordered = [files for _, files in sorted(dated.items())]
        usable = [files for files in ordered if has_lesion(files) and set(PHASES.values()) <= set(files)]
        chosen[patient] = (usable or ordered)[0]
    return chosen


def has_lesion(files):
    """Tell whether the first reader drew a tumour in an exam."""
    return any(LESION.fullmatch(name) for name in files)

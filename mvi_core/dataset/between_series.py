"""What do the series of a study say about one another: people, pixels, geometry, and the order of the phases.

Every function takes what is known of the series, by (patient, sequence): tokens of the identifiers and of the pixels,
equal where these are equal; ``shape`` (slices, rows, columns); ``weight``, the weighting that its description names;
and ``clock``, seconds with an unknown start, NaN where unknown. Each gives a list of findings.
"""

from collections import Counter, defaultdict
from itertools import pairwise

import numpy as np

from mvi_core.cohort.study_table import DIRS, Finding
from mvi_core.dataset.dicom_file import token

DYNAMIC = ("T1", "T1A", "T1V", "T1D")  # in the order of their acquisition
SAME_PERSON = {"PatientID": "error"} | dict.fromkeys(
    ("StudyInstanceUID", "SeriesInstanceUID", "name and birth date"), "warning"
)
COMPARED = {
    "matrix size (slices, rows, columns)": "shape",
    "FrameOfReferenceUID (frame of reference)": "FrameOfReferenceUID",
    "StudyInstanceUID (study)": "StudyInstanceUID",
}


def other_people(seen, patients):
    """Series of other people: PatientID that disagrees within a patient, or is the name of another of the patients."""
    owner, found = {token(patient): patient for patient in patients}, []
    for patient, mine in _by_patient(seen).items():
        usual = _usual([one["PatientID"] for one in mine.values()])
        for series, one in mine.items():
            other = owner.get(one["PatientID"], patient)
            if other != patient:
                words = f"the DICOM PatientID is that of patient {other}: exchanged or swapped."
                found.append(Finding("error", patient, series, "", words, "Correct the manifest's folders."))
            elif one["PatientID"] != usual:
                words = "the DICOM PatientID differs from the patient's other series."
                found.append(Finding("error", patient, series, "", words, "Put the right series there."))
    return found


def shared_person(seen):
    """Patients who share what belongs to one person; more than a pair share a name that was taken off."""
    found = []
    for key, severity in SAME_PERSON.items():
        users = defaultdict(set)
        for patient, mine in _by_patient(seen).items():
            values = [one[key] for one in mine.values() if key in one]
            for value in {_usual(values)} if key == "PatientID" else set(values):  # one misplaced series is no person
                users[value].add(patient)
        groups = [sorted(group) for value, group in users.items() if value not in (None, token("absent"))]
        for names in (group for group in groups if len(group) == 2 or (len(group) > 2 and "ID" in key)):
            words = f"patients {' and '.join(names)} have the same DICOM {key}: one person under two identifiers."
            found += [Finding(severity, name, "", "", words, "Keep one of them.") for name in names]
    return found


def same_pixels(seen, misplaced=()):
    """Series whose pixels are identical, in two patients or twice in one; those known as misplaced have the fault."""
    holders = defaultdict(list)
    for key, one in seen.items():
        holders[one["pixels"]].append(key)
    found = []
    for group in (group for group in holders.values() if len(group) > 1):
        names = " and ".join(f"{patient}/{series}" for patient, series in group)
        words = f"{names} hold identical pixels: the same image under two names (duplicate)."
        faulty = [key for key in group if key in misplaced] or group
        found += [Finding("error", *key, "", words, "Keep the right one.") for key in faulty]
    return found


def odd_sequences(seen):
    """Sequences of one patient that do not share what most of them share: matrix, frame of reference, study."""
    found = []
    for patient, mine in _by_patient(seen).items():
        for what, key in COMPARED.items():
            values = {series: one[key] for series, one in mine.items()}
            usual = _usual(values.values())
            most = sum(value == usual for value in values.values()) > len(values) / 2
            for series in [series for series, value in values.items() if most and value != usual]:
                words = f"its {what} differs from the patient's other sequences."
                remedy = "Check that the box was drawn on this very series."
                found.append(Finding("warning", patient, series, "", words, remedy))
    return found


def exchanged(seen):
    """Sequences whose description names another, and dynamic phases not acquired in the order of their names."""
    found, remedy = [], "Compare the series that stand for both with the images."
    for patient, mine in _by_patient(seen).items():
        for series, one in mine.items():
            if one["weight"] not in ("", "T1" if series in DYNAMIC else series):
                words = f"its description names {one['weight']}: exchanged or swapped?"
                found.append(Finding("warning", patient, series, "", words, remedy))
        clock = {series: mine[series]["clock"] for series in DYNAMIC if series in mine}
        for before, after in pairwise(name for name in clock if np.isfinite(clock[name])):
            if clock[before] > clock[after]:
                words = f"{after} was acquired before {before}: phases exchanged or swapped?"
                found.append(Finding("warning", patient, f"{before} and {after}", "", words, remedy))
    return found


def _by_patient(seen):
    """Give what is known of each patient's series, in the order of the sequences."""
    patients = {patient: {} for patient, _ in seen}
    for patient, mine in patients.items():
        mine |= {series: seen[patient, series] for series in DIRS.values() if (patient, series) in seen}
    return patients


def _usual(values):
    return Counter(values).most_common(1)[0][0] if values else None

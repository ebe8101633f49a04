"""What a hospital hands over: a DICOM tree with shuffled names (half of it zipped), a spreadsheet, and masks.

Simulated images of reconstructed patients, dressed as an export: people's names in the headers, phases of one injection
under one SeriesInstanceUID for every second patient, localisers, a subtraction, an ADC map and a hepatobiliary phase
between the series. Nobody real is in it.
"""

import copy
import io
import shutil
import tempfile
import zipfile
from dataclasses import dataclass
from pathlib import Path

import nibabel as nib
import numpy as np
import pandas as pd
import pydicom

from mvi_core.cohort.predictors import PREDICTORS, predictor_table
from mvi_core.cohort.reconstruct import reconstruct_patients
from mvi_core.dataset.dicom import read_series
from mvi_core.dataset.phantom import write_phantom
from mvi_core.names import SEQUENCES

DYNAMIC = ("T1A", "T1V", "T1D")
TO_RAS = np.diag([-1.0, -1.0, 1.0, 1.0])


@dataclass(frozen=True)
class Hospital:
    """Where the export lies, and what is true of it."""

    dicom: Path  #: root of the DICOM tree
    spreadsheet: Path  #: CSV as Excel writes it in a country with decimal commas
    masks: Path  #: <patient_id>/<sequence>.nii.gz
    boxes: pd.DataFrame  #: tight boxes of every slice that shows the lesion
    patients: pd.DataFrame
    secrets: tuple  #: identifying values of the headers, none of which may ever be seen again


def make_hospital(folder, n_patients=4, *, seed=7, matrix=64, n_slices=5):
    """Write an export of some patients, three fifths of them of 2015, into an empty folder; a `Hospital`."""
    folder, rng = Path(folder), np.random.default_rng(seed)
    patients = _patients(n_patients, seed)
    with tempfile.TemporaryDirectory(dir=folder) as plain:
        boxes = write_phantom(patients, plain, seed=seed, n_slices=n_slices, matrix=matrix, pixel_mm=320 / matrix)
        masks = _write_masks(Path(plain), folder / "masks", boxes)
        secrets = _export(Path(plain), folder / "images", patients["patient_id"], rng)
    spreadsheet = folder / "patients.csv"
    text = patients.to_csv(sep=";", decimal=",", index=False, lineterminator="\r\n")
    spreadsheet.write_bytes(text.encode("utf-8-sig"))
    return Hospital(folder / "images", spreadsheet, masks, boxes, patients, secrets)


def move_in(hospital, cohort, *, masks=True):
    """Copy the spreadsheet and the masks into a cohort folder, as the person does."""
    shutil.copyfile(hospital.spreadsheet, cohort / "patients.csv")
    if masks:
        shutil.copytree(hospital.masks, cohort / "masks", dirs_exist_ok=True)


def telling_predictors(patients):
    """Predictors of the paper that vary among these patients and do not separate MVI absent from present."""
    present = patients["mvi_present"].to_numpy(bool)
    table = predictor_table(patients, [one.name for one in PREDICTORS])
    halves = table[present].nunique(), table[~present].nunique()
    return [one.name for one in PREDICTORS if all(half[one.name] == 2 for half in halves)]


def _patients(n_patients, seed):
    everybody = reconstruct_patients().drop(columns="dl_mvi").sample(frac=1, random_state=seed)
    early = everybody[everybody["enrolment"] == "2015"].head(n_patients - n_patients * 2 // 5)
    late = everybody[everybody["enrolment"] == "2018"].head(n_patients * 2 // 5)
    patients = pd.concat([early, late], ignore_index=True)
    numbers = np.random.default_rng(seed).permutation(9000)[:n_patients] + 1
    return patients.assign(patient_id=[f"{number:06d}" for number in numbers])


def _write_masks(plain, folder, boxes):
    """One mask a series: an ellipse in each box, on the grid of its image; every second one stored the other way."""
    for number, ((patient_id, sequence), drawn) in enumerate(boxes.groupby(["patient_id", "sequence"])):
        volume = read_series(plain / patient_id / sequence)
        mask = np.zeros(volume.pixels.shape, np.uint8)
        for row in drawn.itertuples():
            y, x = np.ogrid[0.5 : row.row1 - row.row0, 0.5 : row.col1 - row.col0]
            height, width = row.row1 - row.row0, row.col1 - row.col0
            inside = (2 * y / height - 1) ** 2 + (2 * x / width - 1) ** 2 <= 1
            mask[row.slice_index, row.row0 : row.row1, row.col0 : row.col1] = inside
        path = folder / patient_id / f"{sequence}.nii.gz"
        path.parent.mkdir(parents=True, exist_ok=True)
        nib.save(as_nifti(mask, volume.affine_lps, flip=bool(number % 2)), path)
    return folder


def as_nifti(mask, affine_lps, *, flip=False):
    """NIfTI image (column, row, slice; RAS) of a mask (slice, row, column); `flip` stores its slices downwards."""
    affine = TO_RAS @ affine_lps[:, [2, 1, 0, 3]]
    stored = mask.transpose(2, 1, 0)
    if flip:
        turn = np.diag([1.0, 1.0, -1.0, 1.0])
        turn[2, 3] = stored.shape[2] - 1
        stored, affine = stored[:, :, ::-1], affine @ turn
    return nib.Nifti1Image(np.ascontiguousarray(stored), affine)


def _export(plain, folder, patient_ids, rng):
    folder.mkdir()
    secrets = []
    with zipfile.ZipFile(folder / "export.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        for number, patient_id in enumerate(patient_ids):
            person = {
                "PatientName": f"Canary{number:03d}^Quill", "PatientBirthDate": f"19{40 + number % 50}0517",
                "InstitutionName": "Zephyr Infirmary", "AccessionNumber": f"ACC77{number:05d}",
                "StudyDescription": "Canary abdomen",
            }  # fmt: skip
            secrets += [*person.values(), patient_id]
            for data in _files(plain / patient_id, number):
                for keyword, value in person.items():
                    setattr(data, keyword, value)
                name, raw = f"export {rng.integers(12)}/IMG{rng.integers(16**8):08x}", io.BytesIO()
                data.save_as(raw)
                if number % 2:
                    (folder / name).parent.mkdir(exist_ok=True)
                    (folder / name).write_bytes(raw.getvalue())
                else:
                    archive.writestr(zipfile.ZipInfo(name), raw.getvalue(), zipfile.ZIP_DEFLATED)
    (folder / "Thumbs.db").write_bytes(b"no image")
    return tuple(sorted(set(secrets)))


def _files(folder, number):
    """Datasets of one patient: six series, and what lies between them."""
    series = {name: [pydicom.dcmread(path) for path in sorted((folder / name).iterdir())] for name in SEQUENCES}
    if number % 2 == 0:
        for name in DYNAMIC:
            for data in series[name]:
                data.SeriesInstanceUID, data.SeriesNumber = series["T1A"][0].SeriesInstanceUID, 2
    else:
        for name in SEQUENCES[1:]:
            for data in series[name]:
                data.ContrastBolusStartTime = "100000"
    for name in SEQUENCES:
        yield from series[name]
    yield from _localiser(series["T2"])
    yield from _copy(series["T1A"], "7", ImageType=["DERIVED", "SECONDARY", "SUB"], SeriesDescription="dyn_SUB")
    yield from _copy(series["DWI"], "8", ImageType=["DERIVED", "PRIMARY", "ADC"], SeriesDescription="ep2d_ADC")
    if number == 0:
        late = {"AcquisitionTime": "102000", "TriggerTime": "1200000", "SeriesDescription": "t1_vibe_fs_tra_hbp"}
        yield from _copy(series["T1D"], "9", **late)


def _copy(files, ending, **values):
    for data in files:
        data.SOPInstanceUID = data.SOPInstanceUID[:-1] + ending
        data.file_meta.MediaStorageSOPInstanceUID = data.SOPInstanceUID
        data.SeriesInstanceUID = data.SeriesInstanceUID[:40] + ending * 4
        for keyword, value in values.items():
            setattr(data, keyword, value)
        yield data


def _localiser(files):
    planes = ([1, 0, 0, 0, 1, 0], [1, 0, 0, 0, 0, -1], [0, 1, 0, 0, 0, -1])
    copies = [copy.deepcopy(data) for data in files[:3]]
    for data, plane in zip(copies, planes, strict=True):
        data.ImageOrientationPatient = plane
    yield from _copy(copies, "6", SeriesDescription="localizer")

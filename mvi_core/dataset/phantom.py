"""How does a simulated MR study come into the world: DICOM files of the phantom cohort and the boxes drawn on them."""

import io
import re
import shutil
import tempfile
import uuid
from pathlib import Path

import numpy as np
import pandas as pd
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian, MRImageStorage

from mvi_core.dataset.kinetics import PHASE_SECONDS, VIBE_FLIP_DEG, VIBE_TR_S
from mvi_core.dataset.phantom_image import DRIFT, plan_patient, render
from mvi_core.dataset.roi import from_mask
from mvi_core.errors import CohortError
from mvi_core.names import EXTERNAL_YEAR, GRADES, SEQUENCES, MrSequence

ROI_COLUMNS = ("patient_id", "sequence", "slice_index", "row0", "col0", "row1", "col1")
MIN_SLICES = 5
_VIBE = {
    "description": "t1_vibe_fs_tra_bh", "step_mm": 3.0, "thickness_mm": 3.0, "tr_ms": VIBE_TR_S * 1000,
    "te_ms": 2.81, "flip": VIBE_FLIP_DEG, "scanning": "GR", "variant": ["SP", "OSP"], "type": "3D", "echoes": 1,
    "second": 0,
}  # fmt: skip
SETTINGS = {
    MrSequence.T1: {**_VIBE, "description": "t1_vibe_fs_tra_bh_pre"},
    **{key: {**_VIBE, "description": "t1_vibe_fs_tra_bh_dyn", "second": at} for key, at in PHASE_SECONDS.items()},
    MrSequence.T2: {
        "description": "t2_tse_fs_tra", "step_mm": 7.2, "thickness_mm": 6.0, "tr_ms": 3500.0,
        "te_ms": 84.0, "flip": 150.0, "scanning": "SE", "variant": ["SK", "SP"], "type": "2D", "echoes": 16,
        "second": 300,
    },
    MrSequence.DWI: {
        "description": "ep2d_diff_tra_b800", "step_mm": 7.2, "thickness_mm": 6.0, "tr_ms": 5600.0,
        "te_ms": 66.0, "flip": 90.0, "scanning": "EP", "variant": ["SK", "SP"], "type": "2D", "echoes": 1,
        "second": 420,
    },
}  # fmt: skip
_UID_MARK = "2.25." + 39 * "9"
_POSITION_MARK = ["-111.111111", "-222.222222", "-333.333333"]


def write_phantom(patients, folder, *, seed, n_slices=5, matrix=160, pixel_mm=2.0, progress=None):
    """Write simulated MR studies of a patient table, as ``<folder>/<patient_id>/<sequence>/<sop>.dcm``.

    Six series a patient, each at least five axial slices, as MR Image Storage without names, dates of birth or
    institution. The same seed gives the same bytes for a patient, whatever the other patients and their order, so
    that shares of a table can be written side by side into one folder. A patient's folder appears when it is complete.

    Parameters
    ----------
    patients : pandas.DataFrame
        Columns ``patient_id``, ``enrolment``, ``mvi_grade``, ``size_cm``, one row a patient.
    folder : path
        Made if missing; patients already there are replaced.
    seed : int
    n_slices : int
        Slices of each series, at least 5.
    matrix : int
        Rows and columns of T1 and T2; DWI has four fifths of them.
    pixel_mm : float
        Pixel spacing of T1 and T2; that of DWI is five fourths of it.
    progress : callable, optional
        Called after each patient with the number done and the number of all.

    Returns
    -------
    pandas.DataFrame
        The lesion boxes, columns ``ROI_COLUMNS``: tight half-open pixel boxes of the slices that show the lesion,
        slices counted from 0 along the slice normal.

    Raises
    ------
    CohortError
        If a patient lacks what the simulation needs or its identifier cannot be a folder name.
    """
    rows = patients[["patient_id", "enrolment", "mvi_grade", "size_cm"]].to_dict("records")
    for row in rows:
        _expect_patient(row)
    if n_slices < MIN_SLICES:
        raise CohortError(f"A phantom series needs at least {MIN_SLICES} slices, got {n_slices}. Raise n_slices.")
    root = Path(folder)
    root.mkdir(parents=True, exist_ok=True)
    boxes = []
    for done, row in enumerate(rows, start=1):
        boxes += _write_patient(row, root, seed, n_slices, (matrix, pixel_mm))
        if progress is not None:
            progress(done, len(rows))
    return pd.DataFrame(boxes, columns=list(ROI_COLUMNS))


def _expect_patient(row):
    if not re.fullmatch(r"[A-Za-z0-9_-][A-Za-z0-9._-]{0,63}", str(row["patient_id"])):
        raise CohortError("A patient_id is no plain folder name. Use letters, digits, '-' and '_' only.")
    if row["mvi_grade"] not in GRADES or not row["size_cm"] > 0:
        raise CohortError(
            f"Patient {row['patient_id']}: the phantom needs mvi_grade M0, M1 or M2 and size_cm above 0. "
            "Complete the row or leave the patient out."
        )


def _write_patient(patient, root, seed, n_slices, grid):
    patient_id = patient["patient_id"]
    plan = plan_patient(patient, seed=seed, n_slices=n_slices)
    largest = plan.rng.integers(1, n_slices - 1, 3)  # the largest slice is neither the first nor the last
    off_centre = plan.rng.uniform(-0.3, 0.3, 3)
    boxes, unfinished = [], Path(tempfile.mkdtemp(prefix=f".{patient_id}-", dir=root))
    for sequence in SEQUENCES:
        setting, share = SETTINGS[sequence], 0.8 if sequence is MrSequence.DWI else 1.0
        matrix, pixel_mm = round(grid[0] * share), grid[1] / share
        stack = max(SEQUENCES.index(sequence) - 3, 0)  # the four T1 phases share one stack of slices
        heights = (np.arange(n_slices) - largest[stack] + off_centre[stack]) * setting["step_mm"]
        pixels, lesion = render(plan, sequence, heights_mm=heights, matrix=matrix, pixel_mm=pixel_mm)
        name = f"{seed}/{patient_id}/{sequence}"
        _write_series(unfinished / sequence, pixels, heights, _header(patient, sequence, name, matrix, pixel_mm), name)
        boxes += [
            (patient_id, str(sequence), index, *from_mask(mask).edges)
            for index, mask in enumerate(lesion)
            if mask.any()
        ]
    unfinished.chmod(0o755)
    shutil.rmtree(root / patient_id, ignore_errors=True)
    unfinished.replace(root / patient_id)
    return boxes


def _uid(name):
    """UUID-derived identifier of always 44 characters (2.25. and 39 digits), the same for the same name."""
    for attempt in range(1000):
        digits = str(uuid.uuid5(uuid.NAMESPACE_URL, f"mvi-phantom/{name}#{attempt}").int)
        if len(digits) == 39:
            return f"2.25.{digits}"
    raise AssertionError("no identifier of 39 digits in 1000 attempts")


def _header(patient, sequence, name, matrix, pixel_mm):
    setting, data = SETTINGS[sequence], Dataset()
    year, patient_id = str(patient["enrolment"]), patient["patient_id"]
    study = name.rpartition("/")[0]
    later = sequence in DRIFT and year == EXTERNAL_YEAR
    clock = 36000 + setting["second"]
    data.update(
        {
            "SpecificCharacterSet": "ISO_IR 100", "ImageType": ["ORIGINAL", "PRIMARY", "M", "NORM"],
            "SOPClassUID": MRImageStorage, "SOPInstanceUID": _UID_MARK, "StudyDate": f"{year}0701" if year else "",
            "StudyTime": "100000", "AcquisitionTime": f"{clock // 3600:02d}{clock % 3600 // 60:02d}{clock % 60:02d}",
            "AccessionNumber": "", "Modality": "MR", "Manufacturer": "SIMULATED", "ReferringPhysicianName": "",
            "SeriesDescription": setting["description"], "ManufacturerModelName": "B" if later else "A",
            "PatientName": "", "PatientID": patient_id, "PatientBirthDate": "", "PatientSex": "",
            "PatientIdentityRemoved": "YES", "DeidentificationMethod": "simulated, no patient",
            "ScanningSequence": setting["scanning"], "SequenceVariant": setting["variant"], "ScanOptions": "FS",
            "MRAcquisitionType": setting["type"], "SliceThickness": f"{setting['thickness_mm']:g}",
            "RepetitionTime": f"{setting['tr_ms'] * (0.8 if later else 1):g}", "EchoTime": f"{setting['te_ms']:g}",
            "NumberOfAverages": "1", "MagneticFieldStrength": "1.5", "SpacingBetweenSlices": f"{setting['step_mm']:g}",
            "EchoTrainLength": str(setting["echoes"]), "PixelBandwidth": "350" if later else "250",
            "TriggerTime": f"{setting['second'] * 1000:g}", "ProtocolName": setting["description"],
            "FlipAngle": f"{setting['flip']:g}", "PatientPosition": "HFS", "StudyInstanceUID": _uid(study),
            "SeriesInstanceUID": _uid(name), "StudyID": "", "SeriesNumber": str(SEQUENCES.index(sequence) + 1),
            "InstanceNumber": "999999", "ImagePositionPatient": _POSITION_MARK,
            "ImageOrientationPatient": ["1", "0", "0", "0", "1", "0"], "FrameOfReferenceUID": _uid(f"{study}/frame"),
            "PositionReferenceIndicator": "", "SamplesPerPixel": 1, "PhotometricInterpretation": "MONOCHROME2",
            "Rows": matrix, "Columns": matrix, "PixelSpacing": [f"{pixel_mm:g}", f"{pixel_mm:g}"],
            "BitsAllocated": 16, "BitsStored": 12, "HighBit": 11, "PixelRepresentation": 0,
        }
    )  # fmt: skip
    if sequence is not MrSequence.T1:
        data.ContrastBolusAgent = "gadoxetic acid"
        data.ContrastBolusTotalDose = "2.5"
    if sequence is MrSequence.DWI:
        data.DiffusionBValue = 800.0
    return data


def _write_series(folder, pixels, heights, data, name):
    """Encode the header once with pydicom, then fill in what differs between slices."""
    data.PixelData = pixels[0].tobytes()
    data["PixelData"].VR = "OW"
    data.file_meta = FileMetaDataset()
    data.file_meta.MediaStorageSOPClassUID = MRImageStorage
    data.file_meta.MediaStorageSOPInstanceUID = _UID_MARK
    data.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    buffer = io.BytesIO()
    data.save_as(buffer, enforce_file_format=True)
    header = buffer.getvalue()[: -pixels[0].nbytes]
    folder.mkdir()
    for index, (image, height) in enumerate(zip(pixels, heights, strict=True)):
        sop = _uid(f"{name}/{index}")
        corner = -(len(image) - 1) / 2 * float(data.PixelSpacing[0])
        filled = header.replace(_UID_MARK.encode(), sop.encode())
        for mark, value in zip(_POSITION_MARK, (corner, corner, height), strict=True):
            filled = filled.replace(mark.encode(), f"{value:+011.6f}".encode())
        filled = filled.replace(b"999999", f"{len(pixels) - index:06d}".encode())
        (folder / f"{sop.rpartition('.')[2]}.dcm").write_bytes(filled + image.astype("<u2").tobytes())

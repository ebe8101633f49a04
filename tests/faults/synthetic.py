"""A small synthetic study, without a fault until a test puts one in: two patients, six series of five slices."""

import numpy as np
import pydicom
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian, MRImageStorage

from mvi_core.names import SEQUENCES

N_SLICES, SIZE = 5, 64
TIMES = {"T2": "094000", "DWI": "095000", "T1": "100000", "T1A": "100225", "T1V": "100320", "T1D": "100500"}


def write_study(root):
    """Write manifest, boxes and series below a folder; patients P1 (M0) and P2 (M1)."""
    heads = [f"{str(name).lower()}_dir" for name in SEQUENCES]
    lines, boxes = [",".join(["patient_id", "mvi_grade", *heads])], ["patient_id,series,slice_index,x0,y0,x1,y1"]
    for number, patient in enumerate(("P1", "P2")):
        lines.append(",".join([patient, f"M{number}", *(f"dicom/{patient}/{name}" for name in SEQUENCES)]))
        for place, name in enumerate(SEQUENCES):
            boxes.append(f"{patient},{name},2,10,12,30,34")
            write_series(root / "dicom" / patient / name, patient, seed=10 * number + place, time=TIMES[name])
    (root / "manifest.csv").write_text("\n".join(lines))
    (root / "rois.csv").write_text("\n".join(boxes))
    return root


def write_series(folder, patient, seed, time):
    """Write one series of random pixels, whose names and numbers run against its geometry."""
    folder.mkdir(parents=True)
    pixels = np.random.default_rng(seed).integers(100, 900, (N_SLICES, SIZE, SIZE), dtype=np.uint16)
    for index in range(N_SLICES):
        data = slice_of(pixels[index])
        data.PatientName, data.PatientID, data.AcquisitionTime = "Secret^Name", patient, time
        data.SOPInstanceUID = data.file_meta.MediaStorageSOPInstanceUID = f"1.2.{seed}.{index}"
        data.SeriesInstanceUID = f"1.3.{seed}"
        data.StudyInstanceUID = data.FrameOfReferenceUID = f"1.4.{seed // 10}"
        data.ImagePositionPatient, data.InstanceNumber = [0, 0, 3 * index], N_SLICES - index
        data.save_as(folder / f"{index}.dcm", enforce_file_format=True)


def slice_of(pixels):
    """Dataset of one slice at the origin, with nothing in it that a reader does not need."""
    data = Dataset()
    data.file_meta = FileMetaDataset()
    data.file_meta.TransferSyntaxUID, data.file_meta.MediaStorageSOPClassUID = ExplicitVRLittleEndian, MRImageStorage
    data.SOPClassUID, data.Modality, data.ImageType = MRImageStorage, "MR", ["ORIGINAL", "PRIMARY"]
    data.ImageOrientationPatient, data.PixelSpacing, data.SliceThickness = [1, 0, 0, 0, 1, 0], [1.25, 1.25], 3
    data.Rows, data.Columns = pixels.shape
    data.SamplesPerPixel, data.PhotometricInterpretation = 1, "MONOCHROME2"
    data.BitsAllocated, data.BitsStored, data.HighBit, data.PixelRepresentation = 16, 16, 15, 0
    data.PixelData = pixels.astype("<u2").tobytes()
    return data


def change(path, **values):
    """Set attributes of one file, or delete those that are None."""
    data = pydicom.dcmread(path)
    for keyword, value in values.items():
        if value is None:
            delattr(data, keyword)
        else:
            setattr(data, keyword, value)
    data.save_as(path)

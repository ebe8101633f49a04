"""Where do the tiles of a Siemens mosaic lie: many slices in one image, told apart by the vendor's private header."""

import math
import warnings

import numpy as np

from mvi_core.dataset.dicom_header import numbers
from mvi_core.errors import DicomError


def tiles(data, label):
    """Tiles of a mosaic: (row0, column0, rows, columns, step in mm from the mosaic's position) for each slice.

    The position of a mosaic is that of the corner which one slice as large as the mosaic would have; that of a tile
    lies half the difference of both further along rows and columns (as in dcm2niix and nibabel).
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # nibabel says that its DICOM part is experimental
            from nibabel.nicom.csareader import get_csa_header, get_n_mosaic, get_slice_normal
        header = get_csa_header(data, "image")
        count, normal = int(get_n_mosaic(header)), np.asarray(get_slice_normal(header), dtype=float)
    except Exception as problem:  # a private header can be malformed in any way
        raise DicomError(f"{label} is a mosaic whose header cannot be read. Export it as enhanced MR.") from problem
    rows, columns = (int(numbers(data, label, key, 1)[0]) for key in ("Rows", "Columns"))
    side = math.ceil(math.sqrt(count)) if 0 < count <= 4096 else 0
    if not side or rows % side or columns % side or normal.shape != (3,) or abs(np.linalg.norm(normal) - 1) > 1e-3:
        raise DicomError(f"{label} is a mosaic whose header contradicts its size. Export it as enhanced MR.")
    height, width = rows // side, columns // side
    spacing = numbers(data, label, "PixelSpacing", 2)
    cosines = numbers(data, label, "ImageOrientationPatient", 6).reshape(2, 3)
    step = numbers(data, label, "SpacingBetweenSlices", 1)[0] * normal
    corner = cosines[0] * spacing[1] * (columns - width) / 2 + cosines[1] * spacing[0] * (rows - height) / 2
    places = [divmod(number, side) for number in range(count)]
    return [(row * height, column * width, height, width, corner + k * step) for k, (row, column) in enumerate(places)]

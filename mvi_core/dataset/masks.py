"""Where does a mask file mark the lesion: a NIfTI mask brought to the grid of its image by physical coordinates."""

import gzip
import io
import math

import nibabel as nib
import numpy as np
from scipy import ndimage

from mvi_core.errors import RoiError

MAX_VOXELS = 2**28
MAX_BYTES_VOXEL = 16  # of any NIfTI type; what is larger is no mask of this image, or a bomb
GRID_TOLERANCE = 0.05  # of a voxel
LPS = np.diag([-1.0, -1.0, 1.0, 1.0])  # NIfTI is RAS


def read_mask(path, volume, where):
    """Mask as bool in the grid of a volume (slice, row, column), and its doubtful sides.

    The stored order of axes does not matter; the affine decides. A mask whose voxels are not those of the image is
    refused, never resampled.

    Parameters
    ----------
    path : Path
        ``.nii`` or ``.nii.gz``.
    volume : Volume
    where : str
        Patient, sequence and file, for messages.

    Returns
    -------
    tuple
        Mask, and (sentence, remedy) for each remark.

    Raises
    ------
    RoiError
        If the file cannot be read, is empty, holds other values than 0 and 1, or lies on another grid.
    """
    values, affine, remarks = load_nifti(path, where, image_shape=volume.pixels.shape)
    if not np.isfinite(values).all():
        raise RoiError(f"{where} holds NaN or infinite values. Save it as a mask of 0 and 1.")
    labels = np.unique(values)
    if not labels[labels != 0].size:
        raise RoiError(f"{where} is empty: no voxel is marked. Draw the lesion, or remove the file.")
    if not np.isin(labels, (0, 1)).all():
        raise RoiError(f"{where} holds other labels than 0 and 1 ({labels.size} values). Save one lesion, binary.")
    mask = _on_grid(values > 0, affine, volume, where)
    n_islands = ndimage.label(mask, structure=np.ones((3, 3, 3)))[1]
    if n_islands > 1:
        remarks.append((f"{where} has {n_islands} islands (not connected components).", "Keep one lesion."))
    return mask, remarks


def load_nifti(path, where, *, image_shape=None):
    """Values (i, j, k) of a NIfTI file of three axes, its affine to RAS millimetres, remarks; a `RoiError` otherwise.

    With ``image_shape`` the mask must have as many voxels as that image, which is seen before they are unpacked.
    """
    most_bytes = MAX_BYTES_VOXEL * math.prod(image_shape or (MAX_VOXELS // 4,)) + 2**20
    if path.is_symlink() or not path.is_file() or path.stat().st_size > most_bytes:
        raise RoiError(f"{where} is missing, a link, or too large. Copy the file itself.")
    try:
        raw = path.read_bytes() if path.suffix != ".gz" else _gunzip(path, most_bytes)
        header = nib.Nifti1Header.from_fileobj(io.BytesIO(raw))
        if header["magic"] != b"n+1":
            raise RoiError(f"{where} has no header of a NIfTI file (.nii or .nii.gz). Export the mask again.")
        shape = [int(size) for size in header.get_data_shape()]
        if not 3 <= len(shape) <= 4 or any(size != 1 for size in shape[3:]) or not 0 < math.prod(shape) <= MAX_VOXELS:
            raise RoiError(f"{where} has shape {shape}, expected three axes. Save one mask of one series.")
        if image_shape is not None and math.prod(shape) != math.prod(image_shape):  # before its voxels are unpacked
            found = f"shape {shape[:3]} does not align with the image, {list(image_shape)} from its slices"
            raise RoiError(f"{where}: its {found}. Draw it on this very series.")
        image = nib.Nifti1Image.from_bytes(raw)
        values = np.asarray(image.dataobj, dtype=float).reshape(shape[:3])
    except RoiError:
        raise
    except Exception as problem:  # nibabel's own errors have no base in common
        raise RoiError(f"{where} cannot be read: truncated or corrupt. Export the mask again.") from problem
    if header["qform_code"] == 0 and header["sform_code"] == 0:
        raise RoiError(f"{where} says nothing of its geometry (no affine). Save it from the image it was drawn on.")
    two = (f"{where}: its qform and sform disagree; the sform is used.", "Compare mask and image in a viewer.")
    return values, image.affine, [two] if _two_geometries(header, shape) else []


def _two_geometries(header, shape):
    """Tell whether qform and sform are both set and place a corner differently."""
    if header["qform_code"] == 0 or header["sform_code"] == 0:
        return False
    corners = np.array([[0, 0, 0, 1], [*shape[:3], 1]]).T
    try:
        drift = (header.get_qform() - header.get_sform()) @ corners
    except ValueError:  # no rotation
        return True
    return bool(np.abs(drift[:3]).max() > GRID_TOLERANCE * min(header.get_zooms()[:3]))


def _gunzip(path, most_bytes):
    with gzip.open(path) as stream:
        raw = stream.read(most_bytes + 1)
    if len(raw) > most_bytes:
        raise RoiError(f"{path.name} unpacks to more than a mask of this image can hold. Export the mask again.")
    return raw


def is_grid(to_image, shape):
    """Tell whether every voxel of a mask of some shape is a voxel of its image; ``to_image``: mask to image voxel."""
    turn, start = to_image[:3, :3], to_image[:3, 3]
    axes = np.abs(np.rint(turn))
    drift = np.abs(turn - np.rint(turn)) @ (np.array(shape) - 1) + np.abs(start - np.rint(start))
    return bool((axes.sum(axis=0) == 1).all() and (axes.sum(axis=1) == 1).all() and (drift <= GRID_TOLERANCE).all())


def covers(to_image, shape, image_shape):
    """Tell whether the first and last voxel of a mask are corners of its image that lie opposite each other."""
    ends = np.rint([[0, 0, 0], np.array(shape) - 1] @ to_image[:3, :3].T + to_image[:3, 3])
    return np.array_equal(np.sort(ends, axis=0), [[0, 0, 0], np.array(image_shape) - 1])


def _on_grid(mask, affine, volume, where):
    shape = volume.pixels.shape
    to_image = np.linalg.inv(volume.affine_lps) @ LPS @ affine  # mask voxel to image voxel
    if not is_grid(to_image, mask.shape) or not covers(to_image, mask.shape, shape):
        raise RoiError(f"{where}: its affine (geometry) does not align with the image. Draw it on this very series.")
    turn = to_image[:3, :3]
    order = np.argmax(np.abs(np.rint(turn)), axis=1)  # mask axis along each image axis
    turned = np.transpose(mask, order)
    flips = tuple(slice(None, None, -1) if turn[i, order[i]] < 0 else slice(None) for i in range(3))
    return turned[flips]

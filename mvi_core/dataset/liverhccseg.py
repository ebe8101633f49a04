"""How does an exam of LiverHccSeg become what the chapters on images read: phases as sequences, masks as boxes."""

import tempfile
from pathlib import Path

import nibabel as nib
import numpy as np
import pandas as pd

from mvi_core.cohort.liverhccseg import LESION, PHASES
from mvi_core.dataset.archive import read_member
from mvi_core.dataset.dicom import Volume
from mvi_core.dataset.masks import LPS, load_nifti, read_mask
from mvi_core.dataset.roi import from_mask
from mvi_core.errors import RoiError

TURN = [2, 1, 0]  # voxel axes left, posterior, superior -> slice, row, column


def phase_volume(archive, files, sequence, where):
    """Read one registered phase of an exam as a `Volume`: slices ascend, rows run to the back, columns to the left.

    Parameters
    ----------
    archive : Path
    files : mapping of str to str
        Of one patient, from `mvi_core.cohort.liverhccseg.exams`.
    sequence : str
        T1, T1A, T1V or T1D: pre-contrast, arterial, portal venous, delayed.
    where : str
        Patient and sequence, for messages.

    Raises
    ------
    RoiError
        If the exam lacks the phase, the file cannot be read, or it does not lie on the grid of the arterial phase.
    """
    volume = _volume(archive, files, PHASES[sequence], where)
    if sequence != "T1A":
        arterial = _volume(archive, files, PHASES["T1A"], where)
        same = volume.pixels.shape == arterial.pixels.shape
        if not same or not np.allclose(volume.affine_lps, arterial.affine_lps, atol=0.05):
            raise RoiError(f"{where}: it does not lie on the grid of the arterial phase, on which the tumour is drawn.")
    return volume


def lesion_boxes(archive, files, patient_id):
    """Boxes of the largest tumour that the first reader drew, the same in each phase: one row a slice and sequence.

    Columns ``patient_id``, ``sequence``, ``slice_index``, ``row0``, ``col0``, ``row1``, ``col1``, as `build_roi_cache`
    takes them. The largest tumour is that of most voxels.
    """
    where = f"tumour mask of patient {patient_id}"
    volume = phase_volume(archive, files, "T1A", f"patient {patient_id}, sequence T1A")
    masks = [
        _on_disk(archive, files[name], read_mask, volume, where)[0] for name in sorted(files) if LESION.fullmatch(name)
    ]
    largest = max(masks, key=np.count_nonzero)
    rows = [
        (patient_id, str(sequence), int(index), *from_mask(largest[index]).edges)
        for sequence in PHASES
        for index in np.flatnonzero(largest.any(axis=(1, 2)))
    ]
    return pd.DataFrame(rows, columns=["patient_id", "sequence", "slice_index", "row0", "col0", "row1", "col1"])


def _volume(archive, files, name, where):
    if name not in files:
        raise RoiError(f"{where}: the exam has no {name}.nii.gz. Fetch the archive again.")
    values, affine, _ = _on_disk(archive, files[name], load_nifti, where)
    turned = nib.as_closest_canonical(nib.Nifti1Image(values, affine))  # right, anterior, superior
    pixels = np.asarray(turned.dataobj)[::-1, ::-1].transpose(TURN)
    flip = np.diag([-1.0, -1.0, 1.0, 1.0])
    flip[:2, 3] = np.array(turned.shape[:2]) - 1
    to_lps = (LPS @ turned.affine @ flip)[:, [*TURN, 3]]
    spacing = tuple(float(size) for size in np.linalg.norm(to_lps[:3, :3], axis=0))
    return Volume(np.ascontiguousarray(pixels, dtype=np.float32), to_lps, spacing, meta={})


def _on_disk(archive, member, read, *told):
    """Let a reader of files read a member of the archive, unpacked for as long as it is read."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "image.nii.gz"
        path.write_bytes(read_member(archive, member))
        return read(path, *told)

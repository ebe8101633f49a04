"""Entry points as functions of bytes: each must accept them, or refuse them with an error of the package."""

import tempfile
from functools import lru_cache
from pathlib import Path
from types import SimpleNamespace

import numpy as np
from safetensors.numpy import save

from mvi_core.cohort import spec
from mvi_core.cohort.study_table import read_manifest
from mvi_core.dataset import study_check
from mvi_core.dataset.archive import members, read_member
from mvi_core.dataset.dicom import read_series
from mvi_core.dataset.masks import read_mask
from mvi_core.errors import MviError
from mvi_core.model.checkpoint import load_network
from mvi_core.names import SEQUENCES

SPLIT = b"\n\x1e\n"  # between the manifest and the ROI table in one input


@lru_cache
def folder():
    """Return the scratch folder of this process, in memory where there is such a place."""
    shared = Path("/dev/shm")
    made = tempfile.TemporaryDirectory(prefix="mvi-fuzz-", dir=shared if shared.is_dir() else None)
    folder.keep = made  # removed when the process ends
    return Path(made.name)


def _file(name, raw):
    path = folder() / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(raw)
    return path


@lru_cache
def volume():
    """Return a small image with a geometry, as `read_series` gives it."""
    pixels = np.arange(4 * 16 * 16, dtype=np.float32).reshape(4, 16, 16)
    tokens = {"instances": ("1", "2", "3", "4")}
    return SimpleNamespace(pixels=pixels, affine_lps=np.eye(4), spacing_mm=(1.0, 1.0, 1.0), tokens=tokens)


def series(raw):
    """One DICOM file."""
    volume = read_series([_file("series/1.dcm", raw)])
    assert np.isfinite(volume.pixels).all() and np.isfinite(volume.affine_lps).all()


def tables(raw):
    """A manifest and a ROI table, which have findings and raise nothing."""
    manifest, _, boxes = raw.partition(SPLIT)
    root = _file("study/manifest.csv", manifest).parent
    _file("study/rois.csv", boxes)
    patients, found = read_manifest(root)
    drawn, more = study_check._boxes(root, {one.patient_id for one in patients} | {"P1"})
    for name in SEQUENCES:
        more += study_check.roi_findings("P1", name, volume(), drawn.get(("P1", name)))
    assert all(str(one) for one in (*found, *more))


def yaml(raw):
    """A manifest in YAML, and a cohort description."""
    path = _file("yaml/manifest.yaml", raw)
    read_manifest(path.parent)
    spec._faults(spec._read(path), "manifest")


def mask(raw):
    """A NIfTI file, gzipped if the bytes begin so."""
    path = _file("mask.nii.gz" if raw[:2] == b"\x1f\x8b" else "mask.nii", raw)
    found, _ = read_mask(path, volume(), path.name)
    assert found.shape == volume().pixels.shape and found.any()


def checkpoint(raw):
    """A trained network: the file, or only its description, put beside one tensor."""
    if raw[:1] == b"{":
        raw = save({"a": np.zeros(2, np.float32)}, metadata={"mvi": raw.decode("utf-8", "replace")})
    load_network(_file("model.safetensors", raw))


def archive(raw):
    """A zip archive, every file of which is read."""
    path = _file(f"archive-{len(raw)}-{hash(raw)}.zip", raw)
    try:
        for name in members(path):
            read_member(path, name, limit=2**20)
    finally:
        path.unlink()


TARGETS = {one.__name__: one for one in (series, tables, yaml, mask, checkpoint, archive)}


def survives(target, raw):
    """Give bytes to a target; whatever it raises beyond the package's own errors goes through."""
    try:
        TARGETS[target](bytes(raw))
    except MviError as problem:
        assert str(problem).strip(), "an error without words"

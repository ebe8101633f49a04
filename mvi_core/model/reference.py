"""What must go with a trained model so that it can doubt: where its training images lie, and how sure it was."""

from pathlib import Path

import numpy as np
import torch
from sklearn.covariance import LedoitWolf

from mvi_core.checks import expect_shape
from mvi_core.model.checkpoint import load_tensors, save_tensors

REFERENCE = "reference.safetensors"  # beside model.safetensors
JOINED = "joined"
N_PARTS = 10  # of the training patients, each measured from the others
FAR = 0.95  # quantile of the training patients' own distances beyond which an image lies outside


def fit_reference(features, own_grade):
    r"""Describe a training set to judge new images by: where its features lie, how far apart, and how sure it was.

    For the features of each sequence, and of all joined, mean and Ledoit-Wolf covariance of the standardised features
    give the Mahalanobis distance; a training patient's own distance is measured from the other nine tenths.

    Parameters
    ----------
    features : numpy.ndarray of float, shape (P, S, F)
        From `embedding.slice_features` of the training patients.
    own_grade : mapping of str to array
        From `stats.conformal.own_grade_probabilities`, of out-of-fold predictions.

    Returns
    -------
    dict of str to numpy.ndarray
        What `save_reference` stores; no row of it belongs to a known patient.
    """
    expect_shape("features", features, ("P", "S", "F"))
    kept = {f"calibration.{grade}": np.asarray(values) for grade, values in own_grade.items()}
    part = np.arange(len(features)) % N_PARTS
    for name, block in _blocks(features).items():
        kept |= {f"{name}.{key}": array for key, array in _shape(block).items()}
        own = [_distances(block[part == k], _shape(block[part != k])) for k in np.unique(part)]
        kept[f"{name}.distances"] = np.sort(np.concatenate(own))
    return kept


def outside(features, reference):
    """Share of the training patients that lie nearer than each new patient: float in [0, 1], by sequence and joined.

    Parameters
    ----------
    features : numpy.ndarray of float, shape (P, S, F)
        Of new patients, in the order of the model's sequences.
    reference : dict
        From `fit_reference` or `load_reference`.

    Returns
    -------
    dict of str to numpy.ndarray, shape (P,)
        Keys are the positions of the sequences and ``"joined"``; 0.99 says that 99 % of the training patients, each
        measured from the others, lie nearer to their centre than this one.
    """
    told = {}
    for name, block in _blocks(features).items():
        shape = {key: reference[f"{name}.{key}"] for key in ("mean", "sd", "precision")}
        own = reference[f"{name}.distances"]
        told[name] = np.searchsorted(own, _distances(block, shape), side="left") / len(own)
    return told


def save_reference(folder, reference, *, notes=None):
    """Store a reference beside its model, as safetensors."""
    tensors = {name: torch.from_numpy(np.ascontiguousarray(array, np.float32)) for name, array in reference.items()}
    save_tensors(Path(folder) / REFERENCE, tensors, notes or {})


def load_reference(folder):
    """Read the reference of a model back, or None where the model has none; a `ManifestError` if it is broken."""
    path = Path(folder) / REFERENCE
    return {name: t.numpy().astype(float) for name, t in load_tensors(path)[0].items()} if path.is_file() else None


def calibration_of(reference):
    """Sorted probabilities of the own grade by grade, for `stats.conformal.stored_p_values`."""
    return {name.partition(".")[2]: values for name, values in reference.items() if name.startswith("calibration.")}


def _blocks(features):
    parts = {str(number): features[:, number] for number in range(features.shape[1])}
    return {**parts, JOINED: features.reshape(len(features), -1)}


def _shape(block):
    """Mean, standard deviation and precision of the standardised features (n, D)."""
    block = block.astype(float)
    mean, sd = block.mean(axis=0), block.std(axis=0)
    sd = np.where(sd > 1e-6 * max(sd.max(), 1e-12), sd, 1.0)
    fit = LedoitWolf(assume_centered=True).fit((block - mean) / sd)
    return {"mean": mean, "sd": sd, "precision": fit.precision_}


def _distances(block, shape):
    away = (block.astype(float) - shape["mean"]) / shape["sd"]
    return np.sqrt(np.einsum("ij,jk,ik->i", away, shape["precision"], away).clip(0))

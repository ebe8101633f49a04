"""What does a trained network say of a patient: grade probabilities from first slices, and from all combinations."""

import hashlib

import numpy as np
import pandas as pd
import torch

from mvi_core.errors import MviError, SplitError
from mvi_core.model.machine import reproducible
from mvi_core.names import GRADES, PREDICTION_COLUMNS

SCORINGS = ("first", "mean")
PROBABILITIES = ("p_m0", "p_m1", "p_m2")
CALLS = ("calls_m0", "calls_m1", "calls_m2")
COLUMNS = (*PREDICTION_COLUMNS, "dl_grade", "scoring", "fold", *CALLS)


def grade_probabilities(network, roi_batches):
    """Grade probabilities of patients under both scorings, from one pass per slice.

    Parameters
    ----------
    network : MviNet
        In evaluation mode.
    roi_batches : iterable of torch.Tensor, each of shape (b, S, N, H, W)
        Intensities as cached, patients in order.

    Returns
    -------
    dict of str to numpy.ndarray of float64, shape (P, K)
        ``"first"``: the first slice of each sequence (paper, Methods, step 4); ``"mean"``: the mean probability
        over all combinations; ``"calls"``: the share of combinations in which each grade is the most probable;
        ``"risk_range"``, shape (P, 2): the lowest and highest P(M1) + P(M2) of the combinations.

    Raises
    ------
    MviError
        If the network is in training mode, where one patient's result would depend on the others.
    """
    if network.training:
        raise MviError(
            "grade_probabilities needs a network in evaluation mode, got training mode. Call network.eval() first."
        )
    with reproducible(), torch.inference_mode():
        chances = [network(rois).double().softmax(-1) for rois in roi_batches]  # each (b, N**S, K)
    every = torch.cat(chances).cpu().numpy()  # (P, N**S, K)
    calls = np.eye(len(GRADES))[every.argmax(axis=-1)]  # (P, N**S, K)
    risk = every[:, :, 1:].sum(axis=-1).clip(0, 1)  # (P, N**S)
    ends = np.stack([risk.min(axis=1), risk.max(axis=1)], axis=1)
    return {"first": every[:, 0], "mean": every.mean(axis=1), "calls": calls.mean(axis=1), "risk_range": ends}


def prediction_table(dataset, probabilities, *, split, fold=None):
    """Predictions as a table, one row per patient and scoring.

    Parameters
    ----------
    dataset : object
        With ``patient_ids`` and ``enrolment``, each of shape (P,).
    probabilities : dict of str to numpy.ndarray, shape (P, 3)
        As `grade_probabilities` returns them.
    split : str
        Role of these patients, for example ``"external"``.
    fold : int, optional
        Fold that these patients were left out with.

    Returns
    -------
    pandas.DataFrame
        Columns of `names.PREDICTION_COLUMNS`, then ``dl_grade``, ``scoring``, ``fold`` and ``CALLS``, the shares
        of combinations called each grade. ``dl_risk`` is P(M1) + P(M2), ``dl_grade`` the most probable grade, and
        ``dl_mvi`` 1 where that is M1 or M2.
    """
    tables = []
    for scoring in SCORINGS:
        chance = probabilities[scoring]
        table = pd.DataFrame(chance, columns=list(PROBABILITIES))
        table["patient_id"], table["enrolment"] = dataset.patient_ids, dataset.enrolment
        table["dl_risk"] = np.clip(chance[:, 1] + chance[:, 2], 0.0, 1.0)
        table["dl_grade"] = np.array([str(grade) for grade in GRADES], dtype=object)[chance.argmax(axis=1)]
        table["dl_mvi"] = (chance.argmax(axis=1) > 0).astype(int)
        table[list(CALLS)] = probabilities["calls"]
        tables.append(table.assign(split=split, scoring=scoring, fold=pd.array([fold] * len(table), dtype="Int64")))
    return pd.concat(tables, ignore_index=True)[list(COLUMNS)]


def patient_digests(patient_ids):
    """Digest of each patient's identifier, by which a stored model tells whom it has seen without naming anybody.

    Parameters
    ----------
    patient_ids : iterable of str

    Returns
    -------
    list of str
        16 hexadecimal digits each, sorted, so that they keep no order.

    Examples
    --------
    >>> patient_digests(["P001"])
    ['861b1915cb62b15a']
    """
    return sorted(hashlib.sha256(f"patient/{name}".encode()).hexdigest()[:16] for name in patient_ids)


def refuse_seen(trained_on, patient_ids):
    """Refuse to evaluate weights on patients that they have seen, in training or in pre-training.

    Parameters
    ----------
    trained_on : collection of str
        From `patient_digests`.
    patient_ids : iterable of str

    Raises
    ------
    SplitError
    """
    if seen := [name for name in patient_ids if patient_digests([name])[0] in trained_on]:
        raise SplitError(
            f"These weights have seen {len(seen)} of the patients in training, first {seen[0]}; judge them on others. "
            "Leave them out, or rename them if they are other people of the same name."
        )

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
    """Grade probabilities of patients under both scorings, from one pass per slice: float64 (P, K), by name.

    ``"first"``: the first slice of each sequence (paper, Methods, step 4); ``"mean"``: the mean probability over all
    combinations; ``"calls"``: the share of combinations in which each grade is the most probable; ``"risk_range"``
    (P, 2): the lowest and highest P(M1) + P(M2) of the combinations. The network is in evaluation mode (else an
    `MviError`, because one patient's result would depend on the others); batches (b, S, N, H, W) hold intensities as
    cached, patients in order.
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
    """Predictions as a table, one row per patient and scoring, from the probabilities of `grade_probabilities`.

    The dataset has ``patient_ids`` and ``enrolment`` (P,); ``split`` is the role of these patients, ``fold`` the one
    that they were left out with. Columns of `names.PREDICTION_COLUMNS`, then ``dl_grade``, ``scoring``, ``fold`` and
    `CALLS`, the shares of combinations called each grade. ``dl_risk`` is P(M1) + P(M2), ``dl_grade`` the most probable
    grade, and ``dl_mvi`` 1 where that is M1 or M2.
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

    16 hexadecimal digits each, sorted, so that they keep no order.

    Examples
    --------
    >>> patient_digests(["P001"])
    ['861b1915cb62b15a']
    """
    return sorted(hashlib.sha256(f"patient/{name}".encode()).hexdigest()[:16] for name in patient_ids)


def refuse_seen(trained_on, patient_ids):
    """Refuse, with a `SplitError`, to evaluate weights on patients whose digests they hold from any training."""
    if seen := [name for name in patient_ids if patient_digests([name])[0] in trained_on]:
        raise SplitError(
            f"These weights have seen {len(seen)} of the patients in training, first {seen[0]}; judge them on others. "
            "Leave them out, or rename them if they are other people of the same name."
        )

"""What does a trained network say of a patient: grade probabilities from first slices, and from all combinations."""

import numpy as np
import pandas as pd
import torch

from mvi_core.errors import MviError
from mvi_core.model.machine import reproducible
from mvi_core.names import GRADES, PREDICTION_COLUMNS

SCORINGS = ("first", "mean")
PROBABILITIES = ("p_m0", "p_m1", "p_m2")
COLUMNS = (*PREDICTION_COLUMNS, "dl_grade", "scoring", "fold")


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
        over all combinations.

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
    every = torch.cat(chances).numpy()  # (P, N**S, K)
    return {"first": every[:, 0], "mean": every.mean(axis=1)}


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
        Columns of `names.PREDICTION_COLUMNS`, then ``dl_grade``, ``scoring``, ``fold``. ``dl_risk`` is
        P(M1) + P(M2), ``dl_grade`` the most probable grade, and ``dl_mvi`` 1 where that is M1 or M2.
    """
    tables = []
    for scoring, chance in probabilities.items():
        table = pd.DataFrame(chance, columns=list(PROBABILITIES))
        table["patient_id"], table["enrolment"] = dataset.patient_ids, dataset.enrolment
        table["dl_risk"] = np.clip(chance[:, 1] + chance[:, 2], 0.0, 1.0)
        table["dl_grade"] = np.array([str(grade) for grade in GRADES], dtype=object)[chance.argmax(axis=1)]
        table["dl_mvi"] = (chance.argmax(axis=1) > 0).astype(int)
        tables.append(table.assign(split=split, scoring=scoring, fold=pd.array([fold] * len(table), dtype="Int64")))
    return pd.concat(tables, ignore_index=True)[list(COLUMNS)]

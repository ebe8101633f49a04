"""Which prediction belongs to which patient: joined by identifier, one to one, and never by position."""

import numpy as np
import pandas as pd

from mvi_core.errors import CohortError
from mvi_core.names import PATIENT_ID

SHOWN = 10  # identifiers in a message


def join_predictions(patients, predictions, columns, *, risk):
    """Patient table with columns of a table of predictions, in the order of the patients.

    Parameters
    ----------
    patients, predictions : pandas.DataFrame
        One row a patient each, told apart by ``patient_id``, in any order.
    columns : sequence of str
        Columns of the predictions that are wanted.
    risk : str
        The column among them that holds a probability, from 0 to 1.

    Returns
    -------
    pandas.DataFrame

    Raises
    ------
    CohortError
        If a column is missing, a patient has no prediction or two, a prediction has no patient, or a risk is no
        probability. The message names the patients, up to ten for each fault.

    Examples
    --------
    >>> patients = pd.DataFrame({"patient_id": ["P1", "P2"]})
    >>> predictions = pd.DataFrame({"patient_id": ["P2", "P1"], "p_mvi": [0.2, 0.9]})
    >>> join_predictions(patients, predictions, ["p_mvi"], risk="p_mvi")["p_mvi"].tolist()
    [0.9, 0.2]
    """
    if lacking := [name for name in (PATIENT_ID, *columns) if name not in predictions]:
        raise CohortError(f"Predictions lack the column {lacking[0]}. Name it so in the first row, and use commas.")
    ids, known = predictions[PATIENT_ID], patients[PATIENT_ID]
    chance = pd.to_numeric(predictions[risk], errors="coerce")
    fold = predictions.get("fold", pd.Series(dtype=str)).dropna().astype(str)
    empty, outside = ~np.isfinite(chance), (chance < 0) | (chance > 1)
    faults = [
        _fault(known[~known.isin(ids)], "have no prediction (missing). Predict them, or leave them out by name."),
        _fault(ids[~ids.isin(known)], "have a prediction and are not in the patient table. Add them, or remove both."),
        _fault(ids[ids.duplicated()], "have more than one prediction (duplicate). Combine them to one a patient."),
        _fault(ids[fold.index[~fold.str.fullmatch(r"\d+(\.0)?")]], "have no number as fold. Predict them out of fold."),
        _fault(ids[empty], f"have a {risk} that is missing or not finite. Predict them again."),
        _fault(ids[outside], f"have a {risk} out of the range 0 to 1. Pass probabilities, not logits."),
    ]
    if any(faults):
        raise CohortError("Predictions: " + " ".join(filter(None, faults)))
    return patients.merge(predictions[[PATIENT_ID, *columns]], on=PATIENT_ID, how="left", validate="one_to_one")


def _fault(ids, words):
    names = [str(name)[:40] for name in ids.drop_duplicates()]
    more = " ..." if len(names) > SHOWN else ""
    return f"{len(names)} patient(s), {', '.join(names[:SHOWN])}{more}, {words}" if names else ""

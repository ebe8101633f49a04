"""How far do the predicted risks of patients with and without MVI lie apart: their distribution by outcome."""

import numpy as np
import pandas as pd

from mvi_core.checks import probability
from mvi_core.stats.estimate import outcome_and_scores


def risk_spread(mvi_present, risk, *, digits=2):
    """How the predictions are spread, apart for patients with and without MVI.

    Columns ``risk``, rounded to ``digits`` so that no single patient can be told, ``share_absent``, ``share_present``:
    shares of all patients.

    Examples
    --------
    >>> risk_spread([0, 1, 1, 1], [0.101, 0.1, 0.4, 0.4]).values.tolist()
    [[0.1, 0.25, 0.25], [0.4, 0.0, 0.5]]
    """
    outcome, chance = outcome_and_scores(mvi_present, check=probability, both=False, risk=risk)
    values, place = np.unique(chance.round(digits), return_inverse=True)
    shares = [np.bincount(place, weights=outcome == code) / len(chance) for code in (0, 1)]
    return pd.DataFrame({"risk": values, "share_absent": shares[0], "share_present": shares[1]})

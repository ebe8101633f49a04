"""Do patients with a higher risk have the event earlier: Harrell's C."""

import numpy as np

from mvi_core.checks import finite, same_length
from mvi_core.errors import MviError
from mvi_core.stats.estimate import same_patients, wald
from mvi_core.stats.kaplan_meier import follow_up_times


def concordance(months, event, risk, *, level=0.95):
    """Harrell's C: share of comparable pairs in which the patient with the higher risk had the event first.

    Parameters
    ----------
    months : array-like of float, shape (n_patients,)
        Time to event or last contact.
    event : array-like of 0/1, shape (n_patients,)
        1 where the event happened.
    risk : array-like of float, shape (n_patients,)
        Higher means an earlier event; equal risks count one half.
    level : float
        Confidence level, strictly between 0 and 1.

    Returns
    -------
    Estimate
        Interval from the infinitesimal jackknife (R's ``concordance``), cut at 0 and 1.

    Raises
    ------
    MviError
        If no pair is comparable.

    Notes
    -----
    Of two patients with the same time, one with an event and one censored, the event came first.

    Examples
    --------
    >>> concordance([1, 2, 3, 4], [1, 1, 0, 1], [4, 3, 1, 2]).value
    1.0
    """
    time, happened = follow_up_times(months, event)
    score = finite("risk", risk)
    n = same_length(months=time, event=happened, risk=score)
    same_patients(months=months, event=event, risk=risk)
    later = (time > time[:, None]) | ((time == time[:, None]) & (happened == 0))
    comparable = later & (happened == 1)[:, None]
    if not comparable.any():
        raise MviError(
            f"concordance found no comparable pair among {n} patients. It needs an event before a later time."
        )
    won = comparable * (np.sign(score[:, None] - score) + 1) / 2
    value = won.sum() / comparable.sum()
    own = won.sum(axis=0) + won.sum(axis=1) - value * (comparable.sum(axis=0) + comparable.sum(axis=1))
    error = np.sqrt(np.sum(own**2)) / comparable.sum()
    return wald(value, error, level=level, method="Harrell's C, infinitesimal jackknife", n=n, limits=(0, 1))

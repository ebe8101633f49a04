"""Do patients with a higher risk have the event earlier: Harrell's C, and Uno's that losses do not move."""

import numpy as np

from mvi_core.errors import MviError
from mvi_core.stats.estimate import wald
from mvi_core.stats.kaplan_meier import follow_up_times, scored_times
from mvi_core.stats.survival_accuracy import censoring_weights


def concordance(months, event, risk, *, level=0.95):
    """Harrell's C: share of comparable pairs in which the patient with the higher risk had the event first.

    Equal risks count one half. Of two patients with the same time, one with an event and one censored, the event came
    first. An `Estimate` with the interval of the infinitesimal jackknife (R's ``concordance``), cut at 0 and 1.

    Examples
    --------
    >>> concordance([1, 2, 3, 4], [1, 1, 0, 1], [4, 3, 1, 2]).value
    1.0
    """
    time, happened, score = scored_times(months, event, risk)
    return _c(time, happened, score, happened, "Harrell's C, infinitesimal jackknife", level)


def uno_concordance(months, event, risk, *, until, weights_from=None, level=0.95):
    """Uno's C: Harrell's, with each first event weighed up for the patients lost before it, and up to a horizon only.

    Events after ``until`` months start no pair: name the horizon with the value, which depends on it. ``weights_from``
    are months and event of the patients whose losses give the weights, these patients themselves if absent; weights of
    the development set give another value. Interval from the infinitesimal jackknife, weights taken as known (R's
    ``timewt = "n/G2"``). Uno et al. 2011, doi:10.1002/sim.4154.

    Examples
    --------
    The loss at 2 makes the event at 3 count as 1 / (2/3) ** 2 = 2.25 events: (2 + 2.25) / (3 + 2.25).

    >>> round(uno_concordance([1, 2, 3, 4], [1, 0, 1, 0], [3, 4, 2, 1], until=4).value, 4)
    0.8095
    """
    time, happened, score = scored_times(months, event, risk)
    lost, losses = (time, happened) if weights_from is None else follow_up_times(*weights_from)
    _, free, _, moments = censoring_weights(lost, losses, np.ones((1, len(lost))))
    before = np.append(1, free)[np.searchsorted(moments, time, side="left")]
    first = (happened == 1) & (time <= until)
    if (before[first] <= 0).any():
        raise MviError("Nobody behind the weights was followed to the last event. Choose an earlier horizon (until).")
    source = "the same patients" if weights_from is None else f"{len(lost)} other patients"
    method = f"Uno's C to {until:g} months, censoring weights from {source}, infinitesimal jackknife"
    return _c(time, happened, score, np.divide(1, before**2, out=np.zeros(len(time)), where=first), method, level)


def _c(time, happened, score, weight, method, level):
    """Share of comparable pairs won, each weighed by its first event, with the jackknife's error."""
    later = (time > time[:, None]) | ((time == time[:, None]) & (happened == 0))
    comparable = later * np.asarray(weight, dtype=float)[:, None]
    if not comparable.any():
        raise MviError(
            f"concordance found no comparable pair among {len(time)} patients. It needs an event before a later time."
        )
    won = comparable * (np.sign(score[:, None] - score) + 1) / 2
    value = won.sum() / comparable.sum()
    own = won.sum(axis=0) + won.sum(axis=1) - value * (comparable.sum(axis=0) + comparable.sum(axis=1))
    error = np.sqrt(np.sum(own**2)) / comparable.sum()
    return wald(value, error, level=level, method=method, n=len(time), limits=(0, 1))

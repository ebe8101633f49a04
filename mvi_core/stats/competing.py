"""Which of several events comes first: recurrence, or death without one, as competing risks."""

import numpy as np
import pandas as pd

from mvi_core.checks import finite, same_length
from mvi_core.errors import MviError
from mvi_core.stats.estimate import critical_value, same_patients
from mvi_core.stats.kaplan_meier import follow_up_times, grouped_times, kaplan_meier

CENSORED, RECURRED, DIED = 0, 1, 2  # causes of `first_event`
EVENTS = {RECURRED: "recurrence", DIED: "death without recurrence"}


def first_event(rfs_months, rfs_event, os_months, os_event):
    """Which event ended recurrence-free survival: 0 censored, 1 recurrence, 2 death at the very time that ends it.

    Recurrence-free survival (recurrence or death) and overall survival are of the same patients.

    Examples
    --------
    >>> first_event([10, 20, 30], [1, 1, 0], [25, 20, 30], [1, 1, 0]).tolist()
    [1, 2, 0]
    """
    (free, ended), (alive, died) = follow_up_times(rfs_months, rfs_event), follow_up_times(os_months, os_event)
    same_length(rfs_months=free, os_months=alive)
    same_patients(rfs_months=rfs_months, os_months=os_months)
    if ((died == 1) & (alive < free)).any():
        raise MviError(
            f"{((died == 1) & (alive < free)).sum()} patients die before their recurrence-free survival ends. "
            "Correct one of the two times."
        )
    return np.where(ended == 0, CENSORED, np.where((died == 1) & (alive == free), DIED, RECURRED))


def cumulative_incidence(months, cause, *, level=0.95):
    r"""Share of patients with each of several competing events by each time (Aalen-Johansen).

    :math:`F_k(t) = \sum_{t_j \le t} S(t_j-)\, d_{kj}/n_j` with :math:`S` the curve free of every event. One minus the
    Kaplan-Meier curve of one cause, the others censored, is larger: it asks what would happen if nobody could die.
    ``cause`` is 0 for a censored patient and 1, 2, ... for the event, whole numbers. One row per cause and distinct
    time, from 0: cause, months, incidence, ci_low, ci_high (log-log), error (delta method; both as R's survfit). Aalen
    and Johansen 1978; Marubini and Valsecchi 1995, section 10.3.

    Examples
    --------
    >>> table = cumulative_incidence([1, 2, 3, 4], [1, 2, 0, 1])
    >>> table.groupby("cause")["incidence"].max().tolist()
    [0.75, 0.25]
    """
    time, codes = _times_and_causes(months, cause)
    moments, place = np.unique(np.append(0.0, time), return_inverse=True)
    at_risk = len(time) - np.searchsorted(np.sort(time), moments)
    cause_at = np.append(0, codes)  # nobody has an event in the row for time 0 that is added
    died = np.bincount(place, weights=cause_at > 0)
    before = np.cumprod(np.append(1, 1 - died / at_risk))[:-1]
    hazard = np.divide(died, at_risk * (at_risk - died), out=np.zeros(len(died)), where=at_risk > died)
    parts = []
    for k in range(1, max(int(codes.max()), 1) + 1):
        own = np.bincount(place, weights=cause_at == k)
        incidence = np.cumsum(before * own / at_risk)
        error = np.sqrt(_variance(incidence, hazard, before, own, at_risk))
        parts.append(_with_interval(k, moments, incidence, error, critical_value(level)))
    return pd.concat(parts, ignore_index=True)


def incidence_by_group(months, cause, group, *, names=EVENTS):
    """Cumulative incidence of each event in each group, beside what it would seem without competing events.

    Arguments as in `cumulative_incidence`; ``names`` are the events wanted, by cause, those of `first_event` if absent.
    group, event, then the columns of `cumulative_incidence` and naive: one minus the Kaplan-Meier curve that counts the
    other events as losses. An event that never happens in a group has no rows there.

    Examples
    --------
    >>> table = incidence_by_group([1, 2, 3, 4], [2, 1, 0, 0], ["a"] * 4, names={1: "recurrence"})
    >>> table.loc[table["months"] == 2, ["incidence", "naive"]].round(4).values.tolist()
    [[0.25, 0.3333]]
    """
    _, every = _times_and_causes(months, cause)
    time, _, codes, labels = grouped_times(months, every > 0, group)
    parts = []
    for code, label in enumerate(labels):
        own, causes = time[codes == code], every[codes == code]
        for k, rows in cumulative_incidence(own, causes).groupby("cause"):
            if k in names and (causes == k).any():
                naive = 1 - kaplan_meier(own, causes == k)["survival"].to_numpy()
                parts.append(rows.assign(naive=naive, group=label, event=names[k]))
    if not parts:
        raise MviError(f"No patient has one of the events {', '.join(names.values())}. Check the causes.")
    table = pd.concat(parts, ignore_index=True)
    return table[["group", "event", *table.columns.drop(["group", "event"])]]


def _times_and_causes(months, cause):
    """Check times, and causes of the same patients."""
    codes = finite("cause", cause)
    if not np.isin(codes, range(100)).all():
        raise MviError(f"cause must hold 0, 1, 2, ..., got {codes.min():g} to {codes.max():g}. Recode the events.")
    time, _ = follow_up_times(months, (codes > 0).astype(int))
    same_patients(months=months, cause=cause)
    return time, codes


def _variance(incidence, hazard, before, own, at_risk):
    """Delta-method variance of a cumulative incidence at each time, from running sums."""
    spread = np.cumsum(hazard) * incidence**2 - 2 * incidence * np.cumsum(hazard * incidence)
    spread += np.cumsum(hazard * incidence**2) + np.cumsum(before**2 * (at_risk - own) * own / at_risk**3)
    shared = before * own / at_risk**2
    return np.maximum(spread - 2 * (incidence * np.cumsum(shared) - np.cumsum(shared * incidence)), 0)


def _with_interval(cause, moments, incidence, error, z):
    """Rows of one cause with the log-log interval; nothing moves before the first event."""
    inside = (incidence > 0) & (incidence < 1)
    log = np.log(incidence, out=np.full(len(incidence), -1.0), where=inside)
    margin = np.exp(z * error / np.where(inside, -incidence * log, 1))
    low, high = np.where(inside, incidence**margin, incidence), np.where(inside, incidence ** (1 / margin), incidence)
    columns = {"months": moments, "incidence": incidence, "ci_low": low, "ci_high": high, "error": error}
    return pd.DataFrame({"cause": cause} | columns)

"""What share of patients is still free of the event at each time: the Kaplan-Meier curve."""

import numpy as np
import pandas as pd

from mvi_core.checks import binary, finite, same_length
from mvi_core.errors import MviError
from mvi_core.stats.estimate import critical_value, same_patients

INTERVALS = ("log-log", "log", "plain")  # lifelines and most papers; R's default; the textbook's


def kaplan_meier(months, event, *, level=0.95, interval="log-log"):
    r"""Kaplan-Meier curve with Greenwood's error.

    :math:`S(t) = \prod_{t_j \le t} (1 - d_j/n_j)`.

    Parameters
    ----------
    months : array-like of float, shape (n_patients,)
    event : array-like of 0/1, shape (n_patients,)
    level : float
    interval : {"log-log", "log", "plain"}
        Scale on which the pointwise interval is symmetric. R's default is ``"log"``, lifelines' ``"log-log"``.

    Returns
    -------
    pandas.DataFrame
        One row per distinct time, from 0: months, at_risk (just before), events, censored, survival, ci_low,
        ci_high. Where survival is 0 no such interval exists (R prints NA) and the whole range, 0 to 1, is given.

    Examples
    --------
    >>> kaplan_meier([1, 2, 2, 3], [1, 1, 0, 0])["survival"].tolist()
    [1.0, 0.75, 0.5, 0.5]
    """
    z = critical_value(level)
    if interval not in INTERVALS:
        raise MviError(f"interval must be one of {', '.join(INTERVALS)}, got {interval!r}. Choose one of these.")
    time, happened = follow_up_times(months, event)
    table = _event_table(time, happened)
    survival = np.cumprod(1 - table["events"] / table["at_risk"])
    table["survival"], variance = survival, _greenwood(table)
    with np.errstate(divide="ignore", invalid="ignore"):
        if interval == "plain":
            margin = z * survival * np.sqrt(variance)
            low, high = survival - margin, survival + margin
        elif interval == "log":
            margin = np.exp(z * np.sqrt(variance))
            low, high = survival / margin, survival * margin
        else:
            margin = np.exp(z * np.sqrt(variance) / np.log(survival))
            low, high = survival ** (1 / margin), survival**margin
    unmoved = survival == 1
    table["ci_low"] = np.where(unmoved, 1.0, np.where(survival == 0, 0.0, np.clip(low, 0, 1)))
    table["ci_high"] = np.where(unmoved, 1.0, np.where(survival == 0, 1.0, np.clip(high, 0, 1)))
    table.attrs["method"] = f"Kaplan-Meier, {interval} interval"
    return table


def survival_at(curve, months):
    """Height of a `kaplan_meier` curve at given times: the step that holds there, never a line between two steps.

    Times run from 0 to the end of the follow-up; later ones are allowed where the curve has reached 0. One row a time:
    months, survival, ci_low, ci_high.

    Examples
    --------
    >>> survival_at(kaplan_meier([1, 2, 2, 3], [1, 1, 0, 0]), [0.9, 1, 1.9])["survival"].tolist()
    [1.0, 0.75, 0.75]
    """
    wanted, last = finite("months", months), curve.iloc[-1]
    if (wanted < 0).any() or ((wanted > last["months"]) & (last["survival"] > 0)).any():
        raise MviError(
            f"months must lie within the follow-up (0 to {last['months']:g}), got {list(wanted)}. Shorten it."
        )
    steps = curve.iloc[np.searchsorted(curve["months"], wanted, side="right") - 1]
    return steps[["survival", "ci_low", "ci_high"]].reset_index(drop=True).assign(months=wanted)


def follow_up_times(months, event):
    """Arrays of times and events, after refusing what is no follow-up.

    Examples
    --------
    >>> [part.tolist() for part in follow_up_times([1, 2], [True, False])]
    [[1.0, 2.0], [1, 0]]
    """
    time, happened = finite("months", months), binary("event", event)
    same_length(months=time, event=happened)
    same_patients(months=months, event=event)
    if (time < 0).any():
        raise MviError(f"months must not be negative, got {time.min():g}. Check the dates of surgery and event.")
    return time, happened


def scored_times(months, event, risk, *, check=finite):
    """Arrays of times, events and scores of the same patients; a score is one of `checks`.

    Examples
    --------
    >>> [part.tolist() for part in scored_times([1, 2], [1, 0], [0.9, 0.2])]
    [[1.0, 2.0], [1, 0], [0.9, 0.2]]
    """
    time, happened = follow_up_times(months, event)
    score = check("risk", risk)
    same_length(months=time, event=happened, risk=score)
    same_patients(months=months, event=event, risk=risk)
    return time, happened, score


def grouped_times(months, event, group):
    """Arrays of times, events and group numbers, with the names of the groups in order.

    Examples
    --------
    >>> *_, codes, names = grouped_times([1, 2], [1, 0], ["b", "a"])
    >>> codes.tolist(), names
    ([1, 0], ['a', 'b'])
    """
    time, happened = follow_up_times(months, event)
    labels = pd.Series(np.asarray(group))
    same_length(months=time, group=labels)
    same_patients(months=months, group=group)
    if labels.isna().any():
        raise MviError(
            f"group is missing for {labels.isna().sum()} of {len(labels)} patients. Leave them out, and say so."
        )
    codes, names = pd.factorize(labels, sort=True)
    return time, happened, codes, list(names)


def _event_table(time, happened):
    """At risk, events and censored at 0 and each distinct time."""
    moments, place = np.unique(np.append(0.0, time), return_inverse=True)
    events = np.bincount(place[1:], weights=happened, minlength=len(moments)).astype(int)
    leaving = np.bincount(place[1:], minlength=len(moments))
    at_risk = len(time) - np.append(0, np.cumsum(leaving)[:-1])
    return pd.DataFrame({"months": moments, "at_risk": at_risk, "events": events, "censored": leaving - events})


def _greenwood(table):
    """Variance of log survival; not finite once survival is 0."""
    at_risk, events = table["at_risk"].to_numpy(float), table["events"].to_numpy(float)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.cumsum(events / (at_risk * (at_risk - events)))

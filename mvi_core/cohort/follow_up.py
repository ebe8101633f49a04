"""Which follow-up could give the printed survival medians: months and events of the reconstructed patients."""

import numpy as np
import pandas as pd

from mvi_core.errors import CohortError

FOLLOW_UP_MONTHS = {"2015": (60.0, 71.9), "2018": (24.0, 35.9)}  # surgery in the year, end on 2020-12-31
STEP = 0.1  # months; the paper prints medians to this digit


def draw_follow_up(patients, recipe, rng):
    """Survival columns whose Kaplan-Meier medians are the printed ones.

    Events are added one at a time until the curve of a group falls to one half in the printed month, in which one
    event stands: first the patients with MVI, then those with DL-MVI, then all.

    Parameters
    ----------
    patients : pandas.DataFrame
        Columns ``enrolment``, ``mvi_present`` and ``dl_mvi``.
    recipe : dict
        ``lost`` and ``lost_months`` (number and range of months of 2015 patients lost), ``os`` and ``rfs``, each with
        ``events``, ``first_month`` and ``medians`` (keys mvi, dl, all; months).
    rng : numpy.random.Generator

    Returns
    -------
    pandas.DataFrame
        Columns ``os_months``, ``os_event``, ``rfs_months``, ``rfs_event``; the index of `patients`.

    Raises
    ------
    CohortError
        If the recipe cannot be met with its number of events.

    Notes
    -----
    Every death follows a recurrence by at least a month, so the number of recurrences is the same whether or not a
    death counts as an event of recurrence-free survival; the paper counts recurrences (Methods, Statistical analysis).
    """
    patients = patients.reset_index(drop=True)
    end = _planned_end(patients, recipe, rng)
    os_months, os_event = _place(patients, end, end, recipe["os"], rng, first=np.zeros(len(end), dtype=bool))
    latest = np.where(os_event == 1, os_months - 1.0, os_months)
    rfs_months, rfs_event = _place(patients, os_months, latest, recipe["rfs"], rng, first=os_event == 1)
    return pd.DataFrame(
        {"os_months": os_months, "os_event": os_event, "rfs_months": rfs_months, "rfs_event": rfs_event},
        index=patients.index,
    )


def loss_to_follow_up(patients):
    """Count the patients whose follow-up stops earlier than the end of the study allows.

    Parameters
    ----------
    patients : pandas.DataFrame
        Columns ``enrolment``, ``os_months`` and ``os_event``.

    Returns
    -------
    pandas.DataFrame
        One row a year: ``enrolment``, ``n``, ``deaths``, ``lost`` (alive, with less than the least follow-up that a
        surgery in that year leaves), ``lost_share``, ``median_months`` of follow-up of those alive.
    """
    rows = []
    for year, (least, _) in FOLLOW_UP_MONTHS.items():
        group = patients[patients["enrolment"] == year]
        alive = group[group["os_event"] == 0]
        lost = int((alive["os_months"] < least).sum())
        rows.append((year, len(group), len(group) - len(alive), lost, lost / len(group), alive["os_months"].median()))
    return pd.DataFrame(rows, columns=["enrolment", "n", "deaths", "lost", "lost_share", "median_months"])


def _planned_end(patients, recipe, rng):
    """Months from surgery to the end of follow-up, surgeries spread over the year, some 2015 patients lost earlier."""
    end = np.empty(len(patients))
    for year, (least, most) in FOLLOW_UP_MONTHS.items():
        members = np.flatnonzero(patients["enrolment"] == year)
        end[members] = np.round(np.linspace(least, most, len(members)), 1)[rng.permutation(len(members))]
    candidates = np.flatnonzero(patients["enrolment"] == "2015")
    lost = rng.permutation(candidates)[: recipe["lost"]]
    end[lost] = np.round(rng.uniform(*recipe["lost_months"], size=len(lost)), 1)
    return end


def _place(patients, end, latest, recipe, rng, *, first):
    """Months and events of one outcome: three medians in turn, then what is left after the last median."""
    months, event = end.copy(), np.zeros(len(end), dtype=int)
    mvi, dl = patients["mvi_present"].to_numpy() == 1, patients["dl_mvi"].to_numpy() == 1
    everyone = np.ones_like(mvi)
    later = (
        recipe["later_2018"] * (patients["enrolment"] == "2018").to_numpy()
    )  # above 0: few events among 2018 patients
    order = np.argsort(
        np.where(first, 0.6 * latest.argsort().argsort() / len(end) - 0.3, rng.random(len(end)))
        + later
        - 0.3 * (mvi & dl)
    )
    medians, start = recipe["medians"], np.full(len(end), recipe["first_month"])
    stages = (
        (mvi, medians["mvi"], start),
        (dl, medians["dl"], np.where(mvi, medians["mvi"] + STEP, start)),
        (everyone, medians["all"], np.where(mvi | dl, medians["dl"] + STEP, start)),
    )
    for group, month, earliest in stages:
        _until_half(months, event, group, month, earliest, latest, order, recipe["lateness"], rng)
    left = recipe["events"] - event.sum()
    open_rows = (event == 0) & (latest > medians["all"] + STEP) & (first | (mvi & dl))
    for row in order[open_rows[order]][: max(left, 0)]:
        months[row], event[row] = _draw_month(medians["all"] + STEP, latest[row], 1.0, rng), 1
    if event.sum() != recipe["events"] or (first & (event == 0)).any():
        raise CohortError(
            f"reconstruction recipe: {recipe['events']} events expected, {event.sum()} placed for the printed medians. "
            "Allow more loss to follow-up, or a later first month."
        )
    return months, event


def _until_half(months, event, group, month, earliest, latest, order, lateness, rng):
    """Make patients of a group events, one of them in the given month, until half of the group remains."""
    candidates = [row for row in order if group[row] and not event[row] and latest[row] >= earliest[row] + STEP]
    if not (group & (event == 1) & (months == month)).any():
        row = next(row for row in candidates if latest[row] >= month >= earliest[row])
        months[row], event[row] = month, 1
        candidates.remove(row)
    for row in candidates:
        if _surviving(months[group], event[group], month) <= 0.5 + 1e-9:
            return
        upper = min(month - STEP, latest[row])
        if upper >= earliest[row]:
            months[row], event[row] = _draw_month(earliest[row], upper, lateness, rng), 1


def _draw_month(low, high, lateness, rng):
    """Month to one decimal from low to high, evenly at lateness 1 and close to high at a large one."""
    month = low + (high - low) * rng.random() ** (1 / lateness)
    return np.clip(np.round(month, 1), np.ceil(low * 10 - 1e-6) / 10, np.floor(high * 10 + 1e-6) / 10)


def _surviving(months, event, month):
    """Kaplan-Meier estimate just after a month."""
    times, deaths = np.unique(months[(event == 1) & (months <= month)], return_counts=True)
    at_risk = (months[None, :] >= times[:, None] - 1e-9).sum(axis=1)
    return float(np.prod(1 - deaths / at_risk))

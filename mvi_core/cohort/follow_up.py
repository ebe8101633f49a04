"""Which follow-up could give the printed survival medians: months and events of the reconstructed patients."""

import numpy as np
import pandas as pd

from mvi_core.errors import CohortError
from mvi_core.names import SURVIVAL_COLUMNS

FOLLOW_UP_MONTHS = {"2015": (60.0, 71.9), "2018": (24.0, 35.9)}  # surgery in the year, end on 2020-12-31
STEP = 0.1  # months; the paper prints medians to this digit
N_ATTEMPTS = 100


def draw_follow_up(patients, recipe, rng):
    """Survival columns, in the order of ``patients``, whose Kaplan-Meier medians are the printed ones.

    Events are added one at a time until the curve of a group falls to one half in the printed month, in which one event
    stands: first the patients with MVI, then those with DL-MVI, then all. ``patients`` have columns ``enrolment``,
    ``mvi_present`` and ``dl_mvi``; the recipe is ``survival`` of ``data_manifest/reconstruction.json``, and a
    `CohortError` says if it cannot be met with its number of events.

    Notes
    -----
    Every death follows a recurrence by at least a month, so the number of recurrences is the same whether or not a
    death counts as an event of recurrence-free survival; the paper counts recurrences (Methods, Statistical analysis).

    What the medians force: after 36 months only the 149 patients of 2015 can be at risk. A curve is lowest at a given
    number of deaths when all censoring precedes them, so with L patients of 2015 lost and k deaths among those of 2018
    it cannot fall below 1 - 64 / (149 + k - L). One half at 59.5 months, before the first regular end of follow-up at
    60, needs L >= 21 + k. The recipe loses 22 of 149, so that curves fall below one half and not just to it, where
    programs differ. Such a small loss is possible only if nobody of 2018 dies and no death comes before the last
    patient of 2018 has left, at 36 months: the flat start of the survival curve is the price of the least loss.
    """
    patients = patients.reset_index(drop=True)
    for _ in range(N_ATTEMPTS):
        end = _planned_end(patients, recipe, rng)
        survival = _place(patients, end, end, recipe["os"], rng, dead=np.zeros(len(end), dtype=bool))
        if survival is None:
            continue
        os_months, os_event = survival
        latest = np.where(os_event == 1, os_months - 1.0, os_months)
        recurrence = _place(patients, os_months, latest, recipe["rfs"], rng, dead=os_event == 1)
        if recurrence is not None:
            return pd.DataFrame(dict(zip(SURVIVAL_COLUMNS, (*survival, *recurrence), strict=True)))
    raise CohortError(
        f"reconstruction recipe: {recipe['os']['events']} deaths and {recipe['rfs']['events']} recurrences expected "
        f"at the printed medians, none of {N_ATTEMPTS} draws gave them. Allow more loss, or later first months."
    )


def loss_to_follow_up(patients):
    """Count the patients whose follow-up stops earlier than the end of the study allows, one row a year of enrolment.

    ``enrolment``, ``n``, ``deaths``, ``lost`` (alive, with less than the least follow-up that a surgery in that year
    leaves), ``lost_share``, ``median_months`` of follow-up of those alive.
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


def _place(patients, end, latest, recipe, rng, *, dead):
    """Months and events of one outcome: early ones, three medians in turn, the rest; None if a median is missed."""
    months, event = end.copy(), np.zeros(len(end), dtype=int)
    mvi, dl = patients["mvi_present"].to_numpy() == 1, patients["dl_mvi"].to_numpy() == 1
    order = _order(patients, latest, dead, rng)
    early = np.flatnonzero((mvi & dl) | (rng.random(len(end)) < 0.2))
    for row in rng.permutation(early[latest[early] > recipe["early_months"][1]])[: recipe["early"]]:
        months[row], event[row] = _draw_month(*recipe["early_months"], rng), 1
    medians, start = recipe["medians"], np.full(len(end), recipe["first_month"])
    stages = (
        (mvi, medians["mvi"], start),
        (dl, medians["dl"], np.where(mvi, medians["mvi"] + STEP, start)),
        (np.ones_like(mvi), medians["all"], np.where(mvi | dl, medians["dl"] + STEP, start)),
    )
    for group, month, earliest in stages:
        _until_half(months, event, group, month, earliest, latest, order, rng)
    left = recipe["events"] - event.sum()
    late = order[((event == 0) & (latest > medians["all"] + STEP) & (dead | (mvi & dl)))[order]]
    for row in late[: max(left, 0)]:
        months[row], event[row] = _draw_month(medians["all"] + STEP, latest[row], rng), 1
    if event.sum() != recipe["events"] or (dead & (event == 0)).any():
        return None
    reached = (_half(months[group], event[group]) == month for group, month, _ in stages)
    open_ended = (_half(months[~dl], event[~dl]), _half(months[~mvi], event[~mvi]))
    return (months, event) if all(reached) and np.isinf(open_ended).all() else None


def _order(patients, latest, dead, rng):
    """Whom an event comes to first: the dead (earliest deaths foremost), MVI with DL-MVI; patients of 2018 last."""
    rank = latest.argsort().argsort() / len(latest)
    draw = np.where(dead, 0.6 * rank - 0.5, rng.random(len(latest)))
    both = (patients["mvi_present"] == 1) & (patients["dl_mvi"] == 1)
    return np.argsort(draw - 0.3 * both.to_numpy() + 1.0 * (patients["enrolment"] == "2018").to_numpy())


def _until_half(months, event, group, month, earliest, latest, order, rng):
    """Make patients of a group events, one of them in the given month, until half of the group remains."""
    candidates = [row for row in order if group[row] and not event[row] and latest[row] >= earliest[row] + STEP]
    if not (group & (event == 1) & (months == month)).any():
        row = next(row for row in candidates if latest[row] >= month >= earliest[row])
        months[row], event[row] = month, 1
        candidates.remove(row)
    for row in candidates:
        if _half(months[group], event[group]) <= month:
            return
        upper = min(month - STEP, latest[row])
        if upper >= earliest[row]:
            months[row], event[row] = _draw_month(earliest[row], upper, rng), 1


def _draw_month(low, high, rng):
    """Month to one decimal, evenly from low to high."""
    return np.clip(np.round(rng.uniform(low, high), 1), np.ceil(low * 10 - 1e-6) / 10, np.floor(high * 10 + 1e-6) / 10)


def _half(months, event):
    """First month in which the Kaplan-Meier curve is below one half, infinite if none, missing if it rests on half."""
    times, deaths = np.unique(months[event == 1], return_counts=True)
    at_risk = (months[None, :] >= times[:, None]).sum(axis=1)
    curve = np.cumprod(1 - deaths / at_risk)
    if np.isclose(curve, 0.5, rtol=0, atol=1e-9).any():
        return np.nan  # programs disagree on the median of such a curve
    below = times[curve < 0.5]
    return below[0] if below.size else np.inf

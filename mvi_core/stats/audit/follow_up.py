"""Can printed medians be Kaplan-Meier medians, given the events, enrolment and the end of follow-up: a bound."""

import numpy as np
import pandas as pd
from scipy.optimize import brentq

from mvi_core.errors import MviError
from mvi_core.stats.audit.printed import read_printed
from mvi_core.stats.audit.verdict import ASSUMED, CANNOT, REPRODUCED, Verdict

BOUND = (
    "With m patients certainly followed to time t unless lost, L of them lost, D events: at the j-th event "
    "at least m - L - j + 1 are at risk, so the Kaplan-Meier curve is at least (m - L - D) / (m - L); "
    "one half takes L >= m - 2 D"
)


def median_check(name, events, medians, *, enrolment):
    """Whether printed medians of one endpoint can come from Kaplan-Meier curves.

    ``events`` is the printed number of events among all patients; a median has ``group``, ``months`` (as printed, or
    "not reached") and ``n``, the group's size, if printed; a part of ``enrolment`` has ``n`` and ``months``, its
    shortest and longest planned follow-up. Evidence, one row a median: certain (patients followed beyond it unless
    lost), floor (lowest curve there without losses), least_lost, most_events (allowed before it, or in all if not
    reached), and for the whole cohort what a constant rate gives without losses: median, restricted mean, and fewest
    lost if the events up to the median exceed it by two standard deviations.

    Examples
    --------
    Ten deaths among 100 patients followed beyond 30 months reach one half only if 80 of them were lost.

    >>> median, enrolment = {"group": "all", "n": 100, "months": "30"}, {"n": 100, "months": [36, 48]}
    >>> evidence = median_check("OS", 10, [median], enrolment=[enrolment]).evidence
    >>> evidence[["certain", "floor", "least_lost"]].to_dict("records")
    [{'certain': 100, 'floor': 0.9, 'least_lost': 80}]
    """
    if not 0 < events < sum(part["n"] for part in enrolment):
        raise MviError(f"median_check needs events, fewer than the patients enrolled, got {events}. Check both.")
    longest = max(part["months"][1] for part in enrolment)
    rate = _constant_rate(events, enrolment)
    evidence = pd.DataFrame([_median_row(item, events, enrolment, rate) for item in medians])
    lost, usual = (int(evidence.get(name, pd.Series([0])).max()) for name in ("least_lost", "constant_rate_lost"))
    beyond = evidence[np.isfinite(evidence["months"]) & (evidence["months"] > longest)]
    word, assumptions, alternatives = ASSUMED, (), _alternatives(evidence, longest)
    if len(beyond):
        word, alternatives = CANNOT, ("A digit was misprinted",)
        groups = ", ".join(beyond["group"])
        implied = f"a longest follow-up of {longest:g} months, before the median {name} of {groups}"
    elif lost:
        row = evidence.loc[evidence["least_lost"].idxmax()]
        implied = (
            f"that at least {lost} of the {row['certain']} patients with planned follow-up "
            f"beyond {row['months']:g} months were lost without an event before the median {name} ({row['group']}): "
            f"{events} events alone leave the curve at {row['floor']:.3f} or higher"
        )
        assumptions = (
            f"At least {lost} patients left follow-up early",
            "All events fell in the patients enrolled first, after these losses; each event elsewhere takes two more",
        )
    else:
        implied = f"no loss to follow-up: {events} events can give every printed median {name}"
        if usual:
            implied += (
                " if nearly all fell in the patients enrolled first; "
                f"at a constant rate, two standard deviations exceeded, {usual} patients would have to be lost"
            )
            assumptions = ("Nearly all events fell in the patients enrolled first, or patients were lost to follow-up",)
        else:
            word, alternatives = REPRODUCED, ()
    statement = f"The printed numbers imply {implied}."
    return Verdict(f"medians: {name}", word, statement, evidence, assumptions, alternatives, BOUND)


def _median_row(item, events, enrolment, rate):
    months, size, certain = read_printed(item["months"]).value, item.get("n"), 0
    if size is not None and np.isfinite(months):
        certain = max(size - sum(part["n"] for part in enrolment if part["months"][0] < months), 0)
    row = {"group": item["group"], "n": size, "months": months, "certain": certain}
    row["floor"] = _survival_floor(certain, events) if certain else np.nan
    row["least_lost"] = _least_lost(certain, events)
    row["most_events"] = np.nan if size is None else min(_most_events_above_half(size), events)
    if size == sum(part["n"] for part in enrolment) and np.isfinite(months):
        longest = max(part["months"][1] for part in enrolment)
        before = sum(part["n"] * (1 - np.exp(-rate * months)) for part in enrolment if part["months"][0] >= months)
        row["constant_rate_median"] = np.log(2) / rate
        row["constant_rate_mean"] = (1 - np.exp(-rate * longest)) / rate
        row["constant_rate_lost"] = _least_lost(certain, int(np.ceil(before + 2 * np.sqrt(before))))
    return row


def _survival_floor(certain, events, lost=0):
    """Lowest Kaplan-Meier estimate that a number of events allows; 0 with more events than patients.

    ``certain`` patients are planned to be followed beyond the time, ``lost`` of them left earlier without an event. It
    is reached when all events fall in these patients after all losses.

    >>> round(_survival_floor(149, 64), 3), _survival_floor(149, 64, lost=21)
    (0.57, 0.5)
    """
    at_risk = max(certain - lost, 0)
    return max(at_risk - events, 0) / at_risk if at_risk else 0.0


def _least_lost(certain, events):
    """Fewest patients lost for which a number of events brings the Kaplan-Meier curve to one half.

    >>> _least_lost(149, 64)
    21
    """
    return max(certain - 2 * events, 0)


def _most_events_above_half(n):
    """Most events among n patients that can leave the median unreached: all of them before any censoring.

    >>> _most_events_above_half(136)
    67
    """
    return (n - 1) // 2


def _constant_rate(events, enrolment):
    """Events per patient and month that give a number of events, if nobody is lost and follow-up is spread evenly."""

    def missing(rate):
        share = [np.mean(1 - np.exp(-rate * np.linspace(*part["months"], 201))) for part in enrolment]
        return sum(part["n"] * s for part, s in zip(enrolment, share, strict=True)) - events

    return float(brentq(missing, 1e-9, 10.0))


def _alternatives(evidence, longest):
    listed = [
        "Follow-up ended before the stated date for some patients",
        "Events after the first were counted, or fewer patients stand behind the curve",
    ]
    if "constant_rate_mean" in evidence:
        known = evidence.dropna(subset="constant_rate_mean")
        listed = [
            f"A mean restricted to {longest:g} months: a constant rate without losses gives "
            f"{row['constant_rate_mean']:.1f} months for {row['group']} (printed {row['months']:g}), "
            f"its median would be {row['constant_rate_median']:.0f} months"
            for _, row in known.iterrows()
        ] + listed
    return tuple(listed)

"""Which slices make one volume: a series split by geometry, image type, echo and b-value, and repeats by time."""

from collections import defaultdict
from dataclasses import dataclass, replace

import numpy as np

REPEATS = ("TemporalPositionIdentifier", "TriggerTime", "AcquisitionTime", "ContentTime", "AcquisitionNumber")
CLOCKS = ("AcquisitionTime", "TriggerTime", "ContentTime")  # that order the slices at one place
OVERLAP = "several slices at one place, and no time tells them apart"
DISTANCE_MM = 0.1  # positions nearer than this are one place


@dataclass(frozen=True, eq=False)
class ScannedVolume:
    """Slices of one time point of one series, and what all of them share."""

    heads: tuple  #: of `Head`, along the slice normal where there is a geometry
    part: str  #: which part of its series; empty where the series was not split
    seconds: float | None  #: of the day, of its acquisition
    set_aside: str = ""  #: why it cannot be used

    @property
    def first(self):
        """First `Head`."""
        return self.heads[0]

    @property
    def spacing_mm(self):
        """Distance of slices, rows and columns; None where there is no geometry."""
        if self.first.place is None:
            return None
        heights = np.sort([_height(head) for head in self.heads])
        step = float(np.median(np.diff(heights))) if len(heights) > 1 else 0.0
        return (step, *self.first.place[2])


def volumes(heads):
    """Volumes of a list of `Head`, and the number of files left out because they are copies of others."""
    unique = {}
    for head in heads:
        unique.setdefault((head.instance, head.frame, head.size), head)
    series = defaultdict(list)
    for head in unique.values():
        series[head.patient_id, head.study, head.series].append(head)
    found = []
    for members in series.values():
        parts = defaultdict(list)
        for head in members:
            parts[_alike(head)].append(head)
        for number, part in enumerate(parts.values(), start=1):
            found += _by_time(part, f"part {number}" if len(parts) > 1 else "")
    return found, len(heads) - len(unique)


def _alike(head):
    """Attributes in which the slices of one volume agree."""
    place = () if head.place is None else (*np.round((*head.place[1], *head.place[2]), 3).tolist(),)
    measured = [round(head.numbers.get(key, -1.0), 1) for key in ("EchoTime", "DiffusionBValue", "Rows", "Columns")]
    return (place, *measured, head.codes["ImageType"], head.codes["Modality"])


def _height(head):
    position, cosines, _ = head.place
    return float(np.dot(position, np.cross(cosines[:3], cosines[3:])))


def _by_time(heads, part):
    """One volume, or one for each time point where slices lie at one place."""
    if any(head.place is None for head in heads):
        return [ScannedVolume(tuple(heads), part, _seconds(heads), "slices without position, orientation or spacing")]
    heads = sorted(heads, key=_height)
    heights = np.array([_height(head) for head in heads])
    places = np.concatenate([[0], np.cumsum(np.diff(heights) > DISTANCE_MM)])
    if places[-1] + 1 == len(heads):
        return [ScannedVolume(tuple(heads), part, _seconds(heads))]
    groups = _by_value(heads, places) or _by_rank(heads, places)
    if groups is None:
        return [ScannedVolume(tuple(heads), part, None, OVERLAP)]
    told = [ScannedVolume(tuple(group), "", _seconds(group)) for group in groups]
    if len({one.seconds for one in told}) < len(told):  # one acquisition time for all: the trigger says when
        told = [replace(one, seconds=_seconds(one.heads, triggered=True)) for one in told]
    if len({one.seconds for one in told}) < len(told):
        told = [replace(one, seconds=None) for one in told]
    told = sorted(told, key=lambda one: one.seconds or 0)
    return [replace(one, part=f"{part} time {number}".strip()) for number, one in enumerate(told, start=1)]


def _by_value(heads, places):
    """Slices grouped by the first time that makes each group a stack of different places; None if none does."""
    for key in REPEATS:
        groups = defaultdict(list)
        for head, place in zip(heads, places, strict=True):
            groups[head.times.get(key)].append((place, head))
        stacks = [[place for place, _ in group] for group in groups.values()]
        apart = all(len(set(stack)) == len(stack) > 1 for stack in stacks)
        if None not in groups and len(groups) > 1 and apart:
            return [[head for _, head in groups[value]] for value in sorted(groups)]
    return None


def _by_rank(heads, places):
    """First, second, ... slice in time at every place, where all places have as many and a clock orders them."""
    at = defaultdict(list)
    for head, place in zip(heads, places, strict=True):
        at[place].append(head)
    for key in CLOCKS:
        stamps = [sorted(head.times.get(key, np.nan) for head in same) for same in at.values()]
        if len({len(stamp) for stamp in stamps}) == 1 and all((np.diff(stamp) > 0).all() for stamp in stamps):
            ordered = [sorted(same, key=lambda head: head.times[key]) for same in at.values()]
            return [list(group) for group in zip(*ordered, strict=True)]
    return None


def _seconds(heads, *, triggered=False):
    """Time of a volume: its earliest acquisition, after midnight in seconds; None where no clock says it."""
    for clock in ("AcquisitionTime", "ContentTime"):
        if own := [head.times[clock] for head in heads if clock in head.times]:
            trigger = min(head.times.get("TriggerTime", 0.0) for head in heads) if triggered else 0.0
            return min(own) + trigger / 1000
    return None

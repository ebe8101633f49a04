"""Which sequence is this volume: proposals by the rules of ``data_manifest/sequence_rules.csv``, each with its reason.

A rule votes by a word of the series' description or by its conditions on the header. Rules of step *aside* come first,
in order: one vote sets a volume aside. Then *weight* says T1, T2 or DWI, and for T1 *phase* says which phase. Where
words and parameters agree the confidence is high, where only one of them votes it is medium; where they contradict each
other, or more than one answer is left, nothing is proposed.
"""

import csv
import re
from collections import defaultdict
from dataclasses import dataclass, field, replace
from functools import lru_cache
from operator import ge, gt, le, lt

from mvi_core.dataset.scan_header import description_words
from mvi_core.dataset.scan_split import ScannedVolume
from mvi_core.manifest import project_root
from mvi_core.names import N_SLICES, SEQUENCES, MrSequence

ARTERIAL_SECONDS = 25.0  # after injection, where only the arterial phase itself says when that was (paper: 20-30 s)
DYNAMIC = [["T1A"], ["T1V"], ["T1D"]]  # what the times of one injection give, each once and nothing between
SAME_VISIT_SECONDS = 5400.0  # an injection further from a volume than this belongs to something else
BEST_B_VALUE = 800.0  # s/mm2
AXIAL = 0.8  # cosine between the slice normal and the body's axis
CONFIDENCE = ("low", "medium", "high")
_TEST = re.compile(r"(\w+)(>=|<=|!=|=|<|>)(.+)")
_COMPARE = {">=": ge, "<=": le, "<": lt, ">": gt}


@dataclass(frozen=True)
class Rule:
    """One row of the table."""

    step: str  #: aside, weight or phase
    gives: str
    words: tuple
    conditions: tuple  #: of (attribute, operator, value); all must hold
    reason: str


@dataclass(frozen=True, eq=False)
class Proposal:
    """What is proposed for one volume."""

    volume: ScannedVolume
    sequence: str = ""  #: empty where it is not known
    confidence: str = ""
    reason: str = ""
    set_aside: str = ""
    seconds: float | None = None  #: after the contrast injection
    use: bool = False
    facts: dict = field(default_factory=dict)


@lru_cache
def rules():
    """Rules in their order: tuple of `Rule`."""
    with (project_root() / "data_manifest" / "sequence_rules.csv").open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    return tuple(
        Rule(
            row["step"], row["gives"], tuple(row["words"].split()),
            tuple(_TEST.fullmatch(test).groups() for test in row["conditions"].split(" & ") if test), row["reason"],
        )
        for row in rows
    )  # fmt: skip


def propose(volumes):
    """Proposals for the volumes of all patients, in their order.

    Parameters
    ----------
    volumes : list of ScannedVolume

    Returns
    -------
    list of Proposal
        At most one volume of a patient and sequence has ``use``: the only candidate, or the one that the rules of
        `_better` separate from the others.
    """
    studies = defaultdict(list)
    for number, volume in enumerate(volumes):
        studies[volume.first.patient_id, volume.first.study].append((number, volume))
    proposals = {}
    for members in studies.values():
        for (number, _), proposal in zip(members, _of_study([one for _, one in members]), strict=True):
            proposals[number] = proposal
    return _chosen([proposals[number] for number in range(len(volumes))])


def _of_study(volumes):
    weighted = [_weight(volume) for volume in volumes]
    t1 = [one for one in weighted if one.sequence == "T1"]
    named = {one.volume.first.contrast for one in t1}
    injection, how = _injection(t1)
    return [_phase(one, injection, how, len(named) == 2) if one in t1 else one for one in weighted]


def _weight(volume):
    if not volume.first.patient_id:
        return Proposal(volume, set_aside="PatientID (0010,0020) is missing")
    for rule in rules():
        if rule.step == "aside" and (_said(rule, volume) or _holds(rule, volume, {})):
            return Proposal(volume, set_aside=rule.reason)
    if reason := _shape_fault(volume):
        return Proposal(volume, set_aside=reason)
    return _voted(Proposal(volume), "weight", {})


def _shape_fault(volume):
    if volume.first.place is None:
        return volume.set_aside
    x, y = volume.first.place[1][:3], volume.first.place[1][3:]
    if abs(x[0] * y[1] - x[1] * y[0]) < AXIAL:
        return "not axial"
    return volume.set_aside or (f"fewer than {N_SLICES} slices" if len(volume.heads) < N_SLICES else "")


def named_weight(data):
    """T1, T2 or DWI where the description in a header names one of them alone, else nothing."""
    words = description_words(data)
    said = {
        one.gives for one in rules() if any(_is_word(w, p) for p in one.words for w in words) and one.step == "weight"
    }
    return said.pop() if len(said) == 1 else ""


def _said(rule, volume):
    """First word of the rule that the description holds; the description itself is free text and is not repeated."""
    return next((one for one in rule.words for word in volume.first.words if _is_word(word, one)), None)


def _is_word(word, pattern):
    if not pattern.isascii():  # Chinese, where nothing stands between words
        return pattern in word
    return word.startswith(pattern[:-1]) if pattern.endswith("*") else word == pattern


def _holds(rule, volume, facts):
    return bool(rule.conditions) and all(_test(volume.first, facts, *test) for test in rule.conditions)


def _test(head, facts, name, operator, value):
    if operator in _COMPARE:
        found = facts.get(name, head.numbers.get(name))
        return found is not None and _COMPARE[operator](found, float(value))
    found = facts.get(name) or head.codes.get(name, ())
    return bool(set(found) & set(value.split("|"))) == (operator == "=")


def _voted(proposal, step, facts):
    """Proposal with the sequence that words and parameters vote for, its confidence and its reason."""
    volume, ours = proposal.volume, [rule for rule in rules() if rule.step == step]
    by_words = {rule.gives: _said(rule, volume) for rule in ours if _said(rule, volume)}
    by_header = {rule.gives: rule.reason for rule in reversed(ours) if _holds(rule, volume, facts)}
    left = set(by_words) & set(by_header) or set(by_words) or set(by_header)
    against = set(by_words) and set(by_header) and not set(by_words) & set(by_header)
    words = ", ".join(f"'{word}' says {name}" for name, word in by_words.items())
    header = ", ".join(f"{reason} says {name}" for name, reason in by_header.items())
    told = "; ".join(part for part in (f"word {words}" if words else "", header) if part)
    if len(left) != 1 or against:
        why = f"contradiction: {told}" if told else f"no rule of step {step} applies"
        return replace(proposal, sequence="", confidence="low", reason=_joined(proposal.reason, why))
    level = "high" if by_words and by_header and len(by_words) == 1 else "medium"
    if proposal.confidence:
        level = min(level, proposal.confidence, key=CONFIDENCE.index)
    return replace(proposal, sequence=left.pop(), confidence=level, reason=_joined(proposal.reason, told))


def _joined(before, after):
    return f"{before}; {after}" if before else after


def _phase(proposal, injection, how, contrast_differs):
    volume, facts = proposal.volume, {}
    seconds = None if injection is None or volume.seconds is None else volume.seconds - injection
    if seconds is not None and abs(seconds) < SAME_VISIT_SECONDS:
        facts["seconds"] = seconds
        proposal = replace(proposal, seconds=round(seconds, 1), reason=_joined(proposal.reason, how))
    if contrast_differs:
        facts["contrast"] = ("yes",) if volume.first.contrast else ("no",)
    voted = _voted(replace(proposal, sequence=""), "phase", facts)
    if voted.sequence == "hepatobiliary":
        reason = next(rule.reason for rule in rules() if rule.gives == "hepatobiliary")
        return replace(voted, sequence="", confidence="", set_aside=reason)
    return voted


def _injection(proposals):
    """When the contrast agent was injected, in seconds of the day, and how that is known."""
    volumes = sorted((one.volume for one in proposals if one.volume.seconds is not None), key=lambda one: one.seconds)
    recorded = {head.times.get("ContrastBolusStartTime") for one in volumes for head in one.heads} - {None}
    near = [time for time in recorded if all(abs(one.seconds - time) < SAME_VISIT_SECONDS for one in volumes)]
    if len(near) == 1:
        return near[0], "time after the recorded injection"
    rule = next(rule for rule in rules() if rule.gives == "T1A")
    arterial = [one for one in volumes if _said(rule, one)]
    if len(arterial) == 1:
        start = arterial[0].seconds - ARTERIAL_SECONDS
        return start, f"injection taken as {ARTERIAL_SECONDS:g} s before the arterial phase"
    before = [one for one in volumes if not one.first.contrast]
    after = {one.seconds: one for one in volumes if one.first.contrast}
    if after and before and before[-1].seconds < min(after):
        start = min(after) - ARTERIAL_SECONDS
        ours = [rule for rule in rules() if rule.step == "phase"]
        phases = [
            [rule.gives for rule in ours if _holds(rule, one, {"seconds": seconds - start})]
            for seconds, one in after.items()
        ]
        early = [given for given in phases if given != ["hepatobiliary"]]
        if early in (DYNAMIC, DYNAMIC[:2]):  # else the first may be a baseline
            first = "the first series that names a contrast agent"
            return start, f"injection taken as {ARTERIAL_SECONDS:g} s before {first}"
    return None, ""


def _chosen(proposals):
    """Proposals with ``use`` at the best candidate of each patient and sequence, where there is one."""
    candidates, studies = defaultdict(list), defaultdict(lambda: defaultdict(set))
    for number, one in enumerate(proposals):
        if one.sequence and not one.set_aside:
            candidates[one.volume.first.patient_id, one.sequence].append(number)
            studies[one.volume.first.patient_id][one.volume.first.study].add(one.sequence)
    for (patient, _), numbers in candidates.items():
        full = [study for study, found in studies[patient].items() if len(found) == len(SEQUENCES)]
        several = len(studies[patient]) > 1
        for number in numbers:
            one = proposals[number]
            if several and full != [one.volume.first.study]:
                proposals[number] = replace(one, reason=f"{one.reason}; the patient has several studies: choose one")
        if several:
            numbers = [number for number in numbers if full == [proposals[number].volume.first.study]]
        _choose(proposals, numbers)
    return proposals


def _choose(proposals, numbers):
    ranked = sorted(numbers, key=lambda number: _better(proposals[number]), reverse=True)
    best = [number for number in ranked if _better(proposals[number]) == _better(proposals[ranked[0]])]
    if len(best) == 1 and proposals[best[0]].confidence != "low":
        why = "; preferred: confidence, fat saturation, b-value near 800" if len(ranked) > 1 else ""
        proposals[best[0]] = replace(proposals[best[0]], use=True, reason=proposals[best[0]].reason + why)
    for number in ranked if len(ranked) > 1 else ():
        if number not in best or len(best) > 1:
            one = proposals[number]
            proposals[number] = replace(one, reason=f"{one.reason}; one of {len(ranked)} candidates")


def _better(proposal):
    """Of two candidates the better: surer, then fat-saturated (the paper's T1 and T2), then a b-value near 800."""
    head = proposal.volume.first
    fat_saturated = bool({"FS", "SFS", "SPIR", "SPAIR"} & set(head.codes["ScanOptions"])) or "fs" in head.words
    b_value = head.numbers.get("DiffusionBValue")
    near = -abs(b_value - BEST_B_VALUE) if proposal.sequence == MrSequence.DWI and b_value is not None else 0.0
    return (CONFIDENCE.index(proposal.confidence), fat_saturated, near)

"""Which checks apply to a paper's numbers, and which of its values can no check use: any paper."""

import copy
import inspect
from dataclasses import dataclass
from functools import reduce
from operator import getitem

from mvi_core.errors import MviError
from mvi_core.stats.audit.agreement import repeat_check, sum_check
from mvi_core.stats.audit.chance import baseline_check, repetition_check
from mvi_core.stats.audit.confusion import confusion_check
from mvi_core.stats.audit.counts import fraction_check, proportion_check
from mvi_core.stats.audit.feasibility import joint_checks
from mvi_core.stats.audit.follow_up import median_check
from mvi_core.stats.audit.odds import univariable_checks
from mvi_core.stats.audit.printed import read_printed
from mvi_core.stats.audit.regression import formula_check, nomogram_check, row_check
from mvi_core.stats.audit.sample_size import sample_size_check
from mvi_core.stats.audit.two_by_two import formula_fit_check
from mvi_core.stats.audit.verdict import Verdict

CHECKS = {
    "repeats": repeat_check,
    "sums": sum_check,
    "fractions": fraction_check,
    "proportions": proportion_check,
    "confusion": confusion_check,
    "univariable": univariable_checks,
    "multivariable": row_check,
    "formula": formula_check,
    "nomogram": nomogram_check,
    "formula_fit": formula_fit_check,
    "joint": joint_checks,
    "medians": median_check,
    "repetition": repetition_check,
    "baselines": baseline_check,
    "sample_size": sample_size_check,
}
ABOUT = ("title", "citation", "note")  # sections that describe the paper and are not checked
ROWS = {  # of each row: values without which the row says nothing, and printed values that may be missing
    "univariable": ("rows", ("variable", "absent", "present"), ("odds_ratio", "ci_low", "ci_high", "p_value")),
    "multivariable": ("rows", ("variable", "odds_ratio", "ci_low", "ci_high"), ("p_value",)),
    "medians": ("medians", ("group", "months"), ()),
}
PLAIN = ("variable", "group", "absent", "present")  # values of a row that are no printed numbers


@dataclass(frozen=True)
class Audit:
    """All that the checks say about a paper: verdicts in the order of `CHECKS`, and what no check could use."""

    verdicts: tuple
    messages: tuple


def audit_paper(mapping):
    """Every applicable check on the numbers of a paper, as an `Audit`.

    ``mapping`` holds, by section, a dict or a list of dicts of arguments of the section's check (see `CHECKS` and the
    functions that it names); ``data_manifest/audit_example.yaml`` is a worked example. A description that is not a
    mapping of sections is refused; what no check can use is listed.

    Examples
    --------
    >>> audit = audit_paper({"fractions": {"name": "deaths", "k": 64, "n": 321, "percent": "19.9%"}, "colour": "blue"})
    >>> audit.verdicts[0].verdict, len(audit.messages)
    ('reproduced', 1)
    """
    if not isinstance(mapping, dict):
        raise MviError(
            f"a paper is described by sections, got {type(mapping).__name__}. See data_manifest/audit_example.yaml."
        )
    unknown = [name for name in mapping if name not in CHECKS and name not in ABOUT]
    known, verdicts = ", ".join(CHECKS), []
    messages = [f"{name}: not a section of an audit, so it is not used. Known are {known}." for name in unknown]
    for section, check in CHECKS.items():
        entries = mapping.get(section, [])
        for number, entry in enumerate([entries] if isinstance(entries, dict) else entries or [], start=1):
            found, unused = _run(section, f"{section} {number}", check, entry)
            verdicts += found
            messages += unused
    return Audit(tuple(verdicts), tuple(messages))


def plant_value(mapping, path, printed):
    """Copy a paper's numbers with the one at a path of keys and positions replaced, to see which check notices.

    Examples
    --------
    >>> plant_value({"sums": [{"total": 321}]}, ("sums", 0, "total"), 312)
    {'sums': [{'total': 312}]}
    """
    changed = copy.deepcopy(mapping)
    try:
        place = reduce(getitem, path[:-1], changed)
        _ = place[path[-1]]
    except (KeyError, IndexError, TypeError) as problem:
        raise MviError(f"plant_value: no number stands at {' > '.join(map(str, path))}. Check the path.") from problem
    place[path[-1]] = printed
    return changed


def _run(section, where, check, entry):
    """Verdicts of one entry of a section, and the messages about what in it could not be used."""
    if not isinstance(entry, dict):
        return [], [f"{where}: expected named values, got {entry!r}, so it is not used. Write it as name: value."]
    where = f"{where} ({entry['name']})" if "name" in entry else where
    known = inspect.signature(check).parameters
    names = ", ".join(known)
    messages = [f"{where}: {key} is not used by this check. Known are {names}." for key in entry if key not in known]
    entry = {key: value for key, value in entry.items() if key in known}
    missing = [key for key, item in known.items() if item.default is item.empty and entry.get(key) is None]
    if missing:
        left_out = f"{', '.join(missing)} is missing, so the check is left out. Add what the paper prints."
        return [], [*messages, f"{where}: {left_out}"]
    if section in ROWS:
        name, needed, optional = ROWS[section]
        entry[name], unused = _usable_rows(where, entry[name], needed, optional)
        messages += unused
        if not entry[name]:
            return [], [*messages, f"{where}: no usable row is left, so the check is left out. Correct the rows above."]
    try:
        found = check(**entry)
    except (ValueError, TypeError, KeyError, AttributeError, ZeroDivisionError, IndexError) as problem:
        return [], [*messages, f"{where}: cannot be used ({problem}). Correct the value and run the audit again."]
    return [found] if isinstance(found, Verdict) else list(found), messages


def _usable_rows(where, rows, needed, optional):
    """Rows without the values that cannot be read, and one message for each such value or row."""
    usable, messages = [], []
    for number, row in enumerate(rows, start=1):
        place = f"{where}, row {number}"
        if not isinstance(row, dict) or any(row.get(key) is None for key in needed):
            messages.append(f"{place}: a row needs {', '.join(needed)}, got {row!r}. The row is not used.")
            continue
        unreadable = [key for key in (*needed, *optional) if key not in PLAIN and not _readable(row.get(key))]
        place = f"{place} ({row[needed[0]]})"
        messages += [f"{place}, key {key}: {row[key]!r} is no printed number. It is not used." for key in unreadable]
        if not set(unreadable) & set(needed):
            usable.append({key: value for key, value in row.items() if key not in unreadable})
    return usable, messages


def _readable(text):
    try:
        return text is None or read_printed(text) is not None
    except MviError:
        return False

"""Does a paper print the same number wherever it says the same thing, and do its parts add up?"""

import pandas as pd

from mvi_core.stats.audit.printed import read_printed
from mvi_core.stats.audit.verdict import CANNOT, REPRODUCED, Verdict

MISPRINT = ("A digit was misprinted in one place",)


def repeat_check(name, places):
    """Whether a number that is printed in several places is the same in all, to the digits that each prints.

    Parameters
    ----------
    name : str
        What is counted.
    places : dict of str to str
        Printed number by place.

    Returns
    -------
    Verdict
    """
    printed = {place: read_printed(text) for place, text in places.items()}
    evidence = pd.DataFrame([(place, item.text, item.value) for place, item in printed.items()], columns=["place", "printed", "value"])
    agree = max(item.low for item in printed.values()) <= min(item.high for item in printed.values())
    listed = ", ".join(f"{item.text} ({place})" for place, item in printed.items())
    statement = f"The printed numbers imply {'one value' if agree else 'different values'} for {name}: {listed}."
    return Verdict(f"said more than once: {name}", REPRODUCED if agree else CANNOT, statement, evidence, (), () if agree else MISPRINT, "Comparison")


def sum_check(name, parts, total):
    """Whether printed parts add up to their printed total.

    Parameters
    ----------
    name : str
        What is counted.
    parts : dict of str to int
        Printed counts.
    total : int
        Printed total.

    Returns
    -------
    Verdict

    Examples
    --------
    >>> sum_check("patients", {"2015": 149, "2018": 172}, 321).verdict
    'reproduced'
    """
    found = sum(parts.values())
    evidence = pd.DataFrame([*parts.items(), ("sum", found), ("printed total", total)], columns=["part", "count"])
    statement = f"The printed numbers imply {' + '.join(map(str, parts.values()))} = {found} for {name}, printed {total}."
    word = REPRODUCED if found == total else CANNOT
    return Verdict(f"sum: {name}", word, statement, evidence, (), MISPRINT if word == CANNOT else (), "Addition")

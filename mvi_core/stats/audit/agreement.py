"""Does a paper print the same number wherever it says the same thing, and do its parts add up: repeats and sums."""

import pandas as pd

from mvi_core.stats.audit.printed import read_printed
from mvi_core.stats.audit.verdict import CANNOT, REPRODUCED, Verdict

MISPRINT = ("A digit was misprinted in one place",)


def repeat_check(numbers):
    """Whether each number that is printed in several places is the same in all, to the digits that each prints.

    ``numbers`` holds, by what is counted, the printed number by place. Evidence: number, place, printed, agrees.

    Examples
    --------
    >>> repeat_check({"AUC": {"Abstract": "0.82", "Table 2": "0.824"}}).verdict
    'reproduced'
    """
    rows = []
    for name, places in numbers.items():
        printed = {place: read_printed(text) for place, text in places.items()}
        agree = max(item.low for item in printed.values()) <= min(item.high for item in printed.values())
        rows += [(name, place, item.text, agree) for place, item in printed.items()]
    evidence = pd.DataFrame(rows, columns=["number", "place", "printed", "agrees"])
    listed = "; ".join(f"{name} {text} ({place})" for name, place, text, agrees in rows if not agrees)
    what = (
        f"different values in different places: {listed}." if listed else
        f"one value each for all {len(numbers)} numbers that are printed more than once."
    )  # fmt: skip
    word, alternatives = (CANNOT, MISPRINT) if listed else (REPRODUCED, ())
    check, source = "numbers printed more than once", "Comparison of rounding intervals"
    return Verdict(check, word, f"The printed numbers imply {what}", evidence, (), alternatives, source)


def sum_check(name, parts, total):
    """Whether the printed counts ``parts``, by name, add up to their printed ``total``.

    Examples
    --------
    >>> sum_check("patients", {"2015": 149, "2018": 172}, 321).verdict
    'reproduced'
    """
    found, terms = sum(parts.values()), " + ".join(map(str, parts.values()))
    evidence = pd.DataFrame([*parts.items(), ("sum", found), ("printed total", total)], columns=["part", "count"])
    statement = f"The printed numbers imply {terms} = {found} for {name}, printed {total}."
    word, alternatives = (REPRODUCED, ()) if found == total else (CANNOT, MISPRINT)
    return Verdict(f"sum: {name}", word, statement, evidence, (), alternatives, "Addition")

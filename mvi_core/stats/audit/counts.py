"""Which counts can stand behind printed percentages and printed accuracy, precision, recall and F1."""

import numpy as np
import pandas as pd

from mvi_core.errors import MviError
from mvi_core.stats.audit.printed import SLACK, read_printed
from mvi_core.stats.audit.verdict import ASSUMED, CANNOT, REPRODUCED, Verdict

MISPRINT = "A digit was misprinted"
GRIM = "Enumeration of k/n (the GRIM idea: Brown and Heathers 2017, doi:10.1177/1948550616673876)"
SHOWN = 5  # denominators of one unit and convention in the evidence


def denominators(percentages, *, max_n, truncated=False):
    """All denominators up to ``max_n``, ascending, for which every printed percentage is a count out of that many.

    ``truncated``: digits were cut off instead of rounded.

    Examples
    --------
    >>> denominators(["33.3", "66.7"], max_n=9).tolist()
    [3, 6, 9]
    """
    n = np.arange(1, max_n + 1)
    possible = np.ones(len(n), dtype=bool)
    for printed in map(read_printed, percentages):
        low, high = printed.ends(truncated=truncated)
        possible &= np.minimum(np.floor(n * (high + SLACK) / 100), n) >= np.maximum(np.ceil(n * (low - SLACK) / 100), 0)
    return n[possible]


def possible_counts(percentages, *, max_n):
    """How many of the printed percentages each denominator allows, under rounding; arguments as for `denominators`.

    Columns ``n`` (1 to ``max_n``), ``possible`` (percentages that are a count out of ``n``), ``of`` (all of them).

    Examples
    --------
    >>> possible_counts(["33.3", "50.0"], max_n=6)["possible"].tolist()
    [0, 1, 1, 1, 0, 2]
    """
    n = np.arange(1, max_n + 1)
    possible = sum(np.isin(n, denominators([text], max_n=max_n)).astype(int) for text in percentages)
    return pd.DataFrame({"n": n, "possible": possible, "of": len(percentages)})


def proportion_check(name, percentages, *, stated_n=(), max_n=500, units=None):
    """Denominators behind a set of printed percentages, under rounding and truncation, for several units of analysis.

    ``stated_n`` are the numbers of patients that the paper states for this set; ``max_n`` the most patients tried;
    ``units`` how many units of analysis a patient gives, such as ``{"slices": 3}``. Evidence: percentages (all, or one
    of them where no denominator fits all), unit, convention, n_units, n_patients; a row for each denominator, up to
    five for a unit.

    Examples
    --------
    >>> proportion_check("thirds", ["33.3", "66.7"], stated_n=[9], max_n=10).verdict
    'reproduced'
    >>> proportion_check("thirds", ["33.3", "66.7"], stated_n=[10], max_n=10).evidence["n_patients"].unique().tolist()
    [3, 6, 9]
    """
    options = {"max_n": max_n, "units": units or {"patients": 1}}
    evidence = _denominator_rows("all", percentages, stated_n, **options)
    word, statement = _proportion_words(name, evidence, stated_n, max_n)
    if evidence.empty:
        evidence = pd.concat([_denominator_rows(text, [text], stated_n, **options) for text in percentages])
    alternatives = (
        "Several test sets or folds were averaged, so that no single denominator exists",
        MISPRINT,
        "The percentages of the set do not share one test set",
    )
    assumptions = ("All percentages share one denominator",)
    return Verdict(f"proportions: {name}", word, statement, evidence, assumptions, alternatives, GRIM)


def _denominator_rows(label, percentages, stated_n, *, max_n, units):
    rows = []
    for unit, factor in units.items():
        for convention in ("rounded", "truncated"):
            found = denominators(percentages, max_n=max_n * factor, truncated=convention == "truncated")
            found = found[found % factor == 0]
            stated = np.isin(found // factor, np.asarray(stated_n, dtype=int))
            shown = stated | (np.arange(len(found)) < SHOWN)
            rows += [(label, unit, convention, n, n // factor, n // factor in stated_n) for n in found[shown]]
    return pd.DataFrame(rows, columns=["percentages", "unit", "convention", "n_units", "n_patients", "stated"])


def _proportion_words(name, evidence, stated_n, max_n):
    if evidence.empty:
        return CANNOT, (
            f"The printed numbers imply no single denominator: no n up to {max_n} patients gives all percentages of "
            f"{name}, under rounding or truncation."
        )
    if len(stated := evidence[evidence["stated"]]):
        hit = stated.iloc[0]
        word = REPRODUCED if hit["unit"] == "patients" and hit["convention"] == "rounded" else ASSUMED
        return word, (
            f"The printed numbers imply counts out of {hit['n_units']} {hit['unit']} ({hit['convention']}), "
            f"which is the stated number of patients ({hit['n_patients']})."
        )
    first, *rest = evidence.itertuples()
    others = ", ".join(f"{row.n_units} {row.unit}" for row in rest if row.convention == first.convention)
    also = f" (also {others})" if others else ""
    beside = f", not the stated {' or '.join(map(str, stated_n))}" if len(stated_n) else ""
    counts = f"{first.n_units} {first.unit}{also}, {first.convention}{beside}"
    return ASSUMED, f"The printed numbers imply counts out of {counts}."


def fraction_check(name, k, n, percent):
    """Whether a printed percentage is the printed count ``k`` out of the printed total ``n``.

    Examples
    --------
    >>> fraction_check("deaths", 64, 321, "19.9%").statement
    'The printed numbers imply 64/321 = 19.938 % for deaths, as printed.'
    """
    if n < 1:
        raise MviError(f"fraction_check needs a total of 1 or more, got {n}. Correct the total.")
    computed, printed = 100 * k / n, read_printed(percent)
    word, how = CANNOT, f"not {printed.text}"
    if printed.agrees(computed):
        word, how = REPRODUCED, "as printed"
    elif printed.agrees(computed, truncated=True):
        word, how = ASSUMED, "as printed after cutting digits off"
    statement = f"The printed numbers imply {k}/{n} = {computed:.3f} % for {name}, {how}."
    evidence = pd.DataFrame([(k, n, computed, printed.value)], columns=["k", "n", "computed", "printed"])
    alternatives = () if word == REPRODUCED else (MISPRINT,)
    return Verdict(f"fraction: {name}", word, statement, evidence, (), alternatives, "Division")

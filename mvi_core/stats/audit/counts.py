"""Which counts can stand behind printed percentages and printed accuracy, precision, recall and F1."""

import numpy as np
import pandas as pd

from mvi_core.stats.audit.printed import SLACK, read_printed
from mvi_core.stats.audit.verdict import ASSUMED, CANNOT, REPRODUCED, Verdict

UNITS = {"patients": 1}
GRIM = "Enumeration of k/n (the GRIM idea: Brown and Heathers 2017, doi:10.1177/1948550616673876)"
CONFUSION = "Enumeration of confusion matrices (as mlscorecheck: Fazekas and Kovacs 2024, doi:10.1016/j.infsof.2024.107399)"


def denominators(percentages, *, max_n, truncated=False):
    """All denominators for which every printed percentage is a count out of that many.

    Parameters
    ----------
    percentages : sequence of str
        Percentages as printed.
    max_n : int
        Largest denominator tried.
    truncated : bool
        Digits were cut off instead of rounded.

    Returns
    -------
    numpy.ndarray of int
        Ascending.

    Examples
    --------
    >>> denominators(["33.3", "66.7"], max_n=9).tolist()
    [3, 6, 9]
    """
    n = np.arange(1, max_n + 1)
    possible = np.ones(len(n), dtype=bool)
    for printed in map(read_printed, percentages):
        low, high = (printed.value, printed.value + printed.unit - 2 * SLACK) if truncated else (printed.low, printed.high)
        possible &= np.floor(n * (high + SLACK) / 100) >= np.ceil(n * (low - SLACK) / 100)
    return n[possible]


def proportion_check(name, percentages, *, stated_n=(), max_n=500, units=None):
    """Denominators behind a set of printed percentages, under rounding and truncation, for several units of analysis.

    Parameters
    ----------
    name : str
        Where the percentages stand.
    percentages : sequence of str
        All of one set, as printed.
    stated_n : sequence of int
        Numbers of patients that the paper states for this set; empty if none.
    max_n : int
        Largest number of patients tried.
    units : dict of str to int, optional
        Units of analysis and how many a patient gives, such as ``{"slices": 3}``; patients alone by default.

    Returns
    -------
    Verdict
        Evidence: unit, convention, n_units, n_patients; one row for each denominator, up to five for a unit.
    """
    rows = []
    for unit, factor in (units or UNITS).items():
        for convention in ("rounded", "truncated"):
            found = denominators(percentages, max_n=max_n * factor, truncated=convention == "truncated")
            found = found[found % factor == 0]
            rows += [(unit, convention, n, n // factor, n // factor in stated_n) for n in _smallest(found, factor, stated_n)]
    evidence = pd.DataFrame(rows, columns=["unit", "convention", "n_units", "n_patients", "stated"])
    word, statement = _proportion_words(name, evidence, stated_n, max_n)
    alternatives = (
        "Several test sets or folds were averaged, so that no single denominator exists",
        "A digit was misprinted",
        "The percentages of the set do not share one test set",
    )
    return Verdict(f"proportions: {name}", word, statement, evidence, ("All percentages share one denominator",), alternatives, GRIM)


def _smallest(found, factor, stated_n, kept=5):
    stated = found[np.isin(found // factor, np.asarray(stated_n, dtype=int))]
    return np.unique(np.concatenate([found[:kept], stated]))


def _proportion_words(name, evidence, stated_n, max_n):
    if evidence.empty:
        return CANNOT, (
            f"The printed numbers imply no single denominator: no n up to {max_n} patients gives all percentages of {name}, "
            "under rounding or truncation."
        )
    first = evidence.iloc[0]
    stated = evidence[evidence["stated"]]
    if len(stated):
        hit = stated.iloc[0]
        word = REPRODUCED if hit["unit"] == "patients" and hit["convention"] == "rounded" else ASSUMED
        return word, (
            f"The printed numbers imply counts out of {hit['n_units']} {hit['unit']} ({hit['convention']}), "
            f"which is the stated number of patients ({hit['n_patients']})."
        )
    beside = f", not the stated {' or '.join(map(str, stated_n))}" if len(stated_n) else ""
    word = ASSUMED
    return word, (
        f"The printed numbers imply n = {first['n_units']} {first['unit']} or another listed denominator ({first['convention']}){beside}."
    )


def fraction_check(name, k, n, percent):
    """Whether a printed percentage is its printed count out of its printed total.

    Parameters
    ----------
    name : str
        What is counted.
    k, n : int
        Printed count and total.
    percent : str
        Printed percentage.

    Returns
    -------
    Verdict
    """
    computed, printed = 100 * k / n, read_printed(percent)
    word = REPRODUCED if printed.agrees(computed) else ASSUMED if printed.agrees(computed, truncated=True) else CANNOT
    how = {REPRODUCED: "as printed", ASSUMED: "as printed after cutting digits off", CANNOT: f"not {printed.text}"}[word]
    statement = f"The printed numbers imply {k}/{n} = {computed:.3f} % for {name}, {how}."
    evidence = pd.DataFrame([(k, n, computed, printed.value)], columns=["k", "n", "computed", "printed"])
    return Verdict(f"fraction: {name}", word, statement, evidence, (), ("A digit was misprinted",), "Division")


def confusion_tables(accuracy, precision, recall, *, f1=None, max_n=500):
    """All confusion matrices that print the given percentages.

    For each number of true positives the rounding intervals bound the false positives (precision), the false negatives
    (recall) and the true negatives (accuracy); what remains is compared with the F1 score. Nothing is sampled.

    Parameters
    ----------
    accuracy, precision, recall : str
        Percentages as printed.
    f1 : str, optional
        F1 score in percent as printed.
    max_n : int
        Largest number of units tried.

    Returns
    -------
    pandas.DataFrame
        Columns n, tp, fp, fn, tn; sorted by n; empty if nothing fits.

    Examples
    --------
    >>> confusion_tables("68.69", "76.92", "75.76", f1="76.34", max_n=150).to_dict("list")
    {'n': [99], 'tp': [50], 'fp': [15], 'fn': [16], 'tn': [18]}
    """
    share = {key: read_printed(text) for key, text in (("a", accuracy), ("p", precision), ("r", recall))}
    tp = np.arange(1, max_n + 1)
    tp, fp = _expand([tp], *_errors(tp, share["p"]), max_n)
    (tp, fp), fn = _split(_expand([tp, fp], *_errors(tp, share["r"]), max_n))
    low, high = (np.clip(end / 100, 0, 1 - 1e-12) for end in (share["a"].low - SLACK, share["a"].high + SLACK))
    right_low, right_high = (share_ * (tp + fp + fn) / (1 - share_) - tp / (1 - share_) for share_ in (low, high))
    (tp, fp, fn), tn = _split(_expand([tp, fp, fn], right_low, right_high, max_n))
    table = pd.DataFrame({"n": tp + fp + fn + tn, "tp": tp, "fp": fp, "fn": fn, "tn": tn})
    fits = table["n"] <= max_n
    for printed, value in (
        (share["a"], 100 * (table["tp"] + table["tn"]) / table["n"]),
        (f1 and read_printed(f1), 200 * table["tp"] / (2 * table["tp"] + table["fp"] + table["fn"])),
    ):
        fits &= True if printed is None else printed.agrees(value)
    return table[fits].sort_values(["n", "tp"]).reset_index(drop=True)


def _errors(tp, printed):
    low, high = max(printed.low - SLACK, 1e-9) / 100, min((printed.high + SLACK) / 100, 1.0)
    return tp * (1 / high - 1), tp * (1 / low - 1)


def _expand(columns, low, high, max_n):
    first = np.maximum(np.ceil(low - SLACK), 0).astype(int)
    last = np.minimum(np.floor(high + SLACK), max_n - sum(columns)).astype(int)
    repeats = np.maximum(last - first + 1, 0)
    offset = np.arange(repeats.sum()) - np.repeat(np.cumsum(repeats) - repeats, repeats)
    return [*(np.repeat(column, repeats) for column in columns), np.repeat(first, repeats) + offset]


def _split(columns):
    return columns[:-1], columns[-1]


def confusion_check(name, metrics, *, stated_n=None, max_n=500):
    """Confusion matrices behind printed metrics, and whether the stated number of patients is among them.

    Parameters
    ----------
    name : str
        The set that was evaluated.
    metrics : dict of str to str
        ``accuracy``, ``precision``, ``recall`` and, if printed, ``f1``; percentages as printed.
    stated_n : int, optional
        Number of patients that the paper states for the set.
    max_n : int
        Largest number of units tried; raised to the stated number.

    Returns
    -------
    Verdict
        Evidence: all matrices, as `confusion_tables`.
    """
    max_n = max(max_n, stated_n or 0)
    tables = confusion_tables(**metrics, max_n=max_n)
    source, sizes = CONFUSION, sorted(set(tables["n"]))
    if not sizes:
        statement = f"The printed numbers imply no confusion matrix: no n up to {max_n} gives all metrics of {name}."
        return Verdict(f"confusion: {name}", CANNOT, statement, tables, (), ("The metrics were averaged over folds or classes",), source)
    first = tables.iloc[0]
    found = f"TP {first.tp}, FP {first.fp}, FN {first.fn}, TN {first.tn} (n = {first.n})"
    if stated_n in sizes:
        statement = f"The printed numbers imply a matrix out of the stated {stated_n} for {name}."
        return Verdict(f"confusion: {name}", REPRODUCED, statement, tables[tables["n"] == stated_n], (), (), source)
    others = f"; the other n up to {max_n}: {', '.join(map(str, sizes[1:6]))}" if sizes[1:] else f"; no other n up to {max_n}"
    beside = f", not the stated {stated_n}" if stated_n else ""
    statement = f"The printed numbers imply {found} for {name}{beside}{others}."
    assumptions = (f"{name}: the metrics count {first.n} units",)
    alternatives = (
        "Some patients of the set were left out of the evaluation without a word",
        "The units are slices or slice combinations, not patients",
        "The metrics were averaged over folds or classes",
    )
    return Verdict(f"confusion: {name}", CANNOT if stated_n else ASSUMED, statement, tables, assumptions, alternatives, source)

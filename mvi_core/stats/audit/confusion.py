"""Which confusion matrices can stand behind printed accuracy, precision, recall and F1: an enumeration."""

import numpy as np
import pandas as pd

from mvi_core.stats.audit.printed import SLACK, read_printed
from mvi_core.stats.audit.verdict import ASSUMED, CANNOT, REPRODUCED, Verdict

CONFUSION = "Enumeration of confusion matrices (as mlscorecheck: Fazekas and Kovacs, arXiv:2310.12527)"


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
    low, high = max(share["a"].low - SLACK, 0) / 100, (share["a"].high + SLACK) / 100
    least = low * (fp + fn) / (1 - low) - tp if low < 1 else np.full(len(tp), np.inf)
    most = high * (fp + fn) / (1 - high) - tp if high < 1 else np.full(len(tp), max_n)
    (tp, fp, fn), tn = _split(_expand([tp, fp, fn], least, most, max_n))
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
    first = np.clip(np.ceil(low - SLACK), 0, max_n + 1).astype(int)
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
        return Verdict(
            f"confusion: {name}",
            CANNOT,
            statement,
            tables,
            (),
            ("The metrics were averaged over folds or classes",),
            source,
        )
    first = tables.iloc[0]
    found = f"TP {first.tp}, FP {first.fp}, FN {first.fn}, TN {first.tn} (n = {first.n})"
    if stated_n in sizes:
        statement = f"The printed numbers imply a matrix out of the stated {stated_n} for {name}."
        return Verdict(f"confusion: {name}", REPRODUCED, statement, tables[tables["n"] == stated_n], (), (), source)
    others = (
        f"; the other n up to {max_n}: {', '.join(map(str, sizes[1:6]))}"
        if sizes[1:]
        else f"; no other n up to {max_n}"
    )
    beside = f", not the stated {stated_n}" if stated_n else ""
    statement = f"The printed numbers imply {found} for {name}{beside}{others}."
    assumptions = (f"{name}: the metrics count {first.n} units",)
    alternatives = (
        "Some patients of the set were left out of the evaluation without a word",
        "The units are slices or slice combinations, not patients",
        "The metrics were averaged over folds or classes",
    )
    return Verdict(
        f"confusion: {name}", CANNOT if stated_n else ASSUMED, statement, tables, assumptions, alternatives, source
    )

"""Which confusion matrices can stand behind printed accuracy, precision, recall and F1: an enumeration."""

import numpy as np
import pandas as pd

from mvi_core.stats.audit.printed import SLACK, read_printed
from mvi_core.stats.audit.verdict import ASSUMED, CANNOT, REPRODUCED, Verdict

CONFUSION = "Enumeration of confusion matrices (as mlscorecheck: Fazekas and Kovacs, arXiv:2310.12527)"
AVERAGED = "The metrics were averaged over folds or classes"


def confusion_tables(accuracy, precision, recall, *, f1=None, max_n=500):
    """All confusion matrices of at most ``max_n`` units that print the given percentages: columns n, tp, fp, fn, tn.

    For each number of true positives the rounding intervals bound the false positives (precision), the false negatives
    (recall) and the true negatives (accuracy); what remains is compared with the F1 score. Nothing is sampled. Sorted
    by n; empty if nothing fits.

    Examples
    --------
    >>> confusion_tables("68.69", "76.92", "75.76", f1="76.34", max_n=150).to_dict("list")
    {'n': [99], 'tp': [50], 'fp': [15], 'fn': [16], 'tn': [18]}
    """
    right = read_printed(accuracy)
    tp = np.arange(max_n + 1)
    tp, fp = _expand([tp], *_errors(tp, read_printed(precision), fewest=0), max_n)
    tp, fp, fn = _expand([tp, fp], *_errors(tp, read_printed(recall), fewest=1), max_n)
    low, high = max(right.low - SLACK, 0) / 100, (right.high + SLACK) / 100
    least = low * (fp + fn) / (1 - low) - tp if low < 1 else np.full(len(tp), np.inf)
    most = high * (fp + fn) / (1 - high) - tp if high < 1 else np.full(len(tp), max_n)
    tp, fp, fn, tn = _expand([tp, fp, fn], least, most, max_n)
    table = pd.DataFrame({"n": tp + fp + fn + tn, "tp": tp, "fp": fp, "fn": fn, "tn": tn})
    fits = (table["n"] <= max_n) & right.agrees(100 * (tp + tn) / table["n"])
    if f1 is not None:
        fits &= read_printed(f1).agrees(200 * table["tp"] / (2 * table["tp"] + table["fp"] + table["fn"]))
    return table[fits].sort_values(["n", "tp"]).reset_index(drop=True)


def _errors(tp, printed, *, fewest):
    """Least and most errors beside true positives that leave the printed percentage: 0 % where there are none."""
    low, high = max(printed.low - SLACK, 1e-9) / 100, min((printed.high + SLACK) / 100, 1.0)
    of_none = (fewest, np.inf) if printed.meets(0, 0) else (np.inf, -1)
    return tuple(np.where(tp > 0, tp * (1 / end - 1), none) for end, none in zip((high, low), of_none, strict=True))


def _expand(columns, low, high, max_n):
    """Rows repeated for every whole number from low to high, which becomes one more column."""
    first = np.clip(np.ceil(low - SLACK), 0, max_n + 1).astype(int)
    last = np.minimum(np.floor(high + SLACK), max_n - sum(columns)).astype(int)
    repeats = np.maximum(last - first + 1, 0)
    offset = np.arange(repeats.sum()) - np.repeat(np.cumsum(repeats) - repeats, repeats)
    return [*(np.repeat(column, repeats) for column in columns), np.repeat(first, repeats) + offset]


def confusion_check(name, metrics, *, stated_n=None, max_n=500):
    """Confusion matrices behind printed metrics, and whether the stated number of patients is among them.

    ``metrics`` are ``accuracy``, ``precision``, ``recall`` and, if printed, ``f1``, in percent as printed; ``stated_n``
    the patients that the paper states; ``max_n`` the most units tried, raised to that. Evidence: as `confusion_tables`.

    Examples
    --------
    Recall 50 / 66, precision 50 / 65, accuracy 68 / 99.

    >>> metrics = {"accuracy": "68.69", "precision": "76.92", "recall": "75.76"}
    >>> confusion_check("test set", metrics, stated_n=99).evidence.to_dict("list")
    {'n': [99], 'tp': [50], 'fp': [15], 'fn': [16], 'tn': [18]}
    """
    check, max_n = f"confusion: {name}", max(max_n, stated_n or 0)
    tables = confusion_tables(**metrics, max_n=max_n)
    sizes = sorted(set(tables["n"]))
    if not sizes:
        statement = f"The printed numbers imply no confusion matrix: no n up to {max_n} gives all metrics of {name}."
        return Verdict(check, CANNOT, statement, tables, (), (AVERAGED,), CONFUSION)
    if stated_n in sizes:
        statement = f"The printed numbers imply a matrix out of the stated {stated_n} for {name}."
        return Verdict(check, REPRODUCED, statement, tables[tables["n"] == stated_n], (), (), CONFUSION)
    first, others = tables.iloc[0], ", ".join(map(str, sizes[1:6]))
    found = f"TP {first.tp}, FP {first.fp}, FN {first.fn}, TN {first.tn} (n = {first.n})"
    beside = f", not the stated {stated_n}" if stated_n else ""
    also = f"; the other n up to {max_n}: {others}" if others else f"; no other n up to {max_n}"
    statement = f"The printed numbers imply {found} for {name}{beside}{also}."
    assumptions = (f"{name}: the metrics count {first.n} units",)
    alternatives = (
        "Some patients of the set were left out of the evaluation without a word",
        "The units are slices or slice combinations, not patients",
        AVERAGED,
    )
    word = CANNOT if stated_n else ASSUMED
    return Verdict(check, word, statement, tables, assumptions, alternatives, CONFUSION)

"""What does the paper print, and does a number of ours agree with it to every digit."""

import re
from functools import lru_cache

import numpy as np
import pandas as pd

from mvi_core.cohort.predictors import find_predictor
from mvi_core.errors import ManifestError
from mvi_core.names import DL_MVI
from mvi_core.study import load_study


@lru_cache
def paper_values():
    """Every number the paper prints, as a table by id: printed text, value, unit, place, meaning."""
    path = load_study().root / "data_manifest" / "paper_values.csv"
    return pd.read_csv(path, dtype={"printed": str}, keep_default_na=False, na_values=[""]).set_index("id")


def paper_value(key):
    """One number of the paper, as printed, by its id; a `ManifestError` if the paper prints no such number."""
    table = paper_values()
    if key not in table.index:
        raise ManifestError(f"paper_values.csv has no id '{key}'. Look the id up in data_manifest/paper_values.csv.")
    return table.loc[key, "printed"]


def term_label(name):
    """Name in print of a predictor of Table 1, ``"mvi_present"``, ``"dl_mvi"`` or ``"size_cm"``."""
    named = {DL_MVI: "DL-MVI", "mvi_present": "MVI", "size_cm": "Tumour size (per cm)"}
    return named.get(name) or find_predictor(name).label


def term_levels(name):
    """Say what 0 and 1 of a model term mean, in print; nothing for a measurement."""
    if name == "size_cm":
        return ()
    return ("absent", "present") if name == DL_MVI else (find_predictor(name).reference, find_predictor(name).level)


def beside_paper(table, place):
    """Put the printed odds ratio, interval and p beside each row of a table of effects.

    Parameters
    ----------
    table : pandas.DataFrame
        Columns ``variable``, ``odds_ratio``, ``ci_low``, ``ci_high``, ``p_value``; one row a predictor.
    place : {"table1", "table3"}

    Returns
    -------
    pandas.DataFrame
        With ``label``; ``paper`` and ``paper_p`` as printed (empty where the paper has no such row); the numbers
        ``printed_odds_ratio``, ``printed_ci_low``, ``printed_ci_high``; and ``n_agree``: how many of the four are equal
        to every printed digit.
    """
    texts = _printed(table["variable"], place)
    beside = table.assign(label=[term_label(name) for name in table["variable"]], n_agree=0)
    for column, words in texts.items():
        beside["n_agree"] += [agrees(*pair) for pair in zip(table[column], words, strict=True)]
        if column != "p_value":
            beside[f"printed_{column}"] = pd.to_numeric(pd.Series(words, index=table.index))
    effects = zip(texts["odds_ratio"], texts["ci_low"], texts["ci_high"], strict=True)
    beside["paper"] = ["" if value is None else f"{value} ({low}\N{EN DASH}{high})" for value, low, high in effects]
    return beside.assign(paper_p=[text or "" for text in texts["p_value"]])


def printed_effects(names, place):
    """Read printed odds ratios as numbers: ``variable, odds_ratio, ci_low, ci_high``, those that are printed.

    ``names`` are predictors; ``place`` is ``"table1"`` or ``"table3"``.
    """
    texts = {name: texts for name, texts in _printed(names, place).items() if name != "p_value"}
    return pd.DataFrame({"variable": list(names), **texts}).dropna().astype(dict.fromkeys(texts, float))


def _printed(names, place):
    """Find printed odds ratio, interval ends and p value of each predictor as text, None where the paper has none."""
    printed = paper_values()["printed"]
    keys = [re.sub(r"_(gt_\w+|female|3_4)$", "", name) for name in names]
    suffixes = {"odds_ratio": "or", "ci_low": "ci_low", "ci_high": "ci_high", "p_value": "p"}
    return {column: [printed.get(f"{place}_{key}_{suffix}") for key in keys] for column, suffix in suffixes.items()}


def agrees(value, printed):
    """Whether a number rounds to a printed one, to every printed digit; with ``%`` the number is a percentage.

    Examples
    --------
    >>> agrees(0.2096, "0.21"), agrees(0.2049, "0.21"), agrees(0.0004, "< 0.001"), agrees(float("inf"), "not reached")
    (True, False, True, True)
    """
    if printed is None or pd.isna(printed) or pd.isna(value):
        return False
    text = printed.replace("%", "").replace("\N{MINUS SIGN} ", "-").replace("\N{MINUS SIGN}", "-").strip()
    if text == "not reached":
        return bool(np.isposinf(value))
    if text.startswith("<"):
        return bool(value < float(text[1:]))
    decimals = len(text.partition(".")[2])
    return bool(abs(value - float(text)) <= 0.5 * 10**-decimals + 1e-9)

"""What does a misread column do to an odds ratio: the right and the mistaken table side by side."""

import numpy as np
import pandas as pd

from mvi_core.errors import MviError
from mvi_core.stats.tables import univariable_table

COLUMNS = ("odds_ratio", "ci_low", "ci_high", "fewest")


def beside_misread(readings):
    """Odds ratios of each reading as it is and as misread.

    Parameters
    ----------
    readings : iterable
        With ``source, trap, wrong, variable`` and the tables ``right`` and ``mistaken`` (``value`` 0, 1 or missing;
        ``mvi`` 0 or 1).

    Returns
    -------
    pandas.DataFrame
        ``source, trap, wrong, variable``; ``n, odds_ratio, ci_low, ci_high``, ``fewest`` (the smallest of its four
        cells above 0) and, of the mistaken table, the same with ``wrong_`` before; ``why`` says why a mistaken table
        has no odds ratio.

    Examples
    --------
    >>> from types import SimpleNamespace
    >>> right = pd.DataFrame({"value": [0, 0, 0, 1, 1, 1], "mvi": [0, 0, 1, 0, 1, 1]})
    >>> words = {"source": "S", "trap": "t", "wrong": "w", "variable": "v"}
    >>> one = SimpleNamespace(**words, right=right, mistaken=right[right["mvi"] == 1])
    >>> beside_misread([one])[["odds_ratio", "wrong_odds_ratio", "n", "wrong_n"]].values.tolist()
    [[4.0, nan, 6.0, 3.0]]
    """
    rows = []
    for reading in readings:
        told = {name: getattr(reading, name) for name in ("source", "trap", "wrong", "variable")}
        right, wrong = _effect(reading.right), _effect(reading.mistaken)
        mistaken = {f"wrong_{name}": value for name, value in wrong.items() if name != "why"}
        rows.append(told | {name: right[name] for name in ("n", *COLUMNS)} | mistaken | {"why": wrong["why"]})
    return pd.DataFrame(rows)


def _effect(table):
    known = table.dropna()
    if known["value"].nunique() < 2:
        return {"n": len(known)} | dict.fromkeys(COLUMNS, np.nan) | {"why": "all patients fall on one side"}
    try:
        table = univariable_table(known[["value"]], known["mvi"])
        cells = table[["absent", "present"]]
        row = table.iloc[1].to_dict() | {"fewest": cells[cells > 0].min(axis=None)}
    except MviError as problem:
        reason = "nobody without MVI is left" if known["mvi"].all() else str(problem).split(". ")[0]
        return {"n": len(known)} | dict.fromkeys(COLUMNS, np.nan) | {"why": reason}
    return {"n": len(known)} | {name: row[name] for name in COLUMNS} | {"why": ""}

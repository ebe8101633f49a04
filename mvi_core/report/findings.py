"""What does a figure show: its finding in words and numbers, for those who cannot see it."""

from mvi_core.report.words import MEASURES, interval_column

EFFECT = ("odds_ratio", "ci_low", "ci_high")


def rows_told(frame, label, **form):
    """Rows of a table in one line; ``label`` is a column, or several to be joined, ``**form`` as of `interval_column`.

    Examples
    --------
    >>> import pandas as pd
    >>> table = pd.DataFrame({"year": ["2015", "2018"], "value": [0.8, 0.6], "ci_low": [0.7, None], "ci_high": 0.9})
    >>> rows_told(table, "year")
    '2015 0.80 (0.70–0.90), 2018 0.60'
    """
    names = frame[label] if isinstance(label, str) else frame[list(label)].agg(" ".join, axis=1)
    names = [" ".join(MEASURES.get(name, name).split()) for name in names]
    form = {"columns": ("value", "ci_low", "ci_high"), **form}
    texts = zip(names, interval_column(frame, **form), strict=True)
    return ", ".join(map(" ".join, texts)) or "none"


def pairs_told(pairs):
    """Names with what belongs to each, in one line, of a mapping or a pandas.Series.

    Examples
    --------
    >>> pairs_told({"M0": "3 of 20", ("paper", "in full"): 7})
    'M0 3 of 20, paper in full 7'
    """
    named = [(name if isinstance(name, str) else " ".join(map(str, name)), value) for name, value in pairs.items()]
    return ", ".join(f"{name} {value}" for name, value in named) or "none"


def ends_told(frame, label, **form):
    """Rows with the lowest and the highest value, as `rows_told` says them; rows without a value do not count.

    Examples
    --------
    >>> import pandas as pd
    >>> table = pd.DataFrame({"set": ["T1", "T2", "DWI"], "value": [0.8, 0.6, 0.7], "ci_low": 0.5, "ci_high": 0.9})
    >>> ends_told(table, "set")
    'T2 0.60 (0.50–0.90) lowest, T1 0.80 (0.50–0.90) highest'
    """
    value = form.get("columns", ("value",))[0]
    ordered = frame.dropna(subset=[value]).sort_values(value)
    if ordered.empty:
        return "none"
    low, high = (rows_told(part, label, **form) for part in (ordered[:1], ordered[-1:]))
    return f"{low} lowest, {high} highest"


def forest_told(table, label="label", columns=EFFECT):
    """How many intervals of a forest plot stay clear of 1, and its smallest and largest effect.

    Examples
    --------
    >>> import pandas as pd
    >>> table = pd.DataFrame({"label": ["AFP", "ALT"], "odds_ratio": [3.4, 1.1], "ci_low": [2.1, 0.8], "ci_high": 5.0})
    >>> forest_told(table)
    '1 of 2 intervals stay clear of 1; ALT 1.10 (0.80–5.00) lowest, AFP 3.40 (2.10–5.00) highest'
    """
    _, low, high = columns
    clear = int(((table[low] > 1) | (table[high] < 1)).sum())
    return f"{clear} of {len(table)} intervals stay clear of 1; {ends_told(table, label, columns=columns)}"

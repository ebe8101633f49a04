"""How many patients were left out at each step, and how many values are missing or were changed."""

import pandas as pd

from mvi_core.names import PATIENT_ID

FLOW_COLUMNS = ("step", "n_excluded", "n_left", "reason")
QUALITY_COLUMNS = ("column", "rule", "n_rows", "n_converted", "n_set_missing")


def exclusion_flow(rows, steps, *, start):
    """Rows that pass every step, and the count of each step.

    Parameters
    ----------
    rows : pandas.DataFrame
        One row a patient.
    steps : iterable of tuple (str, pandas.Series of bool, str)
        What the step removes, True for these rows, and why. A row counts at the first step that removes it.
    start : str
        What all rows are, for the first line.

    Returns
    -------
    kept, flow : pandas.DataFrame
        The flow has columns ``step``, ``n_excluded``, ``n_left``, ``reason``.

    Examples
    --------
    >>> rows = pd.DataFrame({"age": [40, 50, 60]})
    >>> kept, flow = exclusion_flow(rows, [("too old", rows["age"] > 55, "study of the young")], start="all")
    >>> flow[["n_excluded", "n_left"]].values.tolist()
    [[0, 3], [1, 2]]
    """
    lines = [(start, 0, len(rows), "")]
    kept = rows
    for step, removed, reason in steps:
        left = kept[~removed.loc[kept.index]]
        lines.append((step, len(kept) - len(left), len(left), reason))
        kept = left
    return kept, pd.DataFrame(lines, columns=FLOW_COLUMNS)


def quality_table(lines=()):
    """Rules that met, changed or removed values, with their counts; a rule that met no row is left out.

    Parameters
    ----------
    lines : iterable of tuple (str, str, pandas.Series of bool, str)
        Column, rule in words, rows that it concerns, and what it did to them: kept, converted or removed.

    Returns
    -------
    pandas.DataFrame
        Columns ``column``, ``rule``, ``n_rows``, ``n_converted``, ``n_set_missing``.

    Examples
    --------
    >>> quality_table([("inr", "an INR above 3", pd.Series([True, False]), "removed")]).to_numpy().tolist()
    [['inr', 'an INR above 3', 1, 0, 1]]
    """
    table = []
    for column, rule, rows, action in lines:
        if n := int(rows.sum()):
            table.append((column, rule, n, n * (action == "converted"), n * (action == "removed")))
    return pd.DataFrame(table, columns=QUALITY_COLUMNS)


def missing_table(patients):
    """Missing values of each column of the patient table but the identifier: ``column``, ``n_missing``, ``n``."""
    counts = patients.drop(columns=PATIENT_ID).isna().sum()
    return pd.DataFrame({"column": counts.index, "n_missing": counts.to_numpy(), "n": len(patients)})

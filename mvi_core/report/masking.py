"""Which counts of people are too small to print: masked, with a second one where subtraction would give them back."""

import pandas as pd

from mvi_core.names import CohortKind

SMALLEST_COUNT = 5  # patients; Hundepool et al., Statistical Disclosure Control, 2012, doi:10.1002/9781118348239
PEOPLE = (CohortKind.REAL, CohortKind.OWN)
MASKED = "masked"
MASKED_NOTE = f"Masked: a count of 1 to {SMALLEST_COUNT - 1} patients, or one that would give such a count away."


def masked_counts(counts, *, kind, groups=None, total=None):
    """Hide counts of 1 to 4 people, and beside a single one the next smallest, which would give it back.

    Parameters
    ----------
    counts : pandas.DataFrame of int, shape (n_rows, n_columns)
        Each cell counts patients of one level (row) and one outcome (column).
    kind : str
        Kind of the cohort; of reconstructed and phantom patients, who are nobody, everything is shown.
    groups : array-like, shape (n_rows,), optional
        Rows of one variable, whose sums a reader knows; all rows are one group by default.
    total : str, optional
        Column that holds the sum of a row's other columns; hidden where one of them is.

    Returns
    -------
    pandas.DataFrame
        The same shape: int where shown, else ``"masked"``, in words in ``MASKED_NOTE``. Zero is shown: it is nobody's.

    Notes
    -----
    An odds ratio beside masked counts still narrows them down; it is shown, because it is what the table is for.

    Examples
    --------
    >>> table = pd.DataFrame({"n": [23, 80, 9], "absent": [3, 50, 9], "present": [20, 30, 0]})
    >>> masked_counts(table, kind="own", groups=["a", "a", "b"], total="n").values.tolist()
    [['masked', 'masked', 20], ['masked', 'masked', 30], [9, 9, 0]]
    """
    if kind not in PEOPLE:
        return counts.astype(object)
    plain = counts.reset_index(drop=True)
    rows = pd.Series(0 if groups is None else list(groups), index=plain.index)
    parts = plain.drop(columns=[total] if total else [])
    hidden = parts.apply(lambda column: column.groupby(rows, sort=False, group_keys=False).apply(_hidden))
    if total:
        hidden[total] = hidden.any(axis=1) | plain[total].between(1, SMALLEST_COUNT - 1)
    return plain.astype(object).mask(hidden[list(plain)], MASKED).set_axis(counts.index)


def _hidden(column):
    """Which counts of one variable and outcome to hide, True for these."""
    few = column.between(1, SMALLEST_COUNT - 1)
    n, sum_ = few.sum(), column[few].sum()
    others = column[~few].sort_values(kind="stable")
    if n and len(others) and (n == 1 or sum_ in (n, n * (SMALLEST_COUNT - 1))):  # their sum would say which they are
        spare = others[others > 0] if (others > 0).any() else others
        few[spare.index[0]] = True
    return few

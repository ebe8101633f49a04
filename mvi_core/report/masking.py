"""Which counts of people are too small to print: masked, with a second one where subtraction would give them back."""

import numpy as np
import pandas as pd

from mvi_core.errors import MviError
from mvi_core.names import DL_MVI, CohortKind
from mvi_core.stats.tables import MISSING

SMALLEST_COUNT = 5  # patients; Hundepool et al., Statistical Disclosure Control, 2012, doi:10.1002/9781118348239
PEOPLE = (CohortKind.REAL, CohortKind.OWN)
MASKED = "masked"
FEW = f"< {SMALLEST_COUNT}"  # said of numbers at risk, whose neighbours do not give them back
MASKED_NOTE = (
    f"Masked: a count of 1 to {SMALLEST_COUNT - 1} patients, and the counts, odds ratio and p value that would give it "
    "back."
)
GIVEN_BACK = (
    f"hold a count of 1 to {SMALLEST_COUNT - 1} patients, which the chapter's shares and odds ratios would give back."
)
EFFECTS = ["odds_ratio", "ci_low", "ci_high", "p_value"]


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
    Enough for counts that stand alone. Beside odds ratios, AUCs or known sums use `masked_effects`, `masked_subgroups`.

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


def masked_effects(table, *, kind):
    """Table of `univariable_table` or `continuous_row` in which no small count of people stands or can be worked out.

    Patients of each level, patients with a value and patients with MVI are known from other pages, so that the counts
    of a variable's levels have few degrees of freedom left, and an odds ratio or p value would fix the last. Where one
    count of a variable by MVI is 1 to 4, all its counts by MVI and all its effects are therefore hidden: counts say
    ``"masked"``, effects and quartiles are missing. A level's own number is hidden, with its neighbours', where it is
    1 to 4.

    Parameters
    ----------
    table : pandas.DataFrame
        ``variable, level, n, absent, present, odds_ratio, ci_low, ci_high, p_value``, and any other numbers that
        describe the two groups.
    kind : str
        Kind of the cohort, as in `masked_counts`.

    Returns
    -------
    pandas.DataFrame
        The same shape and ``attrs``.

    Notes
    -----
    Small counts of *missing* values by MVI are masked, but hide nothing else: how many values are missing is no
    attribute of a patient, and the quality of a source is told elsewhere with its counts.

    Examples
    --------
    >>> counts = {"n": [18, 241], "absent": [14, 168], "present": [4, 73]}
    >>> table = pd.DataFrame({"variable": "plt", "level": ["low", "high"]} | counts | {
    ...     "odds_ratio": [1, 1.52], "ci_low": [None, 0.48], "ci_high": [None, 4.78], "p_value": [None, 0.47]})
    >>> masked_effects(table, kind="own")[["n", "absent", "present", "odds_ratio"]].values.tolist()
    [[18, 'masked', 'masked', 1.0], [241, 'masked', 'masked', nan]]
    """
    shown, by_mvi = table.copy(), ["absent", "present"]
    shown[["n", *by_mvi]] = shown[["n", *by_mvi]].astype(object)
    if kind not in PEOPLE:
        return shown
    level, name = table["level"] != MISSING, table["variable"]
    small = table[by_mvi].apply(_few).any(axis=1)
    hidden = level & (level & small).groupby(name).transform("any")
    reference = table["odds_ratio"].eq(1) & table["ci_low"].isna()
    others = [column for column in table.columns[5:] if column != "n_missing"]
    shown.loc[hidden, others] = np.nan
    shown.loc[hidden & reference, "odds_ratio"] = 1.0
    shown.loc[hidden | small, by_mvi] = MASKED
    shown.loc[level & (level & _few(table["n"])).groupby(name).transform("any"), "n"] = MASKED
    return shown


def masked_subgroups(rows, *, kind):
    """Rows of `subgroup_table`, several predictors' together, in which no small count of people can be worked out.

    All patients are known, so that one subgroup gives the other of its variable back: where patients with or without
    MVI, or the smallest cell of predictor and MVI in it (``fewest``, which is dropped), number 1 to 4, all subgroups of
    the variable lose ``present`` and their results. ``rows`` have a column ``predictor``.
    """
    shown, name = rows.drop(columns="fewest"), rows["predictor"] + rows["variable"]
    shown[["n", "present"]] = shown[["n", "present"]].astype(object)
    if kind not in PEOPLE:
        return shown
    small = _few(rows["present"]) | _few(rows["n"] - rows["present"]) | _few(rows["fewest"])
    hidden = small.groupby(name).transform("any")
    shown.loc[hidden, ["auc", "auc_low", "auc_high", "odds_ratio", "ci_low", "ci_high", "p_interaction"]] = np.nan
    shown.loc[hidden, "present"] = MASKED
    shown.loc[_few(rows["n"]).groupby(name).transform("any"), "n"] = MASKED
    shown.loc[hidden, "method"] = f"{MASKED}: a count of 1 to {SMALLEST_COUNT - 1} patients in this or its neighbour"
    return shown


def masked_events(summary, *, kind):
    """Rows of `panel_summary` with the events of a panel's groups hidden, in the legends too, where one gives few."""
    shown = summary.assign(events=summary["events"].astype(object))
    if kind not in PEOPLE:
        return shown
    small = _few(summary["events"]) | _few(summary["n"] - summary["events"])
    small &= summary["group_by"] != "all"  # the events of everybody cross nothing
    hidden = small.groupby([summary["endpoint"], summary["group_by"]]).transform("any")
    shown.loc[hidden, "events"] = MASKED
    labels = [label.replace(f": {events} of ", ": ") for label, events in summary[["label", "events"]].to_numpy()]
    shown["label"] = summary["label"].where(~hidden, labels)
    return shown


def masked_at_risk(table, *, kind):
    """Numbers at risk of 1 to 4 people as ``"< 5"``, and no share free of the event where fewer than 5 are at risk."""
    shown = table.assign(at_risk=table["at_risk"].astype(object))
    if kind not in PEOPLE:
        return shown
    shares = table.columns.intersection(["survival", "ci_low", "ci_high"])
    shown.loc[table["at_risk"] < SMALLEST_COUNT, shares] = np.nan
    shown.loc[_few(table["at_risk"]), "at_risk"] = FEW
    return shown


def masked_readings(table, *, kind):
    """Rows of `beside_misread` without the effect of a reading one of whose four cells holds 1 to 4 people.

    The cells, ``fewest`` and ``wrong_fewest``, are dropped.
    """
    shown = table.drop(columns=["fewest", "wrong_fewest"])
    for before in ("", "wrong_") if kind in PEOPLE else ():
        shown.loc[_few(table[f"{before}fewest"]), [f"{before}{name}" for name in EFFECTS[:3]]] = np.nan
    return shown


def holds_few(*columns, kind):
    """Whether one of some columns of counts holds 1 to 4 people."""
    return kind in PEOPLE and any(_few(counts).any() for counts in columns)


def refuse_few(*columns, kind, what):
    """Refuse a chapter whose shares and odds ratios would give back a count of 1 to 4 people; ``what``: of whom."""
    if holds_few(*columns, kind=kind):
        raise MviError(f"{what} {GIVEN_BACK}")


def few_by_mvi(predictors, present, *, kind):
    """List the yes/no variables with a value of which 1 to 4 people have MVI, or have none.

    ``predictors`` (patients, variables) and ``present`` share their index. What a network says of a patient is no
    attribute by which anybody knows that patient, and does not count.
    """
    tables = {name: pd.crosstab(predictors[name], present) for name in predictors.columns.difference([DL_MVI])}
    return [
        name
        for name, cells in tables.items()
        if len(cells) == 2 and holds_few(*(cells[column] for column in cells), kind=kind)
    ]


def refuse_few_by_mvi(predictors, present, *, kind):
    """Refuse a chapter whose models would give back a count of a variable of `few_by_mvi`."""
    if few_by_mvi(predictors, present, kind=kind):
        raise MviError(f"The groups of a variable with and without MVI {GIVEN_BACK}")


def _few(counts):
    return counts.between(1, SMALLEST_COUNT - 1)


def _hidden(column):
    """Which counts of one variable and outcome to hide, True for these."""
    few = _few(column)
    n, sum_ = few.sum(), column[few].sum()
    others = column[~few].sort_values(kind="stable")
    if n and len(others) and (n == 1 or sum_ in (n, n * (SMALLEST_COUNT - 1))):  # their sum would say which they are
        spare = others[others > 0] if (others > 0).any() else others
        few[spare.index[0]] = True
    return few

"""How many false negatives and false positives may a hidden predictor have, given its printed regression: a region."""

import numpy as np
import pandas as pd

from mvi_core.stats.audit.polytope import feasible_ranges, hidden_model
from mvi_core.stats.audit.printed import read_printed

COLUMNS = ["false_negatives", "false_positives_low", "false_positives_high"]


def error_region(rows, known, group_sizes, *, intercept):
    """Bound the false positives that a printed regression allows at each number of false negatives.

    Parameters
    ----------
    rows : sequence of dict
        The multivariable table: ``variable``, ``odds_ratio``, ``ci_low``, ``ci_high`` as printed; hidden variable last.
    known : dict of str to sequence of int
        For every other variable: patients with it, without and with the outcome.
    group_sizes : sequence of int, length 2
        Patients without and with the outcome.
    intercept : str
        Intercept of the regression as printed.

    Returns
    -------
    pandas.DataFrame
        Columns ``false_negatives``, ``false_positives_low``, ``false_positives_high``; a number of false negatives
        that no counts allow has no row.

    Notes
    -----
    Linear programs over all counts (see `feasible_ranges`): every cohort behind the print lies inside; a point inside
    need not belong to one.
    """
    model, printed = hidden_model(rows, known, group_sizes), read_printed(intercept)
    hidden = model.patterns[:, -1] == 1
    missed, alarms = [0 * hidden, ~hidden], [hidden, 0 * hidden]
    ends = (printed.low, printed.high)
    found = feasible_ranges(model, {"missed": missed}, intercept=ends)
    if not found.ranges:
        return pd.DataFrame([], columns=COLUMNS)
    low, high = _whole(*found.ranges["missed"])
    region = []
    for number in range(low, high + 1):
        fixed = [(missed, number)]
        at_number = feasible_ranges(model, {"alarms": alarms}, intercept=ends, fixed=fixed, slopes=found.slopes)
        if at_number.ranges:
            region.append((number, *_whole(*at_number.ranges["alarms"])))
    return pd.DataFrame(region, columns=COLUMNS)


def _whole(low, high):
    """Whole numbers inside a range, solver noise allowed for."""
    return int(np.ceil(max(low, 0) - 1e-6)), int(np.floor(high + 1e-6))

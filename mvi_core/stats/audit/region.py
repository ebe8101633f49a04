"""How many false negatives and false positives may a hidden predictor have, given its printed regression: a region."""

import pandas as pd

from mvi_core.stats.audit.polytope import feasible_ranges, hidden_model, whole_range
from mvi_core.stats.audit.printed import read_printed


def error_region(rows, known, group_sizes, *, intercept):
    """Bound the false positives that a printed regression allows at each number of false negatives.

    Linear programs over all counts (see `polytope.feasible_ranges`): every cohort behind the print lies inside; a point
    inside need not belong to one. ``rows``, ``known``, ``group_sizes`` as for `polytope.hidden_model`, ``intercept`` as
    printed. Columns ``false_negatives``, ``false_positives_low``, ``false_positives_high``; a number of false negatives
    that no counts allow has no row.

    Examples
    --------
    Ten of 40 patients have a positive scan without the outcome and 30 of 40 with it; the odds ratio is 3 * 3 = 9.

    >>> scan = {"variable": "scan", "odds_ratio": "9.00", "ci_low": "3.27", "ci_high": "24.76"}
    >>> error_region([scan], {}, (40, 40), intercept="-1.10").to_numpy().tolist()
    [[10, 10, 10]]
    """
    model, printed = hidden_model(rows, known, group_sizes), read_printed(intercept)
    hidden = model.patterns[:, -1] == 1
    missed, alarms = [0 * hidden, ~hidden], [hidden, 0 * hidden]
    ends = (printed.low, printed.high)
    found = feasible_ranges(model, {"missed": missed}, intercept=ends)
    low, high = whole_range(*found.ranges["missed"]) if found.ranges else (0, -1)
    region = []
    for number in range(low, high + 1):
        fixed = [(missed, number)]
        at_number = feasible_ranges(model, {"alarms": alarms}, intercept=ends, fixed=fixed, slopes=found.slopes)
        if at_number.ranges:
            region.append((number, *whole_range(*at_number.ranges["alarms"])))
    return pd.DataFrame(region, columns=["false_negatives", "false_positives_low", "false_positives_high"])

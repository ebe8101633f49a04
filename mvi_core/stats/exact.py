"""How probable is this table of counts by chance alone: an exact test that gives the same answer each time."""

import numpy as np
from scipy.special import gammaln

from mvi_core.checks import expect_shape
from mvi_core.errors import MviError

LARGEST_ENUMERATION = 2_000_000  # tables held at a time


def fisher_exact(counts):
    """Fisher's exact p value of a table of any size, by adding up all tables with its margins.

    Two-sided: total probability of the tables no more probable than the observed one, as R's ``fisher.test``.
    ``scipy.stats.fisher_exact`` simulates beyond 2 x 2 and gives another p at each call.

    Examples
    --------
    >>> round(fisher_exact([[73, 23], [15, 11], [42, 25]]), 6)
    0.078888
    """
    counts = expect_shape("counts", np.asarray(counts), ("rows", "columns"))
    if not ((counts >= 0) & (counts % 1 == 0)).all():
        raise MviError("fisher_exact needs whole numbers from 0, got others. Pass counts of patients.")
    counts = counts.astype(int)
    counts = counts[counts.sum(axis=1) > 0][:, counts.sum(axis=0) > 0]
    left, weight = counts.sum(axis=0)[None, :], np.zeros(1)  # column totals still to place; log probability so far
    for total in counts.sum(axis=1)[:-1]:
        row_left = np.full(len(left), total)
        for column in range(counts.shape[1]):
            last = column == counts.shape[1] - 1
            left, weight, row_left = _place(left, weight, row_left, column, last)
    weight = weight - gammaln(left + 1).sum(axis=1)
    observed = -gammaln(counts + 1).sum()
    probability = np.exp(weight - weight.max())
    return float(probability[weight <= observed + 1e-7].sum() / probability.sum())


def _place(left, weight, row_left, column, last):
    """All ways to fill one cell: from every partial table, one new partial table per possible count."""
    low = row_left if last else np.zeros_like(row_left)
    high = np.minimum(row_left, left[:, column])
    ways = np.maximum(high - low + 1, 0)
    if ways.sum() > LARGEST_ENUMERATION:
        raise MviError("fisher_exact would have to hold more than two million tables. Use test='pearson'.")
    parent = np.repeat(np.arange(len(ways)), ways)
    value = low[parent] + np.arange(len(parent)) - np.repeat(np.cumsum(ways) - ways, ways)
    left = left[parent]
    left[:, column] -= value
    return left, weight[parent] - gammaln(value + 1), row_left[parent] - value

"""How do many trainings compare: every set of sequences, and every silent choice, with the spread between runs."""

import numpy as np

from mvi_core.figures.style import GRID, INK, OURS, PAPER, QUIET, SERIES, reading_rows


def subset_chart(table, axes, *, sequences, note):
    """Draw how good each set of sequences is, best first, above a matrix that says which sequences it holds.

    ``table`` has columns ``sequences`` (joined with ``+``), ``value`` (mean over runs), ``low``, ``high`` (of the
    runs), ``printed`` (missing where the paper prints nothing). One row a set.

    Returns
    -------
    matplotlib.axes.Axes
        The upper one.
    """
    upper, lower = axes
    table = table.sort_values("value", ascending=False, ignore_index=True)
    marked = table["printed"].notna()
    upper.vlines(table.index, table["low"], table["high"], color=OURS, linewidth=1.6, zorder=2)
    for chosen, face, words in (
        (marked, OURS, "this study, set that the paper prints"),
        (~marked, "white", "other set"),
    ):
        part = table[chosen]
        upper.plot(part.index, part["value"], "o", color=OURS, markerfacecolor=face, markersize=5.5, label=words)
    upper.plot(
        table.index[marked], table["printed"][marked], "D", color=PAPER, markerfacecolor="white", label="paper prints"
    )
    upper.set(ylabel=note, xlim=(-0.8, len(table) - 0.2))
    upper.grid(axis="y", linewidth=0.7)
    upper.legend(loc="lower left", bbox_to_anchor=(0, 1), ncols=3, borderaxespad=0.2)
    held = np.array([[name in row.split("+") for row in table["sequences"]] for name in sequences])
    for row, inside in enumerate(held):
        lower.plot(table.index, np.full(len(table), row), "o", color=GRID, markersize=4.5)
        lower.plot(table.index[inside], np.full(inside.sum(), row), "o", color=INK, markersize=4.5)
    reading_rows(lower, list(sequences))
    lower.grid(False)
    lower.set_xticks([])
    lower.spines["bottom"].set_visible(False)
    return upper


def spread_rows(table, axes, *, band, note):
    """Draw the runs of each row as small marks with their mean, beside a band that says how far chance alone goes.

    ``table`` has columns ``label`` and ``value``, one row a run; rows in order of appearance, first on top. ``band``:
    lower and upper end of the band.
    """
    labels = list(dict.fromkeys(table["label"]))
    axes.axvspan(*band, color=GRID, zorder=0)
    axes.plot(table["value"], table["label"].map(labels.index), "|", color=QUIET, markersize=10, zorder=2)
    means = table.groupby("label")["value"].mean()
    for row, label in enumerate(labels):
        outside = not band[0] <= means[label] <= band[1]
        axes.plot(means[label], row, "o", color=SERIES[4] if outside else OURS, markersize=6.5, zorder=3)
    reading_rows(axes, labels)
    axes.set_xlabel(note)
    return axes

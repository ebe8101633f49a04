"""What do audit and checklists find: verdicts and items counted, and the ranges that the print leaves open."""

import numpy as np
from matplotlib.ticker import MaxNLocator

from mvi_core.figures.style import GRID, OURS, PAPER, QUIET, reading_rows

VERDICT_COLOURS = (OURS, QUIET, PAPER, GRID)
PARTS = {
    "in full": (("reported", "met"), OURS, "white"),
    "in part": (("partly", "partly met"), "#8fc1ca", PAPER),
    "not": (("not reported", "not met"), PAPER, "white"),
    "not read or not applicable": (("not read", "not applicable"), GRID, PAPER),
}


def counted_bars(counts, axes, *, note):
    """Draw how often each outcome occurs.

    ``counts``: count by outcome, first on top; four outcomes at most.
    """
    rows = range(len(counts))
    axes.barh(rows, counts, color=VERDICT_COLOURS[: len(counts)], height=0.62)
    reading_rows(axes, list(counts.index))
    for row, count in enumerate(counts):
        axes.annotate(str(count), (count, row), xytext=(5, 0), textcoords="offset points", va="center")
    axes.set(xlim=(0, 1.12 * max(counts.max(), 1)), xlabel=note)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    return axes


def denominator_search(table, axes, *, stated, note):
    """Draw how many printed percentages each denominator allows, and mark those that allow all.

    ``table`` has columns ``n``, ``possible``, ``of``. ``stated``: number of patients that the paper states; drawn as a
    line.
    """
    whole = table[table["possible"] == table["of"]]
    axes.vlines(table["n"], 0, table["possible"], color=QUIET, linewidth=1)
    axes.vlines(whole["n"], 0, whole["possible"], color=OURS, linewidth=3)
    for n, height in whole[["n", "possible"]].to_numpy():
        axes.annotate(f"n = {n}", (n, height), xytext=(0, 4), textcoords="offset points", ha="center", weight="bold")
    axes.axvline(stated, color=PAPER, linewidth=1.4, linestyle="--", label=f"stated: {stated}")
    axes.set(ylim=(0, 1.25 * table["of"].max()), xlim=(0, table["n"].max() + 2), ylabel="possible", xlabel=note)
    axes.yaxis.set_major_locator(MaxNLocator(4, integer=True))
    axes.legend(loc="upper left")
    return axes


def allowed_ranges(table, axes, *, note):
    """Draw the range that each reading of the print allows; a range without upper end is an arrow.

    ``table`` has columns ``label``, ``low``, ``high`` (missing where the print sets no upper end); first on top.
    """
    edge = 1.5 * np.nanmax([*table["low"], *table["high"]])
    for row, (low, high) in enumerate(table[["low", "high"]].to_numpy(dtype=float)):
        if np.isnan(high):
            arrow = {"arrowstyle": "-|>", "color": PAPER, "linewidth": 2.4, "shrinkA": 0, "shrinkB": 0}
            axes.annotate("", (edge, row), (low, row), arrowprops=arrow)
            axes.plot([low], [row], "D", color=PAPER, markerfacecolor="white", markersize=7)
        else:
            axes.plot([low, high], [row, row], color=OURS, linewidth=7, solid_capstyle="butt")
        words = f"at least {low:g}" if np.isnan(high) else f"{low:g} to {high:g}"
        axes.annotate(words, (low, row), xytext=(0, 9), textcoords="offset points", va="bottom", fontsize=10)
    reading_rows(axes, [label.replace(" -", " \N{MINUS SIGN}") for label in table["label"]])
    axes.set(xlim=(0, edge), xlabel=note)
    axes.set_ylim(len(table) - 0.4, -0.8)
    return axes


def checklist_bars(counts, axes):
    """Draw how many items of each checklist are reported in full, in part or not.

    ``counts``: one column a checklist; index ``(who, word)``, words as in `mvi_core.report.checklist`.
    """
    rows = [(title, who) for title in counts for who in sorted(set(counts.index.get_level_values(0)))]
    left = [0] * len(rows)
    for name, (words, colour, ink) in PARTS.items():
        widths = [int(counts.loc[who, title].reindex(words).sum()) for title, who in rows]
        bars = axes.barh(range(len(rows)), widths, left=left, color=colour, height=0.66, label=name, edgecolor="white")
        axes.bar_label(bars, [str(n) if n else "" for n in widths], label_type="center", color=ink, fontsize=10.5)
        left = [start + width for start, width in zip(left, widths, strict=True)]
    reading_rows(axes, [f"{title}: {who}" for title, who in rows])
    axes.set(xlabel="items", xlim=(0, max(left)))
    axes.legend(loc="lower left", bbox_to_anchor=(-0.02, 1.0), ncols=4, columnspacing=1.1, handlelength=1.1)
    return axes

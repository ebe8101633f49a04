"""Who are the patients, and how does each predictor go with MVI: flow chart, missing values, forest plot."""

import textwrap

import pandas as pd

from mvi_core.figures.style import GRID, INK, OURS, PAPER, QUIET, SERIES, hide_frame, point_and_interval, reading_rows

FARTHEST = 1000  # odds ratio at which the axis ends; a bar that runs into the edge goes on, its text says how far


def flow_chart(flow, axes, *, unit="patients"):
    """Draw the inclusion flow: who stayed in the middle, who left on the right.

    ``flow`` has columns ``step``, ``n_excluded``, ``n_left``, ``reason``; one row a step, first to last. A missing
    number is written as "not reported". ``unit``: what is counted.
    """
    hide_frame(axes)
    axes.set(xlim=(0, 10), ylim=(-len(flow) * 2 + 0.9, 0.8))
    above, last = None, len(flow) - 1
    for row, step in enumerate(flow.itertuples()):
        title = step.step if row == 0 else "Study" if row == last else "Left"
        here = _box(axes, (2.7, -2 * row), f"{_wrapped(title)}\n{_count(step.n_left, 'n = {:,}')}", INK)
        if row:
            _arrow(axes, (2.7, -2 * row + 2), (2.7, -2 * row), above, here)
            why = f"\n{_wrapped(step.reason)}" if isinstance(step.reason, str) and step.reason else ""
            one = unit.removesuffix("s") if step.n_excluded == 1 else unit
            out = f"{_wrapped(step.step)}{why}\n{_count(step.n_excluded, f'{{:,}} {one} left out')}"
            side = _box(axes, (7.6, -2 * row + 1), out, QUIET)
            _arrow(axes, (2.7, -2 * row + 1), (7.6, -2 * row + 1), None, side)
        above = here
    return axes


def missing_bars(missing, axes):
    """Draw how many patients lack each variable.

    ``missing`` has columns ``label``, ``n_missing``, ``n``; one row a variable, first on top.
    """
    rows = range(len(missing))
    axes.barh(rows, missing["n"], color=GRID, height=0.62)
    axes.barh(rows, missing["n_missing"], color=OURS, height=0.62)
    reading_rows(axes, list(missing["label"]))
    for row, variable in enumerate(missing.itertuples()):
        inside = variable.n_missing > 0.75 * variable.n
        axes.annotate(
            f"{variable.n_missing:,} of {variable.n:,}" if variable.n_missing else "none", (variable.n_missing, row),
            xytext=(-5 if inside else 5, 0), textcoords="offset points", ha="right" if inside else "left",
            va="center", fontsize=10.5, color="white" if inside else INK,
        )  # fmt: skip
    axes.set(xlim=(0, missing["n"].max()), xlabel="patients with no value")
    return axes


def forest(table, axes, *, note="odds ratio of MVI (log scale), 95 % CI"):
    """Draw odds ratios with their intervals, and the printed ones beside ours where the table has them.

    ``table`` has columns ``label``, ``odds_ratio``, ``ci_low``, ``ci_high``; optionally ``printed_odds_ratio``,
    ``printed_ci_low``, ``printed_ci_high``. One row a variable, first on top.
    """
    printed, rows = "printed_odds_ratio" in table, pd.Series(range(len(table)), dtype=float)
    shift = 0.17 if printed else 0.0
    axes.axvline(1, color=QUIET, linewidth=1)
    ours = (table["odds_ratio"], table["ci_low"], table["ci_high"])
    point_and_interval(axes, ours, rows - shift, colour=OURS, label="ours")
    if printed:
        paper = (table["printed_odds_ratio"], table["printed_ci_low"], table["printed_ci_high"])
        style = {"label": "paper", "markerfacecolor": "white", "markersize": 5.5}
        point_and_interval(axes, paper, rows + shift, colour=PAPER, marker="D", **style)
        axes.legend(loc="lower left", bbox_to_anchor=(0, 1), ncols=2, borderaxespad=0.2)
    axes.set_xscale("log")
    reading_rows(axes, list(table["label"]))
    _plain_log_ticks(axes)
    for row, line in enumerate(table.itertuples()):
        value, low, high = (
            f"{x:.2f}" if x < 100 else f"{x:,.0f}" for x in (line.odds_ratio, line.ci_low, line.ci_high)
        )
        text = "not shown" if pd.isna(line.odds_ratio) else f"{value} ({low}\N{EN DASH}{high})"
        axes.annotate(text, (1.01, row), xycoords=("axes fraction", "data"), va="center", fontsize=10.5)
    axes.set_xlabel(note)
    return axes


def forest_groups(table, axes, *, note=""):
    """Draw odds ratios of several sets of patients side by side: one row a variable, one mark a set.

    ``table`` has columns ``label``, ``group``, ``odds_ratio``, ``ci_low``, ``ci_high``; rows and marks in the order in
    which they first occur.
    """
    labels, groups = list(dict.fromkeys(table["label"])), list(dict.fromkeys(table["group"]))
    axes.axvline(1, color=QUIET, linewidth=1)
    for place, group in enumerate(groups):
        part = table[table["group"] == group]
        height = part["label"].map(labels.index) + 0.24 * (place - (len(groups) - 1) / 2)
        style = {"colour": (PAPER, *SERIES[:2])[place], "marker": ("D", "o", "s")[place], "label": group}
        point_and_interval(axes, (part["odds_ratio"], part["ci_low"], part["ci_high"]), height, **style)
    axes.set_xscale("log")
    reading_rows(axes, labels)
    _plain_log_ticks(axes)
    axes.figure.legend(loc="outside upper center", ncols=len(groups))
    axes.set_xlabel(note)
    return axes


def _count(number, words):
    return "number not reported" if pd.isna(number) else words.format(int(number))


def _wrapped(text):
    return "\n".join(textwrap.wrap(str(text), 30))


def _arrow(axes, start, end, leaving, reaching):
    line = {"arrowstyle": "-|>", "color": QUIET, "shrinkA": 0, "shrinkB": 0, "linewidth": 1.1}
    axes.annotate("", end, start, arrowprops={**line, "patchA": leaving, "patchB": reaching}, zorder=4)


def _box(axes, centre, text, colour):
    box = {"boxstyle": "round,pad=0.45", "facecolor": "white", "edgecolor": colour, "linewidth": 1.1}
    words = {"fontsize": 11.5, "linespacing": 1.25, "ha": "center", "va": "center"}
    return axes.text(*centre, text, bbox=box, **words).get_bbox_patch()


def _plain_log_ticks(axes):
    low, high = (min(max(end, 1 / FARTHEST), FARTHEST) for end in axes.get_xlim())
    axes.set_xlim(low, high)
    ticks = [tick for tick in (0.01, 0.05, 0.1, 0.25, 0.5, 1, 2, 4, 10, 25, 100, 400) if low <= tick <= high]
    wide, narrow = (0.001, 0.01, 0.1, 0.3, 1, 3, 10, 30, 100, 1000), (0.8, 0.9, 1, 1.1, 1.2, 1.3, 1.4, 1.6, 1.8)
    other = wide if len(ticks) > 6 else narrow if high < 2 * low else (0.6, 0.8, 1, 1.25, 1.5, 2, 2.5, 3)
    if not 2 < len(ticks) < 7:
        ticks = [tick for tick in other if low <= tick <= high]
    axes.set_xticks(ticks, [f"{tick:g}" for tick in ticks])
    axes.minorticks_off()

"""How well does the network do, and how many patients would it need: accuracy, external validation, training, shift."""

import pandas as pd
from matplotlib.ticker import MaxNLocator, PercentFormatter

from mvi_core.figures.style import (
    ENROLMENT_COLOURS,
    KIND_COLOURS,
    KIND_MARKERS,
    LINES,
    MARKERS,
    OURS,
    PAPER,
    QUIET,
    SERIES,
    point_and_interval,
    reading_rows,
)


def accuracy_by_combination(table, axes, *, baselines=None, note="accuracy, 95 % CI"):
    """Draw the accuracy of each combination of sequences, with the printed one as an open marker.

    ``table`` has columns ``sequences``, ``accuracy``, ``ci_low``, ``ci_high``, from 0 to 1; optionally ``printed``. One
    row a combination, first on top. ``baselines``: accuracy of what needs no network, by name; each drawn as a line.
    """
    rows = range(len(table))
    for place, (name, value) in enumerate((baselines or {}).items()):
        axes.axvline(
            value, color=SERIES[-1 - place], linewidth=2.8 - 0.8 * place, linestyle=LINES[1 + place % 3], label=name
        )
    ours = (table["accuracy"], table["ci_low"], table["ci_high"])
    point_and_interval(axes, ours, rows, colour=OURS, label="this study")
    if "printed" in table:
        axes.plot(table["printed"], rows, "D", color=PAPER, markerfacecolor="white", markersize=6, label="paper")
    reading_rows(axes, [str(name).replace("+", " + ") for name in table["sequences"]])
    axes.set(xlim=(0, 1), xlabel=note)
    axes.xaxis.set_major_formatter(PercentFormatter(1, decimals=0))
    axes.legend(loc="lower left", bbox_to_anchor=(0, 1), ncols=3, borderaxespad=0.2)
    return axes


def metric_points(table, axes, *, note="value, 95 % CI"):
    """Draw performance measures of several predictors beside each other, each with its interval.

    ``table`` has columns ``metric``, ``series``, ``value``, ``ci_low``, ``ci_high``. Metrics and series come in order
    of appearance; the series ``"paper"`` is drawn open, as it has no interval.
    """
    metrics, series = list(dict.fromkeys(table["metric"])), list(dict.fromkeys(table["series"]))
    step = 0.72 / len(series)
    for place, name in enumerate(series):
        part = table[table["series"] == name]
        rows = [metrics.index(metric) + (place - (len(series) - 1) / 2) * step for metric in part["metric"]]
        paper = name == "paper"
        point_and_interval(
            axes, (part["value"], part["ci_low"], part["ci_high"]), rows,
            colour=PAPER if paper else ENROLMENT_COLOURS.get(name, SERIES[place % len(SERIES)]),
            marker="D" if paper else MARKERS[place % 6],
            label=name, **({"markerfacecolor": "white", "markersize": 6} if paper else {}),
        )  # fmt: skip
    reading_rows(axes, metrics)
    axes.set(xlim=(0, 1.02), xlabel=note)
    axes.legend(loc="lower left", bbox_to_anchor=(0, 1), ncols=min(len(series), 3), borderaxespad=0.2)
    return axes


def cohort_points(table, axes, *, note, log=False):
    """Draw what each kind of cohort gives for the same numbers, with its interval, beside what the paper prints.

    ``table`` has columns ``label`` (rows in order of appearance), ``kind`` of cohort or ``"paper"``, ``series`` (text
    of the legend), ``value``, ``low``, ``high``. ``log``: draw ratios on a log scale, with a line at 1.
    """
    labels, series = list(dict.fromkeys(table["label"])), table.drop_duplicates("series")
    beside = table.groupby("label")["series"].transform("size")
    step = 0.84 / beside.max()
    rows = table["label"].map(labels.index) + step * (table.groupby("label").cumcount() - (beside - 1) / 2)
    for place, (name, kind) in enumerate(series[["series", "kind"]].to_numpy()):
        part = table[table["series"] == name]
        open_mark = kind == "paper" or kind in series["kind"].tolist()[:place]  # the second cohort of a kind
        point_and_interval(
            axes, (part["value"], part["low"], part["high"]), rows[part.index], label=name,
            colour=KIND_COLOURS.get(kind, PAPER), marker=KIND_MARKERS.get(kind, "D"),
            **({"markerfacecolor": "white", "markersize": 6} if open_mark else {}),
        )  # fmt: skip
    reading_rows(axes, labels)
    if log:
        axes.axvline(1, color=QUIET, linewidth=1)
        axes.set_xscale("log")
        ticks = [
            tick for tick in (0.5, 1, 2, 4, 10, 25, 100) if table["low"].min() / 2 < tick < 2 * table["high"].max()
        ]
        axes.set_xticks(ticks, [f"{tick:g}" for tick in ticks])
        axes.minorticks_off()
    axes.set_xlabel(note)
    return axes


def embedding_panel(points, axes, *, title, separation):
    """Draw one t-SNE panel: whether patients of the earlier and of the later enrolment lie apart.

    ``points`` has columns ``x``, ``y``, ``enrolment``; one row a patient. ``title``: grade and sequence of the panel.
    ``separation``: number that says how far the years are apart, with its interval, already formatted.
    """
    looks = zip(ENROLMENT_COLOURS.values(), ("o", "^"), points.groupby("enrolment", sort=True), strict=False)
    for colour, marker, (year, part) in looks:
        axes.scatter(part["x"], part["y"], s=15, alpha=0.75, linewidths=0, marker=marker, color=colour, label=year)
    axes.set(xticks=[], yticks=[])
    axes.margins(0.08)
    axes.set_title(title, fontsize=11.5)
    counts = " + ".join(str(count) for count in points.groupby("enrolment").size())
    axes.set_xlabel(f"{separation}\nn = {counts}", fontsize=10.5)
    axes.spines[["top", "right"]].set_visible(True)
    return axes


def training_curves(metrics, axes, *, ylabel):
    """Draw how a measure went with the epochs, one thin line a fold.

    ``metrics`` has columns ``epoch``, ``part`` (such as training or test), ``value``; optionally ``fold``. ``ylabel``:
    the measure, with its unit.
    """
    folds = metrics["fold"] if "fold" in metrics else pd.Series(0, index=metrics.index)
    for place, part in enumerate(dict.fromkeys(metrics["part"])):
        for number, (_, line) in enumerate(metrics[metrics["part"] == part].groupby(folds)):
            style = {"color": SERIES[place], "linestyle": LINES[place], "linewidth": 1.5}
            axes.plot(line["epoch"], line["value"], label=None if number else part, alpha=0.85, **style)
    axes.set(xlabel="epoch", ylabel=ylabel)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.grid(axis="y", linewidth=0.7)
    axes.tick_params(color=QUIET)
    axes.legend()
    return axes


def patients_needed(curve, axes, *, n):
    """Draw the patients that each model needs against the anticipated AUC, beside a rule of thumb and those there are.

    ``curve`` has columns ``model``, ``parameters``, ``auc``, ``n_required`` and ``rule`` (patients by the rule of
    thumb). ``n``: patients of the cohort.
    """
    for place, (name, line) in enumerate(curve.groupby("model", sort=False)):
        colour, label = SERIES[place], f"{name} ({line['parameters'].iloc[0]})"
        axes.plot(line["auc"], line["n_required"], color=colour, linestyle=LINES[place], label=label)
        axes.plot(line["auc"], line["rule"], color=colour, linestyle=LINES[2], linewidth=1.3)
        axes.annotate("ten per parameter", (line["auc"].max(), line["rule"].iloc[0]), xytext=(0, 3),
                      textcoords="offset points", ha="right", fontsize=10, color=colour)  # fmt: skip
    axes.axhline(n, color=QUIET, linewidth=1.6)
    room = {"above": curve["rule"][curve["rule"] > n].min() / n, "below": n / curve["rule"][curve["rule"] < n].max()}
    place = {"xytext": (0, -4), "va": "top"} if room["above"] < room["below"] else {"xytext": (0, 3)}
    axes.annotate(f"n = {n:,} here", (curve["auc"].min(), n), textcoords="offset points", color=QUIET, **place)
    axes.set(yscale="log", xlabel="anticipated AUC", ylabel="patients needed (log scale)")
    low, high = axes.get_ylim()
    ticks = [tick for power in range(1, 6) for tick in (10**power, 2 * 10**power, 5 * 10**power) if low <= tick <= high]
    axes.set_yticks(ticks, [f"{tick:,}" for tick in ticks])
    axes.minorticks_off()
    axes.legend(loc="upper right", title="Riley's criteria (parameters)")
    return axes

"""Which patients could stand behind a print, and how long were they followed: solutions and follow-up."""

from matplotlib.patches import Patch
from matplotlib.ticker import MaxNLocator, PercentFormatter

from mvi_core.figures.style import GRID, INK, LINES, ORANGE, OURS, PAPER, PRESENT, QUIET

ENDS = {"died": PRESENT, "lost": ORANGE, "followed to the end": "#b9c2cc"}  # how the follow-up of a patient ended


def error_map(solutions, region, axes, *, asked):
    """Draw the false negatives and false positives of each solution in the region that is proven to hold them all.

    ``solutions`` has columns ``false_negatives``, ``false_positives`` and ``agrees`` (AUC and p values as printed);
    solutions at one place share a marker that carries their number. ``region`` has columns ``false_negatives``,
    ``false_positives_low``, ``false_positives_high``. ``asked``: least number of false negatives by reading of another
    printed number; drawn as arrows above the region.
    """
    low, high = region["false_positives_low"], region["false_positives_high"]
    room = {"color": OURS, "alpha": 0.16, "linewidth": 0, "label": "room left by the printed regression"}
    axes.bar(region["false_negatives"], high - low + 1, bottom=low - 0.5, width=0.9, **room)
    words = ("solutions, AUC and p values as printed", "solutions, one of these not")
    for agrees, side, face, label in ((True, -0.2, OURS, words[0]), (False, 0.2, "white", words[1])):
        alike = solutions[solutions["agrees"] == agrees].groupby(["false_negatives", "false_positives"])
        count = alike.size().rename_axis(["fn", "fp"]).reset_index(name="number")
        style = {"color": face, "edgecolor": OURS, "linewidth": 1.4, "s": 170, "zorder": 3}
        axes.scatter(count["fn"] + side, count["fp"], label=label, **style)
        for place in count.itertuples():
            axes.annotate(place.number, (place.fn + side, place.fp), ha="center", va="center_baseline", fontsize=9,
                          color="white" if agrees else OURS, weight="bold", zorder=4)  # fmt: skip
    edge, top, foot = 1.25 * max(asked.values()), high.max(), low.min()
    for row, (words, least) in enumerate(asked.items(), start=1):
        arrow = {"arrowstyle": "-|>", "color": PAPER, "linewidth": 2, "shrinkA": 0, "shrinkB": 0}
        axes.annotate("", (edge, top + 3.2 * row), (least, top + 3.2 * row), arrowprops=arrow)
        axes.annotate(f"at least {least}: {words}", (edge, top + 3.2 * row), xytext=(0, 6), ha="right",
                      textcoords="offset points", fontsize=10)  # fmt: skip
    axes.set(xlim=(region["false_negatives"].min() - 1, edge), ylim=(foot - 1.5, top + 3.2 * (len(asked) + 1)))
    axes.set_yticks(range(5 * -(-foot // 5), top + 1, 5))
    axes.set(xlabel="false negatives of DL-MVI (patients)", ylabel="false positives of DL-MVI (patients)")
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.legend(loc="lower right", fontsize=10, markerscale=0.7)
    return axes


def half_reached(curve, axes, *, floor, median):
    """Draw the survival of all patients, the printed median, and how low the curve could be without losses.

    ``curve`` has columns ``months``, ``survival``, ``ci_low``, ``ci_high``; steps in time order. ``floor``: lowest
    survival at the median that the printed events allow if nobody is lost. ``median``: printed median, months.
    """
    axes.axhline(0.5, color=GRID, linewidth=1.2)
    axes.axvline(median, color=PAPER, linewidth=1.2, linestyle=LINES[2], label=f"printed median: {median:g} months")
    band = {"step": "post", "alpha": 0.16, "color": OURS, "linewidth": 0}
    axes.fill_between(curve["months"], curve["ci_low"], curve["ci_high"], **band)
    axes.plot(curve["months"], curve["survival"], drawstyle="steps-post", color=OURS, label="as rebuilt, with losses")
    axes.plot([median], [floor], "D", color=INK, markerfacecolor="white", markersize=8, linestyle="none",
              label=f"lowest without losses: {floor:.0%}")  # fmt: skip
    axes.set(ylim=(0.2, 1.02), ylabel="overall survival")
    axes.yaxis.set_major_formatter(PercentFormatter(1, decimals=0))
    axes.legend(loc="lower left", fontsize=10.5)
    return axes


def follow_up_lines(patients, axes):
    """Draw one line a patient, as long as the follow-up and in the colour of its end.

    ``patients`` has columns ``months``, ``end`` (a key of `ENDS`) and ``enrolment``.
    """
    rows = patients.sort_values(["enrolment", "months"], ascending=[False, True], ignore_index=True)
    axes.hlines(rows.index, 0, rows["months"], color=[ENDS[end] for end in rows["end"]], linewidth=1.6)
    middle = rows.reset_index().groupby("enrolment")["index"].mean()
    axes.set_yticks(middle, [f"{year}\n({(rows['enrolment'] == year).sum()})" for year in middle.index])
    axes.tick_params(axis="y", length=0)
    axes.axhline((rows["enrolment"] == rows["enrolment"].max()).sum() - 0.5, color=QUIET, linewidth=0.8)
    axes.set(xlabel="months since resection", ylabel="patients by year", ylim=(-2, len(rows) + 1))
    axes.set_xlim(left=0)
    names = [f"{end}: {count}" for end, count in rows["end"].value_counts().reindex(ENDS, fill_value=0).items()]
    handles = [Patch(color=colour, label=name) for colour, name in zip(ENDS.values(), names, strict=True)]
    axes.legend(handles=handles, loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=3, fontsize=10.5)
    return axes

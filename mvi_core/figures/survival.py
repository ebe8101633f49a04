"""How long do patients stay free of the event: curves with the numbers at risk, and the share with each event."""

from matplotlib.ticker import PercentFormatter

from mvi_core.figures.style import LINES, QUIET, group_style

ROW = 15  # points from one row of numbers at risk to the next


def survival_curves(curves, axes, *, at_risk, ylabel, note="", until=None):
    """Draw Kaplan-Meier curves with bands and censoring marks, and the numbers at risk beneath.

    ``curves`` has columns ``group``, ``months``, ``survival``, ``ci_low``, ``ci_high``, ``censored``; steps in time
    order. Optionally ``label``, the text of the legend: the group with its patients, events and median. ``at_risk`` has
    columns ``group``, ``months``, ``at_risk`` (or words); its months are the ticks. ``ylabel``: what survives: overall
    or recurrence-free survival. ``until``: where the axis ends, in months; the last time of all if absent.
    """
    groups = list(dict.fromkeys(curves["group"]))
    end = until or max(at_risk["months"].max(), curves["months"].max())
    for place, name in enumerate(groups):
        curve, style = curves[curves["group"] == name], group_style(name, place)
        label = curve["label"].iloc[0] if "label" in curve else name
        axes.fill_between(curve["months"], curve["ci_low"], curve["ci_high"], step="post", alpha=0.16,
                          color=style["color"], linewidth=0)  # fmt: skip
        axes.plot(curve["months"], curve["survival"], drawstyle="steps-post", label=label, **style)
        left = curve[curve["censored"] > 0]
        axes.plot(left["months"], left["survival"], "|", color=style["color"], markersize=5, markeredgewidth=0.9)
    _months_and_shares(axes, at_risk, end, ylabel)
    room_below = curves.loc[curves["months"] <= 0.7 * end, "survival"].min() > 0.35
    place = {"loc": "lower left"} if room_below else {"loc": "upper right", "bbox_to_anchor": (1.02, 1.06)}
    axes.legend(title=note or None, alignment="left", title_fontsize=10.5, fontsize=10, **place)
    _numbers_at_risk(axes, at_risk, groups)
    return axes


def incidence_curves(table, axes, *, at_risk, ylabel, until=None):
    """Draw the cumulative incidence of competing events, a colour for each group and a line for each event.

    ``table`` has columns ``group``, ``event``, ``months``, ``incidence``, ``ci_low``, ``ci_high``; steps in time order.
    ``at_risk``, ``ylabel`` and ``until``: as in `survival_curves`.
    """
    groups, events = list(dict.fromkeys(table["group"])), list(dict.fromkeys(table["event"]))
    for (name, event), curve in table.groupby(["group", "event"], sort=False):
        style = {"color": group_style(name, groups.index(name))["color"], "linestyle": LINES[events.index(event)]}
        band = {"step": "post", "alpha": 0.14, "color": style["color"], "linewidth": 0}
        axes.fill_between(curve["months"], curve["ci_low"], curve["ci_high"], **band)
        axes.plot(curve["months"], curve["incidence"], drawstyle="steps-post", label=f"{event}, {name}", **style)
    _months_and_shares(axes, at_risk, until or table["months"].max(), ylabel)
    axes.legend(loc="upper left", fontsize=10)
    _numbers_at_risk(axes, at_risk, groups)
    return axes


def _months_and_shares(axes, at_risk, end, ylabel):
    ticks = [tick for tick in sorted(set(at_risk["months"])) if tick <= end]
    axes.set(ylim=(0, 1.02), xlim=(0, end), xticks=ticks, ylabel=ylabel, xlabel="months of follow-up")
    axes.yaxis.set_major_formatter(PercentFormatter(1, decimals=0))


def _numbers_at_risk(axes, at_risk, groups):
    where = {"xycoords": ("data", "axes fraction"), "textcoords": "offset points", "annotation_clip": False}
    last_words = [name.split()[-1] for name in groups]  # "absent", where all are "DL-MVI ..."
    names = last_words if len(set(last_words)) == len(groups) else groups
    axes.annotate("at risk", (0, 0), xytext=(-20, -42), ha="right", va="top", fontsize=10.5, color=QUIET, **where)
    for row, name in enumerate(groups):
        down = -42 - ROW * (row + 1)
        words = {"color": group_style(name, row)["color"], "fontsize": 10.5, "weight": "bold"}
        axes.annotate(names[row], (0, 0), xytext=(-20, down), ha="right", va="top", **words, **where)
        for step in at_risk[(at_risk["group"] == name) & (at_risk["months"] <= axes.get_xlim()[1])].itertuples():
            number = step.at_risk if isinstance(step.at_risk, str) else f"{step.at_risk:,}"
            axes.annotate(number, (step.months, 0), xytext=(0, down), ha="center", va="top",
                          fontsize=10.5, **where)  # fmt: skip

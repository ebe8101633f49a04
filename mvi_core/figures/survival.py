"""How long do patients stay free of the event: Kaplan-Meier curves with the numbers at risk."""

from matplotlib.ticker import PercentFormatter

from mvi_core.figures.style import QUIET, group_style


def survival_curves(curves, axes, *, at_risk, ylabel, note=""):
    """Draw Kaplan-Meier curves with bands and censoring marks, and the numbers at risk beneath.

    Parameters
    ----------
    curves : pandas.DataFrame
        Columns ``group``, ``months``, ``survival``, ``ci_low``, ``ci_high``, ``censored``; steps in time order.
    axes : matplotlib.axes.Axes
    at_risk : pandas.DataFrame
        Columns ``group``, ``months``, ``at_risk``; its months are the ticks.
    ylabel : str
        What survives: overall or recurrence-free survival.
    note : str, optional
        Test between the groups, already formatted.

    Returns
    -------
    matplotlib.axes.Axes
    """
    groups = list(dict.fromkeys(curves["group"]))
    for place, name in enumerate(groups):
        curve, style = curves[curves["group"] == name], group_style(name, place)
        axes.fill_between(curve["months"], curve["ci_low"], curve["ci_high"], step="post", alpha=0.16,
                          color=style["color"], linewidth=0)  # fmt: skip
        axes.plot(curve["months"], curve["survival"], drawstyle="steps-post", label=name, **style)
        left = curve[curve["censored"] > 0]
        axes.plot(left["months"], left["survival"], "|", color=style["color"], markersize=5, markeredgewidth=0.9)
    ticks = sorted(set(at_risk["months"]))
    axes.set(ylim=(0, 1.02), xlim=(0, max(ticks[-1], curves["months"].max())), xticks=ticks, ylabel=ylabel)
    axes.yaxis.set_major_formatter(PercentFormatter(1, decimals=0))
    axes.set_xlabel("months since resection")
    axes.legend(loc="lower left", title=note or None, alignment="left", title_fontsize=11)
    _numbers_at_risk(axes, at_risk, groups)
    return axes


def _numbers_at_risk(axes, at_risk, groups):
    where = {"xycoords": ("data", "axes fraction"), "textcoords": "offset points", "annotation_clip": False}
    last_words = [name.split()[-1] for name in groups]  # "absent", where all are "DL-MVI ..."
    names = last_words if len(set(last_words)) == len(groups) else groups
    axes.annotate("at risk", (0, 0), xytext=(-20, -42), ha="right", va="top", fontsize=10.5, color=QUIET, **where)
    for row, name in enumerate(groups):
        down = -57 - 15 * row
        words = {"color": group_style(name, row)["color"], "fontsize": 10.5, "weight": "bold"}
        axes.annotate(names[row], (0, 0), xytext=(-20, down), ha="right", va="top", **words, **where)
        for step in at_risk[at_risk["group"] == name].itertuples():
            axes.annotate(f"{step.at_risk:,}", (step.months, 0), xytext=(0, down), ha="center", va="top",
                          fontsize=10.5, **where)  # fmt: skip

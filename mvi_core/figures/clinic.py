"""What would a clinician read off: nomogram, ROC, calibration and decision curve."""

import matplotlib.pyplot as plt
from matplotlib.ticker import FuncFormatter, MaxNLocator, PercentFormatter

from mvi_core.figures.style import GRID, INK, LINES, OURS, PAPER, QUIET, SERIES, group_style, hide_frame, panel_letter

UNIT = {"xlim": (-0.01, 1.01), "ylim": (-0.01, 1.01)}
FEW_TICKS = 4  # up to which a label that would touch its neighbour goes above the line, else it is left out
CURVES = {"apparent": (OURS, LINES[0]), "smooth": (SERIES[1], LINES[3]), "corrected": (PAPER, LINES[1])}


def nomogram(description, axes, *, labels=None, levels=None):
    """Draw a nomogram as clinicians know it: points, one line a predictor, total points, probability.

    ``description``: content of ``nomogram.json``: ``axes`` (``variable``, ``ticks``, ``points``), ``total_ticks`` and
    ``risk_ticks`` (pairs of risk and total points). ``labels``: text of a predictor in place of its name. ``levels``:
    texts of a predictor's ticks in place of their values, such as ``("absent", "present")``.
    """
    hide_frame(axes)
    scales, top = [("Points", [(step / 10, f"{step * 10}") for step in range(11)])], description["total_ticks"][-1]
    for scale in description["axes"]:
        name = scale["variable"]
        texts = (levels or {}).get(name, [f"{tick:g}" for tick in scale["ticks"]])
        places = [points / 100 for points in scale["points"]]
        scales.append(((labels or {}).get(name, name), list(zip(places, texts, strict=True))))
    scales.append(("Total points", [(tick / top, f"{tick:g}") for tick in description["total_ticks"]]))
    risks = [(total / top, f"{risk:g}") for risk, total in description["risk_ticks"] if 0 <= total <= top]
    scales.append(("Probability of MVI", risks))
    left = -max(0.4, 0.05 + 0.024 * max(len(label) for label, _ in scales))
    axes.set(xlim=(left, 1.05), ylim=(len(scales) - 0.4, -0.35))
    for row, (label, ticks) in enumerate(scales):
        axes.text(left, row, label, va="center", weight="bold", fontsize=11.5)
        _scale(axes, row, ticks)
    axes.vlines([step / 10 for step in range(11)], -0.2, len(scales) - 2.6, color=GRID, lw=0.8, zorder=0)
    return axes


def roc(table, axes, *, note=""):
    """Draw the ROC curve of each model.

    ``table`` has columns ``sensitivity``, ``specificity``; optionally ``model`` (the text for the legend, with AUC and
    interval) and ``ci_low``, ``ci_high`` of sensitivity.
    """
    axes.plot([0, 1], [0, 1], color=QUIET, linewidth=1, linestyle=LINES[2])
    for place, (name, curve) in enumerate(_models(table, note)):
        false_alarm = 1 - curve["specificity"]
        style = group_style(name, place)
        axes.plot(false_alarm, curve["sensitivity"], label=name, **style)
        if "ci_low" in curve:
            axes.fill_between(false_alarm, curve["ci_low"], curve["ci_high"], color=style["color"], alpha=0.15, lw=0)
    axes.set(**UNIT, xlabel="1 \N{MINUS SIGN} specificity", ylabel="sensitivity", aspect="equal")
    if note or "model" in table:
        axes.legend(loc="lower left", bbox_to_anchor=(0, 1), borderaxespad=0.2, fontsize=10.5)
    return axes


def calibration(curve, axes, *, risks=None, note=""):
    """Draw observed against predicted risk, with the ideal line and the spread of the predictions.

    ``curve`` has columns ``kind``, ``risk``, ``observed``, ``ci_low``, ``ci_high``. Kind ``grouped`` is drawn as points
    with intervals, ``smooth``, ``apparent`` and ``corrected`` as lines, with a band where there is an interval.
    ``risks`` has columns ``risk``, ``share_absent``, ``share_present`` (share of all patients): spikes along the foot.
    """
    axes.plot([0, 1], [0, 1], color=QUIET, linewidth=1, linestyle=LINES[2], label="ideal")
    for kind, part in curve.groupby("kind", sort=False):
        if kind == "grouped":
            axes.vlines(part["risk"], part["ci_low"], part["ci_high"], color=INK, linewidth=1.4)
            axes.plot(part["risk"], part["observed"], "o", color=INK, markersize=5.5, label=kind)
            continue
        colour, dash = CURVES[kind]
        axes.plot(part["risk"], part["observed"], color=colour, linestyle=dash, label=kind)
        axes.fill_between(part["risk"], part["ci_low"], part["ci_high"], color=colour, alpha=0.15, lw=0)
    axes.set(**UNIT, xlabel="predicted probability of MVI", ylabel="observed share with MVI", aspect="equal")
    if risks is not None:
        _spikes(axes, risks)
    axes.legend(loc="upper left", title=note or None, alignment="left", title_fontsize=10.5, fontsize=10.5)
    return axes


def decision_curve(table, axes, *, mark=None, note="threshold probability"):
    """Draw net benefit against threshold probability, beside treating all and treating none.

    ``table`` has columns ``threshold``, ``net_benefit``, ``ci_low``, ``ci_high``, ``treat_all``, ``treat_none``;
    optionally ``model`` for several curves. ``mark``: threshold to mark with a line, such as the one the paper names.
    """
    for place, (name, curve) in enumerate(_models(table, "DL-MVI + AFP")):
        axes.fill_between(curve["threshold"], curve["ci_low"], curve["ci_high"], color=SERIES[place], alpha=0.16, lw=0)
        style = {"color": SERIES[place], "linestyle": LINES[0 if place == 0 else 3]}
        axes.plot(curve["threshold"], curve["net_benefit"], label=name, **style)
    once = table.drop_duplicates("threshold")
    axes.plot(once["threshold"], once["treat_all"], color=QUIET, linestyle=LINES[1], label="treat all")
    axes.plot(once["threshold"], once["treat_none"], color=INK, linewidth=1, label="treat none")
    if mark is not None:
        axes.axvline(mark, color=PAPER, linewidth=1, linestyle=LINES[2], label=f"paper: {mark:.0%}")
    top = max(table["ci_high"].max(), table["treat_all"].max())
    axes.set(ylim=(-0.15 * top, 1.12 * top), xlim=(0, 1), xlabel=note, ylabel="net benefit")
    axes.xaxis.set_major_formatter(PercentFormatter(1, decimals=0))
    axes.yaxis.set_major_locator(MaxNLocator(6))
    axes.legend(loc="upper right")
    return axes


def dose_curve(curve, axes, *, groups, note=""):
    """Draw the probability of MVI along a measurement: curve with band, step at the cut-off, observed shares.

    ``curve`` has columns ``value``, ``curve``, ``ci_low``, ``ci_high``, ``step``; ``groups`` has ``value``,
    ``observed``, ``ci_low``, ``ci_high``.
    """
    axes.fill_between(curve["value"], curve["ci_low"], curve["ci_high"], color=OURS, alpha=0.16, lw=0)
    axes.plot(curve["value"], curve["curve"], color=OURS, label="curve, 95 % band")
    axes.plot(curve["value"], curve["step"], color=PAPER, linestyle=LINES[1], drawstyle="steps-pre", label="cut-off")
    axes.vlines(groups["value"], groups["ci_low"], groups["ci_high"], color=QUIET, linewidth=1.4)
    shown = "observed share" if len(groups) else None
    axes.plot(groups["value"], groups["observed"], "o", color=QUIET, markersize=5.5, label=shown)
    axes.set(xscale="log", ylim=(0, 1), xlabel=note, ylabel="probability of MVI")
    axes.xaxis.set_major_formatter(FuncFormatter("{:,g}".format))
    axes.legend(loc="lower right")
    return axes


def figure_4(sheet, tables, *, spread, mark, labels=None, levels=None):
    """Draw the paper's Fig. 4 as one figure: nomogram, ROC, calibration and decision curve, A to D.

    ``sheet``: content of ``nomogram.json``. ``tables``: ``roc``, ``calibration`` and ``decision_curve``, each as the
    function of its name takes it. ``spread``: as ``risks`` of `calibration`. ``mark``: as of `decision_curve`.
    ``labels`` and ``levels``: as of `nomogram`.
    """
    figure, axes = plt.subplot_mosaic("AA;BC;DD", figsize=(10, 12.6), height_ratios=(3, 4.4, 4))
    nomogram(sheet, axes["A"], labels=labels, levels=levels)
    roc(tables["roc"], axes["B"])
    calibration(tables["calibration"], axes["C"], risks=spread)
    decision_curve(tables["decision_curve"], axes["D"], mark=mark)
    for letter, panel in axes.items():
        panel_letter(panel, letter)
    return figure


def _scale(axes, row, ticks):
    places, ends = [place for place, _ in ticks], {1: -1.0, -1: -1.0}  # where the last label ends, below and above
    axes.plot([min(places), max(places)], [row, row], color=INK, linewidth=1.2)
    for place, text in sorted(ticks):
        axes.plot([place, place], [row, row + 0.13], color=INK, linewidth=1.1)
        half = 0.01 + 0.006 * len(text)
        side = next((side for side in ends if place - half > ends[side]), None)
        if side is None or (side == -1 and len(ticks) > FEW_TICKS):  # no room, or one number among many
            continue
        blank = {"facecolor": "white", "edgecolor": "none", "pad": 0.8}
        align = {"ha": "center", "va": "top" if side == 1 else "bottom"}
        axes.text(place, row + side * (0.18 if side == 1 else 0.06), text, fontsize=10.5, bbox=blank, **align)
        ends[side] = place + half


def _models(table, name):
    return list(table.groupby("model", sort=False)) if "model" in table else [(name, table)]


def _spikes(axes, risks):
    foot, tall = -0.15, 0.09 / max(risks["share_absent"].max(), risks["share_present"].max())
    axes.axhline(foot, color=QUIET, linewidth=0.6)
    for share, sign, name in (("share_present", 1, "present"), ("share_absent", -1, "absent")):
        style = {"color": group_style(name, 0)["color"], "linewidth": 2.2}
        axes.vlines(risks["risk"], foot, foot + sign * tall * risks[share], **style)
    shares = [0, 0.2, 0.4, 0.6, 0.8, 1]
    axes.set_yticks([foot - 0.05, foot + 0.05, *shares], ["absent", "present", *(f"{share:g}" for share in shares)])
    axes.set_ylim(bottom=foot - 0.11)

"""How does every figure of the study look: one theme, and one colour for one thing."""

import re

import matplotlib.pyplot as plt
import seaborn as sns

WIDTH_IN = 7.0  # in; a page of the book, a journal's two columns
INK, QUIET, GRID = "#1b1b1b", "#5f6670", "#dfe2e6"

# Hue and lightness differ together, so that colour-blind readers and grey printers keep the difference.
ABSENT, PRESENT, ORANGE = "#2a7ab0", "#93301b", "#cb841c"
GRADE_COLOURS = {"M0": ABSENT, "M1": ORANGE, "M2": "#5c1410"}
MVI_COLOURS = {"absent": ABSENT, "present": PRESENT}
ENROLMENT_COLOURS = {"2015": "#574699", "2018": "#7a9e1f"}
OURS, PAPER = "#00687a", INK
KIND_COLOURS = {"reconstructed": "#8f5f00", "phantom": "#7b3fa0", "real": "#1a7237", "own": "#0a5cc2"}
KIND_MARKERS = {"reconstructed": "s", "phantom": "^", "real": "o", "own": "P"}
SERIES = (OURS, ORANGE, "#7d8590", "#574699", "#a5361f", INK)  # several results side by side, ours first
LINES, MARKERS = ("-", (0, (5, 2)), (0, (1.5, 1.5)), (0, (6, 2, 1, 2))), ("o", "s", "^", "D", "v", "P")


def theme():
    """Set seaborn and matplotlib to the look of the study; call it once, at the top of a page."""
    sns.set_theme(
        context="paper",
        style="ticks",
        palette=list(SERIES),
        rc={
            "figure.figsize": (WIDTH_IN, 4.2), "figure.dpi": 180, "savefig.dpi": 180, "figure.facecolor": "white",
            "figure.constrained_layout.use": True, "font.family": "DejaVu Sans", "font.size": 12,
            "axes.titlesize": 12.5, "axes.titleweight": "bold", "axes.titlelocation": "left", "axes.labelsize": 12,
            "xtick.labelsize": 11.5, "ytick.labelsize": 11.5, "legend.fontsize": 11.5, "legend.frameon": False,
            "legend.handlelength": 1.7, "legend.handletextpad": 0.6, "legend.labelspacing": 0.35,
            "axes.spines.top": False, "axes.spines.right": False, "axes.edgecolor": QUIET, "axes.linewidth": 0.9,
            "axes.labelcolor": INK, "text.color": INK, "xtick.color": INK, "ytick.color": INK, "grid.color": GRID,
            "lines.linewidth": 1.9, "image.cmap": "gray", "svg.fonttype": "none",
            "svg.hashsalt": "mvi", "pdf.fonttype": 42,
        },
    )  # fmt: skip


def stamp(axes, kind):
    """Write at the foot of a figure which kind of patients made it, so that a copied picture still says so.

    ``kind`` of cohort: ``reconstructed``, ``phantom``, ``real`` or ``own``; ``"paper"`` where only printed numbers did.
    """
    box = {"boxstyle": "round,pad=0.3", "facecolor": {**KIND_COLOURS, "paper": QUIET}[kind], "edgecolor": "none"}
    words = {"fontsize": 10, "color": "white", "weight": "bold", "bbox": box}
    axes.figure.supxlabel("printed numbers" if kind == "paper" else f"{kind} patients", x=0.99, ha="right", **words)
    return axes


def panel_letter(axes, letter):
    """Put the letter of a panel at its upper left corner, as the paper does."""
    axes.annotate(
        letter, (0, 1), xytext=(-30, 8), xycoords="axes fraction", textcoords="offset points", fontsize=14,
        weight="bold", va="bottom", annotation_clip=False,
    )  # fmt: skip
    return axes


def group_style(name, position):
    """Colour and line, as arguments of `plot`: fixed where a group's name says absent, present, a grade or a year.

    ``position`` is the place among the groups, for names without a fixed colour.

    Examples
    --------
    >>> group_style("DL-MVI absent", 0)["color"] == ABSENT
    True
    """
    fixed = {**MVI_COLOURS, **GRADE_COLOURS, **ENROLMENT_COLOURS}
    words = [word for word in re.split(r"[ ,:]+", str(name)) if word in fixed]
    line = LINES[list(fixed).index(words[-1]) % 2] if words else LINES[position % len(LINES)]
    return {"color": fixed[words[-1]] if words else SERIES[position % len(SERIES)], "linestyle": line}


def point_and_interval(axes, along, across, *, colour, marker="o", **style):
    """Draw estimates as points with their intervals as horizontal bars.

    ``along``: estimate, lower and upper end of the interval; a missing end draws no bar. ``across``: height of each
    point. ``**style``: passed to `matplotlib.axes.Axes.plot` for the points (``label``, ``markerfacecolor``, ...).
    """
    value, low, high = along
    axes.hlines(across, low, high, color=colour, linewidth=1.8, zorder=2)
    axes.plot(value, across, linestyle="none", marker=marker, color=colour, **{"markersize": 6.5, "zorder": 3, **style})


def reading_rows(axes, labels):
    """Label rows from top to bottom and rule them lightly.

    ``labels``: one label a row; row 0 is on top.
    """
    axes.set_yticks(range(len(labels)), labels)
    axes.set_ylim(len(labels) - 0.4, -0.6)
    axes.tick_params(axis="y", length=0)
    axes.spines["left"].set_visible(False)
    axes.grid(axis="x", linewidth=0.7)
    axes.set_axisbelow(True)


def hide_frame(axes):
    """Take away ticks, spines and grid, for drawings that are not plots."""
    axes.set(xticks=[], yticks=[])
    axes.grid(False)
    plt.setp(axes.spines.values(), visible=False)

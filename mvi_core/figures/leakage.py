"""How far does a leak lift a score: rungs of protocols, and intervals that should cover chance."""

from mvi_core.figures.style import INK, LINES, OURS, QUIET, SERIES, point_and_interval, reading_rows

LEAKY = SERIES[4]


def protocol_ladder(table, axes, *, title, note="AUC, 95 % CI"):
    """Draw the score of one model under each protocol: leaky ones filled, honest ones in our colour, others open.

    ``table`` has columns ``protocol``, ``value``, ``ci_low``, ``ci_high`` and ``kind`` (``leaky``, ``honest`` or ``no
    network``); first row on top.
    """
    axes.axvline(0.5, color=INK, linewidth=1.1, linestyle=LINES[1])
    looks = {"leaky": (LEAKY, "s"), "honest": (OURS, "o"), "no network": (QUIET, "D")}
    for row, line in enumerate(table.itertuples()):
        colour, marker = looks[line.kind]
        face = "white" if line.kind == "no network" else colour
        along = ([line.value], line.ci_low, line.ci_high)
        point_and_interval(axes, along, [row], colour=colour, marker=marker, markerfacecolor=face)
    reading_rows(axes, list(table["protocol"]))
    axes.set(xlim=(0.2, 1.02), xlabel=note)
    axes.set_title(title)
    return axes


def covering_intervals(table, axes, *, title, note="AUC, 95 % CI", truth=0.5):
    """Draw one interval a seed, those that miss the truth in another colour and with an open marker.

    ``table`` has columns ``value``, ``ci_low``, ``ci_high``, ``covers``; one row a seed. ``truth``: drawn as a line.
    """
    axes.axvline(truth, color=INK, linewidth=1.1, linestyle=LINES[1])
    heights = range(len(table))
    for covers, colour, face in ((True, OURS, OURS), (False, LEAKY, "white")):
        part = table[table["covers"] == covers]
        rows = [height for height, hit in zip(heights, table["covers"], strict=True) if hit == covers]
        along = (part["value"], part["ci_low"], part["ci_high"])
        point_and_interval(axes, along, rows, colour=colour, markerfacecolor=face, markersize=5)
    axes.set(xlim=(0.15, 0.9), yticks=[], xlabel=note)
    axes.spines["left"].set_visible(False)
    axes.set_title(title)
    return axes

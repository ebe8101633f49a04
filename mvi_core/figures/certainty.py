"""How far can one prediction be trusted: spread over resampled models, accuracy of the surest, sizes of sets."""

from matplotlib.ticker import PercentFormatter

from mvi_core.figures.style import INK, LINES, OURS, group_style, reading_rows

SIZE_COLOURS = ("#eef1f3", OURS, "#9cc5cb", "#6b4d10")  # empty set, one grade, two, all three


def risk_distribution(spread, axes, *, note=""):
    """Draw how the predicted risks lie in patients with MVI, upwards, and without, downwards.

    ``spread`` has columns ``risk``, ``share_absent``, ``share_present``: shares of all patients.
    """
    for column, sign, name in (("share_present", 1, "MVI present"), ("share_absent", -1, "MVI absent")):
        colour = group_style(name, 0)["color"]
        axes.bar(spread["risk"], sign * spread[column], width=0.01, linewidth=0, color=colour, label=name)
    top = 1.15 * spread[["share_absent", "share_present"]].max(axis=None)
    axes.axhline(0, color=INK, linewidth=0.9)
    axes.set(xlim=(-0.02, 1.02), ylim=(-top, top), xlabel=note, ylabel="share of all patients")
    axes.yaxis.set_major_formatter(lambda share, _: f"{abs(share):.0%}")
    axes.legend(loc="upper left", bbox_to_anchor=(0, 1.02), ncols=2)
    return axes


def prediction_instability(patients, axes, *, note=""):
    """Draw for each patient the range of risks that resampled models give, over the risk of the model itself.

    ``patients`` has columns ``risk``, ``low``, ``high``.
    """
    once = patients.drop_duplicates(["risk", "low", "high"])
    axes.vlines(once["risk"], once["low"], once["high"], color=OURS, linewidth=1.2, alpha=0.75, label="95 % of models")
    return _diagonal(axes, "risk of the model", "risk given by the model", "risk given by resampled models", note)


def calibration_instability(curves, axes, *, note=""):
    """Draw the calibration curves of resampled models in the original patients.

    ``curves`` has columns ``resample``, ``risk``, ``observed``.
    """
    for place, (_, curve) in enumerate(curves.groupby("resample")):
        label = "a resampled model" if place == 0 else None
        axes.plot(curve["risk"], curve["observed"], color=OURS, linewidth=0.7, alpha=0.35, label=label)
    return _diagonal(axes, "ideal", "predicted probability of MVI", "observed share with MVI", note)


def risk_coverage(curves, axes, *, note="share of patients kept, the surest first"):
    """Draw the accuracy among the patients of whom the network is surest, over the share of patients kept.

    ``curves`` has columns ``series``, ``share_kept``, ``accuracy``, ``ci_low``, ``ci_high``.
    """
    for place, (name, curve) in enumerate(curves.groupby("series", sort=False)):
        style = group_style(name, place)
        axes.fill_between(
            curve["share_kept"], curve["ci_low"], curve["ci_high"], color=style["color"], alpha=0.16, lw=0
        )
        axes.plot(curve["share_kept"], curve["accuracy"], label=name, **style)
    axes.set(xlim=(0, 1.01), ylim=(0, 1.01), xlabel=note, ylabel="accuracy of the grade")
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_formatter(PercentFormatter(1, decimals=0))
    axes.legend(loc="lower right")
    return axes


def set_sizes(table, axes, *, note="share of patients"):
    """Draw how many grades the sets hold, one bar a series.

    ``table``: column ``series``, and a share from 0 to 1 for each of ``none``, ``one``, ``two``, ``three``.
    """
    left = [0.0] * len(table)
    for colour, name in zip(SIZE_COLOURS, ("none", "one", "two", "three"), strict=True):
        axes.barh(
            range(len(table)), table[name], left=left, height=0.62, color=colour, edgecolor=INK, lw=0.8, label=name
        )
        for row, (start, share) in enumerate(zip(left, table[name], strict=True)):
            if share >= 0.06:
                ink = "white" if name in ("one", "three") else INK
                axes.text(start + share / 2, row, f"{share:.0%}", ha="center", va="center", color=ink, fontsize=11)
        left = [start + share for start, share in zip(left, table[name], strict=True)]
    reading_rows(axes, list(table["series"]))
    axes.set(xlim=(0, 1), xlabel=note)
    axes.xaxis.set_major_formatter(PercentFormatter(1, decimals=0))
    axes.legend(loc="lower left", bbox_to_anchor=(0, 1), ncols=4, title="grades in the set", alignment="left")
    return axes


def _diagonal(axes, line, along, up, note):
    axes.plot([0, 1], [0, 1], color=INK, linewidth=1.2, linestyle=LINES[2], label=line, zorder=3)
    axes.set(xlim=(-0.01, 1.01), ylim=(-0.01, 1.01), aspect="equal", xlabel=along, ylabel=up)
    axes.legend(loc="upper left", title=note or None, alignment="left")
    return axes

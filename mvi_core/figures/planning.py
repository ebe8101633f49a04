"""How many patients would a model need: sizes against what is anticipated."""

from mvi_core.figures.style import LINES, QUIET, SERIES


def patients_needed(curve, axes, *, n):
    """Draw the patients that each model needs against the anticipated AUC, beside a rule of thumb and those there are.

    ``curve`` has columns ``model``, ``parameters``, ``auc``, ``n_required`` and ``rule`` (patients by the rule of
    thumb). ``n``: patients of the cohort.
    """
    for place, (name, line) in enumerate(curve.groupby("model", sort=False)):
        colour, label = SERIES[place], f"{name} ({line['parameters'].iloc[0]})"
        axes.plot(line["auc"], line["n_required"], color=colour, linestyle=LINES[place], label=label)
        axes.plot(line["auc"], line["rule"], color=colour, linestyle=LINES[2], linewidth=1.3)
        axes.annotate("ten events per parameter", (line["auc"].max(), line["rule"].iloc[0]), xytext=(0, 3),
                      textcoords="offset points", ha="right", fontsize=10, color=colour)  # fmt: skip
    axes.axhline(n, color=QUIET, linewidth=1.6)
    axes.annotate(f"n = {n:,} here", (curve["auc"].min(), n), xytext=(0, 3), textcoords="offset points", color=QUIET)
    axes.set(yscale="log", xlabel="anticipated AUC", ylabel="patients needed (log scale)")
    low, high = axes.get_ylim()
    ticks = [tick for power in range(1, 6) for tick in (10**power, 2 * 10**power, 5 * 10**power) if low <= tick <= high]
    axes.set_yticks(ticks, [f"{tick:,}" for tick in ticks])
    axes.minorticks_off()
    axes.legend(loc="upper right", title="Riley's criteria (parameters)")
    return axes

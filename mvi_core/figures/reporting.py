"""How much of a reviewer's checklist is reported: one bar a report, full, part and not."""

from mvi_core.figures.style import GRID, OURS, PAPER, reading_rows

PARTS = {
    "in full": (("reported", "met"), OURS, "white"),
    "in part": (("partly", "partly met"), "#8fc1ca", PAPER),
    "not": (("not reported", "not met"), PAPER, "white"),
    "not read or not applicable": (("not read", "not applicable"), GRID, PAPER),
}


def checklist_bars(counts, axes):
    """Draw how many items of each checklist are reported in full, in part or not.

    ``counts``: one column a checklist; index ``(who, word)``, words as in `mvi_core.report.checklist`.
    """
    rows = [(title, who) for title in counts for who in sorted(set(counts.index.get_level_values(0)))]
    left = [0] * len(rows)
    for name, (words, colour, ink) in PARTS.items():
        widths = [int(counts.loc[who, title].reindex(words).sum()) for title, who in rows]
        bars = axes.barh(range(len(rows)), widths, left=left, color=colour, height=0.66, label=name, edgecolor="white")
        axes.bar_label(bars, [str(n) if n else "" for n in widths], label_type="center", color=ink, fontsize=10.5)
        left = [start + width for start, width in zip(left, widths, strict=True)]
    reading_rows(axes, [f"{title}: {who}" for title, who in rows])
    axes.set(xlabel="items", xlim=(0, max(left)))
    axes.legend(loc="lower left", bbox_to_anchor=(-0.02, 1.0), ncols=4, columnspacing=1.1, handlelength=1.1)
    return axes

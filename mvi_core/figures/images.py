"""What does the network see: from image to lesion ROI, the six sequences, and the network itself."""

from matplotlib.colors import LinearSegmentedColormap
from matplotlib.patches import Rectangle

from mvi_core.figures.style import GRADE_COLOURS, GRID, INK, OURS, QUIET, hide_frame

BOX_COLOURS = ("#ffd23f", "#4de1ff")  # on grey images: first box (drawn), second box (enlarged)
SIGNED = LinearSegmentedColormap.from_list("signed", ["#3a7fd5", "#ffffff", "#e0442a"])  # against MVI, for MVI


def roi_steps(images, axes, *, titles, boxes):
    """Show one image a step, with the lesion boxes of that step drawn on it.

    ``images``: one grey image a step. ``titles``: what was done in the step. ``boxes``: boxes of each step (``row0``,
    ``col0``, ``row1``, ``col1``, half-open); empty for none.
    """
    for image, panel, title, drawn in zip(images, axes, titles, boxes, strict=True):
        _show(image, panel, title)
        for box, colour, line in zip(drawn, BOX_COLOURS, ("-", "--"), strict=False):
            corner, size = (box.col0 - 0.5, box.row0 - 0.5), (box.col1 - box.col0, box.row1 - box.row0)
            panel.add_patch(Rectangle(corner, *size, fill=False, edgecolor=colour, linewidth=2, linestyle=line))
    return axes


def sequence_panel(images, axes, *, boxes=None):
    """Show the sequences of one patient side by side.

    ``images``: image by sequence, in reading order. ``boxes``: lesion box by sequence.
    """
    drawn = [[boxes[sequence]] if boxes else [] for sequence in images]
    return roi_steps(list(images.values()), axes, titles=[str(sequence) for sequence in images], boxes=drawn)


def contact_sheet(mosaic, axes, *, boxes, rows, columns):
    """Show small images in rows and columns, each with its lesion box, so that a person can look at every one.

    ``mosaic``: one grey image that holds all the small ones, which are squares. ``boxes``: half-open boxes (row0, col0,
    row1, col1) in pixels of the mosaic. ``rows``, ``columns``: their names, of equal height and width.
    """
    axes.imshow(mosaic, cmap="gray", vmin=0, vmax=255, interpolation="nearest")
    side = mosaic.shape[1] / len(columns)
    for row0, col0, row1, col1 in boxes:
        corner = (col0 - 0.5, row0 - 0.5)
        axes.add_patch(Rectangle(corner, col1 - col0, row1 - row0, fill=False, edgecolor=BOX_COLOURS[0], linewidth=1))
    axes.set_xticks([side * (place + 0.5) for place in range(len(columns))], columns)
    axes.set_yticks([side * (place + 0.5) for place in range(len(rows))], rows)
    axes.tick_params(length=0, labelsize=9, labeltop=True, labelbottom=False)
    for spine in axes.spines.values():
        spine.set_visible(False)
    return axes


def attention_panel(image, shares, axes, *, title, lesion):
    """Show a lesion image with what speaks for MVI in red and against it in blue, and the margin of the lesion.

    ``image``: intensities. ``shares``: share of each pixel in the log-odds, with its sign. ``lesion``: share of each
    pixel that is lesion.
    """
    _show(image, axes, title)
    most = float(abs(shares).max()) or 1.0
    axes.imshow(shares, cmap=SIGNED, vmin=-most, vmax=most, alpha=(abs(shares) / most) ** 0.4, interpolation="nearest")
    axes.contour(lesion, levels=[0.5], colors=BOX_COLOURS[0], linewidths=1.2)
    return axes


def network_flow(layers, axes, *, branches, outputs=(), fuse="concat"):
    """Draw the network, input on top, from the shapes that its own layers report.

    ``layers``: name and output shape of each layer without the batch axis, input first: ``("ROI", (1, 320, 320))``.
    ``branches``: sequences that run through the shared layers, one column each. ``outputs``: grades that the last
    layer tells apart. ``fuse``: layers from the first whose name holds this word belong to all branches together.
    """
    hide_frame(axes)
    last = len(branches) - 1
    fused_from = next(row for row, (name, _) in enumerate(layers) if fuse in name.lower())
    axes.set(xlim=(-0.55, last + 4.1), ylim=(len(layers) - 0.5 + bool(outputs), -1.0))
    for column, branch in enumerate(branches):
        axes.text(column, -0.45, branch, ha="center", va="bottom", weight="bold")
    for row, (name, shape) in enumerate(layers):
        columns = range(len(branches)) if row < fused_from else [last / 2]
        for column in columns:
            _layer(axes, (column, row), _width(shape, layers[0][1]), shared=0 < row < fused_from)
            for source in (range(len(branches)) if row == fused_from else [column]) if row else ():
                axes.annotate("", (column, row - 0.24), (source, row - 0.76), arrowprops=_THIN)
        axes.text(last + 0.75, row, name, va="center", fontsize=11.5)
        axes.text(
            last + 4.1, row, " \N{MULTIPLICATION SIGN} ".join(map(str, shape)), va="center", ha="right", color=QUIET
        )
    for place, name in enumerate(outputs):
        column = last / 2 + (place - (len(outputs) - 1) / 2) * 0.8
        axes.annotate("", (column, len(layers) - 0.3), (last / 2, len(layers) - 0.76), arrowprops=_THIN)
        words = {"color": GRADE_COLOURS.get(name, INK), "weight": "bold"}
        axes.text(column, len(layers) - 0.25, name, ha="center", va="top", **words)
    axes.plot([last + 0.6] * 2, [0.7, fused_from - 0.7], color=OURS, linewidth=2.5)
    axes.text(last + 0.75, fused_from - 0.5, "same weights in every branch", fontsize=10.5, color=OURS, va="center")
    return axes


_THIN = {"arrowstyle": "-|>", "color": QUIET, "linewidth": 0.9, "shrinkA": 0, "shrinkB": 0, "mutation_scale": 8}


def _show(image, axes, title):
    axes.imshow(image, cmap="gray", interpolation="nearest")
    hide_frame(axes)
    axes.set_anchor("N")
    axes.set_title(title, fontsize=11.5)


def _width(shape, entry):
    return 0.84 * (shape[-1] / entry[-1]) ** 0.25 if len(shape) == 3 else 0.3


def _layer(axes, centre, wide, *, shared):
    face, edge = (OURS, OURS) if shared else (GRID, INK)
    corner = (centre[0] - wide / 2, centre[1] - 0.22)
    axes.add_patch(Rectangle(corner, wide, 0.44, facecolor=face, edgecolor=edge, linewidth=1))

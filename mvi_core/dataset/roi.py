"""Where is the lesion in a slice, and what does the network receive of it: boxes, enlargement, crop and resize."""

from dataclasses import dataclass

import numpy as np
from scipy import ndimage

from mvi_core.errors import RoiError
from mvi_core.names import ROI_SIZE

MIN_RING_PX = 8  # a drawn ring is at least this high and wide; smaller closed shapes are letters (o, 0, 8)


@dataclass(frozen=True)
class RoiBox:
    """Half-open rectangle in pixels counted from 0: rows ``row0`` to ``row1 - 1``, columns ``col0`` to ``col1 - 1``.

    Raises
    ------
    RoiError
        If an edge is no whole number, is negative, or the box is empty or reversed.

    Examples
    --------
    >>> box = RoiBox(10, 20, 14, 30)
    >>> box.height, box.width
    (4, 10)
    """

    row0: int
    col0: int
    row1: int
    col1: int

    def __post_init__(self):
        for name, value in vars(self).copy().items():
            if isinstance(value, bool) or not float(value).is_integer():
                raise RoiError(f"ROI: {name} ({value}) must be a whole pixel. Divide millimetres by the pixel spacing.")
            object.__setattr__(self, name, int(value))
        if min(self.row0, self.col0) < 0:
            raise RoiError(f"ROI {self.edges} starts before pixel 0. Pixels count from 0; boxes are half-open.")
        if self.height <= 0 or self.width <= 0:
            remedy = "Give row0 < row1 and col0 < col1; boxes are half-open."
            raise RoiError(f"ROI {self.edges} is empty or reversed. {remedy}")

    @property
    def edges(self):
        """``(row0, col0, row1, col1)``."""
        return self.row0, self.col0, self.row1, self.col1

    @property
    def height(self):
        """Rows inside."""
        return self.row1 - self.row0

    @property
    def width(self):
        """Columns inside."""
        return self.col1 - self.col0


def from_mask(mask):
    """Smallest `RoiBox` that holds every marked pixel of a mask (rows, columns); a `RoiError` if none is marked.

    >>> from_mask([[0, 0, 0], [0, 1, 1]])
    RoiBox(row0=1, col0=1, row1=2, col1=3)
    """
    mask = np.asarray(mask, dtype=bool)
    if mask.ndim != 2 or not mask.any():
        found = f"Lesion mask of shape {mask.shape}"
        raise RoiError(f"{found} must be one slice with marked pixels. Check slice and label.")
    rows, columns = (np.flatnonzero(mask.any(axis=axis)) for axis in (1, 0))
    return RoiBox(rows[0], columns[0], rows[-1] + 1, columns[-1] + 1)


def expect_inside(box, shape, where="ROI", spacing_mm=None):
    """Box itself, after checking that an image with these rows and columns holds it; else a `RoiError`.

    Parameters
    ----------
    box : RoiBox
    shape : tuple of int
    where : str
        Patient and sequence, for the message.
    spacing_mm : tuple of float, optional
        Of rows and columns; lets the message say when the numbers look like millimetres.
    """
    for name, edge, size, kind in (("row1", box.row1, shape[0], "height"), ("col1", box.col1, shape[1], "width")):
        if edge > size:
            raise RoiError(
                f"{where}: {name} ({edge}) is beyond the image {kind} ({size}). "
                f"Check the box in rois.csv; boxes are half-open pixels.{_hint(box, shape, spacing_mm)}"
            )
    return box


def enlarge(box, margins_px, shape):
    """Box grown outwards at each side, at most up to the border of the image (paper, Methods, step 1: 5-10 px).

    Parameters
    ----------
    box : RoiBox
    margins_px : int or sequence of 4 int
        Pixels to add: one number for all sides, or top, left, bottom, right.
    shape : tuple of int
        Rows and columns of the image.

    Returns
    -------
    RoiBox

    Raises
    ------
    RoiError
        If the box does not lie in the image or a margin is negative.

    Examples
    --------
    >>> enlarge(RoiBox(2, 20, 12, 30), 5, (100, 100))
    RoiBox(row0=0, col0=15, row1=17, col1=35)
    """
    expect_inside(box, shape)
    margins = np.broadcast_to(np.asarray(margins_px), 4)
    if margins.min() < 0:
        raise RoiError(f"Margins must be 0 px or more, got {margins.tolist()}. A box is enlarged, never shrunk.")
    edges = np.add(box.edges, margins * (-1, -1, 1, 1)).tolist()
    return RoiBox(*np.clip(edges, 0, (*shape, *shape)))


def crop(image, box):
    """Pixels of an image (rows, columns) inside a box, as a copy (height, width); a `RoiError` for a box beyond it."""
    expect_inside(box, image.shape)
    return image[box.row0 : box.row1, box.col0 : box.col1].copy()


def resize(image, size=ROI_SIZE):
    """Image (rows, columns) as float32 (size, size), bilinear, with antialiasing where it shrinks.

    The paper gives 320 x 320 and no method. The aspect ratio of the box is not kept.
    """
    import torch

    pixels = torch.from_numpy(np.ascontiguousarray(image, dtype=np.float32))[None, None]  # (1, 1, rows, columns)
    sized = torch.nn.functional.interpolate(pixels, size=(size, size), mode="bilinear", antialias=True)
    return sized[0, 0].numpy()  # (size, size)


def overlay_lesion_mask(overlay):
    """Lesion inside a hand-drawn ring, told from the annotation text of the same overlay (rows, columns): a mask.

    Rule: among the 8-connected parts of the overlay, those that close around an inside and are at least 8 px high and
    wide are rings; the ring that encloses most is the lesion, with its inside. Letters are smaller or open. A
    `RoiError` says that no part is a ring.

    >>> ring = np.zeros((20, 20), dtype=bool)
    >>> ring[3:13, 4:14] = True
    >>> ring[4:12, 5:13] = False
    >>> int(overlay_lesion_mask(ring).sum())
    100
    """
    parts, n_parts = ndimage.label(np.asarray(overlay, dtype=bool), structure=np.ones((3, 3)))
    best, best_area = None, 0
    for part in range(1, n_parts + 1):
        ring = parts == part
        filled, box = ndimage.binary_fill_holes(ring), from_mask(ring)
        area = int(filled.sum() - ring.sum())
        if min(box.height, box.width) >= MIN_RING_PX and area > best_area:
            best, best_area = filled, area
    if best is None:
        raise RoiError(
            f"None of the {n_parts} parts of the overlay is a closed ring. Draw the lesion as a closed line."
        )
    return best


def _hint(box, shape, spacing_mm):
    if box.row1 <= shape[1] and box.col1 <= shape[0]:
        return " Rows and columns look exchanged."
    if spacing_mm is not None:
        in_px = (box.row1 / spacing_mm[0], box.col1 / spacing_mm[1])
        if in_px[0] <= shape[0] and in_px[1] <= shape[1]:
            return " The numbers would fit as millimetres: divide them by the pixel spacing."
    return ""

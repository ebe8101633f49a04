"""What is the smooth trend of an outcome over predicted risk: locally weighted regression as in R."""

import numpy as np

SPAN = 2 / 3  # share of the patients in each local fit; default of R's lowess


def lowess(x, y):
    """Locally weighted regression of ``y`` on ascending ``x``, as R's ``lowess(x, y, f = 2/3, iter = 0)``.

    Without robustness iterations, which would treat the rarer outcome as outliers. statsmodels' lowess agrees,
    but gives NaN where two thirds of the patients share one risk; R and this function then give their mean.
    Fitted at points at least 1 % of the range apart, linear in between. Cleveland 1979,
    doi:10.1080/01621459.1979.10481038; R, src/library/stats/src/lowess.c.

    Examples
    --------
    >>> lowess(np.arange(5.0), 2 * np.arange(5.0)).round(6).tolist()  # a line stays a line
    [0.0, 2.0, 4.0, 6.0, 8.0]
    """
    k = max(2, min(len(x), int(SPAN * len(x) + 1e-7)))
    extent = x[-1] - x[0]
    knots = np.unique(x)
    jump = np.maximum(np.arange(1, len(knots) + 1), np.searchsorted(knots, knots + 0.01 * extent, side="right") - 1)
    chosen = [0]
    while chosen[-1] < len(knots) - 1:
        chosen.append(min(int(jump[chosen[-1]]), len(knots) - 1))
    at = knots[chosen][:, None]  # (m, 1)
    width = np.maximum(at - x[: len(x) - k + 1], x[k - 1 :] - at).min(axis=1, keepdims=True)  # k-th nearest
    distance = np.abs(x - at)  # (m, n)
    inside = distance <= 0.999 * width
    near = np.divide(distance, width, out=np.zeros_like(distance), where=inside & (distance > 0.001 * width))
    falloff = 1 - near * near * near
    weight = np.where(inside, falloff * falloff * falloff, 0.0)
    weight /= weight.sum(axis=1, keepdims=True)
    centre = weight @ x
    offset = x - centre[:, None]
    spread = (weight * offset * offset).sum(axis=1)
    steep = (width[:, 0] > 0) & (np.sqrt(spread) > 0.001 * extent)
    slope = np.divide((weight * offset) @ y, spread, out=np.zeros(len(at)), where=steep)
    return np.interp(x, knots[chosen], weight @ y + slope * (at[:, 0] - centre))

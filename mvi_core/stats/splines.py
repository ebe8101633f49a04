"""How does a regression let a measurement act on a curve: restricted cubic splines, as R's rms has them."""

import numpy as np
import pandas as pd

from mvi_core.checks import finite
from mvi_core.errors import MviError

QUANTILES = {  # Harrell 2015, Table 2.3
    3: (0.1, 0.5, 0.9),
    4: (0.05, 0.35, 0.65, 0.95),
    5: (0.05, 0.275, 0.5, 0.725, 0.95),
    6: (0.05, 0.23, 0.41, 0.59, 0.77, 0.95),
    7: (0.025, 0.1833, 0.3417, 0.5, 0.6583, 0.8167, 0.975),
}
FEW_PATIENTS = 100  # below it the outer knots are the fifth lowest and highest values


def spline_knots(values, n_knots=4):
    """Knots of a restricted cubic spline where rms puts them: at fixed quantiles of the known values.

    From 3 to 7 knots. Harrell, Regression Modeling Strategies, 2015, doi:10.1007/978-3-319-19425-7.

    Examples
    --------
    >>> spline_knots(range(201), 3)
    (20.0, 100.0, 180.0)
    """
    known = np.sort(finite("values", [value for value in values if not pd.isna(value)]))
    if n_knots not in QUANTILES:
        raise MviError(f"n_knots must be one of {', '.join(map(str, QUANTILES))}, got {n_knots}. Four is usual.")
    knots = np.quantile(known, QUANTILES[n_knots])
    if len(known) < FEW_PATIENTS:
        knots[[0, -1]] = known[[min(4, len(known) - 1), max(len(known) - 5, 0)]]
    if (np.diff(knots) <= 0).any():
        raise MviError(
            f"Ties, or too few values ({len(known)}), leave no {n_knots} rising knots. Use fewer or give them."
        )
    return tuple(knots.tolist())


def spline_columns(values, knots, *, name):
    r"""Columns of a restricted cubic spline: straight beyond the outer knots, smooth between.

    The value itself and, for the first :math:`k-2` of :math:`k` knots, with :math:`u_+ = \max(u, 0)`,
    :math:`[(x-t_j)_+^3 - (x-t_{k-1})_+^3\,\frac{t_k-t_j}{t_k-t_{k-1}} + (x-t_k)_+^3\,\frac{t_{k-1}-t_j}{t_k-t_{k-1}}]
    / (t_k-t_1)^2`. A missing value stays missing; the columns are ``name``, ``name'``, ``name''`` and so on, as in rms.

    Examples
    --------
    >>> spline_columns([0, 1, 3], [0, 1, 2], name="size").round(4).values.tolist()
    [[0.0, 0.0], [1.0, 0.25], [3.0, 3.0]]
    """
    t, x = finite("knots", knots), np.asarray(values, dtype=float)
    if len(t) < 3 or (np.diff(t) <= 0).any():
        raise MviError(f"knots must be at least three ascending values, got {list(knots)}. See spline_knots.")
    inner, (before, last) = t[:-2], t[-2:]
    cubes = np.clip(x[:, None] - t, 0, None) ** 3
    late = cubes[:, [-2]] * (last - inner) - cubes[:, [-1]] * (before - inner)
    curved = (cubes[:, :-2] - late / (last - before)) / (last - t[0]) ** 2
    index = values.index if isinstance(values, pd.Series) else None
    return pd.DataFrame(np.column_stack([x, curved]), columns=spline_names(name, t), index=index)


def spline_names(name, knots):
    """Names of the columns of a spline, as rms has them.

    Examples
    --------
    >>> spline_names("size_cm", [2, 4, 6])
    ['size_cm', "size_cm'"]
    """
    return [name + "'" * j for j in range(len(knots) - 1)]

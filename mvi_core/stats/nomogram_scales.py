"""What stands on the sheet of a nomogram: its scales, as numbers that any program can draw."""

from dataclasses import dataclass, replace

import numpy as np
from scipy.special import logit

from mvi_core.errors import MviError
from mvi_core.stats.logistic import INTERCEPT
from mvi_core.stats.splines import spline_columns

MAX_POINTS = 100.0  # of the predictor with the widest span; paper, Fig. 4A
RISK_TICKS = (0.01, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99)


@dataclass(frozen=True, eq=False)
class Axis:
    """Scale of one predictor."""

    variable: str
    kind: str  #: how it acts: ``linear``, ``spline`` or ``factor``
    ticks: tuple  #: displayed values, lowest first, or the levels of a factor
    columns: tuple  #: columns of the model that it makes; one unless it is a spline or factor
    rows: np.ndarray  #: those columns at each tick, shape (n_ticks, n_columns)
    knots: tuple | None  #: of a spline
    limits: tuple | None  #: lowest and highest value that was both fitted and is displayed; None for a factor
    log_odds: tuple  #: contribution to the log odds at each tick
    points: tuple  #: at each tick


@dataclass(frozen=True, eq=False)
class Nomogram:
    """All scales of a nomogram."""

    axes: tuple  #: one `Axis` per predictor
    intercept: float
    coefficients: dict  #: log odds per unit of each column, in the order of the axes
    points_per_unit: float  #: points per unit of log odds
    log_odds_at_zero: float  #: log odds of a patient with zero points
    total_ticks: tuple  #: displayed total points
    risk_ticks: tuple  #: displayed risks, each with its total points
    covariance: np.ndarray | None  #: of intercept and coefficients; None for a published formula
    n: int | None  #: patients behind the model

    def to_dict(self):
        """Plain numbers and lists for ``nomogram.json``: enough to draw it and to calculate risk and interval."""
        told = {
            "intercept": self.intercept,
            "coefficients": self.coefficients,
            "covariance": self.covariance,
            "covariance_order": [INTERCEPT, *self.coefficients],
            "ranges": {axis.variable: axis.limits for axis in self.axes if axis.limits},
            "axes": [vars(axis) for axis in self.axes],
            "n": self.n,
        }
        scales = ("points_per_unit", "log_odds_at_zero", "total_ticks", "risk_ticks")
        return _plain(told | {name: getattr(self, name) for name in scales})

    @classmethod
    def from_dict(cls, sheet):
        """Nomogram of a ``nomogram.json``, the other way round."""
        arrays = {
            "rows": np.asarray,
            "knots": lambda knots: knots and tuple(knots),
            "limits": lambda ends: ends and tuple(ends),
        }
        axes = tuple(
            Axis(**{key: arrays.get(key, lambda part: part)(value) for key, value in axis.items()})
            for axis in sheet["axes"]
        )
        kept = {key: sheet[key] for key in ("intercept", "coefficients", "points_per_unit", "log_odds_at_zero", "n")}
        ticks = {key: tuple(sheet[key]) for key in ("total_ticks", "risk_ticks")}
        return cls(axes=axes, covariance=np.asarray(sheet["covariance"], float), **kept, **ticks)


def nomogram_of(beta, scales, *, covariance, n):
    """Nomogram of ``{column: coefficient}``, intercept first, and what each scale shows.

    A scale is (name, ticks, columns, levels, knots, fitted values); ``covariance`` a row for each coefficient, or None.

    Examples
    --------
    >>> scale = ("a", (0, 1, 2), ["a"], None, None, (0, 2))
    >>> nomogram_of({"intercept": -1.0, "a": 2.0}, [scale], covariance=None, n=None).axes[0].points
    (0.0, 50.0, 100.0)
    """
    bare = []
    for name, ticks, columns, levels, knots, fitted in scales:
        kind = "factor" if levels is not None else "spline" if knots is not None else "linear"
        ticks = ticks if kind == "factor" else tuple(map(float, ticks))
        knots = None if knots is None else tuple(map(float, knots))
        limits = None if kind == "factor" else (max(ticks[0], min(fitted)), min(ticks[-1], max(fitted)))
        axis = Axis(name, kind, ticks, tuple(columns), levels, knots, limits, (), ())
        rows = design_rows(axis, ticks)
        bare.append(replace(axis, rows=rows, log_odds=tuple((rows @ [beta[column] for column in columns]).tolist())))
    spans = [max(axis.log_odds) - min(axis.log_odds) for axis in bare]
    if max(spans, default=0.0) <= 0:
        raise MviError("No predictor changes the risk over its displayed range, so no points exist. Widen the ranges.")
    per_unit = MAX_POINTS / max(spans)
    axes = [
        replace(axis, points=tuple((value - min(axis.log_odds)) * per_unit for value in axis.log_odds)) for axis in bare
    ]
    zero, most = beta[INTERCEPT] + sum(min(axis.log_odds) for axis in axes), sum(spans) * per_unit
    totals = {tick: (logit(tick) - zero) * per_unit for tick in RISK_TICKS}
    risk_ticks = tuple((tick, float(total)) for tick, total in totals.items() if 0 <= total <= most)
    order = [column for axis in axes for column in axis.columns]
    if covariance is not None:
        kept = [list(beta).index(column) for column in (INTERCEPT, *order)]
        covariance = np.array([covariance[column] for column in (INTERCEPT, *order)])[:, kept]
    return Nomogram(
        tuple(axes), float(beta[INTERCEPT]), {column: float(beta[column]) for column in order}, float(per_unit),
        float(zero), pretty(0.0, most), risk_ticks, covariance, n,
    )  # fmt: skip


def design_rows(axis, values):
    """Columns of the model that an axis makes at given values, (n_values, n_columns).

    Examples
    --------
    >>> scale = ("a", (0, 1, 2), ["a"], None, None, (0, 2))
    >>> sheet = nomogram_of({"intercept": -1.0, "a": 2.0}, [scale], covariance=None, n=None)
    >>> design_rows(sheet.axes[0], [0, 1.5]).tolist()
    [[0.0], [1.5]]
    """
    if axis.kind == "factor":
        return axis.rows[[axis.ticks.index(value) for value in values]]
    if axis.kind == "spline":
        return spline_columns(values, axis.knots, name=axis.variable).to_numpy()
    return np.asarray(values, dtype=float)[:, None]


def pretty(low, high, n=10):
    """About ``n`` round values that cover a range, as R's ``pretty``.

    Examples
    --------
    >>> pretty(26.3, 78.4)
    (25.0, 30.0, 35.0, 40.0, 45.0, 50.0, 55.0, 60.0, 65.0, 70.0, 75.0, 80.0)
    """
    cell = (high - low) / n
    base = 10.0 ** np.floor(np.log10(cell))
    unit = base
    for factor, bias in ((2, 1.5), (5, 2.75), (10, 1.5)):  # R_pretty: move up when within h * (U - cell)
        if factor * base - cell < bias * (cell - unit):
            unit = factor * base
    first, last = np.floor(low / unit + 1e-7), np.ceil(high / unit - 1e-7)
    return tuple(float(np.round(step * unit, 12)) for step in np.arange(first, last + 1))


def _plain(value):
    """Numbers, texts, lists and dicts only, as JSON has them."""
    if isinstance(value, dict):
        return {str(key): _plain(part) for key, part in value.items()}
    if isinstance(value, tuple | list | np.ndarray):
        return [_plain(part) for part in value]
    if isinstance(value, bool | str) or value is None:
        return value
    return int(value) if isinstance(value, int | np.integer) else float(value)

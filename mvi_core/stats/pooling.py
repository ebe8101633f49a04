"""Do several cohorts tell of one effect: pooled odds ratio, heterogeneity, and where the next cohort may lie."""

import numpy as np
import pandas as pd
from scipy import optimize, stats

from mvi_core.errors import MviError
from mvi_core.stats.estimate import critical_value

POOLED = ("fixed", "random", "prediction")
METHOD = "inverse variance; Paule-Mandel between-cohort variance, Knapp-Hartung interval never below the normal one"


def pool(effects, *, level=0.95):
    r"""Pool odds ratios of independent cohorts on the log scale.

    The fixed answer takes one effect for all. The random one lets effects differ with variance :math:`\tau^2`
    (Paule-Mandel); its interval is Knapp and Hartung's with :math:`t_{k-1}`, whose factor is held at 1 or above. The
    prediction interval :math:`\hat\mu \pm t_{k-2}\sqrt{\hat\tau^2 + se^2}` says where the effect of a further cohort
    may lie; of two cohorts there is none.

    Parameters
    ----------
    effects : pandas.DataFrame
        Columns ``odds_ratio``, ``ci_low``, ``ci_high``, all finite; one row a cohort, at least two. The standard error
        is the width of the interval on the log scale over twice the normal quantile.
    level : float
        Of the given and of the returned intervals.

    Returns
    -------
    pandas.DataFrame
        Rows ``fixed``, ``random``, ``prediction``: ``kind, odds_ratio, ci_low, ci_high``. ``attrs``: ``k``, ``q``,
        ``q_p``, ``i2`` (share of the variance that is not chance, 0 to 1), ``tau2`` with ``tau2_low``, ``tau2_high``
        (Q profile), ``method``.

    Notes
    -----
    Higgins, Thompson and Spiegelhalter 2009, doi:10.1111/j.1467-985X.2008.00552.x; Viechtbauer 2007,
    doi:10.1002/sim.2514; Röver, Knapp and Friede 2015, doi:10.1186/s12874-015-0091-1. With three cohorts every interval
    of the random answer is wide because three cohorts say little of their spread.

    Examples
    --------
    >>> same = pd.DataFrame({"odds_ratio": [2.0, 2.0], "ci_low": [1.0, 1.0], "ci_high": [4.0, 4.0]})
    >>> pooled = pool(same)
    >>> pooled.loc[0, ["odds_ratio", "ci_low", "ci_high"]].astype(float).round(3).tolist()  # 2 ** (1 ± sqrt(1/2))
    [2.0, 1.225, 3.265]
    >>> pooled.attrs["q"], pooled.attrs["i2"], bool(pooled["ci_low"].isna()[2])
    (0.0, 0.0, True)
    """
    z = critical_value(level)
    ends = effects[["odds_ratio", "ci_low", "ci_high"]].to_numpy(dtype=float)
    value, low, high = ends.T
    if (
        len(ends) < 2
        or not np.isfinite(ends).all()
        or not ((low > 0) & (low < high) & (low <= value) & (value <= high)).all()
    ):
        raise MviError(
            f"pool needs two or more finite odds ratios inside their intervals, got {len(ends)}. Leave out others."
        )
    log, low, high = np.log(ends).T
    variance = ((high - low) / (2 * z)) ** 2
    k, tau2 = len(log), _tau2(log, variance, len(log) - 1)
    fixed, fixed_error, q = _mean(log, variance)
    centre, error, generalised = _mean(log, variance + tau2)
    wide = error * max(1.0, generalised / (k - 1)) ** 0.5
    reach = stats.t.ppf(0.5 + level / 2, k - 2) * (tau2 + error**2) ** 0.5 if k > 2 else np.nan
    rows = [("fixed", fixed, z * fixed_error), ("random", centre, stats.t.ppf(0.5 + level / 2, k - 1) * wide)]
    rows = [(kind, *np.exp([y, y - half, y + half])) for kind, y, half in [*rows, ("prediction", centre, reach)]]
    table = pd.DataFrame(rows, columns=["kind", "odds_ratio", "ci_low", "ci_high"])
    high, low = stats.chi2.ppf([0.5 - level / 2, 0.5 + level / 2], k - 1)
    spread = {"tau2": tau2, "tau2_low": _tau2(log, variance, low), "tau2_high": _tau2(log, variance, high)}
    i2 = max(0.0, 1 - (k - 1) / q) if q > 0 else 0.0
    table.attrs |= {"k": k, "q": q, "q_p": float(stats.chi2.sf(q, k - 1)), "i2": i2, **spread, "method": METHOD}
    return table


def pool_each(effects, *, level=0.95):
    """Pool each variable that two cohorts or more have.

    Parameters
    ----------
    effects : pandas.DataFrame
        As `pool` takes it, with ``variable``; one row a variable and cohort.
    level : float

    Returns
    -------
    pandas.DataFrame
        One row a variable: ``variable, k``; ``fixed, random, prediction``, each with ``_low`` and ``_high``; ``q, q_p,
        i2, tau2, tau2_low, tau2_high``.

    Examples
    --------
    >>> same = pd.DataFrame({"variable": "afp", "odds_ratio": [2.0, 2.0], "ci_low": [1.0, 1.0], "ci_high": [4.0, 4.0]})
    >>> pool_each(same)[["variable", "k", "fixed", "random"]].round(6).values.tolist()
    [['afp', 2, 2.0, 2.0]]
    """
    rows = []
    for name, part in effects.groupby("variable", sort=False):
        if len(part) < 2:
            continue
        pooled = pool(part, level=level)
        row = {"variable": name, "k": pooled.attrs["k"]}
        for line in pooled.itertuples():
            row |= {line.kind: line.odds_ratio, f"{line.kind}_low": line.ci_low, f"{line.kind}_high": line.ci_high}
        rows.append(row | {key: pooled.attrs[key] for key in ("q", "q_p", "i2", "tau2", "tau2_low", "tau2_high")})
    return pd.DataFrame(rows)


def _mean(log, variance):
    """Mean weighted by inverse variance, its standard error, and the weighted sum of squares around it (Q)."""
    weights = 1 / variance
    centre = np.average(log, weights=weights)
    return centre, weights.sum() ** -0.5, float(np.sum(weights * (log - centre) ** 2))


def _tau2(log, variance, target):
    """Between-cohort variance at which Q falls to a target; 0 where it is below already."""
    if _mean(log, variance)[2] <= target:
        return 0.0
    top = 1.0
    while _mean(log, variance + top)[2] > target:
        top *= 4
    return float(optimize.brentq(lambda tau2: _mean(log, variance + tau2)[2] - target, 0, top, xtol=1e-14))

"""Do predicted risks come true: calibration in the large, slope, Brier score and the smooth calibration curve."""

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from scipy.optimize import brentq
from scipy.special import expit, logit
from scipy.stats import chi2

from mvi_core.checks import probability
from mvi_core.errors import MviError
from mvi_core.stats.estimate import estimate_table, outcome_and_scores, undefined, wald, wilson
from mvi_core.stats.likelihood import information, maximise
from mvi_core.stats.resampling import percentile_interval, resample_counts
from mvi_core.stats.smooth import lowess

SMALLEST_INFORMATION = 1e-8  # a standard error of 10,000 on the log odds
CURVE_POINTS = 101  # points of the smooth curve, evenly spaced over the predicted risks
MEASURES = ("brier", "scaled_brier", "expected_observed", "ici", "e50", "e90", "e_max")
GROUP_RULE = "cut at quantiles of risk (type 7), intervals (a, b], ties kept together"


@dataclass(frozen=True)
class HosmerLemeshow:
    """Hosmer-Lemeshow test with its grouping ``rule`` and the table of ``groups``."""

    chi2: float
    df: int
    p_value: float
    rule: str
    groups: pd.DataFrame


def calibration_summary(mvi_present, risk, *, rng, n_bootstrap=1000, level=0.95, clip=None):
    r"""Numbers of a calibration: weak (intercept, slope), overall (Brier) and moderate (smooth curve).

    Parameters
    ----------
    mvi_present : array-like of bool, shape (n_patients,)
    risk : array-like of float, shape (n_patients,)
    rng : numpy.random.Generator
    n_bootstrap, level : int, float
    clip : float, optional
        Move risks outside ``[clip, 1 - clip]`` to its ends for intercept and slope, which a risk of exactly 0
        or 1 would make infinite; ``method`` counts them. Without it such a risk is an error.

    Returns
    -------
    pandas.DataFrame
        Columns ``metric, value, ci_low, ci_high, n, method``; rows:
        ``intercept`` (calibration in the large, slope fixed at 1; 0 is ideal), ``slope`` (1 is ideal),
        ``brier``, ``scaled_brier`` (:math:`1 - brier / \bar y(1-\bar y)`), ``expected_observed`` (ratio),
        ``ici, e50, e90, e_max`` (mean, median, 90 % quantile and maximum of the distance between risk
        and smooth curve over the patients). Slope is ``undefined: ...`` where risks are constant or separate.

    Notes
    -----
    ``intercept`` is the offset fit; rms ``val.prob`` prints the joint intercept instead. ICI, E50, E90 and E_max
    cannot fall below 0, so they are above 0 in every resample of perfect predictions too: an interval that leaves
    out the value itself is widened to it.
    Van Calster 2016, doi:10.1016/j.jclinepi.2015.12.005; Austin and Steyerberg 2019, doi:10.1002/sim.8281.

    Examples
    --------
    >>> table = calibration_summary([0, 0, 1, 1], [0.2, 0.4, 0.4, 0.8], rng=np.random.default_rng(0))
    >>> table.set_index("metric").value[["brier", "scaled_brier", "expected_observed"]].round(2).tolist()
    [0.15, 0.4, 0.9]
    """
    outcome, risk = _sorted_outcome_and_risk(mvi_present, risk)
    log_odds, note = _log_odds(risk, clip)
    n = len(outcome)
    estimates = {
        "intercept": _intercept(outcome, log_odds, level, note),
        "slope": _slope(outcome, log_odds, level, note),
    }
    counts = resample_counts(n, n_bootstrap, rng=rng).astype(int)
    replicates = np.transpose([_distances(np.repeat(outcome, row), np.repeat(risk, row)) for row in counts])
    for metric, value, drawn in zip(MEASURES, _distances(outcome, risk), replicates, strict=True):
        e = percentile_interval(value, drawn, level=level, n=n)
        estimates[metric] = replace(e, low=min(e.low, e.value), high=max(e.high, e.value))
    return estimate_table(estimates)


def calibration_curve(mvi_present, risk, *, rng, n_bootstrap=1000, n_groups=10, level=0.95):
    """Observed frequency of MVI against predicted risk, grouped and smooth.

    Arguments as in `calibration_summary`; ``n_groups`` by quantiles of risk, where equal risks stay together, so that
    there may be fewer. Columns ``kind, risk, observed, ci_low, ci_high, n, method``. ``kind`` is ``grouped`` (mean
    risk, share with MVI, Wilson's interval, patients of the group) or ``smooth`` (lowess, pointwise bootstrap band; a
    resample counts where its risks reach). The smooth curve is not cut at 0 and 1.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> curve = calibration_curve([0, 0, 1, 1], [0.2, 0.4, 0.4, 0.8], n_groups=2, n_bootstrap=40, rng=rng)
    >>> curve.loc[curve["kind"] == "grouped", ["risk", "observed", "n"]].round(2).values.tolist()
    [[0.33, 0.33, 3.0], [0.8, 1.0, 1.0]]
    """
    outcome, risk = _sorted_outcome_and_risk(mvi_present, risk)
    groups = _groups(outcome, risk, n_groups)
    rows = [
        ("grouped", group.risk, e.value, e.low, e.high, e.n, e.method)
        for group in groups.itertuples()
        for e in [wilson(group.observed, group.n, level=level)]
    ]
    grid = np.unique(np.linspace(risk[0], risk[-1], CURVE_POINTS))
    counts = resample_counts(len(risk), n_bootstrap, rng=rng).astype(int)
    drawn = [(np.repeat(risk, row), np.repeat(outcome, row)) for row in counts]
    band = np.array([np.interp(grid, x, lowess(x, y), left=np.nan, right=np.nan) for x, y in drawn])
    curve = np.interp(grid, risk, lowess(risk, outcome))
    for point, value, replicates in zip(grid, curve, band.T, strict=True):
        e = percentile_interval(value, replicates, level=level, n=len(risk))
        rows.append(("smooth", point, e.value, e.low, e.high, e.n, f"lowess, {e.method}"))
    return pd.DataFrame(rows, columns=["kind", "risk", "observed", "ci_low", "ci_high", "n", "method"])


def hosmer_lemeshow(mvi_present, risk, *, external, n_groups=10):
    """Hosmer-Lemeshow test, with its grouping rule stated.

    ``external`` is False where the model was fitted to these patients (groups - 2 degrees of freedom), True for new
    ones (groups). Groups as in `calibration_curve`, with columns ``low, high, n, risk, observed, expected``.

    Notes
    -----
    R's ``cut(risk, unique(c(-Inf, quantile(risk, 1:9 / 10), Inf)))``; ResourceSelection differs only where a tenth
    or more have the lowest risk, which it joins to the next. SAS groups by counts and gives another chi-square;
    splitting equal risks by row order gives an arbitrary one. The test says little: read the curve.

    Examples
    --------
    >>> test = hosmer_lemeshow([0, 0, 1, 1, 0, 1, 1, 1], [0.25] * 4 + [0.75] * 4, external=True, n_groups=2)
    >>> round(test.chi2, 4), test.df  # 2 observed, 1 expected: (2 - 1) ** 2 / 0.75; nothing in the other group
    (1.3333, 2)
    """
    groups = _groups(*_sorted_outcome_and_risk(mvi_present, risk), n_groups)
    df = len(groups) - 2 * (not external)
    if df < 1:
        raise MviError(f"Hosmer-Lemeshow has only {len(groups)} groups of risk. Read the calibration curve instead.")
    if ((groups.expected <= 0) | (groups.expected >= groups.n)).any():
        raise MviError("A Hosmer-Lemeshow group expects nobody with, or without, MVI. Leave out risks of 0 and 1.")
    spread = groups.expected * (1 - groups.expected / groups.n)
    statistic = float((((groups.observed - groups.expected) ** 2) / spread).sum())
    return HosmerLemeshow(statistic, df, float(chi2.sf(statistic, df)), f"{len(groups)} groups: {GROUP_RULE}", groups)


def _sorted_outcome_and_risk(mvi_present, risk):
    """Check outcome and risk; both ascending by risk, so that no result depends on the order of patients."""
    outcome, risk = outcome_and_scores(mvi_present, check=probability, risk=risk)
    order = np.lexsort((outcome, risk))
    return outcome[order], risk[order]


def _log_odds(risk, clip):
    """Log odds of the risks, and a note of how many were moved to make them finite."""
    if clip is None:
        extreme = np.count_nonzero((risk == 0) | (risk == 1))
        if extreme:
            raise MviError(
                f"risk is exactly 0 or 1 for {extreme} of {len(risk)} patients, so its log odds are infinite. "
                "Pass clip=1e-6 to move them inside, and report it; or keep the risks in float64."
            )
        return logit(risk), ""
    if not 0 < clip < 0.5:
        raise MviError(f"clip must lie strictly between 0 and 0.5, got {clip}. Pass a small value such as 1e-6.")
    moved = np.count_nonzero((risk < clip) | (risk > 1 - clip))
    return logit(np.clip(risk, clip, 1 - clip)), f"; {moved} risks moved to {clip:g} from 0 or 1"


def _intercept(outcome, log_odds, level, note):
    """Calibration in the large: intercept of the logistic model whose slope is held at 1."""
    n, middle = len(outcome), logit(outcome.mean())
    ends = middle - log_odds[-1] - 1, middle - log_odds[0] + 1  # all risks below, and all above, the prevalence
    value = brentq(lambda shift: expit(log_odds + shift).sum() - outcome.sum(), *ends, xtol=1e-13)
    known = (expit(log_odds + value) * expit(-log_odds - value)).sum()
    if known < SMALLEST_INFORMATION:
        return undefined("the risks are so near 0 and 1 that no intercept is better", level=level, n=n)
    return wald(value, known**-0.5, level=level, method=f"logistic with offset, Wald{note}", n=n)


def _slope(outcome, log_odds, level, note):
    """Calibration slope: coefficient of the log odds; undefined where it is infinite or not identified."""
    n, absent, present = len(outcome), log_odds[outcome == 0], log_odds[outcome == 1]
    unit = log_odds.std()
    if log_odds[-1] - log_odds[0] < 1e-9:
        return undefined("all risks are equal", level=level, n=n)
    if absent.max() <= present.min() or present.max() <= absent.min():
        return undefined("the risks separate the classes, so the slope is infinite", level=level, n=n)
    design = np.column_stack([np.ones(n), (log_odds - log_odds.mean()) / unit])
    beta, _ = maximise(design, outcome, np.zeros(2))
    error = np.linalg.inv(information(design, beta))[1, 1] ** 0.5
    return wald(beta[1] / unit, error / unit, level=level, method=f"logistic, Wald{note}", n=n)


def _distances(outcome, risk):
    """Measure the distance between sorted risks and outcomes, as in MEASURES; NaN where one class is missing."""
    brier, share = np.mean((risk - outcome) ** 2), outcome.mean()
    gap = np.abs(risk - lowess(risk, outcome))
    e50, e90 = np.quantile(gap, [0.5, 0.9])
    scaled, ratio = (1 - brier / (share * (1 - share)), risk.mean() / share) if 0 < share < 1 else (np.nan, np.nan)
    return brier, scaled, ratio, gap.mean(), e50, e90, gap.max()


def _groups(outcome, risk, n_groups):
    """Patients by quantiles of their sorted risks: one row per group of different risks."""
    if n_groups < 1:
        raise MviError(f"n_groups must be at least 1, got {n_groups}. The usual number is 10.")
    place, rest = np.divmod((len(risk) - 1) * np.arange(1, n_groups), n_groups)  # whole numbers: no rounded quantile
    edges = np.unique(risk[place] + (risk[np.minimum(place + 1, len(risk) - 1)] - risk[place]) * (rest / n_groups))
    frame = pd.DataFrame({"group": np.searchsorted(edges, risk), "risk": risk, "outcome": outcome})
    return frame.groupby("group", as_index=False).agg(
        low=("risk", "min"), high=("risk", "max"), n=("risk", "size"), risk=("risk", "mean"),
        observed=("outcome", "sum"), expected=("risk", "sum"),
    )  # fmt: skip

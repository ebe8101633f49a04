"""How well did predicted risks foretell events by a horizon: AUC and Brier score under censoring."""

import numpy as np

from mvi_core.checks import finite, probability
from mvi_core.errors import MviError
from mvi_core.stats.estimate import estimate_table
from mvi_core.stats.kaplan_meier import scored_times
from mvi_core.stats.resampling import percentile_interval, resample_counts

METRICS = ("auc", "brier", "brier_null", "scaled_brier")


def auc_at(months, event, risk, at):
    """Time-dependent AUC: do patients with the event by a horizon have higher risks than those still free of it.

    Cumulative cases against dynamic controls. A case at :math:`t_i` weighs :math:`1/G(t_i-)` and a control
    :math:`1/G(t)`, with :math:`G` the Kaplan-Meier curve of censoring in these patients; who was censored before the
    horizon counts through these weights only. An event at the same time as a censoring came first (R's riskRegression
    and timeROC; scikit-survival differs). Uno et al. 2007, doi:10.1198/016214507000000149; Blanche et al. 2013,
    doi:10.1002/sim.5958.

    Examples
    --------
    >>> auc_at([1, 2, 3, 4], [1, 1, 0, 0], [0.9, 0.3, 0.5, 0.1], at=2.5)
    0.75
    """
    return float(_alone(months, event, risk, at)["auc"][0])


def brier_at(months, event, risk, at):
    """Brier score at a horizon: mean squared distance between predicted risk and what happened, weighted as `auc_at`.

    Graf et al. 1999, doi:10.1002/(SICI)1097-0258(19990915/30)18:17/18<2529::AID-SIM274>3.0.CO;2-5.

    Examples
    --------
    >>> brier_at([1, 2, 3, 4], [1, 1, 0, 0], [1, 0.5, 0.5, 0], at=2.5)
    0.125
    """
    return float(_alone(months, event, risk, at, check=probability)["brier"][0])


def survival_accuracy(months, event, risk, *, at, n_bootstrap, rng):
    """AUC, Brier score and scaled Brier score at a horizon, with 95 % percentile intervals of the bootstrap.

    ``risk`` is of the event by the horizon; in each resample the weights are made anew and the risks kept. Columns of
    `estimate.estimate_table`; rows ``auc``, ``brier``, ``brier_null`` (everybody gets the share of the Kaplan-Meier
    curve) and ``scaled_brier`` (one minus their ratio; R's IPA).

    Examples
    --------
    >>> rng, months, event, risk = np.random.default_rng(0), [1, 2, 3, 4] * 5, [1, 1, 0, 0] * 5, [1, 0.5, 0.5, 0] * 5
    >>> table = survival_accuracy(months, event, risk, at=2.5, n_bootstrap=50, rng=rng)
    >>> table["value"].tolist()
    [0.875, 0.125, 0.25, 0.5]
    """
    time, happened, score = scored_times(months, event, risk, check=probability)
    order = np.lexsort((score, happened, time))
    time, happened, score = time[order], happened[order], score[order]
    n = len(time)
    values = _alone(time, happened, score, at)
    drawn = _scores(time, happened, score, at, resample_counts(n, n_bootstrap, rng=rng))
    rows = {name: percentile_interval(values[name][0], drawn[name], level=0.95, n=n) for name in METRICS}
    return estimate_table(rows)


def censoring_weights(time, happened, counts):
    """Share not yet censored at each time in many resamples at once, events before losses at the same time.

    Shapes: counts (B, n); just before each patient's time (B, n); from each distinct time on (B, n_moments); survival,
    likewise (B, n_moments); and those distinct times.

    Examples
    --------
    >>> before, *_ = censoring_weights(np.array([1, 2, 3]), np.array([1, 0, 1]), np.ones((1, 3)))
    >>> before.tolist()  # one of the two at risk is lost at 2
    [[1.0, 1.0, 0.5]]
    """
    moments, place = np.unique(time, return_inverse=True)
    order = np.argsort(place, kind="stable")
    starts = np.searchsorted(place[order], np.arange(len(moments)))
    leaving = np.add.reduceat(counts[:, order], starts, axis=1)
    died = np.add.reduceat((counts * happened)[:, order], starts, axis=1)
    at_risk = np.cumsum(leaving[:, ::-1], axis=1)[:, ::-1]
    free = np.cumprod(1 - _ratio(leaving - died, at_risk - died), axis=1)
    before = np.column_stack([np.ones(len(counts)), free[:, :-1]])[:, place]
    return before, free, np.cumprod(1 - _ratio(died, at_risk), axis=1), moments


def _alone(months, event, risk, at, check=finite):
    """Check the data at the door, then all scores of the patients themselves."""
    time, happened, score = scored_times(months, event, risk, check=check)
    cases, followed = int(((time <= at) & (happened == 1)).sum()), int((time > at).sum())
    if not cases or not followed:
        raise MviError(
            f"At {at:g} months {cases} patients had the event and {followed} were followed longer. Both are needed: "
            "choose a horizon within the follow-up."
        )
    return _scores(time, happened, score, at, np.ones((1, len(time))))


def _scores(time, happened, score, at, counts):
    """All scores in many resamples, each of shape (B,); NaN in a resample without cases or controls."""
    before, free, survival, moments = censoring_weights(time, happened, counts)
    last = np.searchsorted(moments, at, side="right") - 1
    cases = _ratio(counts * ((time <= at) & (happened == 1)), before)  # (B, n)
    controls = _ratio(counts * (time > at), free[:, [last]])  # (B, n)
    _, place = np.unique(score, return_inverse=True)
    order = np.argsort(place, kind="stable")
    starts = np.searchsorted(place[order], np.arange(place.max() + 1))
    high, low = (np.add.reduceat(part[:, order], starts, axis=1) for part in (cases, controls))
    won = (high * (np.cumsum(low, axis=1) - low / 2)).sum(axis=1)
    missed = 1 - survival[:, last]
    with np.errstate(divide="ignore", invalid="ignore"):
        auc = won / (cases.sum(axis=1) * controls.sum(axis=1))
        n = np.where(np.isfinite(auc), counts.sum(axis=1), np.nan)
        brier = (cases @ (1 - score) ** 2 + controls @ score**2) / n
        null = (cases.sum(axis=1) * (1 - missed) ** 2 + controls.sum(axis=1) * missed**2) / n
        return dict(zip(METRICS, (auc, brier, null, 1 - brier / null), strict=True))


def _ratio(above, below):
    """Quotient; 0 where nobody is left to divide by."""
    return np.divide(above, below, out=np.zeros(np.broadcast(above, below).shape), where=np.asarray(below) > 0)

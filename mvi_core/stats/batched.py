"""How do thousands of resampled logistic models fit at once: Newton steps for all of them in one array."""

import numpy as np
from scipy.special import expit

MAX_STEPS = 50
FARTHEST = 30.0  # log odds; beyond it a fit is running away (separation) and counts as failed
SETTLED = 1e-9  # step after which the next Newton step is below rounding


def fit_many(design, absent, present, *, active=None, offset=0.0):
    """Maximum-likelihood logistic fits of many resamples, given by their counts.

    ``design`` holds covariate patterns of order 1, intercept first: (m, k) for all resamples or (B, m, k); ``absent``
    and ``present`` the patients of each without and with the outcome, (B, m) or (1, m); ``active`` (B, k) what is
    fitted, the rest stays 0; ``offset`` a fixed part of the log odds. Returns the coefficients (B, k), their
    information (B, k, k) with 1 on the diagonal of the inactive, and which fits worked (no constant or overlapping
    column, no separation).

    Examples
    --------
    >>> beta, *_ = fit_many(np.ones((1, 1)), np.array([[1.0], [1.0]]), np.array([[3.0], [1.0]]))
    >>> beta.round(4).tolist()  # log of 3 to 1, and of 1 to 1
    [[1.0986], [0.0]]
    """
    n_fits, k = max(len(absent), len(design) if design.ndim == 3 else 1), design.shape[-1]
    active = np.ones((n_fits, k), bool) if active is None else active
    absent, present, offset = (np.broadcast_to(part, (n_fits, design.shape[-2])) for part in (absent, present, offset))
    beta, total = np.zeros((n_fits, k)), absent + present
    worked = np.linalg.eigvalsh(_information(design, total / total.sum(axis=1, keepdims=True), active))[:, 0] > 1e-8
    live = np.flatnonzero(worked)
    for _ in range(MAX_STEPS):
        if not live.size:
            break
        own = design if design.ndim == 2 else design[live]
        risk = expit(offset[live] + _log_odds(own, beta[live]))
        score = _score(own, present[live] - total[live] * risk) * active[live]
        matrix = _information(own, total[live] * risk * (1 - risk), active[live])
        step = np.linalg.solve(matrix, score[:, :, None])[:, :, 0]
        beta[live] += step
        near = np.abs(_log_odds(own, beta[live])).max(axis=1) < FARTHEST
        worked[live[~near]] = False
        live = live[near & (np.abs(step).max(axis=1) > SETTLED)]
    worked[live] = False
    risk = expit(offset + _log_odds(design, beta))
    return beta, _information(design, total * risk * (1 - risk), active), worked


def auc_many(score, absent, present):
    """Area under the ROC curve, (B,), of scores (B, m) of patterns with counts as in `fit_many`; ties count one half.

    NaN where a resample holds one class only.

    Examples
    --------
    >>> auc_many(np.array([[0.2, 0.8]]), np.array([[3.0, 1.0]]), np.array([[1.0, 3.0]])).tolist()  # (9 + 6 / 2) / 16
    [0.75]
    """
    order = np.argsort(score, axis=1)
    score, absent, present = (
        np.take_along_axis(np.broadcast_to(part, score.shape), order, axis=1) for part in (score, absent, present)
    )
    rises = np.diff(score, axis=1) > 0
    edge = np.ones((len(score), 1), bool)
    up_to = np.cumsum(absent, axis=1)
    below = np.maximum.accumulate(np.where(np.hstack([edge, rises]), up_to - absent, 0.0), axis=1)
    through = np.where(np.hstack([rises, edge]), up_to, np.inf)[:, ::-1]
    through = np.minimum.accumulate(through, axis=1)[:, ::-1]
    pairs = absent.sum(axis=1) * present.sum(axis=1)
    won = (present * (below + through)).sum(axis=1) / 2
    return np.divide(won, pairs, out=np.full(len(won), np.nan), where=pairs > 0)


def _log_odds(design, beta):
    """Log odds of each pattern, (B, m), of a shared (m, k) or an own (B, m, k) design."""
    return beta @ design.T if design.ndim == 2 else (design @ beta[:, :, None])[:, :, 0]


def _score(design, residual):
    """Gradient of each log-likelihood, (B, k)."""
    return residual @ design if design.ndim == 2 else (residual[:, None, :] @ design)[:, 0]


def _information(design, weight, active):
    """Fisher information of each fit, (B, k, k), reduced to the active coefficients."""
    k = design.shape[-1]
    if design.ndim == 2:
        matrix = (weight @ (design[:, :, None] * design[:, None, :]).reshape(-1, k * k)).reshape(-1, k, k)
    else:
        matrix = np.swapaxes(design * weight[:, :, None], 1, 2) @ design
    matrix = np.where(active[:, :, None] & active[:, None, :], matrix, 0.0)
    matrix[:, np.arange(k), np.arange(k)] += ~active
    return matrix

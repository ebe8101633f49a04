"""Which predictors does a modelling keep: selection by p value, in all resamples at once."""

import numpy as np
from scipy import stats

from mvi_core.stats.batched import fit_many

P_KEEP = 0.05  # paper, Statistical analysis: two-tailed p < 0.05


def univariable(design, absent, present, active):
    """Keep the ``active`` predictors (B, k) that are significant alone; design and counts as in `fit_many`.

    With them which resamples worked, (B,): not those in which a needed fit failed.

    Examples
    --------
    >>> design, both = np.array([[1.0, 0.0], [1.0, 1.0]]), np.ones((1, 2), bool)
    >>> univariable(design, np.array([[84.0, 52.0]]), np.array([[60.0, 125.0]]), both)[0].tolist()  # odds ratio 3.4
    [[True, True]]
    >>> univariable(design, np.array([[50.0, 50.0]]), np.array([[50.0, 50.0]]), both)[0].tolist()  # odds ratio 1
    [[True, False]]
    """
    kept, worked = active.copy(), np.ones(len(active), bool)
    for j in range(1, design.shape[1]):
        alone = np.zeros_like(active)
        alone[:, [0, j]] = True
        beta, information, fitted = fit_many(design, absent, present, active=alone)
        kept[:, j] &= _p_values(beta, information, fitted)[:, j] < P_KEEP
        worked &= fitted
    return kept, worked


def backward(design, absent, present, active):
    """Drop the least significant predictor until all left are significant; arguments and results as `univariable`.

    Examples
    --------
    >>> design, both = np.array([[1.0, 0.0], [1.0, 1.0]]), np.ones((1, 2), bool)
    >>> backward(design, np.array([[50.0, 50.0]]), np.array([[50.0, 50.0]]), both)[0].tolist()
    [[True, False]]
    """
    active = active.copy()
    for _ in range(design.shape[1]):
        beta, information, fitted = fit_many(design, absent, present, active=active)
        p_value = np.where(active, _p_values(beta, information, fitted), 0.0)[:, 1:]
        worst = p_value.argmax(axis=1)
        rows = np.flatnonzero(fitted & (p_value.max(axis=1) >= P_KEEP))
        if not rows.size:
            break
        active[rows, worst[rows] + 1] = False
    return active, fitted


def _p_values(beta, information, fitted):
    """Wald p values, (B, k); 1 where the fit failed."""
    usable = np.where(fitted[:, None, None], information, np.eye(beta.shape[1]))
    se = np.sqrt(np.diagonal(np.linalg.inv(usable), axis1=1, axis2=2))
    return np.where(fitted[:, None], 2 * stats.norm.sf(np.abs(beta) / se), 1.0)


SELECTION_STEPS = {"univariable": univariable, "backward": backward}

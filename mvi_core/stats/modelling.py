"""How is a whole modelling repeated many times: patients as covariate patterns, selection and fit of all at once."""

from dataclasses import dataclass

import numpy as np
from scipy.special import expit

from mvi_core.errors import MviError
from mvi_core.stats.batched import auc_many, fit_many
from mvi_core.stats.design import complete_outcome
from mvi_core.stats.resampling import resample_counts
from mvi_core.stats.selection import SELECTION_STEPS
from mvi_core.stats.smooth import lowess

COLUMNS = ("metric", "apparent", "optimism", "corrected", "ci_low", "ci_high", "n_resamples", "method")


@dataclass(frozen=True, eq=False)
class Models:
    """Fitted models, with the patients whom each was fitted to, counted by covariate pattern."""

    absent: np.ndarray  # (B, m)
    present: np.ndarray  # (B, m)
    log_odds: np.ndarray  # (B, m) of every pattern
    worked: np.ndarray  # (B,)

    @property
    def own(self):
        """Measures of each model in its own patients."""
        return measures(self.log_odds, self.absent, self.present)


@dataclass(frozen=True, eq=False)
class Modelling:
    """Complete patients as covariate patterns, and the steps that make a model of them."""

    design: np.ndarray  # (m, k) of the patterns, intercept first
    cells: np.ndarray  # (n, 2 m): pattern and outcome of each patient, in an order that their values fix
    place: np.ndarray  # (n,) pattern of each complete patient, in the order given
    n_missing: int
    selection: tuple
    original: Models

    def count(self, weights):
        """Patients without and with the outcome in each pattern, each (B, m), of weights (B, n)."""
        counts = (weights @ self.cells).reshape(len(weights), -1, 2)
        return counts[..., 0], counts[..., 1]

    def fit(self, weights):
        """Models of many weightings of the patients, (B, n)."""
        return _fit(self.design, *self.count(weights), self.selection)

    def resample(self, n_bootstrap, rng):
        """Models of bootstrap resamples."""
        return self.fit(resample_counts(len(self.cells), n_bootstrap, rng=rng))


def modelling(predictors, mvi_present, selection):
    """Check the data, select and fit the model in them; a `Modelling`.

    Examples
    --------
    >>> import pandas as pd
    >>> afp = pd.DataFrame({"afp_gt_20": [0] * 144 + [1] * 177})
    >>> model = modelling(afp, [0] * 84 + [1] * 60 + [0] * 52 + [1] * 125, ())
    >>> expit(model.original.log_odds).round(4).tolist()  # of its two patterns: 60 / 144 and 125 / 177
    [[0.4167, 0.7062]]
    """
    unknown = [step for step in selection if step not in SELECTION_STEPS]
    if unknown or isinstance(selection, str):
        raise MviError(f"selection must list steps of {', '.join(SELECTION_STEPS)}, got {selection!r}. Pass a tuple.")
    frame, y = complete_outcome(predictors, mvi_present=mvi_present)
    patterns, place = np.unique(frame.to_numpy(), axis=0, return_inverse=True)
    # Sorted, because a sum in another order differs by rounding, which moves ties of the AUC.
    column = np.sort(frame.to_numpy(), axis=0)
    design = np.column_stack([np.ones(len(patterns)), (patterns - column.mean(axis=0)) / column.std(axis=0, ddof=1)])
    order = np.lexsort((y, place))
    cells = np.eye(2 * len(patterns))[2 * place[order] + y[order]]
    counts = cells.sum(axis=0).reshape(1, -1, 2)
    original = _fit(design, counts[..., 0], counts[..., 1], selection)
    if not original.worked[0]:
        raise MviError(
            "The model cannot be fitted to the original patients (separation, or no predictor selected). "
            "Drop the separating predictor or the selection."
        )
    return Modelling(design, cells, place, len(predictors) - len(y), tuple(selection), original)


def measures(log_odds, absent, present):
    """AUC, Brier score and calibration of each model in the patients counted, each (B,); NaN where it has none.

    Examples
    --------
    >>> found = measures(np.log([[1 / 3, 3]]), np.array([[3.0, 1.0]]), np.array([[1.0, 3.0]]))  # risks of 1/4 and 3/4
    >>> [round(float(found[name][0]), 4) + 0.0 for name in ("auc", "brier", "intercept", "slope")]
    [0.75, 0.1875, 0.0, 1.0]
    """
    total, risk = absent + present, expit(log_odds)
    brier = (present * (1 - risk) ** 2 + absent * risk**2).sum(axis=1) / total.sum(axis=1)
    ones = np.ones_like(log_odds)
    large, _, _ = fit_many(ones[:, :, None], absent, present, offset=log_odds)
    joint, _, fitted = fit_many(np.stack([ones, log_odds], axis=2), absent, present)
    joint = np.where(fitted[:, None], joint, np.nan)
    return {
        "auc": auc_many(log_odds, absent, present), "brier": brier, "intercept": large[:, 0], "slope": joint[:, 1],
        "intercept_joint": joint[:, 0],
    }  # fmt: skip


def smooth_curve(log_odds, absent, present, grid):
    """Lowess of the outcome on the risk, of patients counted by pattern, at a grid of risks; NaN outside the risks.

    Examples
    --------
    >>> smooth_curve(np.log([1 / 3, 3]), np.array([2, 0]), np.array([2, 4]), [0.25, 0.5, 0.75]).round(4).tolist()
    [0.5, 0.75, 1.0]
    """
    order = np.argsort(log_odds, kind="stable")
    counts = np.column_stack([absent[order], present[order]]).astype(int)
    risk = np.repeat(expit(log_odds[order]), counts.sum(axis=1))
    y = np.repeat(np.tile([0.0, 1.0], len(order)), counts.ravel())
    return np.interp(grid, risk, lowess(risk, y), left=np.nan, right=np.nan)


def _fit(design, absent, present, selection):
    active, worked = np.ones((len(absent), design.shape[1]), bool), np.ones(len(absent), bool)
    for step in selection:
        active, usable = SELECTION_STEPS[step](design, absent, present, active)
        worked &= usable
    beta, _, fitted = fit_many(design, absent, present, active=active)
    return Models(absent, present, beta @ design.T, worked & fitted & active[:, 1:].any(axis=1))

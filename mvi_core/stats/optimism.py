"""How much of a model's performance is fitted chance: the bootstrap of the whole modelling, selection included."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.special import expit

from mvi_core.checks import binary, both_classes, same_length
from mvi_core.errors import MviError
from mvi_core.stats.batched import auc_many, fit_many
from mvi_core.stats.design import complete_design
from mvi_core.stats.estimate import same_patients
from mvi_core.stats.resampling import percentile_interval, resample_counts
from mvi_core.stats.selection import SELECTION_STEPS
from mvi_core.stats.smooth import lowess

CURVE_POINTS = 50  # as R's rms::calibrate


@dataclass(frozen=True, eq=False)
class _Modelling:
    """Original data as covariate patterns, and every resampled model's log odds on them."""

    n: int
    n_missing: int
    absent: np.ndarray  # (1, m)
    present: np.ndarray  # (1, m)
    drawn_absent: np.ndarray  # (B, m)
    drawn_present: np.ndarray  # (B, m)
    log_odds: np.ndarray  # (1, m) of the original model
    drawn_log_odds: np.ndarray  # (B, m) of each resample's model
    worked: np.ndarray  # (B,)
    place: np.ndarray  # (n,) pattern of each complete patient, in the order given


def optimism_bootstrap(predictors, mvi_present, *, n_bootstrap, rng, selection=(), level=0.95):
    r"""Apparent and optimism-corrected performance of a logistic model.

    In each resample of patients the model is selected and fitted anew. With :math:`\theta_b^b` its performance
    in its own resample and :math:`\theta_b` in the original patients, optimism is the mean of
    :math:`\theta_b^b - \theta_b`, and corrected is apparent less optimism.

    Parameters
    ----------
    predictors : pandas.DataFrame, shape (n_patients, n_predictors)
        Candidates, numbers or 0/1; rows with a missing value are left out and counted in ``attrs``.
    mvi_present : array-like of 0/1, shape (n_patients,)
        Histologic MVI.
    n_bootstrap : int
        Number of resamples.
    rng : numpy.random.Generator
        Source of the draws; the order of the patients does not change the result.
    selection : sequence of {"univariable", "backward"}
        Steps that choose predictors by Wald p < 0.05, in this order; empty for a fixed model.
    level : float
        Confidence level, strictly between 0 and 1.

    Returns
    -------
    pandas.DataFrame
        metric, apparent, optimism, corrected, ci_low, ci_high, n_resamples (that worked), method. Metrics:
        ``auc``, ``brier``, ``intercept`` (calibration in the large, slope fixed at 1), ``slope``, and
        ``intercept_joint`` (fitted with the slope, as ``rms::validate`` prints).

    Raises
    ------
    MviError
        If the model cannot be fitted to the original patients, or too few resamples worked.

    Notes
    -----
    Intervals of ``auc`` and ``brier``: quantiles of :math:`\theta_b^b` less optimism (Noma et al. 2021). The
    calibration of a maximum-likelihood model in its own resample is always perfect, so the others are
    quantiles of :math:`\theta_b`, the calibration of resampled models. A resample in which a predictor is
    constant, the outcome is separated, or nothing is selected has not worked.

    References
    ----------
    Harrell et al. 1996, doi:10.1002/(SICI)1097-0258(19960229)15:4<361::AID-SIM168>3.0.CO;2-4;
    Noma et al. 2021, doi:10.1002/sim.9148.
    """
    model = _resample(predictors, mvi_present, n_bootstrap, rng, selection)
    apparent = _measures(model.log_odds, model.absent, model.present)
    own = _measures(model.drawn_log_odds, model.drawn_absent, model.drawn_present)
    original = _measures(model.drawn_log_odds, model.absent, model.present)
    worked = model.worked & np.all([np.isfinite(part[name]) for part in (own, original) for name in part], axis=0)
    rows = []
    for name, values in apparent.items():
        optimism = float(np.mean(own[name][worked] - original[name][worked])) if worked.any() else np.nan
        shifted = name in ("auc", "brier")
        replicates = own[name][worked] - optimism if shifted else original[name][worked]
        corrected = float(values[0]) - optimism
        e = percentile_interval(corrected, replicates, level=level, n=model.n)
        method = "shifted bootstrap quantiles" if shifted else "quantiles over resampled models"
        rows.append((name, float(values[0]), optimism, corrected, e.low, e.high, int(worked.sum()), method))
    columns = ["metric", "apparent", "optimism", "corrected", "ci_low", "ci_high", "n_resamples", "method"]
    table = pd.DataFrame(rows, columns=columns)
    table.attrs |= {"n": model.n, "n_missing": model.n_missing, "selection": tuple(selection)}
    return table


def corrected_calibration(predictors, mvi_present, *, n_bootstrap, rng, selection=()):
    """Calibration curve of a logistic model, apparent and corrected for optimism: the paper's Fig. 4C.

    Parameters
    ----------
    predictors, mvi_present, n_bootstrap, rng, selection
        As in `optimism_bootstrap`.

    Returns
    -------
    pandas.DataFrame
        risk (50 points from the tenth lowest to the tenth highest prediction), apparent, corrected (share with
        MVI, by lowess without robustness steps), n_resamples (that reach this risk).

    Notes
    -----
    As ``rms::calibrate``: at each risk the optimism of ``smooth(risk) - risk`` is averaged over resamples.
    """
    model = _resample(predictors, mvi_present, n_bootstrap, rng, selection)
    risks = np.sort(np.repeat(expit(model.log_odds[0]), (model.absent + model.present)[0].astype(int)))
    tenth = min(9, (len(risks) - 1) // 2)
    grid = np.linspace(risks[tenth], risks[-1 - tenth], CURVE_POINTS)
    apparent = _smooth(model.log_odds[0], model.absent[0], model.present[0], grid)
    drawn = zip(model.drawn_log_odds, model.drawn_absent, model.drawn_present, strict=True)
    gaps = [
        _smooth(log_odds, absent, present, grid) - _smooth(log_odds, model.absent[0], model.present[0], grid)
        for (log_odds, absent, present), worked in zip(drawn, model.worked, strict=True)
        if worked
    ]
    reached = np.isfinite(gaps)
    optimism = np.where(reached, gaps, 0.0).sum(axis=0) / np.maximum(reached.sum(axis=0), 1)
    columns = {"risk": grid, "apparent": apparent, "corrected": apparent - optimism, "n_resamples": reached.sum(axis=0)}
    return pd.DataFrame(columns)


def bootstrap_risks(predictors, mvi_present, *, n_bootstrap, rng, selection=()):
    """Risk of each patient under each resampled model: the instability of predictions.

    Parameters
    ----------
    predictors, mvi_present, n_bootstrap, rng, selection
        As in `optimism_bootstrap`.

    Returns
    -------
    numpy.ndarray of float, shape (n_resamples, n_complete)
        One row per resample that worked, one column per complete patient in the order given.

    References
    ----------
    Riley and Collins 2023, doi:10.1002/bimj.202200302.
    """
    model = _resample(predictors, mvi_present, n_bootstrap, rng, selection)
    return expit(model.drawn_log_odds[model.worked])[:, model.place]


def _resample(predictors, mvi_present, n_bootstrap, rng, selection):
    """Select and fit the model in the original patients and in every resample."""
    unknown = [step for step in selection if step not in SELECTION_STEPS]
    if unknown or isinstance(selection, str):
        raise MviError(f"selection must list steps of {', '.join(SELECTION_STEPS)}, got {selection!r}. Pass a tuple.")
    outcome = binary("mvi_present", mvi_present)
    same_length(predictors=predictors, mvi_present=outcome)
    frame, known = complete_design(predictors)
    same_patients(predictors=predictors.iloc[:, 0], mvi_present=mvi_present)
    y = outcome[known]
    both_classes("mvi_present", y)
    patterns, place = np.unique(frame.to_numpy(), axis=0, return_inverse=True)
    design = np.column_stack([np.ones(len(patterns)), (patterns - frame.mean().to_numpy()) / frame.std().to_numpy()])
    order = np.lexsort((y, place))
    drawn = resample_counts(len(y), n_bootstrap, rng=rng)
    cells = np.eye(2 * len(patterns))[2 * place[order] + y[order]]  # (n, 2 m): patient to pattern and outcome
    counts, drawn = (np.ones((1, len(y))) @ cells).reshape(1, -1, 2), (drawn @ cells).reshape(n_bootstrap, -1, 2)
    log_odds, fitted = _model(design, counts[..., 0], counts[..., 1], selection)
    if not fitted[0]:
        raise MviError(
            "The model cannot be fitted to the original patients (separation, or no predictor selected). "
            "Drop the separating predictor or the selection."
        )
    drawn_log_odds, worked = _model(design, drawn[..., 0], drawn[..., 1], selection)
    return _Modelling(
        len(y), len(predictors) - len(y), counts[..., 0], counts[..., 1], drawn[..., 0], drawn[..., 1],
        log_odds, drawn_log_odds, worked, place,
    )  # fmt: skip


def _model(design, absent, present, selection):
    """Log odds of each covariate pattern under the selected model, (B, m), and whether it worked."""
    active, worked = np.ones((len(absent), design.shape[1]), bool), np.ones(len(absent), bool)
    for step in selection:
        active, usable = SELECTION_STEPS[step](design, absent, present, active)
        worked &= usable
    beta, _, fitted = fit_many(design, absent, present, active=active)
    return beta @ design.T, worked & fitted & active[:, 1:].any(axis=1)


def _measures(log_odds, absent, present):
    """AUC and others of each model in the patients counted, each (B,); NaN where they do not exist."""
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


def _smooth(log_odds, absent, present, grid):
    """Lowess of the outcome on the risk, at the points of a grid; NaN outside the risks."""
    order = np.argsort(log_odds, kind="stable")
    counts = np.column_stack([absent[order], present[order]]).astype(int)
    risk = np.repeat(expit(log_odds[order]), counts.sum(axis=1))
    y = np.repeat(np.tile([0.0, 1.0], len(order)), counts.ravel())
    return np.interp(grid, risk, lowess(risk, y), left=np.nan, right=np.nan)

"""How much of a model's performance is fitted chance: the bootstrap of the whole modelling, selection included."""

import numpy as np
import pandas as pd
from scipy.special import expit

from mvi_core.errors import MviError
from mvi_core.stats.modelling import COLUMNS, measures, modelling, smooth_curve
from mvi_core.stats.resampling import percentile_interval, resample_counts

CURVE_POINTS = 50  # as R's rms::calibrate


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
    n_bootstrap : int
    rng : numpy.random.Generator
    selection : sequence of {"univariable", "backward"}
        Steps that choose predictors by Wald p < 0.05, in this order; empty for a fixed model.
    level : float

    Returns
    -------
    pandas.DataFrame
        metric, apparent, optimism, corrected, ci_low, ci_high, n_resamples (that worked), method. Metrics:
        ``auc``, ``brier``, ``intercept`` (calibration in the large, slope fixed at 1), ``slope``, and
        ``intercept_joint`` (fitted with the slope, as ``rms::validate`` prints).

    Notes
    -----
    Intervals of ``auc`` and ``brier``: quantiles of :math:`\theta_b^b` less optimism (Noma et al. 2021). The
    calibration of a maximum-likelihood model in its own resample is always perfect, so the others are
    quantiles of :math:`\theta_b`, the calibration of resampled models. A resample in which a predictor is
    constant, the outcome is separated, or nothing is selected has not worked.
    Harrell et al. 1996, doi:10.1002/(SICI)1097-0258(19960229)15:4<361::AID-SIM168>3.0.CO;2-4; Noma et al. 2021,
    doi:10.1002/sim.9148.

    Examples
    --------
    >>> afp = pd.DataFrame({"afp_gt_20": [0] * 144 + [1] * 177})
    >>> table = optimism_bootstrap(
    ...     afp, [0] * 84 + [1] * 60 + [0] * 52 + [1] * 125, n_bootstrap=40, rng=np.random.default_rng(0)
    ... )
    >>> round(float(table["apparent"][0]), 4)  # (125/185 + 84/136) / 2
    0.6467
    """
    model = modelling(predictors, mvi_present, selection)
    drawn, apparent, first = model.resample(n_bootstrap, rng), model.original.own, model.original
    own, original = drawn.own, measures(drawn.log_odds, first.absent, first.present)
    worked = drawn.worked & np.all([np.isfinite(part[name]) for part in (own, original) for name in part], axis=0)
    rows = []
    for name, values in apparent.items():
        optimism = float(np.mean(own[name][worked] - original[name][worked])) if worked.any() else np.nan
        shifted = name in ("auc", "brier")
        replicates = np.where(worked, own[name] - optimism if shifted else original[name], np.nan)
        e = percentile_interval(values[0] - optimism, replicates, level=level, n=len(model.cells))
        method = "shifted bootstrap quantiles" if shifted else "quantiles over resampled models"
        rows.append((name, float(values[0]), optimism, e.value, e.low, e.high, int(worked.sum()), method))
    return _table(rows, model)


def cross_validation(predictors, mvi_present, *, n_folds=10, n_repeats=200, rng, selection=(), level=0.95):
    """Apparent and cross-validated performance of a logistic model: the alternative to `optimism_bootstrap`.

    In each of ``n_repeats`` the patients are split anew into ``n_folds`` of nearly equal size, at least 2, the model is
    selected and fitted without each fold in turn, and its predictions for the folds left out are pooled. Steyerberg et
    al. 2001, doi:10.1016/S0895-4356(01)00341-9.

    Columns, metrics and the rest as of `optimism_bootstrap`; corrected is the mean over repeats, optimism the rest, and
    ``n_resamples`` counts the repeats in which every fold worked. The interval holds the chance in the patients, one
    resample of the pooled predictions a repeat, and in the splits; not that in a refitted model.

    Examples
    --------
    >>> afp = pd.DataFrame({"afp_gt_20": [0] * 144 + [1] * 177})
    >>> table = cross_validation(
    ...     afp, [0] * 84 + [1] * 60 + [0] * 52 + [1] * 125, n_repeats=20, rng=np.random.default_rng(0)
    ... )
    >>> round(float(table["apparent"][0]), 4), int(table["n_resamples"][0])
    (0.6467, 20)
    """
    model = modelling(predictors, mvi_present, selection)
    n = len(model.cells)
    if not 2 <= n_folds <= n:
        raise MviError(f"n_folds must lie from 2 to the {n} patients, got {n_folds}. Ten is usual.")
    folds = rng.permuted(np.tile(np.arange(n) % n_folds, (n_repeats, 1)), axis=1)
    left_out = (folds[:, None, :] == np.arange(n_folds)[:, None]).reshape(-1, n)  # (n_repeats * n_folds, n)
    fitted = model.fit(1.0 - left_out)
    drawn = np.repeat(resample_counts(n, n_repeats, rng=rng), n_folds, axis=0)
    log_odds = fitted.log_odds.reshape(n_repeats, -1)
    pooled, resampled = (
        measures(log_odds, *(part.reshape(n_repeats, -1) for part in model.count(left_out * weight)))
        for weight in (1.0, drawn)
    )
    worked = fitted.worked.reshape(n_repeats, -1).all(axis=1) & np.isfinite([*pooled.values()]).all(axis=0)
    rows = []
    for name, values in model.original.own.items():
        corrected = float(pooled[name][worked].mean()) if worked.any() else np.nan
        e = percentile_interval(corrected, np.where(worked, resampled[name], np.nan), level=level, n=n)
        method = f"{n_folds}-fold cross-validation, pooled"
        rows.append((name, float(values[0]), values[0] - corrected, e.value, e.low, e.high, int(worked.sum()), method))
    return _table(rows, model)


def corrected_calibration(predictors, mvi_present, *, n_bootstrap, rng, selection=()):
    """Calibration curve of a logistic model, apparent and corrected for optimism: the paper's Fig. 4C.

    Arguments as in `optimism_bootstrap`. risk (50 points from the tenth lowest to the tenth highest prediction),
    apparent, corrected (share with MVI, by lowess without robustness steps), n_resamples (that reach this risk). As
    ``rms::calibrate``: at each risk the optimism of ``smooth(risk) - risk`` is averaged over resamples.

    Examples
    --------
    >>> afp = pd.DataFrame({"afp_gt_20": [0] * 144 + [1] * 177})
    >>> present = [0] * 84 + [1] * 60 + [0] * 52 + [1] * 125
    >>> table = corrected_calibration(afp, present, n_bootstrap=20, rng=np.random.default_rng(0))
    >>> table.loc[[0, 49], ["risk", "apparent"]].round(4).values.tolist()  # 60 of 144 and 125 of 177
    [[0.4167, 0.4167], [0.7062, 0.7062]]
    """
    model = modelling(predictors, mvi_present, selection)
    drawn, first = model.resample(n_bootstrap, rng), model.original
    risks = np.sort(np.repeat(expit(first.log_odds[0]), (first.absent + first.present)[0].astype(int)))
    tenth = min(9, (len(risks) - 1) // 2)
    grid = np.linspace(risks[tenth], risks[-1 - tenth], CURVE_POINTS)
    counted = first.absent[0], first.present[0]
    apparent = smooth_curve(first.log_odds[0], *counted, grid)
    gaps = [
        smooth_curve(log_odds, absent, present, grid) - smooth_curve(log_odds, *counted, grid)
        for absent, present, log_odds, worked in zip(*vars(drawn).values(), strict=True)
        if worked
    ]
    reached = np.isfinite(gaps)
    optimism = np.where(reached, gaps, 0.0).sum(axis=0) / np.maximum(reached.sum(axis=0), 1)
    columns = {"risk": grid, "apparent": apparent, "corrected": apparent - optimism, "n_resamples": reached.sum(axis=0)}
    return pd.DataFrame(columns)


def _table(rows, model):
    table = pd.DataFrame(rows, columns=COLUMNS)
    table.attrs |= {"n": len(model.cells), "n_missing": model.n_missing, "selection": model.selection}
    return table

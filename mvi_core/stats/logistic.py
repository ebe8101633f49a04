"""Which predictors go with MVI, and how strongly: logistic regression that says when it cannot answer."""

import warnings

import numpy as np
import pandas as pd
from scipy import stats
from scipy.special import expit

from mvi_core.errors import MviError, SeparationWarning
from mvi_core.stats.design import complete_outcome, numbers
from mvi_core.stats.estimate import critical_value
from mvi_core.stats.fitted import LogisticFit
from mvi_core.stats.likelihood import covariance_of, maximise, profile_test, separation

INTERCEPT = "intercept"
TESTS = {"wald": "Wald interval and test", "profile": "profile interval, likelihood-ratio test"}
ESTIMATORS = {"ml": "maximum likelihood", "firth": "Firth penalised likelihood"}


def fit_logistic(predictors, outcome, *, level=0.95, method="ml", interval=None):
    """Logistic regression by maximum likelihood or by Firth's penalised likelihood.

    Parameters
    ----------
    predictors : pandas.DataFrame, shape (n_patients, n_predictors)
        Numbers, 0/1 for binary predictors. Rows with a missing value are left out and counted in ``n_missing``.
    outcome : array-like of 0/1, shape (n_patients,)
    level : float
    method : {"ml", "firth", "auto"}
        The paper's maximum likelihood; Firth's, which adds half the log determinant of the information
        and stays finite under separation; or Firth's just where predictors separate the outcome.
    interval : {"wald", "profile"}, optional
        Interval and p value are always of one family: Wald (SPSS, the paper; default of ``"ml"``), or
        likelihood ratio with profile ends (exact; R's ``confint``; default of ``"firth"``).

    Notes
    -----
    Where maximum likelihood is infinite, a `SeparationWarning` says so, those coefficients are infinite, and the
    table carries profile-likelihood ends and p values, because Wald's do not exist. Firth standard errors come from
    the unpenalised information (R's brglm2); logistf from 1.24 prints smaller ones with the same coefficients and
    profile intervals. See Heinze and Schemper 2002, doi:10.1002/sim.1047.

    Examples
    --------
    >>> afp = pd.DataFrame({"afp_gt_20": [0] * 144 + [1] * 177})
    >>> fit = fit_logistic(afp, [0] * 84 + [1] * 60 + [0] * 52 + [1] * 125)
    >>> fit.table.loc[1, ["odds_ratio", "ci_low", "ci_high"]].astype(float).round(3).tolist()
    [3.365, 2.118, 5.347]
    """
    _known_options(level, method, interval)
    frame, y = complete_outcome(predictors, outcome=outcome)
    design = np.column_stack([np.ones(len(y)), frame.to_numpy()])
    scale = 2.0 ** np.ceil(np.log2(np.abs(design).max(axis=0)))  # exact in floating point: units change no result
    design = design / scale
    direction = separation(design, y)
    names = [INTERCEPT, *frame]
    separated = tuple(name for name, sign in zip(names, direction, strict=True) if sign)
    if method == "auto":
        method, interval = ("firth", "profile") if separated else ("ml", interval)
    interval = interval or {"ml": "wald", "firth": "profile"}[method]
    if separated and method == "ml":
        interval = "profile"
        _warn_separation(separated)
    beta, loglik = _estimate(design, y, method, bool(separated))
    covariance = covariance_of(design, beta)
    se = np.sqrt(np.diag(covariance))
    if interval == "wald":
        margin = critical_value(level) * se
        low, high, p_value = beta - margin, beta + margin, 2 * stats.norm.sf(np.abs(beta / se))
    else:
        low, high, p_value = profile_test(design, y, beta, loglik, level=level, penalised=method == "firth")
    beta, se, low, high = (part / scale for part in (beta, se, low, high))
    if method == "ml":
        beta, se = np.where(direction, np.copysign(np.inf, direction), beta), np.where(direction, np.inf, se)
    return LogisticFit(
        table=_table(names, beta, se, low, high, p_value),
        covariance=covariance / np.outer(scale, scale),
        observed={name: tuple(np.unique(frame[name]).tolist()) for name in frame},
        n=len(y),
        n_missing=len(predictors) - len(y),
        events=int(y.sum()),
        loglik=loglik + (np.log(scale).sum() if method == "firth" else 0.0),
        method=f"{ESTIMATORS[method]}{_why(method, separated)}, {TESTS[interval]}",
        separated=separated,
    )


def predict(fit, predictors):
    """Risk of the outcome for each patient.

    Parameters
    ----------
    fit : LogisticFit
        A fit with finite coefficients.
    predictors : pandas.DataFrame, shape (n_patients, ...)
        Holds every variable of the fit, complete.

    Returns
    -------
    numpy.ndarray of float, shape (n_patients,)

    Examples
    --------
    >>> afp = pd.DataFrame({"afp_gt_20": [0] * 144 + [1] * 177})
    >>> fit = fit_logistic(afp, [0] * 84 + [1] * 60 + [0] * 52 + [1] * 125)
    >>> predict(fit, afp.iloc[[0, -1]]).round(4).tolist()  # 60 / 144 and 125 / 177
    [0.4167, 0.7062]
    """
    return expit(_design_of(fit, predictors) @ fit.coefficients)


def predict_interval(fit, predictors, *, level=0.95):
    """Risk of each patient with its Wald interval, made on the log-odds scale: risk, ci_low, ci_high.

    Examples
    --------
    >>> afp = pd.DataFrame({"afp_gt_20": [0] * 144 + [1] * 177})
    >>> fit = fit_logistic(afp, [0] * 84 + [1] * 60 + [0] * 52 + [1] * 125)
    >>> predict_interval(fit, afp.iloc[[0]]).round(3).values.tolist()  # log odds of 60 / 84, SE sqrt(1/60 + 1/84)
    [[0.417, 0.339, 0.499]]
    """
    design = _design_of(fit, predictors)
    log_odds = design @ fit.coefficients
    margin = critical_value(level) * np.sqrt(np.einsum("ij,jk,ik->i", design, fit.covariance, design))
    columns = {"risk": expit(log_odds), "ci_low": expit(log_odds - margin), "ci_high": expit(log_odds + margin)}
    return pd.DataFrame(columns, index=predictors.index)


def _known_options(level, method, interval):
    critical_value(level)
    if method not in (*ESTIMATORS, "auto") or interval not in (None, *TESTS):
        raise MviError(
            f"fit_logistic knows the methods ml, firth, auto and the intervals wald, profile, got {method!r}, "
            f"{interval!r}. Choose one of these."
        )


def _why(method, separated):
    """Say in the name of a Firth fit what separates the outcome."""
    if method == "ml" or not separated:
        return ""
    return f" ({' and '.join(separated)} separate{'s' * (len(separated) == 1)} the outcome)"


def _estimate(design, y, method, separated):
    """Coefficients and log-likelihood; under separation the limit that the likelihood approaches."""
    limit = separated and method == "ml"
    start, tolerance = np.zeros(design.shape[1]), 1e-10 if limit else 1e-22
    return maximise(design, y, start, penalised=method == "firth", tolerance=tolerance)


def _warn_separation(separated):
    message = (
        f"The outcome is separated by {', '.join(separated)}: maximum likelihood is infinite there. "
        "Use method='firth', or read the profile-likelihood ends of this table."
    )
    warnings.warn(message, SeparationWarning, stacklevel=3)


def _table(names, beta, se, low, high, p_value):
    ends = {"odds_ratio": np.exp(beta), "ci_low": np.exp(low), "ci_high": np.exp(high)}
    return pd.DataFrame({"variable": names} | ends | {"p_value": p_value, "coefficient": beta, "se": se})


def _design_of(fit, predictors):
    if not fit.converged:
        raise MviError(f"The fit has no finite coefficient for {', '.join(fit.separated)}. Refit with method='firth'.")
    absent = [name for name in fit.variables if name not in predictors]
    if absent:
        raise MviError(f"predictors lack {', '.join(absent)}, which the fit uses. Add the columns.")
    values = numbers(predictors[list(fit.variables)])
    if values.isna().any(axis=None):
        raise MviError(f"predictors hold {values.isna().any(axis=1).sum()} incomplete patients. Impute or drop them.")
    return np.column_stack([np.ones(len(values)), values.to_numpy()])

"""Which predictors go with the hazard, each alone and all together: the table of hazard ratios."""

import numpy as np
import pandas as pd

from mvi_core.errors import MviError
from mvi_core.stats.cox import cox, predicted_survival
from mvi_core.stats.kaplan_meier import follow_up_times

COLUMNS = (
    "model", "variable", "hazard_ratio", "ci_low", "ci_high", "p_value", "n", "n_missing", "events", "method",
)  # fmt: skip


def hazard_ratios(predictors, months, event, *, level=0.95):
    """Cox regression of each predictor alone, and of all adjusted for each other.

    Parameters
    ----------
    predictors, months, event, level
        As in `cox.cox`; each model uses the patients who have its predictors.

    Returns
    -------
    pandas.DataFrame
        model (``"alone"`` or ``"adjusted"``), variable, hazard_ratio, ci_low, ci_high, p_value (Wald), n, n_missing,
        events, method. Without an answer the numbers are missing and ``method`` says why, after ``undefined:``.

    Examples
    --------
    >>> table = hazard_ratios(pd.DataFrame({"exposed": [1, 0, 0, 1]}), [1, 2, 3, 4], [1, 1, 0, 0])
    >>> table[["model", "hazard_ratio"]].round(4).values.tolist()
    [['alone', 1.4142], ['adjusted', 1.4142]]
    """
    follow_up_times(months, event)
    alone = [_rows(predictors[[name]], months, event, level) for name in predictors]
    parts = {"alone": pd.concat(alone), "adjusted": _rows(predictors, months, event, level)}
    return pd.concat(parts, names=["model"]).reset_index("model").reset_index(drop=True).reindex(columns=COLUMNS)


def cross_fitted_risk(predictors, months, event, *, times, n_folds, rng):
    """Risk of the event by each horizon, from Cox models that have not seen the patient.

    Parameters
    ----------
    predictors, months, event
        As in `cox.cox`, nothing missing.
    times : array-like of float, shape (n_times,)
        Horizons in months.
    n_folds : int
        Parts into which the patients are dealt, events evenly; each is predicted from the others.
    rng : numpy.random.Generator
        Deals the patients.

    Returns
    -------
    numpy.ndarray of float, shape (n_patients, n_times)

    Raises
    ------
    MviError
        If there are more folds than events, or a model of a fold has no answer.

    Examples
    --------
    >>> x = pd.DataFrame({"exposed": [0, 1] * 10})
    >>> risk = cross_fitted_risk(x, range(20), [1] * 20, times=[5], n_folds=2, rng=np.random.default_rng(0))
    >>> risk.shape, len(np.unique(risk))
    ((20, 1), 4)
    """
    frame, time, happened = predictors.reset_index(drop=True), np.asarray(months, float), np.asarray(event)
    if not 2 <= n_folds <= happened.sum():
        raise MviError(f"n_folds must lie from 2 to the {happened.sum()} events, got {n_folds}. Use fewer folds.")
    order = np.lexsort((rng.permutation(len(time)), happened))
    fold = np.empty(len(time), dtype=int)
    fold[order] = np.arange(len(time)) % n_folds
    risk = np.empty((len(time), len(times)))
    for k in range(n_folds):
        fit = cox(frame[fold != k], time[fold != k], happened[fold != k])
        risk[fold == k] = 1 - predicted_survival(fit, frame[fold == k], times)
    return risk


def _rows(predictors, months, event, level):
    """Hazard ratios of one model; a row of gaps with the reason where it has no answer."""
    try:
        fit = cox(predictors, months, event, level=level)
    except MviError as problem:
        return pd.DataFrame({"variable": list(predictors), "n": 0, "method": f"undefined: {problem}"})
    return fit.table.assign(n=fit.n, n_missing=fit.n_missing, events=fit.events, method=fit.method)

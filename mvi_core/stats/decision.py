"""Would acting on the predicted risk do more good than treating all patients or none: decision curves."""

import numpy as np
import pandas as pd

from mvi_core import checks
from mvi_core.errors import MviError
from mvi_core.stats.estimate import same_patients
from mvi_core.stats.resampling import percentile_interval, resample_counts

THRESHOLDS = tuple(i / 100 for i in range(1, 100))  # np.arange(0.01, 1, 0.01) puts 23 of them above i / 100


def net_benefit(mvi_present, risk, threshold):
    r"""Net benefit of acting on patients whose risk reaches a threshold.

    With :math:`p_t` the threshold probability,
    :math:`NB = TP/n - (FP/n)\,p_t/(1-p_t)`.

    Parameters
    ----------
    mvi_present : array-like of bool, shape (n_patients,)
        Histologic MVI, grade M1 or M2.
    risk : array-like of float, shape (n_patients,)
        Predicted probability of MVI, from 0 to 1.
    threshold : float
        Threshold probability, strictly between 0 and 1.

    Returns
    -------
    float
        Net benefit in true positives per patient; at most the prevalence.

    Raises
    ------
    MviError
        If a value is missing, a risk is no probability, or the threshold is not between 0 and 1.

    Notes
    -----
    A risk equal to the threshold counts as positive. The paper does not say.

    Examples
    --------
    >>> round(net_benefit([1, 1, 0, 0, 0], [0.9, 0.4, 0.6, 0.2, 0.1], 0.3), 4)
    0.3143
    """
    outcome, risk = _outcome_and_risk(mvi_present, risk)
    return float(_benefit_of_each(outcome, risk, _thresholds([threshold])).mean(axis=0)[0])


def decision_curve(mvi_present, risk, thresholds=THRESHOLDS, *, n_bootstrap, rng, level=0.95):
    r"""Net benefit over threshold probabilities, with bootstrap intervals and the two default policies.

    Parameters
    ----------
    mvi_present : array-like of bool, shape (n_patients,)
        Histologic MVI.
    risk : array-like of float, shape (n_patients,)
        Predicted probability of MVI, from 0 to 1.
    thresholds : array-like of float, shape (n_thresholds,)
        Threshold probabilities, strictly between 0 and 1. Write ``i / 100``: a prediction of exactly 0.06 is
        not positive at ``np.arange(0.01, 1, 0.01)[5]``.
    n_bootstrap : int
        Number of resamples of patients.
    rng : numpy.random.Generator
        Source of the draws; the order of the patients does not change the result.
    level : float
        Confidence level, strictly between 0 and 1.

    Returns
    -------
    pandas.DataFrame
        One row per threshold: ``threshold, net_benefit, ci_low, ci_high`` (pointwise percentile interval),
        ``treat_all`` (net benefit of acting on everybody), ``treat_none`` (0), ``interventions_avoided`` (net,
        per 100 patients, against treating all: :math:`100\,(NB - NB_{all})(1-p_t)/p_t`), ``avoided_low,
        avoided_high`` (its interval; above 0 means better than treating all), ``n, method``.

    Raises
    ------
    MviError
        As in `net_benefit`; also with fewer than two patients or too few resamples.

    References
    ----------
    Vickers and Elkin 2006, doi:10.1177/0272989X06295361; Vickers 2008, doi:10.1186/1472-6947-8-53.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> curve = decision_curve([1, 0, 0, 0], [0.6, 0.5, 0.2, 0.1], [0.2, 0.5], n_bootstrap=50, rng=rng)
    >>> curve[["threshold", "net_benefit", "treat_all", "interventions_avoided"]].round(4).values.tolist()
    [[0.2, 0.125, 0.0625, 25.0], [0.5, 0.0, -0.5, 50.0]]
    """
    outcome, risk = _outcome_and_risk(mvi_present, risk)
    order = np.lexsort((outcome, risk))
    outcome, risk, cuts = outcome[order], risk[order], _thresholds(thresholds)
    n = len(outcome)
    ours, everybody = _benefit_of_each(outcome, risk, cuts), _benefit_of_each(outcome, np.ones(n), cuts)
    avoided = 100 * (ours - everybody) * (1 - cuts) / cuts  # (n, n_thresholds)
    shares = resample_counts(n, n_bootstrap, rng=rng) / n
    drawn_benefit, drawn_avoided = shares @ ours, shares @ avoided  # (n_bootstrap, n_thresholds)
    rows = []
    for t, cut in enumerate(cuts):
        benefit = percentile_interval(ours[:, t].mean(), drawn_benefit[:, t], level=level, n=n)
        saved = percentile_interval(avoided[:, t].mean(), drawn_avoided[:, t], level=level, n=n)
        rows.append(
            {
                "threshold": cut,
                "net_benefit": benefit.value,
                "ci_low": benefit.low,
                "ci_high": benefit.high,
                "treat_all": everybody[:, t].mean(),
                "treat_none": 0.0,
                "interventions_avoided": saved.value,
                "avoided_low": saved.low,
                "avoided_high": saved.high,
                "n": n,
                "method": benefit.method,
            }
        )
    return pd.DataFrame(rows)


def _outcome_and_risk(mvi_present, risk):
    """Check outcome and risk of the same patients."""
    same_patients(mvi_present=mvi_present, risk=risk)
    outcome, risk = checks.binary("mvi_present", mvi_present), checks.probability("risk", risk)
    checks.same_length(mvi_present=outcome, risk=risk)
    return outcome, risk


def _thresholds(values):
    """Check threshold probabilities; an array."""
    thresholds = checks.finite("threshold", values)
    wrong = thresholds[(thresholds <= 0) | (thresholds >= 1)]
    if wrong.size:
        raise MviError(f"threshold must lie strictly between 0 and 1, got {wrong[0]:g}. Pass 0.06 for 6 %.")
    return thresholds


def _benefit_of_each(outcome, risk, thresholds):
    """Net benefit that each patient brings at each threshold, shape (n, n_thresholds); its mean is the net benefit."""
    positive = risk[:, None] >= thresholds
    return np.where(outcome[:, None] == 1, 1.0, -thresholds / (1 - thresholds)) * positive

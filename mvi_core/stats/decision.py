"""Would acting on the predicted risk do more good than treating all patients or none: decision curves."""

import numpy as np
import pandas as pd
from scipy.stats import binom, binomtest

from mvi_core import checks
from mvi_core.errors import MviError
from mvi_core.stats.estimate import critical_value, outcome_and_scores
from mvi_core.stats.kaplan_meier import scored_times
from mvi_core.stats.resampling import percentile_interval, resample_counts

THRESHOLDS = tuple(i / 100 for i in range(1, 100))  # np.arange(0.01, 1, 0.01) puts 23 of them above i / 100
CURVE_COLUMNS = (
    "threshold", "net_benefit", "ci_low", "ci_high", "treat_all", "treat_none", "interventions_avoided", "avoided_low",
    "avoided_high", "n", "method",
)  # fmt: skip


def net_benefit(mvi_present, risk, threshold):
    r"""Net benefit of acting on patients whose risk reaches a threshold.

    With :math:`p_t` the threshold probability,
    :math:`NB = TP/n - (FP/n)\,p_t/(1-p_t)`.

    Parameters
    ----------
    mvi_present : array-like of bool, shape (n_patients,)
    risk : array-like of float, shape (n_patients,)
    threshold : float
        Threshold probability, strictly between 0 and 1.

    Returns
    -------
    float
        Net benefit in true positives per patient; at most the prevalence.

    Notes
    -----
    A risk equal to the threshold counts as positive. The paper does not say.

    Examples
    --------
    >>> round(net_benefit([1, 1, 0, 0, 0], [0.9, 0.4, 0.6, 0.2, 0.1], 0.3), 4)
    0.3143
    """
    outcome, risk = outcome_and_scores(mvi_present, check=checks.probability, both=False, risk=risk)
    return float(_benefit_of_each(outcome, risk, _thresholds([threshold])).mean(axis=0)[0])


def decision_curve(mvi_present, risk, thresholds=THRESHOLDS, *, n_bootstrap, rng, level=0.95):
    r"""Net benefit over threshold probabilities, with bootstrap intervals and the two default policies.

    Vickers and Elkin 2006, doi:10.1177/0272989X06295361.

    Parameters
    ----------
    mvi_present, risk : array-like, shape (n_patients,)
        As in `net_benefit`.
    thresholds : array-like of float, shape (n_thresholds,)
        Threshold probabilities. Write ``i / 100``: 0.06 is not positive at ``np.arange(0.01, 1, 0.01)[5]``.
    n_bootstrap, level : int, float
    rng : numpy.random.Generator

    Returns
    -------
    pandas.DataFrame
        One row per threshold: ``threshold, net_benefit, ci_low, ci_high`` (pointwise percentile interval),
        ``treat_all`` (net benefit of acting on everybody), ``treat_none`` (0), ``interventions_avoided`` (net,
        per 100 patients, against treating all: :math:`100\,(NB - NB_{all})(1-p_t)/p_t`), ``avoided_low,
        avoided_high`` (its interval; above 0 means better than treating all), ``n, method``.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> curve = decision_curve([1, 0, 0, 0], [0.6, 0.5, 0.2, 0.1], [0.2, 0.5], n_bootstrap=50, rng=rng)
    >>> curve[["threshold", "net_benefit", "treat_all", "interventions_avoided"]].round(4).values.tolist()
    [[0.2, 0.125, 0.0625, 25.0], [0.5, 0.0, -0.5, 50.0]]
    """
    outcome, risk = outcome_and_scores(mvi_present, check=checks.probability, both=False, risk=risk)
    order = np.lexsort((outcome, risk))
    outcome, risk, cuts = outcome[order], risk[order], _thresholds(thresholds)
    n = len(outcome)
    ours, everybody = _benefit_of_each(outcome, risk, cuts), _benefit_of_each(outcome, np.ones(n), cuts)
    avoided = 100 * (ours - everybody) * (1 - cuts) / cuts  # (n, n_thresholds)
    shares = resample_counts(n, n_bootstrap, rng=rng) / n
    drawn_benefit, drawn_avoided = shares @ ours, shares @ avoided  # (n_bootstrap, n_thresholds)
    benefit, saved = (ours.mean(axis=0), drawn_benefit), (avoided.mean(axis=0), drawn_avoided)
    return _curve(cuts, benefit, saved, everybody.mean(axis=0), n=n, level=level)


def against_treat_all(mvi_present, risk, thresholds=THRESHOLDS, *, level=0.95):
    """Whether a model does more good than treating all: the gain at each threshold, exact interval and test.

    The model spares the :math:`m` patients below the threshold, :math:`k` of them with MVI. It gains just when
    :math:`k/m < p_t`: :math:`NB - NB_{all} = (m/n)(p_t - k/m)/(1-p_t)`. Arguments as in `decision_curve`.

    One row per threshold: ``threshold, n_spared, n_spared_mvi, difference`` (of the net benefits), ``ci_low, ci_high``
    (from Clopper and Pearson's interval of k/m), ``p_value`` (twice the smaller exact binomial tail, the test that
    belongs to it), ``n``. Where nobody is spared, both policies are one: difference 0, p 1.

    Notes
    -----
    Given which patients the model spares; the bootstrap of `decision_curve` lets their number vary too.

    Examples
    --------
    >>> table = against_treat_all([0] * 19 + [1], [0.02] * 10 + [0.6] * 10, [0.01, 0.1])  # 0 of 10; 2 * 0.9 ** 10
    >>> table[["n_spared", "difference", "p_value"]].round(4).values.tolist()
    [[0.0, 0.0, 1.0], [10.0, 0.0556, 0.6974]]
    """
    outcome, risk = outcome_and_scores(mvi_present, check=checks.probability, both=False, risk=risk)
    critical_value(level)
    rows = []
    for cut in _thresholds(thresholds):
        spared, ends, p_value = outcome[risk < cut], (cut, cut), 1.0
        if len(spared):
            k = int(spared.sum())
            ends = binomtest(k, len(spared)).proportion_ci(level)[::-1]
            p_value = min(1.0, 2 * min(binom.cdf(k, len(spared), cut), binom.sf(k - 1, len(spared), cut)))
        share = spared.mean() if len(spared) else cut
        gains = [len(spared) / len(outcome) * (cut - end) / (1 - cut) for end in (share, *ends)]
        rows.append((cut, len(spared), int(spared.sum()), *gains, p_value, len(outcome)))
    columns = ["threshold", "n_spared", "n_spared_mvi", "difference", "ci_low", "ci_high", "p_value", "n"]
    return pd.DataFrame(rows, columns=columns)


def survival_net_benefit(months, event, risk, thresholds=THRESHOLDS, *, horizon, n_bootstrap, rng, level=0.95):
    r"""Decision curve of a predicted risk of an event by a time, where some patients are censored before it.

    With :math:`m` patients at or above the threshold and :math:`F` one less their Kaplan-Meier curve at the horizon,
    :math:`NB = (m/n)\,[F - (1-F)\,p_t/(1-p_t)]`. ``risk`` is of the event by the ``horizon`` in months, within the
    follow-up; the rest as in `decision_curve`, and so is the table.

    Notes
    -----
    Where the patients above a threshold are followed for less than the horizon, their curve is carried forward;
    dcurves gives NaN there. Otherwise the values are those of dcurves.
    Vickers 2008, doi:10.1186/1472-6947-8-53.

    Examples
    --------
    >>> told = {"horizon": 12, "n_bootstrap": 40, "rng": np.random.default_rng(0)}
    >>> curve = survival_net_benefit([6, 9, 24, 24], [1, 0, 0, 0], [0.9, 0.8, 0.7, 0.1], [0.5], **told)
    >>> curve[["net_benefit", "treat_all"]].round(4).values.tolist()  # three of four, one of the three recurs
    [[-0.25, -0.5]]
    """
    time, happened, risk = scored_times(months, event, risk, check=checks.probability)
    n, cuts = len(time), _thresholds(thresholds)
    if not 0 < horizon <= time.max():
        raise MviError(
            f"horizon must lie within the follow-up (to {time.max():g} months), got {horizon:g}. Shorten it."
        )
    order = np.lexsort((risk, -happened, time))  # events before censorings of the same time, as Kaplan-Meier has it
    time, happened, risk = time[order], happened[order], risk[order]
    counts = np.vstack([np.ones(n), resample_counts(n, n_bootstrap, rng=rng)])
    known, parts = {}, []
    for cut in [*cuts, 0.0]:  # the last one: everybody
        positive = risk >= cut
        if positive.tobytes() not in known:
            known[positive.tobytes()] = _true_and_false(time, happened, counts * positive, horizon)
        parts.append(known[positive.tobytes()])
    true, false = np.moveaxis(parts, (0, 1), (2, 0))  # each (1 + n_bootstrap, n_thresholds + 1)
    weight = cuts / (1 - cuts)
    ours, everybody = true[:, :-1] - false[:, :-1] * weight, true[:, -1:] - false[:, -1:] * weight
    avoided = 100 * (ours - everybody) / weight
    return _curve(cuts, (ours[0], ours[1:]), (avoided[0], avoided[1:]), everybody[0], n=n, level=level)


def _curve(cuts, benefit, avoided, everybody, *, n, level):
    """Rows of a decision curve; ``benefit`` and ``avoided`` are values and their replicates."""
    rows = []
    for t, cut in enumerate(cuts):
        gain, saved = (percentile_interval(v[t], drawn[:, t], level=level, n=n) for v, drawn in (benefit, avoided))
        ends = gain.value, gain.low, gain.high, everybody[t], 0.0, saved.value, saved.low, saved.high
        rows.append((cut, *ends, n, gain.method))
    return pd.DataFrame(rows, columns=CURVE_COLUMNS)


def _true_and_false(time, happened, counts, horizon):
    """Give true and false positives per patient by the horizon, (2, B), from the counts of each, (B, n), by time."""
    _, starts = np.unique(time, return_index=True)
    at_risk = counts[:, ::-1].cumsum(axis=1)[:, ::-1][:, starts]
    died = np.add.reduceat(counts * happened, starts, axis=1)
    hazard = np.divide(died, at_risk, out=np.zeros_like(died), where=(at_risk > 0) & (time[starts] <= horizon))
    share, alive = counts.sum(axis=1) / counts.shape[1], np.prod(1 - hazard, axis=1)
    return share * (1 - alive), share * alive


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

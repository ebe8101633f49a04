"""How does a predictor change the hazard, and is that change constant: Cox regression, its assumption and its C-index."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import stats

from mvi_core.checks import binary, finite, same_length
from mvi_core.errors import ConvergenceError, MviError
from mvi_core.stats.design import complete_design
from mvi_core.stats.estimate import critical_value, same_patients, wald
from mvi_core.stats.survival import kaplan_meier

TIES = ("efron", "breslow")  # R and lifelines; SPSS, statsmodels and scikit-survival
TRANSFORMS = ("km", "rank", "identity")
MAX_STEPS = 50


@dataclass(frozen=True, eq=False)
class CoxFit:
    """A fitted proportional-hazards model.

    Attributes
    ----------
    table : pandas.DataFrame
        variable, hazard_ratio, ci_low, ci_high, p_value, coefficient, se (Wald).
    covariance : numpy.ndarray, shape (n_predictors, n_predictors)
        Inverse information at the estimate.
    n, n_missing, events : int
        Complete patients used; patients left out for a missing predictor; events.
    loglik, null_loglik : float
        Partial log-likelihood at the estimate and at zero.
    level : float
        Confidence level.
    method : str
        Rule for ties, and interval, in words.
    """

    table: pd.DataFrame
    covariance: np.ndarray
    n: int
    n_missing: int
    events: int
    loglik: float
    null_loglik: float
    level: float
    method: str

    @property
    def coefficients(self):
        """Log hazard ratios per unit."""
        return self.table["coefficient"].to_numpy()


def cox(predictors, months, event, *, level=0.95, ties="efron"):
    """Cox regression.

    Parameters
    ----------
    predictors : pandas.DataFrame, shape (n_patients, n_predictors)
        Numbers, 0/1 for binary predictors. Rows with a missing value are left out and counted.
    months : array-like of float, shape (n_patients,)
        Time to event or last contact.
    event : array-like of 0/1, shape (n_patients,)
        1 where the event happened.
    level : float
        Confidence level, strictly between 0 and 1.
    ties : {"efron", "breslow"}
        Efron (R, lifelines) or Breslow (SPSS, statsmodels): 3 % apart on coarse months.

    Returns
    -------
    CoxFit

    Raises
    ------
    MviError
        If there is no event, or a predictor is constant, overlapping or not a number.
    ConvergenceError
        If a predictor separates the order of events, so that its hazard ratio is infinite.
    """
    frame, time, happened = _complete(predictors, months, event, ties)
    beta, terms = np.zeros(frame.shape[1]), None
    x = frame.to_numpy()
    scale = x.std(axis=0)
    z = (x - x.mean(axis=0)) / scale
    null = terms = _terms(z, time, happened, beta, ties)
    for _ in range(MAX_STEPS):
        step = np.linalg.solve(terms[2].sum(axis=0), terms[1].sum(axis=0))
        proposal = _terms(z, time, happened, beta + step, ties)
        while proposal[0] < terms[0] - 1e-10:
            step = step / 2
            proposal = _terms(z, time, happened, beta + step, ties)
        beta, terms = beta + step, proposal
        if np.abs(step).max() < 1e-10:
            break
    else:
        raise ConvergenceError(
            f"Cox regression did not settle in {MAX_STEPS} steps; {frame.columns[np.abs(beta).argmax()]} may have an "
            "infinite hazard ratio. Leave it out, or merge its groups."
        )
    covariance = np.linalg.inv(terms[2].sum(axis=0)) / np.outer(scale, scale)
    table = _table(list(frame), beta / scale, np.sqrt(np.diag(covariance)), level)
    n_missing, events = len(predictors) - len(frame), int(happened.sum())
    method = f"Cox, {ties.capitalize()} ties, Wald interval"
    return CoxFit(table, covariance, len(frame), n_missing, events, terms[0], null[0], level, method)


def proportional_hazards_test(predictors, months, event, *, transform="km", ties="efron"):
    r"""Whether hazard ratios change over time: the score test for an interaction with time.

    For each predictor a coefficient of :math:`x\,(g(t) - \bar g)` is added and tested at zero, with
    :math:`\bar g` the mean over events.

    Parameters
    ----------
    predictors, months, event
        As in `cox`.
    transform : {"km", "rank", "identity"}
        Time scale :math:`g`: one minus Kaplan-Meier just before the time (R's default), rank, or the time itself.
    ties : {"efron", "breslow"}
        As in `cox`.

    Returns
    -------
    pandas.DataFrame
        variable (the last row is ``"GLOBAL"``), statistic, df, p_value.

    Notes
    -----
    R's ``cox.zph`` since survival 3.0. lifelines uses the older approximation, whose verdict can differ.

    References
    ----------
    Grambsch and Therneau 1994, doi:10.1093/biomet/81.3.515.
    """
    if transform not in TRANSFORMS:
        raise MviError(f"transform must be one of {', '.join(TRANSFORMS)}, got {transform!r}. Choose one of these.")
    fit = cox(predictors, months, event, ties=ties)
    frame, time, happened = _complete(predictors, months, event, ties)
    x = (frame - frame.mean()).to_numpy()
    _, score, info = _terms(x, time, happened, fit.coefficients, ties)
    scale = _time_scale(time, happened, transform)
    return _score_tests(list(frame), score, info, scale - scale.mean())


def concordance(months, event, risk, *, level=0.95):
    """Harrell's C: share of comparable pairs in which the patient with the higher risk had the event first.

    Parameters
    ----------
    months : array-like of float, shape (n_patients,)
        Time to event or last contact.
    event : array-like of 0/1, shape (n_patients,)
        1 where the event happened.
    risk : array-like of float, shape (n_patients,)
        Higher means an earlier event; equal risks count one half.
    level : float
        Confidence level, strictly between 0 and 1.

    Returns
    -------
    Estimate
        Interval from the infinitesimal jackknife (R's ``concordance``), cut at 0 and 1.

    Raises
    ------
    MviError
        If no pair is comparable.

    Notes
    -----
    Of two patients with the same time, one with an event and one censored, the event came first.

    Examples
    --------
    >>> concordance([1, 2, 3, 4], [1, 1, 0, 1], [4, 3, 1, 2]).value
    1.0
    """
    time, happened = finite("months", months), binary("event", event)
    score = finite("risk", risk)
    n = same_length(months=time, event=happened, risk=score)
    same_patients(months=months, event=event, risk=risk)
    later = (time > time[:, None]) | ((time == time[:, None]) & (happened == 0))
    comparable = later & (happened == 1)[:, None]
    if not comparable.any():
        raise MviError(f"concordance found no comparable pair among {n} patients. It needs an event before a later time.")
    won = comparable * (np.sign(score[:, None] - score) + 1) / 2
    value = won.sum() / comparable.sum()
    own = won.sum(axis=0) + won.sum(axis=1) - value * (comparable.sum(axis=0) + comparable.sum(axis=1))
    error = np.sqrt(np.sum(own**2)) / comparable.sum()
    return wald(value, error, level=level, method="Harrell's C, infinitesimal jackknife", n=n, limits=(0, 1))


def _complete(predictors, months, event, ties):
    """Complete rows as a float frame, with their times and events."""
    if ties not in TIES:
        raise MviError(f"ties must be 'efron' or 'breslow', got {ties!r}. Choose one of these.")
    time, happened = finite("months", months), binary("event", event)
    same_length(predictors=predictors, months=time, event=happened)
    frame, known = complete_design(predictors)
    same_patients(predictors=predictors.iloc[:, 0], months=months, event=event)
    if not happened[known].any():
        raise MviError(f"event is 0 for all {len(frame)} complete patients. Cox regression needs an event.")
    return frame, time[known], happened[known]


def _terms(x, time, happened, beta, ties):
    """Partial log-likelihood, and score and information of each event in order of time.

    Shapes: float, (n_events, n_predictors), (n_events, n_predictors, n_predictors). Each of d tied events sees the
    risk set less a share (0 for Breslow; 0, 1/d, ... for Efron) of the d patients.
    """
    order = np.argsort(time, kind="stable")
    x, time, died = x[order], time[order], happened[order] == 1
    weight = np.exp(x @ beta)
    sums = np.column_stack([weight, weight[:, None] * x, weight[:, None] * (x[:, :, None] * x[:, None, :]).reshape(len(x), -1)])
    from_here = np.cumsum(sums[::-1], axis=0)[::-1]  # (n, 1 + p + p * p): over all later patients in the order
    risk_set = from_here[np.searchsorted(time, time[died])]
    if ties == "efron":
        moments, place, n_tied = np.unique(time[died], return_inverse=True, return_counts=True)
        tied = np.zeros((len(moments), sums.shape[1]))
        np.add.at(tied, place, sums[died])
        rank = np.arange(len(place)) - np.searchsorted(time[died], time[died])
        risk_set = risk_set - (rank / n_tied[place])[:, None] * tied[place]
    total, p = risk_set[:, :1], x.shape[1]
    mean = risk_set[:, 1 : p + 1] / total
    second = (risk_set[:, p + 1 :] / total).reshape(-1, p, p)
    loglik = float((x[died] @ beta).sum() - np.log(total).sum())
    return loglik, x[died] - mean, second - mean[:, :, None] * mean[:, None, :]


def _table(names, beta, se, level):
    margin = critical_value(level) * se
    ends = {"hazard_ratio": np.exp(beta), "ci_low": np.exp(beta - margin), "ci_high": np.exp(beta + margin)}
    p_value = 2 * stats.norm.sf(np.abs(beta / se))
    return pd.DataFrame({"variable": names} | ends | {"p_value": p_value, "coefficient": beta, "se": se})


def _time_scale(time, happened, transform):
    """Time scale at each event, in order of time."""
    moments = np.sort(time[happened == 1])
    if transform == "identity":
        return moments
    if transform == "rank":
        return np.sort(stats.rankdata(time)[happened == 1])
    curve = kaplan_meier(time, happened)
    before = np.searchsorted(curve["months"], moments, side="left") - 1
    return 1 - np.where(before < 0, 1.0, curve["survival"].to_numpy()[np.maximum(before, 0)])


def _score_tests(names, score, info, scale):
    """One test per predictor and one for all, allowing for the estimated coefficients."""
    blocks = [(info * (scale**power)[:, None, None]).sum(axis=0) for power in range(3)]
    whole = np.block([[blocks[0], blocks[1]], [blocks[1], blocks[2]]])
    drift, p = scale @ score, len(names)
    rows = []
    for name, chosen in [*((name, [j]) for j, name in enumerate(names)), ("GLOBAL", list(range(p)))]:
        kept = [*range(p), *(p + j for j in chosen)]
        u = np.append(np.zeros(p), drift[chosen])
        statistic = float(u @ np.linalg.solve(whole[np.ix_(kept, kept)], u))
        rows.append((name, statistic, len(chosen), stats.chi2.sf(statistic, len(chosen))))
    return pd.DataFrame(rows, columns=["variable", "statistic", "df", "p_value"])

"""How does a predictor change the hazard, and is that change constant over time: Cox regression and its assumption."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import stats

from mvi_core.checks import same_length
from mvi_core.errors import ConvergenceError, MviError
from mvi_core.stats.design import complete_design
from mvi_core.stats.estimate import critical_value, same_patients
from mvi_core.stats.kaplan_meier import follow_up_times, kaplan_meier

TIES = ("efron", "breslow")  # R and lifelines; SPSS, statsmodels and scikit-survival
TRANSFORMS = ("km", "rank", "identity")
SETTLED = 1e-10  # step, in standard deviations, after which rounding takes over
FARTHEST = 15  # log hazard per standard deviation that counts as infinite


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
    loglik : float
        Partial log-likelihood at the estimate.
    method : str
        Rule for ties, and interval, in words.
    """

    table: pd.DataFrame
    covariance: np.ndarray
    n: int
    n_missing: int
    events: int
    loglik: float
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
        If a hazard ratio is infinite, because a group has no event or separates their order.
    """
    frame, time, happened = _complete(predictors, months, event, ties)
    scale = frame.std()
    beta, (loglik, _, info) = _maximise((frame - frame.mean()) / scale, time, happened, ties)
    covariance = np.linalg.inv(info.sum(axis=0)) / np.outer(scale, scale)
    table = _table(list(frame), beta / scale.to_numpy(), np.sqrt(np.diag(covariance)), level)
    n_missing, method = len(predictors) - len(frame), f"Cox, {ties.capitalize()} ties, Wald interval"
    return CoxFit(table, covariance, len(frame), n_missing, int(happened.sum()), loglik, method)


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


def _complete(predictors, months, event, ties):
    """Complete rows as a float frame, with their times and events."""
    if ties not in TIES:
        raise MviError(f"ties must be 'efron' or 'breslow', got {ties!r}. Choose one of these.")
    time, happened = follow_up_times(months, event)
    same_length(predictors=predictors, months=time, event=happened)
    frame, known = complete_design(predictors)
    same_patients(predictors=predictors.iloc[:, 0], months=months, event=event)
    if not happened[known].any():
        raise MviError(f"event is 0 for all {len(frame)} complete patients. Cox regression needs an event.")
    return frame, time[known], happened[known]


def _maximise(frame, time, happened, ties):
    """Coefficients at the highest partial likelihood, by Newton steps that never go down, and the terms there."""
    x, beta = frame.to_numpy(), np.zeros(frame.shape[1])
    terms = _terms(x, time, happened, beta, ties)
    while True:
        step = np.linalg.solve(terms[2].sum(axis=0), terms[1].sum(axis=0))
        proposal = _terms(x, time, happened, beta + step, ties)
        while proposal[0] < terms[0] - 1e-10:
            step = step / 2
            proposal = _terms(x, time, happened, beta + step, ties)
        beta, terms = beta + step, proposal
        if np.abs(step).max() < SETTLED:
            return beta, terms
        if np.abs(beta).max() > FARTHEST:
            raise ConvergenceError(
                f"Cox regression runs away: the hazard ratio of {frame.columns[np.abs(beta).argmax()]} is infinite or "
                "zero, because one of its groups has no event. Leave it out, or merge groups."
            )


def _terms(x, time, happened, beta, ties):
    """Partial log-likelihood, and score and information of each event in order of time.

    Shapes: float, (n_events, n_predictors), (n_events, n_predictors, n_predictors). Each of d tied events sees the
    risk set less a share (0 for Breslow; 0, 1/d, ... for Efron) of the d patients.
    """
    order = np.argsort(time, kind="stable")
    x, time, died = x[order], time[order], happened[order] == 1
    weight = np.exp(x @ beta)
    sums = np.column_stack(
        [weight, weight[:, None] * x, weight[:, None] * (x[:, :, None] * x[:, None, :]).reshape(len(x), -1)]
    )
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

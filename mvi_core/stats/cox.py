"""How does a predictor change the hazard, and what survival does that predict: Cox regression."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import stats

from mvi_core.checks import finite, same_length
from mvi_core.errors import ConvergenceError, MviError
from mvi_core.stats.design import complete_design, numbers
from mvi_core.stats.estimate import critical_value, same_patients
from mvi_core.stats.kaplan_meier import follow_up_times

TIES = ("efron", "breslow")  # R and lifelines; SPSS, statsmodels and scikit-survival
SETTLED = 1e-10  # step, in standard deviations, after which rounding takes over
FARTHEST = 15  # log hazard per standard deviation that counts as infinite
LEAST_KNOWN = 1e-12  # information, per standard deviation, below which rounding is all there is


@dataclass(frozen=True, eq=False)
class CoxFit:
    """A fitted proportional-hazards model."""

    table: pd.DataFrame  #: variable, hazard_ratio, ci_low, ci_high, p_value, coefficient, se (Wald)
    covariance: np.ndarray  #: inverse information at the estimate, shape (n_predictors, n_predictors)
    n: int  #: complete patients used
    n_missing: int  #: patients left out for a missing predictor
    events: int
    loglik: float  #: partial log-likelihood at the estimate
    method: str  #: rule for ties, and interval, in words
    #: months, hazard: cumulative hazard where every predictor is 0 (not at its mean), by the same rule for ties; it
    #: steps at events and stays until the next
    baseline: pd.DataFrame

    @property
    def variables(self):
        """Names of the predictors."""
        return self.table["variable"].tolist()

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
    event : array-like of 0/1, shape (n_patients,)
    level : float
    ties : {"efron", "breslow"}
        Efron (R, lifelines) or Breslow (SPSS, statsmodels): 3 % apart on coarse months.

    Examples
    --------
    The likelihood, r / (2 r + 2) times 1 / (r + 2) for a hazard ratio of r, is highest at the root of 2.

    >>> fit = cox(pd.DataFrame({"exposed": [1, 0, 0, 1]}), [1, 2, 3, 4], [1, 1, 0, 0])
    >>> fit.table["hazard_ratio"].round(4).tolist()
    [1.4142]
    """
    frame, time, happened = complete_follow_up(predictors, months, event, ties)
    mean, scale = frame.mean(), frame.std()
    beta, (loglik, _, info, total) = _maximise((frame - mean) / scale, time, happened, ties)
    covariance = np.linalg.inv(info.sum(axis=0)) / np.outer(scale, scale)
    table = _table(list(frame), beta / scale.to_numpy(), np.sqrt(np.diag(covariance)), level)
    n_missing, method = len(predictors) - len(frame), f"Cox, {ties.capitalize()} ties, Wald interval"
    moments, died = np.unique(np.append(0, time)), np.sort(time[happened == 1])
    hazard = np.append(0, np.cumsum(1 / total))[np.searchsorted(died, moments, side="right")]
    baseline = pd.DataFrame({"months": moments, "hazard": hazard * np.exp(-(mean / scale) @ beta)})
    return CoxFit(table, covariance, len(frame), n_missing, int(happened.sum()), loglik, method, baseline)


def log_hazard(fit, predictors):
    """Linear predictor of patients, (n_patients,): coefficients times values, without centring.

    0 where every predictor is 0; R's ``predict(type = "lp")`` is the same less a constant.

    Examples
    --------
    >>> fit = cox(pd.DataFrame({"age": [1, 2, 3, 4]}), [4, 2, 3, 1], [1, 1, 1, 1])
    >>> log_hazard(fit, pd.DataFrame({"age": [0]})).tolist()
    [0.0]
    """
    absent = [name for name in fit.variables if name not in predictors]
    if absent or (values := numbers(predictors[fit.variables])).isna().any(axis=None):
        raise MviError(f"predictors must hold {', '.join(fit.variables)} for every patient. Leave out incomplete ones.")
    return values.to_numpy() @ fit.coefficients


def predicted_survival(fit, predictors, months):
    """Share of patients like these that the model expects to be free of the event, (n_patients, n_times).

    Times run from 0 to the last follow-up of the fitted patients. The steps of the cumulative hazard hold until the
    next event; lifelines draws lines between them.

    Examples
    --------
    >>> fit = cox(pd.DataFrame({"exposed": [1, 0, 0, 1]}), [1, 2, 3, 4], [1, 1, 0, 0])
    >>> predicted_survival(fit, pd.DataFrame({"exposed": [0]}), [0, 1, 1.9]).round(4).tolist()
    [[1.0, 0.8129, 0.8129]]
    """
    wanted, known = finite("months", months), fit.baseline["months"]
    if (wanted < 0).any() or (wanted > known.max()).any():
        raise MviError(f"months must lie within the follow-up (0 to {known.max():g}), got {list(wanted)}. Shorten it.")
    hazard = fit.baseline["hazard"].to_numpy()[np.searchsorted(known, wanted, side="right") - 1]
    return np.exp(-np.exp(log_hazard(fit, predictors))[:, None] * hazard)


def complete_follow_up(predictors, months, event, ties):
    """Complete rows as a float frame, with their times and events.

    Examples
    --------
    >>> age = pd.DataFrame({"age": [50, 60, 70, None]})
    >>> frame, time, happened = complete_follow_up(age, [1, 2, 3, 4], [1, 0, 1, 1], "efron")
    >>> frame["age"].tolist(), time.tolist(), happened.tolist()
    ([50.0, 60.0, 70.0], [1.0, 2.0, 3.0], [1, 0, 1])
    """
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
    terms = likelihood_terms(x, time, happened, beta, ties)
    while True:
        known, directions = np.linalg.eigh(terms[2].sum(axis=0))
        if known[0] < LEAST_KNOWN or np.abs(beta).max() > FARTHEST:
            name = frame.columns[np.abs(directions[:, 0]).argmax()]
            raise ConvergenceError(
                f"Cox regression runs away: the hazard ratio of {name} is infinite, zero or unknown, because one of "
                "its groups has no event, or nobody beside it at an event. Leave it out, or merge groups."
            )
        step = np.linalg.solve(terms[2].sum(axis=0), terms[1].sum(axis=0))
        proposal = likelihood_terms(x, time, happened, beta + step, ties)
        while proposal[0] < terms[0] - 1e-10:
            step = step / 2
            proposal = likelihood_terms(x, time, happened, beta + step, ties)
        beta, terms = beta + step, proposal
        if np.abs(step).max() < SETTLED:
            return beta, terms


def likelihood_terms(x, time, happened, beta, ties):
    """Partial log-likelihood, and score and information of each event in order of time.

    Shapes: float, (n_events, n_predictors), (n_events, n_predictors, n_predictors); then the summed hazard ratios that
    each event sees. Each of d tied events sees the risk set less a share (0 for Breslow; 0, 1/d, ... for Efron) of d.

    Examples
    --------
    >>> terms = likelihood_terms(np.array([[1.0], [0.0]]), np.array([1.0, 2.0]), np.array([1, 0]), np.zeros(1), "efron")
    >>> round(terms[0], 4), terms[1].tolist(), terms[2].tolist()  # log of 1/2; 1 - 1/2; 1/2 * 1/2
    (-0.6931, [[0.5]], [[[0.25]]])
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
    return loglik, x[died] - mean, second - mean[:, :, None] * mean[:, None, :], total[:, 0]


def _table(names, beta, se, level):
    margin = critical_value(level) * se
    ends = {"hazard_ratio": np.exp(beta), "ci_low": np.exp(beta - margin), "ci_high": np.exp(beta + margin)}
    p_value = 2 * stats.norm.sf(np.abs(beta / se))
    return pd.DataFrame({"variable": names} | ends | {"p_value": p_value, "coefficient": beta, "se": se})

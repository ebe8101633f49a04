"""How long do patients stay free of the event: curves by group, medians, restricted means, the log-rank test."""

import numpy as np
import pandas as pd
from scipy import stats

from mvi_core.checks import finite, same_length
from mvi_core.errors import MviError
from mvi_core.stats.estimate import Estimate, wald
from mvi_core.stats.kaplan_meier import follow_up_times, grouped_times, kaplan_meier


def survival_table(months, event, group, *, endpoint, group_by, level=0.95):
    """Kaplan-Meier curves of all groups, stacked for a figure.

    Parameters
    ----------
    months, event : array-like, shape (n_patients,)
        As in `kaplan_meier`.
    group : array-like, shape (n_patients,)
        Group of each patient.
    endpoint, group_by : str
        Names written into the table, for example ``"os"`` and ``"mvi_present"``.
    level : float
        Confidence level, strictly between 0 and 1.

    Returns
    -------
    pandas.DataFrame
        endpoint, group_by, group, then the columns of `kaplan_meier` with log-log intervals.
    """
    time, happened, codes, names = grouped_times(months, event, group)
    parts = []
    for code, name in enumerate(names):
        part = kaplan_meier(time[codes == code], happened[codes == code], level=level)
        for place, (column, value) in enumerate((("endpoint", endpoint), ("group_by", group_by), ("group", name))):
            part.insert(place, column, value)
        parts.append(part)
    return pd.concat(parts, ignore_index=True)


def median_survival(months, event, *, level=0.95, interval="log-log", rule="first"):
    """Time by which half the patients had the event, with the Brookmeyer-Crowley interval.

    Parameters
    ----------
    months, event : array-like, shape (n_patients,)
        As in `kaplan_meier`.
    level : float
        Confidence level, strictly between 0 and 1.
    interval : {"log-log", "log", "plain"}
        Scale of the pointwise interval, as in `kaplan_meier`.
    rule : {"first", "midpoint"}
        Where survival is exactly one half over a stretch: its first time (SPSS, lifelines) or its middle (R).

    Returns
    -------
    Estimate
        A value or end that is not reached is infinite.

    References
    ----------
    Brookmeyer and Crowley 1982, doi:10.2307/2530286.

    Examples
    --------
    >>> median_survival([1, 2, 3, 4], [1, 1, 1, 1], rule="midpoint").value
    2.5
    """
    if rule not in ("first", "midpoint"):
        raise MviError(f"rule must be 'first' or 'midpoint', got {rule!r}. Choose one of these.")
    curve = kaplan_meier(months, event, level=level, interval=interval)
    value, low, high = (_crossing(curve, name, rule) for name in ("survival", "ci_low", "ci_high"))
    method = f"Kaplan-Meier median ({rule} time at one half), Brookmeyer-Crowley, {interval} interval"
    return Estimate(value, low, high, level, method, int(curve["at_risk"].iloc[0]))


def median_follow_up(months, event, *, level=0.95):
    """Median follow-up by reverse Kaplan-Meier: events count as censored and censored patients as events.

    Parameters
    ----------
    months, event : array-like, shape (n_patients,)
        As in `kaplan_meier`.
    level : float
        Confidence level, strictly between 0 and 1.

    Returns
    -------
    Estimate

    References
    ----------
    Schemper and Smith 1996, doi:10.1016/0197-2456(96)00075-X.
    """
    time, happened = follow_up_times(months, event)
    answer = median_survival(time, 1 - happened, level=level)
    return Estimate(answer.value, answer.low, answer.high, level, f"reverse {answer.method}", answer.n)


def restricted_mean(months, event, *, until, level=0.95):
    r"""Mean event-free time up to a horizon: the area under the Kaplan-Meier curve.

    With :math:`A_j` the area from :math:`t_j` to the horizon, the variance is
    :math:`\sum_j A_j^2\, d_j / (n_j (n_j - d_j))`.

    Parameters
    ----------
    months, event : array-like, shape (n_patients,)
        As in `kaplan_meier`.
    until : float
        Horizon in months, positive and within the follow-up unless the curve has reached 0.
    level : float
        Confidence level, strictly between 0 and 1.

    Returns
    -------
    Estimate
        In months, interval normal and cut at 0 and the horizon.

    Raises
    ------
    MviError
        If nobody was followed to the horizon.

    Notes
    -----
    The variance that lifelines returns is that between patients, not of the mean.

    Examples
    --------
    >>> restricted_mean([1, 2, 3, 4], [1, 1, 1, 1], until=4).value
    2.5
    """
    curve = kaplan_meier(months, event)
    last = curve["months"].iloc[-1]
    if not until > 0 or (until > last and curve["survival"].iloc[-1] > 0):
        raise MviError(f"until must lie above 0 and within the follow-up ({last:g} months), got {until:g}. Shorten it.")
    before = curve[curve["months"] < until]
    steps = np.diff(np.append(before["months"], until))
    to_horizon = np.cumsum((before["survival"] * steps)[::-1])[::-1]
    at_risk, events = before["at_risk"], before["events"]
    terms = events / (at_risk * (at_risk - events).where(at_risk > events, 1))
    error = np.sqrt(np.sum(to_horizon**2 * terms.where(at_risk > events, 0.0)))
    method = f"restricted mean to {until:g} months, Greenwood error"
    n = int(curve["at_risk"].iloc[0])
    return wald(to_horizon.iloc[0], error, level=level, method=method, n=n, limits=(0, until))


def at_risk_table(months, event, times, *, group=None):
    """Numbers under the figure: who is still at risk at each tick.

    Parameters
    ----------
    months, event : array-like, shape (n_patients,)
        As in `kaplan_meier`.
    times : array-like of float
        Ticks in months.
    group : array-like, shape (n_patients,), optional
        Group of each patient.

    Returns
    -------
    pandas.DataFrame
        group, months, at_risk (time at least the tick, as R counts; lifelines' figure counts time beyond it),
        events and censored (up to and including the tick).

    Examples
    --------
    >>> at_risk_table([6, 12, 12], [1, 0, 1], [0, 12])["at_risk"].tolist()
    [3, 2]
    """
    time, happened, codes, names = grouped_times(months, event, np.zeros(len(months), int) if group is None else group)
    rows = [
        (
            name,
            tick,
            int(np.sum(own & (time >= tick))),
            *(int(np.sum(own & (time <= tick) & (happened == k))) for k in (1, 0)),
        )
        for code, name in enumerate(names if group is not None else ["all"])
        for own in [codes == code]
        for tick in finite("times", times)
    ]
    return pd.DataFrame(rows, columns=["group", "months", "at_risk", "events", "censored"])


def log_rank(months, event, group, *, strata=None):
    """Log-rank test of equal survival in two or more groups.

    Parameters
    ----------
    months, event : array-like, shape (n_patients,)
        As in `kaplan_meier`.
    group : array-like, shape (n_patients,)
        Group of each patient; at least two groups.
    strata : array-like, shape (n_patients,), optional
        Patients are compared within strata only.

    Returns
    -------
    pandas.DataFrame
        One row: statistic (chi-square), df, p_value, n.

    Raises
    ------
    MviError
        If there is one group only, or no event while two groups are at risk.

    Examples
    --------
    >>> log_rank([1, 2, 3, 4], [1, 1, 1, 1], [0, 0, 1, 1])["statistic"].round(6).tolist()
    [2.882353]
    """
    time, happened, codes, names = grouped_times(months, event, group)
    layers = np.zeros(len(time), int) if strata is None else pd.factorize(np.asarray(strata))[0]
    same_length(months=time, strata=layers)
    if len(names) < 2 or not happened.any():
        raise MviError(
            f"log_rank got {len(names)} group(s) and {happened.sum()} events. It needs two groups and an event."
        )
    excess, variance = np.zeros(len(names)), np.zeros((len(names), len(names)))
    for layer in np.unique(layers):
        for moment in np.unique(time[(layers == layer) & (happened == 1)]):
            at_risk = (layers == layer) & (time >= moment)
            share = np.bincount(codes[at_risk], minlength=len(names)) / at_risk.sum()
            died = at_risk & (time == moment) & (happened == 1)
            n, d = at_risk.sum(), died.sum()
            excess += np.bincount(codes[died], minlength=len(names)) - d * share
            variance += d * (n - d) / max(n - 1, 1) * (np.diag(share) - np.outer(share, share))
    if not variance.any():
        raise MviError("log_rank found no event while two groups were at risk, so nothing compares. Check the times.")
    statistic, df = float(excess @ np.linalg.pinv(variance, hermitian=True) @ excess), np.linalg.matrix_rank(variance)
    return pd.DataFrame({"statistic": [statistic], "df": df, "p_value": stats.chi2.sf(statistic, df), "n": len(time)})


def _crossing(curve, name, rule):
    """First time at which a curve is at most one half; the middle of a stretch at exactly one half on request."""
    values, time = curve[name].to_numpy(), curve["months"].to_numpy()
    reached = np.flatnonzero(values <= 0.5 + 1e-12)
    if not reached.size:
        return np.inf
    below = np.flatnonzero(values < 0.5 - 1e-12)
    if rule == "midpoint" and below.size and below[0] > reached[0]:
        return float((time[reached[0]] + time[below[0]]) / 2)
    return float(time[reached[0]])

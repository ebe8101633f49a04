"""How long do patients stay free of the event: medians, restricted means, follow-up and the numbers at risk."""

import numpy as np
import pandas as pd

from mvi_core.checks import finite
from mvi_core.errors import MviError
from mvi_core.stats.estimate import Estimate, wald
from mvi_core.stats.kaplan_meier import follow_up_times, grouped_times, kaplan_meier


def median_survival(months, event, *, level=0.95, interval="log-log", rule="first"):
    """Time by which half the patients had the event, with the Brookmeyer-Crowley interval; infinite if not reached.

    Where survival is exactly one half over a stretch, ``rule`` takes its ``"first"`` time (SPSS, lifelines) or its
    ``"midpoint"`` (R). Brookmeyer and Crowley 1982, doi:10.2307/2530286.

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

    Schemper and Smith 1996, doi:10.1016/0197-2456(96)00075-X.

    Examples
    --------
    >>> median_follow_up([10, 20, 30], [1, 0, 0]).value
    20.0
    """
    time, happened = follow_up_times(months, event)
    answer = median_survival(time, 1 - happened, level=level)
    return Estimate(answer.value, answer.low, answer.high, level, f"reverse {answer.method}", answer.n)


def restricted_mean(months, event, *, until, level=0.95):
    r"""Mean event-free months up to a horizon, the area under the Kaplan-Meier curve, as an `Estimate`.

    With :math:`A_j` the area from :math:`t_j` to the horizon, the variance is :math:`\sum_j A_j^2\, d_j / (n_j (n_j -
    d_j))`, that of the mean (lifelines returns that between patients). The horizon lies within the follow-up unless the
    curve has reached 0; the interval is normal, cut at 0 and the horizon.

    Examples
    --------
    >>> restricted_mean([1, 2, 3, 4], [1, 1, 1, 1], until=4).value
    2.5
    """
    value, error, n = _area(months, event, until)
    method = f"restricted mean to {until:g} months, Greenwood error"
    return wald(value, error, level=level, method=method, n=n, limits=(0, until))


def at_risk_table(months, event, times, *, group=None):
    """Numbers under the figure: who is still at risk at each tick, in months, by group or all together.

    group, months, at_risk (time at least the tick, as R counts; lifelines' figure counts time beyond it), events and
    censored (up to and including the tick).

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


def restricted_mean_difference(months, event, group, *, until, level=0.95):
    """Event-free months up to a horizon that the second of two groups gains on the first, in order of their names.

    Examples
    --------
    >>> restricted_mean_difference([1, 2, 3, 4], [1, 1, 1, 1], ["a", "a", "b", "b"], until=4).value
    2.0
    """
    time, happened, codes, names = grouped_times(months, event, group)
    if len(names) != 2:
        raise MviError(f"restricted_mean_difference compares two groups, got {len(names)}. Choose two.")
    first, second = (_area(time[codes == code], happened[codes == code], until) for code in (0, 1))
    method = f"restricted mean to {until:g} months, {names[1]} less {names[0]}, Greenwood error"
    error, limits = np.hypot(first[1], second[1]), (-until, until)
    return wald(second[0] - first[0], error, level=level, method=method, n=len(time), limits=limits)


def readable_until(at_risk, *, share=0.1):
    """Last tick of an `at_risk_table` at which enough patients are at risk for the curves to be read.

    Beyond a ``share`` of 10 to 20 % of those at the first tick, at 0, a curve rests on too few. Pocock, Clayton and
    Altman 2002, doi:10.1016/S0140-6736(02)08594-X.

    Examples
    --------
    >>> readable_until(at_risk_table([1, 2, 2, 24], [1, 0, 1, 0], [0, 2, 12]), share=0.5)
    2.0
    """
    left = at_risk.groupby("months")["at_risk"].sum()
    return float(left.index[left >= share * left.iloc[0]].max())


def _area(months, event, until):
    """Area under the curve up to a horizon, its error, and the number of patients."""
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
    return to_horizon.iloc[0], error, int(curve["at_risk"].iloc[0])


def _crossing(curve, name, rule):
    """First time at which a curve is at most one half; the middle of a stretch at exactly one half on request."""
    values, time = curve[name].to_numpy(), curve["months"].to_numpy()
    reached = np.flatnonzero(values <= 0.5 + 1e-12)
    if not reached.size:
        return np.inf
    end = np.append(np.flatnonzero(values < 0.5 - 1e-12), len(values) - 1)[0]  # the last time, if it stays at one half
    if rule == "midpoint":
        return float((time[reached[0]] + time[end]) / 2)
    return float(time[reached[0]])

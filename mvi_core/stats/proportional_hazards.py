"""Is a hazard ratio constant over time: the score test of proportional hazards."""

import numpy as np
import pandas as pd
from scipy import stats

from mvi_core.errors import MviError
from mvi_core.stats.cox import complete_follow_up, cox, likelihood_terms
from mvi_core.stats.kaplan_meier import kaplan_meier

TRANSFORMS = ("km", "rank", "identity")


def proportional_hazards_test(predictors, months, event, *, transform="km", ties="efron"):
    r"""Whether hazard ratios change over time: the score test for an interaction with time.

    For each predictor a coefficient of :math:`x\,(g(t) - \bar g)` is added and tested at zero, with :math:`\bar g` the
    mean over events and :math:`g` one minus Kaplan-Meier just before the time (``"km"``, R's default), its ``"rank"``,
    or the time itself (``"identity"``). One row per predictor and ``"GLOBAL"``: variable, statistic, df, p_value. R's
    ``cox.zph`` since survival 3.0; lifelines uses the older approximation, whose verdict can differ. Grambsch and
    Therneau 1994, doi:10.1093/biomet/81.3.515.

    Examples
    --------
    One predictor, so that its own test and the global one are the same:

    >>> exposed = pd.DataFrame({"exposed": [1, 0, 0, 1]})
    >>> test = proportional_hazards_test(exposed, [1, 2, 3, 4], [1, 1, 0, 0], transform="identity")
    >>> test["statistic"].round(4).tolist()
    [1.4142, 1.4142]
    """
    if transform not in TRANSFORMS:
        raise MviError(f"transform must be one of {', '.join(TRANSFORMS)}, got {transform!r}. Choose one of these.")
    fit = cox(predictors, months, event, ties=ties)
    frame, time, happened = complete_follow_up(predictors, months, event, ties)
    x = (frame - frame.mean()).to_numpy()
    _, score, info, _ = likelihood_terms(x, time, happened, fit.coefficients, ties)
    scale = _time_scale(time, happened, transform)
    if np.ptp(scale) == 0:
        raise MviError(f"No drift can be seen: the events ({len(scale)}) fall at one time. Leave the test out.")
    return _score_tests(list(frame), score, info, scale - scale.mean())


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

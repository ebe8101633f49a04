"""Could the groups share one survival curve: the log-rank test, its weights and strata."""

import numpy as np
import pandas as pd
from scipy import stats

from mvi_core.checks import same_length
from mvi_core.errors import MviError
from mvi_core.stats.estimate import same_patients
from mvi_core.stats.kaplan_meier import grouped_times

WEIGHTS = {
    "log-rank": lambda n, survival: 1.0,
    "gehan": lambda n, survival: n,
    "tarone-ware": lambda n, survival: np.sqrt(n),
    "peto": lambda n, survival: survival,
}


def log_rank(months, event, group, *, strata=None, weight="log-rank"):
    """Log-rank test of equal survival in two or more groups, within ``strata`` if given.

    ``weight`` of an event time: 1 (``"log-rank"``), the number at risk (``"gehan"``), its root (``"tarone-ware"``), or
    survival just before it (``"peto"``, R's ``rho = 1``; lifelines' ``peto`` is another one). One row: statistic
    (chi-square), df, p_value, n.

    Examples
    --------
    >>> log_rank([1, 2, 3, 4], [1, 1, 1, 1], [0, 0, 1, 1])["statistic"].round(6).tolist()
    [2.882353]
    """
    time, happened, codes, names = grouped_times(months, event, group)
    layers = np.zeros(len(time), int) if strata is None else pd.factorize(np.asarray(strata))[0]
    same_length(months=time, strata=layers)
    same_patients(months=months, strata=strata)
    if weight not in WEIGHTS:
        raise MviError(f"weight must be one of {', '.join(WEIGHTS)}, got {weight!r}. Choose one of these.")
    if len(names) < 2 or not happened.any() or (layers < 0).any():
        raise MviError(
            f"log_rank got {len(names)} group(s), {happened.sum()} events and {(layers < 0).sum()} patients without "
            "stratum. It needs two groups and an event, and a stratum for everybody."
        )
    parts = [
        _excess(time[own], happened[own], codes[own], len(names), WEIGHTS[weight])
        for layer in np.unique(layers)
        for own in [layers == layer]
    ]
    excess, variance = (np.sum(part, axis=0) for part in zip(*parts, strict=True))
    if not variance.any():
        raise MviError("log_rank found no event while two groups were at risk, so nothing compares. Check the times.")
    statistic, df = float(excess @ np.linalg.pinv(variance, hermitian=True) @ excess), np.linalg.matrix_rank(variance)
    return pd.DataFrame({"statistic": [statistic], "df": df, "p_value": stats.chi2.sf(statistic, df), "n": len(time)})


def _excess(time, happened, codes, n_groups, weight):
    """Events beyond those expected in each group, weighted and summed over time, and their covariance."""
    excess, variance, before = np.zeros(n_groups), np.zeros((n_groups, n_groups)), 1.0
    for moment in np.unique(time[happened == 1]):
        at_risk = time >= moment
        died, n = (time == moment) & (happened == 1), at_risk.sum()
        share, d, w = np.bincount(codes[at_risk], minlength=n_groups) / n, died.sum(), weight(n, before)
        excess += w * (np.bincount(codes[died], minlength=n_groups) - d * share)
        variance += w**2 * d * (n - d) / max(n - 1, 1) * (np.diag(share) - np.outer(share, share))
        before *= 1 - d / n
    return excess, variance

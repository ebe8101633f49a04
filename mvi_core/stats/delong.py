"""How uncertain is an area under the ROC curve: DeLong's variance, and a score interval where that is zero."""

import numpy as np
from scipy.optimize import brentq
from scipy.stats import rankdata

from mvi_core.stats.estimate import Estimate, critical_value, wald

TINY = 1e-20  # a variance below it is rounding: true ones are multiples of about 1 / n**3


def placements(outcome, score):
    """Area under the ROC curve, and each patient's share of rightly ranked patients of the other class.

    The area, then the shares of the patients with and of those without the outcome; ties count one half. By midranks,
    Sun and Xu 2014, doi:10.1109/LSP.2014.2337313.

    Examples
    --------
    >>> area, by_present, by_absent = placements(np.array([1, 1, 0, 0]), np.array([0.9, 0.4, 0.6, 0.2]))
    >>> area, by_present.tolist(), by_absent.tolist()
    (0.75, [1.0, 0.5], [0.5, 1.0])
    """
    present, absent = score[outcome == 1], score[outcome == 0]
    ranks = rankdata(np.concatenate([present, absent]))
    m, n = len(present), len(absent)
    by_present = (ranks[:m] - rankdata(present)) / n
    by_absent = 1 - (ranks[m:] - rankdata(absent)) / m
    return float((ranks[:m].sum() - m * (m + 1) / 2) / (m * n)), by_present, by_absent


def auc_variance(by_present, by_absent):
    """DeLong's variance from the placements of both classes, or their differences; NaN where a class has one patient.

    Examples
    --------
    >>> auc_variance(np.array([1.0, 0.5]), np.array([0.5, 1.0]))  # 0.125 / 2 of each class
    0.125
    """
    if min(len(by_present), len(by_absent)) < 2:
        return np.nan
    return float(np.var(by_present, ddof=1) / len(by_present) + np.var(by_absent, ddof=1) / len(by_absent))


def auc_interval(area, variance, n_present, n_absent, *, level):
    """Estimate of an area from its variance; Newcombe's score interval where that is zero or unknown (NaN).

    Cut at 0 and 1; ``method`` is ``DeLong``, or ``Newcombe score`` and the reason. DeLong 1988, doi:10.2307/2531595;
    Newcombe 2006, method 5, doi:10.1002/sim.2324.

    Examples
    --------
    >>> found = auc_interval(0.75, 0.01, 20, 20, level=0.95)
    >>> round(found.low, 3), round(found.high, 3), found.n
    (0.554, 0.946, 40)
    """
    n = n_present + n_absent
    if variance > TINY:
        return wald(area, np.sqrt(variance), level=level, method="DeLong", n=n, limits=(0, 1))
    reason = "one patient in a class" if np.isnan(variance) else "DeLong SE is zero"
    z2 = critical_value(level) ** 2 / (n_present * n_absent)

    def excess(x):
        """Return the squared distance of x from the area, less its squared margin."""
        spread = 1 + (n / 2 - 1) * ((1 - x) / (2 - x) + x / (1 + x))
        return (area - x) ** 2 - z2 * x * (1 - x) * spread

    low = 0.0 if area == 0 else brentq(excess, 0, min(area, 1 - 1e-12), xtol=1e-14)
    high = 1.0 if area == 1 else brentq(excess, max(area, 1e-12), 1, xtol=1e-14)
    return Estimate(float(area), float(low), float(high), level, f"Newcombe score ({reason})", n)

"""What does every statistic return: a value with its interval, the method behind it and the number of patients."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.special import ndtri

from mvi_core.checks import binary, both_classes, finite, same_length
from mvi_core.errors import MviError
from mvi_core.names import PATIENT_ID

ESTIMATE_COLUMNS = ("metric", "value", "ci_low", "ci_high", "n", "method")


@dataclass(frozen=True)
class Estimate:
    """Value of a statistic with its confidence interval; NaN only where ``method`` starts with ``undefined:``."""

    value: float
    low: float
    high: float
    level: float  #: confidence level, strictly between 0 and 1
    method: str  #: how the interval was made, with any rule applied
    n: int  #: patients behind the value

    def __post_init__(self):
        critical_value(self.level)


def critical_value(level):
    """Two-sided standard normal quantile of a confidence level.

    Examples
    --------
    >>> round(critical_value(0.95), 4)
    1.96
    """
    if not 0 < level < 1:
        raise MviError(f"level must lie strictly between 0 and 1, got {level}. Pass 0.95 for a 95 % interval.")
    return float(ndtri(0.5 + level / 2))


def wald(value, standard_error, *, level, method, n, limits=(-np.inf, np.inf)):
    """Estimate with the normal interval ``value`` ± z · SE, cut at the limits of the statistic.

    Examples
    --------
    >>> wald(0.95, 0.05, level=0.95, method="normal", n=20, limits=(0, 1)).high
    1.0
    """
    half = critical_value(level) * standard_error
    low, high = np.clip([value - half, value + half], *limits)
    return Estimate(float(value), float(low), float(high), level, method, int(n))


def wilson(k, n, *, level=0.95):
    r"""Proportion ``k / n`` with the Wilson score interval, without continuity correction.

    With :math:`\hat p = k/n`, the ends are
    :math:`(\hat p + z^2/2n \pm z\sqrt{\hat p(1-\hat p)/n + z^2/4n^2}) / (1 + z^2/n)`.
    Wilson 1927, doi:10.1080/01621459.1927.10502953. R: ``prop.test(k, n, correct = FALSE)``.

    Examples
    --------
    >>> interval = wilson(8, 10)
    >>> round(interval.low, 4), round(interval.high, 4)
    (0.4902, 0.9433)
    """
    if not (1 <= n < np.inf and 0 <= k <= n and k == int(k) and n == int(n)):
        raise MviError(f"wilson needs whole numbers 0 <= k <= n with n >= 1, got k = {k}, n = {n}. Pass counts.")
    z = critical_value(level)
    share = k / n
    half = z * np.sqrt(share * (1 - share) / n + z**2 / (4 * n**2))
    low = 0.0 if k == 0 else (share + z**2 / (2 * n) - half) / (1 + z**2 / n)
    high = 1.0 if k == n else (share + z**2 / (2 * n) + half) / (1 + z**2 / n)
    return Estimate(share, float(low), float(high), level, "Wilson", int(n))


def undefined(reason, *, level, n=0):
    """Estimate that says why it has no value, for a table whose other rows do; NaN in value and interval.

    Examples
    --------
    >>> undefined("no event", level=0.95, n=12).method
    'undefined: no event'
    """
    return Estimate(np.nan, np.nan, np.nan, level, f"undefined: {reason}", n)


def estimate_table(estimates):
    """Tidy table ``metric, value, ci_low, ci_high, n, method`` of estimates by metric.

    Examples
    --------
    >>> table = estimate_table({"auc": Estimate(0.8, 0.7, 0.9, 0.95, "DeLong", 50)})
    >>> table[["metric", "value", "n"]].to_numpy().tolist()
    [['auc', 0.8, 50]]
    """
    rows = [(name, e.value, e.low, e.high, e.n, e.method) for name, e in estimates.items()]
    return pd.DataFrame(rows, columns=list(ESTIMATE_COLUMNS))


def same_patients(**columns):
    """Refuse pandas columns that would be joined by position although their indexes differ.

    Only ``pandas.Series`` carry an index and are compared; an index named ``patient_id`` may not repeat a patient.

    Examples
    --------
    >>> same_patients(risk=pd.Series([0.1, 0.2]), present=pd.Series([0, 1]))  # equal indexes pass in silence
    """
    series = {name: column.index for name, column in columns.items() if isinstance(column, pd.Series)}
    for name, index in series.items():
        if index.name == PATIENT_ID and index.has_duplicates:
            repeated = index[index.duplicated()][0]
            raise MviError(f"{name} holds patient {repeated} more than once. Aggregate to one row per patient first.")
    first = next(iter(series), None)
    for name, index in series.items():
        if not index.equals(series[first]):
            raise MviError(f"{first} and {name} have different indexes. Join both by patient_id before passing them.")


def outcome_and_scores(mvi_present, *, check=finite, both=True, **scores):
    """Outcome and scores of the same patients as arrays; a score is one of `checks`, both classes occur if ``both``.

    Examples
    --------
    >>> [part.tolist() for part in outcome_and_scores([True, False], risk=[0.7, 0.2])]
    [[1, 0], [0.7, 0.2]]
    """
    same_patients(mvi_present=mvi_present, **scores)
    outcome, checked = binary("mvi_present", mvi_present), {name: check(name, score) for name, score in scores.items()}
    same_length(mvi_present=outcome, **checked)
    if both:
        both_classes("mvi_present", outcome)
    return outcome, *checked.values()

"""How much would a statistic vary with other patients: the patient-level bootstrap, by counts where it can be."""

import numpy as np

from mvi_core import checks
from mvi_core.errors import MviError
from mvi_core.stats.estimate import Estimate, critical_value, outcome_and_scores

BLOCK_DRAWS = 2_000_000  # draws held at a time; bounds memory at about 16 MB


def resample_counts(n, n_bootstrap, *, rng, strata=None):
    """How often each patient is drawn in each bootstrap resample, (n_bootstrap, n), whole numbers in float.

    ``counts @ x / n`` is the mean of ``x`` in every resample. With ``strata`` (n,) each resample keeps the size of each
    group. Sort the patients by their values first, and the draw does not depend on their order.

    Examples
    --------
    >>> counts = resample_counts(4, 3, rng=np.random.default_rng(0), strata=[0, 0, 1, 1])
    >>> counts[:, :2].sum(axis=1)
    array([2., 2., 2.])
    """
    if n < 2 or n_bootstrap < 1:
        raise MviError(
            f"A bootstrap needs 2 patients and 1 resample, got n = {n}, n_bootstrap = {n_bootstrap}. Add some."
        )
    groups = np.zeros(n, dtype=int) if strata is None else np.unique(strata, return_inverse=True)[1]
    checks.expect_shape("strata", groups, (n,))
    counts = np.empty((n_bootstrap, n))
    for members in (np.flatnonzero(groups == group) for group in range(groups.max() + 1)):
        counts[:, members] = _draw(len(members), n_bootstrap, rng)
    return counts


def percentile_interval(value, replicates, *, level, n, stratified=False):
    """Estimate with the percentile interval of its bootstrap replicates, NaN where one does not exist.

    Quantiles of type 7 (numpy and R default); ``method`` says how many resamples worked, which must be ``1 / (1 -
    level)``.

    Examples
    --------
    >>> found = percentile_interval(0.5, np.arange(101) / 100, level=0.9, n=20)
    >>> round(found.low, 2), round(found.high, 2)
    (0.05, 0.95)
    """
    critical_value(level)
    replicates = np.asarray(replicates, dtype=float)
    worked = replicates[np.isfinite(replicates)]
    if round(len(worked) * (1 - level), 9) < 1:
        raise MviError(
            f"Only {len(worked)} of {len(replicates)} resamples gave a value, too few for level {level}. "
            "Raise n_bootstrap, or check that each class has enough patients."
        )
    low, high = np.quantile(worked, [(1 - level) / 2, (1 + level) / 2])
    method = f"bootstrap percentile, {len(worked)} of {len(replicates)} resamples" + ", stratified" * stratified
    return Estimate(float(value), float(low), float(high), level, method, int(n))


def auc_of_counts(mvi_present, risk, counts):
    r"""Area under the ROC curve of many resamples at once, (n_bootstrap,), from their counts and one matrix product.

    With counts :math:`a_i` of patients with MVI and :math:`b_j` of patients without,
    :math:`AUC = \sum_{ij} a_i b_j\,([r_i > r_j] + [r_i = r_j]/2) / \sum_{ij} a_i b_j`; NaN where one class was drawn.

    Examples
    --------
    >>> auc_of_counts([0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8], [[1, 1, 1, 1], [2, 0, 1, 1], [2, 2, 0, 0]])
    array([0.75, 1.  ,  nan])
    """
    outcome, score = checks.binary("mvi_present", mvi_present), checks.finite("risk", risk)
    n = checks.same_length(mvi_present=outcome, risk=score)
    counts = checks.expect_shape("counts", np.asarray(counts, dtype=float), ("B", n))
    present, absent = outcome == 1, outcome == 0
    wins = (np.sign(score[present][:, None] - score[absent]) + 1) / 2  # (n_present, n_absent)
    with_mvi, without = counts[:, present], counts[:, absent]
    won = np.einsum("bi,bi->b", with_mvi @ wins, without)
    pairs = with_mvi.sum(axis=1) * without.sum(axis=1)
    return np.divide(won, pairs, out=np.full(len(counts), np.nan), where=pairs > 0)


def auc_bootstrap(mvi_present, risk, *, n_bootstrap, rng, stratified=True, level=0.95):
    """Area under the ROC curve with its percentile bootstrap interval, an `Estimate`.

    ``stratified`` keeps the number of patients with and without MVI in each resample, as pROC does. The direction of
    the risk is never turned round.

    Examples
    --------
    >>> found = auc_bootstrap([1, 1, 0, 0], [0.9, 0.4, 0.6, 0.2], n_bootstrap=200, rng=np.random.default_rng(0))
    >>> found.value, found.n
    (0.75, 4)
    """
    outcome, score = outcome_and_scores(mvi_present, risk=risk)
    n = len(outcome)
    order = np.lexsort((outcome, score))
    outcome, score = outcome[order], score[order]
    counts = resample_counts(n, n_bootstrap, rng=rng, strata=outcome if stratified else None)
    value = auc_of_counts(outcome, score, np.ones((1, n)))[0]
    return percentile_interval(value, auc_of_counts(outcome, score, counts), level=level, n=n, stratified=stratified)


def _draw(n, n_bootstrap, rng):
    """Draw ``n`` of ``n`` members with replacement, in blocks of resamples; counts ``(n_bootstrap, n)``."""
    step = max(1, BLOCK_DRAWS // n)
    dtype = np.uint16 if n < 2**16 else np.int64  # 16-bit draws take a quarter of the time
    blocks = []
    for start in range(0, n_bootstrap, step):
        rows = min(step, n_bootstrap - start)
        drawn = rng.integers(0, n, size=(rows, n), dtype=dtype) + n * np.arange(rows)[:, None]
        blocks.append(np.bincount(drawn.ravel(), minlength=rows * n).reshape(rows, n))
    return np.concatenate(blocks)

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import roc_auc_score

from mvi_core.errors import MviError
from mvi_core.stats.resampling import (
    auc_bootstrap,
    auc_of_counts,
    percentile_interval,
    resample_counts,
)

REFERENCE = Path(__file__).parents[1] / "reference"
ANSWERS = json.loads((REFERENCE / "roc_asah.json").read_text(encoding="utf-8"))
ASAH = pd.read_csv(REFERENCE / "roc_asah.csv")


def drawn(seed=0):
    return np.random.default_rng(seed)


def test_auc_of_counts_equals_a_scikit_learn_loop_over_the_same_resamples():
    rng = drawn()
    outcome = rng.integers(0, 2, 321)
    risk = np.round(rng.random(321) + 0.3 * outcome, 2)  # ties
    counts = resample_counts(321, 60, rng=rng)
    loop = [roc_auc_score(np.repeat(outcome, row), np.repeat(risk, row)) for row in counts.astype(int)]
    np.testing.assert_allclose(auc_of_counts(outcome, risk, counts), loop, rtol=0, atol=1e-14)


@pytest.mark.parametrize(("stratified", "key"), [(True, ""), (False, "_unstratified")])
def test_auc_bootstrap_agrees_with_proc_within_monte_carlo_error(stratified, key):
    """R: ci.auc(roc(aSAH$outcome, aSAH$s100b), method = "bootstrap", boot.n = 20000, boot.stratified = ...).

    The standard error of a 2.5 % quantile of 20,000 draws with standard deviation 0.052 is about 0.001.
    """
    estimate = auc_bootstrap(ASAH["outcome"], ASAH["s100b"], n_bootstrap=20_000, rng=drawn(), stratified=stratified)
    low, _, high = ANSWERS["bootstrap_ci_s100b" + key]
    assert estimate.low == pytest.approx(low, abs=0.006) and estimate.high == pytest.approx(high, abs=0.006)
    assert estimate.value == pytest.approx(ANSWERS["s100b"]["auc"], rel=1e-12)


def test_resamples_keep_n_and_group_sizes_and_draw_each_patient_alike():
    counts = resample_counts(6, 4000, rng=drawn(), strata=["a", "b", "a", "b", "b", "b"])
    assert (counts.sum(axis=1) == 6).all() and (counts[:, [0, 2]].sum(axis=1) == 2).all()
    free = resample_counts(6, 4000, rng=drawn())
    assert free.mean(axis=0) == pytest.approx(np.ones(6), abs=0.06)  # SE 0.014
    assert free.var() == pytest.approx(5 / 6, abs=0.03)  # multinomial: n p (1 - p)


def test_blocks_of_draws_do_not_change_with_size(monkeypatch):
    whole = resample_counts(50, 30, rng=drawn())
    monkeypatch.setattr("mvi_core.stats.resampling.BLOCK_DRAWS", 1)
    assert resample_counts(50, 30, rng=drawn()).shape == whole.shape
    assert (resample_counts(50, 30, rng=drawn()).sum(axis=1) == 50).all()


def test_the_bootstrap_of_a_mean_has_the_textbook_width():
    """The bootstrap standard error of a mean is sd / sqrt(n), sd with denominator n."""
    values = drawn(3).normal(size=200)
    means = resample_counts(200, 4000, rng=drawn()) @ values / 200
    estimate = percentile_interval(values.mean(), means, level=0.95, n=200)
    assert estimate.value == values.mean()
    assert estimate.high - estimate.low == pytest.approx(2 * 1.96 * values.std() / np.sqrt(200), rel=0.06)
    assert estimate.method == "bootstrap percentile, 4000 of 4000 resamples"


def test_percentile_interval_uses_type_7_quantiles():
    """R: quantile(1:40, c(.025, .975)) is 1.975, 39.025."""
    estimate = percentile_interval(20.5, np.arange(1, 41), level=0.95, n=9)
    assert [estimate.low, estimate.high] == pytest.approx([1.975, 39.025])


def test_resamples_that_fail_are_counted_and_too_few_are_refused():
    outcome, risk = [0, 0, 0, 0, 1, 1], [0.1, 0.5, 0.2, 0.3, 0.4, 0.9]
    estimate = auc_bootstrap(outcome, risk, n_bootstrap=300, rng=drawn(), stratified=False)
    assert 200 < int(estimate.method.split()[2]) < 300
    with pytest.raises(MviError, match="0 of 100 resamples"):
        percentile_interval(1.0, np.full(100, np.nan), level=0.95, n=5)
    with pytest.raises(MviError, match="10 of 10 resamples gave a value, too few"):
        percentile_interval(1.0, np.ones(10), level=0.95, n=5)


@pytest.mark.parametrize(("n", "n_bootstrap"), [(1, 100), (0, 100), (5, 0)])
def test_one_patient_or_no_resample_is_refused(n, n_bootstrap):
    with pytest.raises(MviError, match="2 patients"):
        resample_counts(n, n_bootstrap, rng=drawn())


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10_000))
def test_auc_bootstrap_ignores_the_order_of_patients_and_monotone_changes_of_risk(seed):
    rng = drawn(seed)
    outcome = np.r_[0, 1, rng.integers(0, 2, 20)]
    risk = np.round(rng.random(22), 1)
    order = rng.permutation(22)
    first = auc_bootstrap(outcome, risk, n_bootstrap=50, rng=drawn())
    assert auc_bootstrap(outcome[order], risk[order], n_bootstrap=50, rng=drawn()) == first
    assert auc_bootstrap(outcome, np.exp(3 * risk), n_bootstrap=50, rng=drawn()) == first


def test_auc_bootstrap_refuses_one_class_and_missing_risks():
    with pytest.raises(MviError, match="one class only"):
        auc_bootstrap([1, 1], [0.1, 0.2], n_bootstrap=50, rng=drawn())
    with pytest.raises(MviError, match="must be finite"):
        auc_bootstrap([0, 1], [0.1, np.nan], n_bootstrap=50, rng=drawn())

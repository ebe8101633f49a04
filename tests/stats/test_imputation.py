"""Witness: R's mice (pool.scalar exactly; the imputed answer to its Monte-Carlo error, in test_real_patients)."""

from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from mvi_core.errors import MviError
from mvi_core.stats.imputation import extremes, impute, pool_fits
from mvi_core.stats.logistic import fit_logistic

REFERENCE = Path(__file__).parents[1] / "reference"


def test_rubins_rules_are_those_of_mice():
    """``pool.scalar(Q = c(.5, .7, .6, .9, .4), U = c(.04, .05, .045, .05, .041), n = 200, k = 3)``."""
    table = pd.read_csv(REFERENCE / "real_reference.csv")
    expected = table[table["case"] == "rubin"].set_index("quantity")["value"]
    pairs = zip((0.5, 0.7, 0.6, 0.9, 0.4), (0.04, 0.05, 0.045, 0.05, 0.041), strict=True)
    fits = [
        SimpleNamespace(table=pd.DataFrame({"variable": list("iab"), "coefficient": q, "se": u**0.5}), n=200)
        for q, u in pairs
    ]
    row = pool_fits(fits).iloc[1]
    assert row["coefficient"] == pytest.approx(expected["qbar"], rel=1e-12)
    assert row["se"] ** 2 == pytest.approx(expected["t"], rel=1e-12)
    assert row["df"] == pytest.approx(expected["df"], rel=1e-12)
    assert row["fmi"] == pytest.approx(expected["fmi"], rel=1e-12)


@pytest.fixture(scope="module")
def gaps():
    """Two hundred patients, MVI from AFP, AFP missing more often in those with a high companion value."""
    rng = np.random.default_rng(8)
    afp = rng.normal(size=400)
    other = afp + 0.4 * rng.normal(size=400)
    mvi = (rng.random(400) < 1 / (1 + np.exp(-afp))).astype(int)
    lacking = rng.random(400) < np.where(other > 0, 0.5, 0.1)
    return pd.DataFrame({"afp": np.where(lacking, np.nan, afp), "other": other, "mvi": mvi}), afp


def test_imputation_fills_gaps_only_with_values_that_occur_and_is_seeded(gaps):
    table, _ = gaps
    copies = impute(table, n_imputations=2, rng=np.random.default_rng(1))
    again = impute(table, n_imputations=2, rng=np.random.default_rng(1))
    other = impute(table, n_imputations=2, rng=np.random.default_rng(2))
    known = table["afp"].notna()
    for copy, same in zip(copies, again, strict=True):
        pd.testing.assert_frame_equal(copy, same)
        assert copy.index.equals(table.index)
        assert copy.loc[known, "afp"].equals(table.loc[known, "afp"])
        assert copy["afp"].isin(table["afp"].dropna()).all()
    assert not copies[0]["afp"].equals(copies[1]["afp"])
    assert not copies[0]["afp"].equals(other[0]["afp"])
    assert table["afp"].isna().any()


def test_imputation_recovers_the_mean_that_complete_cases_miss(gaps):
    table, truth = gaps
    copies = impute(table, n_imputations=5, rng=np.random.default_rng(3))
    means = [copy["afp"].mean() for copy in copies]
    assert abs(np.mean(means) - truth.mean()) < 0.06
    assert table["afp"].mean() - truth.mean() < -0.15


def test_a_skewed_column_is_imputed_on_the_logarithm_and_comes_back_on_its_own_scale(gaps):
    table = gaps[0].assign(afp=np.exp(gaps[0]["afp"]))
    (copy,) = impute(table, n_imputations=1, rng=np.random.default_rng(1), log=["afp"])
    known = table["afp"].notna()
    np.testing.assert_allclose(copy.loc[known, "afp"], table.loc[known, "afp"], rtol=1e-12)
    assert copy["afp"].min() >= table["afp"].min() * (1 - 1e-12)


def test_without_a_gap_the_pooled_answer_is_the_fit(gaps):
    table = gaps[0].dropna()
    fit = fit_logistic(table[["other"]], table["mvi"])
    pooled = pool_fits([fit, fit, fit])
    np.testing.assert_allclose(pooled[["coefficient", "se"]], fit.table[["coefficient", "se"]], rtol=1e-12)
    with pytest.raises(MviError, match="two fits or more"):
        pool_fits([fit])


def test_no_filling_of_the_gaps_leaves_the_extremes():
    rng = np.random.default_rng(5)
    finding = np.where(rng.random(60) < 0.2, np.nan, rng.integers(0, 2, 60))
    mvi = rng.integers(0, 2, 60)
    bounds = extremes(finding, mvi).set_index("guess")["odds_ratio"]
    for _ in range(20):
        filled = pd.DataFrame({"x": np.where(np.isnan(finding), rng.integers(0, 2, 60), finding)})
        ratio = fit_logistic(filled, mvi).table.loc[1, "odds_ratio"]
        assert bounds["contrary to invasion"] - 1e-9 <= ratio <= bounds["as invasion is"] + 1e-9

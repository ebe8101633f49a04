"""Witnesses: statsmodels and scikit-learn on the same resamples; rms::validate and calibrate (optimism_reference.R)."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import roc_auc_score
from statsmodels.discrete.discrete_model import Logit
from statsmodels.genmod.families import Binomial
from statsmodels.genmod.generalized_linear_model import GLM

from mvi_core.errors import MviError
from mvi_core.stats.batched import auc_many, fit_many
from mvi_core.stats.instability import instability
from mvi_core.stats.modelling import modelling
from mvi_core.stats.optimism import corrected_calibration, cross_validation, optimism_bootstrap
from mvi_core.stats.resampling import resample_counts

REFERENCE = Path(__file__).parents[1] / "reference"
PREDICTORS = ["age", "lwt", "smoke", "ht", "ui"]


@pytest.fixture(scope="module")
def birthwt():
    return pd.read_csv(REFERENCE / "logistic_birthwt.csv")


def simulated(seed=4, n=321):
    """Five yes/no predictors like those of Table 3, two of which matter."""
    rng = np.random.default_rng(seed)
    x = pd.DataFrame((rng.random((n, 5)) < [0.29, 0.3, 0.53, 0.55, 0.6]).astype(int), columns=list("abcde"))
    return x, (rng.random(n) < 1 / (1 + np.exp(2 - 1.5 * x["d"] - 2 * x["e"]))).astype(int)


def bootstrap_risks(x, y, *, n_bootstrap, rng, selection=()):
    """Risk of each patient under each resampled model that worked, (B, n)."""
    model = modelling(x, y, selection)
    drawn = model.resample(n_bootstrap, rng)
    return 1 / (1 + np.exp(-drawn.log_odds[drawn.worked][:, model.place]))


def one_by_one(x, y, rows):
    """Performance in the resample and in the original patients, by statsmodels and scikit-learn."""
    design = np.column_stack([np.ones(len(x)), x.to_numpy(float)])
    y = y.to_numpy()
    beta = Logit(y[rows], design[rows]).fit(disp=0, tol=1e-12).params
    measures = []
    for chosen in (rows, np.arange(len(y))):
        log_odds, outcome = design[chosen] @ beta, y[chosen]
        risk = 1 / (1 + np.exp(-log_odds))
        tight = {"tol": 1e-14, "tol_criterion": "params"}
        large = GLM(outcome, np.ones(len(outcome)), family=Binomial(), offset=log_odds).fit(**tight).params[0]
        joint = Logit(outcome, np.column_stack([np.ones(len(outcome)), log_odds])).fit(disp=0, tol=1e-12).params
        auc = roc_auc_score(outcome, np.round(log_odds, 9))
        measures.append([auc, np.mean((outcome - risk) ** 2), large, joint[1], joint[0]])
    return np.array(measures)


def same_resamples(x, y, n_bootstrap, seed):
    """Rows of each resample: the package sorts patients by predictors and outcome before it draws."""
    place = np.unique(x.to_numpy(float), axis=0, return_inverse=True)[1]
    order = np.lexsort((y, place))
    counts = resample_counts(len(y), n_bootstrap, rng=np.random.default_rng(seed)).astype(int)
    return [np.repeat(order, row) for row in counts]


def test_batched_newton_equals_the_loop_over_statsmodels_on_the_same_resamples():
    x, y = simulated()
    table = optimism_bootstrap(x, y, n_bootstrap=40, rng=np.random.default_rng(11))
    loop = np.array([one_by_one(x, y, rows) for rows in same_resamples(x, y, 40, 11)])
    optimism = (loop[:, 0] - loop[:, 1]).mean(axis=0)
    apparent = one_by_one(x, y, np.arange(len(y)))[0]
    assert table["n_resamples"].tolist() == [40] * 5
    np.testing.assert_allclose(table["optimism"], optimism, rtol=1e-12, atol=1e-14)
    np.testing.assert_allclose(table["apparent"], apparent, rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(table["corrected"], apparent - optimism, rtol=1e-12, atol=1e-12)


def test_corrected_performance_equals_rms_validate_within_its_monte_carlo_error(birthwt):
    """R: mean of validate(lrm(low ~ age + lwt + smoke + ht + ui), B = 200) over 20 seeds; Dxy / 2 + 1/2 is the AUC."""
    expected = pd.read_csv(REFERENCE / "optimism_reference.csv").set_index("metric")
    table = optimism_bootstrap(birthwt[PREDICTORS], birthwt["low"], n_bootstrap=2000, rng=np.random.default_rng(5))
    table = table.set_index("metric")
    for metric, row in expected.iterrows():
        error = row["sd_200"] * np.sqrt(200 / 2000 + 1 / 20)
        assert abs(table.loc[metric, "corrected"] - row["corrected"]) < 4 * error, metric


def test_calibration_curve_equals_rms_calibrate(birthwt):
    """R: calibrate(fit, B = 200, predy = ...) over 10 seeds; the apparent curve has no Monte-Carlo error."""
    expected = pd.read_csv(REFERENCE / "optimism_calibration.csv")
    curve = corrected_calibration(birthwt[PREDICTORS], birthwt["low"], n_bootstrap=400, rng=np.random.default_rng(6))
    apparent, corrected = (
        np.interp(expected["risk"], curve["risk"], curve[name]) for name in ("apparent", "corrected")
    )
    np.testing.assert_allclose(apparent, expected["apparent"], atol=2e-3)  # between 50 points of a curve with kinks
    np.testing.assert_allclose(corrected, expected["corrected"], atol=0.012)


def test_selection_is_repeated_in_every_resample(birthwt):
    fixed = optimism_bootstrap(birthwt[PREDICTORS], birthwt["low"], n_bootstrap=300, rng=np.random.default_rng(1))
    chosen = optimism_bootstrap(
        birthwt[PREDICTORS], birthwt["low"], n_bootstrap=300, rng=np.random.default_rng(1), selection=("backward",)
    )
    assert chosen.loc[0, "apparent"] < fixed.loc[0, "apparent"]
    assert chosen.loc[3, "optimism"] > fixed.loc[3, "optimism"]
    assert chosen.attrs["selection"] == ("backward",)


def test_selected_models_equal_the_loop_over_statsmodels():
    """Univariable Wald p < 0.05, then backward elimination, written out for each resample."""
    x, y = simulated(seed=8, n=150)
    steps = ("univariable", "backward")
    risks = bootstrap_risks(x, y, n_bootstrap=15, rng=np.random.default_rng(2), selection=steps)
    for found, rows in zip(risks, same_resamples(x, y, 15, 2), strict=True):
        drawn, outcome = x.iloc[rows].reset_index(drop=True), y.to_numpy()[rows]

        def fitted(names, drawn=drawn, outcome=outcome):
            return Logit(outcome, drawn[names].assign(one=1.0).astype(float)).fit(disp=0, tol=1e-12)

        kept = [name for name in x if fitted([name]).pvalues[name] < 0.05]
        while (worst := fitted(kept).pvalues[kept]).max() >= 0.05:
            kept.remove(worst.idxmax())
        expected = fitted(kept).predict(x[kept].assign(one=1.0).astype(float))
        np.testing.assert_allclose(found, expected, rtol=1e-10)


def test_order_of_patients_does_not_change_the_result():
    x, y = simulated()
    order = np.random.default_rng(0).permutation(len(y))
    first = optimism_bootstrap(x, y, n_bootstrap=50, rng=np.random.default_rng(3))
    other = optimism_bootstrap(x.iloc[order], y.iloc[order], n_bootstrap=50, rng=np.random.default_rng(3))
    np.testing.assert_allclose(other[["apparent", "corrected"]], first[["apparent", "corrected"]], atol=1e-12)
    risks = bootstrap_risks(x, y, n_bootstrap=5, rng=np.random.default_rng(3))
    turned = bootstrap_risks(x.iloc[order], y.iloc[order], n_bootstrap=5, rng=np.random.default_rng(3))
    np.testing.assert_allclose(turned, risks[:, order], atol=1e-12)


def test_resamples_that_failed_are_counted_and_missing_patients_too(birthwt):
    """Only 12 of 189 mothers have ht: some resamples separate."""
    holed = birthwt[PREDICTORS].astype(float)
    holed.iloc[:9:3, 0] = np.nan
    table = optimism_bootstrap(holed[::3], birthwt["low"][::3], n_bootstrap=200, rng=np.random.default_rng(4))
    assert 50 < table.loc[0, "n_resamples"] < 200
    assert (table.attrs["n"], table.attrs["n_missing"]) == (60, 3)
    assert np.isfinite(table.select_dtypes(float)).all(axis=None)


def test_noise_has_no_corrected_discrimination():
    rng = np.random.default_rng(12)
    x, y = pd.DataFrame(rng.normal(size=(200, 6)), columns=list("abcdef")), rng.integers(0, 2, 200)
    table = optimism_bootstrap(x, y, n_bootstrap=300, rng=rng).set_index("metric")
    assert table.loc["auc", "apparent"] > 0.55
    assert table.loc["auc", "ci_low"] < 0.5 < table.loc["auc", "ci_high"]


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda x, y, g: optimism_bootstrap(x, x["a"], n_bootstrap=50, rng=g), "cannot be fitted"),
        (lambda x, y, g: optimism_bootstrap(x, y * 0, n_bootstrap=50, rng=g), "one class only"),
        (lambda x, y, g: optimism_bootstrap(x.assign(a=1), y, n_bootstrap=50, rng=g), "a is constant"),
        (lambda x, y, g: optimism_bootstrap(x, y, n_bootstrap=50, rng=g, selection="backward"), "Pass a tuple"),
        (lambda x, y, g: optimism_bootstrap(x, y, n_bootstrap=50, rng=g, selection=("lasso",)), "univariable"),
        (lambda x, y, g: optimism_bootstrap(x, y, n_bootstrap=2, rng=g), "too few"),
        (lambda x, y, g: cross_validation(x, y, n_folds=1, rng=g), "n_folds must lie from 2"),
        (lambda x, y, g: cross_validation(x, y, n_repeats=5, rng=g), "too few"),
        (
            lambda x, y, g: cross_validation(
                x.loc[:39, ["a", "b"]], y[:40], n_repeats=50, rng=g, selection=("univariable",)
            ),
            "0 of 50",
        ),
        (lambda x, y, g: instability(x, y, n_bootstrap=50, rng=g, level=95), "level must lie"),
    ],
)
def test_bad_input_is_one_clear_sentence(call, words):
    x, y = simulated()
    with pytest.raises(MviError, match=words):
        call(x, y, np.random.default_rng(0))


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 4), st.integers(0, 3), st.integers(0, 3)), min_size=2, max_size=12))
def test_many_aucs_equal_scikit_learn_with_ties_and_counts(rows):
    score, absent, present = np.array(rows, dtype=float).T
    found = auc_many(score[None], absent[None], present[None])[0]
    if not absent.sum() or not present.sum():
        assert np.isnan(found)
        return
    y = np.repeat([0, 1], [int(absent.sum()), int(present.sum())])
    s = np.r_[np.repeat(score, absent.astype(int)), np.repeat(score, present.astype(int))]
    assert found == pytest.approx(roc_auc_score(y, s), rel=1e-12)


def test_separated_and_constant_resamples_fail_alone():
    design = np.array([[1.0, 0.0], [1.0, 1.0]])
    absent, present = np.array([[5, 5], [5, 0], [9, 0]]), np.array([[3, 4], [0, 5], [4, 0]])
    beta, _, worked = fit_many(design, absent, present)
    assert worked.tolist() == [True, False, False]
    assert beta[0, 1] == pytest.approx(np.log((4 / 5) / (3 / 5)), rel=1e-12)


def test_cross_validation_equals_the_loop_over_statsmodels_on_the_same_folds():
    """Folds in the order of patterns and outcomes; predictions for the folds left out, pooled within a repeat."""
    x, y = simulated(n=160)
    table = cross_validation(x, y, n_folds=5, n_repeats=20, rng=np.random.default_rng(3)).set_index("metric")
    order = np.lexsort((y, np.unique(x.to_numpy(float), axis=0, return_inverse=True)[1]))
    design, outcome = np.column_stack([np.ones(len(x)), x.to_numpy(float)])[order], y.to_numpy()[order]
    folds = np.random.default_rng(3).permuted(np.tile(np.arange(160) % 5, (20, 1)), axis=1)
    found = []
    for labels in folds:
        log_odds = np.empty(160)
        for fold in range(5):
            kept = labels != fold
            log_odds[~kept] = design[~kept] @ Logit(outcome[kept], design[kept]).fit(disp=0, tol=1e-12).params
        joint = Logit(outcome, np.column_stack([np.ones(160), log_odds])).fit(disp=0, tol=1e-12).params
        brier = np.mean((outcome - 1 / (1 + np.exp(-log_odds))) ** 2)
        found.append([roc_auc_score(outcome, np.round(log_odds, 9)), brier, joint[1], joint[0]])
    expected = pd.Series(np.mean(found, axis=0), index=["auc", "brier", "slope", "intercept_joint"])
    np.testing.assert_allclose(table.loc[expected.index, "corrected"], expected, rtol=1e-10)
    np.testing.assert_allclose(table["apparent"] - table["optimism"], table["corrected"], atol=1e-12)


def test_cross_validation_and_bootstrap_agree_and_share_their_columns(birthwt):
    """Both estimate the performance of this model in new mothers; at n = 189 they differ by less than 0.02."""
    told = {"predictors": birthwt[PREDICTORS], "mvi_present": birthwt["low"]}
    crossed = cross_validation(**told, rng=np.random.default_rng(1)).set_index("metric")
    drawn = optimism_bootstrap(**told, n_bootstrap=500, rng=np.random.default_rng(1)).set_index("metric")
    assert list(crossed) == list(drawn) and list(crossed.index) == list(drawn.index)
    assert crossed.loc["auc", "corrected"] == pytest.approx(drawn.loc["auc", "corrected"], abs=0.02)
    wide, other = (table.loc["auc", "ci_high"] - table.loc["auc", "ci_low"] for table in (crossed, drawn))
    assert wide == pytest.approx(other, rel=0.35)
    assert crossed.loc["slope", "corrected"] < 1


def test_cross_validation_of_noise_finds_nothing_and_ignores_the_order_of_patients():
    rng = np.random.default_rng(12)
    x, y = pd.DataFrame(rng.normal(size=(120, 6)), columns=list("abcdef")), pd.Series(rng.integers(0, 2, 120))
    order = rng.permutation(120)
    first, turned = (
        cross_validation(x.iloc[o], y.iloc[o], n_repeats=20, rng=np.random.default_rng(2)).set_index("metric")
        for o in (np.arange(120), order)
    )
    assert first.loc["auc", "corrected"] < 0.55 < first.loc["auc", "apparent"]
    np.testing.assert_allclose(first["corrected"], turned["corrected"], atol=1e-10)


def test_instability_is_the_spread_of_the_risks_of_resampled_models():
    """By definition of Riley and Collins 2023, from risks that statsmodels gives on the same resamples."""
    x, y = simulated(n=250)
    found = instability(x, y, n_bootstrap=40, rng=np.random.default_rng(6))
    design = np.column_stack([np.ones(len(x)), x.to_numpy(float)])
    models = [np.arange(len(y)), *same_resamples(x, y, 40, 6)]
    beta = [Logit(y.to_numpy()[rows], design[rows]).fit(disp=0, tol=1e-12).params for rows in models]
    risks = 1 / (1 + np.exp(-np.array(beta) @ design.T))
    np.testing.assert_allclose(found.patients["risk"], risks[0], rtol=1e-9)
    np.testing.assert_allclose(found.patients["mape"], np.abs(risks[1:] - risks[0]).mean(axis=0), rtol=1e-8)
    np.testing.assert_allclose(found.patients["low"], np.quantile(risks[1:], 0.025, axis=0), rtol=1e-8)
    assert found.mape == pytest.approx(np.abs(risks[1:] - risks[0]).mean(), rel=1e-8) and found.n_resamples == 40
    assert found.curves["resample"].nunique() == 40 and found.curves["risk"].between(0, 1).all()


def test_more_patients_make_a_model_more_stable_and_selection_makes_it_less():
    few, many = (instability(*simulated(n=n), n_bootstrap=100, rng=np.random.default_rng(1)).mape for n in (100, 1600))
    assert many < 0.4 * few
    x, y = simulated(n=200)
    steps = ("univariable", "backward")
    chosen = instability(x, y, n_bootstrap=100, rng=np.random.default_rng(1), selection=steps)
    fixed = instability(x[["d", "e"]], y, n_bootstrap=100, rng=np.random.default_rng(1))
    assert chosen.mape > fixed.mape

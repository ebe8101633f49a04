"""How fast are the bootstraps of the book, beside the loop that one would write first."""

import numpy as np
import statsmodels.api as sm
from benchmarks.timing import line, paired_ratios
from sklearn.metrics import brier_score_loss, roc_auc_score

from mvi_core.cohort.predictors import predictor_table
from mvi_core.cohort.reconstruct import reconstruct_patients
from mvi_core.stats.optimism import optimism_bootstrap
from mvi_core.stats.resampling import auc_bootstrap, resample_counts

N_BOOTSTRAP = 2000  # as the book
N_LOOP = 40  # resamples of the loop, which is scaled up
TERMS = ["alt_gt_40", "ast_gt_40", "ggt_gt_50", "afp_gt_20"]


def optimism():
    """Optimism of the five-variable model in 321 patients."""
    frame, outcome = _patients()
    ours = optimism_bootstrap(frame, outcome, n_bootstrap=N_LOOP, rng=np.random.default_rng(1))
    np.testing.assert_allclose(ours["optimism"], _optimism_loop(frame, outcome), atol=1e-6)
    ratios = paired_ratios(
        lambda: _optimism_loop(frame, outcome),
        lambda: optimism_bootstrap(frame, outcome, n_bootstrap=N_BOOTSTRAP, rng=np.random.default_rng(1)),
        rounds=3,
        reference_share=N_LOOP / N_BOOTSTRAP,
    )
    about = f"statsmodels loop, {N_LOOP} of {N_BOOTSTRAP} resamples, scaled up: a fit, then AUC, Brier score, "
    return [line("optimism bootstrap", ratios, "x", about + "intercept and slope in both samples; same optimism")]


def area():
    """Bootstrap interval of the area under the curve in 321 patients."""
    _, outcome = _patients()
    risk = np.random.default_rng(2).normal(size=len(outcome)) + outcome
    ours = auc_bootstrap(outcome, risk, n_bootstrap=N_LOOP, rng=np.random.default_rng(1))
    np.testing.assert_allclose((ours.low, ours.high), _area_loop(outcome, risk), rtol=1e-9)
    ratios = paired_ratios(
        lambda: _area_loop(outcome, risk),
        lambda: auc_bootstrap(outcome, risk, n_bootstrap=N_BOOTSTRAP, rng=np.random.default_rng(1)),
        reference_share=N_LOOP / N_BOOTSTRAP,
    )
    about = f"scikit-learn loop, {N_LOOP} of {N_BOOTSTRAP} resamples, scaled up; same interval"
    return [line("AUC bootstrap", ratios, "x", about)]


def _patients():
    patients = reconstruct_patients()
    frame = predictor_table(patients, TERMS).assign(dl_mvi=patients["dl_mvi"].to_numpy(dtype=float))
    return frame.reset_index(drop=True), patients["mvi_present"].to_numpy(dtype=int)


def _optimism_loop(frame, outcome):
    """Mean optimism of AUC, Brier score, intercept, slope and joint intercept over the same resamples."""
    order = np.lexsort((outcome, *frame.to_numpy().T[::-1]))
    x, y = sm.add_constant(frame.to_numpy()[order]), outcome[order]
    gaps = []
    for counts in resample_counts(len(y), N_LOOP, rng=np.random.default_rng(1)).astype(int):
        drawn = np.repeat(np.arange(len(y)), counts)
        fit = sm.Logit(y[drawn], x[drawn]).fit(disp=0)
        gaps.append(_performance(x[drawn] @ fit.params, y[drawn]) - _performance(x @ fit.params, y))
    return np.mean(gaps, axis=0)


def _performance(log_odds, y):
    risk, ones = 1 / (1 + np.exp(-log_odds)), np.ones(len(y))
    large = sm.GLM(y, ones, family=sm.families.Binomial(), offset=log_odds).fit().params[0]
    joint = sm.Logit(y, np.column_stack([ones, log_odds])).fit(disp=0).params
    return np.array([roc_auc_score(y, risk), brier_score_loss(y, risk), large, joint[1], joint[0]])


def _area_loop(outcome, risk):
    order = np.lexsort((outcome, risk))
    y, score = outcome[order], risk[order]
    counts = resample_counts(len(y), N_LOOP, rng=np.random.default_rng(1), strata=y).astype(int)
    areas = [roc_auc_score(np.repeat(y, row), np.repeat(score, row)) for row in counts]
    return np.quantile(areas, [0.025, 0.975])

"""Make data_manifest/audit_example.yaml: an invented study, simulated and then printed as a paper would print it.

Fits by statsmodels, the median by lifelines; run with `python tests/reference/audit_make_example.py` in the repository.
"""
# ruff: noqa: E501

from pathlib import Path

import numpy as np
import pandas as pd
import statsmodels.api as sm
from lifelines import KaplanMeierFitter
from scipy import stats
from sklearn.metrics import confusion_matrix, roc_auc_score

TARGET = Path(__file__).parents[2] / "data_manifest" / "audit_example.yaml"
rng = np.random.default_rng(7)
n, n_development = 400, 240
frame = pd.DataFrame({"diabetes": rng.random(n) < 0.35, "smoker": rng.random(n) < 0.45}).astype(int)
frame["infection"] = (rng.random(n) < 1 / (1 + np.exp(1.2 - 1.1 * frame.diabetes - 0.9 * frame.smoker))).astype(int)
frame["scan"] = np.where(frame.infection == 1, rng.random(n) < 0.88, rng.random(n) < 0.25).astype(int)
external = frame.iloc[n_development:]
fit = sm.Logit(frame.infection, sm.add_constant(frame[["diabetes", "scan"]])).fit(disp=0, tol=1e-12)
odds, ends = np.exp(fit.params), np.exp(fit.conf_int())
p = fit.pvalues
auc = roc_auc_score(frame.infection, fit.predict())
groups = frame.infection.value_counts().sort_index().tolist()
points = 100 * fit.params["diabetes"] / fit.params["scan"]


def p_text(value):
    return "< 0.001" if value < 0.001 else f"{value:.3f}"


def univariable(name):
    counts = pd.crosstab(frame.infection, frame[name]).to_numpy()
    (a, b), (c, d) = counts
    log, se = np.log(a * d / (b * c)), np.sqrt((1 / counts).sum())
    low, high = np.exp(log - 1.959964 * se), np.exp(log + 1.959964 * se)
    test = stats.chi2_contingency(counts, correction=False).pvalue
    return (
        f"    - {{variable: {name}, absent: [{a}, {b}], present: [{c}, {d}], total: [{a + c}, {b + d}], "
        f'odds_ratio: "{np.exp(log):.3f}",\n       ci_low: "{low:.3f}", ci_high: "{high:.3f}", p_value: "{p_text(test)}"}}'
    )


def multivariable(name):
    return (
        f'    - {{variable: {name}, odds_ratio: "{odds[name]:.3f}", ci_low: "{ends.loc[name, 0]:.3f}", '
        f'ci_high: "{ends.loc[name, 1]:.3f}", p_value: "{p_text(p[name])}"}}'
    )


tn, fp, fn, tp = confusion_matrix(external.infection, external.scan).ravel()
metrics = {
    "accuracy": (tp + tn) / len(external), "precision": tp / (tp + fp), "recall": tp / (tp + fn), "f1": 2 * tp / (2 * tp + fp + fn),
}  # fmt: skip
listed = ", ".join(f'{name}: "{100 * value:.2f}%"' for name, value in metrics.items())
months = rng.exponential(45, n)
end = rng.uniform(48, 72, n)
curve = KaplanMeierFitter().fit(np.minimum(months, end), months <= end)
deaths = int((months <= end).sum())
right = [165, 180, 171, 180]
accuracies = ", ".join(f'"{100 * k / n_development:.1f}"' for k in right)
known = f"diabetes: [{(frame.diabetes[frame.infection == 0]).sum()}, {(frame.diabetes[frame.infection == 1]).sum()}]"
diabetes = pd.crosstab(frame.infection, frame.diabetes).to_numpy().tolist()
exact = [f"{value:.2f}" for value in fit.params]
coefficients = f'{{diabetes: "{exact[1]}", scan: "{exact[2]}"}}'
TARGET.write_text(
    f"""# An example for `mvi audit`: an INVENTED study, simulated by tests/reference/audit_make_example.py. No patient stands behind it.
# Sections are checks; leave out what a paper does not print. Put printed numbers in quotes, so that no digit is lost.
title: "Wound infection after surgery: a scan and diabetes (invented)"
note: Every number is consistent with every other; change a digit and see which check finds it.

repeats:  # printed in several places
  numbers:
    AUC: {{Abstract: "{auc:.2f}", Results: "{auc:.3f}"}}
    patients: {{Abstract: "{n}", Table 1: "{n}"}}
sums:
  - {{name: patients, parts: {{development: {n_development}, external: {n - n_development}}}, total: {n}}}
fractions:
  - {{name: infection, k: {groups[1]}, n: {n}, percent: "{100 * groups[1] / n:.1f}%"}}
proportions:  # accuracies of four models on the development set
  - {{name: Table 4, percentages: [{accuracies}], stated_n: [{n_development}], max_n: {n_development}}}
repetition:  # two of them are one model, trained twice
  - {{name: Table 4, accuracies: [{accuracies}], repeated: ["{100 * right[1] / n_development:.1f}", "{100 * right[3] / n_development:.1f}"], n: {n_development}}}
confusion:
  - name: external set
    metrics: {{{listed}}}
    stated_n: {n - n_development}
baselines:
  - name: external set
    group_sizes: [{tn + fp}, {tp + fn}]
    model: {{{listed}}}
univariable:
  n_absent: {groups[0]}
  n_present: {groups[1]}
  rows:
{univariable("diabetes")}
{univariable("smoker")}
multivariable:
  rows:
{multivariable("diabetes")}
{multivariable("scan")}
formula:
  coefficients: {coefficients}
  odds_ratios: {{diabetes: "{odds["diabetes"]:.3f}", scan: "{odds["scan"]:.3f}"}}
nomogram:
  coefficients: {coefficients}
  points: {{diabetes: "{points:.0f}", scan: "100"}}
formula_fit:  # the formula's intercept, its known and its hidden predictor; counts of the known one
  intercept: "{exact[0]}"
  coefficients: ["{exact[1]}", "{exact[2]}"]
  absent: {diabetes[0]}
  present: {diabetes[1]}
joint:  # what the regression implies for the scan, whose counts are not printed
  rows:
{multivariable("diabetes")}
{multivariable("scan")}
  known: {{{known}}}
  group_sizes: [{groups[0]}, {groups[1]}]
  formula: {{intercept: "{exact[0]}", coefficients: {coefficients}, auc: "{auc:.3f}"}}
  missed: {{"{n - n_development} external patients": {fn}}}
medians:
  - name: survival
    events: {deaths}
    medians: [{{group: all, n: {n}, months: "{curve.median_survival_time_:.1f}"}}, {{group: scan negative, months: not reached}}]
    enrolment: [{{n: {n}, months: [48, 72]}}]
sample_size: {{n: {n}, events: {groups[1]}, models: {{two variables: 2}}, auc: {auc:.3f}}}
""",
    encoding="utf-8",
)

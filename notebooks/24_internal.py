# %% [markdown]
# # How much of the model is fitted chance?
# Paper: a calibration curve corrected by bootstrap, Fig. 4C; the other numbers are apparent.
# Reads `analysis.csv`, `performance.csv` and `optimism.csv` (chapter 9); writes `validation.csv`, `instability.csv` and
# `operating_points.csv`.
# %% tags=["parameters", "remove-cell"]
cohort = "paper"  # cohort id in data_manifest/cohorts/
n_bootstrap: int = 2000  # resamples in which the whole modelling is repeated
n_repeats: int = 200  # repeats of ten-fold cross-validation
seed: int = 2022  # seeds the only random generator of this page
# %% tags=["hide-input"]
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

from mvi_core import figures, report
from mvi_core.cohort.predictors import predictor_table
from mvi_core.results import read_result, write_result
from mvi_core.stats import calibration, discrimination, logistic, optimism
from mvi_core.stats.instability import instability

figures.theme()
page = report.open_page("24_internal", cohort)
# %% [markdown]
# ## The whole modelling, again and again
# A model that was chosen and fitted in its own patients looks better there than it is. The {term}`bootstrap`
# {cite:p}`steyerberg2001` repeats in each resample what was done in the patients, selection included: from all
# candidates those significant alone, then backward elimination. {term}`Optimism <Apparent, optimism, corrected>` is
# what a resampled model loses in the original patients. Cross-validation asks the same by leaving out a tenth of the
# patients at a time.
# %% tags=["hide-input"]
rng = np.random.default_rng(seed)
analysis = read_result(cohort, "analysis.csv").set_index("patient_id", drop=False)
candidates = predictor_table(analysis, page.spec.multivariable).dropna()
present = analysis.loc[candidates.index, "mvi_present"].to_numpy()
steps = ("univariable", "backward")
again = {"rng": rng, "selection": steps}
tables = {
    "as in chapter 9, bootstrap": read_result(cohort, "optimism.csv"),
    "selected anew, bootstrap": optimism.optimism_bootstrap(candidates, present, n_bootstrap=n_bootstrap, **again),
    "selected anew, cross-validation": optimism.cross_validation(candidates, present, n_repeats=n_repeats, **again),
}
validation = pd.concat(tables, names=["modelling"]).reset_index("modelling")
made = {"parameters": {"seed": seed, "n_bootstrap": n_bootstrap, "n_repeats": n_repeats}, "inputs": ["analysis.csv"]}
write_result(cohort, "validation.csv", validation, **made)
# %% tags=["hide-input"]
shown = validation[["modelling", "metric", "apparent", "optimism"]].copy()
told = shown[["apparent", "optimism"]].map("{:.3f}".format)
shown[["apparent", "optimism"]] = told.replace({"^-0.000$": "0.000", "^-": "\N{MINUS SIGN}"}, regex=True)
shown["corrected"] = report.interval_column(validation, digits=3, columns=("corrected", "ci_low", "ci_high"))
caption = "Apparent performance, optimism and what is left, with 95 % interval; resamples or repeats that worked."
report.show_table(page, shown.assign(worked=validation["n_resamples"]), caption, result="validation.csv")
# %% [markdown]
# ## Would the same patient get the same risk?
# Other patients would have made another model. Each line is one patient (or one kind of patient): the range of risks
# that the resampled models give {cite:p}`riley2023`.
# %% tags=["hide-input"] mystnb={"figure": {"caption": "Prediction instability: the middle 95 % of the risks that resampled models give, over the risk of the model (Riley and Collins).", "name": "fig-instability"}}
unstable = instability(candidates, present, n_bootstrap=n_bootstrap, **again)
spread = unstable.patients.drop_duplicates().sort_values("risk")
write_result(cohort, "instability.csv", spread, **made)
figure, axes = plt.subplots(figsize=(6.4, 6.2))
figures.prediction_instability(spread, axes, note=f"mean absolute error {unstable.mape:.3f}; n = {len(present)}")
figures.stamp(axes, page.spec.kind)
low, high = spread.loc[(spread["high"] - spread["low"]).idxmax(), ["low", "high"]]
alt = f"A risk moves by {unstable.mape:.3f} on average; the widest range is {low:.2f} to {high:.2f}."
report.show_figure(page, figure, alt=alt, result="instability.csv")
# %% tags=["hide-input"] mystnb={"figure": {"caption": "Calibration instability: the calibration curves of resampled models in the original patients.", "name": "fig-calibration-instability"}}
figure, axes = plt.subplots(figsize=(6.4, 6.2))
figures.calibration_instability(unstable.curves, axes, note=f"{unstable.curves['resample'].nunique()} models")
figures.stamp(axes, page.spec.kind)
ends = unstable.curves.groupby("resample")["observed"].last()
alt = f"The curves end between {ends.min():.2f} and {ends.max():.2f}."
report.show_figure(page, figure, alt=alt, n=len(present), result="instability.csv")
# %% [markdown]
# ## One cut-off, and all numbers of the fit
# The cut-off with the highest sensitivity + specificity {cite:p}`fluss2005` is chosen in the same patients, so its
# numbers flatter too. Positive is a risk at or above the observed value; pROC and SPSS print the midpoint to the next
# lower risk, which calls the same patients positive.
# %% tags=["hide-input"]
terms = ["afp_gt_20", "dl_mvi"] if "dl_mvi" in candidates else list(candidates)
risk = logistic.predict(logistic.fit_logistic(candidates[terms], present), candidates)
best = discrimination.youden(present, risk).iloc[0]
points = discrimination.binary_metrics(present, risk >= best["cutoff"], rng=rng, n_bootstrap=n_bootstrap)
write_result(cohort, "operating_points.csv", points, **made)
numbers = pd.concat([read_result(cohort, "performance.csv"), points])
test = calibration.hosmer_lemeshow(present, risk, external=False, n_groups=10)
shown = numbers.assign(value=report.interval_column(numbers, digits=3))[["metric", "value", "method"]]
caption = (
    f"Model of chapter 9 in its own patients, 95 % intervals; classified at the Youden cut-off {best['cutoff']:.3f}."
)
report.show_table(page, shown, caption, result="operating_points.csv")
# %% tags=["remove-cell"]
auc = validation[validation["metric"] == "auc"].set_index("modelling")
slope = validation[validation["metric"] == "slope"].set_index("modelling")
texts = report.interval_column(auc, columns=("corrected", "ci_low", "ci_high"))
report.publish("auc_fixed", texts[0])
report.publish("auc_selected", texts[1])
report.publish("auc_crossed", texts[2])
report.publish("slope", report.interval_column(slope, columns=("corrected", "ci_low", "ci_high"))[1])
report.publish("mape", f"{100 * unstable.mape:.1f}")
report.publish("cutoff", f"{best['cutoff']:.3f} (midpoint {best['cutoff_midpoint']:.3f})")
report.publish("hosmer", f"chi-square {test.chi2:.2f}, {test.df} df, p {report.p_text(test.p_value)}; {test.rule}")
# %% [markdown]
# ## Answer
# After correction the AUC is {glue:text}`auc_fixed` for the model of chapter 9. With the selection repeated it is
# {glue:text}`auc_selected` by bootstrap and {glue:text}`auc_crossed` by cross-validation; the corrected calibration
# slope is {glue:text}`slope`, and the difference to 1 says by how much coefficients should shrink. A patient's risk
# moves by {glue:text}`mape` percentage points on average when other patients are drawn. The best cut-off is
# {glue:text}`cutoff`. The Hosmer-Lemeshow test gives {glue:text}`hosmer`; it says little beside the curve of chapter 9.
#
# **What it is worth.** {glue:text}`worth`. Everything that was written down about the modelling was repeated in each
# resample.
#
# **What this page cannot show.** Resampling repeats the steps that are written down; looks at the data that nobody
# wrote down are corrected by nothing. It speaks of other patients of the same hospital and years, not of another
# hospital.

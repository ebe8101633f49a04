# %% [markdown]
# # Would the nomogram help a surgeon decide?
# Paper: Results, *Construction of DL-based predictive model for MVI*; Fig. 4.
# Reads `analysis.csv`; writes `nomogram.json`, `roc.csv`, `calibration.csv`, `net_benefit.csv`, `performance.csv` and
# `optimism.csv`.
# %% tags=["parameters", "remove-cell"]
cohort = "paper"  # cohort id in data_manifest/cohorts/
n_bootstrap: int = 2000  # patient-level resamples behind each interval
seed: int = 2022  # seeds the only random generator of this page
# %% tags=["hide-input"]
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

from mvi_core import figures, report
from mvi_core.cohort.predictors import predictor_table
from mvi_core.results import read_result, write_result
from mvi_core.stats import calibration, decision, discrimination, logistic, optimism
from mvi_core.stats.estimate import estimate_table
from mvi_core.stats.nomogram import nomogram
from mvi_core.stats.spread import risk_spread

figures.theme()
page = report.open_page("09_nomogram", cohort)
# %% tags=["hide-input"]
rng = np.random.default_rng(seed)
analysis = read_result(cohort, "analysis.csv").set_index("patient_id", drop=False)
full = list(page.spec.multivariable)
terms = ["afp_gt_20", "dl_mvi"] if "dl_mvi" in full else full
predictors = predictor_table(analysis, terms).dropna()
present = analysis.loc[predictors.index, "mvi_present"].to_numpy()
fit, fit_afp = (logistic.fit_logistic(predictors[names], present) for names in (terms, ["afp_gt_20"]))
name = " + ".join(map(report.term_label, terms))
risks = {name: logistic.predict(fit, predictors), "AFP alone": logistic.predict(fit_afp, predictors)}
risk, made = risks[name], {"parameters": {"seed": seed, "n_bootstrap": n_bootstrap}, "inputs": ["analysis.csv"]}
# %% [markdown]
# ## A. The nomogram
# Each value of a variable gives **points**; the total of the points belongs to a probability of invasion.
# %% tags=["hide-input"] mystnb={"figure": {"caption": "Nomogram of the refitted model: points for each finding, and the probability that belongs to the total.", "name": "fig-nomogram"}, "image": {"alt": "Nomogram with a points scale on top, one line for each variable, total points and the probability of invasion beneath."}}
sheet = nomogram(fit).to_dict()
write_result(cohort, "nomogram.json", sheet, inputs=["analysis.csv"])
figure, axes = plt.subplots(figsize=(7.4, 0.75 * (len(terms) + 3)))
labels = {term: report.term_label(term) for term in terms}
levels = {term: report.term_levels(term) for term in terms if report.term_levels(term)}
figures.stamp(figures.nomogram(sheet, axes, labels=labels, levels=levels), page.spec.kind)
report.show_figure(page, figure, result="nomogram.json")
# %% [markdown]
# ## B. Discrimination
# The **AUC** is the chance that a patient with invasion gets the higher risk; DeLong's interval. Nothing on this panel
# has been corrected for having been fitted to the same patients.
# %% tags=["hide-input"] mystnb={"figure": {"caption": "ROC curves of the model and of AFP alone, with AUC and DeLong 95 % interval.", "name": "fig-roc"}, "image": {"alt": "ROC curves: sensitivity against one minus specificity for the model and for AFP alone, with the diagonal of chance."}}
areas = {model: discrimination.auc(present, values) for model, values in risks.items()}
curves = {
    f"{model}: {report.estimate_text(areas[model])}": discrimination.roc_table(present, values)
    for model, values in risks.items()
}
roc = pd.concat(curves, names=["model"]).reset_index("model")
write_result(cohort, "roc.csv", roc, inputs=["analysis.csv"])
figure, axes = plt.subplots(figsize=(6.4, 6))
figures.stamp(figures.roc(roc, axes), page.spec.kind)
report.show_figure(page, figure, result="roc.csv")
# %% [markdown]
# ## C. Calibration
# Do patients with a predicted risk have invasion that often? **Corrected** takes off the optimism of fitting and judging on
# the same patients, by refitting the model in bootstrap resamples.
# %% tags=["hide-input"]
summary = calibration.calibration_summary(present, risk, rng=rng, n_bootstrap=n_bootstrap)
grouped = calibration.calibration_curve(present, risk, rng=rng, n_bootstrap=n_bootstrap).query("kind == 'grouped'")
smooth = optimism.corrected_calibration(predictors, present, n_bootstrap=n_bootstrap, rng=rng)
curve = pd.concat([smooth.melt("risk", ["apparent", "corrected"], "kind", "observed"), grouped])
write_result(cohort, "calibration.csv", curve, **made)
performance = pd.concat([estimate_table({"auc": areas[name]}), summary])
write_result(cohort, "performance.csv", performance, **made)
# %% tags=["hide-input"] mystnb={"figure": {"caption": "Calibration: observed share with MVI against predicted probability, apparent and corrected for optimism, with groups and the spread of the predictions.", "name": "fig-calibration"}, "image": {"alt": "Calibration plot: apparent and corrected curve beside the diagonal of perfect calibration, group shares with intervals, predicted risks as spikes beneath."}}
figure, axes = plt.subplots(figsize=(6.4, 6.4))
figures.calibration(curve, axes, risks=risk_spread(present, risk), note=f"n = {len(risk)}")
figures.stamp(axes, page.spec.kind)
report.show_figure(page, figure, result="calibration.csv")
# %% tags=["hide-input"]
inner = optimism.optimism_bootstrap(predictors, present, n_bootstrap=n_bootstrap, rng=rng)
write_result(cohort, "optimism.csv", inner, **made)
shown = inner[["metric", "apparent", "optimism"]].round(3)
shown["corrected"] = report.interval_column(inner, digits=3, columns=("corrected", "ci_low", "ci_high"))
caption = "Apparent performance, optimism and what is left, with its 95 % interval."
report.show_table(page, shown.assign(resamples=inner["n_resamples"]), caption, result="optimism.csv")
# %% [markdown]
# ## D. Decision curve
# **Net benefit** weighs true against false positives at the threshold probability at which one would act.
# %% tags=["hide-input"] mystnb={"figure": {"caption": "Net benefit of acting on the model and on AFP alone, beside treating all and treating none; bands are 95 % bootstrap intervals.", "name": "fig-decision"}, "image": {"alt": "Decision curve: net benefit against threshold probability for the model, AFP alone, treating all and treating none."}}
parts = {
    model: decision.decision_curve(present, values, n_bootstrap=n_bootstrap, rng=rng) for model, values in risks.items()
}
benefit = pd.concat(parts, names=["model"]).reset_index("model")
write_result(cohort, "net_benefit.csv", benefit, **made)
claimed = report.paper_values().loc["nb_beats_treat_all_from", "value"] / 100
figure, axes = plt.subplots(figsize=(7, 4.6))
figures.decision_curve(benefit, axes, mark=claimed, note=f"threshold probability; n = {len(risk)}")
figures.stamp(axes, page.spec.kind)
report.show_figure(page, figure, result="net_benefit.csv")
# %% tags=["remove-cell"]
better = parts[name].loc[parts[name]["interventions_avoided"] > 0, "threshold"]
report.publish("auc", areas[name])
report.publish("auc_afp", areas["AFP alone"])
report.publish("auc_gain", discrimination.auc_difference(present, *risks.values())[0])
report.publish("auc_corrected", shown.set_index("metric").loc["auc", "corrected"])
report.publish("paper_auc", report.paper_value("model_auc"))
report.publish("better_from", f"{100 * better.min():.0f} %")
report.publish("paper_better_from", report.paper_value("nb_beats_treat_all_from"))
# %% [markdown]
# ## Answer
# The model reaches an AUC of {glue:text}`auc`, and {glue:text}`auc_corrected` after correction for optimism; the paper
# prints {glue:text}`paper_auc`. AFP alone reaches {glue:text}`auc_afp`; the gain is {glue:text}`auc_gain`. Its net benefit
# first exceeds treating all at {glue:text}`better_from`, the paper says above {glue:text}`paper_better_from`.
#
# **What this page cannot show.** Net benefit depends on what a surgeon would do differently, which no cohort here
# records. A model judged on the patients it was fitted to flatters itself even after correction; only new patients tell.

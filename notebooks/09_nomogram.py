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

from mvi_core import figures
from mvi_core.cohort.predictors import predictor_table
from mvi_core.report import (
    estimate_text,
    interval_text,
    open_page,
    paper_value,
    publish,
    show_figure,
    show_table,
    term_label,
)
from mvi_core.results import read_result, write_result
from mvi_core.stats.calibration import calibration_curve, calibration_summary
from mvi_core.stats.decision import THRESHOLDS, decision_curve
from mvi_core.stats.discrimination import auc, auc_difference, roc_table
from mvi_core.stats.estimate import estimate_table
from mvi_core.stats.logistic import fit_logistic, predict
from mvi_core.stats.nomogram import nomogram
from mvi_core.stats.optimism import corrected_calibration, optimism_bootstrap

figures.theme()
page = open_page("09_nomogram", cohort)
# %%
rng = np.random.default_rng(seed)
analysis = read_result(cohort, "analysis.csv").set_index("patient_id", drop=False)
terms = ["afp_gt_20", "dl_mvi"] if "dl_mvi" in page.spec.multivariable else list(page.spec.multivariable)
predictors = predictor_table(analysis, terms).dropna()
present = analysis.loc[predictors.index, "mvi_present"].to_numpy()
fit = fit_logistic(predictors, present)
risk = predict(fit, predictors)
risk_afp = predict(fit_logistic(predictors[["afp_gt_20"]], present), predictors)
# %% [markdown]
# ## A. The nomogram
# Each value of a variable gives **points**; the total of the points belongs to a probability of invasion.
# %% mystnb={"figure": {"caption": "Nomogram of the refitted model: points for each finding, and the probability that belongs to the total.", "name": "fig-nomogram"}, "image": {"alt": "Nomogram with a points scale on top, one line for each variable, total points and the probability of invasion beneath."}}
sheet = nomogram(fit)
write_result(cohort, "nomogram.json", sheet.to_dict(), inputs=["analysis.csv"])
figure, axes = plt.subplots(figsize=(7.4, 0.75 * (len(terms) + 3)))
figures.stamp(
    figures.nomogram(sheet.to_dict(), axes, labels={name: term_label(name) for name in terms}), page.spec.kind
)
show_figure(page, figure, result="nomogram.json")
# %% [markdown]
# ## B. Discrimination
# The **AUC** is the chance that a patient with invasion gets the higher risk; DeLong's interval. Nothing on this panel
# has been corrected for having been fitted to the same patients.
# %% mystnb={"figure": {"caption": "ROC curves of the model and of AFP alone, with AUC and DeLong 95 % interval.", "name": "fig-roc"}, "image": {"alt": "ROC curves: sensitivity against one minus specificity, the model above AFP alone, both above the diagonal of chance."}}
names = {" + ".join(map(term_label, terms)): risk, "AFP alone": risk_afp}
areas = {name: auc(present, values) for name, values in names.items()}
curves = [
    roc_table(present, values).assign(model=f"{name}: {estimate_text(areas[name])}") for name, values in names.items()
]
roc = pd.concat(curves)
write_result(cohort, "roc.csv", roc, inputs=["analysis.csv"])
figure, axes = plt.subplots(figsize=(6.4, 6))
figures.stamp(figures.roc(roc, axes), page.spec.kind)
show_figure(page, figure, result="roc.csv")
# %% [markdown]
# ## C. Calibration
# Do patients with a predicted risk have invasion that often? **Corrected** takes off the optimism of fitting and judging on
# the same patients, by refitting the model in bootstrap resamples.
# %%
summary = calibration_summary(present, risk, rng=rng, n_bootstrap=n_bootstrap)
grouped = calibration_curve(present, risk, rng=rng, n_bootstrap=n_bootstrap).query("kind == 'grouped'")
smooth = corrected_calibration(predictors, present, n_bootstrap=n_bootstrap, rng=rng)
calibration = pd.concat([smooth.melt("risk", ["apparent", "corrected"], "kind", "observed"), grouped])
write_result(cohort, "calibration.csv", calibration, parameters={"seed": seed}, inputs=["analysis.csv"])
spikes = pd.DataFrame({"risk": risk.round(2), "present": present}).groupby("risk")["present"].agg(
    ["sum", "size"]
) / len(risk)
spikes = spikes.reset_index().assign(share_present=lambda t: t["sum"], share_absent=lambda t: t["size"] - t["sum"])
# %% mystnb={"figure": {"caption": "Calibration: observed share with MVI against predicted probability, apparent and corrected for optimism, with groups and the spread of the predictions.", "name": "fig-calibration"}, "image": {"alt": "Calibration plot: apparent and corrected curve beside the diagonal of perfect calibration, group shares with intervals, predicted risks as spikes beneath."}}
figure, axes = plt.subplots(figsize=(6.4, 6.4))
figures.stamp(figures.calibration(calibration, axes, risks=spikes, note=f"n = {len(risk)}"), page.spec.kind)
show_figure(page, figure, result="calibration.csv")
# %%
optimism = optimism_bootstrap(predictors, present, n_bootstrap=n_bootstrap, rng=rng)
write_result(cohort, "optimism.csv", optimism, parameters={"seed": seed}, inputs=["analysis.csv"])
performance = pd.concat([estimate_table({"auc": areas[next(iter(names))]}), summary])
write_result(cohort, "performance.csv", performance, parameters={"seed": seed}, inputs=["analysis.csv"])
shown = optimism[["metric"]].assign(
    **{name: optimism[name].map("{:.3f}".format) for name in ("apparent", "optimism", "corrected")}
)
shown["interval of corrected"] = [
    interval_text(*row, digits=3).partition(" ")[2] for row in optimism[["corrected", "ci_low", "ci_high"]].to_numpy()
]
show_table(
    page,
    shown.assign(resamples=optimism["n_resamples"]),
    "Apparent performance, optimism and what is left.",
    result="optimism.csv",
)
# %% [markdown]
# ## D. Decision curve
# **Net benefit** weighs true against false positives at the threshold probability at which one would act.
# %% mystnb={"figure": {"caption": "Net benefit of acting on the model and on AFP alone, beside treating all and treating none; bands are 95 % bootstrap intervals.", "name": "fig-decision"}, "image": {"alt": "Decision curve: net benefit against threshold probability for the model, AFP alone, treating all and treating none."}}
parts = [
    decision_curve(present, values, THRESHOLDS, n_bootstrap=n_bootstrap, rng=rng).assign(model=name)
    for name, values in names.items()
]
benefit = pd.concat(parts)
write_result(
    cohort, "net_benefit.csv", benefit, parameters={"seed": seed, "n_bootstrap": n_bootstrap}, inputs=["analysis.csv"]
)
claimed = float(paper_value("nb_beats_treat_all_from").strip("%")) / 100
figure, axes = plt.subplots(figsize=(7, 4.6))
figures.decision_curve(benefit, axes, mark=claimed, note=f"threshold probability; n = {len(risk)}")
figures.stamp(axes, page.spec.kind)
show_figure(page, figure, result="net_benefit.csv")
# %%
difference, p_value = auc_difference(present, risk, risk_afp)
better = parts[0].loc[parts[0]["net_benefit"] > parts[0]["treat_all"] + 1e-12, "threshold"]
publish("auc", areas[next(iter(names))])
publish("auc_afp", areas["AFP alone"])
publish("auc_gain", difference)
publish("auc_corrected", f"{optimism.set_index('metric').loc['auc', 'corrected']:.3f}")
publish("paper_auc", paper_value("model_auc"))
publish("better_from", f"{100 * better.min():.0f} %")
publish("paper_better_from", paper_value("nb_beats_treat_all_from"))
# %% [markdown]
# ## Answer
# The model reaches an AUC of {glue:text}`auc` ({glue:text}`auc_corrected` after correction for optimism); the paper prints
# {glue:text}`paper_auc`. AFP alone reaches {glue:text}`auc_afp`; the gain is {glue:text}`auc_gain`. Its net benefit first
# exceeds treating all at {glue:text}`better_from`, the paper says above {glue:text}`paper_better_from`.
#
# **What this page cannot show.** Net benefit depends on what a surgeon would do differently, which no cohort here
# records. A model judged on the patients it was fitted to flatters itself even after correction; only new patients tell.

# %% [markdown]
# # Would the nomogram help a surgeon decide?
# Paper: Results, *Construction of DL-based predictive model for MVI*; Fig. 4.
# Reads `analysis.csv`; writes `nomogram.json`, `roc.csv`, `calibration.csv`, `net_benefit.csv`, `performance.csv`,
# `optimism.csv`, `risks.csv` and `treat_all.csv`.
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
from mvi_core.report.calculator import nomogram_calculator
from mvi_core.results import read_result, write_result
from mvi_core.stats import calibration, decision, discrimination, logistic, nomogram, optimism
from mvi_core.stats.estimate import estimate_table
from mvi_core.stats.spread import risk_spread

figures.theme()
page = report.open_page("09_nomogram", cohort)
# %% tags=["hide-input"]
rng = np.random.default_rng(seed)
analysis = read_result(cohort, "analysis.csv").set_index("patient_id", drop=False)
terms = ["afp_gt_20", "dl_mvi"] if "dl_mvi" in page.spec.multivariable else list(page.spec.multivariable)
predictors = predictor_table(analysis, terms).dropna()
present = analysis.loc[predictors.index, "mvi_present"].to_numpy()
report.refuse_few_by_mvi(predictors, analysis["mvi_present"], kind=page.spec.kind)
fit, fit_afp = (logistic.fit_logistic(predictors[names], present) for names in (terms, ["afp_gt_20"]))
name = " + ".join(map(report.term_label, terms)) if len(terms) < 3 else f"{len(terms)} variables"
risks = {name: logistic.predict(fit, predictors), "AFP alone": logistic.predict(fit_afp, predictors)}
risk, made = risks[name], {"parameters": {"seed": seed, "n_bootstrap": n_bootstrap}, "inputs": ["analysis.csv"]}
# %% [markdown]
# ## A. The nomogram
# On a {term}`nomogram` {cite:p}`harrell2015` each value of a variable gives **points**; the total of the points belongs
# to a probability of invasion. The calculator gives the same probability with its interval, which holds the chance in
# the fit, and nothing for a patient beyond those whom the model has seen.
# %% tags=["hide-input"]
sheet = nomogram.nomogram(fit).to_dict()
write_result(cohort, "nomogram.json", sheet, inputs=["analysis.csv"])
labels = {term: report.term_label(term) for term in terms}
levels = {term: report.term_levels(term) for term in terms if report.term_levels(term)}
nomogram_calculator(page, sheet, labels=labels, levels=levels)
# %% tags=["hide-input"] mystnb={"figure": {"caption": "Nomogram of the refitted model: points for each finding, and the probability that belongs to the total.", "name": "fig-nomogram"}}
figure, axes = plt.subplots(figsize=(7.4, 0.75 * (len(terms) + 3)))
figures.stamp(figures.nomogram(sheet, axes, labels=labels, levels=levels), page.spec.kind)
alt = ", ".join(f"{labels[scale['variable']]} {max(scale['points']):.0f}" for scale in sheet["axes"])
alt = f"Nomogram, most points: {alt}. Risks of the patients go from {risk.min():.2f} to {risk.max():.2f}."
report.show_figure(page, figure, alt=alt, n=len(risk), result="nomogram.json")
# %% [markdown]
# ## B. Discrimination
# The {term}`AUC` is the chance that a patient with invasion gets the higher risk; DeLong's interval
# {cite:p}`delong1988`. Nothing on this panel has been corrected for having been fitted to the same patients.
# %% tags=["hide-input"] mystnb={"figure": {"caption": "ROC curves of the model and of AFP alone, with AUC and DeLong 95 % interval.", "name": "fig-roc"}}
areas = {model: discrimination.auc(present, values) for model, values in risks.items()}
titles = [f"{model}: AUC {report.estimate_text(area)}" for model, area in areas.items()]
curves = dict(zip(titles, (discrimination.roc_table(present, values) for values in risks.values()), strict=True))
roc = pd.concat(curves, names=["model"]).reset_index("model")
write_result(cohort, "roc.csv", roc, inputs=["analysis.csv"])
figure, axes = plt.subplots(figsize=(6.4, 6))
figures.stamp(figures.roc(roc, axes), page.spec.kind)
report.show_figure(page, figure, alt=f"ROC curves beside chance: {'; '.join(curves)}.", result="roc.csv")
# %% [markdown]
# ## C. Calibration
# Do patients with a predicted risk have invasion that often? This is {term}`calibration` {cite:p}`vancalster2019`.
# **Corrected** takes off the optimism of fitting and judging on the same patients, by refitting the model in
# {term}`bootstrap` resamples {cite:p}`harrell1996`; the band around the smooth curve is the chance in the patients. How
# far the risks of patients with and without invasion lie apart is what any threshold has to work with.
# %% tags=["hide-input"]
spread = risk_spread(present, risk)
summary = calibration.calibration_summary(present, risk, rng=rng, n_bootstrap=n_bootstrap)
observed = calibration.calibration_curve(present, risk, rng=rng, n_bootstrap=n_bootstrap)
smooth = optimism.corrected_calibration(predictors, present, n_bootstrap=n_bootstrap, rng=rng)
curve = pd.concat([smooth.melt("risk", ["corrected"], "kind", "observed"), observed])
write_result(cohort, "calibration.csv", curve, **made)
write_result(cohort, "risks.csv", spread, inputs=["analysis.csv"])
write_result(cohort, "performance.csv", pd.concat([estimate_table({"auc": areas[name]}), summary]), **made)
inner = optimism.optimism_bootstrap(predictors, present, n_bootstrap=n_bootstrap, rng=rng)
write_result(cohort, "optimism.csv", inner, **made)
# %% tags=["hide-input"] mystnb={"figure": {"caption": "Calibration: observed share with MVI against predicted probability, smooth with its 95 % band and corrected for optimism, with groups; beneath, the risks of patients with MVI (upwards) and without (downwards).", "name": "fig-calibration"}}
figure, (upper, lower) = plt.subplots(2, 1, figsize=(6.6, 8.8), height_ratios=[3, 1])
figures.calibration(curve, upper).set_aspect("auto")
figures.risk_distribution(spread, lower, note=f"predicted probability of MVI; n = {len(risk)}")
figures.stamp(upper, page.spec.kind)
alt = f"Calibration: {report.rows_told(summary[:3], 'metric')}."
report.show_figure(page, figure, alt=alt, n=len(risk), result="calibration.csv")
# %% [markdown]
# ## D. Decision curve
# {term}`Net benefit` {cite:p}`vickers2006` weighs true against false positives at the {term}`threshold probability` at
# which one would act. At a threshold the model differs from treating all by the patients whom it spares: it gains just
# when fewer of them have invasion than the threshold says, which has an exact test.
# %% tags=["hide-input"] mystnb={"figure": {"caption": "Net benefit of acting on the model and on AFP alone, beside treating all and treating none; bands are 95 % bootstrap intervals.", "name": "fig-decision"}}
parts = {
    model: decision.decision_curve(present, values, n_bootstrap=n_bootstrap, rng=rng) for model, values in risks.items()
}
benefit = pd.concat(parts, names=["model"]).reset_index("model")
write_result(cohort, "net_benefit.csv", benefit, **made)
gain = decision.against_treat_all(present, risk)
write_result(cohort, "treat_all.csv", gain, inputs=["analysis.csv"])
claimed = report.paper_values().loc["nb_beats_treat_all_from", "value"] / 100
here, sure_from = gain[gain["threshold"] == claimed].iloc[0], gain.loc[gain["ci_low"] <= 0, "threshold"].max()
figure, axes = plt.subplots(figsize=(7, 4.6))
figures.decision_curve(benefit, axes, mark=claimed, note=f"threshold probability; n = {len(risk)}")
figures.stamp(axes, page.spec.kind)
alt = f"At a threshold of {claimed:.0%} the model spares {here['n_spared']:.0f} patients (p {report.p_text(here['p_value'])}); "
alt += f"its gain over treating all is clear of zero only above {sure_from:.0%}."
report.show_figure(page, figure, alt=alt, result="net_benefit.csv")
# %% tags=["remove-cell"]
report.publish("auc", areas[name])
report.publish("auc_afp", areas["AFP alone"])
report.publish("auc_gain", discrimination.auc_difference(present, *risks.values())[0])
report.publish("auc_corrected", report.interval_column(inner[:1], columns=("corrected", "ci_low", "ci_high"))[0])
report.publish("optimism", f"{inner['optimism'].iloc[0]:.3f}")
report.publish("paper_auc", report.paper_value("model_auc"))
report.publish("spared", f"{here['n_spared']:.0f} patients, {here['n_spared_mvi']:.0f} of them")
report.publish("p_claimed", report.p_text(here["p_value"]))
report.publish("sure_from", f"{100 * sure_from:.0f} %")
report.publish("paper_better_from", report.paper_value("nb_beats_treat_all_from"))
# %% [markdown]
# ## Answer
# The model reaches an AUC of {glue:text}`auc`, and {glue:text}`auc_corrected` after correction for an optimism of
# {glue:text}`optimism` (a model that knows few kinds of patient has next to none, which can come out below zero by the
# chance of the resamples); the paper prints {glue:text}`paper_auc`. AFP alone reaches {glue:text}`auc_afp`; the gain is {glue:text}`auc_gain`. The paper
# says that its net benefit exceeds treating all above {glue:text}`paper_better_from`: there the model spares
# {glue:text}`spared` with invasion (difference to treating all: p {glue:text}`p_claimed`). Only above
# {glue:text}`sure_from` does the interval of the gain stay clear of zero.
#
# **What it is worth.** {glue:text}`worth`. AUC, calibration and net benefit carry intervals, and what fitting and
# judging on the same patients adds has been taken off where the text says so.
#
# **What this page cannot show.** Net benefit depends on what a surgeon would do differently, which no cohort here
# records. A model judged on the patients it was fitted to flatters itself even after correction; only new patients
# tell.

# %% [markdown]
# # What does AFP add, and is 20 ng/mL the right cut?
# Paper: Table 1, Table 3; the cut-off of 20 ng/mL is given without a reason.
# Reads `analysis.csv`; writes `afp_added.csv`, `afp_models.csv` and `afp_curve.csv`.
# %% tags=["parameters", "remove-cell"]
cohort = "clca-2024"  # cohort id in data_manifest/cohorts/
limit_ng_ml: float = 1210  # ng/mL, the lowest upper limit of an assay in clca-2024; AFP above it counts as this
# %% tags=["hide-input"]
import matplotlib.pyplot as plt

from mvi_core import figures, report
from mvi_core.cohort.predictors import find_predictor, predictor_table
from mvi_core.results import read_result, write_result
from mvi_core.stats import dose

figures.theme()
page = report.open_page("28_afp_more", cohort)
# %% tags=["hide-input"]
analysis = read_result(cohort, "analysis.csv").set_index("patient_id", drop=False)
full, present = list(page.spec.multivariable), analysis["mvi_present"]
predictors = predictor_table(analysis, dict.fromkeys([*full, "afp_gt_20", "edmondson_3_4"]))
others = [name for name in full if name not in ("afp_gt_20", "dl_mvi")]
bases = {"grade": ["edmondson_3_4"], "size": ["size_cm"] if "size_cm" in full else [], "all": others}
bases = {name: columns for name, columns in bases.items() if columns}
# %% [markdown]
# ## What AFP adds
# Grade and, where it is known, tumour size before AFP, then all other variables of the multivariable model. The
# **likelihood ratio** asks whether AFP tells more than the model already knew; the **difference of the AUC** says how much
# better it then ranks these same patients. Grade is read from the specimen, and so is size in part: neither is fully known
# before the operation.
# %% tags=["hide-input"]
added = dose.gains(predictors, present, "afp_gt_20", bases)
write_result(cohort, "afp_added.csv", added, inputs=["analysis.csv"])
words = {"grade": "Edmondson–Steiner grade", "size": "tumour size", "all": "; ".join(map(report.term_label, others))}
shown = added[["base", "n"]].replace({"base": words}).astype(str)
shown["effect"] = report.interval_column(added, columns=("odds_ratio", "ci_low", "ci_high"))
shown["chi2"], shown["p"] = added["chi2"].map("{:.1f}".format), added["p_value"].map(report.p_text)
shown["without"] = added["auc_without"].map("{:.3f}".format)
ends = ("difference", "difference_low", "difference_high")
shown["gain"] = report.interval_column(added, digits=3, columns=ends)
effects = dict(zip(added["base"], shown["effect"], strict=True))
shown.columns = ["AFP added to", "Patients", "Odds ratio of AFP > 20", "Chi-square", "p", "AUC without", "Gain of AUC"]
notes = ["Odds ratio by maximum likelihood (Wald); likelihood-ratio test; AUC in the patients of the fit (DeLong)."]
report.show_table(page, shown, "AFP above 20 ng/mL beside what else is known.", result="afp_added.csv", notes=notes)
# %% [markdown]
# ## A step, a line or a curve?
# The same patients with AFP as yes/no, as its logarithm, and as a **restricted cubic spline** of it. A cut-off makes the
# patient with 21 ng/mL the equal of the one with 1,000. AFP above the limit of the assay is known only to be higher, so every
# value above that limit counts as the limit here.
# %% tags=["hide-input"]
afp = analysis["afp_ng_ml"].clip(upper=limit_ng_ml)
afp = afp[afp > 0].dropna()
known, cutoff = present[afp.index], find_predictor("afp_gt_20").cutoff
models = dose.shape_models(afp, known, cutoff=cutoff)
curve, groups = dose.shape_curve(afp, known, cutoff=cutoff), dose.observed_shares(afp, known)
# %% tags=["hide-input"]
counts = (groups["n"] * groups["observed"]).round()
few = report.holds_few(counts, groups["n"] - counts, kind=page.spec.kind)
groups = groups[:0] if few else groups
note = f"AFP, ng/mL (log scale; above {limit_ng_ml:,.0f} counted as this){'; shares masked' * few}"
write_result(cohort, "afp_models.csv", models, inputs=["analysis.csv"])
write_result(cohort, "afp_curve.csv", curve, inputs=["analysis.csv"])
# %% tags=["hide-input"] mystnb={"figure": {"caption": "Probability of microvascular invasion along AFP: spline with 95 % band, the cut-off of 20 ng/mL as a step, and observed shares by eighths of the patients (equal values together) with 95 % intervals.", "name": "fig-afp-curve"}}
figure, axes = plt.subplots(figsize=(7.5, 4.4))
figures.dose_curve(curve, axes, groups=groups, note=note)
figures.stamp(axes, page.spec.kind)
alt = groups.assign(label=groups["value"].map("AFP {:,.0f} ng/mL".format))
alt = report.rows_told(alt, "label", digits=0, percent=True, columns=("observed", "ci_low", "ci_high"))
alt = f"Observed shares with MVI in %, by group: {alt or report.MASKED}."
report.show_figure(page, figure, alt=alt, n=len(afp), result="afp_curve.csv")
# %% tags=["hide-input"]
shown = models[["model", "df"]].assign(aic=models["aic"].map("{:.1f}".format), chi2=models["chi2"].map("{:.1f}".format))
shown["auc"] = report.interval_column(models, digits=3, columns=("auc", "auc_low", "auc_high"))
shown["p"] = models["step_p"].map(report.p_text)
shown.columns = ["AFP as", "Coefficients", "AIC", "Chi-square", "AUC (95 % CI)", "p against the row it extends"]
notes = ["The curve extends the line, curve and cut-off extend the curve. AIC: less is better; 2 is little."]
caption = f"The shape of AFP; n = {len(afp)}."
report.show_table(page, shown, caption, result="afp_models.csv", notes=notes)
# %% tags=["remove-cell"]
by, gain = models.set_index("model"), report.interval_column(added, digits=3, columns=ends)
told = added.assign(effect=added["base"].map(effects), p=added["p_value"].map(report.p_text), gain=gain)
told = told.set_index("base")
report.publish("grade_effect", told.loc["grade", "effect"])
told = [f"{row.effect} (p {row.p}), and the AUC gains {row.gain}" for row in told[told.index == "all"].itertuples()]
told = [f"beside all other variables of the model {words}" for words in told] or [
    "the model has no other clinical variable"
]
report.publish("all", told[0])
report.publish("best", ", ".join(by.index[by["aic"] < by["aic"].min() + 2]))
report.publish("aic_gap", f"{by.loc['cut-off', 'aic'] - by['aic'].min():.1f}")
# %% tags=["remove-cell"]
report.publish("step_p", report.p_text(by.loc["curve and cut-off", "step_p"]))
report.publish("curved_p", report.p_text(by.loc["curve", "step_p"]))
report.publish("n", len(afp))
capped = (analysis["afp_ng_ml"] >= limit_ng_ml).agg(["sum"])
report.publish("capped", report.FEW if report.holds_few(capped, kind=page.spec.kind) else int(capped.iloc[0]))
# %% [markdown]
# ## Answer
# Beside grade, AFP above 20 ng/mL keeps an odds ratio of {glue:text}`grade_effect`; {glue:text}`all`. In {glue:text}`n` patients the
# shapes within 2 of the least AIC are: {glue:text}`best`; the cut-off alone lies {glue:text}`aic_gap` above the least. A jump at the
# cut-off beyond the curve has p {glue:text}`step_p`, and a bend of the line p {glue:text}`curved_p`.
#
# **What it is worth.** {glue:text}`worth`. What AFP adds is asked with intervals and a test, in patients whose
# values are all known.
#
# **What this page cannot show.** All models are judged in the patients they were fitted to, so every AUC is somewhat too high.
# AFP at or above the limit counts as the limit ({glue:text}`capped` patients): nothing is known of the shape beyond. A cut-off that
# was chosen in these very patients would look better than it is; the one tested here is the paper's.

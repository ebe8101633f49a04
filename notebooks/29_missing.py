# %% [markdown]
# # Would the missing values change the answer?
# Paper: Methods; it has no word on missing values, and its tables are complete.
# Reads `analysis.csv`; writes `imputed.csv` and `extremes.csv`.
# %% tags=["parameters", "remove-cell"]
cohort = "tcga-lihc"  # cohort id in data_manifest/cohorts/
seed: int = 2022  # seeds the only random generator of this page
n_imputations: int = 20  # completed copies of the table
most_missing: float = 0.5  # share of missing values above which a variable does not help to impute the others
least_ng_ml: float = 0.1  # ng/mL, what an AFP of 0 counts as, so that it has a logarithm
skewed: str = "afp_ng_ml tb_umol_l plt_10e9_l inr pt_s"  # columns imputed on the logarithm
# %% tags=["hide-input"]
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

from mvi_core import figures, report
from mvi_core.cohort.predictors import predictor_table
from mvi_core.names import CLINICAL_COLUMNS
from mvi_core.results import read_result, write_result
from mvi_core.stats import imputation
from mvi_core.stats.logistic import fit_logistic

figures.theme()
page = report.open_page("29_missing", cohort)
# %% tags=["hide-input"]
analysis = read_result(cohort, "analysis.csv").set_index("patient_id", drop=False)
names = [name for name in page.spec.multivariable if name != "dl_mvi"]
predictors, present = predictor_table(analysis, names), analysis["mvi_present"]
complete = predictors.notna().all(axis=1)
# %% [markdown]
# ## Who is left out
# The multivariable model of the paper's kind uses **complete cases**: whoever lacks one value is left out of all. That is right
# only where missing values say nothing of invasion once the model is known.
# %% tags=["hide-input"]
tally = present.groupby(complete).agg(["sum", "size"]).sort_index(ascending=False)
few = report.holds_few(tally["sum"], tally["size"] - tally["sum"], kind=page.spec.kind)
shown = pd.DataFrame({"Patients": tally.index.map({True: "complete", False: "incomplete"}), "n": tally["size"]})
shown["With MVI, %"] = report.MASKED if few else (100 * tally["sum"] / tally["size"]).map("{:.1f}".format)
report.show_table(page, shown, "Patients with and without all values of the model.")
# %% [markdown]
# ## What the missing values could have been
# **Multiple imputation** fills each gap several times with the value of a patient who is alike in everything else, invasion
# included, fits the model to each completed table, and pools the fits by **Rubin's rules**: the interval grows by what the copies
# disagree on. AFP and other skewed laboratory values are imputed on the logarithm and cut afterwards.
# %% tags=["hide-input"]
share = analysis[list(CLINICAL_COLUMNS)].isna().mean()
columns = [name for name in CLINICAL_COLUMNS if share[name] <= most_missing and analysis[name].nunique() > 1]
female = (analysis["sex"] == "female").astype(float)
filled = analysis[columns].assign(sex=female, mvi_present=present)
filled["afp_ng_ml"] = filled["afp_ng_ml"].clip(lower=least_ng_ml)
told = {"n_imputations": n_imputations, "rng": np.random.default_rng(seed), "log": skewed.split()}
copies = imputation.impute(filled, **told)
tables = [copy.assign(sex=analysis["sex"]).reset_index() for copy in copies]
pooled = imputation.pool_fits([fit_logistic(predictor_table(table, names), present) for table in tables])
cases = fit_logistic(predictors, present)
# %% tags=["hide-input"]
parts = {"complete cases": cases.table[1:], "multiple imputation": pooled[1:]}
both = pd.concat(parts, names=["patients"]).reset_index("patients")
made = {"parameters": {"seed": seed, "n_imputations": n_imputations}, "inputs": ["analysis.csv"]}
write_result(cohort, "imputed.csv", both, **made)
both["text"] = report.interval_column(both, columns=("odds_ratio", "ci_low", "ci_high"))
both["p"] = both["p_value"].map(report.p_text)
wide = both.pivot(index="variable", columns="patients", values=["text", "p"]).loc[names]
shown = wide[[(key, name) for name in parts for key in ("text", "p")]].reset_index()
shown.columns = ["Variable", *(f"{name.capitalize()}: {key}" for name in parts for key in ("odds ratio", "p"))]
shown["Variable"] = shown["Variable"].map(report.term_label)
shown["Missing"] = predictors.isna().sum().to_numpy()
# With nothing missing, what is computed is only what the degrees of freedom leave.
lost = pooled["fmi"][1:] * predictors.isna().any(axis=None)
shown["Information missing"] = (100 * lost).map("{:.0f} %".format).to_numpy()
# %% tags=["hide-input"]
notes = [f"Complete cases: {cases.n} patients, {cases.method}."]
notes.append(f"Imputation: {len(analysis)} patients, {n_imputations} copies; {imputation.METHOD}.")
caption = "The model with and without the patients who lack a value."
report.show_table(page, shown, caption, result="imputed.csv", notes=notes)
# %% tags=["hide-input"] mystnb={"figure": {"caption": "Adjusted odds ratios of microvascular invasion with 95 % intervals: complete cases beside multiple imputation.", "name": "fig-imputed"}}
titles = {name: ", ".join([report.term_label(name), *report.term_levels(name)[1:]]) for name in names}
drawn = both.assign(label=both["variable"].map(titles), group=both["patients"])
figure, axes = plt.subplots(figsize=(8, 1.2 + 0.6 * len(names)))
figures.forest_groups(drawn, axes, note="adjusted odds ratio of MVI (log scale), 95 % CI")
figures.stamp(axes, page.spec.kind)
alt = report.rows_told(drawn[drawn["variable"] == "afp_gt_20"], "group", columns=("odds_ratio", "ci_low", "ci_high"))
alt = f"AFP above the cut-off: {alt}. Of all: {report.forest_told(drawn, ['label', 'group'])}."
n = f"{cases.n} complete cases, {len(analysis)} with imputation"
report.show_figure(page, figure, alt=alt, n=n, result="imputed.csv")
# %% [markdown]
# ## The worst that could be
# Imputation trusts that patients who are alike in what is known are alike in what is missing. No data can test that. The bounds
# below trust nothing: every missing AFP low, or high, or low where invasion is absent and high where it is present, and contrariwise.
# %% tags=["hide-input"]
afp = predictors["afp_gt_20"]
extremes = imputation.extremes(afp, present)
write_result(cohort, "extremes.csv", extremes, inputs=["analysis.csv"])
shown = extremes[["guess"]].assign(text=report.interval_column(extremes, columns=("odds_ratio", "ci_low", "ci_high")))
shown.columns = ["Every missing AFP is", "Odds ratio of AFP > 20 (95 % CI)"]
report.show_table(page, shown, f"AFP alone, {int(afp.isna().sum())} missing values set.", result="extremes.csv")
# %% tags=["remove-cell"]
told = both.set_index(["variable", "patients"])["text"]
report.publish("cases", told["afp_gt_20", "complete cases"])
report.publish("imputed", told["afp_gt_20", "multiple imputation"])
report.publish("n_cases", cases.n)
report.publish("n_out", int(cases.n_missing))
texts = dict(zip(extremes["guess"], shown.iloc[:, 1], strict=True))
report.publish("best", texts["as invasion is"])
report.publish("worst", texts["contrary to invasion"])
sides = both.assign(below=both["p_value"] < 0.05).groupby("variable", sort=False)["below"].nunique()
crossed = [report.term_label(name) for name in sides.index[sides > 1]]
report.publish("crossed", ", ".join(crossed) or "none")
# %% [markdown]
# ## Answer
# In the {glue:text}`n_cases` complete patients AFP above 20 ng/mL has an adjusted odds ratio of {glue:text}`cases`; with the
# {glue:text}`n_out` others imputed it has {glue:text}`imputed`. Variables that change sides of p = 0.05: {glue:text}`crossed`.
# If every missing AFP were as contrary to invasion as could be, AFP alone would have {glue:text}`worst`; as much in its favour,
# {glue:text}`best`.
#
# **What it is worth.** {glue:text}`worth`. Three answers to the same question, of which the last trusts nothing,
# show how much of the answer the missing values could carry.
#
# **What this page cannot show.** Whether values are missing for a reason that has to do with invasion. The bounds are not
# likely, only possible. What is imputed is imputed from this cohort's own patients.

# %% [markdown]
# # What does DL-MVI add to AFP?
# Paper: Results, *Construction of DL-based predictive model for MVI*; Fig. 4B, which shows both curves and tests
# nothing. Reads `analysis.csv`; writes `added_value.csv` and `shuffled.csv`.
# %% tags=["parameters", "remove-cell"]
cohort = "paper"  # cohort id in data_manifest/cohorts/
middle: float = 0.3  # threshold probability beside the one that the paper names
n_bootstrap: int = 2000  # patient-level resamples behind each interval
n_shuffles: int = 1000  # random deals of the added predictor
seed: int = 2022  # seeds the only random generator of this page
# %% tags=["hide-input"]
import numpy as np
import pandas as pd

from mvi_core import report
from mvi_core.cohort.predictors import predictor_table
from mvi_core.results import read_result, write_result
from mvi_core.stats.added_value import reclassification, shuffled_gain
from mvi_core.stats.discrimination import auc, auc_difference
from mvi_core.stats.estimate import estimate_table
from mvi_core.stats.likelihood import likelihood_ratio_test
from mvi_core.stats.logistic import fit_logistic, predict

page = report.open_page("17_added_value", cohort)
# %% tags=["hide-input"]
rng = np.random.default_rng(seed)
analysis = read_result(cohort, "analysis.csv").set_index("patient_id", drop=False)
full = page.spec.multivariable
base = "afp_gt_20" if "afp_gt_20" in full else full[0]
added = next(name for name in ("dl_mvi", "size_cm", "edmondson_3_4", *full) if name in full and name != base)
predictors = predictor_table(analysis, [base, added]).dropna()
present = analysis.loc[predictors.index, "mvi_present"]
report.refuse_few_by_mvi(predictors, present, kind=page.spec.kind)
fits = [fit_logistic(predictors[names], present) for names in ([base], [base, added])]
without, with_it = (pd.Series(predict(fit, predictors), present.index) for fit in fits)
labels = {name: report.term_label(name) for name in (base, added)}
made = {"parameters": {"seed": seed, "n_bootstrap": n_bootstrap}, "inputs": ["analysis.csv"]}
report.publish("base", labels[base])
report.publish("added", labels[added])
# %% [markdown]
# ## Four ways to say it
# Two logistic models of the same patients: {glue:text}`base` alone, and {glue:text}`base` with {glue:text}`added`. In a
# cohort without DL-MVI another predictor stands in its place. The {term}`likelihood ratio` asks whether the second
# model tells more, and is the test to rely on. The difference of the {term}`AUC` says how much better it ranks
# patients, the difference of the {term}`net benefit` what that is worth at a threshold probability. **NRI** and **IDI**
# count how risks move; they are shown because papers report them, and the next section shows why not to trust them
# {cite:p}`pencina2008,hilden2014,pepe2015`.
# %% tags=["hide-input"]
thresholds = [report.paper_values().loc["nb_beats_treat_all_from", "value"] / 100, middle, 0.5]
gain, p_auc = auc_difference(present, with_it, without)
test = likelihood_ratio_test(*fits).iloc[0]
told = {"thresholds": thresholds, "n_bootstrap": n_bootstrap, "rng": rng}
moved = reclassification(present, without, with_it, **told)
areas = {"auc_without": auc(present, without), "auc_with": auc(present, with_it), "auc_difference": gain}
ratio = {"metric": "likelihood_ratio", "value": test["statistic"], "p_value": test["p_value"], "n": test["n"]}
table = pd.concat([pd.DataFrame([ratio]), estimate_table(areas), moved], ignore_index=True)
table.loc[table["metric"] == "likelihood_ratio", "method"] = f"chi-square, {test['df']:.0f} degree of freedom"
table.loc[table["metric"] == "auc_difference", "p_value"] = p_auc
write_result(cohort, "added_value.csv", table, **made)
at = table["metric"].str.extract(r"_at_([\d.]+)")[0]
still = (table[["value", "ci_low", "ci_high"]] == 0).all(axis=1).groupby(at).transform("all").eq(True)
# %% tags=["hide-input"]
words = {"auc": "AUC", "nri": "NRI", "idi": "IDI", "_": " "}
shown = table[["metric"]].replace({"metric": words}, regex=True)
shown["value"] = report.interval_column(table, digits=3)
shown.loc[table["ci_low"].isna(), "value"] = table["value"].map("{:.2f}".format)
shown = shown.assign(p=table["p_value"].map(report.p_text), method=table["method"])
shown.columns = ["Measure", "Value (95 % CI)", "p", "Method"]
notes = [
    "NRI and net benefit at a threshold probability; both models held fixed in the resamples; NRI of both groups added."
]
notes += ["DeLong's test is not exact where one model holds the other and both were fitted to these patients."]
crossed_by_none = ", ".join(at[still].unique())
notes += (
    [f"No patient crosses these thresholds, so nothing changes there: {crossed_by_none}."] if crossed_by_none else []
)
report.show_table(page, shown[~still], "What the second model adds.", result="added_value.csv", notes=notes)
# %% [markdown]
# ## How much would chance add?
# The values of {glue:text}`added` were dealt to other patients at random and the model refitted, again and again. A
# dealt predictor carries nothing; what it seems to add is overfitting.
# %% tags=["hide-input"]
chance = shuffled_gain(predictors, present, added, n_shuffles=n_shuffles, rng=rng)
shuffled = {"parameters": {"seed": seed, "n_shuffles": n_shuffles}, "inputs": ["analysis.csv"]}
write_result(cohort, "shuffled.csv", chance, **shuffled)
shown = chance.replace({"metric": {"nri": "NRI, category-free", "idi": "IDI", "auc": "AUC difference"}}).round(4)
shown["share_above_zero"] = (100 * chance["share_above_zero"]).map("{:.0f} %".format)
shown["p_value"] = chance["p_value"].map(report.p_text)
shown = shown.drop(columns=["n"])
names = ["Measure", "Observed", "Mean of deals", "95th percentile", "Deals above zero", "Permutation p", "Deals"]
caption = "The observed gain beside the gain of a predictor that carries nothing."
report.show_table(page, shown.set_axis(names, axis=1), caption, result="shuffled.csv")
# %% tags=["remove-cell"]
by = chance.set_index("metric")
report.publish("gain", gain)
report.publish("p_auc", report.p_text(p_auc))
report.publish("p_ratio", report.p_text(test["p_value"]))
report.publish("benefit", report.interval_column(moved[moved["metric"] == f"net_benefit_at_{middle:g}"], digits=3)[0])
report.publish("at", f"{100 * middle:.0f} %")
report.publish("chance", f"{by.loc['nri', 'shuffled_mean']:+.2f}")
report.publish("above", f"{100 * by.loc['nri', 'share_above_zero']:.0f} %")
# %% [markdown]
# ## Answer
# {glue:text}`added`, put beside {glue:text}`base`: likelihood ratio p {glue:text}`p_ratio`, the AUC changes by
# {glue:text}`gain` (p {glue:text}`p_auc`), the net benefit at {glue:text}`at` by {glue:text}`benefit`. The NRI of a
# predictor that carries nothing is {glue:text}`chance` on average here, and above zero in {glue:text}`above` of the
# deals: an NRI above zero proves nothing.
#
# **What it is worth.** {glue:text}`worth`. The likelihood ratio is the number to rely on; the shuffled predictor says
# how much of the others is chance.
#
# **What this page cannot show.** Both models were fitted to the patients they are judged on, so every gain here is an
# apparent one. Where DL-MVI was made from the same patients' histology, it adds more than it would elsewhere. Nothing
# here says what a surgeon would do differently.

# %% [markdown]
# # Which variables are independently associated with invasion?
# Paper: Results, *Construction of DL-based predictive model for MVI*; Table 3.
# Reads `analysis.csv`; writes `table3.csv`.
# %% tags=["parameters", "remove-cell"]
cohort = "paper"  # cohort id in data_manifest/cohorts/
# %% tags=["hide-input"]
import matplotlib.pyplot as plt

from mvi_core import figures, report
from mvi_core.cohort.predictors import predictor_table
from mvi_core.results import read_result, write_result
from mvi_core.stats.logistic import fit_logistic
from mvi_core.stats.tables import multivariable_table, variance_inflation

figures.theme()
page = report.open_page("08_table3", cohort)
# %% tags=["hide-input"]
analysis = read_result(cohort, "analysis.csv").set_index("patient_id", drop=False)
predictors = predictor_table(analysis, page.spec.multivariable)
present = analysis["mvi_present"]
# %% [markdown]
# ## All variables at once
# A logistic regression by maximum likelihood with Wald intervals, as the paper reports it. Patients with a missing value
# are left out and counted; no variable is chosen by its p value here.
# %% tags=["hide-input"]
ends = ("odds_ratio", "ci_low", "ci_high")
table = multivariable_table(predictors, present)
write_result(cohort, "table3.csv", table, inputs=["analysis.csv"])
beside = report.beside_paper(table, "table3")
shown = beside[["label"]].assign(effect=report.interval_column(table, digits=3, columns=ends))
shown[["p", "paper", "paper_p"]] = beside.assign(p=table["p_value"].map(report.p_text))[["p", "paper", "paper_p"]]
shown.columns = ["Variable", "Odds ratio (95 % CI)", "p", "Paper prints", "Paper's p"]
report.show_table(page, shown, "Multivariable odds ratios of microvascular invasion.", result="table3.csv")
# %% tags=["hide-input"] mystnb={"figure": {"caption": "Multivariable odds ratios of MVI with 95 % intervals; the paper's printed values as open diamonds.", "name": "fig-table3"}, "image": {"alt": "Forest plot: one row a variable of the multivariable model, the odds ratio of this cohort with its interval beside the printed one."}}
figure, axes = plt.subplots(figsize=(7, 1.4 + 0.42 * len(beside)))
figures.forest(beside, axes, note=f"adjusted odds ratio (log scale), 95 % CI; n = {table.attrs['n']}")
figures.stamp(axes, page.spec.kind)
report.show_figure(page, figure, result="table3.csv")
# %% [markdown]
# ## Does the choice of method matter?
# Firth's penalised likelihood pulls very large odds ratios back and stays finite when a variable separates the outcome.
# Variance inflation says how much wider an interval is because the variables overlap.
# %% tags=["hide-input"]
firth = fit_logistic(predictors, present, method="firth").table.iloc[1:]
overlap = variance_inflation(fit_logistic(predictors, present), predictors)["vif"]
both = beside[["label"]].assign(likelihood=report.interval_column(table, digits=3, columns=ends))
both["firth"] = report.interval_column(firth, digits=3, columns=ends)
both["overlap"] = overlap.map("{:.2f}".format).to_numpy()
both.columns = ["Variable", "Maximum likelihood, Wald", "Firth, profile", "Variance inflation"]
report.show_table(page, both, "Odds ratios of the same model under two estimators, and the overlap of its variables.")
# %% tags=["remove-cell"]
largest = beside.loc[[table["coefficient"].abs().idxmax()]]
report.publish("largest", f"{largest['label'].iloc[0]}, odds ratio {report.interval_column(largest, columns=ends)[0]}")
report.publish("n", f"{table.attrs['n']}; {table.attrs['n_missing']} left out for missing values")
report.publish("epv", f"{table.attrs['events_per_variable']:.1f}")
report.publish("n_printed", int(4 * beside["printed_odds_ratio"].notna().sum()))
report.publish("n_agree", int(beside["n_agree"].sum()))
# %% [markdown]
# ## Answer
# With all variables in one model (n = {glue:text}`n`; {glue:text}`epv` events per variable) the strongest is
# {glue:text}`largest`. Of the {glue:text}`n_printed` printed numbers of Table 3 for these variables, {glue:text}`n_agree`
# are met to every printed digit in this cohort.
#
# **What this page cannot show.** Independence in a regression is not causation, and a predictor that was trained on
# some of the same patients looks stronger than it is. Where DL-MVI comes from our network, development patients carry
# out-of-fold predictions only.

# %% [markdown]
# # Which variables are independently associated with invasion?
# Paper: Results, *Construction of DL-based predictive model for MVI*; Table 3.
# Reads `analysis.csv`; writes `table3.csv`.
# %% tags=["parameters", "remove-cell"]
cohort = "paper"  # cohort id in data_manifest/cohorts/
# %% tags=["hide-input"]
import matplotlib.pyplot as plt

from mvi_core import figures
from mvi_core.cohort.predictors import predictor_table
from mvi_core.report import beside_paper, interval_text, open_page, p_text, publish, show_figure, show_table, term_label
from mvi_core.results import read_result, write_result
from mvi_core.stats.logistic import fit_logistic
from mvi_core.stats.tables import multivariable_table, variance_inflation

figures.theme()
page = open_page("08_table3", cohort)
# %%
analysis = read_result(cohort, "analysis.csv").set_index("patient_id", drop=False)
predictors = predictor_table(analysis, page.spec.multivariable)
# %% [markdown]
# ## All variables at once
# A logistic regression by maximum likelihood with Wald intervals, as the paper reports it. Patients with a missing value
# are left out and counted; no variable is chosen by its p value here.
# %%
table = multivariable_table(predictors, analysis["mvi_present"])
write_result(cohort, "table3.csv", table, inputs=["analysis.csv"])
beside = beside_paper(table, "table3").assign(label=table["variable"].map(term_label))
shown = beside[["label"]].rename(columns={"label": "Variable"})
shown["Odds ratio (95 % CI)"] = [
    interval_text(*row, digits=3) for row in table[["odds_ratio", "ci_low", "ci_high"]].to_numpy()
]
shown["p"] = table["p_value"].map(p_text)
printed = ["printed_odds_ratio", "printed_ci_low", "printed_ci_high"]
shown["Paper"] = ["" if row[0] is None else f"{row[0]} ({row[1]}–{row[2]})" for row in beside[printed].to_numpy()]
shown["Paper p"] = beside["printed_p_value"].fillna("")
show_table(page, shown, "Multivariable odds ratios of microvascular invasion.", result="table3.csv")
# %% mystnb={"figure": {"caption": "Multivariable odds ratios of MVI with 95 % intervals; the paper's printed values as open diamonds.", "name": "fig-table3"}, "image": {"alt": "Forest plot: one row a variable of the multivariable model, the odds ratio of this cohort with its interval beside the printed one."}}
figure, axes = plt.subplots(figsize=(7, 1.4 + 0.42 * len(beside)))
figures.forest(
    beside.astype(dict.fromkeys(printed, float)),
    axes,
    note=f"adjusted odds ratio (log scale), 95 % CI; n = {table.attrs['n']}",
)
figures.stamp(axes, page.spec.kind)
show_figure(page, figure, result="table3.csv")
# %% [markdown]
# ## Does the choice of method matter?
# Firth's penalised likelihood pulls very large odds ratios back and stays finite when a variable separates the outcome.
# %%
firth = fit_logistic(predictors, analysis["mvi_present"], method="firth").table.iloc[1:]
inflation = variance_inflation(fit_logistic(predictors, analysis["mvi_present"]), predictors)
both = shown[["Variable", "Odds ratio (95 % CI)"]].rename(columns={"Odds ratio (95 % CI)": "Maximum likelihood, Wald"})
both["Firth, profile"] = [
    interval_text(*row, digits=3) for row in firth[["odds_ratio", "ci_low", "ci_high"]].to_numpy()
]
both["Variance inflation"] = inflation["vif"].map("{:.2f}".format).to_numpy()
show_table(page, both, "The same model under two estimators, and the overlap of its variables.")
# %%
largest = beside.loc[table["coefficient"].abs().idxmax()]
publish(
    "largest",
    f"{largest['label']}, odds ratio {interval_text(largest['odds_ratio'], largest['ci_low'], largest['ci_high'])}",
)
publish("n", f"{table.attrs['n']} ({table.attrs['n_missing']} left out for missing values)")
publish("epv", f"{table.attrs['events_per_variable']:.1f}")
publish("n_printed", int(4 * beside["printed_odds_ratio"].notna().sum()))
publish("n_agree", int(beside["n_agree"].sum()))
# %% [markdown]
# ## Answer
# With all variables in one model (n = {glue:text}`n`, {glue:text}`epv` events per variable) the strongest is
# {glue:text}`largest`. Of the {glue:text}`n_printed` printed numbers of Table 3, {glue:text}`n_agree` are met to every
# printed digit in this cohort.
#
# **What this page cannot show.** Independence in a regression is not causation, and a predictor that was trained on
# some of the same patients looks stronger than it is. Where DL-MVI comes from our network, development patients carry
# out-of-fold predictions only.

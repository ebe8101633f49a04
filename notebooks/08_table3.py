# %% [markdown]
# # Which variables are independently associated with invasion?
# Paper: Results, *Construction of DL-based predictive model for MVI*; Table 3.
# Reads `analysis.csv`; writes `table3.csv`, `table3_methods.csv` and `selection.csv`.
# %% tags=["parameters", "remove-cell"]
cohort = "paper"  # cohort id in data_manifest/cohorts/
# %% tags=["hide-input"]
import matplotlib.pyplot as plt
import pandas as pd

from mvi_core import figures, report
from mvi_core.cohort.predictors import predictor_table
from mvi_core.results import read_result, write_result
from mvi_core.stats.estimate import Estimate
from mvi_core.stats.logistic import fit_logistic
from mvi_core.stats.stepwise import stepwise
from mvi_core.stats.tables import multivariable_table, variance_inflation

figures.theme()
page = report.open_page("08_table3", cohort)
# %% tags=["hide-input"]
analysis = read_result(cohort, "analysis.csv").set_index("patient_id", drop=False)
predictors = predictor_table(analysis, page.spec.multivariable)
present = analysis["mvi_present"]
report.refuse_few_by_mvi(predictors.dropna(), present, kind=page.spec.kind)
# %% [markdown]
# ## All variables at once
# Each {term}`odds ratio` here holds the other variables fixed: a logistic regression by maximum likelihood with Wald
# intervals, as the paper reports it. Patients with a missing value are left out and counted; no variable is chosen by
# its p value here. Where variables separate patients with from patients without invasion, maximum likelihood has no
# finite answer: then Firth's method {cite:p}`firth1993` takes its place, and the table says so.
# %% tags=["hide-input"]
ends = ("odds_ratio", "ci_low", "ci_high")
table = multivariable_table(predictors, present)
write_result(cohort, "table3.csv", table, inputs=["analysis.csv"])
beside = report.beside_paper(table, "table3")
shown = beside[["label"]].assign(effect=report.interval_column(table, digits=3, columns=ends))
shown[["p", "paper", "paper_p"]] = beside.assign(p=table["p_value"].map(report.p_text))[["p", "paper", "paper_p"]]
shown.columns = ["Variable", "Odds ratio (95 % CI)", "p", "Paper prints", "Paper's p"]
counts = "{n} patients, {n_missing} left out, {events} with MVI, {events_per_variable:.1f} events of the rarer class a variable"
notes = [f"Method: {table.attrs['method']}; {counts.format(**table.attrs)}."]
caption = "Multivariable odds ratios of microvascular invasion."
report.show_table(page, shown, caption, result="table3.csv", notes=notes)
# %% tags=["hide-input"] mystnb={"figure": {"caption": "Multivariable odds ratios of MVI with 95 % intervals; the paper's printed values as open diamonds.", "name": "fig-table3"}}
figure, axes = plt.subplots(figsize=(7, 1.4 + 0.42 * len(beside)))
figures.forest(beside, axes, note=f"adjusted odds ratio (log scale), 95 % CI; n = {table.attrs['n']}")
figures.stamp(axes, page.spec.kind)
report.show_figure(page, figure, alt=f"Forest plot: {report.forest_told(beside)}.", result="table3.csv")
# %% [markdown]
# ## Does the choice of method matter?
# A **Wald** interval is symmetric on the log scale; a **profile** interval holds the values that a likelihood-ratio
# test does not reject, and is exact where few patients decide. **Firth's** penalised likelihood pulls very large odds
# ratios back and stays finite under separation. Interval and p value are of one family in each column.
# %% tags=["hide-input"]
choices = {"Wald": ("auto", "wald"), "Profile": ("auto", "profile"), "Firth, profile": ("firth", "profile")}
fits = {name: fit_logistic(predictors, present, method=how, interval=end) for name, (how, end) in choices.items()}
tables = {name: fit.table.iloc[1:].assign(method=fit.method).reset_index(drop=True) for name, fit in fits.items()}
methods = pd.concat(tables, names=["choice"]).reset_index("choice")
write_result(cohort, "table3_methods.csv", methods, inputs=["analysis.csv"])
both = beside[["label"]].rename(columns={"label": "Variable"})
parts = {name: (report.interval_column(part, digits=3, columns=ends), part["p_value"]) for name, part in tables.items()}
cells = {name: [f"{a}; p {report.p_text(b)}" for a, b in zip(*pair, strict=True)] for name, pair in parts.items()}
notes = [f"{name}: {fit.method}." for name, fit in fits.items()]
report.show_table(
    page, both.assign(**cells), "Three intervals of the same model.", result="table3_methods.csv", notes=notes
)
# %% [markdown]
# ## Do the variables overlap?
# **Variance inflation** says how many times larger a coefficient's variance is because the variables overlap; one means
# not at all. Least squares regresses each variable on the others; the other column reads the covariance of the fitted
# model.
# %% tags=["hide-input"]
overlap = variance_inflation(fits["Wald"], predictors)
both = both.assign(squares=overlap["vif"].map("{:.2f}".format), model=overlap["vif_model"].map("{:.2f}".format))
both.columns = ["Variable", "By least squares (SPSS)", "From the model (R: rms, car)"]
report.show_table(page, both, "Variance inflation of each variable, by two definitions.")
# %% [markdown]
# ## What would a stepwise selection keep?
# SPSS's two likelihood-ratio methods, as many papers use them: a variable enters by its score test and leaves by its
# likelihood-ratio test. What such a method keeps depends on the patients at hand, and the odds ratios after it are too
# far from one: it is shown to be compared, not to be used. [Chapter 24](../paper/24_internal.ipynb)
# repeats a selection in resamples.
# %% tags=["hide-input"]
runs = {name: stepwise(predictors, present, direction=name) for name in ("forward", "backward")}
runs_made = {name: run for name, run in runs.items() if len(run)} or runs  # an empty run has columns of no type
steps = pd.concat(runs_made, names=["method"]).reset_index("method")
write_result(cohort, "selection.csv", steps, inputs=["analysis.csv"])
shown = steps.assign(variable=steps["variable"].map(report.term_label), p_value=steps["p_value"].map(report.p_text))
shown = shown.assign(statistic=steps["statistic"].map("{:.2f}".format))
shown.columns = ["Method", "Step", "Action", "Variable", "Test", "Chi-square", "p"]
kept = {name: ", ".join(map(report.term_label, run.attrs["kept"])) or "nothing" for name, run in runs.items()}
notes = [f"{run.attrs['method']}; keeps {kept[name]}." for name, run in runs.items()]
report.show_table(page, shown, "Steps of both selections.", result="selection.csv", notes=notes)
# %% tags=["remove-cell"]
largest = beside.loc[[table["coefficient"].abs().idxmax()]]
report.publish("largest", f"{largest['label'].iloc[0]}, odds ratio {report.interval_column(largest, columns=ends)[0]}")
for row in beside[beside["variable"].isin(["afp_gt_20", "dl_mvi"])].itertuples():
    effect = Estimate(row.odds_ratio, row.ci_low, row.ci_high, 0.95, "Wald", table.attrs["n"])
    report.publish(row.variable.removesuffix("_gt_20"), effect)
report.publish("n", f"{table.attrs['n']}; {table.attrs['n_missing']} left out for missing values")
report.publish("epv", f"{table.attrs['events_per_variable']:.1f}")
report.publish("vif", f"{overlap['vif'].max():.2f}")
report.publish("kept", kept["backward"] if kept["forward"] == kept["backward"] else " or ".join(kept.values()))
report.publish("n_printed", int(4 * beside["printed_odds_ratio"].notna().sum()))
report.publish("n_agree", int(beside["n_agree"].sum()))
# %% [markdown]
# ## Answer
# With all variables in one model (n = {glue:text}`n`; {glue:text}`epv` events per variable) the strongest is
# {glue:text}`largest`. Of the {glue:text}`n_printed` printed numbers of Table 3 for these variables,
# {glue:text}`n_agree` are met to every printed digit in this cohort. The largest variance inflation is
# {glue:text}`vif`; a stepwise selection would keep {glue:text}`kept`.
#
# **What it is worth.** {glue:text}`worth`. The table states its method, the patients it leaves out and the events a
# variable, so that another program can be asked for the same numbers.
#
# **What this page cannot show.** Independence in a regression is not causation, and a predictor that was trained on
# some of the same patients looks stronger than it is. Where DL-MVI comes from our network, development patients carry
# out-of-fold predictions only.

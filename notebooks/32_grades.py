# %% [markdown]
# # Does AFP go with the grade of invasion?
# Paper: Methods, *Histopathology* (M0, M1, M2); its tables join M1 and M2.
# Reads `analysis.csv`; writes `grade_shares.csv`, `grade_models.csv`, `grade_cuts.csv` and `brant.csv`.
# %% tags=["parameters", "remove-cell"]
cohort = "clca-2024"  # cohort id in data_manifest/cohorts/
# %% tags=["hide-input"]
import matplotlib.pyplot as plt
import pandas as pd

from mvi_core import figures, report
from mvi_core.cohort.predictors import predictor_table
from mvi_core.names import GRADES
from mvi_core.results import read_result, write_result
from mvi_core.stats import ordinal
from mvi_core.stats.estimate import estimate_table, wilson

figures.theme()
page = report.open_page("32_grades", cohort)
# %% [markdown]
# ## One grade at a time
# The share of patients with AFP above 20 ng/mL among those of each grade.
# %% tags=["hide-input"]
analysis = read_result(cohort, "analysis.csv").set_index("patient_id", drop=False).dropna(subset="mvi_grade")
names = [name for name in page.spec.multivariable if name != "dl_mvi"]
predictors, grade = predictor_table(analysis, names), analysis["mvi_grade"]
high = predictors["afp_gt_20"].dropna()
cells = pd.crosstab(grade[high.index], high)
report.refuse_few(*(cells[level] for level in cells), kind=page.spec.kind, what="AFP and grade of invasion together")
counted = {name: high[grade[high.index] == name] for name in GRADES}
shares = estimate_table({name: wilson(int(part.sum()), len(part)) for name, part in counted.items()})
write_result(cohort, "grade_shares.csv", shares, inputs=["analysis.csv"])
shown = shares[["metric", "n"]].assign(share=report.interval_column(shares, digits=1, percent=True))
shown.columns = ["Grade", "Patients", "% with AFP > 20 ng/mL (95 % CI)"]
report.show_table(page, shown, "AFP by grade (Wilson's intervals).", result="grade_shares.csv")
# %% [markdown]
# ## One odds ratio for both cuts?
# **Proportional odds** give a predictor one odds ratio of a higher grade, whether the line is drawn between M0 and M1 or
# between M1 and M2. Beside it stand the odds ratios of the two lines drawn one by one. **Brant's test** asks whether one odds
# ratio for both is tenable: a small p says no.
# %% tags=["hide-input"]
models = {
    "alone": ordinal.proportional_odds(predictors[["afp_gt_20"]], grade),
    "adjusted": ordinal.proportional_odds(predictors, grade),
}
cuts = {"alone": ordinal.each_cut(predictors[["afp_gt_20"]], grade), "adjusted": ordinal.each_cut(predictors, grade)}
brant = ordinal.brant_test(predictors, grade)
for name, tables in (("grade_models.csv", models), ("grade_cuts.csv", cuts)):
    write_result(cohort, name, pd.concat(tables, names=["model"]).reset_index("model"), inputs=["analysis.csv"])
write_result(cohort, "brant.csv", brant, inputs=["analysis.csv"])
# %% tags=["hide-input"]
ends = ("odds_ratio", "ci_low", "ci_high")
both = cuts["adjusted"].assign(text=report.interval_column(cuts["adjusted"], columns=ends))
wide = both.pivot(index="variable", columns="cut", values="text").loc[names]
shown = wide.assign(one=report.interval_column(models["adjusted"], columns=ends)).reset_index()
shown["p"] = models["adjusted"]["p_value"].map(report.p_text)
shown["brant"] = brant["p_value"][1:].map(report.p_text).to_numpy()
shown["variable"] = shown["variable"].map(report.term_label)
shown = shown[["variable", "M1 or above", "M2", "one", "p", "brant"]]
shown.columns = ["Variable", "M1–M2 against M0", "M2 against M0–M1", "Proportional odds", "p", "p, Brant"]
total = brant.iloc[0]
notes = [
    f"All variables together; n = {models['adjusted'].attrs['n']}. {models['adjusted'].attrs['method']}.",
    f"Brant's test of all: chi-square {total['statistic']:.2f}, {total['df']} degrees of freedom, p {report.p_text(total['p_value'])}.",
]
report.show_table(page, shown, "Odds ratios of a higher grade.", result="grade_models.csv", notes=notes)
# %% tags=["hide-input"] mystnb={"figure": {"caption": "Adjusted odds ratios of a higher grade: at each cut, and one for both (proportional odds), with 95 % intervals.", "name": "fig-grades"}}
words = {"M1 or above": "M1–M2 against M0", "M2": "M2 against M0–M1"}
drawn = pd.concat([both.assign(group=both["cut"].map(words)), models["adjusted"].assign(group="proportional odds")])
titles = {name: ", ".join([report.term_label(name), *report.term_levels(name)[1:]]) for name in names}
drawn["label"] = drawn["variable"].map(titles)
figure, axes = plt.subplots(figsize=(8, 1.2 + 0.6 * len(names)))
figures.forest_groups(drawn, axes, note="adjusted odds ratio of a higher grade (log scale), 95 % CI")
figures.stamp(axes, page.spec.kind)
alt = report.rows_told(drawn[drawn["variable"] == "afp_gt_20"], "group", columns=ends)
alt = f"AFP above the cut-off: {alt}. Of all: {report.forest_told(drawn, ['label', 'group'])}."
report.show_figure(page, figure, alt=alt, n=models["adjusted"].attrs["n"], result="grade_cuts.csv")
# %% tags=["remove-cell"]
one = {
    name: report.interval_column(table.query("variable == 'afp_gt_20'"), columns=ends)[0]
    for name, table in models.items()
}
report.publish("alone", one["alone"])
report.publish("adjusted", one["adjusted"])
report.publish("low_cut", wide.loc["afp_gt_20", "M1 or above"])
report.publish("high_cut", wide.loc["afp_gt_20", "M2"])
report.publish("brant_afp", report.p_text(brant.set_index("variable").loc["afp_gt_20", "p_value"]))
report.publish("brant_all", report.p_text(total["p_value"]))
against = [report.term_label(row.variable) for row in brant[1:].itertuples() if row.p_value < 0.05]
report.publish("against", ", ".join(against) or "none")
# %% [markdown]
# ## Answer
# AFP above 20 ng/mL goes with a higher grade: odds ratio {glue:text}`alone` alone and {glue:text}`adjusted` adjusted. Drawn
# one by one, the adjusted odds ratio is {glue:text}`low_cut` of any invasion and {glue:text}`high_cut` of M2. Brant's test has
# p {glue:text}`brant_all` for all variables and p {glue:text}`brant_afp` for AFP; variables with a p below 0.05:
# {glue:text}`against`. Where such a variable is named, its one odds ratio is an average of two that differ.
#
# **What it is worth.** {glue:text}`worth`. Grades keep what a yes or no throws away; the intervals hold the chance
# in the patients, not the doubt of the pathologist between two grades.
#
# **What this page cannot show.** Brant's test misses much in a few hundred patients: a large p is no proof that one odds ratio
# fits. M1 and M2 are told apart by a count and a distance of invaded vessels, which depends on how much of the specimen was cut.

# %% [markdown]
# # Does it hold in every subgroup?
# Paper: no subgroups are reported; TRIPOD+AI asks for performance in them.
# Reads `analysis.csv`; writes `subgroups.csv`.
# %% tags=["parameters", "remove-cell"]
cohort = "paper"  # cohort id in data_manifest/cohorts/
fewest_events: int = 5  # patients with, or without, MVI below which a subgroup's results are masked
# %% tags=["hide-input"]
import textwrap

import matplotlib.pyplot as plt
import pandas as pd

from mvi_core import figures, report
from mvi_core.cohort.predictors import predictor_table
from mvi_core.results import read_result, write_result
from mvi_core.stats.subgroups import subgroup_table

figures.theme()
page = report.open_page("22_subgroups", cohort)
# %% tags=["hide-input"]
analysis = read_result(cohort, "analysis.csv").set_index("patient_id", drop=False)
full = page.spec.multivariable
first = next(name for name in ("dl_mvi", "size_cm", "edmondson_3_4", *full) if name in full)
markers = list(dict.fromkeys([first, "afp_gt_20" if "afp_gt_20" in full else full[0]]))
predictors = predictor_table(analysis, markers).dropna()
present = analysis.loc[predictors.index, "mvi_present"]
wanted = ("sex_female", "age_gt_50", "cirrhosis", "hepatitis", "afp_gt_20")
groups = predictor_table(analysis, [name for name in wanted if name in page.spec.predictors]).loc[predictors.index]
size = analysis.loc[predictors.index, "size_cm"]
groups["size_gt_5"] = (size > 5).where(size.notna()).astype(float)
groups = groups[[name for name in groups if groups[name].nunique() > 1]]
# %% [markdown]
# ## One row a subgroup
# DL-MVI, or the predictor that stands in its place in a cohort without it, and AFP, each in the same subgroups. The
# rows stand in a fixed order and are not ranked; results of subgroups with few patients of either kind are masked. The
# {term}`interaction` test asks whether the odds ratio is the same in all subgroups of a variable. Two intervals that
# overlap, or one that covers 1 beside one that does not, answer no such question {cite:p}`wang2007`.
# %% tags=["hide-input"]
left_out = {"size_cm": ["size_cm", "size_gt_5"]} | {name: [name] for name in groups}
tables = {
    name: subgroup_table(
        predictors[name],
        present,
        groups.drop(columns=left_out.get(name, []), errors="ignore"),
        fewest_events=fewest_events,
    )
    for name in markers
}
rows = pd.concat(tables, names=["predictor"]).reset_index("predictor").reset_index(drop=True)
# %% tags=["hide-input"]
rows = report.masked_subgroups(rows, kind=page.spec.kind)
write_result(cohort, "subgroups.csv", rows, parameters={"fewest_events": fewest_events}, inputs=["analysis.csv"])
# %% tags=["hide-input"]
told = {name: (report.term_label(name), *report.term_levels(name)) for name in groups if name != "size_gt_5"}
told["size_gt_5"] = ("Tumour size", "≤ 5 cm", "> 5 cm")
words = {(name, str(k)): f"{label}: {levels[k]}" for name, (label, *levels) in told.items() for k in (0, 1)}
pairs = zip(rows["variable"], rows["level"], strict=True)
rows["label"] = [words.get(pair, "All patients") for pair in pairs]
rows["counts"] = rows["present"].astype(str) + " of " + rows["n"].astype(str)
labels = {name: report.term_label(name) for name in markers}
shown = rows[["predictor", "label", "counts"]].replace({"predictor": labels})
shown["auc"] = report.interval_column(rows, columns=("auc", "auc_low", "auc_high"))
shown["effect"] = report.interval_column(rows, columns=("odds_ratio", "ci_low", "ci_high"))
shown["p"] = rows["p_interaction"].map(report.p_text)
shown.loc[rows["odds_ratio"].isna(), ["auc", "effect"]] = "not shown"
shown.columns = ["Predictor", "Subgroup", "MVI present", "AUC (95 % CI)", "Odds ratio (95 % CI)", "p, interaction"]
# %% tags=["hide-input"]
n_tests, n_masked = rows["p_interaction"].notna().sum(), rows["method"].str.startswith(report.MASKED).sum()
firth = rows["method"].str.contains("Firth").sum()
how = f"Odds ratios by maximum likelihood with Wald intervals; Firth with profile intervals where separated ({firth} rows)."
notes = [
    f"{n_tests} interaction tests by likelihood ratio; {n_masked} subgroups masked. AUC with DeLong's interval. {how}"
]
report.show_table(page, shown, "AUC and odds ratio in subgroups.", result="subgroups.csv", notes=notes)
# %% tags=["hide-input"] mystnb={"figure": {"caption": "Odds ratio of MVI in each subgroup with its 95 % interval; in brackets the patients with MVI of all patients of the subgroup.", "name": "fig-subgroups"}}
rows["label"] = rows["label"] + " (" + rows["present"].astype(str) + "/" + rows["n"].astype(str) + ")"
rows["label"] = [textwrap.fill(label, 30) for label in rows["label"]]
heights = [len(table) for table in tables.values()]
size = (8, 1.6 + 0.42 * sum(heights))
figure, panels = plt.subplots(len(heights), 1, figsize=size, height_ratios=heights, squeeze=False)
for axes, name in zip(panels[:, 0], tables, strict=True):
    part = rows[rows["predictor"] == name].reset_index(drop=True)
    figures.forest(part, axes, note=f"odds ratio of MVI for {labels[name]} (log scale), 95 % CI")
figures.stamp(panels[0, 0], page.spec.kind)
told = report.forest_told(rows[rows["predictor"] == markers[0]])
report.show_figure(page, figure, alt=f"{labels[markers[0]]}: {told}.", n=len(predictors), result="subgroups.csv")
# %% tags=["remove-cell"]
report.publish("n_tests", int(n_tests))
report.publish("n_masked", int(n_masked))
report.publish("n_small_p", int((rows["p_interaction"] < 0.05).sum()))
report.publish("n_by_chance", f"{0.05 * n_tests:.1f}")
least = rows["p_interaction"].min()
words = f"The smallest p is {report.p_text(least)}, and {report.p_text(min(1.0, least * n_tests))} after Bonferroni's correction"
report.publish("smallest", f"{words} for the number of tests" if n_tests else "No p value can be given")
# %% [markdown]
# ## Answer
# Interaction tests made: {glue:text}`n_tests`; below the usual limit of significance: {glue:text}`n_small_p`, where
# {glue:text}`n_by_chance` would be by chance. {glue:text}`smallest`. Masked subgroups: {glue:text}`n_masked`.
#
# **What it is worth.** {glue:text}`worth`. All tests that were made are counted, none was picked; few patients stand
# behind most rows.
#
# **What this page cannot show.** Subgroups of this size miss large differences, and a difference in a subgroup that
# nobody had planned to look at proves none. How variables go together inside a rebuilt patient was assumed, not
# measured: there the page shows the method, not a finding.

# %% [markdown]
# # Which clinical variables go with microvascular invasion?
# Paper: Results, *Baseline clinical characteristics*; Table 1.
# Reads `patients.csv`; writes `table1.csv` and `size.csv`.
# %% tags=["parameters", "remove-cell"]
cohort = "paper"  # cohort id in data_manifest/cohorts/
# %% tags=["hide-input"]
import matplotlib.pyplot as plt
import pandas as pd

from mvi_core import figures
from mvi_core.cohort.predictors import PREDICTORS, predictor_table
from mvi_core.report import beside_paper, interval_text, open_page, p_text, publish, show_figure, show_table
from mvi_core.results import read_result, write_result
from mvi_core.stats.tables import continuous_row, univariable_table

figures.theme()
page = open_page("02_table1", cohort)
# %%
patients = read_result(cohort, "patients.csv").set_index("patient_id", drop=False)
names = [name for name in page.spec.predictors if name != "size_cm"]
predictors = predictor_table(patients, names)
known = {item.name: item for item in PREDICTORS}
labels = {name: (known[name].reference, known[name].level) for name in names}
# %% [markdown]
# ## One variable at a time
# The **odds ratio** compares the odds of invasion above and below each cut-off; 1 means no difference. Its interval is
# Woolf's, the p value Pearson's chi-square without correction: of the usual tests it is the one that returns the paper's
# printed p values.
# %%
table = univariable_table(predictors, patients["mvi_present"], labels=labels)
size = continuous_row(patients["size_cm"], patients["mvi_present"])
write_result(cohort, "size.csv", size, inputs=["patients.csv"])
write_result(cohort, "table1.csv", pd.concat([table, size[table.columns]]), inputs=["patients.csv"])
shown = table.assign(label=[known[name].label for name in table["variable"]], effect="1")
other = shown["level"] != shown["variable"].map(lambda name: labels[name][0])
shown.loc[other, "effect"] = [
    interval_text(*row, digits=3) for row in table.loc[other, ["odds_ratio", "ci_low", "ci_high"]].to_numpy()
]
shown["p"] = table["p_value"].map(p_text)
shown = shown[["label", "level", "n", "absent", "present", "effect", "p"]]
shown.columns = ["Variable", "Level", "Patients", "MVI absent", "MVI present", "Odds ratio (95 % CI)", "p"]
show_table(page, shown, "Univariable odds ratios of microvascular invasion.", result="table1.csv")
# %% [markdown]
# ## Beside the print
# Open diamonds are the paper's printed odds ratios. In the reconstructed cohort they must coincide, because the counts
# were taken from the print; in real patients they show how far the paper's associations carry.
# %% mystnb={"figure": {"caption": "Univariable odds ratios of MVI with 95 % intervals; the paper's printed values as open diamonds.", "name": "fig-table1"}, "image": {"alt": "Forest plot: one row a clinical variable, the odds ratio of this cohort with its interval beside the odds ratio that the paper prints."}}
effects = table[table["level"].eq(table["variable"].map(lambda name: labels[name][1]))]
beside = beside_paper(effects, "table1").assign(label=[known[name].label for name in effects["variable"]])
numbers = beside.columns[beside.columns.str.startswith("printed_") & (beside.columns != "printed_p_value")]
figure, axes = plt.subplots(figsize=(7, 1 + 0.36 * len(beside)))
figures.forest(
    beside.astype(dict.fromkeys(numbers, float)).reset_index(),
    axes,
    note=f"odds ratio of MVI (log scale), 95 % CI; n = {len(patients)}",
)
figures.stamp(axes, page.spec.kind)
show_figure(page, figure, result="table1.csv")
# %%
rows = beside["printed_odds_ratio"].notna()
publish("n_printed", int(4 * rows.sum()))
publish("n_agree", int(beside["n_agree"].sum()))
strongest = beside.loc[beside["p_value"].idxmin()]
publish(
    "strongest",
    f"{strongest['label']}, odds ratio {interval_text(strongest['odds_ratio'], strongest['ci_low'], strongest['ci_high'])}",
)
publish("size", f"{size['absent_median'].iloc[0]:g} cm without and {size['present_median'].iloc[0]:g} cm with invasion")
# %% [markdown]
# ## Answer
# The strongest single association is {glue:text}`strongest`. The median tumour size is {glue:text}`size`.
# Of the {glue:text}`n_printed` printed effects (odds ratio, both interval ends, p), {glue:text}`n_agree` are met to every
# printed digit in this cohort. Only a cohort rebuilt from the print can be expected to meet all of them.
#
# **What this page cannot show.** Cut-offs turn measurements into yes and no and lose information; many tests on one
# cohort find something by chance; and a univariable odds ratio says nothing about what a variable adds to the others.

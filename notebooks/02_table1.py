# %% [markdown]
# # Which clinical variables go with microvascular invasion?
# Paper: Results, *Baseline clinical characteristics*; Table 1.
# Reads `patients.csv`; writes `table1.csv` and `size.csv`.
# %% tags=["parameters", "remove-cell"]
cohort = "paper"  # cohort id in data_manifest/cohorts/
# %% tags=["hide-input"]
import matplotlib.pyplot as plt
import pandas as pd

from mvi_core import figures, report
from mvi_core.cohort.predictors import find_predictor, predictor_table
from mvi_core.results import read_result, write_result
from mvi_core.stats.tables import continuous_row, univariable_table

figures.theme()
page = report.open_page("02_table1", cohort)
# %% tags=["hide-input"]
patients = read_result(cohort, "patients.csv").set_index("patient_id", drop=False)
names = [name for name in page.spec.predictors if name != "size_cm"]
predictors = predictor_table(patients, names)
labels = {name: (find_predictor(name).reference, find_predictor(name).level) for name in names}
# %% [markdown]
# ## One variable at a time
# The **odds ratio** compares the odds of invasion above and below each cut-off; 1 means no difference. Its interval is
# Woolf's, the p value Pearson's chi-square without correction: of the usual tests it is the one that returns the paper's
# printed p values.
# %% tags=["hide-input"]
table = univariable_table(predictors, patients["mvi_present"], labels=labels)
measured = bool(patients["size_cm"].notna().any())
size = continuous_row(patients["size_cm"], patients["mvi_present"]) if measured else table.iloc[:0]
write_result(cohort, "size.csv", size, inputs=["patients.csv"])
write_result(cohort, "table1.csv", pd.concat([table, size[table.columns]]), inputs=["patients.csv"])
shown = table[["variable", "level", "n", "absent", "present"]].assign(variable=table["variable"].map(report.term_label))
shown["effect"] = report.interval_column(table, digits=3, columns=("odds_ratio", "ci_low", "ci_high"))
shown.loc[table["odds_ratio"] == 1, "effect"] = "1 (reference)"
shown["p"] = table["p_value"].map(report.p_text)
shown.columns = ["Variable", "Level", "Patients", "MVI absent", "MVI present", "Odds ratio (95 % CI)", "p"]
report.show_table(page, shown, "Univariable odds ratios of microvascular invasion.", result="table1.csv")
# %% [markdown]
# ## Beside the print
# Open diamonds are the paper's printed odds ratios. In the reconstructed cohort they must coincide, because the counts
# were taken from the print; in real patients they show how far the paper's associations carry.
# %% tags=["hide-input"] mystnb={"figure": {"caption": "Univariable odds ratios of MVI with 95 % intervals; the paper's printed values as open diamonds.", "name": "fig-table1"}, "image": {"alt": "Forest plot: one row a clinical variable, the odds ratio of this cohort with its interval beside the odds ratio that the paper prints."}}
levels = table["variable"].map({name: level for name, (_, level) in labels.items()})
beside = report.beside_paper(table[table["level"] == levels].reset_index(drop=True), "table1")
figure, axes = plt.subplots(figsize=(7, 1 + 0.36 * len(beside)))
figures.forest(beside, axes, note=f"odds ratio of MVI (log scale), 95 % CI; n = {len(patients)}")
figures.stamp(axes, page.spec.kind)
report.show_figure(page, figure, result="table1.csv")
# %% tags=["remove-cell"]
strongest = beside.loc[[beside["p_value"].idxmin()]]
effect = report.interval_column(strongest, columns=("odds_ratio", "ci_low", "ci_high"))[0]
groups = [f"{size[f'{group}_median'].iloc[0]:g} cm with MVI {group}" for group in ("absent", "present") if measured]
report.publish("strongest", f"{strongest['label'].iloc[0]}, odds ratio {effect}")
report.publish("size", " and ".join(groups) or "not recorded in this cohort")
report.publish("n_printed", int(4 * beside["printed_odds_ratio"].notna().sum()))
report.publish("n_agree", int(beside["n_agree"].sum()))
# %% [markdown]
# ## Answer
# The strongest single association is {glue:text}`strongest`. The median tumour size is {glue:text}`size`.
# Of the {glue:text}`n_printed` printed effects (odds ratio, both interval ends, p), {glue:text}`n_agree` are met to every
# printed digit in this cohort. Only a cohort rebuilt from the print can be expected to meet all of them.
#
# **What this page cannot show.** Cut-offs turn measurements into yes and no and lose information; many tests on one
# cohort find something by chance; and a univariable odds ratio says nothing about what a variable adds to the others.

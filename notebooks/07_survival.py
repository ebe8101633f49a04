# %% [markdown]
# # Do patients with invasion recur and die earlier?
# Paper: Results, *Predictors of survival*; Fig. 3.
# Reads `analysis.csv`; writes `survival.csv` and `survival_summary.csv`.
# %% tags=["parameters", "remove-cell"]
cohort = "paper"  # cohort id in data_manifest/cohorts/
tick_months: int = 24  # months between two numbers at risk
# %% tags=["hide-input"]
import itertools

import matplotlib.pyplot as plt
import numpy as np

from mvi_core import figures, report
from mvi_core.results import read_result, write_result
from mvi_core.stats.survival import at_risk_table
from mvi_core.stats.survival_groups import panel_curves, panel_summary, survival_panels

figures.theme()
page = report.open_page("07_survival", cohort)
# %% [markdown]
# ## Curves
# **Kaplan-Meier** curves show the share still free of the event; marks are patients whose follow-up ended. Bands are
# pointwise log-log intervals. The **log-rank** test asks whether the groups could share one curve. Recurrence-free
# survival is the paper's RFS, which it calls PFS in places; the Data page says what counts as its event in this cohort.
# %% tags=["hide-input"]
analysis = read_result(cohort, "analysis.csv")
endpoints = {"os": "overall survival", "rfs": "recurrence-free survival"}
groupings = {"mvi_present": "MVI", "dl_mvi": "DL-MVI"}
groupings = {column: name for column, name in groupings.items() if column in analysis}
panels = survival_panels(analysis, endpoints=endpoints, groupings=groupings)
curves, summary = panel_curves(panels), panel_summary(panels)
write_result(cohort, "survival.csv", curves, inputs=["analysis.csv"])
write_result(cohort, "survival_summary.csv", summary, inputs=["analysis.csv"])
# %% tags=["hide-input"] mystnb={"figure": {"caption": "Kaplan-Meier curves by histologic MVI and, where the cohort has it, by DL-MVI, with numbers at risk and log-rank p.", "name": "fig-survival"}, "image": {"alt": "Survival curves: patients with invasion against patients without, overall and recurrence-free survival, numbers at risk beneath each panel."}}
tests = summary.groupby(["endpoint", "group_by"])["p_value"].first()
ticks = np.arange(0, analysis["os_months"].max(), tick_months)
at_risk = {
    key: at_risk_table(panel["months"], panel["event"], ticks, group=panel["group"]) for key, panel in panels.items()
}
notes = {key: f"log-rank p {report.p_text(p_value)}" for key, p_value in tests.items()}
figure, axes = plt.subplots(len(groupings), 2, figsize=(8.4, 4.6 * len(groupings)), squeeze=False)
for axis, (end, by) in zip(axes.flat, panels, strict=True):
    curve = curves[(curves["endpoint"] == end) & (curves["group_by"] == by)]
    figures.survival_curves(curve, axis, at_risk=at_risk[end, by], ylabel=endpoints[end], note=notes[end, by])
figures.stamp(axes[0, 0], page.spec.kind)
report.show_figure(page, figure, result="survival.csv")
# %% [markdown]
# ## Medians
# %% tags=["hide-input"]
shown = summary[["endpoint", "group", "n", "events"]].replace({"endpoint": endpoints})
shown["median"] = report.interval_column(summary, digits=1, columns=("median", "ci_low", "ci_high"))
shown["p"] = summary["p_value"].map(report.p_text)
shown.columns = ["End point", "Group", "Patients", "Events", "Median, months (95 % CI)", "Log-rank p"]
caption = "Median survival by group; not reached where the curve stays above one half."
report.show_table(page, shown, caption, result="survival_summary.csv")
# %% tags=["remove-cell"]
medians = shown.assign(endpoint=summary["endpoint"]).set_index(["endpoint", "Group"])
for end, group in itertools.product(endpoints, ("present", "absent")):
    report.publish(f"{end}_{group}", medians.loc[(end, f"MVI {group}"), "Median, months (95 % CI)"])
for end in endpoints:
    report.publish(f"{end}_events", int(medians.loc[(end, "all patients"), "Events"]))
    report.publish(f"{end}_p", report.p_text(tests[end, "mvi_present"]))
# %% [markdown]
# ## Answer
# There are {glue:text}`os_events` deaths and {glue:text}`rfs_events` events of recurrence-free survival. The median overall
# survival in months is {glue:text}`os_present` with invasion and {glue:text}`os_absent` without (log-rank p
# {glue:text}`os_p`); the median recurrence-free survival is {glue:text}`rfs_present` and {glue:text}`rfs_absent` (p
# {glue:text}`rfs_p`).
#
# **What this page cannot show.** Groups that differ in invasion differ in much else; no curve here is adjusted.
# Times near the end of follow-up rest on few patients, as the numbers at risk say. Survival of reconstructed and phantom
# patients was made to meet the printed medians: it shows what these medians imply, not how patients fare.

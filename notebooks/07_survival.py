# %% [markdown]
# # Do patients with invasion recur and die earlier?
# Paper: Results, *Predictors of survival*; Fig. 3.
# Reads `analysis.csv`; writes `survival.csv` and `survival_summary.csv`.
# %% tags=["parameters", "remove-cell"]
cohort = "paper"  # cohort id in data_manifest/cohorts/
tick_months: int = 12  # months between two numbers at risk
# %% tags=["hide-input"]
from itertools import product

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

from mvi_core import figures
from mvi_core.report import interval_text, open_page, p_text, publish, show_figure, show_table
from mvi_core.results import read_result, write_result
from mvi_core.stats.survival import at_risk_table, log_rank, median_survival, survival_table

figures.theme()
page = open_page("07_survival", cohort)
# %%
analysis = read_result(cohort, "analysis.csv")
endpoints = {"os": "overall survival", "rfs": "recurrence-free survival"}
groupings = {"mvi_present": "MVI", "dl_mvi": "DL-MVI"} if "dl_mvi" in analysis else {"mvi_present": "MVI"}
panels = {}
for end, by in product(endpoints, groupings):
    table = analysis[[f"{end}_months", f"{end}_event", by]].set_axis(["months", "event", "group"], axis=1).dropna()
    panels[end, by] = table.assign(
        group=table["group"].map({0: f"{groupings[by]} absent", 1: f"{groupings[by]} present"})
    )
# %% [markdown]
# ## Curves
# **Kaplan-Meier** curves show the share still free of the event; marks are patients whose follow-up ended. Bands are
# pointwise 95 % log-log intervals. The **log-rank** test asks whether the groups could share one curve. Recurrence-free
# survival counts recurrences (the paper writes PFS in places).
# %%
curves = pd.concat(
    [
        survival_table(table["months"], table["event"], table["group"], endpoint=end, group_by=by)
        for (end, by), table in panels.items()
    ]
)
tests = {
    key: log_rank(table["months"], table["event"], table["group"])["p_value"].iloc[0] for key, table in panels.items()
}
write_result(cohort, "survival.csv", curves, inputs=["analysis.csv"])
# %% mystnb={"figure": {"caption": "Kaplan-Meier curves by histologic MVI and, where the cohort has it, by DL-MVI, with numbers at risk and log-rank p.", "name": "fig-survival"}, "image": {"alt": "Survival curves: patients with invasion against patients without, overall and recurrence-free survival, numbers at risk beneath each panel."}}
figure, axes = plt.subplots(len(groupings), 2, figsize=(11, 4.9 * len(groupings)), squeeze=False)
for axis, (by, end) in zip(axes.flat, product(groupings, endpoints), strict=True):
    table, curve = panels[end, by], curves[(curves["endpoint"] == end) & (curves["group_by"] == by)]
    at_risk = at_risk_table(
        table["months"], table["event"], np.arange(0, table["months"].max(), tick_months), group=table["group"]
    )
    figures.survival_curves(
        curve, axis, at_risk=at_risk, ylabel=endpoints[end], note=f"log-rank p {p_text(tests[end, by])}"
    )
figures.stamp(axes[0, 0], page.spec.kind)
show_figure(page, figure, result="survival.csv")
# %% [markdown]
# ## Medians
# %%
every = {(end, "all"): table.assign(group="all patients") for (end, by), table in panels.items() if by == "mvi_present"}
rows = [
    {"endpoint": end, "group_by": by, "group": group, "n": len(part), "events": int(part["event"].sum()),
     "median": estimate.value, "ci_low": estimate.low, "ci_high": estimate.high, "p_value": tests.get((end, by))}
    for (end, by), table in (every | panels).items()
    for group, part in table.groupby("group")
    for estimate in [median_survival(part["months"], part["event"])]
]  # fmt: skip
summary = pd.DataFrame(rows)
write_result(cohort, "survival_summary.csv", summary, inputs=["analysis.csv"])
shown = summary[["endpoint", "group", "n", "events"]].assign(
    median=[interval_text(*row, digits=1) for row in summary[["median", "ci_low", "ci_high"]].to_numpy()],
    p=summary["p_value"].map(p_text),
)
shown.columns = ["End point", "Group", "Patients", "Events", "Median, months (95 % CI)", "Log-rank p"]
show_table(
    page,
    shown,
    "Median survival by group; not reached where the curve stays above one half.",
    result="survival_summary.csv",
)
# %%
for end in endpoints:
    publish(f"{end}_p", p_text(tests[end, "mvi_present"]))
    publish(
        f"{end}_events",
        int(summary.loc[(summary["endpoint"] == end) & (summary["group_by"] == "all"), "events"].iloc[0]),
    )
    publish(
        f"{end}_present",
        next(
            f"{row['median']:.1f} months" if np.isfinite(row["median"]) else "not reached"
            for row in rows
            if row["endpoint"] == end and row["group"] == "MVI present"
        ),
    )
# %% [markdown]
# ## Answer
# With {glue:text}`os_events` deaths and {glue:text}`rfs_events` recurrences, patients with invasion reach half their
# overall survival at {glue:text}`os_present` (log-rank p {glue:text}`os_p`) and half their recurrence-free survival at
# {glue:text}`rfs_present` (p {glue:text}`rfs_p`).
#
# **What this page cannot show.** Groups that differ in invasion differ in much else; no curve here is adjusted.
# Times near the end of follow-up rest on few patients, as the numbers at risk say. Survival of reconstructed and phantom
# patients was made to meet the printed medians: it shows what these medians imply, not how patients fare.

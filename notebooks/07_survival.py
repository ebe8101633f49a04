# %% [markdown]
# # Do patients with invasion recur and die earlier?
# Paper: Results, *Predictors of survival*; Fig. 3.
# Reads `analysis.csv`; writes `survival.csv`, `survival_months.csv`, `survival_summary.csv`,
# `survival_contrasts.csv` and `hazard_ratios.csv`.
# %% tags=["parameters", "remove-cell"]
cohort = "paper"  # cohort id in data_manifest/cohorts/
tick_months: int = 12  # months between two numbers at risk
horizon_months: int = 60  # months to which shares are read off and restricted means count
adjust_for: str = "age_gt_50 sex_female afp_gt_20 hepatitis edmondson_3_4"  # predictors held in the adjusted model
# %% tags=["hide-input"]
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

from mvi_core import figures, report
from mvi_core.cohort.predictors import predictor_table
from mvi_core.results import read_result, write_result
from mvi_core.stats import hazard_table, kaplan_meier, survival, survival_groups

figures.theme()
page = report.open_page("07_survival", cohort)
# %% [markdown]
# ## The curves
# A {term}`Kaplan-Meier curve` {cite:p}`kaplan1958` shows the share still free of the event; marks are patients whose
# follow-up ended. Bands are pointwise log-log intervals. The {term}`log-rank test` asks whether the groups could share
# one curve. An axis ends where less than a tenth of the patients is still at risk. Recurrence-free survival is the
# paper's {term}`RFS`, which it calls PFS in places; the Data page says what counts as its event in this cohort, and
# from when its time runs.
# %% tags=["hide-input"]
analysis = read_result(cohort, "analysis.csv").set_index("patient_id", drop=False)
endpoints = {"os": "overall survival", "rfs": "recurrence-free survival"}
groupings = {column: name for column, name in {"mvi_present": "MVI", "dl_mvi": "DL-MVI"}.items() if column in analysis}
panels = survival_groups.survival_panels(analysis, endpoints=endpoints, groupings=groupings)
curves, kind = survival_groups.panel_curves(panels), page.spec.kind
summary = report.masked_events(survival_groups.panel_summary(panels), kind=kind)
write_result(cohort, "survival.csv", curves, inputs=["analysis.csv"])
write_result(cohort, "survival_summary.csv", summary, inputs=["analysis.csv"])
# %% tags=["hide-input"] mystnb={"figure": {"caption": "Fig. 3 of the paper, redrawn: overall (left) and recurrence-free survival (right) by histologic MVI and, where the cohort has it, by DL-MVI. Legends give the events of the patients and the median in months; bands are pointwise 95 % intervals, marks censored patients, numbers at risk beneath.", "name": "fig-survival"}}
ticks = np.arange(0, analysis["os_months"].max() + tick_months, tick_months)
at_risk = {key: survival.at_risk_table(t.months, t.event, ticks, group=t.group) for key, t in panels.items()}
by_group, until = ["endpoint", "group_by", "group"], max(map(survival.readable_until, at_risk.values()))
drawn = dict(iter(curves.merge(summary[[*by_group, "label"]]).groupby(["endpoint", "group_by"])))
numbers = {key: report.masked_at_risk(table, kind=kind) for key, table in at_risk.items()}
tests = summary.groupby(["endpoint", "group_by"])["p_value"].first().map(report.p_text)
figure, axes = plt.subplots(len(groupings), 2, figsize=(9.8, 4.4 * len(groupings)), squeeze=False)
for axis, key, letter in zip(axes.flat, panels, "ABCD"[: len(panels)], strict=True):
    style = {"at_risk": numbers[key], "ylabel": endpoints[key[0]], "until": until}
    figures.panel_letter(figures.survival_curves(drawn[key], axis, **style, note=f"log-rank p {tests[key]}"), letter)
figures.stamp(axes[0, 0], page.spec.kind)
alt = summary[summary["group_by"] == "mvi_present"].replace({"endpoint": endpoints})
alt = report.rows_told(alt, ["endpoint", "group"], digits=1, columns=("median", "ci_low", "ci_high"))
alt = f"Median months: {alt}; log-rank p {tests['os', 'mvi_present']} and {tests['rfs', 'mvi_present']}."
report.show_figure(page, figure, alt=alt, result="survival.csv")
# %% tags=["hide-input"]
read = report.masked_at_risk(survival_groups.panel_months(panels, until, step=report.reading_step(page)), kind=kind)
write_result(cohort, "survival_months.csv", read, inputs=["analysis.csv"])
report.survival_reader(page, read, endpoints | groupings, style=figures.group_style, result="survival_months.csv")
# %% [markdown]
# ## How long, and how many?
# The **median** is the first time at which at most half are free of the event. Shares are read off the curves as steps.
# %% tags=["hide-input"]
shared = [part[part["at_risk"] > 0].groupby("group")["months"].max().min() for part in at_risk.values()]
marks = [mark for mark in (24, horizon_months) if mark <= min(shared)]
parts = {key: kaplan_meier.survival_at(part, marks) for key, part in curves.groupby(by_group)}
shares = pd.concat(parts, names=[*by_group, "row"])
shares["text"] = report.interval_column(shares, digits=0, percent=True, columns=("survival", "ci_low", "ci_high"))
shares = shares.reset_index().pivot(index=by_group, columns="months", values="text")
# %% tags=["hide-input"]
shown = summary[["endpoint", "group", "n", "events"]].replace({"endpoint": endpoints})
shown["median"] = report.interval_column(summary, digits=1, columns=("median", "ci_low", "ci_high"))
shown = shown.join(summary[by_group].join(shares, on=by_group)[marks].fillna(""))
columns = [f"% free at {mark:g} months" for mark in marks]
shown.columns = ["End point", "Group", "Patients", "Events", "Median, months (95 % CI)", *columns]
caption = "Median survival by group, not reached where the curve stays above one half; share free of the event by then."
report.show_table(page, shown, caption, result="survival_summary.csv")
# %% [markdown]
# ## What difference does invasion make?
# The {term}`hazard ratio` of a Cox model {cite:p}`cox1972,efron1977` with Wald's interval, alone and with age, sex,
# AFP, hepatitis and grade held, is one number for the whole follow-up; the **test of proportional hazards** (score test
# {cite:p}`grambsch1994`) asks whether it drifts over time. The {term}`restricted mean` {cite:p}`royston2013` needs no
# such assumption: months free of the event, on average, up to a horizon.
# %% tags=["hide-input"]
names = [name for name in adjust_for.split() if name in page.spec.predictors]
contrasts = survival_groups.panel_contrasts(panels, predictor_table(analysis, names), until=marks[-1])
write_result(cohort, "survival_contrasts.csv", contrasts, inputs=["analysis.csv"])
keys, contrasts["text"] = ["endpoint", "group_by"], report.interval_column(contrasts)
wide = contrasts.pivot(index=keys, columns="quantity", values="text").sort_index(ascending=[True, False])
wide["drift"] = contrasts.query("quantity == 'hazard ratio'").set_index(keys)["drift_p"].map(report.p_text)
wide = wide[["hazard ratio", "drift", "adjusted hazard ratio", "months lost"]].reset_index()
wide = wide.replace({"endpoint": endpoints, "group_by": groupings})
wide.columns = ["End point", "By", "Hazard ratio (95 % CI)", "p, its drift", "Adjusted hazard ratio", "Months lost"]
caption = f"Present against absent; months lost of the restricted mean to {marks[-1]:g} months."
report.show_table(page, wide, caption, result="survival_contrasts.csv")
# %% tags=["hide-input"]
rfs, design = panels["rfs", "mvi_present"], analysis[["mvi_present"]].join(predictor_table(analysis, names))
ratios = hazard_table.hazard_ratios(design.loc[rfs.index], rfs["months"], rfs["event"])
write_result(cohort, "hazard_ratios.csv", ratios, inputs=["analysis.csv"])
ratios["text"] = report.interval_column(ratios, columns=("hazard_ratio", "ci_low", "ci_high"))
each = ratios.pivot(index="variable", columns="model", values="text").loc[list(design), ["alone", "adjusted"]]
each["drift"] = ratios.query("model == 'adjusted'").set_index("variable")["drift_p"].map(report.p_text)
each = each.rename(index=report.term_label).reset_index()
each.columns = ["Predictor of RFS", "Hazard ratio alone (95 % CI)", "Adjusted", "p, drift of the adjusted"]
report.show_table(page, each, "Cox models of recurrence or death: each alone, and all.", result="hazard_ratios.csv")
# %% tags=["remove-cell"]
medians = shown.assign(endpoint=summary["endpoint"]).set_index(["endpoint", "Group"])
told = contrasts.assign(drift=contrasts["drift_p"].map(report.p_text)).set_index([*keys, "quantity"])
for end, group in ((end, group) for end in endpoints for group in ("present", "absent")):
    report.publish(f"{end}_{group}", medians.loc[(end, f"MVI {group}"), "Median, months (95 % CI)"])
for end in endpoints:
    report.publish(f"{end}_events", int(medians.loc[(end, "all patients"), "Events"]))
    report.publish(f"{end}_p", tests[end, "mvi_present"])
report.publish("follow_up", survival.median_follow_up(*panels["os", "mvi_present"][["months", "event"]].to_numpy().T))
report.publish("adjusted", told.loc[("rfs", "mvi_present", "adjusted hazard ratio"), "text"] or "not estimable")
report.publish("lost", told.loc[("rfs", "mvi_present", "months lost"), "text"])
report.publish("drift", told.loc[("rfs", "mvi_present", "adjusted hazard ratio"), "drift"] or "not estimable")
# %% [markdown]
# ## Answer
# There are {glue:text}`os_events` deaths and {glue:text}`rfs_events` events of recurrence-free survival; median
# follow-up for survival, by reverse Kaplan-Meier, is {glue:text}`follow_up` months. The median overall survival in
# months is {glue:text}`os_present` with invasion and {glue:text}`os_absent` without (log-rank p {glue:text}`os_p`); the
# median recurrence-free survival is {glue:text}`rfs_present` and {glue:text}`rfs_absent` (p {glue:text}`rfs_p`). With
# the other predictors held, invasion has a hazard ratio of {glue:text}`adjusted` for recurrence or death (p for a drift
# of the ratio over time {glue:text}`drift`); patients with invasion lose {glue:text}`lost` months free of both within
# the horizon.
#
# **What it is worth.** {glue:text}`worth`. Intervals and tests hold the chance in the patients, as long as those who
# were lost fared like those who stayed.
#
# **What this page cannot show.** Groups that differ in invasion differ in much else than five predictors. Times near
# the end of follow-up rest on few patients, as the numbers at risk say. Where the hazard ratio drifts, it is an average
# that depends on how long one looks. Survival of reconstructed and phantom patients was made to meet the printed
# medians: it shows what these medians imply, not how patients fare. Why nobody dies in the first years
# there is told in [chapter 11](../paper/11_solutions.ipynb).

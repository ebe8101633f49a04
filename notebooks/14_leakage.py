# %% [markdown]
# # How much of a score can a leak make?
# Paper: Methods, steps 2 and 4 (27 combinations of a patient's slices); Results, Tables 2 and 3.
# Reads `leakage.csv`, `counting.csv` and `in_sample.csv`, and the stored `null_seeds.csv`.
# %% tags=["parameters", "remove-cell"]
cohort = "phantom"  # cohort id in data_manifest/cohorts/
# %% tags=["hide-input"]
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

from mvi_core import figures, report
from mvi_core.dataset.phantom_control import read_controls
from mvi_core.results import read_result, read_stored
from mvi_core.stats.clusters import doubled_variance

figures.theme()
page = report.open_page("14_leakage", cohort)
# %% [markdown]
# ## Cohorts with a known answer
# A leak is a way by which a model meets the patients it is judged on {cite:p}`kapoor2023,yagis2021`. It cannot be seen
# in patients, because nobody knows what an honest score would have been. In a simulated cohort it is known. Each cohort
# below has a development year and a later year; all use the generator of the phantom.
# %% tags=["hide-input"]
controls = pd.DataFrame(read_controls()).T.drop(columns="sign_effect").rename(columns={"title": "cohort"})
controls = controls.replace("_", " ", regex=True)
caption = "The control cohorts: what was done to labels, lesion sizes and scanner, and what an honest score must be."
report.show_table(page, controls, caption)
# %% [markdown]
# ## The ladder
# One small network, its settings always the same, is judged five times. **In-sample**: on the patients it was trained
# on. **Split by combination**: on combinations it has not seen, of slices that it has. **Split by slice**: on slices it
# has not seen, of patients whom it has. **Split by patient**: on patients it has not seen. **Later year**: on patients
# of another year. A patient's score is the mean over the combinations that are judged.
# %% tags=["hide-input"]
ladders = read_result(cohort, "leakage.csv")
ladders["protocol"] = ladders["protocol"].str.replace("by ", "split by ").replace({"majority.*": None}, regex=True)
steps = ["in-sample", "split by combination", "split by slice", "split by patient", "later year"]
kinds = dict(zip(steps, ["leaky"] * 3 + ["honest"] * 2, strict=True))
ladders["kind"] = ladders["protocol"].map(kinds).fillna("no network")
areas = ladders[ladders["metric"] == "auc"].dropna(subset=["protocol"])
# %% tags=["hide-input"] mystnb={"figure": {"caption": "The ladder of leaks: AUC of one network under five protocols on four simulated cohorts, with 95 % intervals by patient. Squares are leaky protocols, dots honest ones; open diamonds need no network.", "name": "fig-ladder"}}
figure, axes = plt.subplots(2, 2, figsize=(10, 9), sharey=True, sharex=True)
for panel, name in zip(axes.flat, controls["cohort"], strict=True):
    figures.protocol_ladder(areas[areas["cohort"] == name], panel, title=name, note="AUC, 95 % CI")
    panel.label_outer()
figures.stamp(axes.flat[0], page.spec.kind)
null, lure = (areas[areas["cohort"] == name].query("kind != 'no network'") for name in ("Null", "Shortcut"))
alt = f"AUC where labels are chance: {report.rows_told(null, 'protocol')}; shortcut: {report.rows_told(lure, 'protocol')}."
report.show_figure(page, figure, alt=alt, n=" and ".join(map(str, areas["n"].unique())), result="leakage.csv")
# %% tags=["hide-input"]
ladders["text"] = report.interval_column(ladders)
wide = ladders[ladders["kind"] != "no network"].pivot(index=["cohort", "protocol"], columns="metric", values="text")
labels = {"auc": "AUC", "over by patient": "over split by patient", "over later year": "over later year"}
rows = [(name, step) for name in controls["cohort"] for step in steps]
shown = wide.loc[rows, list(labels)].rename(columns=labels).rename_axis(None, axis=1).reset_index()
caption = "AUC by protocol, and its inflation over the two honest ones, with 95 % intervals by patient."
report.show_table(page, shown, caption, result="leakage.csv")
# %% [markdown]
# ## Is an honest score honest?
# Where the labels are chance, an interval should miss one half about once in twenty repetitions (even an exact one misses
# it twice or more in a quarter of all such series of twenty). Each repetition has its own patients, labels, images, folds
# and weights. Models of a cross-fit are trained on one another's test patients, so that each pair of patients counts
# twice; where there is nothing to find this doubles the variance of the AUC. The intervals of the split by patient have
# it doubled.
# %% tags=["hide-input"] mystnb={"figure": {"caption": "The null cohort, seed by seed: AUC with 95 % interval by patient; open dots are intervals that miss one half.", "name": "fig-null-seeds"}}
stored, record = read_stored("null_seeds.csv")
stored["protocol"] = stored["protocol"].str.replace("by ", "split by ")
fixed = stored.query("protocol == 'split by patient' and ci_low <= 0.5 <= ci_high")
crossed = stored["protocol"] == "split by patient"
ends = doubled_variance(*(stored.loc[crossed, name] for name in ["value", "ci_low", "ci_high"]))
stored.loc[crossed, ["ci_low", "ci_high"]] = np.column_stack(ends)
stored["covers"] = (stored["ci_low"] <= 0.5) & (stored["ci_high"] >= 0.5)
figure, axes = plt.subplots(1, 3, figsize=(10, 4.4), sharex=True)
for panel, name in zip(axes, ["in-sample", "split by patient", "later year"], strict=True):
    figures.covering_intervals(stored[stored["protocol"] == name], panel, title=name)
figures.stamp(axes[0], page.spec.kind)
hits = {name: f"{covers.sum()} of {len(covers)}" for name, covers in stored.groupby("protocol")["covers"]}
alt = f"Intervals that cover one half, of all: {report.pairs_told(hits)}."
report.show_figure(page, figure, alt=alt, n=" and ".join(map(str, stored["n"].unique())), stored="null_seeds.csv")
# %% [markdown]
# ## Three ways of counting a patient
# Three sequences of three slices make many combinations of one patient. The paper scores the **first slice** of each
# sequence; we also score the **mean** over all combinations; its training counts every combination as a **case**. Cases
# of one patient are alike, so an interval that takes them for patients is too narrow. Ours resamples whole patients.
# This table and the next are of the book's own network on the phantom cohort.
# %% tags=["hide-input"]
counting = read_result(cohort, "counting.csv")
shown = counting[["year", "way", "n_cases"]].rename(columns={"way": "counted", "n_cases": "cases"})
labels = {"accuracy": "Accuracy, %", "over_first": "Over the first slice, %", "naive": "As if cases were patients, %"}
for name, label in labels.items():
    ends = (name.replace("naive", "accuracy"), f"{name}_low", f"{name}_high")
    shown[label] = report.interval_column(counting, digits=1, percent=True, columns=ends)
caption = "Accuracy by the way a patient is counted; 95 % intervals by patient, but for the last column."
report.show_table(page, shown, caption, result="counting.csv")
# %% [markdown]
# ## DL-MVI of the patients who trained it
# The paper does not say whether DL-MVI of its first year, which enters Table 3 and the nomogram, came from a network
# that was trained on those patients. Here it is both ways, on the same patients. Odds ratios have one half added to
# each cell; their inflation is a ratio.
# %% tags=["hide-input"]
beside = read_result(cohort, "in_sample.csv")
numbers = ["value", "ci_low", "ci_high"]
odds = beside["metric"] == "log_odds_ratio"
beside.loc[odds, numbers] = np.exp(beside.loc[odds, numbers])
beside["text"] = report.interval_column(beside)
words = {"auc": "AUC", "accuracy": "accuracy", "log_odds_ratio": "odds ratio of DL-MVI"}
table = beside.assign(metric=beside["metric"].map(words)).pivot(index="metric", columns="way", values="text")
table = table.loc[list(words.values()), ["in-sample", "cross-fitted", "inflation"]].rename_axis(None, axis=1)
caption = f"DL-MVI of {beside['n'].iloc[0]} development patients, judged by the model they trained and by models they did not."
report.show_table(page, table.reset_index(), caption, result="in_sample.csv")
# %% tags=["remove-cell"]
said = ladders[ladders["kind"] != "no network"].set_index(["cohort", "protocol", "metric"])
cell = said["text"].to_dict()
report.publish("null_inside", cell["Null", "in-sample", "auc"])
report.publish("null_slice", cell["Null", "split by slice", "over by patient"])
report.publish("null_patient", cell["Null", "split by patient", "auc"])
report.publish("shortcut_patient", cell["Shortcut", "split by patient", "auc"])
report.publish("shortcut_later", cell["Shortcut", "later year", "auc"])
report.publish("trivial", cell["Trivial", "later year", "auc"])
report.publish("phantom_inside", cell["The phantom, small", "in-sample", "over by patient"])
# %% tags=["remove-cell"]
width = (said["ci_high"] - said["ci_low"]).sort_index()["Null", "split by patient"]
report.publish("narrow", f"{width['auc, combinations as cases'] / width['auc, combinations as patients']:.1f} times")
report.publish("covered", " and ".join(hits[name] for name in steps[3:]))
report.publish("covered_fixed", f"{len(fixed)} of {crossed.sum()}")
report.publish("inflated", " and ".join(table.loc[["accuracy", "AUC"], "inflation"]))
report.publish("odds_inflated", table.loc["odds ratio of DL-MVI", "inflation"])
# %% [markdown]
# ## Answer
# A leak alone can make a score that looks like a finding.
#
# - Where there is nothing to find, the network judged in-sample reaches an AUC of {glue:text}`null_inside`. A split by
#   slice adds {glue:text}`null_slice` to the split by patient, which finds {glue:text}`null_patient`.
# - A split by patient is not enough where something else gives the grade away: on the shortcut cohort it shows
#   {glue:text}`shortcut_patient`, and the later year {glue:text}`shortcut_later`.
# - Low scores are not a fault of the network: a sign that nobody can miss is found everywhere
#   ({glue:text}`trivial` in the later year).
# - Honest intervals covered one half in {glue:text}`covered` repetitions, split by patient and in the later year
#   (split by patient in {glue:text}`covered_fixed` if the scores are taken as given); counting combinations as patients
#   would make them {glue:text}`narrow` too narrow.
# - On the phantom the paper's possible way of taking DL-MVI in-sample adds {glue:text}`inflated` to accuracy and AUC,
#   and multiplies the odds ratio of DL-MVI by {glue:text}`odds_inflated`.
#
# On the small phantom the later year comes out as high as in-sample: its model had half as many training patients
# again, and few patients leave wide intervals.
#
# **What it is worth.** {glue:text}`worth`. In these cohorts the honest score is known, so that the inflation is
# measured and not guessed.
#
# **What this page cannot show.** Whether the paper's numbers hold a leak. It shows how large one could be for a small
# network on small images; a larger network remembers more. The intervals of the split by patient are right where
# there is nothing to find and too wide where there is much; those of the inflation take the scores as given and are too narrow.

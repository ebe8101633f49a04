# %% [markdown]
# # Who are the patients?
# Paper: Methods, *Study design and patient population*, and *Statistical analysis*.
# Reads `patients.csv`, `flow.csv` and `quality.csv`; writes `missing.csv` and `follow_up.csv`.
# %% tags=["parameters", "remove-cell"]
cohort = "paper"  # cohort id in data_manifest/cohorts/
# %% tags=["hide-input"]
import matplotlib.pyplot as plt
import pandas as pd

from mvi_core import figures, report
from mvi_core.cohort.dictionary import dictionary
from mvi_core.cohort.flow import missing_table
from mvi_core.results import read_result, write_result
from mvi_core.stats.survival import median_follow_up

figures.theme()
page = report.open_page("01_cohort", cohort)
# %% tags=["hide-input"]
patients = read_result(cohort, "patients.csv")
flow = read_result(cohort, "flow.csv")
quality = read_result(cohort, "quality.csv")
# %% [markdown]
# ## From source to study
# Each step of the flow says how many patients left and why. Nobody is dropped without a line here.
# %% tags=["hide-input"] mystnb={"figure": {"caption": "Inclusion flow: patients left after each step, and those who left with the reason.", "name": "fig-flow"}}
figure, axes = plt.subplots(figsize=(7, 1.2 + 1.1 * len(flow)))
figures.stamp(figures.flow_chart(flow, axes), page.spec.kind)
alt = f"Flow chart: {flow['n_excluded'].sum():.0f} patients of the source left out, {len(patients)} in the study."
report.show_figure(page, figure, alt=alt, result="flow.csv")
# %% [markdown]
# ## What was measured
# %% tags=["hide-input"]
missing = missing_table(patients).query("n_missing < n")
missing["label"] = missing["column"]
write_result(cohort, "missing.csv", missing, inputs=["patients.csv"])
# %% tags=["hide-input"] mystnb={"figure": {"caption": "Missing values of each variable that the cohort holds.", "name": "fig-missing"}}
figure, axes = plt.subplots(figsize=(7, 1 + 0.27 * len(missing)))
figures.stamp(figures.missing_bars(missing, axes), page.spec.kind)
worst = missing.loc[missing["n_missing"].idxmax()]
alt = f"Of {len(missing)} variables {(missing['n_missing'] == 0).sum()} are complete"
alt += f"; most are missing of {worst['label']}: {worst['n_missing']} of {worst['n']}" * bool(worst["n_missing"]) + "."
report.show_figure(page, figure, alt=alt, n=len(patients), result="missing.csv")
# %% [markdown]
# ## What each column means
# The data dictionary, of the columns that this cohort has: one unit and one coding for every source.
# %% tags=["hide-input"]
words = dictionary().loc[missing["column"], ["meaning", "unit", "coding"]]
words["known"] = (missing["n"] - missing["n_missing"]).to_numpy()
words.columns = ["Meaning", "Unit", "Coding, or cut-off", "Known"]
report.show_table(
    page, words.rename_axis("Column").reset_index(), "Columns of the patient table.", result="missing.csv"
)
# %% [markdown]
# ## How the values were read
# Each rule that changed or refused a value of the source, with its count. An empty table means that nothing was
# changed.
# %% tags=["hide-input"]
told = quality.set_axis(["Column", "Rule", "Values met", "Converted", "Set missing"], axis=1)
report.show_table(page, told, "Values converted or set missing.", result="quality.csv")
# %% [markdown]
# ## How long they were followed
# Follow-up is the median of a reversed {term}`Kaplan-Meier curve`: the time to the end of follow-up, with the event as
# what hides it {cite:p}`schemper1996`. The table is empty where no survival analysis is claimed.
# %% tags=["hide-input"]
ends = {"os": "overall survival", "rfs": "recurrence-free survival"} if page.spec.analyses["survival"] else {}
times = {
    end: patients[[f"{end}_months", f"{end}_event"]].dropna().set_axis(["months", "event"], axis=1) for end in ends
}
rows = [
    (ends[end], len(table), int(table["event"].sum()), estimate.value, estimate.low, estimate.high)
    for end, table in times.items()
    for estimate in [median_follow_up(table["months"], table["event"])]
]
followed = pd.DataFrame(rows, columns=["endpoint", "n", "events", "median", "ci_low", "ci_high"])
write_result(cohort, "follow_up.csv", followed, inputs=["patients.csv"])
names = ["End point", "Patients", "Events", "Median, months", "from", "to"]
shown = followed.round(1).replace(float("inf"), "not reached").set_axis(names, axis=1)
notes = [note for note in page.spec.notes if note.startswith("No survival")]
report.show_table(page, shown, "Events and follow-up (95 % CI).", result="follow_up.csv", notes=notes)
# %% tags=["hide-input"]
report.publish("n_patients", f"{len(patients)}")
report.publish("n_present", f"{int(patients['mvi_present'].sum())}")
report.publish("share_present", f"{100 * patients['mvi_present'].mean():.1f} %")
report.publish("n_excluded", f"{int(flow['n_excluded'].sum())}")
report.publish("n_complete", f"{int((missing['n_missing'] == 0).sum())} of {len(missing)}")
# %% [markdown]
# ## Answer
# The study holds {glue:text}`n_patients` patients; {glue:text}`n_present` ({glue:text}`share_present`) have
# {term}`microvascular invasion <MVI>` in the specimen. {glue:text}`n_excluded` patients of the source were excluded.
# {glue:text}`n_complete` variables are complete.
#
# **What it is worth.** {glue:text}`worth`. The counts describe these patients exactly, so that they carry no interval.
#
# **What this page cannot show.** Patients who were never operated on are in no cohort of this kind, so nothing here
# extends to them. A reconstructed cohort holds the printed margins and cannot tell who was excluded before counting.

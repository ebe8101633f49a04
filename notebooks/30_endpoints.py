# %% [markdown]
# # Does the answer hang on the definition of the end point?
# Paper: Results, *Predictors of survival*; it counts recurrences and deaths and calls one of them PFS in places.
# Reads `analysis.csv` and the source's own records; writes `endpoints.csv`.
# %% tags=["parameters", "remove-cell"]
cohort = "tcga-lihc"  # cohort id in data_manifest/cohorts/
adjust_for: str = "age_gt_50 sex_female afp_gt_20 hepatitis edmondson_3_4"  # predictors held in the adjusted model
# %% tags=["hide-input"]
import matplotlib.pyplot as plt
import pandas as pd

from mvi_core import figures, report
from mvi_core.cohort.endpoints import ENDPOINTS, read_endpoints
from mvi_core.cohort.predictors import predictor_table
from mvi_core.manifest import locate
from mvi_core.results import read_result, write_result
from mvi_core.stats.hazard_table import model_rows

figures.theme()
page = report.open_page("30_endpoints", cohort)
# %% [markdown]
# ## Six readings of the same records
# The source has a status and months of recurrence or progression, a status and months of death, the resection margin, and for
# some patients whether a new tumour was found. All times run from the diagnosis; how long after it a patient was operated on is
# not in the source. A definition says which of these end the time, and who is asked at all.
# %% tags=["hide-input"]
analysis = read_result(cohort, "analysis.csv").set_index("patient_id", drop=False)
follow_up = read_endpoints(locate("tcga_patients")).set_index("patient_id")
counts = follow_up.groupby("endpoint", sort=False)["event"].agg(["size", "sum"]).astype(int)
shown = counts.assign(definition=pd.Series(ENDPOINTS))[["definition", "size", "sum"]].reset_index()
shown.columns = ["End point", "Definition", "Patients", "Events"]
notes = [f"Of {len(analysis)} patients; without those who have no such time, or 0 months without an event."]
report.show_table(page, shown, "Definitions, and whom they count.", result="endpoints.csv", notes=notes)
# %% [markdown]
# ## Invasion and each of them
# **Hazard ratio** of microvascular invasion in a Cox model (Efron's ties, Wald interval), alone and with age, sex, AFP,
# hepatitis and grade held. The last column tests whether the hazard ratio drifts over time, which would make it an average.
# %% tags=["hide-input"]
names = [name for name in adjust_for.split() if name in page.spec.predictors]
design = analysis[["mvi_present"]].astype(float).join(predictor_table(analysis, names))
parts = {
    (name, model): model_rows(design.loc[part.index, columns], part["months"], part["event"]).iloc[[0]]
    for name, part in follow_up.groupby("endpoint", sort=False)
    for model, columns in {"alone": ["mvi_present"], "adjusted": list(design)}.items()
}
ratios = pd.concat(parts, names=["endpoint", "model"]).reset_index(["endpoint", "model"])
write_result(cohort, "endpoints.csv", ratios, inputs=["analysis.csv"])
# %% tags=["hide-input"] mystnb={"figure": {"caption": "Hazard ratio of microvascular invasion under six definitions of the end point, alone and adjusted, with 95 % intervals.", "name": "fig-endpoints"}}
drawn = ratios.rename(columns={"hazard_ratio": "odds_ratio", "endpoint": "label", "model": "group"})
figure, axes = plt.subplots(figsize=(8, 4.8))
figures.forest_groups(drawn, axes, note="hazard ratio, microvascular invasion against none (log scale), 95 % CI")
figures.stamp(axes, page.spec.kind)
alt = f"Hazard ratios of invasion by end point: {report.forest_told(drawn, ['label', 'group'])}."
n = " to ".join(str(ratios["n"].agg(end)) for end in ("min", "max"))
report.show_figure(page, figure, alt=alt, n=n, result="endpoints.csv")
# %% tags=["hide-input"]
ratios["text"] = report.interval_column(ratios, columns=("hazard_ratio", "ci_low", "ci_high"))
ratios["p"], ratios["drift"] = ratios["p_value"].map(report.p_text), ratios["drift_p"].map(report.p_text)
ratios["counted"] = ratios["events"].astype(str) + " / " + ratios["n"].astype(str)
wide = ratios.pivot(index="endpoint", columns="model", values=["counted", "text", "p", "drift"]).loc[list(ENDPOINTS)]
keys = [(key, model) for model in ("alone", "adjusted") for key in ("counted", "text", "p", "drift")]
shown = wide[keys].reset_index()
columns = ("events / n", "hazard ratio (95 % CI)", "p", "p, drift")
shown.columns = ["End point", *(f"{model}: {name}" for model in ("Alone", "Adjusted") for name in columns)]
notes = ["The adjusted models leave out patients with a missing predictor, most of them without AFP."]
report.show_table(page, shown, "Hazard ratios of invasion.", result="endpoints.csv", notes=notes)
# %% tags=["remove-cell"]
alone = ratios[ratios["model"] == "alone"].set_index("endpoint")
adjusted = ratios[ratios["model"] == "adjusted"].set_index("endpoint")
for short, name in {"death": "death", "either": "recurrence or death", "source": "as the source has it"}.items():
    report.publish(f"{short}_alone", alone.loc[name, "text"])
    report.publish(f"{short}_adjusted", adjusted.loc[name, "text"])
recurring = alone.drop(index="death")["hazard_ratio"]
report.publish("least", f"{recurring.min():.2f}")
report.publish("most", f"{recurring.max():.2f}")
report.publish("n_lost", int(counts.loc["recurrence or death", "size"] - counts.loc["as the source has it", "size"]))
report.publish("n_above", f"{(alone['ci_low'] > 1).sum()} of {len(alone)}")
report.publish("n_above_adjusted", f"{(adjusted['ci_low'] > 1).sum()} of {len(adjusted)}")
# %% [markdown]
# ## Answer
# Invasion goes with recurrence or death with a hazard ratio of {glue:text}`either_alone` alone and {glue:text}`either_adjusted`
# adjusted; with death alone, {glue:text}`death_alone` and {glue:text}`death_adjusted`. Over the five definitions that count
# recurrence the unadjusted hazard ratio runs from {glue:text}`least` to {glue:text}`most`. The interval lies above 1 in
# {glue:text}`n_above` definitions without and in {glue:text}`n_above_adjusted` with adjustment. Taking the source's status as it
# stands drops {glue:text}`n_lost` patients, who died without a recorded recurrence: that reading asks only those who did not
# die first.
#
# **What it is worth.** {glue:text}`worth`. Every definition is asked of the same records, so that what differs
# between them is the definition and whom it counts.
#
# **What this page cannot show.** Which definition is right depends on the question, not on the data. Progression of a tumour that
# was left behind and recurrence of one that was removed share a status in the source; the definition after R0 tells them apart
# only as far as the margin does. Follow-up differs between hospitals, and patients were not examined at fixed times.

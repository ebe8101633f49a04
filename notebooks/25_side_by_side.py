# %% [markdown]
# # How does the same model do in one cohort after the other?
# Paper: Results, *Generalization between different cohorts*: one later year of one hospital.
# Reads `analysis.csv` of every cohort of the book; writes `side_by_side.csv` and `afp_part.csv`.
# %% tags=["parameters", "remove-cell"]
cohort = "phantom"  # cohort whose model is judged
threshold: float = 0.3  # threshold probability of the net benefit
n_bootstrap: int = 2000  # patient-level resamples behind the intervals of the net benefit
seed: int = 2022  # seeds every random generator of this page
# %% tags=["hide-input"]
import numpy as np
import pandas as pd

from mvi_core import report
from mvi_core.cohort.enrolment import development_and_external
from mvi_core.cohort.predictors import predictor_table
from mvi_core.cohort.spec import load_spec
from mvi_core.pages import study_cohorts
from mvi_core.report.page import model_words
from mvi_core.results import read_result, result_path, write_result
from mvi_core.stats.external import external_performance, printed_slope

page = report.open_page("25_side_by_side", cohort)
# %% [markdown]
# ## Every cohort by itself
# One row a cohort whose images a network judges that has not seen them: the later year of the phantom, and every cohort of a
# hospital's own. Cohorts are never pooled; each row is a validation of its own. **AUC** says how well the risks rank patients,
# the **intercept** (ideal 0) and the **slope** (ideal 1) whether they come true, the **net benefit** what acting on them would
# be worth beside treating everybody.
# %% tags=["hide-input"]
present = [name for name in study_cohorts(page.study) if result_path(name, "analysis.csv").is_file()]
specs = {name: load_spec(name) for name in present}
tables = {name: read_result(name, "analysis.csv") for name in present}
judged = {name: development_and_external(tables[name])[1] for name in present if "dl_risk" in tables[name]}
judged = {name: rows for name, rows in judged.items() if rows["mvi_present"].nunique() > 1}
told = {"threshold": threshold, "n_bootstrap": n_bootstrap, "rng": np.random.default_rng(seed)}
parts = {name: external_performance(rows["mvi_present"], rows["dl_risk"], **told) for name, rows in judged.items()}
every = pd.concat(parts, names=["cohort"]).reset_index("cohort").reset_index(drop=True)
made = {"parameters": {"seed": seed, "threshold": threshold, "n_bootstrap": n_bootstrap}}
write_result(cohort, "side_by_side.csv", every, inputs=[f"../{name}/analysis.csv" for name in judged], **made)
# %% tags=["hide-input"]
wide = (
    every.assign(text=report.interval_column(every))
    .pivot(index="cohort", columns="metric", values="text")
    .loc[list(judged)]
)
counts = pd.DataFrame({"n": [len(rows) for rows in judged.values()]}, index=wide.index)
counts["events"] = [int(rows["mvi_present"].sum()) for rows in judged.values()]
counts = counts.assign(others=counts["n"] - counts["events"])
masked = {name: report.masked_counts(counts.loc[[name]], kind=specs[name].kind, total="n").iloc[0] for name in judged}
# %% tags=["hide-input"]
shown = pd.DataFrame(masked).T[["n", "events"]].join(wide[["auc", "intercept", "slope", "net_benefit", "treat_all"]])
shown.insert(0, "Cohort", [f"{specs[name].title} ({specs[name].kind})" for name in judged])
shown.columns = ["Cohort", "n", "Events", "AUC", "Intercept", "Slope", "Net benefit", "Treating all"]
notes = [f"{specs[name].title}: {model_words(specs[name])}" for name in judged if specs[name].frozen]
notes += [f"Net benefit at {100 * threshold:.0f} %, bootstrap; AUC with DeLong's, calibration with Wald's interval."]
notes += [report.MASKED_NOTE] if report.MASKED in shown.to_numpy() else []
caption = "A network in patients whom it has not seen; each cohort by itself, with 95 % intervals."
report.show_table(page, shown, caption, result="side_by_side.csv", notes=notes)
# %% [markdown]
# ## The part of the formula that needs no image
# The paper's formula holds AFP and DL-MVI. Without images only its AFP part can be looked at: how well AFP above its cut-off
# ranks patients, and the **slope**, the log odds ratio of these patients over the printed coefficient. That coefficient was
# adjusted for DL-MVI and three enzymes, so that even the patients rebuilt from the print have a slope below one. Intercept and
# net benefit are not defined for half a formula.
# %% tags=["hide-input"]
known = {name: table.set_index("patient_id", drop=False) for name, table in tables.items()}
known = {
    name: rows for name, rows in known.items() if specs[name].kind != "phantom" and rows["afp_ng_ml"].notna().any()
}
afp = {name: predictor_table(rows, ["afp_gt_20"])["afp_gt_20"].dropna() for name, rows in known.items()}
printed = report.paper_values().loc["formula_afp_coefficient", "value"]
# %% tags=["hide-input"]
halves = {
    name: printed_slope(part.to_numpy(), known[name].loc[part.index, "mvi_present"].to_numpy(), coefficient=printed)
    for name, part in afp.items()
}
half = pd.concat(halves, names=["cohort"]).reset_index("cohort").reset_index(drop=True)
write_result(cohort, "afp_part.csv", half, inputs=[f"../{name}/analysis.csv" for name in known])
wide = (
    half.assign(text=report.interval_column(half))
    .pivot(index="cohort", columns="metric", values="text")
    .loc[list(known)]
)
shown = pd.DataFrame({"Cohort": [f"{specs[name].title} ({specs[name].kind})" for name in known]}, index=wide.index)
shown = shown.assign(n=[len(part) for part in afp.values()]).join(wide)
shown.columns = ["Cohort", "n", "AUC of AFP alone", "Slope"]
report.show_table(page, shown, "The AFP part of the printed formula, each cohort by itself.", result="afp_part.csv")
# %% tags=["remove-cell"]
report.publish("n_judged", len(judged))
aucs = zip(judged, report.interval_column(every[every["metric"] == "auc"]), strict=True)
report.publish("aucs", "; ".join(f"{specs[name].title} {text}" for name, text in aucs))
report.publish("slopes", "; ".join(f"{specs[name].title} {text}" for name, text in wide["slope"].items()))
# %% [markdown]
# ## Answer
# External cohorts judged by a network: {glue:text}`n_judged`. AUC: {glue:text}`aucs`. The AFP part of the printed formula has a
# slope of: {glue:text}`slopes`. The slope of the reconstructed cohort, and not one, is what the print leads to expect of AFP
# alone; the others are to be held against it, with their intervals in mind.
#
# **What it is worth.** {glue:text}`worth`. That is said of the phantom's row; the row of a real cohort or of
# your own is evidence about patients like its own.
#
# **What this page cannot show.** Cohorts differ in who was operated on, scanned and graded, so a difference between two rows
# is no difference between two models. A network that learned from simulated images says nothing about real patients: their
# row shows that the way from DICOM to a validation works, and no more.

# %% [markdown]
# # Was the study large enough?
# Paper: Methods, *Statistical analysis*, which names no sample size calculation.
# Reads `analysis.csv`; writes `study_size.csv`, `grades_size.csv` and `validation_size.csv`.
# %% tags=["parameters", "remove-cell"]
cohort = "paper"  # cohort id in data_manifest/cohorts/
threshold: float = 0.3  # threshold probability of the net benefit
# %% tags=["hide-input"]
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

from mvi_core import figures, report
from mvi_core.cohort.enrolment import development_and_external
from mvi_core.cohort.predictors import predictor_table
from mvi_core.results import read_result, write_result
from mvi_core.stats import sample_size
from mvi_core.stats.discrimination import auc
from mvi_core.stats.logistic import fit_logistic, predict
from mvi_core.stats.validation_size import validation_size

figures.theme()
page = report.open_page("19_study_size", cohort)
# %% tags=["hide-input"]
analysis = read_result(cohort, "analysis.csv").set_index("patient_id", drop=False)
predictors = predictor_table(analysis, page.spec.multivariable).dropna()
present = analysis.loc[predictors.index, "mvi_present"]
n, events, prevalence = len(present), int(present.sum()), present.mean()
fit = fit_logistic(predictors, present)
area = auc(present, predict(fit, predictors))
candidates = len({*page.spec.predictors, *page.spec.multivariable})
models = {"variables of the model": len(page.spec.multivariable), "all variables looked at": candidates}
# %% [markdown]
# ## To develop a model
# Riley's criteria {cite:p}`riley2020` ask for so many patients that the model needs {term}`shrinkage` of no more than a
# tenth, that its explained variation is not **optimistic** by more than one twentieth, and that the **mean risk** is
# known to one twentieth. Variables that were looked at and dropped count. How much the model will explain must be
# anticipated: the cautious default is fifteen per cent of what is possible; the values after it were seen in the very
# patients, and flatter.
# %% tags=["hide-input"]
most = sample_size.largest_r_squared(prevalence)
anticipated = {"15 % of the largest R²": 0.15 * most, "R² of the model here": fit.r_squared}
needed = sample_size.development_size(n, events, models, anticipated=anticipated)
write_result(cohort, "study_size.csv", needed, inputs=["analysis.csv"])
shown = needed[["model", "parameters", "anticipated", "n_shrinkage", "n_optimism", "n_mean_risk", "n_required"]]
shown = shown.assign(shrinkage=needed["shrinkage"].map("{:.2f}".format), n=n)
shown["epv"] = [
    f"{a:.1f} of {b:.1f}" for a, b in needed[["events_per_parameter", "events_per_parameter_needed"]].to_numpy()
]
names = ["Model", "Parameters", "Anticipated", "n, shrinkage", "n, optimism", "n, mean risk", "n needed"]
shown.columns = [*names, "Shrinkage expected here", "n here", "Events per parameter, of needed"]
caption = "Patients needed to develop a model, and what these patients give."
report.show_table(page, shown.map(report.grouped), caption, result="study_size.csv")
# %% [markdown]
# ## Why ten events per variable is no answer
# The number of patients that a model needs depends on how many parameters it has, how common invasion is, **and** how
# well it can be predicted. Ten events per variable {cite:p}`vansmeden2016` knows only the first two.
# %% tags=["hide-input"] mystnb={"figure": {"caption": "Patients needed by Riley's criteria against the anticipated AUC; dotted: ten events per parameter; solid grey: patients of this cohort.", "name": "fig-study-size"}}
areas = [i / 100 for i in range(60, 95)]
expected = {f"{value:.2f}": sample_size.r_squared_from_auc(value, prevalence) for value in areas}
curve = sample_size.development_size(n, events, models, anticipated=expected)
curve = curve.assign(
    auc=curve["anticipated"].astype(float), rule=10 * curve["parameters"] / min(prevalence, 1 - prevalence)
)
figure, axes = plt.subplots(figsize=(7, 4.4))
figures.patients_needed(curve, axes, n=n)
figures.stamp(axes, page.spec.kind)
alt = report.pairs_told(curve[curve["anticipated"] == "0.80"].set_index("model")["n_required"])
alt = f"Patients needed at an anticipated AUC of 0.80: {alt}; here are {n}."
report.show_figure(page, figure, alt=alt, result="study_size.csv")
# %% [markdown]
# ## For three grades
# A multinomial model of M0, M1 and M2 has two equations, and its rarest pair of grades decides {cite:p}`pate2023`. No
# such rule exists for a network: it has far more weights than patients and is held back by early stopping, not by their
# number.
# %% tags=["hide-input"]
grades = analysis.loc[predictors.index, "mvi_grade"].value_counts().sort_index()
several = models if len(grades) > 2 else {}
rows = [{"model": name} | sample_size.required_n_multinomial(k, grades) for name, k in several.items()]
of_grades = pd.DataFrame(rows, columns=["model", "shrinkage", "optimism", "mean risk"])
write_result(cohort, "grades_size.csv", of_grades, inputs=["analysis.csv"])
shown = of_grades.set_axis(["Model", "n, shrinkage", "n, optimism", "n, mean risk"], axis=1)
counted = ", ".join(f"{grade} {count}" for grade, count in grades.items())
notes = [f"Patients here: {counted or 'no grades in this cohort'}. Anticipated: 15 % of the largest R² of each pair."]
shown = shown.map(report.grouped)
report.show_table(page, shown, "Patients needed for a model of three grades.", result="grades_size.csv", notes=notes)
# %% [markdown]
# ## To validate a model
# In new patients a model is judged by the ratio of observed to expected invasion, the calibration slope, the AUC and
# the net benefit; each needs its number of patients to be known with some precision {cite:p}`riley2021,riley2024`.
# Shown is the width of the interval that the later year, or all patients of a cohort without years, would give for a
# calibrated model of this AUC.
# %% tags=["hide-input"]
n_later = len(development_and_external(analysis.loc[predictors.index])[1]) or n
log_odds = np.log(predict(fit, predictors) / (1 - predict(fit, predictors)))
validation = validation_size(n_later, prevalence, auc=area.value, threshold=threshold, log_odds=log_odds)
write_result(cohort, "validation_size.csv", validation, inputs=["analysis.csv"])
shown = validation.assign(expected_width=validation["expected_width"].map("{:.2f}".format))
shown.columns = ["Measure", "Wanted width", "n needed", "n here", "Width expected here"]
notes = [
    f"Risks spread as those of the model here; AUC {area.value:.2f}; net benefit at {100 * threshold:.0f} %, of its maximum."
]
shown = shown.map(report.grouped)
report.show_table(page, shown, "Patients needed to validate a model.", result="validation_size.csv", notes=notes)
# %% tags=["remove-cell"]
cautious = needed[needed["anticipated"] == "15 % of the largest R²"].set_index("model")
all_of_them, few = cautious.loc["all variables looked at"], cautious.loc["variables of the model"]
slope = validation.set_index("measure").loc["calibration slope"]
report.publish("n", n)
report.publish("few", f"{few['n_required']:,} for the {few['parameters']} variables of the model")
report.publish("many", f"{all_of_them['n_required']:,} for all {all_of_them['parameters']} that were looked at")
report.publish("shrinkage", f"{all_of_them['shrinkage']:.2f}")
report.publish("epv", f"{all_of_them['events_per_parameter']:.1f}")
report.publish("epv_needed", f"{all_of_them['events_per_parameter_needed']:.1f}")
report.publish("heuristic", f"{1 - len(page.spec.multivariable) / fit.likelihood_ratio:.2f}")
report.publish("slope_n", f"{int(slope['n_required']):,}")
report.publish("slope_width", f"{slope['expected_width']:.2f}")
report.publish("n_later", n_later)
# %% [markdown]
# ## Answer
# With the cautious assumption the criteria ask for {glue:text}`few` and {glue:text}`many`; there are {glue:text}`n`
# patients. A model that chose among all would need its effects shrunk by the factor {glue:text}`shrinkage`;
# {glue:text}`epv` events per parameter were there, {glue:text}`epv_needed` were needed. The likelihood ratio of
# the fitted model suggests a shrinkage of {glue:text}`heuristic`. To validate it, the calibration slope alone would need
# {glue:text}`slope_n` patients; {glue:text}`n_later` give an interval {glue:text}`slope_width` wide.
#
# **What it is worth.** {glue:text}`worth`. The criteria need only counts and an anticipated performance; both stand in
# the tables.
#
# **What this page cannot show.** The criteria are a floor for an unpenalised model whose form is right. They say
# nothing about a network, nothing about patients chosen to fit, and an anticipated performance that was seen in the
# same patients is no anticipation.

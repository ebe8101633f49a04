# %% [markdown]
# # For which patients is the network sure?
# Paper: it gives every patient one grade, and no measure of certainty.
# Reads `patients.csv` and `predictions.csv`; writes `conformal.csv`, `set_sizes.csv` and `risk_coverage.csv`.
# %% tags=["parameters", "remove-cell"]
cohort = "phantom"  # cohort id in data_manifest/cohorts/
promised: float = 0.9  # share of patients of each grade whose set shall hold their grade
n_bootstrap: int = 2000  # patient-level resamples behind the area under risk and coverage
seed: int = 2022  # seeds the only random generator of this page
# %% tags=["hide-input"]
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

from mvi_core import figures, report
from mvi_core.cohort.enrolment import enrolment_parts
from mvi_core.results import read_result, write_result
from mvi_core.stats import conformal

figures.theme()
page = report.open_page("18_certainty", cohort)
# %% [markdown]
# ## Sets with a promise
# Instead of one grade, a patient gets the {term}`set of grades <Conformal set>` that cannot be ruled out
# {cite:p}`angelopoulos2023`. For each grade apart, patients whose grade is known and whom the network has not been
# trained on tell how strange such a patient may look; so the promise holds for M2 too, of which there are few.
# Development patients are predicted out of fold, each fold judged by the others; later ones are judged by all of these. A
# third series judges the later by others of their own year, which needs their histology.
# %% tags=["hide-input"]
chances = ["p_m0", "p_m1", "p_m2"]
grades = read_result(cohort, "patients.csv").set_index("patient_id")["mvi_grade"]
people = read_result(cohort, "predictions.csv").set_index("patient_id").join(grades)
years = enrolment_parts(people)
(first, known), *rest = years.items()
later, judged = [year for year, _ in rest], " and ".join(str(len(part)) for part in years.values())
told = {first: conformal.fold_p_values(known[chances], known["mvi_grade"], known["fold"])}
judges = {"calibration": known[chances], "grade": known["mvi_grade"]}
told |= {year: conformal.conformal_p_values(part[chances], **judges) for year, part in rest}
told |= {
    f"{year}, judged by {year}": conformal.fold_p_values(part[chances], part["mvi_grade"], np.arange(len(part)) % 5)
    for year, part in rest
}
# %% tags=["hide-input"]
sets = {name: conformal.conformal_sets(p_values, level=promised) for name, p_values in told.items()}
parts = {name: conformal.set_coverage(chosen, people.loc[chosen.index, "mvi_grade"]) for name, chosen in sets.items()}
coverage = pd.concat(parts, names=["series"]).reset_index("series")
write_result(cohort, "conformal.csv", coverage, parameters={"promised": promised}, inputs=["predictions.csv"])
# %% tags=["hide-input"] mystnb={"figure": {"caption": "Share of patients whose set holds their grade, with Wilson 95 % intervals; the line is the promise.", "name": "fig-sets"}}
figure, axes = plt.subplots(figsize=(7, 4.8))
figures.metric_points(coverage.rename(columns={"grade": "metric", "coverage": "value"}), axes, note="coverage, 95 % CI")
axes.axvline(promised, color="black", linewidth=1.1, linestyle="--")
figures.stamp(axes, page.spec.kind)
form = {"digits": 1, "percent": True, "columns": ("coverage", "ci_low", "ci_high")}
told = report.rows_told(coverage[coverage["series"] == (later or [first])[0]], "grade", **form)
alt = f"Sets of {(later or [first])[0]} that hold the grade, in %, {promised:.0%} promised: {told}."
report.show_figure(page, figure, alt=alt, n=judged, result="conformal.csv")
# %% tags=["hide-input"] mystnb={"figure": {"caption": "How many grades the sets hold: one is an answer, three is none.", "name": "fig-set-sizes"}}
held = {name: chosen.sum(axis=1).value_counts(normalize=True) for name, chosen in sets.items()}
sizes = pd.DataFrame(held).T.reindex(columns=range(4), fill_value=0).fillna(0)
sizes = sizes.set_axis(["none", "one", "two", "three"], axis=1).rename_axis("series").reset_index()
write_result(cohort, "set_sizes.csv", sizes, inputs=["predictions.csv"])
figure, axes = plt.subplots(figsize=(7, 3))
figures.stamp(figures.set_sizes(sizes, axes), page.spec.kind)
told = "; ".join(f"{row.series} {row.one:.0%} with one, {row.three:.0%} with three" for row in sizes.itertuples())
alt = f"Sizes of sets: {told}."
report.show_figure(page, figure, alt=alt, n=judged, result="set_sizes.csv")
# %% tags=["hide-input"]
shown = coverage[["series", "grade", "n"]].assign(coverage=report.interval_column(
    coverage, digits=1, percent=True, columns=("coverage", "ci_low", "ci_high")))  # fmt: skip
shown["grades in the set"] = coverage["mean_size"].map("{:.2f}".format)
shown["one grade"] = (100 * coverage["share_single"]).map("{:.0f} %".format)
caption = "Coverage in %, mean size of the sets, and share of sets with one grade."
report.show_table(page, shown, caption, result="conformal.csv")
# %% [markdown]
# ## The surest first
# A network may also be asked to answer only where it is surest. The **area** under the curve of the error is the error rate
# where its confidence says nothing, and lower where it tells right from wrong.
# %% tags=["hide-input"] mystnb={"figure": {"caption": "Accuracy of the grade among the patients of whom the network is surest, with Wilson 95 % bands.", "name": "fig-surest"}}
rng = np.random.default_rng(seed)
right = {year: (part["dl_grade"] == part["mvi_grade"]).astype(int) for year, part in years.items()}
surest = {year: part[chances].max(axis=1) for year, part in years.items()}
curves = {year: conformal.risk_coverage(right[year], surest[year]) for year in years}
curves = pd.concat(curves, names=["series"]).reset_index("series")
write_result(cohort, "risk_coverage.csv", curves, inputs=["predictions.csv"])
figure, axes = plt.subplots(figsize=(7, 4.6))
figures.stamp(figures.risk_coverage(curves, axes), page.spec.kind)
half = curves[curves["share_kept"] >= 0.5].drop_duplicates("series")
told = report.rows_told(half, "series", digits=1, percent=True, columns=("accuracy", "ci_low", "ci_high"))
alt = f"Accuracy of the surer half in %: {told}."
report.show_figure(page, figure, alt=alt, n=judged, result="risk_coverage.csv")
# %% tags=["remove-cell"]
drawn = {"n_bootstrap": n_bootstrap, "rng": rng}
areas = {year: conformal.risk_coverage_area(right[year], surest[year], **drawn) for year in years}
texts = shown.set_index(["series", "grade"])["coverage"]
for name, year in zip(("first", "later"), [first, *later, None], strict=False):
    report.publish(f"area_{name}", areas[year] if year else "not known (no later patients)")
    report.publish(f"error_{name}", f"{1 - right[year].mean():.2f}" if year else "unknown")
for grade in ("all", "M0", "M1", "M2"):
    report.publish(f"held_{grade}", f"{texts[later[0], grade]} %" if later else "none")
report.publish("held_first", texts[first, "all"] + " %")
report.publish("promised", f"{100 * promised:.0f} %")
size = coverage.set_index(["series", "grade"])["mean_size"]
report.publish(
    "size_later", f"{size[f'{later[0]}, judged by {later[0]}', 'all']:.1f}" if later else "an unknown number"
)
# %% [markdown]
# ## Answer
# Where the network comes from, its sets hold the grade of {glue:text}`held_first` of patients, {glue:text}`promised`
# promised; there the calibration patients and the judged ones are alike, so this checks the arithmetic more than the network.
# Of later patients they hold that of {glue:text}`held_all`: {glue:text}`held_M0` for M0, {glue:text}`held_M1` for M1 and
# {glue:text}`held_M2` for M2. The drift breaks the promise, and for one grade more than for another. Judged by patients
# of its own year the promise is kept, with {glue:text}`size_later` of three grades in a set. The area under the error is
# {glue:text}`area_first` where it was made, with an error of {glue:text}`error_first` over all grades, and
# {glue:text}`area_later` later, with an error of {glue:text}`error_later`.
#
# **What it is worth.** {glue:text}`worth`. The promise is kept or broken on patients with known histology, and the
# intervals say how sure that is.
#
# **What this page cannot show.** A promise for each grade is not one for each patient. The calibration predictions come
# from the models of the folds, those of the later year from one model of all folds. On phantom images the drift is the
# one that we planted.

# %% [markdown]
# # Which clinical variables go with microvascular invasion?
# Paper: Results, *Baseline clinical characteristics*; Table 1.
# Reads `patients.csv`; writes `table1.csv`, `size.csv`, `measurements.csv` and `p_values.csv`.
# %% tags=["parameters", "remove-cell"]
cohort = "paper"  # cohort id in data_manifest/cohorts/
# %% tags=["hide-input"]
import matplotlib.pyplot as plt
import pandas as pd

from mvi_core import figures, report
from mvi_core.cohort.dictionary import dictionary
from mvi_core.cohort.predictors import MODEL_TERMS, find_predictor, predictor_table
from mvi_core.results import read_result, write_result
from mvi_core.stats import measurements
from mvi_core.stats.estimate import Estimate
from mvi_core.stats.tables import TABLE_COLUMNS, TESTS, univariable_table

figures.theme()
page = report.open_page("02_table1", cohort)
# %% tags=["hide-input"]
patients = read_result(cohort, "patients.csv").set_index("patient_id", drop=False)
present = patients["mvi_present"]
names = [name for name in page.spec.predictors if name != "size_cm"]
predictors = predictor_table(patients, names)
levels = {name: (find_predictor(name).reference, find_predictor(name).level) for name in names}
terms, words = [find_predictor(name) for name in MODEL_TERMS], dictionary()
numbers = {term.column: f"{term.label}, {words.loc[term.column, 'unit']}".rstrip(", ") for term in terms}
numbers = {name: label for name, label in numbers.items() if words.loc[name, "type"] == "number"}
wanted = numbers if page.spec.kind in ("real", "own") else ["size_cm"]
known = [name for name in wanted if patients[name].nunique() > 1]
# %% [markdown]
# ## One variable at a time
# The {term}`odds ratio` compares the odds of invasion above and below each cut-off; 1 means no difference. Its interval
# is Woolf's {cite:p}`woolf1955`, the p value Pearson's chi-square without correction: of the usual tests it is the one
# that returns the paper's printed p values. A measurement is described by its median and quartiles, its odds ratio is
# per unit. In a cohort that was rebuilt from counts only the tumour size is a measurement; the other numbers were drawn
# inside their cut-offs.
# %% tags=["hide-input"]
table = report.masked_effects(univariable_table(predictors, present, labels=levels), kind=page.spec.kind)
rows = [measurements.continuous_row(patients[name], present) for name in known]
measured = pd.concat(rows, ignore_index=True) if rows else pd.DataFrame(columns=TABLE_COLUMNS)
measured = report.masked_effects(measured, kind=page.spec.kind)
known = measured.loc[measured["absent"] != report.MASKED, "variable"].tolist()
size = measured[measured["variable"] == "size_cm"]
both = pd.concat([table, size[list(TABLE_COLUMNS)]]) if len(size) else table
write_result(cohort, "size.csv", size, inputs=["patients.csv"])
write_result(cohort, "measurements.csv", measured, inputs=["patients.csv"])
write_result(cohort, "table1.csv", both, inputs=["patients.csv"])
# %% tags=["hide-input"]
labels = {name: report.term_label(name) for name in names} | numbers
shown = report.characteristics(table, measured, labels=labels, digits=3)
counts = f"Counts with percentages of the {(present == 0).sum()} patients without and {(present == 1).sum()} with MVI"
notes = [f"{counts}, of those whose value is known; measurements as median (quartiles).", f"{table.attrs['method']}."]
notes += [f"Measurements: {row.attrs['method']}." for row in rows[:1]]
notes += [report.MASKED_NOTE] if report.MASKED in shown[["MVI absent", "MVI present"]].to_numpy() else []
report.show_table(page, shown, "Characteristics by microvascular invasion.", result="table1.csv", notes=notes)
# %% [markdown]
# ## Beside the print
# Open diamonds are the paper's printed odds ratios. In the reconstructed cohort they must coincide, because the counts
# were taken from the print; in real patients they show how far the paper's associations carry.
# %% tags=["hide-input"] mystnb={"figure": {"caption": "Univariable odds ratios of MVI with 95 % intervals; the paper's printed values as open diamonds.", "name": "fig-table1"}}
own = table["level"] == table["variable"].map({name: level for name, (_, level) in levels.items()})
beside = report.beside_paper(table[own].reset_index(drop=True), "table1")
figure, axes = plt.subplots(figsize=(7, 1 + 0.36 * len(beside)))
figures.forest(beside, axes, note=f"odds ratio of MVI (log scale), 95 % CI; n = {len(patients)}")
figures.stamp(axes, page.spec.kind)
report.show_figure(page, figure, alt=f"Forest plot: {report.forest_told(beside)}.", result="table1.csv")
# %% [markdown]
# ## Does the choice of the test matter?
# Software differs in what it does when nothing is chosen: one prints Pearson's chi-square, another corrects it after
# Yates, a third turns to Fisher's exact test; a measurement may be compared by ranks, with or without a correction, or
# by a t test with or without equal variances. Here is every one of them for the same counts.
# %% tags=["hide-input"]
every = {test: univariable_table(predictors, present, test=test)["p_value"] for test in TESTS}
p_values = pd.DataFrame(every)[own].where(table["absent"] != report.MASKED).assign(variable=table["variable"])
tested = [measurements.measurement_tests(patients[name], present).assign(variable=name) for name in known]
long = p_values.melt("variable", var_name="test", value_name="p_value")
columns = ["variable", "test", "p_value"]
write_result(cohort, "p_values.csv", pd.concat([long, *(part[columns] for part in tested)]), inputs=["patients.csv"])
texts = p_values.set_index("variable").map(report.p_text).rename(index=labels).reset_index()
texts.columns = ["Variable", "Pearson", "Yates", "Wald", "Fisher", "Likelihood ratio"]
notes = ["Empty: masked, as in the table above."] if (texts == "").to_numpy().any() else []
report.show_table(page, texts, "The p value of each cut-off under five tests.", result="p_values.csv", notes=notes)
# %% tags=["hide-input"]
kinds = measurements.TESTS | measurements.SPREAD_TESTS
other = pd.concat(tested) if tested else pd.DataFrame(columns=["variable", "test", "p_value"])
other = other.assign(p_value=other["p_value"].map(report.p_text))
other = other.pivot(index="test", columns="variable", values="p_value")
other = other.reindex([test for test in kinds if test in other.index])[known]
other = other.set_axis([kinds[test] for test in other.index]).rename_axis(index="Test", columns=None)
other = other.rename(columns=numbers).reset_index()
report.show_table(page, other, "The p value of each measurement under six tests.", result="p_values.csv")
# %% tags=["remove-cell"]
strongest = beside.dropna(subset="p_value").nsmallest(1, "p_value")
effects = report.interval_column(strongest, columns=("odds_ratio", "ci_low", "ci_high"))
told = [f"{label}, odds ratio {effect}" for label, effect in zip(strongest["label"], effects, strict=True)]
groups = [
    f"{size[f'{group}_median'].iloc[0]:g} cm with MVI {group}" for group in ("absent", "present") if "size_cm" in known
]
apart = (p_values[list(TESTS)].lt(0.05).nunique(axis=1) > 1).sum()
report.publish("strongest", "".join(told) or "none, since all are masked")
report.publish("size", " and ".join(groups) or "not recorded in this cohort")
for row in beside[beside["variable"] == "afp_gt_20"].dropna(subset="odds_ratio").itertuples():
    known = int(predictors[row.variable].notna().sum())
    report.publish("afp", Estimate(row.odds_ratio, row.ci_low, row.ci_high, 0.95, "Woolf", known))
report.publish("n_tests_apart", f"{apart} of {p_values[list(TESTS)].notna().any(axis=1).sum()}")
report.publish("n_printed", int(4 * beside["printed_odds_ratio"].notna().sum()))
report.publish("n_agree", int(beside["n_agree"].sum()))
# %% [markdown]
# ## Answer
# Of the cut-offs whose effect is shown, the smallest p value is that of {glue:text}`strongest`. The median tumour size is {glue:text}`size`. Of the
# {glue:text}`n_printed` printed effects (odds ratio, both interval ends, p), {glue:text}`n_agree` are met to every
# printed digit in this cohort. Only a cohort rebuilt from the print can be expected to meet all of them. For
# {glue:text}`n_tests_apart` variables the choice of the test decides on which side of the usual limit of significance
# they fall.
#
# **What it is worth.** {glue:text}`worth`. The intervals hold the chance in the patients, not the choice of the
# cut-offs.
#
# **What this page cannot show.** Cut-offs turn measurements into yes and no and lose information; many tests on one
# cohort find something by chance; and a univariable odds ratio says nothing about what a variable adds to the others.

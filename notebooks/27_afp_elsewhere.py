# %% [markdown]
# # Does AFP go with invasion elsewhere?
# Paper: Results, *Baseline clinical characteristics*; Table 1.
# Reads `analysis.csv` of both public cohorts; writes `effects.csv` and `pooled.csv`.
# %% tags=["parameters", "remove-cell"]
cohort = "clca-2024"  # first public cohort
other = "tcga-lihc"  # second public cohort
# %% tags=["hide-input"]
import matplotlib.pyplot as plt
import pandas as pd

from mvi_core import figures, report
from mvi_core.cohort.predictors import predictor_table
from mvi_core.cohort.spec import load_spec
from mvi_core.results import read_result, write_result
from mvi_core.stats import pooling
from mvi_core.stats.tables import univariable_table

figures.theme()
page = report.open_page("27_afp_elsewhere", cohort, beside=[other])
# %% tags=["hide-input"]
names = {"print": "paper's print", cohort: "CLCA 2024", other: "TCGA-LIHC"}
people = {key: read_result(key, "analysis.csv").set_index("patient_id", drop=False) for key in (cohort, other)}
predictors = {key: predictor_table(table, load_spec(key).predictors) for key, table in people.items()}
tables = {key: univariable_table(predictors[key], table["mvi_present"]) for key, table in people.items()}
tables = {key: report.masked_effects(table, kind=load_spec(key).kind) for key, table in tables.items()}
made = {"inputs": ["analysis.csv", f"../{other}/analysis.csv"]}
ours = [table.dropna(subset="ci_low").assign(cohort=key) for key, table in tables.items()]
ours = pd.concat(ours, ignore_index=True)[["cohort", "variable", "odds_ratio", "ci_low", "ci_high"]]
printed = report.printed_effects(ours["variable"].unique(), "table1").assign(cohort="print")
effects = pd.concat([printed, ours], ignore_index=True)
effects["group"] = effects["cohort"].map(names)
write_result(cohort, "effects.csv", effects, **made)
pooled = pooling.pool_each(effects)
write_result(cohort, "pooled.csv", pooled, **made)
# %% [markdown]
# ## AFP above 20 ng/mL
# The paper's printed **odds ratio** beside those of two public cohorts whose patients were resected elsewhere: CLCA 2024
# in China, TCGA-LIHC in hospitals of several countries. The **fixed** answer takes one odds ratio for all; the **random** one lets them
# differ and its interval grows with their spread. The **prediction interval** says where the odds ratio of a further cohort may
# lie. Three cohorts say so little about a spread that it is very wide, and honestly so.
# %% tags=["hide-input"] mystnb={"figure": {"caption": "AFP above 20 ng/mL and microvascular invasion: univariable odds ratios with 95 % intervals, pooled. *Cohort: the paper's print, CLCA 2024 (real) and TCGA-LIHC (real).*", "name": "fig-afp-elsewhere"}}
afp = pooling.pool(effects[effects["variable"] == "afp_gt_20"])
ends = ("odds_ratio", "ci_low", "ci_high")
words = {"fixed": "pooled, fixed", "random": "pooled, random", "prediction": "a further cohort (prediction)"}
rows = effects[effects["variable"] == "afp_gt_20"].rename(columns={"group": "label"})
rows = pd.concat([rows, afp.assign(label=afp["kind"].map(words))], ignore_index=True)
figure, axes = plt.subplots(figsize=(7.5, 3.6))
figures.forest(rows, axes, note="odds ratio of MVI for AFP > 20 ng/mL (log scale), 95 %")
figures.stamp(axes, page.spec.kind)
alt = f"Odds ratios of MVI for AFP above the cut-off: {report.rows_told(rows, 'label', columns=ends)}."
n = " and ".join(f"{table['afp_gt_20'].count()} ({names[key]})" for key, table in predictors.items())
report.show_figure(page, figure, alt=alt, n=n, result="effects.csv")
# %% [markdown]
# ## The other variables
# Every variable of Table 1 that the print shares with one of the cohorts or both, by the same cut-offs. **I²** is the share
# of the spread that chance does not explain; its test is weak with so few cohorts, so a large p is no proof of agreement.
# %% tags=["hide-input"] mystnb={"figure": {"caption": "Univariable odds ratios of microvascular invasion with 95 % intervals, in the print and in two public cohorts. *Cohort: the paper's print, CLCA 2024 (real) and TCGA-LIHC (real).*", "name": "fig-all-elsewhere"}}
titles = {v: f"{report.term_label(v)}, {report.term_levels(v)[1]}" for v in pooled["variable"]}
effects["label"] = effects["variable"].map(titles)
figure, axes = plt.subplots(figsize=(8, 1.2 + 0.62 * len(pooled)))
figures.forest_groups(effects, axes, note="odds ratio of MVI (log scale), 95 % CI")
figures.stamp(axes, page.spec.kind)
alt = f"Odds ratios of MVI by variable and cohort: {report.forest_told(effects, ['label', 'group'])}."
n = " and ".join(f"{len(table)} ({names[key]})" for key, table in people.items())
report.show_figure(page, figure, alt=alt, n=n, result="effects.csv")
# %% tags=["hide-input"]
wide = effects.assign(text=report.interval_column(effects, columns=ends))
wide = wide.pivot(index="variable", columns="cohort", values="text").reindex(pooled["variable"])[list(names)].fillna("")
shown = wide.rename(columns=names).rename_axis(None, axis=1).reset_index(drop=True)
shown.insert(0, "Variable", list(titles.values()))
hidden = sorted({name for table in predictors.values() for name in table} - set(effects["variable"]))
notes = ["Print: odds ratio and interval as printed. Variables are not adjusted for each other."]
why = "since the odds ratio would give a count of 1 to 4 patients back"
notes += [f"Left out, {why}: {report.term_label(name)}." for name in hidden]
report.show_table(page, shown, "Univariable odds ratios of MVI.", result="effects.csv", notes=notes)
# %% tags=["hide-input"]
shown = shown[["Variable"]].copy()
shown["Pooled, fixed"] = report.interval_column(pooled, columns=("fixed", "fixed_low", "fixed_high"))
three = pooled.where(pooled["k"] > 2)
shown["Pooled, random"] = report.interval_column(three, columns=("random", "random_low", "random_high"))
reach = three[["prediction_low", "prediction_high"]].itertuples(index=False)
shown["Further cohort"] = [f"{low:.2g}–{high:.2g}" if low > 0 else "" for low, high in reach]
shown["I²"], shown["p, spread"] = (100 * pooled["i2"]).map("{:.0f} %".format), pooled["q_p"].map(report.p_text)
notes = [f"Pooled by {afp.attrs['method']}. Random and further cohort: only where all three have the variable."]
report.show_table(page, shown, "The odds ratios pooled, and their spread.", result="pooled.csv", notes=notes)
# %% tags=["remove-cell"]
both, reach = pooled.set_index("variable"), afp.iloc[-1]
texts = dict(zip(rows["label"], report.interval_column(rows, columns=ends), strict=True))
for key, label in {"print": names["print"], "clca": "CLCA 2024", "tcga": "TCGA-LIHC"}.items():
    report.publish(f"afp_{key}", texts[label])
report.publish("afp_fixed", texts["pooled, fixed"])
report.publish("afp_random", texts["pooled, random"])
report.publish("afp_reach", f"{reach['ci_low']:.2g}–{reach['ci_high']:.2g}")
report.publish("afp_i2", f"{100 * afp.attrs['i2']:.0f} %")
report.publish("afp_q_p", report.p_text(afp.attrs["q_p"]))
apart = [report.term_label(name) for name in both.index[both["q_p"] < 0.05]]
report.publish("apart", ", ".join(apart) or "none")
report.publish("n_variables", len(both))
inside = both.index[(both["k"] > 2) & ((both["random_low"] > 1) | (both["random_high"] < 1))]
report.publish("clear", ", ".join(report.term_label(name) for name in inside) or "none")
# %% [markdown]
# ## Answer
# Yes; both odds ratios lie below the printed one. AFP above 20 ng/mL has an odds ratio of {glue:text}`afp_print` in the print,
# {glue:text}`afp_clca` in CLCA 2024 and {glue:text}`afp_tcga` in TCGA-LIHC; pooled {glue:text}`afp_fixed` (fixed) or
# {glue:text}`afp_random` (random). Chance could explain how far the three differ
# (I² {glue:text}`afp_i2`, p {glue:text}`afp_q_p`), which so few cohorts cannot decide; they leave room for
# {glue:text}`afp_reach` in the next. Of {glue:text}`n_variables` shared variables the random
# pooled interval leaves out 1 for: {glue:text}`clear`; the cohorts differ beyond chance (p < 0.05, not corrected) in:
# {glue:text}`apart`.
#
# **What it is worth.** {glue:text}`worth`. Two cohorts that had no part in the paper ask its question of other
# patients; the print stands beside them as it was printed and is no third set of records.
#
# **What this page cannot show.** The cohorts were not chosen for this question, invasion was read by other pathologists and
# sampled in other ways, and TCGA-LIHC has no grades: "micro" there is not exactly M1 or M2. Cirrhosis, hepatitis and grade are
# defined differently in each (Data page). In TCGA-LIHC a hospital reports INR or seconds, not both, so INR and prothrombin time
# rest on different hospitals, and their contrary odds ratios may be differences between hospitals. The printed interval was
# turned back into a standard error. A univariable odds ratio says nothing of what AFP adds; the page on AFP beside grade and
# size does.

# %% [markdown]
# # What would a careless reading have done?
# Paper: no such table. Both public sources are text files with habits of their own.
# Reads `analysis.csv` of both cohorts and the sources' files; writes `readings.csv`.
# %% tags=["parameters", "remove-cell"]
cohort = "clca-2024"  # first public cohort
other = "tcga-lihc"  # second public cohort
# %% tags=["hide-input"]
import matplotlib.pyplot as plt
import pandas as pd

from mvi_core import figures, report
from mvi_core.cohort import misreadings, predictors
from mvi_core.manifest import locate
from mvi_core.results import write_result
from mvi_core.stats.misread import beside_misread

figures.theme()
page = report.open_page("31_readings", cohort, beside=[other])
# %% [markdown]
# ## The same file, read twice
# Each row is one habit of a source that changes an answer without any error message. The odds ratio of invasion is given as the
# study reads the table, and as a reader would have it who trusts the defaults of the usual software or forgets the units. Every
# rule of the right reading, with its count, stands on the cohort's page on its patients.
# %% tags=["hide-input"]
found = misreadings.clca_misreadings(locate("clca_patients"), locate("clca_samples"))
found += misreadings.tcga_misreadings(locate("tcga_patients"))
table = report.masked_readings(beside_misread(found), kind=page.spec.kind)
write_result(cohort, "readings.csv", table, inputs=["analysis.csv", f"../{other}/analysis.csv"])
ends = ("odds_ratio", "ci_low", "ci_high")
table["label"] = [f"{report.term_label(name)} {report.term_levels(name)[1]}" for name in table["variable"]]
# %% tags=["hide-input"]
wrong = report.interval_column(table, columns=[f"wrong_{name}" for name in ends])
mistaken = [text or (f"none: {why}" if why else report.MASKED) for text, why in zip(wrong, table["why"], strict=True)]
right = [text or report.MASKED for text in report.interval_column(table, columns=ends)]
shown = pd.DataFrame({"What stands there": table["source"] + ": " + table["trap"], "Misread as": table["wrong"]})
shown["Predictor"], shown["Odds ratio (95 % CI)"] = table["label"], right
shown["Odds ratio misread"] = mistaken
shown["Patients"] = table["n"].astype(str) + "; " + table["wrong_n"].astype(str)
notes = ["Woolf's intervals. Patients: those with a value, as the study reads it; as misread.", report.MASKED_NOTE]
report.show_table(page, shown, "One predictor under two readings.", result="readings.csv", notes=notes)
# %% tags=["hide-input"] mystnb={"figure": {"caption": "Odds ratios of microvascular invasion as the study reads the tables and as misread, with 95 % intervals; readings without any odds ratio are left out. *Cohort: CLCA 2024 (real) and TCGA-LIHC (real).*", "name": "fig-readings"}}
known = table[table["wrong_odds_ratio"].notna()]
known = known.assign(label=known["source"] + ": " + known["wrong"])
mistaken = known[["label"]].join(known[[f"wrong_{name}" for name in ends]].set_axis(ends, axis=1))
drawn = pd.concat([known.assign(group="as the study reads it"), mistaken.assign(group="misread")])
figure, axes = plt.subplots(figsize=(9.5, 1.2 + 0.6 * len(known)))
figures.forest_groups(drawn, axes, note="odds ratio of MVI (log scale), 95 % CI")
figures.stamp(axes, page.spec.kind)
alt = f"As the study reads the tables, {report.forest_told(known)}. Misread, {report.forest_told(mistaken)}."
n = " to ".join(str(known["n"].agg(end)) for end in ("min", "max"))
report.show_figure(page, figure, alt=alt, n=n, result="readings.csv")
# %% [markdown]
# ## A predictor that is the label
# A column that was defined with the outcome predicts it perfectly, or nearly. Such a column is refused by name where it is
# known to be one, and by its separation where it is not.
# %% tags=["hide-input"]
refused = misreadings.leaks(locate("clca_samples"), locate("tcga_patients"))
report.show_table(
    page,
    refused,
    "Columns that contain the label.",
    notes=[
        "Separation: largest distance between the distributions in patients with and without MVI, 1 at most; refused from "
        f"{predictors.NEAR_PERFECT} on, or by name."
    ],
)
# %% tags=["remove-cell"]
afp = table.iloc[0]
report.publish("right", shown["Odds ratio (95 % CI)"].iloc[0])
report.publish("wrong", shown["Odds ratio misread"].iloc[0])
report.publish("n_lost", int(afp["n"] - afp["wrong_n"]))
report.publish("n_none", int((table["why"] != "").sum()))
report.publish("n_rows", len(table))
# %% [markdown]
# ## Answer
# It would have changed the answer without a word. Where CLCA 2024 writes `>1210` for an AFP above the limit of the assay, taking
# the text for missing loses {glue:text}`n_lost` patients, all of them far above 20 ng/mL, and the odds ratio of AFP falls from
# {glue:text}`right` to {glue:text}`wrong`. {glue:text}`n_none` of {glue:text}`n_rows` misreadings leave no odds ratio at all: with
# the label `None` taken for missing, every patient without invasion disappears from TCGA-LIHC.
#
# **What it is worth.** {glue:text}`worth`. Both readings are of the same file, so that every difference is the
# reader's.
#
# **What this page cannot show.** Rules tell units apart by the normal range beside each value and by what is possible; a
# hospital that writes a wrong range is believed. A habit of a source that nobody has noticed is not on this list.

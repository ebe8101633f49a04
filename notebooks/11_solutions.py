# %% [markdown]
# # Which patients could stand behind the tables?
# Paper: Tables 1 and 3; Results, *Predictors of survival* and *Construction of DL-based predictive model*.
# Reads `patients.csv`, `paper_vs_ours.csv` and the stored counts of `data_manifest/reconstruction.json`; writes
# `solutions.csv`.
# %% tags=["parameters", "remove-cell"]
cohort = "paper"  # cohort rebuilt from the printed numbers
# %% tags=["hide-input"]
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

from mvi_core import figures, report
from mvi_core.cohort.follow_up import FOLLOW_UP_MONTHS, loss_to_follow_up
from mvi_core.cohort.reconstruct import solutions
from mvi_core.results import read_result, write_result
from mvi_core.stats.audit.paper import audit_paper
from mvi_core.stats.audit.region import error_region
from mvi_core.stats.audit.sun2022 import describe
from mvi_core.stats.kaplan_meier import kaplan_meier

figures.theme()
page = report.open_page("11_solutions", cohort)
# %% [markdown]
# ## What the rebuilt patients meet
# No patient is printed. A seeded search looked for counts that give the printed regression, and the patients of this
# book carry the first of the stored ones. The chapters before ran on them as on any cohort; here their numbers stand
# beside the print.
# %% tags=["hide-input"]
beside = read_result(cohort, "paper_vs_ours.csv").query("cohort == @cohort")
apart = 100 * (beside["ours"].astype(float) / pd.to_numeric(beside["printed"], errors="coerce") - 1).abs()
beside = beside.assign(apart=apart.where(~beside["agrees"], 0.0))
met = beside.groupby("place", sort=False).agg(n=("id", "size"), equal=("agrees", "sum"), apart=("apart", "max"))
shown = met.round({"apart": 2}).reset_index()
shown.columns = ["Place in the paper", "Numbers compared", "Equal to every digit", "Others at most apart, %"]
report.show_table(page, shown, "Printed numbers and the rebuilt patients.", result="paper_vs_ours.csv")
# %% [markdown]
# ## Which errors of DL-MVI the print leaves open
# Each stored solution is a table of counts whose refitted regression is compared with the print. The shaded region is a
# proof, not a search: linear programming over all counts that can print these odds ratios, intervals and this
# intercept. Arrows say what the recall of the external set asks for, by what its denominator counted.
# %% tags=["hide-input"]
described = describe(report.paper_values().reset_index())
joint = described["joint"]
region = error_region(joint["rows"], joint["known"], joint["group_sizes"], intercept=joint["formula"]["intercept"])
errors = {"tp": "true_positives", "fn": "false_negatives", "fp": "false_positives", "tn": "true_negatives"}
found = solutions().rename(columns={**errors, "agrees_with_external": "agrees_with_external_patients"})
found["agrees"] = found["p_values_as_printed"] & found["score_as_printed"]
room = region.set_index("false_negatives").reindex(found["false_negatives"]).reset_index()
found["in_region"] = found["false_positives"].between(room["false_positives_low"], room["false_positives_high"])
write_result(cohort, "solutions.csv", found)
# %% tags=["hide-input"] mystnb={"figure": {"caption": "Errors of DL-MVI in all patients, by solution; a number says how many solutions share a place.", "name": "fig-solutions"}}
figure, axes = plt.subplots(figsize=(7.2, 5.4))
figures.stamp(figures.error_map(found, region, axes, asked=joint["missed"]), page.spec.kind)
alt = ", ".join(f"at least {least} if it counts {words}" for words, least in joint["missed"].items())
alt = f"{found['in_region'].sum()} of {len(found)} solutions lie in the proven region; the external recall asks for {alt}."
report.show_figure(page, figure, alt=alt, n=f"{len(found)} solutions", result="solutions.csv")
# %% tags=["hide-input"]
digits = {"false_negatives": 0, "false_positives": 0, "sensitivity": 3, "specificity": 3, "intercept": 3, "auc": 4}
digits |= {"n_digit_exact": 0, "max_relative_error": 4}
agreeing = found[found["agrees"]]
ends = pd.concat([part[list(digits)].agg(["min", "max"]).T for part in (found, agreeing)], axis=1)
texts = pd.DataFrame([[f"{value:.{digits[row.Index]}f}" for value in row[1:]] for row in ends.itertuples()], ends.index)
shown = texts.rename({"auc": "AUC", "n_digit_exact": "equal to every digit, of 15"}).reset_index()
shown.columns = ["Quantity", f"All {len(found)}: least", "most", f"{len(agreeing)} that agree: least", "most"]
shown["Quantity"] = shown["Quantity"].str.replace("_", " ").str.replace("^max", "largest", regex=True)
caption = "Ranges over the solutions found; those that agree have also the printed intercept, AUC and p values."
report.show_table(page, shown, caption, result="solutions.csv")
# %% tags=["hide-input"]
asked = pd.Series(joint["missed"], name="least").rename_axis("reading").reset_index()
for name, part in {"found": found, "agreeing": agreeing}.items():
    asked[name] = [(part["false_negatives"] >= least).sum() for least in asked["least"]]
asked["bound"] = np.where(asked["least"] > region["false_negatives"].max(), "none can exist", "not excluded")
shown = asked.set_axis(["External recall counts", "Missed, at least", "Solutions", "That agree", "Bound"], axis=1)
report.show_table(page, shown, "Solutions that fit the recall of the external set.", result="solutions.csv")
# %% [markdown]
# ## What the medians force
# A median is reached when half of the patients still followed are gone. With few deaths and many patients under
# observation a curve cannot fall that far: some must have left without an event. The diamond is the lowest point that
# all printed deaths can reach if nobody leaves; the lines are the rebuilt patients, one each.
# %% tags=["hide-input"]
patients = read_result(cohort, "patients.csv")
verdict = audit_paper({"medians": described["medians"][:1]}).verdicts[0]  # overall survival
bound = verdict.evidence.set_index("group").loc["all"]
regular = patients["enrolment"].map({year: months[0] for year, months in FOLLOW_UP_MONTHS.items()})
died, early = patients["os_event"] == 1, patients["os_months"] < regular
end = np.select([died, early], ["died", "lost"], "followed to the end")
# %% tags=["hide-input"] mystnb={"figure": {"caption": "Overall survival as rebuilt (above) and the follow-up of each patient (below).", "name": "fig-loss"}}
figure, axes = plt.subplots(2, 1, figsize=(7.2, 7.4), sharex=True, height_ratios=[2, 3])
curve = kaplan_meier(patients["os_months"], patients["os_event"])
figures.half_reached(curve, axes[0], floor=bound["floor"], median=bound["months"])
figures.follow_up_lines(patients.assign(months=patients["os_months"], end=end), axes[1])
figures.stamp(axes[1], page.spec.kind)
alt = f"Survival is one half at {bound['months']:g} months, without losses at least {bound['floor']:.0%}; "
alt += f"{died.sum()} patients die and {(end == 'lost').sum()} are lost."
report.show_figure(page, figure, alt=alt, n=len(patients), result="patients.csv")
# %% tags=["hide-input"]
lost = loss_to_follow_up(patients).round(3)
shown = lost.set_axis(["Year", "Patients", "Deaths", "Lost", "Lost, share", "Median months of those alive"], axis=1)
report.show_table(page, shown, "Follow-up of the rebuilt patients.", result="patients.csv")
# %% tags=["remove-cell"]
others, table3 = met.drop("Table 3")[["n", "equal"]].sum(), met.loc["Table 3", ["n", "equal"]].astype(int)
said = {"n_others": others["n"], "n_others_equal": others["equal"], **table3.set_axis(["n_table3", "n_table3_equal"])}
said |= {"n_found": len(found), "n_agree": len(agreeing), "n_inside": found["in_region"].sum()}
said |= {"most_equal": found["n_digit_exact"].max(), "built_lost": lost["lost"].sum()}
said |= {"deaths_2018": lost.set_index("enrolment").loc["2018", "deaths"], "reading": asked.loc[0, "reading"]}
said |= asked.loc[0, ["least", "found", "bound"]].add_prefix("external_").to_dict()
said |= bound[["least_lost", "constant_rate_lost", "certain"]].astype(int).to_dict()
said |= {"apart": f"{met['apart'].max():.2g} %", "floor": f"{100 * bound['floor']:.0f} %"}
said |= {"median_os": f"{bound['months']:g}", "first_death": f"{patients.loc[died, 'os_months'].min():g}"}
said["last_2018"] = f"{patients.loc[patients['enrolment'] == '2018', 'os_months'].max():.1f}"
said["fn_bound"] = f"{region['false_negatives'].min()} to {region['false_negatives'].max()}"
said["fp_bound"] = f"{region['false_positives_low'].min()} to {region['false_positives_high'].max()}"
# %% tags=["remove-cell"]
for name in ("false_negatives", "sensitivity", "specificity"):
    said[name] = " to ".join(texts.loc[name].iloc[2:])
for key, value in said.items():
    report.publish(key, str(value))
# %% [markdown]
# ## Answer
# Outside Table 3 the patients of this book meet {glue:text}`n_others_equal` of {glue:text}`n_others` printed numbers to
# every digit; of the {glue:text}`n_table3` in Table 3 they meet {glue:text}`n_table3_equal`, and the others within
# {glue:text}`apart`. No stored solution meets all odds ratios and interval ends to every digit: the best meets
# {glue:text}`most_equal` of fifteen. Of {glue:text}`n_found` solutions, {glue:text}`n_agree` agree also with the
# printed intercept, AUC and p values. In these DL-MVI misses {glue:text}`false_negatives` patients with invasion
# (sensitivity {glue:text}`sensitivity`, specificity {glue:text}`specificity`). The bound allows {glue:text}`fn_bound`
# false negatives and {glue:text}`fp_bound` false positives; {glue:text}`n_inside` of all solutions lie there.
#
# If the external recall counts {glue:text}`reading`, at least {glue:text}`external_least` patients are missed:
# {glue:text}`external_found` solutions fit, and the bound says: {glue:text}`external_bound`, unless the regression was
# fitted to other patients, another network made one of the two numbers, or a digit is misprinted. The table above says
# which readings leave room.
#
# The printed deaths alone leave the survival curve at {glue:text}`floor` or higher at the printed median of
# {glue:text}`median_os` months. At least {glue:text}`least_lost` of {glue:text}`certain` patients of the first year
# must have left early; {glue:text}`built_lost` do here, so that the curve falls below one half and not just to it. So
# small a loss has a price: the deaths have to wait until the patients of the second year have left, the last at
# {glue:text}`last_2018` months. **In this construction nobody dies before month {glue:text}`first_death`**, and the
# deaths in the second year's patients number {glue:text}`deaths_2018`. Real deaths begin earlier and need more losses:
# at a constant death rate at least {glue:text}`constant_rate_lost`, even with two standard deviations more deaths than
# expected.
#
# **What it is worth.** {glue:text}`worth`. The bounds are proofs for the readings that they name; the solutions are
# examples within them.
#
# **What this page cannot show.** Solutions that a search found are examples; only the bounds speak of all. Patients
# whose regression was fitted to others than Table 1 counts lie outside both. Nothing here says which reading is true.

# %% [markdown]
# # Which of the 63 sets of sequences carry the signal?
# Paper: Results, *Effectiveness of multi-sequences*; Table 2. Reads `ablation.csv`, and the stored tables `subsets.csv`
# and, where it was made, `ablation_full.csv`; writes `subsets.csv` and `contributions.csv`.
# %% tags=["parameters", "remove-cell"]
cohort = "phantom"  # cohort id in data_manifest/cohorts/
stored: str = "subsets.csv"  # table of data_manifest/stored, at the size of the book
stored_full: str = "ablation_full.csv"  # the same at the paper's size, made on a GPU
# %% tags=["hide-input"]
import matplotlib.pyplot as plt
import pandas as pd

from mvi_core import figures, report
from mvi_core.manifest import sha256
from mvi_core.names import SEQUENCES
from mvi_core.results import is_stored, read_result, read_stored, result_path, write_result
from mvi_core.stats.contribution import added_gains, shapley
from mvi_core.stats.discrimination import auc

figures.theme()
page = report.open_page("16_subsets", cohort)
# %% [markdown]
# ## Every set, trained alike
# Six sequences make 63 sets; the paper prints eight of them and three single sequences. Each set was trained as in
# chapter 04, out of fold, at the size of the book; that is hours on a small machine, so that the table is stored and
# the book reads it. It holds {glue:text}`n_sets` sets in {glue:text}`n_repeats` repeat(s); a repeat has other folds,
# weights and variations.
# %% tags=["hide-input"]
names = [str(name) for name in SEQUENCES]
table, record = read_stored(stored)
first = table[table["scoring"] == "first"]
rows = report.paper_values()["value"].filter(regex="^(single|table2)_.*_accuracy$")
keys = rows.index.str.replace("single_|table2_|_accuracy", "", regex=True).str.upper().str.split("_")
order = ["+".join(sorted(key, key=names.index)) for key in keys]
printed = pd.Series(rows.to_numpy() / 100, index=order).groupby(level=0).max()
# %% tags=["hide-input"]
runs = first.groupby("sequences")
sets = runs["accuracy"].agg(value="mean", low="min", high="max").assign(auc=runs["auc"].mean(), runs=runs.size())
sets = sets.assign(printed=printed.reindex(sets.index)).sort_values("value", ascending=False).reset_index()
write_result(cohort, "subsets.csv", sets, parameters={"stored": record["sha256"]})
# %% tags=["hide-input"] mystnb={"figure": {"caption": "Out-of-fold accuracy of present against absent for every set of sequences, mean and range over the repeats, best first; the sets of the paper filled, with the printed accuracy as open diamonds.", "name": "fig-subsets"}}
figure, axes = plt.subplots(2, 1, figsize=(11.6, 6.2), sharex=True, height_ratios=(3, 1.5), layout="constrained")
figures.subset_chart(sets, axes, sequences=names, note=f"accuracy; n = {first['n_patients'].max()}")
figures.stamp(axes[0], page.spec.kind)
told = report.ends_told(sets, "sequences", digits=1, percent=True, columns=("value", "low", "high"))
report.show_figure(page, figure, alt=f"Accuracy in %, range over repeats: {told}.", result="subsets.csv", stored=stored)
# %% [markdown]
# The same sets as a table: sort by any column, or keep the sets with or without a sequence.
# %% tags=["hide-input"]
report.subset_explorer(page, sets, names, result="subsets.csv", stored=stored)
# %% [markdown]
# ## What does each sequence add?
# Gain in AUC from adding a sequence to a set, over every pair of sets with and without it that were trained; where all
# sets of a repeat were, also the {term}`fair share` {cite:p}`shapley1953` of each sequence in the way from chance to
# all six, with its range over the repeats. Beside it what was planted: the effect of the sign that only this sequence
# shows, in standard deviations.
# %% tags=["hide-input"]
areas = first.pivot(index="sequences", columns="repeat", values="auc")
whole = [repeat for repeat in areas if areas[repeat].count() == 2 ** len(names) - 1]
gains = added_gains(runs["auc"].mean()).set_index("part").reindex(names)
fair = shapley(areas[whole], 0.5).reindex(names) if whole else pd.DataFrame(index=names, columns=["none"], dtype=float)
gains = gains.assign(share=fair.mean(axis=1), share_low=fair.min(axis=1), share_high=fair.max(axis=1))
write_result(cohort, "contributions.csv", gains.reset_index(), parameters={"stored": record["sha256"]})
shown = gains[["n_pairs"]].assign(planted=pd.Series(page.spec.planted["sign_effect"]))
shown["added"] = report.interval_column(gains, columns=("gain", "smallest", "largest"))
shown["share"] = report.interval_column(gains, columns=("share", "share_low", "share_high"))
words = ["Sequence", "Pairs", "Planted effect, SD", "Mean gain in AUC (range over pairs)", "Fair share (range)"]
shown = shown.reset_index().set_axis(words, axis=1)
report.show_table(page, shown, "What each sequence adds to the others.", result="contributions.csv", stored=stored)
# %% [markdown]
# ## Is the stored table still what the book would make?
# {glue:text}`n_live` of these trainings are made anew in every run of the book. Of them {glue:text}`n_same` give the
# stored numbers of right answers and the stored AUC. The images are {glue:text}`images` that the stored table was made
# from.
# %% tags=["hide-input"]
truth = read_result(cohort, "patients.csv").set_index("patient_id")["mvi_present"]
live = read_result(cohort, "ablation.csv").query("scoring == 'first'").join(truth, on="patient_id")
live["right"] = live["dl_mvi"] == live["mvi_present"]
groups = live.groupby(["sequences", "repeat"], sort=False)
made = groups.agg(n_correct=("right", "sum"), n_patients=("right", "size"))
made["auc"] = [auc(part["mvi_present"], part["dl_risk"]).value for _, part in groups]
both = made.join(first.set_index(["sequences", "repeat"])[["n_correct", "auc"]], rsuffix="_stored", how="inner")
both["same"] = both["n_correct"].eq(both["n_correct_stored"]) & (both["auc"] - both["auc_stored"]).abs().lt(1e-9)
both["same"] = both["same"].map({True: "yes", False: "no"})
words = ["Sequences", "Repeat", "Right", "Patients", "AUC", "Right, stored", "AUC, stored", "Same"]
shown = both.round(4).reset_index().set_axis(words, axis=1)
report.show_table(page, shown, "Trainings of this run beside the stored ones.", stored=stored)
# %% [markdown]
# ## At the paper's size
# {glue:text}`full`
# %% tags=["hide-input"]
full = read_stored(stored_full)[0].query("scoring == 'first'") if is_stored(stored_full) else first.iloc[:0]
large = full.groupby("sequences")["accuracy"].agg(["mean", "min", "max", "size"]).sort_values("mean", ascending=False)
extra = {"stored": stored_full} if len(large) else {}
large_shown = large.round(3).reset_index().set_axis(["Sequences", "Mean", "Least", "Most", "Repeats"], axis=1)
report.show_table(page, large_shown, "Accuracy by set at the paper's size, if made.", **extra)
# %% tags=["remove-cell"]
known = record["inputs"]["rois.safetensors"] == sha256(result_path(cohort, "rois.safetensors"))
spread = first.groupby("sequences")["accuracy"].agg(["min", "max", "size"]).query("size > 1")
best = sets.iloc[0]
said = {
    "n_sets": f"{len(sets)} of {2 ** len(names) - 1}", "n_repeats": f"1 to {int(sets['runs'].max())}",
    "n_live": len(made), "n_same": f"{int((both['same'] == 'yes').sum())} of the {len(both)} that stand in both tables",
    "images": "the same" if known else "other images than those",
    "best": f"{best['sequences'].replace('+', ' + ')} at {100 * best['value']:.1f} %",
    "noise": f"by {100 * (spread['max'] - spread['min']).mean():.1f} points" if len(spread) else "by an amount not known",
    "ranking": ", ".join(gains["gain"].sort_values(ascending=False).index),
    "full": f"The table has {len(large)} sets." if len(large) else f"The table {stored_full} was not made: it needs a GPU. `make full` makes it.",
}  # fmt: skip
for key, value in said.items():
    report.publish(key, value)
# %% [markdown]
# ## Answer
# Of the sets trained so far, the best is {glue:text}`best`. By what they add, the sequences rank {glue:text}`ranking`;
# planted were equal signs in T1, T1V and T1D, half of one in T1A, a faint one in T2 and none in DWI. The best
# and the worst repeat of one set differ {glue:text}`noise`, on average over the sets with repeats, so that neighbours in
# this chart cannot be told apart, and the first of many is flattered.
#
# **What it is worth.** {glue:text}`worth`. Each set was judged on patients whom its network had not seen; where there
# is one repeat, the chance of the training is not known.
#
# **What this page cannot show.** The answer was planted; the chart shows how much of it the method finds. One repeat says
# nothing of its own noise, and the network is smaller than the paper's.

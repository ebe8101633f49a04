# %% [markdown]
# # What does the reader do with broken data?
# Not in the paper. A reader that is wrong without a word changes a study and nobody learns of it.
# Reads the stored table `faults.csv`; writes `fault_verdicts.csv`.
# %% tags=["parameters", "remove-cell"]
cohort = "phantom"  # cohort id in data_manifest/cohorts/
stored: str = "faults.csv"  # table of data_manifest/stored, one row a case
# %% tags=["hide-input"]
import matplotlib.pyplot as plt

from mvi_core import figures, report
from mvi_core.results import read_stored, write_result

figures.theme()
page = report.open_page("26_faults", cohort)
# %% [markdown]
# ## The cases
# A corpus of small **synthetic** studies, each with one fault, with several, or with something odd that is valid: files cut
# short, foreign slices, phases under one identifier, boxes in millimetres, tables in another encoding, paths out of the
# folder, logits for probabilities, weights that are no numbers. A judge, which is no part of this project, runs our reader on
# each, in a process with a limit of time and memory, and compares volumes and messages with what it knows of the case. No
# patient stands behind any of it. The corpus is not in this repository; `make test` runs faults of the same classes, made
# anew, and the corpus too where `MVI_FAULTS` names it.
#
# A case is passed only if it was **told** (an error or a warning that names patient and file or row) or **read equal** (the
# volumes are those of the study without the fault). Anything else fails: another image without a word, a patient lost, a
# message without a name, a traceback, no end, too much memory, or an identifying value in a message.
# %% tags=["hide-input"]
table, record = read_stored(stored)
words = {
    "equal": "valid, read equal",
    "error_named": "error that names it",
    "warned_named": "warning that names it",
    "partial_ok": "left out, the others equal",
}
table["outcome"] = table["verdict"].map(words).fillna("FAILED").where(table["passed"] == 1, "FAILED")
order = [*words.values(), "FAILED"]
rows = table.groupby(["part", "stage"], sort=False)
verdicts = rows["outcome"].value_counts().unstack(fill_value=0).reindex(columns=order, fill_value=0)
verdicts["seconds"], verdicts["peak_mb"] = rows["seconds"].max(), rows["peak_mb"].max()
write_result(cohort, "fault_verdicts.csv", verdicts.reset_index(), parameters={"stored": record["sha256"]})
# %% tags=["hide-input"] mystnb={"figure": {"caption": "What became of each case of the synthetic fault corpus, of its mutated series, and of the runs in which the faulty patient was to be left out; cases.", "name": "fig-faults"}}
figure, axes = plt.subplots(figsize=(9.2, 3.4), layout="constrained")
told = {"error that names it": "told by name", "warning that names it": "told by name"}
counts = table["outcome"].replace(told).value_counts()
counts = counts.reindex(["told by name", *order[:1], *order[3:]], fill_value=0)
figures.counted_bars(counts, axes, note="cases")
figures.stamp(axes, page.spec.kind)
alt = f"Cases by outcome: {'; '.join(f'{count} {name}' for name, count in counts.items())}."
report.show_figure(page, figure, alt=alt, n=len(table), result="fault_verdicts.csv", stored=stored)
# %% [markdown]
# ## By kind of fault
# The stage is where the fault lies. *Mutated series* have one byte, length or element changed at random; *one patient left
# out* repeats the cases of one patient with the switch that goes on without that patient.
# %% tags=["hide-input"]
shown = verdicts.drop(columns=["seconds", "peak_mb"]).reset_index().rename(columns={"part": "Part", "stage": "Stage"})
shown["Stage"] = shown["Stage"].replace({"fs": "file system", "multi": "several at once"})
report.show_table(page, shown, "Cases by part, stage and outcome.", result="fault_verdicts.csv", stored=stored)
# %% tags=["remove-cell"]
parts = table["part"].value_counts()
errors = table[["errors", "with_remedy"]].sum()
said = {
    "n_cases": f"{parts['cases']} cases, {parts['mutated series']} mutated series and {parts['one patient left out']} runs",
    "n_failed": "none" if table["passed"].all() else str(int((table["passed"] == 0).sum())),
    "n_told": int(table["verdict"].isin(["error_named", "warned_named", "partial_ok"]).sum()),
    "n_equal": int((table["verdict"] == "equal").sum()),
    "n_leaks": int(table["leaks"].sum()),
    "remedies": f"{int(errors['with_remedy'])} of {int(errors['errors'])}",
    "cost": f"{table['seconds'].max():.1f} seconds and {table['peak_mb'].max()} MB",
}
for key, value in said.items():
    report.publish(key, value)
# %% [markdown]
# ## Answer
# Of {glue:text}`n_cases` that leave one patient out, {glue:text}`n_failed` failed: {glue:text}`n_told` were told by name, and
# what is valid, {glue:text}`n_equal`, was read equal. Messages held {glue:text}`n_leaks` identifying values; {glue:text}`remedies` errors
# end with what to do. The dearest case took {glue:text}`cost`, the start of the program included.
#
# **What it is worth.** {glue:text}`worth`. What was planted here is faults, by a corpus and a judge that are no
# part of this project.
#
# **What this page cannot show.** The reader was mended until this corpus passed, so that the score is no estimate for faults
# that nobody thought of; that is what the fuzzers in `tests/fuzz` look for. A slice exchanged for another of the same
# patient, place and scale leaves no trace that any reader could find.

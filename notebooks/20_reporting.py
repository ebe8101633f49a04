# %% [markdown]
# # What would a reviewer's checklist find?
# Paper: the whole report. Reads `report.json`, which holds the numbers of every page, and the checklists in
# `data_manifest/checklists`; writes `tripod_ai.csv` and `claim_2024.csv`.
# %% tags=["parameters", "remove-cell"]
cohort = "paper"  # cohort rebuilt from the printed numbers
phantom = "phantom"  # cohort with images, on which the network was trained
# %% tags=["hide-input"]
import matplotlib.pyplot as plt
import pandas as pd

from mvi_core import figures, report
from mvi_core.results import read_result, write_result

figures.theme()
page = report.open_page("20_reporting", cohort)
# %% [markdown]
# Two checklists say what a report of this kind must tell: {cite:t}`collins2024` for prediction models and
# {cite:t}`tejani2024` for imaging. Every item is judged twice: what the paper reports, read once by hand, and what this
# book reports. The book's column is computed: an item is met only if the numbers and files that it needs exist in this
# run. **What is not met stays in the table**, with the reason.
# %% tags=["hide-input"]
said = read_result(".", "report.json")
lists = {"TRIPOD+AI": "tripod_ai", "CLAIM 2024": "claim_2024"}
filled = {title: report.fill_checklist(report.read_checklist(name), said) for title, name in lists.items()}
for title, name in lists.items():
    write_result(cohort, f"{name}.csv", filled[title], inputs=["../report.json"])
counts = pd.concat({title: report.count_checklist(table) for title, table in filled.items()}, names=["list"])
counts = counts.reset_index("list").pivot(index=["who", "word"], columns="list", values="n")[list(lists)]
# %% tags=["hide-input"]
caption = "Items of each checklist, counted by what the paper and this book report."
shown = counts.rename_axis(columns=None).reset_index().rename(columns={"who": "Who", "word": "Reports it"})
report.show_table(page, shown, caption, result="tripod_ai.csv")
# %% tags=["hide-input"] mystnb={"figure": {"caption": "Items that are reported in full, in part, or not, in the paper and in this book.", "name": "fig-reporting"}}
figure, axes = plt.subplots(figsize=(7, 2.9))
figures.stamp(figures.checklist_bars(counts, axes), page.spec.kind)
full = counts.loc[[("paper", "reported"), ("this book", "met")]].droplevel("word").unstack()
report.show_figure(page, figure, alt=f"Items in full: {report.pairs_told(full)}.", result="tripod_ai.csv")
# %% [markdown]
# ## TRIPOD+AI
# %% tags=["hide-input"]
report.show_checklist(page, filled["TRIPOD+AI"], "TRIPOD+AI, 27 items with their parts.", result="tripod_ai.csv")
# %% [markdown]
# ## CLAIM, update of 2024
# %% tags=["hide-input"]
report.show_checklist(page, filled["CLAIM 2024"], "CLAIM 2024, 44 items.", result="claim_2024.csv")
# %% [markdown]
# ## Model cards
# A model card {cite:p}`mitchell2019` says what a model is for, what it was made from and what it must not be used for.
# The same text lies beside the weights as `MODEL_CARD.md`.
# %% tags=["hide-input"]
card = pd.DataFrame(report.network_card(phantom), columns=["Network", ""])
caption = f"Model card of the network, trained on simulated images. Cohort: {phantom}."
report.show_table(page, card, caption, result=f"../{phantom}/model/MODEL_CARD.md")
# %% tags=["hide-input"]
card = pd.DataFrame(report.nomogram_card(cohort), columns=["Nomogram", ""])
report.show_table(page, card, "Model card of the refitted nomogram.", result="nomogram.json")
# %% tags=["remove-cell"]
for (title, name), who in [(item, who) for item in lists.items() for who in ("paper", "this book")]:
    words = counts.loc[who, title]
    report.publish(f"{name}_{who.split()[-1]}", f"{words[['reported', 'met'][who != 'paper']]} of {words.sum()}")
unmet = pd.concat(filled.values()).query("status == 'not met'")["why"]
report.publish("n_unmet", len(unmet))
report.publish("n_missing", int(unmet.str.startswith("missing").sum()))
# %% [markdown]
# ## Answer
# Of TRIPOD+AI the paper reports {glue:text}`tripod_ai_paper` items in full and this book {glue:text}`tripod_ai_book`;
# of CLAIM {glue:text}`claim_2024_paper` and {glue:text}`claim_2024_book`. {glue:text}`n_unmet` items stay unmet in the
# book, {glue:text}`n_missing` of them because this run lacks a result.
#
# **What it is worth.** {glue:text}`worth`. The book's column is computed from the results of this run and cannot claim
# what it lacks; the paper's column is one reader's judgement.
#
# **What this page cannot show.** A checklist asks whether something is told, not whether it is right. The paper was
# read by one reader, without its declarations, and before these checklists existed nobody could be held to them.

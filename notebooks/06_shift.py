# %% [markdown]
# # Do the two years look different to the network?
# Paper: Results, *Generalization between different cohorts*; Fig. 2.
# Reads `patients.csv` and `features.csv`; writes `embedding.csv` and `shift.csv`.
# %% tags=["parameters", "remove-cell"]
cohort = "phantom"  # cohort id in data_manifest/cohorts/
perplexity: float = 30  # about the number of neighbours that t-SNE keeps together
n_permutations: int = 200  # shuffles of the years behind each p value
seed: int = 2022  # seeds t-SNE, folds and permutations
# %% tags=["hide-input"]
from itertools import product

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

from mvi_core import figures
from mvi_core.model.embedding import tsne_map
from mvi_core.names import GRADES, PAPER_SEQUENCES
from mvi_core.report import interval_text, open_page, p_text, publish, show_figure, show_table
from mvi_core.results import read_result, write_result
from mvi_core.stats.shift import domain_auc

figures.theme()
page = open_page("06_shift", cohort)
# %% [markdown]
# ## From features to a map
# The network, trained on 2015, turns the lesion in each sequence into a row of features. **t-SNE** draws a map on which
# similar rows lie close. The paper judges by eye where the years lie apart; here each panel carries a number: how well a
# cross-validated classifier tells the years apart from the same features (0.5 is chance, 1 is complete separation), with
# a permutation p.
# %%
rng = np.random.default_rng(seed)
names = [str(name) for name in PAPER_SEQUENCES]
patients = read_result(cohort, "patients.csv").set_index("patient_id")[["enrolment", "mvi_grade"]]
features = read_result(cohort, "features.csv")
values = features.set_index(["patient_id", "sequence"]).to_numpy().reshape(-1, len(names), features.shape[1] - 2)
ids = features["patient_id"].drop_duplicates().to_numpy()
embedding = tsne_map(values, ids, names, perplexity=perplexity, seed=seed).join(patients, on="patient_id")
write_result(
    cohort, "embedding.csv", embedding, parameters={"seed": seed, "perplexity": perplexity}, inputs=["features.csv"]
)
# %%
people, rows = patients.loc[ids], []
for grade, (place, name) in product(GRADES, enumerate(names)):
    chosen = (people["mvi_grade"] == grade).to_numpy()
    rows.append(
        (
            grade,
            name,
            *domain_auc(
                values[chosen, place], people["enrolment"][chosen].to_numpy(), rng=rng, n_permutations=n_permutations
            ),
        )
    )
shift = pd.DataFrame(
    [(grade, name, area.value, area.low, area.high, area.n, p) for grade, name, area, p in rows],
    columns=["mvi_grade", "sequence", "domain_auc", "ci_low", "ci_high", "n", "p_value"],
)
write_result(
    cohort, "shift.csv", shift, parameters={"seed": seed, "n_permutations": n_permutations}, inputs=["features.csv"]
)
# %% mystnb={"figure": {"caption": "t-SNE of the network's features by MVI grade (rows) and sequence (columns); under each panel how well the years can be told apart.", "name": "fig-tsne"}, "image": {"alt": "Nine scatter panels, three grades by three sequences, patients of 2015 and 2018 in two colours; where the years form separate clouds the number under the panel is close to one."}}
figure, axes = plt.subplots(3, 3, figsize=(10, 10.6), layout="constrained")
for axis, row in zip(axes.flat, shift.itertuples(), strict=True):
    points = embedding[(embedding["mvi_grade"] == row.mvi_grade) & (embedding["sequence"] == row.sequence)]
    figures.embedding_panel(
        points,
        axis,
        title=f"{row.mvi_grade}, {row.sequence}",
        separation=f"AUC {interval_text(row.domain_auc, row.ci_low, row.ci_high)}",
    )
axes[0, 0].legend(loc="best")
figures.stamp(axes[0, 0], page.spec.kind)
show_figure(page, figure, result="embedding.csv")
# %%
shown = shift[["mvi_grade", "sequence", "n"]].assign(
    separation=[interval_text(*row) for row in shift[["domain_auc", "ci_low", "ci_high"]].to_numpy()],
    p=shift["p_value"].map(p_text),
)
shown.columns = ["Grade", "Sequence", "Patients", "AUC of telling the years apart (95 % CI)", "Permutation p"]
show_table(page, shown, "Separation of the years by grade and sequence.", result="shift.csv")
# %%
by_sequence = shift.groupby("sequence")["domain_auc"].mean()
for name in names:
    publish(f"separation_{name}", f"{by_sequence[name]:.2f}")
publish("most", str(by_sequence.idxmax()))
publish("least", str(by_sequence.idxmin()))
# %% [markdown]
# ## Answer
# The years are told apart best on {glue:text}`most` and least on {glue:text}`least`. The mean AUC over the grades is
# {glue:text}`separation_T1` for T1, {glue:text}`separation_T1V` for T1V and {glue:text}`separation_T1D` for T1D. The paper
# calls T1D separated in all three grades, T1 in the lowest grade only, T1V in the middle one.
#
# **What this page cannot show.** A t-SNE map keeps neighbours, not distances; two clouds on it can be one in truth. The
# 2015 patients trained the network and the 2018 patients did not, which can part their features even without any drift
# of the scanner. In the phantom the drift was planted.

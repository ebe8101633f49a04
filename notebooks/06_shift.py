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
import matplotlib.pyplot as plt
import numpy as np

from mvi_core import figures, report
from mvi_core.model.embedding import tsne_map
from mvi_core.names import PAPER_SEQUENCES
from mvi_core.results import read_result, write_result
from mvi_core.stats.shift import separation_table

figures.theme()
page = report.open_page("06_shift", cohort)
# %% [markdown]
# ## From features to a map
# The network, trained on the first year, turns the lesion in each sequence into a row of features. **t-SNE** draws a map
# on which similar rows lie close. The paper judges by eye where the years lie apart; here each panel carries a number: how
# well a cross-validated classifier tells the years apart from the same features (one half is chance, one is complete
# separation), with a permutation p.
# %% tags=["hide-input"]
rng = np.random.default_rng(seed)
names = [str(name) for name in PAPER_SEQUENCES]
patients = read_result(cohort, "patients.csv").set_index("patient_id")[["enrolment", "mvi_grade"]]
features = read_result(cohort, "features.csv").set_index(["sequence", "patient_id"])
ids = features.loc[names[0]].index
blocks = {name: features.loc[name].loc[ids].to_numpy() for name in names}
# %% tags=["hide-input"]
points = tsne_map(np.stack(list(blocks.values()), axis=1), ids, names, perplexity=perplexity, seed=seed)
points = points.join(patients, on="patient_id")
people = patients.loc[ids]
shift = separation_table(blocks, people["enrolment"], people["mvi_grade"], rng=rng, n_permutations=n_permutations)
parameters = {"seed": seed, "perplexity": perplexity, "n_permutations": n_permutations}
made = {"parameters": parameters, "inputs": ["patients.csv", "features.csv"]}
write_result(cohort, "embedding.csv", points, **made)
write_result(cohort, "shift.csv", shift, **made)
# %% tags=["hide-input"] mystnb={"figure": {"caption": "t-SNE of the network's features by MVI grade (rows) and sequence (columns); under each panel the AUC of telling the years apart.", "name": "fig-tsne"}, "image": {"alt": "Nine scatter panels, three grades by three sequences, patients of 2015 and 2018 in two colours; where the years form separate clouds the number under the panel is close to one."}}
shift["text"] = report.interval_column(shift, columns=("domain_auc", "ci_low", "ci_high"))
figure, axes = plt.subplots(3, 3, figsize=(10, 10.6), layout="constrained")
for axis, row in zip(axes.flat, shift.itertuples(), strict=True):
    here = points[(points["mvi_grade"] == row.group) & (points["sequence"] == row.block)]
    figures.embedding_panel(here, axis, title=f"{row.group}, {row.block}", separation=f"AUC {row.text}")
axes[0, 0].legend(loc="best")
figures.stamp(axes[0, 0], page.spec.kind)
report.show_figure(page, figure, result="embedding.csv")
# %% tags=["hide-input"]
shown = shift[["group", "block", "n", "text"]].assign(p=shift["p_value"].map(report.p_text))
shown.columns = ["Grade", "Sequence", "Patients", "AUC of telling the years apart (95 % CI)", "Permutation p"]
report.show_table(page, shown, "Separation of the years by grade and sequence.", result="shift.csv")
# %% tags=["remove-cell"]
means = shift.groupby("block")["domain_auc"].mean()
for name in names:
    report.publish(f"separation_{name}", f"{means[name]:.2f}")
report.publish("planted", " and ".join(page.spec.drift) or "no sequence")
report.publish("most", str(means.idxmax()))
report.publish("least", str(means.idxmin()))
# %% [markdown]
# ## Answer
# The years are told apart best on {glue:text}`most` and least on {glue:text}`least`. The mean AUC over the grades is
# {glue:text}`separation_T1` for T1, {glue:text}`separation_T1V` for T1V and {glue:text}`separation_T1D` for T1D. The paper
# calls T1D separated in all three grades, T1 in the lowest grade only, T1V in the middle one.
#
# **What this page cannot show.** A t-SNE map keeps neighbours, not distances; two clouds on it can be one in truth. The
# earlier patients trained the network and the later ones did not, which can part their features even without any drift
# of the scanner. Drift was planted in {glue:text}`planted`.

# %% [markdown]
# # How does the network work, and what does it cost?
# Paper: Methods, *Deep learning network architecture and workflow*, steps 1 to 4; Fig. 1.
# Reads `rois_index.csv`, the ROI cache, `training.csv`, `silent_choices.csv` and the stored `choices.csv`; writes
# `parameters.csv`.
# %% tags=["parameters", "remove-cell"]
cohort = "phantom"  # cohort id in data_manifest/cohorts/
roi_px: int = 48  # px, side of the network input in the book; the paper uses 320
width: int = 16  # channels of the first block in the book; the paper uses 64
blocks: list = [2, 2]  # bottlenecks of each width in the book; the paper uses 6 and 6
seed: int = 2022  # draws the weights of the demonstration
stored: str = "choices.csv"  # table of data_manifest/stored
# %% tags=["hide-input"]
import matplotlib.pyplot as plt
import pandas as pd
import torch

from mvi_core import figures, report
from mvi_core.dataset.rois import read_roi_cache
from mvi_core.model.backbone import NetworkSettings
from mvi_core.model.choices import silent_choices
from mvi_core.model.layers import count_parameters, layer_shapes
from mvi_core.model.network import MviNet
from mvi_core.model.sharing import sharing_differences
from mvi_core.names import PAPER_SEQUENCES, ROI_SIZE, MviGrade
from mvi_core.results import read_result, read_stored, result_path, write_result

figures.theme()
page = report.open_page("13_network", cohort)
# %% [markdown]
# ## One backbone for all sequences
# A slice of any sequence passes the same layers and leaves a row of features; the rows of the sequences are joined, and
# one fully connected layer turns them into three grades.
# %% tags=["hide-input"] mystnb={"figure": {"caption": "Counterpart of the paper's Fig. 1: its network at its size, drawn from the shapes that its own layers report. Grades M1 and M2 together count as MVI present.", "name": "fig-network-flow"}}
shapes = layer_shapes(network := MviNet(len(PAPER_SEQUENCES), ROI_SIZE))
figure, axes = plt.subplots(figsize=(7.4, 6.4))
figures.network_flow(shapes, axes, branches=PAPER_SEQUENCES, outputs=tuple(MviGrade))
figures.stamp(axes, page.spec.kind)
alt = "From slice to grades: " + ", ".join(f"{name} {' x '.join(map(str, shape))}" for name, shape in shapes)
report.show_figure(page, figure, alt=alt)
# %% [markdown]
# ## Counted by hand
# Numbers that training can change, from the widths in the paper's text alone: a convolution of $k \times k$ from $a$ to
# $b$ channels has $k^2 a b$, a normalisation of $b$ channels $2b$. A bottleneck {cite:p}`he2016` goes down to its width
# by $1 \times 1$, over it by $3 \times 3$, and up to four times its width by $1 \times 1$; the first of a stage also
# has a $1 \times 1$ shortcut.
# %% tags=["hide-input"]
rows = [("7 × 7 convolution, normalisation", 1, 49 * 1 * 64 + 2 * 64)]
for w, entry in ((64, 64), (128, 256)):
    body = w * 9 * w + w * 4 * w + 2 * (w + w + 4 * w)  # 3 x 3, up, three normalisations
    rows += [(f"first, width {w}", 1, entry * 5 * w + body + 8 * w), (f"others, width {w}", 5, 4 * w * w + body)]
rows.append(("fully connected, 3 × 512 features to 3 grades", 1, 3 * 512 * 3 + 3))
hand = pd.DataFrame(rows, columns=["Part", "How many", "Numbers in each"])
hand["Numbers"] = hand["How many"] * hand["Numbers in each"]
write_result(cohort, "parameters.csv", hand)
report.show_table(page, hand.map(report.grouped), "Parameters at the paper's size.", result="parameters.csv")
# %% [markdown]
# The sum is {glue:text}`by_hand`; the module itself counts {glue:text}`by_module`. The map that leaves the last
# bottleneck has {glue:text}`features` channels, four times the width, so that its mean over the map is the feature
# vector that the paper calls 512-dimensional: {glue:text}`claim`.
#
# ## 27 combinations for the price of nine slices
# A patient has three slices of each of three sequences, hence 27 {term}`slice combinations <Slice combination>` that
# all carry the patient's grade. Run one by one they take 81 passes through the backbone, but only nine slices are
# distinct. Because the last layer is linear, each slice can be passed once and its share in the logits combined 27
# ways. Each slice stands in equally many combinations, so that even the batch statistics of training are the same.
# Shown here on one patient in double precision.
# %% tags=["hide-input"]
crops = read_roi_cache(result_path(cohort, "rois.safetensors"))[0][:1, [0, 2, 3]]
rois = torch.from_numpy(crops).double()  # T1, T1V, T1D of one patient: (1, 3, 3, H, W)
settings, generator = NetworkSettings(width=width, blocks=tuple(blocks)), torch.Generator().manual_seed(seed)
small = MviNet(3, roi_px, settings, generator=generator).double()
small.set_intensity_scale(rois.mean((0, 2, 3, 4)), rois.std((0, 2, 3, 4)))
found = sharing_differences(small, rois, torch.tensor([2]))
sizes = (9 * (roi_px // 2) ** 2, 9 * (roi_px // 8) ** 2)  # values behind a variance: first layer, last layers
facts = {
    "Loss and gradient, relative difference": f"{found['loss']:.1g} and {found['gradient']:.1e}",
    "Running variance, shared over plain": f"{found['variance_low']:.5f} to {found['variance_high']:.5f}",
    "The same by n / (n - 1) alone": " to ".join(f"{n / (n - 1) * (9 * n - 1) / (9 * n):.5f}" for n in sizes),
    "Arithmetic, plain over shared": f"{found['arithmetic']:.2f}",
}
shown = pd.DataFrame(facts.items(), columns=["81 passes against nine", "Found"])
report.show_table(page, shown, "One patient, forward and backward, double precision.")
# %% [markdown]
# The running variance differs by its sample-size correction only, because the plain loop counts each slice nine times.
# With six sequences {glue:text}`six` combinations follow from 18 slices. Normalising each sequence by itself keeps the
# equality.
#
# ## What the paper leaves open, and how much it matters
# Everything that the text does not say, ours, and the setting that changes it (`section.name` of `config/study.yaml`).
# %% tags=["hide-input"]
report.show_table(page, silent_choices(), "Choices that the paper leaves open, ours, and how to change them.")
# %% [markdown]
# Each alternative that was trained so far on the phantom's patients, with everything else as it is, out of fold at the size of the book. The
# **band** is what chance alone does: the mean of the default over its seeds, give or take two standard deviations of a
# single run.
# %% tags=["hide-input"] mystnb={"figure": {"caption": "Out-of-fold AUC with one silent choice made otherwise, a stroke a seed, a dot their mean; the band is two standard deviations to either side of the default over its seeds.", "name": "fig-choices"}}
first, phantom = read_stored(stored)[0].query("scoring == 'first'"), page.of("phantom")
runs = first.assign(value=first["auc"], label=first["setting"].str.replace("^[a-z]+[.]", "", regex=True))
ours = runs[runs["choice"] == "ours"]
means, sds = ours[["auc", "accuracy"]].mean(), ours[["auc", "accuracy"]].std()
band = (means["auc"] - 2 * sds["auc"], means["auc"] + 2 * sds["auc"])
figure, axes = plt.subplots(figsize=(7, 1.2 + 0.36 * runs["label"].nunique()))
figures.stamp(figures.spread_rows(runs, axes, band=band, note="AUC, out of fold"), phantom.spec.kind)
each = runs.groupby("label")["value"].mean()
alt = f"Outside the band of {band[0]:.3f} to {band[1]:.3f}: {report.pairs_told(each[~each.between(*band)].round(3))}."
report.show_figure(phantom, figure, alt=alt, n=first["n_patients"].max(), stored=stored)
# %% tags=["hide-input"]
shown = runs.groupby(["choice", "setting"], sort=False)[["accuracy", "auc"]].agg(["mean", "size"]).round(3)
shown = shown.drop(columns=("accuracy", "size")).set_axis(["Accuracy", "AUC", "Seeds"], axis=1)
shown["AUC less default"] = (shown["AUC"] - means["auc"]).map("{:+.3f}".format)
outside = ~shown["AUC"].between(*band)
report.show_table(phantom, shown.reset_index(), "Mean over seeds, one choice at a time.", stored=stored)
# %% [markdown]
# ## Did the training settle?
# %% tags=["hide-input"] mystnb={"figure": {"caption": "Training loss by epoch for the paper's three sequences, one line a fold.", "name": "fig-learning"}}
training = read_result(cohort, "training.csv").query("sequences == 'T1+T1V+T1D' and repeat == 0")
last = training.groupby("fold")["loss"].last()
figure, axes = plt.subplots(figsize=(7, 3.4))
figures.training_curves(training.assign(part="training", value=training["loss"]), axes, ylabel="cross-entropy")
figures.stamp(axes, page.spec.kind)
alt = f"Cross-entropy ends at {last.min():.2f} to {last.max():.2f}, by fold."
report.show_figure(page, figure, alt=alt, n=f"{len(last)} folds", result="training.csv")
# %% tags=["remove-cell"]
said = {
    "by_hand": f"{hand['Numbers'].sum():,}", "by_module": f"{count_parameters(network):,}", "features": str(4 * 128),
    "claim": "it holds" if dict(shapes)["mean over the map"] == (512,) else "it does not hold",
    "six": f"{3**6:,}", "saved": facts["Arithmetic, plain over shared"], "gradient": f"{found['gradient']:.1e}",
    "tried": f"{len(shown) - 1}", "outside": ", ".join(shown.index[outside].get_level_values("setting")) or "none",
    "sd": f"{sds['auc']:.3f} in AUC, {sds['accuracy']:.3f} in accuracy ({len(ours)} seeds)",
    "loss": f"{last.min():.2f} to {last.max():.2f}",
}  # fmt: skip
for key, value in said.items():
    report.publish(key, value)
# %% [markdown]
# ## Answer
# The network has {glue:text}`by_module` parameters, as counted by hand. Passing each slice once saves a factor of
# {glue:text}`saved` of the arithmetic and changes the gradient by a relative {glue:text}`gradient`. Another seed alone
# moves the result by a standard deviation of {glue:text}`sd`. Of {glue:text}`tried` alternatives tried, these leave the
# band: {glue:text}`outside`. The training loss ends at {glue:text}`loss`, by fold.
#
# **What it is worth.** {glue:text}`worth`. The count of parameters and the shared passes are exact and hold for any
# network of this form; the band of chance rests on the seeds that were trained.
#
# **What this page cannot show.** Choices were changed one at a time, on phantom images and at the size of the book; at
# the paper's size, or on patients, another choice may matter. A mean of one or two seeds has noise of its own.

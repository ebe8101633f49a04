# %% [markdown]
# # What does the network look at?
# Paper: Methods, *Deep learning network architecture and workflow*; the paper shows no such map.
# Reads `attention.csv` and `attention_maps.safetensors`; writes `attention_regions.csv` and `attention_check.csv`.
# %% tags=["parameters", "remove-cell"]
cohort = "phantom"  # cohort id in data_manifest/cohorts/
n_bootstrap: int = 2000  # resamples of patients behind each interval
seed: int = 2022  # seeds the only random generator of this page
# %% tags=["hide-input"]
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from safetensors.numpy import load_file

from mvi_core import figures, report
from mvi_core.dataset.phantom_twin import BAND_MM, REGIONS, RIM_MM
from mvi_core.names import PAPER_SEQUENCES
from mvi_core.results import read_result, result_path, write_result
from mvi_core.stats.contribution import mean_table

figures.theme()
page = report.open_page("15_attention", cohort)
# %% [markdown]
# ## From a risk to its pixels
# **Integrated gradients** {cite:p}`sundararajan2017` divide the log-odds of invasion of one patient among the pixels:
# each pixel gets its difference from a blank image, times the mean slope on the way there; the shares of all pixels sum
# to the change of the log-odds. The maps are of patients of the later year, whom the network never saw.
# %% tags=["hide-input"]
rng = np.random.default_rng(seed)
names = [str(name) for name in PAPER_SEQUENCES]
maps = load_file(result_path(cohort, "attention_maps.safetensors"))
people = read_result(cohort, "patients.csv").query("enrolment == '2018'").reset_index(drop=True)
found = read_result(cohort, "attention.csv")
shown = people.assign(row=people.index).groupby("mvi_grade").nth(1).sort_values("mvi_grade")  # not chosen by looks
# %% tags=["hide-input"] mystnb={"figure": {"caption": "One patient of each grade: what speaks for invasion (red) and against it (blue), by sequence, over the lesion image with the lesion's margin (yellow); last row the same patient as above it, with the weights of the network drawn anew.", "name": "fig-attention"}}
rows = [(place, grade, "trained") for place, grade in zip(shown["row"], shown["mvi_grade"], strict=True)]
rows.append((*rows[-1][:2], "weights_drawn_anew"))
panels = [(place, s, network, grade) for place, grade, network in rows for s in range(len(names))]
figure, axes = plt.subplots(len(rows), 3, figsize=(7.6, 2.6 * len(rows)), layout="constrained")
for axis, (place, s, network, grade) in zip(axes.flat, panels, strict=True):
    image, shares, lesion = (maps[key][place, s].astype(float) for key in ("image", network, "lesion"))
    figures.attention_panel(image, shares, axis, title=f"{grade}, {names[s]}", lesion=lesion)
axes[-1, 1].set_xlabel("the same patient, weights drawn anew")
figures.stamp(axes[0, 0], page.spec.kind)
told = found.query("network == 'trained'").groupby("region")["share"].mean().map("{:.0%}".format)
alt = f"Coloured lesion images; attribution by region, all patients: {report.pairs_told(told)}."
report.show_figure(
    page, figure, alt=alt, n=f"{len(people)} patients, {len(shown)} shown", result="attention_maps.safetensors"
)
# %% [markdown]
# ## Is it where the signs were drawn?
# Share of each region in all attribution of a sequence, sign left aside. The **rim** is {glue:text}`rim` to either side
# of the lesion's margin, **peritumoural** reaches out to {glue:text}`band`. Two things make a share without any
# learning: the area of the region, and that tissue which differs from the mean weighs more; the network with weights
# drawn anew shows both.
# %% tags=["hide-input"]
keys = ["network", "sequence", "region"]
part = mean_table(found, keys, "share", n_bootstrap=n_bootstrap, rng=rng)
area = mean_table(found.query("network == 'trained'"), keys, "area", n_bootstrap=n_bootstrap, rng=rng)
regions = pd.concat([part, area.assign(network="area of the region")], ignore_index=True)
made = {"parameters": {"seed": seed, "n_bootstrap": n_bootstrap}, "inputs": ["attention.csv"]}
write_result(cohort, "attention_regions.csv", regions, **made)
# %% tags=["hide-input"] mystnb={"figure": {"caption": "Share of each region in the attribution of each sequence, mean over patients with 95 % bootstrap interval: the network, the same trained again with another seed, weights drawn anew, and the area of the region.", "name": "fig-attention-regions"}}
figure, axes = plt.subplots(1, 3, figsize=(11.6, 4.6), sharey=True, layout="constrained")
for axis, name in zip(axes, names, strict=True):
    here = regions[regions["sequence"] == name].rename(columns={"region": "metric", "network": "series"})
    figures.metric_points(here, axis, note=f"{name}: share of attribution").set_xlim(0, 0.48)
figure.legend(*axes[0].get_legend_handles_labels(), loc="outside upper center", ncols=4)
for axis in axes:
    axis.get_legend().remove()
figures.stamp(axes[0], page.spec.kind)
rim = regions[(regions["region"] == "rim") & (regions["sequence"] == "T1V")]
alt = f"Share at the rim in T1V: {report.rows_told(rim, 'network')}."
report.show_figure(page, figure, alt=alt, n=len(people), result="attention_regions.csv")
# %% tags=["hide-input"]
wide = found.pivot(index=["patient_id", "sequence", "region"], columns="network", values="share")
gain = (wide["trained"] - wide["weights drawn anew"]).rename("gain").reset_index()
gains = mean_table(gain, ["sequence", "region"], "gain", n_bootstrap=n_bootstrap, rng=rng)
gains["text"] = report.interval_column(gains, digits=1, percent=True)
table = gains.pivot(index="sequence", columns="region", values="text").loc[names, list(REGIONS)]
table.insert(0, "planted sign", pd.Series(page.spec.planted["sign"]))
caption = "Share of attribution less that of the network with weights drawn anew, percentage points (95 % CI)."
report.show_table(page, table.rename_axis("Sequence").reset_index(), caption, result="attention_regions.csv")
# %% [markdown]
# ## Does the map show what was learned?
# A map that survives when all weights are drawn anew shows the image, not the network {cite:p}`adebayo2018`. Spearman's
# correlation with the map of the trained network, pixel by pixel with their signs, says how much survives; the same
# training with another seed is the most that one may hope for.
# %% tags=["hide-input"]
twice = found[found["network"] != "trained"].drop_duplicates(["network", "sequence", "patient_id"])
check = mean_table(twice, ["network", "sequence"], "agreement", n_bootstrap=n_bootstrap, rng=rng)
write_result(cohort, "attention_check.csv", check, **made)
check["text"] = report.interval_column(check)
table = (
    check.pivot(index="network", columns="sequence", values="text")[names].rename_axis(["Compared with"]).reset_index()
)
report.show_table(page, table, "Correlation with the maps of the network (95 % CI).", result="attention_check.csv")
# %% tags=["remove-cell"]
site = {"T1": "tumour", "T1V": "rim", "T1D": "peritumoural"}
cells = gains.set_index(["sequence", "region"])["text"] + " points"
for name in names:
    report.publish(f"gain_{name}", cells[name, site[name]])
trained = regions[(regions["network"] == "trained") & (regions["region"] == "rim")].set_index("sequence")
report.publish("rim", f"{RIM_MM:g} mm")
report.publish("band", f"{BAND_MM:g} mm")
ends = check.groupby("network")["value"].agg(["min", "max"]).map("{:.2f}".format)
report.publish("survives", " to ".join(ends.loc["weights drawn anew"]))
report.publish("repeats", " to ".join(ends.loc["trained again"]))
gap = found.query("network == 'trained'").drop_duplicates("patient_id")["gap"]
report.publish("gap", f"{gap.abs().mean():.2f}")
# %% [markdown]
# ## Answer
# Beyond what weights drawn anew give, the planted sites receive {glue:text}`gain_T1V` at the rim in T1V, where the
# margin is irregular, {glue:text}`gain_T1D` in the peritumoural band in T1D, and {glue:text}`gain_T1` in the tumour in
# T1, whose sign is its darkness against the liver: there the network looks at the surroundings too. New
# weights leave a correlation of {glue:text}`survives` of the map, another seed {glue:text}`repeats`: the maps show what
# was learned, and two trainings that predict alike still look at different pixels. The shares miss the change of the
# log-odds by {glue:text}`gap` on average.
#
# **What it is worth.** {glue:text}`worth`. The maps are held against weights drawn anew and against a second training,
# the two checks without which a map is a picture.
#
# **What this page cannot show.** A map says what moved this network, not what is true of the tumour, and single pixels
# mean nothing. On patients nobody knows where the sign is; there only the check against new weights can be repeated.

# %% [markdown]
# # How does a DICOM series become a lesion image?
# Paper: Methods, *MR imaging acquisition*, and *Step 1: feature extraction from single MR sequence*.
# Reads `patients.csv`, `rois_index.csv` and the DICOM files of the cohort.
# %% tags=["parameters", "remove-cell"]
cohort = "phantom"  # cohort id in data_manifest/cohorts/
seed: int = 2022  # chooses the patient that is shown
roi_px: int = 320  # px, size of the network input in the paper
margin_px: int = 8  # px added at every side; the paper adds 5 to 10
# %% tags=["hide-input"]
from dataclasses import replace

import matplotlib.pyplot as plt
import pandas as pd

from mvi_core import figures, report
from mvi_core.dataset.dicom import real_liver_slice
from mvi_core.dataset.kinetics import phase_signal
from mvi_core.dataset.own import cohort_volume
from mvi_core.dataset.roi import RoiBox, from_mask, overlay_lesion_mask
from mvi_core.dataset.rois import lesion_roi_steps, read_roi_cache
from mvi_core.names import SEQUENCES
from mvi_core.results import read_result, result_path

figures.theme()
page = report.open_page("03_images", cohort)
# %% [markdown]
# ## A real lesion
# pydicom ships one contrast-enhanced liver slice of a real patient, with a ring drawn around the lesion. Only the
# pixels and the acquisition settings are read; nothing that identifies the patient is kept. The ring is told from the
# annotation text by its shape: of all closed rings in the overlay it encloses most.
# %% tags=["hide-input"]
volume, overlay = real_liver_slice()
mask = overlay_lesion_mask(overlay)
box = from_mask(mask)
steps = lesion_roi_steps(volume.pixels[0], box, roi_px=roi_px, margin_px=margin_px)
# %% tags=["hide-input"] mystnb={"figure": {"caption": "From a real liver slice to the network input: drawn box, enlarged box, crop, resized crop. *Cohort: none; one real slice that pydicom ships (real).*", "name": "fig-real-roi"}}
figure, axes = plt.subplots(1, 4, figsize=(11, 3.2), layout="constrained")
figures.roi_steps(
    [step.image for step in steps], axes, titles=[step.title for step in steps], boxes=[step.boxes for step in steps]
)
figures.stamp(axes[0], "real")
slice_spec = replace(page.spec, id="pydicom-slice", title="One real slice", kind="real")
alt = (
    f"A lesion box of {box.height} by {box.width} pixels on a real liver slice; enlarged by {margin_px} at each side; "
)
alt += f"the crop; and the crop resized to {roi_px} by {roi_px} pixels."
report.show_figure(replace(page, spec=slice_spec), figure, alt=alt, n="1 slice")
# %% [markdown]
# ## The study's own images, the same way
# Every file of the cohort goes through the same reader: slices in the order of their position in space, never of their
# file names; three consecutive slices at the largest lesion diameter; one box a slice: a {term}`slice triplet` and its
# {term}`lesion ROI`. Each sequence has boxes in its own pixels, so that phases which do not share a geometry are cropped
# each for itself and none is resampled. Names and dates are dropped while reading, with pydicom {cite:p}`mason2011`.
# %% tags=["hide-input"]
patients = read_result(cohort, "patients.csv")
presence = patients["mvi_present"].map({0: "MVI absent", 1: "MVI present"})
patients["mvi_grade"] = patients["mvi_grade"].fillna(presence).fillna("not graded")
crops, index = read_roi_cache(result_path(cohort, "rois.safetensors"))
ids, ours = index["patient_id"].drop_duplicates().tolist(), index["patient_id"].isin(patients["patient_id"])
shown = patients[patients["patient_id"].isin(ids)].groupby("mvi_grade").sample(1, random_state=seed)
last = shown.iloc[-1]
middle = index[index["patient_id"] == last["patient_id"]].groupby("sequence").nth(1).set_index("sequence")
names = page.spec.sequences
series = {name: cohort_volume(page.spec, last["patient_id"], name) for name in names}
slices = {name: series[name].pixels[int(middle.loc[name, "slice_index"])] for name in names}
boxes = {name: RoiBox(*middle.loc[name, ["row0", "col0", "row1", "col1"]].astype(int)) for name in names}
# %% tags=["hide-input"] mystnb={"figure": {"caption": "The middle slice of one patient in the six sequences, with the enlarged lesion box.", "name": "fig-series"}}
figure, axes = plt.subplots(2, -(-len(names) // 2), figsize=(9, 6.4), layout="constrained")
figures.sequence_panel(slices, axes.flat[: len(names)], boxes=boxes)
figures.stamp(axes[0, 0], page.spec.kind)
high = [each.height for each in boxes.values()]
alt = f"{len(names)} liver slices of a patient of grade {last['mvi_grade']}, each with a box {min(high)} to {max(high)} pixels high."
report.show_figure(page, figure, alt=alt, n="1 patient", result="rois_index.csv")
# %% tags=["hide-input"] mystnb={"figure": {"caption": "One patient of each grade: the lesion in the six sequences, as the network receives it.", "name": "fig-crops"}}
figure, axes = plt.subplots(len(shown), len(names), figsize=(11, 2.2 * len(shown)), layout="constrained", squeeze=False)
places = [SEQUENCES.index(name) for name in names]
for row, patient in zip(axes, shown.itertuples(), strict=True):
    figures.sequence_panel(dict(zip(names, crops[ids.index(patient.patient_id), places, 1], strict=True)), row)
    row[0].set_ylabel(patient.mvi_grade)
figures.stamp(axes[0, 0], page.spec.kind)
alt = f"Rows of six lesion crops of {crops.shape[-1]} pixels: patients of grade {', '.join(shown['mvi_grade'])}."
report.show_figure(page, figure, alt=alt, n=f"{len(shown)} patients", result="rois_index.csv")
# %% [markdown]
# ## What was planted
# Phantom images are simulated with known signs of invasion, each in one sequence only, and with a known drift between
# the years: brightness (gain), contrast to the liver and noise are multiplied, and the image is blurred by so many
# pixels (blur_px). Whatever the later chapters find must be held against this table. It is empty where nothing was
# planted: in patients.
# %% tags=["hide-input"]
planted = pd.DataFrame(
    {"Sign": page.spec.planted.get("sign", {}), "Effect, SD": page.spec.planted.get("sign_effect", {})}
)
planted["Drift of the later year"] = pd.Series(
    {name: str(dict(drift))[1:-1].replace("'", "") for name, drift in page.spec.drift.items()}
)
report.show_table(page, planted.fillna("none").rename_axis("Sequence").reset_index(), "Planted signs and drift.")
# %% [markdown]
# ## What the contrast agent does
# Signal of liver, vessels and tumour (hcc) in the four T1-weighted phases, relative to the liver before contrast. The phantom
# uses these constants, whatever the cohort of the page; liver, portal vein and aorta follow curves measured in people after gadoxetic acid
# {cite:p}`tristan2025`.
# %% tags=["hide-input"]
tissues = ("liver", "portal", "aorta", "hcc")
signal = pd.DataFrame(
    {name: {tissue: phase_signal(tissue, name) for tissue in tissues} for name in ("T1", "T1A", "T1V", "T1D")}
)
signal = signal.rename({"portal": "portal vein", "hcc": "tumour"}).rename_axis("Tissue")
report.show_table(page.of("phantom"), signal.round(2).reset_index(), "Relative signal by phase.")
# %% tags=["hide-input"]
report.publish("lesion_mm", f"{box.height * volume.spacing_mm[1]:.1f} mm")
report.publish("n_images", f"{index.loc[ours, 'spacing_mm'].notna().sum():,}")
report.publish("n_patients", int(index.loc[ours, "patient_id"].nunique()))
report.publish("n_unusable", int((~patients["patient_id"].isin(ids)).sum()))
# %% [markdown]
# ## Answer
# The real lesion measures {glue:text}`lesion_mm` from top to bottom. For the cohort {glue:text}`n_images` lesion images
# of {glue:text}`n_patients` patients were read back from their files, cropped and resized; {glue:text}`n_unusable` of
# the cohort's patients have no usable images.
#
# **What it is worth.** {glue:text}`worth`. Every later chapter on images starts from these very lesion images.
#
# **What this page cannot show.** A phantom looks like a liver only as far as we made it so: what a network learns on it
# says nothing about patients. The paper's rectangles were drawn by two doctors; how far two readers differ is not
# printed.

# %% [markdown]
# # How do you use the package in a notebook of yours?
# For those who build on it; nothing of the paper. Each part is one useful thing in at most ten lines, and every number
# beneath was made by these lines. Reads `patients.csv`, `rois.safetensors`, the phantom's DICOM files and the trained
# model; writes nothing.
# %% tags=["parameters", "remove-cell"]
cohort = "phantom"  # cohort id in data_manifest/cohorts/
n_patients: int = 40  # patients of the later year whose risk is predicted
n_bootstrap: int = 2000  # patient-level resamples behind each interval
seed: int = 2022  # seeds the only random generator of this page
# %% tags=["hide-input"]
import numpy as np
import pandas as pd

from mvi_core import report
from mvi_core.results import read_result, result_path

page = report.open_page("34_package", cohort)
# %% [markdown]
# ## `mvi_core.dataset`: a DICOM series as an array
# Slices come in the order of space, whatever the files are called, and identifying attributes are dropped on reading. Put
# the path of a folder of yours in place of the phantom's.
# %%
from mvi_core.dataset.dicom import read_series

folder = sorted(result_path(cohort, "images/dicom").iterdir())[0] / "T1V"
series = read_series(folder)
print(series.pixels.shape, series.pixels.dtype)
print(f"{series.pixels.min():.0f} to {series.pixels.max():.0f}")
# %% [markdown]
# ## `mvi_core.model`: the risk of patients whom a model has not seen
# A stored model brings its own scale of intensities and the names of its sequences; a dataset refuses patients without
# images. Two scorings come from one pass: the paper's single combination of slices, and the mean over all of them.
# %%
from mvi_core.dataset.rois import read_roi_cache
from mvi_core.dataset.torch_dataset import roi_dataset
from mvi_core.model.checkpoint import load_network
from mvi_core.model.prediction import grade_probabilities, prediction_table

network, told = load_network(result_path(cohort, "model/model.safetensors"))
crops, index = read_roi_cache(result_path(cohort, "rois.safetensors"))
new = read_result(cohort, "patients.csv").query("enrolment == '2018'").head(n_patients)
dataset = roi_dataset(crops, index, new, sequences=told["sequences"])
risks = prediction_table(dataset, grade_probabilities(network, dataset.plain_rois()), split="new")
# %%
first = risks[risks["scoring"] == "first"].set_index("patient_id")
shown = first[["dl_grade", "dl_risk", "dl_mvi"]].head(4).round(3).reset_index()
report.show_table(page, shown, "What the model says of the first patients.")
# %% [markdown]
# ## `mvi_core.stats`: is the risk any good?
# A statistic takes plain arrays and returns an `Estimate` with its interval, method and number of patients, or a table.
# %%
from mvi_core.stats.calibration import calibration_summary
from mvi_core.stats.discrimination import auc

present = new.set_index("patient_id").loc[first.index, "mvi_present"]
area = auc(present, first["dl_risk"])
rng = np.random.default_rng(seed)
summary = calibration_summary(present, first["dl_risk"], rng=rng, n_bootstrap=n_bootstrap, clip=0.001)
print(report.estimate_text(area), area.method, sep="; ")
# %%
shown = pd.DataFrame({"Measure": summary["metric"], "Value": report.interval_column(summary)})
report.show_table(page, shown, "Calibration of the same risks.", notes=["95 % intervals as chapter 09 makes them."])
# %% tags=["remove-cell"]
report.publish("shape", " x ".join(map(str, series.pixels.shape)))
report.publish("auc", area)
report.publish("sequences", ", ".join(told["sequences"]))
# %% [markdown]
# ## Answer
# The series has {glue:text}`shape` voxels (slices first); the model reads {glue:text}`sequences` and reaches an AUC of
# {glue:text}`auc` in these patients. Every public function is in the reference of the code, with an example that the tests
# execute; `mvi check` reads a whole folder of series before you begin.
#
# **What it is worth.** {glue:text}`worth`. It is an example that ran: what is printed above came from the lines
# that stand over it, with the versions of the lock file.
#
# **What this page cannot show.** The patients are simulated and few, so that the numbers say that the lines work and nothing
# about invasion. The network is for research only.

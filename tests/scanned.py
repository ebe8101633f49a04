"""A cohort folder as it is after `mvi scan` and `mvi rois`: simulated images under people's names, and their tables."""

from pathlib import Path

import pandas as pd
import pydicom
import yaml

from mvi_core.cohort.folder import find_cohort
from mvi_core.cohort.reconstruct import reconstruct_patients
from mvi_core.dataset.phantom import write_phantom
from mvi_core.names import SEQUENCES

KEY = "7f" * 32
DESCRIPTION = {
    "title": "My hospital", "kind": "own", "summary": "Made-up patients of a made-up hospital.",
    "source": {"reader": "folder"},
    "analyses": {"mvi_grade": True, "images": True, "survival": False, "dl_mvi": "network", "enrolment": False},
    "images": {"root": "images", "model": "frozen"},
    "predictors": ["age_gt_50", "sex_female", "afp_gt_20", "cirrhosis"], "multivariable": ["afp_gt_20", "dl_mvi"],
    "licence": "none", "citation": "none",
}  # fmt: skip
PERSON = {
    "PatientBirthDate": "19430517",
    "PatientName": "Quillfeather^Ada",
    "InstitutionName": "Zephyr Infirmary",
    "AccessionNumber": "ACC7700815",
}


def make_scanned(folder, n_patients=4, *, seed=7, matrix=64, changes=None, drift=True):
    """Write the folder of a cohort of some patients, half of them of 2016, with identifying headers; a `CohortFolder`.

    ``changes`` replace keys of the description. Without ``drift`` all images are as those of 2015.
    """
    folder = Path(folder)
    everybody = reconstruct_patients().drop(columns="dl_mvi").groupby("mvi_grade", sort=False)
    patients = everybody.head(-(-n_patients // 3)).head(n_patients).reset_index(drop=True)
    patients["patient_id"] = [f"HN-{4711 + 13 * number}" for number in range(n_patients)]
    shown = patients.assign(enrolment=patients["enrolment"] if drift else "2015")
    (folder / "images").mkdir(parents=True)
    boxes = write_phantom(shown, folder / "images", seed=seed, n_slices=5, matrix=matrix, pixel_mm=320 / matrix)
    patients["enrolment"] = ["2016" if number % 2 else "2019" for number in range(n_patients)]
    patients.to_csv(folder / "patients.csv", index=False)
    boxes.to_csv(folder / "rois.csv", index=False)
    series, files = [], []
    for patient_id in patients["patient_id"]:
        for sequence in map(str, SEQUENCES):
            name = f"S{len(series) + 1:04d}"
            series.append({"series": name, "patient_id": patient_id, "sequence": sequence, "use": "yes"})
            for path in sorted((folder / "images" / patient_id / sequence).iterdir()):
                _dress(path, patient_id)
                files.append({"series": name, "path": path.relative_to(folder / "images"), "frame": ""})
    rest = ["confidence", "reason", "n_slices", "rows", "columns", "spacing_mm", "seconds_after_contrast", "set_aside"]
    pd.DataFrame(series).reindex(columns=[*series[0], *rest]).to_csv(folder / "series.csv", index=False)
    pd.DataFrame(files).to_csv(folder / "files.csv", index=False)
    (folder / "pseudonym.key").write_text(KEY)
    described = {"id": folder.name, **DESCRIPTION, **(changes or {})}
    (folder / "cohort.yaml").write_text(yaml.safe_dump(described, sort_keys=False))
    return find_cohort(folder)


def _dress(path, patient_id):
    data = pydicom.dcmread(path)
    for keyword, value in PERSON.items():
        setattr(data, keyword, value)
    data.PatientID = patient_id
    data.save_as(path)

"""A small synthetic cohort with a sign that is planted in known sequences and in no other."""

import numpy as np
import pandas as pd
import pytest
import torch

from mvi_core.dataset.torch_dataset import roi_dataset
from mvi_core.model.cross_fit import model_settings
from mvi_core.names import SEQUENCES

SIZE = 24  # px


@pytest.fixture(scope="session", autouse=True)
def one_thread():
    """Busy machines make small networks slow when several threads wait for each other."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="session")
def small_settings():
    """A network that trains in a second."""

    def make(**training):
        return model_settings(
            {"width": 8, "blocks": [1, 1]}, {"epochs": 3, "batch_patients": 8, "learning_rate": 0.01, **training}
        )

    return make


@pytest.fixture(scope="session")
def planted():
    """Patients and dataset; a bright ring grows with the grade in T1 and T1V, and in no other sequence."""

    def make(n_patients, *, effect, sequences=("T1", "T1V", "T1D"), seed=0, prefix="S"):
        rng = np.random.default_rng(seed)
        grade = np.arange(n_patients) % 3
        row, column = np.mgrid[-1 : 1 : SIZE * 1j, -1 : 1 : SIZE * 1j]
        radius = np.hypot(row, column)
        ring = np.exp(-(((radius - 0.6) / 0.15) ** 2))
        rois = rng.normal(0, 0.3, (n_patients, 6, 3, SIZE, SIZE)) + (radius < 0.6)
        carries = np.array([name in ("T1", "T1V") for name in SEQUENCES])
        rois += effect * (grade[:, None] * carries)[:, :, None, None, None] * ring
        ids = [f"{prefix}{number:03d}" for number in range(n_patients)]
        patients = pd.DataFrame({"patient_id": ids, "enrolment": "2015", "mvi_grade": [f"M{g}" for g in grade]})
        index = pd.DataFrame(
            [(name, str(s), k, 0, 60, 0, 60) for name in ids for s in SEQUENCES for k in range(3)],
            columns=["patient_id", "sequence", "slice_index", "row0", "row1", "col0", "col1"],
        )
        return patients, roi_dataset(rois.astype(np.float16), index, patients, sequences=sequences)

    return make

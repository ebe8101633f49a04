"""When did what happen to a patient of TCGA-LIHC: the same records under each definition of the end point."""

import numpy as np
import pandas as pd

from mvi_core.cohort.clca import read_source
from mvi_core.cohort.tcga import included

ENDPOINTS = {  # name: what counts, and who is left out
    "death": "Death of any cause; time to last contact otherwise.",
    "recurrence or death": "First recurrence or progression, or death without one: the RFS of this book.",
    "recurrence, deaths censored": "First recurrence or progression; a patient who died without one leaves at death.",
    "as the source has it": "The source's disease-free status and months; patients who died without a record of "
    "recurrence have no entry there and drop out.",
    "recurrence confirmed": "As recurrence or death, without patients whose status says recurrence while no new tumour "
    "event is on record.",
    "recurrence or death after R0": "As recurrence or death, in patients whose resection margin was free (R0).",
}


def read_endpoints(path):
    """Months and events of every end point for the included patients of ``data_clinical_patient.txt``.

    Returns
    -------
    pandas.DataFrame
        ``endpoint`` (of `ENDPOINTS`), ``patient_id``, ``months`` from diagnosis, ``event`` (0 or 1): complete rows,
        no time of 0 without an event.
    """
    rows, _ = included(read_source(path))
    os_months, dfs_months = (pd.to_numeric(rows[name]) for name in ("OS_MONTHS", "DFS_MONTHS"))
    died, recurred = (rows[name].str[0].astype(float) for name in ("OS_STATUS", "DFS_STATUS"))
    first = died.eq(1) & recurred.isna()  # death without a recorded recurrence
    either = dfs_months.mask(first, os_months), recurred.mask(first, died)
    contradicted = recurred.eq(1) & rows["NEW_TUMOR_EVENT_AFTER_INITIAL_TREATMENT"].eq("NO")
    times = {
        "death": (os_months, died, None),
        "recurrence or death": (*either, None),
        "recurrence, deaths censored": (dfs_months.mask(first, os_months), recurred.mask(first, 0.0), None),
        "as the source has it": (dfs_months, recurred, None),
        "recurrence confirmed": (*either, ~contradicted),
        "recurrence or death after R0": (*either, rows["RESIDUAL_TUMOR"].eq("R0")),
    }
    parts = []
    for name, (months, event, among) in times.items():
        part = pd.DataFrame({"endpoint": name, "patient_id": rows["PATIENT_ID"], "months": months, "event": event})
        part = part[np.ones(len(part), dtype=bool) if among is None else among].dropna()
        parts.append(part[(part["months"] > 0) | (part["event"] == 1)])
    return pd.concat(parts, ignore_index=True)

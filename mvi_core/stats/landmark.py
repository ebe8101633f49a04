"""What happens after a landmark, and who had the event before it: early recurrence."""

import numpy as np
import pandas as pd

from mvi_core.errors import MviError
from mvi_core.stats.kaplan_meier import follow_up_times
from mvi_core.stats.survival_groups import survival_panels


def after_landmark(months, event, *, at):
    """Follow-up from a landmark (months, event) of the patients still followed and free of the event then.

    A group that is known only at the landmark, such as early recurrence, may be compared from there on; compared from
    time 0, its patients could not have died before (immortal time). A time equal to the landmark lies before. Indexed
    as ``months`` was. Anderson, Cain and Gelber 1983, doi:10.1200/JCO.1983.1.11.710.

    Examples
    --------
    >>> after_landmark([12, 24, 30, 60], [1, 1, 1, 0], at=24).values.tolist()
    [[6.0, 1.0], [36.0, 0.0]]
    """
    time, happened = follow_up_times(months, event)
    left = time > at
    if not left.any():
        raise MviError(f"Nobody is followed beyond the landmark at {at:g} months. Choose an earlier one.")
    index = months.index if isinstance(months, pd.Series) else pd.RangeIndex(len(time))
    return pd.DataFrame({"months": time[left] - at, "event": happened[left]}, index=index[left])


def landmark_panels(patients, *, at):
    """Overall survival by early recurrence, and later recurrence by MVI, both counted from a landmark in months.

    ``patients`` have columns os_months, os_event, rfs_months, rfs_event, mvi_present; nothing missing in the times and
    events. Panels as `survival_groups.survival_panels`: ``("os", "early")``, without those of whom it is unknown, and
    ``("rfs", "mvi_present")``.

    Examples
    --------
    >>> times = {"rfs_months": [10, 30, 40], "rfs_event": [1, 1, 0], "os_months": [50, 60, 40], "os_event": [1, 1, 0]}
    >>> panels = landmark_panels(pd.DataFrame(times | {"mvi_present": [1, 1, 0]}), at=24)
    >>> panels["os", "early"]["group"].tolist(), len(panels["rfs", "mvi_present"])
    (['early recurrence present', 'early recurrence absent', 'early recurrence absent'], 2)
    """
    if patients.index.has_duplicates:
        raise MviError("patients must have one row each, but the index repeats. Index them by patient.")
    parts = [patients[["mvi_present"]]]
    for end in ("os", "rfs"):
        parts.append(after_landmark(patients[f"{end}_months"], patients[f"{end}_event"], at=at).add_prefix(f"{end}_"))
    time, happened = follow_up_times(patients["rfs_months"], patients["rfs_event"])
    early = np.where(time > at, 0.0, np.where(happened == 1, 1.0, np.nan))  # nobody knows of a patient lost before
    table = pd.concat(parts, axis=1).assign(early=early)
    panels = survival_panels(table, endpoints=("os",), groupings={"early": "early recurrence"})
    return panels | survival_panels(table, endpoints=("rfs",), groupings={"mvi_present": "MVI"})

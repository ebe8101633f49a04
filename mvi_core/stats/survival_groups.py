"""How do groups of patients differ in survival: curves, medians and the log-rank test side by side."""

from itertools import product

import numpy as np
import pandas as pd

from mvi_core.checks import binary
from mvi_core.errors import MviError
from mvi_core.stats.hazard_table import model_rows
from mvi_core.stats.kaplan_meier import kaplan_meier, survival_at
from mvi_core.stats.log_rank import log_rank
from mvi_core.stats.survival import at_risk_table, median_survival, restricted_mean_difference

SHARED = ["ci_low", "ci_high", "n", "method", "drift_p"]


def survival_panels(patients, *, endpoints, groupings):
    """Tables of months, event and group by (end point, grouping); patients with a missing value are left out.

    ``patients`` have columns ``<endpoint>_months``, ``<endpoint>_event`` and the groupings, coded 0 and 1;
    ``groupings`` holds each column and its name in print: ``{"mvi_present": "MVI"}`` gives groups "MVI absent" and "MVI
    present".

    Examples
    --------
    >>> table = pd.DataFrame({"os_months": [5, 9], "os_event": [1, 0], "mvi_present": [1, 0]})
    >>> survival_panels(table, endpoints=["os"], groupings={"mvi_present": "MVI"})["os", "mvi_present"].values.tolist()
    [[5, 1, 'MVI present'], [9, 0, 'MVI absent']]
    """
    panels = {}
    for (column, name), endpoint in product(groupings.items(), endpoints):
        table = patients[[f"{endpoint}_months", f"{endpoint}_event", column]].dropna()
        table = table.set_axis(["months", "event", "group"], axis=1)
        words = np.array([f"{name} absent", f"{name} present"], dtype=object)
        panels[endpoint, column] = table.assign(group=words[binary(column, table["group"])])
    return panels


def panel_curves(panels):
    """Kaplan-Meier curves of all panels of `survival_panels` in one table, with log-log intervals.

    ``endpoint``, ``group_by``, ``group``, then the columns of `kaplan_meier`.

    Examples
    --------
    >>> table = pd.DataFrame({"os_months": [1.0, 2, 3, 4], "os_event": [1, 1, 1, 1], "mvi_present": [1, 1, 0, 0]})
    >>> curves = panel_curves(survival_panels(table, endpoints=["os"], groupings={"mvi_present": "MVI"}))
    >>> curves.groupby("group")["survival"].apply(list).to_dict()
    {'MVI absent': [1.0, 0.5, 0.0], 'MVI present': [1.0, 0.5, 0.0]}
    """
    parts = {
        (*key, group): kaplan_meier(part["months"], part["event"])
        for key, table in panels.items()
        for group, part in table.groupby("group")
    }
    return pd.concat(parts, names=["endpoint", "group_by", "group"]).reset_index([0, 1, 2]).reset_index(drop=True)


def panel_months(panels, until, *, step=1):
    """Share free of the event and number at risk at every ``step`` months up to ``until``, for each panel and group.

    ``panels`` is as `survival_panels` returns them.

    Returns
    -------
    pandas.DataFrame
        ``endpoint``, ``group_by``, ``group``, ``months``, ``at_risk``, ``survival``, ``ci_low``, ``ci_high``; the last
        three missing beyond a group's follow-up.

    Examples
    --------
    >>> table = pd.DataFrame({"os_months": [1.0, 2, 3, 4], "os_event": [1, 1, 1, 1], "mvi_present": [1, 1, 0, 0]})
    >>> read = panel_months(survival_panels(table, endpoints=["os"], groupings={"mvi_present": "MVI"}), 3)
    >>> read.query("group == 'MVI absent'")[["at_risk", "survival"]].values.tolist()
    [[2.0, 1.0], [2.0, 1.0], [2.0, 1.0], [2.0, 0.5]]
    """
    ticks, parts = np.arange(0, until + 1e-9, step), {}
    for key, table in panels.items():
        for group, part in table.groupby("group"):
            curve = kaplan_meier(part["months"], part["event"])
            at_risk = at_risk_table(part["months"], part["event"], ticks)[["months", "at_risk"]]
            known = ticks[(ticks <= curve["months"].iloc[-1]) | (curve["survival"].iloc[-1] == 0)]
            parts[*key, group] = at_risk.merge(survival_at(curve, known), on="months", how="left")
    return pd.concat(parts, names=["endpoint", "group_by", "group"]).reset_index([0, 1, 2]).reset_index(drop=True)


def panel_summary(panels):
    """Patients, events and median of each group, with the log-rank p of each panel of `survival_panels`.

    ``endpoint``, ``group_by``, ``group``, ``n``, ``events``, ``median``, ``ci_low``, ``ci_high`` (infinite where not
    reached), ``p_value`` and ``label``, a legend's text. For each end point the patients of its first panel also appear
    together, ``group_by`` ``"all"``, without p value.

    Examples
    --------
    >>> table = pd.DataFrame({"os_months": [1.0, 2, 3, 4], "os_event": [1, 1, 1, 1], "mvi_present": [1, 1, 0, 0]})
    >>> panels = survival_panels(table, endpoints=["os"], groupings={"mvi_present": "MVI"})
    >>> panel_summary(panels)[["group", "median"]].values.tolist()
    [['all patients', 2.0], ['MVI absent', 3.0], ['MVI present', 1.0]]
    """
    rows, seen = [], set()
    for (endpoint, column), table in panels.items():
        if endpoint not in seen:
            rows.append(_row(endpoint, "all", "all patients", table, float("nan")))
            seen.add(endpoint)
        p_value = log_rank(table["months"], table["event"], table["group"]).loc[0, "p_value"]
        rows += [_row(endpoint, column, group, part, p_value) for group, part in table.groupby("group")]
    return pd.DataFrame(rows)


def panel_contrasts(panels, adjust, *, until):
    """Compare the second group of each panel of `survival_panels` with the first: hazard ratios and event-free months.

    ``adjust`` holds the predictors of the adjusted model, indexed by patient, and may be without columns; ``until`` is
    the horizon of the restricted means, in months. Three rows a panel: ``endpoint``, ``group_by``, ``quantity``
    (``hazard ratio``, ``adjusted hazard ratio``, ``months lost`` of the restricted mean), ``value``, ``ci_low``,
    ``ci_high``, ``n``, ``method``, and beside each hazard ratio ``drift_p``, the test of proportional hazards. Without
    an answer ``method`` says why.

    Examples
    --------
    >>> table = pd.DataFrame({"os_months": [1.0, 2, 3, 4], "os_event": [1, 1, 0, 0], "mvi_present": [1, 0, 0, 1]})
    >>> panels = survival_panels(table, endpoints=["os"], groupings={"mvi_present": "MVI"})
    >>> panel_contrasts(panels, table[[]], until=3)["value"].round(4).tolist()
    [1.4142, 1.4142, 0.5]
    """
    rows = []
    for (endpoint, column), table in panels.items():
        if adjust.index.has_duplicates or not table.index.isin(adjust.index).all():
            raise MviError("adjust must hold each patient of the panels once. Index both by patient.")
        exposed = (table["group"] == table["group"].max()).astype(float).rename(column)
        designs = {"hazard ratio": exposed.to_frame(), "adjusted hazard ratio": adjust.loc[table.index].join(exposed)}
        gain = restricted_mean_difference(table["months"], table["event"], table["group"], until=until)
        key = {"endpoint": endpoint, "group_by": column}
        for name, x in designs.items():
            found = model_rows(x, table["months"], table["event"]).set_index("variable").loc[column]
            rows.append(key | {"quantity": name, "value": found["hazard_ratio"]} | found[SHARED].to_dict())
        ends = {"value": -gain.value, "ci_low": -gain.high, "ci_high": -gain.low, "n": gain.n, "method": gain.method}
        rows.append(key | {"quantity": "months lost"} | ends)
    return pd.DataFrame(rows)


def _row(endpoint, column, group, part, p_value):
    """One row of `panel_summary`."""
    median, events = median_survival(part["months"], part["event"]), int(part["event"].sum())
    half = f"{median.value:.1f}".replace("inf", "not reached")
    return {
        "endpoint": endpoint, "group_by": column, "group": group, "n": len(part), "events": events,
        "median": median.value, "ci_low": median.low, "ci_high": median.high, "p_value": p_value,
        "label": f"{group}: {events} of {len(part)}, median {half}",
    }  # fmt: skip

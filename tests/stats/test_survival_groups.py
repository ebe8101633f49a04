"""Curves, medians and tests of several groupings come from the same patients."""

import math

import numpy as np
import pandas as pd
import pytest
from lifelines import CoxPHFitter, KaplanMeierFitter
from lifelines.statistics import logrank_test
from lifelines.utils import restricted_mean_survival_time

from mvi_core.stats.survival_groups import panel_contrasts, panel_curves, panel_summary, survival_panels

GROUPINGS = {"mvi_present": "MVI", "dl_mvi": "DL-MVI"}


@pytest.fixture(scope="module")
def patients():
    rng = np.random.default_rng(7)
    table = pd.DataFrame({"mvi_present": rng.integers(0, 2, 90), "dl_mvi": rng.integers(0, 2, 90)})
    for endpoint in ("os", "rfs"):
        table[f"{endpoint}_months"] = rng.exponential(40 / (1 + table["mvi_present"])).round(1)
        table[f"{endpoint}_event"] = rng.integers(0, 2, 90)
    return table


@pytest.fixture(scope="module")
def panels(patients):
    return survival_panels(patients, endpoints=("os", "rfs"), groupings=GROUPINGS)


def test_medians_and_log_rank_are_those_of_lifelines(patients, panels):
    """KaplanMeierFitter().fit(t, e).median_survival_time_ and logrank_test(t0, t1, e0, e1).p_value."""
    summary = panel_summary(panels).set_index(["endpoint", "group_by", "group"])
    for endpoint in ("os", "rfs"):
        months, event = patients[f"{endpoint}_months"], patients[f"{endpoint}_event"]
        for column, name in GROUPINGS.items():
            inside = patients[column] == 1
            witness = logrank_test(months[inside], months[~inside], event[inside], event[~inside])
            row = summary.loc[(endpoint, column, f"{name} present")]
            fitted = KaplanMeierFitter().fit(months[inside], event[inside])
            assert row["median"] == fitted.median_survival_time_
            assert row["p_value"] == pytest.approx(witness.p_value, rel=1e-9)
            assert (row["n"], row["events"]) == (inside.sum(), event[inside].sum())


def test_each_end_point_has_one_row_of_all_patients_without_p_value(panels, patients):
    together = panel_summary(panels).query("group_by == 'all'").set_index("endpoint")
    assert together.index.tolist() == ["os", "rfs"]
    assert together["n"].tolist() == [90, 90] and together["p_value"].isna().all()
    assert together.loc["rfs", "events"] == patients["rfs_event"].sum()


def test_groups_of_a_panel_sum_to_its_patients(panels):
    summary = panel_summary(panels)
    sums = summary.groupby(["endpoint", "group_by"])[["n", "events"]].sum()
    assert (sums.groupby("endpoint").nunique() == 1).all().all()


def test_curves_hold_every_panel_and_start_with_everybody_alive(panels):
    curves = panel_curves(panels)
    first = curves.groupby(["endpoint", "group_by", "group"]).first()
    assert len(first) == 8
    assert (first["survival"] <= 1).all() and curves["survival"].between(0, 1).all()
    at_start = first["at_risk"].groupby(["endpoint", "group_by"]).sum()
    assert at_start.tolist() == [90] * 4


def test_the_order_of_patients_changes_no_number(patients, panels):
    shuffled = patients.sample(frac=1, random_state=3)
    again = panel_summary(survival_panels(shuffled, endpoints=("os", "rfs"), groupings=GROUPINGS))
    pd.testing.assert_frame_equal(again, panel_summary(panels))


def test_a_patient_without_a_value_leaves_only_the_panels_that_need_it(patients):
    holes = patients.astype(float)
    holes.loc[:4, "dl_mvi"] = np.nan
    holes.loc[0, "rfs_months"] = np.nan
    sizes = {
        key: len(part) for key, part in survival_panels(holes, endpoints=("os", "rfs"), groupings=GROUPINGS).items()
    }
    assert sizes == {
        ("os", "mvi_present"): 90, ("rfs", "mvi_present"): 89, ("os", "dl_mvi"): 85, ("rfs", "dl_mvi"): 85,
    }  # fmt: skip


def test_a_median_that_fewer_than_half_reach_is_infinite():
    table = pd.DataFrame({"os_months": [1.0, 2, 3, 4], "os_event": [1, 1, 0, 0], "mvi_present": [1, 1, 0, 0]})
    summary = panel_summary(survival_panels(table, endpoints=["os"], groupings={"mvi_present": "MVI"}))
    assert math.isinf(summary.set_index("group").loc["MVI absent", "median"])
    assert summary.set_index("group").loc["MVI absent", "label"] == "MVI absent: 0 of 2, median not reached"


def test_contrasts_of_a_panel_are_its_cox_fit_and_restricted_means(patients, panels):
    """lifelines: CoxPHFitter of the group alone; months lost as absent less present, by the area of its own curve."""
    adjust = pd.DataFrame({"age": np.random.default_rng(1).normal(size=len(patients))}, index=patients.index)
    table = panel_contrasts(panels, adjust, until=40).set_index(["endpoint", "group_by", "quantity"])
    frame = patients[["rfs_months", "rfs_event", "mvi_present"]]
    witness = CoxPHFitter().fit(frame, "rfs_months", "rfs_event", fit_options={"precision": 1e-12})
    row = table.loc[("rfs", "mvi_present", "hazard ratio")]
    assert row["value"] == pytest.approx(witness.hazard_ratios_["mvi_present"], rel=1e-6)
    wider = CoxPHFitter().fit(frame.join(adjust), "rfs_months", "rfs_event", fit_options={"precision": 1e-12})
    adjusted = table.loc[("rfs", "mvi_present", "adjusted hazard ratio"), "value"]
    assert adjusted == pytest.approx(wider.hazard_ratios_["mvi_present"], rel=1e-6)
    areas = [
        restricted_mean_survival_time(KaplanMeierFitter().fit(part["rfs_months"], part["rfs_event"]), t=40)
        for _, part in patients.groupby("mvi_present")
    ]
    assert table.loc[("rfs", "mvi_present", "months lost"), "value"] == pytest.approx(areas[0] - areas[1], rel=1e-9)
    assert table["drift_p"].notna().sum() == 8


def test_a_group_without_events_has_months_but_says_that_no_hazard_ratio_exists():
    table = pd.DataFrame({"os_months": range(1, 9), "os_event": [1] * 4 + [0] * 4, "mvi_present": [1] * 4 + [0] * 4})
    found = panel_contrasts(
        survival_panels(table, endpoints=["os"], groupings={"mvi_present": "MVI"}), table[[]], until=8
    ).set_index("quantity")
    assert "infinite" in found.loc["hazard ratio", "method"] and math.isnan(found.loc["hazard ratio", "value"])
    assert found.loc["months lost", "value"] == 8 - 2.5

"""The region of a hidden predictor's errors holds every cohort behind the print."""

from pathlib import Path

import pandas as pd
import pytest
import yaml

from mvi_core.cohort.reconstruct import solutions
from mvi_core.stats.audit.region import error_region
from mvi_core.stats.audit.sun2022 import describe

MANIFEST = Path(__file__).parents[3] / "data_manifest"
VALUES = pd.read_csv(MANIFEST / "paper_values.csv", dtype={"printed": str}, keep_default_na=False)
EXAMPLE = yaml.safe_load((MANIFEST / "audit_example.yaml").read_text(encoding="utf-8"))["joint"]


def region_of(joint, **changed):
    numbers = {key: joint[key] for key in ("rows", "known", "group_sizes")} | changed
    intercept = numbers.pop("intercept", joint["formula"]["intercept"])
    return error_region(**numbers, intercept=intercept)


@pytest.fixture(scope="module")
def paper():
    return region_of(describe(VALUES)["joint"]).set_index("false_negatives")


def test_the_region_of_the_invented_paper_is_its_truth():
    """Witness: the patients that tests/reference/audit_make_example.py draws before it prints anything.

    pd.crosstab(frame.infection, frame.scan) gives [[176, 52], [20, 152]].
    """
    assert region_of(EXAMPLE).to_numpy().tolist() == [[20, 52, 52]]


def test_every_cohort_that_the_search_found_lies_inside(paper):
    found = solutions()
    room = paper.loc[found["fn"]].reset_index()
    assert found["fp"].between(room["false_positives_low"], room["false_positives_high"]).all()


def test_a_coarser_print_leaves_at_least_as_much_room(paper):
    joint = describe(VALUES)["joint"]
    wider = region_of(joint, intercept="-3.5").set_index("false_negatives")
    assert set(paper.index) <= set(wider.index)
    assert (wider.loc[paper.index, "false_positives_low"] <= paper["false_positives_low"]).all()
    assert (wider.loc[paper.index, "false_positives_high"] >= paper["false_positives_high"]).all()


def test_numbers_that_no_counts_allow_leave_no_region():
    assert region_of(EXAMPLE, intercept="3.51").empty

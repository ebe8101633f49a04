"""Every printed number that we compute stands beside ours, and agreement means every printed digit."""

import math

import pandas as pd
import pytest

from mvi_core.comparison import agreement, ours_beside_paper
from mvi_core.report import agrees, paper_value
from mvi_core.results import write_result

TABLE_1 = [  # as chapter 2 writes it; odds ratio (125 * 84) / (52 * 60) and its Wald interval
    ("afp_gt_20", "≤ 20 ng/mL", 144, 84, 60, 1.0, None, None, None),
    ("afp_gt_20", "> 20 ng/mL", 177, 52, 125, 3.36538, 2.11815, 5.34692, 2.8e-7),
]
SURVIVAL = [
    ("os", "all", "all patients", 321, 64, 59.5),
    ("os", "mvi_present", "MVI present", 185, 44, 54.7),
    ("rfs", "mvi_present", "MVI absent", 136, 30, math.inf),
    ("rfs", "dl_mvi", "DL-MVI present", 247, 80, 40.0),
]


@pytest.fixture
def studied(project):
    effect = ["odds_ratio", "ci_low", "ci_high", "p_value"]
    tables = {
        "table1.csv": pd.DataFrame(TABLE_1, columns=["variable", "level", "n", "absent", "present", *effect]),
        "size.csv": pd.DataFrame(
            [[4.0, 3.0, 6.0, 6.3, 4.5, 9.25, 1e-7]],
            columns=[f"{g}_{q}" for g in ("absent", "present") for q in ("median", "q1", "q3")] + ["p_value"],
        ),
        "table3.csv": pd.DataFrame([("afp_gt_20", 4.6341, 2.5760, 8.3359, 1e-6)], columns=["variable", *effect]),
        "survival_summary.csv": pd.DataFrame(
            SURVIVAL, columns=["endpoint", "group_by", "group", "n", "events", "median"]
        ),
        "performance.csv": pd.DataFrame({"metric": ["auc", "slope"], "value": [0.8243, 1.0]}),
    }
    for name, table in tables.items():
        write_result("ward", name, table)
    accuracy = {"printed": ["single_t1_accuracy"], "accuracy": [0.5]}
    write_result("clinic", "table2.csv", pd.DataFrame(accuracy))
    write_result("clinic", "external.csv", pd.DataFrame({"metric": ["recall", "auc"], "value": [0.75758, 0.6]}))
    return project


def test_numbers_of_both_cohorts_stand_beside_the_print_in_its_order(studied):
    beside = ours_beside_paper("ward", "clinic")
    assert beside.columns.tolist() == ["id", "place", "what", "printed", "ours", "cohort", "agrees"]
    rows = beside.set_index("id")
    assert rows.loc["table1_afp_gt_20_present", ["printed", "ours"]].tolist() == ["125", 125]
    assert rows.loc["external_recall", ["printed", "cohort"]].tolist() == ["75.76%", "clinic"]
    assert rows.loc["external_recall", "ours"] == pytest.approx(75.758)
    assert rows.loc["single_t1_accuracy", "ours"] == 50  # the paper scores the first slice
    assert rows.index.is_unique
    text = (studied / "data_manifest/paper_values.csv").read_text()
    places = [text.index(f"\n{name},") for name in rows.index]
    assert places == sorted(places)


def test_only_numbers_that_differ_in_a_printed_digit_disagree(studied):
    beside = ours_beside_paper("ward", "clinic")
    assert beside.loc[~beside["agrees"], "id"].tolist() == ["single_t1_accuracy", "median_rfs_dl_present"]
    counted = agreement(beside)
    assert counted["compared"].sum() == len(beside)
    assert (counted["compared"] - counted["agree"]).sum() == 2
    assert counted.set_index("place").loc["Table 3", ["compared", "agree"]].tolist() == [4, 4]


def test_an_odds_ratio_off_by_one_in_the_last_digit_is_told(studied):
    effect = ["odds_ratio", "ci_low", "ci_high", "p_value"]
    write_result(
        "ward", "table3.csv", pd.DataFrame([("afp_gt_20", 4.6346, 2.576, 8.336, 1e-6)], columns=["variable", *effect])
    )
    beside = ours_beside_paper("ward", "clinic").set_index("id")
    assert not beside.loc["table3_afp_or", "agrees"] and beside.loc["table3_afp_ci_low", "agrees"]


@pytest.mark.parametrize(
    ("value", "printed", "expected"),
    [
        (68.687, "68.69%", True),
        (0.68687, "68.69%", False),  # a share is not a percentage
        (57.63, "57.6 %", True),  # a space before the sign is no digit
        (57.66, "57.6 %", False),
        (-3.513, "\N{MINUS SIGN} 3.51", True),
        (0.00099, "< 0.001", True),
        (0.001, "< 0.001", False),
        (math.inf, "not reached", True),
        (59.9, "not reached", False),
        (-math.inf, "not reached", False),
        (0.215, "0.21", True),  # a half may be rounded either way
        (0.215, "0.22", True),
        (0.2151, "0.21", False),
        (0.205, "0.21", True),
        (4.4, "4", True),
        (4.6, "4", False),
        (math.inf, "54.7", False),
        (math.nan, "54.7", False),
        (1.0, None, False),
        (1.0, math.nan, False),
    ],
)
def test_agreement_is_rounding_to_every_printed_digit(value, printed, expected):
    assert agrees(value, printed) is expected


def test_the_share_with_mvi_agrees_as_the_paper_prints_it(project):
    assert agrees(100 * 185 / 321, paper_value("baseline_mvi_percent"))

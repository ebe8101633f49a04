"""Small counts of people are hidden so that no sum gives them back."""

from itertools import product

import numpy as np
import pandas as pd
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from mvi_core.errors import MviError
from mvi_core.report import (
    few_by_mvi,
    masked_at_risk,
    masked_counts,
    masked_effects,
    masked_events,
    masked_readings,
    masked_subgroups,
    refuse_few,
    refuse_few_by_mvi,
)
from mvi_core.stats.misread import beside_misread
from mvi_core.stats.subgroups import subgroup_table
from mvi_core.stats.tables import univariable_table

TABLE = pd.DataFrame({"n": [23, 80, 9], "absent": [3, 50, 9], "present": [20, 30, 0]}, index=[4, 7, 9])


def printed(values):
    return masked_counts(pd.DataFrame({"n": values}), kind="own")["n"].tolist()


def test_a_chapter_that_would_give_a_small_count_back_is_refused_of_people_only():
    few, none = pd.Series([11, 1]), pd.Series([7, 0, 5])
    refuse_few(none, kind="own", what="AFP and grade")
    refuse_few(few, none, kind="phantom", what="AFP and grade")
    with pytest.raises(MviError, match="AFP and grade hold a count of 1 to 4 patients"):
        refuse_few(none, few, kind="own", what="AFP and grade")


def test_a_model_of_a_variable_that_few_with_mvi_have_is_refused_but_not_for_what_a_network_says():
    present = pd.Series([0] * 12 + [1] * 12)
    predictors = pd.DataFrame({"afp_gt_20": [0, 1] * 12, "size_cm": range(24), "dl_mvi": [0] * 11 + [1] * 13})
    refuse_few_by_mvi(predictors, present, kind="own")
    few = predictors.assign(afp_gt_20=[1] * 4 + [0] * 8 + [1] * 12)
    refuse_few_by_mvi(few, present, kind="phantom")
    assert few_by_mvi(few, present, kind="own") and not few_by_mvi(few[[]], present, kind="own")
    with pytest.raises(MviError, match="groups of a variable with and without MVI hold a count of 1 to 4"):
        refuse_few_by_mvi(few, present, kind="own")


@pytest.mark.parametrize("kind", ["reconstructed", "phantom"])
def test_counts_of_nobody_are_shown(kind):
    pd.testing.assert_frame_equal(masked_counts(TABLE, kind=kind, total="n"), TABLE.astype(object))


def test_a_small_count_its_neighbour_and_its_total_are_hidden_and_zero_is_shown():
    shown = masked_counts(TABLE, kind="real", total="n")
    assert shown.to_numpy().tolist() == [["masked", "masked", 20], [80, 50, 30], ["masked", "masked", 0]]
    assert shown.index.tolist() == [4, 7, 9]


def test_each_variable_hides_for_itself():
    shown = masked_counts(TABLE[["absent"]], kind="own", groups=["a", "a", "b"])
    assert shown["absent"].tolist() == ["masked", "masked", 9]


@given(st.lists(st.integers(0, 9), min_size=2, max_size=4))
def test_a_known_sum_leaves_more_than_one_value_for_every_small_count(values):
    """Witness: all columns of counts that have the same sum and fit what the print and its note say, listed."""
    shown = printed(values)
    small = [row for row, value in enumerate(values) if 0 < value < 5]
    assert all(shown[row] == "masked" for row in small)
    assert small or shown == values
    free = [range(sum(values) + 1) if text == "masked" else [text] for text in shown]
    alike = [found for found in product(*free) if sum(found) == sum(values)]
    alike = [
        found for found in alike if any(0 < n < 5 for n, text in zip(found, shown, strict=True) if text == "masked")
    ]
    assert all(len({found[row] for found in alike}) > 1 for row in small)


def patients(low_absent, low_present, high_absent, high_present):
    counts = (low_absent, low_present, high_absent, high_present)
    low, mvi = np.repeat([1, 1, 0, 0], counts), np.repeat([0, 1, 0, 1], counts)
    return pd.DataFrame({"plt": np.where(low, "a low", "b high")}), mvi


@pytest.mark.filterwarnings("ignore::mvi_core.errors.SeparationWarning")
@given(st.tuples(*[st.integers(0, 12)] * 4))
def test_what_is_shown_of_a_variable_leaves_more_than_one_table(cells):
    """Witness: all four counts with the known margins in which, as the note says, one is 1 to 4, listed."""
    given_counts = np.array(cells).reshape(2, 2)
    assume(given_counts.any(axis=0).all() and given_counts.any(axis=1).all())
    table = univariable_table(*patients(*cells))
    shown = masked_effects(table, kind="own")
    if not ((given_counts > 0) & (given_counts < 5)).any():
        assert shown[["absent", "present"]].to_numpy().tolist() == given_counts.tolist()
        return
    assert (shown[["absent", "present"]] == "masked").all(axis=None)
    assert shown.loc[shown["odds_ratio"] != 1, ["odds_ratio", "ci_low", "ci_high", "p_value"]].isna().all(axis=None)
    (low, high), (absent, present) = given_counts.sum(1), given_counts.sum(0)
    fits = [np.array([[low - x, x], [absent - low + x, present - x]]) for x in range(present + 1)]
    fits = [fit for fit in fits if (fit >= 0).all() and ((fit > 0) & (fit < 5)).any()]
    assert len(fits) > 1
    assert shown["n"].tolist() == (["masked"] * 2 if 0 < min(low, high) < 5 else [low, high])


def test_a_small_count_of_missing_values_hides_itself_only():
    told, mvi = patients(10, 20, 30, 40)
    told.loc[0, "plt"] = None
    shown = masked_effects(univariable_table(told, mvi), kind="real")
    assert shown["absent"].tolist() == [9, 30, "masked"]
    assert shown["odds_ratio"].notna().tolist() == [True, True, False]


def test_nobody_loses_an_effect_in_cohorts_of_nobody():
    table = univariable_table(*patients(1, 2, 3, 4))
    pd.testing.assert_frame_equal(masked_effects(table, kind="phantom"), table, check_dtype=False)


@pytest.mark.parametrize(("cells", "hidden"), [((14, 4, 20, 40), True), ((14, 6, 20, 40), False)])
def test_a_small_cell_of_a_predictor_hides_the_other_subgroup_too(cells, hidden):
    """The small cell is in one subgroup of 'sex'; 'age' keeps its rows, and the cells of the table are dropped."""
    predictor, mvi = patients(*cells)
    marker, sex = (predictor["plt"] == "a low").astype(float), ["male"] * sum(cells) + ["female"] * 80
    more, more_mvi = [0, 1] * 40, [0, 0, 1, 1] * 20
    groups = pd.DataFrame({"sex": sex, "age": ["old"] * (sum(cells) + 40) + ["young"] * 40})
    table = subgroup_table([*marker, *more], [*mvi, *more_mvi], groups).assign(predictor="plt")
    shown = masked_subgroups(table, kind="own")
    assert "fewest" not in shown
    assert table.query("level == 'male'")["fewest"].item() == min(cells)
    assert (shown["present"] == "masked").tolist() == [False, hidden, hidden, False, False]
    assert shown[["auc", "odds_ratio"]].isna().all(axis=1).tolist() == [False, hidden, hidden, False, False]
    assert shown["p_interaction"].notna().tolist() == [False, not hidden, False, True, False]


def test_few_events_of_a_group_hide_those_of_the_other_and_the_legend():
    summary = pd.DataFrame({"endpoint": "os", "group_by": ["all", "mvi", "mvi"], "n": [60, 40, 20]})
    summary = summary.assign(
        events=[58, 20, 3], label=["all: 58 of 60, m", "absent: 20 of 40, m", "present: 3 of 20, m"]
    )
    shown = masked_events(summary, kind="real")
    assert shown["events"].tolist() == [58, "masked", "masked"]
    assert shown["label"].tolist() == ["all: 58 of 60, m", "absent: 40, m", "present: 20, m"]


def test_few_at_risk_are_not_counted_and_carry_no_share():
    table = pd.DataFrame({"at_risk": [5, 4, 1, 0], "survival": [0.5, 0.4, 0.2, 0.0], "ci_low": 0.1, "ci_high": 0.9})
    shown = masked_at_risk(table, kind="own")
    assert shown["at_risk"].tolist() == [5, "< 5", "< 5", 0]
    assert shown[["survival", "ci_low", "ci_high"]].notna().all(axis=1).tolist() == [True, False, False, False]
    assert masked_at_risk(table, kind="phantom")["at_risk"].tolist() == [5, 4, 1, 0]


def test_a_misreading_with_a_small_cell_has_no_odds_ratio_beside_the_right_one():
    class Reading:
        source = trap = wrong = variable = "x"
        right, mistaken = (
            pd.DataFrame({"value": (t["plt"] == "a low").astype(int), "mvi": mvi})
            for t, mvi in (patients(9, 8, 7, 6), patients(1, 16, 7, 6))
        )

    shown = masked_readings(beside_misread([Reading]), kind="real").iloc[0]
    assert shown["odds_ratio"] == pytest.approx(8 * 7 / (9 * 6))
    assert np.isnan(shown["wrong_odds_ratio"]) and "fewest" not in shown and shown["why"] == ""

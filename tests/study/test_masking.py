"""Small counts of people are hidden so that no sum gives them back."""

from itertools import product

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mvi_core.report import masked_counts

TABLE = pd.DataFrame({"n": [23, 80, 9], "absent": [3, 50, 9], "present": [20, 30, 0]}, index=[4, 7, 9])


def printed(values):
    return masked_counts(pd.DataFrame({"n": values}), kind="own")["n"].tolist()


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

"""The spread of risks is a count of all patients, and shows no single one more exactly than it says."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mvi_core.errors import MviError
from mvi_core.stats.spread import risk_spread

PATIENTS = st.lists(st.tuples(st.booleans(), st.floats(0, 1)), min_size=1, max_size=30)


def test_shares_are_those_of_a_cross_tabulation():
    """pandas.crosstab(risk.round(2), mvi, normalize="all")."""
    rng = np.random.default_rng(5)
    outcome, risk = rng.integers(0, 2, 60), rng.uniform(0, 0.2, 60)
    ours = risk_spread(outcome, risk)
    theirs = pd.crosstab(risk.round(2), outcome, normalize="all")
    np.testing.assert_allclose(ours["risk"], theirs.index)
    np.testing.assert_allclose(ours[["share_absent", "share_present"]], theirs[[0, 1]])


@given(PATIENTS, st.randoms(use_true_random=False))
def test_shares_sum_to_one_by_group_and_ignore_the_order_of_patients(patients, random):
    outcome, risk = map(list, zip(*patients, strict=True))
    table = risk_spread(outcome, risk)
    assert table["share_present"].sum() == pytest.approx(np.mean(outcome))
    assert table[["share_absent", "share_present"]].to_numpy().sum() == pytest.approx(1)
    random.shuffle(patients)
    pd.testing.assert_frame_equal(risk_spread(*map(list, zip(*patients, strict=True))), table)


def test_fewer_digits_tell_fewer_patients_apart():
    risk = [0.11, 0.12, 0.49, 0.51]
    assert len(risk_spread([0, 1, 0, 1], risk)) == 4
    assert risk_spread([0, 1, 0, 1], risk, digits=0)["risk"].tolist() == [0, 1]


def test_all_equal_risks_of_one_class_make_one_row():
    assert risk_spread([1, 1], [0.5, 0.5]).to_numpy().tolist() == [[0.5, 0.0, 1.0]]


@pytest.mark.parametrize(("outcome", "risk"), [([0, 1], [0.1]), ([0, 1], [0.1, 1.2]), ([0, 2], [0.1, 0.2])])
def test_impossible_values_are_refused(outcome, risk):
    with pytest.raises(MviError):
        risk_spread(outcome, risk)

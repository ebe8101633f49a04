"""Witness: metafor (fixed, Paule-Mandel, ad hoc Knapp-Hartung, Q profile), see tests/reference/real_reference.R."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from statsmodels.stats.meta_analysis import combine_effects

from mvi_core.errors import MviError
from mvi_core.stats.pooling import pool, pool_each


def effects(rows):
    return pd.DataFrame(rows, columns=["odds_ratio", "ci_low", "ci_high"])


MADE = [  # five made effects on the log scale with their variances
    (-0.8893113339202054, 0.3255847650039614),
    (-1.5853886572014306, 0.1945811214057454),
    (-1.348073148299693, 0.4153679653679654),
    (-1.4415511900213054, 0.0200100319022476),
    (-0.2175473222112957, 0.0512101723402563),
]


def test_pooled_answers_are_those_of_metafor():
    """``rma(yi, vi, method="PM", test="adhoc")``, ``confint``, ``rma(method="FE")``, ``qt(.975, 3)``."""
    z = 1.959963984540054
    ends = effects([np.exp([y, y - z * v**0.5, y + z * v**0.5]) for y, v in MADE])
    table = pool(ends)
    found = np.log(table.set_index("kind").loc[["fixed", "random"]].to_numpy(dtype=float))
    assert table.attrs["k"] == 5
    assert found[0] == pytest.approx((-1.12847808833, -1.34744394721, -0.909512229446), abs=1e-6)
    assert found[1] == pytest.approx((-1.05254037383, -1.80951279467, -0.295567953003), abs=1e-6)
    attrs = [table.attrs[name] for name in ("q", "q_p", "tau2", "tau2_low", "tau2_high")]
    assert attrs == pytest.approx(
        (22.4666798057, 0.00016179589905, 0.225245751407, 0.0439511739495, 2.4525760518), rel=1e-5
    )
    low, high = np.log(table.loc[2, ["ci_low", "ci_high"]].astype(float))
    assert (low, high) == pytest.approx((-2.79441391234, 0.689333164672), abs=1e-6)


def test_a_library_finds_the_same_variance_between_cohorts():
    log, variance = np.transpose(MADE)
    library = combine_effects(log, variance, method_re="pm")  # with a tighter atol it overshoots and answers 0
    z = 1.959963984540054
    table = pool(effects([np.exp([y, y - z * v**0.5, y + z * v**0.5]) for y, v in MADE]))
    assert table.attrs["tau2"] == pytest.approx(library.tau2, abs=1e-6)
    assert np.log(table.loc[1, "odds_ratio"]) == pytest.approx(library.mean_effect_re, abs=1e-6)


def test_equal_cohorts_have_no_spread_and_two_have_no_prediction():
    table = pool(effects([(2, 1, 4), (2, 1, 4)]))
    assert [table.attrs[name] for name in ("q", "i2", "tau2", "tau2_low")] == [0, 0, 0, 0]
    assert table.loc[2, ["ci_low", "ci_high"]].isna().all()
    assert table.loc[0, "odds_ratio"] == pytest.approx(2)


@given(st.lists(st.tuples(st.floats(-2, 2), st.floats(0.05, 1)), min_size=3, max_size=6))
def test_pooling_knows_no_order_and_no_direction(pairs):
    rows = [(np.exp(y), np.exp(y - s), np.exp(y + s)) for y, s in pairs]
    once, turned = pool(effects(rows)), pool(effects(rows[::-1]))
    mirrored = pool(effects([(1 / o, 1 / high, 1 / low) for o, low, high in rows]))
    ends = ["odds_ratio", "ci_low", "ci_high"]
    np.testing.assert_allclose(np.log(once[ends]), np.log(turned[ends]), atol=1e-6)
    np.testing.assert_allclose(np.log(once[ends]), -np.log(mirrored[["odds_ratio", "ci_high", "ci_low"]]), atol=1e-6)
    fixed, random, further = (np.log(row[1:].astype(float)) for row in once[["kind", *ends]].to_numpy())
    assert random[2] - random[1] >= fixed[2] - fixed[1] - 1e-9
    assert further[2] - further[1] >= random[2] - random[1] - 1e-9
    assert min(y for y, _ in pairs) - 1e-6 <= random[0] <= max(y for y, _ in pairs) + 1e-6


def test_one_cohort_or_an_infinite_effect_cannot_be_pooled():
    with pytest.raises(MviError, match="two or more finite"):
        pool(effects([(2, 1, 4)]))
    with pytest.raises(MviError, match="two or more finite"):
        pool(effects([(2, 1, 4), (np.inf, 1, np.inf)]))


def test_each_variable_is_pooled_alone_and_a_lonely_one_left_out():
    rows = effects([(2, 1, 4), (3, 2, 4.5), (1, 0.5, 2)]).assign(variable=["a", "a", "b"])
    table = pool_each(rows)
    assert table["variable"].tolist() == ["a"]
    both = pool(rows[rows["variable"] == "a"])
    assert table.loc[0, ["fixed", "fixed_low", "fixed_high"]].tolist() == both.iloc[0, 1:].tolist()

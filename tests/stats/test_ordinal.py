"""Witness: rms::lrm, MASS::polr and Brant's test written in R from the paper; tests/reference/real_reference.R."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from statsmodels.miscmodels.ordinal_model import OrderedModel

from mvi_core.errors import MviError
from mvi_core.stats.ordinal import brant_test, each_cut, proportional_odds
from mvi_core.stats.tables import univariable_table

REFERENCE = Path(__file__).parents[1] / "reference"


@pytest.fixture(scope="module")
def answers():
    table = pd.read_csv(REFERENCE / "real_reference.csv")
    return {case: part.set_index("quantity")["value"] for case, part in table.groupby("case")}


@pytest.fixture(scope="module")
def pbc():
    table = pd.read_csv(REFERENCE / "survival_pbc.csv").dropna(subset="stage")
    return table.assign(years=table["days"] / 365.25)[["female", "years"]], "stage " + table["stage"].astype(
        int
    ).astype(str)


def test_proportional_odds_are_those_of_lrm(pbc, answers):
    table, expected = proportional_odds(*pbc), answers["pbc"]
    for row in table.itertuples():
        assert row.coefficient == pytest.approx(expected[row.variable], abs=1e-6)
        assert row.se == pytest.approx(expected[f"{row.variable} se"], rel=1e-6)
    assert table.attrs["loglik"] == pytest.approx(expected["loglik"], abs=1e-6)


def test_brants_test_is_that_of_the_paper(pbc, answers):
    table, expected = brant_test(*pbc).set_index("variable"), answers["pbc brant"]
    assert table.loc["all", "df"] == expected["all df"] == 4
    for name in ("all", "female", "years"):
        assert table.loc[name, "statistic"] == pytest.approx(expected[name], rel=1e-6)
        assert table.loc[name, "p_value"] == pytest.approx(expected[f"{name} p"], rel=1e-6)


def test_a_library_finds_the_same_maximum(pbc):
    frame, grade = pbc
    fit = OrderedModel(
        pd.Series(grade.to_numpy()).astype("category").cat.codes, frame.reset_index(drop=True), distr="logit"
    )
    library = fit.fit(method="bfgs", disp=0, gtol=1e-8)
    table = proportional_odds(frame, grade)
    assert library.params[["female", "years"]].tolist() == pytest.approx(table["coefficient"].tolist(), abs=1e-4)
    assert library.llf == pytest.approx(table.attrs["loglik"], abs=1e-6)


def test_reversed_grades_and_another_order_of_patients_turn_or_keep_the_answer(pbc):
    frame, grade = pbc
    table = proportional_odds(frame, grade)
    reversed_names = grade.map({f"stage {k}": f"stage {5 - k}" for k in range(1, 5)})
    turned = proportional_odds(frame, reversed_names)
    np.testing.assert_allclose(turned["coefficient"], -table["coefficient"], atol=1e-8)
    shuffled = np.random.default_rng(1).permutation(len(frame))
    again = proportional_odds(frame.iloc[shuffled], grade.iloc[shuffled])
    np.testing.assert_allclose(again["coefficient"], table["coefficient"], atol=1e-9)


def test_the_odds_ratio_at_a_cut_is_that_of_its_two_by_two_table():
    rng = np.random.default_rng(4)
    afp, grade = pd.DataFrame({"afp": rng.integers(0, 2, 150)}), pd.Series(rng.choice(["M0", "M1", "M2"], 150))
    cuts = each_cut(afp, grade)
    for cut, present in (("M1 or above", grade != "M0"), ("M2", grade == "M2")):
        expected = univariable_table(afp, present.astype(int)).loc[1, "odds_ratio"]
        assert cuts.set_index("cut").loc[cut, "odds_ratio"] == pytest.approx(expected, rel=1e-8)


def test_planted_odds_that_differ_at_the_cuts_are_found_and_equal_ones_pass():
    rng = np.random.default_rng(11)
    afp = rng.integers(0, 2, 4000)
    latent = rng.logistic(size=4000)
    same = np.array(["M0", "M1", "M2"])[(latent + afp > 0).astype(int) + (latent + afp > 1.5)]
    apart = np.array(["M0", "M1", "M2"])[(latent + afp > 0).astype(int) * (1 + (rng.logistic(size=4000) - afp > 0))]
    frame = pd.DataFrame({"afp": afp})
    assert proportional_odds(frame, same).loc[0, "coefficient"] == pytest.approx(1, abs=0.15)
    assert brant_test(frame, same).loc[0, "p_value"] > 0.01
    assert brant_test(frame, apart).loc[0, "p_value"] < 1e-6


def test_missing_predictors_are_counted_and_two_grades_or_a_missing_grade_refused():
    afp = pd.DataFrame({"afp": [0, 1, np.nan] * 10})
    grade = ["M0", "M1", "M2", "M2", "M0", "M1"] * 5
    assert proportional_odds(afp, grade).attrs["n_missing"] == 10
    with pytest.raises(MviError, match="three grades or more, got M0, M1"):
        proportional_odds(afp, ["M0", "M1", "M1"] * 10)
    with pytest.raises(MviError, match="grade is missing for 1"):
        brant_test(afp, [None, *grade[1:]])

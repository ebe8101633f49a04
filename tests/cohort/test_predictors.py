import warnings

import numpy as np
import pandas as pd
import pytest

from mvi_core.cohort.predictors import (
    MODEL_TERMS,
    PREDICTORS,
    find_predictor,
    predictor_table,
    refuse_leaks,
    separation,
)
from mvi_core.errors import CohortError, SeparationWarning

PRINTED = """age_gt_50 sex_female afp_gt_20 ascites hepatitis cirrhosis alt_gt_40 ast_gt_40 ggt_gt_50 tb_gt_19 cb_gt_6_8
alb_gt_40 plt_gt_100 inr_gt_1 pt_gt_12 encapsulation edmondson_3_4"""


@pytest.fixture
def patients():
    values = {predictor.column: [predictor.cutoff, None] for predictor in PREDICTORS if predictor.column != "sex"}
    return pd.DataFrame(
        {"patient_id": ["P1", "P2"], "sex": ["male", None], "size_cm": [4.5, None], "dl_mvi": [1, None], **values}
    )


def test_there_are_the_17_predictors_of_table_1_in_its_order():
    assert tuple(predictor.name for predictor in PREDICTORS) == tuple(PRINTED.split())
    assert MODEL_TERMS[17:] == ("size_cm", "dl_mvi")


def test_a_value_at_the_cutoff_is_the_reference_level_and_missing_stays_missing(patients):
    table = predictor_table(patients)
    assert table.loc["P1"].tolist() == [0.0] * 17
    assert table.loc["P2"].isna().all()
    assert set(table.dtypes.astype(str)) == {"float64"}


def test_a_value_above_the_cutoff_is_the_level(patients):
    above = patients.assign(sex="female", afp_ng_ml=20.0001, edmondson=3.0, ascites=1.0)
    assert predictor_table(above, ["sex_female", "afp_gt_20", "edmondson_3_4", "ascites"]).loc["P1"].tolist() == [
        1,
        1,
        1,
        1,
    ]


def test_model_terms_are_columns_themselves(patients):
    assert predictor_table(patients, ["dl_mvi", "size_cm"]).loc["P1"].tolist() == [1.0, 4.5]


def test_an_unknown_name_and_a_lacking_column_are_named(patients):
    with pytest.raises(CohortError, match=r"'afp' is unknown\. The predictors are age_gt_50"):
        predictor_table(patients, ["afp"])
    with pytest.raises(CohortError, match="needs column 'inr', which the patient table lacks"):
        predictor_table(patients.drop(columns="inr"), ["inr_gt_1"])


def test_words_in_print_are_found_by_name():
    assert find_predictor("afp_gt_20").level == "> 20 ng/mL"
    assert find_predictor("dl_mvi").label == "DL-MVI"


def test_a_predictor_defined_with_the_outcome_is_refused_with_the_reason():
    outcome = np.repeat([0, 1], 50)
    with pytest.raises(
        CohortError, match=r"'bclc' separates MVI absent from present \(100 of 100 patients\).*BCLC stage C"
    ):
        refuse_leaks(pd.DataFrame({"bclc": outcome}), outcome)
    reversed_coding = pd.DataFrame({"bclc": 1 - outcome})
    with pytest.raises(CohortError, match="cannot be a predictor"):
        refuse_leaks(reversed_coding, outcome)
    nearly = outcome.copy()
    nearly[0] = 1
    with pytest.raises(CohortError, match="99 of 100"):
        refuse_leaks(pd.DataFrame({"bclc": nearly}), outcome)


def test_another_perfect_predictor_is_refused_where_it_cannot_be_chance_and_warns_in_few_patients():
    outcome = np.repeat([0, 1], 50)
    with pytest.raises(CohortError, match=r"'size_cm' separates .* \(99 of 100 patients\), far beyond chance"):
        refuse_leaks(pd.DataFrame({"size_cm": np.where(np.arange(100) == 3, 9.0, outcome * 5.0 + 1)}), outcome)
    with pytest.warns(SeparationWarning, match="'afp_gt_20' separates"):
        refuse_leaks(pd.DataFrame({"afp_gt_20": outcome[45:55]}), outcome[45:55])
    with pytest.warns(SeparationWarning, match="'dl_mvi' separates"):
        refuse_leaks(pd.DataFrame({"dl_mvi": outcome}), outcome)


def test_separation_is_that_of_the_best_cut_in_any_order_and_of_stages_as_text():
    rng = np.random.default_rng(3)
    values, outcome = rng.integers(0, 6, 200).astype(float), rng.integers(0, 2, 200)
    best = max(abs((values[outcome == 1] > cut).mean() - (values[outcome == 0] > cut).mean()) for cut in range(6))
    assert separation(values, outcome) == pytest.approx(best)
    assert separation(-values, outcome) == pytest.approx(best)
    stages = pd.Series(["A", "B", "B", "C", "C", None])
    assert separation(stages, [0, 0, 1, 1, 1, 1]) == pytest.approx(2 / 3)  # A and B 1/2 against 0 and 1/3
    assert separation([1.0, np.nan], [1, 0]) == 0.0


@pytest.mark.parametrize("column", [[0, 1, 0, 1], [1, 1, 1, 1], [np.nan] * 4, [3.2, 9.9, 4.1, 12.0], [np.nan, 0, 0, 0]])
def test_usual_constant_missing_and_continuous_predictors_pass_silently(column):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        refuse_leaks(pd.DataFrame({"bclc": np.array(column, dtype=float)}), [0, 0, 1, 1])

"""Every aggregate of the part "Real patients" beside R, which read the raw tables itself.

Witness: tests/reference/real_reference.R (metafor, rms, MASS, survival, mice) and its csv, which holds no row.
"""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from mvi_core.cohort import endpoints, misreadings
from mvi_core.cohort.load import load_cohort
from mvi_core.cohort.predictors import predictor_table
from mvi_core.manifest import locate
from mvi_core.report import paper_values, printed_effects
from mvi_core.stats import dose, fixed_formula, hazard_table, imputation, misread, ordinal, pooling
from mvi_core.stats.logistic import fit_logistic
from mvi_core.stats.tables import univariable_table

pytestmark = pytest.mark.real_data
REFERENCE = Path(__file__).parents[1] / "reference" / "real_reference.csv"
COHORTS = ("clca-2024", "tcga-lihc")
ADJUST = ["age_gt_50", "sex_female", "afp_gt_20", "hepatitis", "edmondson_3_4"]


@pytest.fixture(scope="module")
def answers():
    table = pd.read_csv(REFERENCE)
    return {case: part.set_index("quantity")["value"] for case, part in table.groupby("case")}


@pytest.fixture
def people(clinical):
    loaded = {name: load_cohort(name, seed=1) for name in COHORTS}
    return {name: (cohort.patients.set_index("patient_id", drop=False), cohort.spec) for name, cohort in loaded.items()}


@pytest.fixture
def effects(people):
    tables = []
    for name, (patients, spec) in people.items():
        table = univariable_table(predictor_table(patients, spec.predictors), patients["mvi_present"])
        tables.append(table.dropna(subset="ci_low").assign(cohort=name))
    return pd.concat(tables, ignore_index=True)


def close(value, expected):
    return value == pytest.approx(expected, rel=1e-6, abs=1e-8)


def test_every_univariable_odds_ratio_of_both_cohorts(effects, answers):
    for row in effects.itertuples():
        expected = answers[f"univariable {row.cohort} {row.variable}"]
        for name in ("odds_ratio", "ci_low", "ci_high"):
            assert close(getattr(row, name), expected[name]), (row.cohort, row.variable, name)
    assert len(effects) == sum(case.startswith("univariable") for case in answers)


def test_every_pooled_effect_its_spread_and_the_reach_of_a_further_cohort(effects, answers):
    printed = printed_effects(effects["variable"].unique(), "table1")
    pooled = pooling.pool_each(pd.concat([printed, effects])).set_index("variable")
    assert len(pooled) == 11
    for variable, row in pooled.iterrows():
        for name, expected in answers[f"pooled {variable}"].items():
            assert row[name] == pytest.approx(expected, rel=1e-5, abs=1e-7), (variable, name)


def test_the_printed_models_held_fixed(people, answers):
    values = paper_values()["value"]
    table1 = (np.log(60 / 84), np.log((125 / 52) / (60 / 84)))
    formula = (values["formula_intercept"], values["formula_afp_coefficient"])
    for name, (patients, _) in people.items():
        x = predictor_table(patients, ["afp_gt_20"])["afp_gt_20"].dropna()
        for model, coefficients in {"formula, DL-MVI absent": formula, "Table 1, AFP alone": table1}.items():
            mvi, rng = patients.loc[x.index, "mvi_present"], np.random.default_rng(0)
            table = fixed_formula.fixed_formula(x, mvi, *coefficients, rng=rng, n_bootstrap=30).set_index("metric")
            expected = answers[f"fixed {name} {model}"]
            for metric in ("intercept", "recalibrated", "slope", "expected_observed", "brier", "auc"):
                assert close(table.loc[metric, "value"], expected[metric]), (name, model, metric)
            for metric in ("intercept", "slope"):
                ends = table.loc[metric, ["ci_low", "ci_high"]].tolist()
                assert close(ends, expected[[f"{metric}_low", f"{metric}_high"]].tolist())


def test_what_afp_adds(people, answers):
    for name, (patients, spec) in people.items():
        others = [term for term in spec.multivariable if term != "afp_gt_20"]
        bases = {"grade": ["edmondson_3_4"], "all": others} | ({"size": ["size_cm"]} if "size_cm" in others else {})
        table = dose.gains(predictor_table(patients, spec.multivariable), patients["mvi_present"], "afp_gt_20", bases)
        for row in table.to_dict("records"):
            for quantity, expected in answers[f"added {name} {row['base']}"].items():
                assert close(row[quantity], expected), (name, row["base"], quantity)


def test_the_shape_of_afp(people, answers):
    for name, (patients, _) in people.items():
        afp = patients["afp_ng_ml"].clip(upper=1210)
        afp = afp[afp > 0].dropna()
        table = dose.shape_models(afp, patients.loc[afp.index, "mvi_present"], cutoff=20).set_index("model")
        for model, row in table.iterrows():
            for quantity, expected in answers[f"shape {name} {model}"].items():
                assert close(row[quantity], expected), (name, model, quantity)


def test_proportional_odds_and_brants_test_of_the_grades(people, answers):
    patients, spec = people["clca-2024"]
    for case, names in {"adjusted": list(spec.multivariable), "alone": ["afp_gt_20"]}.items():
        predictors, expected = predictor_table(patients, names), answers[f"grades clca-2024 {case}"]
        table = ordinal.proportional_odds(predictors, patients["mvi_grade"])
        for row in table.itertuples():
            assert row.coefficient == pytest.approx(expected[row.variable], abs=1e-6)
            assert row.se == pytest.approx(expected[f"{row.variable} se"], rel=1e-5)
        brant = ordinal.brant_test(predictors, patients["mvi_grade"])
        found = answers[f"grades clca-2024 {case} brant"]
        for row in brant.itertuples():
            assert close([row.statistic, row.p_value], [found[row.variable], found[f"{row.variable} p"]])


def test_every_hazard_ratio_under_every_definition(people, answers):
    patients, _ = people["tcga-lihc"]
    design = patients[["mvi_present"]].astype(float).join(predictor_table(patients, ADJUST))
    follow_up = endpoints.read_endpoints(locate("tcga_patients")).set_index("patient_id")
    assert follow_up["endpoint"].unique().tolist() == list(endpoints.ENDPOINTS)
    for name, part in follow_up.groupby("endpoint"):
        counted = answers[f"endpoint {name}"]
        assert (len(part), part["event"].sum()) == (counted["n"], counted["events"])
        for model, columns in {"alone": ["mvi_present"], "adjusted": list(design)}.items():
            row = hazard_table.model_rows(design.loc[part.index, columns], part["months"], part["event"]).iloc[0]
            for quantity, expected in answers[f"endpoint {name} {model}"].items():
                assert close(row[quantity], expected), (name, model, quantity)


def test_the_books_own_follow_up_is_one_of_the_definitions(people):
    patients, _ = people["tcga-lihc"]
    follow_up = endpoints.read_endpoints(locate("tcga_patients")).set_index(["endpoint", "patient_id"])
    same = {"death": ["os_months", "os_event"], "recurrence or death": ["rfs_months", "rfs_event"]}
    for name, columns in same.items():
        part = follow_up.loc[name]
        known = patients[columns].dropna().set_axis(["months", "event"], axis=1)
        pd.testing.assert_frame_equal(part.sort_index(), known.sort_index(), check_names=False)


def test_careless_readings_give_the_odds_ratios_that_r_gives_them(clinical, answers):
    found = misreadings.clca_misreadings(locate("clca_patients"), locate("clca_samples"))
    found += misreadings.tcga_misreadings(locate("tcga_patients"))
    table = misread.beside_misread(found).set_index("wrong")
    cases = {case.removeprefix("misread "): part for case, part in answers.items() if case.startswith("misread ")}
    assert len(cases) == table["wrong_odds_ratio"].notna().sum() == 6
    for wrong, expected in cases.items():
        for name in ("n", "odds_ratio", "ci_low", "ci_high"):
            assert close(table.loc[wrong, f"wrong_{name}"], expected[name]), (wrong, name)
    assert table.loc["'None' taken for missing", "why"] == "nobody without MVI is left"
    assert table.loc["mg/dL held against 19 µmol/L", "why"] == "all patients fall on one side"


def test_columns_that_contain_the_label_and_how_far_they_tell_it(clinical, answers):
    table = misreadings.leaks(locate("clca_samples"), locate("tcga_patients")).set_index("Column")
    assert table.loc["BCLC stage", "Separation"] == "1.000"
    assert float(table.loc["AJCC T", "Separation"]) == pytest.approx(answers["leak"]["ajcc_t"], abs=6e-4)


def test_the_imputed_model_is_that_of_mice_to_the_monte_carlo_error(people, answers):
    """Each answer is a mean over imputations with variance B / m; four standard errors of the difference."""
    patients, spec = people["tcga-lihc"]
    log = ["afp_ng_ml", "tb_umol_l", "plt_10e9_l", "inr"]
    columns = ["age_years", "hepatitis", "cirrhosis", "alb_g_l", "edmondson", *log]
    table = patients[columns].assign(female=(patients["sex"] == "female").astype(float), mvi=patients["mvi_present"])
    table["afp_ng_ml"] = table["afp_ng_ml"].clip(lower=0.1)
    m, expected = 12, answers["imputed"]
    copies = imputation.impute(table, n_imputations=m, rng=np.random.default_rng(5), log=log)
    tables = [copy.assign(sex=patients["sex"]).reset_index() for copy in copies]
    fits = [fit_logistic(predictor_table(one, ADJUST), patients["mvi_present"]) for one in tables]
    pooled = imputation.pool_fits(fits).set_index("variable")
    for name in ADJUST:
        error = np.sqrt(expected[f"{name} between"] * (1 / m + 1 / expected["m"]))
        assert abs(pooled.loc[name, "coefficient"] - expected[name]) < 4 * error + 1e-6, name
        assert pooled.loc[name, "se"] == pytest.approx(expected[f"{name} se"], rel=0.1)
    assert spec.multivariable == tuple(ADJUST)

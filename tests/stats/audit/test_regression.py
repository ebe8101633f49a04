import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from scipy import stats

from mvi_core.errors import MviError
from mvi_core.stats.audit.odds import _candidate_p_values, univariable_checks
from mvi_core.stats.audit.polytope import feasible_ranges, hidden_model, intercept_boxes
from mvi_core.stats.audit.regression import formula_check, nomogram_check, row_check, standard_error_range
from mvi_core.stats.audit.two_by_two import _hidden_fits, formula_fit_check
from mvi_core.stats.tables import univariable_table

ROWS = [{"variable": "afp", "absent": [84, 52], "present": [60, 125], "total": [144, 177],
         "odds_ratio": "3.365", "ci_low": "2.118", "ci_high": "5.347", "p_value": "< 0.001"},
        {"variable": "age", "absent": [33, 103], "present": [58, 127], "total": [91, 230],
         "odds_ratio": "0.702", "ci_low": "0.425", "ci_high": "1.157", "p_value": "0.164"}]  # fmt: skip


def words(rows, **sizes):
    return [verdict.verdict for verdict in univariable_checks(rows, **sizes)]


def changed(row, **values):
    return [ROWS[0] | values if row == 0 else ROWS[0], ROWS[1] | values if row == 1 else ROWS[1]]


def test_five_tests_agree_with_scipy_and_with_the_table_module():
    """Witness: scipy chi2_contingency and fisher_exact; statsmodels Logit for Wald, through the table module."""
    counts = np.array([[33, 103], [58, 127]])
    found = _candidate_p_values([counts[0]], [counts[1]]).iloc[0]
    assert found["pearson"] == pytest.approx(stats.chi2_contingency(counts, correction=False).pvalue, rel=1e-10)
    assert found["yates"] == pytest.approx(stats.chi2_contingency(counts).pvalue, rel=1e-10)
    likelihood = stats.chi2_contingency(counts, correction=False, lambda_="log-likelihood").pvalue
    assert found["likelihood_ratio"] == pytest.approx(likelihood, rel=1e-10)
    assert found["fisher"] == pytest.approx(stats.fisher_exact(counts).pvalue, rel=1e-10)
    patients = pd.DataFrame({"age": [0] * 33 + [1] * 103 + [0] * 58 + [1] * 127})
    table = univariable_table(patients, [0] * 136 + [1] * 185, test="wald")
    assert found["wald"] == pytest.approx(table.loc[1, "p_value"], rel=1e-6)


def test_printed_rows_agree_and_each_planted_digit_is_caught_by_its_own_check():
    assert words(ROWS, n_absent=136, n_present=185) == ["reproduced"] * 3
    wrong_count = words(changed(0, absent=[84, 53]), n_absent=136, n_present=185)
    assert wrong_count[:2] == ["cannot be reproduced"] * 2
    assert words(changed(1, odds_ratio="0.792"))[1] == "cannot be reproduced"
    assert words(changed(1, ci_high="1.175"))[1] == "cannot be reproduced"
    assert words(changed(1, p_value="0.614"))[2] == "cannot be reproduced"


def test_an_empty_cell_is_refused():
    with pytest.raises(MviError, match="positive counts"):
        univariable_checks(changed(0, absent=[0, 52]))


def test_a_row_of_a_real_fit_agrees_with_itself_and_a_changed_digit_does_not():
    """Witness: statsmodels Logit on the classes of 321 patients in the paper's AFP row."""
    x = np.repeat([0, 1, 0, 1], [84, 52, 60, 125])
    fit = sm.Logit(np.repeat([0, 1], [136, 185]), sm.add_constant(x)).fit(disp=0)
    low, high = np.exp(fit.conf_int()[1])
    row = {
        "variable": "x",
        "odds_ratio": f"{np.exp(fit.params[1]):.3f}",
        "ci_low": f"{low:.3f}",
        "ci_high": f"{high:.3f}",
    }
    row["p_value"] = f"{fit.pvalues[1]:.2g}".replace("e", "E")
    assert row_check([row]).verdict == "reproduced"
    assert row_check([row | {"odds_ratio": "3.635"}]).verdict == "cannot be reproduced"
    assert row_check([row | {"p_value": "0.04"}]).verdict == "cannot be reproduced"
    smallest, largest = standard_error_range(row["ci_low"], row["ci_high"])
    assert smallest <= fit.bse[1] <= largest


def test_formula_and_nomogram_follow_the_odds_ratios():
    odds = {"afp": "4.634", "dl": "35.738"}
    assert formula_check({"afp": "1.53", "dl": "3.58"}, odds).verdict == "reproduced"
    assert formula_check({"afp": "1.35", "dl": "3.58"}, odds).verdict == "cannot be reproduced"
    coefficients = {"afp": "1.53", "dl": "3.58"}
    assert nomogram_check(coefficients, {"afp": "42.5", "dl": "100"}).verdict == "reproduced"
    assert nomogram_check(coefficients, {"afp": "42.3", "dl": "100"}).verdict == "reproduced under a stated assumption"
    assert nomogram_check(coefficients, {"afp": "45", "dl": "100"}).verdict == "cannot be reproduced"


def simulated(seed, n=300):
    rng = np.random.default_rng(seed)
    table = pd.DataFrame({"a": rng.random(n) < 0.4, "b": rng.random(n) < 0.5}).astype(int)
    table["y"] = (rng.random(n) < 1 / (1 + np.exp(0.8 - table.a - 0.5 * table.b))).astype(int)
    table["hidden"] = np.where(table.y == 1, rng.random(n) < 0.85, rng.random(n) < 0.3).astype(int)
    return table


def printed_fit(table, names):
    fit = sm.Logit(table.y, sm.add_constant(table[names])).fit(disp=0, tol=1e-12)
    ends = np.exp(fit.conf_int())
    values = pd.DataFrame({"odds_ratio": np.exp(fit.params), "ci_low": ends[0], "ci_high": ends[1]}).loc[names]
    printed = values.map("{:.3f}".format).rename_axis("variable").reset_index()
    return fit, printed.to_dict("records")


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_the_true_counts_of_a_hidden_predictor_lie_within_the_proven_bounds(seed):
    """Witness: patients are simulated and fitted by statsmodels, so the truth is known."""
    table = simulated(seed)
    fit, rows = printed_fit(table, ["a", "b", "hidden"])
    known = {name: [int(table[name][table.y == k].sum()) for k in (0, 1)] for name in ("a", "b")}
    model = hidden_model(rows, known, [int((table.y == k).sum()) for k in (0, 1)])
    nothing, without = np.zeros(8), 1 - model.patterns[:, -1]
    objectives = {"fn": [nothing, without], "tn": [without, nothing]}
    intercept = round(float(fit.params["const"]), 2)
    found = feasible_ranges(model, objectives, intercept=(intercept - 0.005, intercept + 0.005)).ranges
    for name, outcome in (("fn", 1), ("tn", 0)):
        truth = int(((table.y == outcome) & (table.hidden == 0)).sum())
        assert found[name][0] - 1e-6 <= truth <= found[name][1] + 1e-6
        assert found[name][1] - found[name][0] < 30
    assert any(low <= fit.params["const"] <= high for low, high in intercept_boxes(model, search=(-4, 0)))


def test_counts_that_contradict_the_regression_are_proven_empty():
    table = simulated(1)
    _, rows = printed_fit(table, ["a", "b", "hidden"])
    known = {name: [int(table[name][table.y == k].sum()) for k in (0, 1)] for name in ("a", "b")}
    model = hidden_model(rows, known, [int((table.y == k).sum()) for k in (0, 1)])
    assert feasible_ranges(model, {"any": np.zeros((2, 8))}, intercept=(2.0, 2.1)).ranges == {}


def test_a_hidden_model_needs_the_counts_of_every_other_variable():
    _, rows = printed_fit(simulated(1), ["a", "hidden"])
    with pytest.raises(MviError, match="missing"):
        hidden_model(rows, {}, [10, 10])


@pytest.mark.parametrize("seed", [4, 5])
def test_the_enumeration_finds_the_true_table_behind_a_two_variable_formula(seed):
    """Witness: statsmodels Logit on simulated patients; the true hidden counts must be among the fits that agree."""
    table = simulated(seed, n=150)
    fit, _ = printed_fit(table, ["a", "hidden"])
    texts = [f"{value:.2f}" for value in fit.params]
    counts = pd.crosstab(table.y, table.a).to_numpy()
    fits = _hidden_fits(texts[0], texts[1:], counts[0], counts[1])
    fits = fits[fits["agrees"]]
    truth = [int(((table.hidden == 0) & (table.a == level)).sum()) for level in (0, 1)]
    truth.append(int(((table.hidden == 0) & (table.y == 1)).sum()))
    rows = fits[["hidden_0_known_0", "hidden_0_known_1", "false_negatives"]].to_numpy().tolist()
    assert truth in rows
    assert (
        formula_fit_check(texts[0], texts[1:], counts[0], counts[1]).verdict == "reproduced under a stated assumption"
    )


def test_the_enumeration_misses_no_fit_of_a_small_cohort():
    """Witness: statsmodels fits the tables of 14 patients; all that print alike are found, and no other."""
    absent, present = [4, 3], [2, 5]
    fitted = {}
    for zero, one, missed in np.ndindex(7, 9, 8):
        table = hidden_table(absent, present, zero, one, missed)
        if table is None:
            continue
        design = np.c_[np.ones(len(table)), table[:, 1:]]
        fitted[zero, one, missed] = tuple(f"{value:.2f}" for value in sm.Logit(table[:, 0], design).fit(disp=0).params)
    assert len(fitted) >= 2
    for target in sorted(set(fitted.values()))[:5]:
        fits = _hidden_fits(target[0], target[1:], absent, present)
        names = ["hidden_0_known_0", "hidden_0_known_1", "false_negatives"]
        ours = set(map(tuple, fits.loc[fits["agrees"], names].to_numpy().tolist()))
        assert {key for key, texts in fitted.items() if texts == target} == ours & set(fitted)


def hidden_table(absent, present, zero, one, missed):
    """Patients (outcome, known, hidden) for one split of the missed with no empty cell, if there is one."""
    for first in range(missed + 1):
        cells = np.array(
            [[first, missed - first], [zero - first, one - missed + first]]
        )  # hidden 0: outcome 1, outcome 0
        rest = np.array([present, absent]) - cells
        if (cells > 0).all() and (rest > 0).all():
            rows = [
                (outcome, known, hidden)
                for hidden, block in ((0, cells), (1, rest))
                for outcome, line in ((1, block[0]), (0, block[1]))
                for known, size in enumerate(line)
                for _ in range(size)
            ]
            return np.array(rows, dtype=float)
    return None


@pytest.mark.parametrize(
    "row",  # R: exp(coef(fit)), exp(confint.default(fit)) and the p value of summary(fit), rounded
    [
        {"odds_ratio": "1.0", "ci_low": "1.0", "ci_high": "1.0", "p_value": "0.030"},  # 1.003 (1.000 to 1.006)
        {"odds_ratio": "0.2", "ci_low": "0.0", "ci_high": "0.9", "p_value": "0.037"},  # 0.2 (0.044 to 0.908)
    ],
)
def test_ends_that_print_alike_or_as_0_belong_to_many_fits(row):
    assert row_check([{"variable": "age"} | row]).verdict == "reproduced"


def test_a_small_p_value_of_r_is_compared_at_its_own_digits():
    row = {"variable": "AFP", "odds_ratio": "4.00", "ci_low": "2.00", "ci_high": "8.00"}  # z = 3.92, p = 8.8e-05
    assert row_check([row | {"p_value": "8.8e-05"}]).verdict == "reproduced"
    assert row_check([row | {"p_value": "1.2e-09"}]).verdict == "cannot be reproduced"


def test_a_negative_coefficient_has_points_too():
    assert nomogram_check({"ALB": "-1.00", "DL-MVI": "2.00"}, {"ALB": "50", "DL-MVI": "100"}).verdict == "reproduced"
    assert nomogram_check({"ALB": "-1.00", "DL-MVI": "2.00"}, {"ALB": "80", "DL-MVI": "100"}).verdict != "reproduced"


def test_a_level_in_percent_and_names_that_differ_are_refused():
    row = {"variable": "AFP", "odds_ratio": "4.00", "ci_low": "2.00", "ci_high": "8.00"}
    with pytest.raises(MviError, match="level must lie strictly between 0 and 1, got 95"):
        row_check([row], level=95)
    for check in (formula_check, nomogram_check):
        with pytest.raises(MviError, match="No variable is in both"):
            check({"AFP": "0.69"}, {"afp": "2.00"})

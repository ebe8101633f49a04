"""What `mvi_core.stats` promises of every function: patients are joined by name, their order changes nothing."""

import numpy as np
import pandas as pd
import pytest

from mvi_core.errors import MviError
from mvi_core.stats.clusters import patient_bootstrap
from mvi_core.stats.competing import cumulative_incidence, first_event, incidence_by_group
from mvi_core.stats.conformal import conformal_p_values, fold_p_values
from mvi_core.stats.contribution import mean_table, replacement_gains
from mvi_core.stats.dose import gains, observed_shares, shape_curve, shape_models
from mvi_core.stats.doubts import doubts
from mvi_core.stats.exact import fisher_exact
from mvi_core.stats.external import printed_slope
from mvi_core.stats.fixed_formula import fixed_formula, risk_rows
from mvi_core.stats.hazard_table import hazard_ratios
from mvi_core.stats.imputation import extremes, impute, pool_fits
from mvi_core.stats.landmark import landmark_panels
from mvi_core.stats.log_rank import log_rank
from mvi_core.stats.logistic import fit_logistic
from mvi_core.stats.measurements import measurement_tests
from mvi_core.stats.optimism import optimism_bootstrap
from mvi_core.stats.ordinal import brant_test, each_cut, proportional_odds
from mvi_core.stats.pooling import pool
from mvi_core.stats.shift import domain_auc
from mvi_core.stats.survival_groups import panel_contrasts, survival_panels
from mvi_core.stats.survival_models import compare_models

N = 60


def patients(seed=1):
    rng = np.random.default_rng(seed)
    table = pd.DataFrame({"a": rng.integers(0, 2, N), "b": rng.normal(size=N).round(1), "mvi": rng.integers(0, 2, N)})
    table = table.assign(value=np.exp(table["b"]), months=rng.integers(1, 30, N), event=rng.integers(0, 2, N))
    return table.assign(cause=table["event"] * rng.integers(1, 3, N), grade=rng.choice(["M0", "M1", "M2"], N))


def rng():
    return np.random.default_rng(0)


def follow_up(t):
    return t[["months", "event"]]


JOINED = {  # every function takes the last column from a table in which the patients stand in another order
    "printed_slope": lambda t, o: printed_slope(t["a"], o["mvi"], coefficient=1.0),
    "fixed_formula": lambda t, o: fixed_formula(t["a"], o["mvi"], 0.0, 1.0, rng=rng(), n_bootstrap=40),
    "risk_rows": lambda t, o: risk_rows(t["a"], o["mvi"], {}, levels=("no", "yes")),
    "extremes": lambda t, o: extremes(t["a"], o["mvi"]),
    "shape_models": lambda t, o: shape_models(t["value"], o["mvi"], cutoff=1),
    "shape_curve": lambda t, o: shape_curve(t["value"], o["mvi"], cutoff=1),
    "observed_shares": lambda t, o: observed_shares(t["value"], o["mvi"]),
    "gains": lambda t, o: gains(t[["a", "b"]], o["mvi"], "a", {"b": ["b"]}),
    "proportional_odds": lambda t, o: proportional_odds(t[["a"]], o["grade"]),
    "each_cut": lambda t, o: each_cut(t[["a"]], o["grade"]),
    "brant_test": lambda t, o: brant_test(t[["a"]], o["grade"]),
    "log_rank": lambda t, o: log_rank(t["months"], t["event"], t["a"], strata=o["mvi"]),
    "hazard_ratios": lambda t, o: hazard_ratios(o[["a"]], t["months"], t["event"]),
    "cumulative_incidence": lambda t, o: cumulative_incidence(t["months"], o["cause"]),
    "incidence_by_group": lambda t, o: incidence_by_group(t["months"], o["cause"], t["a"]),
    "fold_p_values": lambda t, o: fold_p_values(probabilities(t), t["grade"], o["mvi"]),
    "replacement_gains": lambda t, o: replaced(t, o["mvi"]),
    "domain_auc": lambda t, o: domain_auc(t[["a", "b"]], o["mvi"], rng=rng(), n_permutations=9),
    "compare_models": lambda t, o: compared(t[["a"]], follow_up(o)),
}


def probabilities(t):
    first = t["b"].rank(pct=True)
    return pd.DataFrame({"M0": first, "M1": (1 - first) / 2, "M2": (1 - first) / 2})


def replaced(t, outcome):
    risk = pd.DataFrame({"": t["b"], "T1": t["b"] + t["a"]})
    return replacement_gains(outcome, risk, risk > 0.5, n_bootstrap=60, rng=rng())


def compared(x, times):
    return compare_models({"a": x}, times, times=[12], n_folds=3, n_bootstrap=60, rng=rng())[0]


@pytest.mark.parametrize("name", JOINED)
def test_columns_whose_indexes_differ_are_never_joined_by_position(name):
    told = patients()
    JOINED[name](told, told)
    with pytest.raises(MviError, match="different indexes"):
        JOINED[name](told, told.iloc[::-1])


def pooled(t):
    gaps = t[["b", "mvi"]].assign(a=t["a"].where(t["b"] > -0.5))
    return pool_fits([fit_logistic(c[["a", "b"]], c["mvi"]) for c in impute(gaps, n_imputations=2, rng=rng())])


@pytest.mark.parametrize(
    "call", [lambda t: replaced(t, t["mvi"]), lambda t: compared(t[["a", "b"]], follow_up(t)), pooled]
)
def test_a_draw_does_not_depend_on_the_order_of_patients(call):
    told = patients()
    once, again = (call(table).select_dtypes("number") for table in (told, told.sample(frac=1, random_state=3)))
    np.testing.assert_allclose(again, once, rtol=1e-9)


def test_the_optimism_of_a_small_cohort_does_not_depend_on_the_order_in_which_a_mean_is_added_up():
    told = patients(7).head(24)
    once, again = (
        optimism_bootstrap(t[["a", "b"]], t["mvi"], n_bootstrap=200, rng=rng()).select_dtypes("number")
        for t in (told, told.sample(frac=1, random_state=3))
    )
    np.testing.assert_allclose(again, once, rtol=1e-9)


def test_folds_of_patients_who_share_a_name_keep_one_row_each():
    told = patients()
    same = probabilities(told).set_axis(["twin"] * N)
    found = fold_p_values(same, told["grade"].tolist(), told["mvi"].tolist())
    assert found.to_numpy().tolist() == fold_p_values(probabilities(told), told["grade"], told["mvi"]).values.tolist()


REFUSED = {
    "dates are no months": lambda t: cumulative_incidence(pd.date_range("2020", periods=N), t["cause"]),
    "above 0": lambda t: shape_models(t["b"], t["mvi"], cutoff=0),
    "finding must hold 0 or 1": lambda t: extremes(t["a"] + 1, t["mvi"]),
    "must be numbers": lambda t: measurement_tests(t["grade"], t["mvi"]),
    "must be finite": lambda t: measurement_tests(t["value"].replace(t["value"].max(), np.inf), t["mvi"]),
    "one entry per patient": lambda t: doubts(t[["a"]], t["mvi"].iloc[1:]),
    "Correct one of the two times": lambda t: first_event([2.0], [1], [1.0], [1]),
    "separate a cut": lambda t: brant_test(
        pd.DataFrame({"x": t["grade"].map({"M0": 0, "M1": 1, "M2": 2})}), t["grade"]
    ),
    "did not settle": lambda t: proportional_odds(pd.DataFrame({"x": [1.0, 2, 3, 4]}), ["M0", "M1", "M2", "M2"]),
    "two folds or more": lambda t: fold_p_values(probabilities(t), t["grade"], t["b"].where(t["b"] > 0)),
    "hold numbers only": lambda t: conformal_p_values(
        probabilities(t).astype(object).replace({"M0": {1.0: pd.NA}}), calibration=probabilities(t), grade=t["grade"]
    ),
    "index repeats": lambda t: landmark_panels(t.assign(mvi_present=t["a"]).set_axis([0] * N), at=3),
    "mvi must hold 0 or 1": lambda t: survival_panels(
        t.assign(os_months=t["months"], os_event=t["event"], mvi=t["mvi"] + 1),
        endpoints=["os"],
        groupings={"mvi": "MVI"},
    ),
    "each patient of the panels once": lambda t: panel_contrasts(
        {("os", "a"): follow_up(t).assign(group=t["a"])}, t[["b"]].set_axis([0] * N), until=5
    ),
    "level must lie": lambda t: pool_fits([fit_logistic(t[["a"]], t["mvi"])] * 2, level=95),
    "two fits or more, finite": lambda t: pool_fits([fit_logistic(t[[name]], t["mvi"]) for name in ("a", "b")]),
    "whole numbers from 0": lambda t: fisher_exact([[2.7, 1], [1, 3]]),
    "inside their intervals": lambda t: pool(
        pd.DataFrame({"odds_ratio": [20.0, 3.0], "ci_low": [1.0, 1.0], "ci_high": [2.0, 9.0]})
    ),
    "values above 0": lambda t: impute(t[["b", "mvi"]], n_imputations=1, rng=rng(), log=["b"]),
    "rows without patient": lambda t: patient_bootstrap(
        pd.DataFrame({"patient_id": t["a"].where(t["b"] > 0), "mvi_present": t["a"], "dl_mvi": t["mvi"]}),
        "accuracy",
        n_bootstrap=40,
        rng=rng(),
    ),
}


@pytest.mark.parametrize("words", REFUSED)
def test_what_gave_a_foreign_error_a_warning_or_a_silent_number_is_refused_in_a_sentence(words):
    with pytest.raises(MviError, match="dates" if words.startswith("dates") else words):
        REFUSED[words](patients())


def test_a_class_that_does_not_vary_has_every_test_of_r_and_no_warning():
    found = measurement_tests([1, 1, 1, 1, 1, 2, 3, 4, 5, 6], [0] * 5 + [1] * 5).set_index("test")["p_value"]
    assert found["welch"] == pytest.approx(0.0132355996, rel=1e-5)  # R: t.test(2:6, rep(1, 5))$p.value
    both = measurement_tests([1] * 5 + [2] * 5, [0] * 5 + [1] * 5).set_index("test")
    assert both.loc["welch", "method"].startswith("undefined")  # R: "data are essentially constant"
    assert both.loc["mann_whitney", "p_value"] == pytest.approx(0.0026998, rel=1e-4)


def test_a_mean_counts_the_rows_whose_group_is_unknown():
    table = pd.DataFrame({"sequence": ["T1", "T1", None, None], "share": [0.1, 0.2, 0.3, 0.4]})
    assert mean_table(table, ["sequence"], "share", n_bootstrap=40, rng=rng())["n"].tolist() == [2, 2]


def test_a_separated_printed_finding_has_a_finite_slope_and_says_by_which_method():
    row = printed_slope([0, 0, 0, 1, 1, 1], [0, 0, 1, 1, 1, 1], coefficient=0.5).iloc[1]
    assert np.isfinite(row["value"])
    assert row["method"].startswith("Firth")


def test_an_ordered_categorical_says_the_order_of_its_grades():
    told = patients()
    words = told["grade"].map({"M0": "none", "M1": "few", "M2": "many"})
    grade = pd.Categorical(words, ["none", "few", "many"], ordered=True)
    found, plain = (proportional_odds(told[["a"]], g)["coefficient"].tolist() for g in (grade, told["grade"].tolist()))
    assert found == pytest.approx(plain)
    assert proportional_odds(told[["a"]], told["grade"].map({"M0": 8, "M1": 9, "M2": 10}))["coefficient"].tolist() == (
        pytest.approx(plain)
    )


def test_truth_values_are_a_coding_of_0_and_1_for_panels_too():
    told = patients().assign(os_months=lambda t: t["months"], os_event=lambda t: t["event"])
    options = {"endpoints": ["os"], "groupings": {"a": "MVI"}}
    panels = [survival_panels(t, **options)["os", "a"] for t in (told, told.astype({"a": bool}))]
    pd.testing.assert_frame_equal(*panels)

"""A patient who counts 27 times is one patient: intervals by patient against exact enumeration and known formulas."""

from itertools import product

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import roc_auc_score

from mvi_core.errors import MviError
from mvi_core.stats.clusters import cross_fitted, inflation, patient_bootstrap, ways_of_counting
from mvi_core.stats.discrimination import auc, auc_difference
from mvi_core.stats.estimate import Estimate, wilson
from mvi_core.stats.resampling import auc_bootstrap

MANY = {"n_bootstrap": 4000}


def _rng(seed=0):
    return np.random.default_rng(seed)


def _rows(n_patients=60, n_rows=27, *, own=1.0, seed=0):
    """Patients whose rows share most of their score: ``own`` is the patient's spread, 0.3 that of a row."""
    rng = _rng(seed)
    outcome = np.arange(n_patients) % 2
    risk = (0.8 * outcome + rng.normal(0, own, n_patients))[:, None] + rng.normal(0, 0.3, (n_patients, n_rows))
    ids = np.array([f"P{k:03d}" for k in range(n_patients)])
    table = {"patient_id": ids.repeat(n_rows), "mvi_present": outcome.repeat(n_rows), "dl_risk": risk.ravel()}
    return pd.DataFrame(table).assign(dl_mvi=lambda rows: (rows["dl_risk"] > 0.4).astype(int))


def test_the_interval_of_four_patients_is_that_of_all_their_resamples():
    """Outside witness: every one of the 4 ** 4 resamples of four patients, by hand: right rows over rows."""
    right, rows_of = np.array([2, 1, 0, 1]), np.array([2, 2, 2, 1])
    drawn = np.array(list(product(range(4), repeat=4)))
    exact = np.quantile(right[drawn].sum(axis=1) / rows_of[drawn].sum(axis=1), [0.1, 0.9])
    rows = pd.DataFrame({"patient_id": list("aabbccd"), "mvi_present": [1] * 6 + [0], "dl_mvi": [1, 1, 1, 0, 0, 0, 0]})
    found = patient_bootstrap(rows, "accuracy", n_bootstrap=40_000, rng=_rng(), level=0.8)
    assert found.value == pytest.approx(4 / 7)
    assert (found.low, found.high) == pytest.approx(tuple(exact), abs=1e-12)
    assert found.n == 4 and "by patient" in found.method


def test_the_spread_of_an_accuracy_over_clusters_is_that_of_the_ratio_estimator():
    """Outside witness: Cochran 1977, section 3.12, the variance of a proportion over clusters of unequal size."""
    rows = (
        _rows().groupby("patient_id").apply(lambda part: part.head(1 + hash_of(part.name) % 27), include_groups=False)
    )
    rows = rows.reset_index("patient_id")
    right = (rows["dl_mvi"] == rows["mvi_present"]).groupby(rows["patient_id"]).agg(["sum", "size"])
    share, n = right["sum"].sum() / right["size"].sum(), len(right)
    error = np.sqrt(n / (n - 1) * ((right["sum"] - share * right["size"]) ** 2).sum()) / right["size"].sum()
    found = patient_bootstrap(rows, "accuracy", rng=_rng(), **MANY)
    assert found.value == pytest.approx(share)
    assert (found.high - found.low) / (2 * 1.96) == pytest.approx(error, rel=0.06)


def hash_of(name):
    """A size that differs between patients, the same in every run."""
    return 7 * int(name[1:])


def test_ways_of_counting_start_from_the_first_and_say_how_narrow_the_naive_interval_is():
    once = _rows(n_rows=1)
    table = ways_of_counting({"once": once, "27 times": once.assign(weight=27)}, n_bootstrap=300, rng=_rng())
    assert table["n_cases"].tolist() == [60, 60 * 27]
    assert table["over_first"].tolist() == [0, 0] and table["accuracy"].nunique() == 1
    width = table["accuracy_high"] - table["accuracy_low"], table["naive_high"] - table["naive_low"]
    assert width[0][1] == pytest.approx(width[0][0], rel=0.15)  # the same patients
    assert width[1][0] / width[1][1] == pytest.approx(np.sqrt(27), rel=0.05)


def test_one_row_a_patient_gives_the_ordinary_patient_bootstrap():
    rows = _rows(n_rows=1)
    ours = patient_bootstrap(rows, "auc", rng=_rng(), **MANY)
    known = auc_bootstrap(rows["mvi_present"].to_numpy(), rows["dl_risk"].to_numpy(), rng=_rng(), **MANY)
    assert ours.value == pytest.approx(known.value)
    assert (ours.low, ours.high) == pytest.approx((known.low, known.high), abs=0.01)


def test_the_area_of_clustered_rows_and_its_spread_are_those_of_obuchowski():
    """Outside witness: Obuchowski 1997 (doi:10.2307/2533958), variance of an area with several rows a patient.

    Every patient has rows of one outcome only, so its formula needs the two sums of placements by patient.
    """
    rows = _rows()
    present, absent = (rows[rows["mvi_present"] == value] for value in (1, 0))
    wins = (np.sign(present["dl_risk"].to_numpy()[:, None] - absent["dl_risk"].to_numpy()) + 1) / 2
    area, variance = wins.mean(), 0.0
    for side, placed in ((present, wins.mean(axis=1)), (absent, wins.mean(axis=0))):
        by_patient = pd.Series(placed - area).groupby(side["patient_id"].to_numpy()).sum()
        n = len(by_patient)
        variance += n / (n - 1) * (by_patient**2).sum() / len(side) ** 2
    found = patient_bootstrap(rows, "auc", rng=_rng(), **MANY)
    assert found.value == pytest.approx(area) == pytest.approx(roc_auc_score(rows["mvi_present"], rows["dl_risk"]))
    assert (found.high - found.low) / (2 * 1.96) == pytest.approx(np.sqrt(variance), rel=0.06)


def test_an_interval_that_takes_rows_for_patients_is_several_times_too_narrow():
    rows = _rows()
    honest = patient_bootstrap(rows, "auc", rng=_rng(), n_bootstrap=500)
    naive = auc(rows["mvi_present"].to_numpy(), rows["dl_risk"].to_numpy())
    assert (honest.high - honest.low) > 3.5 * (naive.high - naive.low)  # at most sqrt(27) = 5.2
    share = patient_bootstrap(rows, "accuracy", rng=_rng(), n_bootstrap=500)
    k = int((rows["dl_mvi"] == rows["mvi_present"]).sum())
    assert share.value == pytest.approx(k / len(rows))
    assert (share.high - share.low) > 3 * (wilson(k, len(rows)).high - wilson(k, len(rows)).low)


def test_weights_count_cases_as_repeated_rows_do():
    rows = _rows(n_patients=12, n_rows=5)
    summed = (
        rows.groupby(["patient_id", "mvi_present", "dl_mvi"], as_index=False).size().rename(columns={"size": "weight"})
    )
    for statistic in ("accuracy", "log_odds_ratio"):
        ours, repeated = (patient_bootstrap(table, statistic, n_bootstrap=99, rng=_rng()) for table in (summed, rows))
        assert (ours.value, ours.low, ours.high) == pytest.approx((repeated.value, repeated.low, repeated.high))


def test_the_odds_ratio_of_a_perfect_decision_is_finite():
    """By hand: cells 2.5, 0.5, 0.5, 2.5 give an odds ratio of 25."""
    rows = pd.DataFrame({"patient_id": list("abcd"), "mvi_present": [1, 1, 0, 0], "dl_mvi": [1, 1, 0, 0]})
    found = patient_bootstrap(rows, "log_odds_ratio", n_bootstrap=40, rng=_rng())
    assert np.exp(found.value) == pytest.approx(25)


def test_the_paired_difference_is_delongs_and_narrower_than_that_of_other_patients():
    """Outside witness: DeLong's interval for two areas in the same patients."""
    rows = _rows(n_patients=120, n_rows=1)
    better = rows.assign(dl_risk=rows["dl_risk"] + 0.7 * rows["mvi_present"])
    paired = inflation(better, rows, "auc", rng=_rng(), **MANY)
    known, _ = auc_difference(
        *(table.to_numpy() for table in (rows["mvi_present"], better["dl_risk"], rows["dl_risk"]))
    )
    assert paired.value == pytest.approx(known.value)
    assert (paired.low, paired.high) == pytest.approx((known.low, known.high), abs=0.015)
    apart = inflation(better, rows.assign(patient_id="Q" + rows["patient_id"]), "auc", rng=_rng(), **MANY)
    assert apart.value == pytest.approx(paired.value) and apart.n == 240
    assert apart.high - apart.low > 1.5 * (paired.high - paired.low)


def test_a_score_over_itself_has_no_inflation_at_all():
    found = inflation(_rows(), _rows(), "auc", n_bootstrap=50, rng=_rng())
    assert (found.value, found.low, found.high) == (0, 0, 0)


@pytest.mark.parametrize("statistic", ["auc", "accuracy", "log_odds_ratio"])
def test_the_order_of_rows_changes_nothing(statistic):
    rows = _rows(n_patients=20, n_rows=3)
    ahead, mixed = (
        patient_bootstrap(table, statistic, n_bootstrap=60, rng=_rng())
        for table in (rows, rows.sample(frac=1, random_state=1))
    )
    assert (ahead.value, ahead.low, ahead.high) == pytest.approx((mixed.value, mixed.low, mixed.high), abs=1e-12)


def test_what_cannot_be_scored_is_refused_in_a_sentence():
    rows = _rows(n_patients=6, n_rows=2)
    options = {"n_bootstrap": 40, "rng": _rng()}
    with pytest.raises(MviError, match="statistic must be one of auc, accuracy, log_odds_ratio, got f1"):
        patient_bootstrap(rows, "f1", **options)
    with pytest.raises(MviError, match="lacks dl_risk"):
        patient_bootstrap(rows.drop(columns="dl_risk"), "auc", **options)
    with pytest.raises(MviError, match="lacks rows"):
        patient_bootstrap(rows.head(0), "auc", **options)
    with pytest.raises(MviError, match="mvi_present"):
        patient_bootstrap(rows[rows["mvi_present"] == 1], "auc", **options)
    with pytest.raises(MviError, match="dl_risk"):
        patient_bootstrap(rows.assign(dl_risk=np.nan), "auc", **options)
    rows.loc[0, "mvi_present"] = 1 - rows.loc[0, "mvi_present"]
    with pytest.raises(MviError, match="Patient P000 is listed with MVI and without"):
        patient_bootstrap(rows, "auc", **options)


@pytest.mark.parametrize("n_folds", [3, 5])
def test_the_interval_of_a_cross_fit_covers_one_half_where_labels_are_chance_and_that_of_fixed_scores_does_not(n_folds):
    """400 cross-fits of 120 patients and 30 features, each model the difference of its training patients' means."""
    rng, outcome, fold = _rng(7), np.arange(120) % 2, np.arange(120) // 2 % n_folds
    rows = pd.DataFrame({"patient_id": [f"P{k:03d}" for k in range(120)], "mvi_present": outcome})
    covered = np.zeros(2)
    for _ in range(400):
        features = rng.normal(size=(120, 30))
        for k in range(n_folds):
            means = [features[(fold != k) & (outcome == grade)].mean(axis=0) for grade in (0, 1)]
            rows.loc[fold == k, "dl_risk"] = (features[fold == k] - sum(means) / 2) @ (means[1] - means[0])
        fixed = patient_bootstrap(rows, "auc", n_bootstrap=200, rng=rng)
        covered += [found.low <= 0.5 <= found.high for found in (fixed, cross_fitted(fixed))]
    assert covered[0] / 400 < 0.9
    assert 0.92 < covered[1] / 400 < 0.98


def test_the_interval_of_a_cross_fit_doubles_the_variance_and_stays_an_area():
    """By hand: twice the variance is 1.41 times the width on either side, cut at an area of one."""
    found = cross_fitted(Estimate(0.9, 0.8, 0.98, 0.95, "bootstrap", 60))
    assert (found.low, found.high) == pytest.approx((0.9 - 0.1 * 2**0.5, 1.0))
    assert (found.value, found.level, found.n) == (0.9, 0.95, 60)

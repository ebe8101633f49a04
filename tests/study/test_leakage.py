"""Splits are stored and used, baselines never see whom they judge, and in-sample scores stand beside the others."""

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LogisticRegression

from mvi_core import steps
from mvi_core.errors import ManifestError, SplitError, StaleResultError
from mvi_core.results import read_record, read_result, result_path, write_result
from mvi_core.steps.leakage import _baselines, _cases, _in_sample, development_folds


@pytest.fixture
def people():
    rng = np.random.default_rng(0)
    present = np.resize([0, 1], 60)
    return pd.DataFrame(
        {
            "patient_id": [f"P{k:02d}" for k in range(60)],
            "enrolment": np.repeat(["2015", "2018"], [36, 24]),
            "mvi_grade": np.where(present, "M1", "M0"),
            "mvi_present": present,
            "size_cm": np.exp(rng.normal(1 + 0.5 * present, 0.5)),
            "afp_ng_ml": np.where(rng.random(60) < 0.3 + 0.4 * present, 400.0, 5.0),
        }
    )


@pytest.fixture
def ward(project, people):
    settings = project / "config/study.yaml"
    text = settings.read_text().replace("seeds: {cohort: 1,", "seeds: {cohort: 1, training: 5,")
    settings.write_text(text + "training: {n_folds: 3}\n")
    write_result("ward", "patients.csv", people)
    return people


def test_a_split_lists_every_patient_once_and_balances_the_grades(ward):
    steps.split("ward", 0)
    table = read_result("ward", "splits/r0.csv")
    assert sorted(table["patient_id"]) == ward["patient_id"].tolist()
    assert table.groupby("part").size().to_dict() == {"development": 36, "external": 24}
    assert table["fold"].isna().equals(table["part"] == "external")
    counts = table.merge(ward).groupby(["fold", "mvi_grade"]).size()
    assert set(counts) == {6}
    assert read_record("ward", "splits/r0.csv")["parameters"] == {"seed": 5, "n_folds": 3}


def test_a_training_reads_the_stored_folds_and_makes_them_where_they_are_missing(ward):
    with pytest.raises(ManifestError):
        read_result("ward", "splits/r1.csv")
    made = development_folds("ward", 1)
    stored = result_path("ward", "splits/r1.csv").read_bytes()
    assert development_folds("ward", 1).equals(made) and len(made) == 36
    assert result_path("ward", "splits/r1.csv").read_bytes() == stored
    assert not development_folds("ward", 0).equals(made)


def test_a_stored_split_of_other_patients_is_refused(ward):
    steps.split("ward", 0)
    write_result("ward", "patients.csv", ward.head(50))
    with pytest.raises(StaleResultError, match=r"another version of .*patients\.csv"):
        development_folds("ward", 0)


def test_a_split_that_names_a_patient_twice_is_refused(ward):
    steps.split("ward", 0)
    table = read_result("ward", "splits/r0.csv")
    table.loc[table["patient_id"] == "P40", ["patient_id", "part"]] = ["P00", "external"]
    write_result("ward", "splits/r0.csv", table, inputs=["patients.csv"])
    with pytest.raises(SplitError, match="listed again: P00"):
        development_folds("ward", 0)


def test_baselines_are_fitted_without_the_patients_whom_they_judge(ward):
    """Outside witness: scikit-learn's logistic regression without penalty, fitted fold by fold."""
    steps.baselines("ward")
    table = read_result("ward", "baselines.csv").pivot(index="patient_id", columns="baseline", values="dl_risk")
    folds = development_folds("ward", 0).set_index("patient_id")["fold"]
    rows = ward.set_index("patient_id").assign(fold=folds)
    size = np.log2(rows[["size_cm"]].to_numpy())
    for number in (0, 1, 2, None):
        test = (rows["fold"] == number if number is not None else rows["fold"].isna()).to_numpy()
        train = ~test & rows["fold"].notna().to_numpy()
        fit = LogisticRegression(C=np.inf, tol=1e-10).fit(size[train], rows["mvi_present"][train])
        np.testing.assert_allclose(table["lesion size"][test], fit.predict_proba(size[test])[:, 1], atol=1e-5)
        np.testing.assert_allclose(table["majority"][test], rows["mvi_present"][train].mean())
    assert table["AFP > 20"].equals((rows["afp_ng_ml"] > 20).astype(float).rename("AFP > 20"))


def test_a_patient_without_size_or_afp_has_no_baseline(ward):
    lacking = ward.copy()
    lacking.loc[3, "size_cm"] = np.nan
    table = _baselines(lacking, development_folds("ward", 0))
    assert set(ward["patient_id"]) - set(table["patient_id"]) == {"P03"}


def test_every_combination_a_case_keeps_27_cases_a_patient():
    one = {
        "patient_id": "a",
        "enrolment": "2015",
        "mvi_present": 1,
        "calls_m0": 9 / 27,
        "calls_m1": 8 / 27,
        "calls_m2": 10 / 27,
    }
    cases = _cases(pd.DataFrame([one]))
    assert cases["weight"].tolist() == pytest.approx([9, 8, 10])
    assert cases["dl_mvi"].tolist() == [0, 1, 1]


def test_in_sample_scores_stand_beside_the_cross_fitted_with_their_difference(people):
    outside = people.assign(dl_risk=people["size_cm"], dl_mvi=(people["size_cm"] > 3.5).astype(int))
    inside = people.assign(dl_risk=people["mvi_present"], dl_mvi=people["mvi_present"])
    table = _in_sample(inside, outside, {"n_bootstrap": 60, "rng": np.random.default_rng(0)})
    wide = table.pivot(index="metric", columns="way", values="value")
    assert wide.loc["accuracy", "in-sample"] == wide.loc["auc", "in-sample"] == 1
    np.testing.assert_allclose(wide["inflation"], wide["in-sample"] - wide["cross-fitted"])
    right = (outside["dl_mvi"] == people["mvi_present"]).mean()
    assert wide.loc["accuracy", "cross-fitted"] == pytest.approx(right)

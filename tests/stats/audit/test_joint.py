import json
from pathlib import Path

import pandas as pd
import pytest

from mvi_core.stats.audit import audit_paper
from mvi_core.stats.audit.sun2022 import describe

MANIFEST = Path(__file__).parents[3] / "data_manifest"
VALUES = pd.read_csv(MANIFEST / "paper_values.csv", dtype={"printed": str}, keep_default_na=False)


@pytest.fixture(scope="module")
def verdicts():
    return {item.check: item for item in audit_paper({"joint": describe(VALUES)["joint"]}).verdicts}


def test_the_regression_leaves_fewer_false_negatives_than_the_external_recall_counts(verdicts):
    verdict = verdicts["false negatives: regression against recall"]
    evidence = verdict.evidence.set_index("reading")
    assert verdict.verdict == "cannot be reproduced"
    assert evidence.loc["printed intercept", "false_negatives_high"] < 16
    readings = evidence[evidence["false_negatives_high"].isna()]["false_negatives_low"]
    assert readings.iloc[0] == 16
    assert (readings.iloc[1:] < 16).all()


def test_the_printed_intercept_is_one_that_the_other_numbers_leave(verdicts):
    verdict = verdicts["intercept of the multivariable model"]
    assert verdict.verdict == "reproduced under a stated assumption"
    assert ((verdict.evidence["intercept_low"] <= -3.51) & (verdict.evidence["intercept_high"] >= -3.51)).any()


def test_dropping_three_terms_moves_the_mean_risk_below_the_observed(verdicts):
    verdict = verdicts["calibration of the formula"]
    row = verdict.evidence.iloc[0]
    assert verdict.verdict == "cannot be reproduced"
    assert 0.5 < row["mean_risk_low"] < row["mean_risk_high"] < row["observed"] < 0.58


def test_the_printed_auc_is_among_those_that_the_other_numbers_leave(verdicts):
    assert verdicts["AUC of the formula"].verdict == "reproduced under a stated assumption"


def test_every_cohort_found_behind_table_3_lies_within_the_bounds(verdicts):
    """Witness: the stored solutions of an independent search (cells 16 to 31 have DL-MVI present)."""
    solutions = json.loads((MANIFEST / "reconstruction.json").read_text(encoding="utf-8"))["solutions"]
    row = verdicts["false negatives: regression against recall"].evidence.iloc[0]
    for solution in solutions:
        assert row["false_negatives_low"] <= sum(solution["present"][:16]) <= row["false_negatives_high"]
        assert row["true_negatives_low"] <= sum(solution["absent"][:16]) <= row["true_negatives_high"]

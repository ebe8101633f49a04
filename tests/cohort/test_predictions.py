"""Predictions meet their patients by identifier: every patient that is lost, doubled or foreign is named."""

import pandas as pd
import pytest

from mvi_core.cohort.predictions import join_predictions
from mvi_core.errors import CohortError

PATIENTS = pd.DataFrame({"patient_id": [f"P{i}" for i in range(20)], "mvi_present": [0, 1] * 10})
PREDICTIONS = pd.DataFrame({"patient_id": [f"P{i}" for i in range(20)], "p_mvi": [i / 20 for i in range(20)]})


def joined(predictions):
    return join_predictions(PATIENTS, predictions, ["p_mvi"], risk="p_mvi")


def test_the_order_of_the_predictions_does_not_matter():
    shuffled = PREDICTIONS.sample(frac=1, random_state=1)
    pd.testing.assert_frame_equal(joined(shuffled), joined(PREDICTIONS))
    assert joined(shuffled)["p_mvi"].tolist() == PREDICTIONS["p_mvi"].tolist()


def test_a_fold_is_a_number_or_missing_where_others_were_judged():
    with_folds = PREDICTIONS.assign(fold=[*[0.0, 1.0] * 8, *[float("nan")] * 4])
    pd.testing.assert_frame_equal(joined(with_folds), joined(PREDICTIONS))


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (lambda t: t.drop(index=[3, 7]), r"2 patient\(s\), P3, P7, have no prediction"),
        (lambda t: t.drop(index=range(15)), r"15 patient\(s\), P0, .*P9 \.\.\., have no prediction"),
        (lambda t: pd.concat([t, t.iloc[[5]]]), r"P5, have more than one prediction"),
        (lambda t: t.replace("P4", "P04"), r"P4, have no prediction .* P04, have a prediction and are not"),
        (lambda t: t.replace({"p_mvi": {0.5: float("nan")}}), r"P10, have a p_mvi that is missing or not finite"),
        (lambda t: t.replace({"p_mvi": {0.5: float("inf")}}), r"P10, have a p_mvi that is missing or not finite"),
        (lambda t: t.replace({"p_mvi": {0.5: 1.2}}), r"P10, have a p_mvi out of the range"),
        (lambda t: t.replace({"p_mvi": {0.5: -0.1}}), r"P10, have a p_mvi out of the range"),
        (lambda t: t.assign(fold="1").replace({"fold": {"1": "train"}}), r"20 patient\(s\), P0, .* no number as fold"),
        (lambda t: t.rename(columns={"p_mvi": "risk"}), "lack the column p_mvi"),
        (lambda t: t.rename(columns={"patient_id": "id"}), "lack the column patient_id"),
        (lambda t: t.astype({"p_mvi": object}).replace({"p_mvi": {0.5: "high"}}), r"P10, .* missing or not finite"),
    ],
)
def test_each_fault_names_its_patients(change, sentence):
    with pytest.raises(CohortError, match=sentence):
        joined(change(PREDICTIONS))

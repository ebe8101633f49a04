"""The analysis table never holds an in-sample prediction, and a step leaves a whole result or none."""

import pandas as pd
import pytest

from mvi_core import steps
from mvi_core.errors import CohortError, SplitError
from mvi_core.results import read_record, read_result, result_path, write_result
from mvi_core.steps.progress import counter
from mvi_core.steps.tables import _join

OUT_OF_FOLD, EXTERNAL, IN_SAMPLE = "development (out-of-fold)", "external", "development (in-sample)"


@pytest.fixture
def people():
    return pd.DataFrame(
        {"patient_id": ["1", "2", "3"], "enrolment": ["2015", "2015", "2018"], "mvi_present": [0, 1, 1]}
    )


@pytest.fixture
def predictions(people):
    return people[["patient_id", "enrolment"]].assign(
        split=[OUT_OF_FOLD, OUT_OF_FOLD, EXTERNAL], dl_risk=[0.2, 0.7, 0.6], dl_mvi=[0, 1, 1]
    )


@pytest.fixture
def imaged(project):
    """The ward with a network's DL-MVI."""
    path = project / "data_manifest/cohorts/ward.yaml"
    path.write_text(
        path.read_text().replace("dl_mvi: false", "dl_mvi: network").replace("images: false", "images: true")
    )
    return project


def test_predictions_are_joined_one_row_a_patient(imaged, people, predictions):
    write_result("ward", "patients.csv", people)
    write_result("ward", "predictions.csv", predictions)
    steps.analysis("ward")
    joined = read_result("ward", "analysis.csv")
    assert joined["patient_id"].tolist() == ["1", "2", "3"]
    assert joined["dl_risk"].tolist() == [0.2, 0.7, 0.6]
    assert list(read_record("ward", "analysis.csv")["inputs"]) == [
        "results/ward/patients.csv",
        "results/ward/predictions.csv",
    ]


def test_the_order_of_predictions_changes_nothing(people, predictions):
    pd.testing.assert_frame_equal(_join(people, predictions), _join(people, predictions.sample(frac=1, random_state=1)))


def test_an_in_sample_prediction_of_a_development_patient_is_refused(imaged, people, predictions):
    predictions.loc[predictions["patient_id"] == "2", "split"] = IN_SAMPLE
    write_result("ward", "patients.csv", people)
    write_result("ward", "predictions.csv", predictions)
    with pytest.raises(SplitError, match="1 patients carry in-sample predictions, first 2"):
        steps.analysis("ward")
    assert not result_path("ward", "analysis.csv").exists()


@pytest.mark.parametrize(
    ("enrolment", "split"), [(None, IN_SAMPLE), ("2018", "training"), ("2018", EXTERNAL), ("2015", None)]
)
def test_the_year_that_a_prediction_claims_does_not_hide_that_it_is_in_sample(people, predictions, enrolment, split):
    """Patient 2 was enrolled in 2015, whatever the prediction says."""
    predictions.loc[predictions["patient_id"] == "2", ["enrolment", "split"]] = [enrolment, split]
    with pytest.raises(SplitError, match="first 2"):
        _join(people, predictions)


def test_a_training_prediction_of_a_later_patient_is_refused(people, predictions):
    predictions.loc[predictions["patient_id"] == "3", "split"] = "training"
    with pytest.raises(SplitError, match="first 3"):
        _join(people, predictions)


def test_a_patient_without_prediction_is_refused_and_named(imaged, people, predictions):
    write_result("ward", "patients.csv", people)
    write_result("ward", "predictions.csv", predictions[predictions["patient_id"] != "3"])
    with pytest.raises(CohortError, match=r"1 patient\(s\), 3, have no prediction"):
        steps.analysis("ward")
    assert not result_path("ward", "analysis.csv").exists()


def test_a_second_prediction_of_a_patient_is_refused(people, predictions):
    with pytest.raises(CohortError, match="more than one prediction"):
        _join(people, pd.concat([predictions, predictions.tail(2)]))


def test_a_cohort_without_network_keeps_its_table_as_it_is(project, people):
    write_result("ward", "patients.csv", people)
    steps.analysis("ward")
    pd.testing.assert_frame_equal(read_result("ward", "analysis.csv"), read_result("ward", "patients.csv"))


def test_an_interrupted_step_leaves_the_former_result_and_no_litter(imaged, people, predictions, monkeypatch):
    write_result("ward", "patients.csv", people)
    write_result("ward", "predictions.csv", predictions)
    steps.analysis("ward")
    before = result_path("ward", "analysis.csv").read_bytes()
    monkeypatch.setattr("mvi_core.results.os.fsync", lambda _: (_ for _ in ()).throw(KeyboardInterrupt))
    with pytest.raises(KeyboardInterrupt):
        steps.analysis("ward")
    assert result_path("ward", "analysis.csv").read_bytes() == before
    assert not list(result_path("ward", "analysis.csv").parent.glob(".*"))


def test_tables_that_exist_are_not_made_again(project, people):
    write_result("ward", "patients.csv", people)
    before = result_path("ward", "patients.csv").stat().st_mtime_ns
    steps.ensure_tables("ward")
    assert result_path("ward", "patients.csv").stat().st_mtime_ns == before
    assert len(read_result("ward", "analysis.csv")) == 3


def test_the_table_of_all_sets_says_which_printed_number_each_answers(project, people):
    settings = project / "config/study.yaml"
    rows = "[{sequences: T1, repeat: 0, printed: single_t1_accuracy}, {sequences: T2, repeat: 1}]"
    settings.write_text(settings.read_text() + f"ablation: {rows}\n")
    for name, row in (("T1_r0", {"sequences": "T1"}), ("T2_r1", {"sequences": "T2"})):
        write_result("ward", f"training/{name}.csv", people.assign(**row))
        write_result("ward", f"training/{name}_epochs.csv", pd.DataFrame({"epoch": [1], "loss": [1.0], **row}))
    steps.ablation("ward")
    table = read_result("ward", "ablation.csv")
    assert table.groupby("sequences").size().tolist() == [3, 3]
    assert table.query("sequences == 'T1'")["printed"].unique().tolist() == ["single_t1_accuracy"]
    assert table.query("sequences == 'T2'")["printed"].isna().all()
    assert read_result("ward", "training.csv")["epoch"].tolist() == [1, 1]


def test_progress_is_told_at_the_end_whatever_the_clock_says(capsys):
    say = counter("simulate ward")
    for done in (1, 2, 3):
        say(done, 3)
    assert capsys.readouterr().err == "mvi: simulate ward: patient 3 of 3\n"

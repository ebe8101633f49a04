"""Invariants of the comparisons between series, which the tests of whole studies reach through files."""

import pytest

from mvi_core.dataset.between_series import exchanged, odd_sequences, other_people, same_pixels, shared_person
from mvi_core.dataset.dicom_file import token

NAN = float("nan")


def series(patient, number, **other):
    """What is known of one series of a patient, unlike every other in all that must differ."""
    mine = {
        "PatientID": token(patient),
        "name and birth date": token(patient * 2),
        "StudyInstanceUID": token(f"s{patient}"),
    }
    mine |= {"SeriesInstanceUID": token(f"{patient}.{number}"), "FrameOfReferenceUID": token(f"f{patient}")}
    return mine | {"pixels": f"{patient}{number}", "shape": (9, 64, 64), "weight": "", "clock": NAN} | other


def study(patients=("P1", "P2"), names=("T1", "T1A", "T1V", "T1D"), **other):
    return {(who, name): series(who, i, **other) for who in patients for i, name in enumerate(names)}


def test_a_sound_study_has_no_finding():
    seen = study()
    found = [*other_people(seen, ["P1", "P2"]), *shared_person(seen), *same_pixels(seen)]
    assert found + odd_sequences(seen) + exchanged(seen) == []


@pytest.mark.parametrize("key", ["StudyInstanceUID", "SeriesInstanceUID", "name and birth date"])
@pytest.mark.parametrize("absent", ["no value", "token"])
def test_what_is_absent_is_nobodys(key, absent):
    assert shared_person(study(**{key: token("absent") if absent == "token" else None})) == []


@pytest.mark.parametrize(
    ("key", "severity"),
    [("PatientID", "error"), ("StudyInstanceUID", "warning"), ("name and birth date", "warning")],
)
def test_one_person_under_two_names_is_told_of_both(key, severity):
    found = shared_person(study(**{key: token("same")}))
    assert [(one.severity, one.patient) for one in found] == [(severity, "P1"), (severity, "P2")]


def test_a_name_that_everybody_has_was_taken_off_and_a_study_that_everybody_has_was_not():
    assert shared_person(study(("P1", "P2", "P3"), **{"name and birth date": token("anonymous")})) == []
    assert len(shared_person(study(("P1", "P2", "P3"), StudyInstanceUID=token("same")))) == 3


def test_one_misplaced_series_is_one_fault_of_the_patient_who_holds_it():
    seen = study()
    seen["P1", "T1V"] = series("P2", 2)
    misplaced = other_people(seen, ["P1", "P2"])
    assert [(one.patient, one.series) for one in misplaced] == [("P1", "T1V")]
    twice = same_pixels(seen, {("P1", "T1V")})
    assert [(one.patient, one.series) for one in twice] == [("P1", "T1V")]
    assert not [one for one in shared_person(seen) if one.severity == "error"]


def test_an_exchange_in_time_names_both_phases_and_equal_times_are_none():
    seen = study(("P1",))
    for name, clock in (("T1", 10.0), ("T1A", 95.0), ("T1V", 60.0), ("T1D", 95.0)):
        seen["P1", name]["clock"] = clock
    assert [one.series for one in exchanged(seen)] == ["T1A and T1V"]
    assert exchanged(study(clock=5.0)) == []


def test_a_description_of_another_weighting_is_told():
    seen = study(("P1",), ("T1", "T2", "DWI"))
    for name, weight in (("T1", "T1"), ("T2", "DWI"), ("DWI", "T1")):
        seen["P1", name]["weight"] = weight
    assert [one.series for one in exchanged(seen)] == ["T2", "DWI"]


def test_a_sequence_is_odd_only_against_most_of_the_others():
    seen = study(("P1",))
    seen["P1", "T1"]["shape"] = (8, 64, 64)
    assert [one.series for one in odd_sequences(seen)] == ["T1"]
    seen["P1", "T1A"]["shape"] = (8, 64, 64)
    assert odd_sequences(seen) == []

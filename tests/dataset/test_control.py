"""A control cohort holds what its description says: labels, sizes and scanner kept, dealt anew, or telling."""

import numpy as np
import pandas as pd
import pytest

from mvi_core.dataset.phantom_control import SCANNERS, control_patients, control_rois, read_controls
from mvi_core.errors import CohortError
from mvi_core.names import SEQUENCES

KEPT = {"labels": "kept", "size": "kept", "scanner": "one"}
PEOPLE = pd.DataFrame(
    {
        "patient_id": [f"P{k:03d}" for k in range(400)],
        "enrolment": ["2015", "2018"] * 200,
        "mvi_grade": ["M0", "M0", "M1", "M2"] * 100,
        "size_cm": np.linspace(1, 12, 400),
    }
)


def _made(seed=0, **changed):
    return control_patients(PEOPLE, {**KEPT, **changed}, rng=np.random.default_rng(seed))


def _images(people, effect=None, **changed):
    sizes = {"seed": 1, "roi_px": 16, "matrix": 64, "pixel_mm": 5.0, **changed}
    return control_rois(people, sign_effect=effect or {}, sequences=["T1"], **sizes)


def test_a_plain_control_keeps_the_patients():
    made = _made()
    pd.testing.assert_frame_equal(made[list(PEOPLE)], PEOPLE)
    assert made["drawn_grade"].equals(made["mvi_grade"]) and set(made["scanner_year"]) == {"2015"}
    assert made["mvi_present"].tolist() == [0, 0, 1, 1] * 100


def test_permuted_labels_keep_their_counts_within_the_year_and_leave_the_images_alone():
    made = _made(labels="permuted")
    assert made["drawn_grade"].tolist() == PEOPLE["mvi_grade"].tolist()
    assert not made["mvi_grade"].equals(PEOPLE["mvi_grade"])
    counts = [table.groupby("enrolment")["mvi_grade"].value_counts().sort_index() for table in (made, PEOPLE)]
    assert counts[0].equals(counts[1])
    agreement = (made["mvi_grade"] == made["drawn_grade"]).mean()
    assert agreement < 0.55  # 0.5 expected: each year holds two grades in equal numbers


def test_permuted_sizes_lose_the_grade():
    grown = PEOPLE.assign(size_cm=1.0 + PEOPLE["mvi_grade"].str[1].astype(int))
    made = control_patients(grown, {**KEPT, "size": "permuted"}, rng=np.random.default_rng(0))
    assert abs(np.corrcoef(made["size_cm"], made["mvi_present"])[0, 1]) < 0.15  # was 0.97
    assert sorted(made["size_cm"]) == sorted(grown["size_cm"])


def test_a_telling_scanner_goes_with_the_grade_in_development_only():
    made = _made(scanner="tells_grade")
    agrees = (made["scanner_year"] == "2018") == (made["mvi_present"] == 1)
    share = agrees.groupby(made["enrolment"]).mean()
    assert 0.85 < share["2015"] < 0.95 and 0.4 < share["2018"] < 0.6


def test_the_scanner_may_follow_the_year():
    made = _made(scanner="by_year")
    assert made["scanner_year"].equals(made["enrolment"])


@pytest.mark.parametrize("key", ["labels", "size", "scanner"])
def test_another_word_is_refused(key):
    with pytest.raises(CohortError, match=rf"{key} must be .*, got 'some'"):
        _made(**{key: "some"})


def test_the_order_of_the_patients_changes_no_draw():
    turned = control_patients(PEOPLE[::-1], {**KEPT, "labels": "permuted"}, rng=np.random.default_rng(0))
    pd.testing.assert_frame_equal(turned, _made(labels="permuted"))


def test_images_depend_on_what_was_drawn_and_on_the_scanner_not_on_the_label():
    people = _made(labels="permuted").head(6)
    plain, index = _images(people)
    assert plain.shape == (6, len(SEQUENCES), 3, 16, 16) and len(index) == 6 * len(SEQUENCES) * 3
    assert np.isfinite(plain).all() and (plain[:, 0] > 0).any() and not plain[:, 1:].any()
    np.testing.assert_array_equal(plain, _images(people.assign(mvi_grade="M0"))[0])
    drifted, _ = _images(people.assign(scanner_year="2018"))
    assert not np.array_equal(plain, drifted)
    signed, _ = _images(people, {"T1": 4.0})
    darker = people["drawn_grade"].to_numpy() != "M0"
    centre = np.s_[:, 0, 1, 6:10, 6:10]
    change = (signed[centre].astype(float) - plain[centre]).mean(axis=(1, 2))
    assert (change[darker] < -5).all() and (change[~darker] == 0).all()  # planted: the lesion is darker on T1


def test_the_described_controls_are_known_words_and_say_what_they_expect():
    controls = read_controls()
    assert list(controls) == ["control-phantom", "control-trivial", "control-null", "control-shortcut"]
    for control in controls.values():
        assert control["scanner"] in SCANNERS and control["expects"]
        assert len(control_patients(PEOPLE, control, rng=np.random.default_rng(0))) == len(PEOPLE)

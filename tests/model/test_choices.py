"""Each silent choice can be made otherwise, by the setting that the table names, and it then matters."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from mvi_core.checks import settings_from
from mvi_core.dataset.augment import AugmentSettings
from mvi_core.errors import MviError
from mvi_core.model.choices import silent_choices, variants
from mvi_core.model.cross_fit import fit_network, model_settings
from mvi_core.model.prediction import grade_probabilities
from mvi_core.model.schedule import class_weights

SMALL = {"network": {"width": 8, "blocks": [1, 1]}, "training": {"epochs": 2, "batch_patients": 4}, "augment": {}}


def _predictions(dataset, overrides):
    sections = {name: dict(section) for name, section in SMALL.items()}
    for path, value in overrides.items():
        section, key = path.split(".")
        sections[section][key] = value
    settings = model_settings(sections["network"], sections["training"])
    dataset = replace(dataset, augment=settings_from(AugmentSettings, sections["augment"], name="augment"))
    options = {"batch_patients": settings.training.batch_patients, "sampling": settings.training.sampling}
    network, _ = fit_network(dataset.training_batches(seed=1, **options), settings=settings, seed=1)
    return grade_probabilities(network, dataset.plain_rois())["mean"]


@pytest.fixture(scope="module")
def dataset(planted):
    _, ten = planted(10, effect=0.5)
    return ten.select(ten.patient_ids[[0, 1, 2, 3, 6]])  # grades 0 1 2 0 0, so that balance changes something


@pytest.fixture(scope="module")
def ours(dataset):
    return _predictions(dataset, {})


@pytest.mark.parametrize("choice, overrides", variants(), ids=lambda value: str(value))
def test_an_alternative_is_accepted_and_changes_the_predictions(dataset, ours, choice, overrides):
    assert abs(_predictions(dataset, overrides) - ours).max() > 1e-6


def test_every_choice_of_the_table_is_fixed_or_has_alternatives():
    table = silent_choices()
    assert list(table) == ["choice", "ours", "alternatives", "why"] and table.notna().all(axis=None)
    assert table["choice"].is_unique and len(table) > 20
    assert set(table.choice[table.alternatives != "fixed"]) == {choice for choice, _ in variants()}


def test_balanced_epochs_show_each_grade_equally_often_and_vary_what_they_repeat(dataset):
    batches = dataset.training_batches(seed=1, batch_patients=6, sampling="balanced")
    grade = dict(zip(dataset.patient_ids, dataset.grades.tolist(), strict=True))
    [(ids, rois, grades)] = batches.epoch(0)
    assert grades.tolist() == [grade[name] for name in ids]
    assert sorted(grades.tolist()) == [0, 0, 1, 1, 2]
    repeated = [place for place, name in enumerate(ids) if grade[name] == 1]
    assert not torch.equal(rois[repeated[0]], rois[repeated[1]])


def test_balanced_class_weights_are_those_of_scikit_learn():
    """Outside witness: sklearn.utils.class_weight.compute_class_weight("balanced", ...)."""
    from sklearn.utils.class_weight import compute_class_weight

    grades = torch.tensor([0, 0, 0, 0, 1, 1, 2])
    theirs = compute_class_weight("balanced", classes=np.arange(3), y=grades.numpy())
    assert class_weights(grades, "balanced").tolist() == pytest.approx(theirs.tolist())
    assert class_weights(grades[:6], "balanced").tolist() == [0.75, 1.5, 0.0]  # no patient of the last grade


@pytest.mark.parametrize(
    "overrides",
    [{"training.sampling": "even"}, {"training.class_weights": 1}, {"network.intensities": "voxel"},
     {"network.initialisation": "zeros"}, {"training.epochs": "three"}, {"augment.scale": 1.0}],
)  # fmt: skip
def test_an_unknown_value_is_refused_by_name(dataset, overrides):
    [key] = overrides
    with pytest.raises(MviError, match=rf"{key.split('.')[1]} must be (one of|like) .*, got "):
        _predictions(dataset, overrides)

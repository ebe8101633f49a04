"""What does the network say of patients it has not seen: one model per fold, and one for the external patients."""

import hashlib
import time
from dataclasses import dataclass, field
from itertools import count

import numpy as np
import pandas as pd
import torch

from mvi_core.checks import settings_from
from mvi_core.errors import MviError, SplitError
from mvi_core.model.backbone import NetworkSettings
from mvi_core.model.checkpoint import load_network
from mvi_core.model.machine import torch_device
from mvi_core.model.network import MviNet
from mvi_core.model.parallel import share
from mvi_core.model.prediction import grade_probabilities, patient_digests, prediction_table, refuse_seen
from mvi_core.model.schedule import TrainSettings
from mvi_core.model.training import train, training_origin

OUT_OF_FOLD = "development (out-of-fold)"
EXTERNAL = "external"
DIGITS = 12  # of the digest in a checkpoint's name


IN_SAMPLE = "development (in-sample)"


@dataclass(frozen=True, eq=False)
class Start:
    """Weights that a training starts from, and digests of the patients who made them."""

    weights: dict
    trained_on: tuple


@dataclass(frozen=True)
class ModelSettings:
    """Everything about a model but its data and seed.

    Parameters
    ----------
    network : NetworkSettings
    training : TrainSettings
    start : Start, optional
        Pre-trained weights, from `read_start`; patients they have seen are refused in every evaluation.
    """

    network: NetworkSettings = field(default_factory=NetworkSettings)
    training: TrainSettings = field(default_factory=TrainSettings)
    start: Start | None = None

    def trained_on(self, dataset):
        """Digests of everybody behind weights that are trained on a dataset from this start, for the record."""
        return patient_digests(dataset.patient_ids) + list(self.start.trained_on if self.start else ())

    def refuse_seen(self, dataset):
        """Refuse to judge patients of a dataset whom the start has seen."""
        refuse_seen(self.start.trained_on if self.start else (), dataset.patient_ids)


def read_start(path):
    """Pre-trained weights of a stored model, a ``model.safetensors`` of this package, whose record lists its patients.

    A `SplitError` says if it does not, because then nobody could be judged.
    """
    network, description = load_network(path)
    if "trained_on" not in description["notes"]:
        raise SplitError(
            "The record of the pre-trained weights does not say which patients made them, so nobody can be judged by "
            "what follows. Train them with `mvi step final`, which writes it."
        )
    return Start(network.state_dict(), tuple(description["notes"]["trained_on"]))


def fit_network(batches, *, settings, seed, checkpoints=None, name="final", progress=None):
    """Network trained from new weights on one set of patients, in evaluation mode, and the history of `training.train`.

    ``batches`` are as `training.train` asks, with ``intensity_scale`` (mean, sd) of the same patients; the seed decides
    the first weights. ``checkpoints`` is a folder; the name of the file there starts with ``name`` and holds a digest
    of data, settings and seed, so that only the same training goes on.
    """
    network = new_network(batches, settings=settings, seed=seed)
    origin = repr(training_origin(network, batches, settings.training))
    digest = hashlib.sha256(origin.encode()).hexdigest()[:DIGITS]
    checkpoint = checkpoints and checkpoints / f"{name}-{digest}.safetensors"
    return network, train(network, batches, settings=settings.training, checkpoint=checkpoint, progress=progress)


def new_network(batches, *, settings, seed):
    """Network with new weights and the intensity scale of its training patients, before training."""
    mean, sd = batches.intensity_scale
    generator = torch.Generator().manual_seed(seed)
    network = MviNet(len(mean), batches.roi_px, settings.network, generator=generator)
    if settings.start is not None:
        try:
            network.load_state_dict(settings.start.weights)
        except RuntimeError as problem:
            raise MviError("The pre-trained weights are of another network. Give both the same settings.") from problem
    network.set_intensity_scale(mean, sd)
    return network.to(torch_device(settings.training.device))


def cross_fit(dataset, folds, *, settings, seed, checkpoints=None, progress=None):
    """Out-of-fold predictions: every patient is predicted by a network that was trained without them.

    ``dataset.part(train_ids, test_ids)`` gives both sides and refuses an overlap, see
    `dataset.torch_dataset.RoiDataset`; ``folds`` has columns ``patient_id`` and ``fold``. The seed decides weights,
    order and variations; each fold has its own stream. ``checkpoints`` is a folder from which an interrupted call goes
    on; ``progress`` is called after every epoch with epochs done, epochs in all, loss, seconds left.

    Predictions as `prediction.prediction_table`, with split ``"development (out-of-fold)"`` and the fold; and the loss
    by ``fold`` and ``epoch``.
    """
    settings.refuse_seen(dataset)
    numbers = sorted(folds.fold.unique())
    tables, histories, report = [], [], _overall(progress, len(numbers))
    for position, fold in enumerate(numbers):
        left_out = folds.fold == fold
        seen, unseen = dataset.part(folds.patient_id[~left_out].tolist(), folds.patient_id[left_out].tolist())
        network, history = fit_network(
            _batches(seen, settings.training, seed=fold_seed(seed, fold)),
            settings=settings,
            seed=fold_seed(seed, fold),
            checkpoints=checkpoints,
            name=f"fold-{fold}",
            progress=report(position),
        )
        chance = grade_probabilities(network, unseen.plain_rois())
        tables.append(prediction_table(unseen, chance, split=OUT_OF_FOLD, fold=fold))
        histories.append(history.assign(fold=fold))
    order = ["scoring", "patient_id"]
    return pd.concat(tables).sort_values(order, ignore_index=True), pd.concat(histories, ignore_index=True)


def fit_final(development, external=None, *, settings, seed, checkpoints=None, progress=None):
    """Network trained on every development patient, what it says of the external ones, and its history.

    Arguments as in `cross_fit`; the datasets share no patient. Predictions have split ``"external"``;
    without external patients they are None.
    """
    if external is not None:
        development.refuse_shared(external)
        settings.refuse_seen(external)
    network, history = fit_network(
        _batches(development, settings.training, seed=seed),
        settings=settings,
        seed=seed,
        checkpoints=checkpoints,
        progress=progress,
    )
    if external is None:
        return network, None, history
    chance = grade_probabilities(network, external.plain_rois())
    return network, prediction_table(external, chance, split=EXTERNAL), history


def in_sample(network, development):
    """Predict the patients a network was trained on, under a split name that every table refuses unless asked."""
    return prediction_table(development, grade_probabilities(network, development.plain_rois()), split=IN_SAMPLE)


def model_settings(network, training):
    """Read settings from the sections ``network`` and ``training`` of a settings file, such as ``config/study.yaml``.

    ``roi_px`` and ``n_folds`` there are left aside, because the data have them; an unknown key, or a value of the wrong
    type, is refused with an `MviError`.

    Examples
    --------
    >>> settings = model_settings({"roi_px": 48, "width": 16, "blocks": [2, 2]}, {"epochs": 3, "n_folds": 5})
    >>> settings.network.blocks, settings.training.epochs
    ((2, 2), 3)
    """
    shape = {key: value for key, value in network.items() if key != "roi_px"}
    loop = {key: value for key, value in training.items() if key != "n_folds"}
    return ModelSettings(
        settings_from(NetworkSettings, shape, name="network"), settings_from(TrainSettings, loop, name="training")
    )


def _batches(dataset, training, *, seed):
    return dataset.training_batches(
        seed=seed,
        batch_patients=training.batch_patients,
        sampling=training.sampling,
        device=torch_device(training.device),
        share=share(),
    )


def fold_seed(seed, fold):
    """Seed of one of several trainings, from that of all."""
    return int(np.random.SeedSequence([seed, int(fold)]).generate_state(1)[0])


def _overall(progress, n_fits):
    """Progress over several fits, from that of one; time left follows the pace since now."""
    if progress is None:
        return lambda position: None
    started, calls = time.monotonic(), count(1)

    def of_fit(position):
        def report(epoch, n_epochs, loss, _):
            done, total = position * n_epochs + epoch, n_fits * n_epochs
            pace = (time.monotonic() - started) / next(calls)
            progress(done, total, loss, pace * (total - done))

        return report

    return of_fit

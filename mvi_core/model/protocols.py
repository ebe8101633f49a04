"""What does a score of one model say under five protocols, from judging on its own training to a later year."""

from dataclasses import dataclass

import pandas as pd
import torch

from mvi_core.model.cross_fit import fold_seed, new_network
from mvi_core.model.machine import reproducible
from mvi_core.model.network import slice_combinations
from mvi_core.model.training import train
from mvi_core.names import GRADES

PROTOCOLS = ("in-sample", "by combination", "by slice", "by patient", "later year")
N_PARTS = 3  # slices of a sequence; so every split leaves out one third


@dataclass(frozen=True, eq=False)
class _Round:
    """One training and its test: patients, slices and combinations of either side."""

    train_ids: list
    test_ids: list
    slices: list
    train_combinations: torch.Tensor
    test_combinations: torch.Tensor


def ladder(development, external, folds, *, settings, seed, protocols=PROTOCOLS):
    """Grade probabilities of one model under each protocol, every combination of slices for itself.

    The datasets have no shared patient and three slices a sequence, see `dataset.torch_dataset.RoiDataset`; ``folds``
    has columns ``patient_id`` and ``fold``, three folds, so that each protocol trains on two thirds; ``later year``
    comes with ``in-sample``. Columns ``protocol``, ``patient_id``, ``combination`` (position in `slice_combinations`),
    ``dl_risk`` (P(M1) + P(M2)) and ``dl_grade``.

    ``in-sample``: patients the model was trained on. ``by combination`` and ``by slice``: combinations, or slices, left
    out of training, of patients who were not; a slice left out is joined with those left out of the other sequences.
    ``by patient``: patients left out. ``later year``: the in-sample model on the external patients.
    """
    development.refuse_shared(external)
    tables = []
    for place, protocol in enumerate(PROTOCOLS[:4]):
        rounds = _rounds(protocol, folds, len(development.sequence_index)) if protocol in protocols else []
        for number, each in enumerate(rounds):
            stream = fold_seed(seed, 10 * place + number)
            network = _fit(development.select(each.train_ids), each, settings, stream)
            tables.append(_scores(network, development.select(each.test_ids), each.test_combinations, protocol))
            if protocol == "in-sample":
                tables.append(_scores(network, external, each.test_combinations, "later year"))
    return pd.concat(tables, ignore_index=True)


def _rounds(protocol, folds, n_sequences):
    everyone, every = folds.patient_id.tolist(), slice_combinations(n_sequences)
    slices = list(range(N_PARTS))
    if protocol == "in-sample":
        return [_Round(everyone, everyone, slices, every, every)]
    if protocol == "by patient":
        left_out = [folds.fold == number for number in sorted(folds.fold.unique())]
        sides = [(folds.patient_id[~out].tolist(), folds.patient_id[out].tolist()) for out in left_out]
        return [_Round(seen, unseen, slices, every, every) for seen, unseen in sides]
    if protocol == "by combination":  # a Latin square: each slice stands in both parts
        parts = [every.sum(1) % N_PARTS == part for part in slices]
        return [_Round(everyone, everyone, slices, every[~part], every[part]) for part in parts]
    kept = slice_combinations(n_sequences, N_PARTS - 1)  # positions among the slices that training sees
    others = [[k for k in slices if k != part] for part in slices]
    return [_Round(everyone, everyone, others[k], kept, torch.full((1, n_sequences), k)) for k in slices]


def _fit(dataset, each, settings, seed):
    batches = dataset.training_batches(seed=seed, batch_patients=settings.training.batch_patients)
    network = new_network(batches, settings=settings, seed=seed)
    seen = network.register_forward_pre_hook(lambda _, rois: (rois[0][:, :, each.slices], each.train_combinations))
    train(network, batches, settings=settings.training)
    seen.remove()
    return network


def _scores(network, dataset, combinations, protocol):
    with reproducible(), torch.inference_mode():
        chance = torch.cat([network(rois, combinations).double().softmax(-1) for rois in dataset.plain_rois()])
    every = slice_combinations(len(dataset.sequence_index)).tolist()
    place = [every.index(row) for row in combinations.tolist()]
    chance = chance.flatten(0, 1).numpy()  # (P * C, K)
    return pd.DataFrame(
        {
            "protocol": protocol,
            "patient_id": dataset.patient_ids.repeat(len(place)),
            "combination": place * len(dataset),
            "dl_risk": chance[:, 1:].sum(axis=1).round(6),
            "dl_grade": [str(GRADES[k]) for k in chance.argmax(axis=1)],
        }
    )

"""Which patients look alike to the network: the features of one slice per sequence, and their map in two dimensions."""

from itertools import product

import numpy as np
import pandas as pd
import torch
from sklearn.manifold import TSNE
from threadpoolctl import threadpool_limits

from mvi_core.checks import expect_shape
from mvi_core.errors import MviError
from mvi_core.model.machine import reproducible


def slice_features(network, roi_batches):
    """Features of the first slice of each sequence: float32, shape (P, S, F), F 512 at the paper's width.

    The network is in evaluation mode; batches have shape (b, S, N, H, W).
    """
    with reproducible(), torch.inference_mode():
        return torch.cat([network.features(rois[:, :, :1])[:, :, 0] for rois in roi_batches]).numpy()


def feature_table(features, patient_ids, sequences):
    """Features of shape (P, S, F) as a table: ``patient_id``, ``sequence``, ``f000``, ``f001``, ..."""
    n_patients, n_sequences, n_features = features.shape
    rows = {
        "patient_id": np.repeat(patient_ids, n_sequences),
        "sequence": np.tile([str(s) for s in sequences], n_patients),
    }
    columns = [f"f{number:03d}" for number in range(n_features)]
    return pd.concat([pd.DataFrame(rows), pd.DataFrame(features.reshape(-1, n_features), columns=columns)], axis=1)


def replaced_risks(network, features, others, sequences):
    """Risk of every patient with the features of some sequences replaced, for every set of sequences.

    ``features`` as they are and ``others`` in their place have shape (P, S, F). Patients in order for each set:
    ``replaced`` (joined with ``+``, empty for none), ``dl_risk``, ``dl_mvi``.
    """
    tables = []
    for chosen in product((False, True), repeat=len(sequences)):
        mixed = np.where(np.array(chosen)[:, None], others, features)
        with torch.inference_mode():
            parts = network.sequence_logits(torch.from_numpy(mixed)[:, :, None])[:, :, 0]  # (P, S, K)
            chance = (parts.sum(1) + network.classifier.bias).double().softmax(-1).numpy()  # (P, K)
        name = "+".join(str(sequence) for sequence, new in zip(sequences, chosen, strict=True) if new)
        risk, call = np.clip(chance[:, 1:].sum(axis=1), 0, 1), (chance.argmax(axis=1) > 0).astype(int)
        tables.append(pd.DataFrame({"replaced": name, "dl_risk": risk, "dl_mvi": call}))
    return pd.concat(tables, ignore_index=True)


def tsne_map(features, patient_ids, sequences, *, perplexity=30, seed):
    """Map of the patients in two dimensions by t-SNE, made for each sequence by itself from features (P, S, F).

    Features are scaled to unit variance first, so that no channel rules by its size. The perplexity, about the number
    of neighbours that count, is below P (else an `MviError`); the map starts from principal components, the seed
    decides the rest. Columns ``patient_id``, ``sequence``, ``x``, ``y``, in the order of the sequences.

    Notes
    -----
    Distances between far groups and the sizes of groups mean nothing in such a map: read it with a measured
    separation beside it.

    References
    ----------
    van der Maaten and Hinton, Visualizing data using t-SNE, J Mach Learn Res 9:2579-2605, 2008.
    """
    expect_shape("features", features, (len(patient_ids), len(sequences), "F"))
    if perplexity >= len(patient_ids):
        raise MviError(
            f"perplexity must be below the number of patients ({len(patient_ids)}), got {perplexity}. Lower it."
        )
    maps = []
    for number, sequence in enumerate(sequences):
        points = features[:, number].astype(np.float64)
        spread = points.std(axis=0)
        points = (points - points.mean(axis=0)) / np.where(spread > 0, spread, 1.0)
        with threadpool_limits(1):
            place = TSNE(perplexity=perplexity, init="pca", random_state=seed).fit_transform(points)
        maps.append(
            pd.DataFrame({"patient_id": patient_ids, "sequence": str(sequence), "x": place[:, 0], "y": place[:, 1]})
        )
    return pd.concat(maps, ignore_index=True)

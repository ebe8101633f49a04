"""What is stored of a network, and is a file whole: tensors as safetensors, their description as JSON, no pickle."""

import json
import os
from dataclasses import asdict
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save

from mvi_core.checks import settings_from
from mvi_core.errors import ManifestError
from mvi_core.model.backbone import NetworkSettings
from mvi_core.model.network import MviNet
from mvi_core.names import SEQUENCES

DESCRIPTION = "mvi"  # key of the description in the header of the tensor file
MOST = 4096  # blocks, sequences, pixels or channels that a description may claim


def save_tensors(path, tensors, description):
    """Write named tensors and their description, whole or not at all; an older file stays until then.

    The description, anything that JSON holds, stands in the header of the ``.safetensors`` file, so that both change
    in one step, and once more as a JSON file beside it, for people.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    text = json.dumps(description, sort_keys=True)
    contiguous = {name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()}
    _replace(path, save(contiguous, metadata={DESCRIPTION: text}))
    _replace(path.with_suffix(".json"), json.dumps(description, indent=1, sort_keys=True).encode())


def load_tensors(path):
    """Tensors by name, and their description, from a file of `save_tensors`.

    A `ManifestError` says if the file is missing, cut short, of another origin, or holds a value that is not finite.
    """
    path = Path(path)
    try:
        if not path.is_file():  # a pipe would be waited for
            raise FileNotFoundError
        with safe_open(path, framework="pt") as file:
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118  safe_open is no mapping
            description = json.loads((file.metadata() or {})[DESCRIPTION])
        broken = [name for name, tensor in tensors.items() if not torch.isfinite(tensor).all()]
    except (OSError, SafetensorError, KeyError, ValueError, TypeError, RuntimeError) as problem:
        raise ManifestError(
            f"{path.name} is not a whole file of this package: cut short, or its header is corrupt or of another "
            f"origin ({type(problem).__name__}). Train or fetch it again."
        ) from problem
    if broken:
        raise ManifestError(
            f"{path.name} holds values that are not finite, first in {broken[0][:80]}. Train again with a lower rate."
        )
    if not isinstance(description, dict):
        raise ManifestError(f"{path.name} describes no network or training in its header. Train or fetch it again.")
    return tensors, description


def save_network(path, network, *, sequences, notes=None):
    """Store a trained network with all that its use needs: weights, intensity scale, shape and sequences.

    The path is usually ``.../model.safetensors``; ``sequences`` are the names of the branches, in order; ``notes`` say
    how it was made: seeds, settings, patients.
    """
    shape = {
        "roi_px": network.roi_px,
        "network": asdict(network.settings),
        "sequences": [str(name) for name in sequences],
    }
    save_tensors(path, network.state_dict(), {**shape, "notes": notes or {}})


def load_network(path):
    """Trained network in evaluation mode, and its ``roi_px``, ``network``, ``sequences`` and ``notes``.

    A `ManifestError` says if the file is not one of `save_network`, is broken, or its tensors do not fit its
    description.
    """
    tensors, description = load_tensors(path)
    try:
        shape = settings_from(NetworkSettings, description["network"], name="network")
        with torch.device("meta"):  # names and sizes only: a wrong description must not fill the memory
            wanted = _described(description, shape, len(tensors)).state_dict()
        if found := _unlike(tensors, wanted):
            raise ManifestError(f"{Path(path).name} does not hold the network that it describes: {found} Train again.")
        network = _described(description, shape, len(tensors))
        network.load_state_dict(tensors)
    except (AttributeError, KeyError, TypeError, ValueError, RuntimeError) as problem:
        if isinstance(problem, ManifestError):
            raise
        raise ManifestError(
            f"{Path(path).name} does not hold the network that it describes ({type(problem).__name__}). Train again."
        ) from problem
    return network.eval(), description


def _described(description, shape, n_tensors):
    """Network of a description, whose numbers are believed only as far as the tensors can bear them out."""
    sequences, notes = description["sequences"], description["notes"]
    counts = (*shape.blocks, description["roi_px"], shape.width, shape.n_grades)
    if not all(type(n) is int and 0 < n <= MOST for n in counts) or sum(shape.blocks) > n_tensors:
        raise ValueError
    if not isinstance(sequences, list) or sorted(set(sequences) & set(SEQUENCES)) != sorted(sequences):
        raise ValueError
    if not sequences or not isinstance(notes, dict):
        raise ValueError
    return MviNet(len(sequences), description["roi_px"], shape)


def _unlike(tensors, wanted):
    """Sentence on the first tensor that is missing, unexpected, of another shape or impossible; empty if none is."""
    for name in sorted(tensors.keys() ^ wanted.keys()):
        return f"tensor {name[:80]} is {'missing' if name in wanted else 'unexpected'}."
    for name, tensor in wanted.items():
        if tensors[name].shape != tensor.shape:
            return f"tensor {name} has shape {tuple(tensors[name].shape)}, expected {tuple(tensor.shape)}."
        if tensors[name].dtype != tensor.dtype:
            return f"tensor {name} holds {tensors[name].dtype}, expected {tensor.dtype}."
        least = tensors[name].min()
        if (name.endswith("running_var") and least < 0) or (name == "roi_sd" and least <= 0):
            return f"tensor {name} holds a spread that is negative or zero."
    return ""


def save_training(path, network, optimiser, *, origin, history):
    """Store a training after an epoch, with all that the next epoch needs, its origin and its history."""
    state = optimiser.state_dict()["state"]
    moments = {f"optimiser.{i}.{name}": tensor for i, slot in state.items() for name, tensor in slot.items()}
    weights = {f"network.{name}": tensor for name, tensor in network.state_dict().items()}
    save_tensors(path, weights | moments, {"origin": origin, "history": history})


def load_training(path, network, optimiser, *, origin):
    """Put network and optimiser back, in place, to where a stored training stopped; nothing happens if there is none.

    One dict per epoch done. A `ManifestError` says if it was made from something else, or its file is broken.
    """
    if not Path(path).exists():
        return []
    tensors, description = load_tensors(path)
    stored = description.get("origin", {})
    other = [name for name in origin if stored.get(name) != origin[name]]
    if other:
        raise ManifestError(
            f"Checkpoint {Path(path).name} was made from other {', '.join(other)}. Remove it, or restore those."
        )
    try:
        return _put_back(tensors, description, network, optimiser)
    except (KeyError, IndexError, TypeError, ValueError, RuntimeError) as problem:
        raise ManifestError(f"Checkpoint {Path(path).name} does not fit this training. Remove it.") from problem


def _put_back(tensors, description, network, optimiser):
    split = {"network": {}, "optimiser": {}}
    for name, tensor in tensors.items():
        owner, _, rest = name.partition(".")
        split[owner][rest] = tensor
    network.load_state_dict(split["network"])
    parameters, slots = list(network.parameters()), {}
    for name, tensor in split["optimiser"].items():
        i, _, key = name.partition(".")
        slots.setdefault(int(i), {})[key] = _as_laid_out(tensor, parameters[int(i)])
    optimiser.load_state_dict({"state": slots, "param_groups": optimiser.state_dict()["param_groups"]})
    return description["history"]


def _as_laid_out(tensor, parameter):
    """Moment in the memory order of its parameter: the fused optimiser walks through both as they lie."""
    return torch.empty_like(parameter).copy_(tensor) if tensor.shape == parameter.shape else tensor.clone()


def _replace(path, content):
    draft = path.with_name(path.name + ".part")
    with draft.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)

"""Which profile is run, with which numbers, and where do its files go."""

import os
from copy import deepcopy
from dataclasses import dataclass, replace
from itertools import combinations
from pathlib import Path

import yaml

from mvi_core.errors import ManifestError
from mvi_core.manifest import project_root
from mvi_core.names import SEQUENCES

STUDY_VARIABLE = "MVI_STUDY"  # environment: a settings file other than config/study.yaml


@dataclass(frozen=True)
class Study:
    """Settings of one run of the study."""

    profile: str  #: name shown on every page, for example ``book`` or ``smoke``
    path: Path  #: of the settings file
    settings: dict  #: its contents
    root: Path  #: the project folder

    @property
    def work(self):
        """Folder that receives what the run makes."""
        return self.root / self.settings["work"]

    @property
    def results(self):
        """Folder of tidy tables and checkpoints, one folder a cohort."""
        return self.work / "results"

    @property
    def executed(self):
        """Folder of executed notebooks, one folder a cohort."""
        return self.work / "book" / "notebooks"


def load_study(path=None):
    """Read the settings of the study of a path, else the variable ``MVI_STUDY``, else ``config/study.yaml``.

    A `ManifestError` says that the file is missing, is not YAML, or lacks ``profile``, ``work`` or ``cohorts``.
    """
    root = project_root()
    path = root / (path or os.environ.get(STUDY_VARIABLE) or "config/study.yaml")
    where = f"Settings file {path.name}"
    if not path.is_file():
        raise ManifestError(f"{where} does not exist. Set {STUDY_VARIABLE} to a file such as config/study.yaml.")
    try:
        settings = yaml.safe_load(path.read_text(encoding="utf-8"))
    except yaml.YAMLError as problem:
        raise ManifestError(f"{where} is not valid YAML ({problem}). Mend the line that is named.") from problem
    if isinstance(settings, dict) and "base" in settings:  # this file says what differs from that one
        settings = _merged(load_study(settings.pop("base")).settings, settings)
    if missing := [key for key in ("profile", "work", "cohorts") if key not in (settings or {})]:
        raise ManifestError(f"{where} lacks {', '.join(missing)}. Copy the key from config/study.yaml.")
    return Study(settings["profile"], path, settings, root)


def page_rule(page, cohort):
    """Name of the workflow rule that executes a page for a cohort."""
    return f"page_{page}_{cohort}".replace("-", "_")


def overridden(study, overrides):
    """Study with some settings replaced or added, by path.

    Examples
    --------
    >>> study = Study("book", Path("study.yaml"), {"training": {"epochs": 14}}, Path())
    >>> overridden(study, {"training.epochs": 3, "augment.noise_sd": 0.0}).settings
    {'training': {'epochs': 3}, 'augment': {'noise_sd': 0.0}}
    """
    settings = deepcopy(study.settings)
    for key, value in overrides.items():
        *sections, last = key.split(".")
        place = settings
        for section in sections:
            place = place.setdefault(section, {})
        place[last] = value
    return replace(study, settings=settings)


def ablation_sets(study, available=SEQUENCES):
    """List the trainings of the ablation: ``sequences`` joined with ``+``, ``repeat``, in a list perhaps ``printed``.

    Sets with a sequence that is not available to a cohort are left out.

    The setting is such a list, or ``{all_subsets: true, repeats: 3}`` for every set of the six sequences.
    """
    listed = setting(study, "ablation")
    if not isinstance(listed, list):
        subsets = ["+".join(chosen) for size in range(len(SEQUENCES)) for chosen in combinations(SEQUENCES, size + 1)]
        listed = [{"sequences": name, "repeat": repeat} for name in subsets for repeat in range(listed["repeats"])]
    return [row for row in listed if set(row["sequences"].split("+")) <= set(available)]


def setting(study, key):
    """One value of the settings by its path, ``"training.epochs"``; a `ManifestError` if there is no such key."""
    value = study.settings
    for part in key.split("."):
        if not isinstance(value, dict) or part not in value:
            raise ManifestError(f"Settings file {study.path.name} has no key '{key}'. Copy it from config/study.yaml.")
        value = value[part]
    return value


def _merged(base, changes):
    both = {key: (base.get(key), value) for key, value in changes.items()}
    return base | {
        key: _merged(*pair) if all(isinstance(side, dict) for side in pair) else pair[1] for key, pair in both.items()
    }

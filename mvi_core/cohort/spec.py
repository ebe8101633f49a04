"""What is a cohort and what can be asked of it: the descriptions in ``data_manifest/cohorts``."""

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path
from types import MappingProxyType

from mvi_core.cohort.plain_yaml import read_yaml
from mvi_core.cohort.predictors import DEFINED_WITH_OUTCOME, MODEL_TERMS
from mvi_core.errors import CohortError, ManifestError
from mvi_core.manifest import data_files, locate, project_root
from mvi_core.names import PAPER_SEQUENCES, SEQUENCES, CohortKind

READERS = ("reconstruct", "phantom", "clca", "tcga", "table", "folder", "liverhccseg")
ANALYSES = {
    "mvi_grade": (True, False), "images": (True, False), "survival": (True, False),
    "dl_mvi": ("column", "network", False), "enrolment": (True, False),
}  # fmt: skip
TEXT_KEYS = ("id", "title", "kind", "summary", "licence", "citation")
LIST_KEYS = ("predictors", "multivariable", "notes")
FREE_KEYS = ("planted", "drift", "only")  # what a phantom holds, and the pages that a small cohort carries
ALL_KEYS = (*TEXT_KEYS, *LIST_KEYS, "source", "analyses", *FREE_KEYS, "images", "skip_bad")
OPTIONAL_KEYS = (*FREE_KEYS, "notes", "images", "skip_bad")
IMAGE_KEYS = ("root", "model", "model_path", "sequences")
FROZEN, TRAINED = "frozen", "trained"  # a model that exists already judges the patients; or they train their own
COHORT_VARIABLE = "MVI_COHORT"  # environment: cohorts to add to those of the settings, by id or path
COHORTS_VARIABLE = "MVI_COHORTS"  # environment: the folder of own cohorts, in place of cohorts/
SKIP_BAD_VARIABLE = "MVI_SKIP_BAD"  # environment: if set, every own cohort leaves faulty patients out
DESCRIPTION = "cohort.yaml"  # of an own cohort, in its folder
ID_PATTERN = re.compile(r"[a-z0-9][a-z0-9-]{0,39}")


@dataclass(frozen=True)
class CohortSpec:
    """Description of one cohort."""

    id: str  #: name of the file, and in paths and commands
    title: str  #: name in print
    kind: CohortKind  #: whose numbers these are
    summary: str  #: one plain sentence
    source: Mapping  #: ``reader`` and what that reader needs
    analyses: Mapping  #: what the cohort supports, by key of `ANALYSES`
    predictors: tuple  #: rows of Table 1
    multivariable: tuple  #: rows of the multivariable model, DL-MVI last where there is one
    licence: str  #: of the data
    citation: str  #: how its source asks to be cited
    folder: Path  #: of the description; the table of an own cohort lies in or below it
    notes: tuple = ()  #: what a reader must know, one sentence or two each
    planted: Mapping = field(default_factory=dict)  #: effects that were put into a phantom
    drift: Mapping = field(default_factory=dict)  #: what differs between the years of a phantom
    images: Mapping = field(default_factory=dict)  #: of an own cohort: see `IMAGE_KEYS`
    only: Mapping = field(default_factory=dict)  #: ``pages`` that are made, and ``because``: why no other
    skip_bad: bool = False  #: whether faulty patients are left out, and listed, instead of stopping the run

    @property
    def frozen(self):
        """Whether a model that was trained elsewhere judges all patients."""
        return self.images.get("model") == FROZEN

    @property
    def sequences(self):
        """MR sequences that every patient has, in the order of the paper."""
        return tuple(name for name in SEQUENCES if name in self.images.get("sequences", SEQUENCES))


def cohort_ids():
    """Sorted identifiers of the cohorts of the book, those in ``data_manifest/cohorts``: tuple of str."""
    return tuple(sorted(path.stem for path in _folder().glob("*.yaml")))


def own_folders():
    """Folders of the user's own cohorts by identifier: named by path in ``MVI_COHORT``, or in the cohorts folder."""
    parent = Path(os.environ.get(COHORTS_VARIABLE) or project_root() / "cohorts")
    named = [Path(word) for word in os.environ.get(COHORT_VARIABLE, "").split() if os.sep in word]
    found = [*sorted(parent.glob(f"*/{DESCRIPTION}")), *(folder / DESCRIPTION for folder in named)]
    return {path.resolve().parent.name: path.resolve().parent for path in found if path.is_file()}


def load_spec(cohort):
    """Read and check the description of a cohort: a `CohortSpec`.

    ``cohort`` is an identifier: the name of a file in ``data_manifest/cohorts`` without ``.yaml``, or of a folder of
    `own_folders`.

    Raises
    ------
    CohortError
        If the cohort is unknown or its description breaks the format; the message lists every fault.
    """
    own = own_folders()
    known = (*cohort_ids(), *own)
    if not ID_PATTERN.fullmatch(str(cohort)) or cohort not in known:
        raise CohortError(f"Cohort '{str(cohort)[:40]}' is unknown. The known cohorts are {', '.join(known)}.")
    path = _folder() / f"{cohort}.yaml"
    if not path.is_file():
        path = own[cohort] / DESCRIPTION
    content = _read(path)
    if faults := _faults(content, cohort):
        where = f"{path.name} breaks the format of a cohort description in {len(faults)} place(s):"
        raise CohortError(f"{where}\n{numbered(faults)}")
    lists = {key: tuple(content.get(key) or ()) for key in LIST_KEYS}
    keys = ("source", "analyses", *FREE_KEYS, "images")
    frozen = {key: MappingProxyType(content[key]) for key in keys if content.get(key)}
    texts = {key: content[key].strip() for key in TEXT_KEYS}
    skip_bad = content.get("skip_bad", False) or bool(os.environ.get(SKIP_BAD_VARIABLE))
    rest = {"kind": CohortKind(content["kind"]), "skip_bad": skip_bad, "folder": path.parent}
    return CohortSpec(**{**texts, **lists, **frozen, **rest})


def description_path(spec):
    """Path of the file that describes a cohort."""
    own = spec.folder / DESCRIPTION
    return own if own.is_file() else spec.folder / f"{spec.id}.yaml"


def files_of(spec):
    """Files of the manifest that a cohort is read from, those of a cohort that it joins included."""
    return (*data_files(spec.id), *(data_files(spec.source["joins"]) if "joins" in spec.source else ()))


def unavailable(spec):
    """Why the data of a cohort cannot be read now, with the remedy; None where everything is here."""
    try:
        for record in files_of(spec):
            locate(record.id)
        if spec.source["reader"] in ("table", "folder"):
            table_path(spec)
    except (CohortError, ManifestError) as problem:
        return str(problem)
    return None


def table_path(spec):
    """Path of an own cohort's patient table: ``patients.csv``, or another ``path`` of its ``source``.

    Raises
    ------
    CohortError
        If the path is an address, leaves the description's folder (also by a link), or names no regular file.
    """
    default = "patients.csv" if spec.source["reader"] == "folder" else ""
    named, folder = str(spec.source.get("path", default)), spec.folder.resolve()
    path, place = (folder / named).resolve(), f"in the folder of {description_path(spec).name}"
    if not named or "://" in named or "\0" in named or not path.is_relative_to(folder):
        raise CohortError(
            f"Cohort '{spec.id}': source path must name a file {place}, got one outside of it. "
            "Copy the table there and give its name."
        )
    if not path.is_file():
        raise CohortError(f"Cohort '{spec.id}': {named} is not a file {place}. Copy the table there.")
    return path


def _folder():
    return project_root() / "data_manifest" / "cohorts"


def _read(path):
    content = read_yaml(path)
    if not isinstance(content, dict):
        raise CohortError(
            f"{path.name} must hold `key: value` lines, got {type(content).__name__}. Copy paper.yaml and change it."
        )
    return content


def _faults(content, stem):
    required = [key for key in ALL_KEYS if key not in OPTIONAL_KEYS]
    faults = [f"key '{key}' is missing" for key in required if key not in content]
    faults += [f"key '{key}' is unknown{did_you_mean(key, ALL_KEYS)}" for key in content if key not in ALL_KEYS]
    no_text = [key for key in TEXT_KEYS if not _is_text(content.get(key, "-"))]
    faults += [f"'{key}' must be text, got {content[key]!r}" for key in no_text]
    if content.get("id", stem) != stem:
        faults.append(f"'id' must be the file name, '{stem}', got {content['id']!r}")
    if content.get("kind", "own") not in tuple(CohortKind):
        faults.append(f"'kind' must be one of {', '.join(CohortKind)}, got {content['kind']!r}")
    source = content.get("source", {"reader": "table"})
    if not isinstance(source, dict) or source.get("reader") not in READERS:
        faults.append(f"'source' must hold `reader:` with one of {', '.join(READERS)}")
    faults += _analyses_faults(content.get("analyses", dict.fromkeys(ANALYSES, False)))
    faults += _image_faults(content)
    only = content.get("only")
    if only and not (isinstance(only, dict) and isinstance(only.get("pages"), list) and _is_text(only.get("because"))):
        faults.append("'only' must hold `pages:`, a list, and `because:`, a text")
    for key in LIST_KEYS:
        faults += _list_faults(key, content.get(key) or [])
    return faults


def _analyses_faults(analyses):
    if not isinstance(analyses, dict):
        return [f"'analyses' must hold {', '.join(ANALYSES)}"]
    faults = [f"analyses.{key} is unknown{did_you_mean(key, ANALYSES)}" for key in analyses if key not in ANALYSES]
    for key, allowed in ANALYSES.items():
        value, choices = analyses.get(key), ", ".join(map(_yaml_word, allowed))
        if not any(value is choice or (isinstance(choice, str) and value == choice) for choice in allowed):
            faults.append(f"analyses.{key} must be one of {choices}, got {_yaml_word(value)}")
    return faults


def _image_faults(content):
    """List what is wrong with the images of an own cohort, and with what needs them."""
    images, analyses, source = content.get("images") or {}, content.get("analyses"), content.get("source")
    faults = [] if isinstance(content.get("skip_bad", False), bool) else ["'skip_bad' must be true or false"]
    if not isinstance(images, dict) or not isinstance(analyses, dict) or not isinstance(source, dict):
        return [*faults, "'images' must hold `root:` and `model:`"] if not isinstance(images, dict) else faults
    if source.get("reader") != "folder":
        return faults
    faults += [f"images.{key} is unknown{did_you_mean(key, IMAGE_KEYS)}" for key in images if key not in IMAGE_KEYS]
    if not analyses.get("images"):
        return faults
    if not _is_text(images.get("root")):
        faults.append("images.root must name the folder of the DICOM files")
    if images.get("model") not in (FROZEN, TRAINED):
        faults.append(f"images.model must be {FROZEN} or {TRAINED}, got {images.get('model')}")
    if images.get("model") == TRAINED and not analyses.get("mvi_grade"):
        faults.append(f"images.model: {TRAINED} needs the grades M0, M1 and M2 (analyses.mvi_grade)")
    if analyses.get("dl_mvi") != "network":
        faults.append("analyses.dl_mvi must be network where there are images")
    named = images.get("sequences", list(SEQUENCES))
    wrong = [name for name in named if name not in SEQUENCES] if isinstance(named, list) else [named]
    lacking = [] if wrong else [name for name in PAPER_SEQUENCES if name not in named]
    faults += [f"images.sequences: {name} is no sequence of {', '.join(SEQUENCES)}" for name in wrong]
    faults += [f"images.sequences lacks {name}, which the network reads" for name in lacking]
    return faults


def _list_faults(key, values):
    if not isinstance(values, list) or not all(_is_text(value) for value in values):
        return [f"'{key}' must be a list of texts"]
    if key == "notes":
        return []
    faults = [f"{key}: '{name}' stands twice" for name in sorted(set(values)) if values.count(name) > 1]
    for name in values:
        if name in DEFINED_WITH_OUTCOME:
            faults.append(f"{key}: '{name}' is refused, because {DEFINED_WITH_OUTCOME[name]}")
        elif name not in MODEL_TERMS:
            faults.append(f"{key}: '{name}' is unknown{did_you_mean(name, MODEL_TERMS)}")
    return faults


def did_you_mean(word, known):
    """End of a sentence that offers the nearest known word; empty where nothing is near.

    >>> did_you_mean("licens", ["licence", "title"])
    '; did you mean licence?'
    """
    near = get_close_matches(str(word).lower(), [str(name) for name in known], n=1, cutoff=0.6)
    return f"; did you mean {near[0]}?" if near else ""


def numbered(faults):
    """Faults as numbered lines."""
    return "\n".join(f"{number}. {fault}" for number, fault in enumerate(faults, start=1))


def _is_text(value):
    return isinstance(value, str) and bool(value.strip())


def _yaml_word(value):
    return str(value).lower() if isinstance(value, bool) else str(value)

"""Where is a data file, and is it the file that the manifest records."""

import csv
import hashlib
import os
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from mvi_core.errors import ManifestError

ROOT_VARIABLE = "MVI_ROOT"  # environment: the project folder
DATA_VARIABLE = "MVI_DATA"  # environment: a folder with copies of the files, used instead of a download
URL_VARIABLE = "MVI_DATA_URL"  # environment: another address that holds the files under their manifest paths
N_RETRIES = 2  # downloads tried again after the first failure
ON_REQUEST = 50_000_000  # bytes of a file above which it is fetched only when its cohort is named


@dataclass(frozen=True)
class DataFile:
    """One row of ``data_manifest/files.csv``."""

    id: str  #: name of the file in this project
    cohort: str  #: that needs it
    path: str  #: below the data folder, with forward slashes
    sha256: str
    bytes: str
    licence: str
    url: str
    source: str  #: origin in words
    date: str  #: of the record


def project_root():
    """Folder of the project, which holds ``_config.yml`` and ``data_manifest/``, else a `ManifestError`.

    Looked for in this order: the environment variable ``MVI_ROOT``; the current folder and the ones above it; the
    checkout that holds this package.
    """
    if named := os.environ.get(ROOT_VARIABLE):
        if not _is_root(Path(named)):
            raise ManifestError(
                f"{ROOT_VARIABLE} names {named}, which does not hold _config.yml and data_manifest/. "
                "Set it to the project folder, or unset it."
            )
        return Path(named).resolve()
    here = Path.cwd()
    for folder in (here, *here.parents, Path(__file__).resolve().parents[1]):
        if _is_root(folder):
            return folder
    raise ManifestError(
        f"The project folder (with _config.yml and data_manifest/) is neither {here.name} nor above it. "
        f"Change into the project folder, or set {ROOT_VARIABLE} to it."
    )


def data_files(cohort=None):
    """Files that ``data_manifest/files.csv`` records, of one cohort or of all: tuple of `DataFile`, in its order."""
    with (project_root() / "data_manifest" / "files.csv").open(encoding="utf-8", newline="") as stream:
        rows = tuple(DataFile(**row) for row in csv.DictReader(stream))
    return tuple(row for row in rows if cohort in (None, row.cohort))


def locate(file_id):
    """Path of a file whose sha256 has been verified; a `ManifestError` if no copy is the recorded one.

    A copy below the folder named by ``MVI_DATA`` comes first, then the project's own ``data/`` folder.
    """
    record = _record(file_id)
    found = {place: sha256(place) for place in _places(record) if place.is_file()}
    for place, digest in found.items():
        if digest == record.sha256:
            return place
    for place, digest in found.items():
        own = place.is_relative_to(project_root() / "data")
        folder = "project's data folder" if own else f"folder named by {DATA_VARIABLE}"
        raise ManifestError(
            f"{record.path} does not match data_manifest/files.csv (expected sha256 {record.sha256[:12]}..., got "
            f"{digest[:12]}... in the {folder}). Replace it, or fetch it again with {_command(record)}."
        )
    raise ManifestError(
        f"{record.path} is not here (expected a file with sha256 {record.sha256[:12]}..., found none). "
        f"Fetch it with {_command(record)}, or set {DATA_VARIABLE} to a folder that holds it."
    )


def fetch(file_id, *, progress=True):
    """Path of a verified file, after downloading it (with a bar) where no good copy is here.

    The download goes to a temporary name and takes its place only when its sha256 is the recorded one, so that an
    interrupted or altered download never counts: then, or without an answer, it is a `ManifestError`.
    """
    record = _record(file_id)
    try:
        return locate(file_id)
    except ManifestError:
        return _download(record, progress=progress)


def fetch_all(cohort=None, *, progress=True):
    """Paths of all files of a cohort, by identifier: verified, and downloaded where needed.

    Without a cohort, of all cohorts but the files above `ON_REQUEST` bytes, which come only when their cohort is named.
    """
    records = [one for one in data_files(cohort) if cohort or int(one.bytes) <= ON_REQUEST]
    return {record.id: fetch(record.id, progress=progress) for record in records}


def sha256(path):
    """SHA-256 of an existing file as hexadecimal text, remembered until its size or time changes."""
    status = path.stat()
    return _sha256(path, status.st_size, status.st_mtime_ns)


@lru_cache(maxsize=64)
def _sha256(path, _size, _time):
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _is_root(folder):
    return (folder / "_config.yml").is_file() and (folder / "data_manifest").is_dir()


def _record(file_id):
    records = {record.id: record for record in data_files()}
    if file_id not in records:
        raise ManifestError(
            f"File '{file_id}' is not in data_manifest/files.csv, which lists {', '.join(records)}. Use one of these."
        )
    return records[file_id]


def _command(record):
    return "`make data`" if int(record.bytes) <= ON_REQUEST else f"`mvi fetch {record.cohort}` ({record.bytes} bytes)"


def _places(record):
    root = project_root()
    named = os.environ.get(DATA_VARIABLE)  # a relative path starts at the project folder
    copies = (root / named / "clinical" / record.path, root / named / record.path) if named else ()
    return (*copies, root / "data" / record.path)


def _download(record, *, progress):
    from mvi_core.download import download  # here, because it loads the network stack, which nothing else needs

    base = os.environ.get(URL_VARIABLE, "").rstrip("/")
    url = f"{base}/{record.path}" if base else record.url
    told = {"sha256": record.sha256, "size": int(record.bytes), "tries": 1 + N_RETRIES, "progress": progress}
    try:
        return download(url, project_root() / "data" / record.path, **told)
    except ManifestError as problem:
        raise ManifestError(
            f"{problem} Try again, set {URL_VARIABLE} to another address, or set {DATA_VARIABLE} to a folder that "
            "holds the file."
        ) from problem

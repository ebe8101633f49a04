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


@dataclass(frozen=True)
class DataFile:
    """One row of ``data_manifest/files.csv``.

    Attributes
    ----------
    id, cohort : str
        Name of the file in this project, and the cohort that needs it.
    path : str
        Place below the data folder, with forward slashes.
    sha256, bytes : str
        What the file must hash to, and its size.
    licence, url, source, date : str
        Terms of use, address of the download, origin in words, day of the record.
    """

    id: str
    cohort: str
    path: str
    sha256: str
    bytes: str
    licence: str
    url: str
    source: str
    date: str


def project_root():
    """Folder of the project, which holds ``_config.yml`` and ``data_manifest/``.

    Looked for in this order: the environment variable ``MVI_ROOT``; the current folder and the ones
    above it; the checkout that holds this package.

    Returns
    -------
    pathlib.Path

    Raises
    ------
    ManifestError
        If ``MVI_ROOT`` names another kind of folder, or no place holds the project.
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
    """Files that the manifest records.

    Parameters
    ----------
    cohort : str, optional
        Only the files of this cohort.

    Returns
    -------
    tuple of DataFile
        In the order of ``data_manifest/files.csv``.
    """
    with (project_root() / "data_manifest" / "files.csv").open(encoding="utf-8", newline="") as stream:
        rows = tuple(DataFile(**row) for row in csv.DictReader(stream))
    return tuple(row for row in rows if cohort in (None, row.cohort))


def locate(file_id):
    """Path of a file whose sha256 has been verified.

    A copy below the folder named by ``MVI_DATA`` comes first, then the project's own ``data/`` folder.

    Parameters
    ----------
    file_id : str
        Identifier in ``data_manifest/files.csv``.

    Returns
    -------
    pathlib.Path

    Raises
    ------
    ManifestError
        If the identifier is unknown, or no copy of the file is the recorded one.
    """
    record = _record(file_id)
    found = [(place, sha256(place)) for place in _places(record) if place.is_file()]
    for place, digest in found:
        if digest == record.sha256:
            return place
    if found:
        raise ManifestError(
            f"{record.path} does not match data_manifest/files.csv (expected sha256 {record.sha256[:12]}..., got "
            f"{found[0][1][:12]}... in the {_word(found[0][0])}). Replace it, or fetch it again with `make data`."
        )
    raise ManifestError(
        f"{record.path} is not here (expected a file with sha256 {record.sha256[:12]}..., found none). "
        f"Fetch it with `make data`, or set {DATA_VARIABLE} to a folder that holds it."
    )


def fetch(file_id, *, progress=True):
    """Path of a verified file, after downloading it where no good copy is here.

    The download goes to a temporary name and takes its place only when its sha256 is the recorded one,
    so that an interrupted or altered download never counts.

    Parameters
    ----------
    file_id : str
        Identifier in ``data_manifest/files.csv``.
    progress : bool
        Show a progress bar.

    Returns
    -------
    pathlib.Path

    Raises
    ------
    ManifestError
        If the address does not answer or answers with other contents.
    """
    record = _record(file_id)
    try:
        return locate(file_id)
    except ManifestError:
        return _download(record, progress=progress)


def fetch_all(cohort=None, *, progress=True):
    """All files of a cohort, verified, and downloaded where needed.

    Parameters
    ----------
    cohort : str, optional
        Cohort id; without it the files of all cohorts.
    progress : bool
        Show a progress bar for each download.

    Returns
    -------
    dict of str to pathlib.Path
        By file identifier.
    """
    return {record.id: fetch(record.id, progress=progress) for record in data_files(cohort)}


def sha256(path):
    """SHA-256 of a file as hexadecimal text, remembered until its size or time changes.

    Parameters
    ----------
    path : pathlib.Path
        An existing file.

    Returns
    -------
    str
    """
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


def _places(record):
    root = project_root()
    named = os.environ.get(DATA_VARIABLE)  # a relative path starts at the project folder
    copies = (root / named / "clinical" / record.path, root / named / record.path) if named else ()
    return (*copies, root / "data" / record.path)


def _word(place):
    return (
        "project's data folder" if place.is_relative_to(project_root() / "data") else f"folder named by {DATA_VARIABLE}"
    )


def _download(record, *, progress):
    import pooch  # here, because it loads the network stack, which nothing else needs
    import requests

    base = os.environ.get(URL_VARIABLE, "").rstrip("/")
    url = f"{base}/{record.path}" if base else record.url
    store = pooch.create(
        path=project_root() / "data",
        base_url="",
        registry={record.path: f"sha256:{record.sha256}"},
        urls={record.path: url},
        retry_if_failed=N_RETRIES,
    )
    try:
        return Path(store.fetch(record.path, downloader=pooch.HTTPDownloader(progressbar=progress, timeout=60)))
    except (requests.exceptions.RequestException, OSError, ValueError) as problem:
        raise ManifestError(
            f"{record.path} could not be downloaded from {url} ({type(problem).__name__}). Try again, set "
            f"{URL_VARIABLE} to another address, or set {DATA_VARIABLE} to a folder that holds the file."
        ) from problem

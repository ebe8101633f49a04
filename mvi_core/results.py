"""What was computed, from what: tidy tables with a record beside each, refused when stale."""

import json
import os
import platform
import subprocess
import tempfile
from datetime import UTC, datetime
from functools import lru_cache
from importlib.metadata import version
from pathlib import Path

import pandas as pd

from mvi_core import __version__
from mvi_core.errors import ManifestError, StaleResultError
from mvi_core.manifest import sha256
from mvi_core.study import load_study

TEXT_COLUMNS = {"patient_id": str, "enrolment": str, "sequences": str, "variable": str, "level": str}
VERSIONED = ("torch", "torchvision", "numpy", "pandas", "scikit-learn")  # named in the record of a stored table
SPREADSHEET_FORMULA = tuple("=+-@\t\r\n＝＋－＠")  # CWE-1236: a cell that a spreadsheet would run


def result_path(cohort, name):
    """Where a result of a cohort lies, present or not."""
    return Path(os.path.normpath(load_study().results / cohort / name))


def write_result(cohort, name, content, *, parameters=None, inputs=()):
    """Store a result with its record, both whole or not at all.

    ``content`` is a table for ``*.csv``, whose text cells that a spreadsheet would run as a formula get a leading
    apostrophe, or a mapping for ``*.json``. ``parameters`` are the numbers that shaped it, ``inputs`` the names of
    results that were read (``../other/x.csv`` for another cohort's).
    """
    path = result_path(cohort, name)
    atomic_write(path, csv_text(content) if name.endswith(".csv") else json.dumps(content, indent=1, sort_keys=True))
    record_result(path, parameters=parameters, inputs=[result_path(cohort, item) for item in inputs])


def record_result(path, *, parameters=None, inputs=()):
    """Write the record beside a file that exists: hash, inputs (paths), parameters, versions, commit."""
    root = load_study().work
    hashes = {os.path.relpath(item, root): sha256(item) for item in inputs}
    record = {**_common(path, parameters), "inputs": hashes, "mvi_core": __version__}
    _write_record(_record_path(path), record)


def read_result(cohort, name):
    """Read a table, identifiers as text, or a mapping back, after checking that it is made from today's inputs.

    A `ManifestError` says that it does not exist yet; a `StaleResultError`, that the file differs from its record, or
    one of its inputs has changed since.
    """
    path = result_path(cohort, name)
    if not path.is_file():
        raise ManifestError(
            f"Result {cohort}/{name} does not exist yet. Run `make book`, or the page that writes it (`mvi run`)."
        )
    _refuse_stale(path, f"{cohort}/{name}")
    return _json(path) if name.endswith(".json") else _table(path)


def read_record(cohort, name):
    """Read the record beside a result: hash, inputs, parameters, profile, version and commit."""
    return _json(_record_path(result_path(cohort, name)))


def write_stored(name, table, *, parameters, seconds, device=None, inputs=()):
    """Store a table that is too dear for the book in ``data_manifest/stored``, with where it comes from; its path.

    ``seconds`` is the wall time of making it, over all its jobs; ``device`` what computed it, this machine's processor
    if absent; ``inputs`` are paths of files that were read, kept by name and hash.
    """
    path, made_by = _stored_path(name), commit()  # before the table itself makes the checkout differ
    atomic_write(path, csv_text(table))
    versions = {"mvi_core": __version__, "python": platform.python_version()}
    record = {
        **_common(path, parameters),
        "commit": made_by,
        "rows": len(table),
        "date": datetime.now(UTC).date().isoformat(),
        "inputs": {Path(item).name: sha256(item) for item in inputs},
        "device": device or _processor(),
        "versions": versions | {name: version(name) for name in VERSIONED},
        "seconds": round(float(seconds), 1),
    }
    _write_record(path.with_suffix(".json"), record)
    return path


def read_stored(name):
    """Read a stored table and its record back, after checking that the record describes this table."""
    if not (path := _stored_path(name)).is_file():
        raise ManifestError(f"Stored table {name} was never made. See data_manifest/stored/README.md for its command.")
    if not path.with_suffix(".json").is_file():
        raise StaleResultError(f"Stored table {name} has no record beside it. Make it again, or restore the record.")
    record = _json(path.with_suffix(".json"))
    if record["sha256"] != sha256(path):
        raise StaleResultError(f"Stored table {name} is not the file its record describes. Restore both, or make it.")
    return _table(path), record


def is_stored(name):
    """Tell whether a stored table was ever made."""
    return _stored_path(name).is_file()


def atomic_write(path, text):
    """Write a text file, in a folder that is made, whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=".part")
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as stream:
            stream.write(text)
            stream.flush()
            os.fsync(stream.fileno())
        Path(temporary).chmod(0o644)
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


@lru_cache
def commit():
    """Commit of the project's checkout, with ``+`` after it when files differ; ``unknown`` outside git."""
    git = ["git", "-C", str(load_study().root)]
    try:
        head = subprocess.run([*git, "rev-parse", "--short=10", "HEAD"], capture_output=True, text=True, check=True)
        dirty = subprocess.run([*git, "status", "--porcelain", "-uno"], capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return "unknown"
    return head.stdout.strip() + ("+" if dirty.stdout.strip() else "")


def _common(path, parameters):
    study = load_study()
    return {"sha256": sha256(path), "parameters": parameters or {}, "profile": study.profile, "commit": commit()}


def _table(path):
    return pd.read_csv(path, dtype=TEXT_COLUMNS, keep_default_na=False, na_values=[""])


def _json(path):
    return json.loads(path.read_text(encoding="utf-8"))


def _write_record(path, record):
    atomic_write(path, json.dumps(record, indent=1, sort_keys=True, default=str) + "\n")


def csv_text(frame):
    """Table as CSV text without its index; a cell or heading that a spreadsheet would run gets an apostrophe first."""
    safe = frame.rename(columns=_defused)
    texts = [name for name, kind in safe.dtypes.items() if not pd.api.types.is_numeric_dtype(kind)]
    return safe.assign(**{name: safe[name].astype(object).map(_defused) for name in texts}).to_csv(
        index=False, lineterminator="\n"
    )


def _defused(cell):
    if not isinstance(cell, str):
        return cell
    cell = cell.replace("\r\n", "\n").replace("\r", "\n")  # a bare return is not quoted, and would begin a row
    return "'" + cell if cell.startswith(SPREADSHEET_FORMULA) else cell


def _stored_path(name):
    return load_study().root / "data_manifest" / "stored" / name


def _processor():
    """Name of this machine's processor, and its number of cores."""
    cpuinfo = Path("/proc/cpuinfo")
    lines = cpuinfo.read_text(encoding="utf-8").splitlines() if cpuinfo.is_file() else []
    named = next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), None)
    return f"{named or platform.processor() or platform.machine()}, {os.cpu_count()} cores"


def _record_path(path):
    return path.with_name(path.name + ".record.json") if path.suffix == ".json" else path.with_suffix(".json")


def _refuse_stale(path, label):
    record_path = _record_path(path)
    if not record_path.is_file():
        raise StaleResultError(f"Result {label} has no record beside it. Delete it and run `make book` again.")
    record = _json(record_path)
    if record["sha256"] != sha256(path):
        raise StaleResultError(
            f"Result {label} is not the file its record describes. Delete it and run `make book` again."
        )
    work = load_study().work
    for item, expected in record["inputs"].items():
        if not (work / item).is_file() or sha256(work / item) != expected:
            raise StaleResultError(
                f"Result {label} was made from another version of {item}. Run `make book` to renew it."
            )

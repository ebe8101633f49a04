"""May a rendered book be published: is it whole, and does it hold no local path, no patient and no image of one?

`python workflow/scan_site.py _build/html` prints every finding and ends with status 1 if there is one. A finding names
the file and the kind, never the value.
"""

import json
import re
import sys
from pathlib import Path
from urllib.parse import unquote

import pandas as pd
import yaml

from mvi_core.cohort.spec import cohort_ids, load_spec
from mvi_core.names import PATIENT_ID
from mvi_core.report.downloads import COUNTS_ONLY, PEOPLE
from mvi_core.results import result_path
from mvi_core.study import load_study

TEXT = (".html", ".js", ".json", ".csv", ".ipynb", ".md", ".txt", ".svg", ".tex", ".css", ".xml", ".inv", ".yaml", "")
NEVER = (".dcm", ".nii", ".gz", ".safetensors", ".npz", ".pkl", ".nrrd", ".mha", ".parquet", ".xlsx")
LOCAL_PATH = re.compile(
    r"""(?<![\w.:/-])(?:/(?:home|root|Users|private|mnt|tmp|var/folders)/[\w.-]+/|[A-Za-z]:\\\\?Users\\|file:///)"""
)
BARCODE = re.compile(r"\bTCGA-[A-Z0-9]{2}-[A-Z0-9]{4}\b")  # of a patient; that of a study is shorter
DICOM_MAGIC = (128, b"DICM")
NEEDED = ("index.html", "intro.html", "search.html", "searchindex.js", "downloads/report.json")


def findings(site, toc=None):
    """Sentences, one a finding, about a rendered site; ``toc`` is its table of contents."""
    files = sorted(path for path in site.rglob("*") if path.is_file())
    yield from (f"{name} is missing" for name in _needed(toc) if not (site / name).is_file())
    people = _people()
    for path in files:
        name = path.relative_to(site).as_posix()
        yield from (f"{name} {fault}" for fault in _faults(path, name, people))


def _needed(toc):
    parts = [] if toc is None else toc["parts"]
    return [*NEEDED, *(f"{row['file']}.html" for part in parts for row in part["chapters"])]


def _faults(path, name, people):
    if path.suffix in NEVER:
        yield f"is a {path.suffix} file, which may hold an image or rows of patients"
        return
    content = path.read_bytes()
    place, magic = DICOM_MAGIC
    if content[place : place + len(magic)] == magic:
        yield "is a DICOM file"
    if path.suffix not in TEXT:
        return
    text = content.decode("utf-8", errors="ignore")
    if LOCAL_PATH.search(text) or str(load_study().root) in text:
        yield "names a path of the machine that made it"
    if BARCODE.search(text) or people & set(re.findall(r"[\w.-]{4,}", text)):
        yield "names a patient"
    yield from _rows_of_people(name, text)


def _rows_of_people(name, text):
    """Tables of real and own patients that do not only count them."""
    folder, _, rest = unquote(name).removeprefix("downloads/").partition("/")
    offered = name.startswith("downloads/") and folder in cohort_ids() and load_spec(folder).kind in PEOPLE
    if offered and name.endswith((".csv", ".json")) and rest not in COUNTS_ONLY:
        yield "is a table of real or own patients that may hold rows of them"
    if offered and name.endswith(".csv") and PATIENT_ID in text.partition("\n")[0].split(","):
        yield "has a column of patients"


def _people():
    """Pseudonyms of real and own patients that this machine knows, long enough to be told from other words."""
    tables = [result_path(name, "patients.csv") for name in cohort_ids() if load_spec(name).kind in PEOPLE]
    known = [pd.read_csv(path, dtype=str)[PATIENT_ID] for path in tables if path.is_file()]
    return {name for table in known for name in table if len(name) >= 4 and not name.isdigit()}


def main():
    """Print the findings about a folder; exit status 1 if there is one."""
    site = Path(sys.argv[1])
    toc = load_study().work / "book" / "_toc.yml"
    found = list(findings(site, yaml.safe_load(toc.read_text(encoding="utf-8")) if toc.is_file() else None))
    n_files = sum(path.is_file() for path in site.rglob("*"))
    print("\n".join(found) or json.dumps({"scanned": n_files, "findings": 0}))
    return bool(found)


if __name__ == "__main__":
    sys.exit(main())

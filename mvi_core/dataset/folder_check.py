"""What is wrong with the images of a hospital's own cohort: every series in use read once, and remembered."""

import hashlib
import hmac
import json
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from os import cpu_count
from types import SimpleNamespace

import numpy as np
from scipy import ndimage

from mvi_core.cohort.folder_tables import check_patients, check_tables
from mvi_core.cohort.study_table import Finding
from mvi_core.dataset.archive import split_member
from mvi_core.dataset.between_series import DYNAMIC, exchanged, odd_sequences, same_pixels, shared_person
from mvi_core.dataset.dicom import read_series
from mvi_core.dataset.dicom_file import CLOCK_START
from mvi_core.dataset.dicom_header import read_dataset
from mvi_core.dataset.own import images_of
from mvi_core.dataset.roi_sources import lesion_mask
from mvi_core.dataset.roi_table import EDGES, mask_paths
from mvi_core.dataset.study_check import expect_same_lesion, roi_findings, series_remarks
from mvi_core.errors import DicomError, RoiError
from mvi_core.names import PATIENT_ID
from mvi_core.results import atomic_write

VERSION = 3  # of what is remembered of a series; with another one it is read again
STATE = "check.json"
SAVE_EVERY = 50  # series between two saves of the state
TILE_PX = 128
IDENTIFIERS = ("FrameOfReferenceUID", "StudyInstanceUID", "SeriesInstanceUID")
DAYS = 10**6  # s
GREY = (1, 99.5)  # percentiles that become black and white


@dataclass(frozen=True)
class FolderCheck:
    """Findings of a cohort folder, and pseudonyms of the patients that may be used and of those that may not."""

    findings: tuple
    good: tuple
    dropped: tuple
    names: dict  #: the hospital's identifier by pseudonym; for the folder itself only
    facts: dict  #: of each series in use by (pseudonym, sequence): shape, spacing_mm, box on the contact sheet
    n_read: int  #: series read now; the others had not changed

    @property
    def errors(self):
        """Findings that must be mended."""
        return tuple(one for one in self.findings if one.severity == "error")


def check_folder(folder, spec, *, progress=None):
    """Check the tables of a cohort folder, and read every series in use that has changed since the last check.

    Parameters
    ----------
    folder : CohortFolder
    spec : CohortSpec
    progress : callable, optional
        Called with the number of series done and of all.

    Returns
    -------
    FolderCheck
        A patient with an error of its own is in ``dropped``; an error without a patient concerns the cohort.
    """
    patients, found = check_patients(folder, spec)
    facts, n_read, names = {}, 0, patients
    if spec.analyses["images"]:
        (series, files, rois), more = check_tables(folder, spec, patients)
        found += more
        root = (folder.path / str(spec.images.get("root") or "images")).resolve()
        if not root.is_dir():
            remedy = "Run `mvi scan`, which fills it in."
            found.append(Finding("error", "", "", "cohort.yaml", "images.root is no folder.", remedy))
        images = images_of(folder, root, series, files, rois)
        names = {folder.pseudonym(name): name for name in images.names} | patients
        keys = sorted(images.series[[PATIENT_ID, "sequence"]].itertuples(index=False, name=None))
        keys = [key for key in keys if key[0] in patients and key[1] in spec.sequences]
        masks, told = mask_paths(folder)
        tasks, more = _tasks(images, keys, patients, masks)
        facts, n_read = _remembered(folder, tasks, progress)
        found += [
            *told,
            *more,
            *(Finding(*one) for kept in facts.values() for one in kept["findings"]),
            *_between(facts),
        ]
    faulty = {one.patient for one in found if one.severity == "error"}
    good, dropped = (tuple(name for name in patients if (name in faulty) is bad) for bad in (False, True))
    ordered = sorted(found, key=lambda one: (one.severity, one.patient, one.series))
    return FolderCheck(tuple(ordered), good, dropped, names, facts, n_read)


def tile_path(folder, key):
    """Where the small picture of a series, (pseudonym, sequence), is kept for the contact sheet."""
    return folder.path / "contact" / f"{key[0]}_{key[1]}.npy"


def _tasks(images, keys, patients, masks):
    """List what is to be read, by key, with a digest of its state; and findings on series whose files are gone."""
    tasks, found = {}, []
    boxes = {key: list(rows.iterrows()) for key, rows in images.boxes.groupby([PATIENT_ID, "sequence"])}
    for key in keys:
        try:
            places = images.places(*key)
            mask = masks.get((patients[key[0]], key[1]))
            state = _state(places, mask, boxes.get(key, []))
        except (DicomError, OSError) as problem:
            words = str(problem) if isinstance(problem, DicomError) else "a file of the series is not there any more."
            found.append(Finding("error", *key, "files.csv", words, "Scan again."))
            continue
        tasks[key] = SimpleNamespace(
            key=key, places=places, patient_id=patients[key[0]], mask=mask, boxes=boxes.get(key, []), state=state
        )
    return tasks, found


def _state(places, mask, boxes):
    """Digest of what a result depends on: path, size and time of each file, the boxes, and the version of the check."""
    files = {split_member(place[0] if isinstance(place, tuple) else place)[0] for place in places}
    seen = {**{one: str(one) for one in files}, **({mask: mask.name} if mask else {})}
    stamps = sorted((name, one.stat().st_size, one.stat().st_mtime_ns) for one, name in seen.items())
    rows = [[row, *map(str, cells)] for row, cells in boxes]
    return hashlib.sha256(json.dumps([VERSION, stamps, list(map(str, places)), rows]).encode()).hexdigest()


def _remembered(folder, tasks, progress):
    """Facts of every task, from the last check where nothing changed; and the number of series read now."""
    path, kept = folder.path / STATE, {}
    if path.is_file() and not path.is_symlink():
        try:
            kept = {tuple(key.split("/")): one for key, one in json.loads(path.read_text("utf-8"))["series"].items()}
        except (ValueError, KeyError, TypeError, AttributeError):
            kept = {}  # a damaged state is made again
    facts = {
        key: kept[key]
        for key, task in tasks.items()
        if key in kept and kept[key].get("state") == task.state and tile_path(folder, key).is_file()
    }
    todo = [task for key, task in tasks.items() if key not in facts]
    (folder.path / "contact").mkdir(exist_ok=True)
    work = partial(_read_one, folder)
    if len(todo) < 4 or (cpu_count() or 1) < 2:
        _gather(folder, facts, map(work, todo), len(tasks), progress)
    else:
        with ProcessPoolExecutor(cpu_count()) as pool:
            _gather(folder, facts, pool.map(work, todo), len(tasks), progress)
    return {key: facts[key] for key in tasks}, len(todo)


def _gather(folder, facts, results, n_all, progress):
    try:
        for number, (key, fact) in enumerate(results, start=1):
            facts[key] = fact
            if number % SAVE_EVERY == 0:
                _save(folder, facts)
            if progress is not None:
                progress(len(facts), n_all)
    finally:  # an interrupted check goes on from here
        _save(folder, facts)


def _save(folder, facts):
    content = {"version": VERSION, "series": {"/".join(key): one for key, one in sorted(facts.items())}}
    atomic_write(folder.path / STATE, json.dumps(content))


def _read_one(folder, task):
    """Facts and findings of one series; its small picture is written beside."""
    who, sequence = task.key
    fact = {"state": task.state, "findings": [], "box": None}
    try:
        volume = read_series(task.places, where=f"patient {who}, sequence {sequence}")
        fact |= _identity(folder, task, volume)
        found = [*series_remarks(who, sequence, volume), *roi_findings(who, sequence, volume, task.boxes)]
        found += [*_wrong_person(task, fact), *_mask_findings(task, volume)]
        fact["box"] = _write_tile(folder, task, volume)
    except (DicomError, OSError) as problem:
        words = str(problem) if isinstance(problem, DicomError) else "a file could not be read. Copy the series again."
        found = [Finding("error", who, sequence, "", words)]
        np.save(tile_path(folder, task.key), np.zeros((TILE_PX, TILE_PX), np.uint8))
    fact["findings"] = [list(vars(one).values()) for one in found]
    return task.key, fact


def _identity(folder, task, volume):
    """Read what must agree between series: keyed digests of identifiers, digest of the pixels, geometry and order."""
    place = task.places[0][0] if isinstance(task.places[0], tuple) else task.places[0]
    head = read_dataset(place, f"patient {task.key[0]}, sequence {task.key[1]}")
    told = {name: str(head.get(name) or "") for name in IDENTIFIERS}
    person = [str(head.get(name) or "") for name in ("PatientName", "PatientBirthDate")]
    told["name and birth date"] = "^".join(person) if all(person) else ""
    start = int.from_bytes(_digest(folder, f"clock of {task.patient_id}")[:4]) % DAYS  # nobody learns the time of day
    return {
        **{name: _digest(folder, text).hex() if text else None for name, text in told.items()},
        "pixels": volume.tokens["pixels"], "weight": volume.tokens["weight"],
        "clock": volume.tokens["clock"] - CLOCK_START + start, "shape": list(volume.pixels.shape),
        "spacing_mm": list(volume.spacing_mm),
        "same_person": str(head.get("PatientID") or "").strip() == task.patient_id,
    }  # fmt: skip


def _digest(folder, text):
    return hmac.new(folder.key, text.encode(), "sha256").digest()


def _wrong_person(task, fact):
    if not fact["same_person"]:
        words = "the DICOM PatientID is another patient's than series.csv says."
        yield Finding("error", *task.key, "series.csv", words, "Scan again, or correct patient_id.")


def _mask_findings(task, volume):
    """Tell of a mask that cannot be used, an error only where no box was drawn, or that lies beside the box."""
    if task.mask is None:
        return
    where = f"masks/{task.key[0]}/{task.mask.name}"
    try:
        mask, _ = lesion_mask(task.mask, volume, where)
        expect_same_lesion(mask, task.boxes, where)
    except RoiError as problem:
        yield Finding("warning" if task.boxes else "error", *task.key, where, str(problem))


def _between(facts):
    """Compare the series: one person or one image twice, and sequences of one patient that do not fit each other."""
    seen = {key: one | {"shape": tuple(one["shape"])} for key, one in facts.items() if "pixels" in one}
    odd = [one for one in odd_sequences(seen) if one.series in DYNAMIC or "matrix size" not in one.message]
    return [*same_pixels(seen), *shared_person(seen), *odd, *exchanged(seen)]


def _write_tile(folder, task, volume):
    """Draw the slice of the largest box small and grey, write it, and give the box on it, half-open, or None."""
    edges = {int(cells["slice_index"]): [int(cells[name]) for name in EDGES] for _, cells in task.boxes}
    at = max(edges, key=lambda i: max(edges[i][2] - edges[i][0], edges[i][3] - edges[i][1])) if edges else None
    at = at if at is not None and at < len(volume.pixels) else len(volume.pixels) // 2
    image = volume.pixels[at]
    scale = TILE_PX / max(image.shape)
    low, high = np.percentile(image, GREY)
    small = ndimage.zoom(image, scale, order=1, grid_mode=True, mode="nearest")[:TILE_PX, :TILE_PX]
    grey = np.zeros((TILE_PX, TILE_PX), np.uint8)
    grey[: small.shape[0], : small.shape[1]] = 255 * np.clip((small - low) / max(high - low, 1e-9), 0, 1)
    np.save(tile_path(folder, task.key), grey)
    return [edge * scale for edge in edges[at]] if at in edges else None

"""Where do the images of a user's own cohort lie: the series and the boxes of each patient, under pseudonyms."""

from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from mvi_core.cohort.folder import find_cohort, read_files_table, read_rois_table, read_series_table
from mvi_core.cohort.liverhccseg import exams
from mvi_core.cohort.spec import numbered
from mvi_core.dataset.dicom import read_series
from mvi_core.dataset.liverhccseg import phase_volume
from mvi_core.errors import CohortError, DicomError
from mvi_core.manifest import locate
from mvi_core.names import PATIENT_ID
from mvi_core.results import result_path


@dataclass(frozen=True, eq=False)
class OwnImages:
    """Images of a scanned cohort folder: boxes, and for each patient and sequence the files of one series."""

    root: Path
    boxes: pd.DataFrame  #: as `rois.build_roi_cache` wants them, of pseudonyms
    series: pd.DataFrame  #: series in use: ``patient_id`` (pseudonym), ``sequence``, ``series``
    names: tuple  #: the hospital's identifiers of the patients that have series
    files: dict  #: of each series: table of ``path`` below the root and ``frame`` of an enhanced file or empty

    def volume(self, patient_id, sequence):
        """Read the `Volume` of a patient and sequence; a `DicomError` where there is no series, or several."""
        return read_series(self.places(patient_id, sequence), where=f"patient {patient_id}, sequence {sequence}")

    def places(self, patient_id, sequence):
        """Files of a patient and sequence, or (file, frame) pairs, as `read_series` takes them; else a `DicomError`."""
        where = f"patient {patient_id}, sequence {sequence}"
        chosen = self.series[(self.series[PATIENT_ID] == patient_id) & (self.series["sequence"] == sequence)]
        if len(chosen) != 1:
            raise DicomError(
                f"{where}: {len(chosen)} series are in use (use = yes in series.csv), expected one. "
                "Mark the right one in series.csv, or scan again."
            )
        rows = self.files.get(chosen["series"].iloc[0])
        if rows is None:
            raise DicomError(f"{where}: files.csv names no file of its series. Scan the folder again.")
        return [self._place(row, where) for row in rows.itertuples()]

    def _place(self, row, where):
        name, mark, member = str(row.path).partition("!")
        path = (self.root / name).resolve()
        if not path.is_relative_to(self.root):
            raise DicomError(f"{where}: a path in files.csv leads outside images.root. Scan the folder again.")
        place = f"{path}!{member}" if mark else path
        return (place, int(row.frame)) if row.frame else place


def own_images(spec):
    """Read what `mvi scan` found for a cohort with ``reader: folder``; a `CohortError` where a table is missing."""
    folder = find_cohort(spec.folder)
    root = (folder.path / spec.images["root"]).resolve()
    if not root.is_dir():
        raise CohortError(f"Cohort '{spec.id}': images.root is no folder. Correct it in cohort.yaml.")
    tables = [read(folder) for read in (read_series_table, read_files_table, read_rois_table)]
    if faults := [str(finding) for _, found in tables for finding in found if finding.severity == "error"]:
        raise CohortError(f"Cohort '{spec.id}': {len(faults)} fault(s) in its tables.\n{numbered(faults)}")
    series, files, boxes = (table for table, _ in tables)
    return images_of(folder, root, series, files, boxes)


def images_of(folder, root, series, files, boxes):
    """`OwnImages` from tables without fault: ``series.csv``, ``files.csv`` and ``rois.csv`` as `folder` reads them."""
    used = series[series["use"] == "yes"]
    used, masked = (table.assign(**{PATIENT_ID: table[PATIENT_ID].map(folder.pseudonym)}) for table in (used, boxes))
    names, by_series = tuple(series[PATIENT_ID].unique()), dict(list(files.groupby("series")))
    return OwnImages(root, masked, used[[PATIENT_ID, "sequence", "series"]], names, by_series)


def cohort_volume(spec, patient_id, sequence):
    """Read the `Volume` of a patient of any cohort with images: a phantom's files, a user's own, LiverHccSeg's."""
    if spec.source["reader"] == "folder":
        return own_images(spec).volume(patient_id, sequence)
    if spec.source["reader"] == "liverhccseg":
        archive = locate("liverhccseg_images")
        return phase_volume(archive, exams(archive)[patient_id], sequence, f"patient {patient_id}, sequence {sequence}")
    return read_series(result_path(spec.id, f"images/dicom/{patient_id}/{sequence}"))

"""What do ``mvi new``, ``mvi scan``, ``mvi rois`` and ``mvi check`` do with a cohort of one's own."""

from mvi_core.cohort.folder import find_cohort, new_cohort, set_images_root
from mvi_core.cohort.spec import load_spec
from mvi_core.names import PATIENT_ID, SEQUENCES
from mvi_core.verbs.progress import bar


def new(name):
    """Make the folder of a cohort, and say so in a sentence."""
    folder = new_cohort(name)
    return f"{folder.path} is made. Read README.md there; then `mvi scan {folder.id} DICOM_FOLDER`."


def scan(cohort, images, *, afresh=False):
    """Find the series of a tree of DICOM, write ``series.csv`` and ``files.csv``, and say what a person must decide."""
    from mvi_core.dataset.scan import scan_folder

    folder = find_cohort(cohort)
    with bar("headers", "file") as progress:
        found = scan_folder(folder, images, afresh=afresh, progress=progress)
    set_images_root(folder, images)
    series = found.series
    used = series[series["use"] == "yes"]
    aside = series["set_aside"] != ""
    unknown = (series["sequence"] == "") & ~aside
    patients = series.loc[series[PATIENT_ID] != "", PATIENT_ID].unique()
    lines = [
        f"{found.n_files} files, {len(series)} series volumes of {len(patients)} patients; cohort.yaml names them."
    ]
    for sequence in SEQUENCES:
        mine = used[used["sequence"] == sequence]
        sure = mine["confidence"].value_counts()
        levels = ", ".join(f"{sure[level]} {level}" for level in ("high", "medium", "low") if level in sure)
        lines.append(
            f"  {sequence:<4} {len(mine)} of {len(patients)} patients" + (f" (confidence: {levels})" if levels else "")
        )
    lines += [
        f"  set aside {count}: {reason}" for reason, count in series.loc[aside, "set_aside"].value_counts().items()
    ]
    lines += [*found.told, f"{unknown.sum()} series are not known. Review series.csv, then `mvi check {folder.id}`."]
    return lines


def rois(cohort, *, table=None, overlay=False, share=None):
    """Write ``rois.csv`` from masks, overlays or a table; lines on what was made, and whether all is well."""
    from mvi_core.dataset.own import own_images
    from mvi_core.dataset.roi_table import make_rois

    folder = find_cohort(cohort)
    with bar("boxes", "series") as progress:
        made, found = make_rois(
            folder, own_images(load_spec(folder.id)), table=table, overlay=overlay, share=share, progress=progress
        )
    n_series = len(made[[PATIENT_ID, "sequence"]].drop_duplicates())
    lines = [str(one) for one in found]
    lines.append(f"{len(made)} boxes in {n_series} series of {made[PATIENT_ID].nunique()} patients; see rois.csv.")
    return lines, not any(one.severity == "error" for one in found)

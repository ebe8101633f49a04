"""How long do the slow parts of the study take: resizing, searching, rebuilding, auditing."""

from importlib.util import find_spec

import numpy as np
from benchmarks.timing import cpu_seconds, line, paired_ratios
from reconstruction import search_table3
from scipy.ndimage import gaussian_filter

from mvi_core.cohort.reconstruct import reconstruct_patients, solutions
from mvi_core.dataset.roi import resize
from mvi_core.report import paper_values
from mvi_core.stats.audit.sun2022 import run_audit
from mvi_core.stats.audit.verdict import VERDICTS

SEEDS = range(6)  # of fresh searches
N_IMAGES = 50


def roi_resize():
    """Lesion images of 120 px brought to 48 px with antialiasing."""
    if find_spec("skimage") is None:
        return ["ROI resize: left out, because scikit-image, its reference, is not installed"]
    from skimage.transform import resize as reference

    noise = np.random.default_rng(3).normal(size=(N_IMAGES, 120, 120))
    images = gaussian_filter(noise, (0, 6, 6)).astype(np.float32)  # as smooth as a lesion
    theirs = [reference(image, (48, 48), order=1, mode="edge", anti_aliasing=True) for image in images]
    ours = [resize(image, 48) for image in images]
    np.testing.assert_allclose(ours, theirs, atol=0.1 * images.std())  # the two smooth with different windows
    ratios = paired_ratios(
        lambda: [reference(image, (48, 48), order=1, mode="edge", anti_aliasing=True) for image in images],
        lambda: [resize(image, 48) for image in images],
    )
    return [line("ROI resize, antialiased", ratios, "x", f"scikit-image, {N_IMAGES} images of 120 px to 48 px")]


def search():
    """Fresh searches of the counts behind Table 3."""
    found, seconds = [], []
    for seed in SEEDS:
        seconds.append(cpu_seconds(lambda seed=seed: found.append(search_table3(np.random.default_rng([7, seed])))))
    good = [counts for counts in found if counts is not None]
    assert all(counts.max_relative_error <= 0.002 and counts.p_values_as_printed for counts in good)
    about = f"found in {len(good)} of {len(found)} attempts with the printed intercept and AUC"
    return [line("fresh search of Table 3", seconds, "s", about)]


def rebuild():
    """Every patient of the reconstructed cohort from the stored counts."""
    seconds = [cpu_seconds(reconstruct_patients) for _ in range(5)]
    patients = reconstruct_patients()
    stored = solutions().loc[0]
    assert len(patients) == 321
    assert np.sum((patients["mvi_present"] == 1) & (patients["dl_mvi"] == 0)) == stored["fn"]
    return [line("rebuild of the stored cohort", seconds, "s", "321 patients; at most 5 s")]


def audit():
    """All checks on the printed numbers."""
    values, verdicts = paper_values().reset_index(), []
    seconds = cpu_seconds(lambda: verdicts.extend(run_audit(values)))
    assert {item.verdict for item in verdicts} <= set(VERDICTS)
    return [line("audit of the printed numbers", [seconds], "s", f"{len(verdicts)} verdicts; at most 60 s")]

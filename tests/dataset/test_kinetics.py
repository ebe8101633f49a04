"""Signal after gadoxetic acid: constants, and the measured curves that they come from."""

import csv
import io
import os
import zipfile
from pathlib import Path

import numpy as np
import pytest

from mvi_core.dataset.kinetics import MEASURED_DELTA_R1, MEASURED_T1_S, N_MEASURED, phase_signal, spgr_signal
from mvi_core.errors import MviError

SECONDS, TRANSIT_S, HALF_WINDOW_S = (25, 80, 180), 15, 5
FILES = {"tristan_humans_healthy_controls_leeds": {str(n) for n in range(4, 11)},
         "tristan_humans_patients_rifampicin": {"001", "002", "003"}}  # fmt: skip


def curves_folder():
    roots = [Path(os.environ["MVI_DATA"])] if "MVI_DATA" in os.environ else []
    roots.append(Path(__file__).resolve().parents[3] / "shared" / "data")
    return next(
        (root / "clinical/gadoxetate_dce" for root in roots if (root / "clinical/gadoxetate_dce").is_dir()), None
    )


def columns(archive):
    rows = list(csv.reader(io.StringIO(archive.read("rois.csv").decode())))
    as_number = {"True": 1.0, "False": 0.0}
    found = {}
    for place, key in enumerate(zip(*rows[:3], strict=True)):
        cells = [row[place] for row in rows[3:] if place < len(row) and row[place]]
        found[key] = np.array([as_number[cell] if cell in as_number else float(cell) for cell in cells])
    return found


def change_of_r1(signals, parameters, person, region):
    def get(name):
        return signals[person, "control", name]

    def fallback(name, other):
        return float(parameters.get((person, "control", name), parameters[person, "control", other]))

    seconds, baseline = get("time_1"), get("time_1") - get("time_1")[0] < 60
    aorta, good = get("aorta_1"), get("aorta_1_accept") > 0
    arrival = seconds[good][np.flatnonzero(aorta[good] > 1.5 * np.median(aorta[baseline & good]))[0]]
    signal, good = get(f"{region}_1"), get(f"{region}_1_accept") > 0
    t1, tr = fallback(f"T1_{region}_1", "T1_aorta_1"), fallback("TR", "TR")
    cosine, e = np.cos(np.radians(fallback("FA_1", "FA_1"))), np.exp(-tr / t1)
    before = (1 - e) / (1 - cosine * e)
    changes = []
    for second in SECONDS:
        near = (np.abs(seconds - (arrival - TRANSIT_S + second)) <= HALF_WINDOW_S) & good
        now = before * np.median(signal[near]) / np.median(signal[baseline & good])
        changes.append(-np.log((1 - now) / (1 - now * cosine)) / tr - 1 / t1)
    return changes, t1


@pytest.mark.real_data
def test_the_measured_constants_follow_from_the_published_curves():
    """Witness: dynamic MR of 10 people (TRISTAN), read from the archives themselves."""
    folder = curves_folder()
    if folder is None:
        pytest.skip("the gadoxetate curves are not here (set MVI_DATA)")
    found = {region: [] for region in MEASURED_T1_S}
    for name, people in FILES.items():
        archive = zipfile.ZipFile(folder / f"{name}.dmr.zip")
        rows = csv.reader(io.StringIO(archive.read("pars.csv").decode()))
        signals, parameters = columns(archive), {tuple(row[:3]): row[3] for row in rows}
        for person in people:
            for region, values in found.items():
                values.append(change_of_r1(signals, parameters, person, region))
    for region, values in found.items():
        assert len(values) == N_MEASURED
        assert np.median([change for change, _ in values], axis=0) == pytest.approx(MEASURED_DELTA_R1[region], abs=6e-4)
        assert np.median([t1 for _, t1 in values]) == pytest.approx(MEASURED_T1_S[region], abs=6e-4)


def test_the_gradient_echo_equation_agrees_with_the_bloch_recursion():
    """Witness: longitudinal magnetisation turned and relaxed 400 times until it is steady."""
    r1, tr, flip, magnetisation = 1.3, 0.00553, np.radians(10), 1.0
    for _ in range(4000):
        magnetisation = 1 - (1 - magnetisation * np.cos(flip)) * np.exp(-tr * r1)
    assert spgr_signal(r1) == pytest.approx(magnetisation * np.sin(flip), rel=1e-9)


def test_hcc_is_bright_in_the_arterial_phase_and_washed_out_later():
    ratio = {phase: phase_signal("hcc", phase) / phase_signal("liver", phase) for phase in ("T1", "T1A", "T1V", "T1D")}
    assert ratio["T1A"] > 1.1 and ratio["T1D"] < ratio["T1V"] < 1 and ratio["T1"] < 1


def test_liver_brightens_over_the_phases_and_blood_fades_after_the_first_pass():
    liver = [phase_signal("liver", phase) for phase in ("T1", "T1A", "T1V", "T1D")]
    aorta = [phase_signal("aorta", phase) for phase in ("T1A", "T1V", "T1D")]
    assert liver == sorted(liver) and liver[0] == 1 and aorta == sorted(aorta, reverse=True)


@pytest.mark.parametrize(("tissue", "sequence"), [("bone", "T1"), ("liver", "T2")])
def test_unknown_tissues_and_sequences_are_named(tissue, sequence):
    with pytest.raises(MviError, match="No kinetics of"):
        phase_signal(tissue, sequence)

"""What does a simulated liver with an HCC look like in each sequence, and which signs of MVI were planted where."""

import hashlib
from dataclasses import dataclass

import numpy as np
from scipy import ndimage

from mvi_core.dataset.kinetics import phase_signal
from mvi_core.names import EXTERNAL_YEAR, MrSequence

CENTRE_MM = 160.0  # centre of the image in the coordinates of the anatomy below
SIZE_RANGE_CM = (0.8, 13.0)  # lesion diameters drawn; a patient's size_cm is clipped to what the slices and liver hold

# Planted: strength of a patient's sign in a sequence is GRADE_STEP[grade] x SIGN_EFFECT[sequence] + noise, in standard
# deviations of that noise. The noise of T1, T1V and T1D is correlated by SIGN_CORRELATION: a sign that is faint in one
# of them tends to be strong in another, so that three together tell more than three independent ones would. Each sign
# is drawn in one sequence only. All of this is an idealisation with a known answer, not a finding.
GRADE_STEP = {"M0": 0.0, "M1": 0.85, "M2": 1.30}
SIGN = {  # diagnostic odds ratios in patients: Hong 2021, doi:10.1159/000513704
    MrSequence.T1: "lesion darker than liver",  # 4.9
    MrSequence.T1A: "wedge of peritumoural enhancement",  # 4.4
    MrSequence.T1V: "irregular margin and broken capsule",  # 3.2 (margin)
    MrSequence.T1D: "peritumoural hypointensity",  # 8.2, in the hepatobiliary phase
    MrSequence.T2: "faint peritumoural brightness",
    MrSequence.DWI: "none",
}
SIGN_EFFECT = {
    MrSequence.T1: 1.0,
    MrSequence.T1A: 0.5,
    MrSequence.T1V: 1.0,
    MrSequence.T1D: 1.0,
    MrSequence.T2: 0.2,
    MrSequence.DWI: 0.0,
}
SIGN_CORRELATION = -0.3

# Planted: what another scanner setting does to the images of 2018, by sequence. Sequences not named do not drift.
DRIFT = {
    MrSequence.T1: {"gain": 1.30, "contrast": 0.70, "noise": 1.8, "blur_px": 0.6},
    MrSequence.T1D: {"gain": 0.75, "contrast": 0.70, "noise": 1.8, "blur_px": 0.6},
}

LIVER_LEVEL = {  # stored value of pre-contrast liver (T1 sequences) or liver (T2, DWI)
    **dict.fromkeys((MrSequence.T1, MrSequence.T1A, MrSequence.T1V, MrSequence.T1D), 250.0),
    MrSequence.T2: 150.0,
    MrSequence.DWI: 90.0,
}
NOISE = {  # of the liver level
    **dict.fromkeys((MrSequence.T1, MrSequence.T1A, MrSequence.T1V, MrSequence.T1D), 0.06),
    MrSequence.T2: 0.08,
    MrSequence.DWI: 0.12,
}
BLUR_PX = 0.5
_TISSUES = ("air", "wall", "liver", "spleen", "aorta", "portal", "spine")
_OTHER_SIGNAL = {  # relative to liver before contrast (T1) or to liver (T2, DWI); chosen for plausible looks
    MrSequence.T1: {"wall": 0.45, "spleen": 0.70, "spine": 0.55},
    MrSequence.T1A: {"wall": 0.47, "spleen": 1.70, "spine": 0.60},
    MrSequence.T1V: {"wall": 0.55, "spleen": 1.45, "spine": 0.70},
    MrSequence.T1D: {"wall": 0.55, "spleen": 1.20, "spine": 0.70},
    MrSequence.T2: {"wall": 0.5, "liver": 1, "spleen": 1.9, "aorta": 0.3, "portal": 0.5, "spine": 0.8, "hcc": 1.6},
    MrSequence.DWI: {"wall": 0.2, "liver": 1, "spleen": 2.2, "aorta": 0.2, "portal": 0.3, "spine": 0.5, "hcc": 2.0},
}
_HALO = {
    MrSequence.T1D: (-0.18, -0.11, -0.55),
    MrSequence.T2: (0.10, 0.08, 0.4),
}  # at sign 0, per unit of sign, at most
_CAPSULE = {MrSequence.T1V: 0.70, MrSequence.T1D: 0.12}  # brightness of the late rim, of pre-contrast liver


@dataclass(frozen=True, eq=False)
class PatientPlan:
    """Everything drawn once for a patient, before any sequence is rendered."""

    rng: np.random.Generator  # continues with the noise of the images
    signs: dict  # strength of the planted sign by sequence, in standard deviations; larger with higher grade
    radius_mm: float  # half the lesion diameter
    centre_mm: tuple[float, float]  # row and column of the lesion centre in the field of view
    lobes: np.ndarray  # (2, 6), amplitude and phase of the margin's lobes 2 to 7
    vessels: np.ndarray  # (n, 5), row, column, angle, length and half width of vessel segments, mm and radians
    texture: np.ndarray  # (n_slices, 40, 40), coarse liver texture, shared by the sequences
    drifts: bool  # whether the later scanner settings made the images


def planted():
    """Everything that was planted, as plain numbers and words for the cohort description and the book.

    Returns
    -------
    dict
        ``planted`` and ``drift``, as in ``data_manifest/cohorts/phantom.yaml``.
    """
    return {
        "planted": {
            "grade_step": dict(GRADE_STEP),
            "sign_effect": {str(sequence): effect for sequence, effect in SIGN_EFFECT.items()},
            "sign_correlation": SIGN_CORRELATION,
            "sign": {str(sequence): sign for sequence, sign in SIGN.items()},
        },
        "drift": {str(sequence): dict(change) for sequence, change in DRIFT.items()},
    }


def plan_patient(patient, *, seed, n_slices, sign_effect=SIGN_EFFECT):
    """Draws of one patient; they depend on seed and patient_id only, never on other patients.

    Parameters
    ----------
    patient : mapping
        With ``patient_id``, ``enrolment``, ``mvi_grade``, ``size_cm`` and, where the scanner settings are not those
        of the enrolment, ``scanner_year``.
    seed, n_slices : int
    sign_effect : mapping of MrSequence to float
        As ``SIGN_EFFECT``; a sequence that is not named carries no sign.

    Returns
    -------
    PatientPlan
    """
    key = hashlib.sha256(f"phantom/{seed}/{patient['patient_id']}".encode()).digest()
    rng = np.random.Generator(np.random.SFC64(int.from_bytes(key[:16])))
    radius = 5.0 * float(np.clip(patient["size_cm"], *SIZE_RANGE_CM))
    room = max(1.0 - radius / 75.0, 0.05)  # small lesions lie anywhere in the right lobe, large ones fill it
    angle, away = rng.uniform(0, 2 * np.pi), 55.0 * room * np.sqrt(rng.uniform())
    return PatientPlan(
        rng=rng,
        signs=_signs(GRADE_STEP[str(patient["mvi_grade"])], sign_effect, rng),
        radius_mm=radius,
        centre_mm=(150.0 + away * np.sin(angle), 105.0 + away * np.cos(angle)),
        lobes=np.stack([np.abs(rng.normal(0, 1, 6)) / np.arange(2, 8), rng.uniform(0, 2 * np.pi, 6)]),
        vessels=rng.uniform((95, 70, 0, 20, 1.5), (205, 190, np.pi, 70, 3.5), (5, 5)),
        texture=rng.standard_normal((n_slices, 40, 40), dtype=np.float32),
        drifts=str(patient.get("scanner_year", patient["enrolment"])) == EXTERNAL_YEAR,
    )


def render(plan, sequence, *, heights_mm, matrix, pixel_mm):
    """Images of one sequence and the lesion in them.

    Parameters
    ----------
    plan : PatientPlan
        Its generator moves on by the noise of the images.
    sequence : MrSequence
    heights_mm : array of float, shape (n_slices,)
        Distance of each slice from the lesion centre, mm.
    matrix : int
        Rows and columns.
    pixel_mm : float

    Returns
    -------
    pixels : numpy.ndarray of uint16, shape (n_slices, matrix, matrix)
    lesion : numpy.ndarray of bool, shape (n_slices, matrix, matrix)
    """
    rng, change = plan.rng, DRIFT.get(sequence, {}) if plan.drifts else {}
    row, column = _grid(matrix, pixel_mm)
    shift = rng.normal(0, 1.5, 2)  # mm; breath holds differ
    signal = _background(plan, sequence, row, column)
    texture = _fine(plan.texture, matrix)
    image = signal * (1 + 0.05 * texture)
    down, right = row - np.float32(plan.centre_mm[0] + shift[0]), column - np.float32(plan.centre_mm[1] + shift[1])
    reach = 1.6 * plan.radius_mm + 20  # mm; nothing of the lesion lies farther out
    part = slice(None), *(slice(at[0], at[-1] + 1) for at in (np.flatnonzero(np.abs(x) < reach) for x in (down, right)))
    down, right = down[part[1]], right[:, part[2]]
    lesion = np.zeros(image.shape, dtype=bool)
    heights = np.asarray(heights_mm, dtype=np.float32)
    image[part], lesion[part] = _with_lesion(plan, sequence, image[part], texture[part], (down, right, heights))
    liver = _signals(sequence)["liver"]
    image = np.where(signal > 0, liver + change.get("contrast", 1.0) * (image - liver), 0) * _coil(rng, row, column)
    blur = float(np.hypot(BLUR_PX, change.get("blur_px", 0.0)))
    image = ndimage.gaussian_filter(image.astype(np.float32), (0, blur, blur), truncate=3.0)
    return _digitised(image, sequence, change, rng), lesion


def _digitised(image, sequence, change, rng):
    noise = rng.standard_normal((2, *image.shape), dtype=np.float32) * np.float32(
        NOISE[sequence] * change.get("noise", 1.0)
    )
    level = LIVER_LEVEL[sequence] * change.get("gain", 1.0) * float(np.exp(rng.normal(0, 0.05)))
    stored = np.hypot(image + noise[0], noise[1]) * np.float32(level)  # Rician
    return np.clip(np.rint(stored), 0, 4095).astype(np.uint16)


def _fine(coarse, matrix):
    """Bilinear enlargement of (n, 40, 40) to (n, matrix, matrix), as two products with one matrix of weights."""
    at = (np.arange(matrix) + 0.5) * coarse.shape[1] / matrix - 0.5
    weights = np.clip(1 - np.abs(at[:, None] - np.arange(coarse.shape[1])), 0, 1).astype(np.float32)
    return weights @ coarse @ weights.T


def _signs(step, sign_effect, rng):
    strong = (MrSequence.T1, MrSequence.T1V, MrSequence.T1D)
    covariance = np.full((3, 3), SIGN_CORRELATION) + (1 - SIGN_CORRELATION) * np.eye(3)
    noise = dict(zip(strong, np.linalg.cholesky(covariance) @ rng.normal(size=3), strict=True))
    noise |= dict(zip((MrSequence.T1A, MrSequence.T2, MrSequence.DWI), rng.normal(size=3), strict=True))
    return {key: step * sign_effect.get(key, 0.0) + float(drawn) for key, drawn in noise.items()}


def _grid(matrix, pixel_mm):
    at = (np.arange(matrix, dtype=np.float32) - (matrix - 1) / 2) * np.float32(pixel_mm) + CENTRE_MM
    return at[:, None], at[None, :]


def _signals(sequence):
    other = {"air": 0.0, **_OTHER_SIGNAL[sequence]}
    measured = (
        {} if "hcc" in other else {key: phase_signal(key, sequence) for key in ("liver", "portal", "aorta", "hcc")}
    )
    return {**measured, **other}


def _background(plan, sequence, row, column):
    def inside(row_mm, column_mm, half_height, half_width):
        return ((row - row_mm) / half_height) ** 2 + ((column - column_mm) / half_width) ** 2 < 1

    tissue = np.zeros(np.broadcast_shapes(row.shape, column.shape), dtype=np.intp)
    tissue[inside(160, 160, 108, 148)] = 1
    liver = inside(150, 105, 82, 78) | inside(112, 165, 34, 62)
    tissue[liver] = 2
    tissue[inside(185, 255, 42, 26)] = 3
    for top, left, angle, length, half in plan.vessels:
        down, right = row - np.float32(top), column - np.float32(left)
        along = down * np.float32(np.sin(angle)) + right * np.float32(np.cos(angle))
        across = down * np.float32(np.cos(angle)) - right * np.float32(np.sin(angle))
        tissue[(np.abs(across) < half) & (np.abs(along) < length / 2) & liver] = 5
    tissue[inside(225, 160, 20, 22)] = 6
    tissue[inside(192, 172, 10, 10)] = 4
    signals = _signals(sequence)
    return np.array([signals[name] for name in _TISSUES], dtype=np.float32)[tissue]


def _with_lesion(plan, sequence, image, texture, place):
    """Image with the lesion and its planted sign, and the lesion's mask."""
    down, right, heights = place
    signals, sign = _signals(sequence), plan.signs[sequence]
    angle = np.arctan2(down, right)
    outside = np.hypot(down, right) - _outline(plan, sequence, angle, heights)  # mm from the margin, negative inside
    visible = (outside.reshape(len(outside), -1).min(axis=1) < 0)[:, None, None]
    near = np.exp(-0.5 * ((outside - 5) / 4) ** 2) * ((outside > 0) & visible)  # band of about 10 mm
    if sequence is MrSequence.T1A:
        facing = 0.5 + 0.5 * np.cos(angle - np.float32(plan.lobes[1, 0]))
        near *= facing * _between(0.15 + 0.12 * sign, 0, 0.6)
    else:
        at_zero, per_unit, most = _HALO.get(sequence, (0.0, 0.0, 0.0))
        near *= np.sign(most) * _between(abs(at_zero) + abs(per_unit) * sign, 0, abs(most))
    tumour = signals["hcc"] * (1 + 0.08 * texture[::-1])
    if sequence is MrSequence.T1:
        tumour *= float(np.exp(-0.13 * sign))
    image = image * (1 + near)
    inside = 1 / (1 + np.exp(np.clip(outside / 0.8, -30, 30)))
    image += inside * (tumour - image)
    if sequence in _CAPSULE:
        image += _capsule(plan, sequence, angle, outside) * visible
    return image, outside < 0


def _outline(plan, sequence, angle, heights):
    irregular = 0.03
    if sequence is MrSequence.T1V:
        irregular += 0.045 * _between(plan.signs[sequence] + 1.0, 0, 4)
    lobes = np.zeros_like(angle)
    for order, (amplitude, phase) in enumerate(plan.lobes.T, start=2):
        lobes += np.float32(amplitude) * np.cos(order * angle + np.float32(phase))
    in_slice = np.sqrt(np.clip(plan.radius_mm**2 - heights**2, 0, None))[:, None, None]
    return in_slice * (1 + irregular * lobes)


def _capsule(plan, sequence, angle, outside):
    kept = 1.0 if sequence is MrSequence.T1D else 1 / (1 + float(np.exp(1.1 * (plan.signs[sequence] - 0.4))))
    turn = np.mod(angle - np.float32(plan.lobes[1, 1]), np.float32(2 * np.pi)) / np.float32(2 * np.pi)
    arc = 1 / (1 + np.exp(12 * (turn - kept)))
    return _CAPSULE[sequence] * arc * np.exp(-0.5 * (outside / 2.0) ** 2)


def _between(value, low, high):
    return float(min(max(value, low), high))


def _coil(rng, row, column):
    tilt = rng.normal(0, 0.08, 2).astype(np.float32)
    return np.exp(tilt[0] * (row / CENTRE_MM - 1) + tilt[1] * (column / CENTRE_MM - 1))

"""How bright are liver, vessels and HCC in each phase after gadoxetic acid: measured constants behind the phantom."""

import numpy as np

from mvi_core.errors import MviError
from mvi_core.names import MrSequence

PHASE_SECONDS = {MrSequence.T1A: 25, MrSequence.T1V: 80, MrSequence.T1D: 180}  # s; paper, Methods, MR acquisition

# Measured: TRISTAN dynamic MR of 10 people (healthy volunteers 4-10 and patients 001-003, first scan of the control
# day), 0.025 mL/kg gadoxetate (dcmri data files tristan_humans_*.dmr.zip; upstream record Zenodo 15285027). For each
# person the median signal within 5 s of each phase over the baseline median became a change of R1 by the spoiled
# gradient-echo equation with that person's own T1 and flip angle; the numbers are medians over people. Time 0 is
# the aorta's arrival (first signal above 1.5 x baseline) minus 15 s. Inflow affects the vessels: read them as rough.
MEASURED_T1_S = {"liver": 0.843, "portal": 1.787, "aorta": 1.794}
MEASURED_DELTA_R1 = {  # 1/s at 25, 80, 180 s
    "liver": (0.031, 0.307, 0.373),
    "portal": (0.345, 0.405, 0.289),
    "aorta": (1.479, 0.429, 0.269),
}
N_MEASURED = 10
DOSE_FACTOR = 4.0  # 0.1 mL/kg (0.025 mmol/kg, the paper's dose) over the measured 0.025 mL/kg; R1 taken as linear

# Chosen, not measured: an HCC that is darker than liver before contrast, brighter in the arterial phase, and washed out
# in the portal venous phase and after it (Joo and Lee 2015, doi:10.1159/000367750). Clinical dose.
HCC_T1_S = 1.10
HCC_DELTA_R1 = (1.00, 0.95, 0.80)  # 1/s at 25, 80, 180 s

VIBE_TR_S = 0.00553  # s; RepetitionTime of pydicom's real liver slice (Siemens Avanto 1.5 T, t1_vibe_fs)
VIBE_FLIP_DEG = 10.0  # degrees; FlipAngle of the same slice


def spgr_signal(r1, *, tr_s=VIBE_TR_S, flip_deg=VIBE_FLIP_DEG):
    r"""Steady-state signal of a spoiled gradient echo, relative to the equilibrium magnetisation.

    :math:`S = \sin\alpha\,(1-E)/(1-E\cos\alpha)` with :math:`E = e^{-T_R R_1}`.

    Parameters
    ----------
    r1 : float or array
        Longitudinal relaxation rate, 1/s, above 0.
    tr_s : float
        Repetition time, s.
    flip_deg : float
        Flip angle, degrees.

    Returns
    -------
    float or array
        Signal from 0 to 1; the T2* factor is left out.

    Examples
    --------
    >>> round(float(spgr_signal(1e6)), 4) == round(float(np.sin(np.radians(10))), 4)
    True
    """
    e = np.exp(-tr_s * np.asarray(r1, dtype=float))
    flip = np.radians(flip_deg)
    return np.sin(flip) * (1 - e) / (1 - e * np.cos(flip))


def phase_signal(tissue, sequence):
    """Signal of a tissue in one T1-weighted sequence, relative to liver before contrast.

    Parameters
    ----------
    tissue : str
        ``liver``, ``portal``, ``aorta`` or ``hcc``.
    sequence : MrSequence
        ``T1``, ``T1A``, ``T1V`` or ``T1D``.

    Returns
    -------
    float
        Liver before contrast is 1.

    Raises
    ------
    MviError
        If tissue or sequence is none of these.

    Examples
    --------
    >>> [round(phase_signal("hcc", s) / phase_signal("liver", s), 2) for s in ("T1", "T1A", "T1V", "T1D")]
    [0.82, 1.27, 0.86, 0.78]
    """
    t1_s = {**MEASURED_T1_S, "hcc": HCC_T1_S}.get(tissue)
    phases = (MrSequence.T1, *PHASE_SECONDS)
    if t1_s is None or sequence not in phases:
        raise MviError(
            f"No kinetics of {tissue!r} in sequence {sequence!r}. Tissues are liver, portal, aorta, hcc; sequences "
            f"{', '.join(phases)}."
        )
    if tissue == "hcc":
        deltas = (0.0, *HCC_DELTA_R1)
    else:
        deltas = (0.0, *(DOSE_FACTOR * delta for delta in MEASURED_DELTA_R1[tissue]))
    r1 = 1 / t1_s + deltas[phases.index(sequence)]
    return float(spgr_signal(r1) / spgr_signal(1 / MEASURED_T1_S["liver"]))

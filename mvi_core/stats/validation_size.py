"""Are there enough patients to validate a prediction model: their precision, and how many a wanted one needs."""

import numpy as np
import pandas as pd
from scipy.special import expit

from mvi_core.checks import expect_between
from mvi_core.stats.sample_size import Z, calibrated_scores

WIDTHS = {"O/E": 0.2, "calibration slope": 0.2, "AUC": 0.1, "standardised net benefit": 0.2}  # of 95 % intervals


def validation_size(n, prevalence, *, auc, threshold, log_odds=None, widths=WIDTHS):
    """Patients needed to validate a calibrated model with a wanted precision, and the precision of those there are.

    Riley et al. 2021, doi:10.1002/sim.9025; Riley et al. 2024 (part 3), doi:10.1136/bmj-2023-074821; net benefit after
    Marsh et al. 2020, doi:10.1111/biom.13190.

    Parameters
    ----------
    n : int
        Patients of the validation.
    prevalence, auc : float
        Anticipated share with the outcome, and area under the ROC curve.
    threshold : float
        Threshold probability of the net benefit.
    log_odds : array-like of float, optional
        Anticipated log odds of patients; without it normal in both groups, as the AUC says.
    widths : mapping of str to float
        Wanted width of each 95 % interval; the defaults of the reference.

    Returns
    -------
    pandas.DataFrame
        Rows O/E, calibration slope, AUC and standardised net benefit (share of the largest possible): ``measure,
        wanted_width, n_required, n, expected_width``.

    Examples
    --------
    >>> table = validation_size(1407, 0.22, auc=0.82, threshold=0.1)
    >>> table["n_required"].tolist(), table["expected_width"].round(2).tolist()
    ([1367, 2318, 400, 254], [0.2, 0.26, 0.05, 0.08])
    """
    for name, value in {"prevalence": prevalence, "threshold": threshold}.items():
        expect_between(name, value, 0, 1)
    expect_between("n", n, 0, np.inf)
    expect_between("auc", auc, 0.5, 1)
    if log_odds is None:
        log_odds, with_outcome, without = calibrated_scores(auc, prevalence)
    else:
        log_odds = np.asarray(log_odds, dtype=float)
        with_outcome, without = expit(log_odds) / len(log_odds), expit(-log_odds) / len(log_odds)
    of_one = {  # variance of one patient's information, so that SE = sqrt(variance / n)
        "O/E": (1 - prevalence) / prevalence,
        "calibration slope": _slope_variance(log_odds, with_outcome + without),
        "standardised net benefit": _benefit_variance(log_odds, with_outcome, without, threshold, prevalence),
    }
    rows = []
    for measure, width in widths.items():
        se = np.arcsinh(width / 2) / Z if measure == "O/E" else width / (2 * Z)
        if measure == "AUC":
            needed, found = _auc_patients(auc, prevalence, se), np.sqrt(_auc_variance(auc, prevalence, n))
        else:
            needed, found = of_one[measure] / se**2, np.sqrt(of_one[measure] / n)
        expected = 2 * np.sinh(Z * found) if measure == "O/E" else 2 * Z * found
        rows.append((measure, width, int(np.ceil(needed)), n, expected))
    return pd.DataFrame(rows, columns=["measure", "wanted_width", "n_required", "n", "expected_width"])


def _slope_variance(log_odds, share):
    """Variance of the calibration slope times n: an element of the inverse information of one patient."""
    weight = share * expit(log_odds) * expit(-log_odds)
    whole, first, second = (np.sum(weight * log_odds**power) for power in range(3))
    return whole / (whole * second - first**2)


def _benefit_variance(log_odds, with_outcome, without, threshold, prevalence):
    positive = expit(log_odds) >= threshold
    sensitivity = with_outcome[positive].sum() / with_outcome.sum()
    alarm = without[positive].sum() / without.sum()
    odds = (1 - prevalence) / prevalence * threshold / (1 - threshold)
    spread = odds**2 * (alarm * (1 - alarm) / (1 - prevalence) + alarm**2 / (prevalence * (1 - prevalence)))
    return sensitivity * (1 - sensitivity) / prevalence + spread


def _auc_variance(auc, prevalence, n):
    """Newcombe's variance of an area under the ROC curve, doi:10.1002/sim.2324."""
    spread = (1 - auc) / (2 - auc) + auc / (1 + auc)
    return auc * (1 - auc) * (1 + (n / 2 - 1) * spread) / (n**2 * prevalence * (1 - prevalence))


def _auc_patients(auc, prevalence, se):
    """Patients at which that variance falls to se**2: the root of a quadratic."""
    spread, scale = (1 - auc) / (2 - auc) + auc / (1 + auc), auc * (1 - auc) / (prevalence * (1 - prevalence) * se**2)
    half = scale * spread / 4
    return half + np.sqrt(half**2 + scale * (1 - spread))

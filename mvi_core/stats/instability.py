"""How much would a patient's predicted risk change with other patients: the instability of a model."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.special import expit

from mvi_core.stats.estimate import critical_value
from mvi_core.stats.modelling import modelling, smooth_curve

CURVE_POINTS = 50
N_CURVES = 100  # resampled models whose calibration is drawn


@dataclass(frozen=True, eq=False)
class Instability:
    """Spread of the predictions of resampled models."""

    #: one row per complete patient, in the order given: ``risk`` (of the original model), ``low, high`` (range that
    #: holds the risks of the resampled models), ``mape`` (their mean absolute distance from the risk)
    patients: pd.DataFrame
    curves: pd.DataFrame  #: calibration of resampled models in the original patients: ``resample, risk, observed``
    mape: float  #: mean of the column
    n_resamples: int  #: models that worked


def instability(predictors, mvi_present, *, n_bootstrap, rng, selection=(), level=0.95):
    """Prediction instability, its mean absolute error and calibration instability, selection included.

    Arguments as in `optimism_bootstrap`; ``level`` of the resampled models lie between ``low`` and ``high``. Riley and
    Collins 2023, doi:10.1002/bimj.202200302.

    Examples
    --------
    >>> afp = pd.DataFrame({"afp_gt_20": [0] * 144 + [1] * 177})
    >>> present = [0] * 84 + [1] * 60 + [0] * 52 + [1] * 125
    >>> found = instability(afp, present, n_bootstrap=40, rng=np.random.default_rng(0))
    >>> low, high = found.patients.loc[0, ["low", "high"]]
    >>> round(float(found.patients["risk"][0]), 4), bool(low < 60 / 144 < high)
    (0.4167, True)
    """
    critical_value(level)
    model = modelling(predictors, mvi_present, selection)
    drawn, first = model.resample(n_bootstrap, rng), model.original
    log_odds, original = drawn.log_odds[drawn.worked], expit(first.log_odds[0])
    risks = expit(log_odds)
    ends = np.quantile(risks, [(1 - level) / 2, (1 + level) / 2], axis=0)
    columns = {"risk": original, "low": ends[0], "high": ends[1], "mape": np.abs(risks - original).mean(axis=0)}
    patients = pd.DataFrame(columns).iloc[model.place].reset_index(drop=True)
    grid, curves = np.linspace(0, 1, CURVE_POINTS), []
    for place, row in enumerate(log_odds[:N_CURVES]):
        observed = smooth_curve(row, first.absent[0], first.present[0], grid)
        curves.append(pd.DataFrame({"resample": place, "risk": grid, "observed": observed}).dropna())
    return Instability(patients, pd.concat(curves, ignore_index=True), float(patients["mape"].mean()), len(risks))

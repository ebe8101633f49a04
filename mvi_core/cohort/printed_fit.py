"""What does the printed regression of Table 3 become on given counts, and how far is that from the print."""

from dataclasses import dataclass
from math import erfc

import numpy as np

# Table 3: ALT, AST, GGT, AFP, DL-MVI; odds ratio, ends of its 95 % interval, p-value and half a unit of its last digit.
ODDS_RATIOS = np.array([1.617, 1.939, 0.737, 4.634, 35.738])
INTERVAL_LOW = np.array([0.763, 0.932, 0.395, 2.576, 14.027])
INTERVAL_HIGH = np.array([3.427, 4.036, 1.376, 8.336, 91.056])
P_VALUES = ((0.21, 0.005), (0.077, 0.0005), (0.338, 0.0005), (0.0, 0.001), (0.0, 0.001))
INTERCEPT = -3.51  # formula in Results; its slopes 1.53 and 3.58 are the logarithms of 4.634 and 35.738
AUC = 0.824  # Abstract, Results
Z = 1.959963984540054  # normal quantile of a 95 % Wald interval

CELLS = (np.arange(32)[:, None] >> np.arange(5)) & 1  # row x: levels of the five variables in cell x
DESIGN = np.column_stack([np.ones(32, dtype=int), CELLS])
SCORE_LEVEL = CELLS[:, 3] + 2 * CELLS[:, 4]  # the four values of the printed score of AFP and DL-MVI, in rising order
_PRODUCTS = (DESIGN[:, :, None] * DESIGN[:, None, :]).reshape(32, 36)
_PRINT = np.concatenate([ODDS_RATIOS, INTERVAL_LOW, INTERVAL_HIGH])


@dataclass(frozen=True)
class Table3Counts:
    """Counts over the 32 cells (bits ALT, AST, GGT, AFP, DL-MVI) by outcome, and what a fit to them gives."""

    absent: tuple[int, ...]
    present: tuple[int, ...]
    coefficients: np.ndarray  #: intercept first
    standard_errors: np.ndarray
    auc: float  #: of the score 1.53 AFP + 3.58 DL-MVI

    @property
    def printed_quantities(self):
        """Five odds ratios, then five lower and five upper ends, as fitted."""
        beta, se = self.coefficients[1:], self.standard_errors[1:]
        return np.exp(np.concatenate([beta, beta - Z * se, beta + Z * se]))

    @property
    def max_relative_error(self):
        """Largest deviation from the print among five odds ratios and ten interval ends, as a share."""
        return float(np.abs(self.printed_quantities / _PRINT - 1).max())

    @property
    def n_digit_exact(self):
        """How many of the 15 equal the print when rounded to its three decimals."""
        return int((np.abs(self.printed_quantities - _PRINT) < 0.0005).sum())

    @property
    def p_values_as_printed(self):
        """Whether the five Wald p-values round to the printed ones."""
        return p_values_agree(self.coefficients, self.standard_errors)


def fit_counts(absent, present):
    """Fit the five-variable logistic regression to the patients (32,) without and with MVI in each cell.

    The AUC is that of the printed score 1.53 AFP + 3.58 DL-MVI, ties counted half.
    """
    absent, present = np.asarray(absent), np.asarray(present)
    beta, covariance = fit_margins(absent + present, present @ DESIGN)
    without, with_mvi = np.bincount(SCORE_LEVEL, absent, 4), np.bincount(SCORE_LEVEL, present, 4)
    auc = float(with_mvi @ (np.cumsum(without) - without / 2) / (without.sum() * with_mvi.sum()))
    counts = tuple(absent.tolist()), tuple(present.tolist())
    return Table3Counts(*counts, beta, np.sqrt(np.diag(covariance)), auc)


def p_values_agree(coefficients, standard_errors):
    """Whether Wald p-values, intercept (6,) left out, round to those of Table 3, each to its printed decimals."""
    p = [erfc(abs(z) / 2**0.5) for z in coefficients[1:] / standard_errors[1:]]
    return all(abs(value - want) < half_unit for value, (want, half_unit) in zip(p, P_VALUES, strict=True))


def fit_margins(cells, totals):
    """Maximum-likelihood coefficients (6,) and their covariance (6, 6) from all that the fit depends on.

    These are the patients in each cell (32,) and those with MVI (6,): all, and at the upper level of each variable.
    """
    beta = np.concatenate([[INTERCEPT], np.log(ODDS_RATIOS)])
    for _ in range(50):
        step, covariance = newton_step(cells[None], totals, beta)
        beta = beta + step[0]
        if np.abs(step).max() < 1e-12:
            break
    return beta, covariance[0]


def newton_step(cells, totals, beta):
    """Newton steps (n, 6) of the fits to tables (n, 32), and the inverse (n, 6, 6) of the information at `beta`."""
    risk = risk_of_cells(beta)
    covariance = np.linalg.inv((cells @ (_PRODUCTS * (risk * (1 - risk))[:, None])).reshape(-1, 6, 6))
    score = totals - cells @ (DESIGN * risk[:, None])
    return np.einsum("kij,kj->ki", covariance, score), covariance


def risk_of_cells(beta):
    """Probability of MVI in each of the 32 cells, from intercept and coefficients (6,)."""
    return 1 / (1 + np.exp(-DESIGN @ beta))

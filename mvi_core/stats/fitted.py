"""What does a fitted logistic regression hold: its table, its covariance, and the criteria that follow from both."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import stats


@dataclass(frozen=True, eq=False)
class LogisticFit:
    """A fitted logistic regression: the table that a paper prints, and what prediction needs.

    Attributes
    ----------
    table : pandas.DataFrame
        One row per coefficient, intercept first: variable, odds_ratio, ci_low, ci_high, p_value, coefficient, se.
    covariance : numpy.ndarray, shape (1 + n_predictors, 1 + n_predictors)
        Inverse information at the estimate.
    observed : dict of str to tuple of float
        Distinct values of each predictor, ascending.
    n, n_missing, events : int
        Complete patients used; patients left out for a missing predictor; patients with outcome 1.
    loglik : float
        Log-likelihood at the estimate, with the penalty for Firth.
    method : str
        Estimator, interval and test in words.
    separated : tuple of str
        Coefficients for which maximum likelihood has no finite answer.
    """

    table: pd.DataFrame
    covariance: np.ndarray
    observed: dict
    n: int
    n_missing: int
    events: int
    loglik: float
    method: str
    separated: tuple

    @property
    def variables(self):
        """Predictor names, without the intercept."""
        return tuple(self.table["variable"][1:])

    @property
    def coefficients(self):
        """Log odds per unit, intercept first; infinite where maximum likelihood has no finite answer."""
        return self.table["coefficient"].to_numpy()

    @property
    def converged(self):
        """Whether every coefficient is finite."""
        return bool(np.isfinite(self.coefficients).all())

    @property
    def aic(self):
        """Akaike's criterion, -2 loglik + 2 coefficients."""
        return -2 * self.loglik + 2 * len(self.table)

    @property
    def bic(self):
        """Schwarz's criterion, -2 loglik + log(n) coefficients."""
        return -2 * self.loglik + np.log(self.n) * len(self.table)

    @property
    def likelihood_ratio(self):
        """Chi-square of all predictors, against the model of the intercept alone; maximum likelihood only."""
        share = self.events / self.n
        return 2 * (self.loglik + self.n * stats.bernoulli(share).entropy())

    @property
    def r_squared(self):
        """Cox and Snell's R-squared, 1 - exp(-chi-square / n)."""
        return 1 - np.exp(-self.likelihood_ratio / self.n)

    @property
    def events_per_variable(self):
        """Patients in the rarer outcome class per predictor."""
        return min(self.events, self.n - self.events) / len(self.variables)

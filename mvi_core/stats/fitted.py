"""What does a fitted logistic regression hold: its table, its covariance, and the criteria that follow from both."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import stats


@dataclass(frozen=True, eq=False)
class LogisticFit:
    """A fitted logistic regression: the table that a paper prints, and what prediction needs."""

    #: one row per coefficient, intercept first: variable, odds_ratio, ci_low, ci_high, p_value, coefficient, se
    table: pd.DataFrame
    covariance: np.ndarray  #: inverse information at the estimate, shape (1 + n_predictors, 1 + n_predictors)
    observed: dict  #: distinct values of each predictor, ascending
    n: int  #: complete patients used
    n_missing: int  #: patients left out for a missing predictor
    events: int  #: patients with outcome 1
    loglik: float  #: log-likelihood at the estimate, with the penalty for Firth
    method: str  #: estimator, interval and test in words
    separated: tuple  #: coefficients for which maximum likelihood has no finite answer

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

"""Where is a logistic likelihood highest, how fast does it fall around, and has it a maximum at all."""

import numpy as np
import pandas as pd
from scipy import optimize, stats
from scipy.special import expit

from mvi_core.errors import ConvergenceError, MviError

MAX_STEPS = 2000  # Firth's scoring converges linearly
ROUNDING = 1e-14  # promised gain below which a step that promises no less than the last one is noise
LONGEST_STEP = 10  # in any patient's log odds; keeps runaway fits within floating point
SMALLEST_WEIGHT = 1e-10  # of a patient, so that a step exists where all risks are 0 or 1
NEAR = 1e-7  # promised gain after all steps that is near enough with a coefficient held far out
FARTHEST = 100  # change of log odds per standard deviation after which a profile end counts as infinite


def information(design, beta):
    """Fisher information, (k, k), of a logistic model with a design (n, k) at coefficients (k,).

    Examples
    --------
    >>> information(np.ones((4, 1)), np.zeros(1)).tolist()  # 4 patients, each p (1 - p) = 1/4
    [[1.0]]
    """
    risk = expit(design @ beta)
    return (design * (risk * (1 - risk))[:, None]).T @ design


def covariance_of(design, beta):
    """Inverse of the Fisher information, (k, k), by way of its root, which keeps twice as many digits.

    Examples
    --------
    >>> covariance_of(np.ones((4, 1)), np.zeros(1)).round(6).tolist()
    [[1.0]]
    """
    risk = expit(design @ beta)
    root = np.linalg.pinv(design * np.sqrt(risk * (1 - risk))[:, None])
    return root @ root.T


def log_likelihood(design, outcome, beta, *, penalised=False):
    """Log-likelihood of a logistic model; ``penalised`` adds half the log determinant of the information.

    That is Firth's penalty (Firth 1993, doi:10.1093/biomet/80.1.27).

    Examples
    --------
    >>> round(log_likelihood(np.ones((4, 1)), np.array([1, 1, 0, 0]), np.zeros(1)), 4)  # 4 log(1/2)
    -2.7726
    """
    log_odds = design @ beta
    value = outcome @ log_odds - np.logaddexp(0, log_odds).sum()
    return float(value + 0.5 * np.linalg.slogdet(information(design, beta))[1]) if penalised else float(value)


def maximise(design, outcome, start, *, penalised=False, held=None, tolerance=1e-22):
    """Highest (penalised) likelihood, over all coefficients or all but one, by Newton steps that never go down.

    Gives the coefficients and the value there. A ``held`` coefficient stays at its value in ``start``; Firth's penalty
    then still uses the information of all. ``tolerance`` is the gain in log-likelihood that a step must promise. A
    `ConvergenceError` if 2000 steps do not suffice.

    Examples
    --------
    >>> beta, top = maximise(np.ones((4, 1)), np.array([1, 1, 1, 0]), np.zeros(1))
    >>> round(float(beta[0]), 4)  # log of 3 to 1
    1.0986
    """
    free = np.arange(len(start)) != held
    beta, value = start.astype(float), log_likelihood(design, outcome, start, penalised=penalised)
    promised = np.inf
    for _ in range(MAX_STEPS):
        score, matrix = _score(design, outcome, beta, penalised=penalised)
        step = np.zeros(len(beta))
        step[free] = np.linalg.solve(matrix[np.ix_(free, free)], score[free])
        last, promised = promised, score @ step
        if promised < tolerance or (promised < ROUNDING and promised >= last):
            return beta + step, log_likelihood(design, outcome, beta + step, penalised=penalised)
        step *= min(1, LONGEST_STEP / np.abs(design @ step).max())
        proposal = log_likelihood(design, outcome, beta + step, penalised=penalised)
        while proposal < value - 1e-12 * (1 + abs(value)):
            step = step / 2
            proposal = log_likelihood(design, outcome, beta + step, penalised=penalised)
        beta, value = beta + step, proposal
    if held is not None and promised < NEAR:
        return beta, value
    raise ConvergenceError(f"The logistic likelihood did not settle in {MAX_STEPS} steps. Rescale or drop predictors.")


def profile_test(design, outcome, beta, top, *, level, penalised):
    r"""Low ends, high ends and p values (k,) by likelihood ratio; ``top`` is the likelihood at its highest, ``beta``.

    The interval holds the values that a likelihood-ratio test does not reject: :math:`2(\ell_{max} - \ell(v)) \le
    \chi^2_{1,level}`, each end found by root search; it is infinite where the likelihood never falls far enough. Venzon
    and Moolgavkar 1988, doi:10.2307/2347496; Heinze and Schemper 2002, doi:10.1002/sim.1047.

    Examples
    --------
    >>> top = 3 * np.log(0.75) + np.log(0.25)
    >>> *_, p_value = profile_test(
    ...     np.ones((4, 1)), np.array([1, 1, 1, 0]), np.log([3.0]), top, level=0.95, penalised=False
    ... )
    >>> p_value.round(4).tolist()  # chi-square 2 (top - 4 log(1/2)) = 1.0465
    [0.3063]
    """
    quantile = stats.chi2.ppf(level, 1)
    se = np.sqrt(np.diag(covariance_of(design, beta)))
    spread = design.std(axis=0)
    ends = []
    for j in range(len(beta)):

        def deviance(value, j=j):
            start = beta.copy()
            start[j] = value
            tolerance = 1e-18 if penalised else 1e-12
            return 2 * (top - maximise(design, outcome, start, penalised=penalised, held=j, tolerance=tolerance)[1])

        first = min(se[j], 4 / spread[j]) if spread[j] else se[j]
        limit = FARTHEST / (spread[j] or 1) + abs(beta[j])  # a runaway centre may lie beyond any end
        low, high = (_end(deviance, beta[j], side * first, quantile, limit) for side in (-1, 1))
        ends.append((low, high, stats.chi2.sf(max(deviance(0.0), 0.0), 1)))
    low, high, p_value = np.array(ends).T
    return low, high, p_value


def separation(design, outcome):
    """Direction in which maximum likelihood runs away: -1 or 1 where an estimate is infinite, else 0, (k,).

    Among directions along which no patient is ever misclassified, linear programming finds the one that
    classifies best; maximum likelihood is finite exactly when that direction is zero (Konis 2007).

    Examples
    --------
    >>> design = np.array([[1.0, 0.0], [1.0, 0.0], [1.0, 1.0], [1.0, 1.0]])
    >>> separation(design, np.array([0, 1, 1, 1])).tolist(), separation(design, np.array([0, 1, 0, 1])).tolist()
    ([0, 1], [0, 0])
    """
    towards = design / np.abs(design).max(axis=0) * (2 * outcome - 1)[:, None]
    answer = optimize.linprog(-towards.sum(axis=0), A_ub=-towards, b_ub=np.zeros(len(outcome)), bounds=(-1, 1))
    if not answer.success:
        raise MviError(f"The search for separation failed ({answer.message}). Rescale the predictors.")
    return np.where(np.abs(answer.x) > 1e-7, np.sign(answer.x), 0).astype(int)


def likelihood_ratio_test(smaller, larger):
    """Whether the further predictors of a larger model add information: statistic (chi-square), df, p_value, n.

    Both are maximum-likelihood fits (`LogisticFit`) to the same patients; the first's predictors are among the
    second's.

    Examples
    --------
    >>> from mvi_core.stats.logistic import fit_logistic
    >>> known, outcome = pd.DataFrame({"a": [0, 0, 1, 1, 1] * 2, "b": [0] * 5 + [1] * 5}), [0, 1, 0, 1, 1] * 2
    >>> test = likelihood_ratio_test(fit_logistic(known[["a"]], outcome), fit_logistic(known, outcome))
    >>> test[["df", "p_value"]].round(4).values.tolist()  # b says nothing beyond a
    [[1.0, 1.0]]
    """
    same = (smaller.n, smaller.events) == (larger.n, larger.events)
    penalised = any(fit.method.startswith("Firth") for fit in (smaller, larger))
    if penalised or not same or not set(smaller.variables) < set(larger.variables):
        raise MviError(
            "likelihood_ratio_test needs nested maximum-likelihood fits to the same patients, got "
            f"{smaller.variables} (n = {smaller.n}) in {larger.variables} (n = {larger.n}). Fit both to the same rows."
        )
    statistic, df = 2 * (larger.loglik - smaller.loglik), len(larger.variables) - len(smaller.variables)
    return pd.DataFrame({"statistic": [statistic], "df": df, "p_value": stats.chi2.sf(statistic, df), "n": larger.n})


def _score(design, outcome, beta, *, penalised):
    """First derivative of the (penalised) log-likelihood, and a matrix to scale Newton steps by that cannot vanish."""
    risk = expit(design @ beta)
    weight, residual = risk * (1 - risk), outcome - risk
    if penalised:
        leverage = weight * ((design @ covariance_of(design, beta)) * design).sum(axis=1)
        residual, weight = residual + leverage * (0.5 - risk), weight * (1 + leverage)
    return design.T @ residual, (design * np.maximum(weight, SMALLEST_WEIGHT)[:, None]).T @ design


def _end(deviance, centre, step, quantile, limit):
    """Value on one side of the centre where the deviance reaches the quantile; infinite if it never does."""
    inner, width, side = centre, abs(step), np.sign(step)
    while True:
        outer = centre + side * min(width, limit)
        if deviance(outer) > quantile:
            return optimize.brentq(lambda value: deviance(value) - quantile, inner, outer, xtol=1e-10, rtol=1e-12)
        if width >= limit:
            return side * np.inf
        inner, width = outer, 2 * width

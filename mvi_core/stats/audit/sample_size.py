"""Were there enough patients to develop a prediction model with so many parameters: Riley's criteria."""

import numpy as np
import pandas as pd
from scipy import stats
from scipy.special import expit, xlogy

from mvi_core.errors import MviError
from mvi_core.stats.audit.verdict import NOT_APPLICABLE, Verdict

RILEY = "Riley et al. 2020, doi:10.1136/bmj.m441; R-squared from AUC: Riley et al. 2021, doi:10.1002/sim.8806"


def largest_r_squared(prevalence):
    """Largest Cox-Snell R-squared that a logistic model can reach.

    Parameters
    ----------
    prevalence : float
        Share of patients with the outcome, strictly between 0 and 1.

    Returns
    -------
    float

    Examples
    --------
    >>> round(largest_r_squared(0.174), 3)
    0.603
    """
    return float(1 - np.exp(2 * (xlogy(prevalence, prevalence) + xlogy(1 - prevalence, 1 - prevalence))))


def r_squared_from_auc(auc, prevalence):
    """Cox-Snell R-squared of a calibrated model whose score is normal in both groups, with one variance.

    Parameters
    ----------
    auc : float
        Above 0.5 and below 1.
    prevalence : float
        Share of patients with the outcome.

    Returns
    -------
    float
        By numerical integration of the expected log-likelihood; the reference simulates it.
    """
    distance = np.sqrt(2) * stats.norm.ppf(auc)  # of the two means, in standard deviations
    score = np.linspace(-9, 9 + distance, 4001)
    logit = np.log(prevalence / (1 - prevalence)) + distance * score - distance**2 / 2
    with_outcome, without = prevalence * stats.norm.pdf(score, distance), (1 - prevalence) * stats.norm.pdf(score)
    gain = with_outcome * np.log(expit(logit) / prevalence) + without * np.log(expit(-logit) / (1 - prevalence))
    return float(1 - np.exp(-2 * np.trapezoid(gain, score)))


def required_n(parameters, prevalence, *, r_squared, shrinkage=0.9, margin=0.05):
    """Patients needed by each of Riley's criteria for a logistic prediction model.

    Parameters
    ----------
    parameters : int
        Candidate parameters.
    prevalence : float
        Share of patients with the outcome.
    r_squared : float
        Anticipated Cox-Snell R-squared.
    shrinkage : float
        Least expected shrinkage factor.
    margin : float
        Largest optimism of Nagelkerke's R-squared, and half-width of the interval of the mean risk.

    Returns
    -------
    dict of str to int
        ``shrinkage``, ``optimism``, ``mean risk``.

    Raises
    ------
    MviError
        If the R-squared is not between 0 and what the prevalence allows, or not below the shrinkage.

    Examples
    --------
    >>> required_n(24, 0.174, r_squared=0.288)
    {'shrinkage': 623, 'optimism': 662, 'mean risk': 221}
    """
    most = largest_r_squared(prevalence)
    if not 0 < r_squared < min(most, shrinkage):
        raise MviError(
            f"r_squared must lie between 0 and {min(most, shrinkage):.3f}, got {r_squared:g}. Pass Cox and Snell's."
        )
    second = r_squared / (r_squared + margin * most)
    sizes = {
        name: parameters / ((s - 1) * np.log(1 - r_squared / s))
        for name, s in (("shrinkage", shrinkage), ("optimism", second))
    }
    sizes["mean risk"] = (1.96 / margin) ** 2 * prevalence * (1 - prevalence)
    return {name: int(np.ceil(size)) for name, size in sizes.items()}


def sample_size_check(n, events, models, *, auc=None):
    """Riley's criteria for models with printed numbers of parameters.

    Parameters
    ----------
    n, events : int
        Patients, and those with the outcome.
    models : dict of str to int
        Candidate parameters of each model.
    auc : float, optional
        Anticipated AUC, such as the printed one; an apparent AUC is optimistic.

    Returns
    -------
    Verdict
        "not applicable": a paper rarely prints a sample size to compare with. Evidence: one row a model and
        anticipated R-squared (15 % of the largest, the reference's default; and from the AUC).
    """
    prevalence = events / n
    anticipated = {"15 % of the largest R-squared": 0.15 * largest_r_squared(prevalence)}
    if auc is not None:
        anticipated[f"R-squared from AUC {auc:g}"] = r_squared_from_auc(auc, prevalence)
    rows = []
    for (model, parameters), (label, r_squared) in ((m, a) for m in models.items() for a in anticipated.items()):
        needed = required_n(parameters, prevalence, r_squared=r_squared)
        rows.append((model, parameters, label, r_squared, *needed.values(), max(needed.values()), n))
    columns = [
        "model",
        "parameters",
        "anticipated",
        "r_squared",
        "n_shrinkage",
        "n_optimism",
        "n_mean_risk",
        "n_required",
        "n",
    ]
    evidence = pd.DataFrame(rows, columns=columns)
    listed = "; ".join(f"{row.model} needs {row.n_required} ({row.anticipated})" for row in evidence.itertuples())
    statement = (
        f"The printed numbers imply, by Riley's criteria, that {listed}; {n} patients with {events} events are printed."
    )
    alternatives = ("Variables chosen by their univariable p values count as candidates too",)
    return Verdict(
        "sample size", NOT_APPLICABLE, statement, evidence, ("The anticipated R-squared holds",), alternatives, RILEY
    )

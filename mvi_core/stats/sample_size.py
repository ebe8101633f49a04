"""Were there enough patients: Riley's criteria to develop a prediction model."""

from itertools import combinations

import numpy as np
import pandas as pd
from scipy import optimize, stats
from scipy.special import expit, logit, xlogy

from mvi_core.checks import expect_between
from mvi_core.errors import MviError

RILEY = "Riley et al. 2020, doi:10.1136/bmj.m441; R-squared from AUC: Riley et al. 2021, doi:10.1002/sim.8806"
Z = 1.96  # as the reference implementations round it


def largest_r_squared(prevalence):
    """Largest Cox-Snell R-squared that a logistic model can reach at a prevalence.

    Examples
    --------
    >>> round(largest_r_squared(0.174), 3)
    0.603
    """
    return float(1 - np.exp(2 * (xlogy(prevalence, prevalence) + xlogy(1 - prevalence, 1 - prevalence))))


def calibrated_scores(auc, prevalence):
    """Log odds that a calibrated model gives, if its score is normal in both groups of patients with one variance.

    A grid of log odds, and the shares of all patients there who have and have not the outcome, each (4001,).

    Examples
    --------
    >>> _, with_outcome, without = calibrated_scores(0.8, 0.3)
    >>> round(float(with_outcome.sum()), 6), round(float(without.sum()), 6)
    (0.3, 0.7)
    """
    expect_between("auc", auc, 0.5, 1)
    expect_between("prevalence", prevalence, 0, 1)
    distance = np.sqrt(2) * stats.norm.ppf(auc)  # of the two means, in standard deviations
    score = np.linspace(-9, 9 + distance, 4001)
    log_odds, step = logit(prevalence) + distance * score - distance**2 / 2, score[1] - score[0]
    with_outcome, without = stats.norm.pdf(score, distance) * step, stats.norm.pdf(score) * step
    return log_odds, prevalence * with_outcome, (1 - prevalence) * without


def r_squared_from_auc(auc, prevalence):
    """Cox-Snell R-squared of a calibrated model whose score is normal in both groups, with one variance.

    By numerical integration of the expected log-likelihood; the reference simulates it.

    Examples
    --------
    >>> round(r_squared_from_auc(0.8, 0.5), 2)
    0.26
    """
    log_odds, with_outcome, without = calibrated_scores(auc, prevalence)
    gain = with_outcome @ np.log(expit(log_odds) / prevalence) + without @ np.log(expit(-log_odds) / (1 - prevalence))
    return float(1 - np.exp(-2 * gain))


def required_n(parameters, prevalence, *, r_squared, shrinkage=0.9, margin=0.05):
    """Patients needed by each of Riley's criteria for a logistic prediction model of Cox-Snell ``r_squared``.

    ``shrinkage`` is the least expected shrinkage factor; ``margin`` the largest optimism of Nagelkerke's R-squared, and
    the half-width of the interval of the mean risk.

    Examples
    --------
    >>> required_n(24, 0.174, r_squared=0.288)
    {'shrinkage': 623, 'optimism': 662, 'mean risk': 221}
    """
    for name, value in {"prevalence": prevalence, "shrinkage": shrinkage, "margin": margin}.items():
        expect_between(name, value, 0, 1)
    expect_between("parameters", parameters, 0, np.inf)
    most = largest_r_squared(prevalence)
    _expect_r_squared(r_squared, min(most, shrinkage))
    second = r_squared / (r_squared + margin * most)
    sizes = {
        name: parameters / ((s - 1) * np.log(1 - r_squared / s))
        for name, s in (("shrinkage", shrinkage), ("optimism", second))
    }
    sizes["mean risk"] = (Z / margin) ** 2 * prevalence * (1 - prevalence)
    return {name: int(np.ceil(size)) for name, size in sizes.items()}


def required_n_multinomial(parameters, counts, *, r_squared=None, shrinkage=0.9, margin=0.05):
    """Patients needed by the criteria of Pate et al. for a multinomial logistic model, such as one of MVI grades.

    ``parameters`` are the candidates of each of its equations, ``counts`` the patients of each class. ``r_squared`` is
    the anticipated Cox-Snell R-squared of each pair of classes, in the order (0, 1), (0, 2), ... (1, 2), ...; 15 % of
    the largest possible where not given, as for the whole model. The rest, and the sizes by criterion, as in
    `required_n`. Pate et al. 2023, doi:10.1177/09622802231151220.

    Examples
    --------
    >>> required_n_multinomial(5, [136, 130, 55])
    {'shrinkage': 696, 'optimism': 209, 'mean risk': 560}
    """
    if len(counts) < 2 or min(counts) < 1:
        raise MviError(f"counts must hold patients of two classes or more, got {list(counts)}. Leave empty ones out.")
    shares = np.asarray(counts) / np.sum(counts)
    pairs = list(combinations(shares, 2))
    if r_squared is None:
        r_squared = [0.15 * largest_r_squared(b / (a + b)) for a, b in pairs]
    of_pairs = [
        required_n(parameters, b / (a + b), r_squared=value, shrinkage=shrinkage)["shrinkage"] / (a + b)
        for (a, b), value in zip(pairs, r_squared, strict=True)
    ]
    most = 1 - np.exp(2 * xlogy(shares, shares).sum())
    overall, second = 0.15 * most, 0.15 / (0.15 + margin)
    optimism = (len(shares) - 1) * parameters / ((second - 1) * np.log(1 - overall / second))
    mean_risk = stats.chi2.isf(0.05 / len(shares), 1) * (shares * (1 - shares)).max() / margin**2
    sizes = {"shrinkage": max(of_pairs), "optimism": optimism, "mean risk": mean_risk}
    return {name: int(np.ceil(size)) for name, size in sizes.items()}


def expected_shrinkage(n, parameters, r_squared):
    """Shrinkage at which `required_n` asks for exactly these ``n`` patients; 1 means no overfitting.

    Examples
    --------
    >>> round(expected_shrinkage(623, 24, 0.288), 3)
    0.9
    """
    _expect_r_squared(r_squared, 1)
    expect_between("n", n, 0, np.inf)

    def excess(s):
        """Parameters per patient that this shrinkage allows, less those there are."""
        return (s - 1) * np.log(1 - r_squared / s) - parameters / n

    low = r_squared * (1 + 1e-12)
    return optimize.brentq(excess, low, 1) if excess(low) > 0 else r_squared


def development_size(n, events, models, *, anticipated):
    """Riley's criteria for several models and anticipated R-squared, and what these patients would give instead.

    ``n`` patients, ``events`` of them with the outcome; ``models`` are the candidate parameters of each model by name,
    ``anticipated`` the Cox-Snell R-squared by where it comes from. One row a model and R-squared: ``model, parameters,
    anticipated, r_squared, n_shrinkage, n_optimism, n_mean_risk, n_required, n``, then what ``n`` patients give:
    ``shrinkage``, ``optimism`` (of Nagelkerke's R-squared), ``mean_risk_margin``, ``events_per_parameter``; and
    ``events_per_parameter_needed``.

    Notes
    -----
    The events (of the rarer class) per parameter that the criteria ask for depend on prevalence and R-squared; ten
    is no constant of nature (van Smeden et al. 2016, doi:10.1186/s12874-016-0267-3).

    Examples
    --------
    >>> table = development_size(662, 115, {"24 parameters": 24}, anticipated={"BMJ 2020": 0.288})
    >>> table[["n_required", "shrinkage", "events_per_parameter"]].round(3).values.tolist()
    [[662.0, 0.905, 4.792]]
    """
    expect_between("events", events, 0, n)
    prevalence, rows = events / n, []
    rarer = min(prevalence, 1 - prevalence)
    for (model, parameters), (source, r_squared) in ((m, a) for m in models.items() for a in anticipated.items()):
        needed = required_n(parameters, prevalence, r_squared=r_squared)
        most, shrinkage = max(needed.values()), expected_shrinkage(n, parameters, r_squared)
        rows.append(
            {"model": model, "parameters": parameters, "anticipated": source, "r_squared": r_squared}
            | {f"n_{name.replace(' ', '_')}": size for name, size in needed.items()}
            | {"n_required": most, "n": n, "shrinkage": shrinkage}
            | {"optimism": r_squared * (1 / shrinkage - 1) / largest_r_squared(prevalence)}
            | {"mean_risk_margin": Z * np.sqrt(prevalence * (1 - prevalence) / n)}
            | {"events_per_parameter": n * rarer / parameters, "events_per_parameter_needed": most * rarer / parameters}
        )
    return pd.DataFrame(rows)


def _expect_r_squared(value, most):
    if not 0 < value < most:
        raise MviError(f"r_squared must lie between 0 and {most:.3f}, got {value:g}. Pass Cox and Snell's.")

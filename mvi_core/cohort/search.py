"""Which counts could give the printed regression: a seeded search over the 2^5 cells of Table 3 and the outcome."""

import numpy as np
from scipy.optimize import Bounds, LinearConstraint, linprog, milp

from mvi_core.cohort import lattice
from mvi_core.cohort.printed_fit import (
    AFP_AND_DL,
    AUC,
    DESIGN,
    INTERCEPT,
    INTERVAL_HIGH,
    INTERVAL_LOW,
    N_ABSENT,
    N_PRESENT,
    ODDS_RATIOS,
    UPPER,
    UPPER_PRESENT,
    Z,
    fit_counts,
    fit_margins,
    newton_step,
    p_values_agree,
    risk_of_cells,
)  # fmt: skip

TARGET = np.log(np.concatenate([INTERVAL_LOW, INTERVAL_HIGH]))  # their means give the odds ratios to the print
THOUSANDTH = 0.001  # unit of the relative deviations that the search brings to zero
N_ROUNDS = 12  # of lattice rounding in one attempt


def search_table3(rng, *, false_negatives=6, false_positives=68, intercept=INTERCEPT, auc=AUC, tolerance=0.002):
    """Find counts that reproduce Table 3, or None if this attempt finds none.

    The fit depends on the outcome through its margins only, so the search runs over the 32 cell totals with all margins
    fixed: annealing by swaps of two patients' levels, then rounds in which the deviations left are removed by the
    nearest vectors of the lattice of margin-preserving changes (LLL reduction, randomised nearest-plane rounding).

    Parameters
    ----------
    rng : numpy.random.Generator
    false_negatives, false_positives : int, optional
        DL-MVI against histologic MVI in all 321 patients.
    intercept : float or None, optional
        Intercept to reach within 0.0045; None leaves it free.
    auc : float or None, optional
        AUC of the score 1.53 AFP + 3.58 DL-MVI to reach within 0.0005; None leaves it free.
    tolerance : float, optional
        Largest relative deviation of the 15 printed numbers that is accepted.

    Returns
    -------
    Table3Counts or None
        The first counts within `tolerance` whose p-values round to the printed ones.

    References
    ----------
    Lenstra, Lenstra, Lovasz 1982, doi:10.1007/BF01457454; Babai 1986, doi:10.1007/BF02579403.
    """
    totals = np.array([N_PRESENT, *UPPER_PRESENT, N_PRESENT - false_negatives])
    start = INTERCEPT if intercept is None else intercept
    cells = anneal_cells(rng, totals, false_positives, start)
    for _ in range(N_ROUNDS):
        start = float(fit_margins(cells, totals)[0][0]) if intercept is None else intercept
        candidates, error = round_cells(rng, cells, totals, start)
        if not len(candidates):
            continue
        order = np.argsort(error)
        for row in order[error[order] <= tolerance][:200]:
            beta, covariance = fit_margins(candidates[row], totals)
            agrees = p_values_agree(beta, np.sqrt(np.diag(covariance)))
            found = split_by_outcome(candidates[row], totals, rng, auc=auc) if agrees else None
            if found is not None and found.max_relative_error <= tolerance:
                return found
        cells = candidates[order[rng.integers(min(5, len(order)))]]
    return None


def anneal_cells(rng, totals, false_positives, intercept, *, n_steps=1000, n_moves=128):
    """Cell totals near the print, from a random table with the printed margins.

    Parameters
    ----------
    rng : numpy.random.Generator
    totals : numpy.ndarray of int, shape (6,)
        Patients with MVI: all, and at the upper level of the five variables.
    false_positives : int
        Patients without MVI whom DL-MVI calls present.
    intercept : float
        Intercept to reach.
    n_steps, n_moves : int, optional
        Steps, and swaps tried in each; the temperature falls from 0.03 to 0.001 on the scale of log deviations.

    Returns
    -------
    numpy.ndarray of int, shape (32,)
    """
    upper = [*UPPER, totals[5] + false_positives]
    cells = _random_table(rng, upper)
    cost, best, best_cost = np.inf, cells, np.inf
    for temperature in np.geomspace(0.03, 0.001, n_steps):
        candidates = cells + _swaps(rng, cells, n_moves)
        candidates = candidates[(candidates >= 0).all(axis=1)]
        costs = np.log((_residuals(candidates, totals, intercept) ** 2).sum(axis=1)) / 2
        pick = np.argmin(costs - temperature * rng.gumbel(size=len(costs)))
        if costs[pick] - cost < temperature * rng.exponential():
            cells, cost = candidates[pick], costs[pick]
        if cost < best_cost:
            best, best_cost = cells, cost
    return best


def round_cells(rng, cells, totals, intercept, *, n_candidates=10000):
    """Cell totals near given ones whose deviations from the print vanish to first order.

    Parameters
    ----------
    rng : numpy.random.Generator
    cells : numpy.ndarray of int, shape (32,)
    totals : numpy.ndarray of int, shape (6,)
    intercept : float
    n_candidates : int, optional

    Returns
    -------
    candidates : numpy.ndarray of int, shape (n, 32)
        Distinct, without negative counts; possibly none.
    error : numpy.ndarray of float, shape (n,)
        Largest relative deviation of the 15 printed numbers; infinite where the intercept is off by more than 0.0045.
    """
    changes = lattice.margin_preserving(DESIGN)
    weight = 1 / np.sqrt(cells + 1.0)  # small cells should change little
    vectors = np.hstack([changes * weight, changes @ _gradient(cells, totals, intercept)])
    wanted = np.concatenate([np.zeros(32), -_residuals(cells[None], totals, intercept)[0]])
    candidates = cells + lattice.near_combinations(vectors, wanted, rng, n=n_candidates) @ changes
    candidates = np.unique(candidates[(candidates >= 0).all(axis=1)], axis=0)
    residual = _residuals(candidates, totals, intercept)
    low, high = TARGET[:5] + THOUSANDTH * residual[:, 1:6], TARGET[5:] + THOUSANDTH * residual[:, 6:]
    error = [
        np.exp((low + high) / 2) / ODDS_RATIOS - 1,
        np.exp(low) / INTERVAL_LOW - 1,
        np.exp(high) / INTERVAL_HIGH - 1,
    ]
    error = np.abs(np.hstack(error)).max(axis=1)
    return candidates, np.where(np.abs(residual[:, 0]) * 2 * THOUSANDTH > 0.0045, np.inf, error)


def split_by_outcome(cells, totals, rng, *, auc=None):
    """Divide cell totals by outcome with the printed margins, near the counts that the regression expects.

    Parameters
    ----------
    cells : numpy.ndarray of int, shape (32,)
    totals : numpy.ndarray of int, shape (6,)
    rng : numpy.random.Generator
        Shakes the expected counts, so that repeated calls give different tables.
    auc : float or None, optional
        Area under the curve of the printed score, to its three digits; None leaves it free.

    Returns
    -------
    Table3Counts or None
        None where no whole numbers meet all conditions.
    """
    expected = cells * risk_of_cells(fit_margins(cells, totals)[0])
    expected = np.clip(
        expected + rng.normal(0, 0.5, 32) * np.sqrt(expected * (1 - expected / np.maximum(cells, 1))), 0, None
    )
    for n_both in _overlaps(cells, totals, auc):
        fixed = np.vstack([DESIGN.T, AFP_AND_DL == 3])
        size, eye = np.append(totals, n_both), np.eye(32)
        rules = [
            LinearConstraint(np.hstack([fixed, np.zeros((7, 32))]), size, size),
            LinearConstraint(np.hstack([eye, -eye]), -np.inf, expected),
            LinearConstraint(np.hstack([eye, eye]), expected, np.inf),
        ]
        bounds = Bounds(0, np.append(cells, np.full(32, np.inf)))
        whole = np.repeat([1, 0], 32)
        solved = milp(1 - whole, constraints=rules, integrality=whole, bounds=bounds)
        if solved.x is not None:
            present = np.round(solved.x[:32]).astype(int)
            return fit_counts(cells - present, present)
    return None


def false_negative_bounds(intercept=INTERCEPT):
    """Bound the false negatives of DL-MVI that any counts behind the printed regression can have.

    At the printed coefficients a maximum-likelihood fit obeys linear equations in the cell totals: the margins of
    Table 1, and expected equal to observed patients with MVI, in all and at each upper level. False negatives are the
    expected patients with MVI among those whom DL-MVI calls absent. The information on them is at least the inverse of
    the printed variance of the coefficient of DL-MVI. Linear programming over fractional totals gives a proof.

    Parameters
    ----------
    intercept : float, optional
        Intercept of the five-variable model.

    Returns
    -------
    tuple of float
        Least and most false negatives; missing values if no totals fit.

    Examples
    --------
    >>> [round(bound, 1) for bound in false_negative_bounds()]
    [4.7, 11.4]
    """
    risk = risk_of_cells(np.concatenate([[intercept], np.log(ODDS_RATIOS)]))
    absent = DESIGN[:, 5] == 0
    equations = np.vstack([DESIGN[:, :5].T, DESIGN[:, :5].T * risk])
    sizes = [N_PRESENT + N_ABSENT, *UPPER, N_PRESENT, *UPPER_PRESENT]
    least_information = ((2 * Z) / np.log(INTERVAL_HIGH[4] / INTERVAL_LOW[4])) ** 2
    informative = -(risk * (1 - risk) * absent)[None]
    bounds = []
    for sign in (1, -1):
        limits = {"A_ub": informative, "b_ub": [-least_information], "A_eq": equations, "b_eq": sizes}
        solved = linprog(sign * risk * absent, **limits)
        bounds.append(np.nan if solved.x is None else float(sign * solved.fun))
    return tuple(bounds)


def _overlaps(cells, totals, auc):
    """Numbers of patients with MVI, AFP above and DL-MVI present that give the AUC; the most expected first."""
    sums = np.bincount(AFP_AND_DL, cells, 4)
    _, _, _, _, n_afp, n_dl = totals
    n_both = np.arange(max(0, n_afp + n_dl - totals[0]), min(n_afp, n_dl) + 1)
    present = np.stack([totals[0] - n_afp - n_dl + n_both, n_afp - n_both, n_dl - n_both, n_both], axis=1)
    absent = sums - present
    area = (present * (np.cumsum(absent, axis=1) - absent / 2)).sum(axis=1) / (N_PRESENT * N_ABSENT)
    possible = (absent >= 0).all(axis=1)
    if auc is not None:
        possible &= np.abs(area - auc) < 0.0005
    expected = (cells * risk_of_cells(fit_margins(cells, totals)[0]))[AFP_AND_DL == 3].sum()
    return sorted(n_both[possible], key=lambda number: abs(number - expected))


def _residuals(cells, totals, intercept):
    """Deviations from the print in thousandths: intercept (halved), five lower ends, five upper ends; shape (K, 11)."""
    beta = np.concatenate([[intercept], (TARGET[:5] + TARGET[5:]) / 2])
    step, covariance = newton_step(cells, totals, beta)
    se = np.sqrt(np.einsum("kii->ki", covariance))[:, 1:]
    middle = (beta + step)[:, 1:]
    return np.hstack([step[:, :1] / 2, middle - Z * se - TARGET[:5], middle + Z * se - TARGET[5:]]) / THOUSANDTH


def _gradient(cells, totals, intercept):
    """Change of each deviation when a cell gains one patient, shape (32, 11), by a small central difference."""
    moved = cells + np.concatenate([np.eye(32), -np.eye(32)]) * 1e-4
    residual = _residuals(moved, totals, intercept)
    return (residual[:32] - residual[32:]) / 2e-4


def _random_table(rng, upper):
    """Cell totals with given upper margins, the liver enzymes correlated as in patients."""
    loading = np.array([0.8, 0.8, 0.6, 0.1, 0.1])
    latent = rng.standard_normal((321, 1)) * loading + rng.standard_normal((321, 5)) * np.sqrt(1 - loading**2)
    rank = (-latent).argsort(axis=0).argsort(axis=0)
    return np.bincount((rank < upper) @ (1 << np.arange(5)), minlength=32)


def _swaps(rng, cells, n_moves):
    """Draw changes of cell totals: two random patients exchange their levels of some variables; shape (n_moves, 32)."""
    first, second = rng.choice(32, (2, n_moves), p=cells / cells.sum())
    exchanged = (first ^ second) & rng.integers(1, 32, n_moves)
    change = np.zeros((n_moves, 32), dtype=int)
    rows = np.arange(n_moves)
    for cell, gain in ((first, -1), (second, -1), (first ^ exchanged, 1), (second ^ exchanged, 1)):
        np.add.at(change, (rows, cell), gain)
    return change

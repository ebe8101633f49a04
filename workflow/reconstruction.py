"""Which counts could give the printed regression: the seeded search behind data_manifest/reconstruction.json.

``python workflow/reconstruction.py 6 68`` prints what one attempt finds with 6 false negatives and 68 false positives.
The fit depends on the outcome through its margins only, so the search runs over the 32 cell totals with all margins
fixed: annealing by swaps of two patients' levels, then rounds in which the deviations left are removed by the nearest
vectors of the lattice of margin-preserving changes (LLL reduction, randomised nearest-plane rounding).

Lenstra, Lenstra, Lovasz 1982, doi:10.1007/BF01457454; Babai 1986, doi:10.1007/BF02579403.
"""

import argparse
import json

import numpy as np
from scipy.optimize import Bounds, LinearConstraint, linprog, milp

from mvi_core.cohort.printed_fit import (
    AUC,
    CELLS,
    DESIGN,
    INTERCEPT,
    INTERVAL_HIGH,
    INTERVAL_LOW,
    ODDS_RATIOS,
    SCORE_LEVEL,
    Z,
    fit_counts,
    fit_margins,
    newton_step,
    p_values_agree,
    risk_of_cells,
)

N_PRESENT, N_ABSENT = 185, 136
UPPER = np.array([92, 95, 170, 177])  # Table 1: patients above the cut-off of ALT, AST, GGT, AFP
UPPER_PRESENT = np.array([64, 70, 107, 125])  # of these with MVI
TARGET = np.log(np.concatenate([INTERVAL_LOW, INTERVAL_HIGH]))  # their means give the odds ratios to the print
THOUSANDTH = 0.001  # unit of the relative deviations that the search brings to zero
INTERCEPT_ERROR, AUC_ERROR = 0.0045, 0.0005  # largest deviations from the print
N_ROUNDS = 12  # of lattice rounding in one attempt


def main():
    """Search once and print the counts, or say that this attempt found none."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("errors", nargs=2, type=int, metavar="COUNT", help="false negatives, false positives of DL-MVI")
    parser.add_argument("--seed", type=int, default=0, help="another seed gives other counts")
    arguments = parser.parse_args()
    rng = np.random.default_rng([*arguments.errors, arguments.seed])
    false_negatives, false_positives = arguments.errors
    found = search_table3(rng, false_negatives=false_negatives, false_positives=false_positives)
    if found is None:
        raise SystemExit("This attempt found no counts. Try another seed.")
    print(json.dumps({"absent": found.absent, "present": found.present}))


def search_table3(rng, *, false_negatives=6, false_positives=68, intercept=INTERCEPT, auc=AUC, tolerance=0.002):
    """Counts that reproduce Table 3 within a relative tolerance, p-values as printed; None if this attempt finds none.

    ``false_negatives`` and ``false_positives`` are those of DL-MVI in all 321 patients; an ``intercept`` or ``auc`` of
    None is left free.
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
    """Cell totals (32,) near the print, from a random table with the printed margins.

    ``totals`` (6,): patients with MVI, all and at the upper level of the five variables. In each step ``n_moves`` swaps
    are tried; the temperature falls from 0.03 to 0.001 on the scale of log deviations.
    """
    cells = _random_table(rng, [*UPPER, totals[5] + false_positives])
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
    """Distinct cell totals (n, 32) near given ones whose deviations from the print vanish to first order; their errors.

    An error (n,) is the largest relative deviation of the 15 printed numbers; infinite where the intercept is off.
    """
    changes = margin_preserving(DESIGN)
    weight = 1 / np.sqrt(cells + 1.0)  # small cells should change little
    vectors = np.hstack([changes * weight, changes @ _gradient(cells, totals, intercept)])
    wanted = np.concatenate([np.zeros(32), -_residuals(cells[None], totals, intercept)[0]])
    candidates = cells + near_combinations(vectors, wanted, rng, n=n_candidates) @ changes
    candidates = np.unique(candidates[(candidates >= 0).all(axis=1)], axis=0)
    residual = _residuals(candidates, totals, intercept)
    low, high = TARGET[:5] + THOUSANDTH * residual[:, 1:6], TARGET[5:] + THOUSANDTH * residual[:, 6:]
    parts = ((np.exp((low + high) / 2), ODDS_RATIOS), (np.exp(low), INTERVAL_LOW), (np.exp(high), INTERVAL_HIGH))
    error = np.abs(np.hstack([found / printed - 1 for found, printed in parts])).max(axis=1)
    return candidates, np.where(np.abs(residual[:, 0]) * 2 * THOUSANDTH > INTERCEPT_ERROR, np.inf, error)


def split_by_outcome(cells, totals, rng, *, auc=None):
    """Divide cell totals by outcome with the printed margins and AUC, near the counts that the regression expects.

    The expected counts are shaken, so that repeated calls give different tables; None where no whole numbers fit.
    """
    expected = cells * risk_of_cells(fit_margins(cells, totals)[0])
    spread = np.sqrt(expected * (1 - expected / np.maximum(cells, 1)))
    expected = np.clip(expected + rng.normal(0, 0.5, 32) * spread, 0, None)
    whole, eye = np.repeat([1, 0], 32), np.eye(32)
    bounds = Bounds(0, np.append(cells, np.full(32, np.inf)))
    fixed = np.hstack([np.vstack([DESIGN.T, SCORE_LEVEL == 3]), np.zeros((7, 32))])
    for n_both in _overlaps(cells, totals, auc):
        size = np.append(totals, n_both)
        rules = [
            LinearConstraint(fixed, size, size),
            LinearConstraint(np.hstack([eye, -eye]), -np.inf, expected),
            LinearConstraint(np.hstack([eye, eye]), expected, np.inf),
        ]
        solved = milp(1 - whole, constraints=rules, integrality=whole, bounds=bounds)
        if solved.x is not None:
            present = np.round(solved.x[:32]).astype(int)
            return fit_counts(cells - present, present)
    return None


def false_negative_bounds(intercept=INTERCEPT):
    """Least and most false negatives of DL-MVI that any counts behind the printed regression can have.

    At the printed coefficients a maximum-likelihood fit obeys linear equations in the cell totals: the margins of Table
    1, and expected equal to observed patients with MVI, in all and at each upper level. False negatives are the
    expected patients with MVI among those whom DL-MVI calls absent. The information on them is at least the inverse of
    the printed variance of the coefficient of DL-MVI. Linear programming over fractional totals gives a proof.
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


def margin_preserving(design):
    """Basis of the whole-number changes of cell counts, shape (2**k - k - 1, 2**k), that keep every column total.

    ``design`` (2**k, k + 1): constant and k levels (0 or 1) of each cell, the first level changing fastest.
    """
    levels = np.asarray(design)[:, 1:].astype(int)
    single = 1 << np.arange(levels.shape[1])
    changes = np.eye(len(levels), dtype=int)
    changes[:, single] -= levels
    changes[:, 0] += levels.sum(axis=1) - 1
    return np.delete(changes, [0, *single], axis=0)


def near_combinations(vectors, wanted, rng, *, n, spread=0.3):
    """Draw ``n`` whole-number combinations (n, m) of vectors (m, d) that come near a wanted vector (d,).

    Nearest-plane rounding on the reduced basis; each rounding is shaken with a standard deviation of ``spread`` steps.
    """
    basis, made = reduce_basis(vectors)
    directions, _ = _orthogonal(basis)
    left = np.tile(wanted, (n, 1))
    combinations = np.zeros((n, len(basis)), dtype=int)
    for row in range(len(basis) - 1, -1, -1):
        exact = left @ directions[row] / (directions[row] @ directions[row])
        whole = np.round(exact + rng.normal(0, spread, n)).astype(int)
        left -= whole[:, None] * basis[row]
        combinations += whole[:, None] * made[row]
    return combinations


def reduce_basis(basis, *, delta=0.99):
    """Short, nearly orthogonal vectors of the lattice of a basis (m, d), and the whole numbers that make them of it.

    ``delta`` is the Lovasz factor, above 0.25 and below 1; nearer to 1 is slower and shorter.
    """
    basis, made = basis.copy(), np.eye(len(basis), dtype=int)
    row = 1
    while row < len(basis):
        directions, mu = _orthogonal(basis[: row + 1])
        for earlier in range(row - 1, -1, -1):
            whole = round(mu[row, earlier])
            basis[row] -= whole * basis[earlier]
            made[row] -= whole * made[earlier]
            mu[row] -= whole * mu[earlier]
        norm = (directions**2).sum(axis=1)
        if norm[row] >= (delta - mu[row, row - 1] ** 2) * norm[row - 1]:
            row += 1
        else:
            basis[[row, row - 1]], made[[row, row - 1]] = basis[[row - 1, row]], made[[row - 1, row]]
            row = max(row - 1, 1)
    return basis, made


def _orthogonal(basis):
    """Gram-Schmidt directions (not normalised) and coefficients of a basis."""
    q, r = np.linalg.qr(basis.T)
    size = np.diag(r)
    return (q * size).T, (r / size[:, None]).T


def _overlaps(cells, totals, auc):
    """Numbers of patients with MVI, AFP above and DL-MVI present that give the AUC; the most expected first."""
    sums = np.bincount(SCORE_LEVEL, cells, 4)
    _, _, _, _, n_afp, n_dl = totals
    n_both = np.arange(max(0, n_afp + n_dl - totals[0]), min(n_afp, n_dl) + 1)
    present = np.stack([totals[0] - n_afp - n_dl + n_both, n_afp - n_both, n_dl - n_both, n_both], axis=1)
    absent = sums - present
    area = (present * (np.cumsum(absent, axis=1) - absent / 2)).sum(axis=1) / (N_PRESENT * N_ABSENT)
    possible = (absent >= 0).all(axis=1)
    if auc is not None:
        possible &= np.abs(area - auc) < AUC_ERROR
    expected = (cells * risk_of_cells(fit_margins(cells, totals)[0]))[SCORE_LEVEL == 3].sum()
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
    return np.bincount((rank < upper) @ (1 << np.arange(CELLS.shape[1])), minlength=32)


def _swaps(rng, cells, n_moves):
    """Draw changes of cell totals: two random patients exchange their levels of some variables; shape (n_moves, 32)."""
    first, second = rng.choice(32, (2, n_moves), p=cells / cells.sum())
    exchanged = (first ^ second) & rng.integers(1, 32, n_moves)
    change = np.zeros((n_moves, 32), dtype=int)
    rows = np.arange(n_moves)
    for cell, gain in ((first, -1), (second, -1), (first ^ exchanged, 1), (second ^ exchanged, 1)):
        np.add.at(change, (rows, cell), gain)
    return change


if __name__ == "__main__":
    main()

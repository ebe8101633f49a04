"""Can a formula of two yes/no predictors be the fit of a cohort whose counts are half printed: an enumeration."""

import itertools

import numpy as np
import pandas as pd
from scipy.special import expit

from mvi_core.stats.audit.printed import read_printed
from mvi_core.stats.audit.verdict import ASSUMED, CANNOT, Verdict

SCORE = "Score equations of logistic regression, enumerated over all counts of the hidden predictor"


def formula_fit_check(intercept, coefficients, absent, present):
    """Whether a printed formula can be the fit of its two predictors alone, the first known, the second hidden.

    ``absent`` and ``present`` are the patients without and with the outcome at level 0 and level 1 of the known one.

    Examples
    --------
    The hidden predictor is right in 6 of the 8 patients of each cell: ln(2 / 6) = -1.10, ln 9 = 2.20.

    >>> formula_fit_check("-1.10", ["0.00", "2.20"], [8, 8], [8, 8]).evidence["false_negatives"].tolist()  # 2 + 2
    [4]
    """
    tried = (sum(present) + 1) * np.prod([sum(pair) + 1 for pair in zip(absent, present, strict=True)])
    evidence = _hidden_fits(intercept, coefficients, absent, present)
    fits = evidence[evidence["agrees"]]
    scope = f"of all {tried:,} combinations of hidden counts"
    word, assumptions = CANNOT, ()
    implied = f"that the formula is not the fit of these two predictors alone: none {scope} gives it"
    if len(fits):
        missed = sorted(set(fits["false_negatives"]))
        count = f"{missed[0]}" if len(missed) == 1 else f"{missed[0]} to {missed[-1]}"
        implied = (
            f"{count} false negatives of the hidden predictor, if the formula is the fit of "
            f"its two predictors alone ({len(fits)} {scope})"
        )
        word, evidence, assumptions = ASSUMED, fits, ("The formula was fitted with its two predictors alone",)
    alternatives = (
        "The formula keeps the coefficients of a model with more variables and drops their terms",
        "The formula was fitted to other patients than the printed counts",
    )
    check, statement = "formula as a fit of its two predictors", f"The printed numbers imply {implied}."
    return Verdict(check, word, statement, evidence, assumptions, alternatives, SCORE)


def _hidden_fits(intercept, coefficients, absent, present):
    """All hidden counts for which the maximum-likelihood fit of two yes/no predictors prints as given.

    The known predictor's counts are printed, the hidden one's are not. The fit depends on the hidden predictor through
    three counts only: patients without it at each level of the known one, and those among them with the outcome. The
    score equations, taken over the rounding of the coefficients, bound each count; every triple within these bounds,
    widened by one patient, is fitted.

    One row a triple: hidden_0_known_0, hidden_0_known_1, false_negatives, the fitted intercept, known and hidden, and
    agrees: whether the fit prints as given. The rows that do not agree are the nearest misses.

    >>> fits = _hidden_fits("-2.00", ["1.00", "2.00"], [60, 40], [30, 60])
    >>> int(fits["agrees"].sum())
    0
    """
    printed = dict(zip(("intercept", "known", "hidden"), map(read_printed, (intercept, *coefficients)), strict=True))
    levels = np.array([sum(pair) for pair in zip(absent, present, strict=True)])
    low, high = (_risks(printed.values(), end) for end in (min, max))  # known, hidden
    candidates = []
    for known in (0, 1):
        without = np.arange(levels[known] + 1)
        least, most = (without * r[known, 0] + (levels[known] - without) * r[known, 1] for r in (low, high))
        candidates.append(without[(least - 1 <= present[known]) & (present[known] <= most + 1)])
    triples = []
    for zero, one in itertools.product(*candidates):
        least, most = (int(zero * r[0, 0] + one * r[1, 0]) for r in (low, high))
        triples += [(zero, one, missed) for missed in range(max(least, 1), most + 2)]
    table = pd.DataFrame(triples, columns=["hidden_0_known_0", "hidden_0_known_1", "false_negatives"], dtype=int)
    start = [number.value for number in printed.values()]
    fitted = [_fit(row, levels, present, start) for row in table.itertuples(index=False)]
    table[list(printed)] = np.array(fitted).reshape(-1, 3)
    return table.assign(agrees=np.logical_and.reduce([number.agrees(table[name]) for name, number in printed.items()]))


def _risks(printed, end):
    """Smallest or largest risk over the rounding of the formula; shape (2, 2): known, hidden."""
    corners = np.array(list(itertools.product(*((number.low, number.high) for number in printed))))
    return np.array([[end(expit(corners @ (1, known, hidden))) for hidden in (0, 1)] for known in (0, 1)])


def _fit(counts, levels, present, start):
    """Newton's method on the four cells."""
    design = np.array([(1, known, hidden) for known in (0, 1) for hidden in (0, 1)], dtype=float)
    size = np.array([(counts[known], levels[known] - counts[known]) for known in (0, 1)], dtype=float).ravel()
    sums = np.array([sum(present), present[1], sum(present) - counts[2]], dtype=float)
    beta = np.array(start, dtype=float)
    for _ in range(25):
        risk = expit(design @ beta)
        information = design.T @ (design * (size * risk * (1 - risk))[:, None])
        if np.linalg.cond(information) > 1e12:  # separated or empty cells: no finite fit
            return np.full(3, np.nan)
        beta = beta + np.linalg.solve(information, sums - design.T @ (size * risk))
    return beta

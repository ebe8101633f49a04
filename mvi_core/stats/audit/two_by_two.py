"""Can a formula of two yes/no predictors be the fit of a cohort whose counts are half printed: an enumeration."""

import itertools

import numpy as np
import pandas as pd
from scipy.special import expit

from mvi_core.stats.audit.printed import read_printed
from mvi_core.stats.audit.verdict import ASSUMED, CANNOT, Verdict

SCORE = "Score equations of logistic regression, enumerated over all counts of the hidden predictor"


def hidden_fits(intercept, coefficients, absent, present):
    """All hidden counts for which the maximum-likelihood fit of two yes/no predictors prints as given.

    The known predictor's counts are printed, the hidden one's are not. The fit depends on the hidden predictor through
    three counts only: patients without it at each level of the known one, and those among them with the outcome. The
    score equations, taken over the rounding of the coefficients, bound each count; every triple within these bounds,
    widened by one patient, is fitted.

    Parameters
    ----------
    intercept : str
        As printed.
    coefficients : sequence of str, length 2
        Known predictor, hidden predictor; as printed.
    absent, present : sequence of int, length 2
        Patients without and with the outcome at level 0 and level 1 of the known predictor.

    Returns
    -------
    pandas.DataFrame
        hidden_0_known_0, hidden_0_known_1, false_negatives, the fitted intercept, known and hidden, and
        agrees: whether the fit prints as given. The rows that do not agree are the nearest misses.

    Examples
    --------
    >>> fits = hidden_fits("-2.00", ["1.00", "2.00"], [60, 40], [30, 60])
    >>> int(fits["agrees"].sum())
    0
    """
    printed = [read_printed(text) for text in (intercept, *coefficients)]
    levels = np.array([sum(pair) for pair in zip(absent, present, strict=True)])
    risk = [[_risks(printed, end, known, hidden) for hidden in (0, 1)] for known in (0, 1) for end in (min, max)]
    low, high = np.array(risk[0::2]), np.array(risk[1::2])  # known, hidden
    candidates = []
    for known in (0, 1):
        without = np.arange(levels[known] + 1)
        least = without * low[known, 0] + (levels[known] - without) * low[known, 1]
        most = without * high[known, 0] + (levels[known] - without) * high[known, 1]
        candidates.append(without[(least - 1 <= present[known]) & (present[known] <= most + 1)])
    triples = [
        (zero, one, missed)
        for zero, one in itertools.product(*candidates)
        for missed in range(
            int(max(zero * low[0, 0] + one * low[1, 0], 1)), int(zero * high[0, 0] + one * high[1, 0]) + 2
        )
    ]
    table = pd.DataFrame(triples, columns=["hidden_0_known_0", "hidden_0_known_1", "false_negatives"], dtype=int)
    fitted = [_fit(row, levels, present, [number.value for number in printed]) for row in table.itertuples(index=False)]
    table[["intercept", "known", "hidden"]] = np.array(fitted).reshape(-1, 3)
    agrees = [
        number.agrees(table[name]) for number, name in zip(printed, ("intercept", "known", "hidden"), strict=True)
    ]
    return table.assign(agrees=np.logical_and.reduce(agrees))


def _risks(printed, end, known, hidden):
    corners = itertools.product(*((number.low, number.high) for number in printed))
    return float(expit(end(a + b * known + c * hidden for a, b, c in corners)))


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


def formula_fit_check(intercept, coefficients, absent, present):
    """Whether a printed formula can be the fit of its two predictors alone.

    Parameters
    ----------
    intercept, coefficients, absent, present
        As for `hidden_fits`.

    Returns
    -------
    Verdict
    """
    nearest = hidden_fits(intercept, coefficients, absent, present)
    fits = nearest[nearest["agrees"]]
    tried = (sum(present) + 1) * np.prod([sum(pair) + 1 for pair in zip(absent, present, strict=True)])
    scope = f"of all {tried:,} combinations of hidden counts"
    alternatives = (
        "The formula keeps the coefficients of a model with more variables and drops their terms",
        "The formula was fitted to other patients than the printed counts",
    )
    if fits.empty:
        statement = (
            "The printed numbers imply that the formula is not the fit of these two predictors alone: "
            f"none {scope} gives it."
        )
        return Verdict("formula as a fit of its two predictors", CANNOT, statement, nearest, (), alternatives, SCORE)
    missed = sorted(set(fits["false_negatives"]))
    count = f"{missed[0]}" if len(missed) == 1 else f"{missed[0]} to {missed[-1]}"
    statement = (
        f"The printed numbers imply {count} false negatives of the hidden predictor, if the formula is the fit of "
        f"its two predictors alone ({len(fits)} {scope})."
    )
    assumptions = ("The formula was fitted with its two predictors alone",)
    return Verdict("formula as a fit of its two predictors", ASSUMED, statement, fits, assumptions, alternatives, SCORE)

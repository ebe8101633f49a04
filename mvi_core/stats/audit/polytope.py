"""What can the counts of a hidden predictor be, given a printed regression and counts of the others: bounds."""

import itertools
from dataclasses import dataclass

import numpy as np
from scipy.optimize import Bounds, LinearConstraint, milp
from scipy.special import expit

from mvi_core.errors import MviError
from mvi_core.stats.audit.printed import read_printed
from mvi_core.stats.audit.regression import standard_error_range

MOST_ROUNDS = 40  # rounds of cuts for one bound; stopping early leaves the bound valid, only wider
MOST_SLOPES = 40  # cuts carried from one program to the next
TOLERANCE = 1e-3  # a squared standard error this little (relative) above its print is not cut off: wider, still valid


@dataclass(frozen=True)
class HiddenModel:
    """A printed logistic regression on v yes/no variables, of which the last is hidden."""

    variables: tuple
    coefficient_low: np.ndarray  #: rounding intervals of the log odds ratios, shape (v,)
    coefficient_high: np.ndarray
    se_high: np.ndarray  #: largest standard errors that the printed intervals allow, shape (v,)
    counts: np.ndarray  #: group size, then patients with each known variable, by outcome; shape (2, v)
    patterns: np.ndarray  #: all patterns of the variables, shape (2**v, v)


@dataclass(frozen=True)
class Feasible:
    """Bounds that hold for every cohort behind a print."""

    ranges: dict  #: by quantity its lowest and highest value; empty if no counts at all fit, which is a proof
    slopes: tuple  #: cuts that were used, to begin another program with


def hidden_model(rows, known, group_sizes, *, level=0.95):
    """Numbers of a printed regression and of its counts, ready for `feasible_ranges`.

    ``rows`` hold ``variable``, ``odds_ratio``, ``ci_low``, ``ci_high`` as printed, the hidden variable last, at most
    seven; ``known``, for every other variable, the patients with it, without and with the outcome; ``group_sizes`` all
    patients, likewise.

    Examples
    --------
    >>> scan = {"variable": "scan", "odds_ratio": "9.00", "ci_low": "3.27", "ci_high": "24.76"}
    >>> model = hidden_model([scan], {}, (40, 40))
    >>> model.patterns.tolist(), model.counts.tolist()
    ([[0], [1]], [[40], [40]])
    """
    names = tuple(row["variable"] for row in rows)
    missing = [name for name in names[:-1] if name not in known]
    if missing or len(names) > 7:
        raise MviError(
            f"hidden_model needs counts of all variables but the last, at most 7; missing: {missing}, got {len(names)}."
        )
    odds = [read_printed(row["odds_ratio"]) for row in rows]
    low, high = np.array([number.log_ends for number in odds]).reshape(-1, 2).T
    errors = np.array([standard_error_range(row["ci_low"], row["ci_high"], level=level)[1] for row in rows])
    counts = np.array([[group_sizes[k], *(known[name][k] for name in names[:-1])] for k in (0, 1)])
    patterns = np.array(list(itertools.product((0, 1), repeat=len(names))))
    return HiddenModel(names, low, high, errors, counts, patterns)


def feasible_ranges(model, objectives, *, intercept, fixed=(), most_rounds=MOST_ROUNDS, slopes=()):
    """Bounds on linear functions of the counts over everything that prints so: proven, not searched.

    The unknowns are the counts n[outcome, pattern]. Linear constraints: the printed counts; the score equations sum n p
    x = sum n y x, with each p between its ends over the rounding of the coefficients; and for each variable j and every
    vector c, sum n w (x_j - c'x)^2 >= 1 / SE_j^2, which holds because the left side's minimum over c is the inverse of
    the squared standard error. These cuts are added where they are broken, at most ``most_rounds`` times a bound; fewer
    leave it valid and wider. Counts may be fractions, so the true range lies inside the bounds.

    ``objectives`` are weights of the counts (2, n_patterns) by name; ``intercept`` its lowest and highest value;
    ``fixed`` further weights with the sum that they give; ``slopes`` vectors c, (j, c), to begin with, such as those of
    an earlier answer, which only save time.

    Examples
    --------
    Ten of 40 patients have a positive scan without the outcome and 30 of 40 with it; the odds ratio is 3 * 3 = 9.

    >>> scan = {"variable": "scan", "odds_ratio": "9.00", "ci_low": "3.27", "ci_high": "24.76"}
    >>> missed = [[0, 0], [1, 0]]  # with the outcome, scan negative
    >>> found = feasible_ranges(hidden_model([scan], {}, (40, 40)), {"missed": missed}, intercept=(-1.105, -1.095))
    >>> [round(end, 1) for end in found.ranges["missed"]]
    [9.8, 10.1]
    """
    design = np.c_[np.ones(len(model.patterns)), model.patterns]
    low = expit(intercept[0] + model.patterns @ model.coefficient_low)
    high = expit(intercept[1] + model.patterns @ model.coefficient_high)
    weight = np.where((low < 0.5) & (high > 0.5), 0.25, np.maximum(low * (1 - low), high * (1 - high)))
    shape = design, weight, model.se_high
    slopes, ranges = list(slopes)[-MOST_SLOPES:], {}
    program = _linear_rows(model, design, low, high) + [(np.ravel(row), value, value) for row, value in fixed]
    program += [_cut(slope, *shape) for slope in slopes]
    for name, objective in objectives.items():
        ends = []
        for sign in (1, -1):
            end, found = _bound(sign * np.ravel(objective), program, shape, most_rounds)
            slopes += found
            program += [_cut(slope, *shape) for slope in found]
            ends.append(end)
        if np.isinf(ends).any():
            return Feasible({}, tuple(slopes))
        ranges[name] = (ends[0], -ends[1])
    return Feasible(ranges, tuple(slopes))


def _linear_rows(model, design, low, high):
    """Rows (coefficients, lower, upper) of the printed counts and of the score equations."""
    rows = []
    for outcome, column in itertools.product((0, 1), range(model.counts.shape[1])):
        row = np.zeros((2, len(design)))
        row[outcome] = design[:, column]
        rows.append((row.ravel(), model.counts[outcome, column], model.counts[outcome, column]))
    for column in design.T:
        rows.append((np.concatenate([low * column, (low - 1) * column]), -np.inf, 0.0))
        rows.append((np.concatenate([high * column, (high - 1) * column]), 0.0, np.inf))
    return rows


def _bound(objective, program, shape, most_rounds):
    """Smallest value of the objective, infinite if nothing fits, and the slopes of the cuts that it took."""
    slopes, rows = [], list(program)
    for _ in range(most_rounds):
        rules = LinearConstraint(*(np.array(part) for part in zip(*rows, strict=True)))
        solution = milp(objective, constraints=rules, bounds=Bounds(0, np.inf), options={"presolve": False})
        if not solution.success:
            return np.inf, slopes
        found = _broken(solution.x.reshape(2, -1).sum(0), *shape)
        if not found:
            break
        slopes += found
        rows += [_cut(slope, *shape) for slope in found]
    return solution.fun, slopes


def _broken(counts, design, weight, se_high):
    """Slopes of the information constraints that these counts break."""
    information = design.T @ (design * (counts * weight)[:, None])
    slopes = []
    for j in range(1, design.shape[1]):
        others = np.delete(np.arange(design.shape[1]), j)
        slope = np.linalg.lstsq(information[np.ix_(others, others)], information[others, j], rcond=None)[0]
        row, needed, _ = _cut((j, slope), design, weight, se_high)
        if counts @ row[: len(counts)] < needed * (1 - TOLERANCE):
            slopes.append((j, slope))
    return slopes


def _cut(slope, design, weight, se_high):
    j, vector = slope
    row = weight * (design[:, j] - np.delete(design, j, axis=1) @ vector) ** 2
    return np.tile(row, 2), se_high[j - 1] ** -2, np.inf


def intercept_boxes(model, *, search=(-8.0, 8.0), width=0.25, most_rounds=6):
    """All intercepts that a `HiddenModel` leaves possible: intervals, outside of which no fit exists.

    The range of the search is halved again and again; an interval is dropped as soon as no counts fit all of its
    intercepts, and kept once it is at most `width` wide. Neighbours are joined.

    Examples
    --------
    Ten of 40 patients have a positive scan without the outcome and 30 of 40 with it; the odds ratio is 3 * 3 = 9.

    >>> scan = {"variable": "scan", "odds_ratio": "9.00", "ci_low": "3.27", "ci_high": "24.76"}
    >>> intercept_boxes(hidden_model([scan], {}, (40, 40)))  # ln(10 / 30) = -1.10 is inside
    [(-1.5, -0.75)]
    """
    kept, waiting, slopes = [], [search], ()
    nothing = {"any": np.zeros((2, len(model.patterns)))}
    while waiting:
        low, high = waiting.pop()
        found = feasible_ranges(model, nothing, intercept=(low, high), most_rounds=most_rounds, slopes=slopes)
        slopes = found.slopes
        if found.ranges and high - low <= width:
            kept.append((low, high))
        elif found.ranges:
            waiting += [((low + high) / 2, high), (low, (low + high) / 2)]
    return joined(kept)


def joined(rows):
    """Rows of ends (low, high, low, high, ...) in rising order; neighbours in the first interval become one.

    Examples
    --------
    >>> joined([(0, 1, 5, 6), (1, 2, 4, 5), (3, 4, 5, 6)])
    [(0, 2, 4, 6), (3, 4, 5, 6)]
    """
    kept = []
    for row in rows:
        if kept and np.isclose(kept[-1][1], row[0]):
            last = kept.pop()
            row = (pick(ends) for pick, ends in zip(itertools.cycle((min, max)), zip(last, row, strict=True)))
        kept.append(tuple(row))
    return kept


def whole_range(low, high):
    """Whole numbers inside a range of counts, solver noise allowed for: the least and the most.

    Examples
    --------
    >>> whole_range(9.8, 12.3)
    (10, 12)
    """
    return int(np.ceil(max(low, 0) - 1e-6)), int(np.floor(high + 1e-6))

"""Do a printed regression, its formula and a printed recall leave any cohort in which all hold: proofs."""

from itertools import pairwise

import numpy as np
import pandas as pd
from scipy.special import expit

from mvi_core.stats.audit.polytope import feasible_ranges, hidden_model, intercept_boxes, joined, whole_range
from mvi_core.stats.audit.printed import SLACK, read_printed
from mvi_core.stats.audit.verdict import ASSUMED, CANNOT, REPRODUCED, Verdict

METHOD = (
    "Linear programming over all counts of patterns and outcome: printed counts, score equations over the rounding of "
    "the coefficients, standard errors as cuts. An empty program is a proof; bounds hold for all cohorts"
)
EVERYONE = "The multivariable model was fitted to all patients of the univariable table"
STEP = 0.05  # width of the intercept intervals over which the hidden counts are bounded
COUNT_COLUMNS = ("false_negatives_low", "false_negatives_high", "true_negatives_low", "true_negatives_high")


def joint_checks(rows, known, group_sizes, *, formula, missed):
    """Bounds on the hidden predictor of a printed regression, against its formula and a printed recall.

    ``rows``, ``known``, ``group_sizes`` as for `polytope.hidden_model`. ``formula`` holds ``intercept`` and
    ``coefficients`` (by variable, the hidden one among them) as printed; optional ``auc``, and ``threshold``, the
    percentage from which its net benefit exceeds treating all. ``missed`` is the least number of false negatives here,
    by reading of the recall printed elsewhere. Verdicts on the intercept, the calibration of the formula and the false
    negatives; with one known variable in the formula also on its AUC and the start of its decision curve.

    Examples
    --------
    Ten of 40 patients have a positive scan without the outcome and 30 of 40 with it; the odds ratio is 3 * 3 = 9.

    >>> scan = {"variable": "scan", "odds_ratio": "9.00", "ci_low": "3.27", "ci_high": "24.76"}
    >>> formula = {"intercept": "-1.10", "coefficients": {"scan": "2.20"}}
    >>> joint_checks([scan], {}, (40, 40), formula=formula, missed={"test set": 15})[2].verdict  # 10 are missed, not 15
    'cannot be reproduced'
    """
    model = hidden_model(rows, known, group_sizes)
    intercept = read_printed(formula["intercept"])
    ends = (intercept.low, intercept.high)
    hidden = model.patterns[:, -1] == 1
    nothing = np.zeros(len(hidden))
    counts = {"false negatives": [nothing, ~hidden], "true negatives": [~hidden, nothing]}
    ranges = feasible_ranges(model, counts | _mean_risk(model, formula), intercept=ends).ranges
    boxes = _refined(model, counts)
    verdicts = [_intercept(intercept, boxes, ranges)]
    if not ranges:
        return tuple(verdicts)
    verdicts.append(_calibration(ranges, group_sizes, formula))
    verdicts.append(_false_negatives(model.counts[1, 0], ranges, boxes, missed))
    others = [name for name in formula["coefficients"] if name != model.variables[-1]]
    if len(others) == 1 and others[0] in model.variables and (formula.get("auc") or formula.get("threshold")):
        verdicts += _score_checks(model, ranges, formula, known=others[0], intercept=ends)
    return tuple(verdicts)


def _mean_risk(model, formula):
    """Weights that give the mean risk by the formula, at both ends of the rounding of its numbers."""
    printed = {name: read_printed(text) for name, text in formula["coefficients"].items()}
    size = model.counts[:, 0].sum()
    weights = {}
    for end in ("low", "high"):
        logit = getattr(read_printed(formula["intercept"]), end) + sum(
            model.patterns[:, model.variables.index(name)] * getattr(number, end) for name, number in printed.items()
        )
        weights[f"mean risk ({end})"] = np.tile(expit(logit) / size, (2, 1))
    return weights


def _refined(model, counts):
    """Remaining intercepts in narrow steps, neighbours joined, with the bounds of the hidden counts over each run."""
    rows, slopes = [], ()
    for low, high in intercept_boxes(model):
        for box in pairwise(np.linspace(low, high, int(np.ceil((high - low) / STEP)) + 1)):
            found = feasible_ranges(model, counts, intercept=box, slopes=slopes)
            slopes = found.slopes
            if found.ranges:
                rows.append((*box, *found.ranges["false negatives"], *found.ranges["true negatives"]))
    return pd.DataFrame(joined(rows), columns=["intercept_low", "intercept_high", *COUNT_COLUMNS])


def _intercept(intercept, boxes, ranges):
    listed = " or ".join(f"{low:.2f} to {high:.2f}" for low, high in boxes.iloc[:, :2].to_numpy()) or "none"
    word, among = (ASSUMED, "among these") if ranges else (CANNOT, "not among these")
    statement = (
        f"The printed numbers imply an intercept of {listed} for the multivariable model, from odds ratios, intervals "
        f"and counts alone; the printed {intercept.text} is {among}."
    )
    assumptions = (EVERYONE, "The formula's intercept is that of the multivariable model with all its variables")
    alternatives = ("The intercept belongs to another fit", "A digit was misprinted")
    return Verdict("intercept of the multivariable model", word, statement, boxes, assumptions, alternatives, METHOD)


def _calibration(ranges, group_sizes, formula):
    low, high = ranges["mean risk (low)"][0], ranges["mean risk (high)"][1]
    observed = group_sizes[1] / sum(group_sizes)
    evidence = pd.DataFrame([(observed, low, high)], columns=["observed", "mean_risk_low", "mean_risk_high"])
    word, where = CANNOT, "below the observed" if high < observed else "above the observed"
    if low - SLACK <= observed <= high + SLACK:
        word, where = REPRODUCED, "which holds the observed"
    statement = (
        f"The printed numbers imply a mean risk of {100 * low:.1f} to {100 * high:.1f} % by the formula with "
        f"{' and '.join(formula['coefficients'])} alone, {where} {100 * observed:.1f} %."
    )
    dropped = "The formula keeps intercept and coefficients of the larger model and leaves its other terms out"
    alternatives = ("The nomogram was fitted again and its formula was not printed",)
    check, assumptions = "calibration of the formula", (EVERYONE, dropped)
    return Verdict(check, word, statement, evidence, assumptions, alternatives, METHOD)


def _false_negatives(size, ranges, boxes, missed):
    low, high = whole_range(*ranges["false negatives"])
    free = [
        (f"intercept {box[0]:.2f} to {box[1]:.2f}", *whole_range(*box[2:4]), *whole_range(*box[4:]))
        for box in boxes.to_numpy()
    ]
    rows = [("printed intercept", low, high, *whole_range(*ranges["true negatives"])), *free]
    rows += [(reading, least, np.nan, np.nan, np.nan) for reading, least in missed.items()]
    evidence = pd.DataFrame(rows, columns=["reading", *COUNT_COLUMNS])
    statement = (
        f"The printed numbers imply {_span(low, high)} false negatives among all {size} patients with the outcome"
    )
    reading, least = next(iter(missed.items()), ("no recall is printed", 0))
    if missed:
        statement += f"; the printed recall implies at least {least} ({reading})"
    fits = [(reading, least) for reading, least in missed.items() if least <= high]
    misprint = "; ".join(f"{row[0]}: {_span(*row[1:3])} false negatives" for row in free)
    assumptions = (
        EVERYONE,
        "The intercept printed in the formula is that of the multivariable model",
        "One classifier made both numbers",
    )
    alternatives = (
        *(f"Read as {reading}, at least {least} are missed, which fits" for reading, least in fits),
        "The network was trained again, or on all patients, before the regression",
        f"The intercept is a misprint ({misprint})",
    )
    check, word = "false negatives: regression against recall", CANNOT if least > high else ASSUMED
    return Verdict(check, word, f"{statement}.", evidence, assumptions, alternatives, METHOD)


def _span(low, high):
    return f"{low}" if low == high else f"{low} to {high}"


def _score_checks(model, ranges, formula, *, known, intercept):
    """AUC and lowest-risk group of the two-variable formula, for each split of the false negatives by the known one."""
    first, last = whole_range(*ranges["false negatives"])
    column, hidden = model.patterns[:, model.variables.index(known)], model.patterns[:, -1]
    cell = [(column == level) & (hidden == 0) for level in (0, 1)]
    nothing = np.zeros(len(hidden))
    with_known = model.counts[1, model.variables.index(known) + 1]
    present = np.array([model.counts[1, 0] - with_known, with_known])
    slope = [read_printed(formula["coefficients"][name]).value for name in (known, model.variables[-1])]
    rows, slopes = [], ()
    for split in [(total - one, one) for total in range(first, last + 1) for one in range(total + 1)]:
        fixed = [([nothing, cell[level]], split[level]) for level in (0, 1)]
        auc = _auc_weights(model, column, slope, np.array(split), present)
        objectives = {"auc": auc, "clear": [cell[0], nothing]}
        found = feasible_ranges(model, objectives, intercept=intercept, fixed=fixed, most_rounds=2, slopes=slopes)
        slopes = found.slopes
        if found.ranges:
            least, most = np.array(found.ranges["clear"]) + split[0]
            risk = [100 * split[0] / max(size, 1e-9) if split[0] else 0.0 for size in (most, least)]
            rows.append((sum(split), split[0], *found.ranges["auc"], *risk))
    columns = ["false_negatives", "of_these_known_0", "auc_low", "auc_high", "lowest_risk_low", "lowest_risk_high"]
    evidence, verdicts = pd.DataFrame(rows, columns=columns), []
    for key in [key for key in ("auc", "threshold") if formula.get(key)]:
        verdict, fits = _score_verdict(evidence, formula, key)
        verdicts.append(verdict)
        evidence = fits if len(fits) else evidence  # the curve is asked for among the splits that give the AUC
    return verdicts


def _auc_weights(model, column, slope, missed, present):
    """AUC as a linear function of the patients without the outcome, those with it being fixed in every cell."""
    score = np.array([0.0, slope[0], slope[1], slope[0] + slope[1]])  # hidden, known: 00, 01, 10, 11
    yes = np.r_[missed, present - missed]
    below = np.array([np.sum(yes[score > own]) + np.sum(yes[score == own]) / 2 for own in score])
    cell = 2 * model.patterns[:, -1] + column
    return [below[cell] / (yes.sum() * model.counts[0, 0]), np.zeros(len(column))]


def _score_verdict(evidence, formula, key):
    """Verdict on the printed AUC or on the start of the curve, and the rows of the evidence that allow it."""
    printed = read_printed(formula[key])
    check, quantity, column = {
        "auc": ("AUC of the formula", "AUC of the formula", "auc"),
        "threshold": (
            "start of the decision curve", "observed risk in the formula's lowest group, in percent", "lowest_risk",
        ),
    }[key]  # fmt: skip
    low, high = evidence[f"{column}_low"], evidence[f"{column}_high"]
    fits = evidence[(low <= printed.high) & (high >= printed.low)]
    word, where = (ASSUMED, "within") if len(fits) else (CANNOT, "outside")
    statement = (
        f"The printed numbers imply {low.min():.3g} to {high.max():.3g} for the {quantity}; "
        f"the printed {printed.text} is {where}."
    )
    if key == "threshold":
        lowest = 100 * expit(read_printed(formula["intercept"]).value)
        statement += (
            f" The lowest risk that the formula gives is {lowest:.1f} %; "
            "net benefit exceeds treating all above the larger of both."
        )
    assumptions = ("The formula's intercept is that of the multivariable model", "The score is the formula as printed")
    alternatives = ("The curve belongs to the larger model or to another fit",)
    return Verdict(check, word, statement, evidence, assumptions, alternatives, METHOD), fits

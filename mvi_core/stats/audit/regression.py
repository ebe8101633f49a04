"""Do the rows, formula and nomogram points of a logistic regression agree: interval arithmetic."""

import numpy as np
import pandas as pd
from scipy import stats

from mvi_core.stats.audit.printed import SLACK, read_printed
from mvi_core.stats.audit.verdict import ASSUMED, CANNOT, REPRODUCED, Verdict

WALD = "Wald identities ln OR = (ln low + ln high) / 2, SE = (ln high - ln low) / 2z, p = 2 (1 - Phi(|ln OR| / SE))"
ROUNDING = "Interval arithmetic over the rounding of every printed digit"


def standard_error_range(ci_low, ci_high, *, level=0.95):
    """Smallest and largest standard error of a log odds ratio whose Wald interval prints so.

    Parameters
    ----------
    ci_low, ci_high : str
        Interval ends as printed.
    level : float
        Confidence level.

    Returns
    -------
    tuple of float

    Examples
    --------
    >>> [round(end, 4) for end in standard_error_range("14.027", "91.056")]
    [0.4772, 0.4772]
    """
    low, high, z = read_printed(ci_low), read_printed(ci_high), stats.norm.isf((1 - level) / 2)
    smallest = (np.log(high.low) - np.log(low.high)) / (2 * z)
    return float(smallest), float((np.log(high.high) - np.log(low.low)) / (2 * z))


def row_check(rows, *, name="multivariable table", level=0.95):
    """Whether odds ratio, interval and p value of each printed row can belong together.

    Parameters
    ----------
    rows : sequence of dict
        ``variable``, ``odds_ratio``, ``ci_low``, ``ci_high`` and, if printed, ``p_value``; as printed.
    name : str
        The table.
    level : float
        Confidence level of the intervals.

    Returns
    -------
    Verdict
        Evidence: for each row the range of odds ratios that the interval allows, of standard errors and of p values.
    """
    evidence = pd.DataFrame([_row(row, level) for row in rows])
    wrong = evidence[~(evidence["odds_ratio_agrees"] & evidence["p_value_agrees"])]
    if wrong.empty:
        statement = (
            f"The printed numbers imply each other: odds ratio, interval and p value agree in all {len(evidence)} rows "
            f"of {name}."
        )
        return Verdict(f"rows: {name}", REPRODUCED, statement, evidence, (), (), f"{WALD}. {ROUNDING}")
    statement = f"The printed numbers imply different fits within one row of {name}: {', '.join(wrong['variable'])}."
    alternatives = ("A digit was misprinted", "The interval or the p value is not of the Wald family")
    return Verdict(f"rows: {name}", CANNOT, statement, evidence, (), alternatives, f"{WALD}. {ROUNDING}")


def _row(row, level):
    odds, low, high = (read_printed(row[key]) for key in ("odds_ratio", "ci_low", "ci_high"))
    centre = np.sqrt(low.low * high.low), np.sqrt(low.high * high.high)
    se_low, se_high = standard_error_range(low, high, level=level)
    logs = np.log([odds.low, odds.high])
    smallest = 0.0 if logs[0] <= 0 <= logs[1] else np.abs(logs).min()
    p_low, p_high = 2 * stats.norm.sf(np.abs(logs).max() / se_low), 2 * stats.norm.sf(smallest / se_high)
    printed = read_printed(row["p_value"]) if row.get("p_value") is not None else None
    p_agrees = printed is None or bool(p_low <= printed.high + SLACK and p_high >= printed.low - SLACK)
    return {
        "variable": row["variable"], "odds_ratio": odds.value,
        "odds_ratio_low": centre[0], "odds_ratio_high": centre[1],
        "odds_ratio_agrees": bool(centre[0] <= odds.high and centre[1] >= odds.low),
        "se_low": se_low, "se_high": se_high, "p_low": p_low, "p_high": p_high,
        "p_printed": "" if printed is None else printed.text, "p_value_agrees": p_agrees,
    }  # fmt: skip


def formula_check(coefficients, odds_ratios, *, name="formula"):
    """Whether the coefficients of a printed formula are the logarithms of printed odds ratios.

    Parameters
    ----------
    coefficients, odds_ratios : dict of str to str
        By variable, as printed; variables without an odds ratio are left out.
    name : str
        The formula.

    Returns
    -------
    Verdict
    """
    rows = []
    for variable in [key for key in coefficients if key in odds_ratios]:
        printed, odds = read_printed(coefficients[variable]), read_printed(odds_ratios[variable])
        low, high = np.log([odds.low, odds.high])
        rows.append(
            (variable, printed.value, low, high, bool(low <= printed.high + SLACK and high >= printed.low - SLACK))
        )
    evidence = pd.DataFrame(rows, columns=["variable", "coefficient", "log_odds_low", "log_odds_high", "agrees"])
    wrong = ", ".join(evidence.loc[~evidence["agrees"], "variable"])
    word = CANNOT if wrong else REPRODUCED
    statement = f"The printed numbers imply other coefficients for {wrong}." if wrong else (
        f"The printed numbers imply that the coefficients of the {name} are the logarithms of the printed odds ratios, "
        f"to the last digit ({', '.join(evidence['variable'])})."
    )  # fmt: skip
    alternatives = (
        ("The formula was fitted again, with other variables",)
        if wrong
        else ("A fit to fewer variables gave the same digits",)
    )
    return Verdict(f"coefficients: {name}", word, statement, evidence, (), alternatives, ROUNDING)


def nomogram_check(coefficients, points, *, reading_step=0.5, name="nomogram"):
    """Whether printed nomogram points are proportional to printed coefficients.

    Parameters
    ----------
    coefficients, points : dict of str to str
        By 0/1 variable, as printed; the largest points are the full scale.
    reading_step : float
        Step to which points can be read off a printed scale.
    name : str
        The nomogram.

    Returns
    -------
    Verdict
        Reproduced, if the points lie within their own rounding; under a stated assumption, if within half a step.
    """
    shared = [key for key in points if key in coefficients]
    slope = {key: read_printed(coefficients[key]) for key in shared}
    top = max(shared, key=lambda key: read_printed(points[key]).value)
    full = read_printed(points[top]).value
    rows = []
    for key in [key for key in shared if key != top]:
        low, high = (full * a / b for a, b in ((slope[key].low, slope[top].high), (slope[key].high, slope[top].low)))
        rows.append((key, read_printed(points[key]), low, high))
    exact = all(low <= printed.high and high >= printed.low for _, printed, low, high in rows)
    half = reading_step / 2
    near = all(low <= printed.value + half and high >= printed.value - half for _, printed, low, high in rows)
    listed = "; ".join(
        f"{low:.2f} to {high:.2f} points for {key}, printed {printed.text}" for key, printed, low, high in rows
    )
    evidence = pd.DataFrame(
        [(key, printed.value, low, high) for key, printed, low, high in rows],
        columns=["variable", "points", "points_low", "points_high"],
    )
    word = REPRODUCED if exact else ASSUMED if near else CANNOT
    assumptions = () if word == REPRODUCED else (f"Points were read off a scale to {reading_step:g} points",)
    statement = f"The printed numbers imply {listed} (largest coefficient = {full:g} points)."
    alternatives = () if exact else ("The nomogram was drawn from coefficients that were not printed",)
    return Verdict(f"points: {name}", word, statement, evidence, assumptions, alternatives, ROUNDING)

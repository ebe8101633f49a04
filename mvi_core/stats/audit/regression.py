"""Do the rows, formula and nomogram points of a logistic regression agree: interval arithmetic."""

import numpy as np
import pandas as pd
from scipy import stats

from mvi_core.errors import MviError
from mvi_core.stats.audit.printed import read_printed
from mvi_core.stats.audit.verdict import ASSUMED, CANNOT, REPRODUCED, Verdict
from mvi_core.stats.estimate import critical_value

WALD = "Wald identities ln OR = (ln low + ln high) / 2, SE = (ln high - ln low) / 2z, p = 2 (1 - Phi(|ln OR| / SE))"
ROUNDING = "Interval arithmetic over the rounding of every printed digit"


def standard_error_range(ci_low, ci_high, *, level=0.95):
    """Smallest and largest standard error of a log odds ratio whose Wald interval, ends as printed, prints so.

    Examples
    --------
    >>> [round(end, 4) for end in standard_error_range("14.027", "91.056")]
    [0.4772, 0.4772]
    """
    low, high, z = read_printed(ci_low).log_ends, read_printed(ci_high).log_ends, critical_value(level)
    return max(float(high[0] - low[1]) / (2 * z), 0.0), float(high[1] - low[0]) / (2 * z)


def row_check(rows, *, name="multivariable table", level=0.95):
    """Whether odds ratio, interval and p value of each printed row can belong together.

    A row has ``variable``, ``odds_ratio``, ``ci_low``, ``ci_high`` and, if printed, ``p_value``, as printed. Evidence:
    for each row the range of odds ratios that the interval allows, of standard errors and of p values.

    Examples
    --------
    The odds ratio lies at the geometric mean of its interval, sqrt(2 * 8) = 4.

    >>> row = {"variable": "AFP", "odds_ratio": "4.0", "ci_low": "2.0", "ci_high": "8.0"}
    >>> row_check([row]).verdict, row_check([row | {"odds_ratio": "5.0"}]).verdict
    ('reproduced', 'cannot be reproduced')
    """
    evidence = pd.DataFrame([_row(row, level) for row in rows])
    wrong = ", ".join(evidence.loc[~(evidence["odds_ratio_agrees"] & evidence["p_value_agrees"]), "variable"])
    word, alternatives = REPRODUCED, ()
    implied = f"each other: odds ratio, interval and p value agree in all {len(evidence)} rows of {name}"
    if wrong:
        word, implied = CANNOT, f"different fits within one row of {name}: {wrong}"
        alternatives = ("A digit was misprinted", "The interval or the p value is not of the Wald family")
    statement, source = f"The printed numbers imply {implied}.", f"{WALD}. {ROUNDING}"
    return Verdict(f"rows: {name}", word, statement, evidence, (), alternatives, source)


def _row(row, level):
    odds, low, high = (read_printed(row[key]) for key in ("odds_ratio", "ci_low", "ci_high"))
    centre = np.exp((low.log_ends + high.log_ends) / 2)
    se_low, se_high = standard_error_range(low, high, level=level)
    logs = odds.log_ends
    smallest = 0.0 if logs[0] <= 0 <= logs[1] else np.abs(logs).min()
    p_low = 2 * stats.norm.sf(np.abs(logs).max() / se_low) if se_low else 0.0
    p_high = 2 * stats.norm.sf(smallest / se_high)
    printed = read_printed(row["p_value"]) if row.get("p_value") is not None else None
    return {
        "variable": row["variable"], "odds_ratio": odds.value,
        "odds_ratio_low": centre[0], "odds_ratio_high": centre[1],
        "odds_ratio_agrees": bool(centre[0] <= odds.high and centre[1] >= odds.low),
        "se_low": se_low, "se_high": se_high, "p_low": p_low, "p_high": p_high,
        "p_printed": printed.text if printed else "", "p_value_agrees": not printed or printed.meets(p_low, p_high),
    }  # fmt: skip


def formula_check(coefficients, odds_ratios, *, name="formula"):
    """Whether the coefficients of a printed formula, by variable, are the logarithms of printed odds ratios.

    Variables without an odds ratio are left out.

    Examples
    --------
    >>> formula_check({"AFP": "0.69"}, {"AFP": "2.00"}).verdict  # ln 2 = 0.693
    'reproduced'
    """
    rows = []
    for variable in _shared(coefficients, odds_ratios):
        printed, odds = read_printed(coefficients[variable]), read_printed(odds_ratios[variable])
        low, high = odds.log_ends
        rows.append((variable, printed.value, low, high, printed.meets(low, high)))
    evidence = pd.DataFrame(rows, columns=["variable", "coefficient", "log_odds_low", "log_odds_high", "agrees"])
    wrong = ", ".join(row[0] for row in rows if not row[-1])
    word, alternatives = REPRODUCED, ("A fit to fewer variables gave the same digits",)
    implied = (
        f"that the coefficients of the {name} are the logarithms of the printed odds ratios, "
        f"to the last digit ({', '.join(evidence['variable'])})"
    )
    if wrong:
        word, implied = CANNOT, f"other coefficients for {wrong}"
        alternatives = ("The formula was fitted again, with other variables",)
    statement = f"The printed numbers imply {implied}."
    return Verdict(f"coefficients: {name}", word, statement, evidence, (), alternatives, ROUNDING)


def _shared(first, second):
    """Variables that both hold."""
    shared = [key for key in first if key in second]
    if not shared:
        raise MviError(f"No variable is in both {list(first)} and {list(second)}. Write them alike.")
    return shared


def _sizes(printed):
    """Smallest and largest size, whatever the sign, of a number that prints so."""
    least, most = sorted((abs(printed.low), abs(printed.high)))
    return (least if printed.low * printed.high > 0 else 0.0), most


def nomogram_check(coefficients, points, *, reading_step=0.5, name="nomogram"):
    """Whether printed nomogram points, by 0/1 variable, are proportional to printed coefficients.

    A negative coefficient gives its points to the level 0. The largest points are the full scale; ``reading_step`` is
    the step to which points can be read off it. Reproduced, if the points lie within their own rounding; under a stated
    assumption, if within half a step.

    Examples
    --------
    >>> nomogram_check({"AFP": "1.00", "DL-MVI": "2.00"}, {"AFP": "50", "DL-MVI": "100"}).verdict
    'reproduced'
    """
    shared = _shared(points, coefficients)
    slope, scale = ({key: read_printed(texts[key]) for key in shared} for texts in (coefficients, points))
    top = max(shared, key=lambda key: scale[key].value)
    full, rows = scale.pop(top).value, []
    for key, printed in scale.items():
        (least, most), (top_least, top_most) = (_sizes(slope[name]) for name in (key, top))
        low, high = full * least / top_most, full * most / top_least
        rows.append((key, printed, low, high))
    exact = all(low <= printed.high and high >= printed.low for _, printed, low, high in rows)
    near = all(low - reading_step / 2 <= printed.value <= high + reading_step / 2 for _, printed, low, high in rows)
    listed = "; ".join(f"{low:.2f} to {high:.2f} points for {key}, printed {p.text}" for key, p, low, high in rows)
    statement = f"The printed numbers imply {listed} (largest coefficient = {full:g} points)."
    values = [(key, printed.value, low, high) for key, printed, low, high in rows]
    evidence = pd.DataFrame(values, columns=["variable", "points", "points_low", "points_high"])
    if exact:
        return Verdict(f"points: {name}", REPRODUCED, statement, evidence, (), (), ROUNDING)
    assumptions = (f"Points were read off a scale to {reading_step:g} points",)
    alternatives = ("The nomogram was drawn from coefficients that were not printed",)
    word = ASSUMED if near else CANNOT
    return Verdict(f"points: {name}", word, statement, evidence, assumptions, alternatives, ROUNDING)

"""Do the counts, odds ratios, intervals and p values of a univariable table agree, and which test made the last."""

import numpy as np
import pandas as pd
from scipy import special, stats

from mvi_core.errors import MviError
from mvi_core.stats.audit.printed import read_printed
from mvi_core.stats.audit.verdict import CANNOT, NOT_APPLICABLE, REPRODUCED, Verdict
from mvi_core.stats.estimate import critical_value

TESTS = ("wald", "pearson", "yates", "fisher", "likelihood_ratio")
MISPRINT = "A digit was misprinted in a count or in the result"
WOOLF = "Sample odds ratio with Woolf (Wald) interval: Woolf 1955, doi:10.1111/j.1469-1809.1955.tb01348.x"


def univariable_checks(rows, *, n_absent=None, n_present=None, level=0.95):
    """Whether a printed univariable table agrees with itself: sums, odds ratios with intervals, and p values.

    A row is a variable: ``variable``; ``absent`` and ``present``, the counts of reference level and level of interest,
    none of them 0; and as printed, each may be left out: ``total`` (two counts), ``odds_ratio``, ``ci_low``,
    ``ci_high``, ``p_value``. ``n_absent``, ``n_present`` are the printed sizes of the groups.

    Examples
    --------
    >>> afp = {"variable": "AFP", "absent": [20, 10], "present": [10, 20], "odds_ratio": "4.00"}
    >>> univariable_checks([afp])[1].verdict  # 20 * 20 / (10 * 10)
    'reproduced'
    """
    rows = list(rows)
    absent, present = (np.array([row[name] for row in rows], dtype=int) for name in ("absent", "present"))
    if (absent <= 0).any() or (present <= 0).any():
        raise MviError("univariable_checks needs positive counts in every cell, got 0 or less. Leave those rows out.")
    return (
        _sums(rows, absent, present, n_absent=n_absent, n_present=n_present),
        _odds_ratios(rows, absent, present, level),
        _p_values(rows, _candidate_p_values(absent, present)),
    )


def _sums(rows, absent, present, *, n_absent, n_present):
    evidence = []
    for row, out, yes in zip(rows, absent, present, strict=True):
        pairs = [("absent", out.sum(), n_absent), ("present", yes.sum(), n_present)]
        pairs += [(f"total of level {i}", out[i] + yes[i], (row.get("total") or (None, None))[i]) for i in (0, 1)]
        printed = [pair for pair in pairs if pair[2] is not None]
        evidence += [(row["variable"], what, found, want, found == want) for what, found, want in printed]
    table = pd.DataFrame(evidence, columns=["variable", "sum", "computed", "printed", "agrees"])
    return _summary("sums of the univariable table", "sums of printed counts", table, "Addition", (MISPRINT,))


def _odds_ratios(rows, absent, present, level):
    centre = np.log(present[:, 1] * absent[:, 0] / (present[:, 0] * absent[:, 1]))
    margin = critical_value(level) * np.sqrt((1 / absent).sum(1) + (1 / present).sum(1))
    computed = {"odds_ratio": centre, "ci_low": centre - margin, "ci_high": centre + margin}
    words = {"odds_ratio": "odds ratio", "ci_low": "lower end", "ci_high": "upper end"}
    evidence = []
    for i, row in enumerate(rows):
        for key in [name for name in computed if row.get(name) is not None]:
            value, printed = float(np.exp(computed[key][i])), read_printed(row[key])
            evidence.append((row["variable"], words[key], value, printed.value, bool(printed.agrees(value))))
    table = pd.DataFrame(evidence, columns=["variable", "what", "computed", "printed", "agrees"])
    alternatives = (MISPRINT, "The interval is another one (exact, profile)")
    return _summary("odds ratios of the univariable table", "odds ratios and interval ends", table, WOOLF, alternatives)


def _summary(check, what, table, source, alternatives):
    if table.empty:
        return Verdict(check, NOT_APPLICABLE, f"Nothing printed to compare: {what}.", table, (), (), source)
    wrong = table[~table["agrees"]]
    if wrong.empty:
        statement = f"The printed numbers imply the same {what} to the last digit ({len(table)} of {len(table)})."
        return Verdict(check, REPRODUCED, statement, table, (), (), source)
    listed = "; ".join(f"{row[1]} {row[2]} {row.computed:.6g}, printed {row.printed:g}" for row in wrong.itertuples())
    statement = f"The printed numbers imply other values for {len(wrong)} of {len(table)} {what}: {listed}."
    return Verdict(check, CANNOT, statement, table, (), alternatives, source)


def _p_values(rows, candidates):
    check, source = "p values of the univariable table", f"Closed forms of five tests: {', '.join(TESTS)}"
    kept = [i for i, row in enumerate(rows) if row.get("p_value") is not None]
    table = candidates.iloc[kept].reset_index(drop=True)
    table.insert(0, "variable", [rows[i]["variable"] for i in kept])
    table.insert(1, "printed", [str(rows[i]["p_value"]) for i in kept])
    if not kept:
        return Verdict(check, NOT_APPLICABLE, "No p value is printed beside counts.", table, (), (), source)
    printed = [read_printed(text) for text in table["printed"]]
    agree = {test: [bool(p.agrees(x)) for p, x in zip(printed, table[test], strict=True)] for test in TESTS}
    hits = {test: sum(found) for test, found in agree.items()}
    best = max(hits, key=hits.get)
    said = {test: test.replace("_", " ").capitalize() for test in TESTS}
    listed = ", ".join(f"{said[test]} {hit}" for test, hit in hits.items())
    if hits[best] == len(kept):
        names = " or ".join(said[test] for test in TESTS if hits[test] == len(kept))
        implied = f"the {names} test: it gives all {len(kept)} p values"
        word, alternatives = REPRODUCED, ()
    else:
        wrong = ", ".join(table["variable"][~np.array(agree[best])])
        implied = f"no single test for all {len(kept)} p values: the best, {said[best]}, differs for {wrong}"
        word, alternatives = CANNOT, (MISPRINT, "Rows were tested in different ways")
    statement = f"The printed numbers imply {implied} (agreeing rows: {listed})."
    return Verdict(check, word, statement, table, (), alternatives, source)


def _candidate_p_values(absent, present):
    """Probabilities (p values) of 2 x 2 tables under five tests, one column each; counts (n_rows, 2) above 0, by level.

    >>> _candidate_p_values([[33, 103]], [[58, 127]]).round(3).to_dict("records")
    [{'wald': 0.165, 'pearson': 0.164, 'yates': 0.205, 'fisher': 0.171, 'likelihood_ratio': 0.162}]
    """
    cells = np.stack([np.asarray(absent, dtype=float), np.asarray(present, dtype=float)], axis=1)  # row, outcome, level
    expected = cells.sum(1, keepdims=True) * cells.sum(2, keepdims=True) / cells.sum((1, 2), keepdims=True)
    gap = np.abs(cells - expected)
    wald = np.log(cells[:, 1, 1] * cells[:, 0, 0] / (cells[:, 1, 0] * cells[:, 0, 1])) ** 2 / (1 / cells).sum((1, 2))
    squares = {
        "wald": wald,
        "pearson": (gap**2 / expected).sum((1, 2)),
        "yates": (np.maximum(gap - np.minimum(0.5, gap), 0) ** 2 / expected).sum((1, 2)),
        "likelihood_ratio": 2 * special.xlogy(cells, cells / expected).sum((1, 2)),
    }
    table = pd.DataFrame({name: stats.chi2.sf(square, 1) for name, square in squares.items()})
    table["fisher"] = [stats.fisher_exact(cell.astype(int)).pvalue for cell in cells]
    return table[list(TESTS)]

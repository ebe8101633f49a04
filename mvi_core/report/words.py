"""How is a number said: estimates, intervals and p values as text, and published to the prose."""

import re
from dataclasses import asdict

import numpy as np
import pandas as pd

from mvi_core.stats.estimate import Estimate

NUMBER = "mvi"  # key of a published number's parts in the metadata of its output
HYPHEN_FOR_MINUS = re.compile(r"(?<![^\s(>:])-(?=\.?\d)")

MEASURES = {  # how a measure is called in print
    "auc": "AUC", "f1": "F1", "npv": "negative predictive value", "mcc": "Matthews correlation",
    "balanced_accuracy": "balanced accuracy", "brier": "Brier score", "scaled_brier": "scaled Brier score",
    "expected_observed": "expected / observed", "ici": "mean calibration error (ICI)",
    "e50": "median calibration error (E50)", "e90": "its 90th percentile (E90)", "e_max": "largest (E max)",
    "quadratic_kappa": "quadratic kappa", "intercept_joint": "intercept, fitted with the slope",
}  # fmt: skip


def publish(key, value):
    """Make a number or words available to the prose as ``{glue:text}``, and to ``results/report.json`` in full digits.

    ``key`` is unique on the page; a printed number's starts with ``paper_``. An `Estimate` is said in the house style.
    """
    from IPython.display import display
    from myst_nb.ext.glue import GLUE_PREFIX

    number = asdict(value) if isinstance(value, Estimate) else {"value": value} if isinstance(value, int) else {}
    text = value if isinstance(value, str) else str(value) if isinstance(value, int) else estimate_text(value)
    plain = {name: part.item() if isinstance(part, np.generic) else part for name, part in number.items()}
    finite = {name: part for name, part in plain.items() if not isinstance(part, float) or np.isfinite(part)}
    metadata = {"scrapbook": {"name": key, "mime_prefix": GLUE_PREFIX}, NUMBER: finite}
    display({f"{GLUE_PREFIX}text/plain": repr(true_minus(text))}, raw=True, metadata=metadata)


def estimate_text(estimate, *, digits=2, percent=False):
    """Estimate in the house style, as a percentage if wanted.

    Examples
    --------
    >>> estimate_text(Estimate(0.82, 0.78, 0.87, 0.95, "Wald", 321))
    '0.82 (95 % CI 0.78–0.87; n = 321)'
    """
    value, *ends = (number_text(part, digits, percent) for part in (estimate.value, estimate.low, estimate.high))
    unit = " %" if percent else ""
    return f"{value}{unit} ({estimate.level * 100:.0f} % CI {range_text(*ends)}{unit}; n = {estimate.n})"


def range_text(low, high):
    """Join the texts of two ends by a dash, or by "to" where one is negative.

    Examples
    --------
    >>> range_text("0.78", "0.87"), range_text("\N{MINUS SIGN}0.51", "\N{MINUS SIGN}0.14")
    ('0.78–0.87', '−0.51 to −0.14')
    """
    return f"{low} to {high}" if "\N{MINUS SIGN}" in low + high else f"{low}–{high}"


def p_text(p):
    """P value as journals print it.

    Examples
    --------
    >>> p_text(0.00004), p_text(0.0414), p_text(0.25)
    ('< 0.001', '0.041', '0.250')
    """
    return "" if pd.isna(p) else "< 0.001" if p < 0.001 else f"{p:.3f}"


def interval_text(value, low, high, *, digits=2):
    """Value with its interval, for a table cell; alone where an end is missing or the interval has no width.

    A missing value gives an empty text.

    Examples
    --------
    >>> interval_text(4.634, 2.576, 8.336), interval_text(np.inf, np.inf, np.inf), interval_text(0.0, 0.0, 0.0)
    ('4.63 (2.58–8.34)', 'not reached', '0.00')
    """
    if pd.isna(value):
        return ""
    said = number_text(0.0 if round(value, digits) == 0 else value, digits)
    if pd.isna([low, high]).any() or low == value == high:
        return said
    return f"{said} ({range_text(number_text(low, digits), number_text(high, digits))})"


def interval_column(frame, *, digits=2, percent=False, columns=("value", "ci_low", "ci_high")):
    """Texts of value and interval, one for each row of a table; ``columns`` are value, low and high end."""
    factor = 100 if percent else 1
    return [interval_text(*row, digits=digits) for row in frame[list(columns)].to_numpy(dtype=float) * factor]


def number_text(value, digits, percent=False):
    """Say a number with decimals and a true minus; an infinite one is "not reached", a missing one a dash."""
    if np.isposinf(value):
        return "not reached"
    text = "–" if pd.isna(value) else f"{value * (100 if percent else 1):.{digits}f}"
    return text.replace("-", "\N{MINUS SIGN}")


def grouped(cell):
    """Whole number of a table with commas between thousands; anything else as it is.

    Examples
    --------
    >>> grouped(1360), grouped("T1"), grouped(0.2)
    ('1,360', 'T1', 0.2)
    """
    return f"{cell:,}" if isinstance(cell, int | np.integer) and not isinstance(cell, bool) else cell


def true_minus(text):
    """Text with a true minus before negative numbers, in place of the hyphen that programs write.

    Examples
    --------
    >>> true_minus("intercept -3.65 to -3.40 in 2015-2018, 1e-5")
    'intercept −3.65 to −3.40 in 2015-2018, 1e-5'
    """
    return HYPHEN_FOR_MINUS.sub("\N{MINUS SIGN}", text)

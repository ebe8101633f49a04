"""How does a reader get the probability of one patient from the page: the form of the nomogram calculator."""

import html
import json

from mvi_core.report.page import made_by_line
from mvi_core.stats.estimate import critical_value

LEVEL = 0.95  # of the interval beside the probability
WARNING = "Research use only. Not a medical device; not for the care of patients."


def nomogram_calculator(page, sheet, *, labels=None, levels=None, outcome="MVI"):
    """Form in which ``nomogram.js`` calculates the risk of one patient, with everything it needs inside.

    ``sheet`` is the content of ``nomogram.json``; ``labels`` and ``levels`` give, by predictor, its text and what the
    values of a yes/no predictor mean, or the levels of a factor.
    """
    from IPython.display import HTML

    return HTML(calculator_form(page, sheet, labels or {}, levels or {}, outcome) + made_by_line(page, "nomogram.json"))


def calculator_form(page, sheet, labels, levels, outcome):
    """Form as text; it stays hidden where scripts are off, and a sentence points to the drawing beneath."""
    name = f"calculator-{page.spec.id}"
    told = {"labels": {}, "z": critical_value(LEVEL), "level": LEVEL, "outcome": outcome}
    fields = []
    for place, axis in enumerate(sheet["axes"]):
        told["labels"][axis["variable"]] = labels.get(axis["variable"], axis["variable"])
        text = html.escape(told["labels"][axis["variable"]])
        words = levels.get(axis["variable"], axis["ticks"] if axis["kind"] == "factor" else None)
        fields.append(_field(f"{name}-{place}", axis, text, words))
    kept = (
        "intercept",
        "coefficients",
        "covariance",
        "covariance_order",
        "points_per_unit",
        "log_odds_at_zero",
        "axes",
    )
    data = json.dumps(told | {key: sheet[key] for key in kept}).replace("<", "\\u003c")
    return (
        f'<form class="nomogram-calculator" aria-labelledby="{name}-title" autocomplete="off" novalidate hidden>'
        f'<fieldset><legend id="{name}-title">Probability of {html.escape(outcome)} of one patient</legend>'
        f'{"".join(fields)}</fieldset><output aria-live="polite" aria-atomic="true"></output>'
        f'<p class="calculator-warning">{WARNING} {html.escape(page.spec.kind.capitalize())} patients made it.</p>'
        f'<script type="application/json">{data}</script></form>'
        "<noscript><p>The calculator needs scripts; the nomogram beneath gives the same answer.</p></noscript>"
    )


def _field(name, axis, text, words):
    """Label and control of one predictor: a choice where its values have words, else a number with its range."""
    label = f'<label for="{name}">{text}</label>'
    if words is not None:
        options = "".join(
            f'<option value="{place}">{html.escape(str(word))}</option>' for place, word in enumerate(words)
        )
        return f'<div>{label}<select id="{name}"><option value="">choose</option>{options}</select></div>'
    low, high = axis["limits"]
    return (
        f'<div>{label}<input id="{name}" type="number" step="any" inputmode="decimal" aria-describedby="{name}-range">'
        f'<small id="{name}-range">{low:g} to {high:g}</small></div>'
    )

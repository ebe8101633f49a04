"""How does a reader open a verdict: the audit in groups, each line with its evidence beneath."""

import html

import numpy as np
import pandas as pd

from mvi_core.report.page import made_by_line
from mvi_core.report.words import number_text, true_minus
from mvi_core.stats.audit.verdict import ASSUMED, CANNOT, NOT_APPLICABLE, REPRODUCED

MOST_EVIDENCE = 20  # rows of evidence shown under a verdict
VERDICTS_FROM_WORST = (CANNOT, ASSUMED, REPRODUCED, NOT_APPLICABLE)
EVIDENCE_WORDS = {
    "tp": "true positives", "fp": "false positives", "fn": "false negatives", "tn": "true negatives",
    "ci_low": "interval, lower end", "ci_high": "interval, upper end", "what": "number",
    "of_these_known_0": "of these with the known variable at 0", "n_units": "units", "n_patients": "patients",
}  # fmt: skip


def show_verdicts(page, verdicts, *, result=None):
    """Verdicts of the audit in groups as HTML, each opening to its evidence, assumptions and other readings."""
    from IPython.display import HTML

    return HTML(verdicts_html(verdicts) + made_by_line(page, result))


def verdicts_html(verdicts):
    """Put verdicts in groups, the worst first, as HTML."""
    groups = {word: [item for item in verdicts if item.verdict == word] for word in VERDICTS_FROM_WORST}
    parts = [
        f"<h3>{word.capitalize()} ({len(items)})</h3>" + "".join(map(_verdict_html, items))
        for word, items in groups.items()
        if items
    ]
    return true_minus("".join(parts))


def _verdict_html(item):
    say = html.escape
    shown = _evidence_texts(item.evidence.head(MOST_EVIDENCE))
    evidence = shown.to_html(index=False, escape=True, border=0, classes="evidence")
    more = len(item.evidence) - len(shown)
    notes = [("Assumes", item.assumptions), ("Other readings", item.alternatives), ("Method", (item.source,))]
    lists = "".join(
        f"<p><strong>{name}:</strong> {say('; '.join(map(str, words)))}</p>" for name, words in notes if any(words)
    )
    rest = f"<p>The first {len(shown)} of {len(item.evidence)} rows.</p>" if more > 0 else ""
    return (
        f'<details class="verdict-line"><summary><strong>{say(item.check)}</strong>: {say(item.statement)}</summary>'
        f'{lists}<div class="table-wrap">{evidence}</div>{rest}</details>'
    )


def _evidence_texts(evidence):
    """Evidence as text: words for column names, five digits, yes and no."""
    columns = {name: EVIDENCE_WORDS.get(name, str(name).replace("_", " ")) for name in evidence}
    return evidence.astype(object).map(_evidence_text).rename(columns=columns)


def _evidence_text(value):
    if isinstance(value, bool | np.bool_):
        return "yes" if value else "no"
    if isinstance(value, float):
        whole = np.isinf(value) or pd.isna(value) or abs(value) >= 10**5
        return number_text(value, 0) if whole else f"{value:.5g}"
    return "" if value is None else str(value)

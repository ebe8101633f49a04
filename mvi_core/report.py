"""How is a number said: formats estimates, publishes them to the page, and puts them beside the print."""

import html
import re
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import pandas as pd

from mvi_core.cohort.predictors import find_predictor
from mvi_core.cohort.spec import CohortSpec, load_spec
from mvi_core.errors import ManifestError
from mvi_core.names import DL_MVI
from mvi_core.results import commit, result_path
from mvi_core.stats.audit.verdict import ASSUMED, CANNOT, NOT_APPLICABLE, REPRODUCED
from mvi_core.study import Study, load_study

MOST_EVIDENCE = 20  # rows of evidence shown under a verdict
VERDICTS_FROM_WORST = (CANNOT, ASSUMED, REPRODUCED, NOT_APPLICABLE)
EVIDENCE_WORDS = {
    "tp": "true positives", "fp": "false positives", "fn": "false negatives", "tn": "true negatives",
    "ci_low": "interval, lower end", "ci_high": "interval, upper end", "what": "number",
    "of_these_known_0": "of these with the known variable at 0", "n_units": "units", "n_patients": "patients",
}  # fmt: skip


@dataclass(frozen=True)
class OpenPage:
    """The page being executed: its name, cohort and study; every table and figure is signed with it."""

    name: str
    spec: CohortSpec
    study: Study


def open_page(name, cohort):
    """Show the banner that says which cohort and profile make the page.

    Parameters
    ----------
    name : str
        Page name, as in ``config/pages.yaml``.
    cohort : str
        Cohort id.

    Returns
    -------
    OpenPage
    """
    from IPython.display import HTML, display

    page = OpenPage(name, load_spec(cohort), load_study())
    display(HTML(banner(page.spec, page.study.profile)))
    return page


def banner(spec, profile):
    """Banner of a page as HTML: kind of cohort in a word and a colour, title, summary, profile.

    Parameters
    ----------
    spec : CohortSpec
    profile : str

    Returns
    -------
    str
    """
    words = [html.escape(str(text)) for text in (spec.kind, spec.title, spec.summary, profile)]
    return (
        f'<div class="cohort-banner {words[0]}" role="note"><strong>{words[0].capitalize()} cohort</strong> '
        f'<span class="cohort-title">{words[1]}</span> <span class="cohort-summary">{words[2]}</span> '
        f'<span class="cohort-profile">Profile <code>{words[3]}</code></span></div>'
    )


def show_figure(page, figure, *, result=None):
    """Show a figure above the line that says what made it.

    Parameters
    ----------
    page : OpenPage
    figure : matplotlib.figure.Figure
        It is closed after it is shown.
    result : str, optional
        The result file behind it.

    Returns
    -------
    IPython.display.HTML
    """
    import matplotlib.pyplot as plt
    from IPython.display import HTML, display

    display(figure)
    plt.close(figure)
    return HTML(_made_by_line(page, result))


def show_table(page, frame, caption, *, result=None):
    """Table of the page as HTML, with caption and the line that says what made it.

    Parameters
    ----------
    page : OpenPage
    frame : pandas.DataFrame
        Cells are shown as they are; format numbers first.
    caption : str
    result : str, optional
        The result file behind it.

    Returns
    -------
    IPython.display.HTML
    """
    from IPython.display import HTML

    body = frame.to_html(index=False, escape=True, border=0, na_rep="", classes="study-table")
    heading = f"<caption>{html.escape(caption)} Cohort: {html.escape(page.spec.title)} ({page.spec.kind}).</caption>"
    start = body.index(">") + 1
    return HTML(f'<div class="table-wrap">{body[:start]}{heading}{body[start:]}</div>{_made_by_line(page, result)}')


def show_verdicts(page, verdicts, *, result=None):
    """Verdicts of the audit in groups, each opening to its evidence, assumptions and other readings.

    Parameters
    ----------
    page : OpenPage
    verdicts : sequence of Verdict
    result : str, optional
        The result file behind them.

    Returns
    -------
    IPython.display.HTML
    """
    from IPython.display import HTML

    groups = {word: [item for item in verdicts if item.verdict == word] for word in VERDICTS_FROM_WORST}
    parts = [
        f"<h3>{word.capitalize()} ({len(items)})</h3>" + "".join(map(_verdict_html, items))
        for word, items in groups.items()
        if items
    ]
    return HTML("".join(parts) + _made_by_line(page, result))


def publish(key, value):
    """Make a text available to the prose as ``{glue:text}``.

    Parameters
    ----------
    key : str
        Name, unique on the page.
    value : str or Estimate or int
        Text as it is; an estimate in the house style.
    """
    from myst_nb import glue

    glue(
        key,
        value if isinstance(value, str) else str(value) if isinstance(value, int) else estimate_text(value),
        display=False,
    )


def estimate_text(estimate, *, digits=2, percent=False):
    """Estimate in the house style.

    Parameters
    ----------
    estimate : Estimate
    digits : int, default 2
        Decimals.
    percent : bool, default False
        Show as a percentage.

    Returns
    -------
    str
        For example ``0.82 (95 % CI 0.78-0.87; n = 321)``.
    """
    value, low, high = (_number(part, digits, percent) for part in (estimate.value, estimate.low, estimate.high))
    unit = " %" if percent else ""
    return f"{value}{unit} ({estimate.level * 100:.0f} % CI {low}–{high}{unit}; n = {estimate.n})"


def p_text(p):
    """P value as journals print it.

    Parameters
    ----------
    p : float
        From 0 to 1.

    Returns
    -------
    str

    Examples
    --------
    >>> p_text(0.00004), p_text(0.0414), p_text(0.25)
    ('< 0.001', '0.041', '0.250')
    """
    return "" if pd.isna(p) else "< 0.001" if p < 0.001 else f"{p:.3f}"


def interval_text(value, low, high, *, digits=2):
    """Value with its interval, for a table cell.

    Parameters
    ----------
    value, low, high : float
        Infinite ends are shown as such; a missing value gives an empty text.
    digits : int, default 2

    Returns
    -------
    str

    Examples
    --------
    >>> interval_text(4.634, 2.576, 8.336)
    '4.63 (2.58–8.34)'
    """
    if pd.isna(value):
        return ""
    return f"{_number(value, digits)} ({_number(low, digits)}–{_number(high, digits)})"


def interval_column(frame, *, digits=2, percent=False, columns=("value", "ci_low", "ci_high")):
    """Texts of value and interval, one for each row of a table.

    Parameters
    ----------
    frame : pandas.DataFrame
    digits : int, default 2
    percent : bool, default False
        Multiply by 100 first.
    columns : sequence of str
        Value, low and high end.

    Returns
    -------
    list of str
    """
    factor = 100 if percent else 1
    return [interval_text(*row, digits=digits) for row in frame[list(columns)].to_numpy(dtype=float) * factor]


@lru_cache
def paper_values():
    """Every number the paper prints: id, printed text, value, unit, place, meaning.

    Returns
    -------
    pandas.DataFrame
        Indexed by id.
    """
    path = load_study().root / "data_manifest" / "paper_values.csv"
    return pd.read_csv(path, dtype={"printed": str}, keep_default_na=False, na_values=[""]).set_index("id")


def paper_value(key):
    """One number of the paper, as printed.

    Parameters
    ----------
    key : str
        Id in ``data_manifest/paper_values.csv``.

    Returns
    -------
    str

    Raises
    ------
    ManifestError
        If the paper prints no such number.
    """
    table = paper_values()
    if key not in table.index:
        raise ManifestError(f"paper_values.csv has no id '{key}'. Look the id up in data_manifest/paper_values.csv.")
    return table.loc[key, "printed"]


def term_label(name):
    """Name of a model term in print.

    Parameters
    ----------
    name : str
        A predictor of Table 1, ``"dl_mvi"`` or ``"size_cm"``.

    Returns
    -------
    str
    """
    return {DL_MVI: "DL-MVI", "size_cm": "Tumour size (per cm)"}.get(name) or find_predictor(name).label


def term_levels(name):
    """Say what 0 and 1 of a model term mean, in print.

    Parameters
    ----------
    name : str
        A predictor of Table 1, ``"dl_mvi"`` or ``"size_cm"``.

    Returns
    -------
    tuple of str
        Empty for a measurement.
    """
    if name == "size_cm":
        return ()
    return ("absent", "present") if name == DL_MVI else (find_predictor(name).reference, find_predictor(name).level)


def beside_paper(table, place):
    """Put the printed odds ratio, interval and p beside each row of a table of effects.

    Parameters
    ----------
    table : pandas.DataFrame
        Columns ``variable``, ``odds_ratio``, ``ci_low``, ``ci_high``, ``p_value``; one row a predictor.
    place : {"table1", "table3"}
        The printed table.

    Returns
    -------
    pandas.DataFrame
        With ``label``; ``paper`` and ``paper_p`` as printed (empty where the paper has no such row); the numbers
        ``printed_odds_ratio``, ``printed_ci_low``, ``printed_ci_high``; and ``n_agree``: how many of the four are equal
        to every printed digit.
    """
    printed = paper_values()["printed"]
    keys = [re.sub(r"_(gt_\w+|female|3_4)$", "", name) for name in table["variable"]]
    texts = {
        column: [printed.get(f"{place}_{key}_{suffix}") for key in keys]
        for column, suffix in (("odds_ratio", "or"), ("ci_low", "ci_low"), ("ci_high", "ci_high"), ("p_value", "p"))
    }
    beside = table.assign(label=[term_label(name) for name in table["variable"]], n_agree=0)
    for column, words in texts.items():
        beside["n_agree"] += [agrees(*pair) for pair in zip(table[column], words, strict=True)]
        if column != "p_value":
            beside[f"printed_{column}"] = pd.to_numeric(pd.Series(words, index=table.index))
    effects = zip(texts["odds_ratio"], texts["ci_low"], texts["ci_high"], strict=True)
    beside["paper"] = ["" if value is None else f"{value} ({low}\N{EN DASH}{high})" for value, low, high in effects]
    return beside.assign(paper_p=[text or "" for text in texts["p_value"]])


def agrees(value, printed):
    """Whether a number rounds to a printed one, to every printed digit.

    Parameters
    ----------
    value : float
    printed : str or None
        As printed: ``"0.21"``, ``"68.69%"`` (then ``value`` is a percentage), ``"< 0.001"``, ``"not reached"``.

    Returns
    -------
    bool

    Examples
    --------
    >>> agrees(0.2096, "0.21"), agrees(0.2049, "0.21"), agrees(0.0004, "< 0.001"), agrees(float("inf"), "not reached")
    (True, False, True, True)
    """
    if printed is None or pd.isna(printed) or pd.isna(value):
        return False
    text = printed.replace("%", "").replace("\N{MINUS SIGN} ", "-").replace("\N{MINUS SIGN}", "-").strip()
    if text == "not reached":
        return bool(np.isposinf(value))
    if text.startswith("<"):
        return bool(value < float(text[1:]))
    decimals = len(text.partition(".")[2])
    return bool(abs(value - float(text)) <= 0.5 * 10**-decimals + 1e-9)


def _number(value, digits, percent=False):
    if np.isposinf(value):
        return "not reached"
    return "–" if pd.isna(value) else f"{value * (100 if percent else 1):.{digits}f}"


def _verdict_html(item):
    say = html.escape
    shown = _evidence_texts(item.evidence.head(MOST_EVIDENCE))
    evidence = shown.to_html(index=False, escape=True, border=0, classes="study-table")
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
        return _number(value, 0) if whole else f"{value:.5g}"
    return "" if value is None else str(value)


def _made_by_line(page, result):
    parts = [f"notebooks/{page.name}.py", f"cohort {page.spec.id} ({page.spec.kind})", f"profile {page.study.profile}"]
    if result:
        parts.append(str(result_path(page.spec.id, result).relative_to(page.study.root)))
    parts.append(f"commit {commit()}")
    return f'<p class="made-by">Made by {html.escape(" · ".join(parts))}</p>'

"""Which sets of sequences would a reader pick: every set in one table that the page sorts and filters."""

import html

from mvi_core.report.page import made_by_line
from mvi_core.report.words import interval_text, number_text

COLUMNS = ("Set", "Sequences", "Accuracy, % (range over repeats)", "AUC", "Repeats", "Paper prints, %")
TEXT_COLUMNS = 1  # from the left: sorted as words, first to last; the others as numbers, largest first


def subset_explorer(page, sets, sequences, *, result, stored=None):
    """Table of sets with the form by which ``subsets.js`` sorts and filters it; a plain table where scripts are off.

    ``sets`` has columns ``sequences`` (joined with ``+``), ``value``, ``low``, ``high`` (accuracy from 0 to 1 and its
    range), ``auc``, ``runs`` and ``printed`` (missing where the paper prints nothing), best first. ``sequences``: every
    name, in the order of the filters. ``result`` and ``stored`` are as in `show_table`.
    """
    from IPython.display import HTML

    return HTML(explorer_html(page, sets, sequences) + made_by_line(page, result, stored))


def explorer_html(page, sets, sequences):
    """Form and table of the explorer as HTML."""
    name = f"subsets-{page.spec.id}"
    fields = "".join(_filter(f"{name}-{place}", sequence) for place, sequence in enumerate(sequences))
    head = "".join(f'<th scope="col">{column}</th>' for column in COLUMNS)
    body = "".join(_row(row) for row in sets.itertuples(index=False))
    caption = f"The {len(sets)} sets that were trained. Cohort: {page.spec.title} ({page.spec.kind})."
    return (
        f'<div class="subset-explorer"><form aria-labelledby="{name}-title" autocomplete="off" hidden>'
        f'<fieldset><legend id="{name}-title">Show sets by what they hold</legend>{fields}'
        '<button type="reset">Show all</button></fieldset><output aria-live="polite"></output></form>'
        f'<div class="table-wrap" tabindex="0" role="region" aria-label="Sets of sequences">'
        f'<table class="study-table" data-text-columns="{TEXT_COLUMNS}"><caption>{html.escape(caption)}</caption>'
        f"<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div></div>"
    )


def _filter(name, sequence):
    choices = "".join(f'<option value="{value}">{text}</option>' for value, text in
                      (("", "with or without"), ("with", "with"), ("without", "without")))  # fmt: skip
    return (
        f'<div><label for="{name}">{html.escape(sequence)}</label>'
        f'<select id="{name}" data-sequence="{html.escape(sequence)}">{choices}</select></div>'
    )


def _row(row):
    """Row of one set; each cell holds the number behind its text."""
    held = row.sequences.split("+")
    ends = [100 * part for part in (row.value, row.low, row.high)]
    accuracy = interval_text(*ends, digits=1) if row.runs > 1 else number_text(ends[0], 1)
    printed = "" if row.printed != row.printed else f"{100 * row.printed:.2f}"
    cells = (
        (" + ".join(held), " + ".join(held)), (len(held), len(held)), (row.value, accuracy),
        (row.auc, f"{row.auc:.3f}"), (row.runs, row.runs), ("" if printed == "" else row.printed, printed),
    )  # fmt: skip
    first, *rest = [(html.escape(str(value)), html.escape(str(text))) for value, text in cells]
    others = "".join(f'<td data-value="{value}">{text}</td>' for value, text in rest)
    return f'<tr data-held="{" ".join(held)}"><th scope="row" data-value="{first[0]}">{first[1]}</th>{others}</tr>'

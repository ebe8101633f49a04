"""Which cohort made this page: its banner, and the figures and tables that are signed with it."""

import html
from dataclasses import dataclass

from mvi_core.cohort.spec import CohortSpec, load_spec
from mvi_core.results import commit, read_stored, result_path
from mvi_core.study import Study, load_study

LONG_TEXT = 40  # characters from which a cell may wrap


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


def show_figure(page, figure, *, result=None, stored=None):
    """Show a figure above the line that says what made it.

    Parameters
    ----------
    page : OpenPage
    figure : matplotlib.figure.Figure
        It is closed after it is shown.
    result : str, optional
        The result file behind it.
    stored : str, optional
        The stored table behind it, of ``data_manifest/stored``; the line then says when it was made, and on what.

    Returns
    -------
    IPython.display.HTML
    """
    import matplotlib.pyplot as plt
    from IPython.display import HTML, display

    display(figure)
    plt.close(figure)
    return HTML(made_by_line(page, result, stored))


def show_table(page, frame, caption, *, result=None, stored=None):
    """Table of the page as HTML, with caption and the line that says what made it.

    Parameters
    ----------
    page : OpenPage
    frame : pandas.DataFrame
        Cells are shown as they are; format numbers first.
    caption : str
    result, stored : str, optional
        As in `show_figure`.

    Returns
    -------
    IPython.display.HTML
    """
    from IPython.display import HTML

    wordy = frame.astype(str).map(len).max(axis=None) > LONG_TEXT
    classes = "study-table prose" if wordy else "study-table"
    body = frame.to_html(index=False, escape=True, border=0, na_rep="", classes=classes)
    heading = f"<caption>{html.escape(caption)} Cohort: {html.escape(page.spec.title)} ({page.spec.kind}).</caption>"
    start = body.index(">") + 1
    return HTML(
        f'<div class="table-wrap">{body[:start]}{heading}{body[start:]}</div>{made_by_line(page, result, stored)}'
    )


def made_by_line(page, result, stored=None):
    """Line under a figure or table that says what made it, as HTML."""
    parts = [f"notebooks/{page.name}.py", f"cohort {page.spec.id} ({page.spec.kind})", f"profile {page.study.profile}"]
    if result:
        parts.append(str(result_path(page.spec.id, result).relative_to(page.study.root)))
    if stored:
        parts.append(_stored_words(stored))
    parts.append(f"commit {commit()}")
    return f'<p class="made-by">Made by {html.escape(" · ".join(parts))}</p>'


def _stored_words(name):
    _, record = read_stored(name)
    hours, minutes = divmod(round(record["seconds"] / 60), 60)
    made = (
        f"stored on {record['date']} by commit {record['commit']}, profile {record['profile']}, on {record['device']}"
    )
    return (
        f"data_manifest/stored/{name}, {made}, in {f'{hours} h ' if hours else ''}{minutes} min; not made in this run"
    )

"""Which cohort made this page: its banner, and the figures and tables that are signed with it."""

import html
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from itertools import count

from mvi_core.cohort.own import model_folder
from mvi_core.cohort.spec import CohortSpec, load_spec
from mvi_core.names import PATIENT_ID, CohortKind
from mvi_core.report.downloads import download_link, source_link
from mvi_core.report.masking import PEOPLE
from mvi_core.report.publication import docx_table, latex_table
from mvi_core.report.words import MEASURES, publish, true_minus
from mvi_core.results import atomic_write, commit, read_stored, result_path
from mvi_core.study import Study, load_study, page_rule

BOOK = "book"  # the profile whose numbers the book shows
LONG_TEXT = 40  # characters from which a cell may wrap
MANY_COLUMNS = 5  # columns up to which a cell of short text stays on one line
BRACKET = re.compile(r"(\([\d\N{MINUS SIGN}][^()<>]{1,22}\))")  # interval or share; stays whole where a cell wraps
PRINT_DPI = 300  # dots per inch that journals ask of a figure
FORMATS = {".svg": "SVG", ".png": f"PNG, {PRINT_DPI} dpi", ".tex": "LaTeX", ".docx": "Word"}
SAID = "mvi_figure"  # key, in the metadata of a figure's output, of what its page says of it
WORTH = {
    "reconstructed": "These patients were rebuilt from printed numbers: this shows what the print implies, and is no "
    "evidence about patients",
    "phantom": "These images were simulated with known signs: this shows what the method finds of what was planted, "
    "and is no evidence about patients",
    "real": "These are real patients of a public source, other than the paper's: this is evidence about patients like "
    "them",
    "own": "These are your patients: this is evidence about patients like them, as far as their table is right",
}
SIMULATED = (
    ", but nothing that comes from DL-MVI is: its network was trained on simulated images and means nothing on patients"
)
NO_DATE = {".svg": {"Date": None, "Creator": None}, ".png": {"Software": None}}  # the same figure is the same file


@dataclass(frozen=True)
class OpenPage:
    """The page being executed: its name, cohort and study; every table and figure is signed with it."""

    name: str
    spec: CohortSpec
    study: Study
    figures: Iterator = field(default_factory=lambda: count(1), repr=False, compare=False)
    tables: Iterator = field(default_factory=lambda: count(1), repr=False, compare=False)
    stored: Iterator = field(default_factory=lambda: count(1), repr=False, compare=False)

    def of(self, cohort):
        """Give the same page for a table or figure of another cohort, whose name and kind it then bears."""
        return replace(self, spec=load_spec(cohort))


def open_page(name, cohort, *, beside=()):
    """Show the banner that says which cohort and profile make a page of ``config/pages.yaml``, and open it.

    ``beside`` are further cohorts of a page that compares: banner and tables name them too. What an answer of such
    patients is worth is published as ``worth``.
    """
    from IPython.display import HTML, display

    spec, others = load_spec(cohort), [load_spec(other) for other in beside]
    titles, summaries = (" ".join([getattr(spec, key), *(f"{word}{getattr(one, key)}" for one in others)])
                         for key, word in (("title", "and "), ("summary", "")))  # fmt: skip
    page = OpenPage(name, replace(spec, title=titles, summary=summaries), load_study())
    display(HTML(banner(page.spec, page.study.profile)))
    publish("worth", worth_words(spec))
    return page


def banner(spec, profile):
    """Banner of a page as HTML: kind of cohort in a word and a colour, title, summary, frozen model, profile."""
    said = (spec.kind, spec.title, spec.summary, model_words(spec), profile)
    kind, title, summary, model, profile = (html.escape(str(text)) for text in said)
    name = f"{kind.capitalize()} cohort"
    judge = f'<span class="cohort-summary"><strong>{model}</strong></span> ' if model else ""
    other = "" if profile == BOOK else " <strong>not that of the book</strong>"
    return (
        f'<div class="cohort-banner {kind}" role="note"><strong>{name}</strong> '
        f'<span class="cohort-title">{"" if title == name else title}</span> '
        f'<span class="cohort-summary">{summary}</span> {judge}'
        f'<span class="cohort-profile">Profile <code>{profile}</code>{other}</span></div>'
    )


def worth_words(spec):
    """Words, without full stop, on what the answers of a cohort's patients are worth, and what its model's are."""
    notes = _model_notes(spec) if spec.frozen else {}
    return WORTH[spec.kind] + SIMULATED * (notes.get("kind") == CohortKind.PHANTOM)


def model_words(spec):
    """Sentence on the frozen model that judges a cohort's patients and what its numbers mean; empty without one."""
    if not spec.frozen:
        return ""
    notes = _model_notes(spec)
    made = f"{notes['cohort']} ({notes['kind']})" if "cohort" in notes else "patients whom its record does not name"
    said = f"DL-MVI comes from a frozen model, trained on: {made}. None of these patients took part in its training."
    if notes.get("kind") == CohortKind.PHANTOM:
        said += (
            " It was trained on simulated images: on real patients its numbers mean nothing and show the method only."
        )
    return said


def show_figure(page, figure, *, alt, n=None, result=None, stored=None):
    """Show a figure above the line that says what made it, and store it for print: as SVG and as PNG; then close it.

    ``alt`` tells the finding to those who cannot see it, with the numbers of the run; ``n``, a number or words, goes to
    the end of the caption. ``result`` is the result file behind it, ``stored`` the table of ``data_manifest/stored``
    behind it: the line then says when that was made, and on what.
    """
    import matplotlib.pyplot as plt
    from IPython.display import HTML, display

    display(figure, metadata={SAID: {"alt": alt, "n": "" if n is None else f"n = {n}."}})
    files = _store_figure(page, figure)
    plt.close(figure)
    return HTML(made_by_line(page, result, stored, files=files))


def show_table(page, frame, caption, *, result=None, stored=None, notes=()):
    """Table of the page as HTML, with caption and the line that says what made it; stored as LaTeX and docx too.

    Cells are shown as they are, but for the codes of measures: format numbers first. ``result`` and ``stored`` are as
    in `show_figure`; ``notes`` are footnotes, such as the tests and interval methods.
    """
    from IPython.display import HTML

    frame = frame.infer_objects().replace(MEASURES).rename(columns=MEASURES).rename_axis(columns=None)
    frame = frame.map(lambda cell: true_minus(cell) if isinstance(cell, str) else cell)
    wordy = frame.astype(str).map(len).max(axis=None) > LONG_TEXT
    classes = (
        "study-table prose" if wordy else "study-table wide" if len(frame.columns) > MANY_COLUMNS else "study-table"
    )
    body = frame.to_html(index=False, escape=True, border=0, na_rep="", classes=classes)
    body = BRACKET.sub(r'<span class="interval">\1</span>', body)
    start = body.index(">") + 1
    table = f"{body[:start]}{caption_html(page, caption)}{body[start:]}"
    whose = _cohort_words(page, caption)
    files = _store_table(page, frame, caption, [*notes, whose] if whose else notes)
    line = made_by_line(page, result, stored, files=files)
    feet = "".join(f'<p class="table-note">{html.escape(note)}</p>' for note in notes)
    return HTML(f'<div class="table-wrap">{table}</div>{feet}{line}')


def caption_html(page, caption):
    """Caption of the next table of a page as HTML: its number, such as 9.2 in chapter 9, the words, the cohort."""
    number = f"{int(page.name.split('_')[0])}.{next(page.tables)}"
    words = html.escape(f"{caption} {_cohort_words(page, caption)}".strip())
    return f'<caption><span><span class="caption-number">Table {number}.</span> {words}</span></caption>'


def _cohort_words(page, caption):
    """Cohort of a page as a caption names it; nothing where the caption itself says whose numbers it holds."""
    return "" if "Cohort: " in caption else f"Cohort: {page.spec.title} ({page.spec.kind})."


def made_by_line(page, result, stored=None, *, files=()):
    """Line under a figure or table that says what made it and links what may be taken away, as HTML."""
    made = f"cohort {page.spec.id} ({page.spec.kind})", f"profile {page.study.profile}"
    rule = source_link("workflow/rules/pages.smk", page_rule(page.name, page.spec.id))
    parts = [source_link(f"notebooks/{page.name}.py"), f"rule {rule}", *map(html.escape, made)]
    if result:
        path = result_path(page.spec.id, result)
        parts.append(download_link(path, html.escape(str(path.relative_to(page.study.root)))))
    if stored:
        parts.append(html.escape(_stored_words(stored)))
    links = [link for path in files if (link := download_link(path, FORMATS[path.suffix])) != FORMATS[path.suffix]]
    return f'<p class="made-by">Made by {" · ".join([*parts, f"commit {commit()}", *links])}</p>'


def _model_notes(spec):
    path = model_folder(spec) / "model.json"
    return json.loads(path.read_text(encoding="utf-8"))["notes"] if path.is_file() else {}


def _store_figure(page, figure):
    """Figure as files for print, ``results/<cohort>/figures/<page>/figure_<k>``, the k-th of its page."""
    from PIL import Image

    stem = result_path(page.spec.id, f"figures/{page.name}/figure_{next(page.figures)}")
    stem.parent.mkdir(parents=True, exist_ok=True)
    files = [stem.with_suffix(suffix) for suffix in NO_DATE]
    for path in files:
        figure.savefig(path, dpi=PRINT_DPI, metadata=NO_DATE[path.suffix], bbox_inches="tight")
    with Image.open(files[-1]) as picture:  # 256 colours are enough for a drawing, and take a third of the room
        few = picture.convert("RGB").quantize(256, dither=Image.Dither.NONE)
    few.save(files[-1], dpi=(PRINT_DPI, PRINT_DPI))
    return files


def _store_table(page, frame, caption, notes):
    """Table as files for a manuscript, ``results/<cohort>/tables/<page>/table_<k>``; never rows of people."""
    if page.spec.kind in PEOPLE and PATIENT_ID in frame:
        return []
    stem = result_path(page.spec.id, f"tables/{page.name}/table_{next(page.stored)}")
    atomic_write(stem.with_suffix(".tex"), latex_table(frame, caption, notes))
    return [stem.with_suffix(".tex"), docx_table(stem.with_suffix(".docx"), frame, caption, notes)]


def _stored_words(name):
    _, record = read_stored(name)
    hours, minutes = divmod(round(record["seconds"] / 60), 60)
    took = f", in {f'{hours} h ' if hours else ''}{minutes} min" if record["seconds"] else ", time not taken"
    made = f"on {record['date']} by commit {record['commit']}, profile {record['profile']}, on {record['device']}"
    return f"data_manifest/stored/{name}, stored {made}{took}; not made in this run"

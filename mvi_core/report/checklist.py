"""What would a reviewer's checklist find: each item with what the paper reports and where this run reports it."""

import html

import pandas as pd

from mvi_core.report.page import caption_html, made_by_line
from mvi_core.results import result_path
from mvi_core.study import load_study

MET, PARTLY, UNMET, NOT_APPLICABLE = "met", "partly met", "not met", "not applicable"
WORDS = (UNMET, PARTLY, MET, NOT_APPLICABLE)
PAPER_WORDS = ("not reported", "partly", "reported", "not read", "not applicable")

TITLES = {"intro": "first page", "paper_and_us": "what had to be decided", "reproduce": "how to rerun"}


def read_checklist(name):
    """Items of ``"tripod_ai"`` or ``"claim_2024"`` as text; columns as in ``data_manifest/checklists/README.md``."""
    path = load_study().root / "data_manifest" / "checklists" / f"{name}.csv"
    return pd.read_csv(path, dtype=str, keep_default_na=False)


def fill_checklist(items, report):
    """Status of every item of `read_checklist` in this run: what is claimed, unless something that it needs is missing.

    ``report`` is the content of ``results/report.json``. Adds ``status``, ``why`` (what is missing, or the reason that
    was written down) and ``number`` (the first number among the needs, as the page says it).
    """
    said = {entry["id"]: entry["text"] for entry in [*report["numbers"], *report["statements"]]}
    rows = []
    for row in items.to_dict("records"):
        needs = [need.strip() for need in row["needs"].split(";") if need.strip()]
        missing = [need for need in needs if not _is_there(need, said)]
        numbers = [said[need] for need in needs if need in said]
        why = f"missing in this run: {', '.join(missing)}" if missing else row["reason"]
        rows.append({"status": UNMET if missing else row["book"], "why": why, "number": (numbers or [""])[0]})
    return items.join(pd.DataFrame(rows, index=items.index))


def count_checklist(filled):
    """How many items of a filled checklist the paper and this run report: ``who``, ``word``, ``n``."""
    both = (("paper", "paper", PAPER_WORDS), ("this book", "status", WORDS))
    return pd.DataFrame(
        [(who, word, int((filled[column] == word).sum())) for who, column, words in both for word in words],
        columns=["who", "word", "n"],
    )


def show_checklist(page, filled, caption, *, result=None):
    """Show a filled checklist as `show_table` does a table: what is asked, what the paper and this book report."""
    from IPython.display import HTML

    say = html.escape
    head = "".join(f'<th scope="col">{name}</th>' for name in ("Item", "Asks for", "The paper", "This book"))
    body = "".join(
        f'<tr class="{say(row.status).replace(" ", "-")}"><th scope="row">{say(row.item)}</th>'
        f"<td>{say(row.asks)} <small>{say(row.section)}</small></td>"
        f'<td data-who="Paper"><strong>{say(row.paper)}</strong> {say(row.paper_says)}</td>'
        f'<td data-who="Book"><strong>{say(row.status)}</strong> {_where(row)} {say(row.number)} {say(row.why)}</td>'
        "</tr>"
        for row in filled.itertuples(index=False)
    )
    table = f"{caption_html(page, caption)}<thead><tr>{head}</tr></thead><tbody>{body}</tbody>"
    start = '<div class="table-wrap"><table class="study-table checklist">'
    return HTML(f"{start}{table}</table></div>{made_by_line(page, result)}")


def _is_there(need, said):
    """Whether a number, a result, or a page that says some number exists in this run."""
    cohort, _, name = need.partition("/")
    if "." in name:
        return result_path(cohort, name).is_file()
    return need in said or any(entry.startswith(f"{need}/") for entry in said)


def _where(row):
    """Link to the page that meets an item, from a page of a cohort."""
    if not row.place or row.status == UNMET:
        return ""
    cohort, _, name = row.place.rpartition("/")
    chapter = cohort not in ("", "notebooks")
    words = f"chapter {name.split('_')[0]}" if chapter else TITLES.get(name, name)
    return f'<a href="{"../" if chapter else "../../"}{row.place}.html">{words}</a>'

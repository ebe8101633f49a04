"""How many patients stand behind a point of a survival curve: curves that say it for the month under the pointer."""

import html
import json

from mvi_core.report.downloads import PEOPLE
from mvi_core.report.page import made_by_line

FINE, COARSE = 1, 6  # months between two readings; of people only where many share an interval


def reading_step(page):
    """Months between two readings: of real and own patients long enough that no single patient's time can be read."""
    return COARSE if page.spec.kind in PEOPLE else FINE


def survival_reader(page, table, titles, *, style, result):
    """Curves with a slider, by which ``survival.js`` says share and numbers at risk; hidden where scripts are off.

    ``table`` is as `stats.survival_groups.panel_months` returns it; ``titles`` are the names in print of its end points
    and groupings, ``style`` is `figures.group_style`. ``result`` is the file that holds the table.
    """
    from IPython.display import HTML

    return HTML(reader_html(page, table, titles, style) + made_by_line(page, result))


def reader_html(page, table, titles, style):
    """Form of the reader as HTML, with its data inside."""
    name, panels = f"survival-{page.spec.id}", []
    for (endpoint, column), part in table.groupby(["endpoint", "group_by"], sort=False):
        groups = [
            _group(group, rows, style(group, place))
            for place, (group, rows) in enumerate(part.groupby("group", sort=False))
        ]
        title = f"{titles[endpoint].capitalize()} by {titles[column]}"
        panels.append({"title": title, "months": sorted(set(part["months"].tolist())), "groups": groups})
    data = json.dumps({"step": reading_step(page), "panels": panels}).replace("<", "\\u003c")
    options = "".join(f'<option value="{i}">{html.escape(panel["title"])}</option>' for i, panel in enumerate(panels))
    return (
        f'<form class="survival-reader" aria-labelledby="{name}-title" autocomplete="off" hidden><fieldset>'
        f'<legend id="{name}-title">Who stands behind the curves: move over them, or move the slider</legend>'
        f'<div><label for="{name}-panel">Curves</label><select id="{name}-panel">{options}</select></div>'
        f'<div class="wide"><label for="{name}-month">Months of follow-up</label>'
        f'<input id="{name}-month" type="range" min="0" value="0"></div></fieldset>'
        '<svg viewBox="0 0 640 300" aria-hidden="true"></svg>'
        '<table class="evidence"><thead><tr><th scope="col">Group</th><th scope="col">At risk</th>'
        '<th scope="col">Free of the event, % (95 % CI)</th></tr></thead><tbody></tbody></table>'
        f'<script type="application/json">{data}</script></form>'
        "<noscript><p>Reading by month needs scripts; the numbers at risk stand under the figure.</p></noscript>"
    )


def _group(name, rows, look):
    numbers = rows[["at_risk", "survival", "ci_low", "ci_high"]].astype(object).where(rows.notna(), None)
    look = {"name": name, "colour": look["color"], "dashed": look["linestyle"] != "-"}
    return look | {column: numbers[column].tolist() for column in numbers}

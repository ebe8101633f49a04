"""Do the interactive pieces say what Python says: explorer of sets, reader of survival curves, verdicts that open."""

import itertools
import json
import re
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from mvi_core.report.subset_explorer import COLUMNS, explorer_html
from mvi_core.report.survival_reader import reader_html, reading_step
from mvi_core.report.verdicts import verdicts_html
from mvi_core.stats.audit.verdict import CANNOT, REPRODUCED, Verdict
from mvi_core.stats.survival_groups import panel_months, survival_panels

PAGE = SimpleNamespace(spec=SimpleNamespace(id="phantom", kind="phantom", title="Phantom"))
SEQUENCES = ("T1", "T1A", "T1V", "T1D", "T2", "DWI")
SETS = ["+".join(part) for size in range(6) for part in itertools.combinations(SEQUENCES, size + 1)]
TITLES = {"os": "overall survival", "rfs": "recurrence-free survival", "mvi_present": "MVI"}


@pytest.fixture(scope="module")
def sets():
    rng = np.random.default_rng(16)
    value = rng.permutation(np.linspace(0.55, 0.85, 63))
    table = pd.DataFrame({"sequences": SETS, "value": value, "low": value - 0.01, "high": value + 0.02})
    table["auc"], table["runs"] = rng.permutation(np.linspace(0.5, 0.9, 63)), rng.integers(1, 4, 63)
    table["printed"] = np.where(rng.random(63) < 0.2, rng.permutation(np.linspace(0.6, 0.9, 63)), np.nan)
    return table.sort_values("value", ascending=False, ignore_index=True)


@pytest.fixture(scope="module")
def months():
    rng = np.random.default_rng(7)
    table = pd.DataFrame({f"{end}_months": rng.exponential(30, 80).round(1) for end in ("os", "rfs")})
    table = table.assign(os_event=rng.integers(0, 2, 80), rfs_event=rng.integers(0, 2, 80))
    table["mvi_present"] = rng.integers(0, 2, 80)
    return panel_months(survival_panels(table, endpoints=["os", "rfs"], groupings={"mvi_present": "MVI"}), 60)


def read(page, months):
    return reader_html(page, months, TITLES, lambda name, place: {"color": "#2a7ab0", "linestyle": ("-", "--")[place]})


def shown(tab):
    rows = "rows => rows.filter(row => !row.hidden).map(row => row.cells[0].textContent)"
    return [text.replace(" + ", "+") for text in tab.locator("tbody tr").evaluate_all(rows)]


def test_the_table_of_sets_is_whole_and_plain_without_scripts(sets):
    text = explorer_html(PAGE, sets, SEQUENCES)
    assert re.findall(r'data-held="([^"]+)"', text) == [name.replace("+", " ") for name in sets["sequences"]]
    assert '<form aria-labelledby="subsets-phantom-title" autocomplete="off" hidden>' in text
    ids = re.findall(r'<select id="([^"]+)"', text)
    assert ids == re.findall(r'<label for="([^"]+)"', text) and len(ids) == 6


@pytest.mark.browser
@pytest.mark.parametrize(
    ("column", "key"),
    [(0, "sequences"), (1, "size"), (2, "value"), (3, "auc"), (4, "runs"), (5, "printed")],
)
def test_a_columns_head_sorts_as_pandas_does(opened, sets, column, key):
    tab = opened(explorer_html(PAGE, sets, SEQUENCES), "subsets.js")
    table = sets.assign(size=sets["sequences"].str.count(r"\+") + 1)
    head = tab.locator("thead th").nth(column)
    up = column == 0
    for turn in range(3):
        head.get_by_role("button").press("Enter")
        ascending = up != bool(turn % 2)
        found = table.set_index("sequences", drop=False).loc[shown(tab), key]
        values = found.dropna().tolist()
        assert len(found) == 63 and found.isna().tolist() == sorted(found.isna())
        if column:
            assert values == sorted(values, reverse=not ascending)
        assert head.get_attribute("aria-sort") == ("ascending" if ascending else "descending")
    assert tab.locator("thead th[aria-sort='none']").count() == len(COLUMNS) - 1
    if column == 0:
        assert shown(tab)[0] == min(SETS, key=lambda name: [part.lower() for part in name.split("+")])


@pytest.mark.browser
def test_filters_keep_the_sets_that_python_keeps(opened, sets):
    tab = opened(explorer_html(PAGE, sets, SEQUENCES), "subsets.js")
    for wanted in ({"T1": "with"}, {"T1": "without"}, {"T1": "with", "T2": "with", "DWI": "without"}, {}):
        tab.get_by_role("button", name="Show all").click()
        for sequence, value in wanted.items():
            tab.get_by_label(sequence, exact=True).select_option(value)
        kept = [
            name
            for name in sets["sequences"]
            if all((sequence in name.split("+")) == (value == "with") for sequence, value in wanted.items())
        ]
        tab.wait_for_function(
            "n => document.querySelector('output').textContent.startsWith(n + ' of 63')", arg=len(kept)
        )
        assert shown(tab) == kept


def test_of_people_no_single_month_is_read():
    step = {kind: reading_step(SimpleNamespace(spec=SimpleNamespace(kind=kind))) for kind in ("phantom", "real", "own")}
    assert step == {"phantom": 1, "real": 6, "own": 6}


@pytest.mark.browser
def test_every_month_reads_what_python_computes(opened, months):
    tab = opened(read(PAGE, months), "survival.js")
    slider = tab.get_by_label("Months of follow-up")
    for place, ((endpoint, _), part) in enumerate(months.groupby(["endpoint", "group_by"], sort=False)):
        tab.get_by_label("Curves", exact=True).select_option(str(place))
        for month in (0, 1, 7, 24, 59, 60):
            slider.fill(str(month))
            said = tab.locator("tbody tr").evaluate_all(
                "rows => rows.map(row => [...row.cells].map(c => c.textContent))"
            )
            wanted = part[part["months"] == month]
            assert [row[:2] for row in said] == [[row.group, str(row.at_risk)] for row in wanted.itertuples()]
            for (_, _, text), row in zip(said, wanted.itertuples(), strict=True):
                if np.isnan(row.survival):
                    assert text == "nobody is followed that long"
                else:
                    numbers = [float(number) for number in re.findall(r"[\d.]+", text)]
                    np.testing.assert_allclose(
                        numbers, 100 * np.array([row.survival, row.ci_low, row.ci_high]), atol=0.0501
                    )
            assert slider.get_attribute("aria-valuetext").startswith(f"{month} months. MVI absent: ")
        assert TITLES[endpoint].capitalize() in tab.get_by_label("Curves", exact=True).inner_text()


@pytest.mark.browser
def test_the_month_follows_keyboard_and_pointer(opened, months):
    tab = opened(read(PAGE, months), "survival.js", viewport={"width": 700, "height": 700})
    slider = tab.get_by_label("Months of follow-up")
    slider.focus()
    for key in ("ArrowRight", "ArrowRight", "ArrowLeft"):
        slider.press(key)
    assert slider.input_value() == "1"
    box = tab.locator("svg").bounding_box()
    middle = box["width"] * (46 + 628) / 2 / 640  # of the axis, in the drawing's own units
    tab.mouse.move(box["x"] + middle, box["y"] + box["height"] / 2)
    assert slider.input_value() == "30"


@pytest.mark.browser
def test_without_scripts_no_dead_control_is_shown(opened, months, sets):
    tab = opened(read(PAGE, months) + explorer_html(PAGE, sets, SEQUENCES), "survival.js", java_script_enabled=False)
    assert not tab.locator("form").first.is_visible() and not tab.locator("form").last.is_visible()
    assert "numbers at risk" in tab.locator("noscript").inner_text()
    assert tab.get_by_role("row", name="T1 + T1A + T1V + T1D + T2 + DWI").is_visible()


@pytest.mark.browser
def test_a_verdict_opens_to_its_evidence_with_the_keyboard(opened):
    evidence = pd.DataFrame({"tp": [3, 4], "holds": [True, False]})
    made = [
        Verdict(name, word, f"{name} says so.", evidence, ("whole patients",), (), "Fazekas 2024")
        for name, word in (("one", REPRODUCED), ("two", CANNOT))
    ]
    tab = opened(verdicts_html(made), "tables.js")
    first = tab.locator("details").first
    assert "two says so." in first.locator("summary").inner_text() and first.get_attribute("open") is None
    first.locator("summary").press("Enter")
    rows = first.locator("tbody tr").evaluate_all("rows => rows.map(row => [...row.cells].map(c => c.textContent))")
    assert rows == [["3", "yes"], ["4", "no"]] and "whole patients" in first.inner_text()
    assert json.dumps(tab.locator("h3").all_inner_texts()) == json.dumps(["Cannot be reproduced (1)", "Reproduced (1)"])

"""The first page says what the report says: a number that moves there moves the figure, the table and the verdict."""

from pathlib import Path

import pandas as pd
import pytest

from mvi_core.first_page import NUMBERS, against, draw, first_page, summary_points, verdict_rows, write_first_page
from mvi_core.results import read_result, write_result

ROOT = Path(__file__).parents[2]


def entry(name, value, low=None, high=None, *, unit=None, n=100, kind="phantom"):
    cohort, page, _ = name.split("/")
    place = f"notebooks/{cohort}/{page}.html"
    parts = {"id": name, "cohort": cohort, "kind": kind, "place": place, "unit": unit, "n": n}
    return {name: parts | {"value": value, "low": low, "high": high}}


SAID = {
    **entry("clca-2024/02_table1/afp", 1.9, 1.4, 2.6, kind="real"),
    **entry("clca-2024/09_nomogram/auc", 0.7, 0.6, 0.8, kind="real"),
    **entry("clca-2024/09_nomogram/auc_afp", 0.6, 0.5, 0.7, kind="real"),
    **entry("phantom/05_external/inside", 77.2, 69.8, 83.2, unit="%", n=None),
    **entry("phantom/09_nomogram/auc", 0.728, 0.68, 0.78, n=321),
    **entry("paper/09_nomogram/auc", 0.8243, 0.78, 0.868, kind="reconstructed", n=321),
    **entry("paper/09_nomogram/p_claimed", 0.25, kind="reconstructed"),
    **entry("paper/10_paper_and_us/n_cannot", 9.0, kind="reconstructed"),
    **entry("paper/10_paper_and_us/n_checks", 40.0, kind="reconstructed"),
}


@pytest.fixture(autouse=True)
def in_the_project(monkeypatch):
    monkeypatch.setenv("MVI_ROOT", str(ROOT))
    monkeypatch.delenv("MVI_STUDY", raising=False)


def test_percentages_and_shares_meet_on_one_scale_and_the_paper_has_no_interval():
    points = summary_points(SAID).set_index(["label", "series"])
    assert points.loc[("accuracy, own year", "phantom"), ["value", "low", "high"]].tolist() == pytest.approx(
        [0.772, 0.698, 0.832]
    )
    assert points.loc[("accuracy, own year", "paper prints"), "value"] == 0.9211
    assert points.loc[points["kind"] == "paper", ["low", "high"]].isna().all(axis=None)


def test_a_cohort_without_dl_mvi_answers_only_what_takes_none():
    points = summary_points(SAID)
    assert set(points.loc[points["kind"] == "real", "label"]) == {"AFP > 20 ng/mL", "AUC of AFP alone"}
    rows = verdict_rows(SAID)
    assert rows.loc[rows["kind"] == "real", "place"].tolist() == ["notebooks/clca-2024/02_table1.html"]


def test_each_claim_has_a_verdict_and_one_that_nobody_here_can_answer_says_so():
    rows = verdict_rows(SAID).set_index(["claim", "kind"])["verdict"]
    told = {kind: verdict for (claim, kind), verdict in rows.items() if "0.824" in claim}
    assert told == {"phantom": "lower", "reconstructed": "the same, to the digit"}
    assert rows["DL-MVI adds to it: odds ratio 35.738", ""] == "not answered"
    assert rows["Acting on it gains over treating all above 4%", "reconstructed"] == "not shown"
    assert rows["Its numbers, beside each other", "print"] == "do not all fit"
    assert set(verdict_rows({})["verdict"]) == {"not answered"}


def test_a_number_that_moves_moves_its_verdict():
    moved = {**SAID, **entry("paper/09_nomogram/p_claimed", 0.01, kind="reconstructed")}
    moved |= entry("phantom/09_nomogram/auc", 0.9, 0.85, 0.95)
    rows = verdict_rows(moved)
    assert rows.loc[rows["claim"].str.startswith("Acting"), "verdict"].tolist() == ["shown"]
    assert rows.loc[rows["found"].str.startswith("0.90"), "verdict"].tolist() == ["higher"]
    assert against({"value": 0.9, "low": 0.8, "high": 0.95}, "0.824") == "agrees"


def test_the_text_tells_the_figure_with_its_numbers_and_links_each_answer():
    points, rows = summary_points(SAID), verdict_rows(SAID)
    text = first_page(points, rows, "book")
    assert "phantom accuracy, own year 0.77 (0.70–0.83)" in text
    assert (
        '<span class="kind phantom">phantom</span> <a href="notebooks/phantom/05_external.html">77.2 (69.8–83.2) %'
        in text
    )
    assert "../" not in text and "n: real (clca-2024) 100, reconstructed 321, phantom 321." in text


def test_the_figure_draws_every_number_of_the_report():
    points = summary_points(SAID)
    figure = draw(points)
    drawn = sum(len(line.get_xdata()) for axes in figure.axes for line in axes.lines if line.get_marker() != "None")
    assert drawn == len(points) == sum(bool(printed) for _, _, printed, *_ in NUMBERS) + 5


def test_figure_table_and_text_are_results_made_from_the_report(project):
    numbers = list(entry("ward/02_table1/afp", 1.9, 1.4, 2.6, kind="own").values())
    write_result(".", "report.json", {"numbers": numbers})
    write_first_page()
    assert "own (ward)" in set(read_result(".", "summary.csv")["series"])
    assert isinstance(read_result(".", "verdicts.csv"), pd.DataFrame)
    assert (project / "book/notebooks/summary.png").is_file()
    assert "own (ward) AFP > 20 ng/mL 1.90 (1.40–2.60)" in (project / "book/notebooks/first.md").read_text()

"""Numbers are said in the house style, and every table is signed."""

import json
from dataclasses import replace

import pandas as pd
import pytest

from mvi_core.cohort.own import model_folder
from mvi_core.cohort.spec import load_spec
from mvi_core.errors import ManifestError
from mvi_core.names import CohortKind
from mvi_core.report import OpenPage, banner, estimate_text, interval_text, paper_value, show_table, show_verdicts
from mvi_core.report.page import WORTH, worth_words
from mvi_core.results import write_result, write_stored
from mvi_core.stats.audit.verdict import CANNOT, REPRODUCED, Verdict
from mvi_core.stats.estimate import Estimate
from mvi_core.study import load_study


def test_an_estimate_carries_interval_and_number():
    estimate = Estimate(0.8236, 0.78, 0.87, 0.95, "DeLong", 321)
    assert estimate_text(estimate) == "0.82 (95 % CI 0.78–0.87; n = 321)"
    assert estimate_text(estimate, digits=1, percent=True) == "82.4 % (95 % CI 78.0–87.0 %; n = 321)"


def test_an_infinite_median_is_said_in_words_and_a_missing_value_is_empty():
    assert interval_text(float("inf"), 54.7, float("inf"), digits=1) == "not reached (54.7–not reached)"
    assert interval_text(float("nan"), 1, 2) == ""
    assert interval_text(*[float("inf")] * 3) == "not reached"
    assert interval_text(-0.12, -0.3, 0.04) == "−0.12 (−0.30 to 0.04)"


def test_paper_values_come_as_printed(project):
    assert paper_value("table3_alt_p") == "0.21"
    with pytest.raises(ManifestError, match="no id 'table9'"):
        paper_value("table9")


def test_the_banner_says_the_kind_in_a_word_and_escapes_data(project):
    path = project / "data_manifest/cohorts/ward.yaml"
    path.write_text(path.read_text().replace("Six made-up patients.", "<script>alert(1)</script>"))
    text = banner(load_spec("ward"), "test")
    assert 'class="cohort-banner own"' in text and "<strong>Own cohort</strong>" in text
    assert "<script>" not in text


def test_the_banner_does_not_say_a_title_twice_and_warns_of_another_profile(project):
    spec = load_spec("ward")
    assert "not that of the book" in banner(spec, "smoke") and "not that of the book" not in banner(spec, "book")
    assert banner(replace(spec, title="Own cohort"), "book").count("Own cohort") == 1


def test_every_kind_of_cohort_has_a_sentence_on_what_its_answers_are_worth():
    assert set(WORTH) == set(CohortKind)


@pytest.mark.parametrize(("kind", "worthless"), [("phantom", True), ("own", False)])
def test_what_a_network_of_simulated_images_says_of_patients_is_worth_nothing(project, kind, worthless):
    ward = load_spec("ward")
    judged = replace(ward, images={"model": "frozen", "model_path": "model"})
    folder = model_folder(judged)
    folder.mkdir(parents=True)
    (folder / "model.json").write_text(json.dumps({"notes": {"cohort": "Others", "kind": kind}}))
    assert worth_words(ward) == WORTH["own"]
    assert worth_words(judged).startswith(WORTH["own"])
    assert ("DL-MVI" in worth_words(judged) and "means nothing on patients" in worth_words(judged)) == worthless


def test_a_table_is_escaped_captioned_and_signed(project):
    write_result("ward", "table1.csv", pd.DataFrame({"a": [1]}))
    page = OpenPage("01_count", load_spec("ward"), load_study())
    text = show_table(page, pd.DataFrame({"note": ["<b>x</b>"]}), "Notes.", result="table1.csv").data
    assert (
        '<span class="caption-number">Table 1.1.</span> Notes. Cohort: A made-up ward (own).</span></caption>' in text
    )
    assert "&lt;b&gt;x&lt;/b&gt;" in text
    assert '<a href="../../source/notebooks/01_count.py.txt">notebooks/01_count.py</a> · rule <a' in text
    assert '.smk.txt">page_01_count_ward</a> · cohort ward (own) · profile test · <a' in text
    assert '<a href="../../downloads/ward/table1.csv" download>results/ward/table1.csv</a>' in text


def test_a_table_of_another_cohort_bears_its_name_and_kind(project):
    page = OpenPage("02_table1", load_spec("clinic"), load_study()).of("ward")
    assert "Cohort: A made-up ward (own)." in show_table(page, pd.DataFrame({"n": [1]}), "Numbers.").data


def test_a_table_of_another_cohort_says_so_itself():
    page = OpenPage("02_table1", load_spec("paper"), load_study())
    text = show_table(page, pd.DataFrame({"n": [3]}), "Counts. Cohort: each row's.").data
    assert "Counts. Cohort: each row&#x27;s.</span>" in text and text.count("Cohort: ") == 1


def test_a_table_takes_counts_kept_as_objects_and_shows_no_name_of_its_columns():
    page = OpenPage("02_table1", load_spec("paper"), load_study())
    frame = pd.DataFrame({"metric": ["auc"], "n": [3]}, dtype=object).rename_axis(columns="outcome")
    text = show_table(page, frame, "Counts.").data
    assert text.count("<th>") == len(frame.columns)
    assert "outcome" not in text


def test_a_wide_table_wraps_beside_an_interval_and_never_inside_it_and_writes_a_true_minus():
    page = OpenPage("02_table1", load_spec("paper"), load_study())
    frame = pd.DataFrame([["AFP", "x -0.5", "", "", "", "2.68 (1.84–3.88)"]], columns=list("abcdef"))
    text = show_table(page, frame, "Effects.").data
    assert 'study-table wide"' in text and '2.68 <span class="interval">(1.84–3.88)</span>' in text
    assert "x \N{MINUS SIGN}0.5" in text and "wide" not in show_table(page, frame[["a", "f"]], "Effects.").data


def test_verdicts_stand_in_groups_with_readable_evidence(project):
    evidence = pd.DataFrame({"ci_low": [1.599265, float("nan")], "agrees": [True, False], "p": ["<x>", ""]})
    verdicts = [Verdict("sums", REPRODUCED, "Fits.", evidence), Verdict("AUC", CANNOT, "Does not.", evidence.head(0))]
    page = OpenPage("01_count", load_spec("ward"), load_study())
    text = show_verdicts(page, verdicts).data
    assert text.index("<h3>Cannot be reproduced (1)</h3>") < text.index("<h3>Reproduced (1)</h3>")
    for shown in ("<th>interval, lower end</th>", "<td>1.5993</td>", "<td>yes</td>", "<td>&lt;x&gt;</td>"):
        assert shown in text
    assert "nan" not in text and "<h3>Not applicable" not in text


def test_a_stored_table_is_signed_as_not_made_in_this_run(project):
    page = OpenPage("01_count", load_spec("ward"), load_study())
    frame = pd.DataFrame({"a": [1]})
    write_stored("sweep.csv", frame, parameters={}, seconds=3700, device="abacus")
    shown = show_table(page, frame, "Sweep.", stored="sweep.csv").data
    assert "data_manifest/stored/sweep.csv, stored on 20" in shown
    assert "profile test, on abacus, in 1 h 2 min; not made in this run" in shown
    assert "not made in this run" not in show_table(page, frame, "Sweep.").data

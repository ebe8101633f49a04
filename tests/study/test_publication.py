"""Witnesses: pandas' own booktabs writer and LaTeX escaping; python-docx reading back what was written."""

import io
import re
import zipfile

import numpy as np
import pandas as pd
import pytest
from docx import Document
from hypothesis import given
from hypothesis import strategies as st

from mvi_core.report.masking import masked_effects
from mvi_core.report.publication import characteristics, docx_table, latex_table
from mvi_core.stats.measurements import continuous_row
from mvi_core.stats.tables import univariable_table

TABLE = pd.DataFrame(
    {
        "Variable": ["AFP_1", "PLT > 100 × 10⁹/L"],
        "Odds ratio (95 % CI)": ["3.37 (2.12–5.35)", None],
        "p": ["< 0.001", ""],
    }
)
NOTES = ["Woolf interval; Pearson's χ² test.", "Cohort: A & B (real)."]


def test_body_of_the_latex_table_equals_that_of_pandas():
    """Witness: pandas.DataFrame.to_latex(index=False, escape=True), a table of ASCII characters without < and >."""
    frame = pd.DataFrame({"a_b": ["50 %", "x & y", "#1", "$2", "a^b~c\\d{e}"], "n": [1, 2, 3, 4, 5]})
    theirs = frame.to_latex(index=False, escape=True).splitlines()
    ours = latex_table(frame, "Caption.").splitlines()
    spaced = {r"\textbackslash ": r"\textbackslash{}", r"\textasciitilde ": r"\textasciitilde{}"}
    rows = "\n".join(theirs[1:-1]).replace(r"\textasciicircum ", r"\textasciicircum{}")
    for old, new in spaced.items():
        rows = rows.replace(old, new)
    assert rows.splitlines() == ours[3:-2]


def test_latex_is_pure_ascii_and_holds_caption_and_notes():
    text = latex_table(TABLE, "Odds ratios of 50 % & more.", NOTES)
    assert text.isascii()
    assert r"\caption{Odds ratios of 50 \% \& more.}" in text
    assert r"PLT $>$ 100 $\times$ 10$^{9}$/L &  &  \\" in text
    assert text.index(r"\end{tabular}") < text.index("Woolf") < text.index(r"Cohort: A \& B")


@given(st.text(alphabet=st.characters(codec="ascii", exclude_categories=["Cc"])))
def test_no_cell_can_break_out_of_its_table(text):
    row = latex_table(pd.DataFrame({"x": [text], "y": ["end"]}), "c").splitlines()[6]
    assert row.endswith(r" & end \\")
    bare = row.removesuffix(r" & end \\").replace(r"\&", "")
    assert "&" not in bare
    assert bare.count("{") - bare.count(r"\{") == bare.count("}") - bare.count(r"\}")


def test_docx_reads_back_with_every_cell_caption_and_note(tmp_path):
    document = Document(docx_table(tmp_path / "new" / "table.docx", TABLE, "Odds ratios.", NOTES))
    cells = [[cell.text for cell in row.cells] for row in document.tables[0].rows]
    assert cells == [list(TABLE), ["AFP_1", "3.37 (2.12–5.35)", "< 0.001"], ["PLT > 100 × 10⁹/L", "", ""]]
    assert [paragraph.text for paragraph in document.paragraphs] == ["Odds ratios.", *NOTES]
    assert document.paragraphs[0].style.name == "Caption"
    assert document.core_properties.title == "Odds ratios."
    assert all(run.bold for cell in document.tables[0].rows[0].cells for run in cell.paragraphs[0].runs)


def test_equal_tables_make_equal_files(tmp_path):
    one, two = (docx_table(tmp_path / f"{name}.docx", TABLE, "Same.", NOTES).read_bytes() for name in "ab")
    assert one == two
    assert {item.date_time[0] for item in zipfile.ZipFile(io.BytesIO(one)).infolist()} == {1980}


def test_one_row_table_has_its_three_rules(tmp_path):
    document = Document(docx_table(tmp_path / "t.docx", TABLE.head(1), "c"))
    header, last = (row.cells[0]._tc.xpath(".//w:tcBorders/*") for row in document.tables[0].rows)
    assert [line.tag.rpartition("}")[2] for line in header] == ["top", "bottom"]
    assert [line.tag.rpartition("}")[2] for line in last] == ["bottom"]


@pytest.mark.parametrize("notes", [(), []])
def test_table_without_notes_has_none(notes):
    assert "footnotesize" not in latex_table(TABLE, "c", notes)


def test_characteristics_say_counts_shares_medians_and_effects_by_hand():
    """3 of 4 and 4 of 8 patients with a known value; the odds ratio 3 / (4 / 4) with Woolf's interval; sizes 1 to 4."""
    sex = pd.DataFrame({"sex": [0, 1, 1, 1, 0, 0, 0, 0, 1, 1, 1, 1, None, None]})
    mvi, size = [0] * 4 + [1] * 8 + [0, 1], pd.Series([1.0, 2, 3, 4] + [5.0, 6, 7, 8] * 2 + [2.5, 6.5], name="size_cm")
    table = univariable_table(sex, mvi, labels={"sex": ["Male", "Female"]})
    labels = {"sex": "Sex", "size_cm": "Size, cm"}
    shown = characteristics(table, continuous_row(size, mvi), labels=labels)
    assert shown[["Variable", "Level", "MVI absent", "MVI present"]].to_numpy().tolist() == [
        ["Sex", "Male", "1 (25.0 %)", "4 (50.0 %)"],
        ["Sex", "Female", "3 (75.0 %)", "4 (50.0 %)"],
        ["Sex", "missing", "1", "1"],
        ["Size, cm", "median (quartiles), n = 14", "2.5 (1.5–3.5)", "6.5 (5.5–7.5)"],
    ]
    assert shown["Odds ratio (95 % CI)"].tolist()[0] == "1 (reference)"
    assert shown["Odds ratio (95 % CI)"].tolist()[1].startswith("0.33 (0.02–4.74")
    assert shown["p"].tolist()[2] == ""


def test_an_effect_per_unit_of_a_wide_scale_is_not_rounded_to_one_number():
    rng = np.random.default_rng(0)
    mvi = rng.integers(0, 2, 200)
    afp = pd.Series(rng.lognormal(5, 2, 200) * (1 + mvi), name="afp_ng_ml")
    row = continuous_row(afp, mvi)
    shown = characteristics(pd.DataFrame(columns=row.columns), row, labels={"afp_ng_ml": "AFP"}, digits=3)
    (value, low, high) = map(float, re.findall(r"[0-9.]+", shown["Odds ratio (95 % CI)"].iloc[0]))
    assert low < value < high
    assert [value, low, high] == pytest.approx(row[["odds_ratio", "ci_low", "ci_high"]].iloc[0].tolist(), abs=5e-5)


def test_characteristics_of_a_cohort_without_measurements():
    table = univariable_table(pd.DataFrame({"sex": [0, 1, 0, 1]}), [0, 1, 1, 0])
    assert len(characteristics(table, pd.DataFrame(), labels={"sex": "Sex"})) == 2


def test_of_people_a_small_count_takes_counts_shares_and_effect_of_its_variable_with_it():
    sex = pd.DataFrame({"sex": ["male"] * 40 + ["female"] * 10})
    table = masked_effects(univariable_table(sex, [0, 1] * 20 + [0] * 3 + [1] * 7), kind="real")
    shown = characteristics(table, pd.DataFrame(), labels={"sex": "Sex"})
    assert shown.to_numpy().tolist() == [
        ["Sex", "female", "masked", "masked", "1 (reference)", ""],
        ["Sex", "male", "masked", "masked", "masked", ""],
    ]

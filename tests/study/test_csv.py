"""No table that the package writes holds a cell that a spreadsheet would run."""

import csv
import io

import pandas as pd
import pytest

from mvi_core.results import csv_text

FORMULAS = ["=1+1", "+1", "-1+cmd|' /C calc'!A1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "＝1+1", "x\r=1"]


@pytest.mark.parametrize("kind", ["object", "string", "category"])
@pytest.mark.parametrize("formula", FORMULAS)
def test_a_formula_becomes_text_in_cells_of_every_type_and_in_headings(formula, kind):
    frame = pd.DataFrame({"plain": pd.Series([formula, "x"], dtype=kind), formula: [1.5, -2.0]})
    rows = list(csv.reader(io.StringIO(csv_text(frame), newline="")))
    inert = formula.replace("\r", "\n") if formula[0] == "x" else "'" + formula.replace("\r", "\n")
    assert rows == [["plain", inert], [inert, "1.5"], ["x", "-2.0"]]


def test_numbers_flags_and_gaps_stay_as_they_are():
    frame = pd.DataFrame({"n": [-1, 2], "f": [-0.5, None], "b": [True, False], "t": ["a", None]})
    assert csv_text(frame) == "n,f,b,t\n-1,-0.5,True,a\n2,,False,\n"

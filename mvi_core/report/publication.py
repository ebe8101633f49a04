"""How does a table leave the book for a manuscript: LaTeX for a .tex file, docx for a word processor."""

import io
import zipfile
from pathlib import Path

import pandas as pd

from mvi_core.report.masking import MASKED
from mvi_core.report.words import interval_text, p_text
from mvi_core.stats.tables import MISSING

LATEX = str.maketrans(
    {
        "\\": r"\textbackslash{}", "&": r"\&", "%": r"\%", "$": r"\$", "#": r"\#", "_": r"\_", "{": r"\{", "}": r"\}",
        "~": r"\textasciitilde{}", "^": r"\textasciicircum{}", "<": "$<$", ">": "$>$", "|": "$|$",
        "≤": r"$\leq$", "≥": r"$\geq$", "×": r"$\times$", "±": r"$\pm$", "−": "$-$", "·": r"$\cdot$", "∞": r"$\infty$",
        "μ": r"$\mu$", "µ": r"$\mu$", "χ": r"$\chi$", "²": "$^{2}$", "⁹": "$^{9}$", "–": "--", "—": "---", "\n": " ",
    }
)  # fmt: skip
NEVER = (1980, 1, 1, 0, 0, 0)  # the earliest time a zip archive can hold; makes equal tables equal files
FONT_PT = 9
MOST_DIGITS = 6  # of an odds ratio whose interval would be one number with fewer
RULES = {"top": 12, "header": 6, "bottom": 12}  # eighths of a point


def characteristics(table, measurements, *, labels, digits=2):
    """Univariable table as journals print it: one row a level or measurement, patients of each group side by side.

    Parameters
    ----------
    table : pandas.DataFrame
        From `univariable_table`; of people, after `masked_effects`.
    measurements : pandas.DataFrame
        Rows of `continuous_row`, or none; of people, after `masked_effects`.
    labels : mapping of str to str
        Printed name of each variable.
    digits : int
        Decimals of odds ratios.

    Returns
    -------
    pandas.DataFrame
        Text. Counts with the percentage of the group's patients whose value is known; medians with quartiles, and
        the number of patients with a value as their level.
    """
    groups = ("absent", "present")
    levels = table[(table["level"] != MISSING) & (table["absent"] != MASKED)]
    known = levels.groupby("variable")[list(groups)].sum()
    rows = []
    for row in table.to_dict("records"):
        bare = row["absent"] == MASKED or row["level"] == MISSING
        of = ["" if bare else f" ({100 * row[group] / known.loc[row['variable'], group]:.1f} %)" for group in groups]
        rows.append((row, row["level"], *(f"{row[group]}{words}" for group, words in zip(groups, of, strict=True))))
    for row in measurements.to_dict("records"):
        ends = [[f"{row[f'{group}_{part}']:.4g}" for part in ("median", "q1", "q3")] for group in groups]
        texts = [f"{median} ({low}\N{EN DASH}{high})" for median, low, high in ends]
        texts = [MASKED] * 2 if row["absent"] == MASKED else texts
        rows.append((row, f"median (quartiles), n = {row['n']}", *texts))
    body = [
        (labels[row["variable"]], level, absent, present, _effect(row, digits), p_text(row["p_value"]))
        for row, level, absent, present in rows
    ]
    columns = ["Variable", "Level", "MVI absent", "MVI present", "Odds ratio (95 % CI)", "p"]
    return pd.DataFrame(body, columns=columns)


def latex_table(frame, caption, notes=()):
    r"""Table for a LaTeX manuscript that loads ``booktabs``; every cell and text is escaped.

    Parameters
    ----------
    frame : pandas.DataFrame
        Cells are shown as they are; format numbers first. A missing cell is empty.
    caption : str
    notes : sequence of str
        Footnotes, one line each: tests and interval methods, the cohort.

    Returns
    -------
    str
        A ``table`` environment; pure ASCII but for letters with accents.

    Examples
    --------
    >>> import pandas as pd
    >>> print(latex_table(pd.DataFrame({"AFP": ["> 20 ng/mL"], "n (%)": [7]}), "One row.", ["Woolf interval."]))
    \begin{table}
    \caption{One row.}
    \begin{tabular}{lr}
    \toprule
    AFP & n (\%) \\
    \midrule
    $>$ 20 ng/mL & 7 \\
    \bottomrule
    \end{tabular}
    \par\footnotesize
    Woolf interval.
    \end{table}
    """
    header, *body = _cells(frame)
    rows = [" & ".join(cell.translate(LATEX) for cell in row) + r" \\" for row in (header, *body)]
    sides = "".join("l" if place == 0 else "r" for place in range(len(header)))
    lines = [r"\begin{table}", rf"\caption{{{caption.translate(LATEX)}}}", rf"\begin{{tabular}}{{{sides}}}"]
    lines += [r"\toprule", rows[0], r"\midrule", *rows[1:], r"\bottomrule", r"\end{tabular}"]
    if notes:
        lines += [r"\par\footnotesize", "\\\\\n".join(note.translate(LATEX) for note in notes)]
    return "\n".join([*lines, r"\end{table}"])


def docx_table(path, frame, caption, notes=()):
    """Write a table for a word processor: caption above, three rules, footnotes beneath; equal tables, equal bytes.

    Parameters
    ----------
    path : str or pathlib.Path
        Destination; its folder is made.
    frame, caption, notes
        As in `latex_table`.

    Returns
    -------
    pathlib.Path
    """
    from docx import Document

    document = Document()
    document.core_properties.author, document.core_properties.title = "mvi_core", caption
    document.add_paragraph(caption, style="Caption")
    rows = _cells(frame)
    table = document.add_table(len(rows), len(rows[0]))
    for texts, row in zip(rows, table.rows, strict=True):
        for text, cell in zip(texts, row.cells, strict=True):
            _write(cell.paragraphs[0], text, bold=texts is rows[0])
    _rule(table)
    for note in notes:
        _write(document.add_paragraph(), note)
    return _save(document, Path(path))


def _effect(row, digits):
    reference = row["odds_ratio"] == 1 and pd.isna(row["ci_low"])
    if row["absent"] == MASKED and row["level"] != MISSING and not reference:
        return MASKED
    if reference:
        return "1 (reference)"
    ends = row["ci_low"], row["ci_high"]
    while digits < MOST_DIGITS and round(ends[0], digits) == round(ends[1], digits):  # per unit of a wide scale
        digits += 1
    return interval_text(row["odds_ratio"], *ends, digits=digits)


def _cells(frame):
    """Header and rows of a table as text."""
    body = frame.astype(object).where(frame.notna(), "")
    return [[str(name) for name in frame], *([str(cell) for cell in row] for row in body.itertuples(index=False))]


def _write(paragraph, text, *, bold=False):
    from docx.shared import Pt

    run = paragraph.add_run(text)
    run.bold, run.font.size = bold, Pt(FONT_PT)
    paragraph.paragraph_format.space_after = Pt(0)


def _rule(table):
    """Draw the three rules of a printed table, and repeat the header on every page."""
    from docx.oxml import OxmlElement
    from docx.oxml.ns import qn

    last = len(table.rows) - 1
    for place, side, size in ((0, "top", "top"), (0, "bottom", "header"), (last, "bottom", "bottom")):
        for cell in table.rows[place].cells:
            properties = cell._tc.get_or_add_tcPr()
            borders = properties.find(qn("w:tcBorders"))
            if borders is None:
                borders = OxmlElement("w:tcBorders")
                properties.append(borders)
            line = OxmlElement(f"w:{side}")
            line.set(qn("w:val"), "single")
            line.set(qn("w:sz"), str(RULES[size]))
            borders.append(line)
    table.rows[0]._tr.get_or_add_trPr().append(OxmlElement("w:tblHeader"))


def _save(document, path):
    """Save with fixed times inside the archive."""
    made, fixed = io.BytesIO(), io.BytesIO()
    document.save(made)
    with zipfile.ZipFile(made) as source, zipfile.ZipFile(fixed, "w", zipfile.ZIP_DEFLATED) as target:
        for name in sorted(source.namelist()):
            target.writestr(zipfile.ZipInfo(name, NEVER), source.read(name), zipfile.ZIP_DEFLATED)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(fixed.getvalue())
    return path

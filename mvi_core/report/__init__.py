"""What stands on a page: numbers as text, tables and figures signed with their cohort, the print beside ours."""

from mvi_core.report.page import OpenPage, banner, open_page, show_figure, show_table
from mvi_core.report.printed import agrees, beside_paper, paper_value, paper_values, term_label, term_levels
from mvi_core.report.verdicts import show_verdicts
from mvi_core.report.words import estimate_text, interval_column, interval_text, p_text, publish

__all__ = [
    "OpenPage",
    "agrees",
    "banner",
    "beside_paper",
    "estimate_text",
    "interval_column",
    "interval_text",
    "open_page",
    "p_text",
    "paper_value",
    "paper_values",
    "publish",
    "show_figure",
    "show_table",
    "show_verdicts",
    "term_label",
    "term_levels",
]

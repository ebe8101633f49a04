"""What stands on a page: numbers as text, tables and figures signed with their cohort, the print beside ours."""

from mvi_core.report.checklist import count_checklist, fill_checklist, read_checklist, show_checklist
from mvi_core.report.findings import ends_told, forest_told, pairs_told, rows_told
from mvi_core.report.masking import (
    FEW,
    MASKED,
    MASKED_NOTE,
    few_by_mvi,
    holds_few,
    masked_at_risk,
    masked_counts,
    masked_effects,
    masked_events,
    masked_readings,
    masked_subgroups,
    refuse_few,
    refuse_few_by_mvi,
)
from mvi_core.report.model_card import network_card, nomogram_card
from mvi_core.report.page import OpenPage, banner, open_page, show_figure, show_table
from mvi_core.report.printed import (
    agrees,
    beside_paper,
    paper_value,
    paper_values,
    printed_effects,
    term_label,
    term_levels,
)
from mvi_core.report.publication import characteristics
from mvi_core.report.subset_explorer import subset_explorer
from mvi_core.report.survival_reader import reading_step, survival_reader
from mvi_core.report.verdicts import show_verdicts
from mvi_core.report.words import estimate_text, grouped, interval_column, interval_text, p_text, publish

__all__ = [
    "FEW", "MASKED", "MASKED_NOTE", "OpenPage", "agrees", "banner", "beside_paper", "characteristics",
    "count_checklist", "ends_told", "estimate_text", "few_by_mvi", "fill_checklist", "forest_told", "grouped",
    "holds_few", "interval_column", "interval_text", "masked_at_risk", "masked_counts", "masked_effects",
    "masked_events", "masked_readings", "masked_subgroups", "network_card", "nomogram_card", "open_page", "p_text",
    "pairs_told", "paper_value", "paper_values", "printed_effects", "publish", "read_checklist", "reading_step",
    "refuse_few", "refuse_few_by_mvi", "rows_told", "show_checklist", "show_figure", "show_table", "show_verdicts",
    "subset_explorer", "survival_reader", "term_label", "term_levels",
]  # fmt: skip

"""How are the study's tables drawn: each function draws a finished table on an `Axes` and returns it; none computes.

The tables are data frames, never changed. ``axes`` is one `matplotlib.axes.Axes`, or one for each panel where a drawing
has several; ``note`` is text for the axis or the legend, already formatted, that says n, level or test.
"""

from mvi_core.figures.audit import allowed_ranges, checklist_bars, counted_bars, denominator_search
from mvi_core.figures.certainty import (
    calibration_instability,
    prediction_instability,
    risk_coverage,
    risk_distribution,
    set_sizes,
)
from mvi_core.figures.clinic import calibration, decision_curve, dose_curve, figure_4, nomogram, roc
from mvi_core.figures.cohort import flow_chart, forest, forest_groups, missing_bars
from mvi_core.figures.images import attention_panel, contact_sheet, network_flow, roi_steps, sequence_panel
from mvi_core.figures.leakage import covering_intervals, protocol_ladder
from mvi_core.figures.performance import (
    accuracy_by_combination,
    cohort_points,
    embedding_panel,
    metric_points,
    patients_needed,
    training_curves,
)
from mvi_core.figures.solutions import error_map, follow_up_lines, half_reached
from mvi_core.figures.style import group_style, panel_letter, stamp, theme
from mvi_core.figures.survival import incidence_curves, survival_curves
from mvi_core.figures.sweep import spread_rows, subset_chart

__all__ = [
    "accuracy_by_combination", "allowed_ranges", "attention_panel", "calibration", "calibration_instability",
    "checklist_bars", "cohort_points", "contact_sheet", "counted_bars", "covering_intervals", "decision_curve",
    "denominator_search", "dose_curve", "embedding_panel", "error_map", "figure_4", "flow_chart",
    "follow_up_lines", "forest", "forest_groups", "group_style", "half_reached", "incidence_curves",
    "metric_points", "missing_bars", "network_flow", "nomogram", "panel_letter", "patients_needed",
    "prediction_instability", "protocol_ladder", "risk_coverage", "risk_distribution", "roc", "roi_steps",
    "sequence_panel", "set_sizes", "spread_rows", "stamp", "subset_chart", "survival_curves", "theme",
    "training_curves",
]  # fmt: skip

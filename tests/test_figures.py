"""Do the figures show what their tables hold, in one language of colours?"""

import re
from itertools import combinations, pairwise
from pathlib import Path
from types import SimpleNamespace

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from matplotlib.colors import to_rgb

from mvi_core import figures
from mvi_core.figures.style import (
    ABSENT,
    ENROLMENT_COLOURS,
    GRADE_COLOURS,
    KIND_COLOURS,
    KIND_MARKERS,
    LINES,
    MARKERS,
    MVI_COLOURS,
    OURS,
    PAPER,
    PRESENT,
    QUIET,
    SERIES,
    group_style,
)
from mvi_core.names import CohortKind, MviGrade
from mvi_core.stats.nomogram import published_nomogram

CSS = Path(__file__).parents[1] / "book" / "_static" / "custom.css"
RANGE = {"ci_low": [0.3, 0.4], "ci_high": [0.7, 0.9]}
FOREST = pd.DataFrame(
    {"label": ["AFP", "ALT"], "odds_ratio": [3.365, 2.04], "ci_low": [2.118, 1.22], "ci_high": [5.347, 3.412]}
)
GROUPED = pd.concat([FOREST.assign(group="print"), FOREST[:1].assign(group="CLCA 2024", ci_low=0.02, ci_high=90.0)])
DOSE = pd.DataFrame(
    {"value": [2.0, 20, 200], "curve": [0.3, 0.5, 0.7], "step": [0.4, 0.4, 0.6], "ci_low": 0.2, "ci_high": 0.8}
)
SHARES = pd.DataFrame({"value": [5.0, 90.0], "observed": [0.4, 0.6], "ci_low": [0.3, 0.5], "ci_high": [0.5, 0.7]})
FLOW = pd.DataFrame(
    {"step": ["resected", "complete"], "n_excluded": [np.nan, 12], "n_left": [np.nan, 321], "reason": ["", "no MR"]}
)
MISSING = pd.DataFrame({"label": ["AFP", "ALT"], "n_missing": [0, 300], "n": [321, 321]})
TABLE_2 = pd.DataFrame(
    {"sequences": ["T1+T1V+T1D", "T1"], "accuracy": [0.5, 0.6], **RANGE, "printed": [0.9211, 0.6666]}
)
METRICS = pd.DataFrame(
    {
        "metric": ["accuracy"] * 2,
        "series": ["DL-MVI", "paper"],
        "value": [0.5, 0.6869],
        "ci_low": [0.4, np.nan],
        "ci_high": [0.6, np.nan],
    }
)
POINTS = pd.DataFrame({"x": [0.0, 1, 2], "y": [0.0, 1, 0], "enrolment": ["2015", "2015", "2018"]})
EPOCHS = pd.DataFrame(
    {"epoch": [1, 2, 1, 2], "part": ["training", "training", "test", "test"], "value": [1.0, 0.5, 1.1, 0.8]}
)
CURVES = pd.DataFrame(
    {
        "group": ["MVI absent"] * 2 + ["MVI present"] * 2,
        "months": [0, 10, 0, 12],
        "survival": [1, 0.9, 1, 0.7],
        "ci_low": [1, 0.8, 1, 0.6],
        "ci_high": [1, 0.95, 1, 0.8],
        "censored": [0, 3, 0, 1],
    }
)
AT_RISK = pd.DataFrame(
    {"group": ["MVI absent", "MVI present"] * 2, "months": [0, 0, 12, 12], "at_risk": [136, 185, 40, 41]}
)
INCIDENCE = CURVES.assign(event=["recurrence", "death"] * 2, incidence=[0.0, 0.1, 0.0, 0.3], ci_low=0.0, ci_high=0.4)
ROC = pd.DataFrame({"sensitivity": [0, 0.8, 1], "specificity": [1, 0.7, 0]})
CALIBRATION = pd.DataFrame(
    {
        "kind": ["grouped", "smooth", "smooth"],
        "risk": [0.4, 0.2, 0.8],
        "observed": [0.5, 0.2, 0.8],
        "ci_low": [0.3, 0.1, 0.7],
        "ci_high": [0.6, 0.3, 0.9],
    }
)
RISKS = pd.DataFrame({"risk": [0.1, 0.8], "share_absent": [0.3, 0.1], "share_present": [0.1, 0.5]})
BENEFIT = pd.DataFrame(
    {
        "threshold": [0.1, 0.2],
        "net_benefit": [0.5, 0.4],
        "ci_low": [0.4, 0.3],
        "ci_high": [0.6, 0.5],
        "treat_all": [0.5, 0.3],
        "treat_none": [0.0, 0.0],
    }
)
PATIENTS = pd.DataFrame({"risk": [0.2, 0.7], "low": [0.1, 0.5], "high": [0.4, 0.8]})
RESAMPLED = pd.DataFrame({"resample": [0, 0, 1, 1], "risk": [0.2, 0.8] * 2, "observed": [0.2, 0.8, 0.3, 0.9]})
SUREST = pd.DataFrame(
    {"series": ["2015"] * 2 + ["2018"] * 2, "share_kept": [0.5, 1] * 2, "accuracy": [0.9, 0.7, 0.6, 0.5],
     "ci_low": [0.8, 0.6, 0.5, 0.4], "ci_high": [1, 0.8, 0.7, 0.6]}
)  # fmt: skip
SIZES = pd.DataFrame(
    {"series": ["2015", "2018"], "none": [0.02, 0.1], "one": [0.5, 0.3], "two": [0.38, 0.4], "three": [0.1, 0.2]}
)
NOMOGRAM = published_nomogram(intercept=-3.51, coefficients={"afp_gt_20": 1.53, "dl_mvi": 3.58}).to_dict()
SEARCH = pd.DataFrame({"n": [1, 2, 3, 4], "possible": [0, 1, 2, 1], "of": 2})
LAYERS = [
    ("ROI", (1, 48, 48)),
    ("7x7 convolution", (16, 24, 24)),
    ("average pool", (128,)),
    ("concatenation", (384,)),
    ("FC", (3,)),
]

VERDICTS = pd.Series({"reproduced": 7, "cannot be reproduced": 0})
ALLOWED = pd.DataFrame({"label": ["formula", "external set"], "low": [5.0, 16.0], "high": [11.0, np.nan]})

ERRORS = pd.DataFrame({"false_negatives": [6, 6, 7], "false_positives": [68, 68, 70], "agrees": [True, True, False]})
REGION = pd.DataFrame({"false_negatives": [6, 7], "false_positives_low": [65, 65], "false_positives_high": [77, 78]})
FOLLOWED = pd.DataFrame(
    {"months": [30, 12.5, 36.3], "end": ["followed to the end", "lost", "died"], "enrolment": ["2018", "2015", "2015"]}
)
RUNGS = pd.DataFrame({"protocol": ["in-sample", "later year", "AFP"], "value": 0.6, "ci_low": 0.5, "ci_high": 0.7})
RUNGS["kind"] = ["leaky", "honest", "no network"]
COVERING = pd.DataFrame({"value": [0.5, 0.7], "ci_low": [0.4, 0.6], "ci_high": [0.6, 0.8], "covers": [True, False]})
SUBSETS = pd.DataFrame(
    {
        "sequences": ["T1", "T1+T2", "T2"], "value": [0.6, 0.8, 0.7], "low": [0.5, 0.7, 0.7], "high": [0.7, 0.9, 0.7],
        "printed": [0.65, np.nan, np.nan],
    }
)  # fmt: skip
RUNS = pd.DataFrame({"label": ["default", "default", "no flips"], "value": [0.84, 0.86, 0.7]})
SIZES_NEEDED = pd.DataFrame(
    {"model": ["few", "few", "all", "all"], "parameters": [5, 5, 18, 18], "auc": [0.6, 0.8] * 2}
).assign(n_required=[900, 380, 4000, 600], rule=[118.0, 118.0, 425.0, 425.0])
COHORTS = pd.DataFrame(
    {"label": ["AFP", "AFP", "DL-MVI"], "kind": ["paper", "real", "phantom"],
     "series": ["paper", "real: CLCA", "phantom"], "value": [3.4, 2.0, 5.9],
     "low": [np.nan, 1.2, 3.0], "high": [np.nan, 3.4, 11.0]}
)  # fmt: skip
CHECKLIST = pd.DataFrame(
    {"TRIPOD+AI": [10, 5, 2, 1, 6], "CLAIM": [8, 2, 1, 0, 9]},
    index=pd.MultiIndex.from_tuples(
        [*(("paper", word) for word in ("reported", "partly", "not reported", "not read")), ("this book", "met")]
    ),
)
DRAWINGS = {
    "flow_chart": lambda axes: figures.flow_chart(FLOW, axes),
    "missing_bars": lambda axes: figures.missing_bars(MISSING, axes),
    "forest": lambda axes: figures.forest(FOREST, axes),
    "forest_groups": lambda axes: figures.forest_groups(GROUPED, axes, note="odds ratio"),
    "dose_curve": lambda axes: figures.dose_curve(DOSE, axes, groups=SHARES, note="AFP, ng/mL"),
    "accuracy_by_combination": lambda axes: figures.accuracy_by_combination(TABLE_2, axes, baselines={"always": 0.42}),
    "checklist_bars": lambda axes: figures.checklist_bars(CHECKLIST, axes),
    "protocol_ladder": lambda axes: figures.protocol_ladder(RUNGS, axes, title="null"),
    "covering_intervals": lambda axes: figures.covering_intervals(COVERING, axes, title="later year"),
    "metric_points": lambda axes: figures.metric_points(METRICS, axes),
    "cohort_points": lambda axes: figures.cohort_points(COHORTS, axes, note="odds ratio", log=True),
    "embedding_panel": lambda axes: figures.embedding_panel(POINTS, axes, title="M0, T1", separation="AUC 0.9"),
    "training_curves": lambda axes: figures.training_curves(EPOCHS, axes, ylabel="cross-entropy"),
    "survival_curves": lambda axes: figures.survival_curves(CURVES, axes, at_risk=AT_RISK, ylabel="overall survival"),
    "incidence_curves": lambda axes: figures.incidence_curves(INCIDENCE, axes, at_risk=AT_RISK, ylabel="share"),
    "nomogram": lambda axes: figures.nomogram(NOMOGRAM, axes),
    "roc": lambda axes: figures.roc(ROC, axes, note="AUC 0.82"),
    "calibration": lambda axes: figures.calibration(CALIBRATION, axes, risks=RISKS),
    "decision_curve": lambda axes: figures.decision_curve(BENEFIT, axes, mark=0.04),
    "risk_distribution": lambda axes: figures.risk_distribution(RISKS, axes),
    "prediction_instability": lambda axes: figures.prediction_instability(PATIENTS, axes),
    "calibration_instability": lambda axes: figures.calibration_instability(RESAMPLED, axes),
    "risk_coverage": lambda axes: figures.risk_coverage(SUREST, axes),
    "set_sizes": lambda axes: figures.set_sizes(SIZES, axes),
    "network_flow": lambda axes: figures.network_flow(LAYERS, axes, branches=["T1", "T1V", "T1D"]),
    "spread_rows": lambda axes: figures.spread_rows(RUNS, axes, band=(0.82, 0.88), note="AUC"),
    "patients_needed": lambda axes: figures.patients_needed(SIZES_NEEDED, axes, n=321),
    "counted_bars": lambda axes: figures.counted_bars(VERDICTS, axes, note="checks"),
    "denominator_search": lambda axes: figures.denominator_search(SEARCH, axes, stated=4, note="patients"),
    "allowed_ranges": lambda axes: figures.allowed_ranges(ALLOWED, axes, note="false negatives"),
    "error_map": lambda axes: figures.error_map(ERRORS, REGION, axes, asked={"99 patients": 16, "99 slices": 6}),
    "half_reached": lambda axes: figures.half_reached(CURVES[:2], axes, floor=0.57, median=59.5),
    "follow_up_lines": lambda axes: figures.follow_up_lines(FOLLOWED, axes),
}  # fmt: skip
TABLES = (
    FOREST, GROUPED, DOSE, SHARES, FLOW, MISSING, TABLE_2, METRICS, POINTS, EPOCHS, CURVES, AT_RISK, ROC, CALIBRATION,
    RISKS, BENEFIT, ALLOWED, ERRORS, REGION, FOLLOWED, PATIENTS, RESAMPLED, SUREST, SIZES, SUBSETS, RUNS, CHECKLIST,
    COHORTS,
)  # fmt: skip


@pytest.fixture
def axes():
    with mpl.rc_context():
        figures.theme()
        figure, axes = plt.subplots()
        yield axes
        plt.close(figure)


def texts(axes):
    return [text.get_text() for text in axes.texts]


def lightness(colour):
    """CIE L* of a colour: https://www.w3.org/TR/WCAG21/#dfn-relative-luminance, then the cube-root law."""
    return 116 * np.dot(linear(colour), (0.2126, 0.7152, 0.0722)) ** (1 / 3) - 16


def linear(colour):
    """Linear RGB of a colour, from 0 to 1."""
    return np.array([c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in to_rgb(colour)])


# How dichromats see linear RGB: Machado 2009, doi:10.1109/TVCG.2009.113, table 1, severity 1.0.
EYES = {
    "usual": np.eye(3),
    "protan": [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]],
    "deutan": [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]],
    "tritan": [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.303900]],
}
TO_XYZ = [[0.4124564, 0.3575761, 0.1804375], [0.2126729, 0.7151522, 0.0721750], [0.0193339, 0.1191920, 0.9503041]]


def apart(a, b, eye):
    """CIE76 difference of two colours as an eye sees them: 2 is just seen, 100 is black against white."""
    seen = [TO_XYZ @ np.clip(np.array(EYES[eye]) @ linear(c), 0, 1) / [0.95047, 1, 1.08883] for c in (a, b)]
    f = [np.where(v > 0.008856, np.cbrt(v), 7.787 * v + 16 / 116) for v in seen]
    labs = [(116 * y - 16, 500 * (x - y), 200 * (y - z)) for x, y, z in f]
    return np.linalg.norm(np.subtract(*labs))


def contrast_to_white(colour):
    """Contrast ratio: https://www.w3.org/TR/WCAG21/#dfn-contrast-ratio."""
    return 1.05 / (np.dot(linear(colour), (0.2126, 0.7152, 0.0722)) + 0.05)


@pytest.mark.parametrize("name", DRAWINGS)
def test_a_drawing_returns_its_axes_renders_and_leaves_its_tables_alone(axes, name):
    before = [table.copy() for table in TABLES]
    assert DRAWINGS[name](axes) is axes
    figures.stamp(axes, "phantom")
    axes.figure.canvas.draw()
    for table, copy in zip(TABLES, before, strict=True):
        pd.testing.assert_frame_equal(table, copy)


def test_the_public_list_holds_every_drawing():
    others = {"theme", "stamp", "panel_letter", "roi_steps", "sequence_panel"}
    others |= {"group_style", "figure_4", "attention_panel", "subset_chart", "contact_sheet"}
    assert set(figures.__all__) == set(DRAWINGS) | others


def test_a_forest_plot_draws_both_ends_of_every_interval(axes):
    figures.forest(FOREST, axes)
    (bars,) = [c for c in axes.collections if len(c.get_segments()) == len(FOREST)]
    drawn = [sorted(segment[:, 0]) for segment in bars.get_segments()]
    np.testing.assert_allclose(drawn, FOREST[["ci_low", "ci_high"]])
    assert texts(axes)[0] == "3.37 (2.12\N{EN DASH}5.35)"


def test_a_forest_plot_says_which_rows_are_not_shown_and_ends_where_bars_run_away(axes):
    masked = pd.DataFrame(
        {"label": ["a", "b"], "odds_ratio": [50.0, np.nan], "ci_low": [5.0, np.nan], "ci_high": [20_000.0, np.nan]}
    )
    figures.forest(masked, axes)
    assert texts(axes)[:2] == ["50.00 (5.00\N{EN DASH}20,000)", "not shown"]
    assert axes.get_xlim()[1] == 1000


def test_grouped_odds_ratios_stand_in_the_row_of_their_variable_and_name_every_group(axes):
    figures.forest_groups(GROUPED, axes)
    (legend,) = axes.figure.legends
    assert [text.get_text() for text in legend.get_texts()] == ["print", "CLCA 2024"]
    assert [label.get_text() for label in axes.get_yticklabels()] == ["AFP", "ALT"]
    print_rows, clca_rows = (line.get_ydata() for line in axes.lines if line.get_label() in ("print", "CLCA 2024"))
    assert np.rint(print_rows).tolist() == [0, 1]
    assert np.rint(clca_rows).tolist() == [0]
    assert print_rows[0] < clca_rows[0]
    assert len(axes.get_xticks()) > 3


def test_printed_values_stand_beside_ours_as_open_markers(axes):
    figures.forest(FOREST.assign(printed_odds_ratio=[3.4, 2.0], printed_ci_low=[2, 1], printed_ci_high=[5, 3]), axes)
    assert [text.get_text() for text in axes.get_legend().get_texts()] == ["ours", "paper"]
    paper = next(line for line in axes.lines if line.get_label() == "paper")
    assert paper.get_markerfacecolor() == "white"


def test_a_number_that_nobody_reports_is_said_to_be_missing(axes):
    figures.flow_chart(FLOW, axes)
    assert "number not reported" in texts(axes)[0]
    assert any("12 patients left out" in text for text in texts(axes))
    figures.flow_chart(FLOW.assign(n_excluded=1), axes)
    assert any("\n1 patient left out" in text for text in texts(axes))


def test_one_patient_left_out_is_said_in_the_singular(axes):
    figures.flow_chart(FLOW.assign(n_excluded=1), axes)
    assert any("1 patient left out" in text for text in texts(axes))


def test_numbers_at_risk_stand_beneath_their_ticks(axes):
    figures.survival_curves(CURVES, axes, at_risk=AT_RISK, ylabel="overall survival")
    placed = {(text.get_text(), text.xy[0]) for text in axes.texts}
    assert {("136", 0), ("185", 0), ("40", 12), ("41", 12)} <= placed
    assert list(axes.get_xticks()) == [0, 12]


def test_the_legend_of_survival_says_patients_events_and_median_and_keeps_off_the_curves(axes):
    labels = CURVES["group"] + ": 20 of 136, median 54.7"
    figures.survival_curves(CURVES.assign(label=labels), axes, at_risk=AT_RISK, ylabel="survival", note="p 0.01")
    assert "20 of 136" in axes.get_legend().get_texts()[0].get_text()
    assert axes.get_legend()._loc == 3  # lower left: both curves stay high
    figures.survival_curves(
        CURVES.assign(survival=[1, 0.1] * 2, months=[0, 5] * 2), axes, at_risk=AT_RISK, ylabel="survival"
    )
    assert axes.get_legend()._loc == 1


def test_survival_and_its_numbers_end_where_the_axis_ends(axes):
    figures.survival_curves(CURVES, axes, at_risk=AT_RISK, ylabel="overall survival", until=8)
    assert axes.get_xlim() == (0, 8)
    assert "40" not in texts(axes) and "136" in texts(axes)


def test_competing_events_share_the_colour_of_their_group_and_differ_by_line(axes):
    figures.incidence_curves(INCIDENCE, axes, at_risk=AT_RISK, ylabel="share with the event")
    lines = {line.get_label(): line for line in axes.lines}
    first, second = lines["recurrence, MVI absent"], lines["death, MVI absent"]
    assert first.get_color() == second.get_color() == MVI_COLOURS["absent"]
    assert first.get_linestyle() != second.get_linestyle()
    assert lines["recurrence, MVI present"].get_color() == MVI_COLOURS["present"]


def test_the_nomogram_places_the_papers_points(axes):
    """Paper, Fig. 4A: AFP above 20 ng/mL is around 42.5 points; 100 * 1.53 / 3.58 = 42.7."""
    figures.nomogram(NOMOGRAM, axes, labels={"afp_gt_20": "AFP"}, levels={"afp_gt_20": ("low", "high")})
    high = next(text for text in axes.texts if text.get_text() == "high")
    assert high.get_position()[0] == pytest.approx(0.427, abs=5e-4)
    assert {"Points", "AFP", "dl_mvi", "Total points", "Probability of MVI"} <= set(texts(axes))


def test_the_network_figure_shows_the_shapes_it_is_given(axes):
    figures.network_flow(LAYERS, axes, branches=["T1", "T1V", "T1D"], outputs=("M0", "M1", "M2"))
    assert {"M0", "M1", "M2"} < set(texts(axes))
    assert "16 \N{MULTIPLICATION SIGN} 24 \N{MULTIPLICATION SIGN} 24" in texts(axes)
    assert len(axes.patches) == 3 * 3 + 2  # three layers in three branches, two layers after fusion


def test_bars_are_as_long_as_their_counts_and_a_count_of_zero_is_written_too(axes):
    figures.counted_bars(VERDICTS, axes, note="checks")
    assert [bar.get_width() for bar in axes.patches] == [7, 0]
    assert texts(axes) == ["7", "0"]
    assert [tick.get_text() for tick in axes.get_yticklabels()] == ["reproduced", "cannot be reproduced"]
    assert axes.yaxis_inverted() and axes.get_xlabel() == "checks"


def test_a_range_without_upper_end_is_an_arrow_to_the_edge_and_says_at_least(axes):
    figures.allowed_ranges(ALLOWED, axes, note="false negatives")
    closed, start = axes.lines
    assert list(closed.get_xdata()) == [5, 11] and list(start.get_xdata()) == [16]
    arrow, *_ = [text for text in axes.texts if text.arrow_patch is not None]
    assert arrow.xy[0] == axes.get_xlim()[1] > 16
    assert {"5 to 11", "at least 16"} <= set(texts(axes))


def test_lesion_boxes_frame_whole_pixels():
    figure, axes = plt.subplots(1, 2)
    box = SimpleNamespace(row0=2, col0=3, row1=6, col1=9)
    images = {"T1": np.zeros((10, 12)), "T2": np.ones((10, 12))}
    figures.sequence_panel(images, axes, boxes={"T1": box, "T2": box})
    (frame,) = axes[0].patches
    assert (frame.get_x(), frame.get_y(), frame.get_width(), frame.get_height()) == (2.5, 1.5, 6, 4)
    assert [panel.get_title(loc="left") + panel.get_title() for panel in axes] == ["T1", "T2"]
    plt.close(figure)


def test_a_group_keeps_its_colour_whatever_its_place():
    assert group_style("DL-MVI present", 0) == group_style("MVI present", 3)
    assert group_style("MVI absent", 0)["color"] == MVI_COLOURS["absent"]
    assert group_style("2018", 0)["color"] == ENROLMENT_COLOURS["2018"]


def test_a_year_has_the_same_colour_in_a_map_a_curve_and_a_row_of_points(axes):
    figures.roc(ROC.assign(model="2018: 0.62 (95 % CI 0.53-0.71)"), axes)
    assert axes.lines[-1].get_color() == ENROLMENT_COLOURS["2018"]
    figures.metric_points(METRICS.assign(series=["2015", "2018"]), axes)
    drawn = {line.get_label(): line.get_color() for line in axes.lines}
    assert {year: drawn[year] for year in ENROLMENT_COLOURS} == ENROLMENT_COLOURS


@pytest.mark.parametrize("pair", [MVI_COLOURS, ENROLMENT_COLOURS, {**GRADE_COLOURS}])
def test_colours_that_meet_differ_in_greyscale(pair):
    shades = sorted(lightness(colour) for colour in pair.values())
    assert all(b - a > 12 for a, b in pairwise(shades))


@pytest.mark.parametrize("eye", EYES)
@pytest.mark.parametrize(
    "group", [MVI_COLOURS, ENROLMENT_COLOURS, GRADE_COLOURS, {"ours": OURS, "paper": PAPER}], ids=list
)
def test_colours_that_tell_groups_apart_do_so_for_every_eye(eye, group):
    assert min(apart(*pair, eye) for pair in combinations(group.values(), 2)) > 30


@pytest.mark.parametrize("eye", EYES)
@pytest.mark.parametrize("colours", [SERIES, tuple(KIND_COLOURS.values())], ids=["series", "kinds"])
def test_colours_of_many_series_are_told_apart_by_every_eye_and_by_a_second_mark(eye, colours):
    assert min(apart(*pair, eye) for pair in combinations(colours, 2)) > 10
    for marks in (MARKERS, LINES, tuple(KIND_MARKERS.values())):
        assert len(set(marks)) == len(marks)
    assert set(KIND_MARKERS) == set(KIND_COLOURS)


def test_points_and_lines_stand_out_from_the_paper():
    """WCAG 2.1, 1.4.11: graphics need a contrast of 3 to 1."""
    named = {**MVI_COLOURS, **GRADE_COLOURS, **ENROLMENT_COLOURS, **KIND_COLOURS}
    colours = [*named.values(), *SERIES, OURS, PAPER, QUIET, ABSENT, PRESENT]
    assert [colour for colour in colours if contrast_to_white(colour) < 3] == []


def test_each_kind_of_cohort_keeps_its_colour_and_marker_and_the_paper_stays_open(axes):
    figures.cohort_points(COHORTS, axes, note="odds ratio", log=True)
    looks = {line.get_label(): (line.get_color(), line.get_marker()) for line in axes.lines}
    assert looks["real: CLCA"] == (KIND_COLOURS["real"], KIND_MARKERS["real"])
    assert looks["phantom"] == (KIND_COLOURS["phantom"], KIND_MARKERS["phantom"])
    paper = next(line for line in axes.lines if line.get_label() == "paper")
    assert paper.get_markerfacecolor() == "white" and paper.get_xdata().tolist() == [3.4]
    bars = [segment[:, 0].tolist() for bar in axes.collections for segment in bar.get_segments() if len(segment)]
    assert [1.2, 3.4] in bars and [3.0, 11.0] in bars


def test_every_grade_and_kind_has_a_colour_and_white_words_read_on_it():
    assert set(GRADE_COLOURS) == set(MviGrade) and set(KIND_COLOURS) == set(CohortKind)
    assert all(lightness(colour) < 49 for colour in (*KIND_COLOURS.values(), OURS))  # contrast of 4.5 to white


def test_the_book_names_the_kinds_of_cohort_in_the_figures_colours():
    found = dict(re.findall(r"--kind-(\w+): (#\w{6});", CSS.read_text(encoding="utf-8")))
    assert found == KIND_COLOURS


def test_only_denominators_that_allow_every_percentage_are_named(axes):
    figures.denominator_search(SEARCH, axes, stated=4, note="patients")
    assert texts(axes) == ["n = 3"]


def test_a_stamp_names_the_kind_of_patients(axes):
    figures.stamp(axes, "reconstructed")
    assert axes.figure.get_supxlabel() == "reconstructed patients"
    figures.stamp(axes, "paper")
    assert axes.figure.get_supxlabel() == "printed numbers"


def test_solutions_at_one_place_share_a_marker_that_carries_their_number(axes):
    DRAWINGS["error_map"](axes)
    placed = {text.get_text(): text.xy for text in axes.texts if text.get_text().isdigit()}
    assert placed["2"] == (5.8, 68) and placed["1"] == (7.2, 70)
    assert {"at least 16: 99 patients", "at least 6: 99 slices"} <= set(texts(axes))
    assert [(bar.get_y(), bar.get_height()) for bar in axes.patches] == [(64.5, 13), (64.5, 14)]


def test_follow_up_is_one_line_a_patient_with_the_ends_counted(axes):
    figures.follow_up_lines(FOLLOWED, axes)
    assert [line[1, 0] for line in axes.collections[0].get_segments()] == [30, 12.5, 36.3]  # 2018 at the foot
    assert {text.get_text() for text in axes.get_legend().texts} == {"died: 1", "lost: 1", "followed to the end: 1"}


def test_the_lowest_survival_without_losses_stands_at_the_median(axes):
    curve = pd.DataFrame({"months": [0, 59.5], "survival": [1, 0.49], "ci_low": [1, 0.4], "ci_high": [1, 0.6]})
    figures.half_reached(curve, axes, floor=0.57, median=59.5)
    assert axes.lines[-1].get_xydata().tolist() == [[59.5, 0.57]]
    assert "lowest without losses: 57%" in {text.get_text() for text in axes.get_legend().texts}


def test_figure_4_has_the_papers_four_panels_in_order_with_line_styles_that_grey_print_keeps():
    tables = {"roc": ROC.assign(model="model: AUC 0.82"), "calibration": CALIBRATION, "decision_curve": BENEFIT}
    figure = figures.figure_4(NOMOGRAM, tables, spread=RISKS, mark=0.04)
    assert [panel.texts[-1].get_text() for panel in figure.axes] == ["A", "B", "C", "D"]
    drawn = [line for line in figure.axes[3].lines if not line.get_label().startswith("_")]
    assert len({(str(line._dash_pattern), line.get_linewidth()) for line in drawn}) == len(drawn) == 4
    plt.close(figure)


def test_the_bars_of_a_checklist_hold_all_its_items_and_count_full_part_and_not(axes):
    figures.checklist_bars(CHECKLIST, axes)
    bars = [(bar.get_y() + bar.get_height() / 2, bar.get_width()) for bar in axes.patches]
    assert {row: sum(wide for at, wide in bars if round(at) == row) for row in range(4)} == {0: 18, 1: 6, 2: 11, 3: 9}
    assert texts(axes)[:4] == ["10", "6", "8", "9"]  # in full, of both checklists
    assert "TRIPOD+AI: this book" in {tick.get_text() for tick in axes.get_yticklabels()}


def test_a_single_curve_without_a_note_has_no_legend(axes):
    assert figures.roc(ROC, axes).get_legend() is None


def test_risks_with_mvi_point_up_and_without_down(axes):
    figures.risk_distribution(RISKS, axes)
    heights = [bar.get_height() for bar in axes.patches]
    assert heights == [0.1, 0.5, -0.3, -0.1] and axes.get_ylim()[0] == -axes.get_ylim()[1]
    assert {tick.get_text().strip("%").isdigit() for tick in axes.get_yticklabels()} == {True}


def test_instability_lines_span_the_range_of_the_resampled_models(axes):
    figures.prediction_instability(PATIENTS, axes)
    (ranges,) = axes.collections
    assert [sorted(segment[:, 1].tolist()) for segment in ranges.get_segments()] == [[0.1, 0.4], [0.5, 0.8]]


def test_bars_of_set_sizes_fill_the_whole_and_small_shares_stay_unlabelled(axes):
    figures.set_sizes(SIZES, axes)
    assert sum(bar.get_width() for bar in axes.patches) == pytest.approx(2)
    assert "2%" not in texts(axes) and {"50%", "38%", "10%"} <= set(texts(axes))
    shades = [lightness(bar.get_facecolor()[:3]) for bar in axes.patches[::2]]
    assert all(abs(b - a) > 12 for a, b in pairwise(shades))


def test_sets_stand_best_first_above_the_sequences_that_they_hold():
    figure, (upper, lower) = plt.subplots(2, 1, sharex=True)
    before = SUBSETS.copy()
    assert figures.subset_chart(SUBSETS, (upper, lower), sequences=["T1", "T2"], note="accuracy") is upper
    pd.testing.assert_frame_equal(SUBSETS, before)
    marked, other, paper = upper.lines
    assert (marked.get_xydata().tolist(), other.get_xydata().tolist()) == ([[2, 0.6]], [[0, 0.8], [1, 0.7]])
    assert paper.get_xydata().tolist() == [[2, 0.65]] and paper.get_markerfacecolor() == "white"
    held = [line.get_xydata().tolist() for line in lower.lines[1::2]]
    assert held == [[[0, 0], [2, 0]], [[0, 1], [1, 1]]]  # T1 in the best and the last set, T2 in the first two
    plt.close(figure)


def test_a_mean_outside_the_band_of_chance_has_another_colour(axes):
    figures.spread_rows(RUNS, axes, band=(0.82, 0.88), note="AUC")
    runs, inside, outside = axes.lines
    assert runs.get_xydata().tolist() == [[0.84, 0], [0.86, 0], [0.7, 1]]
    assert inside.get_xdata()[0] == pytest.approx(0.85) and inside.get_color() == OURS
    assert outside.get_xdata()[0] == 0.7 and outside.get_color() != OURS


def test_attention_is_drawn_with_its_sign_around_zero_and_the_margin_of_the_lesion(axes):
    shares = np.array([[0.0, 0.5], [-1.0, 0.0]])
    figures.attention_panel(np.ones((2, 2)), shares, axes, title="T1", lesion=np.array([[0.0, 1.0], [0.0, 1.0]]))
    _, overlay = axes.images
    assert overlay.get_clim() == (-1, 1)
    np.testing.assert_allclose(overlay.get_alpha(), [[0, 0.5**0.4], [1, 0]])
    assert len(axes.collections) == 1
    figures.attention_panel(np.ones((2, 2)), shares * 0, axes, title="T1", lesion=np.array([[0.0, 1.0], [0.0, 1.0]]))


def test_a_contact_sheet_frames_every_box_at_its_place_and_names_rows_and_columns(axes):
    mosaic = np.zeros((20, 30), np.uint8)
    figures.contact_sheet(mosaic, axes, boxes=[(2, 3, 6, 8), (12, 21, 15, 29)], rows=["P1", "P2"], columns=list("ABC"))
    corners = [(*patch.get_xy(), patch.get_width(), patch.get_height()) for patch in axes.patches]
    assert corners == [(2.5, 1.5, 5, 4), (20.5, 11.5, 8, 3)]  # pixels begin half a pixel before their centre
    assert [text.get_text() for text in axes.get_yticklabels()] == ["P1", "P2"]
    assert axes.get_xticks().tolist() == [5, 15, 25]

"""What does the workflow do between the pages: each step reads results, calls the package once, writes results."""

from mvi_core.steps.attention import attention, replaced, twins
from mvi_core.steps.book import contents, html, report, summary
from mvi_core.steps.images import rois, segmented, simulate
from mvi_core.steps.leakage import baselines, ladder, leakage, split
from mvi_core.steps.network import ablation, final, train
from mvi_core.steps.own import admit, apply
from mvi_core.steps.tables import analysis, ensure_tables, patients

__all__ = [
    "ablation", "admit", "analysis", "apply", "attention", "baselines", "contents", "ensure_tables", "final",
    "html", "ladder", "leakage", "patients", "replaced", "report", "rois", "segmented", "simulate", "split",
    "summary", "train", "twins",
]  # fmt: skip

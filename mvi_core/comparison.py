"""Which of our results answers which printed number, and do the two agree."""

import pandas as pd

from mvi_core.report import agrees, paper_values
from mvi_core.results import read_result
from mvi_core.stats.audit.sun2022 import TABLE_1

EFFECT = {"odds_ratio": "or", "ci_low": "ci_low", "ci_high": "ci_high", "p_value": "p"}
COUNTS = {"n": "total", "absent": "absent", "present": "present"}
MEDIANS = {"mvi_present": {"MVI present": "mvi_present", "MVI absent": "mvi_absent"},
           "dl_mvi": {"DL-MVI present": "dl_present", "DL-MVI absent": "dl_absent"},
           "all": {"all patients": "all"}}  # fmt: skip
EVENTS = {"os": "death_events", "rfs": "recurrence_events"}


def ours_beside_paper(paper, phantom):
    """Every number that ``paper``, the cohort rebuilt from the print, and ``phantom``, with images, compute too.

    Columns ``id``, ``place``, ``what``, ``printed``, ``ours``, ``cohort``, ``agrees`` (to every printed digit), in the
    order of the paper. Percentages are compared as percentages.
    """
    rows = [
        *_table1(read_result(paper, "table1.csv")),
        *_size(read_result(paper, "size.csv")),
        *_table3(read_result(paper, "table3.csv")),
        *_survival(read_result(paper, "survival_summary.csv")),
        *_auc(read_result(paper, "performance.csv")),
    ]
    found = pd.DataFrame(rows, columns=["id", "ours"]).assign(cohort=paper)
    images = [*_table2(read_result(phantom, "table2.csv")), *_external(read_result(phantom, "external.csv"))]
    found = pd.concat([found, pd.DataFrame(images, columns=["id", "ours"]).assign(cohort=phantom)])
    printed = paper_values()
    found = found[found["id"].isin(printed.index)].join(printed[["place", "what", "printed"]], on="id")
    found["agrees"] = [agrees(*pair) for pair in zip(found["ours"], found["printed"], strict=True)]
    order = {key: place for place, key in enumerate(printed.index)}
    found = found.sort_values("id", key=lambda ids: ids.map(order), ignore_index=True)
    return found[["id", "place", "what", "printed", "ours", "cohort", "agrees"]]


def agreement(beside):
    """How many numbers of each place ours meet to every digit: ``place``, ``cohort``, ``compared``, ``agree``."""
    groups = beside.groupby(["place", "cohort"], sort=False)["agrees"]
    return groups.agg(compared="size", agree="sum").reset_index()


def _table1(table):
    for key, levels in TABLE_1.items():
        name = next((name for name in table["variable"].unique() if name == key or name.startswith(f"{key}_")), None)
        for level, row in zip(levels, table[table["variable"] == name].to_dict("records"), strict=False):
            yield from ((f"table1_{key}_{level}_{suffix}", row[column]) for column, suffix in COUNTS.items())
            if level == levels[1]:
                yield from ((f"table1_{key}_{suffix}", row[column]) for column, suffix in EFFECT.items())


def _size(table):
    row = table.iloc[0]
    for group in ("absent", "present"):
        yield from ((f"table1_size_{group}_{part}", row[f"{group}_{part}"]) for part in ("median", "q1", "q3"))
    yield "table1_size_p", row["p_value"]


def _table3(table):
    for row in table.to_dict("records"):
        key = row["variable"].split("_gt_")[0]
        yield from ((f"table3_{key}_{suffix}", row[column]) for column, suffix in EFFECT.items())


def _survival(summary):
    for row in summary.to_dict("records"):
        group = MEDIANS[row["group_by"]][row["group"]]
        yield f"median_{row['endpoint']}_{group}", row["median"]
        if group == "all":
            yield EVENTS[row["endpoint"]], row["events"]


def _auc(performance):
    yield "model_auc", performance.set_index("metric").loc["auc", "value"]


def _table2(table):
    for row in table.to_dict("records"):
        yield row["printed"], 100 * row["accuracy"]


def _external(table):
    for row in table[table["metric"].isin(["accuracy", "precision", "recall", "f1"])].to_dict("records"):
        yield f"external_{row['metric']}", 100 * row["value"]

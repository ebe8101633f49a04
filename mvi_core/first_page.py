"""What does the first page show: one figure and one table of verdicts, made from the numbers that the pages say."""

import html

import pandas as pd

from mvi_core.cohort.spec import load_spec
from mvi_core.names import CohortKind
from mvi_core.report import agrees, interval_text, p_text, pairs_told, paper_value, paper_values, rows_told
from mvi_core.report.downloads import PEOPLE, download_link, source_link
from mvi_core.results import atomic_write, commit, read_result, result_path, write_result
from mvi_core.study import load_study

POINTS, VERDICTS = "summary.csv", "verdicts.csv"  # in results/: what the figure and the table show
PICTURE = "summary.png"  # beside the executed notebooks
RATIO, SHARE = "odds ratio of MVI (log scale), 95 % CI", "accuracy or AUC, 95 % CI"
NUMBERS = (  # axis, words, printed number, page and name of ours, whether it takes DL-MVI
    (RATIO, "AFP > 20 ng/mL", "table1_afp_or", "02_table1/afp", False),
    (RATIO, "AFP, beside DL-MVI", "table3_afp_or", "08_table3/afp", True),
    (RATIO, "DL-MVI, beside AFP", "table3_dl_mvi_or", "08_table3/dl_mvi", True),
    (SHARE, "accuracy, own year", "table2_t1_t1d_t1v_accuracy", "05_external/inside", True),
    (SHARE, "accuracy, later year", "external_accuracy", "05_external/outside", True),
    (SHARE, "AUC of AFP + DL-MVI", "model_auc", "09_nomogram/auc", True),
    (SHARE, "AUC of AFP alone", None, "09_nomogram/auc_afp", False),
)
CLAIMS = (  # what the paper says, printed number, page and name of ours, the kinds of cohort that can answer
    ("AFP above 20 ng/mL goes with invasion: odds ratio {}", "table1_afp_or", NUMBERS[0][3], PEOPLE),
    ("DL-MVI adds to it: odds ratio {}", "table3_dl_mvi_or", "08_table3/dl_mvi", (CohortKind.PHANTOM,)),
    ("Three sequences tell it in {} of patients", NUMBERS[3][2], NUMBERS[3][3], (CohortKind.PHANTOM,)),
    ("and in {} of those of another year", NUMBERS[4][2], NUMBERS[4][3], (CohortKind.PHANTOM,)),
    ("The nomogram of both has an AUC of {}", "model_auc", "09_nomogram/auc", tuple(CohortKind)),
)
GAIN = "Acting on it gains over treating all above {}"
NOT_HERE = ("", "no such patients in this build", "not answered")


def write_first_page():
    """Write the figure and the table of verdicts of the first page, as results and as text that the page takes in."""
    study = load_study()
    said = {entry["id"]: entry for entry in read_result(".", "report.json")["numbers"]}
    points, verdicts = summary_points(said), verdict_rows(said)
    for name, table in ((POINTS, points), (VERDICTS, verdicts)):
        write_result(".", name, table, inputs=["report.json"])
    study.executed.mkdir(parents=True, exist_ok=True)
    draw(points).savefig(study.executed / PICTURE, bbox_inches="tight", metadata={"Software": None})
    atomic_write(study.executed / "first.md", first_page(points, verdicts, study.profile))


def summary_points(said):
    """Points of the figure: ``axis``, ``label``, ``kind``, ``series``, ``value``, ``low``, ``high``, ``n``.

    ``said``: numbers of the report by id. The paper's own stand first, without an interval, which it does not print.
    """
    rows = []
    for axis, label, printed, place, needs_dl in NUMBERS:
        if printed:
            entry = paper_values().loc[printed]
            share = entry["printed"].rstrip().endswith("%")
            rows.append(
                (axis, label, "paper", "paper prints", entry["value"] / (100 if share else 1), None, None, None)
            )
        for spec, entry in _answers(said, place):
            if needs_dl and not spec.analyses["dl_mvi"]:
                continue
            factor = 100 if entry["unit"] == "%" else 1
            numbers = [None if entry[key] is None else entry[key] / factor for key in ("value", "low", "high")]
            series = f"{spec.kind} ({spec.id})" if spec.kind in PEOPLE else str(spec.kind)
            rows.append((axis, label, str(spec.kind), series, *numbers, entry["n"]))
    columns = ["axis", "label", "kind", "series", "value", "low", "high", "n"]
    order = {name: place for place, name in enumerate([label for _, label, *_ in NUMBERS] + ["paper", *CohortKind])}
    points = pd.DataFrame(rows, columns=columns).astype(dict.fromkeys(["value", "low", "high"], float))
    return points.sort_values(["label", "kind"], key=lambda names: names.map(order), kind="stable", ignore_index=True)


def verdict_rows(said):
    """Rows of the table of verdicts: ``claim``, ``kind``, ``cohort``, ``place``, ``found``, ``verdict``."""
    rows = []
    for words, printed, place, kinds in CLAIMS:
        claim = words.format(paper_value(printed))
        for spec, entry in _answers(said, place):
            if spec.kind in kinds and (spec.analyses["dl_mvi"] or place == NUMBERS[0][3]):  # which takes no DL-MVI
                found = interval_text(entry["value"], entry["low"], entry["high"], digits=1 if entry["unit"] else 2)
                found = f"{found} {entry['unit'] or ''}".rstrip()
                rows.append(
                    (claim, str(spec.kind), spec.id, entry["place"], found, against(entry, paper_value(printed)))
                )
        if not rows or rows[-1][0] != claim:
            rows.append((claim, "", "", *NOT_HERE))
    rows += [_gain(said), _consistency(said)]
    return pd.DataFrame(rows, columns=["claim", "kind", "cohort", "place", "found", "verdict"])


def against(entry, printed):
    """Say how a number of ours, with its interval, stands to a printed one.

    Examples
    --------
    >>> against({"value": 77.2, "low": 69.8, "high": 83.2}, "92.11%")
    'lower'
    >>> against({"value": 0.8243, "low": 0.78, "high": 0.87}, "0.824")
    'the same, to the digit'
    """
    number = float(printed.rstrip("% "))
    if agrees(entry["value"], printed):
        return "the same, to the digit"
    if entry["low"] <= number <= entry["high"]:
        return "agrees"
    return "lower" if entry["high"] < number else "higher"


def draw(points):
    """Figure of the first page: odds ratios on the left, accuracies and AUCs on the right."""
    import matplotlib.pyplot as plt

    from mvi_core import figures

    figures.theme()
    figure, panels = plt.subplots(2, 1, figsize=(6.6, 5.6), height_ratios=[3, 4])
    for axes, name in zip(panels, (RATIO, SHARE), strict=True):
        part = points[points["axis"] == name]
        figures.cohort_points(part, axes, note=name, log=name == RATIO)
    panels[1].set_xlim(0.4, 1)
    known = {label: mark for axes in panels for mark, label in zip(*axes.get_legend_handles_labels(), strict=True)}
    figure.legend(known.values(), known.keys(), loc="outside upper center", ncols=3)
    return figure


def first_page(points, verdicts, profile):
    """Text that the first page takes in: the figure with caption and alternative text, and the table of verdicts."""
    ours = points[points["kind"] != "paper"]
    alt = f"Printed numbers beside ours. {rows_told(ours, ['series', 'label'], columns=('value', 'low', 'high'))}."
    number = ours.dropna(subset=["n"]).groupby("series", sort=False)["n"].agg(["min", "max"])
    counts = pairs_told({row.Index: " to ".join(f"{n:.0f}" for n in sorted({*row[1:]})) for row in number.itertuples()})
    lines = [_made_by(name, profile) for name in (POINTS, VERDICTS)]
    return "\n".join(
        [
            "::::{div} summary-grid", ":::{div}",
            f"```{{figure}} notebooks/{PICTURE}", f":alt: {alt}", ":name: fig-summary", ":class: summary", "",
            "What the paper prints (open diamonds, without interval) and what each kind of cohort gives, with 95 % "
            f"intervals. Only real patients can teach anything about patients. n: {counts}.", "```", "",
            lines[0], ":::", ":::{div}", f'<div class="table-wrap">{_table(verdicts)}</div>', "", lines[1],
            ":::", "::::", "",
        ]
    )  # fmt: skip


def _made_by(name, profile):
    """Line that says what made the figure or the table of the first page, which lies at the root of the book."""
    made = [source_link("workflow/rules/pages.smk", "rule summary"), f"profile {html.escape(profile)}"]
    made += [download_link(result_path(".", name), f"results/{name}"), f"commit {commit()}"]
    return f'<p class="made-by">Made by {" · ".join(made)}</p>'.replace("../../", "")


def _answers(said, place):
    """Yield the description of each cohort that has a number of a page, with that number."""
    for entry in said.values():
        if entry["id"].partition("/")[2] == place:
            yield load_spec(entry["cohort"]), entry


def _gain(said):
    claim = GAIN.format(paper_value("nb_beats_treat_all_from"))
    entry = said.get("paper/09_nomogram/p_claimed")
    if entry is None:
        return (claim, "", "", *NOT_HERE)
    verdict = "shown" if entry["value"] < 0.05 else "not shown"
    return (claim, entry["kind"], entry["cohort"], entry["place"], f"p = {p_text(entry['value'])}", verdict)


def _consistency(said):
    claim, place = "Its numbers, beside each other", "paper/10_paper_and_us"
    fail, of = (said.get(f"{place}/{name}") for name in ("n_cannot", "n_checks"))
    if fail is None:
        return (claim, "", "", *NOT_HERE)
    found = f"{fail['value']:.0f} of {of['value']:.0f} checks fail"
    verdict = "do not all fit" if fail["value"] else "fit"
    return (claim, "print", fail["cohort"], fail["place"], found, verdict)


def _table(verdicts):
    """Table of verdicts as HTML; a claim stands once, beside all its answers."""
    head = "".join(f'<th scope="col">{name}</th>' for name in ("The paper says", "This run finds", "Against the print"))
    rows = []
    for claim, part in verdicts.groupby("claim", sort=False):
        for place, row in enumerate(part.itertuples()):
            first = f'<th scope="rowgroup" rowspan="{len(part)}">{html.escape(claim)}</th>' if place == 0 else ""
            found = f'<a href="{row.place}">{html.escape(row.found)}</a>' if row.kind else html.escape(row.found)
            who = f"{row.kind} {row.cohort}" if row.kind in PEOPLE else row.kind
            badge = f'<span class="kind {row.kind}">{html.escape(who)}</span> ' if row.kind else ""
            rows.append(f"<tr>{first}<td>{badge}{found}</td><td>{html.escape(row.verdict)}</td></tr>")
    caption = "Each claim beside this run: they agree where the printed number lies in our interval."
    head = f"<caption><span>{caption}</span></caption><thead><tr>{head}</tr></thead>"
    return f'<table class="study-table verdicts">{head}<tbody>{"".join(rows)}</tbody></table>'

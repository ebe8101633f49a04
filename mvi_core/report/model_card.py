"""What must one know before touching a trained model: its card after Mitchell et al. 2019, filled by the run."""

import json

import yaml

from mvi_core.cohort.enrolment import enrolment_parts
from mvi_core.cohort.spec import load_spec
from mvi_core.manifest import sha256
from mvi_core.report.printed import term_label
from mvi_core.report.words import MEASURES, interval_text
from mvi_core.results import atomic_write, commit, read_result, result_path
from mvi_core.study import load_study

WEIGHTS, CARD = "model/model.safetensors", "model/MODEL_CARD.md"
SHOWN = ("accuracy", "recall", "specificity", "auc", "intercept", "slope", "brier")


def network_card(cohort):
    """Card of the network that was trained on a cohort: the nine sections of Mitchell et al., each with its text."""
    spec, path = load_spec(cohort), result_path(cohort, WEIGHTS)
    made = json.loads(path.with_suffix(".json").read_text(encoding="utf-8"))
    inside = _of_development(cohort)
    shift = read_result(cohort, "shift.csv").query("images == 'as scanned'")
    separations = [
        f"{group} {block} {interval_text(*ends)}"
        for group, block, *ends in shift[["group", "block", "domain_auc", "ci_low", "ci_high"]].itertuples(index=False)
    ]
    facts = {
        "settings": ", ".join(f"{key} {value}" for key, value in made["network"].items()),
        "sequences": ", ".join(made["sequences"]), "roi_px": made["roi_px"], "sha256": sha256(path),
        "drift": ", ".join(spec.drift) or "none", "external_cohort": spec.title, "summary": spec.summary,
        "inside": _metrics(inside), "outside": _metrics(read_result(cohort, "external.csv")),
        "shift": "; ".join(separations),
    }  # fmt: skip
    return _filled("network", facts)


def nomogram_card(cohort):
    """Card of the nomogram that was refitted on a cohort; see `network_card`."""
    spec, sheet = load_spec(cohort), read_result(cohort, "nomogram.json")
    performance, inner = read_result(cohort, "performance.csv"), read_result(cohort, "optimism.csv")
    corrected = inner.rename(columns={"corrected": "value"}).assign(n=performance["n"].iloc[0])
    facts = {
        "terms": " and ".join(map(term_label, sheet["coefficients"])), "title": spec.title, "licence": spec.licence,
        "sha256": sha256(result_path(cohort, "nomogram.json")), "n": f"n = {performance['n'].iloc[0]}",
        "summary": spec.summary, "kind": str(spec.kind).capitalize(), "apparent": _metrics(performance),
        "corrected": _metrics(corrected),
    }  # fmt: skip
    return _filled("nomogram", facts)


def write_cards():
    """Write ``MODEL_CARD.md`` beside the weights of every cohort of the study that has some, and return the paths."""
    study = load_study()
    written = []
    for cohort in [name for name in study.settings["cohorts"] if result_path(name, WEIGHTS).is_file()]:
        lines = [f"# Model card: {load_spec(cohort).title}"]
        for name, card in (("Network", network_card(cohort)), ("Nomogram", nomogram_card(cohort))):
            lines += [f"## {name}", *(f"### {section}\n\n{text}" for section, text in card)]
        written.append(result_path(cohort, CARD))
        atomic_write(written[-1], "\n\n".join(lines) + "\n")
    return written


def _of_development(cohort):
    operating = read_result(cohort, "operating.csv")
    first = next(iter(enrolment_parts(read_result(cohort, "patients.csv"))))
    return operating[operating["series"] == f"network, {first}"]


def _filled(model, facts):
    study = load_study()
    path = study.root / "data_manifest" / "checklists" / "model_cards.yaml"
    sections = yaml.safe_load(path.read_text(encoding="utf-8"))[model]
    facts = {**facts, "profile": study.profile, "commit": commit()}
    return [(section, text.format_map(facts)) for section, text in sections]


def _metrics(table):
    rows = table[table["metric"].isin(SHOWN)]
    columns = rows[["metric", "value", "ci_low", "ci_high", "n"]]
    return ", ".join(
        f"{MEASURES.get(metric, metric)} {interval_text(*ends)}, n = {n}"
        for metric, *ends, n in columns.itertuples(index=False)
    )

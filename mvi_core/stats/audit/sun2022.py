"""Which of the paper's printed numbers go into which check: the description of Sun et al. 2022."""

import math

from mvi_core.errors import MviError
from mvi_core.stats.audit.confusion import confusion_tables
from mvi_core.stats.audit.counts import denominators
from mvi_core.stats.audit.paper import audit_paper
from mvi_core.stats.audit.printed import read_printed

TABLE_1 = {  # rows of Table 1 by id: reference level, level of interest
    "age": ("le_50", "gt_50"), "sex": ("male", "female"), "afp": ("le_20", "gt_20"), "ascites": ("no", "yes"),
    "hepatitis": ("no", "yes"), "cirrhosis": ("no", "yes"), "alt": ("le_40", "gt_40"), "ast": ("le_40", "gt_40"),
    "ggt": ("le_50", "gt_50"), "tb": ("le_19", "gt_19"), "cb": ("le_6_8", "gt_6_8"), "alb": ("le_40", "gt_40"),
    "plt": ("le_100", "gt_100"), "inr": ("le_1", "gt_1"), "pt": ("le_12", "gt_12"),
    "encapsulation": ("incomplete", "complete"), "edmondson": ("1_2", "3_4"),
}  # fmt: skip
TABLE_2 = ("t1_t1d_t1v", "t1_t1a_t2", "t1_t1d_t2", "dwi_t1_t2", "dwi_t1a_t2", "t1v_t1d", "t1v_t1d_t1", "t1v_t1d_t2")
TABLE_3 = ("alt", "ast", "ggt", "afp", "dl_mvi")
ROW = {"odds_ratio": "or", "ci_low": "ci_low", "ci_high": "ci_high", "p_value": "p"}
REPEATS = {
    "patients": ("abstract_n_patients", "n_patients", "baseline_n_patients", "table1_n_patients", "recurrence_n"),
    "patients without MVI": ("abstract_mvi_absent", "table1_n_absent"),
    "patients with MVI": ("abstract_mvi_present", "baseline_mvi_present", "table1_n_present"),
    "AUC of the model": ("abstract_auc", "model_auc", "discussion_auc"),
    "best accuracy": ("multi_best_accuracy", "table2_t1_t1d_t1v_accuracy", "discussion_best_accuracy"),
}
PLACES = ("abstract", "table3")
METRICS = ("accuracy", "precision", "recall", "f1")


def run_audit(values):
    """Verdicts of all checks on the numbers of Sun et al. 2022, given as ``data_manifest/paper_values.csv`` holds them.

    Examples
    --------
    Every number of the paper is needed; a table that lacks one is refused by name.

    >>> import pandas as pd
    >>> run_audit(pd.DataFrame({"id": ["n_patients"], "printed": ["321"]}))
    Traceback (most recent call last):
    mvi_core.errors.MviError: paper_values.csv has no row with id 'n_patients_2015'. Add it as the paper prints it.
    """
    audit = audit_paper(describe(values))
    if audit.messages:
        listed = " ".join(audit.messages)
        raise MviError(f"paper_values.csv holds values that cannot be used: {listed} Correct them there.")
    return audit.verdicts


def describe(values):
    """Paper's numbers, as `run_audit` takes them, as sections for `audit_paper`.

    Examples
    --------
    Every number of the paper is needed; a table that lacks one is refused by name.

    >>> import pandas as pd
    >>> describe(pd.DataFrame({"id": ["n_patients"], "printed": ["321"]}))
    Traceback (most recent call last):
    mvi_core.errors.MviError: paper_values.csv has no row with id 'n_patients_2015'. Add it as the paper prints it.
    """
    text = dict(zip(values["id"], values["printed"].astype(str), strict=True))
    try:
        return _agreement(text) | _proportions(text) | _models(text) | _outcomes(text)
    except KeyError as missing:
        raise MviError(f"paper_values.csv has no row with id {missing}. Add it as the paper prints it.") from missing


def _count(text, name):
    return round(read_printed(text[name]).value)


def _sizes(text):
    return _count(text, "table1_n_absent"), _count(text, "table1_n_present")


def _label(name):
    return name.upper().replace("_", "-")


def _row(text, start):
    """Odds ratio, interval and p value of one row of a table, as printed."""
    return {key: text[f"{start}_{end}"] for key, end in ROW.items()}


def _agreement(text):
    repeats = dict(REPEATS)
    for name in TABLE_3[-2:]:
        repeats |= {f"{_label(name)} {key}": [f"{at}_{name}_{end}" for at in PLACES] for key, end in ROW.items()}
    parts = {year: _count(text, f"n_patients_{year}") for year in ("2015", "2018")}
    groups = dict(zip(("absent", "present"), _sizes(text), strict=True))
    shares = (("MVI present", "baseline_mvi_present", "baseline_n_patients", "baseline_mvi_percent"),)
    shares += tuple((name, f"{name}_events", f"{name}_n", f"{name}_percent") for name in ("recurrence", "death"))
    return {
        "repeats": {"numbers": {name: {key: text[key] for key in ids} for name, ids in repeats.items()}},
        "sums": [
            {"name": name, "parts": counts, "total": _count(text, "n_patients")}
            for name, counts in (("patients by year", parts), ("patients by MVI", groups))
        ],
        "fractions": [
            {"name": name, "k": _count(text, k), "n": _count(text, n), "percent": text[percent]}
            for name, k, n, percent in shares
        ],
    }


def _proportions(text):
    table_2 = [text[f"table2_{name}_accuracy"] for name in TABLE_2]
    single = [text[f"single_{name}_accuracy"] for name in ("t1v", "t1d", "t1")]
    development, units = _count(text, "n_patients_2015"), {"patients": 1, "slices": _count(text, "n_slices")}
    combined = units | {"slice combinations": _count(text, "n_combinations")}
    shared = {"stated_n": [development], "max_n": development}
    section = {
        "proportions": [
            {"name": "Table 2", "percentages": table_2, "units": combined, **shared},
            {"name": "single sequences", "percentages": single, "units": units, **shared},
        ],
        "confusion": [
            {"name": "external set", "metrics": _external(text), "stated_n": _count(text, "n_patients_2018")}
        ],
    }
    found = denominators(table_2, max_n=development)
    if len(found):
        repeated = [text[f"table2_{name}_accuracy"] for name in ("t1_t1d_t1v", "t1v_t1d_t1")]
        rows = {"name": "T1 with T1D and T1V, twice in Table 2", "accuracies": table_2, "repeated": repeated}
        section["repetition"] = [rows | {"n": int(found[0])}]
    return section


def _external(text):
    return {name: text[f"external_{name}"] for name in METRICS}


def _table_1(text, name, levels):
    groups = ("total", "absent", "present")
    counts = {key: [_count(text, f"table1_{name}_{level}_{key}") for level in levels] for key in groups}
    return {"variable": name, **counts, **_row(text, f"table1_{name}")}


def _models(text):
    table_1 = {name: _table_1(text, name, levels) for name, levels in TABLE_1.items()}
    rows = [{"variable": _label(name)} | _row(text, f"table3_{name}") for name in TABLE_3]
    known = {_label(name): [table_1[name][key][1] for key in ("absent", "present")] for name in TABLE_3[:-1]}
    sizes = dict(zip(("n_absent", "n_present"), _sizes(text), strict=True))
    coefficients = {_label(name): text[f"formula_{name}_coefficient"] for name in TABLE_3[-2:]}
    points = {"AFP": text["nomogram_afp_points"], "DL-MVI": text["nomogram_dl_present_points"]}
    intercept = {"intercept": text["formula_intercept"]}
    curves = {"auc": text["model_auc"], "threshold": text["nb_beats_treat_all_from"]}
    tables = confusion_tables(**_external(text), max_n=_count(text, "n_patients"))
    joint = {"rows": rows, "known": known, "group_sizes": _sizes(text), "missed": _missed(text, tables)}
    fit = {"coefficients": list(coefficients.values())} | {key: table_1["afp"][key] for key in ("absent", "present")}
    return {
        "univariable": {"rows": list(table_1.values()), **sizes},
        "multivariable": {"rows": rows, "name": "Table 3"},
        "formula": {"coefficients": coefficients, "odds_ratios": {row["variable"]: row["odds_ratio"] for row in rows}},
        "nomogram": {"coefficients": coefficients, "points": points},
        "formula_fit": intercept | fit,
        "joint": joint | {"formula": {**intercept, "coefficients": coefficients, **curves}},
        "baselines": _baselines(text, known, tables),
    }


def _baselines(text, known, tables):
    rules = {name: known[name] for name in ("AFP", "AST", "ALT")}
    entries = [{"name": "all patients", "group_sizes": _sizes(text), "rules": rules}]
    for first in tables.iloc[:1].itertuples():
        groups = (first.tn + first.fp, first.tp + first.fn)
        entries.append({"name": f"external set (n = {first.n})", "group_sizes": groups, "model": _external(text)})
    return entries


def _missed(text, tables):
    """Count the false negatives that the external recall implies, by what its units were."""
    readings = {}
    if len(tables):
        first, slices = tables.iloc[0], _count(text, "n_slices")
        readings[f"{first.n} patients, {first.tp + first.fn} of them with MVI"] = int(first.fn)
        readings[f"{first.n} slices, {slices} a patient"] = math.ceil(first.fn / slices)
    least = max(_sizes(text)[1] - _count(text, "n_patients_2015"), 0)
    share = 1 - read_printed(text["external_recall"]).high / 100
    readings[f"all {text['n_patients_2018']} patients, at least {least} of them with MVI"] = math.ceil(least * share)
    return readings


def _outcomes(text):
    end = int(text["follow_up_end"].split()[-1]) + 1  # follow-up to 31 December: the next January
    years = [_count(text, f"enrolment_{which}_year") for which in ("first", "second")]
    enrolment = [
        {"n": _count(text, f"n_patients_{year}"), "months": [12 * (end - year - 1), 12 * (end - year)]}
        for year in years
    ]
    total, (absent, present) = _count(text, "n_patients"), _sizes(text)
    groups = {"all": total, "mvi_present": present, "mvi_absent": absent, "dl_present": None, "dl_absent": None}
    sections = []
    for name, events in (("os", "death_events"), ("rfs", "recurrence_events")):
        rows = ({"group": group, "n": n, "months": text.get(f"median_{name}_{group}")} for group, n in groups.items())
        medians = [row for row in rows if row["months"] is not None]
        outcome = {"name": name.upper(), "events": _count(text, events)}
        sections.append(outcome | {"enrolment": enrolment, "medians": medians})
    models = {f"{n} variables (Table {i})": n for n, i in ((len(TABLE_3), 3), (len(TABLE_1) + 1, 1))}
    size = {"n": total, "events": present, "models": models, "auc": read_printed(text["model_auc"]).value}
    return {"medians": sections, "sample_size": size}

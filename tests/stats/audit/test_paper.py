import re
from collections import Counter
from copy import deepcopy
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml

from mvi_core.errors import MviError
from mvi_core.stats.audit import VERDICTS, audit_paper, run_audit, verdict_table
from mvi_core.stats.audit.paper import plant_value
from mvi_core.stats.audit.sun2022 import describe

MANIFEST = Path(__file__).parents[3] / "data_manifest"
VALUES = pd.read_csv(MANIFEST / "paper_values.csv", dtype={"printed": str}, keep_default_na=False)
EXAMPLE = yaml.safe_load((MANIFEST / "audit_example.yaml").read_text(encoding="utf-8"))
QUICK = [name for name in describe(VALUES) if name != "joint"]

# The printed tables, row by row: counts of both levels (total, absent, present), odds ratio, interval, p value.
TABLE_1 = """
321 136 185 | 95% | 91 33 58 1 230 103 127 0.702 0.425 1.157 0.164 50 50
273 115 158 1 48 21 27 0.936 0.504 1.738 0.834 | 144 84 60 1 177 52 125 3.365 2.118 5.347 <0.001 20 20
301 130 171 1 20 6 14 1.774 0.664 4.741 0.248 | 77 33 44 1 244 103 141 1.027 0.612 1.723 0.921
84 41 43 1 237 95 142 1.425 0.864 2.351 0.164 | 229 108 121 1 92 28 64 2.040 1.220 3.412 0.006 40 40
226 111 115 1 95 25 70 2.703 1.597 4.573 <0.001 40 40 | 151 73 78 1 170 63 107 1.590 1.018 2.482 0.041 50 50
274 116 158 1 47 20 27 0.991 0.530 1.853 0.978 19 19 | 244 107 137 1 77 29 48 1.293 0.764 2.187 0.338 6.8 6.8
91 40 51 1 230 96 134 1.095 0.671 1.787 0.717 40 40 | 40 19 21 1 281 117 164 1.268 0.653 2.464 0.483 100 100
180 84 96 1 141 52 89 1.498 0.955 2.349 0.078 1.0 1.0 | 241 105 136 1 80 31 49 1.220 0.728 2.046 0.45 12 12
321 4 3 6 6.3 4.5 9.25 <0.001 | 194 88 106 1 127 48 79 1.366 0.865 2.157 0.18
141 77 64 1 180 59 121 2.467 1.566 3.888 <0.001
"""
TABLE_2 = "92.11% 66.67% 84.21% 74.56% 77.19% 85.96% 87.72% 81.58%"
TABLE_3 = """95% | 1.617 0.763 3.427 0.21 40 40 | 1.939 0.932 4.036 0.077 40 40 | 0.737 0.395 1.376 0.338 50 50
4.634 2.576 8.336 <0.001 20 20 | 35.738 14.027 91.056 <0.001"""
TEXT = {  # sentences of the text, their numbers in order
    "Abstract": "321 136 185 35.738 95% 14.027 91.056 <0.001 4.634 95% 2.576 8.336 <0.001 0.824",
    "Results, Effectiveness of single MR sequence": "63.19% 58.91% 66.66%",
    "Results, Generalization between different cohorts": "2018 68.69% 76.92% 75.76% 76.34% 2D",
    "Results, Predictors of survival": (
        "Dec2020 31.5% 101 321 19.9% 64 321 59.5 54.7 54.7 notreached 50.4 32.5 notreached 36.3 notreached"
    ),
    "Results, Construction of DL-based predictive model": (
        "4 2 20 -3.51 1.53 3.58 20 42.5 20 0 three three 100 0 0.824"
    ),
    "Results, Baseline clinical characteristics": "321 185 57.6%",
    "Table 1": TABLE_1,
    "Table 2": TABLE_2,
    "Table 3": TABLE_3,
}


def plain(text):
    return text.replace("−", "-").replace(" ", "")


def with_value(name, printed):
    changed = VALUES.copy()
    changed.loc[changed["id"] == name, "printed"] = printed
    return changed


def words(values, sections=QUICK):
    sections = {name: section for name, section in describe(values).items() if name in sections}
    return {verdict.check: verdict.verdict for verdict in audit_paper(sections).verdicts}


@pytest.mark.parametrize("place", TEXT)
def test_every_number_of_the_tables_and_of_the_key_sentences_is_recorded(place):
    wanted = Counter(word for word in TEXT[place].split() if word != "|")
    found = Counter(plain(text) for text in VALUES.loc[VALUES["place"] == place, "printed"])
    assert wanted == found


def test_the_table_of_values_is_well_formed():
    assert list(VALUES.columns) == ["id", "printed", "value", "unit", "place", "what", "check"]
    assert VALUES["id"].is_unique
    assert VALUES["id"].str.fullmatch("[a-z][a-z0-9_]*").all()
    assert not (VALUES[["printed", "value", "unit", "place", "what"]].astype(str) == "").any().any()


def test_each_value_is_the_number_that_is_printed():
    for row in VALUES.itertuples():
        digits = re.search(r"-?\d+(\.\d+)?", plain(row.printed))
        if digits and row.unit not in ("date", "version"):
            assert float(row.value) == float(digits[0]), row.id
        assert not np.isnan(float(row.value))


PLANTED = [
    ("table1_afp_gt_20_absent", "53", "sums of the univariable table"),
    ("table1_afp_gt_20_absent", "53", "odds ratios of the univariable table"),
    ("table1_cb_or", "1.239", "odds ratios of the univariable table"),
    ("table1_age_ci_low", "0.452", "odds ratios of the univariable table"),
    ("table1_ascites_p", "0.284", "p values of the univariable table"),
    ("table2_t1v_t1d_accuracy", "85.69%", "proportions: Table 2"),
    ("external_recall", "75.67%", "confusion: external set"),
    ("table3_afp_or", "4.364", "rows: Table 3"),
    ("abstract_afp_or", "4.643", "numbers printed more than once"),
    ("formula_dl_mvi_coefficient", "3.85", "coefficients: formula"),
    ("nomogram_afp_points", "45.2", "points: nomogram"),
    ("death_percent", "19.6%", "fraction: death"),
    ("n_patients_2015", "194", "sum: patients by year"),
    ("median_os_all", "95.5", "medians: OS"),
]


@pytest.mark.parametrize(("name", "printed", "check"), PLANTED)
def test_a_planted_error_is_caught_by_its_check(name, printed, check):
    assert words(with_value(name, printed))[check] == "cannot be reproduced"


def test_the_print_itself_gives_none_of_these_verdicts_by_mistake():
    clean = words(VALUES)
    caught = {check for _, _, check in PLANTED} - {"confusion: external set"}
    assert all(clean[check] != "cannot be reproduced" for check in caught)
    assert clean["p values of the univariable table"] == "reproduced"
    assert clean["formula as a fit of its two predictors"] == "cannot be reproduced"
    assert clean["confusion: external set"] == "cannot be reproduced"


def test_fewer_deaths_force_more_losses():
    section = describe(with_value("death_events", "34"))["medians"][:1]
    evidence = audit_paper({"medians": section}).verdicts[0].evidence
    assert evidence.loc[0, "least_lost"] == 149 - 2 * 34


def test_a_consistent_invented_paper_passes_every_check():
    audit = audit_paper(EXAMPLE)
    assert audit.messages == ()
    assert "cannot be reproduced" not in {verdict.verdict for verdict in audit.verdicts}
    assert len(audit.verdicts) == 20


def test_the_bounds_hold_the_truth_of_the_invented_paper():
    """Witness: its generator (tests/reference/audit_make_example.py) counts the scan's false negatives itself: 20."""
    verdicts = {verdict.check: verdict for verdict in audit_paper({"joint": EXAMPLE["joint"]}).verdicts}
    row = verdicts["false negatives: regression against recall"].evidence.iloc[0]
    assert row["false_negatives_low"] <= 20 <= row["false_negatives_high"]


def test_errors_planted_in_the_invented_paper_are_caught():
    changed = deepcopy(EXAMPLE)
    changed["univariable"]["rows"][1]["present"] = [87, 94]
    changed["medians"][0]["medians"][0]["months"] = "88.8"
    changed["formula"]["odds_ratios"]["scan"] = "62.376"
    changed["joint"]["formula"]["intercept"] = "-1.54"
    found = {verdict.check: verdict.verdict for verdict in audit_paper(changed).verdicts}
    for check in (
        "odds ratios of the univariable table", "medians: survival", "coefficients: formula",
        "intercept of the multivariable model",
    ):  # fmt: skip
        assert found[check] == "cannot be reproduced"


def test_each_unusable_value_gets_one_clear_message():
    audit = audit_paper(
        {
            "title": "x",
            "colour": "blue",
            "fractions": [{"name": "a", "k": 1, "n": 2}, {"name": "b", "k": 1, "n": 2, "percent": "half"}],
            "multivariable": {
                "rows": [
                    {"variable": "x", "odds_ratio": "2.00", "ci_low": "1.00", "ci_high": "4.00", "p_value": "n.s."},
                    {"variable": "y", "odds_ratio": "about 2", "ci_low": "1.00", "ci_high": "4.00"},
                    {"variable": "z"},
                ]
            },
            "confusion": {"name": "set", "metrics": {"accuracy": "50.0"}, "seed": 1},
            "sums": ["three"],
        }
    )
    assert [verdict.check for verdict in audit.verdicts] == ["rows: multivariable table"]
    text = "\n".join(audit.messages)
    for expected in (
        "colour", "percent is missing", "half", "key p_value: 'n.s.'", "key odds_ratio: 'about 2'", "row 3",
        "seed", "'three'",
    ):  # fmt: skip
        assert expected in text
    assert len(audit.messages) == 9


def test_only_a_mapping_is_a_paper():
    with pytest.raises(MviError, match="sections"):
        audit_paper(["a"])


def test_a_missing_id_is_named():
    with pytest.raises(MviError, match="death_events"):
        run_audit(VALUES[VALUES["id"] != "death_events"])


def test_a_verdict_says_what_the_printed_numbers_imply():
    audit = audit_paper({name: section for name, section in describe(VALUES).items() if name in QUICK})
    table = verdict_table(audit.verdicts)
    assert list(table.columns) == ["check", "verdict", "statement", "assumptions", "alternatives", "source"]
    assert table["check"].is_unique
    assert table["verdict"].isin(VERDICTS).all()
    assert table["statement"].str.startswith("The printed numbers imply").all()
    assert (table.loc[table["verdict"] == "cannot be reproduced", "alternatives"] != "").all()
    assert (table.loc[table["verdict"] == "reproduced under a stated assumption", "assumptions"] != "").all()


def test_planting_changes_a_copy_only():
    path = ("univariable", "rows", 0, "absent", 1)
    changed, before = plant_value(EXAMPLE, path, 66), deepcopy(EXAMPLE)
    assert changed["univariable"]["rows"][0]["absent"] == [168, 66]
    assert before == EXAMPLE
    assert plant_value(changed, path, 60) == EXAMPLE


@pytest.mark.parametrize("path", [("colours", 0), ("sums", 7, "total"), ("title", "digit"), ("sums", 0, "digit")])
def test_nothing_is_planted_where_no_number_stands(path):
    with pytest.raises(MviError, match="no number stands at"):
        plant_value(EXAMPLE, path, "1")

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mvi_core.errors import MviError
from mvi_core.stats.audit.agreement import repeat_check, sum_check
from mvi_core.stats.audit.confusion import confusion_check, confusion_tables
from mvi_core.stats.audit.counts import denominators, fraction_check, possible_counts, proportion_check
from mvi_core.stats.audit.printed import read_printed

REFERENCE = Path(__file__).parents[2] / "reference"
METRICS = {"accuracy": "68.69", "precision": "76.92", "recall": "75.76", "f1": "76.34"}


def brute_force(metrics, max_n):
    found = []
    shares = {name: float(text) for name, text in metrics.items()}
    for n in range(1, max_n + 1):
        for tp in range(1, n + 1):
            for fp in range(n - tp + 1):
                if abs(100 * tp / (tp + fp) - shares["precision"]) > 0.5:
                    continue
                for fn in range(n - tp - fp + 1):
                    tn = n - tp - fp - fn
                    values = {
                        "accuracy": 100 * (tp + tn) / n,
                        "recall": 100 * tp / (tp + fn),
                        "f1": 200 * tp / (2 * tp + fp + fn),
                    }
                    if all(abs(values[name] - shares[name]) <= 0.5 + 1e-9 for name in values):
                        found.append((n, tp, fp, fn, tn))
    return found


def test_confusion_tables_are_those_of_a_plain_search():
    metrics = {"accuracy": "69", "precision": "77", "recall": "76", "f1": "76"}
    table = confusion_tables(**metrics, max_n=40)
    assert sorted(map(tuple, table.to_numpy().tolist())) == sorted(brute_force(metrics, 40))


def test_mlscorecheck_agrees_that_the_stated_172_cannot_give_the_external_metrics_and_99_can():
    """Witness: mlscorecheck, every split of 99, 114, 149 and 172 (tests/reference/audit_mlscorecheck.py)."""
    witness = pd.read_csv(REFERENCE / "audit_mlscorecheck.csv")
    ours = confusion_tables(**METRICS, max_n=172)
    ours = set(zip(ours["tp"] + ours["fn"], ours["fp"] + ours["tn"], strict=True))
    assert set(map(tuple, witness.loc[witness["inconsistent"] == 0, ["p", "n"]].to_numpy().tolist())) == ours
    assert ours == {(66, 33)}


@given(st.lists(st.integers(0, 60), min_size=4, max_size=4).filter(lambda cells: cells[0] + cells[1] and cells[2]))
@settings(max_examples=60, deadline=None)
def test_a_true_matrix_is_always_found(cells):
    tp, fp, fn, tn = cells
    total = sum(cells)
    shares = (tp + tn) / total, tp / (tp + fp), tp / (tp + fn), 2 * tp / (2 * tp + fp + fn)  # also with tp = 0
    table = confusion_tables(*(f"{100 * share:.2f}" for share in shares[:3]), f1=f"{100 * shares[3]:.2f}", max_n=total)
    assert (table[["tp", "fp", "fn", "tn"]].to_numpy() == cells).all(axis=1).any()


@given(st.integers(1, 300), st.data())
@settings(max_examples=60, deadline=None)
def test_the_true_denominator_is_always_found(n, data):
    counts = data.draw(st.lists(st.integers(0, n), min_size=1, max_size=5))
    rounded = [f"{100 * k / n:.2f}" for k in counts]
    cut = [f"{np.floor(1e4 * k / n + 1e-6) / 100:.2f}" for k in counts]
    assert n in denominators(rounded, max_n=300)
    assert n in denominators(cut, max_n=300, truncated=True)


def test_table_2_is_out_of_114_patients_and_of_no_other_number_up_to_149():
    table_2 = ["92.11%", "66.67%", "84.21%", "74.56%", "77.19%", "85.96%", "87.72%", "81.58%"]
    assert denominators(table_2, max_n=149).tolist() == [114]
    verdict = proportion_check("Table 2", table_2, stated_n=[149], max_n=149, units={"patients": 1, "slices": 3})
    assert verdict.verdict == "reproduced under a stated assumption"
    assert set(verdict.evidence["n_patients"]) == {114, 38, 76}


def test_an_accuracy_that_no_n_allows_is_caught():
    verdict = proportion_check("Table 2", ["92.11", "66.66", "84.21"], max_n=149)
    assert verdict.verdict == "cannot be reproduced"
    assert set(verdict.evidence["percentages"]) <= {"92.11", "66.66", "84.21"}


def test_a_stated_denominator_is_recognised():
    assert proportion_check("x", ["50.0", "33.3"], stated_n=[6], max_n=10).verdict == "reproduced"


def test_a_changed_digit_in_the_recall_leaves_no_matrix():
    assert confusion_check("x", METRICS | {"recall": "75.36"}, max_n=200).verdict == "cannot be reproduced"
    assert confusion_check("x", METRICS, stated_n=99).verdict == "reproduced"


def test_a_fraction_is_rounded_cut_off_or_wrong():
    words = [fraction_check("x", 2, 3, text).verdict for text in ("66.67%", "66.66%", "66.65%")]
    assert words == ["reproduced", "reproduced under a stated assumption", "cannot be reproduced"]


def test_sums_and_repeats_catch_a_changed_digit():
    assert sum_check("x", {"a": 1, "b": 2}, 4).verdict == "cannot be reproduced"
    assert repeat_check({"AUC": {"a": "0.824", "b": "0.824"}}).verdict == "reproduced"
    assert repeat_check({"AUC": {"a": "0.824", "b": "0.842"}}).verdict == "cannot be reproduced"


@pytest.mark.parametrize("text", ["about 3", "", "1.2.3", "0.1-0.2"])
def test_text_that_is_no_number_is_refused(text):
    with pytest.raises(MviError, match="printed number"):
        read_printed(text)


def test_signs_bounds_and_not_reached_are_read():
    assert read_printed("− 3.51").value == -3.51
    assert (read_printed("< 0.001").low, read_printed("< 0.001").high) == (0, 0.001)
    assert np.isinf(read_printed("not reached").value)
    assert read_printed("0.50").unit == pytest.approx(0.01)


def test_an_exponent_moves_the_last_printed_digit_and_a_leading_zero_may_be_missing():
    assert read_printed("1.2e-5").high == pytest.approx(1.25e-5)  # R prints small p values so: format(1.2e-5)
    assert not read_printed(1e-05).agrees(0.04)
    assert (read_printed(".045").value, read_printed("<.001").high) == (0.045, 0.001)  # SPSS and APA style


def test_a_percentage_beyond_0_to_100_is_no_share():
    assert not denominators(["150"], max_n=50).size
    assert not denominators(["-5"], max_n=50).size
    with pytest.raises(MviError, match="total of 1 or more"):
        fraction_check("deaths", 0, 0, "0%")


def test_a_number_that_allows_every_percentage_is_a_denominator():
    printed = ["92.11", "66.67", "84.21", "74.56", "77.19", "85.96", "87.72", "81.58"]
    table = possible_counts(printed, max_n=149)
    assert (
        table.loc[table["possible"] == table["of"], "n"].tolist() == denominators(printed, max_n=149).tolist() == [114]
    )
    assert table["possible"].between(0, 8).all()

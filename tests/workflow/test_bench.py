"""A benchmark line says its median and spread, and a shorter reference is scaled up to equal work."""

import pytest


@pytest.fixture
def timing(script):
    return script("benchmarks/timing")


def test_a_line_holds_median_least_and_most(timing):
    words = timing.line("audit", [3.0, 1.0, 2.0], "s", "27 verdicts").split()
    assert words == ["audit", "2", "s", "(1-3)", "27", "verdicts"]


def test_one_value_has_no_spread(timing):
    assert timing.line("audit", [7.15], "s", "checks").split() == ["audit", "7.15", "s", "checks"]


def test_a_reference_that_does_a_tenth_of_the_work_counts_ten_times(timing, monkeypatch):
    seconds = iter([2.0, 4.0, 3.0, 6.0])  # reference, ours, reference, ours
    monkeypatch.setattr(timing, "cpu_seconds", lambda function: next(seconds))
    assert timing.paired_ratios(None, None, rounds=2, reference_share=0.1) == [5.0, 5.0]

"""Every input that the fuzzers kept: accepted, or refused with an error of the package; the crashes they found too."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))
from targets import TARGETS, survives

CORPUS = Path(__file__).parent / "corpus"


@pytest.mark.parametrize("target", TARGETS)
def test_no_kept_input_raises_anything_but_an_error_of_the_package(target):
    kept = sorted((CORPUS / target).iterdir())
    for path in kept:
        survives(target, path.read_bytes())
    assert kept, "an empty corpus tests nothing"

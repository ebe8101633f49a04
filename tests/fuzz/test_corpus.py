"""Every input that the fuzzers kept: accepted, or refused with an error of the package; the crashes they found too."""

import sys
import zipfile
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))
from targets import TARGETS, survives

CORPUS = Path(__file__).parent / "corpus"


@pytest.mark.parametrize("target", TARGETS)
def test_no_kept_input_raises_anything_but_an_error_of_the_package(target):
    kept = [path.read_bytes() for path in sorted((CORPUS / target).iterdir())]
    with zipfile.ZipFile(CORPUS / f"{target}.zip") as found:
        kept += [found.read(name) for name in found.namelist()]
    for raw in kept:
        survives(target, raw)
    assert len(kept) > 5, "a corpus of seeds alone"

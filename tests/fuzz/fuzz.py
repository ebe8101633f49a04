"""Fuzz one entry point with atheris: ``python tests/fuzz/fuzz.py TARGET SECONDS [libFuzzer options]``.

Seeds are the files of ``tests/fuzz/corpus/TARGET``, and what earlier runs found, in ``TARGET.zip`` beside it. Inputs
that reach new code go to ``_build/fuzz/TARGET``; one that crashes goes to ``_build/fuzz`` as ``crash-*`` and belongs
into the corpus, as a regression test.
"""

import sys
import zipfile
from pathlib import Path

import atheris

HERE = Path(__file__).parent
WATCHED = [  # what new code means: ours, and what parses for us; the whole of pydicom takes minutes to instrument
    "mvi_core.cohort", "mvi_core.dataset", "mvi_core.model.checkpoint", "pydicom.filereader", "pydicom.dataset",
    "pydicom.dataelem", "pydicom.values", "nibabel.nifti1", "zipfile", "yaml.scanner", "yaml.parser",
]  # fmt: skip


def main(target, seconds, *options):
    """Run libFuzzer on a target for a number of seconds."""
    with atheris.instrument_imports(include=WATCHED):
        sys.path.insert(0, str(HERE))
        from targets import survives

    grown = Path("_build/fuzz", target)
    grown.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(HERE / "corpus" / f"{target}.zip") as found:
        found.extractall(grown)
    limits = [f"-max_total_time={seconds}", "-rss_limit_mb=3000", "-timeout=20", "-max_len=65536"]
    limits.append("-artifact_prefix=_build/fuzz/")
    command = [sys.argv[0], str(grown), str(HERE / "corpus" / target), *limits, *options]
    atheris.Setup(command, lambda raw: survives(target, raw))
    atheris.Fuzz()


if __name__ == "__main__":
    main(*sys.argv[1:])

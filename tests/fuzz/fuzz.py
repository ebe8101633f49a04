"""Fuzz one entry point with atheris: ``python tests/fuzz/fuzz.py TARGET SECONDS [libFuzzer options]``.

New inputs that reach new code are kept in a scratch folder beside the seeds of ``tests/fuzz/corpus/TARGET``; an input
that crashes is written to the working folder as ``crash-*`` and belongs into that corpus, as a regression test.
"""

import sys
from pathlib import Path

import atheris

HERE = Path(__file__).parent


def main(target, seconds, *options):
    """Run libFuzzer on a target for a number of seconds."""
    with atheris.instrument_imports(include=["mvi_core", "pydicom", "nibabel.nifti1", "zipfile", "yaml"]):
        sys.path.insert(0, str(HERE))
        from targets import survives

    grown = Path(f"fuzz-{target}")
    grown.mkdir(exist_ok=True)
    limits = [
        f"-max_total_time={seconds}",
        "-rss_limit_mb=3000",
        "-timeout=20",
        "-max_len=65536",
        "-print_final_stats=1",
    ]
    command = [sys.argv[0], str(grown), str(HERE / "corpus" / target), *limits, *options]
    atheris.Setup(command, lambda raw: survives(target, raw))
    atheris.Fuzz()


if __name__ == "__main__":
    main(*sys.argv[1:])

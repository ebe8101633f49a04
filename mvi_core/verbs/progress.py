"""How far is a long verb: a bar on a terminal."""

import sys
from contextlib import contextmanager

from tqdm import tqdm


@contextmanager
def bar(label, unit):
    """Progress bar on a terminal: a function that is told how many are done, of how many."""
    with tqdm(desc=f"mvi: {label}", unit=unit, disable=not sys.stderr.isatty(), delay=1) as shown:

        def progress(done, total):
            shown.total = total
            shown.update(done - shown.n)

        yield progress

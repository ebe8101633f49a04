"""How much faster is one way than another: CPU seconds of interleaved pairs, and one line for the terminal."""

import time
from statistics import median


def cpu_seconds(function):
    """CPU seconds of one call, of this process only: another process on the machine does not count."""
    start = time.process_time()
    function()
    return time.process_time() - start


def paired_ratios(reference, ours, *, rounds=5, reference_share=1.0):
    """Ratios reference to ours, one a pair; the reference does ``reference_share`` of our work and is scaled up."""
    pairs = [(cpu_seconds(reference), cpu_seconds(ours)) for _ in range(rounds)]
    return [slow / reference_share / fast for slow, fast in pairs]


def line(name, values, unit, about):
    """Name, median with least and most, and what was measured."""
    spread = f"({min(values):.3g}-{max(values):.3g})" if len(values) > 1 else ""
    return f"{name:<32}{median(values):>8.3g} {unit:<3}{spread:<18}{about}"

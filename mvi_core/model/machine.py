"""How is the machine used: one thread, deterministic operators, and no memory handed back between steps."""

import ctypes
from contextlib import contextmanager

import torch

M_TRIM_THRESHOLD, M_MMAP_THRESHOLD = -1, -3  # glibc, malloc.h
KEPT_BYTES = 1 << 30


@contextmanager
def reproducible():
    """Run on one thread with deterministic operators, then as before.

    Sums in another number of parts round differently, so that one thread is part of a bit-identical result;
    several trainings side by side use more cores. Large memory blocks stay with the process from then on, which
    changes no result.
    """
    if hasattr(libc := ctypes.CDLL(None), "mallopt"):  # saves page faults, about a quarter of a step
        libc.mallopt(M_TRIM_THRESHOLD, KEPT_BYTES)
        libc.mallopt(M_MMAP_THRESHOLD, KEPT_BYTES)
    threads, strict = torch.get_num_threads(), torch.are_deterministic_algorithms_enabled()
    fill = torch.utils.deterministic.fill_uninitialized_memory
    torch.set_num_threads(1)
    torch.use_deterministic_algorithms(True)
    torch.utils.deterministic.fill_uninitialized_memory = False  # a safety net against reading it, at 5 % of a step
    try:
        yield
    finally:
        torch.set_num_threads(threads)
        torch.use_deterministic_algorithms(strict)
        torch.utils.deterministic.fill_uninitialized_memory = fill

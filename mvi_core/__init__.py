"""How far do the printed numbers of Sun et al. 2022 carry: the package behind the book."""

__version__ = "0.1.0"

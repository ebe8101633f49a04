"""Which numbers can stand behind a printed one: its digits, its rounding interval and its truncation interval."""

import re
from dataclasses import dataclass

import numpy as np

from mvi_core.errors import MviError

SLACK = 1e-9  # keeps a number that lies on the end of its rounding interval, whatever the rounding rule for ties
NOT_REACHED = ("not reached", "nr")


@dataclass(frozen=True)
class Printed:
    """A number as printed, with the interval of numbers that print so."""

    text: str  #: as printed
    value: float  #: infinite for "not reached"
    unit: float  #: one step of the last printed digit
    below: bool = False  #: an upper bound, such as "< 0.001"

    @property
    def low(self):
        """Smallest number that rounds to the print."""
        return 0.0 if self.below else self.value - self.unit / 2

    @property
    def high(self):
        """Largest number that rounds to the print."""
        return self.value if self.below else self.value + self.unit / 2

    @property
    def log_ends(self):
        """Logarithms of both; minus infinity for a number that may be 0."""
        with np.errstate(divide="ignore"):
            return np.log(np.maximum([self.low, self.high], 0.0))

    def ends(self, *, truncated=False):
        """Smallest and largest number that print so, by rounding or by cutting digits off."""
        cut = truncated and not self.below
        return (self.value, self.value + self.unit - 2 * SLACK) if cut else (self.low, self.high)

    def agrees(self, computed, *, truncated=False):
        """Whether computed numbers, in the printed unit, print like this one: bool, or an array of bool."""
        low, high = self.ends(truncated=truncated)
        return (np.asarray(computed) >= low - SLACK) & (np.asarray(computed) <= high + SLACK)

    def meets(self, low, high):
        """Whether a number from `low` to `high` rounds to the print."""
        return bool(low <= self.high + SLACK and high >= self.low - SLACK)


def read_printed(printed):
    """Value, rounding step and bound of a printed text, such as "92.11%", "− 3.51", "< 0.001" or "not reached".

    A float has lost its trailing zeros; pass text to keep them. A text with no number, or with several, is refused.

    Examples
    --------
    >>> number = read_printed("92.11%")
    >>> round(number.low, 3), round(number.high, 3), bool(number.agrees(100 * 105 / 114))
    (92.105, 92.115, True)
    """
    if isinstance(printed, Printed):
        return printed
    text = str(printed).strip()
    if text.lower() in NOT_REACHED:
        return Printed(text, np.inf, 0.0)
    plain = text.replace("−", "-").replace("–", "-").replace("%", "").replace(" ", "")
    match = re.fullmatch(r"([<≤])?([+-]?(?:\d+|(?=\.))(?:\.(\d+))?(?:[eE]([+-]?\d{1,2}))?)", plain)
    if match is None:
        raise MviError(f"a printed number must be like 0.824, 92.11% or < 0.001, got {text!r}. Give the digits alone.")
    unit = 10.0 ** (int(match[4] or 0) - len(match[3] or ""))
    return Printed(text, float(match[2]), unit, match[1] is not None)

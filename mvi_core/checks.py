"""Is the input what the function expects: the checks at the door, shared by public functions.

Each takes the name of an argument, for the message, and what was passed. It returns what the function computes with, or
raises an `MviError` that says what was expected, what was found and what to do.
"""

from dataclasses import fields

import numpy as np

from mvi_core.errors import MviError


def expect_shape(name, array, shape):
    """Array itself, after comparing its shape with a pattern, in which a letter (``"B"``) stands for any length.

    >>> expect_shape("features", np.zeros((2, 3)), ("B", 3)).shape
    (2, 3)
    """
    found = tuple(np.shape(array))  # also of a tensor
    if len(found) != len(shape) or any(
        not isinstance(want, str) and want != have for want, have in zip(shape, found, strict=True)
    ):
        wanted = ", ".join(map(str, shape))
        raise MviError(f"{name} must have shape ({wanted}), got {found}. Select or reshape the axes first.")
    return array


def expect_choice(name, value, choices):
    """Value itself, after a look whether it is one of the choices; else an `MviError` that lists them."""
    if value not in choices:
        raise MviError(f"{name} must be one of {', '.join(map(str, choices))}, got {value}. Correct the setting.")
    return value


def expect_between(name, value, low, high):
    """Refuse a number that does not lie strictly between two ends.

    >>> expect_between("prevalence", 0.3, 0, 1)
    """
    if not low < value < high:
        raise MviError(f"{name} must lie between {low:g} and {high:g}, got {value:g}. Correct it.")


def settings_from(kind, section, *, name):
    """Read a settings class, a frozen dataclass with defaults, from a mapping of a settings file; lists become tuples.

    A key must be a field and its value of the type of the default; what the file leaves out keeps its default.
    """
    defaults = {field.name: field.default for field in fields(kind)}
    values = {key: tuple(value) if isinstance(value, list) else value for key, value in section.items()}
    for key, value in values.items():
        if key not in defaults:
            raise MviError(f"Section {name} holds an unknown setting {key}. Known: {', '.join(defaults)}.")
        wanted = (int, float) if isinstance(defaults[key], float) else type(defaults[key])
        if not isinstance(value, wanted) or isinstance(value, bool) != isinstance(defaults[key], bool):
            raise MviError(f"Setting {name}.{key} must be like {defaults[key]!r}, got {value!r}. Correct it.")
    return kind(**values)


def binary(name, values):
    """Zeros and ones, or booleans, as an integer array, shape (n,).

    >>> binary("mvi_present", [True, False]).tolist()
    [1, 0]
    """
    array = finite(name, values)
    wrong = np.flatnonzero(~np.isin(array, (0.0, 1.0)))
    if wrong.size:
        raise MviError(
            f"{name} must hold 0 or 1 only, got {array[wrong[0]]:g} at position {wrong[0]}. "
            "Code absent as 0 and present as 1."
        )
    return array.astype(int)


def finite(name, values):
    """Finite numbers as a float array, shape (n,), of at least one entry.

    >>> finite("months", [12, 7.5]).tolist()
    [12.0, 7.5]
    """
    try:
        if np.asarray(values).dtype.kind in "mM":
            raise TypeError("these are dates or time differences")
        array = np.asarray(values, dtype=float)
    except (TypeError, ValueError) as problem:
        raise MviError(
            f"{name} must hold numbers only ({problem}). Convert text and missing values first."
        ) from problem
    if array.ndim != 1 or array.size == 0:
        raise MviError(
            f"{name} must be a non-empty list of numbers, got shape {array.shape}. Pass one value per patient."
        )
    wrong = np.flatnonzero(~np.isfinite(array))
    if wrong.size:
        raise MviError(
            f"{name} must be finite, got {array[wrong[0]]} at position {wrong[0]} ({wrong.size} of {array.size}). "
            "Drop or impute missing values first, and say how many."
        )
    return array


def probability(name, values):
    """Probabilities, from 0 to 1, as a float array, shape (n,); a logit is refused.

    >>> probability("risk", [0, 0.5]).tolist()
    [0.0, 0.5]
    """
    array = finite(name, values)
    wrong = np.flatnonzero((array < 0) | (array > 1))
    if wrong.size:
        raise MviError(
            f"{name} must lie from 0 to 1, got {array[wrong[0]]:g} at position {wrong[0]}. "
            "Pass probabilities, not scores or logits."
        )
    return array


def same_length(**arrays):
    """Count the entries that all arguments, given by name, share.

    >>> same_length(mvi_present=[0, 1], risk=[0.2, 0.7])
    2
    """
    lengths = {name: len(array) for name, array in arrays.items()}
    if len(set(lengths.values())) > 1:
        listed = ", ".join(f"{name} {length}" for name, length in lengths.items())
        raise MviError(f"Arguments must have one entry per patient each, got {listed}. Join them by patient_id first.")
    return next(iter(lengths.values()))


def both_classes(name, values):
    """Count zeros and ones, after checking that both occur: ``(n_absent, n_present)``.

    >>> both_classes("mvi_present", np.array([0, 1, 1]))
    (1, 2)
    """
    n_present = int(np.sum(values))
    n_absent = len(values) - n_present
    if not n_present or not n_absent:
        raise MviError(f"{name} holds one class only ({n_absent} absent, {n_present} present). Both are needed here.")
    return n_absent, n_present

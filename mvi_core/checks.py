"""Is the input what the function expects: the checks at the door, shared by public functions."""

from dataclasses import fields

import numpy as np

from mvi_core.errors import MviError


def expect_shape(name, array, shape):
    """Array itself, after comparing its shape with a pattern.

    Parameters
    ----------
    name : str
        Name of the argument, for the message.
    array : array-like
        Anything with a ``shape``; lists are accepted.
    shape : tuple of int or str
        Expected length of each axis; a letter (``"B"``) accepts any length.

    Returns
    -------
    array
        The same object, so that a check can stand inside an expression.

    Raises
    ------
    MviError
        If the number of axes or one fixed length differs.
    """
    found = tuple(np.shape(array))
    fits = len(found) == len(shape) and all(
        isinstance(want, str) or want == have for want, have in zip(shape, found, strict=True)
    )
    if not fits:
        wanted = ", ".join(str(want) for want in shape)
        raise MviError(f"{name} must have shape ({wanted}), got {found}. Select or reshape the axes first.")
    return array


def expect_choice(name, value, choices):
    """Value itself, after a look whether it is one of the choices; else an `MviError` that lists them."""
    if value not in choices:
        raise MviError(f"{name} must be one of {', '.join(map(str, choices))}, got {value}. Correct the setting.")
    return value


def settings_from(kind, section, *, name):
    """Read a settings class from a mapping of a settings file; what the file leaves out keeps its default.

    Parameters
    ----------
    kind : type
        Frozen dataclass with a default for every field.
    section : dict
        Lists become tuples.
    name : str
        Name of the section, for the message.

    Returns
    -------
    object
        Of class `kind`.

    Raises
    ------
    MviError
        If a key is unknown, or a value is of another type than the default.
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
    """Values as an integer array of 0 and 1.

    Parameters
    ----------
    name : str
        Name of the argument, for the message.
    values : array-like of bool or number, shape (n,)
        Zeros and ones, or booleans; nothing missing.

    Returns
    -------
    numpy.ndarray of int, shape (n,)

    Raises
    ------
    MviError
        If a value is missing or is neither 0 nor 1.
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
    """Values as a one-dimensional float array without missing or infinite entries.

    Parameters
    ----------
    name : str
        Name of the argument, for the message.
    values : array-like of number, shape (n,)

    Returns
    -------
    numpy.ndarray of float, shape (n,)

    Raises
    ------
    MviError
        If the array is empty, has several axes, or holds a value that is not a finite number.
    """
    try:
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
    """Values as a float array of probabilities, from 0 to 1.

    Parameters
    ----------
    name : str
        Name of the argument, for the message.
    values : array-like of float, shape (n,)

    Returns
    -------
    numpy.ndarray of float, shape (n,)

    Raises
    ------
    MviError
        If a value lies outside 0 to 1 (a logit was passed), is missing or infinite.
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
    """Count the entries that all arguments share.

    Parameters
    ----------
    **arrays
        Arrays by name; names appear in the message.

    Returns
    -------
    int

    Raises
    ------
    MviError
        If the lengths differ.
    """
    lengths = {name: len(array) for name, array in arrays.items()}
    if len(set(lengths.values())) > 1:
        listed = ", ".join(f"{name} {length}" for name, length in lengths.items())
        raise MviError(f"Arguments must have one entry per patient each, got {listed}. Join them by patient_id first.")
    return next(iter(lengths.values()))


def both_classes(name, values):
    """Count zeros and ones, after checking that both occur.

    Parameters
    ----------
    name : str
        Name of the argument, for the message.
    values : numpy.ndarray of int, shape (n,)
        Zeros and ones.

    Returns
    -------
    tuple of int
        ``(n_absent, n_present)``.

    Raises
    ------
    MviError
        If only one class is present.
    """
    n_present = int(np.sum(values))
    n_absent = len(values) - n_present
    if not n_present or not n_absent:
        raise MviError(f"{name} holds one class only ({n_absent} absent, {n_present} present). Both are needed here.")
    return n_absent, n_present

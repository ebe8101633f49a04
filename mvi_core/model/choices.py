"""Where is the paper's text silent about the network, what did we choose, and which settings change it."""

import json

import pandas as pd

from mvi_core.study import load_study


def silent_choices():
    """Silent choices of the paper, ``data_manifest/silent_choices.csv``, as a table: choice, ours, alternatives, why.

    Alternatives are the setting and values that change a choice, ``fixed`` where there is none.
    """
    return pd.read_csv(load_study().root / "data_manifest" / "silent_choices.csv", dtype=str).fillna("fixed")


def variants():
    """Alternatives one at a time: the choice, and the setting by its path with the other value, for `overridden`.

    Examples
    --------
    >>> variants()[:2]
    [('Input channels', {'network.input_channels': 3}), ('Stride of the 7x7 convolution', {'network.stem_stride': 1})]
    """
    table = silent_choices().query("alternatives != 'fixed'")
    changeable = [(choice, *words.split(" = ")) for choice, words in zip(table.choice, table.alternatives, strict=True)]
    return [(choice, {key: json.loads(value)}) for choice, key, values in changeable for value in values.split(" | ")]

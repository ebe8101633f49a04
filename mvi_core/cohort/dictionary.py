"""What may each column of the patient table hold: meanings, units and ranges as recorded."""

from functools import lru_cache

import pandas as pd

from mvi_core.manifest import project_root


def dictionary():
    """Read the data dictionary of the patient table.

    Returns
    -------
    pandas.DataFrame
        Indexed by column, in the order of the table: ``meaning``, ``type`` (``id``, ``category``,
        ``number``, ``binary``, ``ordinal``), ``unit``, ``low`` and ``high`` (plausible range, NaN where
        there is none), ``levels`` (joined by ``|``), ``coding``, ``paper_table``.
    """
    return _read(project_root() / "data_manifest" / "dictionary.csv").copy()


@lru_cache(maxsize=4)
def _read(path):
    table = pd.read_csv(path, dtype=str, keep_default_na=False, na_values=[]).set_index("column")
    return table.assign(low=pd.to_numeric(table["low"]), high=pd.to_numeric(table["high"]))

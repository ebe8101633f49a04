"""What does a check of printed numbers say: its verdict, its evidence and its other readings."""

from dataclasses import dataclass

import pandas as pd

REPRODUCED = "reproduced"
ASSUMED = "reproduced under a stated assumption"
CANNOT = "cannot be reproduced"
NOT_APPLICABLE = "not applicable"
VERDICTS = (REPRODUCED, ASSUMED, CANNOT, NOT_APPLICABLE)


@dataclass(frozen=True)
class Verdict:
    """Outcome of one check of printed numbers.

    Attributes
    ----------
    check : str
        What was checked, in a few words; unique within an audit.
    verdict : str
        One of `VERDICTS`. "not applicable" means that nothing printed can be compared; the statement still informs.
    statement : str
        One fair sentence: what the printed numbers imply.
    evidence : pandas.DataFrame
        The numbers behind the statement, one row each.
    assumptions, alternatives : tuple of str
        What must hold for the statement, and other readings of the same print.
    source : str
        Method and reference.
    """

    check: str
    verdict: str
    statement: str
    evidence: pd.DataFrame
    assumptions: tuple = ()
    alternatives: tuple = ()
    source: str = ""


def verdict_table(verdicts):
    """Verdicts as a table, one row a check.

    Parameters
    ----------
    verdicts : iterable of Verdict

    Returns
    -------
    pandas.DataFrame
        Columns check, verdict, statement, assumptions, alternatives, source; several entries are joined with "; ".
    """
    columns = ["check", "verdict", "statement", "assumptions", "alternatives", "source"]
    table = pd.DataFrame([[getattr(item, name) for name in columns] for item in verdicts], columns=columns)
    return table.assign(**{name: table[name].map("; ".join) for name in ("assumptions", "alternatives")})

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
    """Outcome of one check of printed numbers."""

    check: str  #: what was checked, in a few words; unique within an audit
    verdict: str  #: one of `VERDICTS`; where it is "not applicable", nothing printed can be compared
    statement: str  #: what the printed numbers imply, in one fair sentence
    evidence: pd.DataFrame  #: the numbers behind the statement, one row each
    assumptions: tuple = ()  #: what must hold for the statement
    alternatives: tuple = ()  #: other readings of the same print
    source: str = ""  #: method and reference


def verdict_table(verdicts):
    """Verdicts as a table, one row a check: check, verdict, statement, assumptions, alternatives, source.

    Several entries of one verdict are joined with "; ".

    Examples
    --------
    >>> table = verdict_table([Verdict("sum", REPRODUCED, "2 + 2 = 4.", pd.DataFrame(), ("a", "b"))])
    >>> table[["check", "verdict", "assumptions"]].to_numpy().tolist()
    [['sum', 'reproduced', 'a; b']]
    """
    columns = ["check", "verdict", "statement", "assumptions", "alternatives", "source"]
    table = pd.DataFrame([[getattr(item, name) for name in columns] for item in verdicts], columns=columns)
    return table.assign(**{name: table[name].map("; ".join) for name in ("assumptions", "alternatives")})

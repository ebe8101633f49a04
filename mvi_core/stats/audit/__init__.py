"""Do the printed numbers of a paper agree with each other, and what must have been counted to give them: the audit.

A check takes numbers as text, as printed, so that no trailing zero is lost; ``name`` says where they stand, ``level``
is the confidence level of printed intervals. It answers with a `Verdict` or several. Its arguments are the keys of its
section in the description of a paper, of which ``data_manifest/audit_example.yaml`` is a worked example.
"""

from mvi_core.stats.audit.paper import Audit, audit_paper
from mvi_core.stats.audit.sun2022 import run_audit
from mvi_core.stats.audit.verdict import VERDICTS, Verdict, verdict_table

__all__ = ["VERDICTS", "Audit", "Verdict", "audit_paper", "run_audit", "verdict_table"]

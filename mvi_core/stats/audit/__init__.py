"""Do the printed numbers of a paper agree with each other, and what must have been counted to give them: the audit."""

from mvi_core.stats.audit.paper import Audit, audit_paper
from mvi_core.stats.audit.sun2022 import run_audit
from mvi_core.stats.audit.verdict import VERDICTS, Verdict, verdict_table

__all__ = ["VERDICTS", "Audit", "Verdict", "audit_paper", "run_audit", "verdict_table"]

"""Carry a plan out, one change at a time, and prove each by reading it back.

Never compares desired with live to decide what to do: that is the plan's work.
The gateway's answers are not believed: a 200 proves nothing, a 5xx disproves
nothing.
"""

from aspire_gitops.applying.delivered import DeadKey, dead_keys
from aspire_gitops.applying.executor import apply_plan
from aspire_gitops.applying.outcome import Outcome, Result, Status
from aspire_gitops.applying.secrets import resolve_secrets

__all__ = ["DeadKey", "Outcome", "Result", "Status", "apply_plan", "dead_keys", "resolve_secrets"]

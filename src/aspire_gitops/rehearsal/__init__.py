"""Apply a revision to a throw-away gateway and prove, call by call, that it does what it says.

`redirect` and `checks` are pure. `script` is the order of events, `live` the
only module that touches the sandbox. The real gateway and the real providers
are never talked to.
"""

from aspire_gitops.rehearsal.live import rehearse
from aspire_gitops.rehearsal.report import Rehearsal, Step, StepStatus, Watcher

__all__ = ["Rehearsal", "Step", "StepStatus", "Watcher", "rehearse"]

"""Apply a revision to a throw-away gateway and prove, call by call, that it does what it says.

`redirect`, `checks`, `books` and the `attacks` are pure. `script` is the order of
events, `live` starts the sandbox that `sandboxed` plays them on. The real gateway and
the real providers are never talked to.
"""

from aspire_gitops.rehearsal.live import rehearse
from aspire_gitops.rehearsal.report import Rehearsal, Step, StepStatus, Watcher

__all__ = ["Rehearsal", "Step", "StepStatus", "Watcher", "rehearse"]

"""Apply a revision to a throw-away gateway and prove, call by call, that it does what it says.

`scenarios`, `checks` and the `attacks` are pure. `steps` are what is
done in order, `live` starts the sandbox that they run on. The real gateway and the real
providers are never contacted.
"""

from aspire_gitops.rehearsal.live import rehearse
from aspire_gitops.rehearsal.report import Rehearsal, Step, StepStatus, Watcher

__all__ = ["Rehearsal", "Step", "StepStatus", "Watcher", "rehearse"]

"""Whether an alias works, shown by a tiny call: what is asked, what is expected, what it means.

Pure. `gateway` makes the call, `ledger_reading` finds what was booked, and `controller`
and `cli` put them together.
"""

from aspire_gitops.probing.call import (
    Probe,
    interval_s,
    probe_of,
    variants,
)
from aspire_gitops.probing.judge import (
    HEADERS,
    Answer,
    Booked,
    Expected,
    Finding,
    Said,
    Verdict,
    judge,
    said_of,
)
from aspire_gitops.probing.key import probe_key
from aspire_gitops.probing.prober import Prober, Target, targets

__all__ = [
    "HEADERS",
    "Answer",
    "Booked",
    "Expected",
    "Finding",
    "Probe",
    "Prober",
    "Said",
    "Target",
    "Verdict",
    "interval_s",
    "judge",
    "probe_key",
    "probe_of",
    "said_of",
    "targets",
    "variants",
]

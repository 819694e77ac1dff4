"""A throw-away real gateway on loopback: LiteLLM on PostgreSQL, without docker.

For rehearsals and tests. Knows nothing about catalogs or plans; the functions block,
and `lifecycle` documents what they raise.

    with running(SandboxOptions(upstream=True)) as sandbox:
        print(sandbox.base_url)
"""

from aspire_gitops.sandbox.lifecycle import kill_proxy, restart, running, start, stop
from aspire_gitops.sandbox.options import Sandbox, SandboxOptions
from aspire_gitops.sandbox.upstream.behaviour import Reset, UpstreamCall
from aspire_gitops.sandbox.upstream.bill import Billed, Report
from aspire_gitops.sandbox.upstream.control import UpstreamControl
from aspire_gitops.vocabulary import (
    PrerequisiteMissing,
    SandboxBusy,
    SandboxError,
    SandboxNotFound,
    SandboxStartFailed,
)

__all__ = [
    "Billed",
    "PrerequisiteMissing",
    "Report",
    "Reset",
    "Sandbox",
    "SandboxBusy",
    "SandboxError",
    "SandboxNotFound",
    "SandboxOptions",
    "SandboxStartFailed",
    "UpstreamCall",
    "UpstreamControl",
    "kill_proxy",
    "restart",
    "running",
    "start",
    "stop",
]

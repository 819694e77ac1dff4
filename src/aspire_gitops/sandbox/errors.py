"""Errors of a sandbox, by who has to act.

Every error says what is wrong and what to do. None holds a key: the
sandbox's keys and the caller's variables stay out of messages and logs.
"""

from aspire_gitops.vocabulary.errors import SandboxError

__all__ = [
    "PrerequisiteMissing",
    "SandboxBusy",
    "SandboxError",
    "SandboxNotFound",
    "SandboxStartFailed",
]


class PrerequisiteMissing(SandboxError):
    """The machine lacks a program or a permission. Retrying cannot help."""


class SandboxStartFailed(SandboxError):
    """An installation step or a process failed; the message ends with its output."""


class SandboxBusy(SandboxError):
    """The state folder already runs a sandbox with other options. Stop that one first."""


class SandboxNotFound(SandboxError):
    """No sandbox was started in this state folder, or it no longer runs."""

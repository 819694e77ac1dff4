"""Every exception that this program raises on purpose, sorted by what to do next.

AspireGitopsError
├── UsageError                the command was called wrongly             → exit 64
├── InvalidConfig             the reviewed files hold errors             → a commit fixes it
├── SourceUnavailable         the source cannot be read as a whole       → try again
├── SourceRefused             credentials, branch or signature refused   → somebody must act
├── SecretMissing             a reference leads to no usable secret      → somebody must act
├── UnsafePlan                a limit, a missing Approval, a conflict    → a commit or a person
├── StalePlan                 the gateway moved since the plan was made  → plan again
├── DeliveryFailed            a key could not be delivered               → try again
│   └── DeliveryTaken         another writer delivered one meanwhile     → read it again
├── JournalUnavailable        locked, full or not reachable              → try again
├── JournalDamaged            its chain is broken                        → somebody must look
├── LedgerUnavailable         its database cannot answer now             → try again
├── LedgerRefused             what is asked of it cannot be done         → somebody must look
├── NotificationFailed        a notification could not be delivered      → try again
├── SandboxError              the sandbox could not be started or used   → see its help
├── SystemFault               this machine refuses what the program needs → somebody must act
└── GatewayError
    ├── GatewayUnavailable    no answer, 429 or 5xx after the last retry → try again
    │   └── GatewayBusy       another writer is at work on it             → try again
    ├── GatewayRefused        401 or 403                                 → somebody must act
    ├── GatewayRejected       the gateway said no to this one request    → a commit or a bug
    ├── GatewayMisconfigured  it cannot work as it is set up             → somebody must act
    └── GatewayReplyInvalid   a reply of a shape that we do not know     → somebody must look

"Try again" ends after a while unless `passes` says that the cause is known to pass by itself:
whatever nobody foresaw becomes a matter for an operator.
Only a bug in this program raises anything else.
"""

import errno
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from aspire_gitops.vocabulary.diagnostic import Diagnostic


class AspireGitopsError(Exception):
    """The base of all errors that people read.

    `message` says what is wrong, `help` what to do about it, None where nobody knows.
    They are joined only where there is one line for both; neither is ever cut apart.
    `passes`: the cause is known to pass by itself. Never assumed: who raises it says so.
    """

    passes: bool = False

    def __init__(self, message: str, *, help: str | None = None) -> None:  # noqa: A002 (the word people read)
        self.message = message
        self.help = help
        super().__init__(message)

    def __str__(self) -> str:
        return f"{self.message}; {self.help}" if self.help else self.message


class Unavailable(AspireGitopsError):
    """Something does not answer, or not now. Try again."""

    def __init__(self, message: str, *, help: str | None = None, passes: bool = False) -> None:  # noqa: A002
        self.passes = passes
        super().__init__(message, help=help)


class UsageError(AspireGitopsError):
    """The command, a setting or a variable is wrong. Trying again cannot help."""


class InvalidConfig(AspireGitopsError):
    """The reviewed files hold at least one error; `diagnostics` has them, the first of many.

    Trying again cannot help: a commit must fix the files.
    """

    def __init__(self, diagnostics: Sequence["Diagnostic"]) -> None:
        self.diagnostics = tuple(diagnostics)
        count = sum(one.left_out or 1 for one in self.diagnostics)
        super().__init__(
            f"{count:,} {'problem' if count == 1 else 'problems'} in the reviewed files"
        )


class SourceUnavailable(Unavailable):
    """The source cannot be read as a whole. Try again."""


class SourceRefused(AspireGitopsError):
    """The source is there and will not, or must not, be used: somebody must act.

    The remote refuses our credentials, the branch is gone, or the newest commit
    is not signed by an allowed key. Looking again slowly is all that makes sense.
    """


class SecretMissing(AspireGitopsError):
    """A secret reference leads nowhere, or to a value that must not be used as a secret.

    Somebody must set what the message names.
    """


class UnsafePlan(AspireGitopsError):
    """The plan does more than the reviewed limits allow. Needs an Approval or another commit."""


class StalePlan(AspireGitopsError):
    """The gateway is not in the state that the plan is based on. Make a new plan."""

    passes = True


class DeliveryFailed(AspireGitopsError):
    """A key could not be handed to its app. Try again; the next apply finishes it.

    `status` is what the receiver answered, None when it was not reached or is not a server;
    `retry_after_s` is the receiver's own wish. `about_commit`: the reviewed files ask for what
    must not be, so that only another commit helps; else an operator must act, or it passes.
    """

    def __init__(
        self,
        message: str,
        *,
        help: str | None = None,  # noqa: A002 (as in the base)
        status: int | None = None,
        retry_after_s: float | None = None,
        about_commit: bool = False,
        passes: bool = False,
    ) -> None:
        self.status = status
        self.retry_after_s = retry_after_s
        self.about_commit = about_commit
        self.passes = passes
        super().__init__(message, help=help)


class DeliveryTaken(DeliveryFailed):
    """Another writer delivered a value meanwhile. It is left alone: read it again."""


class JournalUnavailable(Unavailable):
    """The journal cannot be written or read now. Nothing may be applied meanwhile; try again."""


class JournalDamaged(AspireGitopsError):
    """The journal does not prove what it says. Nothing may be applied; somebody must look."""


class LedgerUnavailable(AspireGitopsError):
    """The ledger cannot be read or written now. Nothing was booked; try again."""


class LedgerRefused(AspireGitopsError):
    """The ledger cannot do what is asked: the month is not over, the address is invalid.

    Trying again cannot help.
    """


class NotificationFailed(AspireGitopsError):
    """A notification could not be delivered. Try again; it never stops a turn.

    `retry_after_s` is what the receiver asks for, in seconds; `permanent` says that trying again cannot help;
    `status` is what the receiver answered, None when it was not reached.
    """

    def __init__(
        self,
        message: str,
        *,
        help: str | None = None,  # noqa: A002 (as in the base)
        retry_after_s: float | None = None,
        permanent: bool = False,
        status: int | None = None,
    ) -> None:
        self.retry_after_s = retry_after_s
        self.permanent = permanent
        self.status = status
        super().__init__(message, help=help)


class SandboxError(AspireGitopsError):
    """The sandbox gateway could not be started, used or stopped."""


class PrerequisiteMissing(SandboxError):
    """The machine lacks a program or a permission. Retrying cannot help."""


class SandboxStartFailed(SandboxError):
    """An installation step or a process failed; the message ends with its output."""


class SandboxBusy(SandboxError):
    """The state folder already runs a sandbox with other options. Stop that one first."""


class SandboxNotFound(SandboxError):
    """No sandbox was started in this state folder, or it no longer runs."""


class GatewayError(AspireGitopsError):
    """The gateway's admin API did not do what was asked."""


class GatewayUnavailable(GatewayError):
    """No usable answer: refused, timed out, 429 or 5xx after the last retry. Try again later.

    `retry_after_s` is what the gateway asks for, in seconds. `answered`: it did answer,
    and is only busy. `foreign`: somebody else answered, such as a proxy in front of it, so
    the reply says nothing about what was asked.
    """

    def __init__(
        self,
        message: str,
        *,
        help: str | None = None,  # noqa: A002 (as in the base)
        retry_after_s: float | None = None,
        answered: bool = False,
        foreign: bool = False,
        passes: bool = False,
    ) -> None:
        self.retry_after_s = retry_after_s
        self.answered = answered
        self.foreign = foreign
        self.passes = passes
        super().__init__(message, help=help)


class GatewayBusy(GatewayUnavailable):
    """Another writer is at work on the gateway. Nothing was written. Try again when it has ended."""

    def __init__(self, message: str, *, help: str | None = None) -> None:  # noqa: A002
        super().__init__(message, help=help, answered=True, passes=True)


class GatewayRefused(GatewayError):
    """401 or 403: the admin key is wrong or has no rights. Trying again cannot help."""


class GatewayRejected(GatewayError):
    """The gateway answered 4xx to one request. The same request will fail again."""

    def __init__(self, message: str, *, status: int, help: str | None = None) -> None:  # noqa: A002 (as in the base)
        self.status = status
        super().__init__(message, help=help)


class GatewayMisconfigured(GatewayError):
    """The address, a certificate, a proxy or the gateway's own database is not set up for this.

    Trying again cannot help, and no commit can: somebody must act.
    """


class GatewayReplyInvalid(GatewayError):
    """The reply has a shape that this version does not know. Trying again cannot help."""


class SystemFault(AspireGitopsError):
    """This machine refuses what the program needs: a file, a descriptor, memory, a library."""


_HELP_BY_ERRNO: Mapping[int, str] = {
    errno.EACCES: "give the user that runs this program access to it and to each folder above it",
    errno.EPERM: "run this program as a user who may do that",
    errno.ENOENT: "check that it exists and is mounted",
    errno.ENOTDIR: "check that each part of the path but the last is a folder",
    errno.EROFS: "mount it writable, or set another path",
    errno.ENOSPC: "free disk space",
    errno.EDQUOT: "free disk space, or raise this user's quota",
    errno.EIO: "check that disk",
    errno.EMFILE: "raise this process's limit of open files (`ulimit -n`, systemd's LimitNOFILE)",
    errno.ENFILE: "raise this machine's limit of open files (fs.file-max)",
    errno.EAGAIN: "raise this user's limit of processes (`ulimit -u`, systemd's TasksMax)",
    errno.ENOMEM: "give the program more memory",
}
_NO_THREAD, _NO_HOME = "can't start new thread", "Could not determine home directory."


def system_help(error: OSError) -> str | None:
    """Return what to do about an error of the operating system, None where nobody knows."""
    return _HELP_BY_ERRNO.get(error.errno or 0)


def system_fault(error: Exception) -> SystemFault | None:
    """Return what this machine refused as an error that people read; None for a bug of ours.

    Repeats the system's words, paths and names of modules. The text of any other
    exception may quote a secret.
    """
    help_: str | None = None
    match error:
        case OSError(errno=int(), strerror=str(words)):
            what, help_ = _with_path(words, error.filename), system_help(error)
        case OSError() if not isinstance(error, TimeoutError):
            what = f"this machine refused what the program needs ({type(error).__name__})"
        case MemoryError():
            what, help_ = "out of memory", _HELP_BY_ERRNO[errno.ENOMEM]
        case ImportError(__cause__=OSError() as cause):
            return system_fault(cause)
        case ImportError() if not (error.name or "").startswith("aspire"):
            what = f"a library cannot be loaded: {error}"
            help_ = "install aspire-gitops again, with everything that it depends on"
        case RuntimeError(args=(str(words),)) if words == _NO_THREAD:
            what, help_ = "no thread can be started", _HELP_BY_ERRNO[errno.EAGAIN]
        case RuntimeError(args=(str(words),)) if words == _NO_HOME:
            what, help_ = "this user has no home folder", "set HOME"
        case KeyError(args=(str(words),)) if words.startswith("getpwuid()"):
            what, help_ = "this user has no name", "add the user to /etc/passwd"
        case ExceptionGroup(exceptions=(first, *_)):  # what a task group raises
            return system_fault(first)
        case _:
            return None
    return SystemFault(what, help=help_)


def _with_path(words: str, path: object) -> str:
    return f"{path}: {words}" if isinstance(path, str) else words

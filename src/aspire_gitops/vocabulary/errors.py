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
├── JournalUnavailable        locked, full or not reachable              → try again
├── JournalDamaged            its chain is broken                        → somebody must look
├── LedgerUnavailable         its database cannot answer now             → try again
├── LedgerRefused             what is asked of it cannot be done         → somebody must look
├── NotificationFailed        a notification could not be delivered      → try again
├── SandboxError              the sandbox could not be started or used   → see its help
└── GatewayError
    ├── GatewayUnavailable    no answer, 429 or 5xx after the last retry → try again
    ├── GatewayRefused        401 or 403                                 → somebody must act
    ├── GatewayRejected       the gateway said no to this one request    → a commit or a bug
    └── GatewayReplyInvalid   a reply of a shape that we do not know     → somebody must look

Only a bug in this program raises anything else.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from aspire_gitops.vocabulary.diagnostic import Diagnostic


class AspireGitopsError(Exception):
    """The base of all errors that people read.

    `message` says what is wrong, `help` what to do about it, None where nobody knows.
    They are joined only where there is one line for both; neither is ever cut apart.
    """

    def __init__(self, message: str, *, help: str | None = None) -> None:  # noqa: A002 (the word people read)
        self.message = message
        self.help = help
        super().__init__(message)

    def __str__(self) -> str:
        return f"{self.message}; {self.help}" if self.help else self.message


class UsageError(AspireGitopsError):
    """The command, a setting or a variable is wrong. Trying again cannot help."""


class InvalidConfig(AspireGitopsError):
    """The reviewed files hold at least one error; `diagnostics` has them all.

    Trying again cannot help: a commit must fix the files.
    """

    def __init__(self, diagnostics: Sequence["Diagnostic"]) -> None:
        self.diagnostics = tuple(diagnostics)
        super().__init__(f"{len(self.diagnostics)} problems in the reviewed files")


class SourceUnavailable(AspireGitopsError):
    """The source cannot be read as a whole. It may pass by itself: try again."""


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


class DeliveryFailed(AspireGitopsError):
    """A key could not be handed to its app. Try again; the next apply finishes it.

    `status` is what the receiver answered, None when it was not reached or is not a server;
    `retry_after_s` is the receiver's own wish.
    """

    def __init__(
        self,
        message: str,
        *,
        help: str | None = None,  # noqa: A002 (as in the base)
        status: int | None = None,
        retry_after_s: float | None = None,
    ) -> None:
        self.status = status
        self.retry_after_s = retry_after_s
        super().__init__(message, help=help)


class JournalUnavailable(AspireGitopsError):
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
    and is only busy.
    """

    def __init__(
        self,
        message: str,
        *,
        help: str | None = None,  # noqa: A002 (as in the base)
        retry_after_s: float | None = None,
        answered: bool = False,
    ) -> None:
        self.retry_after_s = retry_after_s
        self.answered = answered
        super().__init__(message, help=help)


class GatewayRefused(GatewayError):
    """401 or 403: the admin key is wrong or has no rights. Trying again cannot help."""


class GatewayRejected(GatewayError):
    """The gateway answered 4xx to one request. The same request will fail again."""

    def __init__(self, message: str, *, status: int, help: str | None = None) -> None:  # noqa: A002 (as in the base)
        self.status = status
        super().__init__(message, help=help)


class GatewayReplyInvalid(GatewayError):
    """The reply has a shape that this version does not know. Trying again cannot help."""

"""What an error means for the loop: does it pass by itself, or must a person act? Pure."""

from collections.abc import Mapping
from dataclasses import dataclass

from aspire_gitops.diagnostics import Diagnostic
from aspire_gitops.errors import (
    AspireGitopsError,
    DeliveryFailed,
    GatewayRefused,
    GatewayRejected,
    GatewayReplyInvalid,
    GatewayUnavailable,
    InvalidConfig,
    JournalDamaged,
    JournalUnavailable,
    SecretMissing,
    SourceRefused,
    SourceUnavailable,
    StalePlan,
    UnsafePlan,
)
from aspire_gitops.reporting import Standing


@dataclass(frozen=True, slots=True)
class Problem:
    """Why a turn is not ready. `slowly`: no commit can mend it, so it is looked at seldom."""

    standing: Standing
    reason: str
    help: str = ""
    slowly: bool = False
    wish_s: float | None = None
    diagnostics: tuple[Diagnostic, ...] = ()


@dataclass(frozen=True, slots=True)
class _Meaning:
    standing: Standing
    slowly: bool = False
    help: str = ""


_PASSES = _Meaning(Standing.WAITING)
_MEANINGS: Mapping[type[AspireGitopsError], _Meaning] = {
    SourceUnavailable: _PASSES,
    GatewayUnavailable: _PASSES,
    JournalUnavailable: _PASSES,
    StalePlan: _PASSES,
    DeliveryFailed: _Meaning(Standing.STALLED),
    InvalidConfig: _Meaning(Standing.STALLED, help="push a commit that mends them"),
    UnsafePlan: _Meaning(Standing.STALLED),
    SecretMissing: _Meaning(Standing.STALLED, help="set it where the controller runs"),
    GatewayRejected: _Meaning(Standing.STALLED),
    SourceRefused: _Meaning(Standing.STALLED, slowly=True),
    GatewayRefused: _Meaning(Standing.STALLED, slowly=True, help="give the controller a valid key"),
    GatewayReplyInvalid: _Meaning(
        Standing.STALLED, help="run the LiteLLM release that the Gateway names"
    ),
    JournalDamaged: _Meaning(
        Standing.STALLED, slowly=True, help="run `aspire-gitops log verify`, keep the file, decide"
    ),
}


def problem_of(error: AspireGitopsError) -> Problem:
    """Return what an error means. A class that is not in the table needs a person."""
    meaning = next(
        (_MEANINGS[kind] for kind in type(error).__mro__ if kind in _MEANINGS),
        _Meaning(Standing.STALLED),
    )
    reason, way_out = _split(str(error))
    return Problem(
        standing=meaning.standing,
        reason=reason,
        help=way_out or meaning.help,
        slowly=meaning.slowly,
        wish_s=error.retry_after_s if isinstance(error, GatewayUnavailable) else None,
        diagnostics=error.diagnostics if isinstance(error, InvalidConfig) else (),
    )


def passes(error: AspireGitopsError) -> bool:
    """Say whether an error passes by itself."""
    return problem_of(error).standing is Standing.WAITING


def _split(message: str) -> tuple[str, str]:
    # Messages are written `what is wrong; the way out`.
    wrong, semicolon, way_out = " ".join(message.split()).rpartition("; ")
    return (wrong, way_out) if semicolon else (way_out, "")

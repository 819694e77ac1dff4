"""The answers to calls that may not start: status, type, and words that say when it changes.

`callback` raises them as LiteLLM's own exception. The type also stands in the `facts`,
because some routes (/v1/messages, images) replace the type of an error with their own.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from aspire_ledger.account import Account
from aspire_ledger.amounts import NanoAud, aud, shown
from aspire_ledger.contract import CONTRACTS, Contract
from aspire_ledger.process import Refused
from aspire_ledger.request_guard import Objection

_LONGEST_WAIT = timedelta(hours=1)  # a cap may be raised any time: ask again before the month turns
_OUTAGE_WAIT_S = 5
_BUSY_WAIT_S = 2
_DOLLAR = 1_000_000_000


@dataclass(frozen=True, slots=True)
class Refusal:
    """A call that may not start. `facts` are for programs, the message is for people."""

    status: int
    type: str
    message: str
    retry_after_s: int | None = None
    parameter: str | None = None
    facts: Mapping[str, str] = field(default_factory=dict)

    @property
    def headers(self) -> dict[str, str]:
        return {} if self.retry_after_s is None else {"retry-after": str(self.retry_after_s)}


def over_cap(refused: Refused, now: datetime) -> Refusal:
    """Return the answer to a call that the budget did not cover."""
    account, spent = refused.account, refused.spent
    turns = refused.month_end.astimezone(account.timezone)
    facts = {
        "type": "monthly_budget_aud_exceeded",
        "app": account.app,
        "budget": account.budget,
        "cap_aud": _shown(account.cap),
        "spent_aud": _shown(spent),
        "month_turns_at": turns.isoformat(),
    }
    until = f"The month turns at {turns:%Y-%m-%d %H:%M} {turns.tzname()} ({account.timezone.key})"
    return Refusal(
        status=429,
        type="monthly_budget_aud_exceeded",
        message=f"{_standing(account, spent, refused.need)}. {until}; the budget's owner may raise it "
        "before.",
        retry_after_s=_seconds_until(turns, now),
        facts=facts,
    )


def _standing(account: Account, spent: NanoAud, needs: NanoAud) -> str:
    shared = "" if account.budget == account.app else f' (budget "{account.budget}")'
    text = (
        f'app "{account.app}"{shared} has spent {_shown(spent)} of its monthly '
        f"{_shown(account.cap)} AUD"
    )
    if spent < account.cap and needs > 1:
        left, most = _shown(NanoAud(account.cap - spent)), _shown(needs)
        text += f"; {left} are left and this call may cost {most}: a smaller max_tokens may fit"
    return text


def _shown(amount: NanoAud) -> str:
    # A trial budget of cents is read by people too: "0.00 of 0.00" would tell them nothing.
    return shown(amount) if amount >= _DOLLAR or not amount else f"{aud(amount).normalize():f}"


def _seconds_until(moment: datetime, now: datetime) -> int:
    return max(1, int(min(moment - now, _LONGEST_WAIT).total_seconds()))


def busy(account: Account) -> Refusal:
    """Return the answer where calls under way may need what is left."""
    return Refusal(
        status=429,
        type="monthly_budget_aud_busy",
        message=f'the budget "{account.budget}" is nearly spent, and calls under way may need '
        "what is left; try again when they ended",
        retry_after_s=_BUSY_WAIT_S,
        facts={"type": "monthly_budget_aud_busy", "app": account.app, "budget": account.budget},
    )


def without_card(alias: str) -> Refusal:
    """Return the answer to a call of a row that no reviewed file describes."""
    return Refusal(
        status=403,
        type="unpriced_alias",
        message=f'no reviewed file says what "{alias}" costs, so no budget can cover it; declare '
        "the alias with its price, or wait a minute if it is new",
        facts={"type": "unpriced_alias"},
    )


def not_listed(alias: str) -> Refusal:
    """Return the answer to a call whose alias is not in the key's list, by whatever road it came."""
    return Refusal(
        status=403,
        type="alias_not_listed",
        message=f'this key may not call "{alias[:80]}"; list it in the app\'s reviewed file',
        facts={"type": "alias_not_listed"},
    )


def other_mode(alias: str, mode: str, contract: Contract) -> Refusal:
    """Return the answer to a call of another kind than its alias is priced for."""
    paths = sorted(
        f"/v1{each.paths[0]}" for each in CONTRACTS if mode in each.modes and each.counted
    )
    return Refusal(
        status=400,
        type="alias_of_another_mode",
        message=f'"{alias[:80]}" is an alias of mode {mode} and cannot be called by '
        f"{contract.name}; call {' or '.join(paths)}",
        parameter="model",
        facts={"type": "alias_of_another_mode"},
    )


def changing(alias: str) -> Refusal:
    """Return the answer where a row was swapped for a dearer one since the call was admitted."""
    return Refusal(
        status=503,
        type="alias_is_changing",
        message=f'"{alias}" was changed while this call was on its way; try again',
        retry_after_s=1,
        facts={"type": "alias_is_changing"},
    )


def objected(objection: Objection) -> Refusal:
    """Return the answer to a request that its contract refuses."""
    return Refusal(
        status=objection.status,
        type=objection.kind,
        message=objection.message,
        parameter=objection.parameter,
        facts={"type": objection.kind, "param": objection.parameter},
    )


def unguarded() -> Refusal:
    """Return the answer where a call reached the ledger and not the guard in front of it."""
    return Refusal(
        status=503,
        type="guard_missing",
        message="the request guard is not in front of this gateway, so nobody has seen the "
        "request as it came; restart the gateway, and if this stays, tell the platform team",
        retry_after_s=_OUTAGE_WAIT_S,
        facts={"type": "guard_missing"},
    )


def unavailable() -> Refusal:
    """Return the answer while the ledger cannot say what is spent."""
    return Refusal(
        status=503,
        type="ledger_unavailable",
        message="the spend ledger does not answer, so nobody knows what is left of the budget; "
        f"try again in {_OUTAGE_WAIT_S} seconds",
        retry_after_s=_OUTAGE_WAIT_S,
        facts={"type": "ledger_unavailable"},
    )


def damaged(problem: str) -> Refusal:
    """Return the answer to a call with a key whose metadata does not say who pays."""
    return Refusal(
        status=403,
        type="damaged_account",
        message=f"the metadata of this key is damaged ({problem}), so nobody knows who pays; "
        "the platform team must apply the reviewed configuration again",
        facts={"type": "damaged_account"},
    )


def unmarked() -> Refusal:
    """Return the answer to a call with a key that the controller did not make."""
    return Refusal(
        status=403,
        type="key_without_budget",
        message="this key has no budget in the spend ledger, and the gateway's policy refuses "
        "such keys; declare the app and its key in the reviewed configuration",
        facts={"type": "key_without_budget"},
    )


def uncounted(route: str, hint: str = "") -> Refusal:
    """Return the answer to a call that has no contract."""
    instead = hint or "use chat, completions, messages, responses, embeddings, images or OCR"
    return Refusal(
        status=403,
        type="route_not_counted",
        message=f"nobody can count what {route[:120]} costs, so the gateway does not serve it; "
        f"{instead}",
        facts={"type": "route_not_counted"},
    )


def several_aliases() -> Refusal:
    """Return the answer to a request that names several aliases and would cost several calls."""
    return Refusal(
        status=400,
        type="one_alias_per_call",
        message="`model` must name one alias; send one request for each",
        facts={"type": "one_alias_per_call"},
    )

"""What the answer to a probe means, in an operator's words. Pure.

Judged by status, headers and the ledger's line, never by the text of an answer. Of what
a vendor or LiteLLM said in an error only the names of its class and code are repeated:
its sentence may hold the end of a key.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum
from typing import Final
from urllib.parse import urlsplit

from aspire_gitops.probing.call import Probe
from aspire_ledger.canonical import JsonValue
from aspire_ledger.card import read_card
from aspire_ledger.pricing import cost_usd
from aspire_ledger.values import Counted

_TOLERANCE: Final = Decimal("0.001")  # shares of a price; both sides are exact


class Verdict(StrEnum):
    """What a probe found. What to do about each is in `HELP`."""

    WORKS = "works"
    CREDENTIAL_REFUSED = "credential refused"
    MODEL_UNKNOWN = "model unknown"
    WRONG_VENDOR = "wrong vendor answered"
    NOT_COUNTED = "not counted"
    WRONG_PRICE = "wrong price"
    TOO_SLOW = "too slow"
    LIMITED = "refused for now"
    VENDOR_FAILED = "vendor failed"
    REQUEST_REFUSED = "request refused"
    NOT_LIVE = "not live"
    KEY_REFUSED = "probe key refused"
    OVER_BUDGET = "probe budget spent"
    GATEWAY_AWAY = "gateway not answering"

    @property
    def is_red(self) -> bool:
        """Return whether the alias does not work; the last three say nothing of it."""
        return self not in _ABOUT_US and self is not Verdict.WORKS


_ABOUT_US: Final = frozenset({Verdict.KEY_REFUSED, Verdict.OVER_BUDGET, Verdict.GATEWAY_AWAY})

HELP: Final[Mapping[Verdict, str]] = {
    Verdict.CREDENTIAL_REFUSED: "renew the provider's secret, then run `aspire-gitops reconcile`; one secret may be good for one model and not for another",
    Verdict.MODEL_UNKNOWN: "correct `target.model` in the alias's file, or ask the vendor",
    Verdict.WRONG_VENDOR: "run `aspire-gitops plan`, and delete the deployment that answered if it is not ours",
    Verdict.NOT_COUNTED: "restart the gateway with the compiled config.yaml, and check the ledger with `aspire-gitops ledger verify`",
    Verdict.WRONG_PRICE: "run `aspire-gitops plan`: the card on the gateway is not the one in git",
    Verdict.TOO_SLOW: "ask the vendor, or raise `probe.timeout_s` in the alias's file",
    Verdict.LIMITED: "wait, or raise the limit at the vendor",
    Verdict.VENDOR_FAILED: "look at the vendor's status page",
    Verdict.REQUEST_REFUSED: "call the alias by hand; correct its `parameters` or `capabilities`",
    Verdict.NOT_LIVE: "run `aspire-gitops plan`: the gateway does not have the alias as git says",
    Verdict.KEY_REFUSED: "run `aspire-gitops apply`, which creates the key anew; where controllers have different admin keys, set ASPIRE_GITOPS_PROBE_KEY",
    Verdict.OVER_BUDGET: "raise `policy.probes.monthly_aud` in the Gateway's file, or wait for the next month",
    Verdict.GATEWAY_AWAY: "check that the gateway runs",
}


@dataclass(frozen=True, slots=True)
class Said:
    """The names in an error of LiteLLM's: its type and code, the class it raised, and the vendor's code."""

    type: str = ""
    code: str = ""
    raised: str = ""
    vendors: str = ""

    def __str__(self) -> str:
        litellm = " ".join(filter(None, [self.raised or self.type, self.code]))
        parts = [
            f"LiteLLM: {litellm}" if litellm else "",
            f"vendor: {self.vendors}" if self.vendors else "",
        ]
        return ", ".join(filter(None, parts))


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back. Without a status nobody answered, and `late` says that the time was up.

    `said` is LiteLLM's error, None where the answer is a success, or not LiteLLM's.
    `headers` are those of `HEADERS` that came.
    """

    status: int | None
    seconds: float
    headers: Mapping[str, str] = field(default_factory=dict)
    said: Said | None = None
    late: bool = False


MODEL_ID: Final = "x-litellm-model-id"
MODEL_NAME: Final = "x-litellm-model-name"
ADDRESS: Final = "x-litellm-model-api-base"
FALLBACKS: Final = "x-litellm-attempted-fallbacks"
HEADERS: Final = (MODEL_ID, MODEL_NAME, ADDRESS, FALLBACKS, "x-litellm-call-id")
"""The last one is on every answer of LiteLLM's: without any, somebody else answered."""


@dataclass(frozen=True, slots=True)
class Expected:
    """What must answer: which rows of ours, at which vendor's address, at which reviewed price."""

    deployments: frozenset[str]
    vendor: str
    model: str
    base_url: str
    card: JsonValue = None


@dataclass(frozen=True, slots=True)
class Booked:
    """The ledger's line of a probe. `usd` and `aud` are what it cost."""

    deployment: str
    model: str
    usd: Decimal
    aud: Decimal
    counted: Counted
    estimated: bool


@dataclass(frozen=True, slots=True)
class Finding:
    """What one probe found: `told` is a sentence for people, empty where it works."""

    alias: str
    variant: str
    verdict: Verdict
    told: str = ""
    seconds: float = 0.0
    aud: Decimal | None = None  # None is not known
    by_ledger: bool = False  # else by headers alone

    @property
    def help(self) -> str:
        return HELP.get(self.verdict, "")


def judge(
    probe: Probe,
    expected: Expected,
    answer: Answer,
    booked: Booked | None,
    *,
    has_ledger: bool,
) -> Finding:
    """Return what a probe found.

    Args:
        probe: What was sent.
        expected: What must answer.
        answer: What came back.
        booked: The ledger's line of the call, None where it has none.
        has_ledger: The ledger was asked; without one the headers alone decide.
    """
    verdict, told = _of_answer(probe, expected, answer)
    if verdict is Verdict.WORKS and has_ledger:
        verdict, told = _of_books(expected, booked)
    return Finding(
        probe.alias,
        probe.variant,
        verdict,
        told,
        seconds=answer.seconds,
        aud=booked.aud if booked else None,
        by_ledger=has_ledger,
    )


def _of_answer(probe: Probe, expected: Expected, answer: Answer) -> tuple[Verdict, str]:
    if answer.late:
        return Verdict.TOO_SLOW, f"no whole answer in {probe.timeout_s:g} s"
    if answer.status is None:
        return Verdict.GATEWAY_AWAY, "the gateway did not answer"
    if answer.said:
        return _of_error(expected, answer.status, answer.said)
    if answer.status >= 300 or not answer.headers:
        return Verdict.GATEWAY_AWAY, f"something in front of the gateway answered {answer.status}"
    return _of_headers(expected, answer.headers)


_OURS: Final[Mapping[str, Verdict]] = {
    **dict.fromkeys(
        ("token_not_found_in_db", "auth_error", "expired_key", "key_model_access_denied",
         "alias_not_listed", "key_without_budget", "damaged_account"),
        Verdict.KEY_REFUSED,
    ),
    **dict.fromkeys(
        ("monthly_budget_aud_exceeded", "monthly_budget_aud_busy", "budget_exceeded"),
        Verdict.OVER_BUDGET,
    ),
    **dict.fromkeys(("unpriced_alias", "alias_of_another_mode", "alias_is_changing"), Verdict.NOT_LIVE),
    **dict.fromkeys(("ledger_unavailable", "guard_missing"), Verdict.NOT_COUNTED),
}  # fmt: skip
"""What LiteLLM and the guard in front of it say of our key, our budget and our books."""

_STATUSES: Final[Mapping[int, Verdict]] = {
    401: Verdict.CREDENTIAL_REFUSED,
    402: Verdict.CREDENTIAL_REFUSED,
    403: Verdict.CREDENTIAL_REFUSED,
    404: Verdict.MODEL_UNKNOWN,
    408: Verdict.TOO_SLOW,
    429: Verdict.LIMITED,
    504: Verdict.TOO_SLOW,
}
_CODES: Final[Mapping[str, Verdict]] = {
    "model_not_found": Verdict.MODEL_UNKNOWN,
    "not_found_error": Verdict.MODEL_UNKNOWN,
    "invalid_api_key": Verdict.CREDENTIAL_REFUSED,
    "authentication_error": Verdict.CREDENTIAL_REFUSED,
    "permission_error": Verdict.CREDENTIAL_REFUSED,
    "insufficient_quota": Verdict.CREDENTIAL_REFUSED,
}
"""What vendors call it, whatever status they answer."""


def _of_error(expected: Expected, status: int, said: Said) -> tuple[Verdict, str]:
    if not said.raised and (ours := _OURS.get(said.type)):
        return ours, f"the gateway refuses it ({said.type})"
    if not said.raised and status in {401, 403}:
        return Verdict.KEY_REFUSED, f"the gateway refuses the key ({said})"
    verdict = _CODES.get(said.vendors) or _STATUSES.get(status)
    if said.raised == "Timeout":
        verdict = Verdict.TOO_SLOW
    if verdict is None:
        verdict = Verdict.VENDOR_FAILED if status >= 500 else Verdict.REQUEST_REFUSED
    return verdict, f"{_SENTENCES[verdict].format(expected)} ({said})"


_SENTENCES: Final[Mapping[Verdict, str]] = {
    Verdict.CREDENTIAL_REFUSED: "{0.vendor} refuses our credential for {0.model}",
    Verdict.MODEL_UNKNOWN: "{0.vendor} does not know {0.model}",
    Verdict.TOO_SLOW: "{0.vendor} did not answer in time",
    Verdict.LIMITED: "{0.vendor} takes no more calls for now",
    Verdict.VENDOR_FAILED: "{0.vendor} failed",
    Verdict.REQUEST_REFUSED: "{0.vendor} refuses the request",
}


def _of_headers(expected: Expected, headers: Mapping[str, str]) -> tuple[Verdict, str]:
    row, address = headers.get(MODEL_ID), headers.get(ADDRESS) or ""
    host = _short(urlsplit(address).netloc)
    told, model = "", headers.get(MODEL_NAME)
    if not row:
        told = "the answer does not say which deployment gave it"
    elif row not in expected.deployments:
        where = f" at {host}" if host else ""
        told = f"deployment {_short(row)}{where} answered, which is not ours"
    elif address and not _leads_to(address, expected.base_url):
        told = f"{host or 'another address'} answered in place of {expected.vendor}"
    elif model and model != expected.model:
        told = f"{_short(model)} answered in place of {expected.model}"
    elif headers.get(FALLBACKS, "0") not in {"0", "None"}:
        told = "the answer came by a fallback"
    return (Verdict.WRONG_VENDOR if told else Verdict.WORKS), told


def _leads_to(address: str, base_url: str) -> bool:
    # LiteLLM may name the whole path that it called.
    base = base_url.rstrip("/")
    return not base or f"{address.rstrip('/')}/".startswith(f"{base}/")


def _of_books(expected: Expected, booked: Booked | None) -> tuple[Verdict, str]:
    if booked is None:
        return Verdict.NOT_COUNTED, "it was answered, and the ledger has no line of it"
    if booked.deployment and booked.deployment not in expected.deployments:
        row = _short(booked.deployment)
        return Verdict.WRONG_VENDOR, f"the ledger booked deployment {row}, which is not ours"
    if booked.estimated:
        return (
            Verdict.NOT_COUNTED,
            f"{expected.vendor} reports no usage, so it was booked by an estimate",
        )
    return _of_price(expected, booked)


def _of_price(expected: Expected, booked: Booked) -> tuple[Verdict, str]:
    card = read_card(expected.card)
    price = cost_usd(card.price, booked.counted) if card else booked.usd
    if price and not booked.usd:
        return Verdict.NOT_COUNTED, "the ledger booked it at nothing"
    # Of an image the size decides, which no line of the ledger has.
    if not booked.counted.images and abs(price - booked.usd) > price * _TOLERANCE:
        return (
            Verdict.WRONG_PRICE,
            f"the ledger booked {booked.usd:f} USD, git says {price:f} USD",
        )
    return Verdict.WORKS, ""


def _short(name: str) -> str:
    return re.sub(r"[^\w./:@-]", "?", name)[:120]


_RAISED = re.compile(r"litellm\.(?:exceptions\.)?([A-Z][A-Za-z]{2,40})\b")
_VENDORS = re.compile(r"""["'](?:code|type)["']\s*:\s*["']([a-z][a-z_]{2,40})["']""")
_NAME = re.compile(r"[a-z][a-z_]{0,40}|[1-5][0-9]{2}")  # no key looks like that
_SAYS_NOTHING = frozenset({"error", "api_error", "invalid_request_error"})


def said_of(body: object) -> Said | None:
    """Return the names in an error of LiteLLM's, None where a body is none."""
    error = body.get("error") if isinstance(body, Mapping) else None
    if not isinstance(error, Mapping):
        return None
    message = str(error.get("message") or "")[:4000]
    raised = _RAISED.search(message)
    own = error.get("provider_specific_fields")
    ours = own.get("type") if isinstance(own, Mapping) else None
    codes = [code for code in _VENDORS.findall(message) if code not in _SAYS_NOTHING]
    return Said(
        type=_name(ours or error.get("type")),
        code=_name(error.get("code")),
        raised=raised.group(1) if raised else "",
        vendors=codes[0] if raised and codes else "",
    )


def _name(found: object) -> str:
    text = str(found) if isinstance(found, str | int) else ""
    return text if _NAME.fullmatch(text) else ""

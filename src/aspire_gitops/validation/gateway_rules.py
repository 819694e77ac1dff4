"""What the gateway's own file must get right: money, time, address and release."""

from collections.abc import Iterator
from datetime import date
from functools import cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

from aspire_gitops.catalog import Declared
from aspire_gitops.diagnostics import Diagnostic, Rule, Severity
from aspire_gitops.resources import GatewaySpec
from aspire_gitops.validation.addresses import check_address
from aspire_gitops.validation.suggest import closest

STALE_EXCHANGE_RATE = Rule("AG309", "stale-exchange-rate")
UNKNOWN_TIMEZONE = Rule("AG310", "unknown-timezone")
UNTESTED_LITELLM = Rule("AG316", "untested-litellm", Severity.WARNING)
MALICIOUS_LITELLM = Rule("AG317", "malicious-litellm")
URL_WITHOUT_V1 = Rule("AG318", "url-without-v1")
ZERO_EXCHANGE_RATE = Rule("AG321", "zero-exchange-rate")

TESTED_LITELLM = "1.106.2"
_MALICIOUS = frozenset({"1.82.7", "1.82.8"})
_NOT_IANA = ("posix/", "right/", "localtime", "posixrules", "Factory")


def check_gateway(gateway: Declared[GatewaySpec], today: date) -> Iterator[Diagnostic]:
    """Yield AG309, AG310, AG313, AG316, AG317, AG318, AG321 and AG333."""
    yield from _check_exchange(gateway, today)
    yield from _check_timezone(gateway)
    yield from _check_release(gateway)
    yield from check_address(gateway.document, ("url",), gateway.spec.url)
    if not gateway.spec.url.endswith("/v1"):
        yield URL_WITHOUT_V1.at(
            gateway.span("url"),
            "`url` must end in /v1: apps use it as their base URL, and their calls start there",
            help=f'write "{gateway.spec.url.rstrip("/")}/v1"',
        )


def _check_exchange(gateway: Declared[GatewaySpec], today: date) -> Iterator[Diagnostic]:
    exchange = gateway.spec.exchange
    age = (today - exchange.as_of).days
    if age < 0:
        yield STALE_EXCHANGE_RATE.at(
            gateway.span("exchange", "as_of"),
            f"the exchange rate is of {exchange.as_of}, which is after today ({today})",
            help="write the day on which the rate was published",
        )
    elif age > exchange.max_age_days:
        yield STALE_EXCHANGE_RATE.at(
            gateway.span("exchange", "as_of"),
            f"the exchange rate is {age} days old, and at most {exchange.max_age_days} are agreed: "
            "every cap in AUD would be enforced at a wrong number of USD",
            help="look up today's rate and write `usd_per_aud` and `as_of` anew",
        )
    if not exchange.usd_per_aud:
        yield ZERO_EXCHANGE_RATE.at(
            gateway.span("exchange", "usd_per_aud"),
            "an exchange rate of zero turns every cap into zero",
            help='write the US dollars that one Australian dollar buys, like "0.6512"',
        )


def _check_timezone(gateway: Declared[GatewaySpec]) -> Iterator[Diagnostic]:
    name = gateway.spec.timezone
    if not _is_timezone(name):
        yield UNKNOWN_TIMEZONE.at(
            gateway.span("timezone"),
            f'there is no timezone "{name}"; LiteLLM would use UTC without a word, '
            "and budgets would turn over in the middle of the 1st",
            help=_meant(name) or "write an IANA name like Australia/Sydney",
        )


@cache
def _is_timezone(name: str) -> bool:
    if name.startswith(_NOT_IANA):
        return False
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, OSError, ValueError):
        return False
    return True


def _meant(name: str) -> str | None:
    zones = {zone.lower(): zone for zone in available_timezones()}
    close = closest(name, zones)
    return f'did you mean "{zones[close]}"?' if close else None


def _check_release(gateway: Declared[GatewaySpec]) -> Iterator[Diagnostic]:
    version, place = gateway.spec.litellm.version, gateway.span("litellm", "version")
    if version in _MALICIOUS:
        yield MALICIOUS_LITELLM.at(
            place,
            f"LiteLLM {version} is a release that somebody else published to steal credentials",
            help=f"write {TESTED_LITELLM}; if {version} ever ran anywhere, change every secret there",
        )
    elif version != TESTED_LITELLM:
        yield UNTESTED_LITELLM.at(
            place,
            f"everything here was tried with LiteLLM {TESTED_LITELLM}, not with {version}",
            help=f"write {TESTED_LITELLM}, or run `make check` against {version} first",
        )

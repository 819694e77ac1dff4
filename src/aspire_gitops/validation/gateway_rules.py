"""Checks of the Gateway, its Providers, its Approvals, and the folders of resources."""

from collections.abc import Collection, Iterator
from datetime import date
from functools import cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

from aspire_gitops.catalog import Catalog, Declared
from aspire_gitops.permitted import why_not_read, why_not_variable
from aspire_gitops.releases import MALICIOUS, TESTED
from aspire_gitops.resources import (
    ApprovalSpec,
    EnvCredentialSpec,
    GatewaySpec,
    ProviderSpec,
    ResourceKind,
    ResourceSpec,
)
from aspire_gitops.validation.hosts import check_address
from aspire_gitops.validation.wording import closest
from aspire_gitops.vocabulary import Diagnostic, Rule, Severity

STALE_EXCHANGE_RATE = Rule("AG309", "stale-exchange-rate")
UNKNOWN_TIMEZONE = Rule("AG310", "unknown-timezone")
UNTESTED_LITELLM = Rule("AG316", "untested-litellm", Severity.WARNING)
MALICIOUS_LITELLM = Rule("AG317", "malicious-litellm")
URL_WITHOUT_V1 = Rule("AG318", "url-without-v1")
ZERO_EXCHANGE_RATE = Rule("AG321", "zero-exchange-rate")

_NOT_IANA = ("posix/", "right/", "localtime", "posixrules", "Factory")

OWN_SECRET = Rule("AG332", "own-secret")

MISPLACED_FILE = Rule("AG337", "misplaced-file")

_FOLDERS = {
    "apps": ResourceKind.APP,
    "budgets": ResourceKind.BUDGET,
    "deliveries": ResourceKind.DELIVERY,
}

APPROVAL_WITHOUT_EFFECT = Rule("AG212", "approval-without-effect", Severity.WARNING)
EXPIRED_APPROVAL = Rule("AG314", "expired-approval", Severity.WARNING)

_LOWER_CAP = "lower-cap-below-spend"
_KIND_OF_CHANGE = {
    "remove-alias-in-use": "deployment/",
    "delete-last-key": "key/",
    _LOWER_CAP: "key/",
}


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
            f"the exchange rate is dated {exchange.as_of}, which is after today ({today})",
            help="write the day on which the rate was published",
        )
    elif age > exchange.max_age_days:
        yield STALE_EXCHANGE_RATE.at(
            gateway.span("exchange", "as_of"),
            f"the exchange rate is {age} days old, more than the agreed {exchange.max_age_days}: "
            "every cap in AUD would be enforced at the wrong number of USD",
            help="look up today's rate and update `usd_per_aud` and `as_of`",
        )
    if not exchange.usd_per_aud:
        yield ZERO_EXCHANGE_RATE.at(
            gateway.span("exchange", "usd_per_aud"),
            "an exchange rate of zero turns every cap into zero",
            help='write the US dollars that one Australian dollar buys, like "0.6512"',
        )


def _check_timezone(gateway: Declared[GatewaySpec]) -> Iterator[Diagnostic]:
    name = gateway.spec.timezone
    if zone_named(name) is None:
        yield UNKNOWN_TIMEZONE.at(
            gateway.span("timezone"),
            f'unknown timezone "{name}": LiteLLM would silently use UTC, '
            "and budgets would turn over in the middle of the 1st",
            help=_meant(name) or "use an IANA name like Australia/Sydney",
        )


@cache
def zone_named(name: str) -> ZoneInfo | None:
    """Return the IANA timezone of that name, None if there is none."""
    if name.startswith(_NOT_IANA):
        return None
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, OSError, ValueError):
        return None


def _meant(name: str) -> str | None:
    zones = {zone.lower(): zone for zone in available_timezones()}
    close = closest(name, zones)
    return f'did you mean "{zones[close]}"?' if close else None


def _check_release(gateway: Declared[GatewaySpec]) -> Iterator[Diagnostic]:
    version, place = gateway.spec.litellm.version, gateway.span("litellm", "version")
    if version in MALICIOUS:
        yield MALICIOUS_LITELLM.at(
            place,
            f"LiteLLM {version} is a malicious release, published to steal credentials",
            help=f"use {TESTED.version}; if {version} ever ran anywhere, rotate every secret there",
        )
    elif version != TESTED.version:
        yield UNTESTED_LITELLM.at(
            place,
            f"aspire-gitops is tested with LiteLLM {TESTED.version}, not with {version}",
            help=f"use {TESTED.version}, or run `make check` against {version} first",
        )


def check_credential(provider: Declared[ProviderSpec]) -> Iterator[Diagnostic]:
    """Yield AG332. Whether a path leads to one of the controller's files is checked again before use."""
    credential = provider.spec.credential
    if isinstance(credential, EnvCredentialSpec):
        field, named, why = "env", credential.env, why_not_variable(credential.env)
    else:
        field, named, why = "file", credential.file, why_not_read(credential.file)
    if why:
        yield OWN_SECRET.at(
            provider.span("credential", field),
            f'"{named}" {why}; its content would be sent to {provider.spec.vendor}',
            help="name a variable like CLOUD_FIRST_API_KEY or a file like "
            "/run/secrets/cloud-first that holds only this provider's secret",
        )


def check_folders(catalog: Catalog) -> Iterator[Diagnostic]:
    """Yield AG337 for each resource in a folder of another kind, beside the Gateway."""
    if catalog.gateway is None:
        return  # AG205 reports it, and the folders are unknown
    root = catalog.gateway.document.path.rpartition("/")[0]
    start = f"{root}/" if root else ""
    for item in (*catalog, *catalog.repeated):
        kind = ResourceKind(item.document.value["kind"])
        folder, slash, _ = item.document.path.removeprefix(start).partition("/")
        wanted = _FOLDERS.get(folder) if slash else None
        if kind is ResourceKind.DELIVERY and wanted is not kind:
            yield _misplaced(item, kind, f"{start}deliveries/{item.name}.yaml")
        elif wanted not in {None, kind}:
            usual = "aliases" if kind is ResourceKind.ALIAS else f"{kind.lower()}s"
            yield _misplaced(item, kind, f"{start}{usual}/{item.name}.yaml")


def _misplaced(item: Declared[ResourceSpec], kind: ResourceKind, path: str) -> Diagnostic:
    what = f"{'an' if kind[0] in 'AEIOU' else 'a'} {kind}"
    return MISPLACED_FILE.at(
        item.span("kind"),
        f"{what} does not belong in this folder: the wrong owners would be asked to review it",
        help=f'move the file to "{path}"',
    )


def check_approvals(catalog: Catalog, today: date) -> Iterator[Diagnostic]:
    """Yield AG212 and AG314.

    What an Approval names is usually gone from the files, so an object that is
    still declared is suspicious. A lowered cap is the exception: its key stays.
    """
    declared = set(_declared_objects(catalog)) if catalog.approvals else set()
    for approval in catalog.approvals.values():
        yield from _check_expiry(approval, today)
        yield from _check_object(approval, declared)


def _declared_objects(catalog: Catalog) -> Iterator[str]:
    yield from (f"credential/{name}" for name in catalog.providers)
    yield from (f"deployment/{name}" for name in catalog.aliases)
    for app in catalog.apps.values():
        yield from (f"key/{app.name}.{key.name}" for key in app.spec.keys)


def _check_expiry(approval: Declared[ApprovalSpec], today: date) -> Iterator[Diagnostic]:
    if approval.spec.expires < today:
        yield EXPIRED_APPROVAL.at(
            approval.span("expires"),
            f"this Approval ended on {approval.spec.expires} and no longer counts",
            help="delete the file, or agree again with a later day",
        )


def _check_object(
    approval: Declared[ApprovalSpec], declared: Collection[str]
) -> Iterator[Diagnostic]:
    spec = approval.spec
    prefix = _KIND_OF_CHANGE.get(spec.change, "")
    if not spec.object.startswith(prefix):
        yield APPROVAL_WITHOUT_EFFECT.at(
            approval.span("object"),
            f"`{spec.change}` applies to a {prefix.rstrip('/')}, but this names something else",
            help=f"name it as a plan writes it: {prefix}…",
        )
    elif spec.change == _LOWER_CAP:
        if spec.object not in declared:
            yield APPROVAL_WITHOUT_EFFECT.at(
                approval.span("object"),
                f'no app declares "{spec.object}", so no plan will lower its cap',
                help="name a key of an app that the budget pays for: key/<app>.<key>",
            )
    elif spec.object in declared:
        yield APPROVAL_WITHOUT_EFFECT.at(
            approval.span("object"),
            f'"{spec.object}" is still declared, so no plan will remove it',
            help="remove its declaration in the same commit, or delete this file",
        )

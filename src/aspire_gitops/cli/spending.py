"""What the commands about money share: the ledger's address, and the caps that are in force.

Caps are what the keys on the gateway carry, where a gateway is named, and else
what the reviewed files ask for. Nobody else knows a budget's timezone.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from pydantic import SecretStr

from aspire_gitops.cli.options import Invocation
from aspire_gitops.ledger_reading import LedgerReading
from aspire_gitops.pipeline.choice import DEFAULT_FOLDER, AsOf, chosen
from aspire_gitops.settings import PREFIX, Settings, read_secret
from aspire_gitops.spend import Cap, caps_of, month_named
from aspire_gitops.state import GatewayObject
from aspire_gitops.vocabulary.errors import UsageError
from aspire_ledger.money import Month


@dataclass(frozen=True, slots=True)
class InForce:
    """The caps, and where months turn."""

    caps: Mapping[str, Cap]
    timezone: ZoneInfo

    def month(self, name: str | None, now: datetime) -> Month:
        """Return the month of that name, or the running one.

        Raises:
            UsageError: It is not a month.
        """
        try:
            return (
                month_named(name, self.timezone) if name else Month.containing(now, self.timezone)
            )
        except ValueError as error:
            raise UsageError(str(error), help="write it as 2026-11") from None


def ledger_of(settings: Settings) -> LedgerReading:
    """Return the ledger that the settings lead to, not opened yet.

    Raises:
        UsageError: No ledger is named.
        SecretMissing: The file with its address cannot be read.
    """
    return LedgerReading(ledger_url(settings))


def ledger_url(settings: Settings) -> SecretStr:
    """Return the ledger's address; see `ledger_of`."""
    url = read_secret(settings, "ledger_url")
    if url is None:
        raise UsageError(
            "no ledger is named",
            help=f"put its address into {PREFIX}LEDGER_URL, or into a file that {PREFIX}LEDGER_URL_FILE "
            "names",
        )
    return url


def in_force(
    invocation: Invocation, settings: Settings, source: str | None, moment: datetime, *, as_of: AsOf
) -> InForce:
    """Return the caps on the gateway, or those of the files when SOURCE is given or no gateway is.

    `as_of` is the moment that the files are judged by.

    Raises:
        UsageError: Nothing names a budget, so nobody knows where months turn.
        GatewayError, InvalidConfig, SourceUnavailable: As for `plan`.
    """
    caps = caps_of(_objects(invocation, settings, source, as_of), moment)
    if not caps:
        raise UsageError(
            "no key carries a budget, so nobody knows where its months turn",
            help="name the reviewed files as SOURCE",
        )
    return InForce(caps, ZoneInfo(next(iter(caps.values())).timezone))


def _objects(
    invocation: Invocation, settings: Settings, source: str | None, as_of: AsOf
) -> tuple[GatewayObject, ...]:
    if source is None and settings.gateway_url:
        from aspire_gitops.cli.gateway import open_gateway  # noqa: PLC0415 (0.2 s that files do not need)

        return open_gateway(invocation, settings).snapshot().objects
    from aspire_gitops.pipeline.plan import compiled  # noqa: PLC0415 (the compiler, which a gateway does not need)

    wanted, _ = compiled(chosen(source or DEFAULT_FOLDER, None), as_of)
    return tuple(wanted.objects.values())

"""Read back what `snapshot_writer` wrote. It comes from outside, so pydantic reads it.

Pure: bytes in, a snapshot out. What unmanaged objects hold is not in the file. A
plan made from it knows their names and where they are, which is all that it
needs to leave them alone.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Annotated, Any, Final, Literal

import pydantic
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from aspire_gitops.codec.parts import ObjectPart, Part, RevisionPart
from aspire_gitops.codec.values import VERSIONS, format_of
from aspire_gitops.state import (
    GatewayObject,
    Holder,
    KeyFacts,
    LiveFallback,
    Mark,
    ReviewedGateway,
    Snapshot,
)
from aspire_gitops.usage import FIRST_COUNTS, LATER_COUNTS, Downtime, Traffic, Usage
from aspire_gitops.vocabulary import UsageError
from aspire_ledger.canonical import JsonValue
from aspire_ledger.money import Aud

MOST_BYTES: Final = 64 * 2**20  # ten thousand objects and a month of traffic have a quarter of that
_MOST_ROWS = 100_000
_LONGEST = timedelta(days=366)
_MONTH_S = 31 * 86_400 + 3_600  # a month whose clocks are set back
_AMOUNT = r"-?[0-9]{1,15}(\.[0-9]{1,15})?"
_COUNT = r"[0-9]{1,18}"
_DAY = r"[0-9]{4}-[0-9]{2}-[0-9]{2}"

_FIRST_COLUMNS: Final = ("day", "calls", "aud", *FIRST_COUNTS)

_Amount = Annotated[str, Field(pattern=f"^{_AMOUNT}$")]
_Row = Annotated[
    str, Field(pattern=f"^{_DAY} {_COUNT} {_AMOUNT}( {_COUNT}){{5,}}$", max_length=400)
]
_Name = Annotated[str, Field(max_length=1000)]


class _Mark(Part):
    name: str
    fields: list[str]
    digest: str
    revision: str


class _Holder(Part):
    limits: list[_Name] | None


class _Key(Part):
    spend_usd: Annotated[float, Field(allow_inf_nan=False)] | None
    blocked: bool
    expires: _Name | None
    limits: list[_Name]
    team: _Holder | None = None
    user: _Holder | None = None


class _Unmanaged(Part):
    object: ObjectPart
    handle: str
    address: str | None
    digest: str
    key: _Key | None = None


class _Ours(Part):
    object: ObjectPart
    handle: str
    address: str | None
    fields: dict[str, pydantic.JsonValue]
    mark: _Mark


class _Fallback(Part):
    alias: str
    kind: str
    answers: list[str]


class _Traffic(Part):
    since: date
    until: date
    columns: str
    rows: dict[_Name, dict[_Name, dict[_Name, list[_Row]]]]

    @model_validator(mode="after")
    def _is_a_window(self) -> "_Traffic":
        if not timedelta(0) <= self.until - self.since <= _LONGEST:
            raise ValueError("traffic begins after it ends, or lasts longer than a year")
        return self

    @model_validator(mode="after")
    def _has_columns_that_we_know(self) -> "_Traffic":
        later = [name for name in LATER_COUNTS if name in self.columns.split(" ")]
        if self.columns != " ".join((*_FIRST_COLUMNS, *later)):
            raise ValueError("traffic with other columns")
        return self

    @property
    def counts(self) -> Sequence[str]:
        """The names of the counts that each row has."""
        return self.columns.split(" ")[len(_FIRST_COLUMNS) - len(FIRST_COUNTS) :]


class _Downtime(Part):
    month: Annotated[str, Field(pattern=r"^[0-9]{4}-[0-9]{2}$")]
    seconds: Annotated[float, Field(ge=0, le=_MONTH_S)]
    watched_since: date


class _Reviewed(Part):
    name: _Name
    url: _Name


class SnapshotFile(Part):
    """The whole file, as pydantic reads it."""

    format: Literal["aspire-gitops/snapshot"]
    version: Literal[1, 2, 3, 4]
    owner: str
    revision: RevisionPart | None = None
    journal: str | None = None
    gateway: str
    reviewed: _Reviewed | None = None  # since version 4
    litellm: str | None
    taken_at: pydantic.AwareDatetime
    digest: str
    spent: dict[str, _Amount] = Field(default_factory=dict)
    traffic: _Traffic | None = None
    downtime: _Downtime | None = None
    objects: list[_Ours]
    foreign: list[_Unmanaged]
    fallbacks: list[_Fallback]

    @model_validator(mode="before")
    @classmethod
    def _headed_as_now(cls, value: Any) -> Any:
        return _headed(value)


class _Numbered(BaseModel):
    model_config = ConfigDict(strict=True)

    version: int

    @model_validator(mode="before")
    @classmethod
    def _headed_as_now(cls, value: Any) -> Any:
        return _headed(value)


def _headed(value: Any) -> Any:
    # Until version 2 the number stood in `format`.
    number = value.get("format") if isinstance(value, dict) else None
    if isinstance(number, int) and "version" not in value:
        return {**value, "format": format_of("snapshot"), "version": number}
    return value


@dataclass(frozen=True, slots=True)
class SavedSnapshot:
    """A snapshot from a file, and the digest of the one that was on the gateway.

    `revision` is what the controller had applied last, None where no controller
    wrote the file.
    """

    snapshot: Snapshot
    digest: str
    revision: str | None = None


def read_snapshot(content: bytes, owner: str, *, name: str) -> SavedSnapshot:
    """Read what `snapshot_json` wrote. `name` is what messages call it.

    Raises:
        UsageError: It is not a snapshot of ours, belongs to another owner, or is a newer program's.
    """
    if len(content) > MOST_BYTES:
        raise UsageError(f"{name} is larger than any snapshot", help="name a snapshot")
    try:
        found = SnapshotFile.model_validate_json(content)
        live = _snapshot(found, owner)
    except (ValidationError, ValueError) as error:
        raise _unreadable(content, name) from error
    if found.owner != owner:
        raise UsageError(
            f"{name} is a snapshot of owner {found.owner}, and we are {owner}",
            help="set ASPIRE_GITOPS_OWNER",
        )
    return SavedSnapshot(live, found.digest, str(found.revision) if found.revision else None)


def _unreadable(content: bytes, name: str) -> UsageError:
    try:
        number = _Numbered.model_validate_json(content).version
    except ValidationError:
        number = 0
    if number > VERSIONS["snapshot"]:
        return UsageError(
            f"{name} was made by a newer aspire-gitops (version {number}, and this one reads"
            f" {VERSIONS['snapshot']})",
            help="upgrade this one",
        )
    return UsageError(
        f"{name} is not a snapshot of this version", help="make one with `aspire-gitops snapshot`"
    )


def _snapshot(found: SnapshotFile, owner: str) -> Snapshot:
    return Snapshot(
        found.gateway,
        found.litellm,
        found.taken_at,
        (*(_ours(item, owner) for item in found.objects), *map(_unmanaged, found.foreign)),
        tuple(LiveFallback(f.alias, f.kind, tuple(f.answers)) for f in found.fallbacks),
        spent=found.spent,
        traffic=_traffic(found.traffic) if found.traffic else None,
        downtime=_downtime(found.downtime) if found.downtime else None,
        reviewed=ReviewedGateway(**found.reviewed.model_dump()) if found.reviewed else None,
        key_facts={i.address: _facts(i.key) for i in found.foreign if i.key and i.address},
    )


def _traffic(found: _Traffic) -> Traffic:
    rows = tuple(sorted(_usages(found.rows, found.counts)))
    if len(rows) > _MOST_ROWS:
        raise ValueError("more traffic than this program reads")
    if any(not found.since <= row.day <= found.until for row in rows):
        raise ValueError("traffic outside of its window")
    return Traffic(found.since, found.until, rows)


def _usages(
    rows: Mapping[str, Mapping[str, Mapping[str, list[str]]]], names: Sequence[str]
) -> Iterator[Usage]:
    for budget, apps in rows.items():
        for app, aliases in apps.items():
            for alias, lines in aliases.items():
                for line in lines:
                    day, calls, aud, *counts = line.split(" ")
                    yield Usage(
                        date.fromisoformat(day),
                        budget,
                        app,
                        alias,
                        int(calls),
                        Aud(Decimal(aud)),
                        **dict(zip(names, map(int, counts), strict=True)),
                    )


def _downtime(found: _Downtime) -> Downtime:
    if f"{found.watched_since:%Y-%m}" != found.month:
        raise ValueError("downtime of another month than the one that was watched")
    return Downtime(found.month, found.seconds, found.watched_since)


def _ours(item: _Ours, owner: str) -> GatewayObject:
    mark = Mark(
        owner, item.mark.name, frozenset(item.mark.fields), item.mark.digest, item.mark.revision
    )
    fields = {path: _tuples(value) for path, value in item.fields.items()}
    return GatewayObject(item.object.key, item.handle, fields, mark, item.address)


def _unmanaged(item: _Unmanaged) -> GatewayObject:
    return GatewayObject(item.object.key, item.handle, {}, address=item.address)


def _facts(key: _Key) -> KeyFacts:
    return KeyFacts(
        spend=key.spend_usd,
        blocked=key.blocked,
        expires=key.expires,
        limits=tuple(key.limits),
        team=_holder(key.team) if key.team else None,
        user=_holder(key.user) if key.user else None,
    )


def _holder(holder: _Holder) -> Holder:
    if holder.limits is None:
        return Holder("", unread="the snapshot does not tell")
    return Holder("", tuple(holder.limits))


def _tuples(value: pydantic.JsonValue) -> JsonValue:
    if isinstance(value, dict):
        return {key: _tuples(item) for key, item in value.items()}
    return tuple(map(_tuples, value)) if isinstance(value, list) else value

"""Two revisions side by side: what their resources state differently, and what a snapshot adds.

Specs are compared, not files: a file that moved, or that writes 0.40 as 0.4, is unchanged.
A renamed resource counts as one removed and one added.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any
from zoneinfo import ZoneInfo

from pydantic import BaseModel

from aspire_gitops.catalog import Catalog, Declared
from aspire_gitops.planning import FieldChange
from aspire_gitops.resources import ResourceKind
from aspire_gitops.review.repricing import Repricing
from aspire_gitops.review.value import Edit, Live, ResourceEdit
from aspire_gitops.spend import zone
from aspire_gitops.state import Compiled, Snapshot
from aspire_gitops.usage import Downtime, Traffic
from aspire_ledger.canonical import JsonValue
from aspire_ledger.money import Aud, Month

Declarations = Mapping[str, Declared[Any]]


@dataclass(frozen=True, slots=True)
class Stated:
    """One value that a resource states, and the path of it in the document."""

    value: Any
    place: tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Known:
    """What is known about the gateway at `now`.

    `snapshot` is None if there is none or it is rejected. `doubt` is a sentence
    about one that is used anyway.
    """

    now: datetime
    timezone: ZoneInfo | None
    snapshot: Snapshot | None = None
    digest: str | None = None
    applied: str | None = None
    rejected: str = ""
    doubt: str = ""

    @property
    def traffic(self) -> Traffic | None:
        return self.snapshot.traffic if self.snapshot else None

    @property
    def month(self) -> Month | None:
        return Month.containing(self.now, self.timezone) if self.timezone else None

    @property
    def today(self) -> date:
        """The day of `now` in the budgets' timezone, if it is known."""
        return self.now.astimezone(self.timezone or self.now.tzinfo).date()

    @property
    def is_this_month(self) -> bool:
        """Return whether the snapshot was taken in the month of `now`."""
        month, taken = self.month, self.snapshot and self.snapshot.taken_at
        return bool(month and taken and month.start <= taken < month.end)

    def spent(self, budget: str) -> Aud | None:
        """Return what a budget has spent this month; None if no ledger was read this month."""
        if not (self.snapshot and self.snapshot.spent and self.is_this_month):
            return None
        try:
            # The ledger names every budget that spent anything.
            amount = Decimal(self.snapshot.spent.get(budget, "0"))
        except InvalidOperation:
            return None
        return Aud(amount) if amount.is_finite() else None

    @property
    def downtime(self) -> Downtime | None:
        """This month's downtime, None if the gateway was not watched."""
        seen = self.snapshot.downtime if self.snapshot else None
        return seen if seen and seen.month == str(self.month) else None

    @property
    def live(self) -> Live | None:
        """Return what a review shows of the snapshot."""
        found = self.snapshot
        if found is None:
            return None
        return Live(
            revision=self.applied,
            taken_at=found.taken_at.astimezone(self.now.tzinfo),
            age=self.now - found.taken_at,
            digest=self.digest or found.digest,
            litellm_version=found.litellm_version,
            traffic_days=found.traffic.days if found.traffic else None,
            has_spend=bool(found.spent) and self.is_this_month,
        )


@dataclass(frozen=True, slots=True)
class Compared:
    """Both catalogs. `repricing` is None if no calls were counted, or a side has no Gateway."""

    base: Catalog
    head: Catalog
    known: Known
    repricing: Repricing | None

    @classmethod
    def of(cls, base: Catalog, head: Catalog, known: Known) -> "Compared":
        has_rates = base.gateway and head.gateway
        repricing = Repricing(base, head, known.traffic) if known.traffic and has_rates else None
        return cls(base, head, known, repricing)


def what_is_known(
    base: Compiled | None,
    head: Catalog,
    snapshot: Snapshot | None,
    *,
    owner: str,
    now: datetime,
    digest: str | None,
    applied: str | None,
) -> Known:
    """Decide whether a snapshot can be used. `base` is the revision that the gateway should be at."""
    gateway = head.gateway.spec if head.gateway else None
    known = Known(now, zone(gateway.timezone) if gateway else None)
    if snapshot is None:
        return known
    others = sorted({i.mark.owner for i in snapshot.objects if i.mark} - {owner})
    ours = {item.key for item in snapshot.objects if item.mark and item.mark.owner == owner}
    if others and not ours:
        return replace(known, rejected=f"it belongs to owner {others[0]}, and we are {owner}")
    doubt = ""
    reviewed = snapshot.reviewed
    if gateway and reviewed and reviewed.name != gateway.name:
        told = f'it is of Gateway "{reviewed.name}", but the files are for "{gateway.name}"'
        return replace(known, rejected=told)
    # The change may be what moves the gateway, so that base's address is as good as head's.
    ours_at = [gateway.url, *([base.gateway.url] if base else [])] if gateway else []
    if reviewed and any(_same_address(reviewed.url, url) for url in ours_at):
        gateway = None  # no doubt, whatever address the controller reaches it by
    if gateway and not _same_address(snapshot.gateway_url, gateway.url):
        seen = f"it was read at {snapshot.gateway_url}, but the files are for {gateway.url}"
        expected = set(base.objects) if base else set()
        if len(ours & expected) * 2 <= len(expected):
            return replace(known, rejected=seen)
        # A controller may reach its gateway by an address of its own.
        doubt = f"{seen}; it holds what base declares, so it is assumed to be the same gateway"
    return replace(known, snapshot=snapshot, digest=digest, applied=applied, doubt=doubt)


def _same_address(one: str, other: str) -> bool:
    return _without_version(one) == _without_version(other)


def _without_version(url: str) -> str:
    return url.rstrip("/").removesuffix("/v1").rstrip("/").lower()


def edits_between(base: Catalog, head: Catalog) -> tuple[ResourceEdit, ...]:
    """Return what was added, removed or changed, by kind and name."""
    before, after = base.by_kind, head.by_kind
    return tuple(edit for kind in ResourceKind for edit in _edits(kind, before[kind], after[kind]))


def _edits(kind: ResourceKind, before: Declarations, after: Declarations) -> Iterator[ResourceEdit]:
    for name in sorted(before.keys() | after.keys()):
        match before.get(name), after.get(name):
            case None, Declared() as added:
                yield ResourceEdit(kind, name, Edit.ADDED, added.span("name"))
            case Declared() as removed, None:
                yield ResourceEdit(kind, name, Edit.REMOVED, removed.span("name"))
            case Declared() as old, Declared() as new if old.spec != new.spec:
                yield from _changed(kind, old, new)


def _changed(kind: ResourceKind, old: Declared[Any], new: Declared[Any]) -> Iterator[ResourceEdit]:
    before, after = dict(_stated(old.spec)), dict(_stated(new.spec))
    moved = [path for path in sorted(before.keys() | after.keys()) if _differ(path, before, after)]
    if moved:
        place = (after.get(moved[0]) or before[moved[0]]).place
        fields = tuple(
            FieldChange(path, _written(before.get(path)), _written(after.get(path)))
            for path in moved
        )
        yield ResourceEdit(kind, new.name, Edit.CHANGED, new.span(*place), fields)


def _differ(path: str, before: Mapping[str, Stated], after: Mapping[str, Stated]) -> bool:
    old, new = before.get(path), after.get(path)
    return (old and old.value) != (new and new.value)


def _stated(
    value: Any, path: str = "", place: tuple[str | int, ...] = ()
) -> Iterator[tuple[str, Stated]]:
    """Yield each value by its dotted path. Items of a list are identified by their names, if any."""
    if isinstance(value, BaseModel | dict):
        items = value.items() if isinstance(value, dict) else iter(value)
        for name, item in items:
            yield from _stated(item, f"{path}.{name}".lstrip("."), (*place, name))
    elif isinstance(value, tuple) and any(isinstance(item, BaseModel) for item in value):
        for number, item in enumerate(value):
            yield from _stated(item, f"{path}.{item.name}", (*place, number))
    elif not (value is None or value is False or value == ()):  # as good as left out
        yield path, Stated(value, place)


def _written(stated: Stated | None) -> JsonValue:
    return None if stated is None else _plain(stated.value)


def _plain(value: Any) -> JsonValue:
    match value:
        case tuple():
            return tuple(map(_plain, value))
        case Decimal():
            return str(value)
        case date():
            return value.isoformat()
        case bool() | int() | float() | str():
            return value
        case _:
            raise TypeError(f"no file states a {type(value).__name__}")

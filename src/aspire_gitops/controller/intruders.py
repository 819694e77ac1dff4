"""Watch for deployments that somebody put under the name of an alias: LiteLLM shares its calls with them.

Pure: callers pass the time. What was seen is a line of the journal, so a restart forgets nothing.
A deployment is only ever removed if it came later: in an earlier look the alias was live without it.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta, tzinfo

from aspire_gitops.journal.entry import Draft, Entry, EntryKind
from aspire_gitops.kinds import KINDS
from aspire_gitops.kinds.deployment import answered_by, deployment_of, intruders
from aspire_gitops.planning import Action, Change, redacted
from aspire_gitops.state import GatewayObject, ObjectKey, Snapshot
from aspire_gitops.status.value import Notice, OtherAnswer, Topic
from aspire_gitops.vocabulary import moment_text, one_line
from aspire_ledger.canonical import JsonValue

NOTICE = timedelta(minutes=1)
"""How long a notice is out before the deployment is removed."""


@dataclass(frozen=True, slots=True)
class Sighting:
    """A deployment under an alias's name: since when, and whether the alias was there before it.

    `told_at` is when it was told that it will be removed.
    """

    alias: str
    since: datetime
    came_later: bool
    told_at: datetime | None = None


@dataclass(slots=True)
class Intruders:
    """What is known of them, by address. `alone` are the aliases that answered alone at the last look.

    `shares` is how many of the last calls each deployment answered, by alias.
    """

    seen: dict[str, Sighting] = field(default_factory=dict)
    alone: frozenset[str] = frozenset()
    is_watching: bool = False  # else nobody knows what was there before
    shares: dict[str, Mapping[str, int]] = field(default_factory=dict)
    live: tuple[GatewayObject, ...] = ()

    @property
    def aliases(self) -> tuple[str, ...]:
        return tuple(sorted({one.alias for one in self.seen.values()}))

    def looked(
        self, snapshot: Snapshot, owner: str, aliases: Collection[str], at: datetime
    ) -> list[Draft]:
        """Hear of a full look; returns what the journal should be told."""
        self.live = intruders(snapshot.objects, owner, aliases)
        now = {item.address or "": item for item in self.live}
        drafts = [] if self.is_watching else [_draft("", at, {"watching": True})]
        drafts += [
            _line(address, self.seen.pop(address), at, answers=False)
            for address in sorted(self.seen.keys() - now.keys())
        ]
        for item in [item for address, item in now.items() if address not in self.seen]:
            came_later = self.is_watching and item.handle in self.alone
            sighting = Sighting(item.handle, at, came_later)
            self.seen[item.address or ""] = sighting
            drafts.append(_line(item.address or "", sighting, at, answers=True))
        ours = {o.handle for o in snapshot.objects if o.mark and o.mark.owner == owner}
        self.is_watching = True
        self.alone = frozenset(ours & set(aliases)) - {item.handle for item in self.live}
        self.shares = {
            alias: found for alias, found in self.shares.items() if alias in self.aliases
        }
        return drafts

    def to_tell(self, at: datetime) -> list[tuple[GatewayObject, Draft]]:
        """Return those whose removal was not told yet, each with a line for the journal."""
        found = []
        for item in self.live:
            known = self.seen.get(item.address or "")
            # What another controller marked is its own: two that remove each other's never rest.
            if known and known.came_later and known.told_at is None and item.mark is None:
                told = self.seen[item.address or ""] = replace(known, told_at=at)
                found.append((item, _line(item.address or "", told, at, answers=True)))
        return found

    def keep(self) -> None:
        """Forget every notice: the policy is to report, so a later removal is told anew."""
        self.seen = {name: replace(known, told_at=None) for name, known in self.seen.items()}

    def to_remove(self, at: datetime, but: Collection[str]) -> list[Change]:
        """Return the deletions of those that came later and whose notice is out, except `but`."""
        due = (item for item in self.live if _is_due(self.seen.get(item.address or ""), at))
        changes = (
            Change(
                Action.DELETE,
                ObjectKey(item.key.kind, item.address or ""),
                before=redacted(item, {}),
                reason=f"somebody added it under the name of alias {item.handle}",
            )
            for item in due
        )
        return [change for change in changes if str(change.key) not in but]

    def others(self, alias: str, url: str) -> tuple[OtherAnswer, ...]:
        """Return who else answers an alias, for the status."""
        found = self.shares.get(alias)
        return tuple(
            OtherAnswer(
                item.address or "",
                *answered_by(item),
                since=known.since,
                calls=None if found is None else found.get(item.address or "", 0),
                of_calls=None if found is None else sum(found.values()),
                removed_after=known.told_at and known.told_at + NOTICE,
                command=KINDS[item.key.kind].delete(item)[-1].as_command(url),
            )
            for item in self.live
            if item.handle == alias and (known := self.seen.get(item.address or ""))
        )


def removal_notice(
    item: GatewayObject, url: str, gateway: str, at: datetime, there: tzinfo | None
) -> Notice:
    """Return what is told before a deployment is removed."""
    model, vendor = answered_by(item)
    command = KINDS[item.key.kind].delete(item)[-1].as_command(url)
    return Notice(
        id=f"{Topic.INTRUDER}-{item.address}-{at:%Y%m%dT%H%M%S}",
        topic=Topic.INTRUDER,
        at=at,
        title=f"Alias {item.handle} is also answered by {model} at {vendor}; it will be removed",
        lines=(
            one_line(f"somebody added deployment {item.address} under the alias's name"),
            f"policy.intruders: remove deletes it after {moment_text(at + NOTICE, there)}",
            one_line(f"sooner: {command}"),
            "to keep it, set policy.intruders to report, or suspend the controller",
        ),
        gateway=gateway,
    )


def recalled(lines: Iterable[Entry], states: Mapping[str, JsonValue]) -> Intruders:
    """Return what the journal knows. `states` is what it has of each object."""
    found = Intruders()
    for line in lines:
        body, name = line.draft.body, line.draft.object or ""
        found.is_watching = True
        if not body.get("answers"):
            found.seen.pop(str(body.get("address")), None)
        elif moment := _moment(body.get("since")):
            alias = name.partition("/")[2]
            came_later = body.get("came_later") is True
            told_at = _moment(body.get("told_at"))
            found.seen[str(body.get("address"))] = Sighting(alias, moment, came_later, told_at)
    taken = {one.alias for one in found.seen.values()}
    found.alone = frozenset(_live_aliases(states)) - taken
    return found


def _live_aliases(states: Mapping[str, JsonValue]) -> Iterator[str]:
    kind = str(deployment_of("")).partition("/")[0]
    for name, state in states.items():
        if state is not None and name.startswith(f"{kind}/"):
            yield name.partition("/")[2]


def _is_due(known: Sighting | None, at: datetime) -> bool:
    return bool(known and known.told_at and at - known.told_at >= NOTICE)


def _line(address: str, known: Sighting, at: datetime, *, answers: bool) -> Draft:
    body: dict[str, JsonValue] = {
        "address": address,
        "since": known.since.isoformat(),
        "came_later": known.came_later,
        "answers": answers,
        "told_at": known.told_at.isoformat() if known.told_at else None,
    }
    return _draft(known.alias, at, body)


def _draft(alias: str, at: datetime, body: Mapping[str, JsonValue]) -> Draft:
    about = str(deployment_of(alias)) if alias else None
    return Draft(EntryKind.INTRUDER, at, object=about, body=body)


def _moment(value: JsonValue) -> datetime | None:
    try:
        found = datetime.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        return None
    return found if found and found.tzinfo else None

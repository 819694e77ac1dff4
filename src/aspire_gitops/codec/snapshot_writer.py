"""A snapshot for a file: ours in full, unmanaged objects by name, address and digest only.

What we manage holds no secret; what somebody else put on the gateway may, in
any field, so none of their values leave it. Traffic is names and counts, a line
for each day. `snapshot_reader` reads the file back.
"""

from collections.abc import Sequence

from aspire_gitops.codec.values import document, object_json, written_revision_json
from aspire_gitops.state import (
    GatewayObject,
    Holder,
    KeyFacts,
    ReviewedGateway,
    Snapshot,
    without_masks,
)
from aspire_gitops.usage import FIRST_COUNTS, LATER_COUNTS, Downtime, Traffic, Usage
from aspire_ledger.canonical import JsonValue, digest, pretty_json


def snapshot_json(
    snapshot: Snapshot, *, owner: str, revision: str | None = None, journal: str | None = None
) -> str:
    """Return the snapshot for people and machines.

    `owner` says whose marks are ours. A controller adds the `revision` that it applied
    last and the head of its `journal`: kept elsewhere, it shows when lines are cut off.
    """
    ours = [item for item in snapshot.objects if _is_ours(item, owner)]
    unmanaged = [item for item in snapshot.objects if not _is_ours(item, owner)]
    return pretty_json(
        document(
            "snapshot",
            {
                "owner": owner,
                "revision": written_revision_json(revision) if revision else None,
                **({"journal": journal} if journal else {}),
                "gateway": snapshot.gateway_url,
                **(_reviewed(snapshot.reviewed) if snapshot.reviewed else {}),
                "litellm": snapshot.litellm_version,
                "taken_at": snapshot.taken_at.isoformat(),
                "digest": snapshot.digest,
                **({"spent": dict(snapshot.spent)} if snapshot.spent else {}),
                **({"traffic": _traffic(snapshot.traffic)} if snapshot.traffic else {}),
                **({"downtime": _downtime(snapshot.downtime)} if snapshot.downtime else {}),
                "objects": [_ours(item) for item in sorted(ours, key=_order)],
                "foreign": [
                    _unmanaged(item, snapshot.facts_of(item))
                    for item in sorted(unmanaged, key=_order)
                ],
                "fallbacks": [
                    {"alias": item.alias, "kind": item.kind, "answers": list(item.answers)}
                    for item in sorted(snapshot.fallbacks)
                ],
            },
        )
    )


def _reviewed(found: ReviewedGateway) -> dict[str, JsonValue]:
    return {"reviewed": {"name": found.name, "url": found.url}}


def _later_counts(found: Traffic | None) -> tuple[str, ...]:
    """Return which of the later counts any row has: the others are zero, and left out."""
    rows = found.rows if found else ()
    return tuple(name for name in LATER_COUNTS if any(getattr(row, name) for row in rows))


def _traffic(found: Traffic) -> JsonValue:
    counts = (*FIRST_COUNTS, *_later_counts(found))
    # A name is said once, and a day is one line: small, and a diff that people can read.
    rows: dict[str, dict[str, dict[str, list[str]]]] = {}
    for row in sorted(found.rows):
        lines = rows.setdefault(row.budget, {}).setdefault(row.app, {}).setdefault(row.alias, [])
        lines.append(_day_line(row, counts))
    return {
        "since": found.since.isoformat(),
        "until": found.until.isoformat(),
        "columns": " ".join(("day", "calls", "aud", *counts)),
        "rows": rows,
    }


def _day_line(row: Usage, counts: Sequence[str]) -> str:
    told = (str(getattr(row, name)) for name in counts)
    return " ".join([row.day.isoformat(), str(row.calls), f"{row.aud:f}", *told])


def _downtime(found: Downtime) -> JsonValue:
    return {
        "month": found.month,
        "seconds": round(found.seconds, 1),
        "watched_since": found.watched_since.isoformat(),
    }


def _is_ours(item: GatewayObject, owner: str) -> bool:
    return item.mark is not None and item.mark.owner == owner


def _order(item: GatewayObject) -> tuple[str, str, str]:
    return str(item.key), item.handle, item.address or ""


def _ours(item: GatewayObject) -> JsonValue:
    if item.mark is None:
        raise AssertionError(f"{item.key} carries no mark, so it is not ours")
    mark = item.mark
    return {
        **_named(item),
        "fields": {
            path: value if path in mark.fields else f"set by hand ({digest(value)[7:15]})"
            for path, value in without_masks(item.fields).items()
        },
        "mark": {
            "name": mark.name,
            "fields": sorted(mark.fields),
            "digest": mark.digest,
            "revision": mark.revision,
        },
    }


def _unmanaged(item: GatewayObject, facts: KeyFacts | None) -> JsonValue:
    return {**_named(item), "digest": digest(item.fields), **_facts(facts)}


def _facts(facts: KeyFacts | None) -> dict[str, JsonValue]:
    # Of a key alone, so that a review can say what adopting it would mean. Whose it is
    # may be an e-mail address, so that stays here.
    if facts is None:
        return {}
    return {
        "key": {
            "spend_usd": facts.spend,
            "blocked": facts.blocked,
            "expires": facts.expires,
            "limits": list(facts.limits),
            **({"team": _holder(facts.team)} if facts.team else {}),
            **({"user": _holder(facts.user)} if facts.user else {}),
        }
    }


def _holder(holder: Holder) -> JsonValue:
    return {"limits": None if holder.limits is None else list(holder.limits)}


def _named(item: GatewayObject) -> dict[str, JsonValue]:
    return {"object": object_json(item.key), "handle": item.handle, "address": item.address}

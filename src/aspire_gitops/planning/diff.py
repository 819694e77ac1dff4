"""Pair each desired object with what is live, and compare the two field by field."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from aspire_gitops.kinds import KINDS, generation
from aspire_gitops.planning.plan import AMBIGUOUS_MARK, Cause, FieldChange, Refusal, Scope
from aspire_gitops.state import (
    HIDDEN,
    Evidence,
    Fields,
    GatewayObject,
    Intent,
    Kind,
    Mark,
    ObjectKey,
    without_masks,
)
from aspire_ledger.canonical import JsonValue, digest, keyed_digest

UNKNOWN_DIGEST = "unknown"
"""The digest in a planned mark whose secrets were not at hand; applying computes the real one."""


def changed_fields(
    wanted: GatewayObject, live: GatewayObject, intent: Intent, evidence: Evidence | None
) -> tuple[FieldChange, ...]:
    """Return what must change on `live`, sorted by path. `wanted` carries its mark."""
    # Without the secrets nothing says whether the digest moved by git or by hand.
    known = evidence is not None or not intent.secrets
    cause = _cause(wanted, live) if known else Cause.GIT
    changes = [
        *_fields(wanted, live, intent, cause),
        *_other_secrets(live, intent, evidence, cause),
    ]
    if not changes and not _same_mark(wanted.mark, live.mark):
        changes = list(_unseen(wanted, live, intent))
    return tuple(sorted(changes, key=lambda change: change.path))


def is_exactly(mark: Mark, live: GatewayObject, intent: Intent) -> bool:
    """Fast path: say whether nothing differs, as for nearly every object of nearly every plan.

    `mark` is the one that the desired object is to carry. Without secrets its
    digest covers name and fields, so that of the live ones can be held against it.
    """
    return not intent.secrets and mark.digest == live.proof and _same_mark(mark, live.mark)


def _fields(
    wanted: GatewayObject, live: GatewayObject, intent: Intent, cause: Cause
) -> Iterator[FieldChange]:
    # The gateway fills in fields of its own, so three sets count: what git states
    # now, what we set last time and git has since dropped, and what nobody but us
    # may set on an object of ours.
    facts = KINDS[wanted.key.kind].facts
    marked = live.mark.fields if live.mark else frozenset()
    owned = {path for path in live.fields if facts.owns(path)}
    if wanted.handle != live.handle:
        yield FieldChange("handle", live.handle, wanted.handle, cause)
    for path in sorted((wanted.fields.keys() | marked | owned) - intent.secrets.keys()):
        before, after = live.fields.get(path), wanted.fields.get(path)
        if not same(before, after):
            known = path in wanted.fields or path in marked
            yield FieldChange(path, before if known else _set_by_hand(before), after, cause)


def _other_secrets(
    live: GatewayObject, intent: Intent, evidence: Evidence | None, cause: Cause
) -> Iterator[FieldChange]:
    # The gateway shows two characters at each end: too little to prove that our
    # secret is there, enough to disprove it.
    if evidence is None:
        return
    for path, reference in sorted(intent.secrets.items()):
        shown = live.fields.get(path)
        # A stored snapshot does not hold even these; then the mark's digest must do.
        if shown not in (evidence.masks.get(path), HIDDEN):
            before = None if shown is None else "another secret"
            yield FieldChange(path, before, f"the secret at {reference}", cause)


def _unseen(wanted: GatewayObject, live: GatewayObject, intent: Intent) -> Iterator[FieldChange]:
    """Yield what only the digests tell apart: the secrets, or the mark itself."""
    for path, reference in sorted(intent.secrets.items()):
        yield FieldChange(path, "another secret", f"the secret at {reference}")
    if not intent.secrets:
        yield FieldChange("mark", _short(live), _short(wanted))


def same(before: JsonValue, after: JsonValue) -> bool:
    """Compare two JSON values: lists as tuples, true is not 1, wherever it stands."""
    if isinstance(before, bool) or isinstance(after, bool):
        return before is after
    if isinstance(before, list | tuple) and isinstance(after, list | tuple):
        return len(before) == len(after) and all(map(same, before, after))
    if isinstance(before, Mapping) and isinstance(after, Mapping):
        return before.keys() == after.keys() and all(same(before[n], after[n]) for n in before)
    return before == after


def redacted(item: GatewayObject, wanted: Fields) -> GatewayObject:
    """Return a live object fit for a plan file: what we did not declare or set shows as a digest.

    Nor has it the characters that LiteLLM shows of a secret.
    """
    known = wanted.keys() | (item.mark.fields if item.mark else frozenset())
    hidden = without_masks(item.fields)
    fields = {p: v if p in known else _set_by_hand(v) for p, v in hidden.items()}
    return GatewayObject(item.key, item.handle, fields, item.mark, item.address)


def _set_by_hand(value: JsonValue) -> JsonValue:
    return None if value is None else f"set by hand ({digest(value)[7:15]})"


def _cause(wanted: GatewayObject, live: GatewayObject) -> Cause:
    unchanged = wanted.mark and live.mark and wanted.mark.digest == live.mark.digest
    return Cause.DRIFT if unchanged else Cause.GIT


def _same_mark(wanted: Mark | None, live: Mark | None) -> bool:
    def compared(mark: Mark | None) -> object:
        return mark and (mark.owner, mark.name, mark.digest, mark.fields)

    return compared(wanted) == compared(live)


def _short(item: GatewayObject) -> JsonValue:
    return item.mark.digest.partition(":")[2][:12] if item.mark else None


def evidence_of(wanted: GatewayObject, secrets: Mapping[str, str]) -> Evidence:
    """Return what `secrets` (by field path) prove about `wanted`."""
    masks = {path: masked(value) for path, value in secrets.items()}
    return Evidence(keyed_digest(secrets, _covered(wanted)), masks)


def masked(secret: str) -> str:
    """Return a secret the way LiteLLM's `GET /credentials` shows it (checked by a contract test)."""
    return "*****" if len(secret) <= 4 else f"{secret[:2]}****{secret[-2:]}"


def marked(
    wanted: GatewayObject, intent: Intent, *, owner: str, revision: str, evidence: Evidence | None
) -> GatewayObject:
    """Return `wanted` with our mark on it."""
    mark = mark_for(wanted, intent, owner=owner, revision=revision, evidence=evidence)
    return replace(wanted, mark=mark)


def mark_for(
    wanted: GatewayObject, intent: Intent, *, owner: str, revision: str, evidence: Evidence | None
) -> Mark:
    """Return the mark that `wanted` is to carry."""
    with_secrets = evidence.digest if evidence else UNKNOWN_DIGEST
    proof = with_secrets if intent.secrets else wanted.proof
    fields = frozenset(wanted.fields.keys() | intent.secrets.keys())
    return Mark(owner, wanted.key.name, fields, proof, revision)


def _covered(wanted: GatewayObject) -> JsonValue:
    return str(wanted.key), wanted.handle, wanted.fields


@dataclass(frozen=True, slots=True)
class Matched:
    """The live side, sorted out.

    `ours` has one object per key; `leftovers` are further objects of ours
    under a key that `ours` has already; `unmanaged` carries no mark of ours.
    """

    ours: Mapping[ObjectKey, GatewayObject]
    leftovers: tuple[GatewayObject, ...]
    unmanaged: tuple[GatewayObject, ...]
    refusals: tuple[Refusal, ...]
    _by_name: Mapping[tuple[Kind, str], tuple[GatewayObject, ...]]

    def unmanaged_named(self, kind: Kind, handle: str) -> tuple[GatewayObject, ...]:
        return self._by_name.get((kind, handle), ())


def match(objects: Iterable[GatewayObject], owner: str) -> Matched:
    """Sort the live objects out by whose they are."""
    groups: dict[ObjectKey, list[GatewayObject]] = defaultdict(list)
    unmanaged = []
    for item in objects:
        if item.mark and item.mark.owner == owner:
            groups[ObjectKey(item.key.kind, item.mark.name)].append(item)
        else:
            unmanaged.append(item)

    ours, leftovers, refusals = {}, [], []
    for key, group in groups.items():
        newest, *rest = sorted(group, key=generation, reverse=True)
        ours[key] = newest
        if rest and KINDS[key.kind].facts.replacement:
            leftovers += rest
        elif rest:
            refusals.append(_ambiguous(key, group))
    return Matched(ours, tuple(leftovers), tuple(unmanaged), tuple(refusals), _by_name(unmanaged))


def _by_name(
    unmanaged: Iterable[GatewayObject],
) -> Mapping[tuple[Kind, str], tuple[GatewayObject, ...]]:
    named: dict[tuple[Kind, str], tuple[GatewayObject, ...]] = {}
    for item in unmanaged:
        place = item.key.kind, item.handle
        named[place] = (*named.get(place, ()), item)
    return named


def _ambiguous(key: ObjectKey, group: Iterable[GatewayObject]) -> Refusal:
    addresses = ", ".join(sorted(str(item.address) for item in group))
    return Refusal(
        AMBIGUOUS_MARK,
        str(key),
        f"several objects on the gateway carry the mark of {key}: {addresses}",
        "somebody copied one of them, mark included; delete the copy, or remove its mark, by hand",
        Scope.OBJECT,
    )

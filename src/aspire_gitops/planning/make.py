"""Make the plan: match, compare, protect, order."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from aspire_gitops.kinds import KINDS, Facts, generation, next_address, spelled_like
from aspire_gitops.planning.adoption import (
    check_adoptions,
    reset_field,
    unknown_bookings,
    unlike_warnings,
)
from aspire_gitops.planning.diff import (
    Matched,
    changed_fields,
    is_exactly,
    mark_for,
    match,
    redacted,
)
from aspire_gitops.planning.plan import (
    NAME_TAKEN,
    NO_SECRET,
    NOTHING_TO_ADOPT,
    Action,
    Change,
    FieldChange,
    Plan,
    Refusal,
    Scope,
    in_order,
)
from aspire_gitops.planning.protection import (
    LEFTOVER,
    check_lowered_caps,
    check_protection,
    forgotten_prices,
    hold,
    unknown_spend,
)
from aspire_gitops.spend import own_spends
from aspire_gitops.state import (
    Compiled,
    Evidence,
    GatewayObject,
    Intent,
    Mark,
    ObjectKey,
    Snapshot,
)
from aspire_gitops.vocabulary import StalePlan

_NO_INTENT = Intent()


def make_plan(
    compiled: Compiled,
    snapshot: Snapshot,
    *,
    owner: str,
    evidence: Mapping[ObjectKey, Evidence],
    holds_secretless: bool = False,
) -> Plan:
    """Return what would change for the gateway to be as `compiled` says.

    Args:
        compiled: What one revision asks for.
        snapshot: What is live, complete: whatever it lacks is taken to be absent.
        owner: Whose marks are ours, for example `aspire-gitops`.
        evidence: What the secrets prove, for each object whose secrets were at
            hand. Objects without it are compared on what can be read back, and
            named in `Plan.unverified`.
        holds_secretless: Hold what cannot be written for lack of its secrets, and plan the
            rest. Else such a change is planned, for those who plan where no secrets are.

    Returns:
        A plan, which may be refused (`Plan.refusals`). Making it never fails.
    """
    matched = match(snapshot.objects, owner)
    steps = [
        step
        for key, wanted in sorted(compiled.objects.items())
        for step in _Comparison(
            wanted, compiled, snapshot, matched, owner, evidence.get(key)
        ).results()
    ]
    changes = [step for step in steps if isinstance(step, Change)]
    changes += _deletions(compiled, matched)
    refusals = [
        *(step for step in steps if isinstance(step, Refusal)),
        *matched.refusals,
        *check_protection(compiled, matched.ours, changes),
        *check_lowered_caps(compiled, snapshot, changes),
        *check_adoptions(snapshot, changes),
    ]
    if holds_secretless:
        refusals += _without_secrets(changes, evidence)
    free, held = hold(in_order(changes), refusals, compiled.objects, matched.ours)
    return Plan(
        revision=str(compiled.revision),
        gateway_name=compiled.gateway.name,
        gateway_url=snapshot.gateway_url,
        owner=owner,
        based_on=snapshot.digest,
        changes=tuple(free),
        refusals=tuple(refusals),
        held=held,
        warnings=(
            *_warnings(compiled, snapshot, matched, changes),
            *unlike_warnings(own_spends(snapshot, owner)),
        ),
        unmanaged=tuple(sorted(_named(item) for item in matched.unmanaged)),
        fallbacks=tuple(sorted(snapshot.fallbacks)),
        unverified=tuple(
            sorted(k for k, i in compiled.intents.items() if i.secrets and k not in evidence)
        ),
    )


def ensure_current(plan: Plan, snapshot: Snapshot) -> None:
    """Raise StalePlan unless the gateway is exactly as it was when the plan was made."""
    if plan.based_on not in (snapshot.digest, snapshot.former_digest):
        raise StalePlan(
            f"plan {plan.id} is stale: the gateway has changed since it was made",
            help="make a new plan and have it reviewed",
        )


@dataclass(frozen=True, slots=True)
class _Comparison:
    """One desired object beside everything that a decision about it needs."""

    wanted: GatewayObject
    compiled: Compiled
    snapshot: Snapshot
    matched: Matched
    owner: str
    evidence: Evidence | None

    def results(self) -> Iterator[Change | Refusal]:
        """Yield what would change, and why it must not."""
        key = self.wanted.key
        live = self.matched.ours.get(key)
        unmanaged = self.matched.unmanaged_named(key.kind, self.wanted.handle)
        if unmanaged and self._is_anothers(unmanaged):
            return
        if not live and len(unmanaged) == 1 and self._intent.adopt:
            yield self._adopt(unmanaged[0])
            return
        if change := self._brought_up_to_date(live) if live else self._create():
            yield change
        if unmanaged:
            yield self._name_taken(unmanaged, already_ours=bool(live))
        elif not live and self._has_nothing_to_adopt:
            yield self._nothing_to_adopt()

    def _brought_up_to_date(self, live: GatewayObject) -> Change | None:
        return self._with_another_value(live) or self.update(live)

    @property
    def _facts(self) -> Facts:
        return KINDS[self.wanted.key.kind].facts

    @property
    def _intent(self) -> Intent:
        return self.compiled.intents.get(self.wanted.key, _NO_INTENT)

    def _to_be(self, address: str | None, live: GatewayObject | None = None) -> GatewayObject:
        return replace(self.wanted, address=address, mark=self._mark(live))

    def _mark(self, live: GatewayObject | None = None) -> Mark:
        intent = self._intent
        mark = mark_for(
            self.wanted,
            intent,
            owner=self.owner,
            revision=str(self.compiled.revision),
            evidence=self.evidence,
        )
        if intent.secrets and not self.evidence and live and live.mark:
            # Nothing can be said about secrets that are not at hand: take the live proof as it is.
            return replace(mark, digest=live.mark.digest)
        return mark

    @property
    def _has_nothing_to_adopt(self) -> bool:
        return bool(self._facts.value) and self._intent.adopt and self._intent.delivery is None

    def _create(self) -> Change:
        key = self.wanted.key
        fresh = self._to_be(next_address(key, self.snapshot.objects))
        return Change(Action.CREATE, key, after=fresh, intent=self._intent, reason="only in git")

    def update(self, live: GatewayObject) -> Change | None:
        adopted_by_half = self._facts.replacement is not None and not generation(live)
        if not adopted_by_half and is_exactly(self._mark(live), live, self._intent):
            return None
        if as_written := self._as_written(live):
            return as_written.update(live)
        after = self._to_be(live.address, live)
        fields = changed_fields(after, live, self._intent, self.evidence)
        if adopted_by_half:
            return self._replace(live, fields, Action.REPLACE, "its adoption was interrupted")
        if not fields:
            return None
        if self._must_replace(fields):
            return self._replace(live, fields, Action.REPLACE, "an update cannot unset this")
        return self._change(Action.UPDATE, live, after, fields)

    def _is_anothers(self, unmanaged: tuple[GatewayObject, ...]) -> bool:
        # Its value is the same for all who have the admin key, so a gateway has one of it.
        is_derived = self._facts.value is not None and self._facts.value.is_derived(self.wanted)
        return is_derived and all(item.mark for item in unmanaged)

    def _with_another_value(self, live: GatewayObject) -> Change | None:
        """Return the change of a key that does not have the value that is derived here."""
        its, address = self._facts.value, self.snapshot.derived.get(self.wanted.key, live.address)
        if its is None or address == live.address:
            return None
        fields = changed_fields(self._to_be(live.address), live, self._intent, self.evidence)
        other = FieldChange(its.field, "another value", "the one derived from the admin key")
        fields = tuple(sorted((*fields, other), key=lambda field: field.path))
        return self._change(Action.UPDATE, live, self._to_be(address), fields)

    def _as_written(self, live: GatewayObject) -> "_Comparison | None":
        """Return this with amounts spelled as on `live`, if that is what we wrote there last.

        An older release wrote them as the file did: nobody's spelling is a change.
        """
        if self._facts.amounts is None or live.mark is None:
            return None
        fields = spelled_like(self.wanted.fields, live.fields, self._facts.amounts)
        wanted = replace(self.wanted, fields=fields)
        is_ours = fields != self.wanted.fields and wanted.proof == live.mark.digest
        return replace(self, wanted=wanted) if is_ours else None

    def _adopt(self, live: GatewayObject) -> Change:
        after = self._to_be(live.address)
        fields = changed_fields(after, live, self._intent, self.evidence)
        if self._facts.replacement:
            return self._replace(live, fields, Action.ADOPT, "adopt: true")
        if self._intent.reset_spend and (reset := reset_field(self.snapshot, live)):
            fields = (*fields, reset)
        return self._change(Action.ADOPT, live, after, fields, "adopt: true")

    def _replace(
        self, live: GatewayObject, fields: tuple[FieldChange, ...], action: Action, reason: str
    ) -> Change:
        after = self._to_be(next_address(self.wanted.key, self.snapshot.objects), live)
        return self._change(action, live, after, fields, reason)

    def _change(
        self,
        action: Action,
        live: GatewayObject,
        after: GatewayObject,
        fields: tuple[FieldChange, ...],
        reason: str = "",
    ) -> Change:
        before = redacted(live, self.wanted.fields)
        return Change(action, self.wanted.key, fields, before, after, self._intent, reason)

    def _must_replace(self, fields: tuple[FieldChange, ...]) -> bool:
        return any(f.after is None and not self._facts.can_unset(f.path) for f in fields)

    def _nothing_to_adopt(self) -> Refusal:
        return Refusal(
            NOTHING_TO_ADOPT,
            str(self.wanted.key),
            f'the gateway has no {self.wanted.key.kind} called "{self.wanted.handle}", and a new one could not be delivered',
            "correct `key_alias` to the name of the key on the gateway; for a new key write"
            " `deliver: file` in place of `adopt: true`",
            Scope.OBJECT,
        )

    def _name_taken(self, unmanaged: tuple[GatewayObject, ...], *, already_ours: bool) -> Refusal:
        key, kind = self.wanted.key, KINDS[self.wanted.key.kind]
        shown = {str(item.address): kind.shown(item) for item in unmanaged}
        where = ", ".join(
            f"{name} ({what})" if what else name for name, what in sorted(shown.items())
        )
        whose = "beside ours" if already_ours else "already"
        delete = "; ".join(
            kind.delete(item)[-1].as_command(self.snapshot.gateway_url) for item in unmanaged[:3]
        )
        help_ = f"delete it by hand (`{delete}`), or rename the one in the reviewed files"
        if not already_ours and len(unmanaged) == 1:
            help_ = f"say `adopt: true` in {self._intent.source or 'its file'} to take it over, or {help_}"
        return Refusal(
            NAME_TAKEN,
            str(key),
            f'the gateway {whose} has a {key.kind} called "{self.wanted.handle}" that is not ours: {where}',
            help_,
            Scope.OBJECT,
        )


def _without_secrets(
    changes: Iterable[Change], evidence: Mapping[ObjectKey, Evidence]
) -> Iterator[Refusal]:
    for change in changes:
        secrets = change.intent.secrets if change.intent and change.after else {}
        if secrets and change.key not in evidence:
            places = " and ".join(sorted(map(str, secrets.values())))
            yield Refusal(
                NO_SECRET,
                str(change.key),
                f"its secret {places} is not at hand, so it cannot be written",
                f"set {places} where the controller runs, and restart it if that is a variable",
                Scope.OBJECT,
            )


def _deletions(compiled: Compiled, matched: Matched) -> Iterator[Change]:
    for key in sorted(matched.ours.keys() - compiled.objects.keys()):
        before = redacted(matched.ours[key], {})
        yield Change(Action.DELETE, key, before=before, reason="gone from git")
    for live in matched.leftovers:
        if live.mark:
            key = ObjectKey(live.key.kind, live.mark.name)
            yield Change(Action.DELETE, key, before=redacted(live, {}), reason=LEFTOVER)


def _warnings(
    compiled: Compiled, snapshot: Snapshot, matched: Matched, changes: Sequence[Change]
) -> Iterator[str]:
    declared, live = compiled.gateway.litellm_version, snapshot.litellm_version
    if live and live != declared:
        yield f"the gateway runs LiteLLM {live}, the reviewed files say {declared}"
    yield from _of_another(compiled, matched)
    yield from unknown_spend(snapshot, changes)
    yield from forgotten_prices(compiled, changes)
    yield from unknown_bookings(compiled, snapshot, changes)


def _of_another(compiled: Compiled, matched: Matched) -> Iterator[str]:
    for key, wanted in sorted(compiled.objects.items()):
        value = KINDS[key.kind].facts.value
        for item in matched.unmanaged_named(key.kind, wanted.handle):
            if value and value.is_derived(wanted) and item.mark:
                yield (
                    f"{key} belongs to the repository that marks as {item.mark.owner}, so no alias"
                    " of this one is probed; set `probes: off` in the policy of one of the two"
                )


def _named(item: GatewayObject) -> str:
    same_name = item.handle in ("", item.address)
    return f"{item.key.kind}/{item.handle or item.address}" + (
        "" if same_name else f" ({item.address})"
    )

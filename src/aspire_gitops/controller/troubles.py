"""List what stops calls, answers them elsewhere or leaves them uncounted, until a person ends it. Pure.

Taken from what the last turns read: the plan, the snapshot, the ledger, the deliveries.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo

from aspire_gitops.applying import DeadKey
from aspire_gitops.catalog import Catalog
from aspire_gitops.kinds.deployment import deployment_of
from aspire_gitops.kinds.key import declarations
from aspire_gitops.kinds.key_fields import key_of
from aspire_gitops.planning import NO_SECRET, Plan
from aspire_gitops.spend import OwnSpend, Verdict, usd_text, zone
from aspire_gitops.spend.calls import CallReport
from aspire_gitops.spend.wording import cents, month_text
from aspire_gitops.state import Compiled, GatewayObject, KeyFacts, ObjectKey, Snapshot
from aspire_gitops.status.figures import own_spend_text
from aspire_gitops.status.value import OtherAnswer, SpendReport, Trouble, TroubleKind
from aspire_gitops.vocabulary import moment_text, plural

_RUNS_LEDGER = (
    "make sure that every gateway process runs the compiled config.yaml, which loads the ledger"
)


@dataclass(frozen=True, slots=True)
class Known:
    """What the last turns found. `others` is who else answers each alias."""

    catalog: Catalog
    compiled: Compiled
    plan: Plan | None
    seen: Snapshot | None
    owner: str
    now: datetime
    others: Mapping[str, Sequence[OtherAnswer]]
    dead_keys: Sequence[DeadKey] = ()
    spend: SpendReport | None = None
    calls: CallReport | None = None

    @property
    def live(self) -> dict[ObjectKey, GatewayObject]:
        objects = self.seen.objects if self.seen else ()
        return {o.key: o for o in objects if o.mark and o.mark.owner == self.owner}

    @property
    def there(self) -> tzinfo | None:
        """The timezone of the gateway's people; None where it is not known."""
        gateway = self.catalog.gateway
        return zone(gateway.spec.timezone) if gateway else None

    def apps_of(self, aliases: set[str]) -> tuple[str, ...]:
        """Return the apps that may call one of these aliases."""
        apps = self.catalog.apps.items()
        return tuple(sorted(name for name, app in apps if aliases & set(app.spec.aliases)))

    def app_of_key(self, name: str) -> tuple[str, ...]:
        """Return the app that declares the key of that name, if one does."""
        return tuple(app.name for app, _ in declarations(self.catalog, name))[:1]


def troubles_of(known: Known) -> tuple[Trouble, ...]:
    """Return what a person has to end, those that stop apps first."""
    found = [
        *_budgets(known),
        *_keys(known),
        *_intruders(known),
        *_held(known),
        *_secrets(known),
        *_uncounted(known),
    ]
    return tuple(sorted(found, key=lambda one: not one.stops))


def _intruders(known: Known) -> Iterator[Trouble]:
    for alias, others in sorted(known.others.items()):
        for one in others:
            share = ""
            if one.of_calls:
                percent = round(100 * (one.calls or 0) / one.of_calls)
                share = f": {one.calls} of the last {one.of_calls} calls ({percent} %)"
            removed = (
                f"it is removed after {moment_text(one.removed_after, known.there)}; sooner: "
                if one.removed_after
                else ""
            )
            is_stopped = known.compiled.gateway.has_ledger and not one.calls
            refused = (
                ": the ledger refuses every call to the alias while that has no reviewed price"
                if is_stopped
                else ""
            )
            yield Trouble(
                TroubleKind.INTRUDER,
                str(deployment_of(alias)),
                f"deployment {one.address}, not ours, shares the calls to {alias} with"
                f" {one.model} at {one.vendor}{refused or share}",
                f"{removed}{one.command}",
                known.apps_of({alias}) if is_stopped else (),
                one.since,
            )


def _held(known: Known) -> Iterator[Trouble]:
    shared = {str(deployment_of(alias)) for alias, others in known.others.items() if others}
    live = {str(key) for key in known.live}
    for refusal in known.plan.refusals if known.plan else ():
        if refusal.object in shared or refusal.rule == NO_SECRET:
            continue  # told as what it is
        stops = () if refusal.object in live else _stopped_by(known, refusal.object)
        what = f"{refusal.rule.code} {refusal.message}"
        yield Trouble(TroubleKind.HELD, refusal.object, what, refusal.help, stops)


def _stopped_by(known: Known, name: str) -> tuple[str, ...]:
    kind, _, rest = name.partition("/")
    if name == str(deployment_of(rest)):
        return known.apps_of({rest})
    if kind == key_of("", "").kind:
        return known.app_of_key(rest)
    return known.apps_of(_aliases_with(known, rest))


def _aliases_with(known: Known, provider: str) -> set[str]:
    aliases = known.catalog.aliases.items()
    return {name for name, alias in aliases if alias.spec.target.provider == provider}


def _secrets(known: Known) -> Iterator[Trouble]:
    for key in known.plan.unverified if known.plan else ():
        intent = known.compiled.intents.get(key)
        places = " and ".join(sorted(map(str, intent.secrets.values()))) if intent else ""
        users, live = known.apps_of(_aliases_with(known, key.name)), key in known.live
        effect = (
            "calls go on with what is on the gateway, which cannot be checked or restored"
            if live
            else "it cannot be put on the gateway"
        )
        called = f" (called by {', '.join(users)})" if live and users else ""
        yield Trouble(
            TroubleKind.SECRET,
            str(key),
            f"its secret {places} is not at hand: {effect}{called}",
            f"set {places} where the controller runs, and restart it if that is a variable",
            () if live else users,
        )


def _budgets(known: Known) -> Iterator[Trouble]:
    spend = known.spend.spend if known.spend else None
    for row in spend.budgets if spend else ():
        if row.cap is not None and row.spent >= row.cap and spend:
            yield Trouble(
                TroubleKind.BUDGET,
                row.budget,
                f"{cents(row.spent)} of {cents(row.cap)} AUD are spent in {month_text(spend.month)}:"
                " its calls are refused until the month turns",
                "raise `monthly_aud` of the Budget, or give it an uplift",
                row.apps,
            )


def _keys(known: Known) -> Iterator[Trouble]:
    for one in known.dead_keys:
        stops = known.app_of_key(one.object.partition("/")[2])
        yield Trouble(TroubleKind.KEY, one.object, str(one), one.help, stops)
    for key, item in sorted(known.live.items()):
        facts = known.seen.facts_of(item) if known.seen else None
        if facts and (why := _refused(facts, known.now, known.there)):
            what, help_ = why
            yield Trouble(TroubleKind.KEY, str(key), what, help_, known.app_of_key(key.name))


def _refused(facts: KeyFacts, now: datetime, there: tzinfo | None) -> tuple[str, str] | None:
    """Return why LiteLLM refuses a key whatever the ledger says, and what to do about it."""
    if facts.blocked:
        return "LiteLLM refuses it: it is blocked", "unblock it: POST /key/unblock"
    try:
        ends = datetime.fromisoformat(facts.expires) if facts.expires else None
    except ValueError:
        ends = None
    if ends and ends.tzinfo and ends <= now:
        return (
            f"LiteLLM refuses it: it expired at {moment_text(ends, there)}",
            "clear its end: POST /key/update with `duration: null`",
        )
    if facts.spend is not None and facts.max_budget and facts.spend >= facts.max_budget:
        return (
            f"LiteLLM refuses it: it counts {facts.spend:.2f} USD, and refuses at {facts.max_budget:.2f} USD",
            "see `aspire-gitops spend`: the ledger's figure decides whether the cap is too low",
        )
    return None


def _uncounted(known: Known) -> Iterator[Trouble]:
    for own in known.spend.unlike if known.spend else ():
        yield Trouble(TroubleKind.SPEND, str(own.key), own_spend_text(own), _look_at(own))
    for key in known.spend.uncounted if known.spend else ():
        yield Trouble(
            TroubleKind.SPEND,
            key.object,
            f"its calls are answered and the ledger books none of them: LiteLLM has counted"
            f" {usd_text(key.usd)} USD since",
            _RUNS_LEDGER,
            since=key.since,
        )
    for left in known.calls.unsettled if known.calls else ():
        yield Trouble(
            TroubleKind.SPEND,
            str(deployment_of(left.alias)),
            f"{plural(left.calls, 'call')} of app {left.app} were let through and nothing was booked"
            " for them, neither by the ledger nor by LiteLLM",
            "look at the gateway's log for `aspire_ledger`: is the callback loaded, and does its"
            " database answer?",
            since=left.since,
        )


def _look_at(own: OwnSpend) -> str:
    if own.verdict is Verdict.HIGH:
        return _RUNS_LEDGER
    return "look at the gateway's log: LiteLLM does not write its spend"

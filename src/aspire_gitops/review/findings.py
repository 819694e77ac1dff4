"""What a reviewer must not miss, as diagnostics at the line that causes each: AG520 to AG539.

Never refuses: refusals are the plan's and are only placed here. `aliases` has the findings about
one alias.
"""

from collections.abc import Iterator, Sequence
from datetime import timedelta
from decimal import Decimal

from aspire_gitops.catalog import Catalog
from aspire_gitops.kinds import KINDS, parse_key
from aspire_gitops.kinds.key import declarations
from aspire_gitops.planning import CAP_BELOW_SPEND, Change, Plan
from aspire_gitops.resources import ProviderSpec
from aspire_gitops.review.comparison import Compared, Known
from aspire_gitops.review.value import AppImpact, BudgetImpact, Edit, Moved, Review, Uptime
from aspire_gitops.spend import plain
from aspire_gitops.state import Compiled
from aspire_gitops.vocabulary import Diagnostic, Rule, Severity, Span, plural

STALE = timedelta(hours=24)

VENDOR_CHANGES = Rule("AG520", "vendor-changes", Severity.WARNING)
OFFERS_LESS = Rule("AG521", "alias-offers-less", Severity.WARNING)
VECTORS_CHANGE = Rule("AG522", "vectors-change", Severity.WARNING)
MODE_CHANGES = Rule("AG523", "mode-changes", Severity.WARNING)
USED_WITHOUT_PRICE = Rule("AG524", "used-without-price", Severity.WARNING)
CAP_DATE_EARLIER = Rule("AG525", "cap-date-earlier", Severity.WARNING)
BUDGET_STOPS = Rule("AG526", "budget-stops", Severity.WARNING)
APP_STOPS = Rule("AG527", "app-stops", Severity.WARNING)
APP_REMOVED = Rule("AG528", "app-removed", Severity.WARNING)
KEY_REMOVED = Rule("AG529", "key-removed", Severity.WARNING)
ALIAS_LOST = Rule("AG530", "alias-lost", Severity.WARNING)
TOO_MUCH_DOWNTIME = Rule("AG531", "too-much-downtime", Severity.WARNING)
RATE_CHANGES = Rule("AG532", "rate-changes", Severity.WARNING)
OLD_SNAPSHOT = Rule("AG533", "old-snapshot", Severity.WARNING)
SNAPSHOT_NOT_USED = Rule("AG534", "snapshot-not-used", Severity.WARNING)
NOT_AT_BASE = Rule("AG535", "gateway-not-at-base", Severity.WARNING)
FACTS_KEPT = Rule("AG536", "swap-keeps-the-price", Severity.WARNING)
PRICE_RISES = Rule("AG537", "price-rises", Severity.WARNING)
SECRET_GOES_ELSEWHERE = Rule("AG538", "secret-goes-elsewhere", Severity.WARNING)
BILLING_CHANGES = Rule("AG539", "billing-changes", Severity.WARNING)


def findings_of(review: Review, compared: Compared) -> Iterator[Diagnostic]:
    """Yield the review's own findings, and why the plan is refused. `review` has everything else."""
    base, head = compared.base, compared.head
    if review.plan:
        yield from _refusals(review.plan, base, head)
    refused = {one.object for one in review.plan.refusals} if review.plan else set()
    for budget in review.budgets:
        yield from _budget(budget, head, is_refused=_names_a_key(budget, head, refused))
    stopped = {budget.name for budget in review.budgets if _stops(budget)}
    for app in review.apps:
        yield from _app(app, base, head, stopped)
        yield from _lost_aliases(app, compared)
    if review.uptime:
        yield from _downtime(review.uptime, head)
    yield from _rate(review.rate, head)
    yield from _addresses(base, head)
    yield from _snapshot(compared.known, head)


def pending_findings(
    plan: Plan, base: Compiled, head: Compiled, catalog: Catalog
) -> Iterator[Diagnostic]:
    """Yield a finding if the plan does more than the change under review."""
    pending = pending_changes(plan, base, head)
    if not pending:
        return
    drifted = sum(change.is_drift for change in pending)
    by_hand = f", {drifted} of them to undo what was changed by hand" if drifted else ""
    named = ", ".join(str(change.key) for change in pending[:3])
    more = ", …" if len(pending) > 3 else ""
    yield NOT_AT_BASE.at(
        gateway_place(catalog),
        f"the gateway was not at base when the snapshot was taken: {len(pending):,} of"
        f" {plural(len(plan.changes), 'planned change')} {'is' if len(pending) == 1 else 'are'} not part"
        f" of this change{by_hand} ({named}{more})",
        help="wait until the controller has applied base, then review again",
    )


def pending_changes(plan: Plan, base: Compiled, head: Compiled) -> tuple[Change, ...]:
    """Return the plan's changes of objects that base and head declare alike."""
    return tuple(
        change
        for change in plan.changes
        if base.objects.get(change.key) == head.objects.get(change.key)
    )


def _refusals(plan: Plan, base: Catalog, head: Catalog) -> Iterator[Diagnostic]:
    for refusal in plan.refusals:
        find = place_of_budget if refusal.rule is CAP_BELOW_SPEND else place_of_object
        place = find(refusal.object, base, head)
        yield refusal.rule.at(place, refusal.message, help=refusal.help)


def _names_a_key(budget: BudgetImpact, head: Catalog, refused: set[str]) -> bool:
    """Return whether the plan is refused for this budget's cap: then the refusal reports it."""
    return any(
        f"key/{app}.{key.name}" in refused
        for app in budget.apps
        if app in head.apps
        for key in head.apps[app].spec.keys
    )


def _budget(budget: BudgetImpact, head: Catalog, *, is_refused: bool) -> Iterator[Diagnostic]:
    declared = head.budgets.get(budget.name)
    if declared is None:
        return
    place, apps = declared.span("monthly_aud"), _and(budget.apps)
    if _stops(budget) and not is_refused:
        spent = "" if budget.spent is None else f", and {plain(budget.spent)} AUD are spent"
        yield BUDGET_STOPS.at(
            place,
            f'budget "{budget.name}" is {plain(budget.cap.after or Decimal(0))} AUD this month'
            f"{spent}: {apps} cannot call anything until next month",
            help="choose a cap above what is spent, or merge next month",
        )
    reach = budget.reach
    if not _stops(budget) and reach and reach.before and reach.after and reach.after.likely:
        before, after = reach.before.likely, reach.after.likely
        if before is None or after < before:
            instead = f"on {before}" if before else "not this month"
            yield CAP_DATE_EARLIER.at(
                place,
                f'budget "{budget.name}" is likely to be spent on {after} (before the change:'
                f" {instead}): from then on {apps} cannot call anything",
                help="raise the cap or add an uplift in the same change, or tell the apps' owners",
            )


def _stops(budget: BudgetImpact) -> bool:
    cap = budget.cap
    return bool(budget.apps) and (budget.stops_at_once or (bool(cap.before) and cap.after == 0))


def _app(app: AppImpact, base: Catalog, head: Catalog, stopped: set[str]) -> Iterator[Diagnostic]:
    if app.edit is Edit.REMOVED:
        declared = base.apps[app.name]
        keys = len(declared.spec.keys)
        yield APP_REMOVED.at(
            declared.span("name"),
            f'app "{app.name}" of {app.owner} is removed: {"its key is" if keys == 1 else f"its {keys} keys are"}'
            " deleted, and its calls are refused",
            help=f"ask {app.owner} whether it is gone for good; a deleted key cannot be restored",
        )
        return
    after = head.apps[app.name]
    if app.stops and after.spec.budget not in stopped:
        yield APP_STOPS.at(
            after.span("budget"),
            f'app "{app.name}" cannot call anything after the change: {app.stops}',
            help="give it a budget with money left, or aliases that exist",
        )
    if app.keys_lost and app.edit is Edit.CHANGED:
        yield KEY_REMOVED.at(
            after.span("keys"),
            f'app "{app.name}" loses {these("key", app.keys_lost)}: '
            f"calls with {'it' if len(app.keys_lost) == 1 else 'them'} are refused",
            help="hand the new key over first, and remove the old one in a later change",
        )


def _lost_aliases(app: AppImpact, compared: Compared) -> Iterator[Diagnostic]:
    """Yield each alias that an app called lately and may not call after the change."""
    after, repricing = compared.head.apps.get(app.name), compared.repricing
    if after is None or repricing is None:
        return
    for name in app.aliases_lost:
        calls = sum(r.usage.calls for r in repricing.of_app(app.name) if r.usage.alias == name)
        if calls:
            traffic = repricing.traffic
            yield ALIAS_LOST.at(
                after.span("aliases"),
                f'app "{app.name}" may no longer call alias "{name}", which it called {calls:,}'
                f" {'time' if calls == 1 else 'times'} from {traffic.since} to {traffic.until}",
                help=f"ask {app.owner} whether it has moved to another alias",
            )


def _downtime(uptime: Uptime, head: Catalog) -> Iterator[Diagnostic]:
    left = uptime.left_s
    if left is None:
        left = uptime.allowed_s - uptime.seconds  # certain even without knowing the month so far
    if uptime.seconds and left < 0:
        used = f", of which {uptime.used_s:.0f} are used" if uptime.used_s is not None else ""
        yield TOO_MUCH_DOWNTIME.at(
            gateway_place(head, path=_path(uptime)),
            f"a {uptime.effect} takes {uptime.seconds} s, and {uptime.allowed_s} s a month are"
            f" allowed{used}",
            help="merge next month, or raise"
            " `availability.max_downtime_minutes_per_month` with its users' consent",
        )


def _path(uptime: Uptime) -> tuple[str, ...]:
    _, _, path = uptime.because[0].partition(": ") if uptime.because else ("", "", "")
    return tuple(path.split(".")) if path else ("availability",)


def _rate(rate: Moved[Decimal], head: Catalog) -> Iterator[Diagnostic]:
    before, after = rate.before, rate.after
    if not (before and after) or before == after:
        return
    percent = (before / after - 1) * 100
    dearer = f"{abs(percent):.1f} % {'more' if percent > 0 else 'less'}"
    caps = (after / before - 1) * 100
    yield RATE_CHANGES.at(
        gateway_place(head, path=("exchange", "usd_per_aud")),
        f"an Australian dollar buys {plain(after)} US dollars in place of {plain(before)}: every"
        f" call costs {dearer} in AUD, and every cap buys {abs(caps):.1f} % {'less' if caps < 0 else 'more'}",
        help="check which caps are reached earlier; caps are in AUD and do not change",
    )


def _addresses(base: Catalog, head: Catalog) -> Iterator[Diagnostic]:
    """Yield each provider that is called at another address, or a secret of before is sent to."""
    known: dict[str, set[str]] = {}
    for provider in base.providers.values():
        if not provider.spec.deferred:
            known.setdefault(_held(provider.spec), set()).add(_address(provider.spec))
    for name, after in head.providers.items():
        before, now, held = base.providers.get(name), _address(after.spec), _held(after.spec)
        was = known.get(held) or ({_address(before.spec)} if before else set())
        if after.spec.deferred or not was or now in was:
            continue
        secret = f"the secret at {held}, and " if held in known else ""
        yield SECRET_GOES_ELSEWHERE.at(
            after.span("base_url"),
            f'provider "{name}" is at {now}, and was at {" and ".join(sorted(was))}: {secret}all that'
            " apps send to its aliases goes there",
            help="make sure that the new address is the vendor's own; if not, give it a secret of its own",
        )


def _held(provider: ProviderSpec) -> str:
    return ":".join(next(iter(provider.credential)))


def _address(provider: ProviderSpec) -> str:
    return str(provider.base_url).rstrip("/")


def _snapshot(known: Known, head: Catalog) -> Iterator[Diagnostic]:
    if known.rejected:
        yield SNAPSHOT_NOT_USED.at(
            gateway_place(head, path=("url",)),
            f"the snapshot is not used: {known.rejected}",
            help="use the snapshot that the controller of this gateway publishes",
        )
    live = known.live
    if live and live.age > STALE:
        yield OLD_SNAPSHOT.at(
            gateway_place(head),
            f"the snapshot is {_age(live.age)} old: what is live, spent and used may have changed",
            help="check with `aspire-gitops status` whether the controller still publishes it",
        )


def _age(age: timedelta) -> str:
    hours = int(age / timedelta(hours=1))
    return plural(hours, "hour") if hours < 48 else plural(hours // 24, "day")


def these(word: str, names: Sequence[str]) -> str:
    """Return `app "a"`, or `apps "a", "b"`."""
    quoted = ", ".join(f'"{name}"' for name in names)
    return f"{word} {quoted}" if len(names) == 1 else f"{word}s {quoted}"


def _and(names: tuple[str, ...]) -> str:
    return these("app", names) if names else "its apps"


def place_of_object(name: str, base: Catalog, head: Catalog) -> Span:
    """Return the place of an object as plans write it: `deployment/x`, `key/app.key`, `gateway/x`."""
    for catalog in (head, base):
        if place := _in(catalog, name):
            return place
    return gateway_place(head, base)


def place_of_budget(key: str, base: Catalog, head: Catalog) -> Span:
    """Return the cap of the budget that pays for a key."""
    for catalog in (head, base):
        for app, _ in declarations(catalog, parse_key(key).name):
            if budget := catalog.budgets.get(app.spec.budget):
                return budget.span("monthly_aud")
    return place_of_object(key, base, head)


def gateway_place(*catalogs: Catalog, path: tuple[str, ...] = ("name",)) -> Span:
    """Return the place of the Gateway, in the first catalog that has one."""
    gateway = next((catalog.gateway for catalog in catalogs if catalog.gateway), None)
    return gateway.span(*path) if gateway else Span("gateway.yaml")


def _in(catalog: Catalog, name: str) -> Span | None:
    try:
        key = parse_key(name)
    except ValueError:
        return None  # `gateway/…` is not an object
    return KINDS[key.kind].place(catalog, key.name)

"""What an app's files say, as the fields of its keys. Pure.

LiteLLM counts each key for itself, in US dollars: every key carries its
budget's whole cap, converted at the reviewed rate and rounded down. Where a
ledger enforces the budget, that cap is a backstop above it.
"""

from datetime import date, datetime, time, timedelta
from decimal import ROUND_DOWN, Decimal
from zoneinfo import ZoneInfo

from aspire_gitops.catalog import Declared
from aspire_gitops.delivery.base import DeliveryTarget
from aspire_gitops.delivery.registry import own_place
from aspire_gitops.kinds.base import Desired, Reviewed
from aspire_gitops.kinds.fields import stated
from aspire_gitops.resources import (
    PROBE_APP,
    PROBE_KEY_NAME,
    AppLimitsSpec,
    AppSpec,
    BudgetSpec,
    DeliverySpec,
    GatewaySpec,
    KeySpec,
    ProbesSpec,
)
from aspire_gitops.state import GatewayObject, Intent, Kind, ObjectKey
from aspire_ledger.canonical import JsonValue
from aspire_ledger.contract import allowed_routes
from aspire_ledger.money import Aud, ExchangeRate, json_number

PROBE_KEY = ObjectKey(Kind.KEY, PROBE_KEY_NAME)
PURPOSE = "metadata.purpose"
_NOBODY = "nobody@localhost"  # owns the key where the Gateway names no owner

CALENDAR_MONTH = "1mo"  # the one spelling that LiteLLM resets on the 1st; "1month" means daily


def key_of(app: str, key: str) -> ObjectKey:
    """Return the name of one key of an app; `key` is what the app's file calls it."""
    return ObjectKey(Kind.KEY, f"{app}.{key}")


def compile_key(
    app: Declared[AppSpec],
    key: KeySpec,
    modes: frozenset[str],
    reviewed: Reviewed,
    elsewhere: DeliverySpec | None,
) -> Desired:
    """Compile one key. Its value is chosen when it is applied.

    Args:
        app: The app.
        key: One entry of its list.
        modes: Those of the app's aliases: they decide which paths the key may call.
        reviewed: Everything else that the revision says.
        elsewhere: The Delivery of the key, where there is one.
    """
    budget = reviewed.catalog.budgets[app.spec.budget].spec
    metadata = _metadata(app.spec, budget, reviewed.exchange, reviewed.gateway)
    fields = stated(
        {
            **_permissions(app.spec, modes),
            **_cap(budget, reviewed.exchange, reviewed.gateway, reviewed.today),
            **_limits(app.spec.limits or AppLimitsSpec()),
            **{f"metadata.{path}": value for path, value in metadata.items()},
        }
    )
    name = key_of(app.name, key.name)
    wanted = GatewayObject(name, key.key_alias or name.name, fields)
    intent = Intent(
        adopt=key.is_adopted,
        reset_spend=key.resets_spend,
        delivery=_delivery(app.name, key, elsewhere),
        source=app.document.path,
    )
    return wanted, intent


def compile_probe_key(reviewed: Reviewed, probes: ProbesSpec) -> Desired:
    """Compile the key of the controller's own calls. Its value is derived, so nobody is handed it.

    It lists the hidden name of each alias too, so that no promotion has to write a key.
    """
    aliases = reviewed.catalog.aliases
    app = AppSpec(
        kind="App",
        name=PROBE_APP,
        owner=reviewed.gateway.owner or _NOBODY,
        aliases=tuple(aliases),
        budget=PROBE_APP,
        keys=(KeySpec(name="probe"),),
    )
    budget = BudgetSpec(
        kind="Budget",
        name=PROBE_APP,
        monthly_aud=str(probes.monthly_aud),  # type: ignore[arg-type]  # as in a file
    )
    metadata = _metadata(app, budget, reviewed.exchange, reviewed.gateway)
    fields = stated(
        {
            **_permissions(app, frozenset(alias.spec.mode for alias in aliases.values())),
            "models": tuple(sorted((*aliases, *map(hidden_name, aliases)))),
            **_cap(budget, reviewed.exchange, reviewed.gateway, reviewed.today),
            **{f"metadata.{path}": value for path, value in metadata.items()},
            PURPOSE: "probe",
        }
    )
    path = reviewed.catalog.gateway.document.path if reviewed.catalog.gateway else ""
    return GatewayObject(PROBE_KEY, PROBE_KEY.name, fields), Intent(source=path)


def hidden_name(alias: str) -> str:
    """Return the model name under which a new target of an alias is tried. No alias has a colon."""
    return f"candidate:{alias}"


def is_derived(item: GatewayObject) -> bool:
    """Say whether a key's value is derived from the admin key: the one of our own calls."""
    return item.key == PROBE_KEY


def _permissions(app: AppSpec, modes: frozenset[str]) -> dict[str, JsonValue]:
    return {
        "models": tuple(sorted(set(app.aliases))),  # empty would mean every model
        "allowed_routes": allowed_routes(modes),
        "metadata.disable_fallbacks": True,  # refuses fallbacks that a caller sends along
    }


def _cap(
    budget: BudgetSpec, exchange: ExchangeRate, gateway: GatewaySpec, today: date
) -> dict[str, JsonValue]:
    amount = budget.monthly_aud
    if budget.uplift and today <= budget.uplift.expires:
        amount += budget.uplift.aud
    factor = gateway.ledger.backstop_factor if gateway.ledger else Decimal(1)
    return {
        "max_budget": json_number(exchange.cap_in_usd(Aud(amount * factor)), rounding=ROUND_DOWN),
        "budget_duration": CALENDAR_MONTH,
    }


def _limits(limits: AppLimitsSpec) -> dict[str, JsonValue]:
    return {
        "rpm_limit": limits.requests_per_minute,
        "tpm_limit": limits.tokens_per_minute,
        "max_parallel_requests": limits.parallel_requests,
    }


def _metadata(
    app: AppSpec, budget: BudgetSpec, exchange: ExchangeRate, gateway: GatewaySpec
) -> dict[str, JsonValue]:
    # What the ledger inside the gateway reads: it sees a call's key and nothing else of ours.
    return {
        "app": app.name,
        "owner": app.owner,
        "budget": budget.name,
        "monthly_aud": str(budget.monthly_aud),
        "usd_per_aud": str(exchange.usd_per_aud),
        "timezone": gateway.timezone,
        "warn_at_percent": tuple(sorted(set(budget.warn_at_percent))),
        **(_for_the_ledger(app, budget, gateway.timezone) if gateway.ledger else {}),
    }


def _for_the_ledger(app: AppSpec, budget: BudgetSpec, timezone: str) -> dict[str, JsonValue]:
    # The ledger turns both on and off by itself, at midnight, without a new plan.
    uplift, unknown = budget.uplift, app.unknown_parameters
    return {
        "budget_mode": budget.admission,
        "uplift_aud": str(uplift.aud) if uplift else None,
        "uplift_until": _midnight_after(uplift.expires, timezone) if uplift else None,
        "unknown_parameters_until": _midnight_after(unknown.until, timezone) if unknown else None,
    }


def _midnight_after(day: date, timezone: str) -> str:
    return datetime.combine(day + timedelta(days=1), time(), ZoneInfo(timezone)).isoformat()


def _delivery(app: str, key: KeySpec, elsewhere: DeliverySpec | None) -> DeliveryTarget | None:
    if elsewhere and elsewhere.targets:
        return elsewhere.targets[0]
    # An app names no path; the long form was held to this one by `validation`.
    return own_place(app, key.name) if key.deliver else None

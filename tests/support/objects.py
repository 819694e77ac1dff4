"""Short ways to say what is desired and what is live, for tests of planning and applying."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from tempfile import gettempdir

from aspire_gitops.delivery.opening import deliveries_in
from aspire_gitops.delivery.registry import file_target
from aspire_gitops.kinds import next_address
from aspire_gitops.planning import evidence_of, marked
from aspire_gitops.state import (
    Approved,
    Compiled,
    GatewayObject,
    GatewayTarget,
    Intent,
    Kind,
    ObjectKey,
    SecretReference,
    Snapshot,
)
from aspire_gitops.vocabulary import Revision
from aspire_ledger.canonical import JsonValue
from aspire_ledger.contract import allowed_routes
from aspire_ledger.money import ExchangeRate

OWNER = "aspire-gitops"
IN_TEMPORARY = deliveries_in(Path(gettempdir()).resolve())  # where tests keep their files
NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
RATE = ExchangeRate(Decimal("0.6512"), date(2026, 11, 20), "RBA F11.1", 45)
SECRET_PATH = "credential_values.api_key"


def credential(name: str = "acme", **fields: JsonValue) -> GatewayObject:
    values: dict[str, JsonValue] = {"credential_values.api_base": f"https://{name}.example/v1"}
    values |= {f"credential_values.{key}": value for key, value in fields.items()}
    return GatewayObject(ObjectKey(Kind.CREDENTIAL, name), f"gw.{name}", values)


def deployment(name: str = "chat", provider: str = "acme", **params: JsonValue) -> GatewayObject:
    fields: dict[str, JsonValue] = {
        "litellm_params.model": f"openai/{name}-1",
        "litellm_params.api_base": f"https://{provider}.example/v1",
        "litellm_params.litellm_credential_name": f"gw.{provider}",
        "litellm_params.input_cost_per_token": 1e-06,
        "litellm_params.output_cost_per_token": 2e-06,
        "model_info.mode": "chat",
    }
    fields |= {f"litellm_params.{key}": value for key, value in params.items()}
    return GatewayObject(ObjectKey(Kind.DEPLOYMENT, name), name, fields)


def app_key(
    app: str = "shop", key: str = "main", *, models: Iterable[str] = ("chat",), **fields: JsonValue
) -> GatewayObject:
    values: dict[str, JsonValue] = {
        "models": tuple(sorted(models)),
        "max_budget": 65.12,
        "budget_duration": "1mo",
        "allowed_routes": allowed_routes({"chat"}),
        "metadata.disable_fallbacks": True,
        "metadata.app": app,
    }
    return GatewayObject(ObjectKey(Kind.KEY, f"{app}.{key}"), f"{app}.{key}", values | fields)


def compiled(
    *objects: GatewayObject,
    intents: Mapping[ObjectKey, Intent] | None = None,
    approvals: tuple[Approved, ...] = (),
    max_deletions: int = 5,
) -> Compiled:
    target = GatewayTarget("test", "http://gateway.test/v1", "1.106.2", max_deletions, RATE)
    return Compiled(
        revision=Revision("main", "4f2c9d1" + "0" * 33),
        gateway=target,
        objects={item.key: item for item in objects},
        intents=(intents or {}),
        approvals=approvals,
        config_yaml="",
    )


def with_intents(made: Compiled, folder: str = "/nowhere") -> Compiled:
    """Give each credential a secret in the environment, and each key a file to go to."""
    intents = dict(made.intents)
    for key in made.objects:
        if key.kind is Kind.CREDENTIAL:
            reference = SecretReference("env", f"{key.name.upper().replace('-', '_')}_KEY")
            intents.setdefault(key, Intent(secrets={SECRET_PATH: reference}))
        elif key.kind is Kind.KEY:
            intents.setdefault(key, Intent(delivery=file_target(f"{folder}/{key.name}")))
    return replace(made, intents=intents)


def snapshot(*objects: GatewayObject) -> Snapshot:
    return Snapshot("http://gateway.test", "1.106.2", NOON, objects)


def as_applied(
    made: Compiled, secrets: Mapping[ObjectKey, Mapping[str, str]] | None = None
) -> Snapshot:
    """Return the snapshot of a gateway right after `made` was applied to an empty one."""
    return snapshot(*(applied(item, made, secrets) for item in made.objects.values()))


def applied(
    item: GatewayObject,
    made: Compiled | None = None,
    secrets: Mapping[ObjectKey, Mapping[str, str]] | None = None,
    *,
    owner: str = OWNER,
) -> GatewayObject:
    """Return `item` as it is live: marked, with an address, secrets masked."""
    intent = made.intents.get(item.key, Intent()) if made else Intent()
    values = (secrets or {}).get(item.key, {})
    evidence = evidence_of(item, values) if values else None
    live = marked(item, intent, owner=owner, revision="main@sha1:old", evidence=evidence)
    address = next_address(item.key, ()) or f"{abs(hash(item.key.name)):064x}"
    shown = dict(evidence.masks) if evidence else {}
    return replace(live, address=address, fields={**item.fields, **shown})


def unmanaged(item: GatewayObject, address: str = "made-by-hand") -> GatewayObject:
    return replace(item, key=ObjectKey(item.key.kind, item.handle), mark=None, address=address)


def changed(item: GatewayObject, **fields: JsonValue) -> GatewayObject:
    """Return a live object after somebody changed it by hand; `__` stands for the dot, None unsets."""
    paths = {path.replace("__", "."): value for path, value in fields.items()}
    kept = {path: value for path, value in {**item.fields, **paths}.items() if value is not None}
    return replace(item, fields=kept)

"""Who plays in a rehearsal, and compiled objects pointed at its sandbox: other addresses, fake secrets, deliveries in a folder."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import PurePath

from aspire_gitops.delivery.registry import file_target
from aspire_gitops.kinds import PROBE_KEY
from aspire_gitops.kinds.deployment import API_BASE, CREDENTIAL, MODEL
from aspire_gitops.rehearsal.attacks import CallType, Names
from aspire_gitops.rehearsal.checks import Route
from aspire_gitops.rehearsal.environment import AppCall, Environment
from aspire_gitops.state import (
    Compiled,
    GatewayObject,
    Intent,
    Kind,
    ObjectKey,
    SecretReference,
    of_kind,
)
from aspire_ledger.canonical import JsonValue

_WITHOUT_V1 = {"anthropic"}  # LiteLLM appends /v1 itself for these


@dataclass(frozen=True, slots=True)
class Redirected:
    """Compiled objects for the sandbox, and the fake secrets that they refer to."""

    compiled: Compiled
    secrets: Mapping[ObjectKey, Mapping[str, str]] = field(repr=False)  # by field path


def redirect(
    compiled: Compiled, upstream_url: str, folder: PurePath, new_secret: Callable[[str], str]
) -> Redirected:
    """Return `compiled` with every road out of the machine bent back to `upstream_url`.

    Args:
        compiled: What one revision asks for.
        upstream_url: The stand-in for every provider, without a path.
        folder: Where fake secrets and delivered keys go; below it, nothing else.
        new_secret: Makes a fake secret for a protocol such as `anthropic`.
    """
    protocols = _protocols(compiled)
    objects = {
        key: replace(item, fields=_fields(item, upstream_url, protocols))
        for key, item in compiled.objects.items()
    }
    intents = {key: _intent(key, intent, folder) for key, intent in compiled.intents.items()}
    secrets = {
        key: {path: new_secret(protocols.get(key.name, "openai")) for path in intent.secrets}
        for key, intent in compiled.intents.items()
        if intent.secrets
    }
    return Redirected(replace(compiled, objects=objects, intents=intents), secrets)


def provider_of(item: GatewayObject) -> str:
    """Return the provider of a deployment, by its credential."""
    return str(item.fields.get(CREDENTIAL, "")).removeprefix("gw.")


def upstream_model(item: GatewayObject) -> str:
    """Return the provider's own name for a deployment's model: without LiteLLM's protocol."""
    return str(item.fields.get(MODEL, "")).partition("/")[2]


def swapped(
    compiled: Compiled, alias: ObjectKey, other: ObjectKey
) -> tuple[Compiled, GatewayObject]:
    """Return `compiled` with the target of `other` behind `alias`, and the edited object."""
    target = compiled.objects[other].fields
    fields = dict(compiled.objects[alias].fields)
    for path in (MODEL, API_BASE, CREDENTIAL):
        fields[path] = target[path]
    edited = replace(compiled.objects[alias], fields=fields)
    return replace(compiled, objects={**compiled.objects, alias: edited}), edited


def _protocols(compiled: Compiled) -> Mapping[str, str]:
    """Return each provider's wire protocol. LiteLLM writes it in front of the model."""
    deployments = of_kind(Kind.DEPLOYMENT, compiled.objects.values())
    return {
        provider_of(item): str(item.fields.get(MODEL, "")).partition("/")[0] for item in deployments
    }


def _fields(
    item: GatewayObject, upstream_url: str, protocols: Mapping[str, str]
) -> Mapping[str, JsonValue]:
    provider = provider_of(item) if CREDENTIAL in item.fields else item.key.name
    version = "" if protocols.get(provider) in _WITHOUT_V1 else "/v1"
    base = f"{upstream_url}/{provider}{version}"
    return {
        path: base if path.endswith(".api_base") else value for path, value in item.fields.items()
    }


def _intent(key: ObjectKey, intent: Intent, folder: PurePath) -> Intent:
    secrets = {path: secret_reference(key, path, folder) for path in intent.secrets}
    delivery = intent.delivery and file_target(str(keys_folder(folder) / key.name))
    return replace(intent, secrets=secrets, delivery=delivery)


def keys_folder(folder: PurePath) -> PurePath:
    """Return where the keys of a rehearsal are delivered."""
    return folder / "keys"


def secret_reference(key: ObjectKey, path: str, folder: PurePath) -> SecretReference:
    """Return where the fake secret of one field is kept."""
    return SecretReference("file", str(folder / "secrets" / f"{key.name}.{path}"))


_TARGET = {MODEL, API_BASE, CREDENTIAL}


def app_keys(compiled: Compiled) -> tuple[GatewayObject, ...]:
    """Return every app's keys, in order. That of our own calls is no app's."""
    keys = of_kind(Kind.KEY, compiled.objects.values())
    return tuple(item for item in keys if item.key != PROBE_KEY)


def deployments(compiled: Compiled) -> Mapping[str, GatewayObject]:
    """Return the deployments by their aliases."""
    found = of_kind(Kind.DEPLOYMENT, compiled.objects.values())
    return {item.key.name: item for item in found}


def listed(key: GatewayObject) -> tuple[str, ...]:
    """Return the aliases that a key may call."""
    models = key.fields.get("models")
    return tuple(map(str, models)) if isinstance(models, list | tuple) else ()


def call_of(key: GatewayObject, deployment: GatewayObject, **extra: list[str]) -> AppCall:
    """Return the call that fits the alias: chat (with an image if it sees), embedding, OCR, image."""
    return AppCall(
        key=key.key,
        model=deployment.handle,
        mode=str(deployment.fields.get("model_info.mode", "chat")),
        vision=deployment.fields.get("model_info.supports_vision") is True,
        extra=dict(extra),
    )


def route_of(environment: Environment, deployment: GatewayObject) -> Route:
    """Return where calls to an alias must arrive."""
    provider = provider_of(deployment)
    return Route(
        alias=deployment.handle,
        model_id=environment.addresses().get(deployment.key, "a missing object"),
        provider=provider,
        model=upstream_model(deployment),
        credential=environment.secret_of(provider),
    )


def not_listed(compiled: Compiled, key: GatewayObject) -> str:
    """Return a model that a key may not call: another alias, or the name behind one of its own."""
    known = deployments(compiled)
    others = [alias for alias in known if alias not in listed(key)]
    return others[0] if others else str(next(iter(known.values())).fields[MODEL])


def one_caller_for_each_provider(
    compiled: Compiled,
) -> Mapping[str, tuple[GatewayObject, GatewayObject]]:
    """Return for each provider a key and a deployment of it, the key with most other aliases first."""
    known = deployments(compiled)
    found: dict[str, tuple[GatewayObject, GatewayObject]] = {}
    for key in sorted(app_keys(compiled), key=lambda item: -len(listed(item))):
        for alias in listed(key):
            found.setdefault(provider_of(known[alias]), (key, known[alias]))
    return found


def swaps(
    compiled: Compiled,
) -> Iterator[tuple[GatewayObject, GatewayObject, GatewayObject]]:
    """Yield (key, deployment, other): `other` has another provider and could stand behind the alias."""
    known = deployments(compiled)
    for key in app_keys(compiled):
        for alias in listed(key):
            for other in known.values():
                if _fits(known[alias], other):
                    yield key, known[alias], other


def _fits(one: GatewayObject, other: GatewayObject) -> bool:
    return (
        provider_of(one) != provider_of(other)
        and one.fields.get("model_info.mode") == other.fields.get("model_info.mode")
        and one.fields.keys() >= _TARGET
        and other.fields.keys() >= _TARGET
    )


def attacked_with(
    compiled: Compiled, key: GatewayObject, call: CallType, elsewhere: str
) -> Names | None:
    """Return the alias that a key attacks through, and the one that it is after.

    The alias answers this type of call, by the call's own protocol if there is such a
    one. The other is not the key's, and of another provider if there is such a one.
    """
    known = deployments(compiled)
    own = [known[alias] for alias in listed(key) if _mode(known[alias]) == call.mode]
    if not own:
        return None
    alias = min(own, key=lambda item: (_protocol(item) != call.api, item.handle))
    unlisted = [item for name, item in known.items() if name not in listed(key)]
    unlisted = unlisted or [item for item in known.values() if item is not alias]
    if not unlisted:
        return None
    other = min(unlisted, key=lambda item: (provider_of(item) == provider_of(alias), item.handle))
    credential = str(other.fields.get(CREDENTIAL, ""))
    return Names(alias.handle, other.handle, credential, elsewhere)


def _mode(item: GatewayObject) -> str:
    return str(item.fields.get("model_info.mode", "chat"))


def _protocol(item: GatewayObject) -> str:
    return str(item.fields.get(MODEL, "")).partition("/")[0]

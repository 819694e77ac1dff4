"""Point compiled objects at a sandbox: other addresses, fake secrets, deliveries in a folder.

Pure: returns what to write where, and writes nothing. Everything else about an
object (prices, budgets, limits, aliases) stays as the reviewed files say.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import PurePath

from aspire_gitops.delivery.registry import file_target
from aspire_gitops.kinds.deployment import API_BASE, CREDENTIAL, MODEL
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

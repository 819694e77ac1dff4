"""Choose what a rehearsal uses: keys, the aliases they may call, and pairs to swap. Pure."""

from collections.abc import Iterator, Mapping

from aspire_gitops.kinds.deployment import API_BASE, CREDENTIAL, MODEL
from aspire_gitops.rehearsal.attacks import CallType, Names
from aspire_gitops.rehearsal.checks import Route
from aspire_gitops.rehearsal.environment import AppCall, Environment
from aspire_gitops.rehearsal.redirect import provider_of, upstream_model
from aspire_gitops.state import Compiled, GatewayObject, Kind, of_kind

_TARGET = {MODEL, API_BASE, CREDENTIAL}


def app_keys(compiled: Compiled) -> tuple[GatewayObject, ...]:
    """Return every app's keys, in order."""
    return of_kind(Kind.KEY, compiled.objects.values())


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

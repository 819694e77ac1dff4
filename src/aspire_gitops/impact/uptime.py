"""What has to happen for a change to be in force, and what that costs of the month's downtime."""

from collections.abc import Iterable, Iterator

from aspire_gitops.compiling.config import compile_config
from aspire_gitops.impact.known import Known
from aspire_gitops.impact.review import Effect, ResourceEdit, Uptime
from aspire_gitops.resources import GatewaySpec, ResourceKind
from aspire_gitops.state import Compiled

_SECONDS_PER_MINUTE = 60


def uptime_of(
    base: Compiled,
    head: Compiled,
    gateways: tuple[GatewaySpec, GatewaySpec],
    edits: Iterable[ResourceEdit],
    known: Known,
) -> Uptime:
    """Return the effect of the change from `base` to `head`, whatever else is pending or drifted."""
    before, after = gateways
    effect, fields = _effect(base, head, before, after)
    seconds = {
        Effect.RESTART: after.availability.restart_seconds,
        Effect.REDEPLOY: after.availability.redeploy_seconds,
    }.get(effect, 0)
    seen = known.downtime
    return Uptime(
        effect=effect,
        because=tuple(_because(effect, fields, after.name, edits)),
        seconds=seconds,
        allowed_s=after.availability.max_downtime_minutes_per_month * _SECONDS_PER_MINUTE,
        used_s=seen.seconds if seen else None,
        watched_since=seen.watched_since if seen else None,
    )


def _effect(
    base: Compiled, head: Compiled, before: GatewaySpec, after: GatewaySpec
) -> tuple[Effect, tuple[str, ...]]:
    if before.litellm != after.litellm:
        return Effect.REDEPLOY, ("litellm.version",)
    if (before.ledger is None) != (after.ledger is None):
        return Effect.REDEPLOY, ("ledger",)  # its process needs other packages and variables
    if base.config_yaml != head.config_yaml:
        return Effect.RESTART, tuple(_in_config(before, after, head.config_yaml))
    return (Effect.HOT if _differ(base, head) else Effect.NONE), ()


def _in_config(before: GatewaySpec, after: GatewaySpec, text: str) -> Iterator[str]:
    """Yield the fields of the Gateway that `config.yaml` differs by."""
    for name in sorted(GatewaySpec.model_fields):
        old = getattr(before, name)
        if old == getattr(after, name):
            continue
        if compile_config(after.model_copy(update={name: old})) != text:
            yield name


def _differ(base: Compiled, head: Compiled) -> bool:
    if base.objects != head.objects:
        return True
    # The same fields with another secret, or with a value that is handed over elsewhere.
    return any(
        (intent.secrets, intent.delivery) != (head.intents[key].secrets, head.intents[key].delivery)
        for key, intent in base.intents.items()
    )


def _because(
    effect: Effect, fields: Iterable[str], gateway: str, edits: Iterable[ResourceEdit]
) -> Iterator[str]:
    if effect is Effect.HOT:
        yield from (
            f"{str(edit.kind).lower()}/{edit.name}"
            for edit in edits
            if edit.kind is not ResourceKind.APPROVAL
        )
    yield from (f"gateway/{gateway}: {name}" for name in fields)

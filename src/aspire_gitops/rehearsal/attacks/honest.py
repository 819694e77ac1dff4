"""Honest calls: what must be served. A gateway that refuses everything withstands every attack."""

from collections.abc import Iterator

from aspire_gitops.rehearsal.attacks.calls import (
    CALL_TYPES,
    IMAGE_STREAM,
    MESSAGES,
    TEXT_STREAMS,
    TEXTS,
    limit_of,
)
from aspire_gitops.rehearsal.attacks.values import Attack, AttackKind


def honest() -> Iterator[Attack]:
    for call in CALL_TYPES:
        if call is not IMAGE_STREAM:  # which LiteLLM cannot pass on
            yield Attack(AttackKind.HONEST, "the smallest body", call)
    for call in (*TEXTS, *TEXT_STREAMS):
        if call.path == MESSAGES.path:  # which has no default
            yield Attack(AttackKind.HONEST, "a high limit", call, {limit_of(call): 64_000})
        else:
            yield Attack(AttackKind.HONEST, "without a limit", call, drop=(limit_of(call),))
    for call in TEXT_STREAMS[:2]:
        silent = {"stream_options": {"include_usage": False}}
        yield Attack(AttackKind.HONEST, "wants no usage in its stream", call, silent)

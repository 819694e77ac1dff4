"""What a request to LiteLLM asks for, read from the data of its pre-call hook.

The body is the client's: nothing in it is believed but what it asks for. Text is
measured and forgotten; nothing of it is kept.
"""

from collections.abc import Mapping, MutableMapping
from typing import Any

from aspire_gitops.ledger.litellm import refusals
from aspire_gitops.ledger.litellm.ended import ID
from aspire_gitops.ledger.litellm.refusals import Refusal

# LiteLLM keeps its own notes on a request in one of these; the other is the client's.
_SLOTS = ("litellm_metadata", "metadata")
_LOGGED = "spend_logs_metadata"  # the part of it that LiteLLM writes into its log of spend


def objection(data: Mapping[str, Any], route: str) -> Refusal | None:
    """Return why a request cannot be counted as one call of one alias, or None."""
    alias = data.get("model")
    if not isinstance(alias, str) or "," in alias:
        return refusals.several_aliases()
    if data.get("background"):  # it answers before it costs anything, and is never settled
        return refusals.uncounted(f"{route} with background: true")
    return None


def mark(data: MutableMapping[str, Any], call_id: str) -> None:
    """Put our id where LiteLLM's events and its log of spend will show it, and only there.

    Whatever a client wrote in those places is overwritten, or taken out.
    """
    own, *others = [slot for slot in _SLOTS if slot in data] or ["metadata"]
    for slot in others:
        if isinstance(client := data[slot], MutableMapping):
            client.pop(ID, None)
    notes = data.get(own)
    if not isinstance(notes, MutableMapping):
        notes = data[own] = {}
    notes[ID] = call_id
    logged = notes.get(_LOGGED)
    notes[_LOGGED] = {**(logged if isinstance(logged, Mapping) else {}), ID: call_id}
    # Without its log of this call LiteLLM would not tell us that it ended.
    data.pop("no-log", None)


def call_id(data: Mapping[str, Any]) -> str:
    """Return the id that `mark` left on a request, or nothing."""
    for slot in _SLOTS:
        notes = data.get(slot)
        if isinstance(notes, Mapping) and isinstance(found := notes.get(ID), str):
            return found
    return ""

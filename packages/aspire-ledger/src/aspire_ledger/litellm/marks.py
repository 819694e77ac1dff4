"""Our id on a request: put where LiteLLM's events and its log of spend will show it, and found again."""

from collections.abc import Mapping, MutableMapping
from typing import Any, Final

from aspire_ledger.litellm.events import ID

# LiteLLM keeps its own notes on a request in one of these; the other is the client's.
_SLOTS: Final = ("litellm_metadata", "metadata")
_LOGGED: Final = "spend_logs_metadata"  # the part of it that LiteLLM writes into its log of spend


def mark(data: MutableMapping[str, Any], call_id: str, body: Mapping[str, Any]) -> None:
    """Leave our id, and take out what a client wrote into LiteLLM's own notes.

    LiteLLM reads words of its own there (tags, groups, traces), and sends none of them on.
    """
    own, *others = [slot for slot in _SLOTS if slot in data] or ["metadata"]
    for slot in others:
        if isinstance(client := data[slot], MutableMapping):
            client.pop(ID, None)
    notes = data.get(own)
    if not isinstance(notes, MutableMapping):
        notes = data[own] = {}
    labels = body.get(own)
    for name, text in (labels if isinstance(labels, Mapping) else {}).items():
        if notes.get(name) == text:
            notes.pop(name, None)
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

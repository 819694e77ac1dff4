"""Every attack that we know: kinds times call types. A row says what is changed, and for which calls.

Rows come from what was found on a real gateway, and from LiteLLM's own parameters. An
attack that is met by name only would pass under its next name: each kind has many.
"""

from itertools import chain

from aspire_gitops.rehearsal.attacks.aliases import aliases
from aspire_gitops.rehearsal.attacks.billing import prices, unbooked
from aspire_gitops.rehearsal.attacks.bounds import bounds
from aspire_gitops.rehearsal.attacks.inputs import inputs
from aspire_gitops.rehearsal.attacks.secrets import secrets
from aspire_gitops.rehearsal.attacks.values import Attack, AttackKind, CallType, Names, honest

__all__ = ["Attack", "AttackKind", "CallType", "Names", "all_attacks", "sample"]

# Played in every rehearsal: one or two of each kind, the ones that were found to work.
_SAMPLE = {
    "chat: the smallest body",
    "chat: extra_body raises the limit and n",
    "chat: a billion answers",
    "completions: 200 prompts",
    "responses: only max_tokens",
    "messages: another case of the limit",
    "chat: a header says 0",
    "responses, streamed: usage.cost says 0",
    "chat: usage is absent",
    "chat: named in the query",
    "chat: /engines",
    "chat: /openai/deployments",
    "chat: a comma list",
    "chat: another credential by name",
    "responses: another address",
    "messages: a configuration of the caller",
    "chat: the caller's own token in authorization",
    "chat: a timeout in the body",
    "chat: a timeout in a header",
    "chat: retries in the body, after a reset",
    "responses, streamed: the stream breaks after 3 events",
    "chat: a mocked answer",
    "responses: in the background: True",
    "chat: a body that is a list",
    "completions: a limit in words",
}


def all_attacks() -> tuple[Attack, ...]:
    """Return every attack, kind by kind."""
    rows = (honest(), bounds(), aliases(), secrets(), unbooked(), inputs(), prices())
    return tuple(chain.from_iterable(rows))


def sample() -> tuple[Attack, ...]:
    """Return the attacks that are played where seconds count."""
    return tuple(attack for attack in all_attacks() if attack.name in _SAMPLE)

"""Ask the processes of a gateway what they run, through whatever balances calls among them.

Each question is a list of models, with the probe key, a fresh nonce and a connection of its
own: it costs nothing where the guard answers it, and nothing where no guard is.
"""

import json
import time
from collections.abc import Collection
from secrets import token_urlsafe

from pydantic import SecretStr

from aspire_gitops.gateway.http import AdminApi
from aspire_gitops.kinds import Call, Endpoint
from aspire_gitops.vocabulary import GatewayError
from aspire_gitops.witness import Answers, Facts

_MODELS = Endpoint("GET", "/v1/models")
_FORMAT = "aspire-ledger/identity"
_LEAST, _LEAST_FOR_EACH = 4, 2
_MOST, _MOST_FOR_EACH, _MOST_EVER = 12, 6, 60
_PATIENCE_S = 20.0  # for all questions of a turn: a process that hangs must not hold it up
_NOT_KNOWN = "the gateway does not accept the controller's own key"
_MAKE_KEY = (
    "apply the reviewed files, which make that key; if it is there, look whether it is blocked or "
    "over its budget"
)


class Identities:
    """Asks one gateway. `key` is the value of the controller's own key."""

    def __init__(self, url: str, key: SecretStr, *, timeout_s: float = 5.0) -> None:
        self._url, self._key, self._timeout_s = url, key, timeout_s

    async def ask(self, expected: Collection[str], *, thoroughly: bool) -> Answers:
        """Ask until every expected process has answered, or often enough. Never raises.

        Args:
            expected: Ids of processes.
            thoroughly: Somebody answered wrongly before: ask as often as is ever done.
        """
        least = _LEAST + _LEAST_FOR_EACH * len(expected)
        most = min(_MOST + _MOST_FOR_EACH * len(expected), _MOST_EVER)
        found: dict[str, Facts] = {}
        unguarded, problem = 0, ("", "")
        until = time.monotonic() + _PATIENCE_S
        async with AdminApi(self._url, self._key, timeout_s=self._timeout_s) as api:
            for tried in range(most):
                if tried >= least and not thoroughly and found.keys() >= set(expected):
                    break
                answer, said = await _ask(api)
                if isinstance(answer, Facts):
                    found[answer.process] = answer
                elif answer:
                    unguarded += 1
                else:
                    problem = said
                    if (not found and tried >= 1) or time.monotonic() > until:
                        break  # it is away: more questions would only hold up the turn
        return Answers(found, unguarded, *problem)


async def _ask(api: AdminApi) -> tuple[Facts | bool, tuple[str, str]]:
    """Return the facts of a process, True for one without a guard, False with why nobody knows."""
    nonce = token_urlsafe(24)
    call = Call(_MODELS, headers={"x-aspire-identity": nonce, "connection": "close"})
    try:
        status, body = await api.answer(call)
    except GatewayError as error:
        return False, (error.message, error.help or "")
    reply = _mapping(body)
    if status == 200 and reply.get("format") == _FORMAT:
        facts = _facts(reply)
        return (
            (facts, ("", ""))
            if facts and reply.get("nonce") == nonce
            else (False, ("an answer is not to the question that was asked", ""))
        )
    refusal = _mapping(reply.get("error"))
    if status == 403 and refusal.get("type") == "identity_not_told":
        return False, (_NOT_KNOWN, _MAKE_KEY)
    # LiteLLM's own answers: a guard would have answered before them, whatever the key.
    if (status == 200 and "data" in reply) or (status == 401 and refusal):
        return True, ("", "")
    return False, (f"GET /v1/models answers {status}", "")


def _facts(reply: dict[str, object]) -> Facts | None:
    names = ("id", "config_digest", "file_digest", "litellm_release", "ledger_release", "guard")
    texts = [reply.get(name) for name in names]
    return Facts(*map(str, texts)) if all(isinstance(text, str) for text in texts) else None


def _mapping(found: object) -> dict[str, object]:
    if isinstance(found, bytes):
        try:
            found = json.loads(found)
        except (ValueError, RecursionError):
            return {}
    return found if isinstance(found, dict) else {}

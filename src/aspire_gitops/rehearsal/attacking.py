"""Play one attack against a gateway: send it, wait for the ledger, and see who received what.

Loopback only.
"""

import json
import time
from collections.abc import Mapping, Sequence

from aspire_gitops.rehearsal.attacks import Attack, Names
from aspire_gitops.rehearsal.attacks.values import CALLERS_SECRET, HttpCall, http_call
from aspire_gitops.rehearsal.calling import LONGEST_MESSAGE
from aspire_gitops.sandbox import UpstreamCall, UpstreamControl
from aspire_gitops.sandbox.loopback import HTTP_ERRORS, LoopbackClient, loopback_client

_TIMEOUT_S = 60.0


class Attacker:
    """Plays attacks on one gateway; every provider bills what it is asked for."""

    def __init__(self, base_url: str, control: UpstreamControl) -> None:
        self._base_url, self._control = base_url, control

    def play(self, attack: Attack, names: Names, key: str) -> tuple[int, str]:
        """Send it, and return status and text of the answer; 0 where none came.

        What the providers received stays to be asked for, until the next attack.
        """
        self._control.reset()
        self._control.bill_as_asked()
        if attack.fault is not None:
            self._control.order(attack.fault)
        call = http_call(attack, names, key)
        timeout_s = attack.leaves_after_s or _TIMEOUT_S
        try:
            with loopback_client(self._base_url, timeout_s=timeout_s) as client:
                return _sent(client, self._base_url, call)
        except HTTP_ERRORS as error:
            if attack.fault is not None:  # the provider still works on it
                time.sleep(attack.fault.delay_s)
            return 0, type(error).__name__

    def received(self) -> tuple[UpstreamCall, ...]:
        """Return what providers received since the last attack began."""
        return self._control.calls()

    def behave(self) -> None:
        """Let every provider behave and bill as usual again."""
        self._control.reset()


def leaks(calls: Sequence[UpstreamCall], planted: Mapping[str, str]) -> tuple[str, ...]:
    """Return which secrets arrived anywhere but as the credential of a call. Names only.

    Whether a credential is the right one is judged by the route, not here.
    """
    found: set[str] = set()
    known = {**planted, "the caller's own secret": CALLERS_SECRET}
    for call in calls:
        text = json.dumps([call.path, dict(call.headers), call.body])
        for name, secret in known.items():
            elsewhere = text.replace(json.dumps(secret)[1:-1], "", int(call.credential == secret))
            if secret in elsewhere:
                found.add(name)
    return tuple(sorted(found))


def _sent(client: LoopbackClient, base_url: str, call: HttpCall) -> tuple[int, str]:
    # Joined by hand: a client would tidy up a path that is odd on purpose.
    url = base_url.rstrip("/") + call.path
    if call.files:
        files = {name: (f"{name}.png", data) for name, data in call.files.items()}
        reply = client.post(url, data=dict(call.fields), files=files, headers=dict(call.headers))
    else:
        reply = client.post(url, content=call.content, headers=dict(call.headers))
    return reply.status_code, "" if reply.is_success else reply.text[:LONGEST_MESSAGE]

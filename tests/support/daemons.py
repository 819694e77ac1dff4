"""A controller as it is really run: a process, a bare repository that people push to, a gateway.

`Site` uses names that nobody else has, so that many can share one gateway. `Origin`
is the repository, `calls` and `webhook` are the world outside.
"""

import hashlib
import hmac
import itertools
import json
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from copy import deepcopy
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import yaml

from aspire_gitops.status.document import StatusDocument, TurnDocument
from support.catalogs import GATEWAY
from support.folders import BUDGET, alias, app, provider
from support.git_repository import Repository, new_bare, new_repository
from support.soak.daemon import Daemon

SIDES = ("east", "west")
STAND_IN = {"reason": "The provider is a stand-in on this machine."}
WEBHOOK_SECRET = "planted-webhook-secret-4711"
PLANTED = "planted-provider-key"  # in every provider's key; nobody may ever show it
_numbers = itertools.count(1)


@dataclass
class Origin:
    """A bare repository, and the clone of somebody who pushes to it."""

    bare: Repository
    work: Repository

    @classmethod
    def made(cls, folder: Path) -> "Origin":
        bare, work = new_bare(folder / "origin.git"), new_repository(folder / "work")
        work.git("remote", "add", "origin", str(bare.path))
        work.git("rm", "-q", "-r", "gateway.d")
        made = cls(bare, work)
        gateway = deepcopy(dict(GATEWAY))
        gateway["exchange"]["as_of"] = f"{datetime.now(UTC):%Y-%m-%d}"
        made.declare(gateway, dict(BUDGET))
        return made

    def declare(self, *resources: dict[str, Any]) -> None:
        """Write resources into the work tree, in place of their namesakes."""
        for resource in resources:
            kind, name = resource["kind"], resource["name"]
            place = "gateway" if kind == "Gateway" else f"{kind.lower()}/{name}"
            self.write(f"{place}.yaml", yaml.safe_dump(resource, sort_keys=False))

    def write(self, name: str, text: str) -> None:
        path = self.work.path / "gateway.d" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")

    def commit(self, message: str = "Change the gateway") -> str:
        self.work.git("add", "-A")
        self.work.git("commit", "--quiet", "-m", message)
        return self.work.head

    def push(self, message: str | None = None) -> str:
        """Commit what was written, if there is a message, and push. Returns the commit."""
        commit = self.commit(message) if message else self.work.head
        self.work.git("push", "--quiet", "origin", "main")
        return commit


@dataclass
class Site:
    """One controller with an origin of its own, and one alias that moves between two providers."""

    origin: Origin
    daemon: Daemon
    gateway_url: str
    upstream_url: str
    name: str
    delivered: Path

    @property
    def alias(self) -> str:
        return f"chat-{self.name}"

    def provider(self, side: str) -> str:
        return f"{side}-{self.name}"

    def aim(self, side: str, **more: Any) -> None:
        """Declare the alias with the provider of that side as its target."""
        self.origin.declare(alias(self.alias, self.provider(side), **more))

    def aimed(self, side: str, **more: Any) -> str:
        """Declare that and push it. Returns the commit."""
        self.aim(side, **more)
        return self.origin.push(f"Send {self.alias} to the {side}")

    def applied(self, side: str, **more: Any) -> TurnDocument:
        """Push that, and let the controller apply it now."""
        commit = self.aimed(side, **more)
        if not self.daemon.runs:
            self.daemon.start()
        turn = self.daemon.reconcile()
        assert turn.standing == "ready", turn
        assert turn.applied
        assert turn.applied.commit == commit
        return turn

    def status(self) -> StatusDocument:
        found = self.daemon.status()
        assert found, self.daemon.last_words()
        return found

    def answers(self) -> str | None:
        """Call the alias as the app does. Returns the side that answered, None for nobody.

        The stand-in provider says itself who it is; the gateway passes that on.
        """
        return side_that_answers(self.gateway_url, self.delivered.read_text().strip(), self.alias)


def site_in(
    folder: Path,
    *,
    gateway_url: str,
    admin_key: str,
    upstream_url: str = "http://127.0.0.1:9",
    **variables: str,
) -> Site:
    """Make a site; nothing is committed and nothing runs yet."""
    name = f"site{next(_numbers)}"
    origin = Origin.made(folder)
    daemon = Daemon(
        repository=origin.bare.path,
        state_dir=folder / "state",
        log=folder / "controller.log",
        variables={
            **variables_of(name, gateway_url, admin_key),
            "ASPIRE_GITOPS_DELIVERY_ROOT": str(folder / "keys"),
            **variables,
        },
    )
    site = Site(
        origin, daemon, gateway_url, upstream_url, name, folder / "keys" / f"shop-{name}" / "main"
    )
    for side in SIDES:
        base, secret = f"{upstream_url}/{side}/v1", {"env": _secret_of(side)}
        origin.declare(
            provider(
                site.provider(side), base_url=base, credential=secret, private_network=STAND_IN
            )
        )
    key = {"name": "main", "deliver": "file"}
    origin.declare(app(f"shop-{name}", [site.alias], key))
    return site


def variables_of(owner: str, gateway_url: str, admin_key: str) -> Mapping[str, str]:
    return {
        "ASPIRE_GITOPS_GATEWAY_URL": gateway_url,
        "ASPIRE_GITOPS_ADMIN_KEY": admin_key,
        "ASPIRE_GITOPS_OWNER": owner,
        "ASPIRE_GITOPS_WEBHOOK_SECRET": WEBHOOK_SECRET,
        **{_secret_of(side): f"{PLANTED}-{side}" for side in SIDES},
    }


def side_that_answers(gateway_url: str, key: str, model: str) -> str | None:
    """Make one call; see `Site.answers`."""
    body = {"model": model, "messages": [{"role": "user", "content": "ping"}]}
    headers = {"authorization": f"Bearer {key}"}
    url = f"{gateway_url}/v1/chat/completions"
    reply = httpx.post(url, json=body, headers=headers, timeout=30, trust_env=False)
    side: str | None = reply.headers.get("llm_provider-x-upstream-provider")
    return side


def tell_of_push(url: str, *, branch: str = "main", secret: str = WEBHOOK_SECRET) -> int:
    """Do what a forge does after a push. Returns the status of the answer."""
    body = json.dumps({"ref": f"refs/heads/{branch}"}).encode()
    signature = hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
    headers = {"x-github-event": "push", "x-hub-signature-256": f"sha256={signature}"}
    reply = httpx.post(f"{url}/hooks/git", content=body, headers=headers, trust_env=False)
    return reply.status_code


@contextmanager
def running(daemon: Daemon) -> Iterator[Daemon]:
    """Start a controller, wait until it listens, and kill it at the end if it still runs."""
    daemon.start()
    try:
        until(lambda: daemon.url() or not daemon.runs)
        assert daemon.runs, daemon.last_words()
        yield daemon
    finally:
        if daemon.runs:
            daemon.kill()


def until(true: Callable[[], object], *, within_s: float = 30.0, every_s: float = 0.05) -> None:
    """Return as soon as something is true."""
    deadline = time.monotonic() + within_s
    while not true():
        assert time.monotonic() < deadline, f"not within {within_s:g} s"
        time.sleep(every_s)


def _secret_of(side: str) -> str:
    return f"{side.upper()}_API_KEY"

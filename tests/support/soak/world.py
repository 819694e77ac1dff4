"""Where a soak takes place: one gateway, one repository, one controller, and what was planted."""

import hmac
import threading
import time
from collections import Counter, defaultdict, deque
from collections.abc import Callable
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from random import Random

import httpx
from pydantic import SecretStr

from support.fake_gateway import ADMIN_KEY, Drop, FakeGateway, Fault, Html, Slow, Status, Truncated
from support.listening import Listener
from support.soak.daemon import Daemon
from support.soak.hands import Hands, Thing
from support.soak.reviewed import LITERAL, SECRETS, Reviewed

OWNER = "soak"
HOOK_SECRET = "planted-hook-secret-5d41402abc4b2a76"
NOTIFY_PATH = "/planted-notify-path-b9719d911017c592"
_HOUR_S = 3600.0
_EDITS_PER_FIELD = 2  # a third within the hour would count as flapping, and pause healing


@dataclass
class World:
    """Everything that the actions act on. `fake` is None when the gateway is real."""

    folder: Path
    dice: Random
    hands: Hands
    url: str
    admin_key: str
    reviewed: Reviewed
    receiver: Listener
    fake: FakeGateway | None = None
    restart_gateway: Callable[[], object] | None = None
    owner: str = OWNER
    daemon: Daemon = field(init=False)
    fate: Random = field(init=False)  # says what happens; `dice` says to whom
    unmanaged: dict[tuple[str, str], Thing] = field(default_factory=dict)
    done: Counter[str] = field(default_factory=Counter)
    told: deque[str] = field(default_factory=lambda: deque(maxlen=60))
    later: list[tuple[float, str, Callable[[], object]]] = field(default_factory=list)
    beside: list[threading.Thread] = field(default_factory=list)
    number: int = 0
    kills: int = 0
    _began: float = field(default_factory=time.monotonic)
    _edits: dict[tuple[str, str], list[float]] = field(default_factory=lambda: defaultdict(list))

    def __post_init__(self) -> None:
        self.fate = Random(self.dice.random())
        self.daemon = Daemon(
            repository=self.reviewed.origin.path,
            state_dir=self.folder / "state",
            log=self.folder / "controller.log",
            variables={
                "ASPIRE_GITOPS_DELIVERY_ROOT": str(self.reviewed.delivered),
                "ASPIRE_GITOPS_GATEWAY_URL": self.url,
                "ASPIRE_GITOPS_ADMIN_KEY": self.admin_key,
                "ASPIRE_GITOPS_OWNER": self.owner,
                "ASPIRE_GITOPS_WEBHOOK_SECRET": HOOK_SECRET,
                "ASPIRE_GITOPS_NOTIFY_URL": self.receiver.base + NOTIFY_PATH,
                "ASPIRE_GITOPS_PUBLISH_FILE": str(self.folder / "published.json"),
                **SECRETS,
            },
        )

    def spent_s(self) -> float:
        return time.monotonic() - self._began

    def say(self, what: str) -> None:
        self.told.append(f"{time.strftime('%H:%M:%S')} {what}")

    def soon(self, what: str, act: Callable[[], object], within_s: tuple[float, float]) -> None:
        """Do something in a while."""
        due = time.monotonic() + self.dice.uniform(*within_s)
        self.later.append((due, what, act))

    def keep_appointments(self, *, all_of_them: bool = False) -> None:
        """Do what is due."""
        now = time.monotonic()
        due = [one for one in self.later if all_of_them or one[0] <= now]
        self.later = [one for one in self.later if one not in due]
        for _, what, act in due:
            self.say(what)
            try:
                act()
            except OSError as error:  # a real gateway that restarts just now
                self.say(f"{what} comes to nothing: {error}")
                self.soon(what, act, (1, 3))

    def in_the_background(self, work: Callable[[], object]) -> None:
        thread = threading.Thread(target=work, daemon=True)
        self.beside.append(thread)
        thread.start()

    def join(self) -> None:
        for thread in self.beside:
            thread.join(120)
            assert not thread.is_alive(), "something beside the soak hangs"
        self.beside.clear()

    def ours(self) -> list[Thing]:
        return [thing for thing in self.hands.everything() if thing.is_marked_by(self.owner)]

    def may_edit(self, name: str, path: str) -> bool:
        """Count an edit by hand, unless the field would flap."""
        times, now = self._edits[name, path], time.monotonic()
        times[:] = [at for at in times if at > now - _HOUR_S]
        if len(times) >= _EDITS_PER_FIELD:
            return False
        times.append(now)
        return True

    def planted(self) -> dict[str, bytes]:
        """Return every secret that must be nowhere."""
        named = {**SECRETS, "admin key": self.admin_key, "hook": HOOK_SECRET, "literal": LITERAL}
        named["notify path"] = NOTIFY_PATH
        for path in self.reviewed.delivered.glob("*/main"):
            named[f"key {path.parent.name}"] = path.read_text().strip()
        return {name: value.encode() for name, value in named.items() if value}

    # ── the weather on the wire ─────────────────────────────────────────────

    def storm(self) -> str:
        """Add a fault or two to the wire of a fake gateway."""
        assert self.fake is not None, "a real wire has no weather"
        effects = (
            Status(500), Status(500, after=True), Status(503), Drop(), Drop(after=True),
            Status(429), Status(429, headers={"retry-after": "1"}), Truncated(), Html(),
            Slow(self.dice.uniform(0.1, 2.0)),
        )  # fmt: skip
        effect = self.dice.choice(effects)
        path = self.dice.choice([None, r"/key/", r"/model/", r"/v2/", r"/credentials", r"gw\."])
        method = self.dice.choice([None, None, "GET", "POST", "PATCH"])
        fault = Fault(effect, method=method, path=path, times=self.dice.randint(1, 6))
        with self.fake._lock:
            on = [one for one in self.fake.faults if one.times != 0]
            self.fake.faults = [*on[-6:], fault]
        return f"weather: {effect} on {method} {path} x{fault.times}"

    def calm(self) -> None:
        if self.fake is not None:
            with self.fake._lock:
                self.fake.faults = []
                self.fake.log.clear()

    # ── the hook ────────────────────────────────────────────────────────────

    def push_told(self, body: bytes, secret: str, headers: dict[str, str]) -> int | None:
        """Call the webhook; return the status, None if nobody listens."""
        url = self.daemon.url()
        if url is None:
            return None
        proof = hmac.new(secret.encode(), body, sha256).hexdigest()
        signed = {"x-hub-signature-256": f"sha256={proof}", "x-github-event": "push", **headers}
        try:
            with httpx.Client(trust_env=False, timeout=30) as client:
                target = url.rstrip("/") + "/hooks/git"
                return client.post(target, content=body, headers=signed).status_code
        except httpx.HTTPError:
            return None  # killed, or it hung up on a body that is too large

    @property
    def secret_key(self) -> SecretStr:
        return SecretStr(self.admin_key)


__all__ = ["ADMIN_KEY", "OWNER", "World"]

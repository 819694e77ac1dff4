"""One reviewed change that needs every kind of write, on a gateway where others live too.

`Story` holds the folders before and after, the fake gateway, and what must be
true at the end, however often applying was interrupted on the way.
"""

import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any

from aspire_gitops.applying import Outcome, apply_plan, resolve_secrets
from aspire_gitops.applying.secrets import gather_evidence
from aspire_gitops.compiling import compile_catalog
from aspire_gitops.delivery.opening import deliveries_in
from aspire_gitops.gateway import GatewayClient
from aspire_gitops.loading import load
from aspire_gitops.planning import Plan
from aspire_gitops.planning.make import make_plan
from aspire_gitops.sources import DirectorySource
from aspire_gitops.state import Compiled, GatewayObject, Kind, Snapshot
from aspire_gitops.validation import validate
from aspire_ledger.canonical import JsonValue
from support.catalogs import TODAY
from support.fake_gateway import FakeGateway, Request, using
from support.folders import alias, app, provider, write_folder

_APPLY = (sys.executable, "-m", "aspire_gitops", "apply")
OWNER = "aspire-gitops"
SECRETS = {
    f"{name}_API_KEY": f"pk-{name.lower()}-0a1b2c3d4e5f"
    for name in ("ACME", "BETA", "GAMMA", "OLD")
}


def _key(name: str) -> dict[str, Any]:
    return {"name": name, "deliver": "file"}


def _before() -> list[dict[str, Any]]:
    return [
        provider("acme"),
        provider("beta"),
        provider("old"),
        alias("chat", "acme"),
        alias("fast", "beta", limits={"timeout_s": 5}),
        alias("retired", "old"),
        app("shop", ["chat", "fast"], _key("shop")),
        app("blog", ["chat"], _key("blog"), _key("spare")),
    ]


def _after() -> list[dict[str, Any]]:
    adopted = {"name": "legacy", "key_alias": "by-hand", "adopt": True}
    return [
        provider("acme", base_url="https://eu.acme.example/v1"),
        provider("beta"),
        provider("gamma"),
        alias("chat", "beta"),
        alias("fast", "beta"),
        alias("brand-new", "gamma"),
        alias("hand-made", "gamma", adopt=True),
        app("shop", ["chat", "brand-new"], _key("shop")),
        app("blog", ["chat"], _key("blog")),
        app("news", ["chat", "hand-made"], _key("news"), adopted),
    ]


@dataclass
class Story:
    """A fresh fake gateway in the state before the change, and the folder that asks for it."""

    folder: Path
    fake: FakeGateway = field(default_factory=FakeGateway)

    def __post_init__(self) -> None:
        before = write_folder(self.folder / "before", _before())
        self.after = write_folder(self.folder / "after", _after())
        assert self.apply(before).ok
        self._by_hand()
        self.unmanaged = self.unmanaged_now()
        self.fake.forget()

    def _by_hand(self) -> None:
        for target, body in (
            ("/credentials", {"credential_name": "theirs", "credential_values": {"api_key": "x-theirs"}, "credential_info": {}}),
            ("/model/new", {"model_name": "theirs", "litellm_params": {"model": "openai/t"}, "model_info": {"id": "theirs-1"}}),
            ("/model/new", {"model_name": "hand-made", "litellm_params": {"model": "openai/h", "rpm": 3, "temperature": 1}, "model_info": {"id": "hand-1"}}),
            ("/key/generate", {"key": "sk-theirs-0123456789", "key_alias": "their-key", "models": ["theirs"]}),
            ("/key/generate", {"key": "sk-legacy-0123456789", "key_alias": "by-hand", "models": [], "metadata": {"note": "kept"}}),
        ):  # fmt: skip
            answer, _ = self.fake.handle(
                Request("POST", target, body, f"Bearer {self.fake.admin_key}")
            )
            assert answer.status == 200, answer.body

    # ── applying, in process or as people do ────────────────────────────────

    def compiled(self, folder: Path | None = None) -> Compiled:
        tree = DirectorySource(folder or self.after).read()
        validated = validate(load(tree), tree.revision, today=TODAY)
        assert validated.ok, validated.diagnostics
        return compile_catalog(validated.catalog, today=TODAY)

    def plan(self, folder: Path | None = None) -> Plan:
        wanted = self.compiled(folder)
        evidence = gather_evidence(wanted.objects, resolve_secrets(wanted.intents, SECRETS))
        return make_plan(wanted, self.snapshot(), owner=OWNER, evidence=evidence)

    def apply(self, folder: Path | None = None) -> Outcome:
        wanted, plan = self.compiled(folder), self.plan(folder)
        secrets = resolve_secrets(wanted.intents, SECRETS)

        async def work(client: GatewayClient) -> Outcome:
            return await apply_plan(plan, client, secrets, deliveries_in(self.folder / "keys"))

        return using(self.fake, work)

    def start(self, url: str) -> subprocess.Popen[bytes]:
        """Start `aspire-gitops apply` as a process of its own."""
        return subprocess.Popen(
            [*_APPLY, str(self.after), "--yes", "--today", TODAY.isoformat()],
            env=self.environment(url),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )

    def environment(self, url: str) -> dict[str, str]:
        return {
            "PATH": os.environ["PATH"],
            "HOME": str(self.folder),
            "ASPIRE_GITOPS_GATEWAY_URL": url,
            "ASPIRE_GITOPS_ADMIN_KEY": self.fake.admin_key,
            "ASPIRE_GITOPS_STATE_DIR": str(self.folder / "state"),
            "ASPIRE_GITOPS_DELIVERY_ROOT": str(self.folder / "keys"),
            **SECRETS,
        }

    # ── what must hold ──────────────────────────────────────────────────────

    def snapshot(self) -> Snapshot:
        async def work(client: GatewayClient) -> Snapshot:
            return await client.read_snapshot()

        return using(self.fake, work)

    def unmanaged_now(self) -> list[GatewayObject]:
        """Return what others made and nobody asked us to adopt."""
        asked_for = {"hand-made", "by-hand"}
        return [o for o in self.snapshot().objects if not o.mark and o.handle not in asked_for]

    def end_state(self) -> Mapping[str, JsonValue]:
        """Return what is ours, without what differs from run to run: addresses and key values."""
        return {
            str(item.key): [item.handle, dict(item.fields), item.mark.digest]
            for item in self.snapshot().objects
            if item.mark
        }

    def check_finished(self, expected: Mapping[str, JsonValue]) -> None:
        """Hold the gateway and the deliveries to the end state of an undisturbed run."""
        ours = [item for item in self.snapshot().objects if item.mark]
        assert self.end_state() == expected
        assert len(ours) == len(expected), "one object for each key"
        assert self.unmanaged_now() == self.unmanaged, "foreign objects are as they were"
        assert self.plan().changes == (), "a second plan is empty"
        self._check_every_key_is_delivered(ours)

    def _check_every_key_is_delivered(self, ours: list[GatewayObject]) -> None:
        held = {
            path.name: path.read_text().strip()
            for path in (self.folder / "keys").rglob("*")
            if path.is_file()
        }
        assert not [name for name in held if name.startswith(".")], "no draft is left behind"
        delivered = {sha256(value.encode()).hexdigest() for value in held.values()}
        for item in ours:
            if item.key.kind is Kind.KEY and item.handle != "by-hand":
                assert item.address in delivered, f"nobody has the value of {item.key}"

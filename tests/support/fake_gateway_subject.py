"""A gateway under contract: the fake one or the real one, asked in the same words."""

import hashlib
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, TypeVar
from uuid import uuid4

import httpx
from pydantic import SecretStr

from aspire_gitops.gateway import GatewayClient
from aspire_gitops.state import GatewayObject, Kind, Mark, ObjectKey, Snapshot
from support.fake_gateway import AT_ONCE, FakeGateway, FakeTransport, Request, run

T = TypeVar("T")


def fresh(what: str) -> str:
    """Return a name that no other test uses; the real gateway is shared."""
    return f"{what}-{uuid4().hex[:8]}"


@dataclass(frozen=True)
class Subject:
    """One gateway, by our client (`using`) and by its raw API (`ask`)."""

    base_url: str
    key: str
    upstream_url: str
    fake: FakeGateway | None = None

    def using(
        self, work: Callable[[GatewayClient], Awaitable[T]], *, key: str | None = None, **more: Any
    ) -> T:
        transport = FakeTransport(self.fake) if self.fake else None
        options: dict[str, Any] = {"transport": transport, "retries": AT_ONCE, **more}
        return run(self.base_url, work, admin_key=SecretStr(key or self.key), **options)

    def ask(
        self, method: str, target: str, body: Any = None, *, key: str | None = None
    ) -> tuple[int, Any]:
        """Send one request; return status and decoded JSON."""
        authorization = f"Bearer {key or self.key}"
        if self.fake:
            answer, _ = self.fake.handle(Request(method, target, body, authorization))
            return answer.status, answer.body
        reply = httpx.request(
            method,
            self.base_url + target,
            json=body,
            headers={"authorization": authorization},
            timeout=60,
            trust_env=False,
        )
        return reply.status_code, reply.json()

    def tell(self, method: str, target: str, body: Any = None, *, key: str | None = None) -> Any:
        """Send one request that must succeed; return the decoded JSON."""
        status, reply = self.ask(method, target, body, key=key)
        assert status == 200, (method, target, status, reply)
        return reply

    def snapshot(self) -> Snapshot:
        return self.using(lambda client: client.read_snapshot())

    def read(self, kind: Kind, address: str) -> GatewayObject | None:
        return self.using(lambda client: client.read(kind, address))

    def new_key(self, **fields: Any) -> tuple[str, str]:
        """Create a key by the raw API; return its value and its hash."""
        value = f"sk-{uuid4().hex}"
        reply = self.tell("POST", "/key/generate", {"key": value, **fields})
        return value, reply["token"]

    def new_model(self, name: str, *, info: dict[str, Any] | None = None, **params: Any) -> str:
        """Create a deployment by the raw API; return its id."""
        address = f"gw.{name}.1"
        params = {"model": "openai/unknown-1", "api_base": self.upstream_url, **params}
        model_info = {"id": address, **(info or {})}
        body = {"model_name": name, "litellm_params": params, "model_info": model_info}
        self.tell("POST", "/model/new", body)
        return address

    def use(self, key: str, model: str) -> None:
        """Call through a key, and wait until the gateway has written down that it was used."""
        address = hashlib.sha256(key.encode()).hexdigest()
        before = self.key_row(address)["updated_at"]
        if self.fake:
            time.sleep(0.002)
            self.fake.keys.spend(address, 0.01)
        else:
            chat = {"model": model, "messages": [{"role": "user", "content": "ping"}]}
            self.ask("POST", "/v1/chat/completions", chat, key=key)
        deadline = time.monotonic() + 60
        while self.key_row(address)["updated_at"] == before:
            assert time.monotonic() < deadline, "the gateway wrote no spend"
            time.sleep(0.5)

    def params(self, address: str) -> dict[str, Any]:
        """Return what the router has for a deployment."""
        reply = self.tell("GET", f"/v1/model/info?litellm_model_id={address}")
        found: dict[str, Any] = reply["data"][0]["litellm_params"]
        return found

    def key_row(self, address: str) -> dict[str, Any]:
        row: dict[str, Any] = self.tell("GET", f"/key/info?key={address}")["info"]
        return row


def marked(
    kind: Kind,
    name: str,
    handle: str,
    address: str | None,
    secret: str | None = None,
    **fields: Any,
) -> GatewayObject:
    """Return a desired object that carries a mark over its fields; `__` stands for the dot.

    `secret` is the path of one more field, which only the mark names.
    """
    paths = {path.replace("__", ".", 1): value for path, value in fields.items()}
    covered = frozenset(paths) | frozenset([secret] if secret else [])
    mark = Mark("contract", name, covered, "hmac-sha256:0f", "main@sha1:4f2c9d1")
    return GatewayObject(ObjectKey(kind, name), handle, paths, mark, address)

"""A person's hands on the gateway: the same admin API, beside the controller and never through it."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from support.fake_gateway import FakeGateway, Request
from support.sandbox_admin import Admin

MARK = "aspire_gitops"
Row = dict[str, Any]


class Door(Protocol):
    """One way to the admin API. Raises OSError when nobody answers."""

    def send(self, method: str, target: str, body: Any = None) -> Any: ...


class WatchedGateway(FakeGateway):
    """Notes every write of the program under test to an object that carries no mark of ours."""

    def __init__(self, owner: str) -> None:
        super().__init__()
        self.owner = owner
        self.trespasses: list[str] = []
        self.calls = 0

    def _serve(self, request: Request) -> Any:
        self.calls += 1
        if request.is_write and not self.keys.is_of_a_lease(request):
            for row, mark in self._aimed_at(request):
                if (mark or {}).get("owner") != self.owner:
                    self.trespasses.append(f"{request.method} {request.target} {row}")
        return super()._serve(request)

    def _aimed_at(self, request: Request) -> Iterator[tuple[str, Any]]:
        """Yield what exists and is about to be changed or deleted, with its mark."""
        parts, body = request.path.strip("/").split("/"), request.body or {}
        if parts[0] == "credentials" and len(parts) == 2:
            yield from _marked(self.credentials.rows, parts[1], "credential_info")
        elif parts[0] == "model" and parts[-1] in {"update", "delete"}:
            address = parts[1] if parts[-1] == "update" else str(body.get("id"))
            yield from _marked(self.deployments.rows, address, "model_info")
        elif parts[0] == "key" and parts[-1] in {"update", "delete", "block"}:
            for token in [*body.get("keys", ()), body.get("key", "")]:
                yield from _marked(self.keys.rows, token, "metadata")


def _marked(rows: Mapping[str, Row], name: str, holder: str) -> Iterator[tuple[str, Any]]:
    if name in rows:
        yield name, rows[name][holder].get(MARK)


@dataclass(frozen=True)
class FakeDoor:
    """Reaches into the fake past its faults, its log and its watch."""

    fake: FakeGateway

    def send(self, method: str, target: str, body: Any = None) -> Any:
        request = Request(method, target, body, f"Bearer {self.fake.admin_key}")
        with self.fake._lock:
            answer = FakeGateway._serve(self.fake, request)
        if answer.status != 200:
            raise OSError(f"{method} {target}: {answer.status} {answer.body}")
        return json.loads(answer.content)


@dataclass(frozen=True)
class RealDoor:
    """Goes over HTTP, and may find the gateway away."""

    admin: Admin

    def send(self, method: str, target: str, body: Any = None) -> Any:
        try:
            reply = self.admin.send(method, target, body)
        except Exception as error:
            raise OSError(str(error)) from error
        if reply.status_code != 200:
            raise OSError(f"{method} {target}: {reply.status_code} {reply.text[:200]}")
        return reply.json()


@dataclass(frozen=True)
class Thing:
    """One live object: its kind, its address, its row as the gateway shows it, and our mark on it."""

    kind: str
    address: str
    row: Row = field(repr=False)
    mark: Mapping[str, Any] | None

    @property
    def name(self) -> str:
        return f"{self.kind}/{(self.mark or {}).get('name', self.address)}"

    def is_marked_by(self, owner: str) -> bool:
        return (self.mark or {}).get("owner") == owner


@dataclass(frozen=True)
class Hands:
    """What people do by hand, and what they see."""

    door: Door

    def everything(self) -> list[Thing]:
        """Return all that is there."""
        credentials = self.door.send("GET", "/credentials")["credentials"]
        models = self.door.send("GET", "/v2/model/info?size=500")["data"]
        keys = self.door.send("GET", "/key/list?return_full_object=true&size=100")["keys"]
        return [
            *(_thing("credential", r["credential_name"], r, r["credential_info"]) for r in credentials),
            *(_thing("deployment", r["model_info"]["id"], r, r["model_info"]) for r in models),
            *(_thing("key", r["token"], r, r["metadata"]) for r in keys),
        ]  # fmt: skip

    def delete(self, thing: Thing) -> None:
        match thing.kind:
            case "credential":
                self.door.send("DELETE", f"/credentials/{thing.address}")
            case "deployment":
                self.door.send("POST", "/model/delete", {"id": thing.address})
            case _:
                self.door.send("POST", "/key/delete", {"keys": [thing.address]})

    def change(self, thing: Thing, number: int) -> str:
        """Change one field, and return its path."""
        match thing.kind:
            case "credential":
                values = {"api_base": f"https://by-hand-{number}.example/v1"}
                body = {"credential_info": thing.row["credential_info"]}
                target = f"/credentials/{thing.address}"
                self.door.send("PATCH", target, {**body, "credential_values": values})
                return "credential_values.api_base"
            case "deployment":
                params = {"model": f"openai/by-hand-{number}"}
                target = f"/model/{thing.address}/update"
                self.door.send("PATCH", target, {"litellm_params": params})
                return "litellm_params.model"
            case _:
                body = {"key": thing.address, "rpm_limit": 1000 + number}
                self.door.send("POST", "/key/update", body)
                return "rpm_limit"

    def damage_mark(self, thing: Thing) -> None:
        """Leave half a mark, which is none."""
        half = {MARK: {"owner": "somebody"}}
        match thing.kind:
            case "credential":
                target = f"/credentials/{thing.address}"
                self.door.send("PATCH", target, {"credential_info": half})
            case "deployment":
                self.door.send("PATCH", f"/model/{thing.address}/update", {"model_info": half})
            case _:
                self.door.send("POST", "/key/update", {"key": thing.address, "metadata": half})

    def make(self, kind: str, number: int) -> str:
        """Make something that is nobody's business, and return its address."""
        name = f"theirs-{number}"
        match kind:
            case "credential":
                body = {"credential_values": {"api_key": f"x-{name}"}, "credential_info": {"a": 1}}
                self.door.send("POST", "/credentials", {"credential_name": name, **body})
            case "deployment":
                params = {"model": f"openai/{name}", "rpm": 3, "api_key": f"x-{name}"}
                body = {"litellm_params": params, "model_info": {"id": name}}
                self.door.send("POST", "/model/new", {"model_name": name, **body})
            case _:
                body = {"key_alias": name, "models": [name], "metadata": {"note": name}}
                made = self.door.send("POST", "/key/generate", body)
                return str(made["token"])
        return name


def _thing(kind: str, address: str, row: Row, holder: Row | None) -> Thing:
    return Thing(kind, address, row, (holder or {}).get(MARK))

"""Credentials: masked on read, merged by PATCH, their `credential_info` replaced whole."""

from copy import deepcopy
from typing import Any

from support.fake_gateway.wire import Refused, Request, Route, missing

_SENSITIVE = ("authorization", "token", "key", "secret", "credentials", "password")


def mask(value: str) -> str:
    return "*****" if len(value) <= 4 else f"{value[:2]}****{value[-2:]}"


class Credentials:
    def __init__(self) -> None:
        self.rows: dict[str, dict[str, Any]] = {}

    def routes(self) -> list[Route]:
        return [
            Route.of("GET", "/credentials", self.list),
            Route.of("POST", "/credentials", self.create),
            Route.of("GET", "/credentials/by_name/{name}", self.read),
            Route.of("PATCH", "/credentials/{name}", self.update),
            Route.of("DELETE", "/credentials/{name}", self.delete),
        ]

    def list(self, _request: Request) -> Any:
        return {"success": True, "credentials": [_shown(row) for row in self.rows.values()]}

    def read(self, _request: Request, name: str) -> Any:
        return _shown(self._row(name))

    def create(self, request: Request) -> Any:
        body = request.body
        for needed in ("credential_name", "credential_info"):
            if needed not in body:
                raise missing(needed)
        name = body["credential_name"]
        if name in self.rows:
            raise Refused(409, f"Credential '{name}' already exists.")
        self.rows[name] = {
            "credential_name": name,
            "credential_values": deepcopy(body.get("credential_values") or {}),
            "credential_info": deepcopy(body["credential_info"]),
        }
        return {"success": True, "message": "Credential created successfully"}

    def update(self, request: Request, name: str) -> Any:
        row, body = self._row(name), request.body
        if "credential_info" not in body:
            raise missing("credential_info")
        values = {k: v for k, v in (body.get("credential_values") or {}).items() if v is not None}
        row["credential_values"] |= values
        for gone in body.get("credential_values_to_delete") or []:
            row["credential_values"].pop(gone, None)
        row["credential_info"] = deepcopy(body["credential_info"])
        return {"success": True, "message": "Credential updated successfully"}

    def delete(self, _request: Request, name: str) -> Any:
        self._row(name)
        del self.rows[name]
        return {"success": True, "message": "Credential deleted successfully"}

    def _row(self, name: str) -> dict[str, Any]:
        if name not in self.rows:
            raise Refused(404, f"Credential not found. Got credential name: {name}")
        return self.rows[name]


def _shown(row: dict[str, Any]) -> dict[str, Any]:
    values = {
        name: mask(value) if any(word in name for word in _SENSITIVE) else value
        for name, value in row["credential_values"].items()
    }
    return {
        **deepcopy(row),
        "credential_values": values,
        "display_name": None,
        "source": row.get("source", "db"),
    }

"""Keys: an upsert that never updates, a merge that can brick, a deletion that still answers."""

import hashlib
import json
from copy import deepcopy
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

from support.fake_gateway.wire import Refused, Request, Route, detail

_DICTS = ("aliases", "config", "permissions", "budget_fallbacks", "model_max_budget")
_LISTS = ("models", "allowed_routes", "allowed_cache_controls")
_STORED = (
    *("key_alias", "max_budget", "budget_duration", "budget_id", "rpm_limit", "tpm_limit"),
    *("max_parallel_requests", "models", "allowed_routes", "aliases", "router_settings"),
    *("budget_fallbacks", "permissions", "config", "blocked", "team_id", "metadata"),
    *("user_id", "budget_limits", "model_max_budget", "tpd_limit"),
)
_EMPTY: dict[str, Any] = {
    **{name: {} for name in (*_DICTS, "metadata", "router_settings")},
    **{name: [] for name in _LISTS},
}
_ROUTES_OF_TYPE = {"llm_api": ["llm_api_routes"]}
_LARGEST_PAGE = 100
_MASTER = "default_user_id"  # what LiteLLM calls whoever holds the master key


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _expiry(duration: str | None) -> str | None:
    """LiteLLM's `30d` and `1s`, as far as tests use them."""
    if not duration:
        return None
    unit = {"s": timedelta(seconds=1), "d": timedelta(days=1)}[duration[-1]]
    return (datetime.now(UTC) + int(duration[:-1]) * unit).isoformat()


def _reset_at(duration: str | None) -> str | None:
    """The next 1st of a month, in UTC: our files ask for no other period."""
    if not duration:
        return None
    first = datetime.now(UTC).replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    return (first + timedelta(days=31)).replace(day=1).isoformat()


def hash_of(key: str) -> str:
    return hashlib.sha256(key.encode()).hexdigest() if key.startswith("sk-") else key


class Keys:
    def __init__(self) -> None:
        self.rows: dict[str, dict[str, Any]] = {}
        self.deleted: dict[str, dict[str, Any]] = {}
        self.leases: set[str] = set()  # rows that say who writes, by token; nobody's key

    def is_of_a_lease(self, request: Request) -> bool:
        """Say whether a write is about who may write, and about no object."""
        if request.path not in ("/key/generate", "/key/update", "/key/delete"):
            return False
        named = request.body.get("keys") or [request.body.get("key") or ""]
        return all(hash_of(key) in self.leases for key in named)

    def routes(self) -> list[Route]:
        return [
            Route.of("GET", "/key/list", self.list),
            Route.of("GET", "/key/info", self.read),
            Route.of("POST", "/key/generate", self.create),
            Route.of("POST", "/key/update", self.update),
            Route.of("POST", "/key/block", self.block),
            Route.of("POST", "/key/unblock", self.unblock),
            Route.of("POST", "/key/delete", self.delete),
            Route.of("POST", "/key/{hash}/reset_spend", self.reset_spend),
        ]

    def list(self, request: Request) -> Any:
        query = request.query
        size, page = int(query.get("size", "10")), int(query.get("page", "1"))
        if size > _LARGEST_PAGE:
            message = "Input should be less than or equal to 100"
            raise detail(
                422, [{"type": "less_than_equal", "loc": ["query", "size"], "msg": message}]
            )
        part = query.get("search", "").casefold()
        found = [row for row in self.rows.values() if part in (row["key_alias"] or "").casefold()]
        shown = found[(page - 1) * size : page * size]
        if query.get("return_full_object") != "true":
            keys: list[Any] = [row["token"] for row in shown]
        elif any(row[name] is None for row in shown for name in (*_DICTS, "metadata")):
            raise Refused(500, "Authentication Error, 1 validation error for UserAPIKeyAuth")
        else:
            keys = deepcopy(shown)
        return {
            "keys": keys,
            "total_count": len(found),
            "current_page": page,
            "total_pages": -(-len(found) // size),
        }

    def read(self, request: Request) -> Any:
        token = hash_of(request.query["key"])
        if token in self.rows:
            row = self.rows[token]
            info = {**deepcopy(row), "status": "revoked" if row["blocked"] else "active"}
        elif token in self.deleted:
            info = {**deepcopy(self.deleted[token]), "status": "deleted"}
        else:
            raise Refused(404, "Key not found in database", "not_found_error")
        info.pop("token")
        return {"key": token, "info": info}

    def create(self, request: Request) -> Any:
        body = {k: v for k, v in request.body.items() if v is not None}
        key = body.get("key") or f"sk-{uuid4().hex}"
        if not key.startswith("sk-") or len(key) < 16:
            raise Refused(400, "{'error': 'Invalid key format.'}")
        if (body.get("max_budget") or 0) < 0:
            raise Refused(400, "max_budget cannot be negative")
        token = hash_of(key)
        if str(body.get("key_alias")).startswith("aspire-gitops writer "):
            self.leases.add(token)
        if token in self.rows:
            return {**body, "key": key, "token": token}  # nothing is written; a false echo
        self._claim(body.get("key_alias"), token)
        row = {name: deepcopy(_EMPTY.get(name)) for name in (*_STORED, *_DICTS, *_LISTS)}
        row |= {name: deepcopy(body[name]) for name in _STORED if name in body}
        if body.get("key_type") in _ROUTES_OF_TYPE:
            row["allowed_routes"] = _ROUTES_OF_TYPE[body["key_type"]]
        row |= {"token": token, "key_name": f"sk-...{key[-4:]}", "org_id": None}
        row |= {"spend": float(body.get("spend", 0.0)), "expires": _expiry(body.get("duration"))}
        row |= {"budget_reset_at": _reset_at(body.get("budget_duration"))}
        row |= {"litellm_budget_table": None, "soft_budget": None}
        row |= {"created_at": _now(), "created_by": _MASTER, "settings_updated_at": None}
        row |= {"updated_at": row["created_at"], "updated_by": _MASTER}
        self.rows[token] = row
        return {**body, "key": key, "token": token}

    def update(self, request: Request) -> Any:
        body = dict(request.body)
        row = self._row(hash_of(body.pop("key")))
        if any(name in body and body[name] is None for name in _LISTS):
            raise Refused(400, "Unable to match input value to any allowed input type")
        if body.get("key_alias"):
            self._claim(body["key_alias"], row["token"])
        if "duration" in body and body["duration"] is None:
            row["expires"] = None
        if "spend" in body:
            row["spend"] = float(body["spend"])
        if "budget_duration" in body:
            row["budget_reset_at"] = _reset_at(body["budget_duration"])
        # A null in a mapping is stored, and breaks every list that the row is on.
        row |= {name: deepcopy(body[name]) for name in _STORED if name in body}
        row |= {"settings_updated_at": _now(), "updated_at": _now()}  # nobody writes updated_by
        return {"key": row["token"], **deepcopy(row)}

    def block(self, request: Request) -> Any:
        row = self._row(hash_of(request.body["key"]))
        row |= {"blocked": True, "settings_updated_at": _now(), "updated_at": _now()}
        return deepcopy(row)

    def unblock(self, request: Request) -> Any:
        row = self._row(hash_of(request.body["key"]))
        row |= {"blocked": False, "settings_updated_at": _now(), "updated_at": _now()}
        return deepcopy(row)

    def reset_spend(self, request: Request, hash: str) -> Any:  # noqa: A002 (LiteLLM's word)
        if hash not in self.rows:
            raise detail(404, {"error": f"Key {hash} not found."})
        row, wanted = self.rows[hash], float(request.body["reset_to"])
        if wanted < 0:
            raise detail(400, {"error": "reset_to must be >= 0"})
        if wanted > row["spend"]:
            raise detail(400, {"error": f"reset_to ({wanted}) must be <= current spend"})
        if row["max_budget"] is not None and wanted > row["max_budget"]:
            raise detail(400, {"error": f"reset_to ({wanted}) must be <= budget"})
        before, row["spend"] = row["spend"], wanted
        row["updated_at"] = _now()
        return {"key_hash": hash, "spend": wanted, "previous_spend": before}

    def delete(self, request: Request) -> Any:
        tokens = [hash_of(key) for key in request.body["keys"]]
        if not any(token in self.rows for token in tokens):
            raise Refused(404, "{'error': 'No keys found'}")
        for token in tokens:
            if token in self.rows:
                self.deleted[token] = self.rows.pop(token)
        return {"deleted_keys": request.body["keys"]}

    def spend(self, token: str, usd: float) -> None:
        """Count a call, as the flush of the spend does: the row moves, its settings do not."""
        row = self._row(token)
        row |= {"spend": row["spend"] + usd, "updated_at": _now()}

    def _row(self, token: str) -> dict[str, Any]:
        if token not in self.rows:
            raise Refused(404, "Key not found.", "not_found_error")
        return self.rows[token]

    def _claim(self, alias: str | None, token: str) -> None:
        taken = (t for t, row in self.rows.items() if alias and row["key_alias"] == alias)
        if any(other != token for other in taken):
            message = f"Key with alias '{alias}' already exists."
            raise Refused(400, message, "bad_request_error")

    def dump(self) -> str:
        """Everything stored, for a test that searches it."""
        return json.dumps([self.rows, self.deleted])

"""Deployments and the fallbacks between them.

The rows are the database, `live` says which of them the router serves. Lists
and reads by /v1 show the router, filled up with facts of a built-in price map.
"""

from copy import deepcopy
from typing import Any
from uuid import uuid4

from support.fake_gateway.credentials import Credentials
from support.fake_gateway.wire import Refused, Request, Route, detail, missing

_CLEARABLE = frozenset(
    {"input_cost_per_token", "output_cost_per_token", "cache_read_input_token_cost"}
    | {"cache_creation_input_token_cost", "litellm_credential_name"}
)
_NEVER_SHOWN = frozenset({"api_key", "client_secret", "aws_access_key_id", "aws_secret_access_key"})
_INJECTED_PARAMS = {
    "allow_client_keepalive_override": False,
    "use_in_pass_through": False,
    "use_litellm_proxy": False,
    "use_xai_oauth": False,
    "merge_reasoning_content_in_choices": False,
}
_PRICE_MAP: dict[str, dict[str, Any]] = {
    "openai/gpt-4o-mini": {
        "mode": "chat",
        "max_tokens": 16384,
        "max_input_tokens": 128000,
        "max_output_tokens": 16384,
        "supports_vision": True,
        "supports_function_calling": True,
        "supports_response_schema": True,
        "supports_prompt_caching": True,
    },
    "openai/gpt-4.1-mini": {
        "mode": "chat",
        "max_input_tokens": 1047576,
        "supports_vision": True,
    },
}
_PROVIDERS = frozenset({"openai", "anthropic", "litellm_proxy", "mistral", "chatgpt"})
_KINDS = ("general", "context_window", "content_policy")


class Deployments:
    def __init__(self, credentials: Credentials) -> None:
        self.rows: dict[str, dict[str, Any]] = {}
        self.live: set[str] = set()
        self.fallbacks: dict[str, dict[str, list[str]]] = {kind: {} for kind in _KINDS}
        self._credentials = credentials

    def routes(self) -> list[Route]:
        return [
            Route.of("GET", "/v1/model/info", self.read),
            Route.of("GET", "/v2/model/info", self.list),
            Route.of("POST", "/model/new", self.create),
            Route.of("PATCH", "/model/{id}/update", self.update),
            Route.of("POST", "/model/delete", self.delete),
            Route.of("GET", "/v1/models", self.names),
            Route.of("POST", "/fallback", self.set_fallback),
            Route.of("DELETE", "/fallback/{model}", self.drop_fallback),
        ]

    def add_from_file(self, name: str, address: str, **params: Any) -> None:
        """Put a deployment there as the config file would."""
        self._put(address, name, params, {"id": address, "db_model": False})

    def read(self, request: Request) -> Any:
        address = request.query["litellm_model_id"]
        if address not in self.live:
            raise detail(400, {"error": f"Model id = {address} not found on litellm proxy"})
        return {"data": [self._shown(address)]}

    def list(self, request: Request) -> Any:
        size, page = int(request.query.get("size", "50")), int(request.query.get("page", "1"))
        rows = sorted((self._shown(a) for a in self.live), key=lambda row: row["model_name"])
        return {
            "data": rows[(page - 1) * size : page * size],
            "total_count": len(rows),
            "current_page": page,
            "total_pages": -(-len(rows) // size),
            "size": size,
        }

    def create(self, request: Request) -> Any:
        body = request.body
        if not body.get("model_name") or "litellm_params" not in body:
            raise Refused(500, "Internal server error")
        if "model" not in body["litellm_params"]:
            raise missing("litellm_params", "model")
        info = {k: v for k, v in (body.get("model_info") or {}).items() if v is not None}
        address = str(info.setdefault("id", str(uuid4())))
        if address in self.rows:
            raise Refused(500, "{'error': 'Failed to add model to db.'}", "auth_error")
        info = {k: v for k, v in info.items() if "cost" not in k}  # prices there are stripped
        self._put(address, body["model_name"], body["litellm_params"], {**info, "db_model": True})
        self.rows[address]["blocked"] = bool(body.get("blocked"))
        if not self._can_serve(self.rows[address]):
            self.live.discard(address)
            raise Refused(
                500,
                "Model create was saved to the database, but the model id(s) "
                f"['{address}'] are not live in this pod's router",
            )
        return {"model_id": address}

    def update(self, request: Request, id: str) -> Any:  # noqa: A002  # the path's own name
        if id not in self.rows:
            raise Refused(404, f"Model {id} not found on proxy.")
        row, params = self.rows[id], request.body.get("litellm_params") or {}
        named = params.get("litellm_credential_name")
        if named is not None and named not in self._credentials.rows:
            raise Refused(400, f"Credential '{named}' not found.", "validation_error")
        for name, value in params.items():
            if value is not None:
                row["litellm_params"][name] = deepcopy(value)
            elif name in _CLEARABLE:
                row["litellm_params"].pop(name, None)
        info = request.body.get("model_info") or {}
        row["model_info"] |= {k: deepcopy(v) for k, v in info.items() if v is not None}
        if request.body.get("blocked") is not None:
            row["blocked"] = request.body["blocked"]
        if self._can_serve(row):
            self.live.add(id)
        return {"model_id": id}

    def delete(self, request: Request) -> Any:
        address = request.body["id"]
        if address not in self.rows:
            raise Refused(400, f"{{'error': 'Model with id={address} not found in db'}}")
        del self.rows[address]
        self.live.discard(address)
        return {"message": f"Model: {address} deleted successfully"}

    def names(self, request: Request) -> Any:
        kind = request.query.get("fallback_type", "general")
        free = {
            r["model_name"] for a, r in self.rows.items() if a in self.live and not r["blocked"]
        }
        found = self.fallbacks[kind]
        return {
            "object": "list",
            "data": [
                {"id": name, "object": "model", "metadata": {"fallbacks": found.get(name, [])}}
                for name in sorted(free)
            ],
        }

    def set_fallback(self, request: Request) -> Any:
        body = request.body
        self.fallbacks[body.get("fallback_type", "general")][body["model"]] = body[
            "fallback_models"
        ]
        return {"model": body["model"], "message": "Fallback configuration created successfully"}

    def drop_fallback(self, request: Request, model: str) -> Any:
        kind = request.query.get("fallback_type", "general")
        if self.fallbacks[kind].pop(model, None) is None:
            raise detail(404, {"error": f"No {kind} fallbacks configured for model '{model}'"})
        return {"model": model, "message": "Fallback configuration deleted successfully"}

    def _put(self, address: str, name: str, params: Any, info: dict[str, Any]) -> None:
        self.rows[address] = {
            "model_name": name,
            "litellm_params": {k: deepcopy(v) for k, v in params.items() if v is not None},
            "model_info": deepcopy(info),
            "blocked": False,
        }
        self.live.add(address)

    def _can_serve(self, row: dict[str, Any]) -> bool:
        return str(row["litellm_params"].get("model", "")).partition("/")[0] in _PROVIDERS

    def _shown(self, address: str) -> dict[str, Any]:
        row = deepcopy(self.rows[address])
        params = {k: v for k, v in row["litellm_params"].items() if k not in _NEVER_SHOWN}
        model = row["model_info"].get("base_model") or params.get("model", "")
        facts = _PRICE_MAP.get(model, dict.fromkeys(_PRICE_MAP["openai/gpt-4o-mini"]))
        info = {**facts, **row["model_info"], "id": address, "blocked": row["blocked"]}
        return {
            "model_name": row["model_name"],
            "litellm_params": {**_INJECTED_PARAMS, **params},
            "model_info": {**info, "key": model, "direct_access": True},
        }

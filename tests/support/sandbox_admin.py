"""The gateway's admin API as a test sees it: send, look at the status, read the JSON.

Deliberately not the product's own client: these tests judge what that one relies on.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

import httpx

from aspire_gitops.sandbox import Sandbox

T = TypeVar("T")


class Admin:
    """Calls one gateway, as its administrator unless another key is given."""

    def __init__(self, client: httpx.Client) -> None:
        self._client = client

    def send(
        self, method: str, path: str, body: object = None, *, key: str | None = None
    ) -> httpx.Response:
        headers = {} if key is None else {"authorization": f"Bearer {key}"}
        return self._client.request(method, path, json=body, headers=headers)

    def get(self, path: str) -> Any:
        return good(self.send("GET", path))

    def post(self, path: str, body: object) -> Any:
        return good(self.send("POST", path, body))

    def status(self, method: str, path: str, body: object = None) -> int:
        return self.send(method, path, body).status_code

    def new_key(self, **fields: object) -> str:
        return str(self.post("/key/generate", fields)["key"])

    def key_row(self, key: str) -> dict[str, Any]:
        row: dict[str, Any] = self.get(f"/key/info?key={key}")["info"]
        return row

    def new_model(self, name: str, **params: object) -> None:
        """Add a model whose id is its name; it answers `hello` unless told otherwise."""
        litellm_params = {"model": "openai/gpt-4o", "api_key": "sk-provider-0", **params}
        if "api_base" not in params:
            litellm_params.setdefault("mock_response", "hello")
        row = {"model_name": name, "litellm_params": litellm_params, "model_info": {"id": name}}
        self.post("/model/new", row)

    def chat(self, model: str, *, key: str | None = None, **more: object) -> httpx.Response:
        body = {"model": model, "messages": [{"role": "user", "content": "ping"}], **more}
        return self.send("POST", "/v1/chat/completions", body, key=key)

    def said(self, model: str, *, key: str | None = None) -> str:
        return str(good(self.chat(model, key=key))["choices"][0]["message"]["content"])


@contextmanager
def admin_of(sandbox: Sandbox) -> Iterator[Admin]:
    headers = {"authorization": f"Bearer {sandbox.master_key}"}
    base_url = sandbox.base_url
    with httpx.Client(base_url=base_url, headers=headers, timeout=60, trust_env=False) as client:
        yield Admin(client)


def good(reply: httpx.Response) -> Any:
    assert reply.status_code == 200, f"{reply.status_code} {reply.text[:400]}"
    return reply.json()


def eventually(look: Callable[[], T], *, within_s: float = 30) -> T:
    """Return the first true result of `look`."""
    deadline = time.monotonic() + within_s
    while not (found := look()):
        assert time.monotonic() < deadline, f"not within {within_s:g} s"
        time.sleep(0.2)
    return found

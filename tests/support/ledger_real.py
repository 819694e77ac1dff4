"""A real gateway that has loaded the spend ledger, with priced aliases and apps that have budgets.

Its `config.yaml` is the compiled one; what the controller would write through the admin
API is written here by hand, in the same shape. Calls are cheap to count: 10 tokens in and
20 out, so that a chat costs 0.00018 AUD.
"""

import itertools
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx
import psycopg
import pytest

from aspire_gitops.compiling.config import compile_config
from aspire_gitops.kinds.key_fields import CALENDAR_MONTH
from aspire_gitops.resources import GatewaySpec
from aspire_gitops.sandbox import Sandbox, SandboxOptions, UpstreamControl
from aspire_ledger.contract import allowed_routes
from aspire_ledger.litellm.settings import LATE
from ledger_support.desk import account
from support.catalogs import GATEWAY
from support.sandbox_admin import Admin, admin_of, eventually
from support.sandboxes import fresh_sandbox

SAY_HI = {"messages": [{"role": "user", "content": "hi"}]}
PRICES = {
    "input_cost_per_token": 0.000001,
    "output_cost_per_token": 0.000004,
    "cache_read_input_token_cost": 0.000001,
    "cache_creation_input_token_cost": 0.000001,
}
ALIASES: Mapping[str, Mapping[str, Any]] = {
    "chat": {"model": "openai/gpt-x", **PRICES},
    "claude": {"model": "anthropic/claude-sonnet-4-5", **PRICES},
    "respond": {"model": "openai/gpt-4o", **PRICES},
    "embed": {
        "model": "openai/text-embedding-3-small",
        "input_cost_per_token": 0.000001,
        "output_cost_per_token": 0,
    },
    "ocr": {"model": "mistral/mistral-ocr-latest", "ocr_cost_per_page": 0.001},
    "image": {"model": "openai/dall-e-3", "output_cost_per_image": 0.04},
}
# Each alias's card: what the guard bounds calls by and the ledger prices them at.
_TOKENS = {"input_usd_per_million_tokens": "1", "output_usd_per_million_tokens": "4"}
CARD_PRICES: Mapping[str, Mapping[str, Any]] = {
    "embed": {"input_usd_per_million_tokens": "1", "output_usd_per_million_tokens": "0"},
    "ocr": {"usd_per_page": "0.001"},
    "image": {"usd_per_image": "0.04"},
}
MODES = {"embed": "embedding", "ocr": "ocr", "image": "image_generation"}
_names = itertools.count(1)


@dataclass(frozen=True)
class App:
    """One app: its key, its budget, and a client that calls as it does."""

    name: str
    budget: str
    key: str = field(repr=False)
    client: httpx.Client = field(repr=False)

    def chat(self, alias: str = "chat", **more: Any) -> httpx.Response:
        headers = more.pop("headers", {})
        body = {"model": alias, **SAY_HI, **more}
        return self.client.post("/v1/chat/completions", json=body, headers=headers)


@dataclass(frozen=True)
class Spend:
    """One entry of the ledger, as it stands in the table."""

    kind: str
    alias: str
    provider: str
    model: str
    aud: Decimal
    tokens: tuple[int, int]  # in and out
    cached: int = 0
    pages: int = 0
    images: int = 0
    estimated: int = 0
    note: str = ""


@dataclass(frozen=True)
class LedgerGateway:
    """The gateway, and what its ledger says."""

    sandbox: Sandbox
    admin: Admin
    upstream: UpstreamControl
    url: str
    clients: ExitStack

    def app(
        self,
        monthly_aud: Decimal | str,
        base_url: str | None = None,
        *,
        backstop_factor: Decimal | None = None,
        **more: Any,
    ) -> App:
        """Make an app with one key and a budget of its own, and LiteLLM's own cap above that."""
        name = f"app{next(_names)}"
        metadata = account(name, monthly_aud, **more)
        backstop: dict[str, Any] = {}
        if backstop_factor:
            usd = Decimal(monthly_aud) * Decimal(metadata["usd_per_aud"]) * backstop_factor
            backstop = {"max_budget": float(usd), "budget_duration": CALENDAR_MONTH}
        key = self.admin.new_key(
            key_alias=f"{name}.main",
            models=list(ALIASES),
            allowed_routes=list(allowed_routes({"chat", "embedding", "ocr", "image_generation"})),
            metadata=metadata,
            **backstop,
        )
        return App(name, metadata["budget"], key, self._client(key, base_url))

    def anonymous(self, **metadata: Any) -> App:
        """Make a key with just this metadata."""
        name = f"anonymous{next(_names)}"
        key = self.admin.new_key(key_alias=name, models=list(ALIASES), metadata=metadata)
        return App(name, "", key, self._client(key, None))

    def master(self) -> App:
        key = self.sandbox.master_key
        return App("master", "", key, self._client(key, None))

    def change(self, app: App, **metadata: Any) -> None:
        """Change an app's account as the controller does: its whole metadata at once."""
        found = self.admin.key_row(app.key)["metadata"]
        self.admin.post("/key/update", {"key": app.key, "metadata": {**found, **metadata}})

    def entries(self, app: App) -> list[Spend]:
        return [
            Spend(
                kind, alias, provider, model, Decimal(nano) / 10**9, (tokens_in, tokens_out), *more
            )
            for kind, alias, provider, model, nano, tokens_in, tokens_out, *more in self._rows(
                "SELECT kind, alias, provider, model, nano_aud, input_tokens, output_tokens,"
                " cached_input_tokens, pages, images, estimated, note FROM {schema}entries WHERE budget = {budget} ORDER BY number",
                app.budget,
            )
        ]

    def settled(self, app: App, calls: int) -> list[Spend]:
        """Return the entries as soon as there are so many, and nothing is reserved any more."""

        eventually(lambda: len(self.entries(app)) >= calls, within_s=15)
        eventually(lambda: self.reserved(app) == 0, within_s=15)
        return self.entries(app)

    def reserved(self, app: App) -> Decimal:
        rows = self._rows(
            "SELECT COALESCE(SUM(reserved), 0) FROM {schema}totals WHERE budget = {budget}",
            app.budget,
        )
        return Decimal(rows[0][0]) / 10**9

    def spent(self, app: App) -> Decimal:
        rows = self._rows(
            "SELECT COALESCE(SUM(spent), 0) FROM {schema}totals WHERE budget = {budget}", app.budget
        )
        return Decimal(rows[0][0]) / 10**9

    def everything(self) -> str:
        """Return all that the store holds, for looking for what must not be there."""
        tables = (
            *("entries", "reservations", "totals", "estimates", "warnings"),
            *("failures", "seen_parameters", "processes", "revocations"),
        )
        return repr([self._rows(f"SELECT * FROM {{schema}}{table}") for table in tables])

    def _rows(self, question: str, budget: str = "") -> Sequence[Any]:
        assert self.url
        with psycopg.connect(self.url) as server:
            text = question.format(schema="aspire_ledger.", budget="%(budget)s")
            return server.execute(text.encode(), {"budget": budget}).fetchall()

    def _client(self, key: str, base_url: str | None) -> httpx.Client:
        client = httpx.Client(
            base_url=base_url or self.sandbox.base_url,
            headers={"authorization": f"Bearer {key}"},
            timeout=60,
            trust_env=False,
        )
        return self.clients.enter_context(client)


@pytest.fixture(scope="session")
def shared_ledger(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LedgerGateway]:
    """A gateway with a ledger, for all tests that neither stop nor fill it."""
    with ledger_gateway(tmp_path_factory.mktemp("ledger")) as gateway:
        yield gateway


def ledger_config(folder: Path, **ledger: Any) -> Path:
    """Write the compiled config of a gateway that has a ledger."""
    path = folder / "config.yaml"
    path.write_text(compile_config(GatewaySpec.model_validate({**GATEWAY, "ledger": ledger})))
    return path


@contextmanager
def ledger_gateway(
    folder: Path,
    *,
    extra_proxies: int = 0,
    config: Path | None = None,
    env: Mapping[str, str] | None = None,
    timeout_s: int = 60,
    **ledger: Any,
) -> Iterator[LedgerGateway]:
    """Run a gateway of a test's own.

    `timeout_s` is that of every alias; further keywords are those of `ledger:` in the Gateway.
    """
    options = SandboxOptions(
        config=config or ledger_config(folder, **ledger),
        env={LATE: "5", **(env or {})},  # half a minute is long for what is never told
        upstream=True,
        extra_proxies=extra_proxies,
        ledger=True,
    )
    with fresh_sandbox(options) as sandbox, admin_of(sandbox) as admin, ExitStack() as clients:
        assert sandbox.upstream_url
        make_aliases(admin, sandbox.upstream_url, timeout_s)
        upstream = UpstreamControl(sandbox.upstream_url)
        yield LedgerGateway(sandbox, admin, upstream, sandbox.ledger_url or "", clients)


def make_aliases(admin: Admin, upstream_url: str, timeout_s: int) -> None:
    """Make deployments that call the stand-in provider."""
    for name, target in ALIASES.items():
        anthropic = str(target["model"]).startswith("anthropic/")
        api_base = f"{upstream_url}/{name}" + ("" if anthropic else "/v1")
        params = {**target, "api_base": api_base, "api_key": "sk-provider-0", "timeout": timeout_s}
        info = {"id": f"gw.{name}.1", "aspire": card(name, timeout_s), "mode": mode_of(name)}
        row = {"model_name": name, "litellm_params": params, "model_info": info}
        admin.post("/model/new", row)


def mode_of(name: str) -> str:
    return MODES.get(name, "chat")


def card(name: str, timeout_s: int = 60, **more: Any) -> dict[str, Any]:
    """Return the card of an alias, as `compiling` writes it; `more` replaces parts of it."""
    return {
        "format": 1,
        "mode": mode_of(name),
        "price": CARD_PRICES.get(name, _TOKENS),
        "max_output_tokens": 4096,
        "timeout_s": timeout_s,
        **more,
    }

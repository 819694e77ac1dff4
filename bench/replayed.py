"""A gateway that answers reads only, from bytes that were made before: its own time is near zero.

The rows have the shape and the size of those of LiteLLM 1.106.2: about 2.4 KB for
a key, 7 KB for a deployment, most of it nulls. `busy` serves another spend and
another `updated_at` for every key each time, as a gateway in use does.

    python bench/replayed.py --keys 1000 --aliases 200 --providers 20   prints its address
"""

import asyncio
import json
import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from hashlib import sha256
from itertools import cycle
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import click
from apply import OWNER, SECRET, objects

from aspire_gitops.kinds import KINDS, next_address
from aspire_gitops.planning import evidence_of, marked
from aspire_gitops.state import GatewayObject, Intent, Kind, SecretReference
from aspire_ledger.canonical import JsonValue

PROVIDER_KEY = "pk-bench-0123456789"
_PAGE = {"/key/list": 100, "/v2/model/info": 500}
# What LiteLLM adds to each key, unset.
_NULLS = [
    "user_id",
    "team_id",
    "agent_id",
    "project_id",
    "tpd_limit",
    "budget_reset_at",
    "budget_id",
    "org_id",
    "last_active",
    "object_permission_id",
    "object_permission",
    "rotation_interval",
    "last_rotation_at",
    "key_rotation_at",
    "budget_limits",
    "team_spend",
    "team_alias",
    "team_tpm_limit",
    "team_rpm_limit",
    "team_tpd_limit",
    "team_max_budget",
    "team_soft_budget",
    "team_model_max_budget",
    "soft_budget",
    "team_model_aliases",
    "team_member",
    "team_metadata",
    "team_object_permission_id",
    "team_member_spend",
    "team_member_tpm_limit",
    "team_member_rpm_limit",
    "end_user_id",
    "end_user_tpm_limit",
    "end_user_rpm_limit",
    "end_user_tpd_limit",
    "end_user_max_budget",
    "end_user_model_max_budget",
    "organization_alias",
    "organization_max_budget",
    "organization_tpm_limit",
    "organization_rpm_limit",
    "organization_metadata",
    "project_alias",
    "project_metadata",
    "last_refreshed_at",
    "api_key",
    "user_role",
    "allowed_model_region",
    "parent_otel_span",
    "rpm_limit_per_model",
    "tpm_limit_per_model",
    "user_tpm_limit",
    "user_rpm_limit",
    "user_email",
    "user_spend",
    "user_max_budget",
    "user_model_max_budget",
    "request_route",
    "user",
    "created_by_user",
    "end_user_object_permission",
    "team_object_permission",
    "jwt_claims",
    "litellm_budget_table",
    "expires",
    "settings_updated_at",
]
_FACTS = {f"fact_of_the_price_map_number_{n}": None for n in range(170)}
_PARAMS = {
    "allow_client_keepalive_override": False,
    "use_in_pass_through": False,
    "use_litellm_proxy": False,
    "use_xai_oauth": False,
    "merge_reasoning_content_in_choices": False,
}
_OPENAI = ["temperature", "top_p", "tools", "tool_choice", "response_format", "stream"] * 5


def live_objects(providers: int, aliases: int, keys: int) -> Iterator[GatewayObject]:
    """Yield what a gateway has after the bench's objects were applied."""
    secret = {SECRET: PROVIDER_KEY}
    for item in objects(providers, aliases, keys):
        is_credential = item.key.kind is Kind.CREDENTIAL
        intent = Intent(secrets={SECRET: SecretReference("env", "BENCH")} if is_credential else {})
        evidence = evidence_of(item, secret) if is_credential else None
        live = marked(item, intent, owner=OWNER, revision="bench", evidence=evidence)
        token = sha256(item.key.name.encode()).hexdigest()
        yield replace(live, address=next_address(item.key, ()) or token)


def rows(live: Iterable[GatewayObject]) -> Mapping[Kind, list[dict[str, Any]]]:
    """Return the rows of each kind as LiteLLM lists them."""
    made: dict[Kind, list[dict[str, Any]]] = {kind: [] for kind in KINDS}
    for item in live:
        secrets = {"key": "sk-bench"} if item.key.kind is Kind.KEY else {}
        body = dict(KINDS[item.key.kind].create(item, secrets).body or {})
        made[item.key.kind].append(_ROWS[item.key.kind](item, body))
    return made


def _credential(_item: GatewayObject, body: dict[str, Any]) -> dict[str, Any]:
    values = {**body["credential_values"], "api_key": "pk****89"}
    return {**body, "credential_values": values, "display_name": None, "source": "db"}


def _deployment(_item: GatewayObject, body: dict[str, Any]) -> dict[str, Any]:
    facts = {"db_model": True, "blocked": False, "supported_openai_params": _OPENAI}
    return {
        "model_name": body["model_name"],
        "litellm_params": {**_PARAMS, **body["litellm_params"]},
        "model_info": {**_FACTS, **facts, **body["model_info"]},
    }


def _key(item: GatewayObject, body: dict[str, Any]) -> dict[str, Any]:
    del body["key"]
    created = "2026-11-23T22:07:06.278000Z"
    return {
        **dict.fromkeys(_NULLS),
        **{name: {} for name in ("aliases", "config", "permissions", "router_settings")},
        "budget_fallbacks": {},
        "model_spend": {},
        "blocked": None,
        "created_at": created,
        "created_by": "default_user_id",
        "updated_at": created,
        "updated_by": "default_user_id",
        "spend": 0.0,
        **body,
        "token": item.address,
    }


_ROWS = {Kind.CREDENTIAL: _credential, Kind.DEPLOYMENT: _deployment, Kind.KEY: _key}


def answers(
    made: Mapping[Kind, list[dict[str, Any]]], *, spent: float = 0.0
) -> Mapping[tuple[str, str], bytes]:
    """Return each reply's bytes by path and page (or kind of fallback)."""
    keys = [
        {**row, "spend": spent, "updated_at": f"2026-11-23T22:07:06.{n:03}{spent * 1000:03.0f}Z"}
        for n, row in enumerate(made[Kind.KEY])
    ]
    names = [row["model_name"] for row in made[Kind.DEPLOYMENT]]
    listed = [{"id": name, "object": "model", "metadata": {"fallbacks": []}} for name in names]
    whole: dict[tuple[str, str], JsonValue] = {
        ("/health/readiness/details", "1"): {"litellm_version": "1.106.2"},
        ("/credentials", "1"): {"success": True, "credentials": made[Kind.CREDENTIAL]},
        ("/v1/models", "1"): {"object": "list", "data": listed},
    }
    for path, name, all_rows in (
        ("/key/list", "keys", keys),
        ("/v2/model/info", "data", made[Kind.DEPLOYMENT]),
    ):
        size = _PAGE[path]
        pages = -(-len(all_rows) // size) or 1
        for page in range(pages):
            part = all_rows[page * size : (page + 1) * size]
            counts = {"total_count": len(all_rows), "total_pages": pages, "current_page": page + 1}
            whole[path, str(page + 1)] = {name: part, **counts}
    return {at: json.dumps(reply, separators=(",", ":")).encode() for at, reply in whole.items()}


async def serve(variants: Iterable[Mapping[tuple[str, str], bytes]]) -> None:
    """Answer until stdin ends. The variants take turns, a new one with each reading of `/credentials`."""
    turns = cycle(variants)
    served = next(turns)

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal served
        while head := await reader.readuntil(b"\r\n\r\n"):
            target = urlsplit(head.split(b" ", 2)[1].decode())
            if target.path == "/credentials":
                served = next(turns)
            page = dict(parse_qsl(target.query)).get("page", "1")
            body = served[target.path, page]
            writer.write(
                b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n"
                b"content-length: %d\r\n\r\n" % len(body)
            )
            writer.write(body)
            await writer.drain()

    async def quietly(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await answer(reader, writer)
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()

    async with await asyncio.start_server(quietly, "127.0.0.1", 0) as server:
        click.echo(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}")
        await asyncio.to_thread(sys.stdin.read)


@click.command()
@click.option("--providers", default=20, show_default=True)
@click.option("--aliases", default=200, show_default=True)
@click.option("--keys", default=1000, show_default=True)
@click.option("--busy", is_flag=True, help="Every key's spend moves between two readings.")
def main(providers: int, aliases: int, keys: int, *, busy: bool) -> None:
    """Serve a gateway at rest until stdin is closed."""
    made = rows(live_objects(providers, aliases, keys))
    spends = (0.0, 0.123, 0.456) if busy else (0.0,)
    asyncio.run(serve([answers(made, spent=spent) for spent in spends]))


if __name__ == "__main__":
    main()

"""What the page says while a real gateway does something else than git asks for.

One gateway with a ledger, and a controller as a process. Who answered is what the stand-in
provider says.
"""

import asyncio
import json
import os
import subprocess
from collections import Counter
from collections.abc import Iterator
from copy import deepcopy
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest

from aspire_gitops.sandbox import Sandbox, SandboxOptions, kill_proxy, restart
from aspire_gitops.status.document import StatusDocument
from aspire_ledger.postgres import PostgresStore
from support.browser import chromium, take
from support.catalogs import GATEWAY
from support.daemons import Site, running, site_in, until
from support.folders import alias
from support.ledger_real import ledger_config
from support.sandbox_admin import Admin, admin_of
from support.sandboxes import fresh_sandbox

pytestmark = [pytest.mark.real, pytest.mark.slow]
PICTURES = os.environ.get("ASPIRE_GITOPS_TEST_PICTURES")  # a folder, for those who want to look


@pytest.fixture(scope="module")
def gateway(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    config = ledger_config(tmp_path_factory.mktemp("config"))
    with fresh_sandbox(SandboxOptions(config=config, upstream=True, ledger=True)) as sandbox:
        yield sandbox


@pytest.fixture
def admin(gateway: Sandbox) -> Iterator[Admin]:
    with admin_of(gateway) as admin:
        yield admin


@pytest.fixture
def site(gateway: Sandbox, tmp_path: Path) -> Iterator[Site]:
    """A site at rest, with two aliases that are both answered by the east."""
    assert gateway.upstream_url
    made = site_in(
        tmp_path,
        gateway_url=gateway.base_url,
        admin_key=gateway.master_key,
        upstream_url=gateway.upstream_url,
        ASPIRE_GITOPS_LEDGER_URL=gateway.ledger_url or "",
        ASPIRE_GITOPS_DOWN_NOTICE_S="5",
    )
    declare_gateway(made)
    made.origin.declare(alias(other(made), made.provider("east")))
    made.aimed("east")
    with running(made.daemon):
        until(lambda: made.status().standing == "ready")
        yield made


def declare_gateway(site: Site, **policy: str) -> None:
    gateway = deepcopy(dict(GATEWAY)) | {"ledger": {}}
    gateway["exchange"]["as_of"] = f"{datetime.now(UTC):%Y-%m-%d}"
    gateway["policy"] |= policy
    site.origin.declare(gateway)


def other(site: Site) -> str:
    return f"other-{site.name}"


def intrude(site: Site, admin: Admin, *, priced: bool = True) -> str:
    """Add a model by hand under the alias's name, as a copy of ours or bare. Returns its id."""
    address = f"by-hand-{site.name}"
    ours = next(row for row in models(admin) if row["model_name"] == site.alias)
    card = {"aspire": ours["model_info"]["aspire"]} if priced else {}
    row = {
        "model_name": site.alias,
        "litellm_params": {
            "model": "openai/gpt-4o",
            "api_base": f"{site.upstream_url}/west/v1",
            "api_key": "sk-theirs",
        },
        "model_info": {"id": address, **card},
    }
    admin.post("/model/new", row)
    return address


def models(admin: Admin) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = admin.get("/v2/model/info?size=500")["data"]
    return rows


def page(site: Site) -> str:
    url = site.daemon.url()
    assert url
    return httpx.get(url, trust_env=False).text


def pictures(site: Site, name: str) -> None:
    url = site.daemon.url()
    if PICTURES and url:
        with chromium() as browser:
            for scheme in ("light", "dark"):
                for width in (1280, 390):
                    to = Path(PICTURES) / f"{name}-{scheme}-{width}.png"
                    take(browser, url.rstrip("/"), to, scheme=scheme, width=width, height=None)


def alias_of(site: Site, status: StatusDocument) -> Any:
    return next(row for row in status.aliases if row.name == site.alias)


def test_a_model_added_by_hand_is_red_and_healing_of_everything_else_goes_on(
    site: Site, admin: Admin
) -> None:
    address = intrude(site, admin)
    until(lambda: alias_of(site, site.status()).others, within_s=20)
    answered = Counter(site.answers() for _ in range(20))
    assert set(answered) == {"east", "west"}, "LiteLLM shares the calls out"
    until(lambda: (alias_of(site, site.status()).others[0].of_calls or 0) >= 20, within_s=30)
    [one] = alias_of(site, site.status()).others
    assert (one.address, one.vendor, one.calls) == (address, "127.0.0.1", answered["west"])
    text = page(site)
    assert "✗ also answered by openai/gpt-4o at 127.0.0.1" in text
    assert f"{answered['west']} of the last {one.of_calls} calls" in text
    assert "/model/delete" in text
    assert "sk-theirs" not in text
    row = next(r for r in models(admin) if r["model_name"] == other(site))
    moved = {"litellm_params": {"api_base": f"{site.upstream_url}/west/v1"}}
    admin.send("PATCH", f"/model/{row['model_info']['id']}/update", moved)
    until(
        lambda: next(r for r in models(admin) if r["model_name"] == other(site))["litellm_params"][
            "api_base"
        ].endswith("/east/v1"),
        within_s=25,
    )
    assert site.status().standing == "stalled"
    pictures(site, "intruder")
    admin.post("/model/delete", {"id": address})
    until(lambda: site.status().standing == "ready", within_s=25)


def test_a_model_without_a_reviewed_price_stops_the_alias_and_the_page_says_whom(
    site: Site, admin: Admin
) -> None:
    intrude(site, admin, priced=False)
    until(lambda: alias_of(site, site.status()).others, within_s=20)
    assert {site.answers() for _ in range(4)} == {None}, "the ledger refuses every call"
    status = site.status()
    [trouble] = [one for one in status.troubles if one.kind == "intruder"]
    assert trouble.stops == (f"shop-{site.name}",)
    assert "the ledger refuses every call" in trouble.what


def test_the_command_that_the_page_shows_deletes_the_intruder(
    site: Site, admin: Admin, gateway: Sandbox
) -> None:
    address = intrude(site, admin)
    until(lambda: alias_of(site, site.status()).others, within_s=20)
    [one] = alias_of(site, site.status()).others
    done = subprocess.run(
        ["bash", "-c", one.command],
        env={"PATH": os.environ["PATH"], "ASPIRE_GITOPS_ADMIN_KEY": gateway.master_key},
        check=False,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert address not in [row["model_info"]["id"] for row in models(admin)]


def test_an_intruder_is_removed_after_a_notice_where_the_policy_says_so(
    site: Site, admin: Admin
) -> None:
    declare_gateway(site, intruders="remove")
    site.origin.push("Remove intruders")
    until(lambda: site.daemon.reconcile().standing == "ready")
    address = intrude(site, admin)
    until(lambda: alias_of(site, site.status()).others, within_s=20)
    assert alias_of(site, site.status()).others[0].removed_after
    until(lambda: address not in [row["model_info"]["id"] for row in models(admin)], within_s=90)
    until(lambda: site.status().standing == "ready", within_s=25)
    assert {site.answers() for _ in range(6)} == {"east"}


def test_a_spent_budget_and_a_missing_secret_are_on_top(site: Site) -> None:
    budget = {"kind": "Budget", "name": "shared", "monthly_aud": "0.000001"}
    assert site.answers() == "east"
    until(lambda: calls_booked(site), within_s=30)
    site.origin.declare(budget)
    approval = {
        "kind": "Approval",
        "name": "lower",
        "change": "lower-cap-below-spend",
        "object": f"key/shop-{site.name}.main",
        "reason": "A test.",
        "owner": "platform@example.com",
        "expires": "2099-01-01",
    }
    site.origin.declare(approval)
    site.origin.push("Lower the budget")
    site.daemon.reconcile()
    until(lambda: any(t.kind == "budget" for t in site.status().troubles), within_s=25)
    [spent] = [t for t in site.status().troubles if t.kind == "budget"]
    assert spent.stops == (f"shop-{site.name}",)
    text = page(site)
    assert "<h1>Degraded <small>calls of 1 app fail</small></h1>" in text
    pictures(site, "budget")
    site.daemon.stop()
    secret = next(name for name in site.daemon.variables if name.startswith("EAST"))
    site.daemon.variables = {n: v for n, v in site.daemon.variables.items() if n != secret}
    site.daemon.start()
    site.daemon.first_turn()
    until(lambda: any(t.kind == "secret" for t in site.status().troubles), within_s=25)
    [missing] = [t for t in site.status().troubles if t.kind == "secret"]
    assert secret in missing.what
    assert "calls go on with what is on the gateway" in missing.what
    pictures(site, "secret")


def calls_booked(site: Site) -> int:
    spend = site.status().spend
    return sum(row.calls for row in spend.budgets) if spend else 0


def test_a_dead_gateway_is_the_headline_and_nothing_is_called_zero_or_live(
    site: Site, gateway: Sandbox
) -> None:
    kill_proxy(gateway)
    try:
        until(lambda: site.status().silent_since, within_s=30)
        text = page(site)
        assert "Gateway not answering <small>since " in text
        assert "✓ live" not in text
        assert text.count('<span class="unseen">unknown</span>') == 6
        assert "as last seen at " in text
        assert "of 60 min allowed in " in text
        until(lambda: told(site) == ["down"], within_s=30)
        pictures(site, "dead")
    finally:
        restart(gateway)
    until(lambda: site.status().standing == "ready", within_s=60)
    assert "✓ live" in page(site)


def told(site: Site) -> list[str]:
    done = site.daemon.run("log", "--kind", "downtime", "--format", "json")
    return [line["body"]["told"] for line in json.loads(done.stdout)["lines"]]


@pytest.fixture
def other_config(tmp_path: Path) -> Iterator[Sandbox]:
    """A gateway that runs another config than the compiled one: nothing loads the ledger."""
    config = tmp_path / "config.yaml"
    config.write_text("general_settings:\n  proxy_batch_write_at: 2\n  store_model_in_db: true\n")
    with fresh_sandbox(SandboxOptions(config=config, upstream=True, ledger=True)) as sandbox:
        yield sandbox


def test_a_gateway_that_runs_without_the_ledger_is_found_by_its_first_calls(
    other_config: Sandbox, tmp_path: Path
) -> None:
    gateway = other_config
    assert gateway.ledger_url
    asyncio.run(prepare(gateway.ledger_url))
    site = site_in(
        tmp_path / "site",
        gateway_url=gateway.base_url,
        admin_key=gateway.master_key,
        upstream_url=gateway.upstream_url or "",
        ASPIRE_GITOPS_LEDGER_URL=gateway.ledger_url,
    )
    declare_gateway(site)
    site.aimed("east")
    with running(site.daemon):
        until(lambda: "restart needed" in site.status().reason)
        assert {site.answers() for _ in range(3)} == {"east"}
        until(lambda: any(t.kind == "spend" for t in site.status().troubles), within_s=200)
        [trouble] = site.status().troubles
        assert "the ledger books none of them" in trouble.what
        assert "<h1>Restart needed " in page(site)
        pictures(site, "uncounted")


async def prepare(url: str) -> None:
    async with PostgresStore(url) as store:
        await store.prepare()

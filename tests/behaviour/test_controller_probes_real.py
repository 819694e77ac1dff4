"""The controller probes a real gateway beside its turns: red within minutes, told once, also across kill -9."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from aspire_gitops.sandbox import SandboxOptions, UpstreamControl
from aspire_gitops.status.document import ProbeDocument
from support.catalogs import GATEWAY
from support.daemons import Site, running, site_in, until
from support.ledger_real import ledger_config
from support.sandboxes import fresh_sandbox

pytestmark = [pytest.mark.real, pytest.mark.slow]

LEDGER = {"keys_without_mark": "allow"}


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    """A site whose alias is probed every minute, with a ledger."""
    options = SandboxOptions(config=ledger_config(tmp_path, **LEDGER), upstream=True, ledger=True)
    with fresh_sandbox(options) as sandbox:
        made = site_in(
            tmp_path / "site",
            gateway_url=sandbox.base_url,
            admin_key=sandbox.master_key,
            upstream_url=sandbox.upstream_url or "",
            ASPIRE_GITOPS_LEDGER_URL=sandbox.ledger_url or "",
        )
        policy = {**GATEWAY["policy"], "probes": {"every_minutes": 1}}
        made.origin.declare({**GATEWAY, "policy": policy, "ledger": LEDGER})
        made.aimed("east", max_output_tokens=100, context_window_tokens=10_000)
        with running(made.daemon):
            yield made


def row(site: Site) -> ProbeDocument | None:
    status = site.daemon.status()  # None while it starts
    found = status.probes if status else None
    return next(iter(found.rows), None) if found else None


def works(site: Site, *, expected: bool) -> bool:
    found = row(site)
    return found is not None and found.works is expected


def lines(site: Site) -> list[bool]:
    text = site.daemon.run("log", "--kind", "probe", "--format", "json").stdout
    return [line["body"]["works"] for line in json.loads(text)["lines"]]


def test_an_alias_turns_red_is_told_once_across_a_kill_and_turns_green_again(site: Site) -> None:
    until(lambda: works(site, expected=True), within_s=120)
    found = row(site)
    assert found
    assert (found.by_ledger, found.verdict) == (True, "works")
    upstream = UpstreamControl(site.upstream_url)
    upstream.fail(401)
    until(lambda: lines(site) == [False], within_s=240)
    assert works(site, expected=False)
    assert site.status().standing == "ready", "the rows are as git says"
    site.daemon.kill()
    site.daemon.start()
    until(lambda: works(site, expected=False), within_s=60)
    upstream.reset()
    until(lambda: works(site, expected=True), within_s=240)
    until(lambda: sorted(lines(site)) == [False, True], within_s=30)
    spent = site.daemon.run("spend", "--by", "app", "--format", "json").stdout
    assert {line["name"] for line in json.loads(spent)["rows"]} == {"aspire-gitops"}

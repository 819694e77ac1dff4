"""From real calls to a review: a real ledger counts, the controller publishes, git carries it.

The reviewer holds a clone and nothing else: no gateway's address, no key, no ledger.
"""

import json
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest
import yaml

from support.command_line import CommandLine
from support.daemons import Site, running, site_in, until
from support.folders import alias
from support.ledger_real import LedgerGateway

pytestmark = [pytest.mark.real, pytest.mark.slow]

CALLS = 4
BEFORE = {"input_usd_per_million_tokens": "1", "output_usd_per_million_tokens": "4"}
AFTER = {"input_usd_per_million_tokens": "2", "output_usd_per_million_tokens": "8"}
BRANCH = "gateway-state"
NANO = Decimal("0.000000001")


@pytest.fixture
def site(shared_ledger: LedgerGateway, tmp_path: Path) -> Iterator[Site]:
    """A site whose app has called its alias, and whose controller has published that."""
    assert shared_ledger.sandbox.upstream_url
    made = site_in(
        tmp_path,
        gateway_url=shared_ledger.sandbox.base_url,
        admin_key=shared_ledger.sandbox.master_key,
        upstream_url=shared_ledger.sandbox.upstream_url,
        ASPIRE_GITOPS_LEDGER_URL=shared_ledger.url,
        ASPIRE_GITOPS_PUBLISH_BRANCH=BRANCH,
    )
    gateway = yaml.safe_load((made.origin.work.path / "gateway.d" / "gateway.yaml").read_text())
    made.origin.declare({**gateway, "ledger": {}})
    with running(made.daemon):
        made.applied("east", price=BEFORE)
        for _ in range(CALLS):
            assert made.answers() == "east"
        until(lambda: settled(shared_ledger, made.alias) == CALLS)
        made.daemon.stop()
    with running(made.daemon):  # a controller that starts publishes what it finds
        until(lambda: calls_and_aud(made)[0] == CALLS)
        yield made


def test_a_review_prices_what_was_really_called(site: Site) -> None:
    clone = site.origin.work
    clone.git("fetch", "--quiet", "origin")
    clone.git("checkout", "--quiet", "-b", "topic")
    site.origin.declare(alias(site.alias, site.provider("west"), price=AFTER))
    site.origin.commit("Move to the west")

    shell = CommandLine(clone.path, {"ASPIRE_GITOPS_OWNER": site.name})
    done = shell.run(
        *("review", "--base", "origin/main", "--head", "topic"),
        *("--snapshot", f"git:{BRANCH}", "--format", "json"),
    )
    assert done.returncode == 0, done.stderr
    review = json.loads(done.stdout)

    (moved,) = review["aliases"]
    (cost,) = moved["repriced"]["apps"]
    before, after = Decimal(cost["aud"]["before"]), Decimal(cost["aud"]["after"])
    assert (moved["name"], cost["app"], cost["calls"]) == (site.alias, f"shop-{site.name}", CALLS)
    # A sum is rounded up once, the ledger rounds each call.
    assert abs(before - calls_and_aud(site)[1]) < CALLS * NANO, "as it was billed"
    assert abs(after - 2 * before) <= 2 * NANO, "twice the price"
    planned = ["{kind}/{name}".format(**change["object"]) for change in review["plan"]["changes"]]
    assert planned == [f"deployment/{site.alias}"], "against what is live; nothing else differs"
    assert review["uptime"]["effect"] == "hot"
    assert review["uptime"]["used_s"] is not None, "the controller watches"
    assert not [said for said in review["unknown"] if "known" in said], review["unknown"]


def settled(gateway: LedgerGateway, alias_: str) -> int:
    rows = gateway._rows("SELECT alias FROM {schema}entries WHERE budget = {budget}", "shared")
    return sum(found == alias_ for (found,) in rows)


def calls_and_aud(site: Site) -> tuple[int, Decimal]:
    """Return what the published snapshot says of this site's traffic today."""
    bare = site.origin.bare
    if not bare.git("for-each-ref", f"refs/heads/{BRANCH}"):
        return 0, Decimal(0)
    snapshot = json.loads(bare.git("show", f"{BRANCH}:snapshot.json"))
    budgets = (snapshot.get("traffic") or {"rows": {}})["rows"]
    days = budgets.get("shared", {}).get(f"shop-{site.name}", {}).get(site.alias, [])
    cells = [day.split() for day in days]
    return sum(int(calls) for _, calls, *_ in cells), sum(
        (Decimal(aud) for _, _, aud, *_ in cells), Decimal(0)
    )

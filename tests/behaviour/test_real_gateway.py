"""What only a real LiteLLM can show: a second apply writes nothing, and live traffic never notices."""

import asyncio
import json
import re
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from pydantic import SecretStr

from aspire_gitops.applying import apply_plan
from aspire_gitops.applying.secrets import gather_evidence
from aspire_gitops.controller.spending import FLUSH, Spending
from aspire_gitops.gateway import GatewayClient, Tally
from aspire_gitops.ledger_reading import LedgerReading
from aspire_gitops.planning import Plan, with_resets
from aspire_gitops.planning.make import make_plan
from aspire_gitops.rehearsal.scenarios import swapped
from aspire_gitops.state import Compiled, Kind, ObjectKey
from aspire_ledger.money import Month
from support.aspire_on_sandbox import OWNER, Aspire, aspire_on_sandbox
from support.sandbox_admin import admin_of, eventually
from support.spend_ledger import SYDNEY
from support.traffic import Traffic
from support.turns import MemoryJournal

pytestmark = [pytest.mark.real, pytest.mark.slow]

ALIAS = ObjectKey(Kind.DEPLOYMENT, "qwen-chat")
OTHER = ObjectKey(Kind.DEPLOYMENT, "claude-haiku")
CALLER = "agents.default"
SWAPS = 8
_NUMBER = re.compile(r"call \d+")  # each protocol wraps the message in its own way


@pytest.fixture(scope="module")
def aspire(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Aspire]:
    with aspire_on_sandbox(tmp_path_factory.mktemp("aspire")) as aspire:
        first = aspire.apply()
        assert first.ok, first
        yield aspire


@pytest.fixture(autouse=True)
def as_reviewed(aspire: Aspire) -> Iterator[None]:
    """Every test starts and ends with the gateway as `gateway.d/` says."""
    aspire.upstream.reset()
    yield
    assert aspire.apply().ok


def test_a_second_apply_sends_no_write_and_reads_pages_not_objects(aspire: Aspire) -> None:
    tally = Tally()
    outcome = aspire.apply(tally=tally)
    assert outcome.results == ()
    assert tally.writes == 0
    asked = sorted(exchange.path for exchange in tally.exchanges)
    assert asked == [
        "/credentials",
        "/health/readiness/details",
        "/key/list",
        *["/v1/models"] * 3,  # one for each kind of fallback
        "/v2/model/info",
    ]


def test_an_app_that_litellm_alone_refuses_is_let_in_again(aspire: Aspire) -> None:
    """Its own spend went wrong by one absurd figure; the ledger knows better."""
    value = aspire.app_key(CALLER)
    with admin_of(aspire.sandbox) as admin:
        assert admin.chat("qwen-chat", key=value).status_code == 200
        before = eventually(lambda: _booked(aspire).get(CALLER))
        admin.post("/key/update", {"key": value, "spend": 1e15})
        refused = admin.chat("qwen-chat", key=value)
        assert (refused.status_code, "Budget has been exceeded" in refused.text) == (429, True)
        plan = asyncio.run(_healing(aspire))
        assert [(str(change.key), change.is_drift) for change in plan.changes] == [
            (f"key/{CALLER}", True)
        ]
        assert admin.chat("qwen-chat", key=value).status_code == 200
        row = admin.key_row(value)
        assert before
        assert before <= Decimal(str(row["spend"])) < 1


def _booked(aspire: Aspire) -> dict[str, Decimal]:
    async def asked() -> dict[str, Decimal]:
        assert aspire.sandbox.ledger_url
        month = Month.containing(datetime.now(SYDNEY), SYDNEY)
        async with LedgerReading(SecretStr(aspire.sandbox.ledger_url)) as ledger:
            found = await ledger.spent_by_key(str(month))
            return {key: usd for key, (usd, _) in found.items() if usd}

    return asyncio.run(asked())


async def _healing(aspire: Aspire) -> Plan:
    """Look twice, as the controller does, and carry out what that gives."""
    assert aspire.sandbox.ledger_url
    admin_key, began = SecretStr(aspire.sandbox.master_key), datetime.now(UTC)
    looks = iter([began, began + FLUSH])
    async with (
        GatewayClient(aspire.sandbox.base_url, admin_key) as client,
        LedgerReading(SecretStr(aspire.sandbox.ledger_url)) as ledger,
    ):
        spending = Spending(ledger, MemoryJournal(), lambda: next(looks), lambda _: None, OWNER)
        for _ in range(2):
            seen = await spending.looked(await client.read_snapshot())
        evidence = gather_evidence(aspire.wanted.objects, aspire.redirected.secrets)
        made = make_plan(aspire.wanted, seen, owner=OWNER, evidence=evidence)
        plan = with_resets(made, seen, spending.to_reset)
        outcome = await apply_plan(plan, client, aspire.redirected.secrets, aspire.deliveries)
        assert outcome.ok, outcome
        return plan


def test_live_traffic_through_a_swapped_alias(aspire: Aspire) -> None:
    other, _ = swapped(aspire.wanted, ALIAS, OTHER)
    arrivals = _under_traffic(aspire, [other, aspire.wanted] * (SWAPS // 2))
    for (applied_at, until, provider), calls in arrivals.items():
        late = {call for at, call in calls if call != provider and applied_at < at < until}
        assert not late, f"calls went to {late} after apply had put {provider} behind the alias"
    reached = {provider for calls in arrivals.values() for _, provider in calls}
    assert reached == {"claude-max", "cloud-first"}


def test_live_traffic_through_a_replaced_deployment(aspire: Aspire) -> None:
    with_limit = aspire.edited(ALIAS, litellm_params__temperature=0.5)
    plan = aspire.plan(with_limit)
    assert [change.action for change in plan.changes] == ["update"]
    ids = _ids_under_traffic(aspire, [with_limit, aspire.wanted] * (SWAPS // 2))
    assert len(ids) == SWAPS // 2 + 1, "dropping a parameter replaces the row, adding one does not"


def test_live_traffic_through_a_replacement_that_moves_the_target_too(aspire: Aspire) -> None:
    dressed = aspire.edited(ALIAS, litellm_params__temperature=0.5)
    moved, _ = swapped(aspire.wanted, ALIAS, OTHER)
    arrivals = _under_traffic(aspire, [dressed, moved, dressed, moved])
    for (applied_at, until, provider), calls in arrivals.items():
        late = {call for at, call in calls if call != provider and applied_at < at < until}
        assert not late, f"calls went to {late} after apply had put {provider} behind the alias"


def _ids_under_traffic(aspire: Aspire, steps: list[Compiled]) -> set[str | None]:
    assert aspire.apply(_with_room(aspire.wanted)).ok
    with Traffic(aspire.sandbox.base_url, aspire.app_key(CALLER), ALIAS.name) as traffic:
        time.sleep(1)
        for step in steps:
            assert aspire.apply(_with_room(step)).ok
            time.sleep(0.5)
        returned = time.time()
        time.sleep(1)
    _no_call_failed(traffic)
    newest = {call.model_id for call in traffic.made if call.started > returned}
    assert len(newest) == 1, "once apply has returned, one row answers"
    return {call.model_id for call in traffic.made}


def _under_traffic(
    aspire: Aspire, steps: list[Compiled]
) -> dict[tuple[float, float, str], list[tuple[float, str]]]:
    """Apply each step under a 50 Hz client; return what arrived where while each was in force.

    Keys are (apply returned, next apply began, provider); values are (call started, provider).
    """
    spans: list[tuple[float, float, str]] = []
    assert aspire.apply(_with_room(aspire.wanted)).ok
    with Traffic(aspire.sandbox.base_url, aspire.app_key(CALLER), ALIAS.name) as traffic:
        time.sleep(1)
        for step in steps:
            assert aspire.apply(_with_room(step)).ok
            returned = time.time()
            time.sleep(0.7)
            spans.append((returned, time.time(), _provider(step)))
    _no_call_failed(traffic)
    started = {f"call {call.number}": call.started for call in traffic.made}
    received = [
        (started[_NUMBER.findall(json.dumps(call.body))[-1]], call.provider)
        for call in aspire.upstream.calls()
    ]
    return {span: [row for row in received if span[0] < row[0] < span[1]] for span in spans}


def _no_call_failed(traffic: Traffic) -> None:
    print(f"{len(traffic.made)} calls, {len(traffic.failed)} failed")  # noqa: T201  # for `pytest -s`
    assert len(traffic.made) > 100
    assert traffic.failed == []


def _provider(step: Compiled) -> str:
    name = step.objects[ALIAS].fields["litellm_params.litellm_credential_name"]
    return str(name).removeprefix("gw.")


def _with_room(step: Compiled) -> Compiled:
    """Lift the caller's limits, which are not what is tested here."""
    key = ObjectKey(Kind.KEY, CALLER)
    fields = dict(step.objects[key].fields)
    for path in ("rpm_limit", "tpm_limit", "max_parallel_requests"):
        fields.pop(path, None)
    return replace(step, objects={**step.objects, key: replace(step.objects[key], fields=fields)})

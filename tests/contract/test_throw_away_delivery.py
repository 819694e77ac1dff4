"""A delivery that nobody knew yet: one file (`support/locker.py`) and one row, and all rooms serve it."""

import asyncio
import logging
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from aspire_gitops.applying import Outcome, Status, apply_plan
from aspire_gitops.codec.plan import plan_from_json, plan_to_json
from aspire_gitops.compiling import artifacts, compile_catalog
from aspire_gitops.delivery.base import DeliveryTarget
from aspire_gitops.delivery.opening import deliveries_in
from aspire_gitops.gateway import GatewayClient
from aspire_gitops.journal.wording import sentence
from aspire_gitops.loading import load
from aspire_gitops.planning import Plan
from aspire_gitops.planning.make import make_plan
from aspire_gitops.rendering.plan_text import plan_text
from aspire_gitops.resources import ResourceKind
from aspire_gitops.resources.schema import schema_for
from aspire_gitops.settings import read_delivery_secret, read_settings
from aspire_gitops.state import Kind, ObjectKey
from aspire_gitops.validation import Validated, validate
from aspire_gitops.vocabulary import DeliveryFailed, SecretMissing, UsageError
from aspire_ledger.canonical import JsonValue
from support.catalogs import REVISION, TODAY, tree_of_folder
from support.fake_gateway import FakeGateway, using
from support.folders import alias, app, provider, write_folder
from support.listening import Say
from support.locker import LockerDelivery
from support.lockers import TOKEN, Locker, locker, registered
from support.objects import OWNER, snapshot
from support.turns import Scene

pytestmark = pytest.mark.slow  # waits for other programs

KEY = ObjectKey(Kind.KEY, "shop.main")
SECRETS = {ObjectKey(Kind.CREDENTIAL, "acme"): {"credential_values.api_key": "planted-acme-4711"}}


@pytest.fixture(autouse=True)
def row() -> Iterator[None]:
    with registered(LockerDelivery()):
        yield


@pytest.fixture
def boxes() -> Iterator[Locker]:
    with locker() as opened:
        yield opened


@pytest.fixture
def deliveries(tmp_path: Path) -> Any:
    """What the settings of a controller open: its token lies in the folder of delivery secrets."""
    folder = tmp_path / "delivery-secrets"
    folder.mkdir()
    (folder / "locker").write_text(f"{TOKEN}\n")
    settings = read_settings(delivery_secrets_dir=folder)
    return deliveries_in(tmp_path / "keys", None, lambda name: read_delivery_secret(settings, name))


def delivery(host: str, box: str = "shop", **more: Any) -> dict[str, Any]:
    return {
        "kind": "Delivery",
        "name": f"{box}-main",
        "app": "shop",
        "key": "main",
        "locker": {"host": host, "box": box},
        **more,
    }


def judged(folder: Path, *others: dict[str, Any]) -> Validated:
    resources = [provider("acme"), alias("chat", "acme"), app("shop", ["chat"], {"name": "main"})]
    written = write_folder(folder, [*resources, *others])
    return validate(load(tree_of_folder(written)), REVISION, today=TODAY)


def told(folder: Path, *others: dict[str, Any]) -> list[str]:
    return [f"{one.rule.code} {one.message}" for one in judged(folder, *others).diagnostics]


@pytest.fixture
def plan(tmp_path: Path, boxes: Locker) -> Plan:
    """Return the plan as `apply --plan` reads it: written to a file in between."""
    catalog = judged(tmp_path, delivery(boxes.listener.base)).catalog
    made = make_plan(compile_catalog(catalog, today=TODAY), snapshot(), owner=OWNER, evidence={})
    return plan_from_json(plan_to_json(made))


def applied(plan: Plan, fake: FakeGateway, deliveries: Any) -> Outcome:
    async def carried_out(client: GatewayClient) -> Outcome:
        return await apply_plan(plan, client, SECRETS, deliveries)

    return using(fake, carried_out)


# ── files ────────────────────────────────────────────────────────────────────


def test_a_file_may_say_it_and_the_schema_knows_it(tmp_path: Path) -> None:
    assert told(tmp_path, delivery("https://locker.example.com")) == []
    properties = schema_for(ResourceKind.DELIVERY)["properties"]
    assert list(properties)[-1] == "locker"
    assert properties["file"]["type"] == "string"


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        pytest.param({"locker": {"host": "ftp://x", "box": "a"}}, "AG108", id="a wrong value"),
        pytest.param({"locker": {"host": "http://x", "bocks": "a"}}, "AG104", id="a wrong field"),
        pytest.param({"file": "/srv/shop/key"}, "AG338", id="two places"),
        pytest.param({"locker": {"host": "http://x", "box": "platform"}}, "AG336", id="its policy"),
    ],
)
def test_a_file_that_says_it_wrongly_is_told(
    tmp_path: Path, more: dict[str, Any], expected: str
) -> None:
    found = told(tmp_path, delivery("https://locker.example.com", **more))
    assert expected in [one[:5] for one in found], found


def test_two_keys_in_one_box_are_told(tmp_path: Path) -> None:
    one = delivery("https://locker.example.com")
    other = one | {"name": "other", "app": "wiki"}
    found = told(tmp_path, app("wiki", ["chat"], {"name": "main"}), one, other)
    [twice] = [line for line in found if line.startswith("AG211")]
    assert twice.startswith('AG211 "box shop at https://locker.example.com" is where the key at ')


# ── plans ────────────────────────────────────────────────────────────────────


def test_compiled_and_planned_it_is_one_tagged_value(tmp_path: Path, boxes: Locker) -> None:
    host = boxes.listener.base
    compiled = compile_catalog(judged(tmp_path, delivery(host)).catalog, today=TODAY)
    address: JsonValue = {"host": host, "box": "shop", "restart": True}
    assert compiled.intents[KEY].delivery == DeliveryTarget("locker", address)
    assert f'"host": "{host}"' in artifacts(compiled)["objects.json"]
    made = make_plan(compiled, snapshot(), owner=OWNER, evidence={})
    read = plan_from_json(plan_to_json(made))
    assert (read.id, read.changes) == (made.id, made.changes)
    assert f"delivered to box shop at {host}" in str(plan_text(read))


def test_a_plan_with_another_address_is_refused(plan: Plan) -> None:
    text = plan_to_json(plan)
    with pytest.raises(UsageError, match="changed after it was made"):
        plan_from_json(text.replace('"box": "shop"', '"box": "theirs"'))


def test_a_plan_with_a_delivery_of_another_release_is_refused(plan: Plan) -> None:
    text = plan_to_json(plan)
    with pytest.raises(UsageError, match="a delivery is `file` or `locker`"):
        plan_from_json(text.replace('"locker": {', '"pigeon": {'))


# ── applying ─────────────────────────────────────────────────────────────────


def test_the_key_arrives(plan: Plan, boxes: Locker, deliveries: Any) -> None:
    fake = FakeGateway()
    outcome = applied(plan, fake, deliveries)
    assert outcome.ok, outcome
    assert list(fake.keys.rows) == [sha256(boxes.boxes["shop"].encode()).hexdigest()]
    assert boxes.restarts == ["shop"]
    places = [one.delivered_to for one in outcome.results if one.delivered_to]
    assert places == [f"locker:{boxes.listener.base}/boxes/shop"]


@pytest.mark.parametrize(
    ("fault", "message"),
    [
        pytest.param(Say(503), "answered 503; try again later", id="it is down"),
        pytest.param(Say(401), "put the locker's token into the delivery secrets", id="not let in"),
        pytest.param(Say(drop=True), "the connection broke", id="it hangs up"),
        pytest.param(Say(wait_s=10), "was not done in 2 s; try again", id="it never answers"),
        pytest.param(Say(body=b"<html>"), "something else than JSON", id="it talks nonsense"),
    ],
)
def test_what_fails_is_finished_by_the_next_apply(
    plan: Plan, boxes: Locker, deliveries: Any, fault: Say, message: str
) -> None:
    fake = FakeGateway()
    boxes.faults = [fault]
    [failed] = [one for one in applied(plan, fake, deliveries).results if one.error]
    assert isinstance(failed.error, DeliveryFailed)
    assert message in failed.message
    assert (failed.change.key, failed.status, failed.delivered_to) == (KEY, Status.FAILED, None)
    assert fake.keys.rows == {}, "a key on the gateway whose value nobody has"
    assert applied(_left(plan), fake, deliveries).ok
    assert list(fake.keys.rows) == [sha256(boxes.boxes["shop"].encode()).hexdigest()]


def test_a_value_whose_answer_was_lost_is_used_by_the_next_apply(
    plan: Plan, boxes: Locker, deliveries: Any
) -> None:
    fake = FakeGateway()
    boxes.losing = True
    assert not applied(plan, fake, deliveries).ok
    value = boxes.boxes["shop"]
    boxes.losing = False
    assert applied(_left(plan), fake, deliveries).ok
    assert (boxes.boxes["shop"], list(fake.keys.rows)) == (
        value, [sha256(value.encode()).hexdigest()],
    )  # fmt: skip


def _left(plan: Plan) -> Plan:
    """Return the key alone, as a second plan has it: the rest is in force."""
    changes = tuple(change for change in plan.changes if change.key == KEY)
    return Plan(
        plan.revision, plan.gateway_name, plan.gateway_url, plan.owner, plan.based_on, changes
    )


def test_a_token_that_is_not_set_needs_a_person(plan: Plan, tmp_path: Path) -> None:
    settings = read_settings()
    without = deliveries_in(tmp_path, None, lambda name: read_delivery_secret(settings, name))
    [failed] = [one for one in applied(plan, FakeGateway(), without).results if one.error]
    assert isinstance(failed.error, SecretMissing)
    assert "set ASPIRE_GITOPS_DELIVERY_SECRETS_DIR" in failed.message


def test_a_plan_that_nobody_validated_is_held_to_the_policy(boxes: Locker, deliveries: Any) -> None:
    address = {"host": boxes.listener.base, "box": "platform"}
    with pytest.raises(DeliveryFailed, match="it is the platform's own"):
        deliveries(DeliveryTarget("locker", address))
    assert boxes.listener.heard == []


# ── secrets ──────────────────────────────────────────────────────────────────


def test_no_journal_plan_or_log_has_the_value_or_the_token(
    tmp_path: Path,
    boxes: Locker,
    deliveries: Any,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A controller's two turns: one in which the locker quotes the request as it refuses, and one more."""
    caplog.set_level(logging.DEBUG)
    monkeypatch.setenv("ACME_API_KEY", "planted-acme-4711")
    scene = Scene(tmp_path / "scene", deliveries=deliveries)
    scene.declare(app("shop", ["chat"], {"name": "main"}))
    files = [*scene.resources.values(), delivery(boxes.listener.base)]
    write_folder(scene.folder / "gateway.d", files)
    scene.commit_as_is("Hand the key over in a locker")
    boxes.losing = True
    scene.turn()
    value = boxes.boxes["shop"]
    boxes.losing = False
    for quoting in (
        Say(400, body=f"{TOKEN} {value}".encode()),
        Say(body=f"{TOKEN} {value}".encode()),
    ):
        boxes.faults = [quoting]
        scene.turn(later_s=3600)
        assert boxes.faults == []
    scene.turn(later_s=3600)
    journal = [sentence(entry.draft) for entry in scene.journal.entries]
    assert any("delivered key/shop.main to locker:" in line for line in journal), journal
    written = "\n".join([*journal, *map(repr, scene.journal.entries), caplog.text])
    assert [secret for secret in (TOKEN, value, "planted-acme-4711") if secret in written] == []


def test_asking_for_a_secret_by_a_path_leads_nowhere(tmp_path: Path) -> None:
    (tmp_path / "admin-key").write_text("sk-admin")
    (tmp_path / "folder").mkdir()
    settings = read_settings(delivery_secrets_dir=tmp_path / "folder")
    for name in ("../admin-key", "/etc/passwd", "", ".", "a/b"):
        with pytest.raises(SecretMissing, match="is a path"):
            read_delivery_secret(settings, name)


def test_the_token_is_read_anew_for_each_delivery(plan: Plan, tmp_path: Path) -> None:
    tokens = [SecretStr("planted-old-4711"), SecretStr(TOKEN)]
    opened = deliveries_in(
        tmp_path, None, lambda _: tokens.pop(0) if len(tokens) > 1 else tokens[0]
    )
    [change] = [change for change in plan.changes if change.key == KEY]
    assert change.intent
    assert change.intent.delivery
    box = opened(change.intent.delivery)
    with pytest.raises(DeliveryFailed) as refused:
        asyncio.run(box.read())
    assert refused.value.status == 401
    assert asyncio.run(box.read()) is None

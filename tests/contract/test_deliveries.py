"""What every delivery promises, held by each row of the registry and by a throw-away one."""

import asyncio
import json
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from pathlib import Path
from typing import Any, ClassVar

import pytest
from pydantic import SecretStr

from aspire_gitops.codec.plan import plan_from_json, plan_to_json
from aspire_gitops.delivery import registry
from aspire_gitops.delivery.base import Delivery, DeliveryMethod, DeliveryTarget
from aspire_gitops.delivery.file import FileDelivery
from aspire_gitops.delivery.opening import deliveries_in
from aspire_gitops.delivery.registry import METHODS
from aspire_gitops.planning import Action, Change, Plan
from aspire_gitops.resources import RESOURCES, ResourceKind
from aspire_gitops.state import Intent
from aspire_gitops.validation.schema import accepts
from aspire_gitops.vocabulary import DeliveryFailed, DeliveryTaken
from aspire_ledger.canonical import JsonValue
from support.listening import Say
from support.locker import LockerDelivery
from support.lockers import TOKEN, Locker, locker, registered
from support.objects import app_key

KEY, OTHER = "sk-planted-0123456789abcdef", "sk-planted-fedcba9876543210"


class Subject(ABC):
    """One way to deliver a key, with a place to try it on. A new row of the registry needs one."""

    method: ClassVar[DeliveryMethod[Any]]

    @property
    @abstractmethod
    def target(self) -> DeliveryTarget:
        """A place that nothing is in yet."""

    @property
    @abstractmethod
    def forbidden(self) -> DeliveryTarget:
        """A place that policy refuses."""

    @abstractmethod
    def opened(self, target: DeliveryTarget) -> Delivery: ...

    @abstractmethod
    def broken(self) -> AbstractContextManager[None]:
        """Make the place fail, and work again afterwards."""


class FileSubject(Subject):
    """A file below a folder of keys."""

    method = FileDelivery()
    target = DeliveryTarget("file", "shop/main")
    forbidden = DeliveryTarget("file", "/etc/cron.d/x")

    def __init__(self, folder: Path, stack: ExitStack) -> None:
        del stack
        self.root = folder / "keys"

    def opened(self, target: DeliveryTarget) -> Delivery:
        return deliveries_in(self.root)(target)

    @contextmanager
    def broken(self) -> Iterator[None]:
        aside = self.root.with_name("aside")
        self.root.mkdir(exist_ok=True)
        self.root.rename(aside)
        self.root.write_text("no folder")
        yield
        self.root.unlink()
        aside.rename(self.root)


class LockerSubject(Subject):
    """A box that is reached over HTTP with a token."""

    method = LockerDelivery()

    def __init__(self, folder: Path, stack: ExitStack) -> None:
        self.root = folder
        stack.enter_context(registered(self.method))
        self.locker: Locker = stack.enter_context(locker())

    @property
    def target(self) -> DeliveryTarget:
        return self._box("shop")

    @property
    def forbidden(self) -> DeliveryTarget:
        return self._box("platform")

    def _box(self, box: str) -> DeliveryTarget:
        return DeliveryTarget("locker", {"host": self.locker.listener.base, "box": box})

    def opened(self, target: DeliveryTarget) -> Delivery:
        return deliveries_in(self.root, secret=lambda _: SecretStr(TOKEN))(target)

    @contextmanager
    def broken(self) -> Iterator[None]:
        self.locker.faults = [Say(500, body=f"{KEY} {OTHER} {TOKEN}".encode())] * 100
        yield
        self.locker.faults = []


SUBJECTS: dict[str, Callable[[Path, ExitStack], Subject]] = {
    "file": FileSubject,
    "locker": LockerSubject,
}


@pytest.fixture(params=list(SUBJECTS))
def subject(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Subject]:
    with ExitStack() as stack:
        yield SUBJECTS[request.param](tmp_path, stack)


@pytest.fixture
def delivery(subject: Subject) -> Delivery:
    return subject.opened(subject.target)


def read(delivery: Delivery) -> str | None:
    return asyncio.run(delivery.read())


def write(delivery: Delivery, value: str) -> None:
    asyncio.run(delivery.write(value, instead_of=asyncio.run(delivery.read())))


def test_every_row_of_the_registry_is_held_to_this() -> None:
    assert METHODS.keys() <= SUBJECTS.keys()
    assert [tag for tag, method in METHODS.items() if method.tag != tag] == []


# ── the place ────────────────────────────────────────────────────────────────


def test_nothing_is_there_at_first(delivery: Delivery) -> None:
    assert read(delivery) is None


def test_what_is_written_is_read(subject: Subject, delivery: Delivery) -> None:
    write(delivery, KEY)
    assert read(delivery) == KEY
    assert read(subject.opened(subject.target)) == KEY


def test_a_value_replaces_another_and_itself(delivery: Delivery) -> None:
    for value in (KEY, KEY, OTHER):
        write(delivery, value)
        assert read(delivery) == value


def test_a_place_that_fails_is_tried_again_later(subject: Subject, delivery: Delivery) -> None:
    write(delivery, KEY)
    with subject.broken():
        with pytest.raises(DeliveryFailed) as reading:
            read(delivery)
        with pytest.raises(DeliveryFailed) as writing:
            write(delivery, OTHER)
    assert read(delivery) == KEY, "the old value is whole"
    write(delivery, OTHER)
    assert read(delivery) == OTHER
    told = f"{reading.value!r} {writing.value!r} {reading.value} {writing.value}"
    assert [secret for secret in (KEY, OTHER, TOKEN) if secret in told] == []
    assert writing.value.__cause__ is None


def test_a_cancelled_write_leaves_the_old_value_or_the_new_one(delivery: Delivery) -> None:
    write(delivery, KEY)

    async def cancelled(after_s: float) -> None:
        found = await delivery.read()
        task = asyncio.create_task(delivery.write(OTHER, instead_of=found))
        await asyncio.sleep(after_s)
        task.cancel()
        await asyncio.wait([task])

    for after_s in (0, 0.0005, 0.002, 0.005):
        asyncio.run(cancelled(after_s))
        assert read(delivery) in {KEY, OTHER}


def test_a_value_that_another_writer_delivered_is_left_alone(delivery: Delivery) -> None:
    found = read(delivery)
    write(delivery, OTHER)
    with pytest.raises(DeliveryTaken, match="try again"):
        asyncio.run(delivery.write(KEY, instead_of=found))
    assert read(delivery) == OTHER


def test_its_name_in_the_journal_tells_the_method_and_no_secret(
    delivery: Delivery, subject: Subject
) -> None:
    write(delivery, KEY)
    place = delivery.place
    assert place.startswith(f"{subject.method.tag}:")
    assert place.isprintable()
    assert [secret for secret in (KEY, TOKEN) if secret in place + repr(delivery)] == []


# ── the row ──────────────────────────────────────────────────────────────────


def test_examples_are_what_a_file_may_say(subject: Subject) -> None:
    assert subject.method.examples
    for example in subject.method.examples:
        document = {"kind": "Delivery", "name": "a", "app": "b", "key": "c"}
        document |= {subject.method.tag: example}  # type: ignore[dict-item]
        spec: Any = RESOURCES[ResourceKind.DELIVERY].model_validate(document)
        assert accepts(ResourceKind.DELIVERY, document)
        [target] = spec.targets
        assert (target.method, registry.why_not(target)) == (subject.method.tag, None)
        assert json.loads(json.dumps(target.tagged)) == target.tagged


def test_people_read_where_it_goes(subject: Subject) -> None:
    for text in (
        registry.shown(subject.target),
        registry.identity(subject.target),
        subject.method.description,
        subject.method.advice,
    ):
        assert text
        assert text.isprintable()


def test_policy_is_asked_when_a_file_is_judged_and_when_a_plan_is_carried_out(
    subject: Subject,
) -> None:
    assert registry.why_not(subject.target) is None
    assert registry.why_not(subject.forbidden)
    with pytest.raises(DeliveryFailed, match="no key is delivered to"):
        subject.opened(subject.forbidden)


@pytest.mark.parametrize("address", [None, 7, [], {}, {"host": 1}, {"x": "y"}, "", "\x00", "../.."])
def test_an_address_of_no_sense_is_refused_at_once(subject: Subject, address: JsonValue) -> None:
    with pytest.raises(DeliveryFailed, match="no key is delivered"):
        subject.opened(DeliveryTarget(subject.method.tag, address))


def test_it_survives_a_plan_file(subject: Subject) -> None:
    key = app_key()
    change = Change(Action.CREATE, key.key, after=key, intent=Intent(delivery=subject.target))
    plan = Plan("main@sha1:4f2c9d1", "test", "http://gateway.test", "aspire-gitops", "x", (change,))
    text = plan_to_json(plan)
    assert json.loads(text)["changes"][0]["intent"]["deliver"] == subject.target.tagged
    assert plan_from_json(text) == plan


def test_it_is_given_up_after_its_time_limit(
    subject: Subject, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Stuck:
        place = f"{subject.method.tag}:stuck"

        async def read(self) -> str | None:
            await asyncio.sleep(60)
            return None

        async def write(self, value: str, *, instead_of: str | None) -> None:
            del value, instead_of
            await asyncio.sleep(60)

    monkeypatch.setattr(type(subject.method), "time_limit_s", 0.02)
    monkeypatch.setattr(type(subject.method), "open", lambda *_: Stuck())
    stuck = subject.opened(subject.target)
    for attempt in (stuck.read(), stuck.write(KEY, instead_of=None)):
        with pytest.raises(
            DeliveryFailed, match=f"{Stuck.place} was not done in 0.02 s; try again"
        ):
            asyncio.run(attempt)

"""What a result tells the journal: the object as it was proved to be, and where a key's value lies."""

from pathlib import Path

from aspire_gitops.applying import Outcome, Status, apply_plan
from aspire_gitops.planning import evidence_of
from aspire_gitops.planning.make import make_plan
from aspire_gitops.state import Compiled, Kind, without_masks
from support.fake_gateway import FakeGateway, Fault, using
from support.fake_gateway import Status as Answer
from support.objects import (
    IN_TEMPORARY,
    OWNER,
    SECRET_PATH,
    app_key,
    compiled,
    credential,
    deployment,
    with_intents,
)

ACME = credential()
SECRETS = {ACME.key: {SECRET_PATH: "pk-acme-0123456789"}}


def files(folder: Path, rpm_limit: int = 60) -> Compiled:
    key = app_key(rpm_limit=rpm_limit)
    return with_intents(compiled(ACME, deployment(), key), str(folder))


def brought_to(fake: FakeGateway, wanted: Compiled) -> Outcome:
    evidence = {ACME.key: evidence_of(ACME, SECRETS[ACME.key])}
    live = using(fake, lambda client: client.read_snapshot())
    plan = make_plan(wanted, live, owner=OWNER, evidence=evidence)
    return using(fake, lambda client: apply_plan(plan, client, SECRETS, IN_TEMPORARY))


def test_the_state_is_what_the_gateway_has_now(tmp_path: Path) -> None:
    fake = FakeGateway()
    outcome = brought_to(fake, files(tmp_path))
    live = {item.key: item for item in using(fake, lambda c: c.read_snapshot()).objects}
    states = {result.change.key: result.state for result in outcome.results}
    for key, state in states.items():
        assert state is not None
        assert (state.address, state.mark) == (live[key].address, live[key].mark)
        assert (
            state.fields.items()
            >= {
                path: value
                for path, value in without_masks(live[key].fields).items()
                if path in (state.mark.fields if state.mark else ())
            }.items()
        )


def test_what_others_put_on_our_object_is_a_digest_in_the_state(tmp_path: Path) -> None:
    fake = FakeGateway()
    brought_to(fake, files(tmp_path))
    [row] = fake.keys.rows.values()
    row["metadata"]["note"] = "theirs-and-private"
    [updated] = brought_to(fake, files(tmp_path, rpm_limit=6)).results
    assert updated.state is not None
    assert updated.state.fields["rpm_limit"] == 6
    assert str(updated.state.fields["metadata.note"]).startswith("set by hand (")


def test_a_deletion_leaves_no_state(tmp_path: Path) -> None:
    fake = FakeGateway()
    brought_to(fake, files(tmp_path))
    key = app_key(rpm_limit=60)
    more = with_intents(compiled(ACME, deployment(), deployment("old"), key), str(tmp_path))
    [created] = brought_to(fake, more).results
    [deleted] = brought_to(fake, files(tmp_path)).results
    assert created.state is not None
    assert (deleted.status, deleted.state) == (Status.APPLIED, None)


def test_what_failed_tells_no_state(tmp_path: Path) -> None:
    fake = FakeGateway(Fault(Answer(400), method="POST", path="/model/new"))
    states = {
        r.change.key.kind: (r.status, r.state) for r in brought_to(fake, files(tmp_path)).results
    }
    assert states[Kind.DEPLOYMENT] == (Status.FAILED, None)


def test_a_new_key_tells_where_its_value_went_and_never_the_value(tmp_path: Path) -> None:
    outcome = brought_to(FakeGateway(), files(tmp_path))
    file = tmp_path / "shop.main"
    told = {r.change.key.kind: r.delivered_to for r in outcome.results}
    assert told == {Kind.CREDENTIAL: None, Kind.DEPLOYMENT: None, Kind.KEY: f"file:{file}"}
    assert file.read_text().strip() not in repr(outcome)


def test_a_value_that_was_handed_over_in_vain_is_told_too(tmp_path: Path) -> None:
    """It lies there, so the journal must know; the next apply goes on with it."""
    fake = FakeGateway(Fault(Answer(400), method="POST", path="/key/generate"))
    *_, failed = brought_to(fake, files(tmp_path)).results
    assert (failed.status, failed.delivered_to) == (Status.FAILED, f"file:{tmp_path}/shop.main")


def test_a_value_that_an_earlier_apply_handed_over_is_told_again(tmp_path: Path) -> None:
    """That apply may have been killed before it could say so."""
    (tmp_path / "shop.main").write_text("sk-0123456789abcdef0123456789")
    *_, created = brought_to(FakeGateway(), files(tmp_path)).results
    assert (created.status, created.delivered_to) == (Status.APPLIED, f"file:{tmp_path}/shop.main")


def test_a_changed_key_was_delivered_nowhere(tmp_path: Path) -> None:
    fake = FakeGateway()
    brought_to(fake, files(tmp_path))
    [updated] = brought_to(fake, files(tmp_path, rpm_limit=6)).results
    assert (updated.status, updated.delivered_to) == (Status.APPLIED, None)

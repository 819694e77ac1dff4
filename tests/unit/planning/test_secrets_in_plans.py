"""Secrets cannot be read back: what a plan can still tell about them."""

import pytest

from aspire_gitops.planning import Cause, FieldChange, evidence_of
from aspire_gitops.planning.make import make_plan
from aspire_gitops.state import HIDDEN
from support.objects import (
    OWNER,
    SECRET_PATH,
    applied,
    changed,
    compiled,
    credential,
    snapshot,
    with_intents,
)

ACME = credential()
WANTED = with_intents(compiled(ACME))
THEN, NOW = "pk-first-secret-aa", "pk-other-secret-aa"  # the gateway shows both as pk****aa


def changes(secret: str, shown: str | None = None) -> list[FieldChange]:
    live = applied(ACME, WANTED, {ACME.key: {SECRET_PATH: THEN}})
    if shown:
        live = changed(live, credential_values__api_key=shown)
    evidence = {ACME.key: evidence_of(ACME, {SECRET_PATH: secret})}
    made = make_plan(WANTED, snapshot(live), owner=OWNER, evidence=evidence)
    assert secret not in repr(made)
    assert "**" not in repr(made), "nor the characters that LiteLLM shows of it"
    return [field for change in made.changes for field in change.fields]


def test_the_secret_that_was_written_needs_no_change() -> None:
    assert changes(THEN) == []


def test_another_secret_is_found_by_the_digest_though_its_mask_is_the_same() -> None:
    reference = "the secret at env:ACME_KEY"
    assert changes(NOW) == [FieldChange(SECRET_PATH, "another secret", reference, Cause.GIT)]


def test_a_stored_snapshot_that_hides_the_secret_plans_no_change_of_it() -> None:
    assert changes(THEN, shown=HIDDEN) == []
    assert [f.cause for f in changes(NOW, shown=HIDDEN)] == [Cause.GIT], "its digest is another"


def test_a_secret_replaced_by_hand_is_found_by_its_mask() -> None:
    [field] = changes(THEN, shown="xx****zz")
    assert field.cause is Cause.DRIFT


@pytest.mark.parametrize("secret", ["abc", "abcd"])
def test_a_short_secret_shows_nothing(secret: str) -> None:
    assert evidence_of(ACME, {SECRET_PATH: secret}).masks == {SECRET_PATH: "*****"}

"""What providers bill and what the ledger books are compared to the nano-AUD."""

from decimal import Decimal

import pytest

from aspire_gitops.rehearsal.attacks import Attack, AttackKind
from aspire_gitops.rehearsal.attacks.values import CHAT
from aspire_gitops.rehearsal.calling import leaks
from aspire_gitops.rehearsal.checks import AttackOutcome, CheckFailed, Route, books_agree, withstood
from aspire_gitops.rehearsal.environment import (
    Agreement,
    Attacked,
    Book,
    BookedCall,
    Disagreement,
    Received,
    Tariff,
    agreement,
    tariff_of,
)
from aspire_gitops.sandbox import Billed, UpstreamCall
from aspire_gitops.sandbox.upstream.behaviour import Misbehaviour
from aspire_ledger.amounts import NanoAud
from aspire_ledger.card import read_card
from support.objects import app_key, deployment
from support.stages import CARD

card = read_card(CARD)
assert card
FAIR = Tariff(card, Decimal("0.5"))
STRICT = Tariff(card, Decimal("0.5"), strict=True)
SAID = Billed(input_tokens=10, output_tokens=20, reported=True)  # 0.00018 AUD
SILENT = SAID.model_copy(update={"reported": False})
COST = NanoAud(180_000)
ROUTE = Route("chat", "gw.chat.1", "acme", "chat-1", "sk-acme")
TO_ACME = Received("acme", "chat-1", "sk-acme", SAID)
UNHEARD = Received("acme", "chat-1", "sk-acme", SILENT)
ATTACK = Attack(AttackKind.BOUND, "t", CHAT)
FAULT = Attack(AttackKind.UNBOOKED, "t", CHAT, fault=Misbehaviour(status=500))


def test_a_bill_is_priced_by_the_card() -> None:
    assert FAIR.priced(SAID) == COST
    assert FAIR.priced(Billed(pages=3)) == 0


def test_a_tariff_needs_a_card_and_a_rate() -> None:
    assert tariff_of(deployment(), app_key()) is None


@pytest.mark.parametrize(
    ("bills", "booked", "strict", "expected"),
    [
        pytest.param([(SAID, 5)], [5], False, Agreement.IN_FULL, id="reported, equal"),
        pytest.param([(SAID, 5)], [4], False, None, id="reported, one nano too little"),
        pytest.param([(SAID, 5)], [6], False, None, id="reported, one nano too much"),
        pytest.param([(SAID, 5)], [], False, None, id="reported, not booked"),
        pytest.param([], [1], False, None, id="booked, and nothing billed"),
        pytest.param([], [], False, Agreement.IN_FULL, id="nothing at all"),
        pytest.param([(SAID, 5), (SAID, 6)], [5, 6], False, Agreement.IN_FULL, id="two calls"),
    ],
)
def test_reported_usage_is_booked_exactly(
    bills: list[tuple[Billed, int]],
    booked: list[int],
    strict: bool,  # noqa: FBT001
    expected: Agreement | None,
) -> None:
    priced = [(bill, NanoAud(cost)) for bill, cost in bills]
    entries = [BookedCall(NanoAud(cost)) for cost in booked]
    if expected is None:
        with pytest.raises(Disagreement):
            agreement(priced, entries, strict=strict)
    else:
        assert agreement(priced, entries, strict=strict) is expected


@pytest.mark.parametrize(
    ("booked", "estimated", "strict", "expected"),
    [
        pytest.param(9, True, True, Agreement.IN_FULL, id="strict, more, and marked"),
        pytest.param(4, True, True, None, id="strict, less"),
        pytest.param(9, False, True, None, id="strict, not marked"),
        pytest.param(5, False, True, Agreement.IN_FULL, id="equal, as counted in the answer"),
        pytest.param(4, True, False, Agreement.ESTIMATED, id="fair, less, and marked"),
        pytest.param(4, False, False, None, id="fair, less, not marked"),
        pytest.param(0, True, False, None, id="fair, nothing"),
    ],
)
def test_usage_that_nobody_reported_is_booked_and_marked(
    booked: int,
    estimated: bool,  # noqa: FBT001
    strict: bool,  # noqa: FBT001
    expected: Agreement | None,
) -> None:
    entries = [BookedCall(NanoAud(booked), estimated)]
    if expected is None:
        with pytest.raises(Disagreement):
            agreement([(SILENT, NanoAud(5))], entries, strict=strict)
    else:
        assert agreement([(SILENT, NanoAud(5))], entries, strict=strict) is expected


@pytest.mark.parametrize(
    ("seen", "tariff", "verdict"),
    [
        pytest.param(Attacked(400, ()), FAIR, AttackOutcome.REFUSED, id="refused"),
        pytest.param(Attacked(400, ()), None, AttackOutcome.REFUSED, id="refused, without mark"),
        pytest.param(
            Attacked(200, (TO_ACME,), (BookedCall(COST),)),
            FAIR,
            AttackOutcome.BOOKED,
            id="booked in full",
        ),
        pytest.param(Attacked(200, (TO_ACME,)), None, AttackOutcome.SERVED, id="nobody counts it"),
        pytest.param(
            Attacked(400, (TO_ACME,), (BookedCall(COST),)),
            FAIR,
            AttackOutcome.BOOKED,
            id="told 400, booked",
        ),
    ],
)
def test_an_attack_is_withstood(
    seen: Attacked, tariff: Tariff | None, verdict: AttackOutcome
) -> None:
    assert withstood(ATTACK, seen, ROUTE, tariff) is verdict


@pytest.mark.parametrize(
    ("attack", "seen", "says"),
    [
        pytest.param(ATTACK, Attacked(500, ()), "answered 500", id="it fell over"),
        pytest.param(ATTACK, Attacked(0, ()), "answered nothing", id="no answer"),
        pytest.param(FAULT, Attacked(500, ()), "answered 500", id="it failed, and asked nobody"),
        pytest.param(ATTACK, Attacked(200, (TO_ACME,)), "0 booked", id="not booked"),
        pytest.param(
            ATTACK,
            Attacked(400, (), (BookedCall(COST),)),
            "something is booked",
            id="refused, booked",
        ),
        pytest.param(ATTACK, Attacked(400, (TO_ACME,)), "0 booked", id="refused too late"),
        pytest.param(ATTACK, Attacked(200, (), held=True), "set aside", id="never settled"),
        pytest.param(
            ATTACK, Attacked(400, (), leaked=("the admin key",)), "the admin key", id="a secret"
        ),
        pytest.param(
            ATTACK,
            Attacked(200, (Received("zeta", "other-1", "sk-zeta", SAID),)),
            "went to zeta",
            id="another provider",
        ),
        pytest.param(
            ATTACK,
            Attacked(200, (Received("acme", "chat-1", "sk-zeta", SAID),)),
            "another credential",
            id="another secret",
        ),
        pytest.param(
            FAULT,
            Attacked(500, (UNHEARD,), (BookedCall(NanoAud(COST + 1)),)),
            "not marked",
            id="not marked",
        ),
    ],
)
def test_an_attack_succeeds(attack: Attack, seen: Attacked, says: str) -> None:
    with pytest.raises(CheckFailed, match=says):
        withstood(attack, seen, ROUTE, STRICT)


def test_an_honest_call_must_not_be_refused() -> None:
    with pytest.raises(CheckFailed, match="refused with 400"):
        withstood(Attack(AttackKind.HONEST, "t", CHAT), Attacked(400, ()), ROUTE, FAIR)


def test_a_connection_that_was_closed_unread_may_be_booked() -> None:
    """Nobody can tell it from one that was closed after the provider had it all."""
    unread = Received("acme", "", "sk-acme", Billed(), unread=True)
    seen = Attacked(500, (unread,), (BookedCall(COST, estimated=True),))
    assert withstood(FAULT, seen, ROUTE, STRICT) is AttackOutcome.BOOKED


def test_the_provider_must_be_asked_what_it_used() -> None:
    seen = Attacked(200, (UNHEARD,), (BookedCall(COST, estimated=True),))
    with pytest.raises(CheckFailed, match="not asked"):
        withstood(ATTACK, seen, ROUTE, STRICT)


def test_a_failing_provider_may_be_told_of() -> None:
    seen = Attacked(503, (UNHEARD,), (BookedCall(COST, estimated=True),))
    assert withstood(FAULT, seen, ROUTE, STRICT) is AttackOutcome.BOOKED


def book(billed: int, reported: int, booked: int, *, strict: bool = False) -> Book:
    return Book("b", NanoAud(billed), NanoAud(reported), NanoAud(booked), calls=1, strict=strict)


@pytest.mark.parametrize(
    ("found", "agrees"),
    [
        pytest.param(book(5, 5, 5), True, id="all reported, equal"),
        pytest.param(book(5, 5, 6), False, id="all reported, too much"),
        pytest.param(book(5, 5, 4), False, id="all reported, too little"),
        pytest.param(book(9, 5, 7), True, id="fair, some unreported, estimated"),
        pytest.param(book(9, 5, 4), False, id="fair, less than was reported"),
        pytest.param(book(9, 5, 8, strict=True), False, id="strict, less than was billed"),
        pytest.param(book(9, 5, 20, strict=True), True, id="strict, the reservation"),
    ],
)
def test_two_books_agree(found: Book, agrees: bool) -> None:  # noqa: FBT001
    if agrees:
        assert "1 call, " in books_agree((found,))
    else:
        with pytest.raises(CheckFailed):
            books_agree((found,))


def call(**headers: str) -> UpstreamCall:
    body = {"model": "m", "user": "sk-app"}
    return UpstreamCall(at=1, provider="a", path="/a", model="m", headers=headers, body=body)


def test_a_secret_is_found_wherever_it_arrives() -> None:
    planted = {"the app's key": "sk-app", "the secret of a": "sk-of-a"}
    assert leaks([call(authorization="Bearer sk-of-a")], planted) == ("the app's key",)
    twice = call(authorization="Bearer sk-of-a", cookie="sk-of-a")
    assert leaks([twice], planted) == ("the app's key", "the secret of a")
    assert leaks([call(cookie="sk-of-the-caller")], {}) == ("the caller's own secret",)

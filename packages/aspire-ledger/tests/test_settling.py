"""What is booked: reported units at the reviewed price, or an estimate that says so."""

from decimal import Decimal
from typing import Any

import pytest

from aspire_ledger.account import Mode
from aspire_ledger.bound import Asked
from aspire_ledger.card import Card, Price, TokenPrices
from aspire_ledger.contract import CHAT, EMBEDDINGS, IMAGES, OCR, Contract
from aspire_ledger.settling import Ending, Terms, differs, reckon
from aspire_ledger.values import NO_UNITS, Counted

# A token in costs a micro-dollar, one out a thousand of them; a page, an image and a search more.
PRICE = Price(
    TokenPrices(Decimal(1), Decimal(1000)),
    usd_per_page=Decimal(1),
    usd_per_annotated_page=Decimal(10),
    usd_per_use={"web_search": Decimal(100), "mcp": Decimal(500)},
)
IMAGE = Price(usd_per_image=Decimal(2))
ASKED = Asked(Decimal(7), input_tokens=50)


def terms(
    contract: Contract = CHAT,
    *,
    price: Price = PRICE,
    asked: Asked = ASKED,
    mode: Mode = Mode.FAIR,
) -> Terms:
    return Terms(contract, Card("chat", price), asked, mode)


@pytest.mark.parametrize("mode", Mode)
@pytest.mark.parametrize(
    ("contract", "price", "asked", "ending", "usd"),
    [
        pytest.param(CHAT, PRICE, ASKED, Ending(Counted(10, 0, 20)), "0.02001", id="tokens"),
        pytest.param(EMBEDDINGS, PRICE, ASKED, Ending(Counted(10)), "0.00001", id="an embedding"),
        pytest.param(
            CHAT,
            PRICE,
            ASKED,
            Ending(Counted(10), uses={"web_search": 2}),
            "200.00001",
            id="uses of a tool",
        ),
        pytest.param(
            CHAT,
            PRICE,
            ASKED,
            Ending(Counted(10), uses={"hologram": 1}),
            "500.00001",
            id="a tool that nobody priced costs as much as the dearest",
        ),
        pytest.param(
            CHAT,
            PRICE,
            Asked(Decimal(7), searches=True),
            Ending(Counted(10)),
            "100.00001",
            id="a search that was asked for and that nobody tells of",
        ),
        pytest.param(OCR, PRICE, ASKED, Ending(pages=3), "3", id="pages"),
        pytest.param(
            OCR, PRICE, Asked(Decimal(7), annotated=True), Ending(pages=3), "33", id="annotated"
        ),
        pytest.param(IMAGES, IMAGE, ASKED, Ending(images=2), "4", id="images"),
        pytest.param(
            IMAGES,
            IMAGE,
            Asked(Decimal(7), image_usd=Decimal(5)),
            Ending(images=2),
            "10",
            id="images of the size that was asked for",
        ),
        pytest.param(
            IMAGES,
            PRICE,
            ASKED,
            Ending(Counted(10, 0, 20), images=1),
            "0.02001",
            id="images by tokens",
        ),
    ],
)
def test_what_was_reported_costs_its_reviewed_price(
    *, contract: Contract, price: Price, asked: Asked, ending: Ending, usd: str, mode: Mode
) -> None:
    spent = reckon(ending, terms(contract, price=price, asked=asked, mode=mode))
    assert (spent.usd, spent.estimated, spent.note) == (Decimal(usd), False, "")


@pytest.mark.parametrize(
    ("contract", "price", "ending"),
    [
        pytest.param(CHAT, PRICE, Ending(), id="no report"),
        pytest.param(CHAT, PRICE, Ending(Counted(10), text_bytes=5), id="text and no token of it"),
        pytest.param(CHAT, PRICE, Ending(Counted(0, 0, 20)), id="no input"),
        pytest.param(EMBEDDINGS, PRICE, Ending(Counted(0, 0, 1)), id="an embedding of nothing"),
        pytest.param(OCR, PRICE, Ending(Counted(10, 0, 20)), id="no page"),
        pytest.param(IMAGES, IMAGE, Ending(Counted(10, 0, 20)), id="no image"),
        pytest.param(IMAGES, PRICE, Ending(images=2), id="images, and none of their tokens"),
    ],
)
def test_what_was_not_reported_is_marked_and_a_strict_budget_pays_what_was_set_aside(
    contract: Contract, price: Price, ending: Ending
) -> None:
    spent = reckon(ending, terms(contract, price=price, mode=Mode.STRICT))
    assert (spent.usd, spent.estimated) == (None, True)
    assert spent.note == "no usage was reported; booked what was set aside"


@pytest.mark.parametrize(
    ("ending", "asked", "counted", "usd"),
    [
        pytest.param(Ending(), ASKED, Counted(50), "0.00005", id="what was sent"),
        pytest.param(
            Ending(text_bytes=5), ASKED, Counted(50, 0, 5), "0.00505", id="and what was seen"
        ),
        pytest.param(
            Ending(text_bytes=5, partly=Counted(30)),
            ASKED,
            Counted(30, 0, 5),
            "0.00503",
            id="the input as far as it was reported",
        ),
        pytest.param(
            Ending(text_bytes=5, partly=Counted(30, 0, 9)),
            ASKED,
            Counted(30, 0, 9),
            "0.00903",
            id="the output if more was reported than seen",
        ),
        pytest.param(
            Ending(text_bytes=5),
            Asked(Decimal(7), input_tokens=50, searches=True),
            Counted(50, 0, 5, tool_uses=1),
            "100.00505",
            id="the search that was asked for",
        ),
        pytest.param(
            Ending(Counted(10), text_bytes=5),
            ASKED,
            Counted(10, 0, 5),
            "0.00501",
            id="zero output of an answer with text",
        ),
    ],
)
def test_a_fair_budget_pays_what_was_sent_and_seen(
    ending: Ending, asked: Asked, counted: Counted, usd: str
) -> None:
    spent = reckon(ending, terms(asked=asked))
    assert (spent.counted, spent.usd, spent.estimated) == (counted, Decimal(usd), True)
    assert (
        spent.note == "no usage was reported; booked what was sent and what was seen of the answer"
    )


@pytest.mark.parametrize("contract", [OCR, IMAGES])
def test_what_is_paid_by_the_piece_is_estimated_as_set_aside(contract: Contract) -> None:
    assert reckon(Ending(), terms(contract, price=IMAGE)).usd is None


def test_an_answer_of_the_gateways_own_cache_costs_nothing() -> None:
    spent = reckon(Ending(Counted(10, 0, 20), cached_by_gateway=True), terms())
    assert (spent.usd, spent.estimated, spent.counted) == (Decimal(0), False, NO_UNITS)


@pytest.mark.parametrize(
    ("reported", "note"),
    [
        pytest.param(None, "", id="nothing"),
        pytest.param("0.02001", "", id="the same"),
        pytest.param("0.0205", "", id="a rounding away"),
        pytest.param("0", "the gateway computed 0 USD", id="nothing for something"),
        pytest.param("-1", "the gateway computed -1 USD", id="negative"),
        pytest.param("NaN", "the gateway computed NaN USD", id="no number"),
        pytest.param("Infinity", "the gateway computed Infinity USD", id="infinite"),
        pytest.param("1E+30", "the gateway computed 1e+30 USD", id="absurd"),
    ],
)
def test_what_the_gateway_computes_is_compared_and_decides_nothing(
    reported: str | None, note: str
) -> None:
    usd = None if reported is None else Decimal(reported)
    spent = reckon(Ending(Counted(10, 0, 20), reported_usd=usd), terms())
    assert (spent.usd, spent.estimated) == (Decimal("0.02001"), False)
    assert (spent.note, str(spent.reported_usd)) == (note, str(usd))


def test_a_note_is_kept_beside_others() -> None:
    spent = reckon(Ending(note="its end was never told"), terms())
    assert spent.note.startswith("its end was never told; no usage was reported")


@pytest.mark.parametrize(
    ("usd", "reported", "expected"),
    [("1", "1.03", False), ("1", "1.04", True), ("0", "0", False), ("1", "0.97", False),
     ("1", "0.96", True), ("1", "sNaN", True)],
)  # fmt: skip
def test_a_difference_of_a_few_per_cent_is_a_rounding(
    usd: str, reported: str, *, expected: bool
) -> None:
    assert differs(Decimal(usd), Decimal(reported)) is expected


def test_where_a_call_went_is_on_what_is_booked() -> None:
    told: dict[str, Any] = {
        "provider": "acme",
        "model": "chat-1",
        "deployment": "row-1",
        "call_type": "acompletion",
    }
    spent = reckon(Ending(Counted(1), **told), terms())
    assert {name: getattr(spent, name) for name in told} == told

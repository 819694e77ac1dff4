"""What a call that ended is booked at: counted units at the reviewed price, or an estimate. Pure.

The units are the provider's claim and the price is the reviewed file's; what the
gateway computes is compared and decides nothing. What nobody reported is estimated:
for a strict budget as what was set aside, for a fair one as what was sent and what
was seen of the answer.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Final

from aspire_ledger.account import Mode
from aspire_ledger.bound import Asked
from aspire_ledger.card import Card
from aspire_ledger.contract import EMBEDDINGS, IMAGE_EDITS, IMAGES, OCR, Contract
from aspire_ledger.pricing import cost_usd
from aspire_ledger.values import NO_UNITS, Counted, Spent

_DIFFERS: Final = Decimal("0.03")  # of the larger one; below it the gateway only rounds
_BY_THE_PIECE: Final = (IMAGES, IMAGE_EDITS, OCR)


@dataclass(frozen=True, slots=True)
class Ending:
    """What is known of a call's end.

    `counted` is None where no whole usage was reported that can be believed; `partly` is
    then what was reported so far. `images`, their size and quality, and `pages` are those
    of the answer itself. `text_bytes` is how much text of the answer
    was seen. `reported_usd` is the gateway's own figure.
    """

    counted: Counted | None = None
    partly: Counted = NO_UNITS
    uses: Mapping[str, int] = field(default_factory=dict)
    text_bytes: int = 0
    images: int = 0
    image_size: str = ""
    image_quality: str = ""
    pages: int = 0
    provider: str = ""
    model: str = ""
    deployment: str = ""
    call_type: str = ""
    reported_usd: Decimal | None = None
    cached_by_gateway: bool = False
    note: str = ""


@dataclass(frozen=True, slots=True)
class Terms:
    """What a call was admitted on.

    `card` is that of the row that answered, as it was when the call went out; `mode` is
    the budget's.
    """

    contract: Contract
    card: Card
    asked: Asked
    mode: Mode


def reckon(ending: Ending, terms: Terms) -> Spent:
    """Return what to book for a call that ended."""
    spent = _described(ending)
    if ending.cached_by_gateway:
        return replace(spent, usd=Decimal(0))
    counted = _counted(ending, terms)
    if counted is None:
        return _estimated(spent, ending, terms)
    uses = _uses(ending, terms.asked)
    counted = replace(counted, tool_uses=sum(uses.values()))
    usd = cost_usd(terms.card.price, counted, uses=uses, image_usd=_image_usd(ending, terms))
    return replace(spent, usd=usd, counted=counted, note=_compared(usd, ending))


def _image_usd(ending: Ending, terms: Terms) -> Decimal | None:
    # What was made decides, where the answer says it; else what was asked for.
    if not ending.image_size and not ending.image_quality:
        return terms.asked.image_usd
    return terms.card.price.image_usd(ending.image_size or None, ending.image_quality or None)


def _described(ending: Ending) -> Spent:
    return Spent(
        usd=None,
        provider=ending.provider,
        model=ending.model,
        deployment=ending.deployment,
        call_type=ending.call_type,
        reported_usd=ending.reported_usd,
        note=ending.note,
    )


def _counted(ending: Ending, terms: Terms) -> Counted | None:
    """Return the units of a call whose report is complete, None where something is missing."""
    found = ending.counted
    if terms.contract is OCR:
        return _pages(ending, terms.asked)
    if terms.contract in (IMAGES, IMAGE_EDITS):
        return _images(ending, terms.card)
    if found is None or not found.input_tokens:  # no call is without any
        return None
    # An answer with content took tokens, even if nobody counted them.
    is_short = terms.contract is not EMBEDDINGS and ending.text_bytes and not found.output_tokens
    return None if is_short else found


def _images(ending: Ending, card: Card) -> Counted | None:
    if not ending.images or (card.price.has_token_prices and ending.counted is None):
        return None
    return replace(ending.counted or NO_UNITS, images=ending.images)


def _pages(ending: Ending, asked: Asked) -> Counted | None:
    if not ending.pages:
        return None
    return Counted(pages=ending.pages, annotated_pages=ending.pages if asked.annotated else 0)


def _uses(ending: Ending, asked: Asked) -> Mapping[str, int]:
    if not asked.searches:
        return ending.uses
    # A model that always searches does not say so: the request says it.
    return {**ending.uses, "web_search": max(1, ending.uses.get("web_search", 0))}


def _estimated(spent: Spent, ending: Ending, terms: Terms) -> Spent:
    partly = ending.counted or ending.partly
    if terms.mode is Mode.STRICT or terms.contract in _BY_THE_PIECE:
        note = "no usage was reported; booked what was set aside"
        return replace(spent, counted=partly, estimated=True, note=_joined(ending.note, note))
    counted = replace(
        partly,
        input_tokens=partly.input_tokens or terms.asked.input_tokens,
        output_tokens=max(partly.output_tokens, ending.text_bytes),
    )
    uses = _uses(ending, terms.asked)
    counted = replace(counted, tool_uses=sum(uses.values()))
    usd = cost_usd(terms.card.price, counted, uses=uses)
    note = "no usage was reported; booked what was sent and what was seen of the answer"
    return replace(spent, usd=usd, counted=counted, estimated=True, note=_joined(ending.note, note))


def _compared(usd: Decimal, ending: Ending) -> str:
    reported = ending.reported_usd
    if reported is None or not differs(usd, reported):
        return ending.note
    return _joined(ending.note, f"the gateway computed {reported:.6g} USD")


def differs(usd: Decimal, reported: Decimal) -> bool:
    """Say whether the gateway's figure is more than a rounding away from ours."""
    if not reported.is_finite():
        return True
    return abs(usd - reported) > max(abs(usd), abs(reported)) * _DIFFERS


def _joined(*notes: str) -> str:
    return "; ".join(note for note in notes if note)

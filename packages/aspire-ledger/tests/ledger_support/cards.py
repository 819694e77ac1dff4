"""Cards as a deployment carries them, and prices for tests that need one."""

from typing import Any

from aspire_ledger.card import Price, read_card

CHAT_PRICE = {
    "input_usd_per_million_tokens": "2.00",
    "output_usd_per_million_tokens": "10.00",
}


def chat_card(**more: Any) -> dict[str, Any]:
    """Return a small card of `mode: chat` with `more` in place of, or beside, what it says."""
    return {"format": 1, "mode": "chat", "price": CHAT_PRICE, **more}


def price_of(given: dict[str, Any], mode: str = "chat") -> Price:
    """Read a price that is written as in a card."""
    card = read_card({"format": 1, "mode": mode, "price": given})
    assert card is not None, given
    return card.price

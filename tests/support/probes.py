"""An alias, what must answer it, and an answer and a line of the ledger that are as they should be."""

from decimal import Decimal

from aspire_gitops.kinds.prices import card_of
from aspire_gitops.probing import Answer, Booked, Expected, probe_of
from aspire_gitops.resources import AliasSpec
from aspire_ledger.values import Counted
from support.catalogs import alias

PRICE = {"input_usd_per_million_tokens": "1", "output_usd_per_million_tokens": "4"}
SPEC = AliasSpec.model_validate({**alias(), "price": PRICE})
PROBE = probe_of(SPEC, "plain")
EXPECTED = Expected(
    frozenset({"gw.qwen-chat.3"}),
    "cloud-first.ai",
    "openai/qwen3-max",
    "https://api.cloud-first.ai/v1",
    card_of(SPEC),
)
HEADERS = {
    "x-litellm-model-id": "gw.qwen-chat.3",
    "x-litellm-model-name": "openai/qwen3-max",
    "x-litellm-model-api-base": "https://api.cloud-first.ai/v1/",
    "x-litellm-attempted-fallbacks": "0",
}
GOOD = Answer(200, 0.4, HEADERS)
BOOKED = Booked(
    "gw.qwen-chat.3",
    "openai/qwen3-max",
    usd=Decimal("0.00009"),
    aud=Decimal("0.000138"),
    counted=Counted(input_tokens=10, output_tokens=20),
    estimated=False,
)

"""The provider, LiteLLM or the caller names the price, or misstates the usage."""

from collections.abc import Iterator, Mapping
from typing import Final

from aspire_gitops.rehearsal.attacks.calls import BRIDGED, IMAGE_STREAM, TEXT_STREAMS, WHOLE
from aspire_gitops.rehearsal.attacks.values import Attack, AttackKind, Body
from aspire_gitops.sandbox.upstream.behaviour import Misbehaviour
from aspire_gitops.sandbox.upstream.usage import Report


def prices() -> Iterator[Attack]:
    for title, change in _OWN_PRICES.items():
        for call in (*WHOLE, *BRIDGED):
            yield Attack(AttackKind.PRICE, title, call, change)
    # What may lock a key out for good comes last, so that it hides nothing else.
    for title, fault in _LIES.items():
        for call in (*WHOLE, *TEXT_STREAMS, *BRIDGED, IMAGE_STREAM):
            yield Attack(AttackKind.PRICE, title, call, fault=fault)


_LIES: Final[Mapping[str, Misbehaviour]] = {
    "a header says 0": Misbehaviour(cost_header="0"),
    "usage.cost says 0": Misbehaviour(usage_cost=0),
    "usage.cost says minus one": Misbehaviour(usage_cost=-1),
    **{
        f"usage is {report.value}": Misbehaviour(report=report)
        for report in (Report.ABSENT, Report.ZERO, Report.NEGATIVE, Report.TEXT)
    },
    "usage is nan": Misbehaviour(report=Report.NAN),
    "usage is absurd": Misbehaviour(report=Report.ABSURD),
    "a header says nonsense": Misbehaviour(cost_header="NaN"),
    "usage.cost says 1e30": Misbehaviour(usage_cost=1e30),
    "a header says 1e30": Misbehaviour(cost_header="1e30"),
}
_OWN_PRICES: Final[Mapping[str, Body]] = {
    "the caller states prices": {"input_cost_per_token": 0, "output_cost_per_token": 0},
    "the caller states a price a second": {"input_cost_per_second": 0},
    "the caller states model_info": {"model_info": {"input_cost_per_token": 0, "aspire": {}}},
    "metadata states model_info": {"metadata": {"model_info": {"input_cost_per_token": 0}}},
    "extra_body states prices": {"extra_body": {"input_cost_per_token": 0}},
    "the caller names a base model": {"base_model": "gpt-3.5-turbo"},
    "the caller names another region": {"region_name": "eu", "custom_pricing": True},
}

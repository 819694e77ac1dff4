"""The gateway itself, its money, timezone and limits, and the Approvals of dangerous changes to it."""

from decimal import Decimal
from typing import Annotated, Literal

from pydantic import Field

from aspire_gitops.releases import TESTED
from aspire_gitops.vocabulary.spec import (
    Amount,
    Day,
    HttpUrl,
    OrAbsent,
    Owner,
    ResourceSpec,
    Sentence,
    Spec,
    Whole,
    in_words,
)

Days = Annotated[int, Field(ge=1, le=366), Whole]
MinutesPerMonth = Annotated[int, Field(ge=1, le=44_640), Whole]
DowntimeSeconds = Annotated[int, Field(ge=0, le=7200), Whole]
Minutes = Annotated[int, Field(ge=1, le=1440), Whole]
CallsPerDay = Annotated[int, Field(ge=1, le=100_000), Whole]
Deletions = Annotated[int, Field(ge=0, le=10_000), Whole]


class LitellmSpec(Spec):
    """The LiteLLM release that the gateway runs."""

    version: str = Field(
        pattern=r"^[0-9]{1,4}\.[0-9]{1,4}\.[0-9]{1,4}$",
        description=f"Release of LiteLLM, as three numbers. Tested with {TESTED.version}.",
        examples=[TESTED.version],
        json_schema_extra=in_words(f"three numbers with dots, like {TESTED.version}"),
    )


class ExchangeSpec(Spec):
    """The reviewed exchange rate. Caps are in AUD, LiteLLM counts in USD."""

    usd_per_aud: Amount = Field(
        description="US dollars that one Australian dollar buys, in quotes."
    )
    as_of: Day = Field(description="The day of the rate.")
    source: Sentence = Field(description="Who published the rate.", examples=["RBA F11.1"])
    max_age_days: Days = Field(
        description="Days after which validation refuses the rate as too old."
    )


class AvailabilitySpec(Spec):
    """What the gateway's users were promised."""

    max_downtime_minutes_per_month: MinutesPerMonth = Field(
        description="Minutes per month that the gateway may be down, restarts included.",
    )
    restart_seconds: DowntimeSeconds = Field(
        default=12, description="Seconds without an answer when the gateway restarts."
    )
    redeploy_seconds: DowntimeSeconds = Field(
        default=60,
        description="Seconds without an answer when another release of the gateway is put in place.",
    )


class ProbesSpec(Spec):
    """What the controller's own calls to each alias may cost, and how often it makes them."""

    monthly_aud: Amount = Field(
        default=Decimal(5), description="What all probes together may spend per month."
    )
    every_minutes: Minutes = Field(
        default=60, description="Minutes between two probes of one alias, give or take a tenth."
    )
    calls_per_day: CallsPerDay = Field(
        default=500,
        description="How many probes the controller makes per day, all aliases together.",
    )


class PolicySpec(Spec):
    """What a plan may do, and what no file may say."""

    fallbacks: Literal["forbid"] = Field(
        description="No other model ever answers for a model that is down. This is the only choice."
    )
    unpriced_aliases: Literal["forbid"] = Field(
        description="Each alias states its price; a budget cannot count what has none."
    )
    drift: Literal["heal", "report"] = Field(
        default="heal",
        description="What the controller does about changes made by hand to managed objects: `heal` sets them back, `report` only shows them.",
    )
    intruders: Literal["report", "remove"] = Field(
        default="report",
        description="What the controller does about a deployment that somebody added under the name of an alias that was live by then: `report` shows it, `remove` deletes it a minute after a notice.",
    )
    max_deletions: Deletions = Field(
        default=5,
        description="How many objects one plan may delete. Objects named by an `Approval` do not count.",
    )
    probes: Literal["off"] | ProbesSpec = Field(
        default_factory=ProbesSpec,
        description="The controller calls each alias with a key of its own. `off`: it has no such key and calls nothing.",
    )
    unknown_parameters: Literal["refuse", "apps_may_report"] = Field(
        default="refuse",
        description="What happens to calls with a parameter that neither the API nor the alias's `allow_parameters` names. `apps_may_report`: an App may have them passed and counted until a day.",
    )


class OutageSpec(Spec):
    """Let calls through for a while when the ledger cannot answer; they are booked afterwards."""

    allow_for_minutes: Minutes = Field(
        description="Minutes since the outage began. After that, calls are refused."
    )


class LedgerSpec(Spec):
    """The spend ledger inside the gateway, which enforces each budget in AUD."""

    on_outage: Literal["refuse"] | OutageSpec = Field(
        default="refuse",
        description="What happens to calls while the ledger's database cannot answer.",
    )
    keys_without_mark: Literal["refuse", "allow"] = Field(
        default="refuse",
        description="What happens to calls with a key that this program did not make. `allow` lets them through uncounted.",
    )
    backstop_factor: Amount = Field(
        default=Decimal("1.25"),
        description="LiteLLM's own cap on each key, as a multiple of the budget's. It only matters if the ledger fails.",
    )
    total_monthly_aud: OrAbsent[Amount] = Field(
        default=None, description="What all budgets together may spend per month."
    )


class GatewaySpec(ResourceSpec):
    """The gateway: where it is, what it runs, how money is counted, and its limits."""

    kind: Literal["Gateway"] = Field(description="The kind of this resource.")
    url: HttpUrl = Field(
        description="Base URL that apps call, with `/v1`.", examples=["https://llm.example.com/v1"]
    )
    owner: OrAbsent[Owner] = Field(
        default=None,
        description="Who runs the gateway, as an e-mail address, and reviews what no app owns.",
    )
    litellm: LitellmSpec = Field(description="What runs there.")
    timezone: str = Field(
        pattern=r"^[A-Za-z0-9_+-]{1,30}(/[A-Za-z0-9_+-]{1,30}){0,2}$",
        description="IANA timezone. Budgets turn over at midnight on the 1st, there.",
        examples=["Australia/Sydney"],
        json_schema_extra=in_words("an IANA timezone like Australia/Sydney"),
    )
    exchange: ExchangeSpec = Field(description="The reviewed exchange rate.")
    availability: AvailabilitySpec = Field(description="The promise to the gateway's users.")
    policy: PolicySpec = Field(description="Rules for files and plans.")
    ledger: OrAbsent[LedgerSpec] = Field(
        default=None,
        description="The spend ledger. Without it only LiteLLM's own budgets apply: in US dollars, and to each key by itself.",
    )


class ApprovalSpec(ResourceSpec):
    """Agreement to one dangerous change of one object, until a day."""

    kind: Literal["Approval"] = Field(description="The kind of this resource.")
    change: Literal["delete", "remove-alias-in-use", "delete-last-key", "lower-cap-below-spend"] = (
        Field(description="The dangerous change. A plan that needs an Approval says which.")
    )
    object: str = Field(
        pattern=r"^(credential|deployment|key)/[a-z0-9][a-z0-9._-]{0,126}$",
        description="The object as a plan writes it.",
        json_schema_extra=in_words(
            "an object as a plan writes it: credential/…, deployment/… or key/<app>.<key>"
        ),
        examples=["deployment/qwen-vision", "key/postiz.default"],
    )
    reason: Sentence = Field(description="Why the change is right.")
    owner: Owner = Field(description="Who agreed, as an e-mail address.")
    expires: Day = Field(description="The last day on which the agreement counts.")

"""`kind: Budget`: a monthly cap in Australian dollars."""

from typing import Annotated, Literal

from pydantic import Field

from aspire_gitops.resources.base import (
    Amount,
    Day,
    OrAbsent,
    Owner,
    ResourceSpec,
    Sentence,
    Spec,
    Unique,
    Whole,
)

Percent = Annotated[int, Field(ge=1, le=100), Whole]


class UpliftSpec(Spec):
    """More money for a while, as data: who agreed, why, and until when."""

    aud: Amount = Field(description="Australian dollars on top of the cap, in quotes.")
    reason: Sentence = Field(description="Why it is needed.")
    owner: Owner = Field(description="Who agreed, as an e-mail address.")
    expires: Day = Field(description="The last day on which it counts, in the gateway's timezone.")


class BudgetSpec(ResourceSpec):
    """A cap for each calendar month of the gateway's timezone. Several apps may share one."""

    kind: Literal["Budget"] = Field(description="The kind of this resource.")
    monthly_aud: Amount = Field(
        description='The cap in Australian dollars, in quotes. `"0"` stops its apps.'
    )
    period: Literal["calendar-month"] = Field(
        default="calendar-month",
        description="Budgets are calendar months; nothing else turns over reliably.",
    )
    admission: Literal["fair", "strict"] = Field(
        default="fair",
        description="How the ledger admits calls near the cap: `fair` refuses nobody while money is left and may overshoot by one call; `strict` sets the worst case aside and never exceeds the cap.",
    )
    uplift: OrAbsent[UpliftSpec] = Field(default=None, description="More money for a while.")
    warn_at_percent: Unique[Percent] = Field(
        default=(),
        description="Shares of the cap, in percent, at which the owner is told.",
    )
    description: OrAbsent[Sentence] = Field(default=None, description="Who pays, and for what.")

"""`kind: Budget`: a monthly cap in Australian dollars."""

from typing import Annotated, Literal

from pydantic import Field

from aspire_gitops.resources.base import Amount, OrAbsent, ResourceSpec, Sentence, Unique, Whole

Percent = Annotated[int, Field(ge=1, le=100), Whole]


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
    warn_at_percent: Unique[Percent] = Field(
        default=(),
        description="Shares of the cap, in percent, at which the owner is told.",
    )
    description: OrAbsent[Sentence] = Field(default=None, description="Who pays, and for what.")

"""What was spent, against which cap, and the forecast: values and pure functions.

Never reads a ledger: `ledger_reading` fills these values; planning, status and reviews use them.
"""

from aspire_gitops.spend.caps import (
    Cap,
    budget_of,
    cap_of,
    caps_of,
    month_of,
    zone,
)
from aspire_gitops.spend.forecast import (
    Forecast,
    Reach,
    forecast,
)
from aspire_gitops.spend.month import (
    BudgetSpend,
    Crossing,
    OwnSpend,
    Spend,
    Verdict,
    known_spent,
    own_spends,
    percent_of,
    plain,
    spend_of,
    usd_text,
)
from aspire_gitops.spend.record import (
    Adjustment,
    Failures,
    MonthRecord,
    MonthSums,
    Part,
    PriceDifference,
    PriceDifferences,
    RateUsed,
    UnlistedParameter,
    days_of,
    is_month,
    month_before,
    month_named,
    timezone_of,
)

__all__ = [
    "Adjustment",
    "BudgetSpend",
    "Cap",
    "Crossing",
    "Failures",
    "Forecast",
    "MonthRecord",
    "MonthSums",
    "OwnSpend",
    "Part",
    "PriceDifference",
    "PriceDifferences",
    "RateUsed",
    "Reach",
    "Spend",
    "UnlistedParameter",
    "Verdict",
    "budget_of",
    "cap_of",
    "caps_of",
    "days_of",
    "forecast",
    "is_month",
    "known_spent",
    "month_before",
    "month_named",
    "month_of",
    "own_spends",
    "percent_of",
    "plain",
    "spend_of",
    "timezone_of",
    "usd_text",
    "zone",
]

"""What was spent, against which cap, and the forecast: values and pure functions.

Never reads a ledger: `ledger_reading` fills these values; planning, status and reviews use them.
"""

from aspire_gitops.spend.caps import Cap, cap_of, caps_of, month_of, zone
from aspire_gitops.spend.forecast import Forecast, Reach, forecast
from aspire_gitops.spend.month import BudgetSpend, Crossing, Spend, known_spent, spend_of
from aspire_gitops.spend.record import MonthRecord, Part, month_named

__all__ = [
    "BudgetSpend",
    "Cap",
    "Crossing",
    "Forecast",
    "MonthRecord",
    "Part",
    "Reach",
    "Spend",
    "cap_of",
    "caps_of",
    "forecast",
    "known_spent",
    "month_named",
    "month_of",
    "spend_of",
    "zone",
]

"""What was spent, against which cap, and where it leads: values and pure functions.

Knows no ledger: `ledger_reading` fills these values, and `rendering.spend.*`,
the controller and `planning.protection` read them.
"""

from aspire_gitops.spending.caps import Cap, cap_of, caps_of, month_of, zone
from aspire_gitops.spending.forecast import Forecast, Reach, forecast
from aspire_gitops.spending.months import month_named
from aspire_gitops.spending.record import MonthRecord, Part
from aspire_gitops.spending.spend import BudgetSpend, Crossing, Spend, known_spent, spend_of

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

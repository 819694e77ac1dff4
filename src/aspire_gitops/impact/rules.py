"""What a reviewer should see before a change is merged: AG520 to AG539. Each has a page.

All are warnings: the files are right, and a person decides. What must not happen
at all is an error of validation or a refusal of the plan.
"""

from aspire_gitops.diagnostics import Rule, Severity

VENDOR_CHANGES = Rule("AG520", "vendor-changes", Severity.WARNING)
OFFERS_LESS = Rule("AG521", "alias-offers-less", Severity.WARNING)
VECTORS_CHANGE = Rule("AG522", "vectors-change", Severity.WARNING)
MODE_CHANGES = Rule("AG523", "mode-changes", Severity.WARNING)
USED_WITHOUT_PRICE = Rule("AG524", "used-without-price", Severity.WARNING)
CAP_DATE_EARLIER = Rule("AG525", "cap-date-earlier", Severity.WARNING)
BUDGET_STOPS = Rule("AG526", "budget-stops", Severity.WARNING)
APP_STOPS = Rule("AG527", "app-stops", Severity.WARNING)
APP_REMOVED = Rule("AG528", "app-removed", Severity.WARNING)
KEY_REMOVED = Rule("AG529", "key-removed", Severity.WARNING)
ALIAS_LOST = Rule("AG530", "alias-lost", Severity.WARNING)
TOO_MUCH_DOWNTIME = Rule("AG531", "too-much-downtime", Severity.WARNING)
RATE_CHANGES = Rule("AG532", "rate-changes", Severity.WARNING)
OLD_SNAPSHOT = Rule("AG533", "old-snapshot", Severity.WARNING)
SNAPSHOT_NOT_USED = Rule("AG534", "snapshot-not-used", Severity.WARNING)
NOT_AT_BASE = Rule("AG535", "gateway-not-at-base", Severity.WARNING)

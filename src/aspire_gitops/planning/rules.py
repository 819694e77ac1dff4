"""Why a plan is refused: the AG5xx rules, but for those of a single kind. Each has a page."""

from aspire_gitops.vocabulary.diagnostic import Rule

TOO_MANY_DELETIONS = Rule("AG501", "too-many-deletions")
NAME_TAKEN = Rule("AG504", "name-taken")
AMBIGUOUS_MARK = Rule("AG505", "ambiguous-mark")
EMPTY_SOURCE = Rule("AG506", "empty-source")
NOTHING_TO_ADOPT = Rule("AG507", "nothing-to-adopt")
CAP_BELOW_SPEND = Rule("AG508", "cap-below-spend")
ADOPTED_OVERSPENT = Rule("AG509", "adopted-key-overspent")
ADOPTED_LIMITED = Rule("AG510", "adopted-key-limited")
ADOPTED_OFF = Rule("AG511", "adopted-key-off")
ADOPTION_UNVERIFIED = Rule("AG512", "adoption-not-verified")

"""docs/explain/attacks.md shows today's attacks on today's guard, and no attack that succeeds."""

import re

from aspire_gitops.rehearsal.attacks import AttackKind, all_attacks
from support.attack_matrix import PAGE, current_digest

TEXT = PAGE.read_text(encoding="utf-8")


def test_the_page_is_as_new_as_the_attacks_and_the_guard() -> None:
    assert f"<!-- digest: {current_digest()} -->" in TEXT, (
        "run `make check-all`, then read the diff"
    )


def test_every_attack_is_on_the_page() -> None:
    for attack in all_attacks():
        assert f"| {attack.title} |" in TEXT
    for kind in AttackKind:
        assert f"### {kind.value.capitalize()}" in TEXT or kind.value in TEXT


def test_no_attack_on_the_page_succeeds() -> None:
    assert re.findall(r"\| [A-Z]*X[A-Z]* \|", TEXT) == []

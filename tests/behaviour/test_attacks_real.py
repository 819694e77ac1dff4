"""Every attack on a real gateway is refused, or what it cost is booked in full.

A sample of them is played by `make check`; `make check-all` plays all, which takes half an
hour, and writes docs/explain/attacks.md.
"""

from collections.abc import Iterator

import pytest

from aspire_gitops.rehearsal.attacks import Attack, AttackKind, all_attacks, sample
from support.attack_matrix import KEYS, PAGE, World, page, world

pytestmark = [pytest.mark.real, pytest.mark.slow]


@pytest.fixture(scope="module")
def attacks(request: pytest.FixtureRequest) -> tuple[Attack, ...]:
    return all_attacks() if request.config.getoption("--matrix") == "all" else sample()


@pytest.fixture(scope="module")
def attacked(attacks: tuple[Attack, ...]) -> Iterator[World]:
    with world() as found:
        yield found
    whole = {attack.name for attack in all_attacks()}
    if len(attacks) == len(whole) and all(
        found.results.get(key, {}).keys() == whole for key in KEYS
    ):
        PAGE.write_text(page(found.results), encoding="utf-8")


@pytest.mark.timeout(3600)
@pytest.mark.parametrize("key", KEYS)
def test_every_attack_is_refused_or_booked_in_full(
    attacked: World, attacks: tuple[Attack, ...], key: str
) -> None:
    """And afterwards the key still works: no answer of a provider may lock an app out."""
    wrong = [message for attack in attacks if (message := attacked.play(attack, key))]
    honest = next(attack for attack in attacks if attack.kind is AttackKind.HONEST)
    assert (wrong, attacked.play(honest, key)) == ([], "")

"""What has to happen for a change to be in force, and what is left of the month's downtime."""

from datetime import date
from typing import Any

import pytest

from aspire_gitops.review.value import Effect
from aspire_gitops.usage import Downtime
from support.catalogs import GATEWAY, alias, app, budget, provider
from support.changes import codes, live, reviewed, side, small


def gateway(**changes: Any) -> dict[str, Any]:
    return {**GATEWAY, **changes}


WITH_LEDGER = gateway(ledger={})


@pytest.mark.parametrize(
    ("before", "after", "effect", "because"),
    [
        pytest.param(GATEWAY, app(description="Words."), Effect.NONE, [], id="words"),
        pytest.param(GATEWAY, alias(description="Words."), Effect.NONE, [], id="words of an alias"),
        pytest.param(
            GATEWAY, budget(monthly_aud="9"), Effect.HOT, ["budget/shared"], id="another cap"
        ),
        pytest.param(
            GATEWAY,
            provider(credential={"env": "OTHER"}),
            Effect.HOT,
            ["provider/cloud-first"],
            id="another secret, the same fields",
        ),
        pytest.param(
            GATEWAY,
            gateway(exchange={**GATEWAY["exchange"], "usd_per_aud": "0.7"}),
            Effect.HOT,
            ["gateway/test"],
            id="another rate",
        ),
        pytest.param(
            GATEWAY,
            gateway(timezone="Australia/Perth"),
            Effect.RESTART,
            ["gateway/test: timezone"],
            id="another timezone stands in config.yaml",
        ),
        pytest.param(
            GATEWAY,
            gateway(timezone="Australia/Perth", policy={**GATEWAY["policy"], "max_deletions": 9}),
            Effect.RESTART,
            ["gateway/test: timezone"],
            id="only what stands in config.yaml is named",
        ),
        pytest.param(
            GATEWAY,
            gateway(litellm={"version": "1.107.0"}),
            Effect.REDEPLOY,
            ["gateway/test: litellm.version"],
            id="another release",
        ),
        pytest.param(
            GATEWAY, WITH_LEDGER, Effect.REDEPLOY, ["gateway/test: ledger"], id="a ledger"
        ),
        pytest.param(
            WITH_LEDGER, GATEWAY, Effect.REDEPLOY, ["gateway/test: ledger"], id="no ledger"
        ),
    ],
)
def test_effect(before: Any, after: Any, effect: Effect, because: list[str]) -> None:
    uptime = reviewed(small(before), small(before, after)).uptime
    assert uptime
    assert (uptime.effect, list(uptime.because)) == (effect, because)


RESTART = gateway(
    timezone="Australia/Perth",
    availability={"max_downtime_minutes_per_month": 1, "restart_seconds": 40},
)


@pytest.mark.parametrize(
    ("seen", "left", "expected"),
    [
        pytest.param(Downtime("2026-11", 15, date(2026, 11, 1)), 5, [], id="enough is left"),
        pytest.param(Downtime("2026-11", 25, date(2026, 11, 9)), -5, ["AG531"], id="too little"),
        pytest.param(Downtime("2026-10", 59, date(2026, 10, 1)), None, [], id="of another month"),
        pytest.param(None, None, [], id="nobody watched"),
    ],
)
def test_what_is_left_of_the_month(
    seen: Downtime | None, left: float | None, expected: list[str]
) -> None:
    before = small()
    review = reviewed(before, small(RESTART), live(side(before), downtime=seen))
    assert review.uptime
    assert (review.uptime.seconds, review.uptime.left_s) == (40, left)
    assert codes(review) == expected


def test_a_restart_longer_than_the_whole_allowance_needs_no_watching() -> None:
    promise = {"max_downtime_minutes_per_month": 1, "restart_seconds": 61}
    after = small(gateway(timezone="Australia/Perth", availability=promise))
    assert codes(reviewed(small(), after)) == ["AG531"]

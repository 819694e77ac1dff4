"""Who pays, read from a key's metadata: what is damaged is declined, and an uplift lasts as said."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from aspire_ledger.litellm.call_handler import Declined
from aspire_ledger.litellm.events import read_ended
from aspire_ledger.litellm.open_call import Caller
from ledger_support.desk import CHAT_NANO, Desk, account, event, paying
from ledger_support.memory_store import MemoryStore

Run = Callable[..., Any]
GONE = object()
UPLIFT = {"uplift_aud": "5", "uplift_until": "2026-12-01T00:00:00+11:00"}


@pytest.fixture
def desk() -> Desk:
    return Desk(MemoryStore())


def caller(**changed: Any) -> Caller:
    found = {**account("shop", "1"), **changed}
    return paying({name: value for name, value in found.items() if value is not GONE})


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        pytest.param({"app": GONE}, "app is missing", id="no app"),
        pytest.param({"app": 7}, "app is missing", id="an app that is a number"),
        pytest.param({"budget": ""}, "budget is missing", id="an empty budget"),
        pytest.param({"monthly_aud": GONE}, "monthly_aud is missing", id="no cap"),
        pytest.param({"monthly_aud": 180}, "monthly_aud is missing", id="a cap that is no text"),
        pytest.param({"monthly_aud": "-1"}, "monthly_aud is '-1', no amount", id="a negative cap"),
        pytest.param({"monthly_aud": "NaN"}, "monthly_aud is 'NaN'", id="a cap that is no number"),
        pytest.param({"monthly_aud": "Infinity"}, "is 'Infinity', no amount", id="an endless cap"),
        pytest.param({"usd_per_aud": GONE}, "usd_per_aud is missing", id="no rate"),
        pytest.param({"usd_per_aud": "0"}, "usd_per_aud is 0", id="a rate of zero"),
        pytest.param({"usd_per_aud": "-0.65"}, "usd_per_aud is '-0.65'", id="a negative rate"),
        pytest.param({"timezone": GONE}, "timezone is missing", id="no timezone"),
        pytest.param({"timezone": "Australia/Sidney"}, "timezone is", id="a misspelt timezone"),
        pytest.param({"timezone": "../../etc/passwd"}, "timezone is", id="a path for a timezone"),
        pytest.param({"budget_mode": "lenient"}, "budget_mode is 'lenient'", id="an unknown mode"),
        pytest.param({"warn_at_percent": "80"}, "warn_at_percent is no list", id="no list"),
        pytest.param({"warn_at_percent": [0]}, "no percentage", id="a percentage of zero"),
        pytest.param({"warn_at_percent": ["80"]}, "no percentage", id="a percentage of text"),
        pytest.param({**UPLIFT, "uplift_until": GONE}, "uplift_until is missing", id="no end"),
        pytest.param(
            {**UPLIFT, "uplift_until": "2026-12-01"}, "no moment with a timezone", id="no zone"
        ),
        pytest.param({**UPLIFT, "uplift_until": "soon"}, "no moment with a timezone", id="a word"),
        pytest.param({**UPLIFT, "uplift_aud": "-5"}, "uplift_aud is '-5'", id="a negative uplift"),
    ],
)  # fmt: skip
def test_damaged_metadata_is_declined_and_nothing_is_guessed(
    desk: Desk, run: Run, changed: dict[str, Any], said: str
) -> None:
    with pytest.raises(Declined) as declined:
        run(desk.admitted(by=caller(**changed)))
    refusal = declined.value.refusal
    assert (refusal.status, refusal.type) == (403, "damaged_account")
    assert said in refusal.message
    assert run(desk.store.totals("2026-11")) == []


def test_metadata_that_is_damaged_while_a_call_is_under_way_costs_no_booking(
    desk: Desk, run: Run
) -> None:
    data = run(desk.admitted())
    ended = event(data)
    ended["standard_logging_object"]["metadata"]["user_api_key_auth_metadata"] = {"app": 7}
    run(desk.handler.settle(read_ended(ended)))
    assert run(desk.booked()) == [("settled", CHAT_NANO)]


@pytest.mark.parametrize(
    ("now", "admitted"),
    [
        pytest.param(datetime(2026, 11, 30, 12, 59, 59, tzinfo=UTC), True, id="its last second"),
        pytest.param(datetime(2026, 11, 30, 13, tzinfo=UTC), False, id="midnight in Sydney"),
    ],
)
def test_an_uplift_ends_by_itself(desk: Desk, run: Run, now: datetime, *, admitted: bool) -> None:
    desk.now = now
    by = caller(monthly_aud="0", **UPLIFT)
    if admitted:
        run(desk.admitted(by=by))
        return
    with pytest.raises(Declined, match=r"has spent 0\.00 of its monthly 0\.00"):
        run(desk.admitted(by=by))


def test_a_rate_that_nobody_renewed_goes_on_counting(desk: Desk, run: Run) -> None:
    """The controller stalls with AG309 meanwhile; an app that stopped would help nobody."""
    desk.now += timedelta(days=400)
    data = run(desk.admitted())
    run(desk.handler.settle(read_ended(event(data))))
    (entry,) = run(desk.store.entries())
    assert (entry.cost, entry.usd_per_aud) == (CHAT_NANO, Decimal("0.5"))

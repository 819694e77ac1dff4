"""When to look again."""

import pytest

from aspire_gitops.controller.pace import Pace
from aspire_gitops.status.value import Standing

PACE = Pace(interval_s=60, slow_interval_s=600)


@pytest.mark.parametrize(
    ("standing", "failures", "slowly", "retry_after_s", "expected"),
    [
        pytest.param(Standing.READY, 0, False, None, 60, id="at rest"),
        pytest.param(Standing.STALLED, 0, False, None, 60, id="the next commit may fix it"),
        pytest.param(Standing.STALLED, 0, True, None, 600, id="no commit can fix it"),
        pytest.param(Standing.WAITING, 1, False, None, 2, id="first failure"),
        pytest.param(Standing.WAITING, 4, False, None, 16, id="fourth failure"),
        pytest.param(Standing.WAITING, 90, False, None, 300, id="never longer than five minutes"),
        pytest.param(Standing.WAITING, 1, False, 45.0, 45, id="the gateway asked for more"),
        pytest.param(Standing.WAITING, 9, False, 1.0, 300, id="the gateway asked for less"),
    ],
)
def test_the_pause(
    standing: Standing,
    failures: int,
    slowly: bool,  # noqa: FBT001 (a column of the table)
    retry_after_s: float | None,
    expected: float,
) -> None:
    pause = PACE.pause_s(
        standing, failures=failures, jitter=lambda: 0.5, retry_after_s=retry_after_s, slowly=slowly
    )
    assert pause == expected


def test_jitter_spreads_the_pause_by_a_tenth_each_way() -> None:
    least = PACE.pause_s(Standing.READY, failures=0, jitter=lambda: 0.0)
    most = PACE.pause_s(Standing.READY, failures=0, jitter=lambda: 1.0)
    assert [least, most] == pytest.approx([54, 66])

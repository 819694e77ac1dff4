import signal
import threading
from collections.abc import Iterator

import pytest

from aspire_gitops.sandbox.lifecycle import unwinding


@pytest.fixture(autouse=True)
def undisturbed() -> Iterator[None]:
    """Start from Python's own handling: the run's shared sandbox may have put ours in place."""
    before = {sign: signal.signal(sign, signal.SIG_DFL) for sign in (signal.SIGTERM, signal.SIGHUP)}
    yield
    for sign, handler in before.items():
        signal.signal(sign, handler)


@pytest.mark.parametrize(
    ("sign", "status"), [(signal.SIGTERM, 143), (signal.SIGHUP, 129)], ids=["SIGTERM", "SIGHUP"]
)
def test_a_polite_signal_becomes_an_exit(sign: signal.Signals, status: int) -> None:
    with pytest.raises(SystemExit) as caught, unwinding():
        signal.raise_signal(sign)
    assert caught.value.code == status
    assert signal.getsignal(sign) is signal.SIG_DFL


def test_a_signal_that_the_program_treats_itself_is_left_alone() -> None:
    seen: list[int] = []
    before = signal.signal(signal.SIGTERM, lambda number, _frame: seen.append(number))
    try:
        with unwinding():
            signal.raise_signal(signal.SIGTERM)
    finally:
        signal.signal(signal.SIGTERM, before)
    assert seen == [signal.SIGTERM]


def test_another_thread_sets_no_handler() -> None:
    found: list[object] = []

    def look() -> None:
        with unwinding():
            found.append(signal.getsignal(signal.SIGTERM))

    thread = threading.Thread(target=look)
    thread.start()
    thread.join()
    assert found == [signal.SIG_DFL]

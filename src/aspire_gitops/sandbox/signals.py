"""Turn a polite request to end into an exception, so that what was started is stopped.

Without this, SIGTERM would end the interpreter at once and leave a database and
a proxy behind.
"""

import contextlib
import signal
import threading
from collections.abc import Iterator
from types import FrameType

_POLITE = (signal.SIGTERM, signal.SIGHUP)


@contextlib.contextmanager
def unwinding() -> Iterator[None]:
    """Let SIGTERM and SIGHUP raise SystemExit(128 + signal) meanwhile.

    A signal that the program already treats in its own way is left alone, and so
    is everything outside the main thread, where Python cannot set handlers.
    """
    ours = []
    if threading.current_thread() is threading.main_thread():
        ours = [sign for sign in _POLITE if signal.getsignal(sign) is signal.SIG_DFL]
    for sign in ours:
        signal.signal(sign, _raise_exit)
    try:
        yield
    finally:
        for sign in ours:
            signal.signal(sign, signal.SIG_DFL)


def _raise_exit(number: int, _frame: FrameType | None) -> None:
    raise SystemExit(128 + number)

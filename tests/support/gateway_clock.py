"""Set the clock of a gateway's ledger, and of nothing else: for a month that turns in a test."""

import json
import shutil
import time
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from support.ledger_real import ledger_config

_CALLBACK = "aspire_ledger.hook.ledger"
_INJECTED = Path(__file__).with_name("injected_ledger.py")


class GatewayClock:
    """The clock of one gateway's ledger; `folder` holds its config. It goes on by itself."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._file = folder / "clock.json"

    def set(self, shows: datetime) -> float:
        """Let the clock show a moment now; returns the monotonic time of that."""
        fresh = self._file.with_suffix(".fresh")
        now = time.monotonic()
        fresh.write_text(json.dumps({"shows": shows.isoformat(), "since": time.time()}))
        fresh.replace(self._file)
        return now

    def set_before(self, midnight: datetime, seconds: float) -> float:
        """Let midnight come in so many seconds; returns the monotonic time of midnight."""
        return self.set(midnight - timedelta(seconds=seconds)) + seconds


def config_with_clock(clock: GatewayClock, at: datetime, **ledger: Any) -> Path:
    """Write the compiled config, but for the callback: that is the ledger with this clock."""
    config = ledger_config(clock.folder, **ledger)
    text = config.read_text()
    assert text.count(_CALLBACK) == 1
    config.write_text(text.replace(_CALLBACK, f"{_INJECTED.stem}.ledger"))
    shutil.copy(_INJECTED, clock.folder)
    clock.set(at)
    return config

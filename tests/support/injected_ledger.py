"""The ledger as a test's gateway loads it: the real callback, by a clock that the test sets.

`support.gateway_clock` puts this file beside the `config.yaml` of a sandbox, and the
moment beside this file. LiteLLM itself lives in the machine's time.
"""

import json
import os
import time
from datetime import datetime, timedelta
from pathlib import Path

from aspire_ledger.callback import open_ledger

_MOMENT = Path(__file__).with_name("clock.json")


def clock() -> datetime:
    """Return the moment that was set, and what has passed since."""
    told = json.loads(_MOMENT.read_text())
    return datetime.fromisoformat(told["shows"]) + timedelta(seconds=time.time() - told["since"])


ledger = open_ledger(os.environ, clock=clock)

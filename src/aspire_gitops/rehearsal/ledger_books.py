"""Read the sandbox's ledger between calls, and wait until it has settled them. The one loop for it."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime
from types import TracebackType
from typing import Self, TypeVar
from zoneinfo import ZoneInfo

from pydantic import SecretStr

from aspire_gitops.ledger_reading import LedgerReading
from aspire_ledger.values import Entry

Answer = TypeVar("Answer")

_PATIENCE_S = 45.0  # half a minute after its answer LiteLLM has told of a call, or it is estimated
_AGAIN_AFTER_S = 0.02


class LedgerBooks:
    """One ledger, for one thread. Close it, or use it in a `with`.

    Every method raises LedgerUnavailable if the ledger does not answer.
    """

    def __init__(self, url: str) -> None:
        self._runner = asyncio.Runner()
        self._reading = LedgerReading(SecretStr(url))

    def entries(self, budget: str, *, after: int = 0) -> Sequence[Entry]:
        """Return the entries of a budget numbered above `after`, in order."""
        return self._ask(lambda reading: reading.entries(budget, after=after))

    def held(self, budget: str, timezone: str) -> int:
        """Return what a budget has set aside this month, in nano-AUD."""
        month = datetime.now(UTC).astimezone(ZoneInfo(timezone)).strftime("%Y-%m")
        return self._ask(lambda reading: reading.held(month)).get(budget, 0)

    def settled(self, budget: str, timezone: str, *, held: int = 0) -> bool:
        """Wait until no more than `held` is set aside, and say whether that came true in time."""
        deadline = time.monotonic() + _PATIENCE_S
        while self.held(budget, timezone) > held:
            if time.monotonic() > deadline:
                return False
            time.sleep(_AGAIN_AFTER_S)
        return True

    def close(self) -> None:
        self._ask(lambda reading: reading.close())
        self._runner.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _ask(self, question: Callable[[LedgerReading], Awaitable[Answer]]) -> Answer:
        async def asked() -> Answer:
            return await question(self._reading)

        return self._runner.run(asked())

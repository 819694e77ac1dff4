"""gateway.d/ of this repository, which people and the rate's job change.

It is judged by the day of its exchange rate, as the Makefile and the tutorial do: tests pass at
any time, and with any rate.
"""

import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory

GATEWAY_D = Path(__file__).parents[2] / "gateway.d"


def rate_day() -> date:
    """Return the day of the example's exchange rate."""
    (day,) = re.findall(r"^  as_of: (\S+)", (GATEWAY_D / "gateway.yaml").read_text(), re.MULTILINE)
    return date.fromisoformat(day)


@contextmanager
def with_the_first_rate() -> Iterator[Path]:
    """Yield a copy with the rate of November 2026, for what is compared byte for byte."""
    with TemporaryDirectory() as folder:
        copy = Path(folder) / "gateway.d"
        shutil.copytree(GATEWAY_D, copy)
        file = copy / "gateway.yaml"
        text = re.sub(r'(?m)^(  usd_per_aud:) "[^"]+"', r'\1 "0.6512"', file.read_text())
        file.write_text(re.sub(r"(?m)^(  as_of:) \S+", r"\1 2026-11-20", text))
        yield copy

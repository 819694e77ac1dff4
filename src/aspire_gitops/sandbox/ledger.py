"""Put the spend ledger where a proxy's Python finds it, without installing anything.

A folder of the sandbox holds a link to the ledger, and is the proxy's `PYTHONPATH`:
so the proxy sees the ledger and nothing of ours beside it. The ledger needs one of them, psycopg, and LiteLLM brings it.
"""

from collections.abc import Mapping
from pathlib import Path

import aspire_ledger

LEDGER_URL = "ASPIRE_LEDGER_URL"
_PATH = "PYTHONPATH"


def ledger_variables(folder: Path, url: str, env: Mapping[str, str]) -> dict[str, str]:
    """Return the proxy's variables for the ledger.

    Args:
        folder: The sandbox's state folder; gets the link.
        url: The ledger's store.
        env: What the caller gave; its `PYTHONPATH` keeps the first word.
    """
    place = folder / "ledger"
    place.mkdir(exist_ok=True)
    package = Path(aspire_ledger.__file__).parent
    link = place / package.name
    link.unlink(missing_ok=True)
    link.symlink_to(package, target_is_directory=True)
    path = ":".join(filter(None, (env.get(_PATH), str(place))))
    return {LEDGER_URL: env.get(LEDGER_URL, url), _PATH: path}

"""Run a soak from the command line; see the package."""

import argparse
import random
import sys
import tempfile
from pathlib import Path

from support.soak import soak_on_fake


def main() -> int:
    """Return 0 when everything held."""
    words = argparse.ArgumentParser(prog="support.soak", description=__doc__)
    words.add_argument("--minutes", type=float, default=2.0)
    words.add_argument("--seed", type=int, default=random.randrange(1_000_000))
    words.add_argument("--folder", type=Path, help="kept afterwards; without it a temporary one")
    asked = words.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = asked.folder or Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        with soak_on_fake(folder, asked.seed) as soak:
            try:
                soak.run(asked.minutes * 60)
            except Exception as error:  # noqa: BLE001 (whatever it is, the seed has to be told)
                print(soak.failure(error))  # noqa: T201 (a program)
                return 1
            print(soak.report())  # noqa: T201 (a program)
    return 0


if __name__ == "__main__":
    sys.exit(main())

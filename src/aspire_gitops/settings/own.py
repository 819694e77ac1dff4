"""Which files on this host are the program's own, by all that its settings name."""

import os
from collections.abc import Iterator
from pathlib import Path

from aspire_gitops.own_files import OwnFiles
from aspire_gitops.settings.base import Settings

_OURS, _SUFFIX = "ASPIRE_", "_FILE"


def own_files(settings: Settings) -> OwnFiles:
    """Return what no reviewed file may read from or deliver to, under any spelling."""
    files = {*_named(settings), *_in_environment()}
    return OwnFiles(tuple(sorted(files)), settings.state_dir, settings.delivery_root)


def _named(settings: Settings) -> Iterator[Path]:
    for field in type(settings).model_fields:
        value = getattr(settings, field)
        if field.endswith(_SUFFIX.lower()) and isinstance(value, Path):
            yield value


def _in_environment() -> Iterator[Path]:
    # `apply` may run beside the controller, with variables that only that one reads.
    for name, value in os.environ.items():
        if name.startswith(_OURS) and name.endswith(_SUFFIX) and value:
            yield Path(value)

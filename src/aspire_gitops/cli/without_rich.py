"""Import structlog and httpx without rich: a daemon is four megabytes smaller.

structlog would load it to print tracebacks, httpx for a command line of its own.
Imported for that alone, before anything else imports them. Whoever shows
something with rich imports it as ever.
"""

import sys
from importlib import import_module
from types import ModuleType
from typing import cast

_THEIRS = ("rich", "pygments")
_OURS = ("structlog", "httpx")

if not any(name in sys.modules for name in (*_THEIRS, *_OURS)):
    # Python's own way to say that a module is not there.
    sys.modules.update(dict.fromkeys(_THEIRS, cast("ModuleType", None)))
    try:
        for name in _OURS:
            import_module(name)
    finally:
        for name in _THEIRS:
            del sys.modules[name]

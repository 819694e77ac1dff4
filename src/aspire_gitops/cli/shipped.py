"""Find the folders that are shipped beside the code: `schemas`, and the pages of the rules."""

from pathlib import Path

import aspire_gitops
from aspire_gitops.errors import UsageError

_PACKAGE = Path(aspire_gitops.__file__).parent
_CHECKOUT = _PACKAGE.parent.parent


def shipped_folder(in_wheel: str, in_checkout: str) -> Path:
    """Return the folder in the installed package, or in the checkout that runs.

    Raises:
        UsageError: It is in neither; the installation is incomplete.
    """
    for folder in (_PACKAGE / in_wheel, _CHECKOUT / in_checkout):
        if folder.is_dir():
            return folder
    raise UsageError(f"this installation has no folder {in_wheel}; install aspire-gitops again")

"""Compose reading and compiling, for the commands that need what the files ask for.

Apart from `reading`, so that `validate` starts without the compiler.
"""

from datetime import date

from aspire_gitops.cli.options import SourceChoice
from aspire_gitops.cli.reading import check
from aspire_gitops.compiling import compile_catalog
from aspire_gitops.state import Compiled
from aspire_gitops.vocabulary.diagnostic import Diagnostic
from aspire_gitops.vocabulary.errors import InvalidConfig


def compiled(choice: SourceChoice, today: date) -> tuple[Compiled, tuple[Diagnostic, ...]]:
    """Return what the files ask for, and the warnings about them.

    Raises:
        InvalidConfig: The files hold errors; it has all findings.
        SourceUnavailable: The files cannot be read as a whole.
    """
    validated = check(choice, today)
    if not validated.ok:
        raise InvalidConfig(validated.diagnostics)
    return compile_catalog(validated.catalog, today=today), validated.diagnostics

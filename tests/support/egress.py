"""Scan a folder as the command does, without the command."""

from datetime import date
from pathlib import Path

from aspire_gitops.egress.exceptions import DEFAULT_NAME, Exceptions, agree, read_exceptions
from aspire_gitops.egress.folder import Scan, Walk
from aspire_gitops.egress.gateway import KnownGateway
from aspire_gitops.vocabulary import Diagnostic, sort_diagnostics

GATEWAY = KnownGateway("https://llm.aspiredigital.group/v1")


def scanned(folder: Path, *, today: date) -> tuple[Diagnostic, ...]:
    """Return what counts in a folder, its exceptions taken out."""
    file = folder / DEFAULT_NAME
    exceptions = read_exceptions(DEFAULT_NAME, file.read_bytes()) if file.exists() else Exceptions()
    found = Scan(GATEWAY).run(Walk(folder).files()).diagnostics()
    return sort_diagnostics(agree(found, exceptions, today=today).counted)

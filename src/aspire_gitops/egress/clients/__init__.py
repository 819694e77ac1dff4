"""Every client that we know: who it calls, where it takes an address, how it is led to the gateway.

Data: a new SDK is a row. A row's name is what the import leads to
(`openai.OpenAI`); a last part alone counts anywhere below the package, because
packages move their modules (`langchain_openai.chat_models.base.ChatOpenAI`).
"""

from collections.abc import Mapping
from functools import cache

from aspire_gitops.egress.clients.client import Client, Road
from aspire_gitops.egress.clients.go import GO
from aspire_gitops.egress.clients.javascript import JAVASCRIPT
from aspire_gitops.egress.clients.php import PHP
from aspire_gitops.egress.clients.python import PYTHON

__all__ = ["TABLES", "Client", "Road", "find_client"]

TABLES: Mapping[str, Mapping[str, Client]] = {
    "python": PYTHON,
    "javascript": JAVASCRIPT,
    "php": PHP,
    "go": GO,
}
"""Every client, by language and name."""


@cache
def by_last_part(language: str) -> Mapping[str, tuple[str, ...]]:
    """Return the rows of a language by the last part of their names: `OpenAI` → its rows."""
    found: dict[str, list[str]] = {}
    for name in TABLES[language]:
        found.setdefault(name.rsplit(".", 1)[-1], []).append(name)
    return {last: tuple(sorted(names, key=len, reverse=True)) for last, names in found.items()}


def find_client(language: str, name: str) -> str | None:
    """Return the name of the row for what an import leads to, or None.

    `langchain_openai.chat_models.base.ChatOpenAI` finds `langchain_openai.ChatOpenAI`:
    the row's package may have modules between it and the name.
    """
    if name in TABLES[language]:
        return name
    package, _, last = name.rpartition(".")
    for row in by_last_part(language).get(last, ()):
        owner = row.rpartition(".")[0]
        if package.startswith((f"{owner}.", f"{owner}/")):
            return row
    return None

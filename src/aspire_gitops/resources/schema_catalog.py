"""The entry that makes editors find the folder's schema by themselves, as JSON Schema Store takes it.

Pure. Editors that read the store's catalogue match a file's path to an entry and
fetch the schema at its `url`. A catalogue of one's own is read the same way.
"""

import json
from collections.abc import Mapping

from aspire_gitops.resources.schema import BASE_URI, FOLDER_SCHEMA, schema_files

CATALOG = "catalog.json"

# The store refuses the word "schema" and a full stop at the end in both texts, and
# a pattern with a folder that does not start with `**/`.
_ENTRY = {
    "name": "aspire-gitops gateway.d",
    "description": "Reviewed configuration of a LiteLLM gateway: providers, aliases, apps, budgets",
    "fileMatch": ["**/gateway.d/**/*.yaml", "**/gateway.d/**/*.yml"],
    "url": BASE_URI + FOLDER_SCHEMA,
}


def catalog() -> str:
    """Return the text of a catalogue that has our entry alone."""
    content = {
        "$schema": "https://json.schemastore.org/schema-catalog.json",
        "version": 1,
        "schemas": [_ENTRY],
    }
    return json.dumps(content, indent=2) + "\n"


def editor_files() -> Mapping[str, str]:
    """Return the text of every file in `schemas/`, by file name: the schemas and the catalogue."""
    return {**schema_files(), CATALOG: catalog()}

"""JSON Schema (draft 2020-12) of what reviewed files may say, made from the resources.

Pure. The files in `schemas/` are these texts, and a test keeps them up to date;
editors read the files, `validation.schema` asks this module.
"""

import json
from collections.abc import Mapping
from typing import Any, TypeAlias

from pydantic.json_schema import models_json_schema

from aspire_gitops.resources import RESOURCES, ResourceKind
from aspire_gitops.resources.egress import EgressExceptionsSpec

Schema: TypeAlias = dict[str, Any]
DIALECT = "https://json-schema.org/draft/2020-12/schema"
BASE_URI = "https://aspiredigital.group/schemas/"
FOLDER_SCHEMA = "gateway.d.schema.json"
EXCEPTIONS_SCHEMA = "aspire-egress.schema.json"
CATALOG = "catalog.json"
# The store refuses the word "schema" and a full stop at the end in both texts, and
# a pattern with a folder that does not start with `**/`.
_ENTRY = {
    "name": "aspire-gitops gateway.d",
    "description": "Reviewed configuration of a LiteLLM gateway: providers, aliases, apps, budgets",
    "fileMatch": ["**/gateway.d/**/*.yaml", "**/gateway.d/**/*.yml"],
    "url": BASE_URI + FOLDER_SCHEMA,
}


def editor_files() -> Mapping[str, str]:
    """Return the text of every file in `schemas/`, by file name: the schemas and the catalogue."""
    return {**schema_files(), CATALOG: catalog()}


def schema_files() -> Mapping[str, str]:
    """Return the text of every schema, by file name."""
    schemas = {f"{kind.lower()}.schema.json": schema_for(kind) for kind in ResourceKind}
    schemas[FOLDER_SCHEMA] = folder_schema()
    schemas[EXCEPTIONS_SCHEMA] = exceptions_schema()
    return {name: json.dumps(schema, indent=2) + "\n" for name, schema in schemas.items()}


def catalog() -> str:
    """Return the text of a catalogue with our entry alone."""
    content = {
        "$schema": "https://json.schemastore.org/schema-catalog.json",
        "version": 1,
        "schemas": [_ENTRY],
    }
    return json.dumps(content, indent=2) + "\n"


def schema_for(kind: ResourceKind) -> Schema:
    """Return the schema of one kind, complete in itself."""
    schema = _polished(RESOURCES[kind].model_json_schema())
    return _document(f"{kind.lower()}.schema.json", f"{kind}", schema)


def folder_schema() -> Schema:
    """Return one schema for any file of the folder: `kind` decides which rules apply."""
    _, parts = models_json_schema([(spec, "validation") for spec in RESOURCES.values()])
    definitions = _polished(parts)["$defs"]
    choices = [
        {
            "if": {"properties": {"kind": {"const": str(kind)}}, "required": ["kind"]},
            "then": {"$ref": f"#/$defs/{_title(spec.__name__)}"},
        }
        for kind, spec in RESOURCES.items()
    ]
    schema = {
        "description": "One reviewed resource of the gateway. `kind` says which.",
        "type": "object",
        "required": ["kind", "name"],
        "properties": {
            "kind": {
                "description": "The kind of this resource.",
                "enum": [str(kind) for kind in ResourceKind],
            }
        },
        "allOf": choices,
        "$defs": definitions,
    }
    return _document(FOLDER_SCHEMA, "A file of gateway.d", schema)


def exceptions_schema() -> Schema:
    """Return the schema of `.aspire-egress.yaml`, the exceptions in an app's repository."""
    schema = _polished(EgressExceptionsSpec.model_json_schema())
    return _document(EXCEPTIONS_SCHEMA, "Exceptions of egress", schema)


def _document(name: str, title: str, schema: Schema) -> Schema:
    rest = {key: value for key, value in schema.items() if key != "title"}
    return {"$schema": DIALECT, "$id": BASE_URI + name, "title": title, **rest}


def _polished(schema: Any) -> Any:
    """Drop the keywords that pydantic adds without use, and close what it leaves open."""
    if isinstance(schema, list):
        return [_polished(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    polished = {
        key: _polished_part(key, value)
        for key, value in schema.items()
        if not (key == "default" and value is None)
    }
    if "patternProperties" in polished:
        polished["additionalProperties"] = False
    if "title" in polished and polished.get("type") == "object" and "properties" in polished:
        polished["title"] = _title(polished["title"])
    elif isinstance(polished.get("title"), str):
        del polished["title"]  # "Usd Per Page" tells an editor nothing that the name does not
    return polished


def _polished_part(key: str, value: Any) -> Any:
    match key:
        case "properties":
            kind_first = sorted(value, key=lambda name: name != "kind")
            return {name: _polished(value[name]) for name in kind_first}
        case "$defs" | "patternProperties":
            return {_title(name): _polished(part) for name, part in value.items()}
        case "$ref":
            return "#/$defs/" + _title(value.removeprefix("#/$defs/"))
        case "required":
            return sorted(value, key=lambda name: name != "kind")
        case "examples" | "enum" | "const" | "default":
            return value
        case _:
            return _polished(value)


def _title(model_name: str) -> str:
    return model_name.removesuffix("Spec")

"""JSON Schemas of every document that this program writes: the files in `schemas/output/`.

What pydantic reads back (plans, snapshots, the status) is described by its
models, the rest by `shapes`; a test holds real output to them.
"""

import json
from collections.abc import Mapping
from typing import Any, Final

from pydantic import BaseModel
from pydantic.json_schema import JsonSchemaMode

from aspire_gitops.codec.plan import PlanFile
from aspire_gitops.codec.shapes import SHAPES, Shape, mapping
from aspire_gitops.codec.snapshot_reader import SnapshotFile
from aspire_gitops.codec.values import VERSIONS, format_of
from aspire_gitops.resources.schema import BASE_URI, DIALECT
from aspire_gitops.status.document import StatusDocument, TurnDocument

_MODELS: Final[Mapping[str, type[BaseModel]]] = {
    "plan": PlanFile,
    "snapshot": SnapshotFile,
    "status": StatusDocument,
    "turn": TurnDocument,
}


def output_schema(name: str) -> Shape:
    """Return the schema of one document, complete in itself."""
    schema = _of_model(name) if name in _MODELS else mapping(SHAPES[name])
    definitions = schema.pop("$defs", {})
    if name == "review":
        plan = _of_model("plan")
        definitions = {**plan.pop("$defs"), "Plan": plan}
    return {
        "$schema": DIALECT,
        "$id": f"{BASE_URI}output/{name}.schema.json",
        "title": format_of(name),
        **_headed(schema, name),
        **({"$defs": definitions} if definitions else {}),
    }


def output_schema_files() -> Mapping[str, str]:
    """Return the text of every schema, by file name."""
    return {
        f"{name}.schema.json": json.dumps(output_schema(name), indent=2) + "\n" for name in VERSIONS
    }


def _of_model(name: str) -> Shape:
    # A snapshot leaves out what nobody asked for; the others are written whole.
    mode: JsonSchemaMode = "validation" if name == "snapshot" else "serialization"
    schema: Shape = _plain(_MODELS[name].model_json_schema(mode=mode))
    return _headed(schema, name)


def _headed(schema: Shape, name: str) -> Shape:
    head = {"format": {"const": format_of(name)}, "version": {"const": VERSIONS[name]}}
    others = [field for field in schema["required"] if field not in head]
    return {
        **schema,
        "properties": {**schema["properties"], **head},
        "required": [*head, *others],
    }


def _plain(schema: Any) -> Any:
    """Drop pydantic's titles and internal docstrings, and let unknown fields pass."""
    if isinstance(schema, list):
        return [_plain(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    dropped = {"title", "description"} if "type" in schema or "properties" in schema else {"title"}
    return {
        key: _plain_part(key, value)
        for key, value in schema.items()
        if not (key in dropped and isinstance(value, str))
        and not (key == "additionalProperties" and value is False)
    }


def _plain_part(key: str, value: Any) -> Any:
    match key:
        case "properties":
            return {name: _plain(part) for name, part in value.items()}
        case "$defs":
            return {_word(name): _plain(part) for name, part in value.items()}
        case "$ref":
            return "#/$defs/" + _word(value.removeprefix("#/$defs/"))
        case _:
            return _plain(value)


def _word(model: str) -> str:
    return model.removeprefix("_").removesuffix("Part").removesuffix("Document")

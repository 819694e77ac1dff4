"""Values for a JSON Schema: right ones, nearly right ones, and hostile ones."""

import copy
import re
from collections.abc import Callable
from typing import Any

from hypothesis import strategies as st

HOSTILE: st.SearchStrategy[Any] = st.one_of(
    st.sampled_from(
        [
            None,
            True,
            False,
            0,
            1,
            -1,
            1.0,
            50.0,
            0.5,
            -0.0,
            1e308,
            10**30,
            10**400,
            float("nan"),
            float("inf"),
            "",
            " ",
            "a",
            "0",
            "00",
            "1e3",
            "1.",
            ".5",
            "-1",
            "+1",
            "1_000",
            "1\n",
            "name\n",
            "name\r",
            "Alias",
            "alias",
            "App\n",
            "calendar-month",
            "forbid\n",
            "\u0661\u0662",
            "\uff11",
            "\u00e9t\u00e9",
            "\u212a-name",
            "\ud800",
            "words \udc00",
            "a\x00b",
            "a\u0085b",
            "a\u2028b",
            "\U0001f600 words",
            "2026-02-29",
            "2028-02-29",
            "2026-13-01",
            "0000-01-01",
            "1999-12-31",
            "20261120",
            "2026-W47-5",
            "2026-11-20\n",
            "\u0662026-11-20",
            "https://x/v1?y=1",
            "http://u:p@x",
            "http://",
            [],
            [[]],
            ["a", "a"],
            [1, 1.0],
            [1, True],
            [50, 50.0],
            [80, 50],
            {},
            {"env": "A"},
            {"file": "/a"},
            {"env": "A", "file": "/a"},
            {"env": "A\n"},
            {1: 2},
            {"a\n": 1},
            {"a": float("nan")},
            {"temperature": True},
            {"a": 10**12},
            {"\ud800": 1},
        ]
    ).map(copy.deepcopy),  # accidents happen to what is drawn, never to the table
    st.text(max_size=8),
    st.integers(),
    st.floats(),
)
_WORDS = (
    "a",
    "qwen-vision",
    "x" * 63,
    "x" * 64,
    "180",
    "0.40",
    "999999999.999999999",
    "1000000000",
    "2026-11-20",
    "2026-02-29",
    "platform@aspiredigital.group",
    "Words for people, 3 of them.",
    "w" * 500,
    "w" * 501,
    "https://api.example.com/v1",
    "http://[::1]:4000",
    "CLOUD_FIRST_API_KEY",
    "/run/secrets/cloud-first",
    "/" + "x" * 4000,
    "1.106.2",
    "Australia/Sydney",
    "key/postiz.default",
    "deployment/qwen-vision",
    "temperature",
)
_FIELDS = st.sampled_from(
    ["", "x", "name", "kind", "price", "limits", "env", "file", "zero_because", "adopt", "name\n"]
)


def values(schema: dict[str, Any]) -> st.SearchStrategy[Any]:
    """Return values that the schema accepts, or nearly: a `$` also ends before a line break."""
    return _values(schema, schema.get("$defs", {}))


def _values(schema: dict[str, Any], definitions: dict[str, Any]) -> st.SearchStrategy[Any]:
    if "$ref" in schema:
        return _values(definitions[schema["$ref"].removeprefix("#/$defs/")], definitions)
    if "const" in schema:
        return st.just(schema["const"])
    if "enum" in schema:
        return st.sampled_from(schema["enum"])
    if "anyOf" in schema:
        return st.one_of(*(_values(part, definitions) for part in schema["anyOf"]))
    draw: Callable[..., st.SearchStrategy[Any]] = _TYPES[schema["type"]]
    return draw(schema, definitions)


def _text(schema: dict[str, Any], _: dict[str, Any]) -> st.SearchStrategy[Any]:
    # Drawing from each expression takes seconds; a test of its own does that for each one.
    words = [
        word for word in _WORDS if "pattern" not in schema or re.search(schema["pattern"], word)
    ]
    return st.sampled_from(words)


def _whole(schema: dict[str, Any], _: dict[str, Any]) -> st.SearchStrategy[Any]:
    bounds = st.integers(schema["minimum"] - 1, schema["maximum"] + 1)
    return bounds | bounds.map(float)


def _number(schema: dict[str, Any], _: dict[str, Any]) -> st.SearchStrategy[Any]:
    return st.floats(schema["minimum"], schema["maximum"])


def _list(schema: dict[str, Any], definitions: dict[str, Any]) -> st.SearchStrategy[Any]:
    return st.lists(_values(schema["items"], definitions), max_size=3)


def _mapping(schema: dict[str, Any], definitions: dict[str, Any]) -> st.SearchStrategy[Any]:
    if "patternProperties" in schema:
        [(pattern, part)] = schema["patternProperties"].items()
        names = st.sampled_from([word for word in _WORDS if re.search(pattern, word)])
        return st.dictionaries(names, _values(part, definitions), max_size=3)
    parts = {name: _values(part, definitions) for name, part in schema["properties"].items()}
    required = set(schema.get("required", ()))
    return st.fixed_dictionaries(
        {name: part for name, part in parts.items() if name in required},
        optional={name: part for name, part in parts.items() if name not in required},
    )


_TYPES: dict[str, Any] = {
    "string": _text,
    "integer": _whole,
    "number": _number,
    "boolean": lambda *_: st.booleans(),
    "array": _list,
    "object": _mapping,
}


@st.composite
def mutated(draw: st.DrawFn, right: st.SearchStrategy[Any]) -> Any:
    """Return a value after up to three small accidents."""
    value = copy.deepcopy(draw(right))
    for _ in range(draw(st.integers(0, 3))):
        value = _accident(draw, value)
    return value


def _accident(draw: st.DrawFn, value: Any) -> Any:
    holders = [part for part in _parts(value) if part]
    if not holders or draw(st.integers(0, 30)) == 0:
        return draw(HOSTILE)
    holder = draw(st.sampled_from(holders))
    at = draw(st.sampled_from(list(holder) if isinstance(holder, dict) else range(len(holder))))
    match draw(st.sampled_from(["replace", "remove", "add", "twice"])):
        case "replace":
            holder[at] = draw(HOSTILE)
        case "remove":
            del holder[at]
        case "add" if isinstance(holder, dict):
            holder[draw(_FIELDS)] = draw(HOSTILE)
        case _ if isinstance(holder, list):
            holder.append(draw(st.sampled_from([holder[at], draw(HOSTILE)])))
    return value


def _parts(value: Any) -> list[Any]:
    found: list[Any] = []
    left = [value]
    while left:
        part = left.pop()
        if isinstance(part, dict | list):
            found.append(part)
            left.extend(part.values() if isinstance(part, dict) else part)
    return found

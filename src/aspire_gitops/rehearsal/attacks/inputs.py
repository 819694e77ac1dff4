"""Bad input: bodies that are no objects, wrong types, too much of everything."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from aspire_gitops.rehearsal.attacks.values import (
    CHAT,
    EMBEDDINGS,
    TEXTS,
    WHOLE,
    Attack,
    AttackKind,
    Body,
)


def inputs() -> Iterator[Attack]:
    for call in WHOLE:
        for title, raw in _RAW.items():
            if not call.as_form:
                yield Attack(AttackKind.INPUT, title, call, raw=raw)
        for title, change in _WRONG_TYPES.items():
            yield Attack(AttackKind.INPUT, title, call, change)
        yield Attack(AttackKind.INPUT, "no model", call, drop=("model",))
    for call in (*TEXTS, EMBEDDINGS):
        long = "a body of 20 MB"
        yield Attack(AttackKind.INPUT, long, call, padding=20_000_000)
        said = next(name for name in ("messages", "input", "prompt") if name in call.body)
        for title, value in _WRONG_TEXTS.items():
            yield Attack(AttackKind.INPUT, title, call, {said: value})
    repeated = '{"model": "{alias}", "messages": [], "max_tokens": 1, "max_tokens": 30000}'
    yield Attack(AttackKind.INPUT, "a limit given twice", CHAT, raw=repeated)


_DEEP: Final = 2_000
_RAW: Final[Mapping[str, str]] = {
    "a body that is a list": "[]",
    "a body that is text": '"hi"',
    "a body that is null": "null",
    "a body that is a number": "1",
    "an empty body": "",
    "half an object": '{"model": "{alias}"',
    "a number that is none": '{"model": "{alias}", "temperature": NaN}',
    "2,000 levels": '{"model": "{alias}", "metadata": ' + '{"a":' * _DEEP + "1" + "}" * (_DEEP + 1),
}
_WRONG_TYPES: Final[Mapping[str, Body]] = {
    "a model that is a number": {"model": 7},
    "a model that is an object": {"model": {"name": "{other}"}},
    "a stream that is text": {"stream": "yes"},
    "stream options that are a list": {"stream_options": [1]},
    "metadata that is a list": {"metadata": ["x"]},
    "metadata that is text": {"metadata": "x"},
    "extra_body that is a list": {"extra_body": [1]},
    "tools that are text": {"tools": "all"},
    "a user that is an object": {"user": {"a": 1}},
}
_WRONG_TEXTS: Final[Mapping[str, Any]] = {
    "a prompt that is a number": 7,
    "a prompt that is an object": {"a": 1},
    "a prompt that is null": None,
    "a prompt of null": [None],
    "a prompt of lists": [[[["x"]]]],
}

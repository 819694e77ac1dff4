"""One text to one value: strict YAML that notices everything and remembers every place.

Reads the parser's events in one pass, without building a tree of nodes. Anchors,
aliases and merge keys are refused outright: a small file can stand for a huge
value through them, and a reviewer would have to expand them mentally. Refused
values are recorded and replaced by the likeliest one, so that one pass finds
every mistake in a file.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeAlias

from yaml import YAMLError
from yaml.events import (
    AliasEvent,
    DocumentStartEvent,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    StreamEndEvent,
)
from yaml.parser import Parser
from yaml.reader import Reader
from yaml.scanner import Scanner

from aspire_gitops.loading.places import Events, Lines, Path
from aspire_gitops.loading.rules import (
    ANCHOR,
    DUPLICATE_KEY,
    EMPTY_FILE,
    INVISIBLE_CHARACTER,
    KEY_NOT_TEXT,
    MAX_DEPTH,
    MAX_FINDINGS,
    NOT_A_MAPPING,
    SEVERAL_DOCUMENTS,
    TAG,
    TOO_DEEP,
)
from aspire_gitops.loading.scalars import Refused, plain_value
from aspire_gitops.loading.syntax import explain
from aspire_gitops.loading.text import has_invisible
from aspire_gitops.vocabulary import Diagnostic, Rule, Span, left_out

NextEvent: TypeAlias = Callable[[], Any]
"""Return the next event. Raises yaml.YAMLError; the shapes are those of `yaml.events`."""

_LONGEST_NAME = 100
_EMPTY_HELP = "declare a resource in it, or delete the file"
_NOT_A_MAPPING = "the file is not a mapping of keys to values"
_ANCHOR_HELP = "write the value out: anchors, aliases and merge keys are not read"


class PythonParser(Reader, Scanner, Parser):
    """PyYAML without libyaml: the same events, about fifteen times slower."""

    def __init__(self, text: str) -> None:
        Reader.__init__(self, text)
        Scanner.__init__(self)
        Parser.__init__(self)


def python_events(text: str) -> NextEvent:
    return PythonParser(text).get_event


try:
    from yaml.cyaml import CParser  # type: ignore[attr-defined]  # the stubs forget it
except ImportError:  # PyYAML was built without libyaml
    events: Callable[[str], NextEvent] = python_events
else:

    def events(text: str) -> NextEvent:
        next_event: NextEvent = CParser(text).get_event
        return next_event


@dataclass(frozen=True, slots=True)
class Reading:
    """What one text holds. `value` is None when nothing in it can be used."""

    value: dict[str, Any] | None
    findings: tuple[Diagnostic, ...]
    places: Events


def read(path: str, text: str) -> Reading:
    """Read one text. `path` is for the findings only."""
    reader = _Reader(path, text)
    value: Any = None
    try:
        value = reader.document()
    except YAMLError as error:
        reader.findings.append(explain(path, text, error))
    except _GivingUpError:
        pass
    if reader.more:
        reader.findings.append(left_out(Span(path), reader.more))
    return Reading(None if reader.has_holes else value, tuple(reader.findings), reader.places)


class _GivingUpError(Exception):
    """Reading on is pointless; the mistake has been recorded."""


class _Reader:
    def __init__(self, path: str, text: str) -> None:
        self.path = path
        self.text = text
        self.findings: list[Diagnostic] = []
        self.more = 0  # findings beyond those that are shown
        self.lines: Lines | None = None
        self.places: dict[Path, tuple[Any, Any, Any]] = {}
        self.next_event = events(text)
        self.last: Any = None  # the event that ended the value read last
        self.has_escapes = "\\" in text
        self.has_holes = False  # an alias was not expanded

    def document(self) -> dict[str, Any] | None:
        """Return the file's only document, or None when it is not a mapping."""
        self.next_event()  # the start of the stream
        opening = self.next_event()
        if opening.__class__ is StreamEndEvent:
            raise self._stop(EMPTY_FILE, None, "the file is empty", _EMPTY_HELP)
        self._check_directives(opening)
        first = self.next_event()
        value = self._node(first, (), 0)
        self.places[()] = (None, first, self.last)
        self.next_event()  # the end of the document
        following = self.next_event()
        if following.__class__ is DocumentStartEvent:
            message = "a second document in one file"
            self._note(SEVERAL_DOCUMENTS, following, message, "one resource per file: split it")
        if value is None and first.__class__ is ScalarEvent:
            raise self._stop(EMPTY_FILE, None, "the file holds no resource", _EMPTY_HELP)
        if first.__class__ is not MappingStartEvent:
            raise self._stop(NOT_A_MAPPING, first, _NOT_A_MAPPING, "start with `kind:` and `name:`")
        return value if isinstance(value, dict) else None

    def _node(self, event: Any, at: Path, depth: int) -> Any:
        self.last = event
        kind = event.__class__
        if kind is AliasEvent:
            self.has_holes = True
            self._note(ANCHOR, event, f"the alias {_named('*' + event.anchor)}", _ANCHOR_HELP)
            return None
        if event.anchor is not None or event.tag is not None:
            self._check_properties(event)
        if kind is ScalarEvent:
            return self._scalar(event)
        if depth >= MAX_DEPTH:
            message = f"nested more than {MAX_DEPTH} levels deep"
            raise self._stop(TOO_DEEP, event, message, "no resource needs that; flatten it")
        if kind is MappingStartEvent:
            return self._mapping(at, depth + 1)
        return self._sequence(at, depth + 1)

    def _mapping(self, at: Path, depth: int) -> dict[str, Any]:
        next_event, places = self.next_event, self.places
        mapping: dict[str, Any] = {}
        while (event := next_event()).__class__ is not MappingEndEvent:
            key = self._key(event, at, depth)
            here = (*at, key)
            value_event = next_event()
            if key in mapping:
                self._note_duplicate(key, event, here)
                self._node(value_event, (*here, ""), depth)  # read past it; the first one counts
                continue
            mapping[key] = self._node(value_event, here, depth)
            places[here] = (event, value_event, self.last)
        self.last = event
        return mapping

    def _sequence(self, at: Path, depth: int) -> list[Any]:
        next_event, places = self.next_event, self.places
        items: list[Any] = []
        while (event := next_event()).__class__ is not SequenceEndEvent:
            here = (*at, len(items))
            items.append(self._node(event, here, depth))
            places[here] = (None, event, self.last)
        self.last = event
        return items

    def _key(self, event: Any, at: Path, depth: int) -> str:
        if event.__class__ is ScalarEvent and event.value == "<<" and not event.style:
            self._note(ANCHOR, event, "the merge key `<<`", _ANCHOR_HELP)
            return "<<"
        value = self._node(event, (*at, ""), depth)
        if value.__class__ is str:
            return value
        if event.__class__ is not AliasEvent:
            self._note(KEY_NOT_TEXT, event, "a key that is not text", "put the key in quotes")
        return str(getattr(event, "value", value))

    def _scalar(self, event: Any) -> Any:
        if not event.style:
            value = plain_value(event.value)
            if value.__class__ is not Refused:
                return value
            self._note(value.rule, event, value.message, value.help)
            return value.guess
        if self.has_escapes and has_invisible(event.value):
            message = "an escape that stands for an invisible character"
            self._note(INVISIBLE_CHARACTER, event, message, "remove it")
        return event.value

    def _check_properties(self, event: Any) -> None:
        if event.anchor is not None:
            self._note(ANCHOR, event, f"the anchor {_named('&' + event.anchor)}", _ANCHOR_HELP)
        if event.tag is not None:
            message = f"the tag {_named(event.tag)}: files hold plain data only"
            self._note(TAG, event, message, "remove the tag; put text in quotes")

    def _check_directives(self, opening: Any) -> None:
        if opening.version or opening.tags:
            message = "a directive: files are always read as YAML 1.2"
            self._note(TAG, opening, message, "remove the line that starts with `%`")

    def _note_duplicate(self, key: str, event: Any, here: Path) -> None:
        first = self.places[here][0].start_mark
        where = f"{self.path}:{first.line + 1}:{first.column + 1}"
        name = _named('"' + key + '"')
        message = f"the key {name} is already at {where}"
        self._note(DUPLICATE_KEY, event, message, "keep one of the two")

    def _note(self, rule: Rule, event: Any, message: str, help_: str) -> None:
        if len(self.findings) >= MAX_FINDINGS:
            self.more += 1
            return
        self.lines = self.lines or Lines(self.text)
        span = self.lines.span(self.path, event.start_mark, event.end_mark)
        self.findings.append(rule.at(span, message, help=help_))

    def _stop(self, rule: Rule, event: Any, message: str, help_: str) -> _GivingUpError:
        if event is None:
            self.findings.append(rule.at(Span(self.path), message, help=help_))
        else:
            self._note(rule, event, message, help_)
        return _GivingUpError()


def _named(name: str) -> str:
    # A long name is not shown in part: the part could be half a secret.
    return name if len(name) <= _LONGEST_NAME else f"of {len(name):,} characters"

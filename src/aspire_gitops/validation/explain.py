"""Explain what the schema refuses: a message and help at the place of each mistake."""

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any

from aspire_gitops.loading.document import Document
from aspire_gitops.resources import ResourceKind
from aspire_gitops.validation.fallback_roads import Path
from aspire_gitops.validation.forbidden_words import REDIRECTS
from aspire_gitops.validation.schema import Mistake, first_repeated, mistakes, suspects
from aspire_gitops.validation.wording import closest, field_name, shown, type_words
from aspire_gitops.vocabulary import MAX_FINDINGS, Diagnostic, Rule, Span, left_out, plural
from aspire_gitops.vocabulary.spec import AMOUNT_PATTERN

UNKNOWN_FIELD = Rule("AG104", "unknown-field")
MISSING_FIELD = Rule("AG105", "missing-field")
WRONG_TYPE = Rule("AG106", "wrong-type")
WRONG_WORD = Rule("AG107", "wrong-word")
WRONG_FORM = Rule("AG108", "wrong-form")
OUT_OF_RANGE = Rule("AG109", "out-of-range")
REPEATED_ITEM = Rule("AG110", "repeated-item")
EMPTY_LIST = Rule("AG111", "empty-list")
NO_VALUE = Rule("AG112", "no-value")
AMOUNT_WITHOUT_QUOTES = Rule("AG113", "amount-without-quotes")

_WHOLE = re.compile(r"[0-9]{1,18}", re.ASCII)
_CLEAREST_FIRST = ("type", "anyOf", "const", "enum", "maxLength", "minLength", "pattern")


def explain(
    document: Document,
    kind: ResourceKind,
    *,
    covered: Collection[Path] = (),
    refused: Collection[Path] | None = None,
) -> Iterator[Diagnostic]:
    """Yield one diagnostic per mistake, except at and below the places that policy has `covered`.

    Of more than a hundred, the first hundred and AG019. `refused` is where pydantic refuses the
    document; without it every value is looked at.
    """
    suspected = None if refused is None else suspects(document.value, refused)
    every = mistakes(kind, document.value, suspected)
    found = [item for item in every if not _is_in(item.path, covered)]
    each = list(_one_for_each_place(_without_typos(found)))
    more = max(0, len(each) - MAX_FINDINGS) + (suspected.left_out if suspected else 0)
    if more:
        yield left_out(Span(document.path), more)
    if len(each) > MAX_FINDINGS:  # a sentence for each of thousands would take seconds
        each.sort(key=lambda item: document.span(*item.path))
    for mistake in each[:MAX_FINDINGS]:
        yield _diagnostic(document, mistake)


def _is_in(path: Path, places: Collection[Path]) -> bool:
    return any(path[:length] in places for length in range(1, len(path) + 1))


def without_reason(document: Document, places: Sequence[Path]) -> Diagnostic:
    """Report what pydantic refuses although the schema accepts it."""
    place = next(iter(places), ())
    return WRONG_FORM.at(
        document.span(*place),
        f"`{field_name(place)}` is refused, but the schema does not say why",
        help="please report this as a bug",
    )


def _without_typos(found: list[Mistake]) -> list[Mistake]:
    """Drop "missing" where an unknown field beside it is clearly a typo of the missing one."""
    missing = {(item.path, item.field) for item in found if item.keyword == "required"}
    unknown = (item for item in found if item.keyword == "unknown") if missing else ()
    meant = {
        (item.path[:-1], closest(item.field or "", _fields(item.schema)))
        for item in islice(unknown, MAX_FINDINGS)
    }
    mistyped = missing & meant
    return [
        item
        for item in found
        if item.keyword != "required" or (item.path, item.field) not in mistyped
    ]


def _one_for_each_place(found: list[Mistake]) -> Iterator[Mistake]:
    """Keep the clearest mistake per place: a value of the wrong type is also out of range."""
    best: dict[tuple[Path, str | None], Mistake] = {}
    for item in found:
        place = (item.path, item.field)
        if place not in best or _clarity(item) < _clarity(best[place]):
            best[place] = item
    yield from best.values()


def _clarity(mistake: Mistake) -> int:
    words = _CLEAREST_FIRST
    return words.index(mistake.keyword) if mistake.keyword in words else len(words)


def _diagnostic(document: Document, mistake: Mistake) -> Diagnostic:
    match mistake.keyword:
        case "unknown":
            return _unknown_field(document, mistake)
        case "required":
            return _missing_field(document, mistake)
        case "type" | "anyOf":
            return _wrong_type(document, mistake)
        case "uniqueItems":
            return _repeated_item(document, mistake)
        case _:
            return _wrong_value(document, mistake)


def _unknown_field(document: Document, mistake: Mistake) -> Diagnostic:
    place, field = document.key_span(*mistake.path), mistake.field or ""
    if field in REDIRECTS:
        return REDIRECTS[field].at(place)
    if mistake.path[:1] == ("parameters",):
        return WRONG_FORM.at(
            place,
            f"{shown(field)} is not the name of a parameter",
            help="use lower-case letters, digits and underscores, like `temperature`",
        )
    where = field_name(mistake.path[:-1])
    inside = f"`{where}`" if where else f"`kind: {document.value.get('kind')}`"
    return UNKNOWN_FIELD.at(
        place, f"{inside} has no field {shown(field)}", help=_known_fields(field, mistake)
    )


def _known_fields(field: str, mistake: Mistake) -> str:
    for name, part in mistake.schema.get("$defs", {}).items():
        if field in _fields(part):
            return f"`{field}` belongs in `{_owner_of(name, mistake.schema)}:`"
    known = _fields(mistake.schema)
    close = closest(field, known)
    return f'did you mean "{close}"?' if close else f"its fields are {', '.join(known)}"


def _owner_of(definition: str, schema: Mapping[str, Any]) -> str:
    reference = f"#/$defs/{definition}"
    properties = schema.get("properties", {}).items()
    return next((name for name, part in properties if reference in str(part)), definition)


def _missing_field(document: Document, mistake: Mistake) -> Diagnostic:
    field = mistake.field or ""
    description = _property(mistake.schema, field).get("description", "")
    where = field_name(mistake.path)
    inside = f"`{where}`" if where else f"`kind: {document.value.get('kind')}`"
    return MISSING_FIELD.at(
        _place_of_mapping(document, mistake.path),
        f"{inside} lacks `{field}`",
        help=f"add `{field}:`. {description}".rstrip(". "),
    )


def _place_of_mapping(document: Document, path: Path) -> Span:
    if path and isinstance(path[-1], str):
        return document.key_span(*path)
    return document.span(*path) if path else document.key_span("kind")


def _wrong_type(document: Document, mistake: Mistake) -> Diagnostic:
    name, value = field_name(mistake.path), mistake.value
    if value is None:
        place = document.key_span(*mistake.path)
        return NO_VALUE.at(
            place, f"`{name}` has no value", help="write a value, or remove the field"
        )
    place = document.span(*mistake.path)
    if mistake.schema.get("pattern") == AMOUNT_PATTERN and type(value) in {int, float}:
        return AMOUNT_WITHOUT_QUOTES.at(
            place,
            f"`{name}` is a YAML number, which can lose digits of an amount",
            help=f'write "{value}" in quotes',
        )
    wanted = type_words(mistake.schema)
    return WRONG_TYPE.at(
        place, f"`{name}` must be {wanted}, not {shown(value)}", help=_retyped(mistake)
    )


def _retyped(mistake: Mistake) -> str | None:
    """Show the same value in the wanted type, if that is one edit away."""
    value, wanted = mistake.value, mistake.schema.get("type")
    if wanted == "string" and type(value) in {int, float}:
        return f'write "{value}" in quotes'
    if wanted == "boolean" and isinstance(value, str) and value in {"yes", "on", "no", "off"}:
        return f"write {'true' if value in {'yes', 'on'} else 'false'}"
    if wanted == "integer" and isinstance(value, str) and _WHOLE.fullmatch(value):
        return f"write {value} without quotes"
    if wanted == "array" and isinstance(value, str) and len(value) <= 63:
        return f"write [{value}]"
    description = mistake.schema.get("description")
    return description if isinstance(description, str) else None


def _repeated_item(document: Document, mistake: Mistake) -> Diagnostic:
    items = list(mistake.value)
    at = first_repeated(items) or 0
    return REPEATED_ITEM.at(
        document.span(*mistake.path, at),
        f"`{field_name(mistake.path)}` lists {shown(items[at])} twice",
        help="remove one of them",
    )


def _wrong_value(document: Document, mistake: Mistake) -> Diagnostic:
    name, limit = field_name(mistake.path), mistake.limit
    examples = mistake.schema.get("examples")
    example = f"for example {shown(examples[0])}" if examples else None
    place = document.span(*mistake.path)
    match mistake.keyword:
        case "const" | "enum":
            choices = limit if mistake.keyword == "enum" else [limit]
            return _wrong_word(place, name, mistake.value, [str(choice) for choice in choices])
        case "minItems":
            message, help_ = f"`{name}` is empty", mistake.schema.get("description")
            return EMPTY_LIST.at(place, message, help=help_)
        case "minimum" | "maximum":
            side = "at least" if mistake.keyword == "minimum" else "at most"
            message = f"`{name}` must be {side} {limit}, not {shown(mistake.value)}"
            return OUT_OF_RANGE.at(place, message, help=mistake.schema.get("description"))
        case "maxItems" | "maxProperties":
            message = f"`{name}` has {plural(len(mistake.value), 'item')}; the limit is {limit}"
            return OUT_OF_RANGE.at(place, message)
        case "minLength" | "maxLength":
            side = "at least" if mistake.keyword == "minLength" else "at most"
            message = f"`{name}` must have {side} {limit} characters, not {len(mistake.value)}"
            return OUT_OF_RANGE.at(place, message)
        case _:
            form = mistake.schema.get("patternErrorMessage", "is not right")
            if mistake.keyword == "format":
                form = "must be a valid date"
            return WRONG_FORM.at(
                place, f"`{name}` {form}, not {shown(mistake.value)}", help=example
            )


def _wrong_word(place: Span, name: str, value: object, choices: list[str]) -> Diagnostic:
    close = closest(value, choices) if isinstance(value, str) else None
    listed = ", ".join(f'"{choice}"' for choice in choices)
    return WRONG_WORD.at(
        place,
        f"`{name}` cannot be {shown(value)}",
        help=f'did you mean "{close}"?'
        if close
        else f"use {'one of ' * (len(choices) > 1)}{listed}",
    )


def _fields(schema: Mapping[str, Any]) -> list[str]:
    return list(schema.get("properties", {}))


def _property(schema: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    found = schema.get("properties", {}).get(name, {})
    return found if isinstance(found, Mapping) else {}

"""Between LiteLLM's rows and our objects, for every kind: marks, flat fields, and secrets that must not leave."""

import json
import math
import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from typing import Annotated, Any, TypeAlias, TypeVar
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from pydantic import BaseModel, BeforeValidator, ConfigDict, ValidationError

from aspire_gitops.releases import TESTED
from aspire_gitops.state import Fields, LastChange, Mark
from aspire_gitops.vocabulary import GatewayReplyInvalid, short_line
from aspire_gitops.vocabulary.secret_shapes import ALL, matcher
from aspire_ledger.canonical import JsonValue

HIDDEN = "[hidden]"
_KEY_SHAPED = re.compile(
    r"\b(?:sk|pk|rk)-(?:\.\.\.\w+|[A-Za-z0-9_-]{6,})"
)  # or its end: sk-...ab12
_KNOWN, _HINT = matcher(shape for shape in ALL if shape.name != "bearer")
_BEARER = re.compile(r"(?i)\b(bearer|basic)\s+[A-Za-z0-9._~+/=-]{6,}")
_HASH = re.compile(r"\b[0-9a-f]{64}\b")
_SHORTEST = 4  # anything shorter stands in every other word


class Redaction:
    """Replaces known secrets, and what looks like a key, by `[hidden]`. Its repr shows nothing."""

    __slots__ = ("_secrets",)

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        spellings = {form for secret in secrets for form in _spellings(secret)}
        # The longest first: one secret may be the beginning of another.
        self._secrets = tuple(sorted(spellings, key=len, reverse=True))

    def __call__(self, text: str) -> str:
        for secret in self._secrets:
            text = text.replace(secret, HIDDEN)
        text = _KEY_SHAPED.sub(HIDDEN, text)
        if _HINT.search(text):
            text = _KNOWN.sub(HIDDEN, text)
        text = _BEARER.sub(rf"\1 {HIDDEN}", text)
        return _HASH.sub("[hash]", text)

    def __repr__(self) -> str:
        return f"Redaction(spellings={len(self._secrets)})"


def _spellings(secret: str) -> Iterable[str]:
    if len(secret) < _SHORTEST:
        return ()
    return (secret, json.dumps(secret)[1:-1], json.dumps(secret, ensure_ascii=False)[1:-1])


_SENSITIVE = frozenset(
    {"apikey", "auth", "authorization", "bearer", "cookie", "credential", "credentials", "key"}
    | {"passwd", "password", "pat", "private", "secret", "session", "sig", "signature", "token"}
)
_NOT_SECRET = frozenset({"litellm_credential_name"})
_HEADERS = frozenset({"extra_headers", "headers", "default_headers", "extra_query"})
_WORDS = re.compile(r"[^a-zA-Z0-9]+")
_KEY = re.compile(r"\b(?:sk|pk|rk)-[A-Za-z0-9_-]{16,}")


def visible(fields: Fields, mark: Mark | None) -> Fields:
    """Return the fields with every string that may be a secret replaced by `[hidden]`.

    Under a path that our mark names stands what reviewed files say, which hold
    no secret; there the name of a field (`metadata.key`) accuses nobody.
    """
    ours = mark.fields if mark else frozenset()
    return {path: _shown(path, value, trusted=path in ours) for path, value in fields.items()}


def _shown(path: str, value: JsonValue, *, trusted: bool = False) -> JsonValue:
    name = path.rpartition(".")[2]
    match value:
        case str():
            return _text(name, value, trusted=trusted)
        case Mapping() if name in _HEADERS and not trusted:
            return dict.fromkeys(value, HIDDEN)
        case Mapping():
            return {inner: _shown(inner, item, trusted=trusted) for inner, item in value.items()}
        case tuple():
            return tuple(_shown(path, item, trusted=trusted) for item in value)
        case _:
            return value


def _text(name: str, value: str, *, trusted: bool) -> str:
    if not value or "****" in value:
        return value
    if _is_sensitive(name) and not trusted:
        return HIDDEN
    return _KEY.sub(HIDDEN, _url(value) if "://" in value else value)


def _is_sensitive(name: str) -> bool:
    words = frozenset(word.lower() for word in _WORDS.split(name))
    return name not in _NOT_SECRET and bool(words & _SENSITIVE)


def _url(value: str) -> str:
    try:
        parts = urlsplit(value)
        query = parse_qsl(parts.query, keep_blank_values=True)
    except ValueError:
        return HIDDEN
    shown = [(name, HIDDEN if _is_sensitive(name) else item) for name, item in query]
    _, at, host = parts.netloc.rpartition("@")
    if not at and shown == query:
        return value
    netloc = f"{HIDDEN}@{host}" if at else host
    return urlunsplit(parts._replace(netloc=netloc, query=urlencode(shown, safe="[]")))


JsonObject: TypeAlias = dict[str, Any]
MARK = "aspire_gitops"
_LONGEST_NAME = 100
_REDACT = Redaction()


class Reply(BaseModel):
    """Unknown fields are LiteLLM's own business; types are not coerced."""

    model_config = ConfigDict(
        extra="ignore",
        strict=True,
        frozen=True,
        hide_input_in_errors=True,
        ser_json_inf_nan="constants",
    )


class PageReply(Reply):
    """A page of a list: some rows, and how many there are altogether."""

    @property
    def rows(self) -> Sequence[Reply]:
        raise NotImplementedError

    @property
    def total(self) -> int:
        raise NotImplementedError


class AddressesReply(Reply):
    """A page of a list that gives addresses alone."""

    @property
    def addresses(self) -> Sequence[str]:
        raise NotImplementedError

    @property
    def total(self) -> int:
        raise NotImplementedError


def _amount(value: object) -> float | None:
    # A JSON reader takes NaN and 1e999, and what a client made of spend may be anything.
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        amount = float(value)
    except OverflowError:
        return None
    return amount if math.isfinite(amount) else None


# A dict field that somebody set to null comes back as null.
Dict: TypeAlias = Annotated[
    JsonObject, BeforeValidator(lambda value: {} if value is None else value)
]
List: TypeAlias = Annotated[list[str], BeforeValidator(lambda value: value or [])]
Number: TypeAlias = int | float
# An amount that others count up. What is none is not known, and no reason to read nothing.
Counted: TypeAlias = Annotated[float | None, BeforeValidator(_amount)]
# For people only, so an unknown shape must not stop the reading.
Told: TypeAlias = Annotated[
    str | None, BeforeValidator(lambda value: value if isinstance(value, str) else None)
]
ReplyT = TypeVar("ReplyT", bound=Reply)


def parse(shape: type[ReplyT], reply: object) -> ReplyT:
    """Read a decoded JSON reply.

    Raises:
        GatewayReplyInvalid: It has another shape. Names the places, never the values.
    """
    try:
        return shape.model_validate(reply)
    except ValidationError as error:
        problems = [f"{_place(row['loc'])}: {row['msg']}" for row in error.errors()[:3]]
    raise GatewayReplyInvalid(
        f"the gateway's reply is not a {shape.__name__} as LiteLLM {TESTED.line} sends it "
        f"({'; '.join(problems)})",
        help="check the URL, and that the gateway's version is supported",
    )


def _place(location: tuple[int | str, ...]) -> str:
    return ".".join(map(str, location)) or "the reply"


class _MarkRow(Reply):
    owner: str
    name: str
    fields: list[str]
    digest: str
    revision: str


def mark_of(holder: Mapping[str, Any]) -> Mark | None:
    """Return our mark, or None. A malformed mark does not count: the object is then unmanaged."""
    try:
        row = _MarkRow.model_validate(holder.get(MARK))
    except ValidationError:
        return None
    if not (row.owner and row.name):
        return None
    return Mark(row.owner, row.name, _paths(tuple(row.fields)), row.digest, row.revision)


@lru_cache(maxsize=512)
def _paths(fields: tuple[str, ...]) -> frozenset[str]:
    return frozenset(fields)  # one set for a thousand keys: most name the same paths


def marking(mark: Mark | None) -> dict[str, JsonValue]:
    """Return the entry that carries `mark` in the mapping that a kind keeps for such things."""
    if mark is None:
        return {}
    return {
        MARK: {
            "owner": mark.owner,
            "name": mark.name,
            "fields": sorted(mark.fields),
            "digest": mark.digest,
            "revision": mark.revision,
        }
    }


def declared(item_fields: Mapping[str, JsonValue], mark: Mark | None) -> frozenset[str]:
    """Return the paths that are ours to keep: the fields, and the secrets that only the mark names."""
    return frozenset(item_fields) | (mark.fields if mark else frozenset())


def told(*, by: object, at: object) -> LastChange | None:
    """Return who changed an object last, and when; None if the gateway tells nothing.

    It is for people, and anyone with write access to the gateway can write here: what is
    no time is none, and a name is one short line without anything like a secret.
    """
    who, when = _name(by), _time(at)
    return LastChange(who, when) if who or when else None


def _name(value: object) -> str | None:
    if not isinstance(value, str):
        return None
    return short_line(_REDACT(short_line(value, 4 * _LONGEST_NAME)), _LONGEST_NAME) or None


def _time(value: object) -> datetime | None:
    try:
        found = datetime.fromisoformat(value) if isinstance(value, str) else None
        return found and (found if found.tzinfo else found.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        return None

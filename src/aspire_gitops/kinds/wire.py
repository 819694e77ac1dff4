"""LiteLLM's JSON as the kinds read and write it: replies, our mark, who changed what. Pure.

pydantic at the border: a reply that does not fit is `GatewayReplyInvalid`. No
message repeats a value of the reply, since it may be a secret.
"""

import math
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from typing import Annotated, Any, TypeAlias, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, ValidationError

from aspire_gitops.kinds.hiding import Redaction
from aspire_gitops.releases import TESTED
from aspire_gitops.state import LastChange, Mark
from aspire_gitops.vocabulary.errors import GatewayReplyInvalid
from aspire_gitops.vocabulary.text import short_line
from aspire_ledger.canonical import JsonValue

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
# For people only, so a shape that we do not know is no reason to read nothing.
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
        f"({'; '.join(problems)}); is the URL right, and the gateway's version supported?"
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
    """Return our mark, or None. What is malformed is no mark: the object is then foreign."""
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

    It is for people, and whoever may write to the gateway may write here: what is
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

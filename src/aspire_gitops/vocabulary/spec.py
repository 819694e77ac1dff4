"""What all resources share: the strict base model and the scalar types.

Every constraint here can be expressed in JSON Schema too, so that the schema
and the resource always agree (a property test checks it). Rules that need more
than one field or file live in `validation/`.
"""

import math
from collections.abc import Hashable
from datetime import date
from decimal import Decimal
from typing import Annotated, Any, TypeAlias, TypeVar

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    GetCoreSchemaHandler,
    Strict,
)
from pydantic_core import CoreSchema, core_schema

NAME_PATTERN = r"^[a-z0-9]([a-z0-9._-]{0,61}[a-z0-9])?$"
AMOUNT_PATTERN = r"^(0|[1-9][0-9]{0,8})(\.[0-9]{1,9})?$"
_DAY_PATTERN = r"^2[0-9]{3}-[0-9]{2}-[0-9]{2}$"
_NOT_CONTROL = r"[^\u0000-\u0008\u000B-\u001F\u007F-\u009F\u2028\u2029]"
_NOT_CONTROL_NOR_ALPHANUMERIC = r"[^\u0000-\u0008\u000B-\u001F\u007F-\u009F\u2028\u2029A-Za-z0-9]"

ValueT = TypeVar("ValueT")


class Spec(BaseModel):
    """A mapping in a reviewed file: no unknown fields, no coercion, never changed after reading."""

    model_config = ConfigDict(
        extra="forbid", frozen=True, strict=True, use_attribute_docstrings=False
    )


class _Absent:
    """Makes None a default only: a file leaves the field out and never writes `null`."""

    def __get_pydantic_core_schema__(
        self, source: Any, handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        schema = handler(source)
        return schema["schema"] if schema["type"] == "nullable" else schema


class _Parsed:
    """Text of one pattern, turned into a value: the schema sees the text, Python the value."""

    def __init__(self, pattern: str, parse: Any, schema: dict[str, Any]) -> None:
        self.pattern = pattern
        self.parse = parse
        self.schema = schema

    def __get_pydantic_core_schema__(
        self, source: Any, handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        del source, handler
        return core_schema.no_info_after_validator_function(
            self.parse,
            core_schema.str_schema(pattern=self.pattern, strict=True),
            serialization=core_schema.plain_serializer_function_ser_schema(
                _written, return_schema=core_schema.str_schema()
            ),
            metadata={"pydantic_js_extra": self.schema},
        )

    def __hash__(self) -> int:
        return hash(self.pattern)


def _written(value: Decimal | date) -> str:
    return value.isoformat() if isinstance(value, date) else str(value)


def _amount(text: str) -> Decimal:
    exact = Decimal(text)
    return _exact(exact, 0 if exact == exact.to_integral_value() else 2)


def _price(text: str) -> Decimal:
    exact = Decimal(text)
    return _exact(exact, 2 if exact else 0)


def _exact(amount: Decimal, decimals: int) -> Decimal:
    """Return the same amount with so many decimals, and more only if it has them."""
    exponent = amount.normalize().as_tuple().exponent
    return amount.quantize(Decimal(1).scaleb(min(int(exponent), -decimals)))


def _unique(items: tuple[Hashable, ...]) -> tuple[Hashable, ...]:
    if len(set(items)) != len(items):
        raise ValueError("must not repeat an item")
    return items


def _whole(value: Any) -> Any:
    # JSON Schema counts 5.0 as an integer, so the resource does too.
    if type(value) is float and math.isfinite(value) and value.is_integer():
        return int(value)
    return value


OrAbsent: TypeAlias = Annotated[ValueT | None, _Absent()]
"""A field that a file may leave out. Its value is None then; `null` in the file is refused."""

Unique: TypeAlias = Annotated[
    tuple[ValueT, ...],
    Strict(strict=False),  # a list becomes a tuple; the items stay strict
    AfterValidator(_unique),
    Field(json_schema_extra={"uniqueItems": True}),
]

Whole = BeforeValidator(_whole)
"""Put last in an `Annotated[int, Field(ge=…), Whole]`: the bounds then reach the schema."""


def in_words(sentence: str, **extra: Any) -> dict[str, Any]:
    """Return the schema keywords beside a pattern: editors and our diagnostics show the sentence.

    It completes "must be …".
    """
    return {"patternErrorMessage": f"must be {sentence}", **extra}


ResourceName = Annotated[
    str,
    Field(
        pattern=NAME_PATTERN,
        examples=["qwen-vision"],
        json_schema_extra=in_words(
            "up to 63 lower-case letters, digits, dots, dashes and underscores, "
            "with a letter or digit at both ends"
        ),
    ),
]


class ResourceSpec(Spec):
    """The top of a reviewed file."""

    name: ResourceName = Field(
        description="The resource's name. The file's name is the same, plus `.yaml`."
    )


_AMOUNT_IN_WORDS = in_words(
    'an amount in quotes without a sign, like "12.50": up to 9 digits, then up to 9 decimals',
    examples=["180", "0.40"],
)

Amount = Annotated[Decimal, _Parsed(AMOUNT_PATTERN, _amount, _AMOUNT_IN_WORDS)]
"""A non-negative decimal, written in quotes: up to 9 digits, then up to 9 decimals.

In quotes, because 0.1 as a YAML number would already be a float. However it is written, it has
one form, so that nobody's spelling changes an object: "60.00" is 60, and "95.5" is 95.50.
"""

Price = Annotated[Decimal, _Parsed(AMOUNT_PATTERN, _price, _AMOUNT_IN_WORDS)]
"""An Amount that shows cents, as prices are written: "6" is 6.00. Nothing is 0."""

Day = Annotated[
    date,
    _Parsed(
        _DAY_PATTERN,
        date.fromisoformat,
        in_words("a day like 2026-11-20", format="date", examples=["2026-11-20"]),
    ),
]
"""A day of the calendar, year 2000 to 2999, written `2026-11-20`."""

Owner = Annotated[
    str,
    Field(
        pattern=r"^[A-Za-z0-9._%+-]{1,64}@[A-Za-z0-9.-]{1,190}$",
        examples=["platform@aspiredigital.group"],
        json_schema_extra=in_words("an e-mail address"),
    ),
]
"""A person or team that is responsible for the resource, as an e-mail address."""

Sentence = Annotated[
    str,
    Field(
        pattern=f"^{_NOT_CONTROL_NOR_ALPHANUMERIC}*[A-Za-z0-9]{_NOT_CONTROL}*$",
        min_length=3,
        max_length=500,
        json_schema_extra=in_words(
            'words like "moved to the new provider": a letter or digit, and no control characters'
        ),
    ),
]
"""Prose: 3 to 500 characters, a letter or digit among them, no control characters."""

RequestsPerMinute = Annotated[int, Field(ge=1, le=1_000_000), Whole]
TokensPerMinute = Annotated[int, Field(ge=1, le=1_000_000_000), Whole]

HttpUrl = Annotated[
    str,
    Field(
        pattern=r"^https?://[A-Za-z0-9.\-\[\]:]+(/[A-Za-z0-9._~%/-]*)?$",
        max_length=500,
        json_schema_extra=in_words(
            "a URL like https://api.example.com/v1, without user, password or query"
        ),
    ),
]
VariableName = Annotated[
    str,
    Field(
        pattern=r"^[A-Z_][A-Z0-9_]{0,127}$",
        examples=["CLOUD_FIRST_API_KEY"],
        json_schema_extra=in_words(
            "the name of an environment variable: capitals, digits and underscores"
        ),
    ),
]
FilePath = Annotated[
    str,
    Field(
        pattern=r"^/[A-Za-z0-9._/-]+$",
        max_length=4000,
        examples=["/run/secrets/cloud-first"],
        json_schema_extra=in_words(
            "an absolute path of letters, digits, dots, dashes, underscores and slashes"
        ),
    ),
]

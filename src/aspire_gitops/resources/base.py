"""What all resources share: the strict base model and the scalar types.

Every constraint here can be said in JSON Schema as well, so that the schema
and the resource are two judges with one opinion (a property test holds them
to it). Rules that need more than one field or file live in `validation/`.
"""

import math
from datetime import date
from decimal import Decimal
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, PlainSerializer, WithJsonSchema

NAME_PATTERN = r"^[a-z0-9]([a-z0-9._-]{0,61}[a-z0-9])?$"


class Spec(BaseModel):
    """A mapping in a reviewed file: no unknown fields, no coercion, never changed after reading."""

    model_config = ConfigDict(
        extra="forbid", frozen=True, strict=True, use_attribute_docstrings=False
    )


class ResourceSpec(Spec):
    """The top of a reviewed file."""

    name: "ResourceName" = Field(
        description="The resource's name. The file's name is the same, plus `.yaml`."
    )


ResourceName = Annotated[
    str,
    Field(pattern=NAME_PATTERN, max_length=63, examples=["qwen-vision"]),
]


def _whole(value: Any) -> Any:
    # JSON Schema counts 5.0 as an integer, so the resource does too.
    return (
        int(value)
        if isinstance(value, float) and math.isfinite(value) and value.is_integer()
        else value
    )


WholeNumber = Annotated[int, BeforeValidator(_whole)]


def _decimal(value: Any) -> Any:
    # A string in the file: 0.1 as a YAML number would already be a float.
    if isinstance(value, str) and _is_decimal(value):
        return Decimal(value)
    raise ValueError('must be an amount in quotes without a sign, like "12.50"')


def _is_decimal(value: str) -> bool:
    whole, dot, fraction = value.partition(".")
    digits = "0123456789"
    plain = bool(whole) and all(c in digits for c in whole) and (whole == "0" or whole[0] != "0")
    return (
        plain
        and len(whole) <= 9
        and (not dot or (0 < len(fraction) <= 9 and all(c in digits for c in fraction)))
    )


AMOUNT_PATTERN = r"^(0|[1-9][0-9]{0,8})(\.[0-9]{1,9})?$"
Amount = Annotated[
    Decimal,
    BeforeValidator(_decimal),
    PlainSerializer(str, return_type=str),
    WithJsonSchema({"type": "string", "pattern": AMOUNT_PATTERN, "examples": ["180", "0.40"]}),
]
"""A non-negative decimal, written in quotes: up to 9 digits, then up to 9 decimals."""


def _day(value: Any) -> Any:
    if not (isinstance(value, str) and len(value) == 10 and value.isascii()):  # YYYY-MM-DD only
        raise ValueError("must be a date like 2026-11-20")
    try:
        return date.fromisoformat(value)
    except ValueError as error:
        raise ValueError(f"{value} is not a day of the calendar") from error


Day = Annotated[
    date,
    BeforeValidator(_day),
    PlainSerializer(date.isoformat, return_type=str),
    WithJsonSchema(
        {
            "type": "string",
            "format": "date",
            "pattern": r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$",
            "examples": ["2026-11-20"],
        }
    ),
]

Owner = Annotated[
    str,
    Field(
        pattern=r"^[A-Za-z0-9._%+-]{1,64}@[A-Za-z0-9.-]{1,190}$",
        examples=["platform@aspiredigital.group"],
    ),
]
"""A person or team that answers for the resource, as an e-mail address."""

Sentence = Annotated[str, Field(pattern=r"[A-Za-z0-9]", min_length=3, max_length=500)]
HttpUrl = Annotated[
    str, Field(pattern=r"^https?://[A-Za-z0-9.\-\[\]:]+(/[A-Za-z0-9._~%/-]*)?$", max_length=500)
]
VariableName = Annotated[
    str, Field(pattern=r"^[A-Z_][A-Z0-9_]{0,127}$", examples=["CLOUD_FIRST_API_KEY"])
]
FilePath = Annotated[
    str, Field(pattern=r"^/[A-Za-z0-9._/-]{1,4000}$", examples=["/run/secrets/cloud-first"])
]

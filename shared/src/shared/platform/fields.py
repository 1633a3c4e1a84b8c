"""The field types of requests and answers: limits on the way in, one format on the way out."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    StringConstraints,
    WithJsonSchema,
)

from shared.kernel.money import AMOUNT_LIMIT
from shared.platform.json import JsonNumber


class Body(BaseModel):
    """What a caller sends: unknown fields are refused, texts are stripped."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True, use_attribute_docstrings=True, frozen=True)


class Answer(BaseModel):
    """What a service answers."""

    model_config = ConfigDict(use_attribute_docstrings=True, frozen=True, from_attributes=True)


def _text_only(value: Any) -> Any:
    if isinstance(value, float | int | JsonNumber):
        raise ValueError('send decimals as strings, like "12.50": JSON numbers lose cents')  # noqa: TRY004
    return value


def _decimal_places(places: int) -> Any:
    pattern = rf"^-?\d{{1,16}}(\.\d{{1,{places}}})?$"

    def check(value: Decimal) -> Decimal:
        if not value.is_finite() or abs(value) > AMOUNT_LIMIT or -value.as_tuple().exponent > places:  # type: ignore[operator]
            raise ValueError(f"at most {places} decimals and 16 digits before the point")
        return value

    step = Decimal(1).scaleb(-places)
    return Annotated[
        Decimal,
        BeforeValidator(_text_only),
        AfterValidator(check),
        PlainSerializer(lambda value: str(value.quantize(step)), return_type=str),
        WithJsonSchema({"type": "string", "pattern": pattern, "examples": [str(Decimal("12.5").quantize(step))]}),
    ]


Amount = _decimal_places(2)
"""Money in the document's currency: a decimal string with two places."""
UnitPrice = _decimal_places(4)
"""Price per unit: a decimal string with four places."""
Quantity = _decimal_places(4)
"""A quantity: a decimal string with four places."""
Rate = _decimal_places(6)
"""A fraction: ``"0.014700"`` is 1.47 %."""


def _milliseconds(value: datetime) -> str:
    return value.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


Instant = Annotated[
    AwareDatetime,
    PlainSerializer(_milliseconds, return_type=str),
    WithJsonSchema({"type": "string", "format": "date-time", "examples": ["2026-03-01T09:30:00.000Z"]}),
]
"""A point in time, RFC 3339: any offset on the way in, UTC with milliseconds on the way out."""

ShortText = Annotated[str, StringConstraints(min_length=1, max_length=200)]
LongText = Annotated[str, StringConstraints(max_length=4000)]
Code = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._/§-]*$", max_length=64)]
"""A short business key."""
Currency = Annotated[str, StringConstraints(pattern=r"^[A-Z]{3}$")]
"""ISO 4217 code."""
Sha256 = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
"""SHA-256 of a file's bytes in lower-case hex."""
TaxBasis = Literal["incl", "excl"]
"""Whether a price or an amount includes tax 含税 or not 未税."""
Limit = Annotated[int, Field(ge=1, le=500)]

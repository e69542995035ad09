"""The parents of wire shapes: what comes in is strict, what goes out has no surprises."""

import re
from datetime import datetime
from typing import Annotated, Any, Generic, Literal, TypeVar

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    WithJsonSchema,
    model_validator,
)

from hookline.clock import to_rfc3339

_DEPTH_MAX = 20
_DATE = re.compile(r"\d{4}-\d\d-\d\d[Tt ]\d\d:")
T = TypeVar("T")


class Body(BaseModel):
    """A request: unknown fields and characters that no database holds are refused."""

    model_config = ConfigDict(extra="forbid", str_max_length=10_000)

    @model_validator(mode="before")
    @classmethod
    def _clean(cls, value: Any) -> Any:  # Any: whatever JSON was sent
        check_text(value)
        return value


class Shape(BaseModel):
    """An answer."""

    model_config = ConfigDict(extra="forbid")


Timestamp = Annotated[
    str, WithJsonSchema({"type": "string", "format": "date-time"}, mode="serialization")
]
"""An instant on the wire: RFC 3339 in UTC with milliseconds; make it with `shown`."""


def shown(instant: int | None) -> str | None:
    """An instant as the wire shows it."""
    return None if instant is None else to_rfc3339(instant)


def _aware(moment: datetime) -> datetime:
    if moment.tzinfo is None:
        raise ValueError("a time needs a zone: end it in Z or an offset such as +01:00")
    if not 1970 <= moment.year <= 9000:
        raise ValueError("the year must be between 1970 and 9000")
    return moment


def _written_out(value: object) -> object:
    if not isinstance(value, str) or not _DATE.match(value):
        raise ValueError("write the time as RFC 3339, such as 2026-01-15T09:30:00Z")
    return value


Moment = Annotated[datetime, BeforeValidator(_written_out), AfterValidator(_aware)]
"""An instant in a request: RFC 3339 with a zone."""

Metadata = Annotated[
    dict[Annotated[str, Field(min_length=1, max_length=40)], Annotated[str, Field(max_length=500)]],
    Field(max_length=50, description="Up to 50 pairs of text, echoed in resources and events."),
]


class Page(Shape, Generic[T]):
    """One page of a list."""

    object: Literal["list"] = "list"
    data: list[T]
    has_more: bool
    next_cursor: str | None


def check_text(value: object, depth: int = 0) -> None:
    """Refuse NUL and lone surrogates, which neither databases nor UTF-8 can hold."""
    if depth > _DEPTH_MAX:
        raise ValueError("the value is nested too deeply")
    if isinstance(value, str):
        if "\x00" in value:
            raise ValueError("the character U+0000 cannot be stored")
        try:
            value.encode()
        except UnicodeEncodeError:
            raise ValueError("the text has half of a surrogate pair") from None
    elif isinstance(value, dict):
        for key, part in value.items():
            check_text(key, depth + 1)
            check_text(part, depth + 1)
    elif isinstance(value, list):
        for part in value:
            check_text(part, depth + 1)

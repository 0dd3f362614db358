"""Answers as values: JSON objects of the APIs into frozen structs, whose names are snake_case here."""

from __future__ import annotations

from decimal import Decimal
from typing import Any, TypeVar
from urllib.parse import urlencode

import msgspec

from hedgerow.core.errors import HedgerowError

T = TypeVar("T")


class Row(msgspec.Struct, frozen=True, rename="camel"):
    """What an API tells of one thing. Fields that a page does not need are left out."""


class StrangeAnswerError(HedgerowError):
    """An API answered with something that this version does not read."""


def read(value: Any, kind: type[T]) -> T:
    """The answer as a value; numbers with a point are Decimals already. Raises StrangeAnswerError."""
    try:
        return msgspec.convert(value, kind)
    except msgspec.ValidationError as error:
        raise StrangeAnswerError(f"the answer is not one that this version reads: {error}") from None


def query(**values: str | int | bool | Decimal | None) -> str:
    """A query string with its question mark, of the values that are given; names in camelCase."""
    given = {
        _camel(name): str(value).lower() if isinstance(value, bool) else str(value)
        for name, value in values.items()
        if value is not None and value != ""
    }
    return f"?{urlencode(given)}" if given else ""


def _camel(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(part.capitalize() for part in rest)

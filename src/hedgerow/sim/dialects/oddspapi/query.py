"""REST parameters and errors, as the feed reads and words them.

Source: the feed sheet's table of errors. Bodies are `{error, message, code}` with extra fields by class; a parameter
that cannot be read is a flattened validation error.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

MOST_BOOKMAKERS = 5

_TRUE, _FALSE = frozenset({"true", "1", "yes", "on", "t", "y"}), frozenset({"false", "0", "no", "off", "f", "n"})


class RestError(Exception):
    """An answer that is no success."""

    def __init__(self, status: int, code: str, message: str, **extra: Any) -> None:
        super().__init__(message)
        self.status, self.code, self.message, self.extra = status, code, message, extra

    def body(self) -> dict[str, Any]:
        return {"error": self.status, "message": self.message, "code": self.code, **self.extra}


def invalid_filters(message: str = "Invalid filters.") -> RestError:
    """No lookup mode was chosen, or more than one."""
    return RestError(400, "invalid_filters", message)


def not_found(what: str) -> RestError:
    return RestError(404, "not_found", f"{what} not found")


def sport_not_allowed(denied: list[int]) -> RestError:
    return RestError(403, "sport_not_allowed", "Access denied: sport not allowed.", denied=denied)


def bookmaker_not_allowed(slug: str) -> RestError:
    return RestError(403, "bookmaker_not_allowed", "Access denied: bookmaker not allowed.", bookmaker=slug)


def _unreadable(name: str, kind: str, message: str, given: str | None) -> RestError:
    detail = {"type": kind, "loc": ["query", name], "msg": message, "input": given}
    return RestError(422, "validation_error", "Validation error", details=[detail])


class Query:
    """A call's parameters. Every reader answers None (or an empty list) for a parameter that was not given."""

    def __init__(self, given: Mapping[str, list[str]]) -> None:
        """given: the values of each parameter; one that is given twice is one list."""
        self._given = {name: ",".join(values) for name, values in given.items()}

    def text(self, name: str) -> str | None:
        return self._given.get(name, "").strip() or None

    def required_text(self, name: str) -> str:
        value = self.text(name)
        if value is None:
            raise _unreadable(name, "missing", "Field required", self._given.get(name))
        return value

    def integer(self, name: str) -> int | None:
        value = self.text(name)
        return None if value is None else _integer(name, value)

    def flag(self, name: str) -> bool | None:
        value = self.text(name)
        if value is None:
            return None
        if value.lower() in _TRUE:
            return True
        if value.lower() in _FALSE:
            return False
        raise _unreadable(name, "bool_parsing", "Input should be a valid boolean, unable to interpret input", value)

    def texts(self, name: str) -> list[str]:
        """A list, separated by commas or spaces, without repetitions."""
        parts = re.split(r"[,\s]+", self._given.get(name, ""))
        return list(dict.fromkeys(part for part in parts if part))

    def integers(self, name: str) -> list[int]:
        return [_integer(name, value) for value in self.texts(name)]

    def bookmakers(self) -> list[str]:
        """At most five; `*` and `all` mean no filter."""
        slugs = self.texts("bookmakers")
        if len(slugs) > MOST_BOOKMAKERS:
            raise RestError(400, "too_many_bookmakers", "Too many bookmakers.", hint="Only 5 bookmakers allowed")
        return [] if slugs in (["*"], ["all"]) else slugs


def _integer(name: str, value: str) -> int:
    if not re.fullmatch(r"[+-]?\d{1,18}", value, re.ASCII):
        message = "Input should be a valid integer, unable to parse string as an integer"
        raise _unreadable(name, "int_parsing", message, value)
    return int(value)

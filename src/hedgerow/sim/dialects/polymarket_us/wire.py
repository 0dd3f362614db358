"""Requests in, answers out: error bodies, parameters, pages, money and times as the venue writes them.

Bodies of errors: `{"code", "message", "details"}` with gRPC's numbers; the gateway's own, for too many requests, is
`{"status", "message"}`. Source: the sheet's section 8; which status belongs to which number is assumed.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import msgspec
from aiohttp import web

from hedgerow.core.clock import datetime_of_ms
from hedgerow.core.money import decimal_of
from hedgerow.sim.site import json_answer

Json = dict[str, Any]
T = TypeVar("T")

INVALID, NOT_FOUND, PRECONDITION, UNAUTHENTICATED = 3, 5, 9, 16
_LONGEST_PAGE = 100


class Denial(Exception):  # noqa: N818
    """A request that is answered with an error status."""

    def __init__(self, status: int, code: int, message: str) -> None:
        super().__init__(f"{status}: {message}")
        self.status, self.body = status, {"code": code, "message": message, "details": []}


class TooManyError(Exception):
    """More requests than the venue takes in a second."""


def invalid(message: str) -> Denial:
    return Denial(400, INVALID, message)


def not_found(message: str) -> Denial:
    return Denial(404, NOT_FOUND, message)


def usd(micros: int) -> Json:
    """An amount: decimal text with four decimals at least, and the currency."""
    whole, fraction = divmod(abs(micros), 1_000_000)
    text = f"{fraction:06d}"
    digits = text if text[4:] != "00" else text[:4]
    return {"value": f"{'-' if micros < 0 else ''}{whole}.{digits}", "currency": "USD"}


def quantity(micros: int) -> str:
    """Contracts as decimal text, e.g. "19.6000"."""
    return f"{decimal_of(micros):.4f}"


def time_text(ms: int) -> str:
    """UTC with nanoseconds, e.g. 2026-11-21T17:00:00.250000000Z."""
    return f"{datetime_of_ms(ms):%Y-%m-%dT%H:%M:%S}.{ms % 1000:03d}000000Z"


@dataclass(frozen=True, slots=True)
class Call:
    """A request of a known account, its body read; of nobody's on the gateway."""

    request: web.Request
    account: str
    body: bytes

    def text(self, name: str) -> str:
        return self.request.query.get(name, "")

    def texts(self, name: str) -> list[str]:
        """A parameter that is repeated."""
        return self.request.query.getall(name, [])

    def flag(self, name: str) -> bool | None:
        return {"true": True, "false": False}.get(self.text(name))

    def number(self, name: str, default: int) -> int:
        """Raises Denial (400) for a text that is no whole number."""
        text = self.text(name)
        if not text:
            return default
        if not text.isascii() or not text.isdigit() or len(text) > 9:
            raise invalid(f"invalid value for {name}")
        return int(text)

    def part(self, name: str) -> str:
        """A part of the path."""
        return self.request.match_info[name]

    def read(self, kind: type[T]) -> T:
        """The body. Raises Denial (400) for another shape."""
        try:
            return msgspec.json.decode(self.body or b"{}", type=kind)
        except (msgspec.MsgspecError, UnicodeDecodeError) as error:
            raise invalid(f"invalid request: {error}") from None

    def page(self, name: str, rows: Sequence[Any]) -> Json:
        """The page of a list that is asked for by cursor."""
        start, size = self.number("cursor", 0), self._size()
        end = start + size
        is_last = end >= len(rows)
        return {name: rows[start:end], "nextCursor": "" if is_last else str(end), "eof": is_last}

    def rows(self, rows: Sequence[T]) -> Sequence[T]:
        """The part of a list that is asked for by offset."""
        start = self.number("offset", 0)
        return rows[start : start + self._size()]

    def _size(self) -> int:
        return max(1, min(self.number("limit", _LONGEST_PAGE), _LONGEST_PAGE))


@web.middleware
async def denials(request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]) -> Any:
    """Denials, and what the router does not know, in the venue's shapes."""
    try:
        return await handler(request)
    except TooManyError:
        return json_answer({"status": 429, "message": "Too Many Requests"}, 429)
    except Denial as problem:
        return json_answer(problem.body, problem.status)
    except web.HTTPException as problem:
        return json_answer({"code": NOT_FOUND, "message": problem.reason, "details": []}, problem.status)

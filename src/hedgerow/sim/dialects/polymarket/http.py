"""What the venue's HTTP sites share: refusals as answers, the texts of a query, and pages behind cursors."""

from __future__ import annotations

from base64 import b64decode, b64encode
from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar

from aiohttp import web

from hedgerow.sim.dialects.polymarket.orders import Refusal
from hedgerow.sim.dialects.polymarket.shapes import Json
from hedgerow.sim.dialects.polymarket.wallets import LoginRefused
from hedgerow.sim.site import Handler, json_answer

END_CURSOR = "LTE="
"""-1 in base64: there is no further page."""

_DIGITS = 18

Row = TypeVar("Row")


@web.middleware
async def refuse(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Answers what a handler refuses with the venue's error body."""
    try:
        return await handler(request)
    except LoginRefused as refusal:
        return json_answer({"error": refusal.text}, refusal.status)
    except Refusal as refusal:
        return refused(refusal)


def refused(refusal: Refusal, headers: dict[str, str] | None = None) -> web.Response:
    """The answer that a refusal gets."""
    wait_s = refusal.more.get("retry_after_seconds")
    waits = {} if wait_s is None else {"Retry-After": str(wait_s)}
    return json_answer({"error": refusal.text, **refusal.more}, refusal.status, headers={**(headers or {}), **waits})


def plain(answer: Callable[[web.Request], object]) -> Callable[[web.Request], Awaitable[web.Response]]:
    """A route whose answer is a value, sent as JSON."""

    async def handler(request: web.Request) -> web.Response:
        return json_answer(answer(request))

    return handler


def texts_of(request: web.Request, name: str) -> list[str]:
    """Every value of a query parameter, repeated or separated by commas."""
    return [part for value in request.query.getall(name, []) for part in value.split(",") if part]


def is_true(request: web.Request, name: str) -> bool | None:
    """A query's true or false; None when it does not say."""
    given = request.query.get(name)
    return None if given is None else given.lower() == "true"


def number_of(request: web.Request, name: str, default: int, highest: int) -> int:
    """A whole number from the query, from 0 to `highest`. Raises Refusal."""
    given = request.query.get(name)
    if given is None:
        return default
    number = whole(given)
    if number is None:
        raise Refusal(f"invalid {name}")
    return min(number, highest)


def whole(given: str) -> int | None:
    """The number that a text of plain digits is; None for any other text."""
    return int(given) if given.isdecimal() and len(given) <= _DIGITS else None


def cursor_of(offset: int) -> str:
    return b64encode(str(offset).encode()).decode()


def offset_of(cursor: str, refusal: str) -> int:
    """The place that a cursor names; an empty one is the beginning. Raises Refusal."""
    try:
        offset = int(b64decode(cursor, validate=True)) if cursor else 0
    except ValueError:
        raise Refusal(refusal) from None
    return offset


def page_of(rows: Sequence[Row], cursor: str, limit: int, refusal: str) -> tuple[Sequence[Row], str | None]:
    """One page and the cursor of the next; None at the end, and after it nothing comes. Raises Refusal."""
    offset = offset_of(cursor, refusal)
    if offset < 0:
        return [], None
    after = offset + limit
    return rows[offset:after], cursor_of(after) if after < len(rows) else None


def clob_page(rows: Sequence[Json], cursor: str, limit: int, refusal: str) -> Json:
    """A page as the CLOB lists it."""
    shown, following = page_of(rows, cursor, limit, refusal)
    return {"data": shown, "next_cursor": following or END_CURSOR, "limit": limit, "count": len(shown)}

"""Bridges with one fault each: around the reference bridge's answers, or inside it."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from decimal import Decimal
from typing import Any

from aiohttp import web
from tests.sim.dialects.bridge.harness import DEMO, Scene

from hedgerow.core.clock import NS_PER_MS, SteppedClock
from hedgerow.sim.dialects.bridge.dialect import Bridge
from hedgerow.sim.dialects.bridge.store import Job
from hedgerow.sim.dialects.bridge.wire import Door, Pace

from .reference import Break

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


def _rewriting(change: Callable[[web.Request, int, Any], tuple[int, Any]]) -> Break:
    """Every answer of the bridge is changed on its way out."""

    def breaks(_: Scene, app: web.Application) -> None:
        @web.middleware
        async def rewrite(request: web.Request, handler: Handler) -> web.StreamResponse:
            answer = await handler(request)
            assert isinstance(answer, web.Response)
            assert isinstance(answer.body, bytes)
            status, value = change(request, answer.status, json.loads(answer.body))
            return web.json_response(value, status=status)

        app.middlewares.insert(0, rewrite)

    return breaks


def _each_bet(change: Callable[[dict[str, Any]], None]) -> Break:
    """Every bet that is told is changed."""

    def rewrite(_: web.Request, status: int, value: Any) -> tuple[int, Any]:
        for bet in [value, value.get("bet") or {}, *value.get("bets", [])]:
            if "revision" in bet:
                change(bet)
        return status, value

    return _rewriting(rewrite)


# --- who it is ---------------------------------------------------------------------------------------------------


@_rewriting
def says_no_ground(request: web.Request, status: int, value: Any) -> tuple[int, Any]:
    if request.path.endswith("/info"):
        value["access"]["responsible"] = ""
    return status, value


def lets_everybody_in(scene: Scene, _: web.Application) -> None:
    async def anybody(request: web.Request) -> str:
        return DEMO

    scene.bridge._door.account_of = anybody  # type: ignore[method-assign]


class _Follows(Door):
    """Takes the router's clock for its own."""

    def _check_signature(self, request: web.Request, secret: str, body: bytes) -> None:
        clock = SteppedClock(int(request.headers.get("X-Bridge-Timestamp", "0")) * NS_PER_MS)
        self._clock = clock  # type: ignore[assignment]
        super()._check_signature(request, secret, body)


def checks_no_clock(scene: Scene, _: web.Application) -> None:
    follows = _Follows(scene.world.clock)
    follows._accounts = scene.bridge._door._accounts
    scene.bridge._door = follows


@_rewriting
def tells_money_as_numbers(request: web.Request, status: int, value: Any) -> tuple[int, Any]:
    if request.path.endswith("/balance"):
        value["available"] = float(value["available"])
    return status, value


@_rewriting
def tells_another_currency(request: web.Request, status: int, value: Any) -> tuple[int, Any]:
    return status, {**value, "currency": "EUR"} if request.path.endswith("/balance") else value


@_rewriting
def offers_what_it_does_not_know(request: web.Request, status: int, value: Any) -> tuple[int, Any]:
    if value.get("status") == "not_offered":
        value |= {"status": "open", "price": "2.0"}
    return status, value


@_rewriting
def repeats_the_token(request: web.Request, status: int, value: Any) -> tuple[int, Any]:
    if status >= 400:
        value["message"] += f" ({request.headers['Authorization']})"
    return status, value


def takes_any_member(scene: Scene, app: web.Application) -> None:
    """A body that is changed on its way has no right signature any more, so that none is asked for."""

    @web.middleware
    async def pick(request: web.Request, handler: Handler) -> web.StreamResponse:
        body = await request.read()
        if request.method == "PUT":
            value = json.loads(body)
            value.pop("surprise", None)
            request._read_bytes = json.dumps(value).encode()
        return await handler(request)

    scene.bridge._door._check_signature = lambda *_: None  # type: ignore[method-assign]
    app.middlewares.append(pick)


# --- placing -----------------------------------------------------------------------------------------------------


@_each_bet
def stands_at_one_revision(bet: dict[str, Any]) -> None:
    bet["revision"] = 1


@_each_bet
def tells_another_stake(bet: dict[str, Any]) -> None:
    if "placed" in bet:
        bet["placed"]["stake"] = "1.00"


class _Forgets:
    """A store that finds no bet."""

    def __init__(self, store: Any) -> None:
        self._store = store

    def job(self, account: str, reference: str) -> Job | None:
        return None

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)


def places_each_request(scene: Scene, _: web.Application) -> None:
    scene.bridge._desk._store = _Forgets(scene.bridge._store)  # type: ignore[assignment]


@_rewriting
def answers_a_conflict_with_the_bet(request: web.Request, status: int, value: Any) -> tuple[int, Any]:
    return (200, value["bet"]) if status == 409 else (status, value)


def ignores_the_time(scene: Scene, _: web.Application) -> None:
    real = scene.bridge._desk._send
    scene.bridge._desk._send = lambda job, not_after_ms: real(job, 2**60)  # type: ignore[method-assign]


def takes_any_stake(scene: Scene, _: web.Application) -> None:
    scene.book._stake = lambda stake, quote, cuts_to_limit: stake  # type: ignore[method-assign]


def takes_any_price(scene: Scene, _: web.Application) -> None:
    real = scene.book.place
    scene.book.place = lambda *args, **given: real(*args, **{**given, "least_price": Decimal(1)})  # type: ignore


# --- doubt -------------------------------------------------------------------------------------------------------


def forgets_fences(scene: Scene, _: web.Application) -> None:
    scene.bridge._store.is_fenced = lambda account, reference: False  # type: ignore[method-assign]


def sends_what_was_withdrawn(scene: Scene, _: web.Application) -> None:
    """A fence says that it withdrew the bet, and the bet goes on."""
    desk = scene.bridge._desk
    real = desk.fence

    def fence(account: str, reference: str) -> Any:
        job = scene.bridge._store.job(account, reference)
        if job is None or job.sent_ms is not None or job.refusal is not None:
            return real(account, reference)
        scene.bridge._store.fence(account, reference)
        return {"outcome": "withdrawn", "bet": desk.shape(job)}

    desk.fence = fence  # type: ignore[method-assign]


@_rewriting
def denies_every_bet(request: web.Request, status: int, value: Any) -> tuple[int, Any]:
    return status, {"outcome": "not_placed"} if request.path.endswith("/fence") else value


# --- settlement and changes --------------------------------------------------------------------------------------


@_each_bet
def pays_a_cent_less(bet: dict[str, Any]) -> None:
    if Decimal(bet["settlement"].get("returned", 0)) > 0:
        bet["settlement"]["returned"] = str(Decimal(bet["settlement"]["returned"]) - Decimal("0.01"))


@_each_bet
def numbers_no_correction(bet: dict[str, Any]) -> None:
    if "number" in bet["settlement"]:
        bet["settlement"]["number"] = 1


def never_waits(scene: Scene, _: web.Application) -> None:
    async def at_once(self: Bridge, account: str, seconds: float) -> None:
        return None

    scene.bridge._wait = at_once.__get__(scene.bridge)  # type: ignore[method-assign]


def waits_to_the_end(scene: Scene, _: web.Application) -> None:
    scene.bridge._wait = lambda account, seconds: scene.world.clock.sleep(seconds)  # type: ignore[method-assign]


def keeps_no_pace(scene: Scene, _: web.Application) -> None:
    class Endless(Pace):
        def keep(self, account: str, most: int) -> None:
            pass

    scene.bridge._desk._paces["bets"] = Endless(scene.world.clock)


@_rewriting
def does_not_say_when_to_come_again(request: web.Request, status: int, value: Any) -> tuple[int, Any]:
    value.pop("retryAfterSeconds", None)
    return status, value


# --- what the reference bridge has not -----------------------------------------------------------------------------


def with_odds(status_of_old: int) -> Break:
    """The bridge also tells odds. status_of_old: what it answers to a cursor that it does not know."""

    def breaks(scene: Scene, app: web.Application) -> None:
        @web.middleware
        async def tell(request: web.Request, handler: Handler) -> web.StreamResponse:
            answer = await handler(request)
            assert isinstance(answer, web.Response)
            assert isinstance(answer.body, bytes)
            value = json.loads(answer.body)
            if request.path.endswith("/info"):
                return web.json_response({**value, "capabilities": [*value["capabilities"], "odds"]})
            if not request.path.endswith("/odds"):
                return answer
            if "cursor" in request.query and status_of_old != 200:
                problem = {"code": "malformed", "message": "old", "outcome": "not_applicable", "retry": "never"}
                return web.json_response(problem, status=status_of_old)
            item = {"selection": scene.selection(), "active": True, "updatedAt": "2026-11-21T12:00:00.000Z"}
            return web.json_response({"cursor": "1", "snapshot": True, "hasMore": False, "items": [item]})

        app.middlewares.insert(0, tell)

    return breaks

"""The simulated bridge for the world: its site, its accounts, its switches."""

from __future__ import annotations

import asyncio
import hashlib
import uuid
from collections.abc import Awaitable, Callable
from decimal import Decimal
from typing import Any

from aiohttp import web

from hedgerow.core.tasks import spawn, stop, work
from hedgerow.sim.dialects.bridge import shapes
from hedgerow.sim.dialects.bridge.desk import Desk
from hedgerow.sim.dialects.bridge.requests import BetRequest, QuoteRequest, read
from hedgerow.sim.dialects.bridge.store import Store
from hedgerow.sim.dialects.bridge.terms import BASES, Terms
from hedgerow.sim.dialects.bridge.wire import Door, Problem, malformed, problems, time_text
from hedgerow.sim.orders import State
from hedgerow.sim.site import Socket, application, json_answer, lose_answer
from hedgerow.sim.world import Emptied, World, WorldEvent

Json = dict[str, Any]
Operation = Callable[[web.Request, str], Awaitable[web.StreamResponse]]
"""(request, the token's account) -> answer."""

_BASE = "/bridge/v1"
_MOST_CHANGES, _LONGEST_WAIT_S = 1_000, 30


class Bridge:
    """Site `rest`: the bridge protocol 1.0 of one bookmaker."""

    def __init__(self, world: World, slug: str, terms: Terms | None = None) -> None:
        self.slug = slug
        self.terms = terms or Terms()
        self.book = world.add_bookmaker(slug)
        self.book.buys_back = True
        self._clock = world.clock
        self._door = Door(world.clock)
        self._store = Store(world.clock)
        self._desk = Desk(world, self.book, self._store, self.terms)
        for account in self.book.balances:
            keys = self.demo_credentials(account)
            self._door.register(account, keys["password"], keys["hmac_secret"])
        world.on_event(self._on_world)

    def sites(self) -> dict[str, web.Application]:
        app = application(self._clock, self.book.faults)
        app.middlewares.append(problems)
        app.add_routes(self._routes())
        return {"rest": app}

    def sockets(self) -> list[Socket]:
        """The protocol has no WebSockets."""
        return []

    def demo_credentials(self, account: str) -> dict[str, str]:
        """Token and signing secret of a default account: throw-away, the same in every world. Raises KeyError for
        another."""
        if account not in self.book.balances:
            raise KeyError(account)
        return {
            "username": account,
            "password": _throw_away("token", account),
            "hmac_secret": _throw_away("secret", account),
        }

    def patch(self, switches: Json) -> None:
        """Switches of bridges alone; `{}` resets them. Raises ValueError for a wrong one.

        `holdMs`: a bet waits in the bridge for so long before the bookmaker gets it. `basis`: the ground of access
        that `/info` tells. `quotesPerMinute`, `betsPerMinute`: the pace that is declared and kept. `statement`: whether
        results are told.
        """
        changed = Terms() if not switches else Terms(**{name: getattr(self.terms, name) for name in _SWITCHED})
        for name, value in switches.items():
            _set(changed, name, value)
        for name in _SWITCHED:
            setattr(self.terms, name, getattr(changed, name))

    def _on_world(self, event: WorldEvent) -> None:
        if isinstance(event, Emptied):
            self._store.clear()

    # --- routes ----------------------------------------------------------------------------------------------

    def _routes(self) -> list[web.RouteDef]:
        account = _BASE + "/accounts/{account}"
        bet = account + "/bets/{reference}"
        return [
            web.get(f"{_BASE}/info", self._handles(self._info)),
            web.get(f"{_BASE}/health", self._handles(self._health)),
            web.get(f"{_BASE}/accounts", self._handles(self._accounts)),
            web.get(f"{account}/balance", self._handles(self._balance)),
            web.post(f"{account}/quotes", self._handles(self._quote)),
            web.get(f"{account}/bets", self._handles(self._changes)),
            web.put(bet, self._handles(self._put)),
            web.get(bet, self._handles(self._get)),
            web.post(f"{bet}/fence", self._handles(self._fence)),
            web.delete(bet, self._handles(self._not_declared)),
            web.get(f"{_BASE}/odds", self._handles(self._not_declared)),
            web.get(f"{_BASE}/events", self._handles(self._not_declared)),
        ]

    def _handles(self, operation: Operation) -> Any:
        async def handle(request: web.Request) -> web.StreamResponse:
            account = await self._door.account_of(request)
            named = request.match_info.get("account", account)
            if named != account:
                raise Problem(404, "unknown_account", "the token may not use such an account")
            return await operation(request, account)

        return handle

    async def _info(self, request: web.Request, account: str) -> web.Response:
        terms = self.terms
        return json_answer(
            {
                "protocol": "1.0",
                "bookmaker": self.slug,
                "bridgeVersion": "1.0.0",
                "simulated": terms.simulated,
                "access": {"basis": terms.basis, "responsible": "the simulated world"},
                "capabilities": ["partial", "cashout_report", *(["statement_settlement"] if terms.statement else [])],
                "currencies": [self.book.currency],
                "idempotencyDays": 30,
                "liveDelaySeconds": 0,
                "decisionSeconds": {"typical": 1, "maximum": 30},
                "pacing": {
                    "quotesPerMinute": terms.quotes_per_minute,
                    "betsPerMinute": terms.bets_per_minute,
                    "concurrentBets": terms.concurrent_bets,
                },
            }
        )

    async def _health(self, request: web.Request, account: str) -> web.Response:
        return json_answer({"status": "up", "betting": "all", "asOf": time_text(self._clock.now_ms())})

    async def _accounts(self, request: web.Request, account: str) -> web.Response:
        return json_answer({"accounts": [{"account": account, "currency": self.book.currency, "active": True}]})

    async def _balance(self, request: web.Request, account: str) -> web.Response:
        bets = (bet for bet in self.book.bets.values() if bet.account == account)
        held = sum((bet.stake for bet in bets if bet.state in (State.ACCEPTED, State.PENDING)), Decimal(0))
        return json_answer(
            {
                "available": shapes.amount(self.book.balances[account]),
                "open": shapes.amount(held),
                "currency": self.book.currency,
                "asOf": time_text(self._clock.now_ms()),
            }
        )

    async def _quote(self, request: web.Request, account: str) -> web.Response:
        return json_answer(self._desk.quote(account, read(await request.read(), QuoteRequest)))

    # --- bets ------------------------------------------------------------------------------------------------

    async def _put(self, request: web.Request, account: str) -> web.Response:
        """Its answer may get lost, once the bet is taken."""
        body = read(await request.read(), BetRequest, "not_placed")
        job, is_new = self._desk.put(account, _reference(request), body)
        if is_new and job.refusal is None and self.book.faults.loses_answer():
            lose_answer(request)
        return json_answer(self._desk.shape(job), 201 if is_new else 200)

    async def _get(self, request: web.Request, account: str) -> web.Response:
        job = self._store.job(account, _reference(request))
        if job is None:
            raise Problem(404, "unknown_reference", "no bet has the reference")
        return json_answer(self._desk.shape(job))

    async def _fence(self, request: web.Request, account: str) -> web.Response:
        return json_answer(self._desk.fence(account, _reference(request)))

    async def _changes(self, request: web.Request, account: str) -> web.Response:
        after = _number(request, "after", 0, 2**62)
        limit = _number(request, "limit", 200, _MOST_CHANGES, least=1)
        wait_s = _number(request, "wait", 0, _LONGEST_WAIT_S)
        if wait_s and not self._store.changes(account, after):
            await self._wait(account, wait_s)
        changed = self._store.changes(account, after)
        bets = [self._desk.shape(job) for job in changed[:limit]]
        return json_answer({"bets": bets, "hasMore": len(changed) > limit})

    async def _wait(self, account: str, seconds: float) -> None:
        """Until the account's next change, so long at most."""
        change = spawn(self._store.changed(account), f"{self.slug} bridge change")
        limit = spawn(self._clock.sleep(seconds), f"{self.slug} bridge wait")
        try:
            with work.resting():
                await asyncio.wait({change, limit}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            await stop(change, limit)

    async def _not_declared(self, request: web.Request, account: str) -> web.Response:
        raise Problem(404, "unsupported", "the capability is not declared")


_SWITCHED = ("hold_s", "basis", "quotes_per_minute", "bets_per_minute", "statement")


def _set(terms: Terms, name: str, value: Any) -> None:
    is_number = isinstance(value, int | Decimal) and not isinstance(value, bool)
    match name:
        case "holdMs" if is_number and value >= 0:
            terms.hold_s = float(value) / 1000
        case "basis" if value in BASES:
            terms.basis = value
        case "quotesPerMinute" if is_number and value > 0:
            terms.quotes_per_minute = int(value)
        case "betsPerMinute" if is_number and value > 0:
            terms.bets_per_minute = int(value)
        case "statement" if isinstance(value, bool):
            terms.statement = value
        case _:
            raise ValueError(f"switch {name} is unknown or has a wrong value")


def _reference(request: web.Request) -> str:
    """The path's reference, in lower case. Raises Problem 422 for what is no UUID."""
    try:
        return str(uuid.UUID(request.match_info["reference"]))
    except ValueError:
        raise malformed("the reference is no UUID", "not_placed") from None


def _number(request: web.Request, name: str, default: int, most: int, *, least: int = 0) -> int:
    text = request.query.get(name, str(default))
    if not (text.isascii() and text.isdigit() and len(text) <= 18 and least <= int(text) <= most):
        raise malformed(f"{name} must be a whole number from {least} to {most}")
    return int(text)


def _throw_away(what: str, account: str) -> str:
    return hashlib.sha256(f"hedgerow simulated bridge {what} {account}".encode()).hexdigest()[:32]

"""The simulated Cloudbet for the world: its site, its accounts, its switches."""

from __future__ import annotations

import hashlib
from dataclasses import fields, replace
from decimal import Decimal
from typing import Any

from aiohttp import web

from hedgerow.sim import cloudbet_ids
from hedgerow.sim.dialects.cloudbet.offer import Offer
from hedgerow.sim.dialects.cloudbet.terms import Terms
from hedgerow.sim.dialects.cloudbet.trading import Trading
from hedgerow.sim.dialects.cloudbet.wire import Call, Door, denials
from hedgerow.sim.site import Socket, application, lose_answer
from hedgerow.sim.world import Emptied, World, WorldEvent

Json = dict[str, Any]


class Cloudbet:
    """Site `rest`: Feed v2, Account v1 and Trading v3 on one host, as there."""

    prefix = ""
    """Of every path."""

    def __init__(self, world: World, terms: Terms | None = None, slug: str = cloudbet_ids.CLIENT) -> None:
        self.slug = slug
        self.terms = terms or Terms()
        self.book = world.add_bookmaker(slug)
        self._clock = world.clock
        self._door = Door(self.terms, world.clock)
        self._offer = Offer(world, self.book)
        self._trading = Trading(world, self.book, self._offer, self.terms)
        world.on_event(self._on_world)
        for account in self.book.balances:
            self._door.register(self.demo_credentials(account)["password"], account)

    def sites(self) -> dict[str, web.Application]:
        app = application(self._clock, self.book.faults)
        app.middlewares.append(denials)
        app.add_routes(self._routes())
        return {"rest": app}

    def sockets(self) -> list[Socket]:
        """No stream is documented."""
        return []

    def demo_credentials(self, account: str) -> dict[str, str]:
        """The API key of a default account, as its `password`: throw-away, the same in every world. Raises KeyError
        for another."""
        if account not in self.book.balances:
            raise KeyError(account)
        digest = hashlib.sha256(f"hedgerow simulated {self.slug} {account}".encode()).hexdigest()
        return {"password": f"throwaway-{digest[:32]}"}

    def patch(self, switches: Json) -> None:
        """Switches of this venue alone; `{}` resets them. Raises ValueError for a wrong one.

        `pendingSeconds` (≥ 0), `accountShare` (of the feed's maximum, above 0 and at most 1), `isRestricted` and
        `hasTradingAccess` (true or false).
        """
        wanted = replace(self.terms) if switches else Terms()
        for name, value in switches.items():
            _set(wanted, name, value)
        for term in fields(Terms):
            setattr(self.terms, term.name, getattr(wanted, term.name))

    def _on_world(self, event: WorldEvent) -> None:
        if isinstance(event, Emptied):
            self._trading.clear()
            self._door.clear()

    # --- routes ----------------------------------------------------------------------------------------------

    def _routes(self) -> list[web.RouteDef]:
        handles, offer, trading = self._door.handles, self._offer, self._trading
        feed, account, bets = (f"{self.prefix}/pub/{part}" for part in ("v2/odds", "v1/account", "v3/bets"))
        return [
            web.get(f"{feed}/sports", handles(offer.sports)),
            web.get(f"{feed}/events", handles(offer.events)),
            web.get(f"{feed}/events/{{event_id}}", handles(offer.event)),
            web.post(f"{feed}/lines", handles(offer.line, pace="lines")),
            web.get(f"{account}/currencies", handles(lambda _: {"currencies": [self.book.currency]})),
            web.get(f"{account}/currencies/{{currency}}/balance", handles(self._balance)),
            web.post(f"{bets}/place", handles(self._place, trades=True)),
            web.get(f"{bets}/history", handles(trading.history, pace="history", trades=True)),
            web.get(f"{bets}/{{reference}}/status", handles(trading.status, trades=True)),
        ]

    def _place(self, call: Call) -> Json:
        """Its answer may get lost, once the bet is taken."""
        answer, is_taken = self._trading.place(call)
        if is_taken and self.book.faults.loses_answer():
            lose_answer(call.request)
        return answer

    def _balance(self, call: Call) -> Json:
        has_it = call.named("currency") == self.book.currency
        return {"amount": f"{self.book.balances[call.account]:f}" if has_it else "0"}


def _set(terms: Terms, name: str, value: Any) -> None:
    is_number = isinstance(value, int | float | Decimal) and not isinstance(value, bool)
    match name:
        case "pendingSeconds" if is_number and value >= 0:
            terms.pending_s = float(value)
        case "accountShare" if is_number and 0 < value <= 1:
            terms.account_share = Decimal(str(value))
        case "isRestricted" if isinstance(value, bool):
            terms.is_restricted = value
        case "hasTradingAccess" if isinstance(value, bool):
            terms.has_trading_access = value
        case _:
            raise ValueError(f"switch {name} is unknown or has a wrong value")

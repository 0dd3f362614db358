"""The simulated broker for the world: its site, its accounts, its switch."""

from __future__ import annotations

import hashlib
from typing import Any

from aiohttp import web

from hedgerow.sim.dialects.singbet.desk import Desk, Terms
from hedgerow.sim.dialects.singbet.wire import BASE, Call, Door, Json, denials, good
from hedgerow.sim.singbet_ids import SLUG
from hedgerow.sim.site import Socket, application, lose_answer
from hedgerow.sim.world import Emptied, World, WorldEvent

_MOST_TICKETS = 5


class Singbet:
    """Site `rest`: AsianOdds' Web API."""

    slug = SLUG

    def __init__(self, world: World, terms: Terms | None = None) -> None:
        self.terms = terms or Terms()
        self.book = world.add_bookmaker(SLUG)
        self._clock = world.clock
        self._door = Door(world.clock)
        self._desk = Desk(world, self.book, self.terms)
        world.on_event(self._on_world)
        for account in self.book.balances:
            self._door.enter(account, self.demo_credentials(account)["password"])

    def sites(self) -> dict[str, web.Application]:
        app = application(self._clock, self.book.faults)
        app.middlewares.append(denials)
        app.add_routes(self._routes())
        return {"rest": app}

    def sockets(self) -> list[Socket]:
        """The Web API has no streams."""
        return []

    def demo_credentials(self, account: str) -> dict[str, str]:
        """Name and password of a default account: throw-away, the same in every world. Raises KeyError for another."""
        if account not in self.book.balances:
            raise KeyError(account)
        return {
            "username": account,
            "password": f"throwaway-{hashlib.sha256(f'{SLUG} {account}'.encode()).hexdigest()[:16]}",
        }

    def patch(self, switches: dict[str, Any]) -> None:
        """The switch of this venue alone; `{}` resets it. Raises ValueError for a wrong one.

        `ticketsPerBet` (1 to 5): so many tickets are made of one bet.
        """
        if unknown := sorted(set(switches) - {"ticketsPerBet"}):
            raise ValueError(f"switch {unknown[0]} is unknown")
        count = switches.get("ticketsPerBet", 1)
        if not isinstance(count, int) or isinstance(count, bool) or not 1 <= count <= _MOST_TICKETS:
            raise ValueError("switch ticketsPerBet has a wrong value")
        self.terms.tickets = count

    def _on_world(self, event: WorldEvent) -> None:
        if isinstance(event, Emptied):
            self._door.clear()

    def _routes(self) -> list[web.RouteDef]:
        door, desk = self._door, self._desk
        gets = {
            "IsLoggedIn": lambda _: good({"CurrentlyLoggedIn": True}),
            "Logout": door.log_out,
            "GetAccountSummary": desk.summary,
            "GetBetByReference": desk.by_reference,
            "GetBets": desk.bets,
            "GetRunningBets": desk.running,
            "GetNonRunningBets": desk.non_running,
            "GetBetHistorySummary": desk.history,
        }
        return [
            web.get(f"{BASE}/Login", door.log_in),
            web.get(f"{BASE}/Register", door.register),
            *(web.get(f"{BASE}/{name}", door.handles(operation)) for name, operation in gets.items()),
            web.post(f"{BASE}/GetPlacementInfo", door.handles(desk.quote)),
            web.post(f"{BASE}/PlaceBet", door.handles(self._place)),
        ]

    def _place(self, call: Call) -> Json:
        """Its answer may get lost, once the bet is taken."""
        answer = self._desk.place(call)
        if self.book.faults.loses_answer():
            lose_answer(call.request)
        return answer

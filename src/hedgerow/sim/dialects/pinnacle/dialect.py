"""The simulated Pinnacle for the world: its site, its accounts, its switches."""

from __future__ import annotations

from dataclasses import asdict, replace
from decimal import Decimal
from typing import Any

import msgspec
from aiohttp import web

from hedgerow.sim import pinnacle_ids
from hedgerow.sim.dialects.pinnacle.catalogue import Lists
from hedgerow.sim.dialects.pinnacle.lines import Lines
from hedgerow.sim.dialects.pinnacle.memory import Memory
from hedgerow.sim.dialects.pinnacle.offer import Offer
from hedgerow.sim.dialects.pinnacle.placing import Placing
from hedgerow.sim.dialects.pinnacle.reading import Reading
from hedgerow.sim.dialects.pinnacle.settled import SettledFixtures
from hedgerow.sim.dialects.pinnacle.single import SingleLines
from hedgerow.sim.dialects.pinnacle.terms import BettingStatus, Terms
from hedgerow.sim.dialects.pinnacle.wire import Call, Door, answered, denials, invalid
from hedgerow.sim.orders import State
from hedgerow.sim.site import Socket, application, lose_answer
from hedgerow.sim.world import Emptied, World, WorldEvent

Json = dict[str, Any]

# Fixed throw-away passwords; Pinnacle allows ten characters at most.
_PASSWORDS = {"demo_pinnacle": "throwaway1", "rival_pinnacle": "throwaway2", "demo_pinnacleb2b": "throwaway3"}

_REASONS = (
    ("FBS_CW_65", "The event was postponed"),
    ("FBS_CW_227", "The event was cancelled"),
)


class Pinnacle:
    """Site `rest`: Lines API, Bets API v4 and Customer API on one host, as there."""

    def __init__(self, world: World, terms: Terms | None = None, slug: str = pinnacle_ids.CLIENT) -> None:
        self.slug = slug
        self.terms = terms or Terms()
        self._given = replace(self.terms)
        self.book = world.add_bookmaker(slug)
        self._clock = world.clock
        self._door = Door(self.terms, world.clock)
        self._lines = Lines(world, slug)
        self._lists = Lists(world, self._lines)
        self._offer = Offer(world, self._lines, self.terms)
        self._single = SingleLines(self._lines, self.terms)
        self._settled = SettledFixtures(world, self._lines)
        self._memory = Memory(self.book, self.terms, world.clock)
        self._placing = Placing(self.book, self._lines, self._memory, self.terms)
        self._reading = Reading(self.book, self._memory, world.clock)
        world.on_event(self._on_world)
        for account in self.book.balances:
            self._door.register(account, _PASSWORDS[account])

    def sites(self) -> dict[str, web.Application]:
        app = application(self._clock, self.book.faults)
        app.middlewares.append(denials)
        app.add_routes(self._routes())
        return {"rest": app}

    def sockets(self) -> list[Socket]:
        """Pinnacle has no streams."""
        return []

    def demo_credentials(self, account: str) -> dict[str, str]:
        """`username` and `password` of a default account. Raises KeyError for another."""
        return {"username": account, "password": _PASSWORDS[account]}

    def patch(self, switches: dict[str, Any]) -> None:
        """Switches of this venue alone; `{}` resets them. Raises ValueError for a wrong one.

        `oddsIntervalSeconds`, `snapshotCacheSeconds`, `liveDelaySeconds` (≥ 0), `bettingStatus` (the API's words),
        `hasApiAccess`, `hasLineMaximum` and `knowsAddress` (true or false).
        """
        seconds = {
            "oddsIntervalSeconds": "odds_interval_s",
            "snapshotCacheSeconds": "snapshot_cache_s",
            "liveDelaySeconds": "live_delay_s",
        }
        flags = {
            "hasApiAccess": "has_api_access",
            "hasLineMaximum": "has_line_maximum",
            "knowsAddress": "knows_address",
        }
        changes: dict[str, Any] = {} if switches else asdict(self._given)
        for name, value in switches.items():
            if (
                name in seconds
                and isinstance(value, int | float | Decimal)
                and not isinstance(value, bool)
                and value >= 0
            ):
                changes[seconds[name]] = float(value)
            elif name in flags and isinstance(value, bool):
                changes[flags[name]] = value
            elif name == "bettingStatus":
                changes["betting"] = BettingStatus(value)
            else:
                raise ValueError(f"switch {name} is unknown or has a wrong value")
        for name, value in changes.items():
            setattr(self.terms, name, value)

    def _on_world(self, event: WorldEvent) -> None:
        if isinstance(event, Emptied):
            self._memory.clear()
            self._reading.clear()
            self._offer.clear()

    # --- routes ----------------------------------------------------------------------------------------------

    def _routes(self) -> list[web.RouteDef]:
        handles, lists, offer = self._door.handles, self._lists, self._offer
        return [
            web.get("/v2/sports", handles(lists.sports)),
            web.get("/v2/leagues", handles(lists.leagues)),
            web.get("/v1/periods", handles(lists.period_names)),
            web.get("/v2/currencies", handles(lists.currencies)),
            web.get("/v1/fixtures", handles(offer.fixtures)),
            web.get("/v1/fixtures/settled", handles(self._settled.answer)),
            web.get("/v1/fixtures/special", handles(self._no_specials)),
            web.get("/v1/fixtures/special/settled", handles(self._no_specials)),
            web.get("/v2/odds", handles(offer.odds, paced=True)),
            web.get("/v1/odds/special", handles(self._no_specials, paced=True)),
            web.get("/v1/line", handles(self._single.line, paced=True)),
            web.get("/v1/line/special", handles(lambda _: {"status": "NOT_EXISTS"}, paced=True)),
            web.get("/v1/inrunning", handles(offer.in_running)),
            web.get("/v1/cancellationreasons", handles(self._cancellation_reasons)),
            web.get("/v1/client/balance", handles(self._balance)),
            web.get("/v4/bets/betting-status", handles(lambda _: {"status": self.terms.betting.value})),
            web.get("/v4/bets", handles(self._reading.bets)),
            *self._placements(),
        ]

    def _placements(self) -> list[web.RouteDef]:
        return [
            web.post("/v4/bets/straight", self._place_straight),
            web.post("/v4/bets/special", self._door.handles(self._place_special)),
        ]

    async def _place_straight(self, request: web.Request) -> web.StreamResponse:
        """Its answer may get lost, once the bet is taken."""

        def place(call: Call) -> web.Response:
            answer = self._placing.straight(call.account, call.body)
            if answer["status"] != "PROCESSED_WITH_ERROR" and self.book.faults.loses_answer():
                lose_answer(request)
            return answered(request, answer)

        response: web.StreamResponse = await self._door.handles(place)(request)
        return response

    def _place_special(self, call: Call) -> Json:
        """There are none, so none is found."""
        try:
            bets = msgspec.json.decode(call.body)["bets"]
            ids = [str(bet["uniqueRequestId"]) for bet in bets]
        except (msgspec.DecodeError, KeyError, TypeError):
            raise invalid("bets are required") from None
        error = {"status": "PROCESSED_WITH_ERROR", "errorCode": "CONTEST_NOT_FOUND"}
        return {"bets": [{**error, "uniqueRequestId": request_id} for request_id in ids]}

    def _no_specials(self, call: Call) -> Json:
        return {"sportId": call.needed("sportId"), "last": self._lines.last_change, "leagues": []}

    def _cancellation_reasons(self, call: Call) -> Json:
        return {"cancellationReasons": [{"code": code, "description": text} for code, text in _REASONS]}

    def _balance(self, call: Call) -> Json:
        bets = (bet for bet in self.book.bets.values() if bet.account == call.account)
        at_risk = sum((bet.stake for bet in bets if bet.state in (State.ACCEPTED, State.PENDING)), Decimal("0.00"))
        return {
            "availableBalance": self.book.balances[call.account],
            "outstandingTransactions": at_risk,
            "givenCredit": Decimal("0.00"),
            "currency": self.book.currency,
        }

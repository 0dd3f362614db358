"""The script API: the world as an HTTP API, for tests, rehearsals and demonstrations.

Handlers say what a call means in the world; bodies and their errors are `script_wire`. Source: the simulation
contract.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from aiohttp import web

from hedgerow.core.errors import ApiError, InputError
from hedgerow.core.ids import FixtureId, OutcomeId, OutcomeKey, PlayerId, fixture_id_parts
from hedgerow.core.money import MICRO, decimal_of, micros
from hedgerow.core.states import Side
from hedgerow.sim.bookmaker import Bet, Bookmaker, Quote
from hedgerow.sim.faults import Behaviour
from hedgerow.sim.orders import Match, Rejection
from hedgerow.sim.replays import Replays, Wanted
from hedgerow.sim.script_wire import (
    BehaviourBody,
    CashoutBody,
    FixtureBody,
    OddsBody,
    ReplayBody,
    SettleBody,
    TakeBody,
    convert,
    decode,
    given,
    invalid,
    results_of,
    split,
)
from hedgerow.sim.site import json_answer
from hedgerow.sim.stepping import Followers
from hedgerow.sim.venues import Venues
from hedgerow.sim.world import LIVE, PREGAME, Fixture, World

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

_LARGEST_BODY = 16 * 1024 * 1024
_STARTS_AFTER_S = 3_600
_DEFAULT_SPORT = 10


class ScriptApi:
    """The calls of the script on one world."""

    def __init__(self, world: World, venues: Venues, replays: Replays, followers: Followers) -> None:
        self._world, self._venues, self._replays, self._followers = world, venues, replays, followers

    def application(self) -> web.Application:
        app = web.Application(middlewares=[_tell_errors], client_max_size=_LARGEST_BODY)
        app.add_routes(
            [
                web.get("/sim/state", self._state),
                web.get("/sim/clock", self._followers.follow),
                web.put("/sim/fixtures/{fixtureId}", self._put_fixture),
                web.post("/sim/fixtures/{fixtureId}/settle", self._settle),
                web.put("/sim/odds", self._put_odds),
                web.patch("/sim/venues/{slug}", self._patch_venue),
                web.get("/sim/venues/{slug}/ledger", self._ledger),
                web.post("/sim/venues/{slug}/take", self._take),
                web.post("/sim/venues/{slug}/bets/{reference}/cashout", self._cash_out),
                web.post("/sim/venues/{slug}/bets/{reference}/cancel", self._call_off),
                web.post("/sim/replay", self._start_replay),
                web.get("/sim/replay", self._replay),
                web.delete("/sim/replay", self._stop_replay),
                web.post("/sim/reset", self._reset),
            ]
        )
        return app

    # --- state -----------------------------------------------------------------------------------------------

    async def _state(self, request: web.Request) -> web.Response:
        clock = self._world.clock
        return json_answer(
            {
                "clock": clock.now().isoformat(),
                "nowNs": clock.now_ns(),
                "pace": clock.pace.value,
                "speed": clock.speed,
                "followers": len(self._followers),
                "fixtures": [self._shape(fixture) for fixture in self._world.fixtures.values()],
                "venues": {slug: self._venues.describe(slug) for slug in self._venues.slugs()},
            }
        )

    def _shape(self, fixture: Fixture) -> dict[str, Any]:
        results = {str(outcome.outcome_id): result.value for outcome, result in fixture.results.items()}
        return {
            "fixtureId": fixture.fixture_id,
            "sportId": fixture.sport_id,
            "tournamentId": fixture.tournament_id,
            "participant1Name": fixture.participant1_name,
            "participant2Name": fixture.participant2_name,
            "startTime": fixture.start_time,
            "statusId": fixture.status_id,
            "live": fixture.live,
            "scores": fixture.scores,
            "results": results,
            "odds": len(self._world.quotes_of(fixture.fixture_id)),
        }

    # --- fixtures and odds -----------------------------------------------------------------------------------

    async def _put_fixture(self, request: web.Request) -> web.Response:
        body = decode(await request.read(), FixtureBody)
        fixture_id = FixtureId(request.match_info["fixtureId"])
        before = self._world.fixtures.get(fixture_id) or self._new_fixture(fixture_id)
        changes = given(body)
        if "status_id" in changes:
            changes.setdefault("live", changes["status_id"] == LIVE)
        fixture = _changed(before, changes)
        self._world.put_fixture(fixture)
        return json_answer(self._shape(fixture))

    def _new_fixture(self, fixture_id: FixtureId) -> Fixture:
        parts = fixture_id_parts(fixture_id)
        return Fixture(
            fixture_id,
            parts.sport_id if parts else _DEFAULT_SPORT,
            parts.tournament_id if parts else 0,
            "Participant 1",
            "Participant 2",
            self._world.clock.now_ms() // 1000 + _STARTS_AFTER_S,
            status_id=PREGAME,
        )

    async def _put_odds(self, request: web.Request) -> web.Response:
        rows = decode(await request.read(), list[OddsBody])
        known = set(self._venues.slugs())
        for row in rows:
            self._fixture(row.fixture_id)
            if row.bookmaker not in known:
                raise ApiError(404, f"unknown venue {row.bookmaker}")
        self._world.put_odds([_quote(row) for row in rows])
        return json_answer({"accepted": len(rows)})

    async def _settle(self, request: web.Request) -> web.Response:
        fixture = self._fixture(request.match_info["fixtureId"])
        results = results_of(decode(await request.read(), SettleBody))
        self._world.settle(fixture.fixture_id, results)
        return json_answer(self._shape(self._world.fixtures[fixture.fixture_id]))

    def _fixture(self, fixture_id: str) -> Fixture:
        fixture = self._world.fixtures.get(FixtureId(fixture_id))
        if fixture is None:
            raise ApiError(404, f"unknown fixture {fixture_id}")
        return fixture

    # --- venues ----------------------------------------------------------------------------------------------

    async def _patch_venue(self, request: web.Request) -> web.Response:
        slug = request.match_info["slug"]
        self._venues.describe(slug)  # an unknown one is 404, whatever the body is
        common, own = split(await request.read(), Behaviour.names())
        switches = given(convert(common, BehaviourBody))
        try:
            self._venues.patch(slug, switches, own)
        except ValueError as error:
            raise _wrong_switch(error, [*common, *own]) from None
        return json_answer({"slug": slug, **self._venues.describe(slug)})

    async def _ledger(self, request: web.Request) -> web.Response:
        return json_answer(self._venues.engine(request.match_info["slug"]).ledger())

    async def _take(self, request: web.Request) -> web.Response:
        exchange = self._venues.exchange(request.match_info["slug"])
        body = decode(await request.read(), TakeBody)
        fixture = self._fixture(body.fixture_id)
        outcome = OutcomeKey(fixture.fixture_id, OutcomeId(body.outcome_id), PlayerId(body.player_id))
        side = Side(body.side)
        fills = exchange.take(outcome, side, micros(body.price), micros(body.size))
        matched = decimal_of(sum(fill.size for fill in fills))
        return json_answer({"fills": [_fill(fill, side) for fill in fills], "matched": matched})

    async def _cash_out(self, request: web.Request) -> web.Response:
        """The client sells an open bet back to the bookmaker."""
        bookmaker, bet = self._bet(request)
        body = decode(await request.read(), CashoutBody)
        with _only_open_bets():
            bookmaker.cash_out(bet, body.amount)
        return json_answer(bookmaker.told(bet))

    async def _call_off(self, request: web.Request) -> web.Response:
        """The bookmaker takes an open bet back."""
        bookmaker, bet = self._bet(request)
        with _only_open_bets():
            bookmaker.call_off(bet)
        return json_answer(bookmaker.told(bet))

    def _bet(self, request: web.Request) -> tuple[Bookmaker, Bet]:
        """Raises ApiError 404."""
        slug, reference = request.match_info["slug"], request.match_info["reference"]
        bookmaker = self._venues.engine(slug)
        if not isinstance(bookmaker, Bookmaker):
            raise ApiError(404, f"{slug} takes no bets")
        bet = next((bet for bet in bookmaker.bets.values() if bet.reference == reference), None)
        if bet is None:
            raise ApiError(404, f"unknown bet {reference}")
        return bookmaker, bet

    # --- replay and reset ------------------------------------------------------------------------------------

    async def _start_replay(self, request: web.Request) -> web.Response:
        body = decode(await request.read(), ReplayBody)
        exchanges = self._venues.tradable() if body.exchanges is None else body.exchanges
        for slug in exchanges:
            self._venues.exchange(slug)
        try:
            player = await self._replays.start(
                Wanted(
                    body.file,
                    body.speed,
                    body.margin,
                    body.market,
                    exchanges,
                    body.seed,
                    body.start_ns,
                    body.from_live,
                    body.settle_s,
                )
            )
        except InputError as error:
            raise invalid(["file"], str(error)) from None
        return json_answer(player.progress())

    async def _replay(self, request: web.Request) -> web.Response:
        return json_answer(self._replays.progress())

    async def _stop_replay(self, request: web.Request) -> web.Response:
        await self._replays.stop()
        return json_answer(self._replays.progress())

    async def _reset(self, request: web.Request) -> web.Response:
        await self._replays.forget()
        self._world.reset()
        self._venues.reset()
        self._world.clock.run_real()
        return await self._state(request)


@contextmanager
def _only_open_bets() -> Iterator[None]:
    """409 for a bet that is not open."""
    try:
        yield
    except Rejection:
        raise ApiError(409, "the bet is not open") from None


def _changed(before: Fixture, changes: dict[str, Any]) -> Fixture:
    """A fixture with some fields changed; a new object, so that the world sees what was before."""
    return replace(before, **changes)


def _quote(row: OddsBody) -> Quote:
    outcome = OutcomeKey(FixtureId(row.fixture_id), OutcomeId(row.outcome_id), PlayerId(row.player_id))
    return Quote(outcome, row.bookmaker, row.price, row.limit, row.limit_min, row.currency, row.active, 0)


def _fill(fill: Match, side: Side) -> dict[str, Any]:
    """A taker's fill in the ledger's shape: stake is the money that he risks."""
    risk = fill.price if side is Side.BUY else MICRO - fill.price
    return {
        "id": fill.id,
        "price": decimal_of(fill.price),
        "stake": decimal_of(risk * fill.size // MICRO),
        "size": decimal_of(fill.size),
        "at": fill.at_ms,
    }


def _wrong_switch(error: ValueError, names: list[str]) -> ApiError:
    """422 that names the switch that the error speaks of."""
    text = str(error)
    named = next((name for name in names if name in text), None)
    unknown = named is not None and "unknown" in text
    return invalid([named] if named else [], text, "extra_forbidden" if unknown else "value_error")


@web.middleware
async def _tell_errors(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Every failure that is meant has a JSON body with `detail`."""
    try:
        return await handler(request)
    except ApiError as error:
        return json_answer({"detail": error.detail}, error.status, headers=error.headers)
    except web.HTTPException as error:
        return json_answer({"detail": error.reason}, error.status)

"""The simulated broker as any client meets it: sessions, refusals in its own words, tickets."""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from decimal import Decimal
from typing import Any

import pytest
from aiohttp import ClientSession

from hedgerow.core.clock import NS_PER_S
from hedgerow.core.ids import OutcomeId
from hedgerow.core.states import SettlementStatus
from hedgerow.exam.bench import FIRST, FIXTURE, open_world
from hedgerow.sim import singbet_ids
from hedgerow.sim.bookmaker import Quote
from hedgerow.sim.dialects.singbet import Singbet
from hedgerow.sim.markets import SPORTS, Catalogue
from hedgerow.sim.server import WorldServer
from hedgerow.sim.world import FINISHED
from hedgerow.venues.registry import venue

ACCOUNT = "demo_singbet"


class Client:
    """Asks the broker with the token of the last login."""

    def __init__(self, server: WorldServer, http: ClientSession) -> None:
        self.server, self.http = server, http
        self.base = server.venues.urls("singbet")["rest"] + "/AsianOddsService"
        self.headers: dict[str, str] = {}

    async def get(self, name: str, **query: str) -> Any:
        async with self.http.get(f"{self.base}/{name}", params=query, headers=self.headers) as answer:
            return await answer.json()

    async def post(self, name: str, **body: Any) -> Any:
        game = {"GameId": self.game_id, "GameType": "X", "IsFullTime": 1, "MarketTypeId": 2}
        asked = {**game, "OddsFormat": "00", "OddsName": "HomeOdds", "SportsType": 3, **body}
        async with self.http.post(f"{self.base}/{name}", json=asked, headers=self.headers) as answer:
            return await answer.json()

    async def bet(self, **body: Any) -> Any:
        return await self.post("PlaceBet", **{"BookieOdds": "SIN:1.75", "Amount": 40, "PlaceBetId": "ours", **body})

    async def log_in(self) -> Any:
        dialect = self.server.venues.dialects["singbet"]
        assert isinstance(dialect, Singbet)
        password = dialect.demo_credentials(ACCOUNT)["password"]
        digest = hashlib.md5(password.encode(), usedforsecurity=False).hexdigest()
        result = (await self.get("Login", username=ACCOUNT, password=digest))["Result"]
        self.headers = {"AOToken": result["Token"], "AOKey": result["Key"]}
        return result

    async def register(self) -> Any:
        return await self.get("Register", username=ACCOUNT)

    @property
    def game_id(self) -> int:
        market = self.server.world.catalogue.market_of(OutcomeId(FIRST.outcome_id))
        assert market is not None
        return singbet_ids.game_id(FIXTURE, market)

    def step(self, seconds: int) -> None:
        clock = self.server.world.clock
        clock.step_to(clock.now_ns() + seconds * NS_PER_S)


@pytest.fixture
async def stranger() -> AsyncIterator[Client]:
    """Nobody, at a broker with Sinner at 1.75 for 5 to 500 USD."""
    async with AsyncExitStack() as stack:
        server = await open_world(venue("singbet").manifest, stack)
        server.world.put_odds([Quote(FIRST, "singbet", Decimal("1.75"), Decimal(500), Decimal(5), "USD", True, 0)])
        yield Client(server, await stack.enter_async_context(ClientSession()))


@pytest.fixture
async def client(stranger: Client) -> Client:
    """The demo account, logged in and registered."""
    await stranger.log_in()
    await stranger.register()
    return stranger


# --- sessions ----------------------------------------------------------------------------------------------------


async def test_only_the_md5_of_the_password_lets_in(stranger: Client) -> None:
    refused = await stranger.get("Login", username=ACCOUNT, password="wrong")
    assert (refused["Code"], refused["Result"]["SuccessfulLogin"]) == (-1, False)
    assert (await stranger.log_in())["Url"] == stranger.base


async def test_a_login_is_good_for_nothing_until_it_is_registered_and_for_that_a_minute(stranger: Client) -> None:
    await stranger.log_in()
    assert (await stranger.get("GetAccountSummary"))["Message"] == "Session expired, please log in"
    stranger.step(61)
    assert (await stranger.register())["Code"] == -1
    await stranger.log_in()
    stranger.step(60)
    assert (await stranger.register())["Code"] == 0
    assert (await stranger.get("GetAccountSummary"))["Code"] == 0


async def test_half_an_hour_of_silence_ends_a_session_and_a_call_puts_that_off(client: Client) -> None:
    for _ in range(2):
        client.step(1_800)
        assert (await client.get("IsLoggedIn"))["Code"] == 0
    client.step(1_801)
    assert (await client.get("IsLoggedIn"))["Code"] == -1


async def test_logging_out_ends_the_session(client: Client) -> None:
    await client.get("Logout")
    assert (await client.get("GetBets"))["Code"] == -1


# --- bets --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"BookieOdds": "SIN:1.76"}, "Odds changed"),
        ({"BookieOdds": "SBO:1.75"}, "The bet is not valid"),
        ({"BookieOdds": "SIN:NaN"}, "BookieOdds is not valid"),
        ({"Amount": 501}, "Stake is above maximum"),
        ({"Amount": 4}, "Stake is below minimum"),
        ({"Amount": 5.001}, "The bet is not valid"),
        ({"PlaceBetId": "x" * 41}, "The bet is not valid"),
        ({"MarketTypeId": 1}, "Game not found in this market"),
        ({"GameId": 1}, "Game not found"),
        ({"GameType": "H"}, "Game not found"),
        ({"OddsName": "DrawOdds"}, "OddsName is not valid"),
        ({"OddsFormat": "MY"}, "OddsFormat is not supported"),
    ],
)
async def test_a_wrong_bet_is_refused_in_words_and_makes_no_ticket(
    client: Client, wrong: dict[str, Any], message: str
) -> None:
    answer = await client.bet(**wrong)
    assert (answer["Code"], answer["Message"]) == (-1, message)
    assert await client.get("GetBets") == {"Code": 300, "Data": None}


async def test_a_match_that_is_over_is_closed(client: Client) -> None:
    client.server.world.fixtures[FIXTURE].status_id = FINISHED
    assert (await client.bet())["Message"] == "Match is closed"


async def test_a_reference_finds_all_of_its_tickets_the_latest_first(client: Client) -> None:
    await client.bet()
    assert (await client.bet(Amount=20))["Result"]["BetPlacementReference"] == "WA-ours"
    rows = (await client.get("GetBetByReference", betReference="WA-ours"))["Data"]
    assert [(row["ReferenceNumber"], row["Stake"]) for row in rows] == [("2", 20), ("1", 40)]
    assert [row["Status"] for row in rows] == ["running", "RUNNING"]


async def test_tickets_move_from_running_to_not_running_with_what_they_won(client: Client) -> None:
    await client.bet()
    assert len((await client.get("GetRunningBets"))["Data"]) == 1
    client.server.world.settle(FIXTURE, {int(FIRST.outcome_id): SettlementStatus.HALF_LOST})
    assert (await client.get("GetRunningBets"))["Code"] == 300
    (row,) = (await client.get("GetNonRunningBets"))["Data"]
    assert (row["Status"], row["Pnl"]) == ("LOST", -20)
    (same,) = (await client.get("GetBetHistorySummary", date="11/20/2026"))["Result"]["BetSummaries"]
    assert same == row


async def test_money_in_open_bets_is_outstanding(client: Client) -> None:
    before = (await client.get("GetAccountSummary"))["Result"]
    await client.bet()
    after = (await client.get("GetAccountSummary"))["Result"]
    assert (before["Credit"] - after["Credit"], after["Outstanding"]) == (40, 40)


@pytest.mark.parametrize("switches", [{"ticketsPerBet": value} for value in (0, 6, True, "2")] + [{"tickets": 2}])
async def test_a_wrong_switch_changes_nothing(client: Client, switches: dict[str, Any]) -> None:
    client.server.venues.patch("singbet", {}, {"ticketsPerBet": 2})
    with pytest.raises(ValueError, match="switch tickets"):
        client.server.venues.patch("singbet", {}, switches)
    await client.bet()
    assert len((await client.get("GetBets"))["Data"]) == 2


# --- names -------------------------------------------------------------------------------------------------------


def test_every_line_of_a_match_has_a_name_of_its_own() -> None:
    catalogue = Catalogue()
    markets = [market for sport in SPORTS for market in catalogue.of_sport(sport.sport_id)]
    offered = [market for market in markets if singbet_ids.game_type(market) is not None]
    assert len({singbet_ids.market_ref(FIXTURE, market) for market in offered}) == len(offered) > 20
    names = {singbet_ids.odds_name(market, int(outcome)) for market in offered for outcome in market.outcomes}
    assert names == {"HomeOdds", "DrawOdds", "AwayOdds", "OverOdds", "UnderOdds"}

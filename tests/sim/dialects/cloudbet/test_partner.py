"""The simulated Cloudbet as its partner sees it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from decimal import Decimal

import aiohttp
import pytest

from hedgerow.core.clock import NS_PER_S
from hedgerow.core.ids import OutcomeId, OutcomeKey
from hedgerow.sim import book_ids
from hedgerow.sim.bookmaker import Quote
from hedgerow.sim.dialects.cloudbet.partner import CloudbetPartner
from hedgerow.sim.markets import Catalogue
from hedgerow.sim.site import listen
from hedgerow.sim.world import Fixture, World

from .conftest import NOW_S, SINNER, TENNIS

DEMO, SLUG = "demo_cloudbetb2b", "cloudbetb2b"
BET = {
    "referenceId": "ebb4c11a-714b-4be6-a635-486ec09869a3",
    "eventId": book_ids.fixture_ref(SLUG, TENNIS),
    "marketUrl": "tennis.winner/home",
    "price": "1.75",
    "stake": "10",
    "currency": "USD",
    "customerReference": "bettor-1",
}


@pytest.fixture
def partner() -> CloudbetPartner:
    """In a world with one match, Sinner at 1.75."""
    world = World(Catalogue())
    world.clock.run_stepped(NOW_S * NS_PER_S)
    made = CloudbetPartner(world)
    world.put_fixture(Fixture(TENNIS, 12, 2314, "Jannik Sinner", "Carlos Alcaraz", NOW_S + 7200))
    outcome = OutcomeKey(TENNIS, OutcomeId(SINNER))
    world.put_odds([Quote(outcome, SLUG, Decimal("1.75"), Decimal(500), Decimal(2), "USD", True, 0)])
    return made


@pytest.fixture
async def http(partner: CloudbetPartner) -> AsyncIterator[aiohttp.ClientSession]:
    site = await listen(partner.sites()["rest"], "127.0.0.1", 0)
    keys = partner.demo_credentials(DEMO)
    headers = {"X-API-Key": keys["password"], "X-Partner-Id": keys["partner_id"]}
    async with aiohttp.ClientSession(site.url, headers=headers) as session:
        yield session
    await site.runner.cleanup()


async def test_a_bet_is_told_with_its_customer(http: aiohttp.ClientSession, partner: CloudbetPartner) -> None:
    async with http.post("/b2b/pub/v3/bets/place", json=BET) as answer:
        assert (answer.status, (await answer.json())["status"]) == (200, "ACCEPTED")
    async with http.get(f"/b2b/pub/v3/bets/{BET['referenceId']}/status") as answer:
        assert (await answer.json())["customerReference"] == "bettor-1"
    assert partner.book.balances[DEMO] == Decimal(9990)


@pytest.mark.parametrize("named", ["", "another"])
async def test_a_partner_has_to_be_known(http: aiohttp.ClientSession, partner: CloudbetPartner, named: str) -> None:
    async with http.post("/b2b/pub/v3/bets/place", json=BET, headers={"X-Partner-Id": named}) as answer:
        assert (answer.status, await answer.json()) == (401, {"error": "unknown partner"})
    assert not partner.book.bets


async def test_the_clients_paths_are_not_there(http: aiohttp.ClientSession) -> None:
    async with http.get("/pub/v1/account/currencies") as answer:
        assert answer.status == 404


def test_its_key_is_not_the_clients(partner: CloudbetPartner) -> None:
    assert partner.demo_credentials(DEMO)["partner_id"] == "throwaway-partner"
    with pytest.raises(KeyError):
        partner.demo_credentials("demo_cloudbet")

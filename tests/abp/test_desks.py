"""Balances of all accounts: read side by side, and looked at twice before an alarm."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from decimal import Decimal
from typing import Any, cast

import pytest
from tests.patience import PATIENCE_S

from hedgerow.abp.desks import BALANCE_AFTER_S, Desks
from hedgerow.abp.desks import Desk as AccountDesk
from hedgerow.core.errors import Unavailable
from hedgerow.core.ids import NO_PLAYER, FixtureId, OutcomeId, OutcomeKey
from hedgerow.core.observe import BALANCE_DRIFTS
from hedgerow.core.secrets import Vault
from hedgerow.core.upstream import Upstream
from hedgerow.net.egress import DIRECT, Egress, Through
from hedgerow.storage.accounts import Accounts
from hedgerow.storage.terms import Terms
from hedgerow.venues.base import Balance, Descriptions, FixtureRefs, VenueContext
from hedgerow.venues.registry import Ways, venue

from .abpkit import Desk

Eventually = Callable[[Callable[[], bool]], Awaitable[None]]


class Till:
    """A bookmaker that says what can be bet, when it may."""

    def __init__(self, slug: str, currency: str) -> None:
        self.manifest = venue(slug).manifest
        self.free, self.currency = Decimal(1000), currency
        self.may_answer = asyncio.Event()
        self.may_answer.set()
        self.asked = 0
        self.is_away = False
        self.fixture_ref: FixtureRefs | None = None
        self.describe: Descriptions | None = None
        self.egress: Egress = DIRECT

    async def open(self) -> None:
        """Nothing to connect to."""

    async def close(self) -> None:
        """Nothing to close."""

    async def balance(self) -> Balance:
        self.asked += 1
        await self.may_answer.wait()
        if self.is_away:
            raise Unavailable(self.manifest.slug, "balance", "away")
        return Balance(self.free, Decimal(0), self.currency)


@pytest.fixture
def tills() -> dict[int, Till]:
    return {}


@pytest.fixture
async def desks(desk: Desk, vault: Vault, tills: dict[int, Till], monkeypatch: pytest.MonkeyPatch) -> Desks:
    """The dollar account at pinnacle and the euro account at cloudbet."""

    def build(slug: str, context: VenueContext) -> Any:
        till = tills[context.account.account_id] = Till(slug, context.account.currency)
        till.fixture_ref, till.describe, till.egress = context.fixture_ref, context.describe, context.egress
        return till

    monkeypatch.setattr("hedgerow.abp.desks.build_bookmaker", build)
    database, clock = desk.database, desk.clock
    accounts, terms = Accounts(database, clock), Terms(database, clock)
    made = Desks(
        database,
        accounts,
        terms,
        vault,
        {},
        Ways({"pinnacle": Upstream.of("http://key@gateway:8005")}),
        clock,
        cast("Any", None),
        lambda slug, fixture: f"{fixture} at {slug}",
        lambda outcome: {"outcome": outcome.fixture_id},
    )
    await made.load()
    return made


async def free(desk: Desk, account_id: int) -> Decimal:
    return (await desk.balances(account_id)).get("free", Decimal(0))


async def test_a_slow_bookmaker_holds_up_no_other(
    desk: Desk, desks: Desks, tills: dict[int, Till], eventually: Eventually
) -> None:
    tills[desk.dollars].may_answer.clear()
    told: list[Decimal] = []

    async def told_of_euros() -> None:
        while not told:
            if amount := await free(desk, desk.euros):
                told.append(amount)

    desks.ask_balances()
    async with asyncio.timeout(PATIENCE_S):
        await told_of_euros()
    assert (told, tills[desk.dollars].asked) == ([1000], 1)
    desks.ask_balances()
    await eventually(lambda: tills[desk.euros].asked == 2)
    assert tills[desk.dollars].asked == 1
    await desks.close()


async def test_answers_of_bets_have_the_balance_read_once(
    desk: Desk, desks: Desks, tills: dict[int, Till], eventually: Eventually
) -> None:
    account = desks.get(desk.dollars)
    assert account is not None
    for is_failure in (False, True, False):
        account.answered(is_failure=is_failure)
    await asyncio.sleep(0)
    assert tills[desk.dollars].asked == 0
    desk.clock.advance(BALANCE_AFTER_S)
    await eventually(lambda: tills[desk.dollars].asked == 1)
    await desks.close()
    assert account.failure_rate == Decimal(1) / 3


async def test_a_balance_is_pushed_when_it_changes(desk: Desk, desks: Desks, tills: dict[int, Till]) -> None:
    for amount in (1000, 1000, 900):
        tills[desk.dollars].free = Decimal(amount)
        await desks.read_balances()
    rows = await desk.database.fetch(
        "select payload ->> 'balance' from outbox where channel = 'accounts' and key = $1 order by id",
        str(desk.dollars),
    )
    assert [row[0] for row in rows] == ["1000", "900"]


async def test_drift_that_the_statement_explains_is_no_alarm(desk: Desk, desks: Desks, tills: dict[int, Till]) -> None:
    await desks.read_balances()
    tills[desk.dollars].free = Decimal(900)
    looked: list[int] = []

    async def explain(account: AccountDesk) -> None:
        looked.append(account.row.account_id)
        tills[desk.dollars].free = Decimal(1000)

    desks.on_drift(explain)
    await desks.read_balances()
    assert looked == [desk.dollars]
    assert await desk.database.fetchval("select count(*) from abp_drifts") == 0


async def test_hedge_of_market_making_is_no_drift(desk: Desk, desks: Desks, tills: dict[int, Till]) -> None:
    await desks.read_balances()
    await desk.hedge("50")
    tills[desk.dollars].free = Decimal(950)
    await desks.read_balances()
    assert await desk.database.fetchval("select count(*) from abp_drifts") == 0
    assert await free(desk, desk.dollars) == 950


async def test_hedge_that_was_read_explains_no_later_drift(desk: Desk, desks: Desks, tills: dict[int, Till]) -> None:
    await desks.read_balances()
    await desk.hedge("50")
    for amount in (950, 950, 900):
        tills[desk.dollars].free = Decimal(amount)
        desk.clock.advance(15)
        await desks.read_balances()
    assert await desk.database.fetchval("select array_agg(drift) from abp_drifts") == [-50]


async def test_drift_that_nothing_explains_is_an_alarm_once(desk: Desk, desks: Desks, tills: dict[int, Till]) -> None:
    await desks.read_balances()
    counted = BALANCE_DRIFTS.labels("pinnacle")._value.get()
    tills[desk.dollars].free = Decimal(900)
    await desks.read_balances()
    await desks.read_balances()
    assert await desk.database.fetchval("select array_agg(drift) from abp_drifts") == [-100]
    assert BALANCE_DRIFTS.labels("pinnacle")._value.get() == counted + 1
    assert await free(desk, desk.dollars) == 900


async def test_a_bookmaker_that_does_not_answer_changes_nothing(
    desk: Desk, desks: Desks, tills: dict[int, Till]
) -> None:
    await desks.read_balances()
    tills[desk.dollars].is_away = True
    await desks.read_balances()
    assert await free(desk, desk.dollars) == 1000


async def test_each_connector_is_told_its_own_bookmakers_ids_of_fixtures(
    desk: Desk, desks: Desks, tills: dict[int, Till]
) -> None:
    refs = {till.manifest.slug: till.fixture_ref for till in tills.values()}
    told = {slug: ref(FixtureId("id1")) for slug, ref in refs.items() if ref is not None}
    assert told == {"pinnacle": "id1 at pinnacle", "cloudbet": "id1 at cloudbet"}


async def test_each_connector_goes_out_by_its_venues_way(desks: Desks, tills: dict[int, Till]) -> None:
    ways = {till.manifest.slug: till.egress for till in tills.values()}
    assert isinstance(ways["pinnacle"], Through)
    assert ways["cloudbet"] is DIRECT


async def test_each_connector_can_have_an_outcome_told_in_words(desks: Desks, tills: dict[int, Till]) -> None:
    outcome = OutcomeKey(FixtureId("id1"), OutcomeId(101), NO_PLAYER)
    assert [till.describe(outcome) for till in tills.values() if till.describe] == [{"outcome": "id1"}] * 2

"""Market making's bets on an account that clients bet on explain its balance, and are not bet a second time."""

from __future__ import annotations

from decimal import Decimal

from hypothesis import given

from hedgerow.abp.balances import Observation, Unsure, book_balance, drift, observe
from hedgerow.abp.hedges import Hedged, Read, left_open, taken_since, undecided_since
from hedgerow.abp.ledger import Place, balances
from hedgerow.core.states import BetStatus

from .abpkit import Desk, amounts

money = amounts("0", "1000")


# --- rules ------------------------------------------------------------------------------------------------------------


@given(money, money, money, money, money)
def test_what_hedges_explain_is_booked_and_no_drift(
    free: Decimal, out: Decimal, back: Decimal, going: Decimal, told: Decimal
) -> None:
    unsure = Unsure(going)
    change = balances(observe(free, unsure, told))[Place.FREE]
    assert drift(free, unsure, told, Hedged(out, back)) == (0 if -out <= change <= back else change)


@given(money, money, money, money, money, money)
def test_what_a_word_leaves_open_covers_the_truth(
    free: Decimal, out: Decimal, back: Decimal, going: Decimal, coming: Decimal, told: Decimal
) -> None:
    unsure = Unsure(going, coming)
    after = free + balances(observe(free, unsure, told))[Place.FREE]
    left = left_open(free, told - going, told + coming, Hedged(out, back))
    least, most = max(told - going, free - out), min(told + coming, free + back)
    for truth in (least, most) if least <= most else ():
        assert after - left.out <= truth <= after + left.back
    assert left.out + left.back <= going + coming


# --- in the database --------------------------------------------------------------------------------------------------


class Account:
    """The dollar account as one process reads it."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        self.read: Read | None = None

    async def told(self, amount: str) -> Observation:
        """The bookmaker says so now."""
        desk = self.desk
        desk.clock.advance(15)
        now = desk.clock.now()
        asked = await undecided_since(desk.database, desk.dollars, now)
        async with desk.database.transaction() as connection:
            observed = await book_balance(connection, desk.dollars, "USD", Decimal(amount), now, now, read=self.read)
        self.read = Read(asked, observed.left)
        return observed

    async def drifts(self) -> list[Decimal]:
        return [row[0] for row in await self.desk.database.fetch("select drift from abp_drifts order by drift_id")]

    async def taken(self) -> Decimal:
        await self.desk.database.execute("insert into mm_clients (client, bookmaker) values ('acme', 'pinnacle')")
        accounts = {self.desk.dollars: ("USD", self.read)}
        async with self.desk.database.transaction() as connection:
            return (await taken_since(connection, accounts))[self.desk.dollars]


async def test_stake_of_a_hedge_is_no_drift_and_is_booked(desk: Desk) -> None:
    account = Account(desk)
    await desk.deposit(desk.dollars, "1000")
    await desk.hedge("50")
    assert await account.told("950") == Observation(Decimal(950), Decimal(0))
    assert await account.told("950") == Observation(Decimal(950), Decimal(0))
    assert await account.drifts() == []


async def test_what_no_hedge_explains_is_an_alarm_with_the_hedges_in_its_evidence(desk: Desk) -> None:
    account = Account(desk)
    await desk.deposit(desk.dollars, "1000")
    hedge = await desk.hedge("50")
    assert (await account.told("940")).drift == -60
    (kept,) = await desk.database.fetchval("select bets from abp_drifts")
    assert (kept["reference"], kept["origin"], kept["placed_stake"]) == (hedge.reference, "mm", 50)


async def test_hedge_that_the_last_word_counted_explains_no_second_loss(desk: Desk) -> None:
    account = Account(desk)
    await desk.deposit(desk.dollars, "1000")
    await desk.hedge("50")
    for amount in ("950", "950"):
        await account.told(amount)
    assert (await account.told("900")).drift == -50


async def test_payout_of_a_hedge_is_no_drift_before_and_after_it_is_settled(desk: Desk) -> None:
    account = Account(desk)
    await desk.deposit(desk.dollars, "1000")
    hedge = await desk.hedge("50")
    await account.told("950")
    assert await account.told("1050") == Observation(Decimal(1050), Decimal(0))
    await desk.answer(hedge, settlement="WON", payout=Decimal(100), settled_at=desk.clock.now())
    assert await account.told("1050") == Observation(Decimal(1050), Decimal(0))
    assert (await account.told("1150")).drift == 100


async def test_corrected_settlement_of_a_hedge_is_no_drift(desk: Desk) -> None:
    account = Account(desk)
    await desk.deposit(desk.dollars, "1000")
    hedge = await desk.hedge("50")
    await account.told("950")
    await desk.answer(hedge, settlement="WON", payout=Decimal(100), settled_at=desk.clock.now())
    await account.told("1050")
    desk.clock.advance(15)
    await desk.answer(hedge, settlement="LOST", payout=Decimal(0), settled_at=desk.clock.now())
    assert await account.told("950") == Observation(Decimal(950), Decimal(0))
    assert await account.drifts() == []


async def test_refused_hedge_gives_back_what_the_last_word_had_taken(desk: Desk) -> None:
    account = Account(desk)
    await desk.deposit(desk.dollars, "1000")
    hedge = await desk.hedge("50", status=BetStatus.PENDING)
    assert (await account.told("950")).drift == 0
    await desk.answer(hedge, status=BetStatus.REJECTED)
    assert await account.told("1000") == Observation(Decimal(1000), Decimal(0))
    assert await account.drifts() == []


async def test_hedge_under_a_clients_bet_that_is_unsure_explains_the_next_word_too(desk: Desk) -> None:
    account = Account(desk)
    await desk.deposit(desk.dollars, "1000")
    bet = await desk.bet(await desk.order(), "10")
    await account.told("1000")
    await desk.hedge("10")
    assert (await account.told("990")).left == Hedged(out=Decimal(10))  # that is the hedge's stake, or the client's
    assert await account.taken() == 10
    assert await account.told("980") == Observation(Decimal(980), Decimal(0))
    assert (bet.reserved, await account.drifts()) == (10, [])


async def test_hedge_newer_than_the_balance_is_not_free(desk: Desk) -> None:
    account = Account(desk)
    await desk.deposit(desk.dollars, "1000")
    await desk.hedge("30")
    await account.told("970")
    await account.told("970")
    await desk.hedge("50")
    assert await account.taken() == 50


async def test_all_open_hedges_are_not_free_where_no_balance_was_read(desk: Desk) -> None:
    await desk.hedge("50")
    await desk.hedge("20", status=BetStatus.REJECTED)
    assert await Account(desk).taken() == 50

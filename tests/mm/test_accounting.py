"""All figures of one client add up to the same money, whatever was filled, hedged, settled and corrected before.

Rows are written by those who write them in production: orders by their own row, fills and bets by their repositories,
settlements by the settler. The exchanges' accounts are in USD, the bookmaker's in EUR at a rate that moves.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from decimal import Decimal
from types import SimpleNamespace
from typing import Any, cast

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hedgerow.core.clock import SteppedClock
from hedgerow.core.ids import ClientName, FixtureId, MarketId, OutcomeId, PlayerId, VenueSlug
from hedgerow.core.ladders import PriceGrid
from hedgerow.core.money import MICRO, Micros, decimal_of
from hedgerow.core.secrets import Secret, Vault, new_master_key
from hedgerow.core.states import BetSettlement, BetStatus, FillState, SettlementStatus, Side
from hedgerow.execution import invariants
from hedgerow.execution.settlement import contract_payout
from hedgerow.mm.analytics import bet_summary, order_summary, positions, profit_and_loss
from hedgerow.mm.desks import Desk
from hedgerow.mm.journal import Owner, order_row
from hedgerow.mm.lane import Lane
from hedgerow.mm.listing import Days
from hedgerow.mm.orders import Order
from hedgerow.mm.outcome import outcome
from hedgerow.mm.repository import FillRow, Repository
from hedgerow.mm.settling import Settler
from hedgerow.mm.switches import Switches
from hedgerow.storage.accounts import Accounts
from hedgerow.storage.bets import Bet, Bets
from hedgerow.storage.database import Database
from hedgerow.venues.base import BetReport, Instrument, Resolution

NOW_S, ALL_DAYS = 1_771_151_400, Days()
FIXTURE, MARKET, NO_PLAYER = FixtureId("id12990112000000001"), MarketId(121), PlayerId(0)
EXCHANGES = ("kalshi", "polymarket")
UNIT = Decimal("0.000001")
HELD = (
    "fill_is_the_orders",
    "matched_is_sum_of_fills",
    "settled_order_has_result",
    "settled_order_adds_up",
    "settled_bet_stood",
)
"""Invariants that these events cannot break; the others ask for more than money."""


@dataclass
class Books:
    """The database, who writes it, and what was done by hand."""

    database: Database
    repository: Repository
    bets: Bets
    settler: Settler
    accounts: dict[str, int]
    desk: Desk
    orders: dict[int, tuple[Order, str]] = field(default_factory=dict)
    fills: list[FillRow] = field(default_factory=list)
    hedges: list[Bet] = field(default_factory=list)
    results: dict[str, Resolution] = field(default_factory=dict)
    told: dict[str, BetReport] = field(default_factory=dict)  # the bookmaker's statement, by reference

    async def clear(self) -> None:
        await self.database.execute("truncate mm_fills, mm_orders, bets, mm_disputes")
        for kept in (self.orders, self.fills, self.hedges, self.results, self.told):
            kept.clear()

    def _order(self, number: int) -> tuple[Order, str]:
        """Four of them: both sides at both exchanges."""
        if number not in self.orders:
            slug, side = EXCHANGES[number % 2], (Side.BUY, Side.SELL)[number // 2]
            contract = Instrument(VenueSlug(slug), f"contract-{slug}", "event", PriceGrid.probability(100))
            one = Micros(MICRO)
            ref = f"{slug}-{number}"
            order = Order(number, ref, contract, side, Micros(MICRO // 2), one, NOW_S * 1000, venue_ref=ref)
            self.orders[number] = order, slug
        return self.orders[number]

    async def _save(self, number: int) -> None:
        order, slug = self.orders[number]
        account = self.accounts[slug]
        owner = Owner(
            ClientName("demo"),
            account,
            VenueSlug(slug),
            VenueSlug("bridge"),
            FIXTURE,
            MARKET,
            OutcomeId(121),
            NO_PLAYER,
        )
        await self.repository.save_orders([order_row(order, owner)])

    async def fill(self, number: int, price: int, size: int, fee: int, unhedged: int) -> None:
        order, slug = self._order(number)
        spent = price * size // MICRO
        stake = spent if order.side is Side.BUY else size - spent
        row = FillRow(
            self.accounts[slug], f"trade-{len(self.fills)}", order.venue_ref or "", number, ClientName("demo"),
            VenueSlug(slug), FIXTURE, MARKET, OutcomeId(121), NO_PLAYER, order.side, price, size, stake, fee,
            size * unhedged // 3, FillState.PROVISIONAL, True, NOW_S * 1000,
        )  # fmt: skip
        order.size = Micros(max(order.size, order.filled + size + 1))
        order.fill(price, size, fee, NOW_S * 1000)
        self.fills.append(row)
        assert await self.repository.record_fill(row, [])
        await self._save(number)

    async def reverse(self, number: int, is_forgotten: bool) -> None:
        """is_forgotten: no process knows the order any more, as after its end and a restart."""
        standing = [fill for fill in self.fills if fill.state is not FillState.REVERSED]
        if not standing:
            return
        fill = standing[number % len(standing)]
        self.fills[self.fills.index(fill)] = replace(fill, state=FillState.REVERSED, unhedged=0)
        assert fill.order_id is not None
        order, _ = self.orders[fill.order_id]
        order.take_back(fill.price, fill.size, fill.fee)
        async with self.database.transaction() as connection:
            await self.repository.save_fill_state(
                connection, fill.account_id, fill.trade_ref, fill.venue_ref, FillState.REVERSED
            )
        if not is_forgotten:
            await self._save(fill.order_id)

    async def hedge(self, stake: Decimal, odds: Decimal, per_usd: Decimal) -> None:
        reference = f"00000000-0000-4000-8000-{len(self.hedges):012d}"
        bet = Bet(
            reference, "mm", ClientName("demo"), self.accounts["bridge"], VenueSlug("bridge"), FIXTURE, MARKET,
            OutcomeId(122), NO_PLAYER, odds, stake, "EUR", per_usd, planned_odds=odds + Decimal("0.01"),
        )  # fmt: skip
        async with self.database.transaction() as connection:
            await self.bets.insert(connection, [bet])
            bet.move_to(BetStatus.CONFIRMED)
            bet.placed_odds, bet.placed_stake = odds, stake
            bet.bookmaker_bet_id = f"B{len(self.hedges)}"
            await self.bets.save_answer(connection, bet)
        self.hedges.append(bet)

    async def resolve(self, slug: str, status: SettlementStatus, value: Decimal | None) -> None:
        paid = {SettlementStatus.WON: Decimal(1), SettlementStatus.LOST: Decimal(0)}.get(status, value)
        resolution = Resolution(f"contract-{slug}", status, paid, NOW_S * 1000)
        self.results[slug] = resolution
        lane = cast(Lane, SimpleNamespace(account_id=self.accounts[slug], slug=slug))
        await self.settler.settle_instrument(lane, resolution)

    async def state(self, number: int, settlement: BetSettlement, payout: Decimal) -> None:
        if self.hedges:
            bet = self.hedges[number % len(self.hedges)]
            status = BetStatus.VOID if settlement is BetSettlement.VOID else BetStatus.CONFIRMED
            report = BetReport(bet.reference, status, bet.bookmaker_bet_id, settlement=settlement, payout=payout)
            self.told[bet.reference] = report
            await self.settler.read_statement(self.desk)

    # --- the same money, counted by hand -----------------------------------------------------------------------

    def result_of(self, fill: FillRow) -> Decimal | None:
        """What a fill brought; None while its contract is not resolved, and for one that was taken back."""
        resolution = self.results.get(fill.exchange)
        if resolution is None or fill.state is FillState.REVERSED:
            return None
        status, paid = resolution.seen_by(fill.side)
        size, stake = decimal_of(fill.size), decimal_of(fill.stake)
        return contract_payout(status, size, stake, paid) - stake - decimal_of(fill.fee)

    def result_of_bet(self, bet: Bet) -> Decimal:
        report = self.told.get(bet.reference)
        if report is None or report.payout is None or bet.placed_stake is None:
            return Decimal(0)
        return ((report.payout - bet.placed_stake) / bet.usd_rate).quantize(UNIT)


@pytest.fixture
async def books(database: Database) -> Books:
    clock = SteppedClock(NOW_S * 1_000_000_000)
    accounts, repository, bets = Accounts(database, clock), Repository(database, clock), Bets(database, clock)
    await accounts.add_client("demo", "Demo")
    await Switches(database, clock).add_client("demo", "bridge")
    vault, ids = Vault(Secret(new_master_key())), {}
    for venue in (*EXCHANGES, "bridge"):
        account = await accounts.add_account(venue, "main", "demo", vault=vault, credentials={"key": "k"})
        assert account is not None
        ids[venue] = account.account_id
    told: dict[str, BetReport] = {}

    async def statement(_: int) -> list[BetReport]:
        return list(told.values())

    bookmaker = SimpleNamespace(settled=statement, manifest=SimpleNamespace(slug="bridge"))
    desk = cast(Desk, SimpleNamespace(account=SimpleNamespace(account_id=ids["bridge"]), bookmaker=bookmaker))

    async def nothing_waits() -> None:
        return None

    settler = Settler(
        database,
        bets,
        clock,
        flush=nothing_waits,
        lanes=lambda: (),
        desks={},
        finished=lambda _: None,
        called_off=lambda *_: None,
    )
    return Books(database, repository, bets, settler, ids, desk, told=told)


cents = st.integers(1, 500_000).map(lambda n: Decimal(n) / 100)
values = st.integers(0, 100).map(lambda n: Decimal(n) / 100)
thirds = st.integers(0, 3)
FILL = st.tuples(
    st.just("fill"), st.integers(0, 3), st.integers(1, 9_999).map(lambda n: n * 100), st.integers(1, 10**9),
    st.integers(0, 10**6), thirds,
)  # fmt: skip
EVENTS = st.one_of(
    FILL,
    FILL,
    st.tuples(st.just("reverse"), st.integers(0, 5), st.booleans()),
    st.tuples(st.just("hedge"), cents, st.sampled_from([Decimal("1.85"), Decimal(3)]),
              st.sampled_from([Decimal("0.848627"), Decimal("0.91")])),
    st.tuples(st.just("resolve"), st.sampled_from(EXCHANGES),
              st.sampled_from([SettlementStatus.WON, SettlementStatus.LOST, SettlementStatus.VOID]),
              st.one_of(st.none(), values)),
    st.tuples(st.just("state"), st.integers(0, 3),
              st.sampled_from([BetSettlement.WON, BetSettlement.LOST, BetSettlement.VOID, BetSettlement.CASHOUT]),
              cents),
)  # fmt: skip


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(st.lists(EVENTS, max_size=14))
async def test_orders_positions_summaries_and_profit_are_one_money_after_anything(
    books: Books, events: list[tuple[Any, ...]]
) -> None:
    await books.clear()
    for name, *given_values in events:
        await getattr(books, name)(*given_values)
    for slug, resolution in list(books.results.items()):  # what was filled first after it is settled when asked again
        await books.resolve(slug, resolution.status, resolution.payout_per_contract)
    await expect_one_money(books)
    broken = await invariants.check(books.database, second_look_s=0)
    assert {name: broken[name] for name in HELD if broken[name]} == {}


async def expect_one_money(books: Books) -> None:
    database = books.database
    told = await profit_and_loss(database, "demo", ALL_DAYS)
    rows = await database.fetch("select * from mm_orders where matched_size > 0")
    places = await positions(database, "demo", ALL_DAYS)
    summary, done = await order_summary(database, "demo", ALL_DAYS), await outcome(database, "demo")
    standing = [fill for fill in books.fills if fill.state is not FillState.REVERSED]
    results = {fill: books.result_of(fill) for fill in standing}
    of_fills = sum((result for result in results.values() if result is not None), Decimal(0))
    of_bets = sum(map(books.result_of_bet, books.hedges), Decimal(0))

    stake = decimal_of(sum(fill.stake for fill in standing))
    assert stake == sum(row["matched_stake"] for row in rows) == summary["totalMatched"]
    assert stake == told["totalMatchedStake"] == told["totalTurnover"] == sum(one["matchedStake"] for one in places)

    assert of_fills == sum(row["pnl"] or 0 for row in rows) == told["realizedPnl"] - told["fees"]
    assert of_fills == sum(one["realizedPnl"] - one["fees"] for one in places)
    assert told["unrealizedPnl"] == sum(one["unrealizedPnl"] for one in places)
    assert told["pnl"] == told["realizedPnl"] + told["unrealizedPnl"]

    assert told["netRealizedSpread"] + told["nakedPnl"] == of_fills + of_bets == done.pnl
    naked = [
        (result * fill.unhedged / fill.size).quantize(UNIT) for fill, result in results.items() if result is not None
    ]
    assert abs(told["nakedPnl"] - sum(naked, Decimal(0))) <= UNIT * len(naked)
    assert told["unhedgedStake"] == done.unhedged_stake
    bets = await bet_summary(database, "demo", ALL_DAYS)
    usd = [(bet.placed_stake / bet.usd_rate).quantize(UNIT) for bet in books.hedges if bet.placed_stake is not None]
    assert bets["totalStake"] == sum(usd, Decimal(0))
    assert told["avgHedgePriceDrift"] == (Decimal("0.01") if usd else 0)


async def test_fill_that_is_told_after_the_settlement_is_worth_what_the_rest_was(books: Books) -> None:
    await books.fill(0, 450_000, 100 * MICRO, 0, 0)
    await books.resolve("kalshi", SettlementStatus.VOID, Decimal("0.47"))
    await books.fill(0, 400_000, 50 * MICRO, 10_000, 3)
    row = await books.database.fetchrow("select payout, pnl from mm_orders")
    assert row is not None
    assert (row["payout"], row["pnl"]) == (Decimal("70.5"), Decimal("5.49"))
    await expect_one_money(books)


async def test_euros_are_worth_what_they_were_when_the_bet_was_made(books: Books) -> None:
    await books.hedge(Decimal("84.86"), Decimal(2), Decimal("0.8486"))
    await books.hedge(Decimal("91.00"), Decimal(2), Decimal("0.91"))
    await books.state(0, BetSettlement.WON, Decimal("169.72"))
    await books.state(1, BetSettlement.LOST, Decimal(0))
    told = await profit_and_loss(books.database, "demo", ALL_DAYS)
    assert told["netRealizedSpread"] == 0
    await books.state(1, BetSettlement.WON, Decimal(182))
    assert (await profit_and_loss(books.database, "demo", ALL_DAYS))["netRealizedSpread"] == 200

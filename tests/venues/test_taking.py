"""Bets that take resting prices: the rules for any book, and both exchanges' connectors on their simulated venues."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from hedgerow.core.clock import NS_PER_S
from hedgerow.core.errors import CannotTell, InDoubt, Reason, Refused
from hedgerow.core.ids import NO_PLAYER, VenueSlug
from hedgerow.core.ladders import PriceGrid
from hedgerow.core.money import MICRO, decimal_of, micros
from hedgerow.core.odds import OddsMicros
from hedgerow.core.states import BetStatus, SettlementStatus, Side
from hedgerow.exam.bench import FIRST, FIXTURE, SECOND, demo_context, open_world
from hedgerow.sim.exchange import Exchange
from hedgerow.sim.orders import COUNTERPARTY, Order, State
from hedgerow.sim.orders import Leg as BookLeg
from hedgerow.sim.server import WorldServer
from hedgerow.venues.base import BetIntent, BetRef, BetReport, Bookmaker, Fee, Idempotency, Instrument, NamesBets
from hedgerow.venues.reading import UnreadableError
from hedgerow.venues.registry import build_bookmaker, venue
from hedgerow.venues.taking import Ended, Leg, Level, NoTakeError, Sums, Taken, planned, report_of, settled_report

TAKING = ("kalshi", "polymarket")
REFERENCE = "0190a5f0-7c3e-7cc0-8a2b-1d5c2b7e9f01"
FEE = Fee(Decimal("0.07"), unit=100)


def instrument(tick: int = 10_000, lot: int = 10_000) -> Instrument:
    return Instrument(VenueSlug("any"), "ref", "market", PriceGrid.probability(tick), lot, lot, taker_fee=FEE)


def intent(**changes: Any) -> BetIntent:
    given: dict[str, Any] = {
        "reference": REFERENCE,
        "fixture_id": FIXTURE,
        "outcome_id": FIRST.outcome_id,
        "player_id": NO_PLAYER,
        "market_ref": "",
        "outcome_ref": "",
        "odds": OddsMicros(1_750_000),
        "stake": Decimal(40),
        "currency": "USD",
        "is_live": False,
        "accept_partial": True,
    }
    return BetIntent(**{**given, **changes})


class Charges:
    """A venue whose fee is rounded up in each of at most six trades."""

    def charge(self, leg: Leg, cost: int, size: int, lowest: int) -> int:
        return -(-cost * size // MICRO) + FEE.of(cost, size) + 6 * FEE.unit


VENUE: Any = Charges()


# --- rules -----------------------------------------------------------------------------------------------------------

costs = st.integers(1, 99).map(lambda cents: cents * 10_000)
books = st.lists(st.builds(Level, costs, st.integers(1, 100_000).map(lambda lots: lots * 10_000)), max_size=6)
odds = st.integers(1_010_000, 90_000_000).map(OddsMicros)
stakes = st.decimals(Decimal("0.10"), Decimal(5000), places=2)


@given(books, odds, stakes, st.booleans(), st.booleans(), st.sampled_from(Side))
def test_a_bet_never_costs_more_than_its_stake_nor_gets_worse_odds(
    levels: list[Level], asked: OddsMicros, stake: Decimal, is_back: bool, takes_part: bool, side: Side
) -> None:
    bet = intent(odds=asked, stake=stake, is_back=is_back, accept_partial=takes_part)
    book = sorted(levels, key=lambda level: level.cost)
    try:
        order = planned(bet, Leg(instrument(), side), book, VENUE)
    except NoTakeError:
        return
    taken = _met(order.size, order.cost, book)
    report = report_of(taken, is_back=is_back, stake=stake)
    assert report.odds is not None
    assert report.stake is not None
    assert report.at_risk is not None
    assert report.stake <= stake
    assert report.odds >= asked if is_back else report.odds <= asked
    at_most = Fraction(stake) * (1 if is_back else Fraction(asked, MICRO) - 1)
    assert Fraction(report.at_risk) <= at_most
    assert order.leg.cost_of(order.cost) in instrument().grid
    assert order.size % 10_000 == 0


def _met(size: int, limit: int, book: list[Level]) -> Taken:
    """What an order takes of a book that has not moved."""
    left, cost, fee = size, 0, 0
    for level in book:
        part = min(left, level.size) if level.cost <= limit else 0
        left, cost, fee = left - part, cost + part * level.cost // MICRO, fee + FEE.of(level.cost, part)
    assert left == 0
    return Taken("id", REFERENCE, "ref", Side.BUY, size, cost, fee)


@given(costs, stakes, st.booleans())
def test_a_deep_book_takes_nearly_all_of_a_stake(cost: int, stake: Decimal, is_back: bool) -> None:
    asked = OddsMicros(MICRO * MICRO // cost if is_back else -(-MICRO * MICRO // (MICRO - cost)))
    assume(asked > MICRO)
    bet = intent(odds=asked, stake=stake, is_back=is_back)
    book = [Level(cost, 10**15)]
    order = planned(bet, Leg(instrument(), Side.BUY), book, VENUE)
    report = report_of(_met(order.size, order.cost, book), is_back=is_back, stake=stake)
    assert report.stake is not None
    each = Fraction(1) if is_back else Fraction(MICRO - cost, cost)  # backer's stake for money at risk
    assert stake - report.stake <= Fraction(10_000 * 2 * cost // MICRO + 900, MICRO) * max(each, 1)


def test_a_better_price_met_when_laying_never_makes_the_stake_larger_than_asked() -> None:
    met = Taken("id", REFERENCE, "ref", Side.SELL, 100_000_000, 40_000_000, 0)  # laid at 1/0.6, not at 2
    report = report_of(met, is_back=False, stake=Decimal(50))
    assert (report.stake, report.odds, report.at_risk) == (50, 1_800_000, 40)


@pytest.mark.parametrize(
    ("status", "each", "paid"),
    [
        (SettlementStatus.WON, None, "72.05"),
        (SettlementStatus.LOST, None, "12.05"),
        (SettlementStatus.VOID, None, "36.05"),
        (SettlementStatus.VOID, Decimal("0.5"), "42.05"),
        (SettlementStatus.VOID, Decimal("0.61"), "48.65"),
    ],
)
def test_what_was_taken_back_is_returned_beside_what_the_rest_pays(
    status: SettlementStatus, each: Decimal | None, paid: str
) -> None:
    undone = Sums(30_000_000, 12_000_000, 50_000)
    taken = Taken("id", REFERENCE, "ref", Side.BUY, 90_000_000, 36_000_000, 150_000, undone=undone)
    assert settled_report(Ended(taken, status, 0, each)).payout == Decimal(paid)


def test_what_the_venue_keeps_at_the_end_is_commission_and_not_paid() -> None:
    taken = Taken("v", REFERENCE, "ref", Side.BUY, 10 * MICRO, 4 * MICRO, 0)
    report = settled_report(Ended(taken, SettlementStatus.WON, 0, commission=Decimal("0.12")))
    assert (report.payout, report.commission) == (Decimal("9.88"), Decimal("0.12"))


def test_contracts_that_the_venue_kept_as_its_fee_are_in_the_price_and_not_in_the_payout() -> None:
    taken = Taken("id", "ref", "token", Side.BUY, 100 * MICRO, 40 * MICRO, 0, withheld=2 * MICRO)
    report = report_of(taken, is_back=True, stake=Decimal(40))
    assert (report.odds, report.stake) == (2_500_000, Decimal(40))
    assert settled_report(Ended(taken, SettlementStatus.WON, 0)).payout == Decimal(98)


@pytest.mark.parametrize(
    ("changes", "book", "reason"),
    [
        ({}, [], Reason.PRICE),
        ({}, [Level(580_000, 10**9)], Reason.PRICE),
        ({"accept_better": False}, [Level(550_000, 10**9)], Reason.PRICE),
        ({"accept_partial": False}, [Level(550_000, 10_000_000)], Reason.LIMIT),
        ({"stake": Decimal("0.001")}, [Level(550_000, 10**9)], Reason.LIMIT),
        ({"odds": OddsMicros(200_000_000)}, [Level(10_000, 10**9)], Reason.PRICE),
    ],
)
def test_what_a_book_has_nothing_for_is_refused(changes: Any, book: list[Level], reason: Reason) -> None:
    with pytest.raises(NoTakeError) as error:
        planned(intent(**changes), Leg(instrument(), Side.BUY), book, VENUE)
    assert error.value.reason is reason


# --- on the simulated exchanges --------------------------------------------------------------------------------------


@dataclass
class Floor:
    """One exchange with the match listed, and our connector that bets there."""

    slug: str
    server: WorldServer
    bookmaker: Bookmaker
    standing: int = 0

    @property
    def engine(self) -> Exchange:
        return self.server.world.exchanges[self.slug]

    @property
    def orders(self) -> list[Order]:
        return [order for order in self.engine.orders.values() if order.account == f"demo_{self.slug}"]

    def stand(self, price: str, size: str, *, bids: bool = False) -> None:
        """Somebody else's order for the first participant's contract, in dollars and contracts."""
        self.standing += 1
        (contract, *_) = [one for one, leg in self.engine.contracts_on(FIRST) if leg is BookLeg.YES]
        side = Side.BUY if bids else Side.SELL
        amounts = micros(Decimal(price)), micros(Decimal(size))
        self.engine.place(COUNTERPARTY, contract, BookLeg.YES, side, *amounts, reference=f"stands {self.standing}")

    def bet(self, **changes: Any) -> BetIntent:
        """On the first participant, 40 USD at 1.75."""
        (contract, *_) = [one for one, leg in self.engine.contracts_on(FIRST) if leg is BookLeg.YES]
        return intent(outcome_ref=contract.names[0], **changes)

    async def place(self, bet: BetIntent) -> BetReport:
        """As placement does it."""
        if self.bookmaker.manifest.idempotency is Idempotency.COMPUTED_ID:
            assert isinstance(self.bookmaker, NamesBets)
            self.named = await self.bookmaker.name(bet)
        return await self.bookmaker.place(bet)

    named: str | None = None

    def ref(self, bet: BetIntent) -> BetRef:
        return BetRef(bet.reference, self.named, self.server.world.clock.now_ms(), bet.is_back, bet.stake)

    def behave(self, **switches: Any) -> None:
        self.server.venues.patch(self.slug, switches, {})

    def step(self, seconds: float) -> None:
        clock = self.server.world.clock
        clock.step_to(clock.now_ns() + int(seconds * NS_PER_S))

    def settle(self, first: SettlementStatus) -> None:
        results = {int(FIRST.outcome_id): first, int(SECOND.outcome_id): first.mirrored}
        self.server.world.settle(FIXTURE, results)

    def expect(self, report: BetReport | None, *, is_back: bool = True) -> None:
        """The report is of the one order that the venue has, by the venue's own trades."""
        (order,) = self.orders
        size = sum(match.size for match in order.fills)
        cost = sum(order.risk_price(match.price) * match.size // MICRO for match in order.fills)
        risk = cost + sum(match.fee for match in order.fills)
        assert report is not None
        assert (report.status, report.bet_ref) == (BetStatus.CONFIRMED, order.id)
        assert report.at_risk == decimal_of(risk)
        if is_back:
            assert (report.stake, report.odds) == (decimal_of(risk), size * MICRO // cost)
        else:
            assert report.odds == -(-size * MICRO // (size - cost))
            assert report.stake == decimal_of(risk * (size - cost) // cost)


@pytest.fixture(params=TAKING)
async def floor(request: pytest.FixtureRequest) -> AsyncIterator[Floor]:
    manifest = venue(request.param).manifest
    async with AsyncExitStack() as stack:
        server = await open_world(manifest, stack)
        bookmaker = build_bookmaker(request.param, demo_context(manifest, server))
        stack.push_async_callback(bookmaker.close)
        await bookmaker.open()
        yield Floor(request.param, server, bookmaker)


async def test_a_back_bet_takes_what_stands_and_is_told_to_the_last_digit(floor: Floor) -> None:
    floor.stand("0.55", "10")
    floor.stand("0.57", "1000")
    floor.stand("0.60", "1000")
    report = await floor.place(floor.bet())
    floor.expect(report)
    assert report.stake is not None
    assert Decimal("39.5") < report.stake <= 40
    assert floor.engine.open_orders(f"demo_{floor.slug}") == []
    balance = await floor.bookmaker.balance()
    assert balance.free == 10_000 - report.stake


async def test_a_lay_bet_buys_the_opposite_and_risks_the_liability(floor: Floor) -> None:
    floor.stand("0.40", "1000", bids=True)
    bet = floor.bet(is_back=False, odds=OddsMicros(2_500_000))
    report = await floor.place(bet)
    floor.expect(report, is_back=False)
    assert report.stake is not None
    assert report.at_risk is not None
    assert Decimal("39.5") < report.stake <= 40
    assert Decimal("59.2") < report.at_risk <= 60
    floor.settle(SettlementStatus.LOST)
    (settled,) = await floor.bookmaker.settled(floor.server.world.clock.now_ms())
    (order,) = floor.orders
    assert (settled.settlement, settled.payout) == (SettlementStatus.WON, decimal_of(order.filled))


async def test_the_stake_is_cut_to_what_stands_where_a_part_is_wanted(floor: Floor) -> None:
    floor.stand("0.57", "20")
    with pytest.raises(Refused) as refusal:
        await floor.place(floor.bet(accept_partial=False))
    assert refusal.value.reason is Reason.LIMIT
    report = await floor.place(floor.bet())
    floor.expect(report)
    assert floor.orders[0].filled == 20 * MICRO


@pytest.mark.parametrize(("left", "status"), [("12", BetStatus.CONFIRMED), ("0", BetStatus.REJECTED)])
async def test_an_order_that_meets_less_than_it_saw_takes_that_and_no_more(
    floor: Floor, left: str, status: BetStatus
) -> None:
    floor.stand("0.57", "100")
    bet = floor.bet()
    floor.behave(acceptDelayMs=2_000)
    assert (await floor.place(bet)).status is BetStatus.PLACED
    floor.behave()
    ref = floor.ref(bet)
    gone = 100 * MICRO - micros(Decimal(left))
    floor.engine.take(FIRST, Side.BUY, 570_000, gone)
    floor.step(120)
    found = await floor.bookmaker.find(ref)
    if status is BetStatus.CONFIRMED:
        floor.expect(found)
        assert floor.orders[0].filled == 12 * MICRO
    else:
        assert found is None or found.status is status
    assert floor.engine.open_orders(f"demo_{floor.slug}") == []


async def test_what_is_no_longer_there_is_refused_and_nothing_rests(floor: Floor) -> None:
    floor.stand("0.60", "100")
    with pytest.raises(Refused) as refusal:
        await floor.place(floor.bet())
    assert refusal.value.reason is Reason.PRICE
    assert floor.orders == []


@pytest.mark.parametrize("restarts", [False, True])
async def test_a_lost_answer_is_found_by_any_process(floor: Floor, restarts: bool) -> None:
    floor.stand("0.57", "1000")
    bet = floor.bet()
    floor.behave(loseResponseRate=1)
    with pytest.raises(InDoubt):
        await floor.place(bet)
    floor.behave()
    asks = floor.bookmaker
    if restarts:
        manifest = asks.manifest
        asks = build_bookmaker(floor.slug, demo_context(manifest, floor.server))
        await asks.open()
    floor.expect(await asks.find(floor.ref(bet)))
    if restarts:
        await asks.close()


async def test_a_bet_that_never_arrived_is_surely_gone_later_and_not_before(floor: Floor) -> None:
    floor.stand("0.57", "1000")
    bet = floor.bet()
    if isinstance(floor.bookmaker, NamesBets):
        floor.named = await floor.bookmaker.name(bet)
    with pytest.raises(CannotTell):
        await floor.bookmaker.find(floor.ref(bet))
    ref = floor.ref(bet)
    floor.step(180)
    assert await floor.bookmaker.find(ref) is None


@pytest.mark.parametrize("result", [SettlementStatus.WON, SettlementStatus.LOST, SettlementStatus.VOID])
@pytest.mark.parametrize("is_back", [True, False])
async def test_settlements_are_the_venues_to_the_last_digit(
    floor: Floor, result: SettlementStatus, is_back: bool
) -> None:
    floor.stand("0.57", "1000")
    floor.stand("0.40", "1000", bids=True)
    bet = floor.bet(is_back=is_back, odds=OddsMicros(1_750_000 if is_back else 2_500_000))
    await floor.place(bet)
    floor.step(300)
    floor.settle(result)
    (order,) = floor.orders
    assert order.state is State.SETTLED
    (settled,) = await floor.bookmaker.settled(floor.server.world.clock.now_ms())
    assert (settled.bet_ref, settled.settlement) == (order.id, result if is_back else result.mirrored)
    assert settled.payout == decimal_of(order.payout)
    found = await floor.bookmaker.find(BetRef(bet.reference, order.id, 0, is_back, bet.stake))
    assert found is not None
    assert (found.settlement, found.payout) == (settled.settlement, settled.payout)


async def test_the_line_is_the_best_price_and_what_stands_there(floor: Floor) -> None:
    bet = floor.bet()
    assert await floor.bookmaker.line("", bet.outcome_ref, bet.outcome) is None
    floor.stand("0.57", "100")
    line = await floor.bookmaker.line("", bet.outcome_ref, bet.outcome)
    assert line is not None
    assert line.odds == MICRO * MICRO // 570_000
    assert 57 < line.max_stake < 60


@pytest.mark.parametrize("cost", [0, -1, 10, 11])
def test_contracts_that_cost_what_none_can_are_no_bet(cost: int) -> None:
    with pytest.raises(UnreadableError, match="contracts for"):
        report_of(Taken("id", REFERENCE, "ref", Side.BUY, 10 * MICRO, cost * MICRO, 0), is_back=True, stake=None)

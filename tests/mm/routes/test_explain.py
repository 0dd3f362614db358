"""Every quote can be worked out again from what is said of it, by who knows the documents alone."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from dataclasses import replace
from decimal import Decimal
from types import SimpleNamespace
from typing import Any, cast

from hedgerow.core.clock import SteppedClock
from hedgerow.core.ids import ClientName, FixtureId, MarketId, MarketKey, OutcomeId, VenueSlug
from hedgerow.core.ladders import Band, PriceGrid
from hedgerow.core.money import MICRO, Micros
from hedgerow.core.odds import OddsMicros
from hedgerow.core.odds_grid import OddsGrid
from hedgerow.core.states import OrderStatus, Side
from hedgerow.mm.controls import TournamentSettings, TradingState
from hedgerow.mm.engine import Engine
from hedgerow.mm.exposure import Exposure, Matched
from hedgerow.mm.hedging import Offer
from hedgerow.mm.journal import Journal
from hedgerow.mm.lane import Lane
from hedgerow.mm.margins import Margin
from hedgerow.mm.market import TradedMarket, Trader
from hedgerow.mm.numbers import OrderNumbers
from hedgerow.mm.orders import Pending, Slot
from hedgerow.mm.policy import Policy, Scope
from hedgerow.mm.pricing import Mode, Pricing
from hedgerow.mm.repository import Repository
from hedgerow.mm.sizing import CapName
from hedgerow.venues.base import Fee, Instrument, NewQuote, OrderState, PushRule
from hedgerow.venues.registry import venue

from .apikit import Api
from .explained import requoted, worth

SCENES, SEED = 130, 20_260_215
NOW_MS = 1_771_151_400_000
BANDS = PriceGrid([Band(1_000, 100_000, 1_000), Band(100_000, 900_000, 10_000), Band(900_000, 999_000, 1_000)])
RUNGS = OddsGrid([*range(1_010_000, 2_000_000, 10_000), *range(2_000_000, 10_000_000, 100_000)])
GRIDS = (PriceGrid.probability(10_000), PriceGrid.probability(1_000), BANDS, RUNGS)
FEES = (
    Fee(),
    Fee(Decimal("0.0175"), 1, 10_000),
    Fee(Decimal("0.07"), 1, 100),
    Fee(Decimal("0.25"), 2, 1),
    Fee(Decimal("0.02"), on_winnings=True),
)


class Resting:
    """An exchange where every order rests."""

    def __init__(self, *, amends: bool) -> None:
        self.manifest = replace(
            venue("kalshi").manifest,
            amends=amends,
            cancel_limit=1,
            push=PushRule.VOID_PAYS,
            void_pays=Decimal("0.5"),
            sells_without_holding=True,
        )

    async def place(self, quote: NewQuote) -> OrderState:
        ref, price, size = quote.client_ref, quote.price, quote.size
        return OrderState(ref, ref, quote.instrument.ref, quote.side, price, size, Micros(0), OrderStatus.PLACED, 0)

    async def amend(self, ref: Any, side: Side, price: Micros, size: Micros, filled: Micros) -> OrderState:
        venue_ref, instrument = ref.venue_ref, ref.instrument.ref
        return OrderState(venue_ref, ref.client_ref, instrument, side, price, size, filled, OrderStatus.PLACED, 0)

    async def cancel(self, ref: Any) -> None: ...

    def ref_of(self, quote: NewQuote) -> Any:
        return SimpleNamespace(venue_ref=None)

    async def open(self, sink: object) -> None: ...

    async def nothing(self, *_: object) -> list[Any]:
        return []

    fills = working = nothing


class Prices:
    def __init__(self) -> None:
        self.now: dict[OutcomeId, Offer] = {}

    def offers(self, key: MarketKey, bookmaker: VenueSlug) -> tuple[dict[OutcomeId, Offer], str | None]:
        return self.now, None if self.now else "no odds"


def odds_of(chance: random.Random, outcomes: int) -> list[int]:
    """With a margin, most of the time; in whole hundredths."""
    weights = [chance.uniform(0.15, 1) for _ in range(outcomes)]
    margin = chance.choice((0.98, 1.02, 1.05, 1.09))
    return [max(1_010_000, round(100 * sum(weights) / weight / margin) * 10_000) for weight in weights]


def offers_of(chance: random.Random, outcomes: tuple[OutcomeId, ...]) -> dict[OutcomeId, Offer]:
    found = {
        outcome: Offer(OddsMicros(odds), Micros(chance.randint(50, 2_000) * MICRO), f"line {outcome}", "", NOW_MS - 700)
        for outcome, odds in zip(outcomes, odds_of(chance, len(outcomes)), strict=True)
    }
    if chance.random() < 0.15:
        found.pop(chance.choice(outcomes))
    return found


def pricing_of(chance: random.Random) -> Pricing:
    skew = chance.choice((0, 30_000))
    if chance.random() < 0.5:
        return Pricing(skew=skew, full=200 * MICRO)
    return Pricing(Mode.FAIR_VALUE, chance.choice(list(Margin)), chance.choice((0, 15_000)), skew, 200 * MICRO)


def trader_of(chance: random.Random) -> Trader:
    """A client whose tightest cap is another one each time."""
    caps = {(scope, ""): chance.choice((15, 40, 10_000)) * MICRO for scope in Scope if chance.random() < 0.25}
    trader = Trader(ClientName("demo"), VenueSlug("pinnacle"), TradingState.LIVE, hedges=True)
    trader.policy = Policy({(None, None): pricing_of(chance)}, caps)
    ratio = Decimal(chance.choice(("0.15", "0.8", "1")))
    trader.tournaments = {17: TournamentSettings(17, True, ratio, chance.choice((-1, 0, 0, 2)))}
    trader.hedge_cash = chance.choice((60, 10_000, 10_000)) * MICRO
    trader.max_outcome_stake = {1: chance.choice((30, 5_000, 5_000)) * MICRO}
    return trader


def market_of(chance: random.Random, trader: Trader, number: int) -> TradedMarket:
    kind, line, count = chance.choice(
        (("moneyline", None, 2), ("1x2", None, 3), ("totals", Decimal(2), 2), ("totals", Decimal("2.5"), 2))
    )
    outcomes = tuple(OutcomeId(100 + place) for place in range(count))
    key = MarketKey(FixtureId(f"id{number}"), MarketId(101))
    market = TradedMarket(trader, key, outcomes, 10, 17, kind, Exposure(outcomes), line)
    if chance.random() < 0.5:
        size = chance.randint(1, 150) * MICRO
        held = Matched("held", chance.choice(outcomes), chance.choice(list(Side)), size, size // 2)
        market.exposure.add_fill(held)
    return market


async def play(
    chance: random.Random, number: int, journal: Journal, clock: SteppedClock, numbers: OrderNumbers
) -> None:
    """One market of one client is quoted, its odds move, and it is quoted again."""
    prices = Prices()
    hedger = SimpleNamespace(on_settled=lambda _: None, look_at=lambda *_: None)
    ledger = SimpleNamespace(take_strays=lambda *_: (), link=lambda *_: (), provisional_since_ms=lambda *_: None)
    minimum = chance.choice((MICRO, 5 * MICRO))
    engine = Engine(prices, cast(Any, hedger), cast(Any, ledger), journal, clock, minimum_stake=lambda _: minimum)
    trader = trader_of(chance)
    engine.traders["demo"] = trader
    lane = Lane(1, cast(Any, Resting(amends=chance.random() < 0.6)), engine, clock, numbers, 7)
    await lane.open(0)
    await lane.resync()
    lane.cash = chance.choice((25, 10_000, 10_000)) * MICRO
    trader.lanes = [lane]
    market = market_of(chance, trader, number)
    engine.add_market(market)
    grid, fee, lot = chance.choice(GRIDS), chance.choice(FEES), chance.choice((10_000, MICRO))
    instrument = Instrument(VenueSlug("kalshi"), f"T{number}", f"T{number}", grid, lot, MICRO, MICRO, fee)
    outcome = chance.choice(market.outcomes)
    for side in Side:
        engine.add_place(market, lane, Slot(instrument, side, outcome))
    for _ in range(2):
        prices.now = offers_of(chance, market.outcomes)
        engine.look_at(market)
        await settled(lane)
        for order in lane.live_orders():
            if order.size > 3 * MICRO and order.status is OrderStatus.PLACED:
                order.fill(order.price, MICRO, 0, NOW_MS)


async def settled(lane: Lane) -> None:
    """Waits until every request is answered; quotes that chase each other never are."""
    for _ in range(200):
        if all(order.pending is Pending.NOTHING for order in lane.live_orders()):
            return
        await asyncio.sleep(0)
    raise AssertionError("the quotes do not come to rest")


async def test_explanation_alone_gives_price_and_size_of_every_quote(api: Api) -> None:
    chance, numbers = random.Random(SEED), OrderNumbers()
    numbers.add(range(1, 5_000))
    journal = Journal(Repository(api.database, api.clock))
    for number in range(SCENES):
        await play(chance, number, journal, api.clock, numbers)
    await journal.flush()
    seen: Counter[str] = Counter()
    last = await api.database.fetchval("select max(order_id) from mm_orders")
    for order_id in range(1, last + 1):
        told = (await api.get(f"/orders/{order_id}/explain"))["data"]
        for row in told:
            price, size, bound_by = requoted(row)
            assert (price, size, bound_by) == (row["price"], row["size"], row["why"]["boundBy"])
            assert worth(row) == row["breakEven"] * MICRO
            seen.update((bound_by, row["action"], row["side"], *features(row["why"])))
        order = await api.get(f"/orders/{order_id}")
        assert (told[0]["price"], told[0]["size"]) == (order["orderCents"], order["orderShares"])
    wanted = {cap.value for cap in MOST_BINDING} | {"place", "amend", "buy", "sell", *FEATURES}
    assert {name: seen[name] for name in wanted if seen[name] < 3} == {}


MOST_BINDING = (
    CapName.HEDGE_LIMIT,
    CapName.HEDGE_CASH,
    CapName.EXCHANGE_CASH,
    CapName.MAX_OUTCOME_STAKE,
    CapName.OUTCOME,
    CapName.FIXTURE,
    CapName.TOURNAMENT,
    CapName.EXCHANGE,
    CapName.CLIENT,
)
FEATURES = (
    *Margin,
    *Mode,
    "three outcomes",
    "skewed",
    "ticks",
    "safe price",
    "fee",
    "odds below one",
    "leg missing",
    "rungs",
    "commission",
)


def features(why: dict[str, Any]) -> list[str]:
    """What a derivation shows, of what the test is to have seen."""
    steps, odds = why["pricing"], [offer["odds"] for offer in why["odds"]]
    shown = {
        "three outcomes": len(steps["outcomes"]) == 3,
        "skewed": steps.get("skewedBy", 0) != 0,
        "ticks": steps["priceTicks"] != 0,
        "safe price": steps["safePrice"] == Decimal("0.5") == steps["beforeFees"],
        "fee": steps["makerFee"]["rate"] > 0,
        "odds below one": len(odds) == len(steps["outcomes"]) and sum(1 / Decimal(one) for one in odds) < 1,
        "rungs": "rungs" in steps,
        "commission": steps["makerFee"]["onWinnings"],
        "leg missing": len(odds) < len(steps["outcomes"]),
    }
    return [why["mode"], why.get("margin", ""), *(name for name, is_so in shown.items() if is_so)]

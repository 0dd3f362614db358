"""Positions, profit and loss: the sums of the database against sums made by hand."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hedgerow.core.states import SettlementStatus
from hedgerow.execution.settlement import contract_payout

from .apikit import FIXTURE, NOW, Api

MICRO = Decimal("0.000001")


async def test_position_groups_orders_and_names_the_fixture(api: Api) -> None:
    await api.add_fixture()
    await api.insert("sports", sport_id=10, slug="soccer", name="Soccer")
    await api.insert("tournaments", tournament_id=17, sport_id=10, name="Premier League", category="England")
    matched = {"matched_size": Decimal(100), "matched_stake": Decimal(40), "matched_price": Decimal("0.4")}
    await api.add_order(1, status="FILLED", stake=Decimal(40), **matched)
    await api.add_order(2)
    await api.add_order(3, exchange="kalshi")
    found = await api.get("/positions")
    assert found["count"] == 2
    position = next(item for item in found["positions"] if item["exchange"] == "polymarket")
    assert (position["fixtureId"], position["outcomeId"], position["playerId"]) == (FIXTURE, 161, 0)
    assert (position["orderCount"], position["totalStake"], position["matchedStake"]) == (2, 85, 40)
    assert (position["openStake"], position["avgPrice"]) == (45, Decimal("0.400000"))
    assert (position["participant1Name"], position["sportName"]) == ("Arsenal", "Soccer")
    assert (position["tournamentName"], position["categoryName"]) == ("Premier League", "England")
    assert position["startTime"] == 1_771_151_400


async def test_fixture_that_is_not_known_has_no_names(api: Api) -> None:
    await api.add_order(1)
    (position,) = (await api.get("/positions"))["positions"]
    assert (position["participant1Name"], position["sportId"], position["startTime"]) == (None, None, None)
    assert position["avgPrice"] == Decimal("0.450000")


@pytest.mark.parametrize(
    ("status", "outcomes"),
    [
        (None, {1, 2, 3, 5}),
        ("active", {1, 2, 3, 5}),
        ("open", {1, 2}),
        ("matched", {2, 3, 5}),
        ("filled", {3}),
        ("cancelled", {4, 5}),
        ("open,filled", {1, 2, 3}),
    ],
)
async def test_status_says_which_orders_count(api: Api, status: str | None, outcomes: set[int]) -> None:
    part, whole = {"matched_size": Decimal(10)}, {"matched_size": Decimal(100)}
    await api.add_order(1, outcome_id=1)
    await api.add_order(2, outcome_id=2, **part)
    await api.add_order(3, outcome_id=3, status="FILLED", **whole)
    await api.add_order(4, outcome_id=4, status="CANCELLED")
    await api.add_order(5, outcome_id=5, status="CANCELLED", **part)
    await api.add_order(6, outcome_id=6, status="FAILED")
    found = await api.get("/positions", **({} if status is None else {"status": status}))
    assert {position["outcomeId"] for position in found["positions"]} == outcomes


async def test_summary_counts_active_orders_only(api: Api) -> None:
    await api.add_order(1)
    await api.add_order(2, status="CANCELLED")
    summary = await api.get("/positions/summary")
    assert (summary["totalOrders"], summary["totalStake"], summary["cancelledCount"]) == (1, 45, 0)


async def test_profit_of_nothing_is_zero(api: Api) -> None:
    found = await api.get("/pnl")
    assert {value for name, value in found.items() if not name.endswith("Date")} == {0}


@pytest.mark.parametrize(
    ("side", "status", "pnl"),
    [
        ("buy", "WON", Decimal(60)),
        ("buy", "LOST", Decimal(-40)),
        ("buy", "HALF_WON", Decimal(30)),
        ("buy", "HALF_LOST", Decimal(-20)),
        ("buy", "VOID", Decimal(0)),
        ("sell", "WON", Decimal(40)),
        ("sell", "LOST", Decimal(-60)),
    ],
)
async def test_settled_order_brings_what_the_published_rule_says(
    api: Api, side: str, status: str, pnl: Decimal
) -> None:
    await add_fill(api, Fill(1, side, Decimal("0.4"), Decimal(100), Decimal(0), status))
    found = await api.get("/pnl")
    assert (found["realizedPnl"], found["unrealizedPnl"], found["pnl"]) == (pnl, 0, pnl)
    assert (found["settledCount"], found["unsettledCount"]) == (1, 0)


async def test_void_is_worth_what_the_exchange_paid_for_each_fill(api: Api) -> None:
    await add_fill(api, Fill(1, "buy", Decimal("0.4"), Decimal(100), Decimal(100), "VOID"))
    await add_fill(api, Fill(1, "buy", Decimal("0.6"), Decimal(50), Decimal(0), "VOID"), 1)
    await api.database.execute("update mm_orders set paid_per_contract = 0.47")
    found = await api.get("/pnl")
    assert (found["realizedPnl"], found["nakedPnl"], found["netRealizedSpread"]) == (Decimal("0.5"), 7, Decimal("-6.5"))


@pytest.mark.parametrize(("side", "profit"), [("buy", 60), ("sell", 40)])
async def test_unsettled_order_is_counted_as_if_it_won(api: Api, side: str, profit: int) -> None:
    await add_fill(api, Fill(1, side, Decimal("0.4"), Decimal(100), Decimal(0), "UNDECIDED"))
    found = await api.get("/pnl")
    assert (found["realizedPnl"], found["unrealizedPnl"], found["pnl"]) == (0, profit, profit)
    assert (found["settledCount"], found["unsettledCount"], found["totalMatchedStake"]) == (0, 1, 100 - profit)


async def test_fees_stand_beside_the_realized_profit_until_they_are_taken_from_the_spread(api: Api) -> None:
    await add_fill(api, Fill(2, "buy", Decimal("0.4"), Decimal(100), Decimal(0), "WON"))
    await add_fill(api, Fill(4, "buy", Decimal("0.4"), Decimal(100), Decimal(0), "UNDECIDED"))
    found = await api.get("/pnl")
    assert (found["realizedPnl"], found["fees"]) == (60, Decimal("0.4"))
    assert found["netRealizedSpread"] == Decimal("59.6")


async def test_order_that_matched_nothing_counts_nothing(api: Api) -> None:
    await api.add_order(1)
    found = await api.get("/pnl")
    assert (found["unsettledCount"], found["pnl"], found["totalMatchedStake"]) == (0, 0, 0)


async def test_days_are_told_and_kept_to(api: Api) -> None:
    await add_fill(api, Fill(1, "buy", Decimal("0.4"), Decimal(100), Decimal(0), "WON"))
    told = await api.get("/pnl", from_date="2026-02-15", to_date="2026-02-15")
    assert (told["fromDate"], told["toDate"], told["realizedPnl"]) == ("2026-02-15", "2026-02-15", 60)
    other = await api.get("/pnl", from_date="2026-02-16")
    assert (other["realizedPnl"], other["netRealizedSpread"], other["settledCount"]) == (0, 0, 0)


async def test_hedged_market_shows_its_locked_profit_until_it_is_settled(api: Api) -> None:
    await api.insert(
        "markets",
        market_id=101,
        sport_id=10,
        market_type="winner",
        period="result",
        handicap=Decimal(0),
        name="Winner",
        outcomes=[{"outcomeId": 161}, {"outcomeId": 162}],
    )
    await add_fill(api, Fill(1, "buy", Decimal("0.45"), Decimal(100), Decimal(0), "UNDECIDED"))
    await api.add_bet(1, placed_odds=Decimal(2), placed_stake=Decimal(50))
    open_now = await api.get("/pnl")
    assert (open_now["lockedPnl"], open_now["netRealizedSpread"]) == (5, 0)
    await api.database.execute("update mm_orders set settlement_status = 'LOST'")
    await api.database.execute("update bets set settlement = 'WON', payout = 100")
    settled = await api.get("/pnl")
    assert (settled["lockedPnl"], settled["netRealizedSpread"], settled["nakedPnl"]) == (0, 5, 0)
    assert (settled["realizedPnl"], settled["settledPairCount"], settled["nakedSettledCount"]) == (-45, 1, 0)


async def test_unhedged_fill_locks_nothing_in(api: Api) -> None:
    await add_fill(api, Fill(1, "buy", Decimal("0.4"), Decimal(100), Decimal(100), "UNDECIDED"))
    assert (await api.get("/pnl"))["lockedPnl"] == 0


async def test_unhedged_part_of_a_fill_is_told(api: Api) -> None:
    await add_fill(api, Fill(1, "buy", Decimal("0.4"), Decimal(100), Decimal(25), "UNDECIDED"))
    found = await api.get("/pnl")
    assert (found["unhedgedStake"], found["unhedgedStakePct"]) == (10, 25)


async def test_fill_that_was_taken_back_is_none(api: Api) -> None:
    await add_fill(api, Fill(1, "buy", Decimal("0.4"), Decimal(100), Decimal(0), "WON"))
    await api.database.execute("update mm_fills set state = 'REVERSED'")
    found = await api.get("/pnl")
    assert (found["totalTurnover"], found["netRealizedSpread"], found["validTurnover"]) == (0, 0, 0)


async def test_what_belongs_to_others_counts_nothing(api: Api) -> None:
    await add_fill(api, Fill(2, "buy", Decimal("0.4"), Decimal(100), Decimal(0), "UNDECIDED"))
    await api.database.execute("update mm_fills set client = 'rival', account_id = $1", api.rivals_id)
    await api.database.execute("update mm_orders set client = 'rival'")
    await api.add_bet(1, client="rival", account_id=api.rivals_id, settlement="WON", payout=Decimal(180))
    await api.add_bet(2, origin="abp", settlement="WON", payout=Decimal(180))
    found = await api.get("/pnl")
    assert {value for name, value in found.items() if not name.endswith("Date")} == {0}


@pytest.mark.parametrize(
    ("status", "counts"),
    [("CONFIRMED", True), ("VOID", True), ("PENDING", False), ("PLACED", False), ("CANCELLED", False)],
)
async def test_only_a_hedge_that_was_taken_has_a_result_and_a_drift(api: Api, status: str, counts: bool) -> None:
    await api.add_bet(
        1,
        status=status,
        planned_odds=Decimal("2.01"),
        placed_odds=Decimal(2),
        placed_stake=Decimal(100),
        settlement="WON",
        payout=Decimal(200),
    )
    found = await api.get("/pnl")
    told = (found["avgHedgePriceDrift"], found["netRealizedSpread"], found["validTurnover"])
    assert told == ((Decimal("0.01"), 100, 100) if counts else (0, 0, 0))


async def test_fill_whose_order_is_not_known_yet_is_turnover_and_nothing_more(api: Api) -> None:
    await add_fill(api, Fill(1, "buy", Decimal("0.4"), Decimal(100), Decimal(100), "WON"))
    await api.database.execute("update mm_fills set order_id = null")
    await api.database.execute("delete from mm_orders")
    found = await api.get("/pnl")
    assert (found["totalTurnover"], found["unhedgedStake"], found["nakedPnl"]) == (40, 40, 0)
    assert (found["realizedPnl"], found["unsettledCount"]) == (0, 0)


async def test_voided_hedge_brings_its_stake_back(api: Api) -> None:
    await api.add_bet(1, status="VOID", settlement="VOID", payout=Decimal(100))
    found = await api.get("/pnl")
    assert (found["netRealizedSpread"], found["validTurnover"]) == (0, 0)


async def test_drift_is_weighted_by_stake_in_usd(api: Api) -> None:
    await api.add_bet(1, planned_odds=Decimal("2.02"), placed_odds=Decimal("2.00"), placed_stake=Decimal(300))
    await api.add_bet(
        2, planned_odds=Decimal("2.00"), placed_odds=Decimal("2.02"), placed_stake=Decimal(200), usd_rate=Decimal(2)
    )
    assert (await api.get("/pnl"))["avgHedgePriceDrift"] == Decimal("0.01")


@dataclass(frozen=True)
class Fill:
    order_id: int
    side: str
    price: Decimal
    size: Decimal
    unhedged: Decimal
    status: str

    @property
    def stake(self) -> Decimal:
        return self.size * (self.price if self.side == "buy" else 1 - self.price)

    @property
    def fee(self) -> Decimal:
        return (self.stake / 100).quantize(MICRO) if self.order_id % 2 == 0 else Decimal(0)

    @property
    def pnl(self) -> Decimal:
        payout = contract_payout(SettlementStatus(self.status), self.size, self.stake)
        return payout - self.stake - self.fee if self.status != "UNDECIDED" else Decimal(0)


async def add_fill(api: Api, fill: Fill, number: int = 0) -> None:
    """A fill, counted in its order's row."""
    if not await api.database.fetchval("select count(*) from mm_orders where order_id = $1", fill.order_id):
        await api.add_order(fill.order_id, side=fill.side, settlement_status=fill.status, status="FILLED")
    await api.database.execute(
        """update mm_orders set matched_size = matched_size + $2, matched_stake = matched_stake + $3, fees = fees + $4
           where order_id = $1""",
        fill.order_id,
        fill.size,
        fill.stake,
        fill.fee,
    )
    await api.insert(
        "mm_fills",
        account_id=api.account_id,
        trade_ref=f"trade-{fill.order_id}-{number}",
        exchange_order_id=f"0x{fill.order_id}",
        order_id=fill.order_id,
        client="demo",
        exchange="polymarket",
        fixture_id=FIXTURE,
        market_id=101,
        outcome_id=161,
        player_id=0,
        side=fill.side,
        price=fill.price,
        size=fill.size,
        stake=fill.stake,
        fee=fill.fee,
        unhedged_size=fill.unhedged,
        state="FINAL",
        is_maker=True,
        traded_at=NOW + timedelta(seconds=1),
        recorded_at=NOW,
    )


sizes = st.decimals(Decimal("0.01"), 5000, places=2)
statuses = st.sampled_from(["UNDECIDED", "WON", "LOST", "VOID", "HALF_WON", "HALF_LOST"])


@st.composite
def orders(draw: st.DrawFn) -> list[Fill]:
    found = []
    for order_id in range(1, draw(st.integers(1, 5))):
        side, status = draw(st.sampled_from(["buy", "sell"])), draw(statuses)
        for _ in range(draw(st.integers(1, 3))):
            size = draw(sizes)
            unhedged = draw(st.sampled_from([Decimal(0), size, (size / 3).quantize(MICRO)]))
            price = draw(st.decimals("0.0001", "0.9999", places=4))
            found.append(Fill(order_id, side, price, size, unhedged, status))
    return found


bets = st.lists(st.tuples(sizes, st.sampled_from(["1", "0.848627", "151.3"]), st.booleans(), sizes), max_size=4)


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(orders(), bets)
async def test_numbers_add_up_to_the_cent(
    api: Api, fills: list[Fill], hedges: list[tuple[Decimal, str, bool, Decimal]]
) -> None:
    await api.database.execute("truncate mm_fills, mm_orders, bets")
    for number, fill in enumerate(fills):
        await add_fill(api, fill, number)
    for number, (stake, rate, is_settled, payout) in enumerate(hedges):
        told = {"settlement": "WON", "payout": payout} if is_settled else {}
        await api.add_bet(number, placed_stake=stake, usd_rate=Decimal(rate), currency="EUR", **told)
    found = await api.get("/pnl")

    of_bets = [
        ((payout - stake) / Decimal(rate)).quantize(MICRO) for stake, rate, is_settled, payout in hedges if is_settled
    ]
    by_order: dict[int, Decimal] = {}
    for fill in fills:
        by_order[fill.order_id] = by_order.get(fill.order_id, Decimal(0)) + fill.pnl
    settled = [fill for fill in fills if fill.status != "UNDECIDED"]
    naked = sum(fill.pnl * fill.unhedged / fill.size for fill in fills)
    result = sum(by_order.values()) + sum(of_bets)
    assert found["realizedPnl"] - found["fees"] == sum(by_order.values())
    assert found["fees"] == sum(fill.fee for fill in settled)
    assert found["unrealizedPnl"] == sum(fill.size - fill.stake for fill in fills if fill not in settled)
    assert found["pnl"] == found["realizedPnl"] + found["unrealizedPnl"]
    assert abs(found["netRealizedSpread"] + found["nakedPnl"] - result) <= MICRO * len(hedges)
    assert abs(found["nakedPnl"] - naked) <= MICRO * len(fills)
    assert found["totalMatchedStake"] == found["totalTurnover"] == sum(fill.stake for fill in fills)
    assert abs(found["validTurnover"] - sum(map(abs, (*by_order.values(), *of_bets)))) <= MICRO * len(hedges)
    assert found["settledCount"] == len({fill.order_id for fill in settled})
    assert found["settledCount"] + found["unsettledCount"] == len(by_order)
    unhedged = sum(fill.stake * fill.unhedged / fill.size for fill in fills)
    assert abs(found["unhedgedStake"] - unhedged) <= MICRO * len(fills)


risks = st.fractions(Fraction(1, 10_000), Fraction(9999, 10_000), max_denominator=10_000)


@given(risks, sizes)
def test_contracts_minus_stake_is_the_published_rule(probability: Fraction, size: Decimal) -> None:
    stake = Fraction(size) * probability
    assert Fraction(size) - stake == stake * (1 / probability - 1)

"""Balances and settlement, to the last micro: X60-X67."""

from __future__ import annotations

from hedgerow.core.money import decimal_of
from hedgerow.core.states import SettlementStatus, Side
from hedgerow.exam.cases import expect_same, only
from hedgerow.exam.exchange_bench import ASK, BID, ExchangeBench, exchange_case
from hedgerow.execution.settlement import contract_payout
from hedgerow.venues.base import Fill


@exchange_case("X60", "balance")
async def the_balance_is_the_exchanges(bench: ExchangeBench) -> None:
    await bench.expect_money()


@exchange_case("X61", "balance")
async def what_orders_hold_is_told_as_held(bench: ExchangeBench) -> None:
    await bench.connector.place(bench.quote("one"))
    await bench.connector.place(bench.quote("two", price=bench.below()))
    await bench.expect_money()


@exchange_case("X62", "balance")
async def the_balance_after_trades_is_the_exchanges(bench: ExchangeBench) -> None:
    await bench.hold()
    await bench.connector.place(bench.quote("ask", Side.SELL, ASK))
    bench.take(Side.BUY, ASK)
    bench.stand(Side.SELL, BID)
    await bench.connector.place(bench.quote("taker", price=ASK, post_only=False))
    await bench.until(lambda: len(bench.told(Fill)) >= 3, "all fills are told")
    bench.expect_fills(await bench.connector.fills(0))
    await bench.expect_money()


@exchange_case("X63", "settlement")
async def a_contract_that_is_not_over_has_no_resolution(bench: ExchangeBench) -> None:
    expect_same("resolutions", await bench.connector.resolutions([bench.instrument]), [])


@exchange_case("X64", "settlement")
async def a_contract_that_won_pays_and_the_balance_says_so(bench: ExchangeBench) -> None:
    await _settle(bench, SettlementStatus.WON)


@exchange_case("X65", "settlement")
async def a_contract_that_lost_pays_nothing(bench: ExchangeBench) -> None:
    await _settle(bench, SettlementStatus.LOST)


@exchange_case("X66", "settlement")
async def a_void_contract_pays_what_the_exchange_says(bench: ExchangeBench) -> None:
    await _settle(bench, SettlementStatus.VOID)


@exchange_case("X67", "settlement")
async def a_sale_is_settled_against_the_contract(bench: ExchangeBench) -> None:
    await bench.hold()
    await bench.connector.place(bench.quote("ask", Side.SELL, ASK))
    bench.take(Side.BUY, ASK)
    bench.settle(SettlementStatus.WON)
    resolution = only("resolutions", await bench.connector.resolutions([bench.instrument]))
    expect_same("of the contract when bought", resolution.status, SettlementStatus.WON)
    await bench.expect_money()


async def _settle(bench: ExchangeBench, result: SettlementStatus) -> None:
    """What is held and what rests is decided; the resolution and the money are the venue's."""
    await bench.hold()
    await bench.connector.place(bench.quote("rests", price=bench.below(2)))
    bench.settle(result)
    resolution = only("resolutions", await bench.connector.resolutions([bench.instrument]))
    expect_same("instrument and status", (resolution.instrument_ref, resolution.status), (bench.instrument.ref, result))
    held = bench.truth[0]
    size = decimal_of(held.filled)
    cost = decimal_of(sum(held.at_risk(match.price, match.size) for match in held.fills)) / size
    status, paid = resolution.seen_by(Side.BUY, cost)
    told = contract_payout(status, size, cost * size, paid)
    expect_same("payout of what was held", told, decimal_of(held.payout))
    expect_same("what rests", await bench.connector.working(), [])
    await bench.expect_money()

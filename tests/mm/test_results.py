"""Every result of a market on both sides: no fill that is priced here loses with its hedge, whatever the score."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hedgerow.core.ladders import PriceGrid
from hedgerow.core.money import MICRO, decimal_of, micros
from hedgerow.core.odds import OddsMicros
from hedgerow.core.states import SettlementStatus, Side
from hedgerow.execution.settlement import back_payout, contract_payout
from hedgerow.mm.pricing import PARITY, ask_price, bid_price, break_even_ask, break_even_bid, least_to_ask, most_to_bid
from hedgerow.mm.results import results_of, safe_price
from hedgerow.venues.base import Fee, Manifest, PushRule
from hedgerow.venues.registry import venue

WON, LOST, VOID = SettlementStatus.WON, SettlementStatus.LOST, SettlementStatus.VOID
HALF_WON, HALF_LOST = SettlementStatus.HALF_WON, SettlementStatus.HALF_LOST
BUY, SELL = Side.BUY, Side.SELL

KALSHI = venue("kalshi").manifest
AS_BOOKMAKERS = replace(KALSHI, push=PushRule.STAKE_BACK)
PAYS_HALF = replace(KALSHI, push=PushRule.VOID_PAYS, void_pays=Decimal("0.5"))
PAYS_LITTLE = replace(KALSHI, push=PushRule.VOID_PAYS, void_pays=Decimal("0.2"))
UNKNOWN = replace(KALSHI, push=PushRule.UNKNOWN)

PER_FILL = Fee(rate=Decimal("0.0175"), exponent=1, unit=100)
COMMISSION = Fee(rate=Decimal("0.05"), on_winnings=True)


# --- what can happen -------------------------------------------------------------------------------------------------


def graded(ahead: Decimal) -> SettlementStatus:
    """The grade of a bet that is ahead of its line by so much: a quarter line is two bets, on the lines beside it."""
    if ahead % Decimal("0.5"):
        halves = graded(ahead - Decimal("0.25")), graded(ahead + Decimal("0.25"))
        return {(LOST, VOID): HALF_LOST, (VOID, WON): HALF_WON}.get(halves, halves[0])
    return WON if ahead > 0 else LOST if ahead < 0 else VOID


def grades_of(market_type: str, line: Decimal, home: int, away: int) -> tuple[SettlementStatus, ...]:
    """How a bookmaker grades the outcomes of a market for a final score."""
    match market_type:
        case "1x2":
            winner = 0 if home > away else 2 if away > home else 1
            return tuple(WON if i == winner else LOST for i in range(3))
        case "totals":
            first = graded(home + away - line)
        case _:
            first = graded(home - away + line)
    return first, first.mirrored


scores = st.tuples(st.integers(0, 9), st.integers(0, 9))
lines = st.integers(-24, 24).map(lambda quarters: Decimal(quarters) / 4)
asian = st.tuples(st.sampled_from(["totals", "spreads"]), lines)


@given(asian, scores)
def test_every_score_of_an_asian_line_is_a_result(market: tuple[str, Decimal], score: tuple[int, int]) -> None:
    market_type, line = market
    results = results_of(market_type, line, 2)
    assert results is not None
    assert grades_of(market_type, line, *score) in results


@pytest.mark.parametrize(
    ("line", "between"), [("2.5", None), ("2", VOID), ("2.25", HALF_LOST), ("2.75", HALF_WON), ("-0.25", HALF_WON)]
)
def test_over_a_line_has_one_result_between_won_and_lost(line: str, between: SettlementStatus | None) -> None:
    results = results_of("totals", Decimal(line), 2) or ()
    assert [first for first, _ in results] == [WON, LOST, *([between] if between else [])]


def test_handicap_of_participant_one_is_half_lost_where_the_under_of_its_mirror_is() -> None:
    assert results_of("spreads", Decimal("-0.25"), 2) == ((WON, LOST), (LOST, WON), (HALF_LOST, HALF_WON))
    assert results_of("spreads", Decimal("0.25"), 2) == ((WON, LOST), (LOST, WON), (HALF_WON, HALF_LOST))


@pytest.mark.parametrize(
    ("market_type", "line", "outcomes"),
    [
        ("doublechance", None, 3),
        ("totals", None, 2),
        ("totals", Decimal("2.1"), 2),
        ("1x2", None, 2),
        ("corners", None, 2),
    ],
)
def test_market_whose_ends_are_not_known_has_no_results(market_type: str, line: Decimal | None, outcomes: int) -> None:
    assert results_of(market_type, line, outcomes) is None


# --- which prices are safe -------------------------------------------------------------------------------------------


def test_line_that_cannot_be_hit_is_safe_everywhere() -> None:
    half = results_of("totals", Decimal("2.5"), 2)
    assert [safe_price(half, UNKNOWN, PER_FILL, side) for side in (BUY, SELL)] == [MICRO, 0]


def test_line_that_can_be_hit_is_quoted_only_where_it_is_known_what_that_pays() -> None:
    whole, quarter = results_of("totals", Decimal(2), 2), results_of("totals", Decimal("2.25"), 2)
    rules = UNKNOWN, AS_BOOKMAKERS, PAYS_LITTLE
    assert [safe_price(whole, at, Fee(), BUY) for at in rules] == [None, MICRO, 200_000]
    assert [safe_price(whole, at, Fee(), SELL) for at in rules] == [None, 0, 800_000]
    assert [safe_price(quarter, at, Fee(), BUY) for at in rules] == [None, MICRO, None]


def test_stake_that_comes_back_brings_no_fee_back_with_it() -> None:
    whole = results_of("totals", Decimal(2), 2)
    assert [safe_price(whole, AS_BOOKMAKERS, PER_FILL, side) for side in (BUY, SELL)] == [None, None]
    assert [safe_price(whole, AS_BOOKMAKERS, COMMISSION, side) for side in (BUY, SELL)] == [MICRO, 0]


# --- and that they are -----------------------------------------------------------------------------------------------

odds = st.integers(1_020_000, 60_000_000).map(OddsMicros)
venues = st.sampled_from([UNKNOWN, AS_BOOKMAKERS, PAYS_HALF, PAYS_LITTLE])
markets = st.one_of(asian, st.just(("1x2", Decimal(0))))
fees = st.sampled_from([Fee(), PER_FILL, COMMISSION])
GRIDS = [PriceGrid.probability(10_000), PriceGrid.probability(1_000)]


def result(
    side: Side, price: int, fee: Fee, own: SettlementStatus, legs: list[tuple[SettlementStatus, Decimal]], at: Manifest
) -> Decimal:
    """What a fill of one contract and its hedge earn. legs: grade and odds of each bet; every bet is to pay 1."""
    held, risk = (own, price) if side is BUY else (own.mirrored, MICRO - price)
    void_pays = at.void_pays if at.push is PushRule.VOID_PAYS and held is SettlementStatus.VOID else None
    earned = contract_payout(held, Decimal(1), decimal_of(risk), void_pays) - decimal_of(risk)
    earned -= max(earned, Decimal(0)) * fee.rate if fee.on_winnings else decimal_of(fee.of(risk, MICRO))
    for grade, at_odds in legs:
        stake = 1 / at_odds
        earned += back_payout(grade, stake, at_odds) - stake
    return earned


@given(markets, scores, st.lists(odds, min_size=3, max_size=3), venues, fees, st.sampled_from(GRIDS), st.data())
def test_no_final_score_makes_a_fill_with_its_hedge_lose(
    market: tuple[str, Decimal],
    score: tuple[int, int],
    book: list[OddsMicros],
    at: Manifest,
    fee: Fee,
    grid: PriceGrid,
    data: st.DataObject,
) -> None:
    market_type, line = market
    outcomes = 3 if market_type == "1x2" else 2
    own, side = data.draw(st.integers(0, outcomes - 1)), data.draw(st.sampled_from(Side))
    safe = safe_price(results_of(market_type, line, outcomes), at, fee, side)
    if safe is None:
        return
    hedged = [i for i in range(outcomes) if (i == own) != (side is BUY)]
    if side is BUY:
        price = bid_price(most_to_bid(PARITY, break_even_bid([book[i] for i in hedged]), safe, 0), grid, fee)
    else:
        price = ask_price(least_to_ask(PARITY, break_even_ask(book[own]), safe, 0), grid, fee)
    if price is None:
        return
    grades = grades_of(market_type, line, *score)
    legs = [(grades[i], decimal_of(book[i])) for i in hedged]
    assert result(side, price, fee, grades[own], legs, at) >= Decimal("-0.000001")


def test_bid_above_what_a_push_pays_would_lose_and_is_not_made() -> None:
    whole = results_of("totals", Decimal(2), 2)
    safe = safe_price(whole, PAYS_HALF, Fee(), BUY)
    assert safe is not None
    worth = break_even_bid([OddsMicros(3_000_000)])
    assert worth == 666_666
    unsafe = [(VOID, Decimal(3))]
    assert result(BUY, 660_000, Fee(), VOID, unsafe, PAYS_HALF) == Decimal("-0.16")
    assert bid_price(most_to_bid(PARITY, worth, safe, 0), GRIDS[0], Fee()) == micros(Decimal("0.50"))

"""Which markets are match winners, how they become listings, how their changes are told, and what was kept of
winnings."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hedgerow.core.states import SettlementStatus, Side
from hedgerow.venues.base import Exchange, Listing, MarketChange
from hedgerow.venues.smarkets import wire
from hedgerow.venues.smarkets.following import MarketView
from hedgerow.venues.smarkets.listing import instrument_of
from hedgerow.venues.smarkets.settled import Commission, commissions, ends, resolutions

Make = Callable[..., dict[str, Any]]

EVENT = {
    "id": "565413",
    "name": "Jannik Sinner vs Carlos Alcaraz",
    "state": "upcoming",
    "type": {"domain": "tennis", "scope": "single_event"},
    "full_slug": "/sport/tennis/atp-finals/2026/11/21/18-00/jannik-sinner-vs-carlos-alcaraz",
    "start_datetime": "2026-11-21T18:00:00.000000Z",
}
MARKET = {"id": "128939", "event_id": "565413", "state": "open", "market_type": {"name": "WINNER_2_WAY"}}
NO_PAGE = {"next_page": None}


def contract(number: str, name: str, kind: str, state: str = "open") -> dict[str, Any]:
    typed = {"contract_type": {"name": kind}}
    return {"id": number, "market_id": "128939", "name": name, "state_or_outcome": state, **typed}


HOME, AWAY = contract("1", "Jannik Sinner", "HOME"), contract("2", "Carlos Alcaraz", "AWAY")
DRAW = contract("3", "Draw", "DRAW")


@pytest.fixture
def listed(exchange: Exchange, venue: Any) -> Callable[..., Any]:
    """The listings of a sport with these contracts in its one market."""

    async def listings(*contracts: dict[str, Any], sport: str = "tennis", **changes: Any) -> list[Listing]:
        venue.answer("GET /v3/events/", {"events": [EVENT], "pagination": NO_PAGE})
        venue.answer("GET /v3/events/565413/markets/", {"markets": [MARKET | changes]})
        venue.answer("GET /v3/markets/128939/contracts/", {"contracts": list(contracts)})
        return await exchange.listings(sport)

    return listings


async def test_a_match_is_listed_with_both_of_its_contracts(listed: Any) -> None:
    one, other = await listed(AWAY, HOME)
    assert (one.outcome, one.opposite, other.outcome) == ("Carlos Alcaraz", "Jannik Sinner", "Jannik Sinner")
    assert one.participants == other.participants == ("Jannik Sinner", "Carlos Alcaraz")
    assert (one.competition, one.market_type, one.period) == ("atp finals", "moneyline", "result")
    assert (one.starts_at_ms, one.is_open) == (1_795_284_000_000, True)
    assert (one.instrument.ref, one.instrument.market_ref) == ("2", "128939")
    assert (one.instrument.taker_fee.rate, one.instrument.taker_fee.on_winnings) == (Decimal("0.02"), True)


async def test_soccer_is_listed_by_regular_time_with_the_draw(listed: Any) -> None:
    found = await listed(HOME, DRAW, AWAY, sport="soccer", market_type={"name": "WINNER_3_WAY"})
    assert [(one.outcome, one.opposite, one.period) for one in found] == [
        (name, None, "fulltime") for name in ("Jannik Sinner", "Draw", "Carlos Alcaraz")
    ]


@pytest.mark.parametrize(
    "contracts",
    [
        (HOME,),
        (HOME, AWAY, DRAW),
        (HOME, contract("2", "Carlos Alcaraz", "HOME")),
        (HOME, contract("2", "Jannik Sinner", "AWAY")),
        (HOME | {"state_or_outcome": "winner"}, AWAY | {"state_or_outcome": "loser"}),
        (HOME | {"id": "x"}, AWAY),
    ],
)
async def test_what_is_no_match_winner_is_left_out(listed: Any, contracts: tuple[dict[str, Any], ...]) -> None:
    assert await listed(*contracts) == []


async def test_a_halted_contract_is_listed_as_shut(listed: Any) -> None:
    found = await listed(HOME | {"state_or_outcome": "halted"}, AWAY | {"state_or_outcome": "live"})
    assert [one.is_open for one in found] == [False, True]


@pytest.mark.parametrize(("told", "counted"), [("0.03", "0.03"), ("0.01", "0.02"), ("much", "0.02"), ("NaN", "0.02")])
async def test_the_higher_of_two_commissions_is_counted(listed: Any, told: str, counted: str) -> None:
    (one, _) = await listed(HOME, AWAY, info={"commission_rate": told})
    assert one.instrument.maker_fee.rate == Decimal(counted)


# --- markets that are watched --------------------------------------------------------------------------------------


def decoded(*contracts: dict[str, Any]) -> list[wire.Contract]:
    return [
        wire.Contract(
            one["id"], one["market_id"], one["name"], one["state_or_outcome"], None, one.get("outcome_timestamp")
        )
        for one in contracts
    ]


INSTRUMENT = instrument_of(decoded(HOME)[0], decoded(HOME, AWAY), None, Decimal("0.02"))


def test_openings_closings_and_results_are_told_once() -> None:
    view = MarketView()
    view.watch([INSTRUMENT])
    halted, won = (decoded(HOME | {"state_or_outcome": state}) for state in ("halted", "winner"))
    assert view.take(decoded(HOME, AWAY)) == []
    assert view.take(halted) == [MarketChange("1", is_open=False)]
    assert view.take(halted) == []
    assert view.take(decoded(HOME)) == [MarketChange("1", is_open=True)]
    assert view.take(won) == [MarketChange("1", is_open=False, resolution=SettlementStatus.WON)]
    assert view.take(won) == []
    lost = view.take(decoded(HOME | {"state_or_outcome": "loser"}))
    assert lost == [MarketChange("1", is_open=False, resolution=SettlementStatus.LOST)]


# --- results and commission ----------------------------------------------------------------------------------------

AT = "2026-11-21T20:00:00.5Z"
WON = HOME | {"state_or_outcome": "winner", "outcome_timestamp": AT}
LOST = AWAY | {"state_or_outcome": "loser", "outcome_timestamp": AT}


def rows(make: Make, *orders: tuple[str, str, str, int, int], charged: tuple[tuple[str, str], ...]) -> list[wire.Row]:
    """orders: (id, contract, side, points, quantity), each filled whole; charged: (source, commission)."""
    made = []
    for order_id, contract_id, side, points, quantity in orders:
        own = {"order_id": order_id, "contract_id": contract_id, "side": side, "price": points}
        made.append(make(**own, quantity_user_currency=quantity))
        made.append(make(**own, source="order.execute", quantity_user_currency_change=-quantity))
    made += [make(order_id=None, source=source, commission=commission) for source, commission in charged]
    return [
        wire.Row(**{name: row[name] for name in wire.Row.__struct_fields__ if name in row} | {"seq": number})
        for number, row in enumerate(made, 1)
    ]


def test_the_commission_of_a_market_is_spread_over_what_won(row: Make) -> None:
    orders = (
        ("9", "1", "buy", 5000, 100_000),  # wins 5
        ("10", "2", "sell", 2500, 200_000),  # wins 5
        ("11", "1", "sell", 5000, 80_000),  # loses 4
    )
    told = rows(row, *orders, charged=(("market.settle", "0.12"),))
    (charged,) = commissions(told, ends(decoded(WON, LOST))).values()
    assert (charged.kept, charged.share("9"), charged.share("10"), charged.share("11")) == (
        Decimal("0.012"),
        Decimal("0.06"),
        Decimal("0.06"),
        Decimal(0),
    )


def test_what_was_taken_back_of_a_commission_counts_no_more(row: Make) -> None:
    charged = (("market.settle", "0.10"), ("market.unsettle", "-0.10"), ("market.settle", "0.06"))
    told = rows(row, ("9", "1", "buy", 5000, 100_000), charged=charged)
    (commission,) = commissions(told, ends(decoded(WON, LOST))).values()
    assert commission.share("9") == Decimal("0.06")


def test_a_resolution_tells_what_was_kept_and_a_dead_heat_is_none(row: Make) -> None:
    told = rows(row, ("9", "1", "buy", 5000, 100_000), charged=(("market.settle", "0.10"),))
    found = ends(decoded(WON, LOST))
    (resolution,) = resolutions([INSTRUMENT], found, commissions(told, found))
    assert (resolution.status, resolution.kept, resolution.at_ms) == (
        SettlementStatus.WON,
        Decimal("0.02"),
        1_795_291_200_500,
    )
    assert resolution.seen_by(Side.BUY, Decimal("0.5")) == (SettlementStatus.WON, Decimal("0.99"))
    tied = ends(decoded(*({**one, "state_or_outcome": "deadheat"} for one in (WON, LOST))))
    assert resolutions([INSTRUMENT, replace(INSTRUMENT, ref="2")], tied, {}) == []


@given(st.integers(0, 10**9), st.lists(st.integers(1, 10**9), min_size=1, max_size=6))
def test_shares_make_up_the_whole(whole: int, profits: list[int]) -> None:
    charged = Commission(whole, {str(number): profit for number, profit in enumerate(profits)})
    assert sum(charged.share(str(number)) for number in range(len(profits))) == Decimal(whole).scaleb(-6)

"""What a client's desks are worth to its quotes, and how they are found."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from types import SimpleNamespace
from typing import Any, cast

import pytest

from hedgerow.core.ids import VenueSlug
from hedgerow.core.money import MICRO
from hedgerow.mm.controls import TradingState
from hedgerow.mm.desks import Desk, Desks
from hedgerow.mm.market import Trader
from hedgerow.venues.base import Account, Bookmaker
from hedgerow.venues.registry import venue

PINNACLE = venue("pinnacle").manifest
USD, EUR = Decimal(1), Decimal("0.8")


def desk(account_id: int, slug: str = "pinnacle", *, per_usd: Decimal = USD, free: int = 0, **given: Any) -> Desk:
    manifest = replace(PINNACLE, slug=VenueSlug(slug), minimum_stake=Decimal(2))
    bookmaker = cast(Bookmaker, SimpleNamespace(manifest=manifest))
    return Desk(bookmaker, Account(account_id, "", "USD", {}, {}), per_usd, free=free * MICRO, **given)


def desks_of(*found: Desk) -> tuple[Desks, Trader]:
    """A client who is priced from Pinnacle, with these desks."""
    desks, trader = Desks(), Trader("demo", VenueSlug("pinnacle"), TradingState.LIVE)
    for one in found:
        desks.add("demo", one)
    desks.review(trader)
    return desks, trader


def test_desk_is_found_by_its_clients_account() -> None:
    first, second = desk(1), desk(2)
    desks, _ = desks_of(first, second)
    desks.add("rival", third := desk(3))
    assert desks.find("demo", 2) is second
    assert desks.find("demo", 3) is None
    assert list(desks.of("demo")) == [first, second]
    assert list(desks.of("nobody")) == []
    assert desks.all() == [first, second, third]


def test_bet_of_another_has_no_desk() -> None:
    desks, _ = desks_of(first := desk(1))
    bet: Any = SimpleNamespace(client="demo", account_id=1)
    assert desks.of_bet(bet) is first
    bet.account_id = 2
    with pytest.raises(LookupError, match="account 2 of demo"):
        desks.of_bet(bet)


def test_quotes_are_worth_the_free_money_at_the_bookmaker_that_they_are_priced_from() -> None:
    _, trader = desks_of(
        desk(1, free=100),
        desk(2, free=50, held={"bet": 20 * MICRO}),
        desk(3, "sharpbet", free=1_000),
        desk(4, free=1_000, is_active=False),
        desk(5, free=1_000, per_usd=Decimal(0)),
    )
    assert (trader.hedges, trader.hedge_cash) == (True, 130 * MICRO)


@pytest.mark.parametrize(
    "other", [desk(1, "sharpbet", free=9), desk(1, free=9, is_active=False), desk(1, free=9, per_usd=Decimal(0))]
)
def test_client_whose_desks_take_no_bet_for_its_quotes_does_not_hedge(other: Desk) -> None:
    _, trader = desks_of(other)
    assert (trader.hedges, trader.hedge_cash) == (False, 0)


@pytest.mark.parametrize(("before", "after", "looks"), [(0, 5, True), (5, 9, False), (5, 0, False), (0, 0, False)])
def test_money_that_was_read_is_worth_a_look_where_there_was_none(before: int, after: int, looks: bool) -> None:
    desks, trader = desks_of(desk(1, free=before))
    assert desks.set_free(trader, 1, after * MICRO) is looks
    assert trader.hedge_cash == after * MICRO


def test_money_of_an_account_without_a_desk_changes_nothing() -> None:
    desks, trader = desks_of(desk(1, free=5))
    assert not desks.set_free(trader, 2, 9 * MICRO)
    assert trader.hedge_cash == 5 * MICRO


def test_least_stake_of_a_bookmaker_is_the_dearest_of_its_currencies() -> None:
    desks, _ = desks_of(desk(1), desk(2, per_usd=EUR), desk(3, per_usd=Decimal(0)))
    assert desks.minimum_stake("pinnacle") == 2_500_000  # 2 at 0.8 to the dollar
    assert desks.minimum_stake("sharpbet") == 0

"""Profit and loss and positions, by the contract's rules."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from hedgerow.abp.analytics import BetFact, Group, GroupBy, pnl, positions
from hedgerow.core.states import BetSettlement, BetStatus

from .abpkit import amounts, maybe, prices, rates


def fact(settlement: str = "UNSETTLED", stake: str = "10", paid: str | None = None, **changes: Any) -> BetFact:
    given: dict[str, Any] = {
        "bookmaker": "pinnacle",
        "account": "main",
        "user_ref": "bettor1",
        "fixture_id": "id1",
        "status": BetStatus.CONFIRMED,
        "price": Decimal(2),
        "usd_rate": Decimal(1),
    }
    amount = None if paid is None else Decimal(paid)
    return BetFact(settlement=BetSettlement(settlement), at_risk=Decimal(stake), paid=amount, **{**given, **changes})


def test_halves_count_as_wins_and_losses() -> None:
    bets = [
        fact("WON", paid="20"),
        fact("HALF_WON", paid="15"),
        fact("LOST", paid="0"),
        fact("HALF_LOST", paid="5"),
        fact("VOID", paid="10"),
        fact("PUSH", paid="10"),
        fact("CASHOUT", paid="7"),
        fact(),
    ]
    (row,) = pnl(bets, GroupBy.BOOKMAKER)
    assert row.group == Group(bookmaker="pinnacle")
    assert (row.settled_bets, row.wins, row.losses, row.voids, row.pushes) == (7, 2, 2, 1, 1)
    assert (row.total_staked, row.total_won, row.total_lost, row.net_pnl) == (70, 67, 15, -3)
    assert row.win_rate == Decimal("28.6")


def test_amounts_are_in_dollars_at_the_rate_of_the_placement() -> None:
    (row,) = pnl([fact("WON", "1500", "3000", usd_rate=Decimal(150))], GroupBy.ACCOUNT)
    assert (row.total_staked, row.total_won) == (10, 20)
    assert row.group == Group(bookmaker="pinnacle", account="main")


def test_a_position_is_what_stands_and_is_not_settled() -> None:
    bets = [
        fact(price=Decimal("1.8")),
        fact(stake="30", price=Decimal(2), fixture_id="id2", status=BetStatus.PLACED),
        fact("WON", paid="20"),
        fact(status=BetStatus.VOID),
    ]
    (row,) = positions(bets, GroupBy.USER_REF)
    assert row.group == Group(user_ref="bettor1")
    assert (row.open_bets, row.total_stake, row.avg_price, row.fixtures) == (2, 40, Decimal("1.95"), 2)


facts = st.builds(
    BetFact,
    st.sampled_from(["one", "two"]),
    st.sampled_from(["main", "second"]),
    st.sampled_from(["a", "b"]),
    st.sampled_from(["id1", "id2"]),
    st.sampled_from(list(BetStatus)),
    st.sampled_from(list(BetSettlement)),
    prices,
    amounts("0.01", "1000"),
    maybe(amounts("0", "1000")),
    rates,
)


@given(st.lists(facts, max_size=8), st.sampled_from(list(GroupBy)), st.sampled_from(list(GroupBy)))
def test_every_grouping_adds_up_to_the_same_totals(bets: list[BetFact], one: GroupBy, other: GroupBy) -> None:
    def totals(by: GroupBy) -> tuple[Decimal | int, ...]:
        rows, held = pnl(bets, by), positions(bets, by)
        return (
            sum(row.settled_bets for row in rows),
            sum(row.net_pnl for row in rows),
            sum(row.total_staked for row in rows),
            sum(row.open_bets for row in held),
            sum(row.total_stake for row in held),
        )

    assert totals(one) == totals(other)

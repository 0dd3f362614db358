"""What the APIs tell, as people read it in a table."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from hedgerow.dashboard.apis import abp, mm
from hedgerow.dashboard.apis.answers import StrangeAnswerError, query, read
from hedgerow.dashboard.figures import NOTHING
from hedgerow.dashboard.rows import abp as abp_rows
from hedgerow.dashboard.rows import mm as mm_rows
from hedgerow.dashboard.rows.tables import Column, TableRow

NOW = datetime(2026, 11, 21, 14, 0, tzinfo=UTC)
NAMES = {"id1": "Cora v Jonas"}

ORDER: dict[str, Any] = {
    "orderId": 7,
    "fixtureId": "id1",
    "marketId": 121,
    "outcomeId": 121,
    "exchange": "kalshi",
    "side": "sell",
    "orderStatus": "PLACED",
    "matchedStatus": "UNMATCHED",
    "settlementStatus": "UNSETTLED",
    "reason": None,
    "orderCents": Decimal("0.385"),
    "orderStake": Decimal("22.88"),
    "orderShares": Decimal("37.2"),
    "matchedStake": 0,
    "matchedShares": 0,
    "matchedCents": None,
    "fees": 0,
    "pnl": None,
    "bookmaker": "pinnacle",
    "bookmakerOutcomePrice": Decimal("2.605"),
    "createdAt": "2026-11-21T13:59:00Z",
    "placedAt": "2026-11-21T13:59:30Z",
    "matchedAt": None,
    "unknown": "is left out",
}
BET: dict[str, Any] = {
    "betId": 3,
    "orderId": 7,
    "bookmaker": "pinnacle",
    "bookmakerBetId": None,
    "fixtureId": "id1",
    "outcomeId": 122,
    "requestedPrice": Decimal("1.583"),
    "requestedStake": Decimal("14.25"),
    "placedPrice": None,
    "placedStake": None,
    "currency": "USD",
    "betStatus": "pending",
    "inDoubt": False,
    "settlementStatus": None,
    "pnl": None,
    "createdAt": "2026-11-21T13:59:30Z",
}
PLACED: dict[str, Any] = {
    "betId": 1,
    "orderId": 9,
    "bookmaker": "pinnacle",
    "account": "demo_pinnacle",
    "betStatus": "CONFIRMED",
    "settlementStatus": "UNSETTLED",
    "testBet": True,
    "placedPrice": Decimal("2.572"),
    "placedStake": 10,
    "placedCurrency": "USD",
    "declineReason": None,
    "placedAt": "2026-11-21T13:00:00Z",
}


def mm_order(**changed: Any) -> mm.Order:
    return read(ORDER | changed, mm.Order)


def mm_bet(**changed: Any) -> mm.Bet:
    return read(BET | changed, mm.Bet)


def test_quote_stands_beside_the_odds_that_it_rests_on() -> None:
    row = mm_rows.quote_row(mm_order(), NAMES, NOW)
    assert (row.cells["price"], row.cells["odds"], row.cells["fixture"]) == ("38.50 ¢", "2.605", "Cora v Jonas")
    assert (row.cells["age"], row.cells["matched"]) == ("30 s", NOTHING)
    assert row.links == {"order": "/mm/orders/7"}


def test_outcome_leads_to_its_betslip_for_who_may_bet() -> None:
    row = mm_rows.quote_row(mm_order(fixtureId="id&1"), NAMES, NOW, has_slips=True)
    assert (row.links or {})["outcome"] == "/abp/betslip?fixture=id%261&outcome=121"


def test_fixture_that_nobody_named_is_its_id() -> None:
    assert mm_rows.quote_row(mm_order(fixtureId="id2"), NAMES, NOW).cells["fixture"] == "id2"


def test_fills_are_what_was_matched_the_latest_first() -> None:
    orders = [
        mm_order(orderId=number, matchedShares=number, matchedAt=(NOW + timedelta(seconds=number)).isoformat())
        for number in (0, 1, 2)
    ]
    assert [order.order_id for order in mm_rows.fills_of(orders)] == [2, 1]


def test_hedge_in_doubt_says_so_before_anything_else() -> None:
    row = mm_rows.hedge_row(mm_bet(inDoubt=True), NAMES, NOW)
    assert (row.cells["state"], (row.tones or {})["state"]) == ("in doubt", "bad")


def test_declined_hedge_says_why_and_what_was_asked() -> None:
    row = mm_rows.hedge_row(mm_bet(betStatus="declined", reason="odds moved"), NAMES, NOW)
    assert (row.cells["state"], row.cells["stake"], row.cells["odds"]) == ("declined: odds moved", "14.25 USD", NOTHING)


def test_hedge_of_no_single_order_leads_nowhere() -> None:
    row = mm_rows.hedge_row(mm_bet(orderId=None), NAMES, NOW)
    assert (row.cells["order"], row.links) == (NOTHING, {})


def test_positions_stand_under_their_fixture() -> None:
    def position(fixture_id: str, outcome_id: int, first: str | None) -> mm.Position:
        zero = Decimal(0)
        return mm.Position(
            fixture_id=fixture_id,
            outcome_id=outcome_id,
            exchange="kalshi",
            order_count=1,
            total_stake=zero,
            matched_stake=zero,
            open_stake=zero,
            avg_price=Decimal("0.5"),
            realized_pnl=zero,
            unrealized_pnl=zero,
            participant1_name=first,
            participant2_name="B",
            tournament_name="Open",
        )

    groups = mm_rows.by_fixture([position("id2", 1, None), position("id1", 2, "A"), position("id1", 1, "A")])
    assert [(title, [one.outcome_id for one in found]) for title, found in groups] == [
        ("A v B, Open", [1, 2]),
        ("id2, Open", [1]),
    ]


def test_derivation_is_told_part_by_part() -> None:
    why = {
        "mode": "hedge_parity",
        "bookmaker": "pinnacle",
        "legs": [{"odds": Decimal("2.6050"), "outcome_id": 1234, "changed_at": 1_795_281_212_912}],
        "sizing": {"limitRatio": Decimal("0.8"), "caps": [{"name": "balance", "contracts": 1000}]},
        "outcomes": [1201, 1202],
        "takes": None,
        "nothing": {},
    }
    assert mm_rows.groups_of(why) == [
        ("", [("mode", "hedge_parity"), ("bookmaker", "pinnacle"), ("outcomes", "1201, 1202"), ("takes", NOTHING)]),
        (
            "Legs",
            [("1 odds", "2.605"), ("1 outcome id", "1234"), ("1 changed at", "2026-11-21T17:13:32.912Z")],
        ),
        ("Sizing", [("limit ratio", "0.8"), ("caps 1 name", "balance"), ("caps 1 contracts", "1,000")]),
    ]


@pytest.mark.parametrize(
    ("paused", "stopped", "switches"),
    [(False, False, ("pause", "stop")), (True, False, ("resume", "stop")), (True, True, ("start",))],
)
def test_only_switches_that_change_something_are_offered(
    *, paused: bool, stopped: bool, switches: tuple[str, ...]
) -> None:
    told = {
        "status": "live",
        "tradingActive": True,
        "manualPaused": paused,
        "manualPausedAt": None,
        "manualPauseReason": None,
        "manualStopped": stopped,
        "manualStoppedAt": None,
        "manualStopReason": None,
        "systemReason": None,
        "emergencyActive": False,
    }
    assert mm_rows.switches_of(read(told, mm.Status)) == switches


def test_state_that_is_not_known_is_told_in_the_apis_words() -> None:
    assert mm_rows.spaced("limitRatio") == mm_rows.spaced("limit_ratio") == "limit ratio"


# --- bet placing -----------------------------------------------------------------------------------------------------


def test_best_offer_stands_first_and_closed_ones_last() -> None:
    def offer(price: str | None, *, active: bool = True) -> dict[str, Any]:
        return {"k": {"price": None if price is None else Decimal(price), "active": active, "limit": 500}}

    told = {
        "fixtureId": "id1",
        "outcomeId": 121,
        "fixtureInfo": {"participants": {"participant1Name": "A", "participant2Name": "B"}},
        "outcomeInfo": {"marketName": "Handicap", "handicap": Decimal("-1.5"), "outcomeName": "1"},
        "odds": {"a": offer("1.9"), "b": offer("9", active=False), "c": offer("2.1"), "d": offer(None, active=False)},
    }
    slip = read(told, abp.Betslip)
    assert [row.cells["bookmaker"] for row in abp_rows.offer_rows(slip)] == ["c", "a", "b", "d"]
    assert abp_rows.slip_title(slip) == "A v B, Handicap −1.5: 1"


def test_outcome_that_the_feed_does_not_tell_is_its_number() -> None:
    assert abp_rows.outcome_of(None, 121) == "121"
    assert abp_rows.fixture_of(None, None) == NOTHING


def test_test_bet_says_that_it_is_one() -> None:
    row = abp_rows.bet_row(read(PLACED, abp.Bet), NOW)
    assert (row.cells["state"], row.cells["stake"], row.cells["paid"]) == ("confirmed (test)", "10.00 USD", NOTHING)
    assert row.links == {"order": "/abp/orders/9"}


def test_receipt_tells_who_got_what_and_who_got_nothing() -> None:
    told = {
        "attempt": 1,
        "at": "2026-11-21T13:00:00Z",
        "candidates": [{"bookmaker": name, "username": name, "price": 2} for name in ("pinnacle", "sharpbet")],
        "allocations": [
            {
                "rank": 1,
                "bookmaker": "pinnacle",
                "price": Decimal("2.5"),
                "stake": 10,
                "currency": "USD",
                "orderStake": 10,
                "boundBy": ["open stake"],
                "bet": PLACED,
            }
        ],
        "leftOut": [{"bookmaker": "sharpbet", "why": "nothing left"}],
        "unrouted": 0,
    }
    decision = read(told, abp.Decision)
    assert abp_rows.decision_title(decision, NOW) == "Attempt 1 at 13:00:00: 1 of 2 got a part of the stake"
    (row,) = abp_rows.allocation_rows(decision)
    assert (row.cells["bound"], row.cells["bet"], row.cells["state"]) == ("open stake", "1", "confirmed")
    assert [one.cells["why"] for one in abp_rows.left_out_rows(decision)] == ["nothing left"]


def test_every_row_fills_the_columns_of_its_table() -> None:
    order = {
        "orderId": 9,
        "requestUuid": "u",
        "fixtureId": "id1",
        "outcomeId": 1,
        "orderPrice": 2,
        "orderStake": 10,
        "filledStake": 0,
        "orderCurrency": "USD",
        "orderStatus": "PENDING",
        "userRef": "desk",
        "testOrder": False,
        "createdAt": "2026-11-21T13:00:00Z",
        "bets": [PLACED],
    }
    group = {"bookmaker": "pinnacle", "account": None, "userRef": None}
    position = group | {"openBets": 1, "totalStake": 5, "avgPrice": None, "fixtureIds": 1}
    results = group | {"settledBets": 1, "wins": 1, "losses": 0, "totalStaked": 5, "totalWon": 9, "netPnl": 4}
    made: list[tuple[tuple[Column, ...], TableRow]] = [
        (mm_rows.QUOTES, mm_rows.quote_row(mm_order(), NAMES, NOW)),
        (mm_rows.FILLS, mm_rows.fill_row(mm_order(), NAMES, NOW)),
        (mm_rows.HEDGES, mm_rows.hedge_row(mm_bet(), NAMES, NOW)),
        (abp_rows.ORDERS, abp_rows.order_row(read(order, abp.Order), NOW)),
        (abp_rows.BETS, abp_rows.bet_row(read(PLACED, abp.Bet), NOW)),
        (abp_rows.POSITIONS, abp_rows.position_row(read(position, abp.Position))),
        (abp_rows.PNL, abp_rows.pnl_row(read(results | {"winRate": None}, abp.Pnl))),
    ]
    for columns, row in made:
        names = {column.name for column in columns}
        assert names == set(row.cells)
        assert set(row.links or {}) | set(row.tones or {}) <= names


# --- answers ---------------------------------------------------------------------------------------------------------


def test_answer_that_lacks_a_field_is_told_and_not_guessed() -> None:
    with pytest.raises(StrangeAnswerError, match="orderCents"):
        read({name: value for name, value in ORDER.items() if name != "orderCents"}, mm.Order)


def test_query_has_only_what_is_given() -> None:
    assert (
        query(page_size=5, status="", user_ref=None, live=True, order_ids="1,2")
        == "?pageSize=5&live=true&orderIds=1%2C2"
    )
    assert query(status=None) == ""

"""Our books beside a venue's ledger: what counts as the same, and what is told of the rest."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from hedgerow.cli.ledgers import OurTrade, disagreements

ACCOUNT = "demo_kalshi"
OURS = OurTrade("K1", Decimal(45), Decimal(100), "WON", [(Decimal("0.45"), Decimal(45))], Decimal("45.50"))


def entry(**changes: Any) -> dict[str, Any]:
    """An order of 100 contracts at 0.45, filled and won."""
    usual = {
        "id": "K1",
        "account": ACCOUNT,
        "price": Decimal("0.45"),
        "stake": Decimal(45),
        "state": "settled",
        "matched": Decimal(45),
        "fills": [{"id": "t1", "price": Decimal("0.45"), "stake": Decimal(45)}],
        "settlement": "WON",
        "payout": Decimal(100),
    }
    return usual | changes


def ledger(*entries: dict[str, Any], balance: str = "10054.50") -> dict[str, Any]:
    return {"venue": "kalshi", "kind": "exchange", "balances": {ACCOUNT: Decimal(balance)}, "entries": list(entries)}


def differences(*entries: dict[str, Any], ours: list[OurTrade] | None = None, balance: str = "10054.50") -> list[str]:
    return disagreements(ledger(*entries, balance=balance), ACCOUNT, Decimal(10_000), [OURS] if ours is None else ours)


def test_equal_books_agree() -> None:
    assert differences(entry()) == []


def test_fills_may_stand_in_any_order() -> None:
    fills = [{"price": Decimal("0.45"), "stake": Decimal(9)}, {"price": Decimal("0.40"), "stake": Decimal(36)}]
    ours = replace(OURS, fills=[(Decimal("0.40"), Decimal(36)), (Decimal("0.45"), Decimal(9))])
    assert differences(entry(fills=fills), ours=[ours]) == []


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"matched": Decimal("45.01")}, "matched 45.01, ours 45"),
        ({"payout": Decimal("99.99")}, "payout 99.99, ours 100"),
        ({"payout": None}, "payout None, ours 100"),
        ({"settlement": "LOST"}, "settlement LOST, ours WON"),
        ({"settlement": None}, "settlement None, ours WON"),
        ({"fills": [{"price": Decimal("0.46"), "stake": Decimal(45)}]}, "fills 45 at 0.46, ours 45 at 0.45"),
    ],
)
def test_every_difference_of_a_trade_is_told(changes: dict[str, Any], told: str) -> None:
    assert differences(entry(**changes)) == [f"kalshi K1: {told}"]


def test_trade_that_only_one_side_knows_is_told() -> None:
    assert "kalshi has K2, which we do not know" in differences(entry(), entry(id="K2"))
    assert differences(ours=[OURS], balance="10054.50") == ["we have K1, which kalshi does not know"]


def test_balance_is_compared_to_the_last_digit() -> None:
    assert differences(entry(), balance="10054.5001") == ["kalshi's balance is 10054.5001, ours 10054.50"]


def test_orders_without_fills_and_other_accounts_are_none_of_ours() -> None:
    assert differences(entry(), entry(id="K3", fills=[], state="cancelled"), entry(id="K4", account="rival")) == []


def test_what_an_open_order_holds_is_not_missing() -> None:
    resting = entry(id="K5", fills=[], state="open", stake=Decimal(20), matched=Decimal(0))
    assert differences(entry(), resting, balance="10034.50") == []


LAY = {
    "side": "lay",
    "price": Decimal("1.75"),
    "stake": Decimal(40),
    "matched": Decimal(40),
    "fills": [{"id": "t1", "price": Decimal("1.75"), "stake": Decimal(40)}],
    "payout": Decimal("68.5"),
    "commission": Decimal("1.5"),
}
LAID = replace(
    OURS, matched=Decimal(30), payout=Decimal("68.5"), fills=[(Decimal("0.571428"), Decimal(30))], cost=Decimal(30)
)


def test_a_lay_is_compared_by_what_it_risks_and_a_commission_to_the_micro() -> None:
    assert differences(entry(**LAY), ours=[LAID], balance="10038.5") == []
    near = replace(LAID, payout=Decimal("68.499999"))
    assert differences(entry(**LAY), ours=[near], balance="10038.5") == []
    free = {**LAY, "commission": Decimal(0)}
    assert len(differences(entry(**free), ours=[near], balance="10038.5")) == 2
    far = replace(LAID, payout=Decimal("68.49"))
    assert len(differences(entry(**LAY), ours=[far], balance="10038.5")) == 2
    assert differences(entry(**LAY), ours=[replace(LAID, matched=Decimal(40))], balance="10038.5") != []


def test_a_lay_at_odds_without_end_risks_what_its_contracts_leave() -> None:
    """-102: 51 are staked for 50, and 101 are paid for 51."""
    fill = {"id": "t1", "price": Decimal("1.980392"), "stake": Decimal("2.04"), "size": Decimal("4.04")}
    told = {**LAY, "price": fill["price"], "stake": fill["stake"], "fills": [fill], "payout": Decimal("4.04")}
    laid = replace(
        LAID, matched=Decimal(2), payout=Decimal("4.04"), fills=[(Decimal("0.504950"), Decimal(2))], cost=Decimal(2)
    )
    assert differences(entry(**told), ours=[laid], balance="10002.04") == []

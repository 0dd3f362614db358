"""Orders over HTTP: what is taken, what is refused and in which words, and what becomes of it."""

from __future__ import annotations

from typing import Any

import pytest

from hedgerow.core.money import MICRO
from hedgerow.core.states import SettlementStatus

from .harness import ACCOUNT, FIXTURE, Opens, Venue


async def test_an_order_is_accepted_under_its_hash_and_listed_without_a_time(venue: Venue) -> None:
    posting = venue.posting("BUY", "0.42", "10")
    status, told = await venue.ask("POST", "/v1/orders", posting)
    order = posting["data"]["order"]
    accepted = {"code": "OK", "orderId": "1", "orderHash": order["hash"], "removalLockedUntil": None}
    assert (status, told) == (200, {"success": True, "data": accepted})
    _, listed = await venue.ask("GET", "/v1/orders?status=OPEN")
    assert listed["data"] == [
        {
            "id": "1",
            "marketId": venue.market.market_id,
            "currency": "USDT",
            "amount": "10000000000000000000",
            "amountFilled": "0",
            "isNegRisk": False,
            "isYieldBearing": True,
            "strategy": "LIMIT",
            "status": "OPEN",
            "rewardEarningRate": 0,
            "order": {**order, "expiration": 4102444800},
        }
    ]
    assert await venue.order(order["hash"]) == listed["data"][0]


@pytest.mark.parametrize(
    ("args", "changes", "slug"),
    [
        (("BUY", "0.42", "2"), {}, "create_order_min_order_value_not_met"),
        (("BUY", "0.425", "10"), {}, "create_order_price_out_of_range"),
        (("BUY", "1", "10"), {}, "create_order_price_out_of_range"),
        (("BUY", "0.42", "10"), {"makerAmount": "4200000000000000001"}, "create_order_price_out_of_range"),
        (("BUY", "0.42", "10.0001"), {}, "bad_request"),
        (("BUY", "0.42", "10.001"), {}, "bad_request"),
        (("BUY", "0.5", "50000"), {}, "create_order_insufficient_collateral_allowance"),
        (("SELL", "0.5", "10"), {}, "create_order_insufficient_shares_allowance"),
        (("BUY", "0.42", "10"), {"feeRateBps": "199"}, "create_order_hash_mismatch"),
        (("BUY", "0.42", "10"), {"nonce": "1"}, "create_order_hash_mismatch"),
        (("BUY", "0.42", "10"), {"signatureType": 1}, "create_order_hash_mismatch"),
        (("BUY", "0.42", "10"), {"expiration": "1790000000"}, "bad_request"),
        (("BUY", "0.42", "10"), {"side": 2}, "bad_request"),
        (("BUY", "0.42", "10"), {"tokenId": "1"}, "not_found"),
        (("BUY", "0.42", "10"), {"maker": "0x" + "11" * 20}, "unauthorized"),
        (("BUY", "0.42", "10"), {"data": {"isFillOrKill": True}}, "bad_request"),
        (("BUY", "0.42", "10"), {"data": {"strategy": "MARKET", "isPostOnly": True}}, "bad_request"),
    ],
)
async def test_what_is_wrong_is_refused_in_the_venues_words_and_leaves_nothing(
    venue: Venue, args: tuple[str, ...], changes: dict[str, Any], slug: str
) -> None:
    status, told = await venue.place(*args, **changes)
    assert (told["error"], told["success"], told["code"]) == (slug, False, status)
    assert venue.predict_fun.exchange.orders == {}


@pytest.mark.parametrize("is_smart", [True, False])
async def test_a_signature_of_another_or_of_another_order_is_refused(opens: Opens, *, is_smart: bool) -> None:
    venue = await opens(smart_account=is_smart)
    posting, other = venue.posting("BUY", "0.42", "10"), venue.posting("BUY", "0.42", "10")
    order = posting["data"]["order"]
    for signature in (other["data"]["order"]["signature"], "0x01", "nothing", order["signature"][:-2]):
        wrong = {"data": {**posting["data"], "order": {**order, "signature": signature}}}
        status, told = await venue.ask("POST", "/v1/orders", wrong)
        assert (status, told["message"]) == (400, "invalid signature")
    changed = {"data": {**posting["data"], "order": {**order, "makerAmount": "1"}}}
    assert (await venue.ask("POST", "/v1/orders", changed))[1]["error"] == "create_order_hash_mismatch"
    assert (await venue.ask("POST", "/v1/orders", posting))[0] == 200
    assert (await venue.ask("POST", "/v1/orders", posting))[1]["message"] == "order already exists"


async def test_a_taker_meets_the_best_price_first_and_its_fee_is_shares(venue: Venue) -> None:
    venue.offer("0.5", "4")
    venue.offer("0.4", "6")
    order_hash = await venue.rest("BUY", "0.5", "10")
    told = await venue.order(order_hash)
    assert (told["status"], told["amountFilled"]) == ("FILLED", "10000000000000000000")
    _, matches = await venue.ask("GET", f"/v1/orders/matches?signerAddress={venue.wallet.address}")
    assert [(one["priceExecuted"][:2], one["amountFilled"]) for one in matches["data"]] == [
        ("50", "4000000000000000000"),
        ("40", "6000000000000000000"),
    ]
    fees = [one["taker"]["fee"] for one in matches["data"]]
    assert fees == [{"amount": amount, "type": "SHARES"} for amount in ("80000000000000000", "120000000000000000")]
    account = venue.predict_fun.exchange.accounts[ACCOUNT]
    assert account.cash == 10_000 * MICRO - 4_400_000
    assert sum(account.held.values()) == 9_800_000


async def test_a_sale_pays_its_fee_in_money(venue: Venue) -> None:
    venue.offer("0.4", "10")
    await venue.rest("BUY", "0.4", "10")
    bid = await venue.rest("BUY", "0.3", "10")
    await venue.rest("SELL", "0.3", "9.8")
    _, matches = await venue.ask("GET", "/v1/orders/matches?first=1")
    (match,) = matches["data"]
    assert match["taker"]["fee"] == {"amount": "58800000000000000", "type": "COLLATERAL"}
    assert match["makers"][0]["hash"] == bid
    assert match["makers"][0]["fee"]["amount"] == "0"


async def test_an_order_that_must_not_trade_and_would_is_cancelled_after_its_acceptance(venue: Venue) -> None:
    venue.offer("0.5", "10")
    order_hash = await venue.rest("BUY", "0.5", "10", data={"isPostOnly": True})
    assert (await venue.order(order_hash))["status"] == "CANCELLED"
    assert venue.predict_fun.exchange.open_orders(ACCOUNT) == []


async def test_a_market_order_takes_what_is_there_and_the_rest_ends(venue: Venue) -> None:
    venue.offer("0.5", "4")
    taken = await venue.order(await venue.rest("BUY", "0.5", "10", data={"strategy": "MARKET"}))
    assert (taken["status"], taken["amountFilled"]) == ("FILLED", "4000000000000000000")
    nothing = await venue.order(await venue.rest("BUY", "0.5", "10", data={"strategy": "MARKET"}))
    assert (nothing["status"], nothing["amountFilled"]) == ("CANCELLED", "0")
    venue.offer("0.5", "4")
    killed = await venue.rest("BUY", "0.5", "10", data={"strategy": "MARKET", "isFillOrKill": True})
    assert (await venue.order(killed))["status"] == "CANCELLED"
    assert (await venue.ask("GET", "/v1/orders"))[1]["data"] == []  # limit orders only


async def test_removing_says_what_was_removed_and_what_did_not_rest(venue: Venue) -> None:
    first, second = await venue.rest("BUY", "0.4", "10"), await venue.rest("BUY", "0.3", "10")
    unknown = "0x" + "ab" * 32
    _, told = await venue.ask("POST", "/v1/orders/remove-by-hash", {"data": {"hashes": [first.upper(), unknown]}})
    assert told == {"success": True, "removed": [first.upper()], "noop": [unknown], "rejected": []}
    _, told = await venue.ask("POST", "/v1/orders/remove", {"data": {"ids": ["1", "2"]}})
    assert (told["removed"], told["noop"]) == (["2"], ["1"])
    assert [(await venue.order(one))["status"] for one in (first, second)] == ["CANCELLED", "CANCELLED"]
    status, _ = await venue.ask("POST", "/v1/orders/remove-by-hash", {"data": {"hashes": [unknown] * 101}})
    assert status == 400


async def test_while_a_match_runs_an_order_waits_and_is_locked(opens: Opens) -> None:
    venue = await opens(live=True)
    _, told = await venue.place("BUY", "0.4", "10")
    assert told["data"]["removalLockedUntil"] == "2026-09-21T14:13:23.000Z"
    _, removed = await venue.ask("POST", "/v1/orders/remove", {"data": {"ids": [told["data"]["orderId"]]}})
    assert removed["rejected"] == ["1"]


async def test_an_order_ends_at_its_expiration(venue: Venue) -> None:
    order_hash = await venue.rest("BUY", "0.4", "10", expiration="1790000060")
    venue.world.clock.step_to(1_790_000_061 * 10**9)
    assert (await venue.order(order_hash))["status"] == "EXPIRED"


async def test_a_settled_market_pays_for_the_shares_that_are_left_and_takes_no_more_orders(venue: Venue) -> None:
    venue.offer("0.4", "10")
    await venue.rest("BUY", "0.4", "10")
    venue.world.settle(FIXTURE, {121: SettlementStatus.WON, 122: SettlementStatus.LOST})
    assert venue.predict_fun.exchange.accounts[ACCOUNT].cash == 10_000 * MICRO - 4_000_000 + 9_800_000
    _, told = await venue.ask("GET", f"/v1/markets/{venue.market.market_id}")
    market = told["data"]
    assert (market["status"], market["tradingStatus"]) == ("RESOLVED", "CLOSED")
    assert [outcome["status"] for outcome in market["outcomes"]] == ["WON", "LOST"]
    assert (await venue.place("BUY", "0.4", "10"))[1]["error"] == "create_order_market_not_trading"
    entry = venue.predict_fun.exchange.ledger()["entries"][-1]
    assert (str(entry["payout"]), str(entry["fills"][0]["fee"])) == ("9.8", "0.08")

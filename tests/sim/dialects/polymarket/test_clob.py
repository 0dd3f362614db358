"""Orders over HTTP: what is taken, what is refused and in which words, and what is listed afterwards."""

from __future__ import annotations

import aiohttp
import pytest

from hedgerow.core.money import MICRO
from hedgerow.core.states import SettlementStatus
from hedgerow.sim.dialects.polymarket import eip712
from hedgerow.sim.dialects.polymarket.desk import DELAYED, GONE, Mode
from hedgerow.sim.dialects.polymarket.limits import Tier
from hedgerow.sim.faults import Behaviour
from hedgerow.sim.orders import State

from .harness import ACCOUNT, FIXTURE, NOW_S, SOMEBODY, Opens, Venue, tennis

UNKNOWN = "0x" + "ab" * 32


# --- taking orders in -----------------------------------------------------------------------------------------------


async def test_an_order_rests_under_its_digest_and_is_listed(venue: Venue) -> None:
    posting = venue.posting("BUY", "0.42", "10")
    answer = await venue.ask("POST", "/order", posting)
    assert answer.body == {
        "errorMsg": "",
        "orderID": answer.body["orderID"],
        "takingAmount": "",
        "makingAmount": "",
        "status": "live",
        "transactionsHashes": [],
        "tradeIDs": [],
        "success": True,
    }
    listed = (await venue.ask("GET", "/data/orders")).body
    assert listed == {"data": listed["data"], "next_cursor": "LTE=", "limit": 100, "count": 1}
    assert listed["data"] == [
        {
            "id": answer.body["orderID"],
            "status": "LIVE",
            "owner": venue.key.key,
            "maker_address": venue.key.wallet.funder,
            "market": venue.market.condition_id,
            "asset_id": venue.market.tokens[0],
            "side": "BUY",
            "original_size": "10",
            "size_matched": "0",
            "price": "0.42",
            "outcome": "Carlos Alcaraz",
            "expiration": "0",
            "order_type": "GTC",
            "associate_trades": [],
            "created_at": NOW_S,
        }
    ]


async def test_a_marketable_order_is_matched_at_the_better_price(venue: Venue) -> None:
    venue.quote("sell", "0.5", "8")
    answer = await venue.place("BUY", "0.55", "10")
    assert answer.body["status"] == "matched"
    assert (answer.body["makingAmount"], answer.body["takingAmount"]) == ("4", "8")
    assert len(answer.body["tradeIDs"]) == 1
    order = (await venue.ask("GET", f"/data/order/{answer.body['orderID']}")).body
    assert (order["status"], order["size_matched"], order["associate_trades"]) == (
        "LIVE",
        "8",
        answer.body["tradeIDs"],
    )


async def test_the_second_token_meets_the_first_at_the_complement(venue: Venue) -> None:
    venue.quote("buy", "0.6", "10")
    answer = await venue.place("BUY", "0.4", "10", token=1)
    assert (answer.body["status"], answer.body["makingAmount"]) == ("matched", "4")


async def test_takers_pay_the_fee_of_the_market_and_makers_none(venue: Venue) -> None:
    venue.quote("sell", "0.5", "100")
    await venue.place("BUY", "0.5", "100")
    assert venue.polymarket.exchange.accounts[ACCOUNT].cash == 10_000 * MICRO - 50 * MICRO - 750_000
    assert venue.polymarket.exchange.accounts[SOMEBODY].cash == 10_000 * MICRO - 50 * MICRO


async def test_a_fill_or_kill_buy_spends_its_dollars(venue: Venue) -> None:
    venue.quote("sell", "0.4", "50")
    venue.quote("sell", "0.5", "100")
    amounts = {"makerAmount": str(40 * MICRO), "takerAmount": str(80 * MICRO)}
    answer = await venue.place("BUY", "0.5", order=amounts, orderType="FOK")
    assert (answer.body["makingAmount"], answer.body["takingAmount"]) == ("40", "90")


async def test_a_fill_or_kill_order_is_killed_when_the_book_is_too_thin(venue: Venue) -> None:
    venue.quote("sell", "0.5", "10")
    answer = await venue.place("BUY", "0.5", "20", orderType="FOK")
    text = "order couldn't be fully filled. FOK orders are fully filled or killed."
    assert (answer.status, answer.body) == (400, {"error": text})
    assert venue.polymarket.exchange.orders.keys() == {"polymarket-1"}


async def test_a_fill_and_kill_order_takes_what_is_there(venue: Venue) -> None:
    venue.quote("sell", "0.5", "10")
    answer = await venue.place("BUY", "0.5", "20", orderType="FAK")
    assert (answer.body["status"], answer.body["takingAmount"]) == ("matched", "10")
    assert (await venue.ask("GET", "/data/orders")).body["data"] == []
    again = await venue.place("BUY", "0.5", "20", orderType="FAK")
    assert again.body["error"].startswith("no orders found to match with FAK order.")


async def test_tokens_that_are_held_can_be_sold_and_no_others(venue: Venue) -> None:
    refused = await venue.place("SELL", "0.6", "10")
    assert refused.status == 400
    assert refused.body["error"].endswith("the balance is not enough -> balance: 0, order amount: 10000000")
    venue.quote("sell", "0.5", "10")
    await venue.place("BUY", "0.5", "10")
    await venue.rest("SELL", "0.6", "10")
    assert (await venue.place("SELL", "0.6", "5")).status == 400


async def test_a_market_sale_is_of_whole_lots(venue: Venue) -> None:
    venue.quote("sell", "0.5", "10")
    await venue.place("BUY", "0.5", "10")
    venue.quote("buy", "0.4", "20")
    sold = await venue.place("SELL", "0.4", "5.005", orderType="FAK")
    assert (sold.body["makingAmount"], sold.body["takingAmount"]) == ("5", "2")


async def test_a_dated_order_ends_a_minute_before_it_says(venue: Venue) -> None:
    soon = {"expiration": str(NOW_S + 179)}
    assert (await venue.place(order=soon, orderType="GTD")).body == {"error": "invalid expiration"}
    order_id = await venue.rest(order={"expiration": str(NOW_S + 300)}, orderType="GTD")
    await venue.step(239)
    assert (await venue.ask("GET", f"/data/order/{order_id}")).status == 200
    await venue.step(2)
    assert (await venue.ask("GET", f"/data/order/{order_id}")).status == 404


async def test_only_dated_orders_have_an_expiration(venue: Venue) -> None:
    late = {"expiration": str(NOW_S + 900)}
    assert (await venue.place(order=late)).body == {"error": "invalid expiration"}
    assert (await venue.place(orderType="GTD")).body == {"error": "invalid expiration"}


async def test_in_play_a_marketable_order_waits(opens: Opens) -> None:
    venue = await opens(seconds_delay=3)
    venue.world.put_fixture(tennis(status_id=1, live=True))
    venue.quote("sell", "0.5", "10")
    answer = await venue.place("BUY", "0.5", "10")
    order_id = answer.body["orderID"]
    assert answer.body["status"] == "delayed"
    assert (await venue.ask("DELETE", "/order", {"orderID": order_id})).body["not_canceled"] == {order_id: DELAYED}
    await venue.step(4)
    assert venue.polymarket.exchange.orders[order_id].state is State.ACCEPTED


# --- refusing orders ------------------------------------------------------------------------------------------------


async def test_the_same_signed_order_is_refused_as_a_duplicate(venue: Venue) -> None:
    posting = venue.posting()
    order_id = (await venue.ask("POST", "/order", posting)).body["orderID"]
    again = await venue.ask("POST", "/order", posting)
    assert (again.status, again.body) == (400, {"error": f"order {order_id} is invalid. Duplicated."})
    assert (await venue.place()).status == 200  # another salt is another order


@pytest.mark.parametrize(
    ("price", "size", "text"),
    [
        ("0.505", "10", "Price (0.505) breaks minimum tick size rule: 0.01"),
        ("1", "10", "Price (1) breaks minimum tick size rule: 0.01"),
        ("0.5", "4.99", "Size (4.99) lower than the minimum: 5"),
    ],
)
async def test_price_and_size_keep_the_rules_of_the_market(venue: Venue, price: str, size: str, text: str) -> None:
    answer = await venue.place("BUY", price, size)
    assert answer.status == 400
    assert answer.body["error"].startswith("order 0x")
    assert answer.body["error"].endswith(f"is invalid. {text}")


async def test_sizes_have_two_decimals(venue: Venue) -> None:
    answer = await venue.place("BUY", "0.5", "10.001")
    assert "maker amount supports a max accuracy of 4 decimals, taker amount a max of 2" in answer.body["error"]


async def test_a_post_only_order_that_crosses_is_refused(venue: Venue) -> None:
    venue.quote("sell", "0.5", "10")
    answer = await venue.place("BUY", "0.5", "10", postOnly=True)
    assert answer.body == {"error": "invalid post-only order: order crosses book"}
    await venue.rest("BUY", "0.49", "10", postOnly=True)
    assert (await venue.place("BUY", "0.5", "10", postOnly=True, orderType="FAK")).status == 400


async def test_a_marketable_buy_is_worth_a_dollar(venue: Venue) -> None:
    venue.quote("sell", "0.1", "50")
    answer = await venue.place("BUY", "0.1", "9")
    assert answer.body == {"error": "invalid amount for a marketable BUY order ($0.9), min size: $1"}
    await venue.rest("BUY", "0.09", "9")


async def test_money_that_other_orders_claim_is_not_there_twice(venue: Venue) -> None:
    await venue.rest("BUY", "0.99", "10000")
    answer = await venue.place("BUY", "0.99", "200")
    assert answer.body["error"].startswith("not enough balance / allowance: the balance is not enough")


@pytest.mark.parametrize(
    ("order", "text"),
    [
        ({"signer": "0x" + "11" * 20}, "the order signer address has to be the address of the API KEY"),
        ({"maker": "0x" + "11" * 20}, "maker address not allowed, please use the deposit wallet flow"),
        ({"signatureType": 2}, "maker address not allowed, please use the deposit wallet flow"),
        ({"tokenId": "12345"}, "the orderbook 12345 does not exist"),
    ],
)
async def test_orders_of_other_wallets_or_tokens_are_refused(venue: Venue, order: dict[str, str], text: str) -> None:
    answer = await venue.place(order=order)
    assert (answer.status, answer.body) == (400, {"error": text})


async def test_the_owner_is_the_key_that_posts(venue: Venue) -> None:
    answer = await venue.place(owner="00000000-0000-0000-0000-000000000000")
    assert answer.body == {"error": "the order owner has to be the owner of the API KEY"}


async def test_what_was_signed_must_be_what_is_posted(venue: Venue) -> None:
    posting = venue.posting()
    posting["order"]["makerAmount"] = "5010000"
    assert (await venue.ask("POST", "/order", posting)).body == {"error": "invalid signature"}
    posting = venue.posting(contract=eip712.NEG_RISK_EXCHANGE)
    assert (await venue.ask("POST", "/order", posting)).body == {"error": "invalid signature"}


async def test_a_neg_risk_market_has_its_own_exchange_contract(venue: Venue) -> None:
    venue.market.neg_risk = True
    assert (await venue.place(contract=eip712.NEG_RISK_EXCHANGE)).status == 200
    assert (await venue.place()).body == {"error": "invalid signature"}


async def test_an_order_of_another_exchange_version_is_a_mismatch(venue: Venue) -> None:
    venue.polymarket.desk.version = 3
    assert (await venue.get("/version")).body == {"version": 3}
    assert (await venue.place()).body == {"error": "order_version_mismatch"}
    assert (await venue.place(version="3")).status == 200


async def test_an_order_of_the_first_version_is_a_mismatch(venue: Venue) -> None:
    posting = venue.posting()
    del posting["order"]["timestamp"]
    assert (await venue.ask("POST", "/order", posting)).body == {"error": "order_version_mismatch"}


@pytest.mark.parametrize(
    "changes", [{"salt": "1"}, {"salt": 2**53}, {"side": "HOLD"}, {"makerAmount": "5.0"}, {"builder": "0x12"}]
)
async def test_a_malformed_order_is_an_invalid_payload(venue: Venue, changes: dict[str, object]) -> None:
    posting = venue.posting()
    posting["order"].update(changes)
    answer = await venue.ask("POST", "/order", posting)
    assert (answer.status, answer.body) == (400, {"error": "Invalid order payload"})


async def test_wallet_contracts_trade_with_their_own_signature_types(opens: Opens) -> None:
    for signature_type in (1, 2):
        venue = await opens(signature_type=signature_type)
        assert venue.key.wallet.funder != venue.key.wallet.address
        order_id = await venue.rest()
        (order,) = (await venue.ask("GET", "/data/orders")).body["data"]
        assert (order["id"], order["maker_address"]) == (order_id, venue.key.wallet.funder)


async def test_a_resolved_market_takes_no_orders(venue: Venue) -> None:
    venue.world.settle(FIXTURE, {121: SettlementStatus.WON})
    for order_type in ("GTC", "FAK"):
        refused = await venue.place(orderType=order_type)
        assert refused.body == {"error": "the market is not yet ready to process new orders"}


# --- batches and cancels --------------------------------------------------------------------------------------------


async def test_a_batch_answers_order_by_order(venue: Venue) -> None:
    batch = [venue.posting("BUY", "0.4"), venue.posting("BUY", "0.4", "1"), venue.posting("BUY", "0.41")]
    answers = (await venue.ask("POST", "/orders", batch)).body
    assert [answer["status"] for answer in answers] == ["live", "", "live"]
    assert answers[1] == {
        "errorMsg": answers[1]["errorMsg"],
        "orderID": "",
        "takingAmount": "",
        "makingAmount": "",
        "status": "",
        "success": True,
    }
    assert "lower than the minimum: 5" in answers[1]["errorMsg"]


async def test_a_batch_has_at_most_fifteen_orders(venue: Venue) -> None:
    answer = await venue.ask("POST", "/orders", [venue.posting() for _ in range(16)])
    assert (answer.status, answer.body) == (400, {"error": "Too many orders in payload: 16, max allowed: 15"})
    assert (await venue.ask("POST", "/orders", [])).status == 400


async def test_an_order_of_somebody_else_spoils_its_whole_batch(venue: Venue) -> None:
    batch = [venue.posting(), venue.posting(order={"signer": "0x" + "11" * 20})]
    answer = await venue.ask("POST", "/orders", batch)
    text = "the order signer address has to be the address of the API KEY"
    assert (answer.status, answer.body) == (400, {"error": text})
    assert (await venue.ask("GET", "/data/orders")).body["count"] == 0


async def test_at_most_three_thousand_orders_are_cancelled_at_once(venue: Venue) -> None:
    answer = await venue.ask("DELETE", "/orders", [UNKNOWN] * 3001)
    assert (answer.status, answer.body) == (400, {"error": "Too many orders in payload, max allowed: 3000"})


async def test_cancelling_tells_what_did_not_rest(venue: Venue) -> None:
    order_id = await venue.rest()
    answer = await venue.ask("DELETE", "/orders", [order_id, UNKNOWN])
    assert answer.body == {"canceled": [order_id], "not_canceled": {UNKNOWN: GONE}}
    again = await venue.ask("DELETE", "/order", {"orderID": order_id})
    assert again.body == {"canceled": [], "not_canceled": {order_id: GONE}}
    assert (await venue.ask("DELETE", "/order", {"orderID": "0x12"})).body == {"error": "Invalid orderID"}


async def test_orders_of_others_are_not_found_and_not_cancelled(venue: Venue) -> None:
    order = venue.quote("buy", "0.4", "10")
    desk = venue.polymarket.desk
    assert desk.find(venue.key, order.id) is None
    assert desk.cancel_ids(venue.key, [order.id]) == {"canceled": [], "not_canceled": {order.id: GONE}}
    assert (await venue.ask("DELETE", "/cancel-all")).body["canceled"] == []


async def test_orders_are_cancelled_by_market_token_or_all_at_once(venue: Venue) -> None:
    first, second = await venue.rest("BUY", "0.4"), await venue.rest("BUY", "0.4", token=1)
    third = await venue.rest("BUY", "0.3")
    by_token = await venue.ask("DELETE", "/cancel-market-orders", {"asset_id": venue.market.tokens[1]})
    assert by_token.body["canceled"] == [second]
    elsewhere = await venue.ask("DELETE", "/cancel-market-orders", {"market": UNKNOWN})
    assert elsewhere.body["canceled"] == []
    everything = await venue.ask("DELETE", "/cancel-all")
    assert everything.body["canceled"] == [third, first]


async def test_lists_come_in_pages(venue: Venue) -> None:
    for _ in range(7):
        batch = [venue.posting("BUY", "0.4", "5") for _ in range(15)]
        await venue.ask("POST", "/orders", batch)
    first = (await venue.ask("GET", "/data/orders", next_cursor="MA==")).body
    rest = (await venue.ask("GET", "/data/orders", next_cursor=first["next_cursor"])).body
    assert (first["count"], first["next_cursor"], rest["count"], rest["next_cursor"]) == (100, "MTAw", 5, "LTE=")
    assert len({order["id"] for page in (first, rest) for order in page["data"]}) == 105
    await venue.ask("DELETE", "/orders", [order["id"] for order in first["data"]])
    assert (await venue.ask("GET", "/data/orders", next_cursor="LTE=")).body["data"] == []
    assert (await venue.ask("GET", "/data/orders", next_cursor="?")).status == 400


# --- fills and balances ---------------------------------------------------------------------------------------------


async def test_a_fill_is_listed_for_its_maker_with_all_makers_of_the_price(venue: Venue) -> None:
    mine = await venue.rest("BUY", "0.4", "6")
    venue.quote("buy", "0.4", "5")
    venue.take("sell", "0.4", "9")
    (trade,) = (await venue.ask("GET", "/data/trades")).body["data"]
    assert (trade["trader_side"], trade["side"], trade["size"], trade["price"]) == ("MAKER", "SELL", "9", "0.4")
    assert trade["status"] == "TRADE_STATUS_MATCHED"
    own, other = trade["maker_orders"]
    assert (own["order_id"], own["matched_amount"], own["side"], own["owner"]) == (mine, "6", "BUY", venue.key.key)
    assert (other["matched_amount"], other["owner"]) == ("3", trade["owner"])
    assert {len(order_id) for order_id in (other["order_id"], trade["taker_order_id"])} == {66}


async def test_every_price_level_of_a_taker_is_a_trade_of_its_own(venue: Venue) -> None:
    venue.quote("sell", "0.5", "5")
    venue.quote("sell", "0.51", "5")
    answer = await venue.place("BUY", "0.51", "10")
    trades = (await venue.ask("GET", "/data/trades")).body["data"]
    assert [(trade["price"], trade["size"], trade["trader_side"]) for trade in trades] == [
        ("0.51", "5", "TAKER"),
        ("0.5", "5", "TAKER"),
    ]
    assert answer.body["tradeIDs"] == [trade["id"] for trade in reversed(trades)]


async def test_trades_are_filtered_by_id_token_and_time(venue: Venue) -> None:
    venue.quote("sell", "0.5", "20")
    await venue.place("BUY", "0.5", "5")
    await venue.step(10)
    second = (await venue.place("BUY", "0.5", "6")).body["tradeIDs"][0]

    async def sizes(**query: object) -> list[str]:
        return [trade["size"] for trade in (await venue.ask("GET", "/data/trades", **query)).body["data"]]

    assert await sizes() == ["6", "5"]
    assert await sizes(id=second) == ["6"]
    assert await sizes(after=str(NOW_S)) == ["6"]
    assert await sizes(before=str(NOW_S + 10)) == ["5"]
    assert await sizes(asset_id=venue.market.tokens[1]) == []
    assert (await venue.ask("GET", "/data/trades", after="then")).status == 400


async def test_balances_are_of_the_funded_wallet_in_millionths(venue: Venue) -> None:
    await venue.rest("BUY", "0.5", "10")
    cash = (await venue.ask("GET", "/balance-allowance", asset_type="COLLATERAL", signature_type=0)).body
    assert cash["balance"] == str(10_000 * MICRO)
    assert set(cash["allowances"]) == {eip712.EXCHANGE, eip712.NEG_RISK_EXCHANGE, eip712.POSITION_EXCHANGE}
    other = await venue.ask("GET", "/balance-allowance", asset_type="COLLATERAL", signature_type=3)
    assert other.body["balance"] == "0"
    venue.quote("sell", "0.5", "10")
    held = await venue.ask(
        "GET", "/balance-allowance", asset_type="CONDITIONAL", token_id=venue.market.tokens[0], signature_type=0
    )
    assert held.body["balance"] == str(10 * MICRO)
    assert (await venue.ask("GET", "/balance-allowance", asset_type="GOLD")).body == {"error": "Invalid asset type"}


# --- limits, modes and faults ---------------------------------------------------------------------------------------


async def test_orders_beyond_the_bucket_are_refused_until_it_refills(opens: Opens) -> None:
    venue = await opens(tier=Tier("tiny", 1, 2, 1, 2))
    first = await venue.place()
    assert first.headers["Poly-RateLimit-Remaining"] == "1"
    assert first.headers["Poly-RateLimit-Tier"] == "tiny"
    await venue.place()
    refused = await venue.place()
    assert (refused.status, refused.body) == (429, {"error": "Too Many Requests", "retry_after_seconds": 1})
    assert refused.headers["Retry-After"] == "1"
    await venue.step(1)
    assert (await venue.place()).status == 200


async def test_batches_cost_a_token_for_each_order(opens: Opens) -> None:
    venue = await opens(tier=Tier("tiny", 1, 5, 1, 5))
    placed = await venue.ask("POST", "/orders", [venue.posting() for _ in range(4)])
    assert placed.headers["Poly-RateLimit-Remaining"] == "1"
    cancelled = await venue.ask("DELETE", "/orders", [answer["orderID"] for answer in placed.body])
    assert cancelled.headers["Poly-RateLimit-Remaining"] == "1"


async def test_cancelling_all_costs_what_it_cancels(opens: Opens) -> None:
    venue = await opens(tier=Tier("tiny", 10, 10, 1, 2))
    for _ in range(4):
        await venue.rest()
    answer = await venue.ask("DELETE", "/cancel-all")
    assert answer.headers["Poly-RateLimit-Remaining"] == "-3"
    assert (await venue.ask("DELETE", "/cancel-all")).status == 429


async def test_modes_restrict_what_is_taken(venue: Venue) -> None:
    desk = venue.polymarket.desk
    order_id = await venue.rest()
    desk.mode = Mode.CANCEL_ONLY
    assert (await venue.place()).status == 503
    desk.mode = Mode.POST_ONLY
    refused = await venue.place()
    assert (refused.status, refused.body["code"], refused.headers["Retry-After"]) == (503, "post_only_mode", "120")
    assert (await venue.place(postOnly=True)).status == 200
    batch = await venue.ask("POST", "/orders", [venue.posting()])
    assert batch.body[0]["errorMsg"].startswith("post-only mode")
    desk.mode = Mode.RESTARTING
    assert (await venue.ask("DELETE", "/order", {"orderID": order_id})).status == 425
    desk.mode = Mode.DISABLED
    assert (await venue.ask("DELETE", "/order", {"orderID": order_id})).status == 503
    desk.mode = Mode.CANCEL_ONLY
    assert (await venue.ask("DELETE", "/order", {"orderID": order_id})).body["canceled"] == [order_id]


async def test_a_closed_only_account_may_not_buy(venue: Venue) -> None:
    assert (await venue.ask("GET", "/auth/ban-status/closed-only")).body == {"closed_only": False}
    venue.polymarket.desk.closed_only = frozenset({ACCOUNT})
    assert (await venue.ask("GET", "/auth/ban-status/closed-only")).body == {"closed_only": True}
    assert (await venue.place()).body == {"error": f"'{venue.key.wallet.address}' address in closed only mode"}
    assert (await venue.place("SELL")).body["error"].startswith("not enough balance")


async def test_a_scripted_rejection_uses_the_script_s_words(venue: Venue) -> None:
    venue.polymarket.exchange.faults.set(Behaviour(rejectRate=1.0, rejectReason="invalid nonce"))
    assert (await venue.place()).body == {"error": "invalid nonce"}


async def test_a_lost_answer_leaves_the_order_resting(venue: Venue) -> None:
    venue.polymarket.exchange.faults.set(Behaviour(loseResponseRate=1.0))
    with pytest.raises(aiohttp.ClientError):
        await venue.place()
    assert (await venue.ask("GET", "/data/orders")).body["count"] == 1


async def test_an_accept_delay_makes_every_order_wait(venue: Venue) -> None:
    venue.polymarket.exchange.faults.set(Behaviour(acceptDelayMs=2_000))
    answer = await venue.place()
    assert answer.body["status"] == "delayed"
    path = f"/data/order/{answer.body['orderID']}"
    assert (await venue.ask("GET", path)).body["status"] == "DELAYED"
    await venue.step(2)
    assert (await venue.ask("GET", path)).body["status"] == "LIVE"


# --- heartbeats -----------------------------------------------------------------------------------------------------


async def test_silence_after_a_heartbeat_cancels_what_its_key_has_posted(venue: Venue) -> None:
    await venue.rest()
    quote = venue.quote("buy", "0.4", "10")
    await venue.step(60)
    assert (await venue.ask("GET", "/data/orders")).body["count"] == 1
    first = (await venue.ask("POST", "/v1/heartbeats", {"heartbeat_id": ""})).body["heartbeat_id"]
    await venue.step(9)
    second = await venue.ask("POST", "/v1/heartbeats", {"heartbeat_id": first})
    assert second.body["heartbeat_id"] not in ("", first)
    await venue.step(9)
    assert (await venue.ask("GET", "/data/orders")).body["count"] == 1
    await venue.step(2)
    assert (await venue.ask("GET", "/data/orders")).body["count"] == 0
    assert quote.state is State.OPEN


async def test_a_wrong_heartbeat_is_told_the_right_one_and_does_not_count(venue: Venue) -> None:
    await venue.rest()
    beat = (await venue.ask("POST", "/v1/heartbeats", {"heartbeat_id": ""})).body["heartbeat_id"]
    await venue.step(6)
    wrong = await venue.ask("POST", "/v1/heartbeats", {"heartbeat_id": ""})
    assert (wrong.status, wrong.body) == (400, {"error_msg": "Invalid Heartbeat ID", "heartbeat_id": beat})
    await venue.step(5)
    assert (await venue.ask("GET", "/data/orders")).body["count"] == 0
    late = await venue.ask("POST", "/v1/heartbeats", {"heartbeat_id": beat})
    assert (late.status, late.body["heartbeat_id"]) == (400, "")
    assert (await venue.ask("POST", "/v1/heartbeats", {"heartbeat_id": ""})).status == 200

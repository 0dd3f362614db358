"""Polymarket's older client (py-clob-client-v2) against a simulated CLOB: trades, lists, cancels, is refused.

Input: URL of the clob, condition and tokens of a market, private_key, signature_type and funder. Output: what it saw.
"""

from __future__ import annotations

import json
import sys
import time

from py_clob_client_v2 import (
    ApiCreds,
    AssetType,
    BalanceAllowanceParams,
    BookParams,
    ClobClient,
    MarketOrderArgs,
    OpenOrderParams,
    OrderArgs,
    OrderMarketCancelParams,
    OrderPayload,
    OrderType,
    PostOrdersV2Args,
    TradeParams,
)
from py_clob_client_v2.exceptions import PolyApiException

GIVEN = json.loads(sys.argv[1])
TOKEN, OTHER = GIVEN["tokens"]
WAIT_S = 60


def log_in() -> ClobClient:
    """Derives the wallet's API key with its private key."""
    wallet = {"signature_type": int(GIVEN["signature_type"]), "funder": GIVEN["funder"]}
    client = ClobClient(GIVEN["clob"], 137, key=GIVEN["private_key"], use_server_time=True, **wallet)
    client.set_api_creds(client.create_or_derive_api_key())
    return client


def refusal(asked: object, *given: object) -> list:
    """Status and words of something that must be refused."""
    try:
        return [200, asked(*given)]
    except PolyApiException as error:
        return [error.status_code, error.error_msg]


def read(client: ClobClient, found: dict) -> None:
    info = client.get_clob_market_info(GIVEN["condition"])
    found["fees"] = [info["fd"]["r"], info["fd"]["e"], info["mos"]]
    found["rules"] = [client.get_tick_size(TOKEN), client.get_neg_risk(TOKEN), client.get_version()]
    found["fee_exponent"] = client.get_fee_exponent(OTHER)
    book = client.get_order_book(TOKEN)
    found["hash"] = client.get_order_book_hash(book) == book["hash"]
    found["asks"] = [[row["price"], row["size"]] for row in book["asks"]]
    books = client.get_order_books([BookParams(token_id=token) for token in (TOKEN, OTHER)])
    found["mirror"] = [[row["price"], row["size"]] for row in books[1]["bids"]]
    found["prices"] = [client.get_price(TOKEN, "SELL")["price"], client.get_midpoint(OTHER)["mid"]]
    found["market"] = [token["outcome"] for token in client.get_market(GIVEN["condition"])["tokens"]]
    found["markets"] = len(client.get_markets()["data"])


def trade(client: ClobClient, found: dict) -> list[str]:
    """Ids of a bid and an offer that rest at the end."""
    resting = client.create_and_post_order(OrderArgs(TOKEN, 0.4, 10, "BUY"))
    found["placed"] = [resting["success"], resting["status"]]
    deadline = time.monotonic() + WAIT_S
    while not client.get_trades() and time.monotonic() < deadline:
        time.sleep(0.05)
    order = client.get_order(resting["orderID"])
    found["order"] = [order["status"], order["size_matched"], order["original_size"], order["price"]]
    bought = client.create_and_post_market_order(MarketOrderArgs(TOKEN, 2.4, "BUY", order_type=OrderType.FOK))
    found["bought"] = [bought["status"], bought["makingAmount"], bought["takingAmount"]]
    found["hashes"] = [len(each) for each in bought["transactionsHashes"]]
    sold = client.create_and_post_order(OrderArgs(TOKEN, 0.55, 5, "SELL"), post_only=True)
    found["sold"] = [sold["success"], sold["status"]]
    found["fills"] = [[fill["trader_side"], fill["price"], fill["size"]] for fill in client.get_trades(TradeParams())]
    listed = client.get_open_orders(OpenOrderParams(market=GIVEN["condition"]))
    found["open"] = sorted([each["price"], each["side"]] for each in listed)
    balances = [
        client.get_balance_allowance(BalanceAllowanceParams(asset_type=AssetType.COLLATERAL)),
        client.get_balance_allowance(BalanceAllowanceParams(asset_type=AssetType.CONDITIONAL, token_id=TOKEN)),
    ]
    found["balances"] = [each["balance"] for each in balances]
    return [resting["orderID"], sold["orderID"]]


def be_refused(client: ClobClient, found: dict) -> None:
    batch = [
        PostOrdersV2Args(order=client.create_order(OrderArgs(OTHER, 0.2, size, "BUY")), orderType=OrderType.GTC)
        for size in (5, 1)
    ]
    found["batch"] = [[each["status"], bool(each["errorMsg"])] for each in client.post_orders(batch)]
    found["duplicate"] = refusal(client.post_order, batch[0].order)
    crossing = client.create_order(OrderArgs(TOKEN, 0.7, 10, "BUY"))
    found["crosses"] = refusal(client.post_order, crossing, OrderType.GTC, True)  # post_only
    ending = client.create_order(OrderArgs(TOKEN, 0.3, 10, "BUY", expiration=GIVEN["now"] + 60))
    found["too_soon"] = refusal(client.post_order, ending, OrderType.GTD)


def cancel(client: ClobClient, orders: list[str], found: dict) -> None:
    resting, sold = orders
    found["cancelled"] = client.cancel_order(OrderPayload(resting))["canceled"] == [resting]
    again = client.cancel_orders([resting, sold])
    found["again"] = [again["canceled"] == [sold], again["not_canceled"].get(resting)]
    found["by_token"] = len(client.cancel_market_orders(OrderMarketCancelParams(asset_id=OTHER))["canceled"])
    found["all"] = client.cancel_all()
    found["left"] = client.get_open_orders()


def main() -> dict:
    found: dict = {}
    client = log_in()
    found["key"] = client.creds == ApiCreds(GIVEN["api_key"], GIVEN["api_secret"], GIVEN["api_passphrase"])
    found["keys"] = len(client.get_api_keys()["apiKeys"])
    found["closed_only"] = client.get_closed_only_mode()
    read(client, found)
    orders = trade(client, found)
    be_refused(client, found)
    cancel(client, orders, found)
    beat = client.post_heartbeat()
    found["beats"] = bool(client.post_heartbeat(beat["heartbeat_id"])["heartbeat_id"])
    found["ended"] = [client.delete_api_key(), refusal(client.get_api_keys)]
    return found


sys.stdout.write(json.dumps(main()))

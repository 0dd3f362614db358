"""pykalshi against a simulated Kalshi: trades, manages orders, reads everything back, follows the stream.

Input: rest, ws (URLs), ticker, and for `demo` and `rival` key_id and private_key (RSA). Output: what it saw.
"""

from __future__ import annotations

import json
import sys
import tempfile
import threading
from pathlib import Path

from pykalshi import KalshiClient
from pykalshi.enums import Action, SelfTradePrevention, Side, TimeInForce
from pykalshi.exceptions import InsufficientFundsError, KalshiAPIError
from pykalshi.feed import Feed

GIVEN = json.loads(sys.argv[1])
TICKER = GIVEN["ticker"]
WAIT_S = 60


def client_of(name: str, folder: Path) -> KalshiClient:
    key_file = folder / f"{name}.pem"
    key_file.write_text(GIVEN[name]["private_key"])
    return KalshiClient(GIVEN[name]["key_id"], str(key_file), api_base=f"{GIVEN['rest']}/trade-api/v2", max_retries=0)


def listen(client: KalshiClient) -> tuple[Feed, list[tuple[str, dict]], threading.Event]:
    """A feed on the simulated stream; the event is set when a fill was told."""
    feed, seen, filled = client.feed(), [], threading.Event()
    feed._ws_url = f"{GIVEN['ws']}/trade-api/ws/v2"  # the client knows only Kalshi's own hosts
    for channel in ("orderbook_delta", "user_orders", "fill", "trade"):

        def note(message: object, channel: str = channel) -> None:
            seen.append((channel, {"model": type(message).__name__, **getattr(message, "__dict__", {})}))
            if channel == "fill":
                filled.set()

        feed.on(channel, note)
        feed.subscribe(channel, market_tickers=[TICKER])
    feed.start()
    return feed, seen, filled


def refusals(client: KalshiClient, order_id: str) -> dict[str, object]:
    """Code of each thing that must be refused."""
    codes: dict[str, object] = {}
    for name, changes in {
        "off_grid": {"yes_price_dollars": "0.5150"},
        "duplicate": {"client_order_id": "first"},
        "funds": {"count_fp": "90000.00"},
    }.items():
        wanted = {"count_fp": "1.00", "yes_price_dollars": "0.5100", **changes}
        try:
            client.portfolio.place_order(TICKER, Action.BUY, Side.YES, **wanted)
            codes[name] = None
        except InsufficientFundsError as error:
            codes[name] = [error.status_code, error.error_code, "funds"]
        except KalshiAPIError as error:
            codes[name] = [error.status_code, error.error_code, ""]
    try:
        client.portfolio.cancel_order(order_id)
    except KalshiAPIError as error:
        codes["cancel_again"] = [error.status_code, error.error_code, ""]
    return codes


def run(folder: Path) -> dict[str, object]:
    demo, rival = client_of("demo", folder), client_of("rival", folder)
    found: dict[str, object] = {}
    market = demo.get_market(TICKER)
    found["market"] = [str(market.status.value), market.yes_sub_title]
    feed, seen, filled = listen(demo)

    order = demo.portfolio.place_order(
        market, Action.BUY, Side.YES, "10.00", yes_price_dollars="0.5600", client_order_id="first"
    )
    found["placed"] = [order.status.value, order.data.remaining_count_fp]
    taker = rival.portfolio.place_order(
        TICKER, Action.BUY, Side.NO, "4.00", no_price_dollars="0.4400", time_in_force=TimeInForce.IOC
    )
    found["taken"] = [taker.status.value, taker.data.fill_count_fp]
    order.refresh()
    found["after_fill"] = [order.data.fill_count_fp, order.data.remaining_count_fp]
    order.amend(count_fp="9.00", price_dollars="0.5700")
    order.decrease("1.00")
    order.refresh()
    found["after_changes"] = [order.yes_price_dollars, order.fill_count_fp, order.remaining_count_fp]
    filled.wait(WAIT_S)

    found["book"] = demo.get_market(TICKER).get_orderbook().model_dump()["orderbook"]
    found["fills"] = [
        [fill.count_fp, fill.yes_price_dollars, fill.book_side.value, fill.is_taker, fill.fee_cost_dollars]
        for fill in [*demo.portfolio.get_fills(ticker=TICKER), *rival.portfolio.get_fills(ticker=TICKER)]
    ]
    found["positions"] = [
        [position.ticker, position.position_fp, position.market_exposure_dollars]
        for position in demo.portfolio.get_positions()
    ]
    found["balance"] = demo.portfolio.get_balance().balance
    found["queue"] = demo.portfolio.get_queue_position(order.order_id).model_dump()["queue_position_fp"]
    order.cancel()
    found["cancelled"] = order.refresh().status.value
    found["refused"] = refusals(demo, order.order_id)

    batch = [
        {
            "ticker": TICKER,
            "book_side": "bid",
            "count_fp": "1.00",
            "yes_price_dollars": price,
            "action": Action.BUY,
            "side": Side.YES,
            "self_trade_prevention": SelfTradePrevention.CANCEL_INCOMING,
        }
        for price in ("0.1000", "0.1100")
    ]
    try:
        placed = demo.portfolio.batch_place_orders([{k: v for k, v in o.items() if k != "book_side"} for o in batch])
        found["batch"] = [each.remaining_count_fp for each in placed]
        gone = demo.portfolio.batch_cancel_orders([each.order_id for each in placed])
        found["batch_cancelled"] = len(gone)
    except (TypeError, KeyError, ValueError) as error:  # findings, not failures: told to the test
        found["batch_error"] = repr(error)
    group = demo.portfolio.create_order_group("5.00")
    demo.portfolio.trigger_order_group(group.id)
    demo.portfolio.reset_order_group(group.id)
    found["groups"] = len(demo.portfolio.get_order_groups())
    found["orders"] = sorted(o.status.value for o in demo.portfolio.get_orders(fetch_all=True))
    found["settlements"] = len(demo.portfolio.get_settlements())
    found["exchange"] = demo.exchange.get_status().model_dump()["trading_active"]
    feed.stop()
    found["stream"] = [[channel, message["model"]] for channel, message in seen]
    found["stream_fill"] = next(
        [message["count_fp"], message["book_side"], message["client_order_id"]]
        for channel, message in seen
        if channel == "fill"
    )
    return found


with tempfile.TemporaryDirectory() as name:
    sys.stdout.write(json.dumps(run(Path(name))))

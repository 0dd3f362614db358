"""betfairlightweight 2.24.0 at the simulated Betfair: login with a certificate, bets, and the stream.

Input: sites, credentials, market and selection, recordings (market id and file). Output: what it read, as JSON.
"""

from __future__ import annotations

import bz2
import gzip
import json
import queue
import sys
import tempfile
import threading
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import betfairlightweight
import requests
from betfairlightweight import StreamListener, filters
from betfairlightweight.streaming.betfairstream import BetfairStream

GIVEN = json.loads(sys.argv[1])
KEYS = GIVEN["credentials"]
STREAM = urlsplit(GIVEN["sites"]["stream"])
BetfairStream.HOSTS = dict.fromkeys((None, "integration"), STREAM.hostname)
BetfairStream._BetfairStream__port = STREAM.port  # the library has no setting for it
_PATIENCE_S = 60


def client(folder: Path) -> betfairlightweight.APIClient:
    (folder / "client.pem").write_text(KEYS["certificate"] + KEYS["certificate_key"])
    (folder / "authority.pem").write_text(KEYS["authority"])
    session = requests.Session()
    session.trust_env, session.verify = False, str(folder / "authority.pem")
    made = betfairlightweight.APIClient(
        KEYS["username"],
        KEYS["password"],
        KEYS["app_key"],
        cert_files=str(folder / "client.pem"),
        lightweight=True,
        session=session,
    )
    made.identity_cert_uri = GIVEN["sites"]["login"] + "/api/"
    made.identity_uri = GIVEN["sites"]["identity"] + "/api/"
    made.api_uri = GIVEN["sites"]["rest"] + "/exchange/"
    return made


def bets(trading: betfairlightweight.APIClient) -> dict[str, Any]:
    market, selection = GIVEN["market"], GIVEN["selection"]

    def place(side: str, price: float, ref: str, size: float = 4.0) -> dict[str, Any]:
        limit = filters.limit_order(size=size, price=price, persistence_type="LAPSE")
        instruction = filters.place_instruction(
            order_type="LIMIT", selection_id=selection, side=side, limit_order=limit, customer_order_ref=ref
        )
        return trading.betting.place_orders(market_id=market, instructions=[instruction], customer_ref=ref)

    rests = place("LAY", 1.5, "rests")
    again = place("LAY", 1.5, "rests")
    small = place("LAY", 1.5, "small", 0.5)
    between = place("LAY", 2.01, "between")
    bet_id = rests["instructionReports"][0]["betId"]
    replaced = trading.betting.replace_orders(market, [filters.replace_instruction(bet_id, 1.6)])
    new_id = replaced["instructionReports"][0]["placeInstructionReport"]["betId"]
    updated = trading.betting.update_orders(market, [filters.update_instruction(new_id, "PERSIST")])
    cut = trading.betting.cancel_orders(market, [filters.cancel_instruction(new_id, 1.0)])
    current = trading.betting.list_current_orders()["currentOrders"]
    cancelled = trading.betting.cancel_orders(market)
    return {
        "types": trading.betting.list_event_types(),
        "catalogue": trading.betting.list_market_catalogue(
            filter=filters.market_filter(market_ids=[market]), market_projection=["RUNNER_DESCRIPTION"], max_results=5
        ),
        "book": trading.betting.list_market_book(
            [market], price_projection=filters.price_projection(["EX_ALL_OFFERS"])
        ),
        "statuses": [report["status"] for report in (rests, again, small, between, replaced, updated, cut, cancelled)],
        "codes": [report.get("errorCode") for report in (again, small, between)],
        "is_new": new_id != bet_id,
        "current": {order["betId"] == new_id: (order["status"], order["sizeRemaining"]) for order in current},
        "funds": trading.account.get_account_funds()["availableToBetBalance"],
        "details": trading.account.get_account_details()["currencyCode"],
    }


class Summaries:
    """Takes what the library tells, in its own thread: the books go on changing in place."""

    def __init__(self) -> None:
        self.queue: queue.Queue[Any] = queue.Queue()

    def put(self, books: list[dict[str, Any]]) -> None:
        for book in books:
            self.queue.put(json.loads(json.dumps(summary(book))))


def streamed(trading: betfairlightweight.APIClient, market: str) -> list[Any]:
    """Every book of a recorded market, as the stream tells it."""
    told = Summaries()
    stream = trading.streaming.create_stream(listener=StreamListener(told, lightweight=True, max_latency=None))
    stream.subscribe_to_markets(
        market_filter=filters.streaming_market_filter(market_ids=[market]),
        market_data_filter=None,
        heartbeat_ms=5000,
    )
    threading.Thread(target=stream.start, daemon=True).start()
    found: list[Any] = []
    while not found or found[-1][1] != "CLOSED":
        found.append(told.queue.get(timeout=_PATIENCE_S))
    stream.stop()
    return found


def read(trading: betfairlightweight.APIClient, path: Path, folder: Path) -> list[Any]:
    """The same, read from the file by the library itself."""
    opener = {".bz2": bz2.open, ".gz": gzip.open}[path.suffix]
    plain = folder / "recording"
    plain.write_bytes(opener(path).read())
    listener = StreamListener(lightweight=True, max_latency=None)
    stream = trading.streaming.create_historical_generator_stream(str(plain), listener)
    found = []
    for books in stream.get_generator()():
        found += [json.loads(json.dumps(summary(book))) for book in books]
        if found[-1][1] == "CLOSED":
            break
    return found


def summary(book: dict[str, Any]) -> list[Any]:
    runners = [
        [runner["selectionId"], runner["status"], runner["lastPriceTraded"], runner["ex"]] for runner in book["runners"]
    ]
    return [book["publishTime"], book["status"], book["inplay"], book["version"], runners]


def run() -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        trading = client(folder)
        found: dict[str, Any] = {"login": trading.login()["loginStatus"], "alive": trading.keep_alive()["status"]}
        found["bets"] = bets(trading)
        files = {market: read(trading, Path(path), folder) for market, path in GIVEN["recordings"].items()}
        found["recordings"] = {}
        for market, right in files.items():
            told = streamed(trading, market)
            same = sum(one == other for one, other in zip(told, right, strict=False))
            found["recordings"][market] = [len(told), len(right), same]
        trading.logout()
        return found


sys.stdout.write(json.dumps(run()))

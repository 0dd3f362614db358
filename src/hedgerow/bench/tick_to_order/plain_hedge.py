"""The baseline that hedges: a fill's frame, one commit of the fill and its bet, the bet's request.

As plain as `plain`: floats, no limits, no memory of what is hedged. The commit is one statement on a connection that is
open, because nothing may leave that a crash would forget.
"""

from __future__ import annotations

import asyncio
import uuid
from base64 import b64encode
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

import asyncpg
import msgspec

from hedgerow.bench.tick_to_order import scene
from hedgerow.bench.tick_to_order.given import Given
from hedgerow.bench.tick_to_order.plain import Loop, PolymarketDesk, address_of, connect, listen, with_picows
from hedgerow.core.tasks import spawn

_TABLES = """
    create table if not exists bench_fills (
        id bigserial primary key, trade text, contract text, price double precision, size double precision
    );
    create table if not exists bench_bets (
        reference uuid primary key, trade text, stake double precision, odds double precision
    )"""
_COMMIT = """
    with fill as (insert into bench_fills (trade, contract, price, size) values ($1, $2, $3, $4))
    insert into bench_bets (reference, trade, stake, odds) values ($5, $1, $6, $7)"""


class Leg(msgspec.Struct, gc=False):
    asset_id: str
    price: str
    matched_amount: str


class Trade(msgspec.Struct, gc=False):
    id: str
    maker_orders: list[Leg]


_decode = msgspec.json.Decoder(Trade).decode


class HedgeLoop:
    """From a fill to a bet, one at a time."""

    def __init__(
        self, given: Given, trading: Loop, connection: asyncpg.Connection[Any], bets: asyncio.Transport
    ) -> None:
        host, port = address_of(given)
        token = b64encode(b"bench:bench").decode()
        self._head = (
            f"POST {scene.BOOKMAKER_PREFIX}/v4/bets/straight HTTP/1.1\r\nHost: {host}:{port}\r\n"
            f"Authorization: Basic {token}\r\nContent-Type: application/json\r\nContent-Length: "
        )
        self._numbers = {scene.contract_ref(given.venue, number): number for number in range(given.fixtures)}
        self._trading, self._connection, self._bets = trading, connection, bets

    def take(self, payload: memoryview) -> None:
        spawn(self._hedge(_decode(payload)), "hedge")

    async def _hedge(self, trade: Trade) -> None:
        leg = trade.maker_orders[0]
        number = self._numbers[leg.asset_id]
        odds, size = self._trading.offers[scene.fixture_id(number)].price, float(leg.matched_amount)
        stake, reference = round(size / odds, 2), str(uuid.uuid4())
        await self._connection.execute(_COMMIT, trade.id, leg.asset_id, float(leg.price), size, reference, stake, odds)
        event = scene.event_id(number)
        body = (
            f'{{"oddsFormat":"DECIMAL","uniqueRequestId":"{reference}","acceptBetterLine":true,"stake":{stake:.2f},'
            f'"winRiskStake":"RISK","lineId":{event},"fillType":"NORMAL","sportId":{scene.LINE_SPORT},'
            f'"eventId":{event},"periodNumber":0,"betType":"MONEYLINE","team":"TEAM2"}}'
        )
        self._bets.write(f"{self._head}{len(body)}\r\n\r\n{body}".encode())


@asynccontextmanager
async def running(given: Given) -> AsyncIterator[None]:
    """The baseline, until the end of the block."""
    async with AsyncExitStack() as stack:
        connection = await asyncpg.connect(given.database_url.reveal())
        stack.push_async_callback(connection.close)
        await connection.execute(_TABLES)
        trading = await with_picows(given, PolymarketDesk(), stack)
        hedging = HedgeLoop(given, trading, connection, await connect(given, stack))
        await listen(given.ws_url + "/ws/user", hedging.take, stack)
        yield

"""SX Bet: an order book of bets that wallets sign, matched off chain and settled on SX Network. As a bookmaker it takes
the prices that rest there, to back and, on a market's other outcome, to lay."""

from __future__ import annotations

from decimal import Decimal

from hedgerow.venues.base import (
    Bookmaker,
    CredentialField,
    Exchange,
    Idempotency,
    InPlayPolicy,
    Manifest,
    PushRule,
    Rate,
    VenueContext,
)
from hedgerow.venues.registry import Family
from hedgerow.venues.sx_bet.connector import LAPSE_S, SxBet
from hedgerow.venues.sx_bet.errors import VENUE
from hedgerow.venues.sx_bet.taking import SxTaking
from hedgerow.venues.sx_bet.vectors import VECTORS
from hedgerow.venues.taking import TakingBookmaker

MANIFEST = Manifest(
    slug=VENUE,
    name="SX Bet",
    # The test network: https://api.toronto.sx.bet and wss://realtime.toronto.sx.bet/connection/websocket.
    urls={"rest": "https://api.sx.bet", "ws": "wss://realtime.sx.bet/connection/websocket"},
    credentials=(
        CredentialField("api_key", "API key of the account; one for each network"),
        CredentialField("private_key", "Key of the wallet that signs: 64 hex digits, with or without 0x"),
    ),
    currency="USD",
    # V3's own limits are not published; V2 allowed some ninety orders and eight other requests a second.
    # books: those that are looked at before an order leaves.
    rates={
        "orders": Rate(per_second=5, burst=20),
        "reads": Rate(per_second=3, burst=40),
        "books": Rate(per_second=2, burst=20),
    },
    idempotency=Idempotency.COMPUTED_ID,
    knowledge="docs.sx.bet, sx-bet/sx-bet-api-docs and ccxt 4.5.90, read 2026-11-21; not tried on the live venue",
    is_exchange=True,
    is_bookmaker=True,
    lays=True,
    sells_without_holding=True,
    amends=False,
    batch_limit=10,
    in_play=InPlayPolicy.CANCELS,
    heartbeat_s=LAPSE_S,
    minimum_stake=Decimal(1),
    push=PushRule.STAKE_BACK,
)


def _exchange(context: VenueContext) -> Exchange:
    return SxBet(context, MANIFEST)


def _bookmaker(context: VenueContext) -> Bookmaker:
    return TakingBookmaker(SxTaking(context, MANIFEST))


FAMILY = Family((MANIFEST,), exchange=_exchange, bookmaker=_bookmaker, vectors=VECTORS)

"""4casters: a betting exchange between customers in American odds, over REST and two WebSocket feeds. As a bookmaker it
takes the prices that rest there; a lay is a bet on the other side."""

from __future__ import annotations

from decimal import Decimal

from hedgerow.venues._4casters.connector import LAPSE_S, FourcastersExchange
from hedgerow.venues._4casters.errors import VENUE
from hedgerow.venues._4casters.taking import FourcastersTaking
from hedgerow.venues.base import (
    Bookmaker,
    CredentialField,
    Exchange,
    Idempotency,
    InPlayPolicy,
    Manifest,
    PriceKind,
    PushRule,
    Rate,
    VenueContext,
)
from hedgerow.venues.registry import Family
from hedgerow.venues.taking import TakingBookmaker

MANIFEST = Manifest(
    slug=VENUE,
    name="4casters",
    urls={"rest": "https://api.4casters.io", "ws": "wss://streaming-api.4casters.io"},
    credentials=(
        CredentialField("username", "of the website; the account's name if left out", secret=False, required=False),
        CredentialField("password", "of the website"),
    ),
    currency="USD",
    # 3 000 requests a minute and address; 10 in 5 s for graded bets. What changes orders has limits that are not told.
    rates={"read": Rate(20, 200), "change": Rate(8, 80), "graded": Rate(1, 8)},
    idempotency=Idempotency.ECHO,
    knowledge="4casters-io/docs of 2026-08-21, read 2026-11-21; not tried on the live venue",
    is_exchange=True,
    is_bookmaker=True,
    lays=True,
    price_kind=PriceKind.DECIMAL_ODDS,
    sells_without_holding=True,
    in_play=InPlayPolicy.CANCELS,
    heartbeat_s=LAPSE_S,
    minimum_stake=Decimal(1),
    push=PushRule.STAKE_BACK,
)


def _exchange(context: VenueContext) -> Exchange:
    return FourcastersExchange(MANIFEST, context)


def _bookmaker(context: VenueContext) -> Bookmaker:
    return TakingBookmaker(FourcastersTaking(MANIFEST, context))


FAMILY = Family((MANIFEST,), exchange=_exchange, bookmaker=_bookmaker)
